// Native data: sequences inside each other, written as parentheses. Neither comparing nor printing nor reading
// recurses.
#include "eval_code.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define OPENING '('
#define CLOSING ')'

static bool is_data(value v)
{
	return v == VALUE_EMPTY || value_is(v, OBJECT_DATA);
}

static int check_data(struct machine *m, const value *args, size_t index)
{
	return is_data(args[index]) ? 0 : machine_mistyped(m, index, TYPE_DATA, args[index]);
}

// How often it was wrapped.
static size_t depth(value v)
{
	size_t count = 0;

	for (; v != VALUE_EMPTY; v = value_object(v)->slots[0])
		count++;
	return count;
}

static int wrap(struct machine *m, value *to)
{
	int rc = 0;
	struct object *o = machine_make(m, OBJECT_DATA, 1, &rc);

	if (o == NULL)
		return rc;
	o->slots[0] = *to;
	*to = value_of(o);
	return 0;
}

static int op_unwrap(struct machine *m, value *args)
{
	if (args[0] == VALUE_EMPTY)
		return machine_fail(m, ERANGE, "%s of empty data", op_word(m->at->op));
	args[0] = value_object(args[0])->slots[0];
	return 0;
}

static int op_equal(struct machine *m, value *args)
{
	value a = args[0], b = args[1];
	int rc = check_data(m, args, 1);

	while (rc == 0 && a != b && a != VALUE_EMPTY && b != VALUE_EMPTY) {
		a = value_object(a)->slots[0];
		b = value_object(b)->slots[0];
		rc = machine_charge(m, sizeof(value));
	}
	args[0] = value_bool(a == b);
	return rc;
}

static int op_print(struct machine *m, value *args)
{
	size_t count = depth(args[0]) + 1;
	struct object *o;
	int rc = machine_charge(m, count * sizeof(value));

	if (rc < 0 || (o = machine_make(m, OBJECT_STRING, 2 * count, &rc)) == NULL)
		return rc;
	memset(object_bytes(o), OPENING, count);
	memset(object_bytes(o) + count, CLOSING, count);
	args[0] = value_of(o);
	return 0;
}

// Says which character is wrong, counted from 0.
static int unreadable(struct machine *m, struct object *s, size_t at, const char *wanted)
{
	if (at == s->count)
		return machine_fail(m, ERANGE, "the text ends after %zu characters, where %s is needed", at,
		                    wanted);
	return machine_fail(m, ERANGE, "character %zu of the text is '%c', where %s is needed", at,
	                    object_bytes(s)[at], wanted);
}

// As many openings as closings.
static int op_read(struct machine *m, value *args)
{
	int rc = 0;
	struct object *s = machine_operand(m, args, 0, OBJECT_STRING, &rc);
	size_t open = 0, closed = 0;

	if (s == NULL || (rc = machine_charge(m, s->count)) < 0)
		return rc;
	while (open < s->count && object_bytes(s)[open] == OPENING)
		open++;
	while (open + closed < s->count && closed < open && object_bytes(s)[open + closed] == CLOSING)
		closed++;
	if (open == 0 || closed < open)
		return unreadable(m, s, open + closed, open == 0 ? "'('" : closed == 0 ? "'(' or ')'" : "')'");
	if (open + closed < s->count)
		return unreadable(m, s, open + closed, "its end");
	args[0] = VALUE_EMPTY;
	for (; rc == 0 && open > 1; open--)
		rc = wrap(m, &args[0]);
	return rc;
}

static int text(struct machine *m, char c, value *to)
{
	int rc = 0;
	struct object *o = machine_make(m, OBJECT_STRING, 1, &rc);

	if (o == NULL)
		return rc;
	*object_bytes(o) = c;
	*to = value_of(o);
	return 0;
}

int machine_operate_data(struct machine *m, enum op o, value *args)
{
	int rc = op_signature(o)[0] == 'd' ? check_data(m, args, 0) : 0;

	if (rc < 0)
		return rc;
	switch (o) {
	case OP_DATA_EMPTY:
		args[0] = VALUE_EMPTY;
		return 0;
	case OP_DATA_WRAP:
		return wrap(m, &args[0]);
	case OP_DATA_UNWRAP:
		return op_unwrap(m, args);
	case OP_DATA_IS_EMPTY:
		args[0] = value_bool(args[0] == VALUE_EMPTY);
		return 0;
	case OP_DATA_EQUAL:
		return op_equal(m, args);
	case OP_DATA_TO_STRING:
		return op_print(m, args);
	case OP_STRING_TO_DATA:
		return op_read(m, args);
	default:
		return text(m, o == OP_DATA_OPEN ? OPENING : CLOSING, &args[0]);
	}
}

// Operations on pairs, vectors, maps, boxes and strings. Operands stay on the stack, where the collector finds
// them, until the result takes their place.
#include "eval_code.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TABLE_LEAST 8U // places

struct object *machine_operand(struct machine *m, const value *args, size_t index, enum object_kind kind, int *rc)
{
	static const enum type_kind types[] = {
		[OBJECT_PAIR] = TYPE_LIST,     [OBJECT_BOX] = TYPE_BOX,
		[OBJECT_VECTOR] = TYPE_VECTOR, [OBJECT_MAP] = TYPE_MAP,
		[OBJECT_DATA] = TYPE_DATA,     [OBJECT_EPHEMERONS] = TYPE_EPHEMERONS,
		[OBJECT_STRING] = TYPE_STRING, [OBJECT_IDENTITY] = TYPE_OBJECT,
		[OBJECT_WEAK] = TYPE_WEAK,
	};

	if (value_is(args[index], kind))
		return value_object(args[index]);
	*rc = kind == OBJECT_PAIR && args[index] == VALUE_NIL
	              ? machine_fail(m, ERANGE, "%s of nil", op_word(m->at->op))
	              : machine_mistyped(m, index, types[kind], args[index]);
	return NULL;
}

static bool number(struct machine *m, const value *args, size_t index, int64_t *out, int *rc)
{
	*out = value_number(args[index]);
	if (value_is_int(args[index]))
		return true;
	*rc = machine_mistyped(m, index, TYPE_INT, args[index]);
	return false;
}

struct object *machine_make(struct machine *m, enum object_kind kind, size_t count, int *rc)
{
	struct object *o = heap_new(&m->heap, kind, count);

	if (o == NULL)
		*rc = machine_no_memory(m);
	return o;
}

static int op_not(struct machine *m, value *args)
{
	if (args[0] != VALUE_TRUE && args[0] != VALUE_FALSE)
		return machine_mistyped(m, 0, TYPE_BOOL, args[0]);
	args[0] = value_bool(args[0] == VALUE_FALSE);
	return 0;
}

// --- pairs and boxes -------------------------------------------------------------------------------------------

// (cons a b), into *to.
static int cons(struct machine *m, const value *a, const value *b, value *to)
{
	int rc = 0;
	struct object *o = machine_make(m, OBJECT_PAIR, 2, &rc);

	if (o == NULL)
		return rc;
	o->slots[0] = *a;
	o->slots[1] = *b;
	*to = value_of(o);
	return 0;
}

static int op_list(struct machine *m, value *args, size_t count)
{
	static const value nil = VALUE_NIL;
	int rc = 0;

	for (size_t i = count; rc == 0 && i-- > 0;)
		rc = cons(m, &args[i], i + 1 < count ? &args[i + 1] : &nil, &args[i]);
	return rc;
}

static int op_part(struct machine *m, value *args, size_t slot)
{
	int rc = 0;
	const struct object *o = machine_operand(m, args, 0, OBJECT_PAIR, &rc);

	if (o != NULL)
		args[0] = o->slots[slot];
	return rc;
}

static int op_null(struct machine *m, value *args)
{
	if (args[0] != VALUE_NIL && !value_is(args[0], OBJECT_PAIR))
		return machine_mistyped(m, 0, TYPE_LIST, args[0]);
	args[0] = value_bool(args[0] == VALUE_NIL);
	return 0;
}

static int op_box(struct machine *m, value *args)
{
	int rc = 0;
	struct object *o = machine_make(m, OBJECT_BOX, 1, &rc);

	if (o == NULL)
		return rc;
	o->slots[0] = args[0];
	args[0] = value_of(o);
	return 0;
}

static int op_unbox(struct machine *m, value *args)
{
	int rc = 0;
	const struct object *o = machine_operand(m, args, 0, OBJECT_BOX, &rc);

	if (o != NULL)
		args[0] = o->slots[0];
	return rc;
}

static int op_set_box(struct machine *m, value *args)
{
	int rc = 0;
	struct object *o = machine_operand(m, args, 0, OBJECT_BOX, &rc);

	if (o == NULL)
		return rc;
	machine_stored(m, args[1]);
	o->slots[0] = args[1];
	args[0] = VALUE_UNIT;
	return 0;
}

// --- vectors ---------------------------------------------------------------------------------------------------

static int op_make_vector(struct machine *m, value *args)
{
	struct object *o;
	int64_t count;
	int rc = 0;

	if (!number(m, args, 0, &count, &rc))
		return rc;
	if (count < 0)
		return machine_fail(m, ERANGE, "a vector cannot have %" PRId64 " elements", count);
	if ((o = machine_make(m, OBJECT_VECTOR, (size_t)count, &rc)) == NULL)
		return rc;
	for (uint32_t i = 0; i < o->count; i++)
		o->slots[i] = args[1];
	args[0] = value_of(o);
	return machine_charge(m, o->count * sizeof(value));
}

static value *element(struct machine *m, const value *args, int *rc)
{
	struct object *o = machine_operand(m, args, 0, OBJECT_VECTOR, rc);
	int64_t index;

	if (o == NULL || !number(m, args, 1, &index, rc))
		return NULL;
	if (index >= 0 && index < o->count)
		return &o->slots[index];
	*rc = machine_fail(m, ERANGE, "there is no element %" PRId64 " in a vector of %" PRIu32, index, o->count);
	return NULL;
}

static int op_vector_ref(struct machine *m, value *args)
{
	int rc = 0;
	const value *at = element(m, args, &rc);

	if (at != NULL)
		args[0] = *at;
	return rc;
}

static int op_vector_set(struct machine *m, value *args)
{
	int rc = 0;
	value *at = element(m, args, &rc);

	if (at == NULL)
		return rc;
	machine_stored(m, args[2]);
	*at = args[2];
	args[0] = VALUE_UNIT;
	return 0;
}

static int op_vector_length(struct machine *m, value *args)
{
	int rc = 0;
	const struct object *o = machine_operand(m, args, 0, OBJECT_VECTOR, &rc);

	if (o != NULL)
		args[0] = value_int(o->count);
	return rc;
}

// --- strings ---------------------------------------------------------------------------------------------------

static int op_string_append(struct machine *m, value *args, size_t count)
{
	size_t length = 0;
	struct object *o;
	int rc = 0;

	for (size_t i = 0; i < count; i++) {
		if ((o = machine_operand(m, args, i, OBJECT_STRING, &rc)) == NULL)
			return rc;
		length += o->count;
	}
	rc = machine_charge(m, length);
	if (rc < 0 || (o = machine_make(m, OBJECT_STRING, length, &rc)) == NULL)
		return rc;
	length = 0;
	for (size_t i = 0; i < count; i++) {
		struct object *part = value_object(args[i]);
		memcpy(object_bytes(o) + length, object_bytes(part), part->count);
		length += part->count;
	}
	args[0] = value_of(o);
	return 0;
}

static int op_string_length(struct machine *m, value *args)
{
	int rc = 0;
	const struct object *o = machine_operand(m, args, 0, OBJECT_STRING, &rc);

	if (o != NULL)
		args[0] = value_int(o->count);
	return rc;
}

static int op_substring(struct machine *m, value *args)
{
	int64_t from, to;
	int rc = 0;
	struct object *s = machine_operand(m, args, 0, OBJECT_STRING, &rc), *o;

	if (s == NULL || !number(m, args, 1, &from, &rc) || !number(m, args, 2, &to, &rc))
		return rc;
	if (from < 0 || to < from || to > s->count)
		return machine_fail(m, ERANGE,
		                    "there is no part from %" PRId64 " to %" PRId64 " in a string of %" PRIu32,
		                    from, to, s->count);
	rc = machine_charge(m, (size_t)(to - from));
	if (rc < 0 || (o = machine_make(m, OBJECT_STRING, (size_t)(to - from), &rc)) == NULL)
		return rc;
	memcpy(object_bytes(o), object_bytes(s) + from, o->count);
	args[0] = value_of(o);
	return 0;
}

static int order(struct object *a, struct object *b)
{
	int by_bytes = memcmp(object_bytes(a), object_bytes(b), a->count < b->count ? a->count : b->count);

	return by_bytes != 0 ? by_bytes : (a->count > b->count) - (a->count < b->count);
}

static int op_string_compare(struct machine *m, value *args, enum op o)
{
	int rc = 0;
	struct object *a = machine_operand(m, args, 0, OBJECT_STRING, &rc);
	struct object *b = a == NULL ? NULL : machine_operand(m, args, 1, OBJECT_STRING, &rc);

	if (b == NULL)
		return rc;
	rc = machine_charge(m, a->count < b->count ? a->count : b->count);
	args[0] = value_bool(o == OP_STRING_EQUAL ? order(a, b) == 0 : order(a, b) < 0);
	return rc;
}

static int op_number_to_string(struct machine *m, value *args)
{
	struct object *o;
	char digits[32];
	int64_t n;
	int rc = 0;

	if (!number(m, args, 0, &n, &rc))
		return rc;
	snprintf(digits, sizeof digits, "%" PRId64, n);
	if ((o = machine_make(m, OBJECT_STRING, strlen(digits), &rc)) == NULL)
		return rc;
	memcpy(object_bytes(o), digits, o->count);
	args[0] = value_of(o);
	return 0;
}

// --- maps ------------------------------------------------------------------------------------------------------

enum { MAP_TABLE, MAP_KEYS, MAP_USED, MAP_SLOTS };

// FNV-1a, by G. Fowler, L. C. Noll and K.-P. Vo.
static uint64_t hash(struct object *key)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (uint32_t i = 0; i < key->count; i++)
		h = (h ^ (unsigned char)object_bytes(key)[i]) * UINT64_C(1099511628211);
	return h;
}

// Where the key is in the table, or the first free place for it. There is always a VALUE_FREE one.
static value *find_place(struct object *table, struct object *key)
{
	size_t places = table->count / 2, at = hash(key) & (places - 1);
	value *gone = NULL;

	for (;; at = (at + 1) & (places - 1)) {
		value *place = &table->slots[2 * at];
		if (*place == VALUE_FREE)
			return gone != NULL ? gone : place;
		if (*place == VALUE_GONE)
			gone = gone != NULL ? gone : place;
		else if (order(value_object(*place), key) == 0)
			return place;
	}
}

static bool is_key(value v)
{
	return v != VALUE_FREE && v != VALUE_GONE;
}

static struct object *make_table(struct machine *m, size_t places, int *rc)
{
	struct object *table = machine_make(m, OBJECT_TABLE, 2 * places, rc);

	for (size_t i = 0; table != NULL && i < places; i++)
		table->slots[2 * i] = VALUE_FREE;
	return table;
}

static int op_make_map(struct machine *m, value *args)
{
	struct object *map, *table;
	int rc = 0;

	if ((map = machine_make(m, OBJECT_MAP, MAP_SLOTS, &rc)) == NULL)
		return rc;
	map->slots[MAP_KEYS] = map->slots[MAP_USED] = value_int(0);
	args[0] = value_of(map);
	m->top = (size_t)(args + 1 - m->stack); // it must outlive the next
	if ((table = make_table(m, TABLE_LEAST, &rc)) == NULL)
		return rc;
	map->slots[MAP_TABLE] = value_of(table);
	return 0;
}

// A new table with at least twice as many places as there are keys; those that are gone are left behind.
static int rehash(struct machine *m, struct object *map)
{
	size_t keys = (size_t)value_number(map->slots[MAP_KEYS]), places = TABLE_LEAST;
	struct object *from = value_object(map->slots[MAP_TABLE]), *to;
	int rc = 0;

	while (places < 4 * (keys + 1))
		places *= 2;
	rc = machine_charge(m, places * 2 * sizeof(value));
	if (rc < 0 || (to = make_table(m, places, &rc)) == NULL)
		return rc;
	for (uint32_t i = 0; i < from->count; i += 2)
		if (is_key(from->slots[i]))
			memcpy(find_place(to, value_object(from->slots[i])), &from->slots[i], 2 * sizeof(value));
	map->slots[MAP_TABLE] = value_of(to);
	map->slots[MAP_USED] = map->slots[MAP_KEYS];
	return 0;
}

// The key's place in the map at args[0]; whether it is there in *found.
static value *look_up(struct machine *m, const value *args, bool *found, int *rc)
{
	struct object *map = machine_operand(m, args, 0, OBJECT_MAP, rc);
	struct object *key = map == NULL ? NULL : machine_operand(m, args, 1, OBJECT_STRING, rc);
	value *place;

	if (key == NULL || (*rc = machine_charge(m, key->count)) < 0)
		return NULL;
	place = find_place(value_object(map->slots[MAP_TABLE]), key);
	*found = is_key(*place);
	return place;
}

static int op_map_ref(struct machine *m, value *args)
{
	bool found;
	int rc = 0;
	const value *place = look_up(m, args, &found, &rc);

	if (place != NULL)
		args[0] = found ? place[1] : args[2];
	return rc;
}

static int op_map_has(struct machine *m, value *args)
{
	bool found;
	int rc = 0;

	if (look_up(m, args, &found, &rc) != NULL)
		args[0] = value_bool(found);
	return rc;
}

static int op_map_set(struct machine *m, value *args)
{
	bool found;
	int rc = 0;
	value *place = look_up(m, args, &found, &rc);
	struct object *map;

	if (place == NULL)
		return rc;
	map = value_object(args[0]);
	machine_stored(m, args[1]);
	if (!found) {
		size_t places = value_object(map->slots[MAP_TABLE])->count / 2;
		bool fresh = *place == VALUE_FREE;
		if (fresh && 4 * ((size_t)value_number(map->slots[MAP_USED]) + 1) > 3 * places) {
			rc = rehash(m, map);
			if (rc < 0)
				return rc;
			place = find_place(value_object(map->slots[MAP_TABLE]), value_object(args[1]));
		}
		map->slots[MAP_USED] = value_int(value_number(map->slots[MAP_USED]) + fresh);
		map->slots[MAP_KEYS] = value_int(value_number(map->slots[MAP_KEYS]) + 1);
		place[0] = args[1];
	}
	place[1] = args[2];
	args[0] = VALUE_UNIT;
	return 0;
}

static int op_map_delete(struct machine *m, value *args)
{
	bool found;
	int rc = 0;
	value *place = look_up(m, args, &found, &rc);
	struct object *map;

	if (place == NULL)
		return rc;
	map = value_object(args[0]);
	if (found) {
		place[0] = VALUE_GONE;
		place[1] = VALUE_NIL;
		map->slots[MAP_KEYS] = value_int(value_number(map->slots[MAP_KEYS]) - 1);
	}
	args[0] = VALUE_UNIT;
	return 0;
}

static int op_map_size(struct machine *m, value *args)
{
	int rc = 0;
	const struct object *o = machine_operand(m, args, 0, OBJECT_MAP, &rc);

	if (o != NULL)
		args[0] = o->slots[MAP_KEYS];
	return rc;
}

// --- all of them -----------------------------------------------------------------------------------------------

int machine_operate(struct machine *m, const struct insn *i, value *args)
{
	switch ((enum op)i->code) {
	case OP_NOT:
		return op_not(m, args);
	case OP_CONS:
		return cons(m, &args[0], &args[1], &args[0]);
	case OP_CAR:
		return op_part(m, args, 0);
	case OP_CDR:
		return op_part(m, args, 1);
	case OP_NULL:
		return op_null(m, args);
	case OP_LIST:
		return op_list(m, args, i->b);
	case OP_MAKE_VECTOR:
		return op_make_vector(m, args);
	case OP_VECTOR_REF:
		return op_vector_ref(m, args);
	case OP_VECTOR_SET:
		return op_vector_set(m, args);
	case OP_VECTOR_LENGTH:
		return op_vector_length(m, args);
	case OP_MAKE_MAP:
		return op_make_map(m, args);
	case OP_MAP_REF:
		return op_map_ref(m, args);
	case OP_MAP_SET:
		return op_map_set(m, args);
	case OP_MAP_HAS:
		return op_map_has(m, args);
	case OP_MAP_DELETE:
		return op_map_delete(m, args);
	case OP_MAP_SIZE:
		return op_map_size(m, args);
	case OP_BOX:
		return op_box(m, args);
	case OP_UNBOX:
		return op_unbox(m, args);
	case OP_SET_BOX:
		return op_set_box(m, args);
	case OP_STRING_APPEND:
		return op_string_append(m, args, i->b);
	case OP_STRING_LENGTH:
		return op_string_length(m, args);
	case OP_SUBSTRING:
		return op_substring(m, args);
	case OP_STRING_EQUAL:
	case OP_STRING_LESS:
		return op_string_compare(m, args, (enum op)i->code);
	case OP_NUMBER_TO_STRING:
		return op_number_to_string(m, args);
	case OP_FULL_GC:
		heap_collect(&m->heap);
		args[0] = VALUE_UNIT;
		return machine_charge(m, m->heap.live + m->top * sizeof(value));
	case OP_DATA_EMPTY:
	case OP_DATA_WRAP:
	case OP_DATA_UNWRAP:
	case OP_DATA_IS_EMPTY:
	case OP_DATA_EQUAL:
	case OP_DATA_TO_STRING:
	case OP_STRING_TO_DATA:
	case OP_DATA_OPEN:
	case OP_DATA_CLOSE:
		return machine_operate_data(m, (enum op)i->code, args);
	case OP_NEW_OBJECT:
	case OP_SAME:
	case OP_MAKE_WEAK:
	case OP_WEAK_ALIVE:
	case OP_MAKE_EPHEMERONS:
	case OP_EPHEMERON_SET:
	case OP_EPHEMERON_HAS:
	case OP_EPHEMERON_REF:
	case OP_SET_FINALIZER:
		return machine_operate_weak(m, (enum op)i->code, args);
	default: // machine_run's own
		return machine_fail(m, EINVAL, "%s cannot be evaluated", op_word((enum op)i->code));
	}
}

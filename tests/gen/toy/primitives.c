// What the language can do with its values.
#include "mylisp.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static value truth(bool b)
{
	return b ? YES : NO;
}

#define ARITHMETIC(name, expression)                                                                              \
	PRIMITIVE(name)                                                                                           \
	{                                                                                                         \
		int64_t a = number(v[0]), b = number(v[1]);                                                       \
		return expression;                                                                                \
	}

ARITHMETIC(add, from_number(a + b))
ARITHMETIC(subtract, from_number(a - b))
ARITHMETIC(multiply, from_number(a *b))
ARITHMETIC(divide, b == 0 ? (die("division by zero"), 0) : from_number(a / b))
ARITHMETIC(rest, b == 0 ? (die("division by zero"), 0) : from_number(a % b))
ARITHMETIC(equal, truth(a == b))
ARITHMETIC(less, truth(a < b))
ARITHMETIC(more, truth(a > b))
ARITHMETIC(at_most, truth(a <= b))
ARITHMETIC(at_least, truth(a >= b))

PRIMITIVE(not )
{
	return truth(v[0] == NO);
}

PRIMITIVE(pair)
{
	struct cell *c = new_cell(m, PAIR);

	c->a = v[0];
	c->b = v[1];
	return (value)c;
}

PRIMITIVE(first)
{
	return cell_of(v[0], PAIR)->a;
}

PRIMITIVE(second)
{
	return cell_of(v[0], PAIR)->b;
}

PRIMITIVE(empty)
{
	return truth(v[0] == NIL);
}

PRIMITIVE(box)
{
	struct cell *c = new_cell(m, BOX);

	c->a = v[0];
	return (value)c;
}

PRIMITIVE(open)
{
	return cell_of(v[0], BOX)->a;
}

PRIMITIVE(put)
{
	cell_of(v[0], BOX)->a = v[1];
	return NIL;
}

PRIMITIVE(vector)
{
	struct cell *c = new_cell(m, VECTOR);
	int64_t count = number(v[0]);

	c->items = count >= 0 ? calloc((size_t)count + 1, sizeof(value)) : NULL;
	if (c->items == NULL)
		die("heap exhausted");
	c->count = (size_t)count;
	for (size_t i = 0; i < c->count; i++)
		c->items[i] = v[1];
	return (value)c;
}

static value *item(const value *v)
{
	struct cell *c = cell_of(v[0], VECTOR);
	int64_t i = number(v[1]);

	if (i < 0 || (size_t)i >= c->count)
		die("index out of range");
	return &c->items[i];
}

PRIMITIVE(at)
{
	return *item(v);
}

PRIMITIVE(at_put)
{
	*item(v) = v[2];
	return NIL;
}

PRIMITIVE(size)
{
	if (is_int(v[0]) || (((struct cell *)v[0])->type != VECTOR && ((struct cell *)v[0])->type != STRING))
		die("a vector or a string was expected");
	return from_number((int64_t)((struct cell *)v[0])->count);
}

PRIMITIVE(join)
{
	const struct cell *a = cell_of(v[0], STRING), *b = cell_of(v[1], STRING);
	value joined;
	char *text = malloc(a->count + b->count + 1);

	if (text == NULL)
		die("heap exhausted");
	memcpy(text, a->text, a->count);
	memcpy(text + a->count, b->text, b->count);
	joined = new_string(m, text, a->count + b->count);
	free(text);
	return joined;
}

PRIMITIVE(part)
{
	const struct cell *s = cell_of(v[0], STRING);
	int64_t from = number(v[1]), to = number(v[2]);

	if (from < 0 || to < from || (size_t)to > s->count)
		die("index out of range");
	return new_string(m, s->text + from, (size_t)(to - from));
}

PRIMITIVE(same)
{
	return truth(strcmp(cell_of(v[0], STRING)->text, cell_of(v[1], STRING)->text) == 0);
}

PRIMITIVE(before)
{
	return truth(strcmp(cell_of(v[0], STRING)->text, cell_of(v[1], STRING)->text) < 0);
}

PRIMITIVE(digits)
{
	char text[32];

	return new_string(m, text, (size_t)snprintf(text, sizeof text, "%" PRId64, number(v[0])));
}

PRIMITIVE(clock)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return from_number((int64_t)t.tv_sec * 1000000000 + t.tv_nsec);
}

PRIMITIVE(print)
{
	for (size_t i = 0; i < n; i++)
		if (is_int(v[i]))
			printf("%" PRId64, number(v[i]));
		else
			fputs(cell_of(v[i], STRING)->text, stdout);
	puts("");
	return NIL;
}

PRIMITIVE(collect)
{
	collect(m);
	return NIL;
}

PRIMITIVE(identical)
{
	(void)m;
	return v[0] == v[1] ? YES : NO;
}

PRIMITIVE(raise)
{
	leave(m, NULL, from_number(number(v[0])));
}

PRIMITIVE(exit)
{
	fflush(stdout);
	exit((int)number(v[0]));
}

// clang-format off
static const struct primitive primitives[] = {
	{"+", 2, run_add}, {"-", 2, run_subtract}, {"*", 2, run_multiply}, {"/", 2, run_divide},
	{"rest", 2, run_rest}, {"=", 2, run_equal}, {"<", 2, run_less}, {">", 2, run_more},
	{"<=", 2, run_at_most}, {">=", 2, run_at_least}, {"not", 1, run_not}, {"pair", 2, run_pair},
	{"first", 1, run_first}, {"second", 1, run_second}, {"empty", 1, run_empty}, {"box", 1, run_box},
	{"open", 1, run_open}, {"put", 2, run_put}, {"vector", 2, run_vector}, {"at", 2, run_at},
	{"at-put", 3, run_at_put}, {"size", 1, run_size}, {"join", 2, run_join}, {"part", 3, run_part},
	{"same", 2, run_same}, {"before", 2, run_before}, {"digits", 1, run_digits},
	{"clock", 0, run_clock}, {"print", ANY_COUNT, run_print}, {"collect", 0, run_collect},
	{"exit", 1, run_exit}, {"identical", 2, run_identical}, {"raise", 1, run_raise},
	{ 0 },
};
// clang-format on

const struct primitive *find_primitive(const char *name)
{
	const struct primitive *const lists[] = { primitives, table_primitives, deep_primitives };

	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		for (const struct primitive *p = lists[i]; p->name != NULL; p++)
			if (strcmp(p->name, name) == 0)
				return p;
	return NULL;
}

// Maps, and what the collector treats apart: ephemerons, weak references, finalizers.
#include "mylisp.h"

#include <stdlib.h>
#include <string.h>

// A table's items: the number of its entries, then keys and values in turn, by open addressing; 0 is a free place.
#define FIRST_ROOM 8U

static size_t hash(value key)
{
	uint64_t h = (uint64_t)key;

	if (!is_int(key) && ((const struct cell *)key)->type == STRING) {
		h = 0;
		for (const char *p = ((const struct cell *)key)->text; *p != 0; p++)
			h = h * 31 + (unsigned char)*p;
	}
	h *= UINT64_C(0x9E3779B97F4A7C15);
	return (size_t)(h >> 32);
}

static bool is_key(value a, value b)
{
	const struct cell *x = (const struct cell *)a, *y = (const struct cell *)b;

	if (a == b || is_int(a) || is_int(b))
		return a == b;
	return x->type == STRING && y->type == STRING && strcmp(x->text, y->text) == 0;
}

// The place of the key, or the free one where it would be put.
static value *place(const struct cell *t, value key)
{
	const size_t room = t->count / 2;
	size_t i = hash(key) & (room - 1);

	while (t->items[1 + 2 * i] != 0 && !is_key(t->items[1 + 2 * i], key))
		i = (i + 1) & (room - 1);
	return &t->items[1 + 2 * i];
}

static void make_room(struct cell *t, size_t room)
{
	t->items = calloc(1 + 2 * room, sizeof *t->items);
	if (t->items == NULL)
		die("heap exhausted");
	t->items[0] = from_number(0);
	t->count = 1 + 2 * room;
}

static void put(struct cell *t, value key, value v)
{
	value *at = place(t, key);

	if (at[0] == 0)
		t->items[0] += from_number(1) - from_number(0);
	at[0] = key;
	at[1] = v;
}

// All entries again, into so much room, but for the one with that key.
static void rebuild(struct cell *t, size_t room, value without)
{
	value *old = t->items;
	const size_t count = t->count;

	make_room(t, room);
	for (size_t i = 1; i < count; i += 2)
		if (old[i] != 0 && old[i] != without)
			put(t, old[i], old[i + 1]);
	free(old);
}

static void set(struct cell *t, value key, value v)
{
	const size_t room = t->count / 2;

	if (2 * (size_t)number(t->items[0]) >= room)
		rebuild(t, 2 * room, 0);
	put(t, key, v);
}

static value new_table(struct machine *m, enum cell_type type)
{
	struct cell *t = new_cell(m, type);

	make_room(t, FIRST_ROOM);
	return (value)t;
}

PRIMITIVE(make_map)
{
	return new_table(m, MAP);
}

PRIMITIVE(map_set)
{
	set(cell_of(v[0], MAP), v[1], v[2]);
	return NIL;
}

PRIMITIVE(map_get)
{
	const value *at = place(cell_of(v[0], MAP), v[1]);

	return at[0] != 0 ? at[1] : v[2];
}

PRIMITIVE(map_has)
{
	return place(cell_of(v[0], MAP), v[1])[0] != 0 ? YES : NO;
}

PRIMITIVE(map_drop)
{
	struct cell *t = cell_of(v[0], MAP);
	const value key = place(t, v[1])[0];

	if (key != 0)
		rebuild(t, t->count / 2, key);
	return NIL;
}

PRIMITIVE(map_size)
{
	return cell_of(v[0], MAP)->items[0];
}

PRIMITIVE(make_ephemerons)
{
	return new_table(m, EPHEMERONS);
}

PRIMITIVE(ephemeron_set)
{
	set(cell_of(v[0], EPHEMERONS), v[1], v[2]);
	return NIL;
}

PRIMITIVE(ephemeron_get)
{
	const value *at = place(cell_of(v[0], EPHEMERONS), v[1]);

	return at[0] != 0 ? at[1] : v[2];
}

PRIMITIVE(ephemeron_has)
{
	return place(cell_of(v[0], EPHEMERONS), v[1])[0] != 0 ? YES : NO;
}

void drop_dead_keys(struct cell *t)
{
	value *old = t->items;
	const size_t count = t->count;

	make_room(t, count / 2);
	for (size_t i = 1; i < count; i += 2)
		if (old[i] != 0 && is_alive(old[i]))
			put(t, old[i], old[i + 1]);
	free(old);
}

PRIMITIVE(weak)
{
	struct cell *c = new_cell(m, WEAK);

	c->a = v[0];
	return (value)c;
}

PRIMITIVE(alive)
{
	return cell_of(v[0], WEAK)->a != NIL ? YES : NO;
}

PRIMITIVE(finally)
{
	if (m->finalizer_count == m->finalizer_cap) {
		m->finalizer_cap = 2 * m->finalizer_cap + 64;
		m->finalizers = need(realloc(m->finalizers, m->finalizer_cap * sizeof *m->finalizers));
	}
	m->finalizers[m->finalizer_count++] = (struct finalizer){ v[0], (value)cell_of(v[1], BOX) };
	return NIL;
}

const struct primitive table_primitives[] = {
	{ "map", 0, run_make_map },
	{ "keep", 3, run_map_set },
	{ "look-up", 3, run_map_get },
	{ "knows", 2, run_map_has },
	{ "forget", 2, run_map_drop },
	{ "known", 1, run_map_size },
	{ "ephemerons", 0, run_make_ephemerons },
	{ "attach", 3, run_ephemeron_set },
	{ "attached", 3, run_ephemeron_get },
	{ "attaches", 2, run_ephemeron_has },
	{ "weak", 1, run_weak },
	{ "alive", 1, run_alive },
	{ "finally", 2, run_finally },
	{ 0 },
};

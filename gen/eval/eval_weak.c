// Objects, weak references, ephemerons and finalizers.
#include "eval_code.h"

#include <string.h>

#define TABLE_LEAST 8U // places

static int op_make_weak(struct machine *m, value *args)
{
	int rc = 0;
	struct object *o;

	if (machine_operand(m, args, 0, OBJECT_IDENTITY, &rc) == NULL ||
	    (o = machine_make(m, OBJECT_WEAK, 1, &rc)) == NULL)
		return rc;
	o->slots[0] = args[0];
	args[0] = value_of(o);
	return 0;
}

static int op_weak_alive(struct machine *m, value *args)
{
	int rc = 0;
	const struct object *o = machine_operand(m, args, 0, OBJECT_WEAK, &rc);

	if (o != NULL)
		args[0] = value_bool(o->slots[0] != VALUE_NIL);
	return rc;
}

static int op_new_object(struct machine *m, value *args)
{
	int rc = 0;
	const struct object *o = machine_make(m, OBJECT_IDENTITY, 0, &rc);

	if (o != NULL)
		args[0] = value_of(o);
	return rc;
}

static int op_same(struct machine *m, value *args)
{
	int rc = 0;

	if (machine_operand(m, args, 0, OBJECT_IDENTITY, &rc) != NULL &&
	    machine_operand(m, args, 1, OBJECT_IDENTITY, &rc) != NULL)
		args[0] = value_bool(args[0] == args[1]);
	return rc;
}

static int op_set_finalizer(struct machine *m, value *args)
{
	int rc = 0;
	struct object *object = machine_operand(m, args, 0, OBJECT_IDENTITY, &rc), *box, *record;

	if (object == NULL || (box = machine_operand(m, args, 1, OBJECT_BOX, &rc)) == NULL ||
	    (record = machine_make(m, OBJECT_FINALIZER, FINALIZER_SLOTS, &rc)) == NULL)
		return rc;
	machine_stored(m, args[0]);
	heap_finalize(&m->heap, record, object, box);
	args[0] = VALUE_UNIT;
	return 0;
}

// --- ephemerons ------------------------------------------------------------------------------------------------

static size_t place_count(const struct object *table)
{
	return (table->count - EPHEMERON_PLACES) / PLACE_WORDS;
}

// An object stays where it is, so its address is what is hashed.
static size_t hash(value key)
{
	return (size_t)((key >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 32);
}

// Where the key is in the table, or the first free place for it. There is always a VALUE_FREE one.
static value *find_place(struct object *table, value key)
{
	size_t places = place_count(table), at = hash(key) & (places - 1);
	value *gone = NULL;

	for (;; at = (at + 1) & (places - 1)) {
		value *place = &table->slots[EPHEMERON_PLACES + PLACE_WORDS * at];
		if (place[PLACE_KEY] == key)
			return place;
		if (place[PLACE_KEY] == VALUE_FREE)
			return gone != NULL ? gone : place;
		if (place[PLACE_KEY] == VALUE_GONE && gone == NULL)
			gone = place;
	}
}

static void count_up(struct object *table, enum ephemeron_slot slot)
{
	table->slots[slot] = value_int(value_number(table->slots[slot]) + 1);
}

static struct object *make_table(struct machine *m, size_t places, int *rc)
{
	struct object *table =
	        machine_make(m, OBJECT_EPHEMERON_TABLE, EPHEMERON_PLACES + PLACE_WORDS * places, rc);

	if (table == NULL)
		return NULL;
	table->slots[EPHEMERON_KEYS] = table->slots[EPHEMERON_USED] = value_int(0);
	for (size_t i = 0; i < places; i++)
		table->slots[EPHEMERON_PLACES + PLACE_WORDS * i + PLACE_KEY] = VALUE_FREE;
	return table;
}

static int op_make_ephemerons(struct machine *m, value *args)
{
	struct object *o, *table;
	int rc = 0;

	if ((table = make_table(m, TABLE_LEAST, &rc)) == NULL)
		return rc;
	args[0] = value_of(table);
	m->top = (size_t)(args + 1 - m->stack); // it must outlive the next
	if ((o = machine_make(m, OBJECT_EPHEMERONS, 1, &rc)) == NULL)
		return rc;
	o->slots[0] = args[0];
	args[0] = value_of(o);
	return 0;
}

static void put(struct object *table, value key, value v)
{
	value *place = find_place(table, key);

	if (place[PLACE_KEY] != key) {
		if (place[PLACE_KEY] == VALUE_FREE)
			count_up(table, EPHEMERON_USED);
		count_up(table, EPHEMERON_KEYS);
	}
	place[PLACE_KEY] = key;
	place[PLACE_VALUE] = v;
}

// A new table with at least twice as many places as there are keys.
static int rehash(struct machine *m, struct object *ephemerons)
{
	struct object *from = value_object(ephemerons->slots[0]), *to;
	size_t keys = (size_t)value_number(from->slots[EPHEMERON_KEYS]), places = TABLE_LEAST;
	int rc = 0;

	while (places < 4 * (keys + 1))
		places *= 2;
	rc = machine_charge(m, places * PLACE_WORDS * sizeof(value));
	if (rc < 0 || (to = make_table(m, places, &rc)) == NULL)
		return rc;
	for (uint32_t i = EPHEMERON_PLACES; i < from->count; i += PLACE_WORDS)
		if (value_object(from->slots[i + PLACE_KEY]) != NULL)
			put(to, from->slots[i + PLACE_KEY], from->slots[i + PLACE_VALUE]);
	ephemerons->slots[0] = value_of(to);
	return 0;
}

static bool is_crowded(const struct object *table)
{
	return 4 * ((size_t)value_number(table->slots[EPHEMERON_USED]) + 1) > 3 * place_count(table);
}

static int op_ephemeron_set(struct machine *m, value *args, struct object *ephemerons)
{
	struct object *table = value_object(ephemerons->slots[0]);
	int rc = 0;

	if (find_place(table, args[1])[PLACE_KEY] != args[1] && is_crowded(table))
		rc = rehash(m, ephemerons);
	if (rc < 0)
		return rc;
	machine_stored(m, args[1]);
	put(value_object(ephemerons->slots[0]), args[1], args[2]);
	args[0] = VALUE_UNIT;
	return 0;
}

static int operate_ephemerons(struct machine *m, enum op o, value *args)
{
	int rc = 0;
	struct object *ephemerons = machine_operand(m, args, 0, OBJECT_EPHEMERONS, &rc);
	const value *place;

	if (ephemerons == NULL || machine_operand(m, args, 1, OBJECT_IDENTITY, &rc) == NULL)
		return rc;
	if (o == OP_EPHEMERON_SET)
		return op_ephemeron_set(m, args, ephemerons);
	place = find_place(value_object(ephemerons->slots[0]), args[1]);
	if (o == OP_EPHEMERON_HAS)
		args[0] = value_bool(place[PLACE_KEY] == args[1]);
	else
		args[0] = place[PLACE_KEY] == args[1] ? place[PLACE_VALUE] : args[2];
	return 0;
}

// --- all of them -----------------------------------------------------------------------------------------------

int machine_operate_weak(struct machine *m, enum op o, value *args)
{
	switch (o) {
	case OP_NEW_OBJECT:
		return op_new_object(m, args);
	case OP_SAME:
		return op_same(m, args);
	case OP_MAKE_WEAK:
		return op_make_weak(m, args);
	case OP_WEAK_ALIVE:
		return op_weak_alive(m, args);
	case OP_MAKE_EPHEMERONS:
		return op_make_ephemerons(m, args);
	case OP_SET_FINALIZER:
		return op_set_finalizer(m, args);
	default:
		return operate_ephemerons(m, o, args);
	}
}

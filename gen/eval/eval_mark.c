// What lives: marking from the roots, and what becomes of those who refer to the dead. Nothing here recurses or
// allocates.
#include "eval_heap.h"

// The places that wait for this key become the first to be looked at.
static void wake(struct heap *h, struct object *key)
{
	value *first = (value *)(void *)key->link, *last = first;

	if (first == NULL)
		return;
	while (last[PLACE_NEXT] != VALUE_NIL)
		last = (value *)(uintptr_t)last[PLACE_NEXT];
	if (h->woken != NULL)
		last[PLACE_NEXT] = (uintptr_t)h->woken;
	h->woken = first;
	key->link = NULL;
}

static void mark_special(struct heap *h, struct object *o)
{
	switch ((enum object_kind)o->kind) {
	case OBJECT_IDENTITY:
		wake(h, o);
		break;
	case OBJECT_WEAK:
		o->link = h->weak;
		h->weak = o;
		break;
	case OBJECT_EPHEMERON_TABLE:
		o->link = h->tables;
		h->tables = o;
		break;
	default:
		break;
	}
}

void heap_mark(struct heap *h, value v)
{
	struct object *o = value_object(v);

	if (o == NULL || o->marked)
		return;
	o->marked = true;
	if (o->kind >= OBJECT_STRING) {
		mark_special(h, o);
		return;
	}
	o->link = h->grey;
	h->grey = o;
}

static bool is_dead(value v)
{
	return value_object(v) != NULL && !value_object(v)->marked;
}

// --- ephemerons ------------------------------------------------------------------------------------------------

// A value lives when its key does. Where the key is not marked yet, the place waits for that in the key's own
// list, so each is looked at twice at most.
static void look_at_table(struct heap *h, struct object *table)
{
	for (uint32_t i = EPHEMERON_PLACES; i < table->count; i += PLACE_WORDS) {
		value *place = &table->slots[i];
		struct object *key = value_object(place[PLACE_KEY]);
		if (key == NULL)
			continue;
		if (key->marked) {
			heap_mark(h, place[PLACE_VALUE]);
			continue;
		}
		place[PLACE_NEXT] = key->link != NULL ? (uintptr_t)key->link : VALUE_NIL;
		key->link = (struct object *)(void *)place;
	}
}

static void look_at_woken(struct heap *h)
{
	value *place = h->woken;

	h->woken = place[PLACE_NEXT] == VALUE_NIL ? NULL : (value *)(uintptr_t)place[PLACE_NEXT];
	place[PLACE_NEXT] = VALUE_NIL;
	heap_mark(h, place[PLACE_VALUE]);
}

static void clear_table(struct object *table)
{
	int64_t keys = value_number(table->slots[EPHEMERON_KEYS]);

	for (uint32_t i = EPHEMERON_PLACES; i < table->count; i += PLACE_WORDS) {
		value *place = &table->slots[i];
		if (!is_dead(place[PLACE_KEY]))
			continue;
		place[PLACE_KEY] = VALUE_GONE;
		place[PLACE_VALUE] = place[PLACE_NEXT] = VALUE_NIL;
		keys--;
	}
	table->slots[EPHEMERON_KEYS] = value_int(keys);
}

// --- finalizers ------------------------------------------------------------------------------------------------

void heap_finalize(struct heap *h, struct object *record, struct object *object, struct object *box)
{
	record->slots[FINALIZER_OBJECT] = value_of(object);
	record->slots[FINALIZER_BOX] = value_of(box);
	record->slots[FINALIZER_NEXT] = h->finalizers;
	h->finalizers = value_of(record);
}

static void mark_finalizers(struct heap *h)
{
	for (value v = h->finalizers; v != VALUE_NIL; v = value_object(v)->slots[FINALIZER_NEXT]) {
		value_object(v)->marked = true;
		heap_mark(h, value_object(v)->slots[FINALIZER_BOX]);
	}
}

// The records of the dead are swept like other garbage.
static void finalize(struct heap *h)
{
	value *at = &h->finalizers;

	while (*at != VALUE_NIL) {
		struct object *record = value_object(*at);
		value *counter = value_object(record->slots[FINALIZER_BOX])->slots;
		if (!is_dead(record->slots[FINALIZER_OBJECT])) {
			at = &record->slots[FINALIZER_NEXT];
			continue;
		}
		if (value_is_int(*counter))
			*counter = value_int(value_number(*counter) + 1);
		record->marked = false;
		*at = record->slots[FINALIZER_NEXT];
	}
}

// --- all of it -------------------------------------------------------------------------------------------------

static void follow(struct heap *h)
{
	while (h->grey != NULL) {
		struct object *o = h->grey;
		h->grey = o->link;
		for (uint32_t i = 0; i < o->count; i++)
			heap_mark(h, o->slots[i]);
	}
}

static bool follow_ephemerons(struct heap *h)
{
	struct object *table = h->tables;

	if (h->woken != NULL) {
		look_at_woken(h);
		return true;
	}
	if (table == NULL)
		return false;
	h->tables = table->link;
	table->link = h->tables_seen;
	h->tables_seen = table;
	look_at_table(h, table);
	return true;
}

void heap_mark_all(struct heap *h)
{
	h->roots(h, h->arg);
	mark_finalizers(h);
	do
		follow(h);
	while (follow_ephemerons(h));
	for (; h->weak != NULL; h->weak = h->weak->link)
		if (is_dead(h->weak->slots[0]))
			h->weak->slots[0] = VALUE_NIL;
	for (; h->tables_seen != NULL; h->tables_seen = h->tables_seen->link)
		clear_table(h->tables_seen);
	finalize(h);
}

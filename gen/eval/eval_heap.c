// Small objects live in cells of blocks, large ones stand alone. A block has cells of one size, or, with
// arena_per_level, objects of any size behind each other.
#include "eval_heap.h"

#include "clock.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)64 * 1024)
#define THRESHOLD_LEAST ((size_t)4 * 1024 * 1024)

struct heap_block {
	struct heap_block *next;
	size_t cell_bytes; // 0: objects of any size, as they came
	size_t used;       // bytes of cells that were ever handed out
	uint64_t serial;
	char cells[];
};

struct heap_large {
	struct heap_large *next;
	size_t bytes;
	uint64_t serial;
	struct object object;
};

enum type_kind value_type(value v)
{
	static const enum type_kind kinds[] = {
		[OBJECT_PAIR] = TYPE_LIST,
		[OBJECT_BOX] = TYPE_BOX,
		[OBJECT_VECTOR] = TYPE_VECTOR,
		[OBJECT_CLOSURE] = TYPE_FUNCTION,
		[OBJECT_CONTINUATION] = TYPE_FUNCTION,
		[OBJECT_MAP] = TYPE_MAP,
		[OBJECT_DATA] = TYPE_DATA,
		[OBJECT_EPHEMERONS] = TYPE_EPHEMERONS,
		[OBJECT_STRING] = TYPE_STRING,
		[OBJECT_IDENTITY] = TYPE_OBJECT,
		[OBJECT_WEAK] = TYPE_WEAK,
	};

	if (value_is_int(v))
		return TYPE_INT;
	if (value_is_function(v))
		return TYPE_FUNCTION;
	if (v == VALUE_TRUE || v == VALUE_FALSE)
		return TYPE_BOOL;
	if (v == VALUE_NIL)
		return TYPE_LIST;
	if (v == VALUE_EMPTY)
		return TYPE_DATA;
	return value_object(v) == NULL ? TYPE_UNIT : kinds[value_object(v)->kind];
}

static size_t cells_bytes(const struct heap *h)
{
	return h->block_bytes - sizeof(struct heap_block);
}

// --- memory ----------------------------------------------------------------------------------------------------

static size_t least_threshold(const struct heap *h)
{
	return h->options->gc_threshold > 0 ? h->options->gc_threshold : THRESHOLD_LEAST;
}

void heap_init(struct heap *h, size_t limit, const struct eval_options *options, heap_roots roots, void *arg)
{
	*h = (struct heap){
		.options = options, .limit = limit, .roots = roots, .arg = arg, .finalizers = VALUE_NIL
	};
	h->block_bytes = options->block_bytes > 0 ? options->block_bytes : BLOCK_BYTES;
	h->threshold = least_threshold(h);
}

static void *resize(struct heap *h, void *p, size_t old_bytes, size_t new_bytes)
{
	if (h->options->resize != NULL)
		return h->options->resize(h->options->arg, p, old_bytes, new_bytes);
	if (new_bytes > 0)
		return realloc(p, new_bytes);
	free(p);
	return NULL;
}

void heap_give_back(struct heap *h, void *p, size_t bytes)
{
	resize(h, p, bytes, 0);
	h->bytes -= bytes;
}

void heap_deinit(struct heap *h)
{
	while (h->blocks != NULL) {
		struct heap_block *next = h->blocks->next;
		heap_give_back(h, h->blocks, h->block_bytes);
		h->blocks = next;
	}
	while (h->large != NULL) {
		struct heap_large *next = h->large->next;
		heap_give_back(h, h->large, h->large->bytes);
		h->large = next;
	}
}

// realloc within the limit; NULL with no_memory set as it must be.
static void *take(struct heap *h, void *p, size_t old_bytes, size_t new_bytes)
{
	size_t more = new_bytes - old_bytes;
	void *m;

	h->no_memory = false;
	if (h->bytes > h->limit || more > h->limit - h->bytes)
		return NULL;
	m = resize(h, p, old_bytes, new_bytes);
	h->no_memory = m == NULL;
	if (m == NULL)
		return NULL;
	h->bytes += more;
	if (h->bytes > h->peak)
		h->peak = h->bytes;
	return m;
}

// Collects for want of `bytes`, if that is what denials are answered with. A collection that finds next to nothing
// would be followed by another soon, and the end by a crawl: so then it is the end.
static bool make_room(struct heap *h, size_t bytes)
{
	if ((h->no_memory && !h->options->collect_on_denial) || h->fresh < h->bytes / 32 || bytes > h->limit)
		return false;
	heap_collect(h);
	return true;
}

void *heap_resize(struct heap *h, void *p, size_t old_bytes, size_t new_bytes)
{
	void *m = take(h, p, old_bytes, new_bytes);

	// Where a denial may be a call for a collection, it is asked again in any case: there may be room.
	if (m == NULL && (make_room(h, new_bytes - old_bytes) || (h->no_memory && h->options->collect_on_denial)))
		m = take(h, p, old_bytes, new_bytes);
	if (m != NULL)
		h->charged += new_bytes - old_bytes;
	return m;
}

// --- collecting ------------------------------------------------------------------------------------------------

// A string has a NUL behind it.
static size_t object_size(enum object_kind kind, size_t count)
{
	return offsetof(struct object, slots) + (kind == OBJECT_STRING ? count + 1 : count * sizeof(value));
}

static size_t object_units(const struct object *o)
{
	return (object_size((enum object_kind)o->kind, o->count) + HEAP_CELL_UNIT - 1) / HEAP_CELL_UNIT;
}

// Bytes of the block's cells that live; its free cells are put in front of *free_cells. Where objects have any
// size, what is free stays unused until the whole block is.
static size_t sweep_block(struct heap_block *b, struct object **free_cells)
{
	size_t live = 0, bytes = b->cell_bytes;

	for (size_t at = 0; at < b->used; at += bytes) {
		struct object *o = (struct object *)(void *)(b->cells + at);
		if (b->cell_bytes == 0)
			bytes = object_units(o) * HEAP_CELL_UNIT;
		if (o->marked) {
			o->marked = false;
			live += bytes;
			continue;
		}
		if (b->cell_bytes == 0)
			continue;
		o->kind = OBJECT_NONE;
		o->link = *free_cells;
		*free_cells = o;
	}
	return live;
}

static void sweep_blocks(struct heap *h)
{
	struct heap_block **at = &h->blocks;

	for (size_t i = 0; i <= HEAP_CELLS; i++) {
		h->free[i] = NULL;
		h->room[i] = NULL;
	}
	while (*at != NULL) {
		struct heap_block *b = *at;
		size_t units = b->cell_bytes / HEAP_CELL_UNIT;
		struct object *before = h->free[units];
		size_t live = sweep_block(b, &h->free[units]);
		h->live += live;
		if (live > 0) {
			if (b->used + b->cell_bytes <= cells_bytes(h) && (units > 0 || at == &h->blocks))
				h->room[units] = b;
			at = &b->next;
			continue;
		}
		h->free[units] = before;
		*at = b->next;
		heap_give_back(h, b, h->block_bytes);
	}
}

static void sweep_large(struct heap *h)
{
	struct heap_large **at = &h->large;

	while (*at != NULL) {
		struct heap_large *l = *at;
		if (l->object.marked) {
			l->object.marked = false;
			h->live += l->bytes;
			at = &l->next;
			continue;
		}
		*at = l->next;
		heap_give_back(h, l, l->bytes);
	}
}

// The next one comes when as much was made as this one had to mark, so that collecting costs as much as making.
void heap_collect(struct heap *h)
{
	uint64_t began = h->options->collected != NULL ? clock_now_ns() : 0;

	heap_mark_all(h);
	h->live = 0;
	sweep_blocks(h);
	sweep_large(h);
	h->collections++;
	h->made += h->fresh;
	h->fresh = 0;
	h->threshold = h->live + h->charged;
	if (h->threshold < least_threshold(h))
		h->threshold = least_threshold(h);
	if (h->options->collected != NULL)
		h->options->collected(h->options->arg, clock_now_ns() - began);
}

// --- making ----------------------------------------------------------------------------------------------------

// From the free cells, else from the end of a block; NULL when there is none.
static inline struct object *find_cell(struct heap *h, size_t units)
{
	size_t bytes = units * HEAP_CELL_UNIT, kind = h->options->arena_per_level ? 0 : units;
	struct object *o = h->free[units];
	struct heap_block *b = h->room[kind];

	if (o != NULL) {
		h->free[units] = o->link;
		return o;
	}
	if (b == NULL || b->used + bytes > cells_bytes(h))
		return NULL;
	o = (struct object *)(void *)(b->cells + b->used);
	b->used += bytes;
	return o;
}

static struct object *add_block(struct heap *h, size_t units)
{
	size_t kind = h->options->arena_per_level ? 0 : units;
	struct heap_block *b = take(h, NULL, 0, h->block_bytes);

	if (b == NULL)
		return NULL;
	b->next = h->blocks;
	b->cell_bytes = kind * HEAP_CELL_UNIT;
	b->used = 0;
	b->serial = ++h->serial;
	h->blocks = b;
	h->room[kind] = b;
	return find_cell(h, units);
}

static struct object *new_small(struct heap *h, size_t units)
{
	struct object *o = find_cell(h, units);

	if (o == NULL)
		o = add_block(h, units);
	if (o == NULL && make_room(h, h->block_bytes)) {
		o = find_cell(h, units);
		o = o != NULL ? o : add_block(h, units);
	}
	return o;
}

static struct object *new_large(struct heap *h, size_t object_bytes)
{
	size_t bytes = object_bytes + offsetof(struct heap_large, object);
	struct heap_large *l = take(h, NULL, 0, bytes);

	if (l == NULL && make_room(h, bytes))
		l = take(h, NULL, 0, bytes);
	if (l == NULL)
		return NULL;
	l->bytes = bytes;
	l->next = h->large;
	l->serial = ++h->serial;
	h->large = l;
	return &l->object;
}

struct object *heap_new(struct heap *h, enum object_kind kind, size_t count)
{
	size_t bytes, units;
	struct object *o;

	h->no_memory = false;
	if (count > UINT32_MAX || count > h->limit / (kind == OBJECT_STRING ? 1 : sizeof(value)))
		return NULL;
	bytes = object_size(kind, count);
	units = (bytes + HEAP_CELL_UNIT - 1) / HEAP_CELL_UNIT;
	bytes = units * HEAP_CELL_UNIT;
	if (h->fresh + bytes > h->threshold)
		heap_collect(h);
	h->fresh += bytes;
	o = units <= HEAP_CELLS ? new_small(h, units) : new_large(h, bytes);
	if (o == NULL)
		return NULL;
	o->kind = (uint8_t)kind;
	o->count = (uint32_t)count;
	o->marked = false;
	o->link = NULL;
	if (kind == OBJECT_STRING)
		object_bytes(o)[count] = 0;
	else
		for (size_t i = 0; i < count; i++)
			o->slots[i] = VALUE_NIL;
	return o;
}

// --- levels ----------------------------------------------------------------------------------------------------

// Blocks and large objects are numbered as they come, and a block is filled from its beginning: so what was made
// after a level began is behind these.
struct heap_level heap_level(const struct heap *h)
{
	const struct heap_block *b = h->blocks;

	return (struct heap_level){ b != NULL ? b->serial : 0, b != NULL ? b->used : 0, h->serial };
}

static void count_released(struct heap *h, size_t bytes)
{
	size_t fresh = bytes < h->fresh ? bytes : h->fresh;

	h->released += bytes;
	h->fresh -= fresh;
	h->made += fresh;
}

void heap_release(struct heap *h, struct heap_level to)
{
	struct heap_block *b;
	struct heap_large *l;

	while ((b = h->blocks) != NULL && b->serial > to.serial) {
		h->blocks = b->next;
		count_released(h, b->used);
		heap_give_back(h, b, h->block_bytes);
	}
	while ((l = h->large) != NULL && l->serial > to.serial) {
		h->large = l->next;
		count_released(h, object_units(&l->object) * HEAP_CELL_UNIT);
		heap_give_back(h, l, l->bytes);
	}
	if (b != NULL && b->serial == to.block && b->used > to.used) {
		count_released(h, b->used - to.used);
		b->used = to.used;
	}
	h->room[0] = b;
}

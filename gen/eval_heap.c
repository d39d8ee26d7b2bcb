// Small objects live in cells of blocks, one size for each block; large ones stand alone.
#include "eval_heap.h"

#include <stdlib.h>

#define BLOCK_BYTES (64U * 1024U)
#define THRESHOLD_LEAST ((size_t)4 * 1024 * 1024)

struct heap_block {
	struct heap_block *next;
	size_t cell_bytes;
	size_t used; // bytes of cells that were ever handed out
	char cells[];
};

#define CELLS_BYTES (BLOCK_BYTES - sizeof(struct heap_block))

struct heap_large {
	struct heap_large *next;
	size_t bytes;
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

void heap_init(struct heap *h, size_t limit, heap_roots roots, void *arg)
{
	*h = (struct heap){
		.limit = limit, .threshold = THRESHOLD_LEAST, .roots = roots, .arg = arg, .finalizers = VALUE_NIL
	};
}

void heap_deinit(struct heap *h)
{
	while (h->blocks != NULL) {
		struct heap_block *next = h->blocks->next;
		free(h->blocks);
		h->blocks = next;
	}
	while (h->large != NULL) {
		struct heap_large *next = h->large->next;
		free(h->large);
		h->large = next;
	}
}

// --- collecting ------------------------------------------------------------------------------------------------

// Bytes of the block's cells that live; its free cells are put in front of *free_cells.
static size_t sweep_block(struct heap_block *b, struct object **free_cells)
{
	size_t live = 0;

	for (size_t at = 0; at < b->used; at += b->cell_bytes) {
		struct object *o = (struct object *)(void *)(b->cells + at);
		if (o->marked) {
			o->marked = false;
			live += b->cell_bytes;
			continue;
		}
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
		struct object **list = &h->free[b->cell_bytes / HEAP_CELL_UNIT], *before = *list;
		size_t live = sweep_block(b, list);
		h->live += live;
		if (live > 0) {
			if (b->used + b->cell_bytes <= CELLS_BYTES)
				h->room[b->cell_bytes / HEAP_CELL_UNIT] = b;
			at = &b->next;
			continue;
		}
		*list = before;
		*at = b->next;
		free(b);
		h->bytes -= BLOCK_BYTES;
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
		h->bytes -= l->bytes;
		free(l);
	}
}

// The next one comes when as much was made as this one had to mark, so that collecting costs as much as making.
void heap_collect(struct heap *h)
{
	heap_mark_all(h);
	h->live = 0;
	sweep_blocks(h);
	sweep_large(h);
	h->collections++;
	h->fresh = 0;
	h->threshold = h->live + h->charged;
	if (h->threshold < THRESHOLD_LEAST)
		h->threshold = THRESHOLD_LEAST;
}

// --- making ----------------------------------------------------------------------------------------------------

static bool fits(const struct heap *h, size_t bytes)
{
	return h->bytes <= h->limit && bytes <= h->limit - h->bytes;
}

// Collects for want of room. A collection that finds next to nothing would be followed by another soon, and the
// limit by a crawl: so it is the end.
static bool make_room(struct heap *h, size_t bytes)
{
	size_t made = h->fresh;

	if (made < h->limit / 32 || bytes > h->limit)
		return false;
	heap_collect(h);
	return true;
}

static bool take(struct heap *h, size_t bytes)
{
	if (!fits(h, bytes) && !(make_room(h, bytes) && fits(h, bytes)))
		return false;
	h->bytes += bytes;
	if (h->bytes > h->peak)
		h->peak = h->bytes;
	return true;
}

// malloc within the limit; NULL with no_memory set as it must be.
static void *take_memory(struct heap *h, size_t bytes)
{
	void *m;

	if (!take(h, bytes))
		return NULL;
	m = malloc(bytes);
	if (m == NULL) {
		h->bytes -= bytes;
		h->no_memory = true;
	}
	return m;
}

bool heap_charge(struct heap *h, size_t bytes)
{
	if (!take(h, bytes))
		return false;
	h->charged += bytes;
	return true;
}

static struct heap_block *add_block(struct heap *h, size_t cell_bytes)
{
	struct heap_block *b = take_memory(h, BLOCK_BYTES);

	if (b == NULL)
		return NULL;
	b->next = h->blocks;
	b->cell_bytes = cell_bytes;
	b->used = 0;
	h->blocks = b;
	return b;
}

// From the free cells, else from the end of a block, else from a new block. Looking for room for one may collect,
// and so find free cells after all.
static struct object *new_small(struct heap *h, size_t units)
{
	size_t bytes = units * HEAP_CELL_UNIT;
	struct heap_block *b = h->room[units];
	struct object *o = h->free[units];

	if (o == NULL && (b == NULL || b->used + bytes > CELLS_BYTES)) {
		b = add_block(h, bytes);
		if (b != NULL)
			h->room[units] = b;
		o = h->free[units];
		if (b == NULL && o == NULL)
			return NULL;
	}
	if (o != NULL) {
		h->free[units] = o->link;
		return o;
	}
	o = (struct object *)(void *)(b->cells + b->used);
	b->used += bytes;
	return o;
}

static struct object *new_large(struct heap *h, size_t bytes)
{
	struct heap_large *l = take_memory(h, bytes + offsetof(struct heap_large, object));

	if (l == NULL)
		return NULL;
	l->bytes = bytes + offsetof(struct heap_large, object);
	l->next = h->large;
	h->large = l;
	return &l->object;
}

struct object *heap_new(struct heap *h, enum object_kind kind, size_t count)
{
	size_t each = kind == OBJECT_STRING ? 1 : sizeof(value), bytes, units;
	struct object *o;

	if (count > UINT32_MAX || count > h->limit / each)
		return NULL;
	bytes = offsetof(struct object, slots) + count * each;
	units = (bytes + HEAP_CELL_UNIT - 1) / HEAP_CELL_UNIT;
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
	if (kind != OBJECT_STRING)
		for (size_t i = 0; i < count; i++)
			o->slots[i] = VALUE_NIL;
	return o;
}

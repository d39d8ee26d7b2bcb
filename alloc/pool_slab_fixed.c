// The pool "slab-fixed": a slab allocator inside one region of a fixed size. The region is cut into runs of
// pages; a run is free, a slab of equal objects, or one large block. Neighbouring free runs are joined at once,
// so that a runtime's stack can double for as long as there is room.
//
// Beside the region, and not counted in its capacity, is one struct run for each page.
//
// The pool "slab-gc" is the same with a mark: a request that takes a page beyond it is denied once, so that the
// caller collects garbage and asks again.
#include "pool.h"
#include "size_class.h"
#include "slab_fixed.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE_SHIFT 12U
#define PAGE_BYTES (UINT64_C(1) << PAGE_SHIFT)
#define NONE UINT32_MAX
#define EXACT 32U // free runs shorter than this have a list for each length
#define LISTS 160U
#define LIST_WORDS ((LISTS + 63) / 64)

enum run_kind { RUN_FREE, RUN_SLAB, RUN_LARGE };

// The fields of a run are those of its first page; its last page has `kind`, `first` and `pages` too, and each
// page of a slab has `first`.
struct run {
	void *freed;    // slab: objects that were given back, linked through their first word
	uint32_t first; // index of the run's first page
	uint32_t pages;
	uint32_t next, prev; // free: runs of the same list; slab: slabs of the class with room; else NONE
	uint16_t used;       // slab: objects in use
	uint16_t fresh;      // slab: objects from here on were never handed out
	uint8_t kind;        // enum run_kind
	uint8_t size_class;  // slab
};

struct bin {
	struct run *room; // slabs with room, the one in use first; NULL: none
	uint32_t bytes;   // of one object
	uint16_t objects; // in one slab
	uint16_t pages;   // of one slab
};

struct slab_fixed {
	struct pool base;
	char *region;
	struct run *runs; // one for each page
	uint32_t page_count;
	struct bin bins[SIZE_CLASS_SMALL];
	uint8_t class_of[SIZE_CLASS_SMALL_MAX / 8 + 1]; // by (bytes + 7) / 8
	// slab-gc: the mark in bytes now, and as it was given; 0: none. When a collection has left more than the
	// mark, it is moved to the middle of what is free: closer to the end there are more collections, but never
	// one for each page.
	uint64_t mark, first_mark;
	enum pool_asks_again asks_again;
	bool collecting;             // denied at the mark, and not asked again yet
	uint32_t lists[LISTS];       // heads of the lists of free runs
	uint64_t filled[LIST_WORDS]; // which lists are not empty
};

static inline uint32_t index_of(const struct slab_fixed *s, const struct run *r)
{
	return (uint32_t)(r - s->runs);
}

static inline char *address_of(const struct slab_fixed *s, const struct run *r)
{
	return s->region + ((uint64_t)index_of(s, r) << PAGE_SHIFT);
}

static inline struct run *run_of(const struct slab_fixed *s, const void *block)
{
	uint64_t page = (uint64_t)((const char *)block - s->region) >> PAGE_SHIFT;
	return &s->runs[s->runs[page].first];
}

// -- free runs ----------------------------------------------------------------------------------------------

// One list for each length below EXACT pages, then four to a doubling.
static unsigned list_of(uint32_t pages)
{
	unsigned shift;

	if (pages < EXACT)
		return pages;
	shift = 31U - (unsigned)__builtin_clz(pages); // 5 and more
	return EXACT + (shift - 5) * 4 + ((pages >> (shift - 2)) & 3U);
}

static void list_add(struct slab_fixed *s, struct run *r)
{
	unsigned l = list_of(r->pages);
	uint32_t i = index_of(s, r);

	r->prev = NONE;
	r->next = s->lists[l];
	if (r->next != NONE)
		s->runs[r->next].prev = i;
	s->lists[l] = i;
	s->filled[l / 64] |= UINT64_C(1) << (l % 64);
}

static void list_remove(struct slab_fixed *s, struct run *r)
{
	unsigned l = list_of(r->pages);

	if (r->next != NONE)
		s->runs[r->next].prev = r->prev;
	if (r->prev != NONE)
		s->runs[r->prev].next = r->next;
	else
		s->lists[l] = r->next;
	if (s->lists[l] == NONE)
		s->filled[l / 64] &= ~(UINT64_C(1) << (l % 64));
}

// The head of the first list from `l` on that is not empty.
static struct run *list_first(struct slab_fixed *s, unsigned l)
{
	unsigned word = l / 64;
	uint64_t bits = word < LIST_WORDS ? s->filled[word] & (~UINT64_C(0) << (l % 64)) : 0;

	while (bits == 0 && ++word < LIST_WORDS)
		bits = s->filled[word];
	if (bits == 0)
		return NULL;
	return &s->runs[s->lists[word * 64 + (unsigned)__builtin_ctzll(bits)]];
}

// The shortest list that can have a fit is searched; every run of a later list fits.
static struct run *find_free(struct slab_fixed *s, uint32_t pages)
{
	unsigned l = list_of(pages);

	for (uint32_t i = s->lists[l]; i != NONE; i = s->runs[i].next)
		if (s->runs[i].pages >= pages)
			return &s->runs[i];
	return list_first(s, l + 1);
}

static void mark(struct slab_fixed *s, struct run *r, uint32_t pages, enum run_kind kind)
{
	uint32_t i = index_of(s, r);
	struct run *last = r + pages - 1;

	r->first = last->first = i;
	r->pages = last->pages = pages;
	r->kind = last->kind = (uint8_t)kind;
}

// Makes the pages a free run, joined with its free neighbours.
static void add_free(struct slab_fixed *s, struct run *r, uint32_t pages)
{
	uint32_t i = index_of(s, r);
	struct run *after = r + pages;

	if (i + pages < s->page_count && after->kind == RUN_FREE) {
		list_remove(s, after);
		pages += after->pages;
	}
	if (i > 0 && r[-1].kind == RUN_FREE) {
		r = &s->runs[r[-1].first];
		list_remove(s, r);
		pages += r->pages;
	}
	mark(s, r, pages, RUN_FREE);
	list_add(s, r);
}

static void count_pages(struct slab_fixed *s, int64_t pages)
{
	struct tele_pool *f = s->base.figures;

	f->used += (uint64_t)pages << PAGE_SHIFT;
	if (f->used > f->high_water)
		f->high_water = f->used;
}

static void free_run(struct slab_fixed *s, struct run *r)
{
	count_pages(s, -(int64_t)r->pages);
	add_free(s, r, r->pages);
	if (s->base.figures->used < s->first_mark / 4 * 3)
		s->mark = s->first_mark;
}

// Cuts `pages` off the front of a free run that is at least as long.
static void take_front(struct slab_fixed *s, struct run *r, uint32_t pages, enum run_kind kind)
{
	uint32_t rest = r->pages - pages;

	list_remove(s, r);
	mark(s, r, pages, kind);
	if (rest > 0) {
		mark(s, r + pages, rest, RUN_FREE);
		list_add(s, r + pages);
	}
	count_pages(s, pages);
}

static void room_push(struct slab_fixed *s, struct bin *b, struct run *r)
{
	r->prev = NONE;
	r->next = NONE;
	if (b->room != NULL) {
		r->next = index_of(s, b->room);
		b->room->prev = index_of(s, r);
	}
	b->room = r;
}

static void room_remove(struct slab_fixed *s, struct bin *b, struct run *r)
{
	if (r->next != NONE)
		s->runs[r->next].prev = r->prev;
	if (r->prev != NONE)
		s->runs[r->prev].next = r->next;
	else
		b->room = r->next != NONE ? &s->runs[r->next] : NULL;
}

// Each class may hold on to one empty slab, wherever in its list; when room is short they go.
static bool give_up_empty_slabs(struct slab_fixed *s)
{
	bool any = false;

	for (unsigned c = 0; c < SIZE_CLASS_SMALL; c++) {
		struct run *r = s->bins[c].room;

		while (r != NULL && r->used > 0)
			r = r->next != NONE ? &s->runs[r->next] : NULL;
		if (r == NULL)
			continue;
		room_remove(s, &s->bins[c], r);
		free_run(s, r);
		any = true;
	}
	return any;
}

static struct run *take_run(struct slab_fixed *s, uint64_t pages, enum run_kind kind)
{
	struct run *r;

	if (pages > s->page_count)
		return NULL;
	r = find_free(s, (uint32_t)pages);
	if (r == NULL && give_up_empty_slabs(s))
		r = find_free(s, (uint32_t)pages);
	if (r != NULL)
		take_front(s, r, (uint32_t)pages, kind);
	return r;
}

// -- the mark -----------------------------------------------------------------------------------------------

static void move_mark(struct slab_fixed *s)
{
	const struct tele_pool *f = s->base.figures;

	s->collecting = false;
	s->mark = s->first_mark;
	if (f->used >= s->first_mark)
		s->mark = f->used + (f->capacity - f->used) / 2;
}

// Whether a fresh request that takes so many pages is to be denied for a collection's sake.
static bool passes_mark(struct slab_fixed *s, uint64_t pages)
{
	if (s->first_mark == 0)
		return false;
	if (s->collecting) {
		move_mark(s);
		return false;
	}
	if (s->base.figures->used + (pages << PAGE_SHIFT) <= s->mark || !pool_may_press(&s->base))
		return false;
	s->collecting = true;
	s->base.at_mark++;
	return true;
}

// -- slabs --------------------------------------------------------------------------------------------------

static struct run *add_slab(struct slab_fixed *s, unsigned size_class)
{
	struct bin *b = &s->bins[size_class];
	struct run *r = take_run(s, b->pages, RUN_SLAB);

	if (r == NULL)
		return NULL;
	for (uint32_t i = 1; i < b->pages; i++)
		r[i].first = r->first;
	r->freed = NULL;
	r->used = 0;
	r->fresh = 0;
	r->size_class = (uint8_t)size_class;
	room_push(s, b, r);
	return r;
}

static inline void *take_object(struct slab_fixed *s, size_t bytes, bool again)
{
	unsigned size_class = s->class_of[(bytes + 7) / 8];
	struct bin *b = &s->bins[size_class];
	struct run *r = b->room;
	void *object;

	if (__builtin_expect(r == NULL, 0) &&
	    ((again && passes_mark(s, b->pages)) || (r = add_slab(s, size_class)) == NULL))
		return NULL;
	object = r->freed;
	if (object != NULL)
		r->freed = *(void **)object;
	else
		object = address_of(s, r) + (uint64_t)r->fresh++ * b->bytes;
	if (++r->used == b->objects)
		room_remove(s, b, r);
	return object;
}

static inline void put_object(struct slab_fixed *s, struct run *r, void *object)
{
	struct bin *b = &s->bins[r->size_class];

	*(void **)object = r->freed;
	r->freed = object;
	if (r->used-- == b->objects)
		room_push(s, b, r);
	if (__builtin_expect(r->used == 0, 0) && (b->room != r || r->next != NONE)) {
		room_remove(s, b, r);
		free_run(s, r);
	}
}

// -- the interface ------------------------------------------------------------------------------------------

static inline uint64_t pages_for(uint64_t bytes)
{
	return (bytes >> PAGE_SHIFT) + ((bytes & (PAGE_BYTES - 1)) != 0);
}

// `again`: a denial will be asked again, so it may be for the mark's sake.
static void *take_block(struct slab_fixed *s, size_t bytes, bool again)
{
	struct run *r;

	if (__builtin_expect(bytes <= SIZE_CLASS_SMALL_MAX, 1))
		return take_object(s, bytes, again);
	if (again && passes_mark(s, pages_for(bytes)))
		return NULL;
	r = take_run(s, pages_for(bytes), RUN_LARGE);
	return r != NULL ? address_of(s, r) : NULL;
}

static void put_block(struct slab_fixed *s, void *block)
{
	struct run *r = run_of(s, block);

	if (__builtin_expect(r->kind == RUN_SLAB, 1))
		put_object(s, r, block);
	else
		free_run(s, r);
}

// Gives the tail of a large block back, or lengthens it into the free run behind it.
static bool resize_in_place(struct slab_fixed *s, struct run *r, uint64_t pages)
{
	struct run *after = r + r->pages;
	uint32_t old = r->pages;

	if (pages < old) {
		mark(s, r, (uint32_t)pages, RUN_LARGE);
		add_free(s, r + pages, old - (uint32_t)pages);
		count_pages(s, (int64_t)pages - (int64_t)old);
	} else if (pages > old) {
		if (index_of(s, after) >= s->page_count || after->kind != RUN_FREE || after->pages < pages - old)
			return false;
		take_front(s, after, (uint32_t)pages - old, RUN_LARGE);
		mark(s, r, (uint32_t)pages, RUN_LARGE);
	}
	return true;
}

static bool stays(struct slab_fixed *s, struct run *r, size_t new_bytes)
{
	if (r->kind == RUN_SLAB)
		return new_bytes <= SIZE_CLASS_SMALL_MAX && s->class_of[(new_bytes + 7) / 8] == r->size_class;
	return new_bytes > SIZE_CLASS_SMALL_MAX && resize_in_place(s, r, pages_for(new_bytes));
}

// There was no room to move to. Making smaller must not fail all the same.
static bool stays_after_all(struct slab_fixed *s, struct run *r, size_t new_bytes)
{
	uint64_t has = r->kind == RUN_SLAB ? s->bins[r->size_class].bytes : (uint64_t)r->pages << PAGE_SHIFT;

	if (new_bytes > has)
		return false;
	return r->kind == RUN_SLAB || resize_in_place(s, r, pages_for(new_bytes));
}

static void *move_block(struct slab_fixed *s, void *block, size_t old_bytes, size_t new_bytes)
{
	struct run *r = run_of(s, block);
	void *fresh;

	if (stays(s, r, new_bytes)) {
		if (new_bytes > old_bytes)
			s->base.in_a_row = 0;
		return block;
	}
	fresh = take_block(s, new_bytes, false);
	if (fresh == NULL)
		return stays_after_all(s, r, new_bytes) ? block : pool_deny(&s->base, new_bytes);
	memcpy(fresh, block, old_bytes < new_bytes ? old_bytes : new_bytes);
	put_block(s, block);
	s->base.figures->acquires++;
	s->base.figures->releases++;
	return fresh;
}

// Of a request for a new block.
static inline bool is_asked_again(const struct slab_fixed *s, size_t old_bytes)
{
	return s->asks_again == POOL_ASKS_ALWAYS || (s->asks_again == POOL_ASKS_FOR_OBJECTS && old_bytes != 0);
}

static void *slab_fixed_resize(void *pool, void *block, size_t old_bytes, size_t new_bytes)
{
	struct slab_fixed *s = pool;
	void *fresh;

	if (new_bytes == 0) {
		if (block != NULL) {
			put_block(s, block);
			s->base.figures->releases++;
		}
		return NULL;
	}
	if (block != NULL)
		return move_block(s, block, old_bytes, new_bytes);
	fresh = take_block(s, new_bytes, is_asked_again(s, old_bytes));
	if (__builtin_expect(fresh == NULL, 0))
		return pool_deny(&s->base, new_bytes);
	s->base.figures->acquires++;
	return fresh;
}

// The shortest slab that wastes at most a sixteenth behind its last object.
static uint16_t slab_pages(uint64_t object_bytes)
{
	uint64_t pages = 1;

	while ((pages << PAGE_SHIFT) % object_bytes * 16 > pages << PAGE_SHIFT)
		pages++;
	return (uint16_t)pages;
}

static void init_bins(struct slab_fixed *s)
{
	for (unsigned c = 0; c < SIZE_CLASS_SMALL; c++) {
		struct bin *b = &s->bins[c];

		b->bytes = (uint32_t)size_class_bytes(c);
		b->pages = slab_pages(b->bytes);
		b->objects = (uint16_t)(((uint64_t)b->pages << PAGE_SHIFT) / b->bytes);
	}
	for (uint64_t i = 1; i <= SIZE_CLASS_SMALL_MAX / 8; i++)
		s->class_of[i] = (uint8_t)size_class_of(i * 8);
	for (unsigned l = 0; l < LISTS; l++)
		s->lists[l] = NONE;
}

static void *map_bytes(uint64_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

static void slab_fixed_close(struct pool *p)
{
	struct slab_fixed *s = (struct slab_fixed *)p;

	if (s->region != NULL)
		munmap(s->region, (uint64_t)s->page_count << PAGE_SHIFT);
	if (s->runs != NULL)
		munmap(s->runs, (uint64_t)s->page_count * sizeof *s->runs);
	free(s);
}

static int open_region(const struct pool_config *c, struct pool **out, struct err *e)
{
	uint64_t pages = pages_for(c->capacity_bytes);
	struct slab_fixed *s;

	if (pages >= NONE)
		return err_set(e, EINVAL, "a capacity of %llu bytes is too large for a slab: at most 16T",
		               (unsigned long long)c->capacity_bytes);
	s = calloc(1, sizeof *s);
	if (s == NULL)
		return err_set(e, ENOMEM, "the slab's bookkeeping: out of memory");
	s->page_count = (uint32_t)pages;
	s->region = map_bytes(pages << PAGE_SHIFT);
	s->runs = map_bytes(pages * sizeof *s->runs);
	if (s->region == NULL || s->runs == NULL) {
		slab_fixed_close(&s->base);
		return err_set(e, ENOMEM, "a slab of %llu bytes: the system does not set that much aside",
		               (unsigned long long)(pages << PAGE_SHIFT));
	}
	init_bins(s);
	mark(s, s->runs, s->page_count, RUN_FREE);
	list_add(s, s->runs);
	s->base.own.unit_bytes = 1;
	s->base.own.capacity = pages << PAGE_SHIFT;
	*out = &s->base;
	return 0;
}

static int slab_gc_open(const struct pool_config *c, struct pool **out, struct err *e)
{
	int rc = open_region(c, out, e);
	struct slab_fixed *s;

	if (rc < 0)
		return rc;
	s = (struct slab_fixed *)*out;
	s->first_mark = s->mark = s->base.own.capacity / 100 * c->mark_percent;
	s->asks_again = c->asks_again;
	return 0;
}

bool slab_fixed_has(const struct pool *p, const void *block)
{
	const struct slab_fixed *s = (const struct slab_fixed *)p;

	return (uintptr_t)block - (uintptr_t)s->region < (uint64_t)s->page_count << PAGE_SHIFT;
}

const struct pool_policy pool_slab_fixed = {
	.name = "slab-fixed",
	.summary = "slabs and runs of pages in one region of a fixed size",
	.min_capacity = PAGE_BYTES,
	.resize = slab_fixed_resize,
	.open = open_region,
	.close = slab_fixed_close,
};

const struct pool_policy pool_slab_gc = {
	.name = "slab-gc",
	.summary = "slab-fixed, with a collection when more than a mark is in use",
	.min_capacity = PAGE_BYTES,
	.takes_mark = true,
	.resize = slab_fixed_resize,
	.open = slab_gc_open,
	.close = slab_fixed_close,
};

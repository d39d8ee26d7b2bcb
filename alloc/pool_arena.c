// The pool "arena": blocks lie one behind the other in chunks of one region. What is given back is dead, but takes
// room until its whole chunk is: so nothing is searched for and nothing joined, and a chunk goes as a whole. Each
// generation (from one collection to the next) fills chunks of its own, so that what dies together lies together.
//
// Beside the region, and not counted in its capacity, is one struct chunk for each chunk.
#include "pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CHUNK_MIN UINT64_C(4096)
#define CHUNK_MAX UINT64_C(65536)
#define CHUNKS 256U // aimed at; small regions have smaller chunks
#define BIG_PART 4U // a block of more than this part of a chunk has chunks of its own
#define ALIGN UINT64_C(16)

struct chunk {
	uint32_t live;  // blocks in it that are not dead; 0: free, unless it is being filled
	uint32_t first; // index of the chunk where the block begins that reaches into this one
	uint32_t span;  // of a block's first chunk: how many it takes; 1 for those that are filled with small ones
};

struct arena_pool {
	struct pool base;
	char *region;
	struct chunk *chunks;
	uint32_t count, chunk_bytes, next; // next: where the search for a free one begins
	uint32_t filling;                  // the chunk that is being filled; `count`: none
	uint32_t fill;                     // bytes taken of it
	char *last;                        // the block that was taken last from it; only that can grow in place
};

static uint64_t round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

static void count_chunks(struct arena_pool *a, int64_t chunks)
{
	struct tele_pool *f = a->base.figures;

	f->used += (uint64_t)chunks * a->chunk_bytes;
	if (f->used > f->high_water)
		f->high_water = f->used;
}

static bool is_free(const struct arena_pool *a, uint32_t i)
{
	return a->chunks[i].span == 0;
}

// The first of `span` free chunks in a row, from `from` up to `to`; `count` when there are none.
static uint32_t find_span(const struct arena_pool *a, uint32_t from, uint32_t to, uint32_t span)
{
	uint32_t run = 0;

	for (uint32_t i = from; i < to; i++) {
		run = is_free(a, i) ? run + 1 : 0;
		if (run == span)
			return i + 1 - span;
	}
	return a->count;
}

// Sets a span aside; `count` when there is no room.
static uint32_t take_span(struct arena_pool *a, uint32_t span)
{
	uint32_t at = find_span(a, a->next, a->count, span);

	if (at == a->count)
		at = find_span(a, 0, a->count, span);
	if (at == a->count)
		return at;
	for (uint32_t i = 0; i < span; i++)
		a->chunks[at + i] = (struct chunk){ .first = at, .span = span };
	a->next = at + span < a->count ? at + span : 0;
	count_chunks(a, span);
	return at;
}

static void free_span(struct arena_pool *a, uint32_t at)
{
	uint32_t span = a->chunks[at].span;

	memset(&a->chunks[at], 0, span * sizeof a->chunks[at]);
	count_chunks(a, -(int64_t)span);
}

static char *address_of(const struct arena_pool *a, uint32_t chunk)
{
	return a->region + (uint64_t)chunk * a->chunk_bytes;
}

static uint32_t first_chunk(const struct arena_pool *a, const void *block)
{
	uint64_t i = (uint64_t)((const char *)block - a->region) / a->chunk_bytes;
	return a->chunks[i].first;
}

// No more is taken from the chunk that is being filled.
static void close_chunk(struct arena_pool *a)
{
	uint32_t at = a->filling;

	a->filling = a->count;
	a->last = NULL;
	if (at < a->count && a->chunks[at].live == 0)
		free_span(a, at);
}

static void *take_small(struct arena_pool *a, uint64_t bytes)
{
	if (a->filling == a->count || a->fill + bytes > a->chunk_bytes) {
		close_chunk(a);
		a->filling = take_span(a, 1);
		a->fill = 0;
		if (a->filling == a->count)
			return NULL;
	}
	a->last = address_of(a, a->filling) + a->fill;
	a->fill += (uint32_t)bytes;
	a->chunks[a->filling].live++;
	return a->last;
}

static bool is_big(const struct arena_pool *a, uint64_t bytes)
{
	return bytes > a->chunk_bytes / BIG_PART;
}

static uint64_t chunks_for(const struct arena_pool *a, uint64_t bytes)
{
	return bytes / a->chunk_bytes + (bytes % a->chunk_bytes != 0);
}

static void *take(struct arena_pool *a, size_t bytes)
{
	uint64_t span = chunks_for(a, bytes);
	uint32_t at;

	if (!is_big(a, bytes))
		return take_small(a, round_up(bytes, ALIGN));
	at = span <= a->count ? take_span(a, (uint32_t)span) : a->count;
	if (at == a->count)
		return NULL;
	a->chunks[at].live = 1;
	return address_of(a, at);
}

static void give(struct arena_pool *a, const void *block)
{
	uint32_t at = first_chunk(a, block);

	if (--a->chunks[at].live == 0 && at != a->filling)
		free_span(a, at);
}

// A block with chunks of its own, where it is: true when it holds `bytes` then. The tail is given back.
static bool big_stays(struct arena_pool *a, uint32_t at, uint64_t bytes)
{
	uint32_t had = a->chunks[at].span;
	uint64_t span = chunks_for(a, bytes);

	if (span > had)
		return false;
	if (span < had) {
		a->chunks[at].span = (uint32_t)span;
		memset(&a->chunks[at + span], 0, (had - span) * sizeof a->chunks[at]);
		count_chunks(a, (int64_t)span - (int64_t)had);
	}
	return true;
}

// The block that was taken last grows where it is, while there is room in its chunk.
static bool last_stays(struct arena_pool *a, uint64_t bytes)
{
	uint64_t end = (uint64_t)(a->last - address_of(a, a->filling)) + round_up(bytes, ALIGN);

	if (is_big(a, bytes) || end > a->chunk_bytes)
		return false;
	a->fill = (uint32_t)end;
	return true;
}

static bool stays(struct arena_pool *a, const char *block, size_t old_bytes, size_t new_bytes)
{
	if (is_big(a, old_bytes))
		return is_big(a, new_bytes) && big_stays(a, first_chunk(a, block), new_bytes);
	if (new_bytes <= old_bytes)
		return true;
	return block == a->last && last_stays(a, new_bytes);
}

static void *move(struct arena_pool *a, void *block, size_t old_bytes, size_t new_bytes)
{
	void *fresh = take(a, new_bytes);

	if (fresh == NULL) // making smaller must not fail
		return new_bytes <= old_bytes ? block : pool_deny(&a->base, new_bytes);
	memcpy(fresh, block, old_bytes < new_bytes ? old_bytes : new_bytes);
	give(a, block);
	a->base.figures->acquires++;
	a->base.figures->releases++;
	return fresh;
}

static void *arena_resize(void *pool, void *block, size_t old_bytes, size_t new_bytes)
{
	struct arena_pool *a = pool;
	void *fresh;

	if (new_bytes == 0) {
		if (block != NULL) {
			give(a, block);
			a->base.figures->releases++;
		}
		return NULL;
	}
	if (block != NULL) {
		if (!stays(a, block, old_bytes, new_bytes))
			return move(a, block, old_bytes, new_bytes);
		if (new_bytes > old_bytes)
			a->base.in_a_row = 0;
		return block;
	}
	fresh = take(a, new_bytes);
	if (fresh == NULL)
		return pool_deny(&a->base, new_bytes);
	a->base.figures->acquires++;
	return fresh;
}

static void arena_collected(struct pool *p)
{
	close_chunk((struct arena_pool *)p);
}

static void arena_close(struct pool *p)
{
	struct arena_pool *a = (struct arena_pool *)p;

	if (a->region != NULL)
		munmap(a->region, (uint64_t)a->count * a->chunk_bytes);
	free(a->chunks);
	free(a);
}

static uint64_t choose_chunk(uint64_t capacity)
{
	uint64_t bytes = CHUNK_MIN;

	while (bytes < CHUNK_MAX && bytes * CHUNKS < capacity)
		bytes *= 2;
	return bytes;
}

static int arena_open(const struct pool_config *c, struct pool **out, struct err *e)
{
	uint64_t chunk_bytes = choose_chunk(c->capacity_bytes);
	uint64_t count = c->capacity_bytes / chunk_bytes + (c->capacity_bytes % chunk_bytes != 0);
	struct arena_pool *a;
	void *region;

	if (count >= UINT32_MAX)
		return err_set(e, EINVAL, "a capacity of %llu bytes is too large for an arena: at most 256T",
		               (unsigned long long)c->capacity_bytes);
	a = calloc(1, sizeof *a);
	if (a == NULL)
		return err_set(e, ENOMEM, "pool 'arena': out of memory");
	a->chunks = calloc(count, sizeof *a->chunks);
	region = mmap(NULL, count * chunk_bytes, PROT_READ | PROT_WRITE,
	              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	a->region = region != MAP_FAILED ? region : NULL;
	a->chunk_bytes = (uint32_t)chunk_bytes;
	a->count = a->filling = (uint32_t)count;
	if (a->chunks == NULL || a->region == NULL) {
		arena_close(&a->base);
		return err_set(e, ENOMEM, "an arena of %llu bytes: the system does not set that much aside",
		               (unsigned long long)(count * chunk_bytes));
	}
	a->base.own.unit_bytes = 1;
	a->base.own.capacity = count * chunk_bytes;
	*out = &a->base;
	return 0;
}

const struct pool_policy pool_arena = {
	.name = "arena",
	.summary = "chunks by generation, each freed when all in it is dead",
	.min_capacity = CHUNK_MIN,
	.resize = arena_resize,
	.open = arena_open,
	.close = arena_close,
	.collected = arena_collected,
};

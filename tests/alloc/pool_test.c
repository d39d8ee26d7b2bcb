// The pools' common rules, and slab-fixed against a shadow of what it handed out.
#include "harness.h"
#include "pool.h"
#include "rng.h"
#include "size_class.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 4096U

static struct pool *open_slab(uint64_t capacity, const struct pool_config *extra)
{
	struct pool_config c = extra != NULL ? *extra : (struct pool_config){ 0 };
	struct pool *p = NULL;
	struct err e = { 0 };

	c.capacity_bytes = capacity;
	if (pool_open(pool_policy_find("slab-fixed", NULL), &c, &p, &e) < 0)
		fail_msg("%s", e.text);
	return p;
}

static void *take(struct pool *p, size_t bytes)
{
	return pool_resize(p, NULL, 0, bytes);
}

static void give(struct pool *p, void *block, size_t bytes)
{
	assert_null(pool_resize(p, block, bytes, 0));
}

CASE("size_class: every size is served by the smallest class that holds it")
{
	for (uint64_t bytes = 1; bytes <= 100000; bytes++) {
		unsigned c = size_class_of(bytes);

		assert_true(size_class_bytes(c) >= bytes);
		assert_true(c == 0 || size_class_bytes(c - 1) < bytes);
	}
	assert_int_equal(size_class_bytes(SIZE_CLASS_SMALL - 1), SIZE_CLASS_SMALL_MAX);
}

CASE("size_class: at most a quarter is lost above 128 bytes")
{
	for (uint64_t bytes = 129; bytes <= 1000000; bytes += 7)
		assert_true((size_class_bytes(size_class_of(bytes)) - bytes) * 4 <= bytes);
}

// -- random operations against a shadow ---------------------------------------------------------------------

#define CAPACITY (1024U * 1024U)
#define BLOCKS 4096U

struct block {
	unsigned char *at;
	size_t bytes;
	unsigned char fill;
};

struct shadow {
	struct pool *pool;
	unsigned char *base;           // the region
	unsigned char taken[CAPACITY]; // 1 for every byte that is somebody's
	struct block blocks[BLOCKS];
	struct rng rng;
	uint64_t denied;
};

static void shadow_take(struct shadow *s, struct block *b)
{
	size_t offset = (size_t)(b->at - s->base);

	assert_true(offset + b->bytes <= CAPACITY);
	assert_int_equal((uintptr_t)b->at % (b->bytes > 8 ? 16 : 8), 0);
	for (size_t i = 0; i < b->bytes; i++)
		assert_int_equal(s->taken[offset + i], 0);
	memset(s->taken + offset, 1, b->bytes);
	memset(b->at, b->fill, b->bytes);
}

static void shadow_check(const struct block *b, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		assert_int_equal(b->at[i], b->fill);
}

static void shadow_give(struct shadow *s, const struct block *b)
{
	shadow_check(b, b->bytes);
	memset(s->taken + (b->at - s->base), 0, b->bytes);
}

// Mostly small, now and then pages, seldom much.
static size_t random_size(struct rng *r)
{
	uint64_t kind = rng_below(r, 100);

	return 1 + (size_t)rng_below(r, kind < 80 ? 200 : kind < 95 ? 5000 : kind < 99 ? 40000 : 400000);
}

static void shadow_resize(struct shadow *s, struct block *b, size_t bytes)
{
	unsigned char *fresh;
	size_t kept = b->bytes < bytes ? b->bytes : bytes;

	shadow_give(s, b);
	fresh = pool_resize(s->pool, b->at, b->bytes, bytes);
	if (fresh == NULL) {
		assert_true(bytes > b->bytes);
		s->denied++;
		shadow_check(b, b->bytes);
		bytes = b->bytes;
	} else {
		b->at = fresh;
		shadow_check(b, kept);
	}
	b->bytes = bytes;
	shadow_take(s, b);
}

static void shadow_step(struct shadow *s)
{
	struct block *b = &s->blocks[rng_below(&s->rng, BLOCKS)];

	if (b->at == NULL) {
		b->bytes = random_size(&s->rng);
		b->fill = (unsigned char)rng_below(&s->rng, 256);
		b->at = take(s->pool, b->bytes);
		if (b->at != NULL)
			shadow_take(s, b);
		else
			s->denied++;
	} else if (rng_below(&s->rng, 3) == 0) {
		shadow_resize(s, b, random_size(&s->rng));
	} else {
		shadow_give(s, b);
		give(s->pool, b->at, b->bytes);
		b->at = NULL;
	}
}

CASE("slab-fixed: blocks never overlap and keep their content over random operations, full or not")
{
	struct shadow *s = calloc(1, sizeof *s);
	uint64_t acquires, releases;

	assert_non_null(s);
	rng_init(&s->rng, 42);
	s->pool = open_slab(CAPACITY, NULL);
	s->base = take(s->pool, CAPACITY);
	assert_non_null(s->base);
	give(s->pool, s->base, CAPACITY);
	for (int i = 0; i < 100000; i++)
		shadow_step(s);
	assert_true(s->denied > 100); // it was full now and then, or this has tried nothing
	for (size_t i = 0; i < BLOCKS; i++)
		if (s->blocks[i].at != NULL) {
			shadow_give(s, &s->blocks[i]);
			give(s->pool, s->blocks[i].at, s->blocks[i].bytes);
		}
	acquires = s->pool->figures->acquires;
	releases = s->pool->figures->releases;
	assert_int_equal(acquires, releases);
	assert_int_equal(s->denied, s->pool->figures->exhausted);
	// Nothing is left behind: the region is one free run again.
	assert_ptr_equal(take(s->pool, CAPACITY), s->base);
	assert_int_equal(s->pool->figures->used, CAPACITY);
	pool_close(s->pool);
	free(s);
}

// -- single rules -------------------------------------------------------------------------------------------

CASE("slab-fixed: refuses at its capacity and grants again when something came back")
{
	struct pool *p = open_slab(16 * PAGE, NULL);
	void *pages[16];

	for (int i = 0; i < 16; i++)
		assert_non_null(pages[i] = take(p, PAGE));
	assert_null(take(p, PAGE));
	assert_null(take(p, 1));
	assert_int_equal(p->figures->exhausted, 2);
	assert_int_equal(p->figures->request_bytes, PAGE);
	assert_true(p->figures->exhausted_ns > 0);
	assert_int_equal(p->figures->used, 16 * PAGE);
	assert_int_equal(p->figures->high_water, 16 * PAGE);
	give(p, pages[7], PAGE);
	assert_ptr_equal(take(p, 1), pages[7]);
	pool_close(p);
}

CASE("slab-fixed: a slab holds as many objects as fit, and no more than that are handed out")
{
	struct pool *p = open_slab(PAGE, NULL);
	unsigned n = 0;

	while (take(p, 64) != NULL)
		n++;
	assert_int_equal(n, PAGE / 64);
	pool_close(p);
}

CASE("slab-fixed: neighbouring free runs are joined whatever the order of freeing")
{
	enum { COUNT = 256 };
	struct pool *p = open_slab(COUNT * PAGE, NULL);
	void *pages[COUNT];
	struct rng r;

	rng_init(&r, 7);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < COUNT; i++)
			assert_non_null(pages[i] = take(p, PAGE));
		for (int left = COUNT; left > 0; left--) {
			uint64_t i = rng_below(&r, (uint64_t)left);

			give(p, pages[i], PAGE);
			pages[i] = pages[left - 1];
		}
		pages[0] = take(p, COUNT * PAGE);
		assert_non_null(pages[0]);
		give(p, pages[0], COUNT * PAGE);
	}
	assert_int_equal(p->figures->used, 0);
	pool_close(p);
}

CASE("slab-fixed: an empty slab's pages are given up wherever it stands in its class when room is short")
{
	struct pool *p = open_slab(16 * PAGE, NULL);
	void *full[PAGE / 8], *lone, *large;

	for (size_t i = 0; i < PAGE / 8; i++)
		full[i] = take(p, 8);
	lone = take(p, 8);   // a second slab,
	give(p, lone, 8);    // now empty,
	give(p, full[0], 8); // and behind the first, which has room again
	large = take(p, 15 * PAGE);
	assert_non_null(large);
	assert_int_equal(p->figures->exhausted, 0);
	pool_close(p);
}

CASE("slab-fixed: a large block grows where it is when there is room behind it")
{
	struct pool *p = open_slab(64 * PAGE, NULL);
	char *block = take(p, 8 * PAGE);

	memset(block, 'x', 8 * PAGE);
	assert_ptr_equal(pool_resize(p, block, 8 * PAGE, 64 * PAGE), block);
	assert_int_equal(block[8 * PAGE - 1], 'x');
	assert_int_equal(p->figures->used, 64 * PAGE);
	assert_ptr_equal(pool_resize(p, block, 64 * PAGE, PAGE), block);
	assert_int_equal(p->figures->used, PAGE);
	assert_int_equal(p->figures->high_water, 64 * PAGE);
	pool_close(p);
}

CASE("slab-fixed: making smaller does not fail in a full slab")
{
	struct pool *p = open_slab(6 * PAGE, NULL);
	char *large = take(p, 3 * PAGE);
	char *small = take(p, 3000); // of a slab of three pages

	memset(large, 'l', 3 * PAGE);
	memset(small, 's', 3000);
	assert_null(take(p, 100));
	assert_ptr_equal(pool_resize(p, small, 3000, 10), small);
	assert_int_equal(small[9], 's');
	large = pool_resize(p, large, 3 * PAGE, 5);
	assert_non_null(large);
	assert_memory_equal(large, "lllll", 5);
	// The sizes that are told from now on are not those of their classes: still all comes back.
	give(p, small, 10);
	give(p, large, 5);
	assert_non_null(take(p, 6 * PAGE));
	pool_close(p);
}

CASE("slab-fixed: requests beyond any capacity are refused")
{
	struct pool *p = open_slab(PAGE, NULL);

	assert_null(take(p, SIZE_MAX));
	assert_null(take(p, (size_t)1 << 47));
	assert_null(take(p, PAGE + 1));
	assert_non_null(take(p, PAGE));
	pool_close(p);
}

// -- denials ------------------------------------------------------------------------------------------------

static void note_exhausted(void *arg, struct tele_pool *figures)
{
	uint64_t *seen = arg;

	assert_int_equal(figures->exhausted, seen[0] + 1);
	assert_int_equal(figures->used, figures->capacity);
	seen[0] = figures->exhausted;
}

CASE("pool: a denial that is followed by another without a grant in between is exhaustion, the first is not")
{
	uint64_t seen[1] = { 0 };
	struct pool_config c = { .forgiven = 1, .exhausted = note_exhausted, .arg = seen };
	struct pool *p = open_slab(2 * PAGE, &c);
	void *a = take(p, PAGE), *b = take(p, PAGE);

	assert_null(take(p, PAGE));
	give(p, a, PAGE);
	assert_non_null(a = take(p, PAGE)); // the collection helped
	assert_null(take(p, PAGE));
	assert_int_equal(seen[0], 0);
	assert_int_equal(p->pressed, 2);
	assert_null(take(p, PAGE));
	assert_int_equal(seen[0], 1);
	assert_null(take(p, PAGE));
	assert_null(take(p, PAGE));
	assert_int_equal(seen[0], 2);
	give(p, b, PAGE);
	pool_close(p);
}

CASE("pool: a growth in place counts as a grant")
{
	uint64_t seen[1] = { 0 };
	struct pool_config c = { .forgiven = 1, .exhausted = note_exhausted, .arg = seen };
	struct pool *p = open_slab(3 * PAGE, &c);
	void *a = take(p, PAGE), *b = take(p, 2 * PAGE);

	assert_null(take(p, PAGE));
	give(p, b, 2 * PAGE);
	assert_ptr_equal(pool_resize(p, a, PAGE, 3 * PAGE), a);
	assert_null(take(p, PAGE));
	assert_int_equal(seen[0], 0);
	pool_close(p);
}

CASE("pool: a caller that gives up after a forgiven denial has exhausted it after all")
{
	struct pool_config c = { .forgiven = 1 };
	struct pool *p = open_slab(PAGE, &c);

	pool_gave_up(p);
	assert_int_equal(p->figures->exhausted, 0);
	assert_null(take(p, 5000));
	pool_gave_up(p);
	pool_gave_up(p);
	assert_int_equal(p->figures->exhausted, 1);
	assert_int_equal(p->figures->request_bytes, 5000);
	assert_int_equal(p->pressed, 0);
	pool_close(p);
}

// -- opening ------------------------------------------------------------------------------------------------

CASE("pool: figures are counted where the caller wants them, under the name it gives")
{
	struct tele_pool *figures = calloc(1, sizeof *figures);
	struct pool_config c = { .name = "test slab", .figures = figures };
	struct pool *p = open_slab(10000, &c);
	void *block = take(p, 24);

	assert_string_equal(figures->name, "test slab");
	assert_int_equal(figures->unit_bytes, 1);
	assert_int_equal(figures->capacity, 3 * PAGE); // rounded up to pages
	assert_int_equal(figures->used, PAGE);
	give(p, block, 24);
	assert_int_equal(figures->acquires, 1);
	assert_int_equal(figures->releases, 1);
	pool_close(p);
	assert_int_equal(figures->high_water, PAGE); // outlives the pool
	free(figures);
}

CASE("pool: malloc counts bytes as they were asked for and keeps content")
{
	struct pool_config c = { 0 };
	struct pool *p = NULL;
	char *block;

	assert_int_equal(pool_open(pool_policy_find("malloc", NULL), &c, &p, NULL), 0);
	block = take(p, 100);
	memset(block, 'm', 100);
	block = pool_resize(p, block, 100, 100000);
	assert_int_equal(block[99], 'm');
	assert_int_equal(p->figures->used, 100000);
	block = pool_resize(p, block, 100000, 10);
	assert_int_equal(p->figures->used, 10);
	assert_int_equal(p->figures->high_water, 100000);
	assert_int_equal(p->figures->capacity, 0);
	give(p, block, 10);
	give(p, NULL, 0);
	assert_int_equal(p->figures->used, 0);
	assert_int_equal(p->figures->acquires, 1);
	assert_int_equal(p->figures->releases, 1);
	pool_close(p);
}

static void assert_refused(const char *policy, uint64_t capacity, const char *why)
{
	struct pool_config c = { .capacity_bytes = capacity };
	struct pool *p = NULL;
	struct err e = { 0 };

	assert_int_equal(pool_open(pool_policy_find(policy, NULL), &c, &p, &e), -EINVAL);
	assert_null(p);
	if (strstr(e.text, why) == NULL)
		fail_msg("'%s' does not say '%s'", e.text, why);
}

CASE("pool: capacities that make no sense are refused in words")
{
	assert_refused("slab-fixed", 0, "needs a capacity");
	assert_refused("slab-fixed", 100, "too small");
	assert_refused("slab-fixed", UINT64_MAX, "too large");
	assert_refused("malloc", 4096, "takes no capacity");
}

CASE("pool: an unknown policy is refused with the names there are")
{
	struct err e = { 0 };

	assert_null(pool_policy_find("slab", &e));
	assert_non_null(strstr(e.text, "slab-fixed"));
	assert_non_null(strstr(e.text, "malloc"));
	// This test is not linked with jemalloc: the reason is another than a wrong name.
	e = (struct err){ 0 };
	assert_null(pool_policy_find("jemalloc", &e));
	assert_non_null(strstr(e.text, "libjemalloc-dev"));
}

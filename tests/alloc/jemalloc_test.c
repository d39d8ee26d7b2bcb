// The pool "jemalloc" uses jemalloc, and nobody else in the program does.
#include "harness.h"
#include "pool.h"
#include "pool_walk.h"

#include <stdlib.h>
#include <string.h>

#ifdef SG_NO_JEMALLOC

// Never called: open_jemalloc skips the case.
static int mallctl(const char *name, void *old, size_t *old_size, void *fresh, size_t fresh_size)
{
	(void)name, (void)old, (void)old_size, (void)fresh, (void)fresh_size;
	return -1;
}

static size_t sallocx(const void *p, int flags)
{
	(void)p, (void)flags;
	return 0;
}

#else

#include <jemalloc/jemalloc.h>

#endif

static size_t jemalloc_allocated(void)
{
	uint64_t epoch = 1;
	size_t size = sizeof(size_t), value = 0;

	assert_int_equal(mallctl("epoch", NULL, NULL, &epoch, sizeof epoch), 0);
	assert_int_equal(mallctl("stats.allocated", &value, &size, NULL, 0), 0);
	return value;
}

static struct pool *open_policy(const char *name, uint64_t capacity)
{
	struct pool_config c = { .capacity_bytes = capacity };
	struct pool *p = NULL;
	struct err e = { 0 };

#ifdef SG_NO_JEMALLOC
	harness_skip("libjemalloc_pic.a was not there at build time");
#endif
	if (pool_open(pool_policy_find(name, NULL), &c, &p, &e) < 0)
		fail_msg("%s", e.text);
	return p;
}

static struct pool *open_jemalloc(void)
{
	return open_policy("jemalloc", 0);
}

#define MUCH (64U * 1024U * 1024U)

CASE("jemalloc: what the pool hands out is jemalloc's memory")
{
	struct pool *p = open_jemalloc();
	size_t before = jemalloc_allocated();
	char *block = pool_resize(p, NULL, 0, MUCH);

	assert_non_null(block);
	assert_true(jemalloc_allocated() - before >= MUCH);
	assert_true(sallocx(block, 0) >= MUCH);
	pool_resize(p, block, MUCH, 0);
	assert_true(jemalloc_allocated() - before < MUCH / 2);
	pool_close(p);
}

CASE("jemalloc: malloc stays whose it was")
{
	struct pool *p = open_jemalloc();
	size_t before = jemalloc_allocated();
	char *volatile block = malloc(MUCH);

	assert_non_null(block);
	memset(block, 1, MUCH);
	assert_int_equal(jemalloc_allocated(), before);
	free(block);
	pool_close(p);
}

CASE("jemalloc: content is kept over growing and shrinking, and bytes are counted as they were asked for")
{
	struct pool *p = open_jemalloc();
	char *block = pool_resize(p, NULL, 0, 10);

	memcpy(block, "123456789", 10);
	for (size_t bytes = 10; bytes < 1000000; bytes *= 3) {
		block = pool_resize(p, block, bytes, bytes * 3);
		assert_string_equal(block, "123456789");
		assert_int_equal(p->figures->used, bytes * 3);
	}
	block = pool_resize(p, block, 1771470, 10);
	assert_string_equal(block, "123456789");
	assert_int_equal(p->figures->used, 10);
	assert_int_equal(p->figures->high_water, 1771470);
	pool_resize(p, block, 10, 0);
	assert_int_equal(p->figures->used, 0);
	pool_close(p);
}

CASE("jemalloc: pools can be opened and closed without end")
{
	for (int i = 0; i < 300; i++) {
		struct pool *p = open_jemalloc();

		assert_non_null(pool_resize(p, NULL, 0, 100));
		pool_close(p); // with a block still out
	}
}

#define CAPACITY (8U * 1024U * 1024U)
#define SMALL 64U

// As many as there are, each linked to the one before.
static void **fill(struct pool *p, uint64_t *count)
{
	void **last = NULL, **block;

	for (*count = 0; (block = pool_resize(p, NULL, 0, SMALL)) != NULL; ++*count) {
		*block = last;
		last = block;
	}
	return last;
}

CASE("jemalloc-capped: small objects take all of the capacity, and that is exhaustion, not a denied growth")
{
	struct pool *p = open_policy("jemalloc-capped", CAPACITY);
	uint64_t count;

	fill(p, &count);
	assert_in_range(count, CAPACITY / SMALL * 7 / 10, CAPACITY / SMALL);
	assert_int_equal(p->figures->exhausted, 1);
	assert_int_equal(p->figures->request_bytes, SMALL);
	assert_int_equal(p->figures->capacity, CAPACITY);
	assert_in_range(p->figures->high_water, CAPACITY - 64 * 1024, CAPACITY);
	assert_true(p->denied_extents > p->figures->exhausted); // growth in advance was denied before
	assert_true(p->figures->frame_count > 1);
	pool_close(p);
}

CASE("jemalloc-capped: with every second object gone a small one is granted, and 64 KiB is not")
{
	struct pool *p = open_policy("jemalloc-capped", CAPACITY);
	uint64_t count, gone = 0;
	void **block = fill(p, &count);

	while (block != NULL) {
		void **next = *block;

		if (gone++ % 2 == 0)
			pool_resize(p, block, SMALL, 0);
		block = next;
	}
	assert_non_null(pool_resize(p, NULL, 0, SMALL));
	assert_null(pool_resize(p, NULL, 0, 64 * 1024));
	assert_int_equal(p->figures->exhausted, 2);
	pool_close(p);
}

CASE("jemalloc-capped: blocks never overlap and keep their content over random operations")
{
	struct pool *p = open_policy("jemalloc-capped", CAPACITY);

	assert_int_equal(pool_walk(p, 11), 0);
	pool_close(p);
}

// arena: generations that go as a whole.
#include "harness.h"
#include "pool.h"
#include "pool_walk.h"

#include <string.h>

#define KIB UINT64_C(1024)

static struct pool *open_arena(uint64_t capacity)
{
	const struct pool_config c = { .capacity_bytes = capacity, .forgiven = 1 };
	struct pool *p = NULL;
	struct err e = { 0 };

	if (pool_open(pool_policy_find("arena", NULL), &c, &p, &e) < 0)
		fail_msg("%s", e.text);
	return p;
}

static void *take(struct pool *p, size_t bytes)
{
	return pool_resize(p, NULL, 0, bytes);
}

CASE("arena: what is given back takes room until all of its chunk is")
{
	struct pool *p = open_arena(64 * KIB); // chunks of 4 KiB
	void *blocks[4];

	for (int i = 0; i < 4; i++)
		blocks[i] = take(p, 1 * KIB);
	assert_int_equal(p->figures->used, 4 * KIB);
	assert_non_null(take(p, 16)); // the next chunk
	assert_int_equal(p->figures->used, 8 * KIB);
	for (int i = 0; i < 3; i++)
		pool_resize(p, blocks[i], 1 * KIB, 0);
	assert_int_equal(p->figures->used, 8 * KIB);
	pool_resize(p, blocks[3], 1 * KIB, 0);
	assert_int_equal(p->figures->used, 4 * KIB);
	assert_int_equal(p->figures->high_water, 8 * KIB);
	pool_close(p);
}

CASE("arena: generations do not share a chunk")
{
	struct pool *p = open_arena(64 * KIB);
	char *old = take(p, 16), *fresh;

	pool_collected(p);
	fresh = take(p, 16);
	assert_int_equal(p->figures->used, 8 * KIB);
	pool_resize(p, old, 16, 0);
	assert_int_equal(p->figures->used, 4 * KIB);
	assert_true(fresh - old >= 4096 || old - fresh >= 4096);
	pool_collected(p); // the chunk that is being filled, with a block in it
	pool_resize(p, fresh, 16, 0);
	assert_int_equal(p->figures->used, 0);
	pool_close(p);
}

CASE("arena: the last block grows where it is, a large one shrinks where it is")
{
	struct pool *p = open_arena(256 * KIB);
	char *block = take(p, 64), *large;

	assert_ptr_equal(pool_resize(p, block, 64, 512), block);
	large = take(p, 40 * KIB);
	assert_int_equal(p->figures->used, 44 * KIB);
	assert_ptr_equal(pool_resize(p, large, 40 * KIB, 10 * KIB), large);
	assert_int_equal(p->figures->used, 16 * KIB);
	assert_ptr_equal(pool_resize(p, large, 10 * KIB, 12 * KIB), large);
	pool_resize(p, large, 12 * KIB, 100);
	assert_int_equal(p->figures->used, 4 * KIB); // it has moved among the small ones
	pool_close(p);
}

CASE("arena: when no chunk is free it is exhausted, with the moment and the return addresses")
{
	struct pool *p = open_arena(64 * KIB);

	for (int i = 0; i < 16; i++)
		assert_non_null(take(p, 3 * KIB));
	assert_null(take(p, 3 * KIB));
	assert_int_equal(p->figures->exhausted, 0);
	assert_null(take(p, 3 * KIB));
	assert_int_equal(p->figures->exhausted, 1);
	assert_int_equal(p->figures->request_bytes, 3 * KIB);
	assert_int_equal(p->figures->high_water, 64 * KIB);
	assert_true(p->figures->exhausted_ns > 0);
	assert_true(p->figures->frame_count > 1);
	pool_close(p);
}

CASE("arena: blocks never overlap and keep their content over random operations")
{
	struct pool *p = open_arena(4096 * KIB);

	assert_int_equal(pool_walk(p, 3), 0);
	pool_collected(p);
	assert_int_equal(p->figures->used, 0);
	pool_close(p);
	p = open_arena(256 * KIB);
	assert_true(pool_walk(p, 3) > 0);
	pool_close(p);
}

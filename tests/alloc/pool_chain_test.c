// slab-chain: one slab after another, as one pool.
#include "harness.h"
#include "pool.h"
#include "pool_walk.h"

#include <string.h>

#define KIB UINT64_C(1024)

static struct pool *open_chain(uint64_t slab_bytes)
{
	const struct pool_config c = { .capacity_bytes = slab_bytes };
	struct pool *p = NULL;
	struct err e = { 0 };

	if (pool_open(pool_policy_find("slab-chain", NULL), &c, &p, &e) < 0)
		fail_msg("%s", e.text);
	return p;
}

CASE("slab-chain: there is one more slab when all are full, and room is used again")
{
	struct pool *p = open_chain(16 * KIB);
	void *blocks[20];

	assert_int_equal(p->figures->capacity, 16 * KIB);
	for (int i = 0; i < 20; i++)
		assert_non_null(blocks[i] = pool_resize(p, NULL, 0, 4 * KIB));
	assert_int_equal(p->figures->capacity, 80 * KIB);
	assert_int_equal(p->figures->used, 80 * KIB);
	assert_int_equal(p->figures->exhausted, 0);
	for (int i = 0; i < 20; i += 2)
		pool_resize(p, blocks[i], 4 * KIB, 0);
	assert_int_equal(p->figures->used, 40 * KIB);
	for (int i = 0; i < 20; i += 2)
		assert_non_null(pool_resize(p, NULL, 0, 4 * KIB));
	assert_int_equal(p->figures->capacity, 80 * KIB);
	assert_int_equal(p->figures->high_water, 80 * KIB);
	assert_int_equal(p->figures->acquires, 30);
	assert_int_equal(p->figures->releases, 10);
	pool_close(p);
}

CASE("slab-chain: a request larger than a slab has a slab of its own")
{
	struct pool *p = open_chain(16 * KIB);
	char *block = pool_resize(p, NULL, 0, 100 * KIB);

	assert_non_null(block);
	memset(block, 7, 100 * KIB);
	assert_int_equal(p->figures->capacity, 116 * KIB);
	block = pool_resize(p, block, 100 * KIB, 200 * KIB);
	assert_non_null(block);
	assert_int_equal(block[100 * KIB - 1], 7);
	assert_int_equal(p->figures->used, 200 * KIB);
	assert_null(pool_resize(p, NULL, 0, SIZE_MAX - 1));
	assert_int_equal(p->figures->exhausted, 1);
	pool_close(p);
}

CASE("slab-chain: it is exhausted when it has 256 slabs")
{
	struct pool *p = open_chain(4 * KIB);

	for (int i = 0; i < 256; i++)
		assert_non_null(pool_resize(p, NULL, 0, 4 * KIB));
	assert_null(pool_resize(p, NULL, 0, 8));
	assert_int_equal(p->figures->exhausted, 1);
	assert_int_equal(p->figures->request_bytes, 8);
	pool_close(p);
}

CASE("slab-chain: blocks never overlap and keep their content over random operations")
{
	struct pool *p = open_chain(32 * KIB);

	assert_int_equal(pool_walk(p, 42), 0);
	assert_true(p->figures->capacity > 64 * KIB);
	pool_close(p);
}

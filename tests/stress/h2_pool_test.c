// The pool under nghttp2.
#include "harness.h"
#include "pool.h"

#include <string.h>

CASE("h2 pool: blocks of every size are apart, aligned and given back")
{
	struct h2_pool *p = h2_pool_new();
	void *blocks[1500];
	assert_non_null(p);
	for (size_t i = 0; i < 1500; i++) {
		blocks[i] = h2_pool_take(p, i);
		assert_non_null(blocks[i]);
		assert_int_equal((uintptr_t)blocks[i] % 16, 0);
		memset(blocks[i], (int)(i & 255), i);
	}
	assert_int_equal(h2_pool_live(p), 1500);
	for (size_t i = 0; i < 1500; i++) {
		const unsigned char *b = blocks[i];
		for (size_t k = 0; k < i; k++)
			assert_int_equal(b[k], i & 255);
		h2_pool_give(p, blocks[i]);
	}
	assert_int_equal(h2_pool_live(p), 0);
	h2_pool_free(p);
}

CASE("h2 pool: a block that was given back is the next of its size")
{
	struct h2_pool *p = h2_pool_new();
	void *first = h2_pool_take(p, 100), *other = h2_pool_take(p, 50);
	h2_pool_give(p, first);
	assert_ptr_equal(h2_pool_take(p, 101), first); // the same class
	h2_pool_give(p, first);
	h2_pool_give(p, other);
	h2_pool_give(p, NULL);
	assert_int_equal(h2_pool_live(p), 0);
	h2_pool_free(p);
	h2_pool_free(NULL);
}

CASE("h2 pool: realloc keeps the bytes, within a class, across classes and into large blocks")
{
	struct h2_pool *p = h2_pool_new();
	nghttp2_mem *m = h2_pool_mem(p);
	char *b = m->realloc(NULL, 1, m->mem_user_data);
	b[0] = 'a';
	for (size_t size = 2; size < 5000; size++) {
		b = m->realloc(b, size, m->mem_user_data);
		b[size - 1] = (char)('a' + (size - 1) % 26);
	}
	for (size_t i = 0; i < 4999; i++)
		assert_int_equal(b[i], 'a' + i % 26);
	assert_int_equal(h2_pool_live(p), 1);
	m->free(b, m->mem_user_data);
	h2_pool_free(p);
}

CASE("h2 pool: calloc zeroes, and refuses what does not fit in memory")
{
	struct h2_pool *p = h2_pool_new();
	nghttp2_mem *m = h2_pool_mem(p);
	void *dirty = m->malloc(64, m->mem_user_data);
	memset(dirty, 0xff, 64);
	m->free(dirty, m->mem_user_data);
	const unsigned char *zeroed = m->calloc(8, 8, m->mem_user_data);
	for (size_t i = 0; i < 64; i++)
		assert_int_equal(zeroed[i], 0);
	assert_null(m->calloc(SIZE_MAX / 2, 3, m->mem_user_data));
	assert_null(h2_pool_take(p, SIZE_MAX));
	assert_int_equal(h2_pool_live(p), 1);
	h2_pool_give(p, dirty);
	h2_pool_free(p);
}

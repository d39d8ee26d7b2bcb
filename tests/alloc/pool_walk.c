#include "pool_walk.h"

#include "harness.h"
#include "rng.h"

#include <string.h>

#define BLOCKS 300
#define STEPS 20000

static void assert_whole(const unsigned char *block, size_t bytes, unsigned char fill)
{
	for (size_t i = 0; i < bytes; i++)
		assert_int_equal(block[i], fill);
}

static size_t choose_size(struct rng *r)
{
	if (rng_below(r, 8) == 0)
		return 0;
	return rng_below(r, rng_below(r, 50) == 0 ? 40000 : 3000) + 1;
}

uint64_t pool_walk(struct pool *p, uint64_t seed)
{
	unsigned char *blocks[BLOCKS] = { 0 };
	size_t bytes[BLOCKS] = { 0 };
	uint64_t denied = 0;
	struct rng r;

	rng_init(&r, seed);
	for (int step = 0; step < STEPS; step++) {
		size_t i = rng_below(&r, BLOCKS), size = choose_size(&r);
		unsigned char *block;

		assert_whole(blocks[i], bytes[i], (unsigned char)i);
		block = pool_resize(p, blocks[i], bytes[i], size);
		if (block == NULL && size > 0) {
			assert_true(size > bytes[i]);
			denied++;
			continue;
		}
		assert_int_equal((uintptr_t)block % (size > 8 ? 16 : 8), 0);
		assert_whole(block, size < bytes[i] ? size : bytes[i], (unsigned char)i);
		if (size > 0)
			memset(block, (int)i, size);
		blocks[i] = block;
		bytes[i] = size;
		assert_true(p->figures->capacity == 0 || p->figures->used <= p->figures->capacity);
	}
	for (size_t i = 0; i < BLOCKS; i++)
		pool_resize(p, blocks[i], bytes[i], 0);
	assert_int_equal(p->figures->acquires, p->figures->releases);
	return denied;
}

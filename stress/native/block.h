// Blocks from the malloc that is measured. What is written to one depends on its address, its size and a tag of
// its own, and is compared before it is given back: two blocks that overlap, or one that moved without its
// content, are found.
#ifndef SG_BLOCK_H
#define SG_BLOCK_H

#include "bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_STRIDE 4096U // between the words that are compared where not all are

struct block {
	void *p; // NULL: none
	uint32_t size, tag;
};

static inline uint64_t block_key(const struct block *b)
{
	return ((uint64_t)b->tag << 32 ^ b->size ^ (uintptr_t)b->p) * UINT64_C(0x9e3779b97f4a7c15);
}

// Words at 0, stride, 2 * stride, ... of the first `size` bytes, and the last one; fewer than 8 bytes byte by
// byte.
static inline void block_stamp(const struct block *b, bool full)
{
	const size_t stride = full ? sizeof(uint64_t) : BLOCK_STRIDE, size = b->size;
	const uint64_t key = block_key(b);
	char *p = b->p;

	if (size < sizeof key) {
		memcpy(p, &key, size);
		return;
	}
	for (size_t at = 0; at + sizeof key <= size; at += stride)
		memcpy(p + at, &key, sizeof key);
	memcpy(p + size - sizeof key, &key, sizeof key);
}

// Compares the first `size` bytes at `p` with what was written there as `b`; the last word only where all of `b`
// is asked for.
static inline bool block_matches(const char *p, size_t size, const struct block *b, bool full)
{
	const size_t stride = full ? sizeof(uint64_t) : BLOCK_STRIDE;
	const uint64_t key = block_key(b);
	// where the last word of `b` was written, a word in front of it is no longer whole
	const size_t whole = b->size < sizeof key ? 0 : b->size - sizeof key;
	const size_t end = size < whole ? size : whole;
	size_t at = 0;
	uint64_t word;

	if (b->size < sizeof key)
		return memcmp(p, &key, size < b->size ? size : b->size) == 0;
	for (; at + sizeof key <= end; at += stride) {
		memcpy(&word, p + at, sizeof word);
		if (word != key)
			return false;
	}
	if (at < end && memcmp(p + at, &key, end - at) != 0)
		return false;
	if (size < b->size)
		return true;
	memcpy(&word, p + whole, sizeof word);
	return word == key;
}

// Takes note of what an allocating call gave. False for none.
static inline bool block_taken(struct lane *l, struct block *b, void *p, size_t size)
{
	*b = (struct block){ p, (uint32_t)size, l->tag++ };
	if (__builtin_expect(p == NULL, 0)) {
		l->denied += size > 0;
		return false;
	}
	if (__builtin_expect(((uintptr_t)p & (size >= 16 ? 15U : 7U)) != 0, 0))
		lane_bad(l, "%zu bytes at %p, which is not aligned", size, p);
	block_stamp(b, l->full_check);
	lane_live(l, (int64_t)size);
	return true;
}

static inline bool block_take(struct lane *l, struct block *b, size_t size)
{
	void *p;

	LANE_TIMED(l, OP_MALLOC, p = malloc(size));
	return block_taken(l, b, p, size);
}

// Room for `count` blocks in the data of each lane, none taken. 0 or -ENOMEM with `e` filled.
int block_arrays(struct bench *b, size_t count, struct err *e);
// By calloc; that all is zero is looked at first.
bool block_take_zeroed(struct lane *l, struct block *b, size_t size);
// By aligned_alloc; `align` is a power of two, `size` is rounded up to it.
bool block_take_aligned(struct lane *l, struct block *b, size_t align, size_t size);
// By posix_memalign; `align` is a power of two and at least a pointer's size, `size` stays as it is.
bool block_take_exact(struct lane *l, struct block *b, size_t align, size_t size);
// By realloc; where it is denied the block stays as it is.
bool block_resize(struct lane *l, struct block *b, size_t size);

static inline void block_verify(struct lane *l, const struct block *b)
{
	l->verified++;
	if (__builtin_expect(!block_matches(b->p, b->size, b, l->full_check), 0))
		lane_bad(l, "%u bytes at %p do not hold what was written to them", b->size, b->p);
}

// Compares and frees it. Does nothing where there is none.
static inline void block_give(struct lane *l, struct block *b)
{
	if (b->p == NULL)
		return;
	block_verify(l, b);
	lane_live(l, -(int64_t)b->size);
	LANE_TIMED(l, OP_FREE, free(b->p));
	b->p = NULL;
}

#endif

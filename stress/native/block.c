// The calls that are not the most frequent ones.
#include "block.h"

int block_arrays(struct bench *b, size_t count, struct err *e)
{
	for (unsigned i = 0; i < b->lane_count; i++)
		if ((b->lanes[i].data = bench_array(count, sizeof(struct block), e)) == NULL)
			return -ENOMEM;
	return 0;
}

static bool is_zero(const char *p, size_t size)
{
	// its first byte, and every other the same as the one before it
	return size == 0 || (p[0] == 0 && memcmp(p, p + 1, size - 1) == 0);
}

bool block_take_zeroed(struct lane *l, struct block *b, size_t size)
{
	void *p;

	LANE_TIMED(l, OP_CALLOC, p = calloc(1, size));
	if (p != NULL && !is_zero(p, size))
		lane_bad(l, "calloc gave %zu bytes at %p that are not all zero", size, p);
	return block_taken(l, b, p, size);
}

bool block_take_aligned(struct lane *l, struct block *b, size_t align, size_t size)
{
	void *p;

	size = (size + align - 1) & ~(align - 1);
	LANE_TIMED(l, OP_MEMALIGN, p = aligned_alloc(align, size));
	if (p != NULL && ((uintptr_t)p & (align - 1)) != 0)
		lane_bad(l, "aligned_alloc(%zu, %zu) gave %p", align, size, p);
	return block_taken(l, b, p, size);
}

bool block_take_exact(struct lane *l, struct block *b, size_t align, size_t size)
{
	void *p = NULL;
	int rc;

	LANE_TIMED(l, OP_MEMALIGN, rc = posix_memalign(&p, align, size));
	p = rc == 0 ? p : NULL;
	if (((uintptr_t)p & (align - 1)) != 0)
		lane_bad(l, "posix_memalign of %zu, aligned to %zu, gave %p", size, align, p);
	return block_taken(l, b, p, size);
}

bool block_resize(struct lane *l, struct block *b, size_t size)
{
	const size_t kept = size < b->size ? size : b->size;
	struct block was = *b;
	void *p;

	if (b->p == NULL)
		return block_take(l, b, size);
	block_verify(l, b);
	LANE_TIMED(l, OP_REALLOC, p = realloc(b->p, size));
	if (p == NULL) {
		l->denied++;
		return false;
	}
	if (!block_matches(p, kept, &was, l->full_check))
		lane_bad(l, "realloc from %u to %zu bytes at %p lost the content", was.size, size, p);
	lane_live(l, -(int64_t)was.size);
	return block_taken(l, b, p, size);
}

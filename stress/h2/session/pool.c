// Memory for nghttp2: free lists by size over chunks.
#include "pool.h"

#include <sanitizer/asan_interface.h> // whose macros do nothing unless the build has AddressSanitizer
#include <stdlib.h>
#include <string.h>

#define STEP 16U
#define SMALL_MAX 1024U
#define CLASSES (SMALL_MAX / STEP + 1U)
#define CHUNK_BYTES (64U * 1024U)
#define LARGE UINT32_MAX

// In front of every block; 16 bytes, so that what follows keeps malloc's alignment.
struct block {
	union {
		struct {
			uint32_t class; // LARGE: from malloc
			uint32_t unused;
			size_t size; // LARGE only: bytes asked for
		};
		struct block *next_free;
	};
} __attribute__((aligned(16)));
_Static_assert(sizeof(struct block) == 16, "a block's head");

struct chunk {
	struct chunk *next;
	char bytes[] __attribute__((aligned(16)));
};

struct h2_pool {
	struct block *free[CLASSES];
	struct chunk *chunks;
	size_t chunk_used; // of the first chunk
	uint64_t live;
	nghttp2_mem mem;
};

static struct block *carve(struct h2_pool *p, size_t size)
{
	size_t bytes = sizeof(struct block) + size;
	if (!p->chunks || CHUNK_BYTES - p->chunk_used < bytes) {
		struct chunk *c = malloc(sizeof(*c) + CHUNK_BYTES);
		if (!c)
			return NULL;
		c->next = p->chunks;
		p->chunks = c;
		p->chunk_used = 0;
	}
	struct block *b = (struct block *)(void *)(p->chunks->bytes + p->chunk_used);
	ASAN_POISON_MEMORY_REGION(b + 1, size);
	p->chunk_used += bytes;
	return b;
}

static void *take_large(struct h2_pool *p, size_t size)
{
	if (size > SIZE_MAX - sizeof(struct block))
		return NULL;
	struct block *b = malloc(sizeof(*b) + size);
	if (!b)
		return NULL;
	b->class = LARGE;
	b->size = size;
	p->live++;
	return b + 1;
}

void *h2_pool_take(struct h2_pool *p, size_t size)
{
	if (size > SMALL_MAX)
		return take_large(p, size);
	uint32_t class = (uint32_t)((size + STEP - 1) / STEP);
	struct block *b = p->free[class];
	if (b)
		p->free[class] = b->next_free;
	else
		b = carve(p, (size_t) class * STEP);
	if (!b)
		return NULL;
	b->class = class;
	p->live++;
	ASAN_UNPOISON_MEMORY_REGION(b + 1, size);
	return b + 1;
}

void h2_pool_give(struct h2_pool *p, void *data)
{
	if (!data)
		return;
	struct block *b = (struct block *)data - 1;
	p->live--;
	if (b->class == LARGE) {
		free(b);
		return;
	}
	uint32_t class = b->class;
	ASAN_POISON_MEMORY_REGION(data, (size_t) class * STEP);
	b->next_free = p->free[class];
	p->free[class] = b;
}

static void *mem_malloc(size_t size, void *pool)
{
	return h2_pool_take(pool, size);
}

static void mem_free(void *block, void *pool)
{
	h2_pool_give(pool, block);
}

static void *mem_calloc(size_t count, size_t size, void *pool)
{
	size_t bytes;
	if (__builtin_mul_overflow(count, size, &bytes))
		return NULL;
	void *block = h2_pool_take(pool, bytes);
	if (block)
		memset(block, 0, bytes);
	return block;
}

static void *mem_realloc(void *old, size_t size, void *pool)
{
	if (!old)
		return h2_pool_take(pool, size);
	const struct block *b = (const struct block *)old - 1;
	size_t had = b->class == LARGE ? b->size : (size_t)b->class * STEP;
	if (size <= had) {
		ASAN_UNPOISON_MEMORY_REGION(old, size);
		return old;
	}
	void *block = h2_pool_take(pool, size);
	if (!block)
		return NULL;
	ASAN_UNPOISON_MEMORY_REGION(old, had); // nobody knows how much of it was asked for
	memcpy(block, old, had);
	h2_pool_give(pool, old);
	return block;
}

struct h2_pool *h2_pool_new(void)
{
	struct h2_pool *p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->mem = (nghttp2_mem){ p, mem_malloc, mem_free, mem_calloc, mem_realloc };
	return p;
}

void h2_pool_free(struct h2_pool *p)
{
	if (!p)
		return;
	while (p->chunks) {
		struct chunk *next = p->chunks->next;
		free(p->chunks);
		p->chunks = next;
	}
	free(p);
}

nghttp2_mem *h2_pool_mem(struct h2_pool *p)
{
	return &p->mem;
}

uint64_t h2_pool_live(const struct h2_pool *p)
{
	return p->live;
}

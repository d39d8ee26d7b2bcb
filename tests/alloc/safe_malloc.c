// A malloc that signal handlers may call in the middle of itself, to be preloaded behind libstressalloc.so: blocks
// of one size from a ring, so that one that is still held is not handed out again soon; larger ones for good.
#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 256U
#define BLOCKS 16384U
#define LARGE (16U << 20)

static struct {
	alignas(BLOCK) char bytes[BLOCK];
} ring[BLOCKS];
static alignas(4096) char large[LARGE];
static unsigned next_block;
static size_t next_large;

static void *take_large(size_t align, size_t bytes)
{
	size_t whole = (bytes + align + BLOCK - 1) / BLOCK * BLOCK;
	size_t at = __atomic_fetch_add(&next_large, whole, __ATOMIC_RELAXED);

	if (bytes > LARGE || at + whole > LARGE) {
		errno = ENOMEM;
		return NULL;
	}
	return large + (at + align - 1) / align * align;
}

// A program's first blocks may be held for ever: they are not in the ring.
static void *take(size_t align, size_t bytes)
{
	static unsigned early;

	if (bytes > BLOCK || align > BLOCK || __atomic_fetch_add(&early, 1, __ATOMIC_RELAXED) < 1000)
		return take_large(align, bytes);
	return ring[__atomic_fetch_add(&next_block, 1, __ATOMIC_RELAXED) % BLOCKS].bytes;
}

void *malloc(size_t bytes)
{
	return take(16, bytes);
}

void free(void *p)
{
	(void)p;
}

void *calloc(size_t count, size_t bytes)
{
	size_t all;
	void *p = __builtin_mul_overflow(count, bytes, &all) ? NULL : take(16, all);

	return p != NULL ? memset(p, 0, all) : NULL;
}

static size_t usable(const void *p)
{
	return p != NULL ? BLOCK : 0; // of a large one too, of which nobody here asks
}

size_t malloc_usable_size(void *p)
{
	return usable(p);
}

void *realloc(void *p, size_t bytes)
{
	void *fresh = take(16, bytes);

	return p != NULL && fresh != NULL ? memmove(fresh, p, bytes < BLOCK ? bytes : BLOCK) : fresh;
}

void *memalign(size_t align, size_t bytes)
{
	return take(align, bytes);
}

void *aligned_alloc(size_t align, size_t bytes)
{
	return take(align, bytes);
}

int posix_memalign(void **out, size_t align, size_t bytes)
{
	*out = take(align, bytes);
	return *out != NULL ? 0 : ENOMEM;
}

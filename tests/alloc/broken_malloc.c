// A malloc to preload that does wrong what BROKEN_MALLOC says, now and then: "overlap" gives the block that it
// gave last once more, "content" loses what was in a block that is resized, "zero" gives blocks from calloc that
// are not zero, "align" gives aligned ones that are not. Nothing is ever given back, so nothing but that is wrong.
// And always: "none" has no memory, "abort" ends the program before its main.
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HEAP (UINT64_C(8) << 30) // of addresses; only what is touched is memory
#define HEAD 16U                 // in front of a block: its size
#define EVERY 50U                // so many requests are right before one is wrong

void *malloc(size_t bytes);
void *calloc(size_t count, size_t bytes);
void *realloc(void *p, size_t bytes);
void *aligned_alloc(size_t align, size_t bytes);
int posix_memalign(void **out, size_t align, size_t bytes);
void free(void *p);

static char *heap;
static uint64_t used;
static void *last;
static unsigned requests;

static bool is_always(const char *what)
{
	const char *asked = getenv("BROKEN_MALLOC");

	return asked != NULL && strcmp(asked, what) == 0;
}

static bool is_wrong(const char *what)
{
	return is_always(what) && __atomic_add_fetch(&requests, 1, __ATOMIC_RELAXED) % EVERY == 0;
}

__attribute__((constructor)) static void end_it(void)
{
	if (is_always("abort"))
		abort();
}

__attribute__((constructor(101))) static void make_heap(void)
{
	void *at = mmap(NULL, HEAP, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	heap = at != MAP_FAILED ? at : NULL;
}

static void *take(size_t bytes, size_t align)
{
	const uint64_t room = ((uint64_t)bytes + 15) / 16 * 16 + HEAD + align;
	uint64_t at;
	char *p;

	if (heap == NULL)
		make_heap();
	at = __atomic_fetch_add(&used, room, __ATOMIC_RELAXED);
	if (heap == NULL || bytes > HEAP || at + room > HEAP || is_always("none")) {
		errno = ENOMEM;
		return NULL;
	}
	p = heap + at + HEAD;
	p += (align - (uintptr_t)p % align) % align;
	memcpy(p - HEAD, &bytes, sizeof bytes);
	return p;
}

void *malloc(size_t bytes)
{
	void *p = last;

	if (p != NULL && is_wrong("overlap")) {
		size_t size;

		memcpy(&size, (char *)p - HEAD, sizeof size);
		if (size >= bytes)
			return p;
	}
	p = take(bytes, 16);
	last = p;
	return p;
}

void *calloc(size_t count, size_t bytes)
{
	size_t all;
	char *p;

	if (__builtin_mul_overflow(count, bytes, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	p = take(all, 16);
	if (p != NULL && all > 0 && is_wrong("zero"))
		p[all - 1] = 1;
	return p;
}

void *realloc(void *p, size_t bytes)
{
	void *fresh = take(bytes, 16);
	size_t had;

	if (p == NULL || fresh == NULL)
		return fresh;
	memcpy(&had, (char *)p - HEAD, sizeof had);
	if (!is_wrong("content"))
		memcpy(fresh, p, had < bytes ? had : bytes);
	return fresh;
}

void *aligned_alloc(size_t align, size_t bytes)
{
	char *p = take(bytes + 16, align);

	return p != NULL && align > 16 && is_wrong("align") ? p + 16 : p;
}

int posix_memalign(void **out, size_t align, size_t bytes)
{
	*out = take(bytes, align);
	return *out != NULL ? 0 : ENOMEM;
}

void free(void *p)
{
	(void)p;
}

// Finding the malloc behind ours, and memory for whoever asks while we are at it.
#include "interposer.h"

#include <dlfcn.h>
#include <stdalign.h>
#include <string.h>

#define BUMP_BYTES (64U * 1024U)

struct next_functions next;

static enum { UNRESOLVED, RESOLVING, RESOLVED } state;

static struct {
	size_t used;
	alignas(4096) char bytes[BUMP_BYTES];
} bump;

static size_t no_usable_size(void *p)
{
	(void)p;
	return 0;
}

static void *base_of(void *function)
{
	Dl_info info;
	return function != NULL && dladdr(function, &info) != 0 ? info.dli_fbase : NULL;
}

// ISO C has no cast from an object's pointer to a function's.
#define FIND(field, name)                                                                                      \
	do {                                                                                                   \
		void *found_ = dlsym(RTLD_NEXT, name);                                                         \
		memcpy(&next.field, &found_, sizeof found_);                                                   \
	} while (0)

static void find_all(void)
{
	void *allocator, *sizer;

	FIND(malloc, "malloc");
	FIND(free, "free");
	FIND(calloc, "calloc");
	FIND(realloc, "realloc");
	FIND(memalign, "memalign");
	FIND(aligned_alloc, "aligned_alloc");
	FIND(posix_memalign, "posix_memalign");
	FIND(usable_size, "malloc_usable_size");
	// A small malloc of somebody's own may have no usable size; libc's would read what is not there.
	memcpy(&allocator, &next.malloc, sizeof allocator);
	memcpy(&sizer, &next.usable_size, sizeof sizer);
	if (base_of(allocator) != base_of(sizer))
		next.usable_size = no_usable_size;
}

bool next_resolve(void)
{
	// Before main there is one thread: ld.so's. After the constructor nobody gets here any more.
	if (__atomic_load_n(&state, __ATOMIC_ACQUIRE) == RESOLVED)
		return true;
	if (state == RESOLVING)
		return false;
	state = RESOLVING;
	find_all();
	__atomic_store_n(&state, RESOLVED, __ATOMIC_RELEASE);
	return true;
}

// Before each block is its size.
void *bump_alloc(size_t align, size_t bytes)
{
	size_t at;

	if (align < 16)
		align = 16;
	if (align > 4096 || bytes > BUMP_BYTES)
		return NULL;
	at = (bump.used + 16 + align - 1) & ~(align - 1);
	if (at + bytes > BUMP_BYTES)
		return NULL;
	bump.used = at + bytes;
	memcpy(bump.bytes + at - sizeof bytes, &bytes, sizeof bytes);
	return bump.bytes + at;
}

bool bump_owns(const void *p)
{
	return (uintptr_t)p - (uintptr_t)bump.bytes < BUMP_BYTES;
}

size_t bump_size(const void *p)
{
	size_t bytes;

	memcpy(&bytes, (const char *)p - sizeof bytes, sizeof bytes);
	return bytes;
}

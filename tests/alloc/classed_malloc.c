// Blocks of one size class lie in runs of pages of their own, under one lock; large and aligned ones are mapped.
// In front of each block is a word as glibc's: the block's bytes with that word, and 2 where it is mapped, which
// is then a word longer.
#include "classed_malloc.h"

#undef dlsym // libc's here

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define GRAIN 16U
#define SMALL 4096U
#define RUN (64U << 10)
#define PAGE 4096U
#define MAPPED 2U

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *open_blocks[SMALL / GRAIN + 1];
static __thread uint64_t allocated, deallocated; // usable bytes, as jemalloc counts them

static uint64_t *word_of(void *p)
{
	return (uint64_t *)p - 1;
}

static size_t usable_size(void *p)
{
	const uint64_t word = *word_of(p);

	return (word & ~UINT64_C(7)) - ((word & MAPPED) != 0 ? 16 : 8);
}

static void *map(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at != MAP_FAILED ? at : NULL;
}

// With the lock.
static void make_run(size_t class)
{
	const size_t step = (class + 1) * GRAIN;
	char *run = map(RUN);

	for (size_t at = GRAIN; run != NULL && at + class * GRAIN <= RUN; at += step) {
		void *p = run + at;

		memcpy(p, &open_blocks[class], sizeof(void *));
		open_blocks[class] = p;
	}
}

static void *take_small(size_t class)
{
	void *p;

	pthread_mutex_lock(&lock);
	if (open_blocks[class] == NULL)
		make_run(class);
	p = open_blocks[class];
	if (p != NULL) {
		memcpy(&open_blocks[class], p, sizeof(void *));
		*word_of(p) = (class * GRAIN + 8) | 1;
	}
	pthread_mutex_unlock(&lock);
	return p;
}

// Before its word are the mapping's address and length.
static void *take_mapped(size_t align, size_t bytes)
{
	size_t usable = (bytes + 15) & ~(size_t)15, len = usable + align + PAGE;
	char *at = bytes < SIZE_MAX / 8 ? map(len) : NULL;
	char *p = at != NULL ? (char *)(((uintptr_t)at + 64 + align - 1) & ~(uintptr_t)(align - 1)) : NULL;

	if (p == NULL)
		return NULL;
	memcpy(p - 24, &at, sizeof at);
	memcpy(p - 16, &len, sizeof len);
	*word_of(p) = (usable + 16) | MAPPED;
	return p;
}

static void *take(size_t align, size_t bytes)
{
	void *p = align > GRAIN || bytes > SMALL ? take_mapped(align < GRAIN ? GRAIN : align, bytes)
	                                         : take_small(bytes == 0 ? 1 : (bytes + GRAIN - 1) / GRAIN);

	if (p == NULL)
		errno = ENOMEM;
	else
		allocated += usable_size(p);
	return p;
}

static void *take_any(size_t bytes)
{
	return take(GRAIN, bytes);
}

static void give(void *p)
{
	size_t class;

	if (p == NULL)
		return;
	deallocated += usable_size(p);
	if ((*word_of(p) & MAPPED) != 0) {
		void *at;
		size_t len;

		memcpy(&at, (char *)p - 24, sizeof at);
		memcpy(&len, (char *)p - 16, sizeof len);
		munmap(at, len);
		return;
	}
	class = usable_size(p) / GRAIN;
	pthread_mutex_lock(&lock);
	memcpy(p, &open_blocks[class], sizeof(void *));
	open_blocks[class] = p;
	pthread_mutex_unlock(&lock);
}

static void *take_zeroed(size_t count, size_t each)
{
	void *p = take(GRAIN, count * each);

	return p != NULL ? memset(p, 0, count * each) : NULL;
}

static void *resize(void *old, size_t bytes)
{
	void *p = take(GRAIN, bytes);
	size_t had = old != NULL ? usable_size(old) : 0;

	if (p != NULL && old != NULL) {
		memcpy(p, old, had < bytes ? had : bytes);
		give(old);
	}
	return p;
}

static int take_posix(void **out, size_t align, size_t bytes)
{
	void *p = take(align, bytes);

	*out = p != NULL ? p : *out;
	return p != NULL ? 0 : ENOMEM;
}

static int control(const char *name, void *old, size_t *old_bytes, void *fresh, size_t fresh_bytes)
{
	const uint64_t *of = strcmp(name, "thread.allocatedp") == 0     ? &allocated
	                     : strcmp(name, "thread.deallocatedp") == 0 ? &deallocated
	                                                                : NULL;

	(void)fresh;
	if (of == NULL || *old_bytes != sizeof of || fresh_bytes != 0)
		return ENOENT;
	memcpy(old, &of, sizeof of);
	return 0;
}

// ---- C++'s operators, those that throw nothing ----

// As jemalloc's and tcmalloc's: they call nobody.
static void *new_silently(size_t bytes, const void *nothrow)
{
	(void)nothrow;
	return take(GRAIN, bytes);
}

static void *new_aligned_silently(size_t bytes, size_t align, const void *nothrow)
{
	(void)nothrow;
	return take(align, bytes);
}

static void delete_aligned_silently(void *p, size_t align)
{
	(void)align;
	give(p);
}

// As libstdc++'s: malloc and free, by their names.
static void *new_by_malloc(size_t bytes, const void *nothrow)
{
	(void)nothrow;
	return malloc(bytes);
}

static void *new_aligned_by_malloc(size_t bytes, size_t align, const void *nothrow)
{
	(void)nothrow;
	return aligned_alloc(align, bytes);
}

static void delete_by_free(void *p)
{
	free(p);
}

static void delete_aligned_by_free(void *p, size_t align)
{
	(void)align;
	free(p);
}

// The fork of a process with threads: the child must find the lock open, as in any malloc.
static void before_fork(void)
{
	pthread_mutex_lock(&lock);
}

static void after_fork(void)
{
	pthread_mutex_unlock(&lock);
}

// ISO C has no cast from a function's pointer to an object's.
#define IS(text, function)                                                                                        \
	if (strcmp(name, text) == 0) {                                                                            \
		__typeof__(&function) f_ = function;                                                              \
		memcpy(&found, &f_, sizeof found);                                                                \
	}

static void *find_operator(const char *name, int silent)
{
	void *found = NULL;

	if (silent) {
		IS("_ZnwmRKSt9nothrow_t", new_silently)
		IS("_ZnwmSt11align_val_tRKSt9nothrow_t", new_aligned_silently)
		IS("_ZdlPv", give)
		IS("_ZdlPvSt11align_val_t", delete_aligned_silently)
	} else {
		IS("_ZnwmRKSt9nothrow_t", new_by_malloc)
		IS("_ZnwmSt11align_val_tRKSt9nothrow_t", new_aligned_by_malloc)
		IS("_ZdlPv", delete_by_free)
		IS("_ZdlPvSt11align_val_t", delete_aligned_by_free)
	}
	return found;
}

void *classed_dlsym(void *handle, const char *name)
{
	const char *like = getenv("CLASSED_MALLOC");
	static int prepared;
	void *found = NULL;

	if (strcmp(name, "_dl_find_object") == 0) // no malloc's
		return dlsym(handle, name);
	if (!prepared) {
		prepared = 1;
		pthread_atfork(before_fork, after_fork, after_fork);
	}
	if (strncmp(name, "_Z", 2) == 0)
		return find_operator(name,
		                     like != NULL && (strcmp(like, "counts") == 0 || strcmp(like, "page") == 0));
	IS("malloc", take_any)
	IS("free", give)
	IS("calloc", take_zeroed)
	IS("realloc", resize)
	IS("memalign", take)
	IS("aligned_alloc", take)
	IS("posix_memalign", take_posix)
	IS("malloc_usable_size", usable_size)
	if (like != NULL && strcmp(like, "counts") == 0)
		IS("mallctl", control)
	if (like != NULL && strcmp(like, "chunk") == 0)
		IS("gnu_get_libc_version", usable_size)
	if (like != NULL && strcmp(like, "page") == 0)
		IS("tc_version", usable_size)
	return found;
}

// malloc and its kin, as the program sees them. Each has a fast path, where the thread has a slot, and counts in
// the shared totals where it has none.
#include "interposer.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// -- without a slot -----------------------------------------------------------------------------------------

// The thread's ref where it has, or can get, a slot.
static inline struct thread_ref *ref(void)
{
	struct thread_ref *r = my_ref;

	if (LIKELY(r->slot != NULL))
		return r;
	return next_resolve() && !process_bypassed() ? process_attach() : NULL;
}

static void shared_grant(enum value v, size_t requested, void *p)
{
	size_t usable;

	slow_calls++;
	if (process_bypassed())
		return;
	usable = usable_of(p);
	count_shared(v, 1);
	count_shared(REQUESTED_BYTES, requested);
	count_shared(USABLE_BYTES, usable);
	live_shared((int64_t)usable);
}

static void shared_free(void *p)
{
	size_t usable;

	slow_calls++;
	if (process_bypassed())
		return;
	usable = usable_of(p);
	count_shared(FREE_CALLS, 1);
	count_shared(FREED_BYTES, usable);
	live_shared(-(int64_t)usable);
}

// -- counting -----------------------------------------------------------------------------------------------

static void count_rare(struct thread_ref *r, enum value v, uint64_t n)
{
	if (r != NULL)
		own_add(&r->slot->values[v], n);
	else if (!process_bypassed())
		count_shared(v, n);
}

static void refused(struct thread_ref *r, enum value v)
{
	count_rare(r, v, 1);
	count_rare(r, FAILURES, 1);
	if (v != REALLOC_CALLS)
		count_rare(r, LIVE_BLOCKS, UINT64_MAX); // a call that took nothing
}

static inline void *granted(struct thread_ref *r, enum value v, void *p, size_t requested)
{
	if (UNLIKELY(p == NULL))
		refused(r, v);
	else if (LIKELY(r != NULL))
		count_grant(r, v, requested, usable_of(p));
	else
		shared_grant(v, requested, p);
	return p;
}

// A block of `old` usable bytes has become `p`, or was freed when `p` is NULL.
static void resized(struct thread_ref *r, void *p, size_t requested, size_t old)
{
	size_t usable = p != NULL ? usable_of(p) : 0;

	slow_calls += r == NULL;
	count_rare(r, REALLOC_CALLS, 1);
	count_rare(r, REQUESTED_BYTES, requested);
	count_rare(r, USABLE_BYTES, usable);
	count_rare(r, FREED_BYTES, old);
	if (p == NULL)
		count_rare(r, LIVE_BLOCKS, UINT64_MAX);
	if (r != NULL)
		check_live(r, r->slot->values);
	else
		live_shared((int64_t)(usable - old));
}

// -- the functions ------------------------------------------------------------------------------------------

EXPORT void *malloc(size_t bytes)
{
	struct thread_ref *r = ref();

	if (UNLIKELY(r == NULL && !next_resolve()))
		return bump_alloc(16, bytes);
	return granted(r, MALLOC_CALLS, next.malloc(bytes), bytes);
}

EXPORT void free(void *p)
{
	struct thread_ref *r;

	if (p == NULL || UNLIKELY(bump_owns(p)))
		return;
	r = ref();
	if (LIKELY(r != NULL))
		count_free(r, usable_of(p));
	else
		shared_free(p);
	next.free(p);
}

EXPORT void *calloc(size_t count, size_t bytes)
{
	struct thread_ref *r = ref();
	size_t product;

	if (__builtin_mul_overflow(count, bytes, &product)) {
		refused(r, CALLOC_CALLS);
		errno = ENOMEM;
		return NULL;
	}
	if (UNLIKELY(r == NULL && !next_resolve()))
		return bump_alloc(16, product);
	return granted(r, CALLOC_CALLS, next.calloc(count, bytes), product);
}

// Memory from before the start moves to the real malloc, or, while there is none yet, within the old.
static void *realloc_bump(void *p, size_t bytes)
{
	size_t old = bump_size(p);
	void *fresh;

	if (bytes == 0)
		return NULL;
	fresh = malloc(bytes);
	if (fresh != NULL)
		memcpy(fresh, p, old < bytes ? old : bytes);
	return fresh;
}

EXPORT void *realloc(void *p, size_t bytes)
{
	struct thread_ref *r;
	size_t old;
	void *fresh;

	if (UNLIKELY(bump_owns(p)))
		return realloc_bump(p, bytes);
	r = ref();
	if (UNLIKELY(r == NULL && !next_resolve()))
		return bump_alloc(16, bytes);
	if (p == NULL) {
		fresh = granted(r, REALLOC_CALLS, next.realloc(NULL, bytes), bytes);
		if (fresh != NULL)
			count_rare(r, LIVE_BLOCKS, 1); // calls of realloc are not counted as taking
		return fresh;
	}
	if (r == NULL && process_bypassed())
		return next.realloc(p, bytes);
	old = usable_of(p);
	fresh = next.realloc(p, bytes);
	if (UNLIKELY(fresh == NULL && bytes != 0))
		refused(r, REALLOC_CALLS);
	else
		resized(r, fresh, bytes, old);
	return fresh;
}

EXPORT void *reallocarray(void *p, size_t count, size_t bytes)
{
	size_t product;

	if (__builtin_mul_overflow(count, bytes, &product)) {
		refused(ref(), REALLOC_CALLS);
		errno = ENOMEM;
		return NULL;
	}
	return realloc(p, product);
}

// NULL for a bad alignment is no lack of memory.
static void *granted_aligned(struct thread_ref *r, void *p, size_t bytes)
{
	if (p == NULL && errno != ENOMEM)
		return NULL;
	return granted(r, MEMALIGN_CALLS, p, bytes);
}

EXPORT void *memalign(size_t align, size_t bytes)
{
	struct thread_ref *r = ref();

	if (UNLIKELY(r == NULL && !next_resolve()))
		return bump_alloc(align, bytes);
	return granted_aligned(r, next.memalign(align, bytes), bytes);
}

EXPORT void *aligned_alloc(size_t align, size_t bytes)
{
	struct thread_ref *r = ref();

	if (UNLIKELY(r == NULL && !next_resolve()))
		return bump_alloc(align, bytes);
	return granted_aligned(r, next.aligned_alloc(align, bytes), bytes);
}

EXPORT int posix_memalign(void **out, size_t align, size_t bytes)
{
	struct thread_ref *r = ref();
	int rc;

	if (UNLIKELY(r == NULL && !next_resolve()))
		return (*out = bump_alloc(align, bytes)) != NULL ? 0 : ENOMEM;
	rc = next.posix_memalign(out, align, bytes);
	if (rc == 0)
		granted(r, MEMALIGN_CALLS, *out, bytes);
	else if (rc == ENOMEM)
		refused(r, MEMALIGN_CALLS);
	return rc;
}

EXPORT void *valloc(size_t bytes)
{
	return memalign((size_t)sysconf(_SC_PAGESIZE), bytes);
}

EXPORT void *pvalloc(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t rounded;

	if (__builtin_add_overflow(bytes, page - 1, &rounded)) {
		refused(ref(), MEMALIGN_CALLS);
		errno = ENOMEM;
		return NULL;
	}
	return memalign(page, rounded & ~(page - 1));
}

EXPORT size_t malloc_usable_size(void *p)
{
	if (p != NULL && UNLIKELY(bump_owns(p)))
		return bump_size(p);
	return p != NULL && next_resolve() ? usable_of(p) : 0;
}

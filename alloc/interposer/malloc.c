// malloc and its kin, as the program sees them. malloc and free have a fast path, where the thread has a slot and
// the call is none to be observed.
#include "interposer.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The thread's ref where it has, or can get, a slot.
static inline struct thread_ref *ref(void)
{
	struct thread_ref *r = my_ref;

	if (LIKELY(r->slot != NULL))
		return r;
	return next_resolve() && !process_bypassed() ? process_attach() : NULL;
}

// Neither inline nor with a loop's registers to save: the fast paths end in a jump to these.
__attribute__((noinline)) static void *take(struct request *q)
{
	struct thread_ref *r = ref();

	if (UNLIKELY(r == NULL && !next_resolve()))
		return bump_alloc(q->align, q->bytes);
	return observe_take(r, q);
}

__attribute__((noinline)) void *our_malloc(size_t bytes)
{
	return take(&(struct request){ .way = BY_MALLOC, .bytes = bytes, .align = 16 });
}

static void *overflows(enum way w)
{
	observe_refusal(ref(), &(struct request){ .way = w, .bytes = SIZE_MAX });
	errno = ENOMEM;
	return NULL;
}

// What the fast paths of malloc and free leave to others, so that they themselves have two registers to save: each
// of these is a jump at their end.

// It was counted beforehand as one that is met.
__attribute__((noinline)) static void *refuse_plain(size_t bytes)
{
	struct thread_ref *r = my_ref;

	if (r->slot != NULL)
		count_request(r, MALLOC_CALLS, bytes, small_classes[(bytes + 7) / 8], UINT64_MAX);
	observe_refusal(r->slot != NULL ? r : NULL, &(struct request){ .way = BY_MALLOC, .bytes = bytes });
	return NULL;
}

__attribute__((noinline)) static void *publish(struct thread_ref *r, void *p)
{
	live_publish(r);
	return p;
}

__attribute__((noinline)) static void *count_other(struct thread_ref *r, size_t bytes, void *p)
{
	count_usable(r, bytes, p, true);
	return is_far(r, r->slot->values) ? publish(r, p) : p;
}

// What a block that was handed out is good for.
__attribute__((noinline)) static void *count_block(size_t bytes, void *p)
{
	struct thread_ref *r = my_ref;
	struct tele_thread *slot = r->slot;
	size_t usable;

	if (UNLIKELY(slot == NULL)) // a signal handler has forked, and this is the child
		return p;
	if (sizing == SIZE_BY_CHUNK && !chunk_is_mapped(p)) {
		usable = usable_of_chunk(p);
	} else if (sizing == SIZE_BY_PAGE) {
		usable = small_usables[(bytes + 7) / 8];
		if (UNLIKELY(usable == 0 || !page_has(p, usable)))
			return count_other(r, bytes, p);
	} else {
		return count_other(r, bytes, p);
	}
	own_add(&slot->values[USABLE_BYTES], usable);
	return is_far(r, slot->values) ? publish(r, p) : p;
}

// The request is counted before it is made: so nothing but `bytes` need be kept meanwhile.
EXPORT void *malloc(size_t bytes)
{
	struct thread_ref *r = my_ref;
	struct tele_thread *slot = r->slot;
	void *p;

	if (UNLIKELY(slot == NULL || slot->values[MALLOC_CALLS] >= r->malloc_mark || bytes >= LARGE_BYTES))
		return our_malloc(bytes);
	count_request(r, MALLOC_CALLS, bytes, small_classes[(bytes + 7) / 8], 1);
	p = next.malloc(bytes);
	if (UNLIKELY(p == NULL))
		return refuse_plain(bytes);
	return sizing == SIZE_UNKNOWN ? p : count_block(bytes, p);
}

__attribute__((noinline)) static void free_other(struct thread_ref *r, void *p)
{
	count_free(r, p);
}

__attribute__((noinline)) static void publish_and_free(struct thread_ref *r, void *p)
{
	live_publish(r);
	next.free(p);
}

__attribute__((noinline)) void our_free(void *p)
{
	if (p != NULL && !bump_owns(p))
		observe_give(ref(), p);
}

EXPORT void free(void *p)
{
	struct thread_ref *r = my_ref;
	struct tele_thread *slot = r->slot;
	size_t usable;

	// NULL and memory from before the start are in the filter, too.
	if (UNLIKELY(slot == NULL || slot->values[FREE_CALLS] >= r->free_mark || sample_maybe(p))) {
		our_free(p);
		return;
	}
	if (sizing == SIZE_UNKNOWN) {
		own_add(&slot->values[FREE_CALLS], 1);
		next.free(p);
		return;
	}
	if (sizing == SIZE_BY_CHUNK && !chunk_is_mapped(p)) {
		usable = usable_of_chunk(p);
	} else if (sizing != SIZE_BY_PAGE || (usable = page_usable(p)) == 0) {
		free_other(r, p);
		return;
	}
	own_add(&slot->values[FREE_CALLS], 1);
	own_add(&slot->values[FREED_BYTES], usable);
	if (is_far(r, slot->values))
		publish_and_free(r, p);
	else
		next.free(p);
}

EXPORT void *calloc(size_t count, size_t bytes)
{
	struct request q = { .way = BY_CALLOC, .count = count, .each = bytes };

	if (__builtin_mul_overflow(count, bytes, &q.bytes))
		return overflows(BY_CALLOC);
	return take(&q);
}

// Memory from before the start moves to the real malloc, or, while there is none yet, within the old.
static void *realloc_bump(void *p, size_t bytes)
{
	size_t old = bump_size(p);
	void *fresh;

	if (bytes == 0)
		return NULL;
	fresh = our_malloc(bytes);
	if (fresh != NULL)
		memcpy(fresh, p, old < bytes ? old : bytes);
	return fresh;
}

static void *resize(void *p, size_t bytes)
{
	if (UNLIKELY(bump_owns(p)))
		return realloc_bump(p, bytes);
	return take(&(struct request){ .way = BY_REALLOC, .bytes = bytes, .old = p });
}

EXPORT void *realloc(void *p, size_t bytes)
{
	return resize(p, bytes);
}

EXPORT void *reallocarray(void *p, size_t count, size_t bytes)
{
	size_t product;

	if (__builtin_mul_overflow(count, bytes, &product))
		return overflows(BY_REALLOC);
	return resize(p, product);
}

static void *take_aligned(enum way w, size_t align, size_t bytes)
{
	return take(&(struct request){ .way = w, .bytes = bytes, .align = align });
}

EXPORT void *memalign(size_t align, size_t bytes)
{
	return take_aligned(BY_MEMALIGN, align, bytes);
}

EXPORT void *aligned_alloc(size_t align, size_t bytes)
{
	return take_aligned(BY_ALIGNED_ALLOC, align, bytes);
}

void *our_aligned_alloc(size_t align, size_t bytes)
{
	return take_aligned(BY_ALIGNED_ALLOC, align, bytes);
}

EXPORT int posix_memalign(void **out, size_t align, size_t bytes)
{
	struct request q = { .way = BY_POSIX_MEMALIGN, .bytes = bytes, .align = align };
	int saved = errno;
	void *p = take(&q);

	if (p != NULL)
		*out = p;
	else if (q.error == 0) // before the start, the little there is was used up
		q.error = ENOMEM;
	errno = saved;
	return q.error;
}

EXPORT void *valloc(size_t bytes)
{
	return take_aligned(BY_MEMALIGN, (size_t)sysconf(_SC_PAGESIZE), bytes);
}

EXPORT void *pvalloc(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t rounded;

	if (__builtin_add_overflow(bytes, page - 1, &rounded))
		return overflows(BY_MEMALIGN);
	return take_aligned(BY_MEMALIGN, page, rounded & ~(page - 1));
}

EXPORT size_t malloc_usable_size(void *p)
{
	if (p != NULL && UNLIKELY(bump_owns(p)))
		return bump_size(p);
	return p != NULL && next_resolve() ? usable_of(p) : 0;
}

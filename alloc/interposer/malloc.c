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
	struct thread_ref *r = my_ref;

	if (LIKELY(r->slot != NULL))
		return observe_malloc(r, bytes);
	return take(&(struct request){ .way = BY_MALLOC, .bytes = bytes, .align = 16 });
}

static void *overflows(enum way w)
{
	observe_refusal(ref(), &(struct request){ .way = w, .bytes = SIZE_MAX });
	errno = ENOMEM;
	return NULL;
}

__attribute__((noinline)) void our_free(void *p)
{
	if (UNLIKELY(bump_owns(p)))
		__atomic_fetch_sub(&bump_out, 1, __ATOMIC_RELAXED);
	else if (p != NULL)
		observe_give(ref(), p);
}

// -- the fast paths -----------------------------------------------------------------------------------------
//
// Those of glibc and of the counters alone stand in malloc and free themselves; the other ways to know sizes are
// behind one jump. What is rare is a jump at the end, so that no registers are saved for it.

// It was counted beforehand as one that is met.
__attribute__((noinline, cold)) static void *refuse_small(size_t bytes)
{
	struct thread_ref *r = my_ref;

	if (r->small != NULL)
		own_add(&r->small[bytes], UINT64_MAX);
	observe_refusal(r->slot != NULL ? r : NULL, &(struct request){ .way = BY_MALLOC, .bytes = bytes });
	return NULL;
}

__attribute__((noinline, cold)) static void *refuse_counted(size_t bytes)
{
	struct thread_ref *r = my_ref;

	if (r->slot != NULL)
		count_request(r->slot, r->sizes, MALLOC_CALLS, bytes, small_classes[bytes], UINT64_MAX);
	observe_refusal(r->slot != NULL ? r : NULL, &(struct request){ .way = BY_MALLOC, .bytes = bytes });
	return NULL;
}

__attribute__((noinline, cold)) static void *publish(struct thread_ref *r, void *p)
{
	live_publish(r);
	return p;
}

__attribute__((noinline, cold)) static void publish_and_free(struct thread_ref *r, void *p)
{
	live_publish(r);
	next.free(p);
}

// A block whose size is not where it is looked for at first.
__attribute__((noinline, cold)) static void *count_other(struct thread_ref *r, size_t bytes, void *p)
{
	size_t usable;

	if (sizing == SIZE_BY_PAGE) {
		usable = small_usable(bytes);
		if (usable == SMALL_UNKNOWN) {
			usable = usable_of(p);
			__atomic_store_n(&small_usables[small_words(bytes)], (uint16_t)usable, __ATOMIC_RELAXED);
		}
		page_enter(p, usable);
	} else {
		usable = usable_of(p);
	}
	own_add(&r->slot->values[USABLE_BYTES], usable);
	check_live(r, r->slot->values);
	return p;
}

__attribute__((noinline, cold)) static void free_other(struct thread_ref *r, void *p)
{
	count_freed(r, usable_before(p));
	next.free(p);
}

// The thread's ref once more, behind a call: nothing of how it was found before is kept meanwhile.
static inline struct thread_ref *ref_again(void)
{
#if defined(__x86_64__)
	struct thread_ref *r;

	__asm__ volatile("movq my_ref@gottpoff(%%rip), %0\n\tmovq %%fs:(%0), %0" : "=r"(r));
	return r;
#else
	return my_ref;
#endif
}

// `p` has become so much larger, and with it what is live.
static inline void *add_usable(struct thread_ref *r, struct tele_thread *slot, size_t usable, void *p)
{
	own_add(&slot->values[USABLE_BYTES], usable);
	return UNLIKELY(own_live(slot->values) > r->high) ? publish(r, p) : p;
}

static void *count_nothing(void *p, size_t bytes)
{
	(void)bytes;
	return p;
}

static void *count_by_call(void *p, size_t bytes)
{
	size_t usable = next.usable_size(p);
	struct thread_ref *r = my_ref;

	(void)bytes;
	return LIKELY(r->slot != NULL) ? add_usable(r, r->slot, usable, p) : p;
}

static void *count_by_counts(void *p, size_t bytes)
{
	struct thread_ref *r = my_ref;
	struct tele_thread *slot = r->slot;

	(void)bytes;
	if (UNLIKELY(slot == NULL))
		return p;
	own_copy(&slot->values[USABLE_BYTES], r->allocated, r->allocated_before);
	return UNLIKELY(own_live(slot->values) > r->high) ? publish(r, p) : p;
}

static void *count_by_page(void *p, size_t bytes)
{
	struct thread_ref *r = my_ref;
	struct tele_thread *slot = r->slot;
	size_t usable = small_usable(bytes);

	if (UNLIKELY(slot == NULL))
		return p;
	return LIKELY(page_read(p) == usable) ? add_usable(r, slot, usable, p) : count_other(r, bytes, p);
}

static void free_by_call(void *p, struct thread_ref *r, struct tele_thread *slot)
{
	(void)slot;
	free_other(r, p);
}

static void free_by_counts(void *p, struct thread_ref *r, struct tele_thread *slot)
{
	next.free(p);
	r = ref_again();
	slot = r->slot;
	if (UNLIKELY(slot == NULL)) // a signal handler has forked, and this is the child
		return;
	own_add(&slot->values[FREE_CALLS], 1);
	own_copy(&slot->values[FREED_BYTES], r->deallocated, r->deallocated_before);
	if (UNLIKELY(own_live(slot->values) < r->low))
		live_publish(r);
}

// With so many usable bytes.
static inline void give(struct thread_ref *r, struct tele_thread *slot, size_t usable, void *p)
{
	own_add(&slot->values[FREE_CALLS], 1);
	own_add(&slot->values[FREED_BYTES], usable);
	if (UNLIKELY(own_live(slot->values) < r->low))
		publish_and_free(r, p);
	else
		next.free(p);
}

static void free_by_page(void *p, struct thread_ref *r, struct tele_thread *slot)
{
	size_t usable = page_usable(p);

	if (LIKELY(usable > 0))
		give(r, slot, usable, p);
	else
		free_other(r, p);
}

// Of PATH_OTHER.
static void *(*count_path)(void *, size_t);
static void (*free_path)(void *, struct thread_ref *, struct tele_thread *);

enum path malloc_begin(void)
{
	static const struct {
		void *(*count)(void *, size_t);
		void (*free)(void *, struct thread_ref *, struct tele_thread *);
	} paths[SIZINGS] = {
		[SIZE_UNKNOWN] = { count_nothing, free_by_call },
		[SIZE_BY_CALL] = { count_by_call, free_by_call },
		[SIZE_BY_COUNTS] = { count_by_counts, free_by_counts },
		[SIZE_BY_PAGE] = { count_by_page, free_by_page },
	};

	small_classes[0] = (uint8_t)heap_class(0);
	for (unsigned words = 0; words < SMALL_WORDS; words++) {
		const uint8_t class = (uint8_t)heap_class(words * 8 + 8); // four to a doubling: words share one

		small_usables[words] = SMALL_UNKNOWN;
		for (unsigned bytes = words * 8 + 1; bytes <= words * 8 + 8 && bytes < LARGE_BYTES; bytes++)
			small_classes[bytes] = class;
	}
	count_path = paths[sizing].count;
	free_path = paths[sizing].free;
	if (sizing == SIZE_BY_CHUNK)
		return PATH_CHUNK;
	return options.mode == MODE_COUNTERS && !observes_all() && bump_out == 0 ? PATH_PLAIN : PATH_OTHER;
}

// NULL and memory from before the start are among those that are sampled.
static inline bool is_end_observed(struct thread_ref *r, struct tele_thread *slot, const void *p)
{
	return UNLIKELY(slot->values[FREE_CALLS] >= r->free_mark || sample_maybe(p));
}

// The request is counted before it is made: so nothing but `bytes` need be kept meanwhile. NULL: it was refused.
static inline void *take_and_count(struct tele_thread *slot, uint64_t *sizes, size_t bytes)
{
	void *p;

	count_request(slot, sizes, MALLOC_CALLS, bytes, small_classes[bytes], 1);
	p = next.malloc(bytes);
	return LIKELY(p != NULL) ? p : refuse_counted(bytes);
}

// The same of a small one.
static inline void *take_small(uint64_t *small, size_t bytes)
{
	void *p;

	own_add(&small[bytes], 1);
	p = next.malloc(bytes);
	return LIKELY(p != NULL) ? p : refuse_small(bytes);
}

// Usable bytes of what glibc has handed out.
static inline void *count_chunk(size_t bytes, void *p)
{
	struct thread_ref *r = ref_again();
	struct tele_thread *slot = r->slot;

	if (UNLIKELY(slot == NULL)) // a signal handler has forked, and this is the child
		return p;
	return chunk_is_mapped(p) ? count_other(r, bytes, p) : add_usable(r, slot, usable_of_chunk(p), p);
}

// Of at least SG_HEAP_SMALL bytes, or where sizes are known otherwise.
static inline void *malloc_otherwise(size_t bytes, struct thread_ref *r)
{
	struct tele_thread *slot = r->slot;
	uint64_t *sizes = r->sizes;
	enum path path;
	void *p;

	__atomic_signal_fence(__ATOMIC_ACQUIRE); // as below
	path = r->path;
	if (UNLIKELY(path == PATH_NONE || bytes >= LARGE_BYTES))
		return our_malloc(bytes);
	if (path == PATH_PLAIN)
		return take_and_count(slot, sizes, bytes);
	if (UNLIKELY(path == PATH_CHUNK ? --r->malloc_left < 0 : slot->values[MALLOC_CALLS] >= r->malloc_mark))
		return our_malloc(bytes);
	p = take_and_count(slot, sizes, bytes);
	if (UNLIKELY(p == NULL))
		return NULL;
	return path == PATH_CHUNK ? count_chunk(bytes, p) : count_path(p, bytes);
}

HOT EXPORT void *malloc(size_t bytes)
{
	struct thread_ref *r = my_ref;
	uint64_t *small = r->small;
	void *p;

	// If a signal handler forks from here on, the child finds zeros in `r`, these as well.
	__atomic_signal_fence(__ATOMIC_ACQUIRE);
	if (LIKELY(bytes < r->plain_below))
		return take_small(small, bytes);
	if (UNLIKELY(bytes >= r->chunk_below))
		return malloc_otherwise(bytes, r);
	if (UNLIKELY(--r->malloc_left < 0))
		return our_malloc(bytes);
	p = take_small(small, bytes);
	return LIKELY(p != NULL) ? count_chunk(bytes, p) : NULL;
}

static inline void free_otherwise(void *p, struct thread_ref *r, struct tele_thread *slot)
{
	if (is_end_observed(r, slot, p))
		our_free(p);
	else
		free_path(p, r, slot);
}

HOT EXPORT void free(void *p)
{
	struct thread_ref *r = my_ref;
	struct tele_thread *slot = r->slot;

	__atomic_signal_fence(__ATOMIC_ACQUIRE);
	if (LIKELY(r->plain_below > 0)) {
		own_count_block(&slot->values[FREE_CALLS], p);
		next.free(p);
	} else if (UNLIKELY(r->chunk_below == 0)) {
		if (r->path == PATH_OTHER)
			free_otherwise(p, r, slot);
		else
			our_free(p);
	} else if (is_end_observed(r, slot, p)) {
		our_free(p);
	} else if (chunk_is_mapped(p)) {
		free_other(r, p);
	} else {
		give(r, slot, usable_of_chunk(p), p);
	}
}

// C23's, which few have yet: by its definition as free, so that no block goes back without being counted.
EXPORT void free_sized(void *p, size_t bytes);
EXPORT void free_aligned_sized(void *p, size_t align, size_t bytes);

void free_sized(void *p, size_t bytes)
{
	(void)bytes;
	free(p);
}

void free_aligned_sized(void *p, size_t align, size_t bytes)
{
	(void)align;
	(void)bytes;
	free(p);
}

// -- the others ---------------------------------------------------------------------------------------------

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
	void *fresh = NULL;

	if (bytes > 0) {
		fresh = our_malloc(bytes);
		if (fresh == NULL)
			return NULL;
		memcpy(fresh, p, old < bytes ? old : bytes);
	}
	__atomic_fetch_sub(&bump_out, 1, __ATOMIC_RELAXED);
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

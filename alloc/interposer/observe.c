// Calls off the fast path: those that are timed, sampled, made to fail or watched, and every realloc and memalign.
#include "interposer.h"

#include <errno.h>
#include <sys/mman.h>

#define LIFETIMES 1024U // one block in so many, times lifetime_weight, has its end waited for

struct watcher watcher;
uint8_t small_classes[LARGE_BYTES];
uint16_t small_usables[SMALL_WORDS];
uint16_t *page_leaves[LEAVES];
bool aligned_within;

static const struct {
	enum value counter;
	enum heap_function function;
} ways[] = {
	[BY_MALLOC] = { MALLOC_CALLS, HEAP_MALLOC },
	[BY_CALLOC] = { CALLOC_CALLS, HEAP_CALLOC },
	[BY_REALLOC] = { REALLOC_CALLS, HEAP_REALLOC },
	[BY_MEMALIGN] = { MEMALIGN_CALLS, HEAP_MEMALIGN },
	[BY_ALIGNED_ALLOC] = { MEMALIGN_CALLS, HEAP_MEMALIGN },
	[BY_POSIX_MEMALIGN] = { MEMALIGN_CALLS, HEAP_MEMALIGN },
};

enum value observe_counter(enum way w)
{
	return ways[w].counter;
}

// -- timing -------------------------------------------------------------------------------------------------

bool observes_all(void)
{
	return options.mode == MODE_EVERY || options.fault != FAULT_NONE || watcher.taken != NULL;
}

static bool samples(void)
{
	return options.mode >= MODE_SAMPLED && process.heap != NULL;
}

// The thread's xorshift64 (Marsaglia 2003).
static uint64_t next_random(struct thread_ref *r)
{
	r->random ^= r->random << 13;
	r->random ^= r->random >> 7;
	r->random ^= r->random << 17;
	return r->random;
}

// 0 .. below - 1, without a division (Lemire 2019, section 3).
static uint64_t random_below(struct thread_ref *r, uint64_t below)
{
	return (uint64_t)((unsigned __int128)next_random(r) * below >> 64);
}

// The next one after 1 .. 2 * every - 1 calls, so that no pattern of the program's is hit always or never.
static uint64_t draw(struct thread_ref *r)
{
	return random_below(r, 2 * options.timed_every - 1);
}

// The first call that is observed, behind so many; 0: all are.
static uint64_t first_mark(struct thread_ref *r, uint64_t calls)
{
	return observes_all() ? 0 : samples() ? calls + 1 + draw(r) : UINT64_MAX;
}

static inline bool is_at_mark(struct thread_ref *r, uint64_t *mark, uint64_t calls)
{
	if (calls < *mark)
		return false;
	*mark = calls + 1 + draw(r);
	return true;
}

// The fast path has taken one off already, and sends here what has nothing left.
static inline bool is_last(struct thread_ref *r, int64_t *left)
{
	if (*left > 0) { // a large one
		(*left)--;
		return false;
	}
	*left = (int64_t)draw(r);
	return true;
}

// The marks of malloc and free are what sends calls here; where all are to come, they stay at 0.
static inline bool is_timed(struct thread_ref *r, enum heap_function f)
{
	if (UNLIKELY(!samples()))
		return false;
	if (f == HEAP_MALLOC && r->malloc_mark > 0 && r->chunk_below > 0)
		return is_last(r, &r->malloc_left);
	if (f == HEAP_MALLOC && r->malloc_mark > 0)
		return is_at_mark(r, &r->malloc_mark, r->slot->values[MALLOC_CALLS]);
	if (f == HEAP_FREE && r->free_mark > 0)
		return is_at_mark(r, &r->free_mark, r->slot->values[FREE_CALLS]);
	if (r->left[f] > 0) {
		r->left[f]--;
		return false;
	}
	r->left[f] = draw(r);
	return true;
}

void observe_arm(struct thread_ref *r)
{
	const uint64_t *values = r->slot->values;

	r->random = heap_ticks() ^ (uintptr_t)r << 16;
	r->random += r->random == 0;
	r->large_left = (int64_t)random_below(r, 2 * options.sample_bytes);
	for (unsigned f = 0; f < HEAP_FUNCTION_COUNT; f++)
		r->left[f] = samples() ? draw(r) : UINT64_MAX;
	r->malloc_left = observes_all() ? INT64_MIN / 2 : samples() ? (int64_t)draw(r) : INT64_MAX;
	r->malloc_mark = first_mark(r, values[MALLOC_CALLS]);
	r->free_mark = first_mark(r, values[FREE_CALLS]);
}

// Most latencies of a thread are within a few doublings: so a lane's pages are reserved one by one, when they are
// needed first.
__attribute__((noinline, cold)) static bool reserve_times(struct thread_ref *r, uint64_t *at, uint64_t page)
{
	if (!process_reserve(at, sizeof *at)) {
		r->lane = NULL;
		return false;
	}
	r->lane_pages |= page;
	return true;
}

static inline bool has_room(struct thread_ref *r, uint64_t *at)
{
	const uint64_t page = UINT64_C(1) << (((uintptr_t)at >> PAGE_SHIFT) - ((uintptr_t)r->lane >> PAGE_SHIFT));

	return LIKELY((r->lane_pages & page) != 0) || reserve_times(r, at, page);
}

static inline void record_time(struct thread_ref *r, enum heap_function f, uint64_t ticks)
{
	const uint64_t overhead = process.clock_overhead; // not the file's: others write beside that
	uint64_t *times;

	if (r->lane == NULL)
		return;
	ticks = ticks > overhead ? ticks - overhead : 0;
	times = &r->lane->times[heap_time_slot(ticks)][f];
	if (!has_room(r, times))
		return;
	if (LIKELY(r->entry != NULL)) // the lane is this thread's alone
		own_add(times, 1);
	else
		__atomic_fetch_add(times, 1, __ATOMIC_RELAXED);
}

// -- sampling -----------------------------------------------------------------------------------------------

// A small block that was timed stands for all the bytes between two such with the odds that this gives one sample
// for each options.sample_bytes on average.
static inline uint64_t weight_of(struct thread_ref *r, size_t bytes)
{
	const uint64_t distance = options.sample_bytes;

	if (bytes < LARGE_BYTES) {
		uint64_t between = bytes * options.timed_every; // bytes of its kind between two that are timed

		return between >= distance ? between : random_below(r, distance) < between ? distance : 0;
	}
	if (bytes >= 2 * distance)
		return bytes;
	r->large_left -= (int64_t)bytes;
	if (r->large_left > 0)
		return 0;
	r->large_left += (int64_t)(distance / 2 + random_below(r, distance));
	return distance;
}

static inline void sample(struct thread_ref *r, const void *p, size_t bytes, bool timed)
{
	uint64_t weight = timed || bytes >= LARGE_BYTES ? weight_of(r, bytes) : 0;
	const uint32_t times = __atomic_load_n(&lifetime_weight, __ATOMIC_RELAXED);
	// Of the number that has chosen the next call to be timed, the bits that it did not depend on.
	bool lifetime = timed && (r->random & (LIFETIMES * times - 1)) < options.timed_every;

	if (weight > 0 || lifetime)
		sample_taken(p, bytes, weight, lifetime ? times : 0);
}

// -- sizes by page ------------------------------------------------------------------------------------------

void page_enter_slowly(const void *p, uint16_t usable)
{
	const uintptr_t at = (uintptr_t)p;
	uint16_t **leaf = &page_leaves[(at >> LEAF_SHIFT) % LEAVES], *none = NULL, *here;

	here = __atomic_load_n(leaf, __ATOMIC_ACQUIRE);
	if (here == NULL) {
		here = mmap(NULL, LEAF_PAGES * sizeof *here, PROT_READ | PROT_WRITE,
		            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (here == MAP_FAILED) // all of it is asked for
			return;
		if (!__atomic_compare_exchange_n(leaf, &none, here, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
			munmap(here, LEAF_PAGES * sizeof *here);
			here = none;
		}
	}
	here += (at >> PAGE_SHIFT) % LEAF_PAGES;
	if (__atomic_load_n(here, __ATOMIC_RELAXED) != PAGE_MIXED)
		__atomic_store_n(here, usable, __ATOMIC_RELAXED);
}

// -- counting -----------------------------------------------------------------------------------------------

static void count(struct thread_ref *r, enum value v, uint64_t n)
{
	if (r != NULL)
		own_add(&r->slot->values[v], n);
	else
		count_shared(v, n);
}

static void count_refused(struct thread_ref *r, const struct request *q)
{
	if (r == NULL && process_bypassed())
		return;
	count(r, ways[q->way].counter, 1);
	count(r, FAILURES, 1);
	if (q->way != BY_REALLOC)
		count(r, LIVE_BLOCKS, UINT64_MAX); // a call that took nothing
}

static void count_shared_size(size_t bytes)
{
	if (process.heap != NULL)
		__atomic_fetch_add(&process.heap->shared_sizes[heap_class(bytes)], 1, __ATOMIC_RELAXED);
}

static bool is_aligned(const struct request *q)
{
	return ways[q->way].function == HEAP_MEMALIGN;
}

static void count_met(struct thread_ref *r, const struct request *q, void *p)
{
	size_t usable;

	if (r != NULL) {
		count_grant(r, ways[q->way].counter, q->bytes, p);
	} else {
		usable = usable_of_new(p, is_aligned(q));
		count_shared(ways[q->way].counter, 1);
		count_shared(REQUESTED_BYTES, q->bytes);
		count_shared(USABLE_BYTES, usable);
		count_shared_size(q->bytes);
		live_shared((int64_t)usable);
	}
	if (q->way == BY_REALLOC)
		count(r, LIVE_BLOCKS, 1); // calls of realloc are not counted as taking
}

// A block of `old` usable bytes has become `p`, or was freed when `p` is NULL.
static void count_resized(struct thread_ref *r, const struct request *q, void *p, size_t old)
{
	size_t usable =
	        p != NULL && sizing != SIZE_UNKNOWN ? p == q->old ? usable_of_old(p) : usable_of_new(p, false) : 0;

	count(r, REALLOC_CALLS, 1);
	count(r, REQUESTED_BYTES, q->bytes);
	if (p == NULL)
		count(r, LIVE_BLOCKS, UINT64_MAX);
	else if (r != NULL)
		own_add(&r->sizes[heap_class(q->bytes)], 1);
	else
		count_shared_size(q->bytes);
	if (r == NULL) {
		count_shared(USABLE_BYTES, usable);
		count_shared(FREED_BYTES, old);
		live_shared((int64_t)(usable - old));
		return;
	}
	if (sizing == SIZE_BY_COUNTS) {
		own_copy(&r->slot->values[USABLE_BYTES], r->allocated, r->allocated_before);
		own_copy(&r->slot->values[FREED_BYTES], r->deallocated, r->deallocated_before);
	} else {
		own_add(&r->slot->values[USABLE_BYTES], usable);
		own_add(&r->slot->values[FREED_BYTES], old);
	}
	check_live(r, r->slot->values);
}

// -- the calls ----------------------------------------------------------------------------------------------

static void *perform(struct request *q)
{
	void *p = NULL;

	switch (q->way) {
	case BY_MALLOC:
		return next.malloc(q->bytes);
	case BY_CALLOC:
		return next.calloc(q->count, q->each);
	case BY_REALLOC:
		return next.realloc(q->old, q->bytes);
	case BY_MEMALIGN:
		return next.memalign(q->align, q->bytes);
	case BY_ALIGNED_ALLOC:
		return next.aligned_alloc(q->align, q->bytes);
	case BY_POSIX_MEMALIGN:
		q->error = next.posix_memalign(&p, q->align, q->bytes);
		return q->error == 0 ? p : NULL;
	}
	return NULL;
}

__attribute__((cold)) static void refuse(struct thread_ref *r, struct request *q, bool injected, uint64_t nth)
{
	int saved = errno;

	count_refused(r, q);
	if (injected)
		count_shared(INJECTED, 1);
	if (!process_bypassed())
		sample_failure(q, injected, nth);
	if (UNLIKELY(watcher.taken != NULL))
		watcher.taken(q, NULL);
	errno = saved;
}

void observe_refusal(struct thread_ref *r, const struct request *q)
{
	struct request copy = *q;

	refuse(r, &copy, false, 0);
}

// NULL for a bad alignment is no lack of memory, nor is what realloc(p, 0) gives.
static bool lacked_memory(const struct request *q)
{
	if (q->way == BY_POSIX_MEMALIGN)
		return q->error == ENOMEM;
	if (q->way == BY_MEMALIGN || q->way == BY_ALIGNED_ALLOC)
		return errno == ENOMEM;
	return q->bytes != 0 || q->old == NULL;
}

static void account(struct thread_ref *r, struct request *q, void *p, size_t old)
{
	if (q->old != NULL)
		count_resized(r, q, p, old);
	else
		count_met(r, q, p);
	if (faults_armed())
		faults_live((int64_t)(p != NULL ? usable_of(p) : 0) - (int64_t)old);
}

void *observe_take(struct thread_ref *r, struct request *q)
{
	const enum heap_function function = ways[q->way].function;
	size_t old;
	uint64_t start = 0, nth = 0;
	bool timed;
	void *p;

	slow_calls += r == NULL;
	if (r == NULL && process_bypassed())
		return perform(q);
	old = q->old != NULL && sizing != SIZE_UNKNOWN ? usable_of_old(q->old) : 0;
	if (faults_armed() && faults_deny(q, old, &nth)) {
		refuse(r, q, true, nth);
		q->error = ENOMEM;
		errno = ENOMEM;
		return NULL;
	}
	timed = r != NULL && is_timed(r, function);
	if (q->old != NULL && sample_maybe(q->old))
		sample_given(q->old);
	if (UNLIKELY(watcher.resizing != NULL && q->old != NULL))
		watcher.resizing(q->old);
	if (timed)
		start = heap_ticks();
	p = perform(q);
	if (timed)
		record_time(r, function, heap_ticks() - start);
	if (UNLIKELY(p == NULL) && (q->old == NULL || q->bytes != 0)) {
		if (lacked_memory(q))
			refuse(r, q, false, nth);
		return NULL;
	}
	if (r != NULL && p != NULL && samples())
		sample(r, p, q->bytes, timed); // first: at the peak that this may be, its stack has it
	account(r, q, p, old);
	if (UNLIKELY(watcher.taken != NULL))
		watcher.taken(q, p);
	return p;
}

// Timed calls are what samples cost: so the usual ones do without all that the others ask for.
void *observe_malloc(struct thread_ref *r, size_t bytes)
{
	struct request q = { .way = BY_MALLOC, .bytes = bytes };
	uint64_t start = 0;
	bool timed;
	void *p;

	if (UNLIKELY(faults_armed() || watcher.taken != NULL))
		return observe_take(r, &q);
	timed = is_timed(r, HEAP_MALLOC);
	if (timed)
		start = heap_ticks();
	p = next.malloc(bytes);
	if (timed)
		record_time(r, HEAP_MALLOC, heap_ticks() - start);
	if (UNLIKELY(p == NULL)) {
		refuse(r, &q, false, 0);
		return NULL;
	}
	if (samples())
		sample(r, p, bytes, timed); // first, as above
	count_grant(r, MALLOC_CALLS, bytes, p);
	return p;
}

static void give_shared(void *p)
{
	size_t usable = usable_of_old(p);

	count_shared(FREE_CALLS, 1);
	count_shared(FREED_BYTES, usable);
	live_shared(-(int64_t)usable);
	next.free(p);
}

static inline void give_own(struct thread_ref *r, void *p)
{
	const bool timed = is_timed(r, HEAP_FREE);
	size_t usable = usable_before(p);
	uint64_t start = 0;

	if (timed)
		start = heap_ticks();
	next.free(p);
	if (timed)
		record_time(r, HEAP_FREE, heap_ticks() - start);
	count_freed(r, usable);
}

void observe_give(struct thread_ref *r, void *p)
{
	slow_calls += r == NULL;
	if (r == NULL && process_bypassed()) {
		next.free(p);
		return;
	}
	if (sample_maybe(p))
		sample_given(p);
	if (UNLIKELY(watcher.given != NULL))
		watcher.given(p);
	if (faults_armed())
		faults_live(-(int64_t)usable_of_old(p));
	if (r == NULL) {
		give_shared(p);
	} else {
		give_own(r, p);
	}
}

// The process: its threads' slots, its live bytes and their peak; fork and the ends of threads.
#include "interposer.h"

#include "clock.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LIMIT_MIN (INT64_C(4) << 10)
#define LIMIT_MAX (INT64_C(1) << 20)

_Static_assert(VALUE_COUNT <= SG_TELE_COUNTERS, "the file has counters enough");
_Static_assert(PEAK_BYTES <= SG_TELE_VALUES, "what threads count fits into their slots");
_Static_assert(SG_TELE_THREADS == 64, "the slots are the bits of one word");
_Static_assert(sizeof(struct thread_ref) == 256, "cache lines of their own");
_Static_assert(MALLOC_CALLS == SG_HEAP_CALLS && REQUESTED_BYTES == SG_HEAP_REQUESTED, "as heap.h has them");
_Static_assert(offsetof(struct thread_ref, path) == 64, "what the fast paths need is one of them");

// Wiped to zero in a child made by fork, by whatever call.
struct wiped {
	struct thread_ref refs[SG_TELE_THREADS];
	uint64_t alive;
	int sample_lock;
};

struct process process;

static struct {
	struct wiped *wiped;
	struct early early; // until there is a file
	uint64_t taken;     // bit per slot that has an owner
	uint64_t reserved; // bit per slot whose sizes and small requests have their room: kept from owner to owner
	int64_t live;      // what threads have published; never above the true figure
	int64_t peak;
	int64_t limit_max, threads_max;
	struct tele_file *older; // the parent's parent's file, in a child
	int64_t live_at_fork;    // in the child, when `forks`
	int forks;               // under way, by whichever threads
	bool bypassed;
	enum path path; // of all threads
	int repairing;  // a lock around a child's first call
	pthread_key_t key;
} own;

static struct thread_ref no_ref;
static uint64_t nowhere[SG_HEAP_CLASSES]; // sizes, where the file has no room for them
THREAD_LOCAL struct thread_ref *my_ref = &no_ref;
THREAD_LOCAL uint64_t slow_calls;
static THREAD_LOCAL bool ended; // its slot has been given up

bool process_bypassed(void)
{
	return own.bypassed || next.sanitizer != NULL;
}

void process_bypass(void)
{
	own.bypassed = true;
}

// -- totals -------------------------------------------------------------------------------------------------

static uint64_t *total(enum value v)
{
	return process.file != NULL ? &process.file->counters[v].value : &own.early.values[v];
}

void count_shared(enum value v, uint64_t n)
{
	__atomic_fetch_add(total(v), n, __ATOMIC_RELAXED);
}

static bool raise_to(int64_t *at, int64_t value)
{
	int64_t old = __atomic_load_n(at, __ATOMIC_RELAXED);

	while (value > old)
		if (__atomic_compare_exchange_n(at, &old, value, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return true;
	return false;
}

void live_shared(int64_t bytes)
{
	int64_t live = __atomic_add_fetch(&own.live, bytes, __ATOMIC_RELAXED);

	if (!raise_to(&own.peak, live))
		return;
	raise_to((int64_t *)total(PEAK_BYTES), live);
	if (process.heap != NULL)
		__atomic_fetch_add(&process.heap->peak_number, 1, __ATOMIC_RELAXED);
}

// How far a thread may run ahead: a thousandth of what is live, shared among the threads.
static int64_t next_limit(void)
{
	int64_t threads = __builtin_popcountll(__atomic_load_n(&own.taken, __ATOMIC_RELAXED));
	int64_t limit = __atomic_load_n(&own.live, __ATOMIC_RELAXED) / (1024 * (threads > 0 ? threads : 1));

	limit = limit < LIMIT_MIN ? LIMIT_MIN : limit > LIMIT_MAX ? LIMIT_MAX : limit;
	raise_to(&own.limit_max, limit);
	raise_to(&own.threads_max, threads);
	raise_to((int64_t *)total(PEAK_ERROR_BYTES), __atomic_load_n(&own.limit_max, __ATOMIC_RELAXED) *
	                                                     __atomic_load_n(&own.threads_max, __ATOMIC_RELAXED));
	return limit;
}

// What a thread has that is not published (above `low`) is never negative: the published sum never exceeds the
// true one, nor does the peak, and both are short by at most all threads' limits. Half a limit is held back each
// time, so that live bytes that go up and down a little are heard of as seldom as can be.
void live_publish(struct thread_ref *r)
{
	int64_t more = own_live(r->slot->values) - r->low - (r->high - r->low) / 2;

	r->low += more;
	live_shared(more);
	r->high = r->low + next_limit();
}

static void publish_all(struct thread_ref *r)
{
	int64_t more = own_live(r->slot->values) - r->low;

	r->low += more;
	live_shared(more);
}

// While others count.
static uint64_t read_count(const uint64_t *at)
{
	return __atomic_load_n(at, __ATOMIC_RELAXED);
}

int64_t live_now(const struct tele_file *file)
{
	uint64_t live = read_count(&file->counters[LIVE_BYTES].value) +
	                read_count(&file->counters[USABLE_BYTES].value) -
	                read_count(&file->counters[FREED_BYTES].value);

	for (unsigned i = 0; i < SG_TELE_THREADS; i++)
		live += read_count(&file->threads[i].values[USABLE_BYTES]) -
		        read_count(&file->threads[i].values[FREED_BYTES]);
	return (int64_t)live;
}

// -- threads ------------------------------------------------------------------------------------------------

bool process_reserve(void *at, size_t len)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = (uintptr_t)at & ~(page - 1);
	int saved = errno;
	bool done = madvise((void *)from, (uintptr_t)at + len - from, MADV_POPULATE_WRITE) == 0 ||
	            errno == EINVAL; // before Linux 5.14: then all of it was reserved at the start

	errno = saved;
	return done;
}

static int claim_slot(void)
{
	uint64_t taken = __atomic_load_n(&own.taken, __ATOMIC_RELAXED);
	int slot;

	do {
		if (taken == UINT64_MAX)
			return -1;
		slot = __builtin_ctzll(~taken);
	} while (!__atomic_compare_exchange_n(&own.taken, &taken, taken | UINT64_C(1) << slot, true,
	                                      __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	return slot;
}

// What the slot has counted, for all its owners.
static void read_values(const struct thread_ref *r, uint64_t values[SG_TELE_VALUES])
{
	memcpy(values, r->slot->values, sizeof r->slot->values);
	if (r->small != NULL)
		heap_add_small(r->small, &values[MALLOC_CALLS], &values[REQUESTED_BYTES]);
}

// Its place in the list of threads, and what it starts from.
static struct heap_thread *enter_thread(const struct thread_ref *r, unsigned slot)
{
	struct heap_file *h = process.heap;
	uint64_t n = __atomic_fetch_add(&h->thread_count, 1, __ATOMIC_RELAXED);
	struct heap_thread *t;

	if (n >= SG_HEAP_THREADS || !process_reserve(&h->threads[n], sizeof h->threads[n])) {
		__atomic_fetch_add(&h->threads_left_out, 1, __ATOMIC_RELAXED);
		return NULL;
	}
	t = &h->threads[n];
	t->slot = slot;
	t->from_ns = clock_now_ns();
	read_values(r, t->values);
	prctl(PR_GET_NAME, t->name);
	t->tid = (uint32_t)syscall(SYS_gettid);
	return t;
}

static void leave_thread(const struct thread_ref *r)
{
	struct heap_thread *t = r->entry;
	uint64_t values[SG_TELE_VALUES];

	if (t == NULL)
		return;
	read_values(r, values);
	prctl(PR_GET_NAME, t->name); // most threads are named after their start
	for (unsigned v = 0; v < SG_TELE_VALUES; v++)
		t->values[v] = values[v] - t->values[v];
	t->to_ns = clock_now_ns();
}

static void reserve_counts(struct thread_ref *r, unsigned slot)
{
	struct heap_file *h = process.heap;
	const uint64_t bit = UINT64_C(1) << slot;
	const bool here = (__atomic_load_n(&own.reserved, __ATOMIC_RELAXED) & bit) != 0;

	r->sizes = here || process_reserve(h->sizes[slot], sizeof h->sizes[slot]) ? h->sizes[slot] : nowhere;
	if (own.path == PATH_PLAIN || own.path == PATH_CHUNK)
		r->small = here || process_reserve(h->small[slot], sizeof h->small[slot]) ? h->small[slot] : NULL;
	if (r->sizes != nowhere && (r->small != NULL || own.path == PATH_OTHER))
		__atomic_fetch_or(&own.reserved, bit, __ATOMIC_RELAXED);
}

static void attach_heap(struct thread_ref *r, unsigned slot)
{
	struct heap_file *h = process.heap;
	struct heap_lane *lane;

	reserve_counts(r, slot);
	r->entry = enter_thread(r, slot);
	lane = &h->lanes[r->entry != NULL ? (size_t)(r->entry - h->threads)
	                                  : SG_HEAP_THREADS + slot % SG_HEAP_SHARED_LANES];
	r->lane = options.mode >= MODE_SAMPLED ? lane : NULL;
	r->lane_pages = 0;
}

// jemalloc counts for each thread what it has handed out and got back: no block need be asked for its size.
static bool attach_counts(struct thread_ref *r)
{
	const uint64_t *values = r->slot->values;
	size_t len = sizeof r->allocated;

	if (sizing != SIZE_BY_COUNTS)
		return true;
	if (next.mallctl("thread.allocatedp", &r->allocated, &len, NULL, 0) != 0 ||
	    next.mallctl("thread.deallocatedp", &r->deallocated, &len, NULL, 0) != 0)
		return false;
	r->allocated_before = values[USABLE_BYTES] - *r->allocated;
	r->deallocated_before = values[FREED_BYTES] - *r->deallocated;
	return true;
}

static void release_slot(struct thread_ref *r)
{
	unsigned slot = (unsigned)(r - own.wiped->refs);

	r->plain_below = r->chunk_below = 0;
	r->path = PATH_NONE;
	r->slot = NULL;
	__atomic_fetch_and(&own.taken, ~(UINT64_C(1) << slot), __ATOMIC_RELEASE);
}

static struct thread_ref *attach(void)
{
	int slot = claim_slot();
	struct thread_ref *r;

	if (slot < 0)
		return NULL;
	r = &own.wiped->refs[slot];
	r->slot = &process.file->threads[slot];
	if (!attach_counts(r)) {
		release_slot(r);
		return NULL;
	}
	r->low = own_live(r->slot->values); // by the slot's earlier owners
	r->high = r->low + next_limit();
	r->sizes = nowhere;
	r->small = NULL;
	if (process.heap != NULL)
		attach_heap(r, (unsigned)slot);
	observe_arm(r);
	if (own.path == PATH_OTHER)
		r->path = PATH_OTHER;
	else if (r->small != NULL) { // else all calls go by the slow path
		r->path = own.path;
		r->plain_below = own.path == PATH_PLAIN ? SG_HEAP_SMALL : 0;
		r->chunk_below = own.path == PATH_CHUNK ? SG_HEAP_SMALL : 0;
	}
	my_ref = r;
	count_shared(THREADS, 1);
	pthread_setspecific(own.key, r); // may allocate; by now that is an ordinary call
	return r;
}

// The thread's values stay where they are: the next owner goes on from them. Other destructors may still
// free; they count by the slow path.
static void thread_end(void *ref)
{
	struct thread_ref *r = ref;

	ended = true;
	my_ref = &no_ref;
	if (r->slot == NULL) // a child's, wiped
		return;
	publish_all(r);
	leave_thread(r);
	release_slot(r);
}

// -- fork ---------------------------------------------------------------------------------------------------

static void before_fork(void)
{
	if (process.file == NULL)
		return;
	// A child that has not called yet and forks hands on what it was handed.
	if (own.wiped->alive != 0 || __atomic_load_n(&own.forks, __ATOMIC_RELAXED) == 0)
		__atomic_store_n(&own.live_at_fork, live_now(process.file), __ATOMIC_RELAXED);
	__atomic_fetch_add(&own.forks, 1, __ATOMIC_RELAXED);
}

static void after_fork_in_parent(void)
{
	if (process.file != NULL && own.wiped->alive != 0)
		__atomic_fetch_sub(&own.forks, 1, __ATOMIC_RELAXED);
}

// A child's first call: a file of its own, which begins with what it has inherited. Blocks that it inherited
// are its to free.
static void repair_child(void)
{
	struct tele_file *parents = process.file, *file;
	struct heap_file *heap;
	int64_t live;

	if (__atomic_exchange_n(&own.repairing, 1, __ATOMIC_ACQUIRE) != 0)
		return;
	live = own.forks > 0 ? own.live_at_fork : live_now(parents);
	own.forks = 0;
	file = start_file(&heap);
	if (file != NULL) {
		file->counters[LIVE_BYTES].value = (uint64_t)live;
		file->counters[PEAK_BYTES].value = (uint64_t)live;
		file->counters[INHERITED_BYTES].value = (uint64_t)live;
		own.taken = own.reserved = 0;
		own.live = own.peak = live;
		own.limit_max = own.threads_max = 0;
		process.file = file;
		process.heap = heap;
		if (own.older != NULL)
			munmap(own.older, own.older->bytes);
		own.older = parents; // a call that a signal handler has forked in may still write there
		sample_reset(&own.wiped->sample_lock);
		own.wiped->alive = 1;
	}
	__atomic_store_n(&own.repairing, 0, __ATOMIC_RELEASE);
}

struct thread_ref *process_attach(void)
{
	struct thread_ref *r = NULL;
	int saved = errno;

	if (process.file == NULL)
		return NULL;
	if (UNLIKELY(own.wiped->alive == 0))
		repair_child();
	if (!ended && own.wiped->alive != 0)
		r = attach();
	errno = saved;
	return r;
}

// -- start --------------------------------------------------------------------------------------------------

void process_keep(struct early *e)
{
	*e = own.early;
	e->live = own.live;
	e->peak = own.peak;
}

void process_restore(const struct early *e)
{
	own.early = *e;
	own.live = e->live;
	own.peak = e->peak;
}

bool process_prepare(void)
{
	void *at = mmap(NULL, sizeof *own.wiped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return false;
	own.wiped = at;
	own.wiped->alive = 1;
	return madvise(at, sizeof *own.wiped, MADV_WIPEONFORK) == 0 &&
	       pthread_key_create(&own.key, thread_end) == 0 &&
	       next_atfork(before_fork, after_fork_in_parent) == 0;
}

void process_begin(struct tele_file *file, struct heap_file *heap)
{
	for (unsigned v = 0; v < VALUE_COUNT; v++)
		file->counters[v].value = own.early.values[v];
	sample_reset(&own.wiped->sample_lock);
	faults_live(own.live);
	own.path = malloc_begin();
	process.clock_overhead = heap->clock_overhead;
	process.heap = heap;
	process.file = file;
}

// What the main thread has not published yet.
__attribute__((destructor)) static void stop(void)
{
	if (my_ref->slot != NULL)
		publish_all(my_ref);
	if (process.heap != NULL && process.file->maps_len > 0)
		sample_maps();
}

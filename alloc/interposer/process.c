// The process: its telemetry file, its threads' slots, its live bytes and their peak; start, fork and the ends
// of threads.
#include "interposer.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define LIMIT_MIN (INT64_C(4) << 10)
#define LIMIT_MAX (INT64_C(1) << 20)

_Static_assert(VALUE_COUNT <= SG_TELE_COUNTERS, "the file has counters enough");
_Static_assert(PEAK_BYTES <= SG_TELE_VALUES, "what threads count fits into their slots");
_Static_assert(SG_TELE_THREADS == 64, "the slots are the bits of one word");
_Static_assert(sizeof(struct thread_ref) == 64, "a cache line each");

// Wiped to zero in a child made by fork, by whatever call.
struct wiped {
	struct thread_ref refs[SG_TELE_THREADS];
	uint64_t alive;
};

static struct {
	struct tele_file *file; // NULL before the start and where there is nothing to count
	struct wiped *wiped;
	uint64_t early[VALUE_COUNT]; // totals until there is a file
	uint64_t taken;              // bit per slot that has an owner
	int64_t live;                // what threads have published; never above the true figure
	int64_t peak, peak_error;
	int64_t limit_max, threads_max;
	int64_t live_at_fork; // in the child, when `forking`
	bool forking;
	bool bypassed;
	int repairing; // a lock around a child's first call
	pthread_key_t key;
	char dir[4096]; // the telemetry directory; "": none
} process;

static struct thread_ref no_ref;
__thread struct thread_ref *my_ref __attribute__((tls_model("initial-exec"))) = &no_ref;
__thread uint64_t slow_calls __attribute__((tls_model("initial-exec")));
static __thread bool ended __attribute__((tls_model("initial-exec"))); // its slot has been given up

static const char *const names[VALUE_COUNT] = {
#define X(name, text) [name] = text,
	THREAD_VALUES(X) PROCESS_VALUES(X)
#undef X
};

bool process_bypassed(void)
{
	return process.bypassed || next.sanitizer != NULL;
}

// -- totals -------------------------------------------------------------------------------------------------

static uint64_t *total(enum value v)
{
	return process.file != NULL ? &process.file->counters[v].value : &process.early[v];
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
	int64_t live = __atomic_add_fetch(&process.live, bytes, __ATOMIC_RELAXED);

	if (raise_to(&process.peak, live))
		raise_to((int64_t *)total(PEAK_BYTES), live);
}

// How far a thread may run ahead: a thousandth of what is live, shared among the threads.
static int64_t next_limit(void)
{
	int64_t threads = __builtin_popcountll(__atomic_load_n(&process.taken, __ATOMIC_RELAXED));
	int64_t limit = __atomic_load_n(&process.live, __ATOMIC_RELAXED) / (1024 * (threads > 0 ? threads : 1));

	limit = limit < LIMIT_MIN ? LIMIT_MIN : limit > LIMIT_MAX ? LIMIT_MAX : limit;
	raise_to(&process.limit_max, limit);
	raise_to(&process.threads_max, threads);
	raise_to((int64_t *)total(PEAK_ERROR_BYTES), process.limit_max * process.threads_max);
	return limit;
}

// What a thread has not published is never negative: below zero it takes back half a limit beforehand. So the
// published sum never exceeds the true one, nor does the peak, and both are short by at most all threads'
// limits.
void live_publish(struct thread_ref *r)
{
	int64_t more = (int64_t)unpublished(r, r->slot->values);

	if (more < 0)
		more -= (int64_t)r->limit / 2;
	own_add(&r->published, (uint64_t)more);
	live_shared(more);
	r->limit = (uint64_t)next_limit();
}

// -- threads ------------------------------------------------------------------------------------------------

static int claim_slot(void)
{
	uint64_t taken = __atomic_load_n(&process.taken, __ATOMIC_RELAXED);
	int slot;

	do {
		if (taken == UINT64_MAX)
			return -1;
		slot = __builtin_ctzll(~taken);
	} while (!__atomic_compare_exchange_n(&process.taken, &taken, taken | UINT64_C(1) << slot, true,
	                                      __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	return slot;
}

static struct thread_ref *attach(void)
{
	int slot = claim_slot();
	struct thread_ref *r;

	if (slot < 0)
		return NULL;
	r = &process.wiped->refs[slot];
	r->slot = &process.file->threads[slot];
	r->published = 0;
	r->published = unpublished(r, r->slot->values); // by the slot's earlier owners
	r->limit = (uint64_t)next_limit();
	my_ref = r;
	count_shared(THREADS, 1);
	pthread_setspecific(process.key, r); // may allocate; by now that is an ordinary call
	return r;
}

// The thread's values stay where they are: the next owner goes on from them. Other destructors may still
// free; they count by the slow path.
static void thread_end(void *ref)
{
	struct thread_ref *r = ref;
	int slot = (int)(r - process.wiped->refs);

	ended = true;
	my_ref = &no_ref;
	if (r->slot == NULL) // a child's, wiped
		return;
	live_shared((int64_t)unpublished(r, r->slot->values));
	r->slot = NULL;
	__atomic_fetch_and(&process.taken, ~(UINT64_C(1) << slot), __ATOMIC_RELEASE);
}

// -- the file -----------------------------------------------------------------------------------------------

static struct tele_file *open_file(void)
{
	char program[17] = "";
	struct tele_file *file = NULL;

	prctl(PR_GET_NAME, program);
	if (process.dir[0] != '\0')
		file = telemetry_open_in(process.dir, TELE_INTERPOSER, program, NULL);
	if (file == NULL) {
		file = mmap(NULL, sizeof *file, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (file == MAP_FAILED)
			return NULL;
	}
	for (unsigned v = 0; v < VALUE_COUNT; v++)
		memcpy(file->counters[v].name, names[v], strlen(names[v]) + 1);
	return file;
}

static int64_t live_now(const struct tele_file *file)
{
	uint64_t live = file->counters[LIVE_BYTES].value + file->counters[USABLE_BYTES].value -
	                file->counters[FREED_BYTES].value;

	for (unsigned i = 0; i < SG_TELE_THREADS; i++)
		live += file->threads[i].values[USABLE_BYTES] - file->threads[i].values[FREED_BYTES];
	return (int64_t)live;
}

// -- fork ---------------------------------------------------------------------------------------------------

static void before_fork(void)
{
	if (process.file == NULL)
		return;
	// A child that has not called yet and forks hands on what it was handed.
	if (process.wiped->alive != 0 || !process.forking)
		process.live_at_fork = live_now(process.file);
	process.forking = true;
}

static void after_fork_in_parent(void)
{
	if (process.file != NULL && process.wiped->alive != 0)
		process.forking = false;
}

// A child's first call: a file of its own, which begins with what it has inherited. Blocks that it inherited
// are its to free.
static void repair_child(void)
{
	struct tele_file *parents = process.file;
	struct tele_file *own;
	int64_t live;

	if (__atomic_exchange_n(&process.repairing, 1, __ATOMIC_ACQUIRE) != 0)
		return;
	live = process.forking ? process.live_at_fork : live_now(parents);
	process.forking = false;
	own = open_file();
	if (own != NULL) {
		own->counters[LIVE_BYTES].value = (uint64_t)live;
		own->counters[PEAK_BYTES].value = (uint64_t)live;
		own->counters[INHERITED_BYTES].value = (uint64_t)live;
		process.taken = 0;
		process.live = process.peak = live;
		process.limit_max = process.threads_max = 0;
		process.file = own;
		munmap(parents, sizeof *parents);
		process.wiped->alive = 1;
	}
	__atomic_store_n(&process.repairing, 0, __ATOMIC_RELEASE);
}

struct thread_ref *process_attach(void)
{
	struct thread_ref *r = NULL;
	int saved = errno;

	if (process.file == NULL)
		return NULL;
	if (UNLIKELY(process.wiped->alive == 0))
		repair_child();
	if (!ended && process.wiped->alive != 0)
		r = attach();
	errno = saved;
	return r;
}

// -- start --------------------------------------------------------------------------------------------------

static void set_note(struct tele_file *file, const char *what, const char *which)
{
	snprintf(file->note, sizeof file->note, "not instrumented: %s%s", what, which);
}

// Addresses say nothing (a program that takes malloc's address has an entry of its own), so a call is made and
// taken out of the books again.
static bool reaches_us(void)
{
	uint64_t books[VALUE_COUNT], calls = slow_calls;
	int64_t live = process.live, peak = process.peak;

	memcpy(books, process.early, sizeof books);
	free(malloc(1));
	memcpy(process.early, books, sizeof books);
	process.live = live;
	process.peak = peak;
	return slow_calls != calls;
}

// Whose malloc the program really calls. NULL: ours; else words for the note.
static const char *find_obstacle(const char **which)
{
	void *theirs;
	Dl_info info;

	if (next.sanitizer != NULL) {
		*which = next.sanitizer;
		return "the program has an allocator of its own, that of ";
	}
	if (reaches_us())
		return NULL;
	theirs = dlsym(RTLD_DEFAULT, "malloc");
	*which = theirs != NULL && dladdr(theirs, &info) != 0 ? info.dli_fname : "the program";
	return "malloc is that of ";
}

static bool prepare(void)
{
	void *at = mmap(NULL, sizeof *process.wiped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return false;
	process.wiped = at;
	process.wiped->alive = 1;
	return madvise(at, sizeof *process.wiped, MADV_WIPEONFORK) == 0 &&
	       pthread_key_create(&process.key, thread_end) == 0 &&
	       pthread_atfork(before_fork, after_fork_in_parent, NULL) == 0;
}

// Calls made before this (ld.so's, other libraries' constructors') have been counted in `early`.
__attribute__((constructor)) static void start(void)
{
	const char *dir = getenv(SG_TELE_ENV_DIR);
	const char *which = "", *obstacle;
	struct tele_file *file;
	int saved = errno;

	if (dir != NULL && strlen(dir) < sizeof process.dir)
		strcpy(process.dir, dir);
	next_resolve();
	obstacle = find_obstacle(&which);
	process.bypassed = obstacle != NULL;
	file = open_file();
	if (file != NULL && obstacle != NULL)
		set_note(file, obstacle, which);
	else if (file != NULL && !prepare())
		set_note(file, "the kernel lacks MADV_WIPEONFORK", " (Linux 4.14)");
	else if (file != NULL) {
		for (unsigned v = 0; v < VALUE_COUNT; v++)
			file->counters[v].value = process.early[v];
		process.file = file;
	}
	errno = saved;
}

// What the main thread has not published yet.
__attribute__((destructor)) static void stop(void)
{
	if (my_ref->slot != NULL)
		live_publish(my_ref);
}

// AddressSanitizer's runtime refuses to start behind a preloaded library. Ours steps aside (see find_obstacle),
// so it need not.
EXPORT const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "verify_asan_link_order=0";
}

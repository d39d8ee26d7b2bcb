// libstressalloc.so's inside: what every malloc, free and operator new does beside calling the next one.
//
// A thread counts in a slot of the telemetry file that only it writes (telemetry.h, heap.h), reached through a
// thread_ref in a page that is zero in a forked child. So one test of one field covers everything that is out of
// the ordinary: before the start, a thread's first call, a child's first call, a thread that has ended, more
// threads than slots; with malloc, large requests as well. A second test, of a countdown (malloc of glibc, which
// writes no other count of calls) or of the function's own count against a mark, sends every n-th call to where it
// is timed and sampled (observe.c); a mark of 0 sends all of them, which is how every call is timed, made to fail,
// or watched. No call allocates or prints; only a thread's and a child's first call, and the samples, make system
// calls or take a lock.
#ifndef SG_INTERPOSER_H
#define SG_INTERPOSER_H

#include "heap.h"
#include "telemetry.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))
#define HOT __attribute__((hot, aligned(64)))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define THREAD_LOCAL __thread __attribute__((tls_model("initial-exec")))

// What is counted is counted by instructions that are written out. ThreadSanitizer is to see it.
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
#define OWN_BY_INSTRUCTION
#endif

// What is declared here is this library's own: so it is addressed without a table in between.
#pragma GCC visibility push(hidden)

// X(enumerator, counter's name): the file's counters in their order. The first are counted by each thread.
#define THREAD_VALUES(X)                                                                                          \
	X(MALLOC_CALLS, "malloc_calls")       /* malloc and operator new */                                       \
	X(FREE_CALLS, "free_calls")           /* free and operator delete of what is not NULL */                  \
	X(REQUESTED_BYTES, "requested_bytes") /* of all requests that were met */                                 \
	X(USABLE_BYTES, "usable_bytes")       /* what was handed out for them */                                  \
	X(FREED_BYTES, "freed_bytes")         /* usable bytes that came back; up to here one cache line */        \
	X(CALLOC_CALLS, "calloc_calls")                                                                           \
	X(REALLOC_CALLS, "realloc_calls")   /* realloc and reallocarray */                                        \
	X(MEMALIGN_CALLS, "memalign_calls") /* memalign, aligned_alloc, posix_memalign, valloc, pvalloc */        \
	X(FAILURES, "failures")             /* requests that were answered with "no memory" */                    \
	X(LIVE_BYTES, "live_bytes")         /* telemetry_read adds usable and subtracts freed bytes */            \
	X(LIVE_BLOCKS, "live_blocks")       /* and here, calls that take and calls that free */
#define PROCESS_VALUES(X)                                                                                         \
	X(PEAK_BYTES, "peak_bytes") /* highest live_bytes, too low by up to peak_error_bytes */                   \
	X(PEAK_ERROR_BYTES, "peak_error_bytes")                                                                   \
	X(INHERITED_BYTES, "inherited_bytes") /* live_bytes at birth, in a forked child */                        \
	X(THREADS, "threads")                 /* that have allocated */                                           \
	X(INJECTED, "injected_failures")      /* of the failures, those that fault injection made */              \
	X(REQUESTS, "requests")               /* that fault injection has looked at */                            \
	X(CALL_STACKS, "call_stacks")         /* that it has told apart, where it tells them apart */

enum value {
#define X(name, text) name,
	THREAD_VALUES(X) PROCESS_VALUES(X)
#undef X
	        VALUE_COUNT
};

// How usable bytes are known.
enum sizing {
	SIZE_UNKNOWN,   // that malloc cannot say, or nobody wants to know: no live bytes, no peak
	SIZE_BY_CHUNK,  // glibc's own chunk headers
	SIZE_BY_CALL,   // malloc_usable_size
	SIZE_BY_COUNTS, // jemalloc's thread.allocatedp and thread.deallocatedp; single blocks by call
	SIZE_BY_PAGE,   // a small request has always the same, and so has whatever lies in the same page at the
	                // same time: tcmalloc, mimalloc
	SIZINGS
};

// Which of malloc's and free's fast paths a thread's calls take.
enum path {
	PATH_NONE,  // it has no slot; a forked child finds this in the wiped page
	PATH_CHUNK, // SIZE_BY_CHUNK
	PATH_PLAIN, // only counted: no sizes, no samples, nobody who wants to see a call, and no block out from
	            // before the start
	PATH_OTHER
};

// The functions behind ours: those of the malloc that the program would have without us.
struct next_functions {
	void *(*malloc)(size_t);
	void (*free)(void *);
	void *(*calloc)(size_t, size_t);
	void *(*realloc)(void *, size_t);
	void *(*memalign)(size_t, size_t);
	void *(*aligned_alloc)(size_t, size_t);
	int (*posix_memalign)(void **, size_t, size_t);
	size_t (*usable_size)(void *); // gives 0 where that malloc has no such function
	int (*mallctl)(const char *, void *, size_t *, void *, size_t); // jemalloc's; NULL
	const char *sanitizer; // whose allocator it is; NULL: no sanitizer's. It must be called as little as
	                       // the program does: its other functions fail while it starts
};

extern struct next_functions next; // filled in by next_resolve
extern enum sizing sizing;         // likewise

// One thread's way to its slot. The first of its cache lines is what the fast paths need; two threads share none,
// nor a pair of them, which processors fetch together.
struct thread_ref {
	struct tele_thread *slot; // NULL: the slow path
	uint64_t *small;          // heap_file.small of the slot: PATH_PLAIN and PATH_CHUNK; NULL: no room for it
	int64_t malloc_left;      // PATH_CHUNK: calls of malloc before the next one that is observed
	uint64_t free_mark;       // the next free to be observed is the one that finds so many before it
	int64_t low, high;        // the process hears of live bytes where the slot's (usable - freed) leave these
	// SG_HEAP_SMALL on PATH_PLAIN and PATH_CHUNK, else 0: one comparison is the test for the path, the slot,
	// the fork, and a request that is small.
	size_t plain_below, chunk_below;
	// here the second cache line begins
	enum path path;
	uint64_t *sizes;                               // of the slot
	uint64_t malloc_mark;                          // as free_mark, but for PATH_CHUNK; 0: all are observed
	const uint64_t *allocated, *deallocated;       // jemalloc's own
	uint64_t allocated_before, deallocated_before; // with these they are the slot's usable and freed bytes
	// Of the other functions' calls, those before the next one that is timed; malloc's and free's as well
	// where all are observed.
	uint64_t left[HEAP_FUNCTION_COUNT];
	struct heap_lane *lane;    // NULL: there is no room for it
	uint64_t lane_pages;       // bit per page of it that is reserved
	struct heap_thread *entry; // NULL: the table was full
	int64_t large_left;        // bytes of large blocks until the next one is sampled
	uint64_t random;
	uint64_t unused[7];
};

// Never NULL; &no_ref until the thread's first call.
extern THREAD_LOCAL struct thread_ref *my_ref;

// -- next.c --

// Finds the functions behind ours. False while that is under way (the search itself may allocate).
bool next_resolve(void);
// Whether a function comes from the same library as the malloc behind ours.
bool next_is_beside_malloc(void *function);
// pthread_atfork, of whichever libc this is.
int next_atfork(void (*before)(void), void (*in_parent)(void));
// musl's, or another that is not glibc.
bool next_is_other_libc(void);
// Whether the unwinder finds what it needs: not under musl.
bool next_has_stacks(void);
#define BUMP_BYTES (64U * 1024U)
extern char bump_bytes[BUMP_BYTES];
extern unsigned bump_out; // blocks of it that nobody has given back
// Memory for who allocates while next_resolve is under way; NULL when it is used up. Zeroed; never given back.
void *bump_alloc(size_t align, size_t bytes);
size_t bump_size(const void *p);
static inline bool bump_owns(const void *p)
{
	return (uintptr_t)p - (uintptr_t)bump_bytes < BUMP_BYTES;
}

// -- malloc.c --

// Before the first thread has a slot: chooses the paths by how sizes are known. What the threads are to take.
enum path malloc_begin(void);
// As malloc and free, by the slow path; also where the program has a malloc of its own in front.
void *our_malloc(size_t bytes);
void our_free(void *p);
void *our_aligned_alloc(size_t align, size_t bytes);

// -- options.c --

// What STRESSGEN_INTERPOSER asks for: words "mode=...", "time=N", "sample=BYTES", "fail=SPEC" with blanks between
// them.
enum mode { MODE_COUNTERS, MODE_LIVE, MODE_SAMPLED, MODE_EVERY };
enum fault_kind { FAULT_NONE, FAULT_NTH, FAULT_CAP, FAULT_PROBABILITY, FAULT_STACKS };

struct options {
	enum mode mode;
	uint64_t timed_every;  // one call in so many; a power of two
	uint64_t sample_bytes; // between sampled blocks on average
	enum fault_kind fault;
	uint64_t fault_n;    // which call; which stack (0: each); bytes of the cap
	uint64_t fault_odds; // of 2^64
	uint64_t seed;
};

extern struct options options;
// NULL, or what cannot be read.
const char *options_read(const char *text);

// -- process.c --

struct process {
	struct tele_file *file;  // NULL before the start and where there is nothing to count
	struct heap_file *heap;  // behind it; NULL: there is none
	uint64_t clock_overhead; // as the first file says
};
extern struct process process;

// The calling thread's ref, attached now if need be; NULL when the thread has none: then count_shared counts.
struct thread_ref *process_attach(void);
// Where another malloc is in front of ours, or a sanitizer is in the process: nothing is counted.
bool process_bypassed(void);
// Sets room aside in the mapped file before it is touched. False when the file system is full.
bool process_reserve(void *at, size_t len);
// Adds to a total that all threads share, atomically.
void count_shared(enum value v, uint64_t n);
void live_shared(int64_t bytes);
int64_t live_now(const struct tele_file *file);
// The slot's usable - freed bytes have left low .. high.
void live_publish(struct thread_ref *r);
// Calls of this thread that went by the slow path, for operators.c.
extern THREAD_LOCAL uint64_t slow_calls;
// start.c: our file, or, without a directory, memory in its place. NULL without either.
struct tele_file *start_file(struct heap_file **heap);
// Has the kernel wipe what must be zero in a child; says false where it cannot.
bool process_prepare(void);
void process_begin(struct tele_file *file, struct heap_file *heap);
void process_bypass(void);
// Counts and live bytes of calls before there was a file, to be put back after one that is not the program's.
struct early {
	uint64_t values[VALUE_COUNT];
	int64_t live, peak;
};
void process_keep(struct early *e);
void process_restore(const struct early *e);

// -- observe.c: calls that are timed, sampled, made to fail or watched --

enum way { BY_MALLOC, BY_CALLOC, BY_REALLOC, BY_MEMALIGN, BY_ALIGNED_ALLOC, BY_POSIX_MEMALIGN };

struct request {
	enum way way;
	size_t bytes;       // in all
	size_t count, each; // calloc's
	size_t align;
	void *old; // realloc's
	int error; // afterwards: what posix_memalign said
};

// Performs and counts a request; `r` NULL: in the shared totals. NULL as the allocator gives it, with errno.
void *observe_take(struct thread_ref *r, struct request *q);
// The same of malloc(bytes), by a thread with a slot.
void *observe_malloc(struct thread_ref *r, size_t bytes);
// Counts and frees; `p` is not NULL.
void observe_give(struct thread_ref *r, void *p);
// A request that nobody can meet (an overflow).
void observe_refusal(struct thread_ref *r, const struct request *q);
enum value observe_counter(enum way w);
// Sets the thread's marks for its next calls, as the options say.
void observe_arm(struct thread_ref *r);
// Whether every call is timed, may be made to fail, or has a watcher.
bool observes_all(void);
// Who wants to see every call (a recorder of traces) sets these before process_begin. `taken` is called after the
// request was met or refused (`p` NULL), `given` before the block is free for others. Both on the calling thread,
// also on those without a ref; both must do without malloc.
struct watcher {
	void (*taken)(const struct request *q, void *p);
	void (*given)(void *p);
	// in front of a realloc of `old`, which `taken` follows
	void (*resizing)(void *old);
};
extern struct watcher watcher;

// -- sample.c: what samples and failures leave in the file --

#define SAMPLE_FILTER_LEAST 1024U // entries in use at first: they stay in the nearest cache
#define SAMPLE_FILTER 65536U
// How many sampled blocks hash here. 255: that many or more, NULL, or memory from before the start; for good.
extern uint8_t sample_filter[SAMPLE_FILTER];
extern uint32_t sample_mask; // of the entries in use: SAMPLE_FILTER_LEAST - 1, then each larger one in turn
static inline uint32_t sample_larger(uint32_t mask)
{
	return mask * 8 + 7;
}
static inline unsigned sample_hash(const void *p)
{
	return (uint32_t)(uintptr_t)p * UINT32_C(0x9e3779b1) >> 16; // of Fibonacci (Knuth 6.4), two instructions
}
_Static_assert(SAMPLE_FILTER == 1U << 16, "sample_hash has 16 bits");
static inline uint8_t *sample_entry(const void *p)
{
	return &sample_filter[sample_hash(p) & __atomic_load_n(&sample_mask, __ATOMIC_RELAXED)];
}
static inline bool sample_maybe(const void *p)
{
#ifdef OWN_BY_INSTRUCTION // as below, and with what is compared in memory: two instructions fewer
	uint64_t hash = sample_hash(p);
	bool maybe;

	__asm__("andl %1, %k0" : "+r"(hash) : "m"(sample_mask) : "cc");
	__asm__ volatile("cmpb $0, %1" : "=@ccne"(maybe) : "m"(sample_filter[hash]));
	return UNLIKELY(maybe);
#else
	return UNLIKELY(__atomic_load_n(sample_entry(p), __ATOMIC_RELAXED) != 0);
#endif
}
// A power of four: the more blocks have had their end waited for, the fewer, each of which counts as so many.
extern uint32_t lifetime_weight;
// A block stands for `weight` bytes (0: its stack is not wanted), or its end is waited for and counts `lifetime`
// times (0: it is not), or both.
void sample_taken(const void *p, size_t bytes, uint64_t weight, uint32_t lifetime);
// The block is about to be given back.
void sample_given(const void *p);
void sample_failure(const struct request *q, bool injected, uint64_t nth);
// Forgets everything: a child's own file is empty. `lock_word` is zero in a child.
void sample_reset(int *lock_word);
// The map of the code, for the addresses in the file, where there are any.
void sample_maps(void);

// -- stack.c --

// Return addresses of the callers, innermost first, without those in this library.
unsigned stack_read(uint64_t *frames, unsigned most);
uint64_t stack_hash(const uint64_t *frames, unsigned count); // never 0

// -- faults.c --

static inline bool faults_armed(void)
{
	return UNLIKELY(options.fault != FAULT_NONE);
}
// Whether this request is to fail; its number among the process's requests.
bool faults_deny(const struct request *q, size_t old_usable, uint64_t *nth);
// Exact live bytes, kept only for a cap.
void faults_live(int64_t bytes);

// -- the counting itself --

// One instruction, so that a signal handler that allocates loses nothing; without a lock, because the slot is
// the thread's own.
static inline void own_add(uint64_t *at, uint64_t n)
{
#ifdef OWN_BY_INSTRUCTION
	__asm__("addq %1, %0" : "+m"(*at) : "er"(n) : "cc");
#else
	__atomic_fetch_add(at, n, __ATOMIC_RELAXED);
#endif
}

// One more, unless `p` is NULL; in one instruction, too.
static inline void own_count_block(uint64_t *at, const void *p)
{
#ifdef OWN_BY_INSTRUCTION
	__asm__("cmpq $1, %1\n\tsbbq $-1, %0" : "+m"(*at) : "r"(p) : "cc"); // the borrow: p is below 1
#else
	__atomic_fetch_add(at, p != NULL, __ATOMIC_RELAXED);
#endif
}

// Requests below a page are sampled among those that are timed; larger ones are all observed and sampled by their
// bytes.
#define LARGE_BYTES 4096U
#define SMALL_WORDS (LARGE_BYTES / 8 + 1)
extern uint8_t small_classes[LARGE_BYTES];  // heap_class of such a request
extern uint16_t small_usables[SMALL_WORDS]; // SIZE_BY_PAGE: what was handed out for one
#define SMALL_UNKNOWN UINT16_MAX

static inline unsigned small_words(size_t bytes)
{
	return ((unsigned)bytes + 7) / 8;
}

static inline size_t small_usable(size_t bytes)
{
	return __atomic_load_n(&small_usables[small_words(bytes)], __ATOMIC_RELAXED); // any thread's to find out
}

// SIZE_BY_PAGE: the usable bytes of the blocks in a page; PAGE_ASK: not known; PAGE_MIXED: not of one size, for
// good. A page belongs to one size class for as long as a block of it is out, and every block that is handed out
// is entered, so what stands here for the page of a block that is still out is that block's. Asking tcmalloc or
// mimalloc takes longer than all other counting.
#define PAGE_SHIFT 12U // no malloc has smaller ones
#define PAGE_ASK 0U
#define PAGE_MIXED 1U
#define LEAF_SHIFT 30U // a leaf is of 1 GiB
#define LEAF_PAGES (1U << (LEAF_SHIFT - PAGE_SHIFT))
#define LEAVES (1U << (48U - LEAF_SHIFT)) // all that a process can have
extern uint16_t *page_leaves[LEAVES];     // NULL: nothing was entered there
extern bool aligned_within; // aligned blocks may begin within one of their class, and then have less: mimalloc
void page_enter_slowly(const void *p, uint16_t usable);

static inline uint16_t page_read(const void *p)
{
	const uintptr_t at = (uintptr_t)p;
	const uint16_t *leaf = __atomic_load_n(&page_leaves[(at >> LEAF_SHIFT) % LEAVES], __ATOMIC_RELAXED);

	return LIKELY(leaf != NULL) ? __atomic_load_n(&leaf[(at >> PAGE_SHIFT) % LEAF_PAGES], __ATOMIC_RELAXED)
	                            : (uint16_t)PAGE_ASK;
}

// 0: to be asked for.
static inline size_t page_usable(const void *p)
{
	uint16_t entry = page_read(p);

	return LIKELY(entry > PAGE_MIXED) ? entry : 0;
}

static inline void page_enter(const void *p, size_t usable)
{
	uint16_t entry = usable < SMALL_UNKNOWN ? (uint16_t)usable : (uint16_t)PAGE_ASK;

	if (UNLIKELY(page_read(p) != entry))
		page_enter_slowly(p, entry);
}

// What malloc_usable_size says of a block. glibc's also looks at the chunk behind, to see whether this one is
// in use: one more cache line, and half of what all of the counting costs. The chunk's own header, which malloc
// and free touch anyway, has the size; next_resolve has made sure that the two agree.
static inline size_t chunk_header(const void *p)
{
	size_t header;

	__builtin_memcpy(&header, (const char *)p - sizeof header, sizeof header);
	return header;
}

// Mapped by itself: such a chunk has a word less.
static inline bool chunk_is_mapped(const void *p)
{
	return UNLIKELY((chunk_header(p) & 2) != 0);
}

static inline size_t usable_of_chunk(const void *p)
{
	return (chunk_header(p) - sizeof(size_t)) & ~(size_t)7; // below it are flags
}

static inline size_t usable_of(void *p)
{
	if (sizing != SIZE_BY_CHUNK)
		return next.usable_size(p);
	return usable_of_chunk(p) - (chunk_is_mapped(p) ? sizeof(size_t) : 0);
}

// The same for a block that was handed out before, and is still out.
static inline size_t usable_of_old(void *p)
{
	size_t usable = sizing == SIZE_BY_PAGE ? page_usable(p) : 0;

	return usable > 0 ? usable : usable_of(p);
}

// The same for a block that has just been handed out.
static inline size_t usable_of_new(void *p, bool aligned)
{
	size_t usable = usable_of(p);

	if (sizing == SIZE_BY_PAGE)
		page_enter(p, aligned && aligned_within ? PAGE_MIXED : usable);
	return usable;
}

static inline int64_t own_live(const uint64_t *values)
{
	return (int64_t)(values[USABLE_BYTES] - values[FREED_BYTES]);
}

static inline void check_live(struct thread_ref *r, const uint64_t *values)
{
	int64_t live = own_live(values);

	if (UNLIKELY(live > r->high || live < r->low))
		live_publish(r);
}

// Copies a count that the allocator itself keeps for this thread; again when a signal handler came between.
static inline void own_copy(uint64_t *at, const uint64_t *theirs, uint64_t before)
{
	uint64_t now;

	do {
		now = __atomic_load_n(theirs, __ATOMIC_RELAXED);
		__atomic_store_n(at, now + before, __ATOMIC_RELAXED);
	} while (UNLIKELY(__atomic_load_n(theirs, __ATOMIC_RELAXED) != now));
}

// Usable bytes of a block that was handed out.
static inline void count_usable(struct thread_ref *r, void *p, bool aligned)
{
	uint64_t *values = r->slot->values;

	if (sizing == SIZE_BY_COUNTS)
		own_copy(&values[USABLE_BYTES], r->allocated, r->allocated_before);
	else if (sizing != SIZE_UNKNOWN)
		own_add(&values[USABLE_BYTES], usable_of_new(p, aligned));
}

// So many times; UINT64_MAX takes one back.
static inline void count_request(struct tele_thread *slot, uint64_t *sizes, enum value v, size_t requested,
                                 size_t class, uint64_t times)
{
	own_add(&slot->values[v], times);
	own_add(&slot->values[REQUESTED_BYTES], requested * times);
	own_add(&sizes[class], times);
}

// A request by way of `v` was met.
static inline void count_grant(struct thread_ref *r, enum value v, size_t requested, void *p)
{
	if (UNLIKELY(r->slot == NULL)) // as below
		return;
	count_request(r->slot, r->sizes, v, requested, heap_class(requested), 1);
	count_usable(r, p, v == MEMALIGN_CALLS);
	check_live(r, r->slot->values);
}

// What count_freed wants to know of a block that is still there.
static inline size_t usable_before(void *p)
{
	return sizing != SIZE_BY_COUNTS && sizing != SIZE_UNKNOWN ? usable_of_old(p) : 0;
}

// A block of that many usable bytes was given back.
static inline void count_freed(struct thread_ref *r, size_t usable)
{
	uint64_t *values;

	if (UNLIKELY(r->slot == NULL)) // a signal handler has forked, and this is the child
		return;
	values = r->slot->values;
	own_add(&values[FREE_CALLS], 1);
	if (sizing == SIZE_BY_COUNTS)
		own_copy(&values[FREED_BYTES], r->deallocated, r->deallocated_before);
	else if (sizing != SIZE_UNKNOWN)
		own_add(&values[FREED_BYTES], usable);
	else
		return;
	check_live(r, values);
}

#pragma GCC visibility pop

#endif

// libstressalloc.so's inside: what every malloc, free and operator new does beside calling the next one.
//
// A thread counts in a slot of the telemetry file that only it writes (telemetry.h), reached through a
// thread_ref in a page that is zero in a forked child. So one test of one pointer covers everything that is
// out of the ordinary: before the start, a thread's first call, a child's first call, a thread that has
// ended, more threads than slots. No call allocates, locks or prints; only a thread's and a child's first
// call makes system calls.
#ifndef SG_INTERPOSER_H
#define SG_INTERPOSER_H

#include "telemetry.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

// X(enumerator, counter's name): the file's counters in their order. The first are counted by each thread.
#define THREAD_VALUES(X)                                                                                          \
	X(MALLOC_CALLS, "malloc_calls") /* malloc and operator new */                                             \
	X(FREE_CALLS, "free_calls")     /* free and operator delete of what is not NULL */                        \
	X(CALLOC_CALLS, "calloc_calls")                                                                           \
	X(REALLOC_CALLS, "realloc_calls")     /* realloc and reallocarray */                                      \
	X(MEMALIGN_CALLS, "memalign_calls")   /* memalign, aligned_alloc, posix_memalign, valloc, pvalloc */      \
	X(FAILURES, "failures")               /* requests that were answered with "no memory" */                  \
	X(REQUESTED_BYTES, "requested_bytes") /* of all requests that were met */                                 \
	X(USABLE_BYTES, "usable_bytes")       /* what was handed out for them */                                  \
	X(FREED_BYTES, "freed_bytes")         /* usable bytes that came back */                                   \
	X(LIVE_BYTES, "live_bytes")           /* telemetry_read adds usable and subtracts freed bytes */          \
	X(LIVE_BLOCKS, "live_blocks")         /* and here, calls that take and calls that free */
#define PROCESS_VALUES(X)                                                                                         \
	X(PEAK_BYTES, "peak_bytes") /* highest live_bytes, too low by up to peak_error_bytes */                   \
	X(PEAK_ERROR_BYTES, "peak_error_bytes")                                                                   \
	X(INHERITED_BYTES, "inherited_bytes") /* live_bytes at birth, in a forked child */                        \
	X(THREADS, "threads")                 /* that have allocated */

enum value {
#define X(name, text) name,
	THREAD_VALUES(X) PROCESS_VALUES(X)
#undef X
	        VALUE_COUNT
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
	bool glibc_chunks;             // usable_of may read glibc's own chunk headers
	const char *sanitizer; // whose allocator it is; NULL: no sanitizer's. It must be called as little as
	                       // the program does: its other functions fail while it starts
};

extern struct next_functions next; // filled in by next_resolve

// One thread's way to its slot. 64 bytes, so that two threads share no cache line.
struct thread_ref {
	struct tele_thread *slot; // NULL: the slow path
	uint64_t published;       // of the slot's usable - freed bytes, what the process's live bytes know
	uint64_t limit;           // the rest is 0 .. limit
	uint64_t unused[5];
};

// Never NULL; &no_ref until the thread's first call.
extern __thread struct thread_ref *my_ref __attribute__((tls_model("initial-exec")));

// -- next.c --

// Finds the functions behind ours. False while that is under way (the search itself may allocate).
bool next_resolve(void);
#define BUMP_BYTES (64U * 1024U)
extern char bump_bytes[BUMP_BYTES];
// Memory for who allocates while next_resolve is under way; NULL when it is used up. Zeroed; never given back.
void *bump_alloc(size_t align, size_t bytes);
size_t bump_size(const void *p);
static inline bool bump_owns(const void *p)
{
	return (uintptr_t)p - (uintptr_t)bump_bytes < BUMP_BYTES;
}

// -- process.c --

// The calling thread's ref, attached now if need be; NULL when the thread has none: then count_shared counts.
struct thread_ref *process_attach(void);
// Where another malloc is in front of ours, or a sanitizer is in the process: nothing is counted.
bool process_bypassed(void);
// Adds to a total that all threads share, atomically.
void count_shared(enum value v, uint64_t n);
void live_shared(int64_t bytes);
// What is not published has left 0 .. limit.
void live_publish(struct thread_ref *r);
// Calls of this thread that went by the slow path, for operators.c.
extern __thread uint64_t slow_calls __attribute__((tls_model("initial-exec")));

// -- the counting itself --

// One instruction, so that a signal handler that allocates loses nothing; without a lock, because the slot is
// the thread's own.
static inline void own_add(uint64_t *at, uint64_t n)
{
#if defined(__x86_64__)
	__asm__("addq %1, %0" : "+m"(*at) : "er"(n) : "cc");
#else
	__atomic_fetch_add(at, n, __ATOMIC_RELAXED);
#endif
}

// What malloc_usable_size says of a block. glibc's also looks at the chunk behind, to see whether this one is
// in use: one more cache line, and half of what all of the counting costs. The chunk's own header, which malloc
// and free touch anyway, has the size; next_resolve has made sure that the two agree.
static inline size_t usable_of(void *p)
{
	size_t header;

	if (!next.glibc_chunks)
		return next.usable_size(p);
	__builtin_memcpy(&header, (const char *)p - sizeof header, sizeof header);
	return (header & ~(size_t)7) - sizeof header * (1 + (header >> 1 & 1)); // bit 1: mapped by itself
}

static inline uint64_t unpublished(const struct thread_ref *r, const uint64_t *values)
{
	return values[USABLE_BYTES] - values[FREED_BYTES] - r->published;
}

static inline void check_live(struct thread_ref *r, const uint64_t *values)
{
	if (UNLIKELY(unpublished(r, values) > r->limit)) // or below 0
		live_publish(r);
}

// A request by way of `v` was met with a block of `usable` bytes.
static inline void count_grant(struct thread_ref *r, enum value v, size_t requested, size_t usable)
{
	uint64_t *values = r->slot->values;

	own_add(&values[v], 1);
	own_add(&values[REQUESTED_BYTES], requested);
	own_add(&values[USABLE_BYTES], usable);
	check_live(r, values);
}

static inline void count_free(struct thread_ref *r, size_t usable)
{
	uint64_t *values = r->slot->values;

	own_add(&values[FREE_CALLS], 1);
	own_add(&values[FREED_BYTES], usable);
	check_live(r, values);
}

#endif

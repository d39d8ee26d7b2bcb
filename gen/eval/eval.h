// The reference evaluator: what a kernel computes. It needs no C stack for the kernel's recursion.
#ifndef SG_EVAL_H
#define SG_EVAL_H

#include "kernel.h"

#include <stdbool.h>

// Some seconds, and what a machine of today has.
#define EVAL_STEPS UINT64_C(1000000000)
#define EVAL_MEMORY_BYTES (UINT64_C(1) << 30)

struct eval_limits {
	uint64_t steps;        // instructions
	uint64_t memory_bytes; // heap, calls that are alive, their operands
};

struct eval_result {
	int64_t value;
	uint64_t steps;
	uint64_t peak_bytes;
	uint64_t calls_bound; // that many calls were alive at once at most; a few times too high
	uint64_t collections;
	uint64_t made_bytes;     // of all objects in the heap
	uint64_t released_bytes; // of them, those that went with their level
};

// Evaluates what the kernel measures, once, with `values` (one for each parameter). `limits` NULL: those above.
// Errors name file:line:column: -ERANGE when an integer leaves ±(2^53 - 1), for a division by zero, for an index
// or a size outside its range and for text that is no data; -EINVAL for an operand of the wrong type (checking
// cannot see what comes out of a list), for what is raised and not caught, and for a global that is used too
// early; -ELOOP and -ENOSPC at the limits of steps and memory; -ENOMEM.
int eval_kernel(const struct kernel *k, const int64_t *values, const struct eval_limits *limits,
                struct eval_result *out, struct err *e);

// --- the evaluator as a runtime of its own: on any allocator, more than once ---

struct eval_options {
	// Where heap and stack come from; as alloc/pool.h's: `new_bytes` 0 frees, `p` NULL allocates, else it
	// resizes. NULL: malloc.
	void *(*resize)(void *arg, void *p, size_t old_bytes, size_t new_bytes);
	// Told when what `resize` denied is not asked for again; the calls that are alive can be looked at. NULL:
	// not.
	void (*gave_up)(void *arg);
	// Told of each collection's pause. NULL: not.
	void (*collected)(void *arg, uint64_t ns);
	void *arg;           // of all three
	size_t block_bytes;  // of the blocks that small objects live in; 0: 64 KiB
	size_t gc_threshold; // bytes of new objects before the first collection, and the least between two; 0: 4
	                     // MiB
	bool bounded;        // `resize` may deny: then less is asked for where that helps
	bool collect_on_denial; // and a collection made, as it is at the limit of memory
	bool arena_per_level;   // what a call has made goes when it returns, where nothing can refer to it
	bool escape_analysis;   // boxes and pairs that do not escape live in their call's part of the stack
};

struct eval;

// Gets ready, and makes the kernel's globals. `k`, `values`, `e` and what `options` refers to are borrowed until
// eval_close. Errors are those of eval_kernel; *out is to be freed in every case (NULL when there was no memory
// for it). The pointer is set before anything is asked of `resize`.
int eval_open(const struct kernel *k, const int64_t *values, const struct eval_limits *limits,
              const struct eval_options *options, struct eval **out, struct err *e);
// What is measured, once more; the limit of steps is for all times together.
int eval_measure(struct eval *ev, struct eval_result *out);
void eval_close(struct eval *ev); // accepts NULL
// How many calls are alive, innermost first in `text`: "file:line: in name" lines (many in the middle left out).
uint64_t eval_backtrace(const struct eval *ev, char *text, size_t size);
// Collects, between two measurements: bytes of the objects that are left.
uint64_t eval_live(struct eval *ev);
// Collections since eval_open.
uint64_t eval_collections(const struct eval *ev);

#endif

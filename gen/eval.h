// The reference evaluator: what a kernel computes. It needs no C stack for the kernel's recursion.
#ifndef SG_EVAL_H
#define SG_EVAL_H

#include "kernel.h"

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
	uint64_t collections;
};

// Evaluates what the kernel measures, once, with `values` (one for each parameter). `limits` NULL: those above.
// Errors name file:line:column: -ERANGE when an integer leaves ±(2^53 - 1), for a division by zero, for an index
// or a size outside its range and for text that is no data; -EINVAL for an operand of the wrong type (checking
// cannot see what comes out of a list), for what is raised and not caught, and for a global that is used too
// early; -ELOOP and -ENOSPC at the limits of steps and memory; -ENOMEM.
int eval_kernel(const struct kernel *k, const int64_t *values, const struct eval_limits *limits,
                struct eval_result *out, struct err *e);

#endif

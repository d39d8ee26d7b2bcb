// Makes a failing kernel small, by trial: smaller kernels that are right and end, until none fails any more
// (A. Zeller and R. Hildebrandt, "Simplifying and isolating failure-inducing input", 2002, on trees).
#ifndef SG_SHRINK_H
#define SG_SHRINK_H

#include "buf.h"
#include "err.h"
#include "kernel.h"

#include <stddef.h>
#include <stdint.h>

struct shrink {
	// Whether the kernel still fails in the same way: 1, 0, or a negative number to stop with what there is.
	int (*fails)(void *arg, const struct kernel *k, const char *text, size_t len);
	void *arg;
	// filled in
	size_t nodes_before, nodes; // of functions, globals and what is measured
	size_t tried;               // kernels that were right, and run
	int stopped;                // what `fails` said to stop; 0: nothing smaller fails
};

// Adds the kernel `text` with `values` (one for each parameter) as its parameters' values, and without instances
// and formula, so that what is expected is what the evaluator computes. 0 or -errno with `e`.
int shrink_prepare(const char *path, const char *text, size_t len, const int64_t *values, struct buf *out,
                   struct err *e);
// Adds the text of the smallest that was found to fail, from the kernel `text`, which fails. 0 or -errno with `e`.
int shrink_kernel(struct shrink *s, const char *path, const char *text, size_t len, struct buf *out,
                  struct err *e);

#endif

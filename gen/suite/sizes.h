// More sizes of a kernel than it names: for curves of what it costs.
#ifndef SG_SIZES_H
#define SG_SIZES_H

#include "kernel.h"

#define SIZES_MOST 32U

// Values of the first parameter, rising: `count` of them between the least and the largest that the kernel's usual
// instances have, each a constant factor above the last (for kernels that double with each step: a constant step).
// Where they lie close together, from a sixteenth of the largest. Their number; 0 for a kernel that does not grow.
size_t sizes_of(const struct kernel *k, uint64_t depth, unsigned count, int64_t out[SIZES_MOST]);
// Whether the instance gives no parameter but the first, so that its test is one size of the kernel.
bool sizes_is_one(const struct kernel *k, const struct kernel_instance *i);

#endif

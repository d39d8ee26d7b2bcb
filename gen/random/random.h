// Random kernels: well-typed, ending, bounded in steps and memory, all by construction (docs/random.md).
#ifndef SG_RANDOM_H
#define SG_RANDOM_H

#include "buf.h"

#include <stdint.h>

#define RANDOM_SIZE 60U // nodes, about
#define RANDOM_SIZE_MAX 2000U
// What no random kernel exceeds in the evaluator.
#define RANDOM_STEPS UINT64_C(20000000)
#define RANDOM_MEMORY_BYTES (UINT64_C(64) << 20)

// Adds the text of the kernel other/random-SEED-INDEX: the same text for the same numbers, everywhere. 0 or
// -ENOMEM.
int random_kernel(uint64_t seed, uint64_t index, unsigned size, struct buf *out);

#endif

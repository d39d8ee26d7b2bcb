// Random operations on a pool of any policy.
#ifndef SG_POOL_WALK_H
#define SG_POOL_WALK_H

#include "pool.h"

#include <stdint.h>

// 20,000 of them over 300 blocks of up to 3000 bytes, now and then one of up to 40,000, each filled with a byte of
// its own: none overlaps another, none loses its content, the figures add up, and in the end nothing is left. How
// many were denied.
uint64_t pool_walk(struct pool *p, uint64_t seed);

#endif

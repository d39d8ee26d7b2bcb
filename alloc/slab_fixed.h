// What the pool "slab-fixed" tells pools that are made of several of it.
#ifndef SG_SLAB_FIXED_H
#define SG_SLAB_FIXED_H

#include "pool.h"

#include <stdbool.h>

extern const struct pool_policy pool_slab_fixed;

// Whether the block lies in the region of this pool, which must be a slab-fixed.
bool slab_fixed_has(const struct pool *p, const void *block);

#endif

// A row of numbers in few bytes, without loss: the history holds tens of millions of them.
//
// For every value a length code of four bits, two to a byte, the first in the low half; then the values' bytes.
//   0      0
//   1..8   that many leading bytes of the IEEE 754 double, highest first; the rest are 0
//   9..15  a whole number of (code - 8) bytes, lowest first
// The shorter one is written. NaN is always 7f f8.
#ifndef SG_PACK_H
#define SG_PACK_H

#include "buf.h"

#include <stddef.h>

// Adds the row of `count` values to `out` (whose `failed` tells of missing memory).
void pack_values(const double *values, size_t count, struct buf *out);
// Reads exactly `count` values; -EINVAL when the bytes are not such a row.
int pack_read(const void *bytes, size_t len, size_t count, double *values);
// The value at `index` alone. -EINVAL likewise.
int pack_read_one(const void *bytes, size_t len, size_t count, size_t index, double *value);

#endif

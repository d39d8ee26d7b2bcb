// Small charts of block characters, one column a value, for terminals and other text.
#ifndef SG_SPARK_H
#define SG_SPARK_H

#include "arena.h"

#include <stddef.h>
#include <stdint.h>

// How often: a blank for none, else a block between the lowest and the full one, which is the most. From the
// arena.
const char *spark_counts(struct arena *a, const uint64_t *counts, size_t count);
// A course: the least value is the lowest block and the greatest the full one; all equal ones are in the middle;
// NaN is a blank. More values than `columns` are averaged, neighbours together. From the arena.
const char *spark_course(struct arena *a, const double *values, size_t count, size_t columns);

#endif

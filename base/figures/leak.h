// Live bytes after full collections, one figure for each cycle of the same work: whether they grow.
#ifndef SG_LEAK_H
#define SG_LEAK_H

#include "buf.h"
#include "number_rows.h"
#include "trend.h"

#include <stdbool.h>
#include <stdint.h>

// In a test's environment: it is to print "@@ live BYTES" after a full collection at the end of each cycle, if it
// can.
#define SG_ENV_LEAK_CHECK "STRESSGEN_LEAK_CHECK"

enum { LIVE_CYCLE, LIVE_BYTES_COLUMN, LIVE_COLUMNS };

#define LIVE_MOST 400U        // cycles kept, at even distances
#define LEAK_LEAST_SHARE 0.01 // of the median: growth below this is none
#define LEAK_LEAST_BYTES 4096 // in all: below a page it is what a runtime's own tables do
#define LEAK_STEADY 0.5       // the second half must grow by this part of the whole's slope
#define LEAK_WARM_UP 4U       // the first of so many parts is left out: caches fill, tables grow to their size

// False where there are too few cycles to say anything.
bool leak_trend(const struct number_rows *live, struct trend *out);
// Whether that is a leak; then, how much, in words: "live bytes after full collections grow by ...".
bool leak_found(const struct number_rows *live, struct buf *words);

#endif

// A soak: a suite that is run over and over. What is kept of each test in each pass, and whether it drifts.
#ifndef SG_SOAK_H
#define SG_SOAK_H

#include "number_rows.h"
#include "result.h"
#include "trend.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// X(enumerator, name, unit, the least growth from the first pass to the last that counts, as a share of the
// median)
#define SG_SOAK_FIGURES(X)                                                                                        \
	X(SOAK_RSS, "peak memory", "bytes", 0.02)                                                                 \
	X(SOAK_LIVE, "live bytes at the end", "bytes", 0.01)                                                      \
	X(SOAK_WASTE, "fragmentation at the peak", "permille", 0.02)                                              \
	X(SOAK_FDS, "descriptors", "count", 0.02)                                                                 \
	X(SOAK_THREADS, "threads", "count", 0.02)

enum soak_column {  // of a row: one pass of one test
	SOAK_PASS,  // counts from 1
	SOAK_AT_MS, // since the soak began, times between its parts left out
	SOAK_WALL_NS,
#define X(name, words, unit, share) name,
	SG_SOAK_FIGURES(X)
#undef X
	        SOAK_COLUMNS
};

#define SOAK_FIRST_FIGURE (SOAK_WALL_NS + 1)
#define SOAK_ROWS 800U // kept of a test, at even distances

const char *soak_figure_name(enum soak_column c);
const char *soak_figure_unit(enum soak_column c);

// Fills in what a result says; pass and time are the caller's. What the result does not know is 0. Live bytes are
// those after the last full collection where the test tells them, else what the interposer saw at the ends of the
// processes. Fragmentation is what of resident memory is not live: by jemalloc, else by the interposer's peak.
void soak_take(const struct result *r, uint64_t row[SOAK_COLUMNS]);

// Whether that figure grows from pass to pass; `t` is filled in where there are passes enough (else count is 0).
bool soak_drifts(const struct number_rows *rows, enum soak_column c, struct trend *t);

#endif

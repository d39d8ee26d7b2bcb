// A histogram's values counted in bins that are equally wide on a logarithmic scale: what is drawn of it.
#ifndef SG_BINS_H
#define SG_BINS_H

#include "hist.h"

struct bins {
	double low, high; // the first bin begins at low, the last one ends at high
	size_t count;
	uint64_t *counts; // the caller's
	uint64_t most;    // the fullest bin's
};

// Counts `h` into b->counts. A value outside goes into the bin at that end; a slot goes where its middle lies.
void bins_fill(struct bins *b, const struct hist *h);
// Where the i-th bin begins (i = count: where the last one ends), in ns.
double bins_edge(const struct bins *b, size_t i);

#endif

// What is called a change of a metric, as a person said it: --threshold METRIC=5%.
#ifndef SG_THRESHOLD_H
#define SG_THRESHOLD_H

#include <stddef.h>

struct threshold {
	const char *metric; // a pattern, as metric_fits reads it
	double fraction;
};

// That of the first that fits; 0: none does.
double threshold_of(const struct threshold *t, size_t count, const char *metric);

#endif

// The shape of a latency distribution's tail as one figure, which does not change with the unit or the speed.
#ifndef SG_TAIL_H
#define SG_TAIL_H

#include "hist.h"

// Fewer values have no 99.9th percentile to speak of.
#define TAIL_LEAST_VALUES 1000U

// The area under the log quantile function from p90 to p99.9, above the median, over nines (p90 is one nine, p99.9
// three): how many times the median the tail is, as a geometric mean. 1 for a distribution without a tail; NaN
// below TAIL_LEAST_VALUES values and for a median of 0.
double tail_weight(const struct hist *h);

#endif

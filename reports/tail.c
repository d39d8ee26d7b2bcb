// The area of a histogram's log tail.
#include "tail.h"

#include <math.h>

#define FIRST_NINE 1.0
#define STEP 0.25
#define POINTS 9U // up to three nines

double tail_weight(const struct hist *h)
{
	const double median = (double)hist_percentile(h, 50);
	double area = 0;

	if (h->total < TAIL_LEAST_VALUES || !(median > 0))
		return NAN;
	for (unsigned i = 0; i < POINTS; i++) {
		const double beyond = pow(10, -(FIRST_NINE + STEP * i));
		const double part = i == 0 || i == POINTS - 1 ? 0.5 : 1; // trapezoids

		area += part * log((double)hist_percentile(h, 100 * (1 - beyond)) / median);
	}
	return exp(area / (POINTS - 1));
}

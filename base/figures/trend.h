// Whether figures grow from one cycle to the next: the median of all slopes with its interval (Theil 1950, Sen
// 1968). A few outliers, a warm-up or a slow cycle do not move it.
#ifndef SG_TREND_H
#define SG_TREND_H

#include <stdbool.h>
#include <stddef.h>

#define TREND_FEWEST 8U // points; fewer say nothing
#define TREND_MOST 400U // points that are looked at, at even distances

struct trend {
	size_t count;         // of points
	double slope;         // y for each x
	double low, high;     // its 95 % interval
	double before, after; // the line at the first and the last point
	double median;        // of y
};

// `x` must not fall. False with fewer than TREND_FEWEST points, or without memory.
bool trend_of(const double *x, const double *y, size_t count, struct trend *out);

// Growth that is more than chance and more than a trifle: the whole interval is above 0, and from the first point
// to the last it is at least `least_share` of the median.
bool trend_grows(const struct trend *t, double least_share);

#endif

// Thresholds by metric.
#include "threshold.h"

#include "metrics.h"

double threshold_of(const struct threshold *t, size_t count, const char *metric)
{
	for (size_t i = 0; i < count; i++)
		if (metric_fits(t[i].metric, metric))
			return t[i].fraction;
	return 0;
}

// Strip plots: a dot for each invocation, one lane for each side, on one axis.
#ifndef SG_HTML_STRIP_H
#define SG_HTML_STRIP_H

#include "html.h"

#define STRIP_LANES 2U

struct strip_lane {
	const char *name;
	const double *values; // not finite ones are left out
	size_t count;
	double median;
};

struct strip {
	const char *caption, *sub, *unit; // unit as in metrics.h
	struct strip_lane lanes[STRIP_LANES];
};

void html_strip(struct page *p, const struct strip *s);

#endif

// The metrics of a run's tests, one value for all invocations of a test: for formats that know nothing else.
#ifndef SG_MEASURES_H
#define SG_MEASURES_H

#include "run.h"

// {test: {metric: {"unit", "better", "count", "median", "least", "greatest"}}}, owned by the caller; NULL without
// memory. Tests that did not end as expected, were not run or were warming up have none, nor have base and control
// of a comparison, nor readings that are not finite.
json_t *measures_of(const struct run *r);

#endif

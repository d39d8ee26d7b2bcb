// What a run's tests took of memory: how full slabs were, the heaps that held the most, jemallocs.
#ifndef SG_MEMORY_H
#define SG_MEMORY_H

#include "reports.h"
#include "view.h"

#include <stdio.h>

// The fullest pool of each name, the largest heaps and jemallocs, a line each, and why some could not be seen;
// nothing where nothing was counted.
void memory_print(struct view *v, const struct term_style *style, FILE *out);

#endif

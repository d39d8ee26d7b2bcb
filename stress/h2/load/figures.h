// What came of a load in the words of h2load, for a person.
#ifndef SG_H2_FIGURES_H
#define SG_H2_FIGURES_H

#include "buf.h"
#include "load.h"

// Adds the lines; none where no connection was made. `total`: latencies of all right responses.
void h2_figures(const struct scenario *s, const struct h2_load_result *r, const struct hist *total,
                struct buf *out);

#endif

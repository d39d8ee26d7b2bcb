// What came of a scenario, as sample lines.
#ifndef SG_H2_REPORT_H
#define SG_H2_REPORT_H

#include "buf.h"
#include "child.h"
#include "hist.h"
#include "load.h"

#include <stdbool.h>

// Adds all lines but "@@ done". `usage` is NULL when the server was not ours. Returns whether all checks are good.
bool h2_report(const struct scenario *s, const struct h2_load_result *r, const struct h2_child_usage *usage,
               struct buf *out);
// All right responses' latencies together; to be freed by hist_free. NULL without memory.
struct hist *h2_report_latencies(const struct h2_load_result *r);

#endif

// Reports: what a run directory says, for terminals, people, machines and CI.
#ifndef SG_REPORTS_H
#define SG_REPORTS_H

#include "err.h"
#include "formats.h"
#include "run.h"

#include <stdbool.h>
#include <stdio.h>

struct term_style {
	bool colour;      // never carries meaning alone
	unsigned columns; // width there is; 0: 100
};

// The summary: a table (verdict, test, time, p50/p99, peak memory), slabs, what was left out, failures last
// with the command that runs each again, and "N passed, N failed, N skipped" alone on the last line.
// `again` is the command prefix that runs one test again, e.g. "stressgen run DIR --only "; may be NULL.
int report_terminal(const struct run *r, const struct term_style *style, const char *again, FILE *out);
// Four of the formats, whose functions formats.h lists, into the run directory: report.json, junit.xml,
// report.html, metrics.prom.
int report_all(const struct run *r, struct err *e);

// How many figures of a soak's tests grew from pass to pass; 0 where the run was no soak.
size_t report_soak_drifts(const struct run *r);
// How many kernels grow faster, on some target, than they say of themselves.
size_t report_fast_growth(const struct run *r);

#endif

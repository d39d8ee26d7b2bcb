// A comparison made by hand: what its page shows must be what stands here, however it came about.
#ifndef SG_MADE_COMPARISON_H
#define SG_MADE_COMPARISON_H

#include "compare.h"
#include "page_check.h"

#define MADE_TESTS 6U
#define MADE_PAIRS 20U

struct made_comparison {
	struct comparison c;
	struct samples samples;
	struct sample_metric metrics[MADE_TESTS][2];
	struct sample_reading readings[MADE_TESTS][2][2][MADE_PAIRS];
	struct compare_row rows[2 * MADE_TESTS + 1];
	struct compare_verdict verdict;
	struct sample_ends ends[2];
	struct compare_cliff cliff;
	const char *only_head[1];
};

void made_comparison_init(struct made_comparison *m);
void made_comparison_deinit(struct made_comparison *m);
// Its page, as report.html in the case's directory, checked; to be freed.
char *made_comparison_page(struct made_comparison *m, struct seen *s);
// The row of that metric, of any comparison; fails the test where there is none.
const struct compare_row *made_comparison_row(const struct comparison *c, const char *metric);

#endif

// A comparison in each format. All but text add to `out`; 0 or -ENOMEM.
#ifndef SG_COMPARE_FORMATS_H
#define SG_COMPARE_FORMATS_H

#include "buf.h"
#include "compare.h"
#include "reports.h"

#include <stdio.h>

void compare_text(struct comparison *c, const struct term_style *style, FILE *out);
int compare_json(struct comparison *c, struct buf *out); // docs/compare.schema.json
int compare_md(struct comparison *c, struct buf *out);   // GitHub's and GitLab's Markdown
int compare_html(struct comparison *c, struct buf *out); // a page that needs nothing else
int compare_junit(struct comparison *c,
                  struct buf *out); // a test case for each test; a failure for each regression

// "total p99" for "latency/total/p99", "time" for "time". From the arena.
const char *compare_metric_words(struct arena *a, const char *metric);
// A median in words; "" for none.
const char *compare_figure(struct arena *a, const struct compare_row *r, double value);
// "0 of 20 went wrong", "passed", "crashed (3 of 20)".
const char *compare_ends_words(struct arena *a, const struct sample_ends *e);

#endif

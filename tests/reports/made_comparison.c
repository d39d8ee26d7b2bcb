// A comparison made by hand.
#include "made_comparison.h"

#include "compare_formats.h"
#include "harness.h"
#include "io.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *test;
	double ratio, low, high;
	enum compare_outcome outcome;
} facts[MADE_TESTS] = {
	{ "gc/cycles.lua@malloc", 1.12, 1.08, 1.16, COMPARE_REGRESSED },
	{ "gc/lists-1000.lua@malloc", 0.81, 0.78, 0.85, COMPARE_IMPROVED },
	{ "recursion/sum-5000.lua@malloc", 1.0, 0.99, 1.01, COMPARE_UNCHANGED },
	{ "recursion/<b>&.lua@malloc", 1.02, 0.93, 1.15, COMPARE_UNDECIDED },
	{ "gc/new.lua@malloc", 1.5, 0, INFINITY, COMPARE_UNJUDGED },
	{ "gc/accepted.lua@malloc", 1.3, 1.25, 1.36, COMPARE_REGRESSED },
};

static void fill_metric(struct made_comparison *m, size_t i, size_t k, double base)
{
	struct sample_metric *metric = &m->metrics[i][k];

	metric->name = k == 0 ? "latency/total/p50" : "memory";
	metric->unit = k == 0 ? "ns" : "bytes";
	metric->better = METRIC_LOWER;
	for (unsigned side = 0; side < 2; side++) {
		for (unsigned n = 0; n < MADE_PAIRS; n++)
			m->readings[i][k][side][n] = (struct sample_reading){
				base * (side == 1 ? facts[i].ratio : 1) * (0.98 + 0.002 * (n * 7 % 21)), n
			};
		metric->lists[side][SAMPLE_SCREEN] =
		        (struct sample_list){ m->readings[i][k][side], MADE_PAIRS, MADE_PAIRS };
	}
}

static void fill_row(struct made_comparison *m, size_t i, size_t k)
{
	double base = k == 0 ? 1e6 * (double)(i + 1) : (double)((4 + i) << 20);
	struct compare_row *r = &m->rows[m->c.count++];

	fill_metric(m, i, k, base);
	*r = (struct compare_row){ .test = facts[i].test,
		                   .metric = m->metrics[i][k].name,
		                   .unit = m->metrics[i][k].unit,
		                   .better = METRIC_LOWER,
		                   .base = base,
		                   .head = base * facts[i].ratio,
		                   .ratio = facts[i].ratio,
		                   .low = facts[i].low,
		                   .high = facts[i].high,
		                   .p = 0.01,
		                   .sigma = 0.01,
		                   .detectable = 0.04,
		                   .pairs = MADE_PAIRS,
		                   .outcome = k == 0 ? facts[i].outcome : COMPARE_UNCHANGED,
		                   .why = facts[i].outcome == COMPARE_UNJUDGED ? "too few <pairs>" : "",
		                   .sample = &m->metrics[i][k] };
	if (k == 0 && i == MADE_TESTS - 1)
		r->accepted = "accepted until 2027-01-01: a larger <table>";
	else
		m->c.counts[r->outcome]++;
}

void made_comparison_init(struct made_comparison *m)
{
	struct comparison *c = &m->c;

	*m = (struct made_comparison){ 0 };
	c->samples = &m->samples;
	c->names[0] = "base";
	c->names[1] = "head";
	c->rows = m->rows;
	for (size_t i = 0; i < MADE_TESTS; i++)
		for (size_t k = 0; k < 2; k++)
			fill_row(m, i, k);
	for (unsigned side = 0; side < SAMPLE_SIDES; side++)
		m->samples.sources[side] =
		        (struct sample_source){ side == 0 ? "runs/old" : side == 1 ? "runs/new" : "",
			                        "Example CPU, 2 cores",
			                        "12ab",
			                        side < 2,
			                        0,
			                        false };
	c->plan = STATS_ONE_STAGE;
	c->pairs = MADE_PAIRS;
	c->detectable = 0.04;
	c->accepted = 1;
	c->control = COMPARE_CONTROL_CLEAN;
	c->control_rows = 12;
	m->ends[0] = (struct sample_ends){ MADE_PAIRS, 0, 0, VERDICT_PASSED, "" };
	m->ends[1] = (struct sample_ends){ MADE_PAIRS, 3, 0, VERDICT_CRASHED, "killed by SIGSEGV" };
	m->verdict = (struct compare_verdict){ "gc/segv.lua@malloc", &m->ends[0], &m->ends[1],
		                               COMPARE_REGRESSED,    0.01,        NULL };
	c->verdicts = &m->verdict;
	c->verdict_count = c->verdicts_worse = 1;
	m->cliff = (struct compare_cliff){ "recursion/sum.lua@malloc", 10000, 5000, COMPARE_REGRESSED };
	c->cliffs = &m->cliff;
	c->cliff_count = 1;
	m->only_head[0] = "gc/added.lua@malloc";
	c->only_head = m->only_head;
	c->only_head_count = 1;
	c->sentence = "1 regressed, 1 improved, 1 could not be told; control clean; detects 4 %";
	assert_int_equal(strings_add(&c->notes, "a note <of> the whole", 21), 0);
}

static const char *page_path(void)
{
	static char path[300];

	snprintf(path, sizeof path, "%s/report.html", harness_tmpdir());
	return path;
}

char *made_comparison_page(struct made_comparison *m, struct seen *s)
{
	struct buf b = { 0 };
	struct err e = { 0 };

	assert_int_equal(compare_html(&m->c, &b), 0);
	assert_int_equal(io_replace_file(page_path(), buf_text(&b), b.len, &e), 0);
	buf_deinit(&b);
	return page_check(page_path(), s);
}

void made_comparison_deinit(struct made_comparison *m)
{
	strings_deinit(&m->c.notes);
	arena_deinit(&m->c.arena);
}

const struct compare_row *made_comparison_row(const struct comparison *c, const char *metric)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->rows[i].metric, metric) == 0)
			return &c->rows[i];
	fail_msg("no row %s", metric);
	return NULL;
}

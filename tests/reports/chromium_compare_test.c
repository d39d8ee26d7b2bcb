// The page about a comparison: as a file, and in Chromium.
#include "harness.h"

#include "browser.h"
#include "compare_formats.h"
#include "fixture.h"
#include "io.h"
#include "page_check.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TESTS 6U
#define PAIRS 20U

// A comparison made by hand: what the page shows must be what stands here, however it came about.
struct made {
	struct comparison c;
	struct samples samples;
	struct sample_metric metrics[TESTS][2];
	struct sample_reading readings[TESTS][2][2][PAIRS];
	struct compare_row rows[2 * TESTS + 1];
	struct compare_verdict verdict;
	struct sample_ends ends[2];
	struct compare_cliff cliff;
	const char *only_head[1];
};

static const struct {
	const char *test;
	double ratio, low, high;
	enum compare_outcome outcome;
} facts[TESTS] = {
	{ "gc/cycles.lua@malloc", 1.12, 1.08, 1.16, COMPARE_REGRESSED },
	{ "gc/lists-1000.lua@malloc", 0.81, 0.78, 0.85, COMPARE_IMPROVED },
	{ "recursion/sum-5000.lua@malloc", 1.0, 0.99, 1.01, COMPARE_UNCHANGED },
	{ "recursion/<b>&.lua@malloc", 1.02, 0.93, 1.15, COMPARE_UNDECIDED },
	{ "gc/new.lua@malloc", 1.5, 0, INFINITY, COMPARE_UNJUDGED },
	{ "gc/accepted.lua@malloc", 1.3, 1.25, 1.36, COMPARE_REGRESSED },
};

static void fill_metric(struct made *m, size_t i, size_t k, double base)
{
	struct sample_metric *metric = &m->metrics[i][k];

	metric->name = k == 0 ? "latency/total/p50" : "memory";
	metric->unit = k == 0 ? "ns" : "bytes";
	metric->better = METRIC_LOWER;
	for (unsigned side = 0; side < 2; side++) {
		for (unsigned n = 0; n < PAIRS; n++)
			m->readings[i][k][side][n] = (struct sample_reading){
				base * (side == 1 ? facts[i].ratio : 1) * (0.98 + 0.002 * (n * 7 % 21)), n
			};
		metric->lists[side][SAMPLE_SCREEN] = (struct sample_list){ m->readings[i][k][side], PAIRS, PAIRS };
	}
}

static void fill_row(struct made *m, size_t i, size_t k)
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
		                   .pairs = PAIRS,
		                   .outcome = k == 0 ? facts[i].outcome : COMPARE_UNCHANGED,
		                   .why = facts[i].outcome == COMPARE_UNJUDGED ? "too few <pairs>" : "",
		                   .sample = &m->metrics[i][k] };
	if (k == 0 && i == TESTS - 1)
		r->accepted = "accepted until 2027-01-01: a larger <table>";
	else
		m->c.counts[r->outcome]++;
}

static void make(struct made *m)
{
	struct comparison *c = &m->c;

	*m = (struct made){ 0 };
	c->samples = &m->samples;
	c->rows = m->rows;
	for (size_t i = 0; i < TESTS; i++)
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
	c->pairs = PAIRS;
	c->detectable = 0.04;
	c->accepted = 1;
	c->control = COMPARE_CONTROL_CLEAN;
	c->control_rows = 12;
	m->ends[0] = (struct sample_ends){ PAIRS, 0, 0, VERDICT_PASSED, "" };
	m->ends[1] = (struct sample_ends){ PAIRS, 3, 0, VERDICT_CRASHED, "killed by SIGSEGV" };
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

static char *page(struct made *m, struct seen *s)
{
	struct buf b = { 0 };
	struct err e = { 0 };

	assert_int_equal(compare_html(&m->c, &b), 0);
	assert_int_equal(io_replace_file(page_path(), buf_text(&b), b.len, &e), 0);
	buf_deinit(&b);
	return page_check(page_path(), s);
}

static void unmake(struct made *m)
{
	strings_deinit(&m->c.notes);
	arena_deinit(&m->c.arena);
}

CASE("html compare: sentence, notes, verdicts, changes, doubts, cliffs and runs are there, in this order")
{
	static const char *const sections[] = { "verdicts", "changes", "undecided", "cliffs",
		                                "plane",    "metrics", "runs" };
	struct made m;
	struct seen s;
	const char *at;
	char *text;

	make(&m);
	at = text = page(&m, &s);
	assert_non_null(strstr(text, "<h1 class=\"bad\">1 regressed, 1 improved"));
	assert_non_null(strstr(text, "a note &lt;of&gt; the whole"));
	assert_non_null(strstr(text, "old → new"));
	assert_non_null(strstr(text, "accepted until 2027-01-01: a larger &lt;table&gt;"));
	assert_non_null(strstr(text, "crashed (3 of 20)"));
	for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
		char id[64];

		snprintf(id, sizeof id, "<section id=\"%s\">", sections[i]);
		at = strstr(at, id);
		if (at == NULL)
			fail_msg("no %s, or not in its place", sections[i]);
	}
	assert_int_equal(s.sections, sizeof sections / sizeof sections[0]);
	free(text);
	unmake(&m);
}

CASE("html compare: a comparison of nothing, and ratios that are none, make a page")
{
	struct made m;
	struct seen s;
	char *text;

	make(&m);
	m.rows[0].ratio = m.rows[0].low = m.rows[0].high = m.rows[0].base = (double)NAN;
	m.rows[2].ratio = INFINITY;
	m.rows[2].base = 0;
	m.rows[6].low = 0;
	m.rows[6].detectable = INFINITY;
	text = page(&m, &s);
	assert_non_null(strstr(text, "no interval"));
	free(text);
	m.c.count = m.c.verdict_count = m.c.cliff_count = m.c.only_head_count = 0;
	m.c.detectable = (double)NAN;
	m.c.control = COMPARE_CONTROL_NONE;
	m.c.control_rows = 0;
	text = page(&m, &s);
	assert_int_equal(s.sections, 1);
	free(text);
	unmake(&m);
}

// What the probe compares the page with.
static void expect_in_browser(const struct made *m)
{
	json_t *rows = json_array();
	char *text;

	for (size_t i = 0; i < m->c.count; i++) {
		const struct compare_row *r = &m->rows[i];

		json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:f, s:f, s:f, s:o, s:o, s:b}", "test",
		                                      r->test, "metric", r->metric, "outcome",
		                                      compare_outcome_name(r->outcome), "base", r->base, "head",
		                                      r->head, "ratio", r->ratio, "low", json_real(r->low), "high",
		                                      isfinite(r->high) ? json_real(r->high) : json_null(),
		                                      "accepted", r->accepted != NULL));
	}
	text = json_dumps(rows, 0);
	assert_non_null(text);
	browser_prepare(harness_tmpdir(), "probe_compare.js", text);
	free(text);
	json_decref(rows);
}

CASE("chromium: the page about a comparison fits, can be read and shows its figures, in light and dark")
{
	struct made m;
	struct seen s;

	browser_need();
	make(&m);
	free(page(&m, &s));
	expect_in_browser(&m);
	browser_probe(harness_tmpdir(), "", false);
	browser_probe(harness_tmpdir(), BROWSER_DARK, true);
	unmake(&m);
}

// What is said of two runs, or of pairs.
#include "harness.h"

#include "compare_formats.h"
#include "fixture.h"
#include "io.h"
#include "made_comparison.h"
#include "rng.h"
#include "schema.h"
#include "text.h"
#include "xml.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- two runs -------------------------------------------------------------------------------------------------

// A run of three tests whose latencies are `factor` times 1 ms, one of which has a name of the run's own.
static void make(const char *name, double factor, enum verdict v, struct run *r)
{
	struct fixture *f = fixture_new(harness_tmpdir(), name, 3);
	struct result one = fixture_result("gc/shared.x@1", VERDICT_PASSED);
	char own[64];

	for (unsigned i = 0; i < 100; i++)
		hist_record(result_hist(&one, "total"), (uint64_t)(1000000 * factor));
	one.wall_ns = (uint64_t)(2e9 * factor);
	one.peak_rss_bytes = (uint64_t)(1048576 * factor);
	fixture_pool(&one, "slab", 1, 1000, (uint64_t)(250 * factor));
	fixture_end(f, &one);
	one = fixture_result("gc/changes.x@1", v);
	fixture_end(f, &one);
	snprintf(own, sizeof own, "gc/only-%s.x@1", name);
	one = fixture_result(own, VERDICT_PASSED);
	fixture_end(f, &one);
	fixture_stop(f, "finished");
	fixture_load(f, r);
}

static void assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in:\n%s", part, text);
}

CASE("compare: two runs stand side by side, and nothing is judged of one pair")
{
	struct run a, b;
	char *text;

	make("a", 1, VERDICT_PASSED, &a);
	make("b", 2, VERDICT_PASSED, &b);
	text = fixture_compare(&a, &b, 220);
	assert_int_equal(strncmp(text, "Not judged: 1 pair of invocations, and 16 are the least", 40), 0);
	assert_has(text, "p50 base");
	assert_has(text, "gc/shared.x@1    1.00 ms  2.00 ms  +100 %   1.00 ms  2.00 ms  +100 %     2.00 s");
	assert_has(text, "1.00 MiB  2.00 MiB  +100 %");
	assert_has(text, "75 %  50 %");
	assert_has(text, "plain difference");
	free(text);
	run_deinit(&a);
	run_deinit(&b);
}

CASE("compare: tests of one run alone and verdicts that changed are listed")
{
	struct run a, b;
	char *text;

	make("a", 1, VERDICT_PASSED, &a);
	make("b", 1, VERDICT_TIMEOUT, &b);
	text = fixture_compare(&a, &b, 100);
	assert_has(text, "1 test no longer ends as expected.");
	assert_has(text, "verdicts that changed\n  regressed  passed → timeout  gc/changes.x@1\n");
	assert_has(text, "only in base\n  gc/only-a.x@1\n");
	assert_has(text, "only in head\n  gc/only-b.x@1\n");
	assert_has(text, "="); // nothing changed there
	free(text);
	run_deinit(&a);
	run_deinit(&b);
}

CASE("compare: it is said when no test is in both runs")
{
	struct run a, none;
	char *text;

	make("a", 1, VERDICT_PASSED, &a);
	fixture_many(harness_tmpdir(), "none", 0, &none);
	text = fixture_compare(&a, &none, 100);
	assert_has(text, "No test is on both sides");
	free(text);
	text = fixture_compare(&none, &none, 100);
	assert_has(text, "Neither side has a test that ended.");
	free(text);
	run_deinit(&a);
	run_deinit(&none);
}

CASE("compare: tables fit the terminal, and empty and hostile runs can be compared")
{
	struct run a, b, none, hostile;

	fixture_job(harness_tmpdir(), "job-a", 0, &a);
	fixture_job(harness_tmpdir(), "job-b", 1, &b);
	fixture_many(harness_tmpdir(), "none", 0, &none);
	fixture_hostile(harness_tmpdir(), "hostile", &hostile);
	for (unsigned columns = 60; columns <= 220; columns += 20) {
		char *text = fixture_compare(&a, &b, columns);

		for (char *save, *line = strtok_r(text, "\n", &save); line != NULL;
		     line = strtok_r(NULL, "\n", &save))
			if (strstr(line, " % ") != NULL && text_width(line) > columns)
				fail_msg("%zu of %u: %s", text_width(line), columns, line);
		free(text);
	}
	char *text = fixture_compare(&hostile, &a, 100);
	assert_null(strchr(text, '\033'));
	free(text);
	free(fixture_compare(&none, &a, 100));
	run_deinit(&a);
	run_deinit(&b);
	run_deinit(&none);
	run_deinit(&hostile);
}

CASE("compare: runs that broke off, and machines and suites that differ, are named")
{
	struct fixture *f = fixture_new(harness_tmpdir(), "killed", 7);
	struct result one = fixture_result("gc/shared.x@1", VERDICT_PASSED);
	struct comparison c = { 0 };
	struct samples s;
	struct run a, killed;
	char *text;

	make("a", 1, VERDICT_PASSED, &a);
	fixture_end(f, &one);
	fixture_load(f, &killed);
	json_object_set_new(json_object_get(killed.info, "machine"), "cpu", json_string("Other CPU"));
	json_object_set_new(a.header, "suite_hash", json_string("11111111"));
	json_object_set_new(killed.header, "suite_hash", json_string("22222222"));
	text = fixture_compare(&a, &killed, 100);
	assert_has(text, "killed: the run did not finish (it was killed): 1 of 7 tests have ended");
	assert_has(text, "different machines: Example CPU @ 3.00GHz, 2 cores");
	assert_has(text, "different suites (11111111 against 22222222)");
	free(text);
	fixture_samples(&a, &killed, &s);
	assert_int_equal(compare_make(&c, &s, NULL), 0);
	for (size_t i = 0; i < c.count; i++)
		if (strcmp(c.rows[i].metric, "time") == 0)
			assert_string_equal(c.rows[i].why, "measured on different machines");
	compare_deinit(&c);
	samples_deinit(&s);
	run_deinit(&a);
	run_deinit(&killed);
}

CASE("compare: the size up to which all ends as expected is found on both sides")
{
	static const char *const names[] = { "base", "head" };
	static const enum verdict ends[2][3] = { { VERDICT_PASSED, VERDICT_PASSED, VERDICT_CRASHED },
		                                 { VERDICT_PASSED, VERDICT_CRASHED, VERDICT_CRASHED } };
	struct run runs[2];
	char *text;

	for (size_t side = 0; side < 2; side++) {
		struct fixture *f = fixture_new(harness_tmpdir(), names[side], 3);
		unsigned size = 1000;

		for (size_t i = 0; i < 3; i++, size *= 10) {
			char id[64];
			struct result one;

			snprintf(id, sizeof id, "recursion/sum-%u.lua@x", size);
			one = fixture_result(id, ends[side][i]);
			fixture_end(f, &one);
		}
		fixture_stop(f, "finished");
		fixture_load(f, &runs[side]);
	}
	text = fixture_compare(&runs[0], &runs[1], 100);
	assert_has(text, "recursion/sum.lua@x: 10,000 → 1,000\n");
	free(text);
	run_deinit(&runs[0]);
	run_deinit(&runs[1]);
}

// ---- pairs ----------------------------------------------------------------------------------------------------

static double bell(struct rng *r)
{
	double sum = 0;

	for (unsigned i = 0; i < 12; i++)
		sum += (double)(rng_next(r) >> 11) * 0x1p-53;
	return sum - 6;
}

struct made {
	double shift;         // of head's time
	double control_shift; // of the control's
	unsigned screen, confirm;
	unsigned failures; // of the head's first invocations
	double steal;      // share of the time
};

// Samples of one test: time with a noise of 2 %, memory that is constant, a slab's headroom that differs exactly.
static void make_pairs(const struct made *m, struct samples *s)
{
	struct rng r;

	rng_init(&r, 3);
	*s = (struct samples){ .paired = true, .two_stages = m->confirm > 0, .cores = 2 };
	assert_int_equal(samples_init(s), 0);
	for (unsigned i = 0; i < m->screen + m->confirm; i++)
		for (unsigned side = 0; side < SAMPLE_SIDES; side++) {
			const double shift[] = { 0, m->shift, m->control_shift };
			const double ns = 1e7 * exp(0.02 * bell(&r) + shift[side]);
			const struct metric time = { "time", "ns", METRIC_LOWER, ns };
			const struct metric headroom = { "slab/x/headroom", "%", METRIC_HIGHER,
				                         side == 1 ? 20 : 40 };
			const struct metric odd = { "gauge/odd", "ms", METRIC_LOWER, i == 3 ? NAN : -1 };
			const struct sample_place at = { "gc/a", (enum sample_side)side,
				                         i < m->screen ? SAMPLE_SCREEN : SAMPLE_CONFIRM, i + 1 };
			struct result end = { .verdict = VERDICT_PASSED, .as_expected = true };

			end.wall_ns = 1000000;
			end.steal_ns = (uint64_t)(2e6 * m->steal);
			if (side == SAMPLE_HEAD && i < m->failures)
				end = (struct result){ .verdict = VERDICT_CRASHED };
			assert_int_equal(samples_end(s, &at, &end), 0);
			assert_int_equal(samples_add(s, &at, &time), 0);
			assert_int_equal(samples_add(s, &at, &headroom), 0);
			assert_int_equal(samples_add(s, &at, &odd), 0);
		}
	samples_sort(s);
}

CASE("compare: a change is confirmed, a constant compared exactly, and the control clean")
{
	const struct made made = { .shift = 0.1, .screen = 20, .confirm = 30 };
	struct comparison c = { 0 };
	struct samples s;

	make_pairs(&made, &s);
	assert_int_equal(compare_make(&c, &s, NULL), 0);
	assert_int_equal(made_comparison_row(&c, "time")->outcome, COMPARE_REGRESSED);
	assert_int_equal(made_comparison_row(&c, "time")->pairs, 30);
	assert_true(made_comparison_row(&c, "time")->low < exp(0.1) &&
	            exp(0.1) < made_comparison_row(&c, "time")->high);
	assert_true(made_comparison_row(&c, "slab/x/headroom")->exact);
	assert_int_equal(made_comparison_row(&c, "slab/x/headroom")->outcome, COMPARE_REGRESSED);
	assert_int_equal(made_comparison_row(&c, "gauge/odd")->outcome, COMPARE_UNJUDGED); // negative: no ratio
	assert_int_equal(c.control, COMPARE_CONTROL_CLEAN);
	assert_non_null(strstr(c.sentence, "Metrics: 2 regressed; control clean; detects 4 %."));
	compare_deinit(&c);
	samples_deinit(&s);
}

CASE("compare: the whole is inconclusive when the control differs")
{
	const struct made made = { .control_shift = 0.1, .screen = 20, .confirm = 30 };
	struct comparison c = { 0 };
	struct samples s;

	make_pairs(&made, &s);
	assert_int_equal(compare_make(&c, &s, NULL), 0);
	assert_int_equal(c.control, COMPARE_CONTROL_FAILED);
	assert_int_equal(c.control_flag_count, 1);
	assert_int_equal(strncmp(c.sentence, "Inconclusive. ", 14), 0);
	compare_deinit(&c);
	samples_deinit(&s);
}

CASE("compare: what was timed is undecided when the hypervisor took the CPU, and what was counted is not")
{
	const struct made made = { .shift = 0.1, .screen = 20, .confirm = 30, .steal = 0.3 };
	struct comparison c = { 0 };
	struct samples s;

	make_pairs(&made, &s);
	assert_int_equal(compare_make(&c, &s, NULL), 0);
	assert_int_equal(made_comparison_row(&c, "time")->outcome, COMPARE_UNDECIDED);
	assert_non_null(strstr(made_comparison_row(&c, "time")->why, "hypervisor took 30 %"));
	assert_int_equal(made_comparison_row(&c, "slab/x/headroom")->outcome, COMPARE_REGRESSED);
	compare_deinit(&c);
	samples_deinit(&s);
}

CASE("compare: below sixteen pairs the change is shown and not judged")
{
	const struct made made = { .shift = 1, .screen = 15 };
	struct comparison c = { 0 };
	struct samples s;

	make_pairs(&made, &s);
	assert_int_equal(compare_make(&c, &s, NULL), 0);
	assert_int_equal(made_comparison_row(&c, "time")->outcome, COMPARE_UNJUDGED);
	assert_true(made_comparison_row(&c, "time")->ratio > 2.5);
	assert_non_null(strstr(c.sentence, "Not judged: 15 pairs of invocations, and 16 are the least"));
	compare_deinit(&c);
	samples_deinit(&s);
}

CASE("compare: one crash in fifty is no regression, ten are")
{
	for (unsigned failures = 1; failures <= 10; failures += 9) {
		const struct made made = { .screen = 20, .confirm = 30, .failures = failures };
		struct comparison c = { 0 };
		struct samples s;

		make_pairs(&made, &s);
		assert_int_equal(compare_make(&c, &s, NULL), 0);
		assert_int_equal(c.verdict_count, 1);
		assert_int_equal(c.verdicts[0].outcome, failures == 1 ? COMPARE_UNDECIDED : COMPARE_REGRESSED);
		assert_int_equal(c.verdicts_worse, failures > 1);
		compare_deinit(&c);
		samples_deinit(&s);
	}
}

CASE("compare: an accepted regression does not count and is named until its day, a threshold lets it be")
{
	const struct made made = { .shift = 0.1, .screen = 20, .confirm = 30 };
	const struct threshold half = { "tim*", 0.5 };
	struct known_entry entries[] = { { (char *)(uintptr_t) "gc/*", (char *)(uintptr_t) "time",
		                           (char *)(uintptr_t) "2026-12-31", (char *)(uintptr_t) "new collector",
		                           false, 1 } };
	const struct known known = { entries, 1 };
	const struct compare_options accepting = { .accepted = &known }, loose = { &half, 1, NULL, false };
	struct comparison c = { 0 };
	struct samples s;

	make_pairs(&made, &s);
	assert_int_equal(compare_make(&c, &s, &accepting), 0);
	assert_string_equal(made_comparison_row(&c, "time")->accepted, "accepted until 2026-12-31: new collector");
	assert_int_equal(c.counts[COMPARE_REGRESSED], 1); // the headroom
	compare_deinit(&c);
	entries[0].expired = true;
	assert_int_equal(compare_make(&c, &s, &accepting), 0);
	assert_null(made_comparison_row(&c, "time")->accepted);
	assert_string_equal(made_comparison_row(&c, "time")->why, "was accepted until 2026-12-31: new collector");
	compare_deinit(&c);
	assert_int_equal(compare_make(&c, &s, &loose), 0);
	assert_int_equal(made_comparison_row(&c, "time")->outcome, COMPARE_UNCHANGED);
	compare_deinit(&c);
	samples_deinit(&s);
}

CASE("compare: candidates are what the screen finds, and only that")
{
	struct made made = { .shift = 0.1, .screen = 20 };
	struct samples s;

	make_pairs(&made, &s);
	assert_int_equal(compare_is_candidate(&s.tests[0], SAMPLE_HEAD, NULL), 1);
	assert_int_equal(compare_is_candidate(&s.tests[0], SAMPLE_CONTROL, NULL), 0);
	samples_deinit(&s);
	made.screen = 15;
	make_pairs(&made, &s);
	assert_int_equal(compare_is_candidate(&s.tests[0], SAMPLE_HEAD, NULL), 0);
	samples_deinit(&s);
}

// ---- formats --------------------------------------------------------------------------------------------------

static char *written(int (*write)(struct comparison *c, struct buf *out), const struct samples *s)
{
	struct comparison c = { 0 };
	struct buf b = { 0 };

	assert_int_equal(compare_make(&c, s, NULL), 0);
	assert_int_equal(write(&c, &b), 0);
	compare_deinit(&c);
	return buf_take(&b);
}

static void assert_valid_json(const char *text)
{
	json_t *schema = json_load_file(SG_SOURCE_DIR "/docs/compare.schema.json", 0, NULL);
	json_t *json = json_loads(text, 0, NULL);
	const char *problem;

	assert_non_null(schema);
	assert_non_null(json);
	problem = schema_check(schema, json);
	if (problem != NULL)
		fail_msg("%s", problem);
	json_decref(json);
	json_decref(schema);
}

static void assert_well_formed(const char *text, bool html)
{
	const struct xml_hooks none = { 0 };
	const char *problem = xml_parse(text, html, &none);

	if (problem != NULL)
		fail_msg("%s in:\n%.2000s", problem, text);
}

static void assert_harmless(const char *text)
{
	for (size_t i = 0; fixture_hostile_marks[i] != NULL; i++)
		if (strstr(text, fixture_hostile_marks[i]) != NULL)
			fail_msg("%s is in:\n%.2000s", fixture_hostile_marks[i], text);
}

CASE("compare: JSON obeys its schema, of pairs, of runs and of nothing")
{
	const struct made made = { .shift = 0.1, .screen = 20, .confirm = 30, .failures = 10 };
	struct run a, b, none;
	struct samples all[3];

	make("a", 1, VERDICT_PASSED, &a);
	make("b", 1, VERDICT_TIMEOUT, &b);
	fixture_many(harness_tmpdir(), "none", 0, &none);
	make_pairs(&made, &all[0]);
	fixture_samples(&a, &b, &all[1]);
	fixture_samples(&none, &none, &all[2]);
	for (size_t i = 0; i < 3; i++) {
		char *text = written(compare_json, &all[i]);

		assert_valid_json(text);
		free(text);
		samples_deinit(&all[i]);
	}
	run_deinit(&a);
	run_deinit(&b);
	run_deinit(&none);
}

CASE("compare: JUnit, HTML and Markdown hold the regression, and hostile names do no harm")
{
	const struct made made = { .shift = 0.1, .screen = 20, .confirm = 30, .failures = 10 };
	struct run hostile;
	struct samples s;
	char *text;

	make_pairs(&made, &s);
	text = written(compare_junit, &s);
	assert_well_formed(text, false);
	assert_has(text, "failures=\"3\"");
	assert_has(text, "<failure message=\"time +");
	free(text);
	text = written(compare_html, &s);
	assert_well_formed(text, true);
	assert_has(text, "</span> worse</span>");
	free(text);
	text = written(compare_md, &s);
	assert_has(text, "**regressed**");
	free(text);
	samples_deinit(&s);
	fixture_hostile(harness_tmpdir(), "hostile", &hostile);
	fixture_samples(&hostile, &hostile, &s);
	text = written(compare_html, &s);
	assert_harmless(text);
	free(text);
	text = written(compare_junit, &s);
	assert_well_formed(text, false);
	free(text);
	free(written(compare_md, &s));
	samples_deinit(&s);
	run_deinit(&hostile);
}

// Figures that are odd to compare: counters, histograms of other digits, what is all equal or infinite.
#include "harness.h"

#include "compare_formats.h"
#include "fixture.h"
#include "made_comparison.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *text_of(struct comparison *c)
{
	const struct term_style style = { .columns = 200 };
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	compare_text(c, &style, out);
	fclose(out);
	return text;
}

CASE("compare: counters that changed are counted, listed where they are asked for, and are no changes of metrics")
{
	static const char *const names[] = { "counter/interposer/malloc_calls", "counter/interposer/free_calls" };
	const struct compare_options listing = { .counters = true };
	struct comparison c = { 0 };
	struct samples s = { 0 };
	char *text;

	assert_int_equal(samples_init(&s), 0);
	for (unsigned i = 0; i < 8; i++) {
		const struct sample_place at = { "gc/a", i % 2 == 0 ? SAMPLE_BASE : SAMPLE_HEAD, SAMPLE_SCREEN,
			                         1 + i / 2 };
		const struct result end = { .verdict = VERDICT_PASSED, .as_expected = true, .wall_ns = 1000 };

		assert_int_equal(samples_end(&s, &at, &end), 0);
		for (unsigned k = 0; k < 2; k++)
			assert_int_equal(samples_add(&s, &at,
			                             &(struct metric){ names[k], "count", METRIC_NEITHER,
			                                               k == 0 && i % 2 == 1 ? 120 : 100 }),
			                 0);
	}
	samples_sort(&s);
	assert_int_equal(compare_make(&c, &s, NULL), 0);
	assert_int_equal(c.counts[COMPARE_CHANGED], 0);
	assert_int_equal(c.counters_changed, 1);
	assert_int_equal(c.counters_same, 1);
	text = text_of(&c);
	assert_non_null(strstr(text, "1 of 2 counters changed (calls, blocks, bytes): --counters lists them."));
	assert_null(strstr(text, "malloc_calls"));
	free(text);
	compare_deinit(&c);
	assert_int_equal(compare_make(&c, &s, &listing), 0);
	text = text_of(&c);
	assert_non_null(strstr(text, "malloc_calls"));
	assert_null(strstr(text, "free_calls"));
	free(text);
	compare_deinit(&c);
	samples_deinit(&s);
}

// A run whose latencies were kept to so many digits.
static void make_of_digits(const char *name, unsigned digits, struct run *r)
{
	struct fixture *f = fixture_new(harness_tmpdir(), name, 1);
	struct result one = fixture_result("gc/a", VERDICT_PASSED);
	struct hist *h = hist_new(digits);

	assert_non_null(h);
	for (unsigned i = 0; i < 1000; i++)
		hist_record(h, 1000000 + 1000 * i);
	result_hist(&one, "total");
	hist_free(one.series[0].hist);
	one.series[0].hist = h;
	fixture_end(f, &one);
	fixture_stop(f, "finished");
	fixture_load(f, r);
}

CASE("compare: histograms of other digits are compared by their percentiles")
{
	struct comparison c = { 0 };
	struct samples s = { 0 };
	struct run a, b;
	const struct compare_row *row;

	make_of_digits("two", 2, &a);
	make_of_digits("three", 3, &b);
	assert_int_equal(a.results[0].series[0].hist->digits, 2);
	assert_int_equal(b.results[0].series[0].hist->digits, 3);
	fixture_samples(&a, &b, &s);
	assert_int_equal(compare_make(&c, &s, NULL), 0);
	row = made_comparison_row(&c, "latency/total/p99");
	assert_true(row->base > 1.9e6 && row->head > 1.9e6);
	assert_true(fabs(row->ratio - 1) < 0.01);         // a slot of two digits
	assert_int_equal(row->outcome, COMPARE_UNJUDGED); // one invocation
	compare_deinit(&c);
	samples_deinit(&s);
	run_deinit(&a);
	run_deinit(&b);
}

CASE("compare: figures that are all equal, and those that are infinite, are no change and no crash")
{
	static const struct {
		const char *name;
		double base, head;
		enum compare_outcome outcome;
	} figures[] = { { "time", 1e6, 1e6, COMPARE_UNCHANGED },
		        { "cpu", 0, 0, COMPARE_UNCHANGED },
		        { "gauge/infinite", (double)INFINITY, (double)INFINITY, COMPARE_UNJUDGED },
		        { "gauge/nan", (double)NAN, 1, COMPARE_UNJUDGED } };
	const size_t count = sizeof figures / sizeof figures[0];
	struct comparison c = { 0 };
	struct samples s = { 0 };

	assert_int_equal(samples_init(&s), 0);
	s.paired = true;
	for (unsigned i = 0; i < 40; i++) {
		const struct sample_place at = { "gc/a", i % 2 == 0 ? SAMPLE_BASE : SAMPLE_HEAD, SAMPLE_SCREEN,
			                         1 + i / 2 };
		const struct result end = { .verdict = VERDICT_PASSED, .as_expected = true, .wall_ns = 1000 };

		assert_int_equal(samples_end(&s, &at, &end), 0);
		for (size_t k = 0; k < count; k++)
			assert_int_equal(
			        samples_add(&s, &at,
			                    &(struct metric){ figures[k].name, "ns", METRIC_LOWER,
			                                      i % 2 == 0 ? figures[k].base : figures[k].head }),
			        0);
	}
	samples_sort(&s);
	assert_int_equal(compare_make(&c, &s, NULL), 0);
	for (size_t i = 0; i < c.count; i++)
		for (size_t k = 0; k < count; k++)
			if (strcmp(c.rows[i].metric, figures[k].name) == 0 &&
			    c.rows[i].outcome != figures[k].outcome)
				fail_msg("%s is %s", figures[k].name, compare_outcome_name(c.rows[i].outcome));
	assert_int_equal(made_comparison_row(&c, "time")->pairs, 20);
	compare_deinit(&c);
	samples_deinit(&s);
}

// Two runs side by side.
#include "harness.h"

#include "fixture.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

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

CASE("compare: medians and p99 stand side by side and are marked as a plain difference")
{
	struct run a, b;
	char *text;

	make("a", 1, VERDICT_PASSED, &a);
	make("b", 2, VERDICT_PASSED, &b);
	text = fixture_compare(&a, &b, 200);
	assert_non_null(strstr(text, "p50 A"));
	assert_non_null(strstr(text, "shared x@1   1.00 ms  2.00 ms  +100 %  1.00 ms  2.00 ms  +100 %   2.00 s"));
	assert_non_null(strstr(text, "1.00 MiB  2.00 MiB  +100 %    25 %    50 %"));
	assert_non_null(strstr(text, "plain difference"));
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
	assert_non_null(strstr(text, "verdicts that changed\n  passed → timeout  gc/changes.x@1\n"));
	assert_non_null(strstr(text, "only in A\n  passed gc/only-a.x@1\n"));
	assert_non_null(strstr(text, "only in B\n  passed gc/only-b.x@1\n"));
	assert_non_null(strstr(text, "=")); // nothing changed there
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
	assert_non_null(strstr(text, "No test is in both runs"));
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
	free(fixture_compare(&none, &none, 100));
	free(fixture_compare(&none, &a, 100));
	char *text = fixture_compare(&hostile, &a, 100);
	assert_null(strchr(text, '\033'));
	free(text);
	run_deinit(&a);
	run_deinit(&b);
	run_deinit(&none);
	run_deinit(&hostile);
}

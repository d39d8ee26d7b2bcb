// run --against: what the allocator instrumentation counts has a pass of its own, so that it disturbs no time.
#include "e2e.h"
#include "harness.h"
#include "io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The times that a busy machine gives have no say.
static const char *make_suite(void)
{
	const char *dir = harness_tmpdir();

	e2e_write(dir, "suite/a.sh", "# @Test gc/a\n# @Run sort {file}\n", false);
	e2e_write(dir, "more", "#!/bin/sh\nexec sort -u \"$@\"\n", true);
	return dir;
}

#define CALM                                                                                                      \
	"--progress", "none", "--threshold", "time=1000%,cpu=1000%,memory=1000%", "--no-control", "--confirm",    \
	        "0", "-o", "out"

struct seen {
	size_t screened, counted, warm;
};

// Every invocation with the phase "calls" has counters of the interposer, no other one has.
static struct seen look(const char *dir)
{
	char *path = io_join(dir, "out");
	json_t *report = e2e_report(path), *one;
	const json_t *tests = json_object_get(report, "tests");
	struct seen seen = { 0 };
	size_t i;

	json_array_foreach(tests, i, one)
	{
		const char *phase = json_string_value(json_object_get(one, "phase"));
		const bool counts = strcmp(phase, "calls") == 0;

		assert_int_equal(json_array_size(json_object_get(one, "counters")) > 0, counts);
		seen.counted += counts;
		seen.screened += strcmp(phase, "screen") == 0;
		seen.warm += strcmp(phase, "warmup") == 0;
	}
	json_decref(report);
	free(path);
	return seen;
}

static size_t values(const json_t *row, const char *side, const char *phase)
{
	return json_array_size(json_object_get(json_object_get(json_object_get(row, "readings"), side), phase));
}

CASE("against: time comes from runs without the interposer, its figures from two pairs of their own")
{
	const char *dir = make_suite();
	struct outcome run = E2E(dir, "run", "suite", "--against", "./more", "--pairs", "16", CALM);
	struct outcome listed = E2E(dir, "compare", "out", "--counters", "--threshold", "time=1000%,cpu=1000%");
	struct seen seen = look(dir);
	json_t *json;

	if (run.exit_code != 0)
		fail_msg("exit %d: %s%s", run.exit_code, buf_text(&run.out), buf_text(&run.err));
	assert_int_equal(seen.screened, 32);
	assert_int_equal(seen.counted, 4);
	assert_contains(buf_text(&run.out), "the allocator's figures are of runs of their own");
	assert_contains(buf_text(&run.out), "--counters lists them");
	assert_contains(buf_text(&listed.out), "not judged");
	assert_contains(buf_text(&listed.out), "heap waste-inside");
	json = e2e_comparison(dir, "out");
	assert_int_equal(values(e2e_row(json, "gc/a", "time"), "base", "screen"), 16);
	assert_int_equal(values(e2e_row(json, "gc/a", "heap/waste-inside"), "head", "screen"), 2);
	assert_non_null(e2e_row(json, "gc/a", "counter/interposer/malloc_calls"));
	assert_string_equal(
	        json_string_value(json_object_get(e2e_row(json, "gc/a", "heap/waste-inside"), "outcome")),
	        "unjudged");
	json_decref(json);
	outcome_deinit(&run);
	outcome_deinit(&listed);
}

CASE("against: a budget and --resume know of the pass that counts calls")
{
	const char *dir = make_suite();
	struct outcome first = E2E(dir, "run", "suite", "--against", "./more", "--budget", "10h", "--pairs", "2",
	                           "--suite-timeout", "1ms", CALM);
	struct outcome resumed = E2E(dir, "run", "--resume", "-o", "out", "--progress", "none", "--fail-on",
	                             "none", "--suite-timeout", "0");
	struct seen seen = look(dir);

	assert_int_equal(first.exit_code, 1);
	assert_contains(buf_text(&first.err), "the time for the whole run was over");
	assert_int_equal(resumed.exit_code, 0);
	assert_int_equal(seen.warm, 2);
	assert_int_equal(seen.counted, 4);
	assert_int_equal(seen.screened, 4);
	outcome_deinit(&first);
	outcome_deinit(&resumed);
}

CASE("against: without the preloaded library there is no pass that counts; where it caps, every run has it")
{
	const char *dir = make_suite();
	struct outcome without = E2E(dir, "run", "suite", "--against", "./more", "--pairs", "2", "--no-preload",
	                             "--fail-on", "none", CALM);
	struct seen bare = look(dir);
	struct outcome capped =
	        E2E(dir, "run", "suite", "--against", "./more", "--pairs", "2", "--progress", "none",
	            "--jemalloc-cap", "64M", "--fail-on", "none", "--confirm", "0", "-o", "capped");
	char *path = io_join(dir, "capped");
	json_t *report = e2e_report(path), *one;
	const json_t *tests = json_object_get(report, "tests");
	size_t i;

	assert_int_equal(without.exit_code, 0);
	assert_int_equal(bare.counted, 0);
	assert_int_equal(bare.screened, 4);
	assert_int_equal(capped.exit_code, 0);
	assert_int_equal(json_array_size(tests), 6);
	json_array_foreach(tests, i, one) assert_true(json_array_size(json_object_get(one, "counters")) > 0);
	json_decref(report);
	free(path);
	outcome_deinit(&without);
	outcome_deinit(&capped);
}

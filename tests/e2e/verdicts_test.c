// The small suite with everything that can go wrong: each is told by its name, and the run goes on.
#include "e2e.h"

#include "harness.h"
#include "io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void assert_verdict(json_t *report, const char *id, const char *verdict, const char *evidence)
{
	json_t *t = e2e_test(report, id);

	assert_string_equal(json_string_value(json_object_get(t, "verdict")), verdict);
	assert_contains(json_string_value(json_object_get(t, "evidence")), evidence);
}

static bool process_runs(const char *words)
{
	char command[256];

	snprintf(command, sizeof command, "pgrep -f '%s' >/dev/null", words);
	return system(command) == 0;
}

CASE("e2e: each test gets its own verdict with evidence when everything that can go wrong does")
{
	const char *dir = e2e_suite();
	char *run_dir = io_join(dir, "out");
	char seconds[32], sleeper[48];
	struct outcome o;
	json_t *report;

	// another figure in each process: several checkouts may be tested at once
	snprintf(seconds, sizeof seconds, "321.%07d", (int)getpid());
	snprintf(sleeper, sizeof sleeper, "[s]leep %s", seconds);
	setenv("SG_TEST_SLEEP", seconds, 1);
	o = E2E(dir, "run", "suite", "-o", "out", "--grace", "200ms");
	report = e2e_report(run_dir);
	assert_int_equal(o.exit_code, 1);
	assert_int_equal(json_array_size(json_object_get(report, "tests")), 7);
	assert_verdict(report, "other/pass", "passed", "");
	assert_verdict(report, "other/fail", "failed", "3");
	assert_verdict(report, "other/segv", "crashed", "SIGSEGV");
	assert_verdict(report, "other/hang", "timeout", "500");
	assert_verdict(report, "other/stays-behind", "leaked", "sleep");
	assert_verdict(report, "alloc/hog", "out-of-memory", "64");
	assert_verdict(report, "other/half-way", "failed", "@@ done");
	assert_false(process_runs(sleeper));
	assert_contains(buf_text(&o.out), "\n1 passed, 6 failed, 0 skipped\n");
	assert_contains(buf_text(&o.out), "the answer is 41, not 42");
	assert_contains(buf_text(&o.out), "--only ");
	json_decref(report);
	free(run_dir);
	outcome_deinit(&o);
}

CASE("e2e: exit is 0 when only the passing test is selected")
{
	const char *dir = e2e_suite();
	struct outcome o = E2E(dir, "run", "suite", "-o", "out", "--only", "other/pass");

	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), "\n1 passed, 0 failed, 0 skipped\n");
	outcome_deinit(&o);
}

CASE("e2e: a single file and a command behind -- are tests when given to run")
{
	const char *dir = e2e_suite();
	struct outcome file = E2E(dir, "run", "suite/pass.sh", "-o", "file");
	struct outcome command = E2E(dir, "run", "-o", "command", "--", "sh", "-c", "exit 5");

	assert_int_equal(file.exit_code, 0);
	assert_int_equal(command.exit_code, 1);
	assert_contains(buf_text(&command.out), "exit");
	outcome_deinit(&file);
	outcome_deinit(&command);
}

CASE("e2e: every report can be written again when a run is there")
{
	static const char *const formats[] = { "json", "junit", "html", "prom" };
	static const char *const marks[] = { "\"tests\"", "<testsuite", "<!doctype html", "# EOF" };
	const char *dir = e2e_suite();
	struct outcome o = E2E(dir, "run", "suite", "-o", "out", "--only", "other/pass");

	for (size_t i = 0; i < 4; i++) {
		struct outcome again = E2E(dir, "report", "out", "--format", formats[i]);
		assert_int_equal(again.exit_code, 0);
		if (strcasestr(buf_text(&again.out), marks[i]) == NULL)
			fail_msg("no %s in the %s report", marks[i], formats[i]);
		outcome_deinit(&again);
	}
	outcome_deinit(&o);
}

CASE("e2e: compare shows figures side by side and judges nothing when two single runs are given")
{
	const char *dir = e2e_suite();
	struct outcome a = E2E(dir, "run", "suite", "-o", "a", "--only", "other/pass");
	struct outcome b = E2E(dir, "run", "suite", "-o", "b", "--only", "other/pass");
	struct outcome c = E2E(dir, "compare", "a", "b");

	assert_int_equal(c.exit_code, 0);
	assert_contains(buf_text(&c.out), "other/pass   2.00 ms");
	assert_contains(buf_text(&c.out), "Not judged: 1 pair of invocations");
	assert_contains(buf_text(&c.out), "plain difference");
	outcome_deinit(&a);
	outcome_deinit(&b);
	outcome_deinit(&c);
}

CASE("e2e: the report says so when run.json cannot be read")
{
	const char *dir = e2e_suite();
	struct outcome o = E2E(dir, "run", "suite", "-o", "out", "--only", "other/pass");
	struct outcome again;

	assert_int_equal(o.exit_code, 0);
	e2e_write(dir, "out/run.json", "{\"version\":", false);
	again = E2E(dir, "report", "out");
	assert_int_equal(again.exit_code, 0);
	assert_contains(buf_text(&again.out), "run.json is missing or cannot be read");
	assert_contains(buf_text(&again.out), "\n1 passed, 0 failed, 0 skipped\n");
	outcome_deinit(&o);
	outcome_deinit(&again);
}

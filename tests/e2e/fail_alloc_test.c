// --fail-alloc: requests for memory that are made to fail, one by one and otherwise.
#include "e2e.h"

#include "harness.h"
#include "io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *verdict(json_t *report, const char *id)
{
	return json_string_value(json_object_get(e2e_test(report, id), "verdict"));
}

static const char *evidence(json_t *report, const char *id)
{
	return json_string_value(json_object_get(e2e_test(report, id), "evidence"));
}

static json_t *report_of(const char *run)
{
	char *dir = io_join(harness_tmpdir(), run);
	json_t *report = e2e_report(dir);

	free(dir);
	return report;
}

CASE("e2e: every request of a command fails in turn, and where it crashes is told with the request's stack")
{
	struct outcome o = E2E(harness_tmpdir(), "run", "-o", "out", "--fail-alloc", "every", "--", SG_REFUSED);
	json_t *report;

	assert_int_equal(o.exit_code, 1);
	assert_contains(buf_text(&o.err), "each of 6 requests is made to fail");
	assert_contains(buf_text(&o.out), "request 2 (malloc of 6 B) was made to fail");
	assert_contains(buf_text(&o.out), "careless (refused.c:");
	assert_contains(buf_text(&o.out), "5 passed, 1 failed");
	report = report_of("out");
	assert_int_equal(json_array_size(json_object_get(report, "tests")), 6);
	assert_string_equal(verdict(report, "refused::nth-1"), "passed");
	assert_contains(evidence(report, "refused::nth-1"), "exit status 3; that is failed, and survived");
	assert_contains(evidence(report, "refused::nth-1"), "1 request was made to fail");
	assert_string_equal(verdict(report, "refused::nth-2"), "crashed");
	json_decref(report);
	outcome_deinit(&o);
	// Of an earlier run, that one again.
	o = E2E(harness_tmpdir(), "run", "out", "-o", "again", "--only", "refused::nth-2");
	assert_int_equal(o.exit_code, 1);
	assert_contains(buf_text(&o.out), "request 2 (malloc of 6 B) was made to fail");
	outcome_deinit(&o);
}

CASE("e2e: a walk ends at its number, and a walk by call stack meets each once")
{
	struct outcome o = E2E(harness_tmpdir(), "run", "-o", "one", "--fail-alloc", "every:1", "--", SG_REFUSED);

	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.err), "of 6 requests the first 1 are made to fail");
	assert_contains(buf_text(&o.out), "1 passed, 0 failed");
	outcome_deinit(&o);
	o = E2E(harness_tmpdir(), "run", "-o", "stacks", "--fail-alloc", "every-stack", "--", SG_REFUSED);
	assert_int_equal(o.exit_code, 1);
	assert_contains(buf_text(&o.err), "each of 4 call stacks");
	assert_contains(buf_text(&o.out), "crashed  refused::stack-2");
	assert_contains(buf_text(&o.out), "3 passed, 1 failed");
	outcome_deinit(&o);
}

CASE("e2e: the other ways to fail reach the program, and an error that it reports is right")
{
	static const char *const specs[] = { "nth:1", "cap:64", "prob:1", "prob:1,99", "stacks" };

	for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
		char run[16];
		struct outcome o;
		json_t *report;

		snprintf(run, sizeof run, "run%zu", i);
		o = E2E(harness_tmpdir(), "run", "-o", run, "--fail-alloc", specs[i], "--", SG_REFUSED, "all");
		if (o.exit_code != 0)
			fail_msg("%s: exit %d: %s%s", specs[i], o.exit_code, buf_text(&o.out), buf_text(&o.err));
		report = report_of(run);
		assert_contains(evidence(report, "refused"), "1 request was made to fail");
		json_decref(report);
		outcome_deinit(&o);
	}
}

CASE("e2e: a suite's programs are made to fail too, and what no request of was made to fail is said")
{
	const char *dir = harness_tmpdir();
	struct outcome o;
	char text[700];
	json_t *report;

	snprintf(text, sizeof text, "#!/bin/sh\n# @Test fails\n# @Expect failed\n# @Run %s all\n", SG_REFUSED);
	e2e_write(dir, "suite/fails.sh", text, true);
	o = E2E(dir, "run", "-o", "out", "--fail-alloc", "nth:3", "suite");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	o = E2E(dir, "run", "-o", "beyond", "--fail-alloc", "nth:7", "--", SG_REFUSED);
	assert_int_equal(o.exit_code, 0);
	report = report_of("beyond");
	assert_contains(evidence(report, "refused"), "exit status 0; no request was made to fail");
	json_decref(report);
	outcome_deinit(&o);
}

static void refused(const char *what, const char *const *args)
{
	struct outcome o = e2e_run(harness_tmpdir(), args);

	if (o.exit_code != 2)
		fail_msg("exit %d instead of 2 with '%s': %s", o.exit_code, what, buf_text(&o.err));
	assert_contains(buf_text(&o.err), what);
	assert_string_equal(buf_text(&o.out), "");
	outcome_deinit(&o);
}

#define REFUSED(what, ...) refused(what, (const char *const[]){ __VA_ARGS__, NULL })

CASE("e2e: a --fail-alloc that cannot be is refused with what can")
{
	static const char *const bad[] = { "",        "nth",     "nth:0",   "nth:x",    "cap:",    "prob:2",
		                           "prob:-1", "prob:x",  "prob:1,", "stacks:x", "every:0", "every:x",
		                           "evry",    "nth:1 2", "prob",    "nth:-1",   "prob:nan" };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		REFUSED("write nth:N, cap:SIZE, prob:P[,SEED], stacks", "run", "--fail-alloc", bad[i], "--",
		        SG_REFUSED);
	REFUSED("walks through one command", "run", "--fail-alloc", "every", SG_REFUSED);
	REFUSED("--no-preload", "run", "--fail-alloc", "nth:1", "--no-preload", "--", SG_REFUSED);
	REFUSED("does not even pass", "run", "--fail-alloc", "every", "--", "/bin/false");
	REFUSED("makes no request", "run", "--fail-alloc", "every", "--", SG_INTERPOSED);
}

CASE("e2e: --instrument says what the library does, and what it left out is not in the report as 0")
{
	struct outcome o =
	        E2E(harness_tmpdir(), "run", "-o", "out", "--instrument", "counters", "--", SG_REFUSED, "all");
	json_t *report = report_of("out");
	json_t *counters = json_array_get(json_object_get(e2e_test(report, "refused"), "counters"), 0);
	json_t *values = json_object_get(counters, "values");

	assert_int_equal(o.exit_code, 0);
	assert_string_equal(json_string_value(json_object_get(values, "calloc_calls")), "4");
	assert_null(json_object_get(values, "peak_bytes"));
	assert_null(json_object_get(values, "injected_failures"));
	json_decref(report);
	outcome_deinit(&o);
}

CASE("e2e: where no request was made to fail the summary says so")
{
	struct outcome o =
	        E2E(harness_tmpdir(), "run", "-o", "out", "--fail-alloc", "nth:1000000000", "--", SG_REFUSED);

	assert_contains(buf_text(&o.out), "! --fail-alloc had no effect in 1 test: no request was made to fail");
	outcome_deinit(&o);
}

CASE("e2e: what works by the preloaded library is refused without it, and an empty count with exit 2")
{
	static const char *const options[][2] = { { "--instrument", "every" },
		                                  { "--jemalloc-cap", "64M" },
		                                  { "--fail-alloc", "nth:1" } };
	struct outcome o;

	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
		o = E2E(harness_tmpdir(), "run", "-o", "out", "--no-preload", options[i][0], options[i][1], "--",
		        "/bin/true");
		assert_int_equal(o.exit_code, 2);
		assert_contains(buf_text(&o.err), "works by what --no-preload leaves out");
		assert_contains(buf_text(&o.err), options[i][0]);
		outcome_deinit(&o);
	}
	o = E2E(harness_tmpdir(), "run", "-o", "out", "--fail-alloc", "every:", "--", SG_REFUSED);
	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "--fail-alloc every:: write nth:N");
	outcome_deinit(&o);
}

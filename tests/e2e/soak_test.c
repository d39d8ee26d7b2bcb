// Leaks: what grows within a test, and what grows from pass to pass of a soak.
#include "e2e.h"
#include "harness.h"

#include <stdio.h>
#include <string.h>

static char run_dir[512];

static const char *begin(void)
{
	const char *dir = harness_tmpdir();

	snprintf(run_dir, sizeof run_dir, "%s/out", dir);
	return dir;
}

CASE("e2e: a program that keeps more after each full collection has leaked, with slope and interval; one that does not has passed")
{
	const char *dir = begin();
	struct outcome o;
	json_t *report, *test;

	e2e_write(dir, "leak.lua",
	          "-- @Test gc/leak\n-- @Run {stressgen:lua} {file}\n"
	          "local keep = {}\nfor i = 1, 40 do keep[i] = ('x'):rep(10000) stressgen.cycle() end\n",
	          false);
	e2e_write(dir, "flat.lua",
	          "-- @Test gc/flat\n-- @Run {stressgen:lua} {file}\n"
	          "local keep\nfor i = 1, 40 do keep = ('x'):rep(10000 + i % 2) stressgen.cycle() end\n",
	          false);
	o = E2E(dir, "run", ".", "--leak-check", "-o", run_dir);
	assert_int_equal(o.exit_code, 1);
	outcome_deinit(&o);
	report = e2e_report(run_dir);
	test = e2e_test(report, "gc/leak");
	assert_string_equal(json_string_value(json_object_get(test, "verdict")), "leaked");
	assert_contains(json_string_value(json_object_get(test, "evidence")),
	                "live bytes after full collections grow by 9.8");
	assert_int_equal(json_integer_value(json_object_get(test, "live_cycles")), 40);
	assert_int_equal(json_array_size(json_object_get(test, "live")), 40);
	test = e2e_test(report, "gc/flat");
	assert_string_equal(json_string_value(json_object_get(test, "verdict")), "passed");
	json_decref(report);
}

// The program of the recipe: each cycle keeps a block, which no collection frees.
CASE("e2e: a leaked verdict names the call sites of what is held")
{
	const char *dir = begin();
	struct outcome o;

	e2e_write(dir, "leak.sh", "#!/bin/sh\n# @Test alloc/keeper\n# @Run " SG_KEEPER "\n", true);
	o = E2E(dir, "run", "leak.sh", "--leak-check", "-o", run_dir);
	assert_int_equal(o.exit_code, 1);
	assert_contains(buf_text(&o.out), "leaked  alloc/keeper");
	assert_contains(buf_text(&o.out), "live bytes after full collections grow by 1000 KiB");
	assert_contains(buf_text(&o.out), "still held at the end: ");
	assert_contains(buf_text(&o.out), "keep_some (keeper.c:");
	outcome_deinit(&o);
}

// Its 40th pass stops the run. No pass depends on how fast the machine is.
CASE("e2e: a soak is stopped and resumed, keeps small records of its passes, and ends with a said verdict")
{
	const char *dir = begin();
	struct outcome o;
	json_t *report, *soak, *drift;

	e2e_write(dir, "grow.sh",
	          "#!/bin/sh\n# @Test gc/grow\necho >>passes\nn=$(wc -l <passes)\n"
	          "echo \"@@ live $((n * 1000000))\"\n[ $n -ne 40 ] || { kill -INT $PPID; sleep 60; }\n",
	          true);
	e2e_write(dir, "flat.sh", "#!/bin/sh\n# @Test gc/flat\necho '@@ live 5000000'\n", true);
	o = E2E(dir, "run", "grow.sh", "flat.sh", "--no-preload", "--soak", "10h", "-o", run_dir);
	assert_int_equal(o.exit_code, 128 + 2);
	outcome_deinit(&o);
	o = E2E(dir, "run", "--resume", "--soak", "1ms", "-o", run_dir);
	assert_int_equal(o.exit_code, 1);
	assert_contains(buf_text(&o.out), "gc/grow: live bytes at the end grows by 977 KiB a pass");
	assert_contains(buf_text(&o.out), "soak: 39 passes in ");
	assert_contains(buf_text(&o.out), "drift, see above");
	assert_null(strstr(buf_text(&o.out), "gc/flat: live"));
	outcome_deinit(&o);
	report = e2e_report(run_dir);
	soak = json_object_get(report, "soak");
	assert_string_equal(json_string_value(json_object_get(soak, "verdict")), "drift");
	assert_in_range(json_integer_value(json_object_get(soak, "passes")), 39, 41);
	drift = json_array_get(json_object_get(soak, "drifts"), 0);
	assert_string_equal(json_string_value(json_object_get(drift, "id")), "gc/grow");
	assert_int_equal(json_array_size(json_object_get(report, "tests")), 2);
	json_decref(report);
}

CASE("e2e: a failure in a later pass of a soak stays, though the pass after it is well")
{
	const char *dir = begin();
	struct outcome o;
	json_t *report, *test;

	e2e_write(dir, "t.sh",
	          "#!/bin/sh\n# @Test gc/once\necho >>passes\nn=$(wc -l <passes)\n"
	          "[ $n -ne 9 ] || { kill -INT $PPID; sleep 60; }\n[ $n -ne 5 ]\n",
	          true);
	o = E2E(dir, "run", "t.sh", "--no-preload", "--soak", "10h", "-o", run_dir);
	assert_int_equal(o.exit_code, 128 + 2);
	outcome_deinit(&o);
	report = e2e_report(run_dir);
	test = e2e_test(report, "gc/once");
	assert_string_equal(json_string_value(json_object_get(json_object_get(report, "soak"), "verdict")),
	                    "too short");
	assert_true(json_integer_value(json_object_get(test, "attempt")) >= 5);
	json_decref(report);
	o = E2E(dir, "run", "--resume", "--soak", "1ms", "-o", run_dir);
	assert_int_equal(o.exit_code, 1);
	outcome_deinit(&o);
}

// Whoever restarts a soak after each crash of the machine has one test under way each time.
CASE("e2e: a soak whose runner is killed three times goes on each time, and no test is blamed for it")
{
	const char *dir = begin();
	struct outcome o;
	json_t *report;

	e2e_write(dir, "t.sh",
	          "#!/bin/sh\n# @Test gc/once\necho >>passes\nn=$(wc -l <passes)\n"
	          "[ $((n % 4)) -ne 0 ] || [ $n -gt 12 ] || { kill -KILL $PPID; sleep 60; }\n",
	          true);
	o = E2E(dir, "run", "t.sh", "--no-preload", "--soak", "10h", "-o", run_dir);
	assert_int_equal(o.exit_code, 128 + 9);
	outcome_deinit(&o);
	for (unsigned i = 0; i < 2; i++) {
		o = E2E(dir, "run", "--resume", "--soak", "10h", "-o", run_dir);
		assert_int_equal(o.exit_code, 128 + 9);
		outcome_deinit(&o);
	}
	o = E2E(dir, "run", "--resume", "--soak", "1ms", "-o", run_dir);
	if (o.exit_code != 0)
		fail_msg("%s%s", buf_text(&o.out), buf_text(&o.err));
	outcome_deinit(&o);
	report = e2e_report(run_dir);
	assert_string_equal(json_string_value(json_object_get(e2e_test(report, "gc/once"), "verdict")), "passed");
	json_decref(report);
}

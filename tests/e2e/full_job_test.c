// The whole way: generate, run, report, as a new user types it.
#include "e2e.h"

#include "harness.h"
#include "io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t count_kind(json_t *report, const char *kind_prefix, const char *part)
{
	size_t n = 0;
	size_t i;
	json_t *t;

	json_array_foreach(json_object_get(report, "tests"), i, t)
	{
		const char *id = json_string_value(json_object_get(t, "id"));
		n += strncmp(id, kind_prefix, strlen(kind_prefix)) == 0 && strstr(id, part) != NULL;
	}
	return n;
}

static json_t *pool_of(json_t *test, const char *name)
{
	size_t i;
	json_t *p;

	json_array_foreach(json_object_get(test, "pools"), i,
	                   p) if (strcmp(json_string_value(json_object_get(p, "name")), name) == 0) return p;
	fail_msg("%s has no pool '%s'", json_string_value(json_object_get(test, "id")), name);
	return NULL;
}

static json_int_t number(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	if (!json_is_integer(value))
		fail_msg("'%s' is not a whole number", key);
	return json_integer_value(value);
}

CASE("e2e: 22 GC and 24 recursion tests on three slab policies, those of the evaluator and 56 HTTP/2 scenarios pass when the depth is 2000")
{
	const char *dir = harness_tmpdir();
	struct outcome o = E2E(dir, "--depth", "2000", "--seed", "7");
	char *run_dir = io_join(dir, "stressgen-runs/latest");
	json_t *report;

	if (o.exit_code != 0)
		fail_msg("exit %d\n%s\n%s", o.exit_code, buf_text(&o.out), buf_text(&o.err));
	report = e2e_report(run_dir);
	for (const char *const *policy = (const char *const[]){ "lua@slab-fixed", "lua@jemalloc", "lua@malloc",
	                                                        "eval@slab-fixed", NULL };
	     *policy != NULL; policy++) {
		assert_int_equal(count_kind(report, "gc/", *policy), 22);
		assert_int_equal(count_kind(report, "recursion/", *policy),
		                 strncmp(*policy, "eval", 4) == 0 ? 28 : 24);
	}
	assert_int_equal(count_kind(report, "http2/", ""), 56);
	assert_true(count_kind(report, "alloc/", "") >= 5);
	assert_contains(buf_text(&o.err), "seed 7");
	for (const char *const *name =
	             (const char *const[]){ "report.html", "junit.xml", "metrics.prom", "run.json", NULL };
	     *name != NULL; name++) {
		char *path = io_join(run_dir, *name);
		struct stat st;
		assert_int_equal(stat(path, &st), 0);
		assert_true(st.st_size > 0);
		free(path);
	}
	json_decref(report);
	free(run_dir);
	outcome_deinit(&o);
}

CASE("e2e: the slab is named with capacity, high-water mark, depth and backtrace when it is too small")
{
	const char *dir = harness_tmpdir();
	struct outcome o = E2E(dir, "--depth", "10000", "--slab-capacity", "512K", "--kernel",
	                       "recursion/countdown", "--target", "lua@slab-fixed", "-o", "out");
	char *run_dir = io_join(dir, "out");
	json_t *report = e2e_report(run_dir);
	json_t *test = e2e_test(report, "recursion/countdown-10000.lua@slab-fixed");
	json_t *small = e2e_test(report, "recursion/countdown-1000.lua@slab-fixed");
	json_t *pool = pool_of(test, "lua slab-fixed");

	assert_int_equal(o.exit_code, 1);
	assert_string_equal(json_string_value(json_object_get(test, "verdict")), "slab-exhausted");
	assert_string_equal(json_string_value(json_object_get(small, "verdict")), "passed");
	assert_int_equal(number(pool, "capacity") * number(pool, "unit_bytes"), 512 * 1024);
	assert_true(number(pool, "high_water") > 0);
	assert_true(number(pool, "high_water") <= number(pool, "capacity"));
	assert_true(number(pool, "exhausted") > 0);
	assert_in_range(number(pool, "depth"), 1000, 10010);
	assert_true(json_array_size(json_object_get(pool, "frames")) > 0);
	assert_contains(buf_text(&o.out), "slab-exhausted");
	assert_contains(buf_text(&o.out), "512 KiB");
	json_decref(report);
	free(run_dir);
	outcome_deinit(&o);
}

// Near full, each test's slab is as large as that test needs, and the rest of the suite's is not.
CASE("e2e: each near-full test has a slab of its own, and fills it, when --gc-mode is near-full")
{
	const char *dir = harness_tmpdir();
	struct outcome o = E2E(dir, "--gc-mode", "near-full", "--kernel", "gc/fifo", "--kernel", "gc/strings",
	                       "--target", "lua@slab-fixed", "-o", "out");
	char *run_dir = io_join(dir, "out");
	json_t *report;
	double capacity[4], high[4];
	static const char *const ids[] = { "gc/fifo-20000.lua@slab-fixed", "gc/strings-6000.lua@slab-fixed",
		                           "gc/fifo-20000+near-full.lua@slab-fixed",
		                           "gc/strings-6000+near-full.lua@slab-fixed" };

	if (o.exit_code != 0)
		fail_msg("exit %d\n%s\n%s", o.exit_code, buf_text(&o.out), buf_text(&o.err));
	report = e2e_report(run_dir);
	for (size_t i = 0; i < 4; i++) {
		json_t *pool = json_array_get(json_object_get(e2e_test(report, ids[i]), "pools"), 0);
		capacity[i] = (double)number(pool, "capacity");
		high[i] = (double)number(pool, "high_water");
	}
	assert_true(capacity[0] == capacity[1]);
	assert_true(capacity[2] != capacity[3]);
	assert_true(high[0] < 0.6 * capacity[0] && high[1] < 0.6 * capacity[1]);
	assert_true(high[2] > 0.9 * capacity[2] && high[3] > 0.9 * capacity[3]);
	json_decref(report);
	free(run_dir);
	outcome_deinit(&o);
}

CASE("e2e: a recursion fills the evaluator's slab and passes with more slabs")
{
	const char *dir = harness_tmpdir();
	struct outcome o = E2E(dir, "--depth", "10000", "--slab-capacity", "128K", "--kernel",
	                       "recursion/countdown", "--target", "eval@slab-fixed,eval@slab-chain", "-o", "out");
	char *run_dir = io_join(dir, "out");
	json_t *report = e2e_report(run_dir);
	json_t *full = e2e_test(report, "recursion/countdown-10000.eval@slab-fixed");
	json_t *chained = e2e_test(report, "recursion/countdown-10000.eval@slab-chain");
	json_t *pool = pool_of(full, "eval slab-fixed");

	assert_int_equal(o.exit_code, 1);
	assert_string_equal(json_string_value(json_object_get(full, "verdict")), "slab-exhausted");
	assert_true(json_is_true(json_object_get(full, "clean")));
	assert_string_equal(json_string_value(json_object_get(chained, "verdict")), "passed");
	assert_in_range(number(pool, "depth"), 1000, 10010);
	assert_contains(buf_text(&o.out), "in countdown");
	json_decref(report);
	free(run_dir);
	outcome_deinit(&o);
}

CASE("e2e: a GC mode that is none is refused before anything is written")
{
	const char *dir = harness_tmpdir();
	struct outcome o = E2E(dir, "gen", "--gc-mode", "burst", "-o", "suite");

	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "unknown GC mode 'burst'; the modes are near-full, bursts, gc-every-N");
	outcome_deinit(&o);
}

CASE("e2e: the same suite is written byte for byte when seed and depth are the same")
{
	const char *dir = harness_tmpdir();
	struct outcome a = E2E(dir, "gen", "--depth", "2000", "--seed", "42", "-o", "a");
	struct outcome b = E2E(dir, "gen", "--depth", "2000", "--seed", "42", "-o", "b");
	char command[600];

	assert_int_equal(a.exit_code, 0);
	assert_int_equal(b.exit_code, 0);
	snprintf(command, sizeof command, "diff -r '%s/a' '%s/b'", dir, dir);
	assert_int_equal(system(command), 0);
	outcome_deinit(&a);
	outcome_deinit(&b);
}

CASE("e2e: every kernel passes on a runtime of the user's own when its language comes as a template file")
{
	const char *dir = harness_tmpdir();
	struct outcome o = E2E(dir, "--depth", "1500", "--target-cmd", SG_TOY_COMMAND, "--dialect", SG_TOY_DIALECT,
	                       "-o", "out");
	char *run_dir = io_join(dir, "out");
	json_t *report;

	if (o.exit_code != 0)
		fail_msg("exit %d\n%s\n%s", o.exit_code, buf_text(&o.out), buf_text(&o.err));
	report = e2e_report(run_dir);
	assert_true(json_array_size(json_object_get(report, "tests")) >= 36);
	json_decref(report);
	free(run_dir);
	outcome_deinit(&o);
}

CASE("e2e: a runtime's own slab is named when it dies of it as the probe tells")
{
	const char *dir = harness_tmpdir();
	struct outcome o = E2E(dir, "run", SG_TINYLISP_EXAMPLES, "-o", "out");
	char *run_dir = io_join(dir, "out");
	json_t *report = e2e_report(run_dir);
	json_t *test = e2e_test(report, "recursion/countdown-deep.tinylisp");
	json_t *shallow = e2e_test(report, "recursion/countdown-shallow.tinylisp");
	json_t *pool = json_array_get(json_object_get(test, "pools"), 0);

	assert_int_equal(o.exit_code, 0); // its header expects this end
	assert_string_equal(json_string_value(json_object_get(test, "verdict")), "slab-exhausted");
	assert_string_equal(json_string_value(json_object_get(shallow, "verdict")), "passed");
	assert_int_equal(number(pool, "high_water"), number(pool, "capacity"));
	assert_true(json_array_size(json_object_get(pool, "frames")) > 0);
	json_decref(report);
	free(run_dir);
	outcome_deinit(&o);
}

CASE("e2e: allocations of any other program are counted when it is run under the runner")
{
	const char *dir = harness_tmpdir();
	struct outcome o = E2E(dir, "run", "-o", "out", "--", "/bin/ls", "/");
	struct outcome json = E2E(dir, "report", "out", "--format", "json");

	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&json.out), "\"interposer\"");
	assert_contains(buf_text(&json.out), "malloc");
	outcome_deinit(&o);
	outcome_deinit(&json);
}

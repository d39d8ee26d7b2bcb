// --jemalloc-cap: what a program does when its slabs run out.
#include "e2e.h"
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USER SG_BUILD_DIR "/tests/alloc/jemalloc_user"
#define USER_STATIC SG_BUILD_DIR "/tests/alloc/jemalloc_static_user"

CASE("e2e: a program whose jemalloc is capped dies of an exhausted slab, with figures, looks and size classes")
{
	const char *dir = harness_tmpdir();
	struct outcome o;
	json_t *report, *test, *pool, *heap;
	char run_dir[512];

	snprintf(run_dir, sizeof run_dir, "%s/out", dir);

	if (access(USER, X_OK) < 0)
		harness_skip("libjemalloc was not there at build time");
	e2e_write(dir, "t.sh", "#!/bin/sh\n# @Test alloc/capped\n# @Run " USER " 10000000 die\n", true);
	o = E2E(dir, "run", "t.sh", "--jemalloc-cap", "16M", "-o", "out");
	assert_int_equal(o.exit_code, 1);
	assert_contains(buf_text(&o.out), "slab-exhausted");
	outcome_deinit(&o);
	report = e2e_report(run_dir);
	test = e2e_test(report, "alloc/capped");
	assert_string_equal(json_string_value(json_object_get(test, "verdict")), "slab-exhausted");
	assert_contains(json_string_value(json_object_get(test, "evidence")), "slab 'jemalloc' full: ");
	pool = json_array_get(json_object_get(test, "pools"), 0);
	assert_int_equal(json_integer_value(json_object_get(pool, "capacity")), 16 << 20);
	assert_true(json_array_size(json_object_get(pool, "frames")) > 2);
	assert_contains(json_string_value(json_array_get(json_object_get(pool, "frames"), 0)), "jemalloc_user+");
	heap = json_array_get(json_object_get(test, "jemallocs"), 0);
	assert_contains(json_string_value(json_object_get(heap, "allocator")), "5.");
	assert_true(json_integer_value(json_object_get(heap, "denied_growths")) > 0);
	json_decref(report);
}

CASE("e2e: a test of two capped processes is one test, and the worst of them speaks for it")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	if (access(USER, X_OK) < 0)
		harness_skip("libjemalloc was not there at build time");
	e2e_write(dir, "t.sh", "#!/bin/sh\n# @Test alloc/two\n" USER " 10000000 && " USER " 1000\n", true);
	o = E2E(dir, "run", "t.sh", "--jemalloc-cap", "16M", "-o", "out");
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), "in alloc/two (the worst of its 2 processes)");
	assert_null(strstr(buf_text(&o.out), "of 2 tests"));
	outcome_deinit(&o);
}

CASE("e2e: where there is no jemalloc to cap the result says so")
{
	const char *dir = harness_tmpdir();
	struct outcome o;
	json_t *report;
	char run_dir[512], *text;

	snprintf(run_dir, sizeof run_dir, "%s/out", dir);
	e2e_write(dir, "t.sh", "#!/bin/sh\n# @Test alloc/other\ntrue\n", true);
	o = E2E(dir, "run", "t.sh", "--jemalloc-cap", "16M", "-o", "out");
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), "! --jemalloc-cap had no effect in 1 test: no process had a jemalloc");
	outcome_deinit(&o);
	report = e2e_report(run_dir);
	text = json_dumps(e2e_test(report, "alloc/other"), 0);
	assert_contains(text, "not capped: no process of it had a jemalloc that can be seen");
	free(text);
	json_decref(report);
}

CASE("e2e: the pool 'jemalloc' is capped by no --jemalloc-cap, which is said, and its figures are there")
{
	const char *dir = harness_tmpdir();
	struct outcome o;
	json_t *report, *heap;
	char run_dir[512], *text;

	snprintf(run_dir, sizeof run_dir, "%s/out", dir);
	e2e_write(dir, "t.lua",
	          "-- @Test alloc/pool\n-- @Run {stressgen:lua} --pool jemalloc {file}\nlocal t = {}\n"
	          "for i = 1, 100000 do t[i] = {i} end\n",
	          false);
	o = E2E(dir, "run", "t.lua", "--jemalloc-cap", "16M", "--sample-every", "10ms", "-o", "out");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	report = e2e_report(run_dir);
	heap = json_array_get(json_object_get(e2e_test(report, "alloc/pool"), "jemallocs"), 0);
	if (heap == NULL)
		harness_skip("libjemalloc_pic.a was not there at build time");
	assert_true(json_integer_value(json_object_get(heap, "peak_allocated")) > 4000000);
	assert_true(json_array_size(json_object_get(heap, "mutexes")) > 0);
	text = json_dumps(e2e_test(report, "alloc/pool"), 0);
	assert_contains(text, "not capped: the jemalloc in it is a slab pool, which --slab-capacity caps");
	free(text);
	json_decref(report);
}

// Of 1000 blocks of 64 KiB: those that an arena gives which the program has made for itself.
static long blocks_of_new_arena(const char *dir, const char *program, const char *how)
{
	char command[1024];
	struct outcome o;
	json_t *report;
	long count;

	snprintf(command, sizeof command, "#!/bin/sh\n# @Test alloc/%s\n# @Run %s 10 %s\n", how, program, how);
	e2e_write(dir, "t.sh", command, true);
	snprintf(command, sizeof command, "%s/%s", dir, how);
	o = E2E(dir, "run", "t.sh", "--jemalloc-cap", "16M", "--sample-every", "10ms", "-o", command);
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	report = e2e_report(command);
	snprintf(command, sizeof command, "alloc/%s", how);
	assert_int_equal(
	        sscanf(json_string_value(json_object_get(e2e_test(report, command), "tail")), "10 %ld", &count),
	        1);
	json_decref(report);
	return count;
}

CASE("e2e: arenas that the program makes for itself are capped, too")
{
	const char *dir = harness_tmpdir();

	if (access(USER, X_OK) < 0)
		harness_skip("libjemalloc was not there at build time");
	assert_in_range(blocks_of_new_arena(dir, USER, "arena"), 100, 256);
	assert_in_range(blocks_of_new_arena(dir, USER, "arena-by-mib"), 100, 256);
}

CASE("e2e: a cap and a chosen jemalloc with options go together")
{
	const char *dir = harness_tmpdir();
	struct outcome o;
	json_t *report, *pool;
	char run_dir[512];

	snprintf(run_dir, sizeof run_dir, "%s/out", dir);
	e2e_write(dir, "t.sh",
	          "#!/bin/sh\n# @Test alloc/both\n"
	          "[ \"$MALLOC_CONF\" = narenas:2,oversize_threshold:0 ] || { echo \"$MALLOC_CONF\"; exit 1; }\n",
	          true);
	o = E2E(dir, "run", "t.sh", "--jemalloc-cap", "64M", "--alloc", "jemalloc:narenas:2", "-o", "out");
	if (o.exit_code == 3)
		harness_skip("jemalloc is not on this machine");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	report = e2e_report(run_dir);
	pool = json_array_get(json_object_get(e2e_test(report, "alloc/both"), "pools"), 0);
	assert_string_equal(json_string_value(json_object_get(pool, "name")), "jemalloc");
	assert_int_equal(json_integer_value(json_object_get(pool, "capacity")), 64 << 20);
	json_decref(report);
}

CASE("e2e: an arena that a program makes in a jemalloc that is linked into it is capped once it was seen")
{
	if (access(USER_STATIC, X_OK) < 0)
		harness_skip("libjemalloc_pic.a was not there at build time");
	assert_in_range(blocks_of_new_arena(harness_tmpdir(), USER_STATIC, "arena-seen"), 100, 256);
}

CASE("e2e: an arena in a jemalloc that is linked in is said not to be capped by what it took before a look")
{
	const char *dir = harness_tmpdir();
	struct outcome o;
	json_t *report;
	char run_dir[512], *text;

	if (access(USER_STATIC, X_OK) < 0)
		harness_skip("libjemalloc_pic.a was not there at build time");
	snprintf(run_dir, sizeof run_dir, "%s/out", dir);
	e2e_write(dir, "t.sh", "#!/bin/sh\n# @Test alloc/linked\n# @Run " USER_STATIC " 10 arena\n", true);
	o = E2E(dir, "run", "t.sh", "--jemalloc-cap", "16M", "-o", "out");
	assert_int_equal(o.exit_code, 0);
	assert_contains(
	        buf_text(&o.out),
	        "! --jemalloc-cap: alloc/linked: not capped before a look found them: 1 arena the program made");
	outcome_deinit(&o);
	report = e2e_report(run_dir);
	text = json_dumps(e2e_test(report, "alloc/linked"), 0);
	assert_contains(
	        text,
	        "not capped before a look found them: 1 arena the program made in the jemalloc linked into it, ");
	free(text);
	json_decref(report);
}

// @Headroom: a slab that was too full at its fullest is a failure, before it ever runs out.
#include "e2e.h"
#include "harness.h"

#include <stdio.h>

#define TEST(id, kib, percent)                                                                                    \
	"-- @Test " id "\n-- @Headroom " percent "%\n"                                                            \
	"-- @Run {stressgen:lua} --pool slab-fixed --capacity " kib "K {file}\n"                                  \
	"local t = {} for i = 1, 1000 do t[i] = { i } end\n"

CASE("e2e: a test that had less headroom than its header demands has failed, and says which slab and how much")
{
	const char *dir = harness_tmpdir();
	char run_dir[512];
	struct outcome o;
	json_t *report, *test, *pool;

	snprintf(run_dir, sizeof run_dir, "%s/out", dir);
	e2e_write(dir, "roomy.lua", TEST("gc/roomy", "4096", "20"), false);
	e2e_write(dir, "tight.lua", TEST("gc/tight", "300", "60"), false);
	e2e_write(dir, "other.sh", "#!/bin/sh\n# @Test gc/other\n# @Headroom 5%\ntrue\n", true);
	o = E2E(dir, "run", ".", "-o", run_dir);
	assert_int_equal(o.exit_code, 1);
	outcome_deinit(&o);
	report = e2e_report(run_dir);
	test = e2e_test(report, "gc/roomy");
	assert_string_equal(json_string_value(json_object_get(test, "verdict")), "passed");
	pool = json_array_get(json_object_get(test, "pools"), 0);
	assert_in_range(json_real_value(json_object_get(pool, "headroom_percent")), 90, 100);
	test = e2e_test(report, "gc/tight");
	assert_string_equal(json_string_value(json_object_get(test, "verdict")), "failed");
	assert_contains(json_string_value(json_object_get(test, "evidence")), "slab 'lua slab-fixed' had ");
	assert_contains(json_string_value(json_object_get(test, "evidence")), "; @Headroom wants 60 %");
	test = e2e_test(report, "gc/other");
	assert_contains(json_string_value(json_object_get(test, "evidence")), "nothing to measure it by");
	json_decref(report);
}

// A test of several processes: each by its whole name, and all of them together.
#include "e2e.h"
#include "harness.h"
#include "io.h"

#include <stdio.h>
#include <string.h>

#define LONG "a-program-with-a-name-of-more-than-fifteen-characters"

static bool has_program(const json_t *counters, const char *name)
{
	size_t i;
	json_t *c;

	json_array_foreach(counters, i,
	                   c) if (strcmp(json_string_value(json_object_get(c, "program")), name) == 0) return true;
	return false;
}

CASE("e2e: a test's processes are told together, and by names that are not cut")
{
	const char *dir = harness_tmpdir();
	struct outcome o;
	json_t *report, *counters;
	char run_dir[512];
	struct buf page = { 0 };

	snprintf(run_dir, sizeof run_dir, "%s/out", dir);
	e2e_write(dir, "a-script-with-a-long-name.sh",
	          "#!/bin/sh\n# @Test other/many\ncp /bin/true '" LONG "' && './" LONG "' && ./" LONG
	          " && rm " LONG "\n",
	          true);
	o = E2E(dir, "run", "-o", "out", "a-script-with-a-long-name.sh");
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), " processes, the highest peak ");
	assert_contains(buf_text(&o.out), ", in other/many");
	outcome_deinit(&o);
	report = e2e_report(run_dir);
	counters = json_object_get(e2e_test(report, "other/many"), "counters");
	assert_true(has_program(counters, LONG));
	assert_true(has_program(counters, "a-script-with-a-long-name.sh"));
	assert_true(has_program(counters, "cp"));
	json_decref(report);
	snprintf(run_dir, sizeof run_dir, "%s/out/report.html", dir);
	assert_int_equal(io_read_file(run_dir, 1 << 24, &page, NULL), 0);
	assert_contains(buf_text(&page), ">All peaks together<");
	assert_contains(buf_text(&page), LONG);
	buf_deinit(&page);
}

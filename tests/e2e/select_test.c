// Choosing: what is named twice is taken once, and every id can be named.
#include "e2e.h"

#include "harness.h"
#include "io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

CASE("e2e: a target and a kernel are taken once when they are named twice")
{
	struct outcome o = E2E(harness_tmpdir(), "gen", "-o", "suite", "--target", "lua,lua", "--target", "lua",
	                       "-k", "recursion/sum", "-k", "recursion/sum");

	assert_string_equal(buf_text(&o.out), "");
	if (o.exit_code != 0)
		fail_msg("exit %d: %s", o.exit_code, buf_text(&o.err));
	outcome_deinit(&o);
}

CASE("e2e: the slab is measured when a Lua test is named by its absolute path")
{
	const char *dir = harness_tmpdir();
	struct outcome o = E2E(dir, "gen", "-o", "suite", "--target", "lua@slab-fixed", "-k", "gc/cycles");
	char *path = io_join(dir, "suite/gc/cycles.lua@slab-fixed.lua");

	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	o = E2E(dir, "run", path);
	assert_contains(buf_text(&o.err), "highest peak: ");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	free(path);
}

CASE("e2e: the longest id there may be is found by --only")
{
	enum { ID_BYTES = 512 };
	const char *dir = harness_tmpdir();
	char id[ID_BYTES + 1];
	char text[ID_BYTES + 64];
	struct outcome o;

	memset(id, 'x', ID_BYTES);
	id[ID_BYTES] = '\0';
	snprintf(text, sizeof text, "#!/bin/sh\n# @Test %s\n", id);
	e2e_write(dir, "long.sh", text, true);
	o = E2E(dir, "list", ".", "--only", id);
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), id);
	outcome_deinit(&o);
}

CASE("e2e: the latest run is found wherever below stressgen-runs it is")
{
	const char *dir = e2e_suite();
	struct outcome o = E2E(dir, "run", "suite", "--only", "other/pass", "-o", "stressgen-runs/mine/first");

	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	o = E2E(dir, "report", "--format", "json");
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), "other/pass");
	outcome_deinit(&o);
}

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

// Five tests that differ in what selections look at; b.sh fails.
static const char *various(void)
{
	const char *dir = harness_tmpdir();

	e2e_write(dir, "suite/a.sh", "#!/bin/sh\n# @Kind gc\n# @Tag smoke, fast\n", true);
	e2e_write(dir, "suite/b.sh", "#!/bin/sh\n# @Level unit\n# @Priority P0\nexit 1\n", true);
	e2e_write(dir, "suite/c.sh", "#!/bin/sh\n# @Slow\n", true);
	e2e_write(dir, "suite/d.sh", "#!/bin/sh\n# @Skip not here\n", true);
	e2e_write(dir, "suite/e.sh", "#!/bin/sh\n# @Planned\n", true);
	return dir;
}

// The ids that `list` prints with these options, without what stands behind them, are exactly `ids`.
static void lists(const char *dir, const char *ids, const char *const *options)
{
	const char *args[12] = { "list", "suite" };
	struct buf found = { 0 };
	struct outcome o;

	for (size_t i = 0; options[i] != NULL; i++)
		args[i + 2] = options[i];
	o = e2e_run(dir, args);
	for (const char *p = buf_text(&o.out); *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n')
		buf_addc(&found, *p);
	assert_string_equal(buf_text(&found), ids);
	assert_int_equal(o.exit_code, ids[0] != '\0' ? 0 : 4);
	buf_deinit(&found);
	outcome_deinit(&o);
}
#define LISTS(ids, ...) lists(dir, ids, (const char *const[]){ __VA_ARGS__, NULL })

// The ids that `list` prints with these options, with blanks between them, are exactly `ids`.
static void lists_ids(const char *dir, const char *ids, const char *const *options)
{
	const char *args[12] = { "list", "suite" };
	struct buf found = { 0 };
	struct outcome o;

	for (size_t i = 0; options[i] != NULL; i++)
		args[i + 2] = options[i];
	o = e2e_run(dir, args);
	for (const char *p = buf_text(&o.out); *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n') {
		buf_adds(&found, found.len > 0 ? " " : "");
		buf_add(&found, p, strcspn(p, " "));
	}
	assert_string_equal(buf_text(&found), ids);
	buf_deinit(&found);
	outcome_deinit(&o);
}

CASE("e2e: selections combine, and the highest priority comes first")
{
	const char *dir = various();
	struct outcome o;

	LISTS("bade", "--color", "never");
	LISTS("bacde", "--slow");
	LISTS("c", "--only-slow");
	LISTS("a", "--kind", "gc");
	LISTS("b", "--level", "unit,integration");
	LISTS("a", "--tag", "fast");
	LISTS("ba", "--path", "a.sh,b.sh");
	LISTS("", "--path", "a.sh", "--level", "unit");
	LISTS("b", "--priority", "P0");
	LISTS("d", "--filter", "skipped()");
	LISTS("e", "--planned-only");
	LISTS("a", "--filter", "kind(gc) | level(unit)", "-f", "tag(smoke)");
	o = E2E(dir, "list", "suite", "--last-failed");
	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "--last-failed asks for the last run, and there is none here");
	outcome_deinit(&o);
	o = E2E(dir, "run", "suite");
	assert_int_equal(o.exit_code, 1);
	assert_contains(buf_text(&o.err), "1 test marked @Slow is left out; --slow runs them too");
	outcome_deinit(&o);
	LISTS("b", "--last-failed");
	LISTS("d", "--only-skipped");
	LISTS("a", "--filter", "status(passed)");
	LISTS("c", "--filter", "status(new)");
}

CASE("e2e: where nothing is named, what failed is of the last run, and of an earlier run when that is named")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	e2e_write(dir, "good", "#!/bin/sh\n", true);
	e2e_write(dir, "bad", "#!/bin/sh\nexit 3\n", true);
	o = E2E(dir, "run", "--last-failed");
	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "which suite?");
	outcome_deinit(&o);
	o = E2E(dir, "run", "--last-failed", "--last", "nowhere");
	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "There is no nowhere here");
	outcome_deinit(&o);
	o = E2E(dir, "run", "--resume", "nowhere");
	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "nowhere: No such file or directory; which run");
	outcome_deinit(&o);
	o = E2E(dir, "run", "good", "bad", "-o", "stressgen-runs/first");
	assert_int_equal(o.exit_code, 1);
	outcome_deinit(&o);
	o = E2E(dir, "run", "--last-failed");
	assert_int_equal(o.exit_code, 1);
	assert_contains(buf_text(&o.out), "0 passed, 1 failed, 0 skipped");
	outcome_deinit(&o);
	o = E2E(dir, "run", "stressgen-runs/first", "--filter", "status(passed)");
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), "1 passed, 0 failed, 0 skipped");
	outcome_deinit(&o);
}

CASE("e2e: the order is the seed's when it is shuffled, and the highest priority is still first")
{
	const char *dir = various();
	struct outcome one = E2E(dir, "list", "suite", "--shuffle", "7", "--slow");
	struct outcome two = E2E(dir, "list", "suite", "--shuffle", "7", "--slow");

	assert_string_equal(buf_text(&one.out), buf_text(&two.out));
	assert_int_equal(buf_text(&one.out)[0], 'b');
	outcome_deinit(&one);
	outcome_deinit(&two);
}

CASE("e2e: what fits into the budget is chosen by the last run's times, and it is said")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	e2e_write(dir, "suite/a.sh", "#!/bin/sh\nsleep 3\n", true);
	e2e_write(dir, "suite/b.sh", "#!/bin/sh\n", true);
	o = E2E(dir, "run", "suite");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	o = E2E(dir, "list", "suite", "--budget", "2500ms");
	assert_int_equal(buf_text(&o.out)[0], 'b');
	assert_contains(buf_text(&o.err), "1 of 2 tests fit");
	outcome_deinit(&o);
}

CASE("e2e: --only selects a test's repetitions and cases with it, or one of them")
{
	const char *dir = harness_tmpdir();

	e2e_write(dir, "suite/a", "#!/bin/sh\n", true);
	e2e_write(dir, "suite/b", "#!/bin/sh\n# @List printf 'one\\ntwo\\n'\n# @Run sh {file} {case}\n", true);
	LISTS("a", "--only", "a");
	lists_ids(dir, "a a#2 a#3", (const char *const[]){ "--only", "a", "--repeat", "3", NULL });
	lists_ids(dir, "a#2", (const char *const[]){ "--only", "a#2", "--repeat", "3", NULL });
	lists_ids(dir, "b::one b::two", (const char *const[]){ "--only", "b", NULL });
	lists_ids(dir, "b::two b::two#2", (const char *const[]){ "--only", "b::two", "--repeat", "2", NULL });
}

CASE("e2e: bad selections are exit 2, and those that can do without a last run do")
{
	const char *dir = harness_tmpdir();
	struct outcome bad, missing, none, skipped, budget;

	e2e_write(dir, "s/a.sh", "#!/bin/sh\n# @Skip not today\n", true);
	e2e_write(dir, "s/b.sh", "#!/bin/sh\nexit 3\n", true);
	e2e_write(dir, "s/c.sh", "#!/bin/sh\nexit 3\n", true);
	bad = E2E(dir, "run", "s", "--filter", "kind(gc");
	assert_int_equal(bad.exit_code, 2);
	missing = E2E(dir, "run", "s", "--last-failed", "--last", "nowhere");
	assert_int_equal(missing.exit_code, 2);
	none = E2E(dir, "run", "s", "--last-failed");
	assert_int_equal(none.exit_code, 2);
	skipped = E2E(dir, "run", "s", "--only-skipped", "--dry-run");
	assert_int_equal(skipped.exit_code, 0);
	assert_contains(buf_text(&skipped.out), "a.sh");
	budget = E2E(dir, "run", "s", "--budget", "1m", "--dry-run");
	assert_int_equal(budget.exit_code, 0);
	outcome_deinit(&bad);
	outcome_deinit(&missing);
	outcome_deinit(&none);
	outcome_deinit(&skipped);
	outcome_deinit(&budget);
}

CASE("e2e: --fail-fast ends the run after the first failure, --fail-fast=2 after the second")
{
	const char *dir = harness_tmpdir();
	struct outcome one, two;

	e2e_write(dir, "s/a.sh", "#!/bin/sh\nexit 3\n", true);
	e2e_write(dir, "s/b.sh", "#!/bin/sh\nexit 3\n", true);
	e2e_write(dir, "s/c.sh", "#!/bin/sh\nexit 3\n", true);
	one = E2E(dir, "run", "--fail-fast", "s", "-o", "one");
	assert_int_equal(one.exit_code, 1);
	assert_contains(buf_text(&one.out), "\n0 passed, 1 failed, 0 skipped\n");
	two = E2E(dir, "run", "s", "-o", "two", "--fail-fast=2");
	assert_contains(buf_text(&two.out), "\n0 passed, 2 failed, 0 skipped\n");
	outcome_deinit(&one);
	outcome_deinit(&two);
}

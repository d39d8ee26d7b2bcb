// Tests that skip themselves, and running what was skipped.
#include "e2e.h"

#include "harness.h"

#include <stdio.h>
#include <string.h>

static const char *suite_of_skips(void)
{
	const char *dir = harness_tmpdir();

	e2e_write(dir, "s/a-77.sh", "#!/bin/sh\necho 'SKIP: no #1 network'\nexit 77\n", true);
	e2e_write(dir, "s/b-line.sh", "#!/bin/sh\n# @Sentinel on\necho '@@ skip no database'\n", true);
	e2e_write(dir, "s/c-plan.sh", "#!/bin/sh\necho '1..0 # SKIP no compiler'\n", true);
	e2e_write(dir, "s/d-case.sh",
	          "#!/bin/sh\necho 'ok 1 - one'\necho 'ok 2 - two # SKIP no disk'\necho 1..2\n", true);
	e2e_write(dir, "s/e-header.sh", "#!/bin/sh\n# @Skip not on Sundays\nexit 0\n", true);
	e2e_write(dir, "s/f-list.sh",
	          "#!/bin/sh\n# @List {file} list\n# @Run {file} {case}\necho SKIP: no cases\nexit 77\n", true);
	e2e_write(dir, "s/g-passes.sh", "#!/bin/sh\n", true);
	return dir;
}

CASE("e2e: a test that skips itself is skipped with its reason in every report, and fails nothing")
{
	static const char *const in_tap[] = {
		"\nok 1 - a-77.sh # SKIP it skipped itself by exit status 77; its last line: SKIP: no \\#1 network\n",
		"\nok 2 - b-line.sh # SKIP it skipped itself: no database\n",
		"\nok 3 - c-plan.sh # SKIP it skipped itself: no compiler\n",
		"\n    ok 2 - two # SKIP no disk\n",
		"\nok 4 - d-case.sh\n",
		"\nok 5 - e-header.sh # SKIP not on Sundays\n",
		"\nok 6 - f-list.sh::@List # SKIP it skipped itself by exit status 77; its last line: SKIP: no cases\n",
		"\nok 7 - g-passes.sh\n",
	};
	const char *dir = suite_of_skips();
	struct outcome o = E2E(dir, "run", "s", "-o", "r");

	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.err), "skipped");
	assert_contains(buf_text(&o.err), "b-line.sh: it skipped itself: no database");
	assert_contains(buf_text(&o.out), "\nskipped: b-line.sh: it skipped itself: no database\n");
	assert_contains(buf_text(&o.out), "\n2 passed, 0 failed, 5 skipped\n");
	outcome_deinit(&o);
	o = E2E(dir, "report", "r", "--format", "tap");
	for (size_t i = 0; i < sizeof in_tap / sizeof in_tap[0]; i++)
		assert_contains(buf_text(&o.out), in_tap[i]);
	outcome_deinit(&o);
	o = E2E(dir, "report", "r", "--format", "junit");
	assert_contains(buf_text(&o.out), "<skipped message=\"it skipped itself: no compiler\"/>");
	assert_contains(buf_text(&o.out), "<skipped message=\"no disk\"/>");
	outcome_deinit(&o);
	o = E2E(dir, "report", "r", "--format", "html");
	assert_contains(buf_text(&o.out), "<td>it skipped itself: no database</td>");
	assert_contains(buf_text(&o.out), "<td>no disk</td>");
	outcome_deinit(&o);
}

CASE("e2e: what skipped itself is not run again by --resume, and is by --only-skipped")
{
	const char *dir = suite_of_skips();
	struct outcome o = E2E(dir, "run", "s", "-o", "r");

	outcome_deinit(&o);
	o = E2E(dir, "run", "--resume", "-o", "r");
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.err), "7 of 7 tests had ended");
	outcome_deinit(&o);
	e2e_write(dir, "s/b-line.sh", "#!/bin/sh\n# @Sentinel on\necho '@@ done'\n", true);
	o = E2E(dir, "run", "s", "--only-skipped", "--last", "r", "-o", "again", "--path", "[b-e]*");
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), "\nskipped: c-plan.sh: it skipped itself: no compiler\n");
	assert_contains(buf_text(&o.out), "\n2 passed, 0 failed, 1 skipped\n");
	outcome_deinit(&o);
}

CASE("e2e: tests marked @Skip run by --only-skipped and --run-skipped, also when they are resumed or run again")
{
	const char *dir = harness_tmpdir();
	struct outcome o;
	const char *again;
	char command[1200];

	e2e_write(dir, "s/a.sh", "#!/bin/sh\n# @Skip no\nexit 3\n", true);
	e2e_write(dir, "s/b.sh", "#!/bin/sh\n# @Skip no\n", true);
	e2e_write(dir, "s/c.sh", "#!/bin/sh\n", true);
	o = E2E(dir, "run", "s", "--only-skipped", "--fail-fast", "-o", "r");
	assert_int_equal(o.exit_code, 1);
	assert_contains(buf_text(&o.out), "\n0 passed, 1 failed, 0 skipped\n");
	outcome_deinit(&o);
	o = E2E(dir, "run", "--resume", "-o", "r");
	assert_int_equal(o.exit_code, 1);
	assert_contains(buf_text(&o.out), "\n1 passed, 1 failed, 0 skipped\n");
	again = strstr(buf_text(&o.out), "again: ");
	assert_non_null(again);
	snprintf(command, sizeof command, "%.*s -o again", (int)strcspn(again, "\n") - 7, again + 7);
	outcome_deinit(&o);
	o = e2e_shell(dir, command);
	assert_int_equal(o.exit_code, 1);
	assert_contains(buf_text(&o.out), "\n0 passed, 1 failed, 0 skipped\n");
	outcome_deinit(&o);
	o = E2E(dir, "run", "s", "--run-skipped", "-o", "all");
	assert_contains(buf_text(&o.out), "\n2 passed, 1 failed, 0 skipped\n");
	outcome_deinit(&o);
}

CASE("e2e: tests skipped in a row for one reason are one line, few of them a line each")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	e2e_write(dir, "s/a.sh", "#!/bin/sh\nexit 1\n", true);
	for (unsigned i = 1; i <= 10; i++) {
		char path[32];

		snprintf(path, sizeof path, "s/b%02u.sh", i);
		if (i == 6)
			e2e_write(dir, path, "#!/bin/sh\n# @Skip no time\nexit 0\n", true);
		else
			e2e_write(dir, path, "#!/bin/sh\n# @DependsOn a.sh\nexit 0\n", true);
	}
	o = E2E(dir, "run", "s", "-o", "r");
	assert_int_equal(o.exit_code, 1);
	assert_contains(buf_text(&o.out),
	                "\nskipped: 5 tests, b01.sh to b05.sh: depends on a.sh, which ended as failed\n"
	                "skipped: b06.sh: no time\n"
	                "skipped: b07.sh: depends on a.sh, which ended as failed\n");
	assert_contains(buf_text(&o.out), "\nskipped: b10.sh: depends on a.sh, which ended as failed\n");
	assert_contains(buf_text(&o.out), "\n0 passed, 1 failed, 10 skipped\n");
	outcome_deinit(&o);
}

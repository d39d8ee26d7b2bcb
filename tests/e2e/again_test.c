// Running the tests of an earlier run again: single files and commands, which have no suite directory.
#include "e2e.h"

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// What stands behind "again: " in a summary, without "stressgen run ".
static char *again_of(const struct outcome *o)
{
	const char *at = strstr(buf_text(&o->out), "again: stressgen run ");

	assert_non_null(at);
	at += strlen("again: stressgen run ");
	return strndup(at, strcspn(at, "\n"));
}

static void assert_runs_again(const char *dir, const char *words)
{
	char command[1024];

	snprintf(command, sizeof command,
	         "cd '%s' && " SG_BUILD_DIR
	         "/bin/stressgen run -o again %s >again.txt 2>again.err; test $? = 1 && "
	         "tail -1 again.txt | grep -q '^0 passed, 1 failed'",
	         dir, words);
	assert_int_equal(system(command), 0);
}

CASE("e2e: the command that is printed runs the test again when it was given as a file")
{
	const char *dir = harness_tmpdir();
	struct outcome first, resumed;
	char out[512];
	char *words;

	e2e_write(dir, "it's a.sh", "#!/bin/sh\nexit 3\n", true);
	e2e_write(dir, "b.sh", "#!/bin/sh\nexit 0\n", true);
	first = E2E(dir, "run", "it's a.sh", "b.sh", "-o", "first run");
	assert_int_equal(first.exit_code, 1);
	words = again_of(&first);
	assert_runs_again(dir, words);
	snprintf(out, sizeof out, "%s/first run", dir);
	resumed = E2E("/", "run", "--resume", out); // the run knows where its files are
	assert_int_equal(resumed.exit_code, 1);
	assert_contains(buf_text(&resumed.out), "\n1 passed, 1 failed, 0 skipped\n");
	free(words);
	outcome_deinit(&first);
	outcome_deinit(&resumed);
}

CASE("e2e: the command that is printed runs the test again when it was given as a command")
{
	const char *dir = harness_tmpdir();
	struct outcome first = E2E(dir, "run", "-o", "out", "--", "sh", "-c", "echo \"it's\"; exit 4");
	struct outcome resumed = E2E(dir, "run", "--resume", "-o", "out");
	struct outcome elsewhere;
	char out[512];
	char *words = again_of(&first);

	assert_int_equal(first.exit_code, 1);
	assert_runs_again(dir, words);
	assert_int_equal(resumed.exit_code, 1);
	assert_contains(buf_text(&resumed.out), "\n0 passed, 1 failed, 0 skipped\n");
	snprintf(out, sizeof out, "%s/out", dir);
	elsewhere = E2E("/", "run", "--resume", "-o", out);
	assert_int_equal(elsewhere.exit_code, 2);
	assert_contains(buf_text(&elsewhere.err), "go there first");
	free(words);
	outcome_deinit(&first);
	outcome_deinit(&resumed);
	outcome_deinit(&elsewhere);
}

CASE("e2e: the command that is printed runs the second repetition again, under the same limits")
{
	const char *dir = harness_tmpdir();
	struct outcome first;
	char *words;

	e2e_write(dir, "suite/a.sh", "#!/bin/sh\ntest -e seen && exit 3 || : >seen\n", true);
	first = E2E(dir, "run", "suite", "--repeat", "2", "--wrap", "env A=b", "--files", "500", "-o", "out");
	assert_int_equal(first.exit_code, 1);
	words = again_of(&first);
	assert_contains(words, " --files 500 --wrap 'env A=b' --repeat 2 --only 'a.sh#2'");
	assert_runs_again(dir, words);
	free(words);
	outcome_deinit(&first);
}

CASE("e2e: a resumed run has the limits and the mode that it began with, but for what is said anew")
{
	const char *dir = harness_tmpdir();
	struct outcome first, resumed;
	json_t *report, *second;
	char out[512];

	e2e_write(dir, "suite/a.sh", "#!/bin/sh\nexit 3\n", true);
	e2e_write(dir, "suite/b.sh", "#!/bin/sh\necho \"$A\"; exit 4\n", true);
	first = E2E(dir, "run", "suite", "--fail-fast", "1", "--wrap", "env A=bee", "--files", "500", "--timeout",
	            "7s", "-o", "out");
	resumed = E2E(dir, "run", "--resume", "-o", "out", "--timeout", "8s");
	snprintf(out, sizeof out, "%s/out", dir);
	report = e2e_report(out);
	second = e2e_test(report, "b.sh");
	assert_int_equal(first.exit_code, 1);
	assert_int_equal(resumed.exit_code, 1);
	assert_contains(json_string_value(json_object_get(second, "limits")), "files 500");
	assert_contains(json_string_value(json_object_get(second, "limits")), "time 8.00 s");
	assert_contains(buf_text(&resumed.out), "bee");
	json_decref(report);
	outcome_deinit(&first);
	outcome_deinit(&resumed);
}

CASE("e2e: a resumed run is refused options that would make another suite")
{
	struct outcome o = E2E(harness_tmpdir(), "--resume", "--depth", "5");

	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "--depth has no say with --resume");
	outcome_deinit(&o);
}

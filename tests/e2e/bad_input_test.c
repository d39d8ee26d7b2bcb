// Bad input: one clear line and exit 2, whatever it is.
#include "e2e.h"

#include "harness.h"
#include "io.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static void assert_one_line(const struct outcome *o, int exit_code, const char *part)
{
	const char *text = buf_text(&o->err);
	const char *newline = strchr(text, '\n');

	assert_contains(text, part);
	assert_int_equal(o->exit_code, exit_code);
	assert_non_null(newline);
	assert_string_equal(newline + 1, "");
}

CASE("e2e: the nearest option is suggested when one is unknown")
{
	struct outcome o = E2E(harness_tmpdir(), "--dept", "5");

	assert_one_line(&o, 2, "did you mean '--depth'?");
	outcome_deinit(&o);
}

CASE("e2e: the nearest command is suggested when one is unknown")
{
	struct outcome o = E2E(harness_tmpdir(), "rnu");

	assert_one_line(&o, 2, "did you mean 'run'?");
	outcome_deinit(&o);
}

CASE("e2e: the order is told when options stand before the command")
{
	struct outcome o = E2E(harness_tmpdir(), "--quiet", "run", "suite");

	assert_one_line(&o, 2, "'run' comes first, options behind it: stressgen run ...");
	outcome_deinit(&o);
}

CASE("e2e: a depth is refused when it is 0, negative, 1e99 or a word")
{
	static const char *const bad[] = { "0", "-1", "1e99", "ten", "" };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct outcome o = E2E(harness_tmpdir(), "--depth", bad[i]);
		assert_one_line(&o, 2, "--depth: ");
		outcome_deinit(&o);
	}
}

CASE("e2e: a suite directory is named when it is missing")
{
	struct outcome o = E2E(harness_tmpdir(), "run", "no-such-suite", "-o", "out");

	assert_one_line(&o, 2, "no-such-suite");
	outcome_deinit(&o);
}

CASE("e2e: file and line are named when a test header has a wrong key")
{
	const char *dir = harness_tmpdir();
	char *suite = io_join(dir, "bad");
	struct outcome o;

	assert_int_equal(mkdir(suite, 0777), 0);
	e2e_write(suite, "typo.sh", "#!/bin/sh\n# @Test other/typo\n# @Timeuot 5s\ntrue\n", true);
	o = E2E(dir, "run", "bad", "-o", "out");
	assert_one_line(&o, 2, "typo.sh:3");
	assert_contains(buf_text(&o.err), "@Timeout");
	outcome_deinit(&o);
	free(suite);
}

CASE("e2e: file, line and column are named when a kernel has a syntax error")
{
	const char *dir = harness_tmpdir();
	struct outcome check, gen;

	e2e_write(dir, "bad.kernel", "(kernel recursion/bad\n  (summary \"one is missing\")\n", false);
	check = E2E(dir, "gen", "--check", "bad.kernel");
	gen = E2E(dir, "gen", "--kernel", "bad.kernel", "-o", "suite");
	assert_one_line(&check, 2, "bad.kernel:1:1");
	assert_one_line(&gen, 2, "bad.kernel:1:1");
	outcome_deinit(&check);
	outcome_deinit(&gen);
}

CASE("e2e: a run is read and resumed when its journal was cut off in the middle of a line")
{
	const char *dir = e2e_suite();
	struct outcome first =
	        E2E(dir, "run", "suite", "-o", "out", "--only", "other/pass", "--only", "other/fail");
	struct outcome report, again;
	char *path = io_join(dir, "out/journal.jsonl");
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size - 20), 0);
	report = E2E(dir, "report", "out");
	assert_int_equal(report.exit_code, 0);
	again = E2E(dir, "run", "--resume", "-o", "out", "--only", "other/pass", "--only", "other/fail");
	assert_int_equal(again.exit_code, 1);
	assert_contains(buf_text(&again.out), "\n1 passed, 1 failed, 0 skipped\n");
	free(path);
	outcome_deinit(&first);
	outcome_deinit(&report);
	outcome_deinit(&again);
}

CASE("e2e: nothing of an earlier run is overwritten when its directory is given again")
{
	const char *dir = e2e_suite();
	struct outcome first = E2E(dir, "run", "suite", "-o", "out", "--only", "other/pass");
	struct outcome second = E2E(dir, "run", "suite", "-o", "out", "--only", "other/pass");

	assert_int_equal(first.exit_code, 0);
	assert_int_equal(second.exit_code, 2);
	assert_contains(buf_text(&second.err), "--resume");
	outcome_deinit(&first);
	outcome_deinit(&second);
}

CASE("e2e: the place is named when the output directory cannot be written")
{
	struct outcome o;

	e2e_suite();
	o = E2E(harness_tmpdir(), "run", "suite", "-o", "/proc/stressgen-out");
	assert_one_line(&o, 2, "/proc/stressgen-out");
	outcome_deinit(&o);
	o = E2E(harness_tmpdir(), "gen", "-o", "/proc/stressgen-out");
	assert_one_line(&o, 2, "/proc/stressgen-out");
	outcome_deinit(&o);
}

CASE("e2e: no empty run is left behind when the input is bad")
{
	const char *dir = harness_tmpdir();
	char *runs = io_join(dir, "stressgen-runs");
	struct outcome unknown = E2E(dir, "--target", "no-such-target");
	struct outcome nothing;

	e2e_write(dir, "notes.txt", "no test\n", false);
	nothing = E2E(dir, "run", ".");
	assert_one_line(&unknown, 2, "no-such-target");
	assert_one_line(&nothing, 4, "has no tests");
	assert_int_equal(access(runs, F_OK), -1);
	assert_int_equal(mkdir(runs, 0777), 0); // which is there already stays
	outcome_deinit(&unknown);
	unknown = E2E(dir, "--target", "no-such-target");
	assert_int_equal(rmdir(runs), 0);
	free(runs);
	outcome_deinit(&unknown);
	outcome_deinit(&nothing);
}

CASE("e2e: a word is refused where a command takes none")
{
	static const char *const commands[] = { "version", "doctor", "targets", "gen" };

	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		struct outcome o = E2E(harness_tmpdir(), commands[i], "extra");
		assert_one_line(&o, 2, "takes no 'extra'");
		outcome_deinit(&o);
	}
}

CASE("e2e: it is said when an option belongs to another command")
{
	struct outcome o = E2E(harness_tmpdir(), "run", "--depth", "5");

	assert_one_line(&o, 2, "--depth is not an option of this command");
	outcome_deinit(&o);
}

CASE("e2e: exit is 4 when nothing is selected")
{
	struct outcome o;

	e2e_suite();
	o = E2E(harness_tmpdir(), "run", "suite", "-o", "out", "--only", "nothing/*");
	assert_one_line(&o, 4, "nothing matches");
	outcome_deinit(&o);
}

CASE("e2e: exit is 3 when a target that was named is missing")
{
	struct outcome o;

	e2e_write(harness_tmpdir(), "gone.dialect", "", false);
	setenv("PATH", "/nonexistent", 1);
	o = E2E(harness_tmpdir(), "gen", "--target", "python3", "-o", "suite");
	assert_one_line(&o, 3, "python3");
	outcome_deinit(&o);
}

CASE("e2e: nothing runs when the command of a runtime of one's own cannot be found or read")
{
	const char *dir = harness_tmpdir();
	struct outcome missing = E2E(dir, "--target-cmd", "./no-such-runtime {file}", "--dialect", SG_TOY_DIALECT);
	struct outcome quote = E2E(dir, "--target-cmd", "'sh {file}", "--dialect", SG_TOY_DIALECT);
	struct outcome absent;

	assert_one_line(&missing, 3, "./no-such-runtime");
	assert_one_line(&quote, 2, "without its other half");
	setenv("PATH", "/nonexistent", 1);
	absent = E2E(dir, "gen", "--dialect", SG_TOY_DIALECT, "--target", "mylisp", "-o", "suite");
	assert_one_line(&absent, 3, "no mylisp in PATH");
	outcome_deinit(&missing);
	outcome_deinit(&quote);
	outcome_deinit(&absent);
}

CASE("e2e: the command of one's own is run when the dialect's target is chosen too")
{
	struct outcome o = E2E(harness_tmpdir(), "--dialect", SG_TOY_DIALECT, "--target", "mylisp", "--target-cmd",
	                       SG_TOY_COMMAND, "--kernel", "gc/nested", "--no-http2", "-o", "out");

	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), "\n2 passed, 0 failed, 0 skipped\n");
	outcome_deinit(&o);
}

CASE("e2e: reports and comparisons are exit 6 when a line of the journal is damaged")
{
	const char *dir = e2e_suite();
	struct outcome run = E2E(dir, "run", "suite", "-o", "out", "--only", "other/pass");
	struct outcome text, json, compare;
	char command[1024];

	snprintf(command, sizeof command, "sed -i '2s/.$/?/' '%s/out/journal.jsonl'", dir);
	assert_int_equal(system(command), 0);
	text = E2E(dir, "report", "out");
	json = E2E(dir, "report", "out", "--format", "json");
	compare = E2E(dir, "compare", "out", "out");
	assert_int_equal(text.exit_code, 6);
	assert_contains(buf_text(&text.out), "cannot be trusted");
	assert_int_equal(json.exit_code, 6);
	assert_int_equal(compare.exit_code, 6);
	outcome_deinit(&run);
	outcome_deinit(&text);
	outcome_deinit(&json);
	outcome_deinit(&compare);
}

CASE("e2e: the journal stays readable and exit is 6 when the disk is full in the middle of a run")
{
	const char *dir = e2e_suite();
	char *disk = io_join(dir, "disk");
	char *suite = io_join(dir, "suite");
	struct outcome o, report;

	assert_int_equal(mkdir(disk, 0777), 0);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", disk, "tmpfs", 0, "size=64k") < 0)
		harness_skip("a small tmpfs cannot be mounted here (needs root)");
	e2e_write(suite, "aa-fill.sh",
	          "#!/bin/sh\n# @Test other/aa-fill\n# @Timeout 20s\nhead -c 200000 /dev/zero | tr '\\0' x\n",
	          true);
	o = E2E(dir, "run", "suite", "-o", "disk/out", "--only", "other/aa-fill", "--only", "other/fail", "--only",
	        "other/pass");
	report = E2E(dir, "report", "disk/out", "--format", "json");
	assert_int_equal(o.exit_code, 6);
	assert_contains(buf_text(&o.err), "No space left");
	assert_int_equal(report.exit_code, 0);
	umount(disk);
	free(disk);
	free(suite);
	outcome_deinit(&o);
	outcome_deinit(&report);
}

CASE("e2e: latest stays where it was when a run cannot begin")
{
	const char *dir = e2e_suite();
	struct outcome first = E2E(dir, "run", "suite", "--only", "other/pass");
	struct outcome broken, report;

	assert_int_equal(first.exit_code, 0);
	setenv("TMPDIR", "/proc", 1); // where nobody can write
	broken = E2E(dir, "run", "suite", "--only", "other/pass");
	unsetenv("TMPDIR");
	assert_int_equal(broken.exit_code, 2);
	assert_contains(buf_text(&broken.err), "TMPDIR");
	report = E2E(dir, "report");
	assert_int_equal(report.exit_code, 0);
	assert_contains(buf_text(&report.out), "\n1 passed, 0 failed, 0 skipped\n");
	outcome_deinit(&first);
	outcome_deinit(&broken);
	outcome_deinit(&report);
}

CASE("e2e: a kind, level or priority that there is none of, and an empty --wrap, are refused")
{
	static const char *const bad[][3] = { { "--kind", "gcc", "--kind gcc: " },
		                              { "--level", "unit,systen", "--level systen: " },
		                              { "--priority", "P9", "--priority P9: " },
		                              { "--wrap", " ", "--wrap is empty" } };
	const char *dir = harness_tmpdir();
	struct outcome o;

	e2e_write(dir, "s/t.sh", "#!/bin/sh\n", true);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		o = E2E(dir, "run", "s", bad[i][0], bad[i][1]);
		assert_int_equal(o.exit_code, 2);
		assert_contains(buf_text(&o.err), bad[i][2]);
		outcome_deinit(&o);
	}
	o = E2E(dir, "run", "s", "--kind", "g*,other", "--level", "system", "--priority", "P1,P2");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
}

CASE("e2e: a command whose program is not there is no failed test but exit 3, one that cannot be run exit 2")
{
	static const struct {
		const char *command, *program, *words;
		int exit_code;
	} bad[] = {
		{ "run", "./nowhere", "program not found: ./nowhere", 3 },
		{ "run", "no-such-program", "program not found: no-such-program", 3 },
		{ "ab", "./nowhere", "program not found: ./nowhere", 3 },
		{ "run", "/", "/ is a directory, no program; a suite is run by: stressgen run /", 2 },
		{ "run", "./text", "./text cannot be executed; chmod +x", 2 },
	};
	const char *dir = harness_tmpdir();
	char *text = io_join(dir, "text"), *out = io_join(dir, "out");

	assert_int_equal(io_replace_file(text, "x", 1, NULL), 0);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct outcome o = E2E(dir, bad[i].command, "-o", "out", "--", bad[i].program);

		assert_one_line(&o, bad[i].exit_code, bad[i].words);
		assert_int_equal(access(out, F_OK), -1);
		outcome_deinit(&o);
	}
	free(text);
	free(out);
}

CASE("e2e: the whole way leaves no suite behind when it is refused after it was generated")
{
	const char *dir = harness_tmpdir();
	struct outcome o = E2E(dir, "--depth", "10", "--kernel", "recursion/sum", "--no-http2", "--no-workloads",
	                       "--alloc", "jemalloc@");
	char command[512];

	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "there is no version behind the '@'");
	snprintf(command, sizeof command, "[ -z \"$(find '%s' -name suite.json)\" ]", dir);
	assert_int_equal(system(command), 0);
	outcome_deinit(&o);
}

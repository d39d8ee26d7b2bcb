// Modes, limits and self-protection as the command line turns them on, and as an ordinary user.
#include "e2e.h"

#include "harness.h"
#include "io.h"
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *three_tests(void)
{
	const char *dir = harness_tmpdir();

	e2e_write(dir, "s/a.sh", "#!/bin/sh\n", true);
	e2e_write(dir, "s/b.sh", "#!/bin/sh\n[ -e \"${0%/*}/../free\" ] || exec sleep 55\n", true);
	e2e_write(dir, "s/c.sh", "#!/bin/sh\n", true);
	return dir;
}

// The words for a test's limits in a run of that name.
static char *limits_of(const char *dir, const char *name, const char *id)
{
	char *path = io_join(dir, name), *words;
	struct run run = { 0 };
	struct err e = { "" };

	if (run_load(path, &run, &e) < 0)
		fail_msg("%s", e.text);
	assert_non_null(run_find(&run, id));
	words = strdup(run_find(&run, id)->limits);
	run_deinit(&run);
	free(path);
	return words;
}

CASE("e2e: a threshold alone turns self-protection on: exit 42, and the resumed run finishes and names what ran again")
{
	static const char *const spellings[] = { "--mem-threshold", "--mem-limit" };

	for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
		const char *dir = i == 0 ? three_tests() : harness_tmpdir();
		char name[8], free_path[400];
		struct outcome o;

		snprintf(name, sizeof name, "r%zu", i);
		snprintf(free_path, sizeof free_path, "%s/free", dir);
		unlink(free_path);
		o = E2E(dir, "run", "s", spellings[i], "1", "--protect-after", "300ms", "-o", name);
		assert_int_equal(o.exit_code, 42);
		assert_contains(buf_text(&o.err), "of the memory, more than 1 %");
		assert_contains(buf_text(&o.err), "go on with: ");
		outcome_deinit(&o);
		e2e_write(dir, "free", "", false);
		o = E2E(dir, "run", "--resume", "-o", name, "--no-self-protect");
		assert_int_equal(o.exit_code, 0);
		assert_contains(buf_text(&o.err), "of 3 tests had ended");
		assert_contains(buf_text(&o.out), "was interrupted before: the run was stopped while it ran");
		assert_contains(buf_text(&o.out), "3 passed, 0 failed, 0 skipped");
		outcome_deinit(&o);
	}
}

CASE("e2e: a resumed run goes on to protect itself")
{
	const char *dir = three_tests();
	struct outcome o = E2E(dir, "run", "s", "--mem-threshold", "1", "--protect-after", "300ms", "-o", "r");

	assert_int_equal(o.exit_code, 42);
	outcome_deinit(&o);
	o = E2E(dir, "run", "--resume", "-o", "r");
	assert_int_equal(o.exit_code, 42);
	outcome_deinit(&o);
}

CASE("e2e: options of containers without a mode of containers, and an engine that is not there, are refused")
{
	const char *dir = three_tests();
	struct outcome o = E2E(dir, "run", "s", "--container-image", "debian");

	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "--container-image alone puts no test into a container");
	outcome_deinit(&o);
	o = E2E(dir, "run", "s", "--container-sequential", "--container-engine", "/nonexistent/docker",
	        "--container-image", "debian");
	assert_int_equal(o.exit_code, 3);
	assert_contains(buf_text(&o.err), "there is no such program");
	outcome_deinit(&o);
	o = E2E(dir, "run", "s", "--container-seq", "--container-engine", "false", "--container-image", "debian");
	assert_int_equal(o.exit_code, 3);
	assert_contains(buf_text(&o.err), "is its service at work");
	outcome_deinit(&o);
}

CASE("e2e: --safe-mode limits what nothing else does, a profile's options are in force, and --no-limits is above all")
{
	const char *dir = three_tests();
	struct outcome o = E2E(dir, "run", "s/a.sh", "--safe-mode", "-o", "safe", "--protect-after", "10m");
	char *words;

	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	words = limits_of(dir, "safe", "s/a.sh");
	assert_contains(words, "files 4096");
	assert_contains(words, "processes ");
	free(words);
	e2e_write(dir, "stressgen.conf", "[profile nightly]\nfiles = 77\ntimeout = 5s\n", false);
	o = E2E(dir, "run", "s/a.sh", "--profile", "nightly", "-o", "profile");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	words = limits_of(dir, "profile", "s/a.sh");
	assert_contains(words, "time 5.00 s");
	assert_contains(words, "files 77");
	free(words);
	o = E2E(dir, "run", "s/a.sh", "--profile", "nightly", "--no-limits", "-o", "none");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	words = limits_of(dir, "none", "s/a.sh");
	assert_string_equal(words, "time not limited (--no-limits)");
	free(words);
}

CASE("e2e: --wrap 'valgrind ...' runs each program under it: its exit status is the verdict, and what it says the output")
{
	const char *dir = harness_tmpdir();
	struct outcome o;
	char command[400];

	if (system("command -v valgrind cc >/dev/null") != 0)
		harness_skip("valgrind or cc is not installed");
	e2e_write(dir, "t.c",
	          "#include <stdlib.h>\nint main(int n, char **a) { char *p = malloc(10); volatile char c; "
	          "(void)a; p[0] = 1; c = p[n > 1 ? 11 : 0]; return c - 1 == 5; }\n",
	          false);
	snprintf(command, sizeof command, "cd '%s' && cc -g -O0 -o t t.c", dir);
	if (system(command) != 0)
		harness_skip("cc cannot link here");
	e2e_write(dir, "s/a-good.sh", "#!/bin/sh\n# @Run {dir}/../t\n", true);
	e2e_write(dir, "s/b-bad.sh", "#!/bin/sh\n# @Run {dir}/../t beyond\n", true);
	o = E2E(dir, "run", "s", "--wrap", "valgrind -q --error-exitcode=9", "--no-preload", "--timeout", "170s");
	assert_int_equal(o.exit_code, 1);
	assert_contains(buf_text(&o.out), "1 passed, 1 failed, 0 skipped");
	assert_contains(buf_text(&o.out), "exit status 9");
	assert_contains(buf_text(&o.out), "is 1 bytes after a block of size 10 alloc'd");
	outcome_deinit(&o);
}

// As `nobody`, in a directory of its own, with what it prints in DIR/out: the exit status.
static int as_nobody(const char *dir, const char *arguments)
{
	char command[2048];
	int status;

	snprintf(command, sizeof command,
	         "cd '%s' && HOME='%s' exec setpriv --reuid 65534 --regid 65534 --clear-groups '%s' %s >out 2>&1",
	         dir, dir, SG_BUILD_DIR "/bin/stressgen", arguments);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static char *printed(const char *dir)
{
	struct buf text = { 0 };
	char *path = io_join(dir, "out");

	assert_int_equal(io_read_file(path, 1 << 20, &text, NULL), 0);
	free(path);
	return buf_take(&text);
}

CASE("e2e: an ordinary user is told what holds, and a run says of each limit by what it is held")
{
	const char *dir = three_tests();
	char *text;

	if (geteuid() != 0)
		harness_skip("another user can be tried by root only");
	if (system("command -v setpriv >/dev/null") != 0)
		harness_skip("setpriv is not installed");
	assert_int_equal(chmod(dir, 0777), 0);
	if (as_nobody(dir, "--version") != 0)
		harness_skip("another user cannot reach the program where it was built");
	assert_int_equal(as_nobody(dir, "doctor"), 0);
	text = printed(dir);
	assert_contains(text, "memory limit");
	assert_contains(text, "ok       time limit");
	assert_contains(text, "open files limit");
	assert_contains(text, "I/O limit");
	free(text);
	assert_int_equal(as_nobody(dir, "run s/a.sh -o r --cpu-time 9 --files 99 --procs 30000 --io 1MB/s"), 0);
	text = limits_of(dir, "r", "s/a.sh");
	assert_contains(text, "memory ");
	assert_contains(text, "CPU 9 s a process (rlimit)");
	assert_contains(text, "files 99 a process (rlimit)");
	assert_contains(text, "processes 30000 ");
	assert_contains(text, ", I/O 1");
	free(text);
}

// Stopping, killing and resuming the runner.
#include "e2e.h"

#include "harness.h"
#include "io.h"

#include <pty.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// How long 02 sleeps: another figure in each process, so that its sleeper is known among those of other cases.
static const char *sleep_time(void)
{
	static char text[32];

	snprintf(text, sizeof text, "45.%07d", (int)getpid());
	return text;
}

// 01 passes, 02 takes its time the first time only, 03 passes.
static const char *slow_suite(void)
{
	const char *dir = harness_tmpdir();
	char *suite = io_join(dir, "slow");
	char text[512];

	assert_int_equal(mkdir(suite, 0777), 0);
	e2e_write(suite, "01.sh", "#!/bin/sh\n# @Test other/one\nexit 0\n", true);
	snprintf(text, sizeof text,
	         "#!/bin/sh\n# @Test other/two\n# @Timeout 60s\n[ -e '%s/second' ] && exit 0\n: > '%s/second'\n"
	         ": > '%s/started'\nsleep %s\n",
	         dir, dir, dir, sleep_time());
	e2e_write(suite, "02.sh", text, true);
	e2e_write(suite, "03.sh", "#!/bin/sh\n# @Test other/three\nexit 0\n", true);
	free(suite);
	return dir;
}

static void wait_for(const char *dir, const char *name)
{
	char *path = io_join(dir, name);

	for (int i = 0; i < 600 && access(path, F_OK) != 0; i++)
		nanosleep(&(struct timespec){ 0, 50000000 }, NULL);
	assert_int_equal(access(path, F_OK), 0);
	free(path);
}

static void assert_resumes(const char *dir)
{
	struct outcome o = E2E(dir, "run", "--resume", "-o", "out");

	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), "\n3 passed, 0 failed, 0 skipped\n");
	outcome_deinit(&o);
}

static bool sleeper_runs(void)
{
	char command[80];

	snprintf(command, sizeof command, "pgrep -f '[s]leep %s' >/dev/null", sleep_time());
	return system(command) == 0;
}

static void assert_gone_soon(void)
{
	for (int i = 0; i < 100 && sleeper_runs(); i++)
		nanosleep(&(struct timespec){ 0, 50000000 }, NULL);
	assert_false(sleeper_runs());
}

static void stop_and_resume(int signal_number)
{
	const char *dir = slow_suite();
	pid_t pid = E2E_START(dir, "run", "slow", "-o", "out");
	int status;

	wait_for(dir, "started");
	assert_int_equal(kill(pid, signal_number), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (signal_number != SIGKILL) {
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 128 + signal_number);
	}
	assert_gone_soon();
	assert_resumes(dir);
}

CASE("e2e: the run stops cleanly with 130 and is resumed when it gets SIGINT")
{
	stop_and_resume(SIGINT);
}

CASE("e2e: the run stops cleanly with 143 and is resumed when it gets SIGTERM")
{
	stop_and_resume(SIGTERM);
}

CASE("e2e: the run stops cleanly with 129 and is resumed when it gets SIGHUP")
{
	stop_and_resume(SIGHUP);
}

// What the background run of the case has printed, and how it ended.
static char *end_of(const char *dir, pid_t pid, int *exit_code)
{
	struct buf text = { 0 };
	char *path = io_join(dir, "background.log");
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	*exit_code = WEXITSTATUS(status);
	assert_int_equal(io_read_file(path, 1 << 20, &text, NULL), 0);
	free(path);
	return buf_take(&text);
}

// The steps that DIR/events.jsonl or DIR/out/journal.jsonl has, as "no-new-tests ending ...".
static char *steps_in(const char *dir, const char *name)
{
	char *path = io_join(dir, name);
	struct buf text = { 0 }, steps = { 0 };

	assert_int_equal(io_read_file(path, 1 << 20, &text, NULL), 0);
	for (const char *at = buf_text(&text); (at = strstr(at, "\"step\":\"")) != NULL;) {
		at += strlen("\"step\":\"");
		buf_addf(&steps, "%s%.*s", steps.len > 0 ? " " : "", (int)strcspn(at, "\""), at);
	}
	free(path);
	buf_deinit(&text);
	return buf_take(&steps);
}

static void expect_steps(const char *dir, const char *name, const char *steps)
{
	char *found = steps_in(dir, name);

	assert_string_equal(found, steps);
	free(found);
}

CASE("e2e: a stop is told in its steps, on stderr, in the events and in the journal")
{
	const char *dir = slow_suite();
	pid_t pid = E2E_START(dir, "run", "slow", "-o", "out", "--events", "events.jsonl", "--grace", "1m");
	char *said;
	int code;

	wait_for(dir, "started");
	assert_int_equal(kill(pid, SIGTERM), 0);
	said = end_of(dir, pid, &code);
	assert_int_equal(code, 143);
	assert_contains(said, "stressgen: SIGTERM: step 1 of 4, no new tests: 1 of 3 have ended, 1 is running\n");
	assert_contains(said,
	                "stressgen: SIGTERM: step 2 of 4, ending what runs: 1 test gets SIGTERM, and 1 m 0 s to "
	                "end: other/two\n");
	assert_null(strstr(said, "step 3")); // it ended by SIGTERM
	assert_contains(said,
	                "stressgen: SIGTERM: step 4 of 4, saved: 1 of 3 tests have ended, 1 was interrupted\n");
	assert_contains(said, "stopped by SIGTERM; go on with: ");
	free(said);
	expect_steps(dir, "events.jsonl", "no-new-tests ending saved");
	expect_steps(dir, "out/journal.jsonl", "no-new-tests ending");
	assert_resumes(dir);
}

// A test that takes no SIGTERM for an answer; `grace` is what it gets.
static pid_t start_stubborn(const char *dir, const char *grace)
{
	char text[400];
	pid_t pid;

	snprintf(text, sizeof text,
	         "#!/bin/sh\n# @Timeout 170s\ntrap 'echo asked >>%s/asked' TERM\n: >%s/started\n"
	         "while :; do sleep 0.05; done\n",
	         dir, dir);
	e2e_write(dir, "s/t.sh", text, true);
	pid = E2E_START(dir, "run", "s", "-o", "out", "--grace", grace, "--events", "events.jsonl");
	wait_for(dir, "started");
	return pid;
}

CASE("e2e: a test that does not end by SIGTERM is killed after the grace period, which is a step")
{
	const char *dir = harness_tmpdir();
	pid_t pid = start_stubborn(dir, "300ms");
	char *said;
	int code;

	assert_int_equal(kill(pid, SIGINT), 0);
	said = end_of(dir, pid, &code);
	assert_int_equal(code, 130);
	assert_contains(said, "stressgen: SIGINT: step 3 of 4, killing what is left: 1 test gets SIGKILL: t.sh\n");
	free(said);
	expect_steps(dir, "events.jsonl", "no-new-tests ending killing saved");
}

CASE("e2e: a test that was interrupted is counted apart, in every format")
{
	static const struct {
		const char *format, *has, *lacks;
	} formats[] = {
		{ "text", "\n0 passed, 0 failed, 0 skipped\n", "\xe2\x9c\x97" },
		{ "json", "\"interrupted\": 1,", "\"failed\": 1" },
		{ "junit", "<skipped message=\"interrupted: ", "<error" },
		{ "tap", "\n# interrupted: t.sh: ", "not ok" },
		{ "ctrf", "\"other\": 1", "\"failed\": 1" },
	};
	const char *dir = harness_tmpdir();
	pid_t pid = start_stubborn(dir, "300ms");
	int code;

	assert_int_equal(kill(pid, SIGINT), 0);
	free(end_of(dir, pid, &code));
	assert_int_equal(code, 130);
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
		struct outcome o = E2E(dir, "report", "out", "--format", formats[i].format);

		assert_contains(buf_text(&o.out), formats[i].has);
		assert_null(strstr(buf_text(&o.out), formats[i].lacks));
		outcome_deinit(&o);
	}
}

CASE("e2e: a second signal kills at once")
{
	const char *dir = harness_tmpdir();
	pid_t pid = start_stubborn(dir, "10m");
	char *said;
	int code;

	assert_int_equal(kill(pid, SIGINT), 0);
	wait_for(dir, "asked");
	assert_int_equal(kill(pid, SIGTERM), 0);
	said = end_of(dir, pid, &code);
	assert_int_equal(code, 130);
	assert_contains(said, "SIGTERM again: step 3 of 4, killing what is left: 1 test gets SIGKILL: t.sh\n");
	assert_contains(said, "SIGINT: step 4 of 4, saved: 0 of 1 tests have ended, 1 was interrupted\n");
	free(said);
}

CASE("e2e: a terminal that is closed ends the run as SIGHUP does: saved, and resumed")
{
	static const char *const args[] = { "stressgen", "run", "slow", "-o", "out", NULL };
	const char *dir = slow_suite();
	int terminal, status;
	pid_t pid = forkpty(&terminal, NULL, NULL, NULL);

	assert_true(pid >= 0);
	if (pid == 0) {
		if (chdir(dir) == 0)
			execv(SG_BUILD_DIR "/bin/stressgen", (char *const *)(uintptr_t)args);
		_exit(99);
	}
	wait_for(dir, "started");
	close(terminal); // from now on, whatever it says is lost
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 129);
	expect_steps(dir, "out/journal.jsonl", "no-new-tests ending");
	assert_resumes(dir);
}

CASE("e2e: whoever reads what the run says may go, and the run goes on")
{
	const char *dir = slow_suite();
	struct outcome o;

	e2e_write(dir, "second", "", false); // 02 is fast
	o = e2e_shell(dir, "{ stressgen run slow -o out --events - 2>said; echo $? >code; } | head -1; "
	                   "test \"$(cat code)\" = 0 && grep 'go[e]s on without' said");
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), "\"run-started\"");
	outcome_deinit(&o);
	assert_resumes(dir);
	o = e2e_shell(dir,
	              "{ stressgen run slow -o quiet 2>&1 >/dev/null; echo $? >code; } | head -c 1 >/dev/null; "
	              "test \"$(cat code)\" = 0 && tail -1 quiet/journal.jsonl");
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), "\"reason\":\"finished\"");
	outcome_deinit(&o);
}

CASE("e2e: the latest run is resumed when --resume is given alone")
{
	const char *dir = slow_suite();
	pid_t pid = E2E_START(dir, "run", "slow");
	struct outcome o;
	int status;

	wait_for(dir, "started");
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	o = E2E(dir, "--resume");
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), "\n3 passed, 0 failed, 0 skipped\n");
	outcome_deinit(&o);
	o = E2E(dir, "report");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
}

CASE("e2e: --resume says what is missing when there is no run")
{
	struct outcome o = E2E(harness_tmpdir(), "--resume");

	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "stressgen-runs/latest");
	outcome_deinit(&o);
}

CASE("e2e: nothing of a test survives and the run is resumed when the runner is killed")
{
	stop_and_resume(SIGKILL);
}

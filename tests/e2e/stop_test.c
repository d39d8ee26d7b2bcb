// Stopping, killing and resuming the runner.
#include "e2e.h"

#include "harness.h"
#include "io.h"

#include <signal.h>
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

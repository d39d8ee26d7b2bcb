// The first process of a container, here without one.
#include "harness.h"

#include "io.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char record_path[400];

static pid_t start(const char *script)
{
	pid_t pid;

	snprintf(record_path, sizeof record_path, "%s/record", harness_tmpdir());
	unlink(record_path);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		execl(RUNNER_INIT, RUNNER_INIT, record_path, "sh", "-c", script, (char *)NULL);
		_exit(99);
	}
	return pid;
}

// Ends with `status`, and `words` in the record.
static void expect(pid_t pid, int status, const char *words)
{
	struct buf text = { 0 };
	int how = 0;

	assert_int_equal(waitpid(pid, &how, 0), pid);
	assert_true(WIFEXITED(how));
	assert_int_equal(WEXITSTATUS(how), status);
	assert_int_equal(io_read_file(record_path, 100, &text, NULL), 0);
	assert_string_equal(buf_text(&text), words);
	buf_deinit(&text);
}

static void wait_for(const char *name)
{
	char path[400];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", harness_tmpdir(), name);
	for (int i = 0; i < 6000 && stat(path, &st) < 0; i++)
		usleep(10000);
	assert_int_equal(stat(path, &st), 0);
}

CASE("init: an exit status and a signal are passed on and written down")
{
	expect(start("exit 0"), 0, "exit 0\n");
	expect(start("exit 7"), 7, "exit 7\n");
	expect(start("exit 139"), 139, "exit 139\n");
	expect(start("ulimit -c 0; kill -SEGV $$"), 139, "signal 11\n");
	expect(start("kill -9 $$"), 137, "signal 9\n");
}

CASE("init: signals are handed on, and none is blocked or lost")
{
	char script[500];
	pid_t pid;

	snprintf(script, sizeof script, "trap 'exit 5' USR1; : >'%s/ready'; while :; do sleep 0.05; done",
	         harness_tmpdir());
	pid = start(script);
	wait_for("ready");
	kill(pid, SIGUSR1);
	expect(pid, 5, "exit 5\n");
}

CASE("init: orphans are reaped, and do not end it before the test")
{
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1),
	                 0); // for the init's own children it is no first process here
	expect(start("(sh -c 'sleep 0.05' &); (exit 3) & sleep 0.2; wait; exit 4"), 4, "exit 4\n");
}

CASE("init: a program that is not there is 127, and one that cannot be executed 126")
{
	pid_t pid;

	expect(start("exit 0"), 0, "exit 0\n"); // which names the record
	pid = fork();
	if (pid == 0) {
		execl(RUNNER_INIT, RUNNER_INIT, record_path, "/nonexistent/program", (char *)NULL);
		_exit(99);
	}
	expect(pid, 127, "exit 127\n");
	pid = fork();
	if (pid == 0) {
		execl(RUNNER_INIT, RUNNER_INIT, record_path, "/dev/null", (char *)NULL);
		_exit(99);
	}
	expect(pid, 126, "exit 126\n");
}

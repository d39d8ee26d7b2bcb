// Containers by an engine: by one that is a script, since those who build this may have none.
#include "engine.h"
#include "lab.h"

#include "clock.h"
#include "io.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SCRIPT SG_TEST_DATA "/fake_engine.sh"

static char engine_dir[300];
static pid_t service;

// The service is our child and not the runner's, and so are the containers.
static void start_service(void)
{
	char path[400];
	const uint64_t until = clock_now_ns() + 30 * SG_NS_PER_S;
	struct stat st;

	snprintf(engine_dir, sizeof engine_dir, "%s/engine", harness_tmpdir());
	assert_int_equal(mkdir(engine_dir, 0777), 0);
	setenv("FAKE_ENGINE", engine_dir, 1);
	service = fork();
	if (service == 0) {
		setsid();
		execl(SCRIPT, SCRIPT, "service", (char *)NULL);
		_exit(127);
	}
	snprintf(path, sizeof path, "%s/requests", engine_dir);
	while (stat(path, &st) < 0) {
		assert_true(clock_now_ns() < until);
		usleep(5000);
	}
}

static void stop_service(void)
{
	kill(-service, SIGKILL);
	while (waitpid(service, NULL, 0) < 0 && errno == EINTR)
		;
}

static void begin(struct lab *l)
{
	lab_init(l);
	start_service();
	l->config.container = true;
	l->config.container_engine = SCRIPT;
	l->config.container_image = "debian";
}

static void finish(struct lab *l)
{
	stop_service();
	lab_deinit(l);
}

// How many containers there are.
static unsigned containers(void)
{
	DIR *dir = opendir(engine_dir);
	const struct dirent *d;
	unsigned n = 0;

	assert_non_null(dir);
	while ((d = readdir(dir)) != NULL)
		n += strncmp(d->d_name, "stressgen-", 10) == 0;
	closedir(dir);
	return n;
}

static char *asked(void)
{
	struct buf text = { 0 };
	char path[400];

	snprintf(path, sizeof path, "%s/asked", engine_dir);
	assert_int_equal(io_read_file(path, 1 << 20, &text, NULL), 0);
	return buf_take(&text);
}

CASE("engine: a test has its output, samples, environment and limits in a container, which is gone afterwards")
{
	const struct result *r;
	struct lab l;
	char *text;

	begin(&l);
	l.config.clean_home = true;
	l.config.limits.files = 300;
	l.config.limits.procs = 40;
	lab_script(
	        &l, "t.sh",
	        "# @Memory 64\necho out; echo err >&2; echo '@@ lat total 5' >&$STRESSGEN_FD\n"
	        "[ \"$HOME\" = \"$TMPDIR\" ] && echo x >\"$TMPDIR/file\" && [ -d \"$STRESSGEN_TELEMETRY_DIR\" ]");
	lab_script(&l, "u.sh", "exit 7");
	lab_run(&l);
	lab_expect(&l, "t.sh", VERDICT_PASSED, "exit status 0");
	lab_expect(&l, "u.sh", VERDICT_FAILED, "exit status 7");
	r = lab_result(&l, "t.sh");
	assert_int_equal(r->series_count, 1);
	assert_string_equal(r->tail, "err\n");
	assert_non_null(strstr(r->containment, "container (fake_engine.sh)"));
	assert_non_null(strstr(r->limits, "memory 64.0 MiB (fake_engine.sh)"));
	assert_int_equal(r->leftovers.count, 0);
	text = lab_read(&l, "tests/t.sh/1/stdout");
	assert_string_equal(text, "out\n");
	free(text);
	text = asked();
	assert_non_null(strstr(text, "--memory=67108864b"));
	assert_non_null(strstr(text, "--pids-limit=40"));
	assert_non_null(strstr(text, "--ulimit=nofile=300:300"));
	assert_non_null(strstr(text, "--network=none"));
	free(text);
	assert_int_equal(containers(), 0);
	finish(&l);
}

CASE("engine: a hang, a crash and a daemon in a container are told, and nothing of them is left")
{
	struct lab l;

	begin(&l);
	lab_script(&l, "crash.sh", "kill -SEGV $$");
	lab_script(&l, "daemon.sh", "(setsid sleep 72.006 >/dev/null 2>&1 &); exit 0");
	lab_script(&l, "hang.sh", "# @Timeout 500ms\ntrap '' TERM\nwhile :; do sleep 72.005; done");
	lab_run(&l);
	lab_expect(&l, "crash.sh", VERDICT_CRASHED, "SIGSEGV");
	lab_expect(&l, "hang.sh", VERDICT_TIMEOUT, "");
	assert_int_equal(lab_processes_after_wait("sleep 72.00"), 0);
	assert_int_equal(containers(), 0);
	finish(&l);
}

CASE("engine: several at a time each have a container of their own")
{
	struct lab l;

	begin(&l);
	lab_run_several(&l);
	assert_int_equal(containers(), 0);
	finish(&l);
}

CASE("engine: memory that ran out in a container is told from a crash")
{
	struct lab l;

	begin(&l);
	lab_script(&l, "t.sh",
	           "# @Memory 64\nfor d in \"$(dirname \"$0\")\"/../engine/stressgen-*/; do : >\"$d/oom\"; done\n"
	           "kill -9 $$");
	lab_run(&l);
	lab_expect(&l, "t.sh", VERDICT_OUT_OF_MEMORY, "fake_engine.sh");
	finish(&l);
}

CASE("engine: what the engine itself fails at is said to be perhaps that")
{
	struct lab l;

	begin(&l);
	l.config.container_image = "broken";
	lab_script(&l, "t.sh", "true");
	lab_run(&l);
	lab_expect(&l, "t.sh", VERDICT_FAILED, "exit status 125: also what fake_engine.sh says");
	finish(&l);
}

CASE("engine: without engine or image nothing runs, and it is said")
{
	struct lab l;

	begin(&l);
	lab_script(&l, "t.sh", "true");
	l.config.container_image = "missing";
	lab_run(&l);
	assert_int_equal(l.rc, -ENOENT);
	assert_non_null(strstr(l.err.text, "fake_engine.sh has no image 'missing' here"));
	assert_true(l.summary.missing);
	l.config.container_image = NULL;
	lab_run(&l);
	assert_int_equal(l.rc, -EINVAL);
	assert_non_null(strstr(l.err.text, "needs an image"));
	assert_false(l.summary.missing);
	l.config.container_engine = "/nonexistent/podman";
	lab_run(&l);
	assert_int_equal(l.rc, -ENOENT);
	assert_non_null(strstr(l.err.text, "there is no such program"));
	finish(&l);
}

CASE("engine: SIGINT ends the container, and what resets between tests runs outside of one")
{
	int status = 0;
	struct lab l;
	pid_t pid;

	begin(&l);
	l.config.between = "echo between >>between";
	lab_script(&l, "a.sh", "true");
	lab_script(&l, "b.sh", "echo started; exec sleep 73.005");
	pid = lab_run_apart(&l);
	lab_wait_processes("sleep 73.005", 1);
	kill(pid, SIGINT);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), SIGINT);
	assert_int_equal(lab_processes_after_wait("sleep 73.005"), 0);
	assert_int_equal(containers(), 0);
	assert_int_equal(access("between", F_OK), 0);
	lab_load(&l);
	lab_expect(&l, "b.sh", VERDICT_INTERRUPTED, "SIGINT");
	finish(&l);
}

CASE("engine: a container whose runner was killed -9 is removed by the guardian")
{
	const uint64_t until = clock_now_ns() + 60 * SG_NS_PER_S;
	struct lab l;
	pid_t pid;

	begin(&l);
	lab_script(&l, "a.sh", "exec sleep 74.005");
	pid = lab_run_apart(&l);
	lab_wait_processes("sleep 74.005", 1);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(lab_processes_after_wait("sleep 74.005"), 0);
	while (containers() > 0 && clock_now_ns() < until)
		usleep(20000);
	assert_int_equal(containers(), 0);
	finish(&l);
}

CASE("engine: a run whose runner was killed is gone on with in containers")
{
	struct lab l;
	char path[400];
	pid_t pid;

	begin(&l);
	lab_script(&l, "a.sh", "[ -e \"$(dirname \"$0\")/go\" ] || exec sleep 75.005");
	pid = lab_run_apart(&l);
	lab_wait_processes("sleep 75.005", 1);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	snprintf(path, sizeof path, "%s/go", l.suite_dir);
	assert_int_equal(io_replace_file(path, "", 0, NULL), 0);
	lab_resume(&l);
	lab_expect(&l, "a.sh", VERDICT_PASSED, "it was interrupted before");
	assert_int_equal(containers(), 0);
	assert_int_equal(lab_processes_after_wait("sleep 75.005"), 0);
	finish(&l);
}

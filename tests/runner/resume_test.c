// Runs that were stopped or killed, and gone on with.
#include "lab.h"

#include "clock.h"
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// The wait status of a run that was started apart.
static int wait_for(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static size_t count_starts(const struct lab *l, const char *id)
{
	char *journal = lab_read(l, "journal.jsonl");
	char wanted[200];
	size_t n = 0;

	snprintf(wanted, sizeof wanted, "\"type\":\"start\",\"id\":\"%s\"", id);
	for (const char *at = journal; (at = strstr(at, wanted)) != NULL; at++)
		n++;
	free(journal);
	return n;
}

CASE("resume: a run in the directory is refused without --resume, and nothing is written over")
{
	struct lab l;
	char *before, *after;

	lab_init(&l);
	lab_script(&l, "a.sh", "true");
	lab_run(&l);
	before = lab_read(&l, "journal.jsonl");
	lab_run(&l);
	assert_int_equal(l.rc, -EEXIST);
	assert_non_null(strstr(l.err.text, "--resume"));
	after = lab_read(&l, "journal.jsonl");
	assert_string_equal(before, after);
	free(before);
	free(after);
	lab_deinit(&l);
}

CASE("resume: without a run there is nothing to go on with")
{
	struct lab l;

	lab_init(&l);
	lab_script(&l, "a.sh", "true");
	lab_resume(&l);
	assert_int_equal(l.rc, -ENOENT);
	assert_non_null(strstr(l.err.text, "no run to resume"));
	lab_deinit(&l);
}

CASE("resume: what has ended is not run again")
{
	struct lab l;

	lab_init(&l);
	l.config.fail_fast = 1;
	lab_script(&l, "a.sh", "true");
	lab_script(&l, "b.sh", "exit 1");
	lab_script(&l, "c.sh", "true");
	lab_run(&l);
	assert_int_equal(l.summary.ran, 2);
	l.config.fail_fast = 0;
	lab_resume(&l);
	assert_int_equal(l.rc, 0);
	assert_string_equal(l.ended, "c.sh\n");
	assert_int_equal(l.summary.ran, 1);
	assert_int_equal(l.summary.resumed_over, 2);
	assert_int_equal(l.summary.unexpected, 1); // of the whole run
	assert_int_equal(l.run.parts, 2);
	assert_int_equal(l.run.count, 3);
	lab_resume(&l); // nothing is left
	assert_int_equal(l.summary.ran, 0);
	assert_int_equal(l.summary.resumed_over, 3);
	lab_deinit(&l);
}

CASE("resume: SIGINT stops cleanly, and the run can be gone on with")
{
	struct lab l;
	pid_t pid;

	lab_init(&l);
	lab_script(&l, "a.sh", "true");
	lab_script(&l, "b.sh", "echo started; exec sleep 100.25");
	lab_script(&l, "c.sh", "true");
	pid = lab_run_apart(&l);
	lab_wait_for(&l, "tests/b.sh/1/stdout");
	kill(pid, SIGINT);
	assert_int_equal(WEXITSTATUS(wait_for(pid)), SIGINT);
	assert_int_equal(lab_processes("sleep 100.25"), 0);
	lab_load(&l);
	assert_string_equal(l.run.stop_reason, "SIGINT");
	lab_expect(&l, "a.sh", VERDICT_PASSED, "");
	lab_expect(&l, "b.sh", VERDICT_INTERRUPTED, "stopped by SIGINT");
	assert_null(run_find(&l.run, "c.sh"));

	lab_script(&l, "b.sh", "echo again");
	l.config.force = true; // b.sh has changed
	lab_resume(&l);
	assert_int_equal(l.rc, 0);
	assert_string_equal(l.ended, "b.sh\nc.sh\n");
	assert_string_equal(l.run.stop_reason, "finished");
	lab_deinit(&l);
}

CASE("resume: an interrupted test runs again and says that it was interrupted")
{
	struct lab l;
	char body[700];
	pid_t pid;

	lab_init(&l);
	snprintf(body, sizeof body, "if [ -f %s.go ]; then exit 0; fi; echo started; exec sleep 100.5", l.run_dir);
	lab_script(&l, "a.sh", body);
	pid = lab_run_apart(&l);
	lab_wait_for(&l, "tests/a.sh/1/stdout");
	kill(pid, SIGTERM);
	assert_int_equal(WEXITSTATUS(wait_for(pid)), SIGTERM);
	snprintf(body, sizeof body, "%s.go", l.run_dir);
	close(open(body, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	lab_resume(&l);
	lab_expect(&l, "a.sh", VERDICT_PASSED, "it was interrupted before: the run was stopped while it ran");
	assert_int_equal(lab_result(&l, "a.sh")->attempt, 2);
	lab_deinit(&l);
}

CASE("resume: a second signal does not wait for a test that ignores the first")
{
	uint64_t before;
	struct lab l;
	int status = 0;
	pid_t pid;

	lab_init(&l);
	l.config.grace_ns = 60 * SG_NS_PER_S;
	lab_program(&l, "a.sh", "", RUNNER_MISBEHAVE, "hang");
	pid = lab_run_apart(&l);
	lab_wait_for(&l, "tests/a.sh/1/stdout");
	before = clock_now_ns();
	// Two that come before the first is looked at are one; one that comes when all is over would kill it.
	for (unsigned ms = 0; waitpid(pid, &status, WNOHANG) == 0; ms += 200) {
		if (ms % 5000 <= 200)
			kill(pid, SIGINT);
		usleep(200000);
	}
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), SIGINT);
	assert_true(clock_now_ns() - before < 50 * SG_NS_PER_S); // less than the grace
	lab_load(&l);
	lab_expect(&l, "a.sh", VERDICT_INTERRUPTED, "SIGINT");
	lab_deinit(&l);
}

// Runs a suite of a test that sleeps, kills the runner with -9 while it does, and waits for the guardian.
static void kill_runner_in(struct lab *l, const char *stdout_path, const char *sleep)
{
	pid_t pid = lab_run_apart(l);

	lab_wait_for(l, stdout_path);
	lab_wait_processes(sleep, 1);
	kill(pid, SIGKILL);
	assert_true(WIFSIGNALED(wait_for(pid)));
	assert_int_equal(lab_processes_after_wait(sleep), 0);
}

CASE("resume: when the runner is killed -9 the guardian kills everything, and the run goes on")
{
	struct lab l;
	char body[700];

	lab_init(&l);
	snprintf(
	        body, sizeof body,
	        "if [ -f %s.go ]; then exit 0; fi\nsetsid sh -c 'sleep 200.75 & exec sleep 200.75' &\nsleep 0.2; echo started; "
	        "exec sleep 200.75",
	        l.run_dir);
	lab_script(&l, "a.sh", "true");
	lab_script(&l, "b.sh", body);
	kill_runner_in(&l, "tests/b.sh/1/stdout", "sleep 200.75");
	lab_load(&l);
	assert_null(l.run.stop_reason);
	assert_string_equal(l.run.under_way, "b.sh");
	lab_expect(&l, "a.sh", VERDICT_PASSED, "");

	snprintf(body, sizeof body, "%s.go", l.run_dir);
	close(open(body, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	lab_resume(&l);
	assert_int_equal(l.rc, 0);
	assert_string_equal(l.ended, "b.sh\n");
	lab_expect(&l, "b.sh", VERDICT_PASSED, "it was interrupted before: the runner died while it ran");
	lab_deinit(&l);
}

CASE("resume: a killed runner's scratch directories are gone soon")
{
	struct lab l;
	struct buf text = { 0 };
	char *path;

	lab_init(&l);
	lab_script(&l, "a.sh", "touch $TMPDIR/x; echo $TMPDIR; echo $STRESSGEN_TELEMETRY_DIR; exec sleep 201.75");
	kill_runner_in(&l, "tests/a.sh/1/stdout", "sleep 201.75");
	path = io_join(l.run_dir, "tests/a.sh/1/stdout");
	assert_int_equal(io_read_file(path, 4096, &text, NULL), 0);
	free(path);
	for (char *dir = strtok(text.data, "\n"); dir != NULL; dir = strtok(NULL, "\n")) {
		for (int i = 0; i < 1000 && access(dir, F_OK) == 0; i++)
			usleep(10000);
		assert_int_equal(access(dir, F_OK), -1);
	}
	buf_deinit(&text);
	lab_deinit(&l);
}

CASE("resume: a test that kills the runner is held to be the cause the second time")
{
	struct lab l;

	lab_init(&l);
	lab_program(&l, "a.sh", "", RUNNER_MISBEHAVE, "kill-parent 60123");
	lab_script(&l, "b.sh", "true");
	for (int i = 0; i < 2; i++) {
		int status = wait_for(lab_run_apart(&l));

		assert_true(WIFSIGNALED(status));
		assert_int_equal(lab_processes_after_wait("kill-parent 60123"), 0);
		l.config.resume = true;
	}
	lab_resume(&l);
	assert_int_equal(l.rc, 0);
	assert_int_equal(count_starts(&l, "a.sh"), 2);
	lab_expect(&l, "a.sh", VERDICT_CRASHED, "the runner died 2 times while this test ran");
	lab_expect(&l, "b.sh", VERDICT_PASSED, "");
	assert_int_equal(l.summary.unexpected, 1);
	lab_deinit(&l);
}

CASE("resume: wherever the journal was cut off, what had ended is kept and the rest runs")
{
	struct buf whole = { 0 };
	struct lab l;
	char *path;

	lab_init(&l);
	lab_script(&l, "a.sh", "true");
	lab_script(&l, "b.sh", "true");
	lab_run(&l);
	path = io_join(l.run_dir, "journal.jsonl");
	assert_int_equal(io_read_file(path, 1 << 20, &whole, NULL), 0);
	for (size_t len = 0; len < whole.len; len += 37) {
		assert_int_equal(io_replace_file(path, whole.data, len, NULL), 0);
		lab_resume(&l);
		assert_int_equal(l.rc, 0);
		assert_false(l.summary.untrusted);
		assert_int_equal(l.run.count, 2);
		assert_int_equal(l.summary.ran + l.summary.resumed_over, 2);
		assert_int_equal(l.summary.unexpected, 0);
		assert_int_equal(l.run.journal.bad_lines, 0);
		assert_false(l.run.journal.torn_tail);
	}
	buf_deinit(&whole);
	free(path);
	lab_deinit(&l);
}

CASE("resume: a damaged line in the middle is skipped and makes the run untrusted")
{
	struct lab l;
	char *path;
	int fd;

	lab_init(&l);
	lab_script(&l, "a.sh", "true");
	lab_run(&l);
	path = io_join(l.run_dir, "journal.jsonl");
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "#", 1, 300), 1);
	close(fd);
	lab_resume(&l);
	assert_true(l.summary.untrusted);
	assert_non_null(strstr(l.summary.why, "damaged"));
	free(path);
	lab_deinit(&l);
}

CASE("resume: a suite that has changed is refused, and with force what has changed runs again")
{
	struct lab l;

	lab_init(&l);
	lab_script(&l, "a.sh", "true");
	lab_script(&l, "b.sh", "true");
	lab_run(&l);
	lab_script(&l, "b.sh", "exit 3");
	lab_resume(&l);
	assert_int_equal(l.rc, -EINVAL);
	assert_non_null(strstr(l.err.text, "--force"));
	l.config.force = true;
	lab_resume(&l);
	assert_int_equal(l.rc, 0);
	assert_string_equal(l.ended, "b.sh\n");
	lab_expect(&l, "b.sh", VERDICT_FAILED, "exit status 3");
	assert_int_equal(lab_result(&l, "b.sh")->attempt, 2);
	lab_deinit(&l);
}

CASE("resume: two runners cannot be at work in one run")
{
	struct lab l;
	pid_t pid;

	lab_init(&l);
	lab_script(&l, "a.sh", "echo started; exec sleep 100.125");
	pid = lab_run_apart(&l);
	lab_wait_for(&l, "tests/a.sh/1/stdout");
	lab_resume(&l);
	assert_int_equal(l.rc, -EBUSY);
	kill(pid, SIGINT);
	wait_for(pid);
	lab_deinit(&l);
}

CASE("resume: the guardian is replaced when it is killed")
{
	struct lab l;

	lab_init(&l);
	lab_script(&l, "a.sh",
	           "for p in /proc/[0-9]*; do [ \"$(cat $p/comm 2>/dev/null)\" = stressgen-guard ] && "
	           "[ \"$(cut -d' ' -f4 $p/stat)\" = $PPID ] && kill -9 ${p#/proc/}; done; sleep 2");
	lab_script(&l, "b.sh", "true");
	lab_run(&l);
	assert_int_equal(l.rc, 0);
	assert_non_null(strstr(l.notes, "another one is at work"));
	assert_int_equal(l.summary.unexpected, 0);
	lab_deinit(&l);
}

// A file system of 64 KiB at the run's directory, filled up to `left` bytes.
static void mount_small_disk(struct lab *l)
{
	assert_int_equal(mkdir(l->run_dir, 0777), 0);
	if (mount("stressgen-test", l->run_dir, "tmpfs", 0, "size=64k") < 0) {
		rmdir(l->run_dir);
		harness_skip("a tmpfs cannot be mounted here (needs root)");
	}
}

CASE("resume: a full disk ends the run cleanly, the journal stays readable, and the rest runs when there is room")
{
	struct lab l;

	lab_init(&l);
	for (int i = 0; i < 200; i++) {
		char name[32];

		snprintf(name, sizeof name, "%03d.sh", i);
		lab_script(&l, name, "true");
	}
	mount_small_disk(&l);
	lab_run(&l);
	assert_int_equal(l.rc, -ENOSPC);
	assert_true(l.summary.untrusted);
	assert_non_null(strstr(l.summary.why, "No space left"));
	assert_int_equal(l.run.journal.bad_lines, 0);
	assert_true(l.run.count > 10 && l.run.count < 200);
	assert_int_equal(mount("none", l.run_dir, "tmpfs", MS_REMOUNT, "size=8m"), 0);
	lab_resume(&l);
	assert_int_equal(l.rc, 0);
	assert_false(l.summary.untrusted);
	assert_int_equal(l.run.count, 200);
	assert_int_equal(l.summary.unexpected, 0);
	assert_int_equal(umount(l.run_dir), 0);
	lab_deinit(&l);
}

CASE("resume: output that finds no room is counted, said, and does not stop the run")
{
	struct lab l;

	lab_init(&l);
	lab_program(&l, "a.sh", "", RUNNER_MISBEHAVE, "print 1000000");
	lab_script(&l, "b.sh", "true");
	mount_small_disk(&l);
	lab_run(&l);
	assert_true(l.summary.untrusted);
	assert_non_null(strstr(l.summary.why, "a.sh"));
	assert_int_equal(umount(l.run_dir), 0);
	lab_deinit(&l);
}

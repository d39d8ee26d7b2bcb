// The runner where it is granted less: without any control group, and as an ordinary user.
#include "lab.h"

#include "clock.h"
#include "io.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

static void need_root(const char *why)
{
	if (geteuid() != 0)
		harness_skip(why);
}

// From here on this process sees no cgroup file system.
static void hide_cgroups(void)
{
	need_root("cgroups can be hidden by root only");
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		harness_skip("mount namespaces are not allowed here");
	while (umount2("/sys/fs/cgroup", MNT_DETACH) == 0)
		;
}

static void become_nobody(struct lab *l)
{
	need_root("another user can be tried by root only");
	assert_int_equal(seteuid(NOBODY), 0);
	const bool reaches = faccessat(AT_FDCWD, RUNNER_MISBEHAVE, X_OK, AT_EACCESS) == 0;
	assert_int_equal(seteuid(0), 0);
	if (!reaches)
		harness_skip("this build is in a directory that other users may not enter");
	assert_int_equal(chown(harness_tmpdir(), NOBODY, NOBODY), 0); // who then removes it, too
	assert_int_equal(chown(l->suite_dir, NOBODY, NOBODY), 0);
	assert_int_equal(setgroups(0, NULL), 0);
	assert_int_equal(setgid(NOBODY), 0);
	assert_int_equal(setuid(NOBODY), 0);
}

// Tests that leave processes behind, hog memory, hang and pass; none of it may need a group.
static void fill_suite(struct lab *l)
{
	lab_program(l, "escape.sh", "", RUNNER_MISBEHAVE, "escape weak-marker");
	lab_program(l, "fork.sh", "# @Timeout 500ms", RUNNER_MISBEHAVE, "hang weak-marker");
	lab_script(l, "group.sh", "sleep 300.5 & sleep 300.5 & kill -9 $$");
	lab_program(l, "hog.sh", "# @Memory 64", RUNNER_MISBEHAVE, "hog 400");
	lab_script(l, "pass.sh", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 1");
}

static void expect_all(const struct lab *l)
{
	const struct result *r = lab_result(l, "pass.sh");

	assert_int_equal(l->rc, 0);
	lab_expect(l, "escape.sh", VERDICT_LEAKED, "escape weak-marker");
	lab_expect(l, "fork.sh", VERDICT_TIMEOUT, "");
	lab_expect(l, "group.sh", VERDICT_CRASHED, "SIGKILL");
	lab_expect(l, "hog.sh", VERDICT_OUT_OF_MEMORY, "limit of 64.0 MiB");
	lab_expect(l, "pass.sh", VERDICT_PASSED, "");
	assert_true(r->peak_rss_bytes > 0 && r->peak_procs >= 1 && r->peak_threads >= 1 && r->peak_fds >= 3);
	assert_int_equal(lab_processes("weak-marker"), 0);
	assert_int_equal(lab_processes("sleep 300.5"), 0);
}

CASE("weak: without cgroups everything is still found, limited by sampling and killed, and it is said")
{
	struct lab l;

	hide_cgroups();
	lab_init(&l);
	fill_suite(&l);
	lab_run(&l);
	expect_all(&l);
	assert_non_null(strstr(l.notes, "weak containment"));
	assert_non_null(strstr(lab_result(&l, "pass.sh")->containment, "weak"));
	lab_expect(&l, "hog.sh", VERDICT_OUT_OF_MEMORY, "seen by sampling");
	assert_non_null(strstr(lab_result(&l, "hog.sh")->limits, "(sampled)"));
	lab_deinit(&l);
}

CASE("weak: an ordinary user's run is as good, but for what is said")
{
	struct lab l;

	lab_init(&l);
	fill_suite(&l);
	become_nobody(&l);
	lab_run(&l);
	expect_all(&l);
	lab_deinit(&l);
}

CASE("weak: without cgroups the guardian knows a killed runner's tests by session and environment")
{
	struct lab l;
	pid_t pid;

	hide_cgroups();
	lab_init(&l);
	lab_script(&l, "a.sh",
	           "setsid sh -c 'sleep 301.5 & exec sleep 301.5' &\nsleep 0.2; echo started; exec sleep 301.5");
	pid = lab_run_apart(&l);
	lab_wait_for(&l, "tests/a.sh/1/stdout");
	lab_wait_processes("sleep 301.5", 3);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(lab_processes_after_wait("sleep 301.5"), 0);
	lab_deinit(&l);
}

CASE("weak: shared memory is not counted once for each process")
{
	struct lab l;

	hide_cgroups();
	lab_init(&l);
	// eight processes that share 40 MiB: 320 MiB by RSS, 40 by PSS
	lab_program(&l, "a.sh", "# @Memory 100", RUNNER_MISBEHAVE, "share 40");
	lab_run(&l);
	lab_expect(&l, "a.sh", VERDICT_PASSED, "");
	assert_true(lab_result(&l, "a.sh")->peak_procs >= 8);
	lab_deinit(&l);
}

CASE("weak: a test that kills the runner's whole group leaves nothing behind")
{
	struct lab l;
	int status = 0;
	pid_t pid;

	lab_init(&l);
	lab_script(&l, "a.sh", "sleep 302.5 & kill -9 -$PPID; sleep 302.5");
	pid = lab_run_apart(&l); // leads a group of its own
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(lab_processes_after_wait("sleep 302.5"), 0);
	lab_load(&l);
	assert_string_equal(l.run.under_way, "a.sh");
	lab_deinit(&l);
}

CASE("weak: without any group each of two tests at a time is charged with its own leftovers")
{
	struct lab l;

	hide_cgroups();
	lab_init(&l);
	setenv("D", l.suite_dir, 1);
	l.config.workers = 2;
	lab_script(
	        &l, "a.sh",
	        "(setsid sleep 71.003 &) ; touch \"$D/a\"; until [ -e \"$D/b\" ]; do sleep 0.01; done; sleep 0.3");
	lab_script(&l, "b.sh",
	           "(setsid sleep 71.004 &) ; touch \"$D/b\"; until [ -e \"$D/a\" ]; do sleep 0.01; done");
	lab_run(&l);
	lab_expect(&l, "a.sh", VERDICT_LEAKED, "sleep 71.003");
	lab_expect(&l, "b.sh", VERDICT_LEAKED, "sleep 71.004");
	assert_int_equal(lab_result(&l, "a.sh")->leftovers.count, 1);
	assert_int_equal(lab_result(&l, "b.sh")->leftovers.count, 1);
	assert_int_equal(lab_processes_after_wait("sleep 71.00"), 0);
	lab_deinit(&l);
}

CASE("weak: a test that fills the disk of its temporary directory fails alone, and the next finds room")
{
	struct lab l;
	char small[300];

	need_root("a small disk can be mounted by root only");
	lab_init(&l);
	snprintf(small, sizeof small, "%s/small", harness_tmpdir());
	assert_int_equal(mkdir(small, 0777), 0);
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", small, "tmpfs", 0, "size=1m") < 0)
		harness_skip("mount namespaces are not allowed here");
	setenv("TMPDIR", small, 1);
	lab_script(&l, "a.sh", "dd if=/dev/zero of=\"$TMPDIR/big\" bs=64k 2>&1 | grep -q 'No space' && exit 3");
	lab_script(&l, "b.sh", "dd if=/dev/zero of=\"$TMPDIR/some\" bs=64k count=4 2>/dev/null");
	lab_run(&l);
	assert_int_equal(l.rc, 0);
	lab_expect(&l, "a.sh", VERDICT_FAILED, "exit status 3");
	lab_expect(&l, "b.sh", VERDICT_PASSED, "");
	assert_false(l.summary.untrusted);
	lab_deinit(&l);
	umount2(small, MNT_DETACH);
}

// Limits by cgroup v2, on a machine of its own (User Mode Linux, an ordinary process): those who build this have
// v1, or groups that nothing was delegated to.
#include "e2e.h"

#include "harness.h"
#include "io.h"
#include "run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MACHINE "/usr/bin/linux.uml"

#ifndef __has_feature // clang's
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define SANITISED true
#else
#define SANITISED false
#endif

static void write_suite(const char *dir)
{
	e2e_write(dir, "suite/a-hog.sh", "#!/bin/sh\n# @Memory 64\nexec tail /dev/zero\n", true);
	e2e_write(dir, "suite/b-killed.sh", "#!/bin/sh\n# @Memory 64\nkill -9 $$\n", true);
	e2e_write(dir, "suite/c-forks.sh",
	          "#!/bin/sh\n# @Procs 8\nfor i in 1 2 3 4 5 6 7 8 9 10; do sleep 5 & done\nwait\n", true);
	e2e_write(dir, "suite/d-escapes.sh", "#!/bin/sh\n(setsid sleep 55 >/dev/null 2>&1 &)\n", true);
	// A group that gives controllers holds no process any more: the next test needs another.
	e2e_write(dir, "suite/e-makes-groups.sh",
	          "#!/bin/sh\ng=/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)\nmkdir $g/own || exit 0\n"
	          "echo 0 >$g/own/cgroup.procs\necho +memory >$g/cgroup.subtree_control\ntrue\n",
	          true);
	e2e_write(dir, "suite/f-passes.sh", "#!/bin/sh\n# @Memory 32\n# @Io 5MB/s\n", true);
	// Each says how long its own writing took: at 2 MB/s 8 MB take 4 s, less what may be saved up.
	e2e_write(dir, "io/a-free.sh",
	          "#!/bin/sh\n# @Timeout 170s\nexec dd if=/dev/zero of=free bs=1M count=8 conv=fsync\n", true);
	e2e_write(
	        dir, "io/b-direct.sh",
	        "#!/bin/sh\n# @Timeout 170s\n# @Io 2MB/s\nexec dd if=/dev/zero of=direct bs=1M count=8 oflag=direct\n",
	        true);
	e2e_write(
	        dir, "io/c-buffered.sh",
	        "#!/bin/sh\n# @Timeout 170s\n# @Io 2MB/s\nexec dd if=/dev/zero of=buffered bs=1M count=8 conv=fsync\n",
	        true);
	e2e_write(
	        dir, "io/d-operations.sh",
	        "#!/bin/sh\n# @Timeout 170s\n# @Io 20/s\nexec dd if=/dev/zero of=operations bs=4k count=80 oflag=direct\n",
	        true);
	e2e_write(dir, "long/t.sh", "#!/bin/sh\necho on\nexec sleep 100\n", true);
}

// A file system of ext4 in a file; false where none can be made.
static bool make_disk(const char *dir)
{
	char command[700];

	snprintf(
	        command, sizeof command,
	        "cd '%s' && truncate -s 64M disk && PATH=$PATH:/usr/sbin:/sbin mke2fs -q -F -t ext4 disk >/dev/null 2>&1 || "
	        "{ rm -f disk; false; }",
	        dir);
	return system(command) == 0;
}

static void start_machine(const char *dir)
{
	char suite[600], program[600], disk[600];
	pid_t pid;
	int status;

	if (access(MACHINE, X_OK) < 0)
		harness_skip("user-mode-linux is not installed");
	if (SANITISED)
		harness_skip("a sanitised program does not find its place in User Mode Linux");
	snprintf(suite, sizeof suite, "SG_DIR=%s", dir);
	snprintf(program, sizeof program, "SG_STRESSGEN=%s", SG_BUILD_DIR "/bin/stressgen");
	snprintf(disk, sizeof disk, "ubd0=%s/disk", dir);
	if (!make_disk(dir))
		snprintf(disk, sizeof disk, "quiet");
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (freopen("/dev/null", "r", stdin) == NULL || chdir(dir) < 0 ||
		    freopen("machine.log", "w", stdout) == NULL || dup2(1, 2) < 0)
			_exit(126);
		setenv("HOME", dir, 1); // its sockets
		execl(MACHINE, MACHINE, "mem=512M", "rootfstype=hostfs", "root=/dev/root", "rootflags=/", "ro",
		      "con=null", "con0=fd:0,fd:1", "quiet", "init=" SG_TEST_DATA "/v2_machine.sh", suite, program,
		      disk, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

static char *read_file(const char *dir, const char *name)
{
	struct buf text = { 0 };
	char *path = io_join(dir, name);

	buf_adds(&text, "");
	io_read_file(path, 1 << 24, &text, NULL);
	free(path);
	return buf_take(&text);
}

static const char *evidence(const struct run *run, const char *id)
{
	const struct result *r = run_find(run, id);

	if (r == NULL)
		fail_msg("%s has no result", id);
	return r->evidence;
}

// A run from a group that gave controllers: the kernel held the limits and said so.
static void expect_v2(const char *dir, const char *name, bool root)
{
	char *path = io_join(dir, name);
	struct err e = { "" };
	struct run run = { 0 };

	if (run_load(path, &run, &e) < 0)
		fail_msg("%s: %s", name, e.text);
	print_message("%s\n", name);
	assert_contains(evidence(&run, "a-hog.sh"), "the kernel killed 1 process of it (cgroup v2)");
	assert_int_equal(run_find(&run, "a-hog.sh")->verdict, VERDICT_OUT_OF_MEMORY);
	assert_contains(run_find(&run, "a-hog.sh")->limits, "memory 64.0 MiB (cgroup v2)");
	assert_contains(evidence(&run, "b-killed.sh"), "killed by SIGKILL");
	assert_contains(evidence(&run, "c-forks.sh"), "tried to have more than 8 processes");
	assert_contains(evidence(&run, "d-escapes.sh"), "left 1 process behind");
	assert_contains(evidence(&run, "f-passes.sh"), "exit status 0");
	assert_contains(run_find(&run, "f-passes.sh")->limits, root ? "processes 4096 (cgroup v2)" : "I/O");
	assert_contains(run_find(&run, "a-hog.sh")->containment, "cgroup v2, session");
	run_deinit(&run);
	free(path);
}

// What its group gave, and which groups were below it, after a run.
static void expect_after(const char *dir, const char *name, const char *words)
{
	char file[40];
	char *text;

	snprintf(file, sizeof file, "%s.after", name);
	text = read_file(dir, file);
	print_message("%s\n", file);
	assert_string_equal(text, words);
	free(text);
}

// The kernel holds I/O by bytes and by operations, of buffered writes too.
static void expect_io(const char *dir)
{
	static const struct {
		const char *id;
		const char *limit;
		uint64_t least_ms;
	} tests[] = { { "b-direct.sh", "I/O 2.00 MiB/s (cgroup v2)", 3000 },
		      { "c-buffered.sh", "I/O 2.00 MiB/s (cgroup v2)", 3000 },
		      { "d-operations.sh", "I/O 20/s (cgroup v2)", 3000 } };
	char *path = io_join(dir, "io");
	struct err e = { "" };
	struct run run = { 0 };

	if (run_load(path, &run, &e) < 0)
		fail_msg("%s", e.text);
	assert_contains(evidence(&run, "a-free.sh"), "exit status 0");
	for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
		const struct result *r = run_find(&run, tests[i].id);

		print_message("%s: %s, %.1f s\n", tests[i].id, r->limits, (double)r->wall_ns / 1e9);
		assert_contains(evidence(&run, tests[i].id), "exit status 0");
		assert_contains(r->limits, tests[i].limit);
		assert_true(r->wall_ns / 1000000 >= tests[i].least_ms);
	}
	print_message("a-free.sh: %.1f s\n", (double)run_find(&run, "a-free.sh")->wall_ns / 1e9);
	run_deinit(&run);
	free(path);
}

CASE("v2: limits hold from the root, from a delegated group, as an ordinary user, and not from a shared group")
{
	const char *dir = harness_tmpdir();
	char *text;
	struct run run = { 0 };
	struct err e = { "" };
	char *path = io_join(dir, "crowd"), *disk = io_join(dir, "disk");

	assert_int_equal(chmod(dir, 0777), 0);
	write_suite(dir);
	start_machine(dir);
	text = read_file(dir, "finished");
	if (strcmp(text, "") == 0) {
		free(text);
		text = read_file(dir, "machine.log");
		print_message("%s\n", text);
		harness_skip("User Mode Linux does not run here");
	}
	free(text);
	expect_v2(dir, "root", true);
	expect_after(dir, "root", "");
	expect_v2(dir, "scope", true);
	expect_after(dir, "scope", "");
	expect_v2(dir, "user", false);
	expect_after(dir, "user", "");
	expect_after(dir, "killed", "");

	if (access(disk, F_OK) == 0)
		expect_io(dir);

	assert_int_equal(run_load(path, &run, &e), 0);
	assert_contains(evidence(&run, "a-hog.sh"), "seen by sampling");
	assert_contains(run_find(&run, "a-hog.sh")->limits, "memory 64.0 MiB (sampled)");
	assert_contains(run_find(&run, "c-forks.sh")->limits, "processes not limited");
	assert_contains(run_find(&run, "a-hog.sh")->containment, "cgroup v2, session");
	run_deinit(&run);
	free(path);
	free(disk);
	expect_after(dir, "crowd", "");

	text = read_file(dir, "doctor.scope");
	assert_contains(text, "cgroup v2: the kernel holds the limit");
	free(text);
	text = read_file(dir, "doctor.crowd");
	assert_contains(text, "our group holds other processes too; start in one of its own: systemd-run --scope");
	free(text);
}

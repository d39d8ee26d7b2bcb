// Whole runs of tests that want more than they may have.
#include "lab.h"

#include "clock.h"
#include "io.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

CASE("run: a memory hog is ended at its limit")
{
	const struct result *r;
	struct lab l;

	lab_run_program(&l, RUNNER_MISBEHAVE, "# @Memory 64", "hog 4000");
	lab_expect(&l, "t.sh", VERDICT_OUT_OF_MEMORY, "limit of 64.0 MiB");
	r = lab_result(&l, "t.sh");
	assert_true(r->peak_rss_bytes > 10 << 20);
	assert_true(r->peak_rss_bytes < UINT64_C(1) << 30);
	assert_non_null(strstr(r->limits, "memory 64.0 MiB"));
	lab_deinit(&l);
}

CASE("run: the peak of a test is its own and not the runner's")
{
	const size_t bytes = 300 << 20;
	char *ballast = malloc(bytes);
	struct lab l;

	memset(ballast, 1, bytes);
	lab_init(&l);
	lab_script(&l, "small.sh", "sleep 1");
	lab_program(&l, "big.sh", "", RUNNER_MISBEHAVE, "hog 40");
	lab_run(&l);
	assert_true(lab_result(&l, "small.sh")->peak_rss_bytes > 0);
	assert_true(lab_result(&l, "small.sh")->peak_rss_bytes < 50 << 20);
	assert_true(lab_result(&l, "big.sh")->peak_rss_bytes >= 40 << 20);
	assert_true(lab_result(&l, "big.sh")->peak_rss_bytes < 100 << 20);
	assert_true(lab_result(&l, "big.sh")->point_count > 0);
	assert_int_equal(ballast[bytes - 1], 1);
	free(ballast);
	lab_deinit(&l);
}

CASE("run: the CPU limit ends a test that spins")
{
	struct lab l;

	lab_run_program(&l, RUNNER_MISBEHAVE, "# @Cpu 1", "spin");
	lab_expect(&l, "t.sh", VERDICT_TIMEOUT, "used its 1 s of CPU time");
	lab_deinit(&l);
}

CASE("run: the limit on open files holds")
{
	struct lab l;

	lab_run_program(&l, RUNNER_MISBEHAVE, "# @Files 20", "open 100");
	lab_expect(&l, "t.sh", VERDICT_FAILED, "exit status 1");
	assert_string_equal(lab_result(&l, "t.sh")->tail, "Too many open files after 16\n");
	lab_deinit(&l);
}

CASE("run: a test that opens all the descriptors that it may have fails alone")
{
	struct lab l;

	lab_init(&l);
	lab_program(&l, "a.sh", "", RUNNER_MISBEHAVE, "open 2000000000");
	lab_script(&l, "b.sh", "echo x >\"$TMPDIR/x\"");
	lab_run(&l);
	lab_expect(&l, "a.sh", VERDICT_FAILED, "exit status 1");
	assert_non_null(strstr(lab_result(&l, "a.sh")->tail, "Too many open files"));
	lab_expect(&l, "b.sh", VERDICT_PASSED, "");
	lab_deinit(&l);
}

CASE("run: the limit on processes holds where the machine can hold it")
{
	struct lab l;

	lab_run_program(&l, RUNNER_MISBEHAVE, "# @Procs 8", "fork 50 limit-marker");
	if (strstr(lab_result(&l, "t.sh")->limits, "processes not limited") != NULL) {
		lab_deinit(&l);
		harness_skip("root without a pids cgroup: nothing limits processes");
	}
	lab_expect(&l, "t.sh", VERDICT_FAILED, "");
	assert_int_equal(lab_processes("limit-marker"), 0);
	lab_deinit(&l);
}

CASE("run: when memory runs out on the machine a test goes before the runner")
{
	struct lab l;
	char before[16], after[16];
	FILE *f = fopen("/proc/self/oom_score_adj", "re");

	assert_non_null(f);
	assert_non_null(fgets(before, sizeof before, f));
	fclose(f);
	lab_run_script(&l, "sleep 0.2; cat /proc/self/oom_score_adj /proc/$PPID/oom_score_adj");
	assert_int_equal(strtol(lab_result(&l, "t.sh")->tail, NULL, 10), 500);
	assert_true(strtol(lab_result(&l, "t.sh")->tail + 4, NULL, 10) < 500);
	f = fopen("/proc/self/oom_score_adj", "re");
	assert_non_null(f);
	assert_non_null(fgets(after, sizeof after, f));
	fclose(f);
	assert_string_equal(before, after);
	lab_deinit(&l);
}

CASE("run: direct writes are held to the rate of @Io where a cgroup can do that, and the result says what is in force")
{
	const struct result *r;
	struct lab l;

	lab_init(&l);
	setenv("D", l.suite_dir, 1);
	lab_script(
	        &l, "t.sh",
	        "# @Io 2MB/s\ndd if=/dev/zero of=\"$D/data\" bs=256k count=12 oflag=direct 2>/dev/null || exit 9");
	lab_run(&l);
	r = lab_result(&l, "t.sh");
	assert_non_null(strstr(r->limits, "I/O "));
	if (strstr(r->limits, "/s (cgroup") == NULL || r->exit_code == 9)
		harness_skip("no cgroup limits I/O of this directory's disk");
	assert_true(r->wall_ns > 700 * SG_NS_PER_MS);
	lab_deinit(&l);
}

CASE("run: limits that a header does not give are the run's, and --no-limits is above all")
{
	struct lab l;

	lab_init(&l);
	l.config.limits.files = 33;
	l.config.limits.cpu_s = 50;
	lab_script(&l, "a.sh", "[ \"$(ulimit -n)\" = 33 ] && [ \"$(ulimit -t)\" = 50 ]");
	lab_script(&l, "b.sh", "# @Files 44\n[ \"$(ulimit -n)\" = 44 ]");
	lab_run(&l);
	lab_expect(&l, "a.sh", VERDICT_PASSED, "");
	lab_expect(&l, "b.sh", VERDICT_PASSED, "");
	lab_deinit(&l);
	lab_init(&l);
	l.config.no_limits = true;
	lab_script(&l, "t.sh", "# @Files 44\n# @Timeout 1ms\nsleep 0.1; [ \"$(ulimit -n)\" != 44 ]");
	lab_run(&l);
	lab_expect(&l, "t.sh", VERDICT_PASSED, "");
	assert_non_null(strstr(lab_result(&l, "t.sh")->limits, "(--no-limits)"));
	lab_deinit(&l);
}

CASE("run: a test that forks without end is held by @Procs, and nothing of it is left")
{
	struct lab l;

	if (geteuid() != 0)
		harness_skip("for an ordinary user the limit counts all of the user's processes");
	lab_init(&l);
	lab_script(
	        &l, "t.sh",
	        "# @Procs 60\n# @Timeout 2s\nbomb() { while :; do bomb & sleep 71.009 || exit 1; done; }\nbomb 2>/dev/null");
	lab_script(&l, "u.sh", "true");
	lab_run(&l);
	if (strstr(lab_result(&l, "t.sh")->limits, "processes 60 (cgroup") == NULL)
		harness_skip("no pids cgroup here");
	assert_true(lab_result(&l, "t.sh")->verdict != VERDICT_PASSED);
	assert_true(lab_result(&l, "t.sh")->peak_procs <= 61);
	lab_expect(&l, "u.sh", VERDICT_PASSED, "");
	assert_int_equal(lab_processes_after_wait("sleep 71.009"), 0);
	lab_deinit(&l);
}

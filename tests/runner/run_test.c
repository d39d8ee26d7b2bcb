// Whole runs of small suites, whose tests do what tests should not.
#include "lab.h"

#include "clock.h"
#include "io.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

CASE("run: a pass, its output, samples and usage are in the result")
{
	const struct result *r;
	struct lab l;
	char *text;

	lab_run_script(&l,
	               "echo one; echo two >&2\n"
	               "echo '@@ lat total 100 200 300'\n"
	               "echo '@@ gauge depth 5 levels' >&$STRESSGEN_FD\n"
	               "echo '@@ gc 1000'; echo '@@ check sum ok'; echo '@@ case a pass 5 fine'; echo '@@ done'");
	lab_expect(&l, "t.sh", VERDICT_PASSED, "exit status 0, 1 good check");
	r = lab_result(&l, "t.sh");
	assert_true(r->as_expected);
	assert_int_equal(r->exit_code, 0);
	assert_int_equal(r->stdout_bytes, 4); // sample lines do not count
	assert_int_equal(r->stderr_bytes, 4);
	assert_int_equal(r->series_count, 1);
	assert_int_equal(r->series[0].hist->total, 3);
	assert_int_equal(r->gauge_count, 1);
	assert_string_equal(r->gauges[0].unit, "levels");
	assert_int_equal(r->gc_count, 1);
	assert_int_equal(r->case_count, 1);
	assert_true(r->done_seen);
	assert_string_equal(r->tail, "two\n");
	assert_true(r->wall_ns > 0);
	text = lab_read(&l, "tests/t.sh/1/stdout");
	assert_string_equal(text, "one\n");
	free(text);
	assert_int_equal(l.summary.ran, 1);
	assert_int_equal(l.summary.unexpected, 0);
	assert_false(l.summary.untrusted);
	assert_string_equal(l.run.stop_reason, "finished");
	lab_deinit(&l);
}

CASE("run: a failure is counted, and the next test runs")
{
	struct lab l;

	lab_init(&l);
	lab_script(&l, "a.sh", "exit 3");
	lab_script(&l, "b.sh", "kill -SEGV $$");
	lab_script(&l, "c.sh", "true");
	lab_run(&l);
	lab_expect(&l, "a.sh", VERDICT_FAILED, "exit status 3");
	lab_expect(&l, "b.sh", VERDICT_CRASHED, "killed by SIGSEGV (Segmentation fault)");
	lab_expect(&l, "c.sh", VERDICT_PASSED, "exit status 0");
	assert_string_equal(l.ended, "a.sh\nb.sh\nc.sh\n");
	assert_int_equal(l.summary.ran, 3);
	assert_int_equal(l.summary.unexpected, 2);
	lab_deinit(&l);
}

CASE("run: every signal that ends a test is named")
{
	static const int signals[] = { SIGHUP,  SIGINT,  SIGQUIT,   SIGILL,  SIGTRAP, SIGABRT, SIGBUS,  SIGFPE,
		                       SIGKILL, SIGUSR1, SIGSEGV,   SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGSTKFLT,
		                       SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO,   SIGPWR,  SIGSYS };
	const size_t count = sizeof signals / sizeof signals[0];
	struct lab l;

	lab_init(&l);
	for (size_t i = 0; i < count; i++) {
		char name[32], args[32];

		snprintf(name, sizeof name, "%02d.sh", signals[i]);
		snprintf(args, sizeof args, "signal %d", signals[i]);
		lab_program(&l, name, "ulimit -c 0", RUNNER_MISBEHAVE, args);
	}
	lab_run(&l);
	for (size_t i = 0; i < count; i++) {
		const struct result *r;
		char name[32];

		snprintf(name, sizeof name, "%02d.sh", signals[i]);
		r = lab_result(&l, name);
		assert_int_equal(r->signal, signals[i]);
		assert_int_equal(r->verdict, signals[i] == SIGXFSZ ? VERDICT_FAILED : VERDICT_CRASHED);
		assert_int_equal(r->exit_code, -1);
	}
	lab_deinit(&l);
}

CASE("run: a real-time signal that ends a test is told by its number")
{
	struct lab l;

	lab_init(&l);
	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++) {
		char name[32], args[32];

		snprintf(name, sizeof name, "%02d.sh", sig);
		snprintf(args, sizeof args, "signal %d", sig);
		lab_program(&l, name, "", RUNNER_MISBEHAVE, args);
	}
	lab_run(&l);
	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++) {
		char name[32], words[32];

		snprintf(name, sizeof name, "%02d.sh", sig);
		snprintf(words, sizeof words, "killed by signal %d", sig);
		lab_expect(&l, name, VERDICT_CRASHED, words);
	}
	lab_deinit(&l);
}

CASE("run: a hang that ignores SIGTERM is killed after its own timeout and the grace")
{
	const struct result *r;
	struct lab l;

	lab_run_program(&l, RUNNER_MISBEHAVE, "# @Timeout 2s", "hang"); // time to say so, on a busy machine too
	lab_expect(&l, "t.sh", VERDICT_TIMEOUT, "ran longer than its 2.00 s; it took SIGKILL to end it");
	r = lab_result(&l, "t.sh");
	assert_true(r->wall_ns >= 2300 * SG_NS_PER_MS);
	assert_true(r->wall_ns < 20 * SG_NS_PER_S);
	assert_string_equal(r->tail, "hanging\n");
	assert_int_equal(r->leftovers.count, 0);
	lab_deinit(&l);
}

CASE("run: each test has its full time, whatever ran before")
{
	struct lab l;

	lab_init(&l);
	l.config.timeout_ns = 4 * SG_NS_PER_S;
	lab_script(&l, "a.sh", "sleep 2.1"); // two of them are longer than one limit
	lab_script(&l, "b.sh", "sleep 2.1");
	lab_script(&l, "c.sh", "# @Timeout 30s\nsleep 4.1");
	lab_run(&l);
	assert_int_equal(l.summary.unexpected, 0);
	lab_deinit(&l);
}

CASE("run: a test that stops itself is a timeout, not a hang of the run")
{
	struct lab l;

	lab_run_program(&l, RUNNER_MISBEHAVE, "# @Timeout 200ms", "stop");
	lab_expect(&l, "t.sh", VERDICT_TIMEOUT, "ran longer than its 200 ms");
	lab_deinit(&l);
}

CASE("run: a double fork into another session is found, named and killed")
{
	const struct result *r;
	struct lab l;

	lab_init(&l);
	lab_program(&l, "t.sh", "", RUNNER_MISBEHAVE, "escape marker-of-the-escape");
	lab_run(&l);
	lab_expect(&l, "t.sh", VERDICT_LEAKED, "left 1 process behind");
	r = lab_result(&l, "t.sh");
	assert_int_equal(r->leftovers.count, 1);
	assert_non_null(strstr(r->leftovers.items[0], "escape marker-of-the-escape"));
	assert_int_equal(lab_processes("marker-of-the-escape"), 0);
	lab_deinit(&l);
}

CASE("run: a grandchild that holds the pipe delays the run by the drain time only")
{
	const uint64_t before = clock_now_ns();
	uint64_t passed_ns;
	struct lab l;

	lab_run_program(&l, RUNNER_MISBEHAVE, "", "hold");
	passed_ns = clock_now_ns() - before;
	assert_true(passed_ns < 120 * SG_NS_PER_S); // it would hold it for ten minutes
	lab_expect(&l, "t.sh", VERDICT_LEAKED, "left 1 process behind");
	// its own time, not the draining, which has to wait for 200 ms
	assert_true(lab_result(&l, "t.sh")->wall_ns + 200 * SG_NS_PER_MS <= passed_ns);
	lab_deinit(&l);
}

CASE("run: a child that ends by itself within the drain time is no leftover, and its words are kept")
{
	struct lab l;
	char *text;

	lab_run_script(&l, "(sleep 0.05; echo late) &\necho early");
	lab_expect(&l, "t.sh", VERDICT_PASSED, "exit status 0");
	text = lab_read(&l, "tests/t.sh/1/stdout");
	assert_string_equal(text, "early\nlate\n");
	free(text);
	lab_deinit(&l);
}

CASE("run: a test that closes its output and goes on is waited for")
{
	struct lab l;

	lab_run_script(&l, "exec >&- 2>&- 3>&-\nsleep 0.2");
	lab_expect(&l, "t.sh", VERDICT_PASSED, "exit status 0");
	assert_true(lab_result(&l, "t.sh")->wall_ns >= 200 * SG_NS_PER_MS);
	lab_deinit(&l);
}

CASE("run: ten gigabytes of output are counted and bounded")
{
	const uint64_t printed = UINT64_C(10000000000); // beyond what 32 bits count
	const struct result *r;
	struct lab l;
	char *text;

	lab_init(&l);
	l.config.output_limit = 1 << 20;
	l.config.timeout_ns = 280 * SG_NS_PER_S;
	lab_program(&l, "t.sh", "", RUNNER_MISBEHAVE, "print 10000000000");
	lab_run(&l);
	lab_expect(&l, "t.sh", VERDICT_PASSED, "exit status 0");
	r = lab_result(&l, "t.sh");
	assert_true(r->stdout_bytes >= printed && r->stdout_bytes < printed + 100000);
	text = lab_read(&l, "tests/t.sh/1/stdout");
	assert_true(strlen(text) < (1 << 20) + 100);
	assert_int_equal(strncmp(text, "first line\n", 11), 0);
	assert_string_equal(text + strlen(text) - 10, "last line\n");
	assert_non_null(strstr(text, "bytes left out here]"));
	free(text);
	lab_deinit(&l);
}

CASE("run: output without newline, NUL bytes and broken UTF-8 are kept and the journal stays readable")
{
	struct lab l;
	char *text;

	lab_run_script(&l, "printf 'a\\000b\\377\\033[31mred'; printf 'last words' >&2; exit 1");
	lab_expect(&l, "t.sh", VERDICT_FAILED, "exit status 1");
	assert_int_equal(lab_result(&l, "t.sh")->stdout_bytes, 12);
	assert_string_equal(lab_result(&l, "t.sh")->tail, "last words");
	text = lab_read(&l, "tests/t.sh/1/stdout");
	assert_memory_equal(text, "a\0b\377", 4);
	free(text);
	assert_int_equal(l.run.journal.bad_lines, 0);
	lab_deinit(&l);
}

CASE("run: a stack overflow is told from a null pointer")
{
	struct lab l;

	lab_init(&l);
	lab_program(&l, "null.sh", "ulimit -c 0", RUNNER_MISBEHAVE, "null");
	lab_program(&l, "deep.sh", "ulimit -c 0", RUNNER_MISBEHAVE, "overflow");
	lab_run(&l);
	if (lab_result(&l, "deep.sh")->signal == SIGSEGV &&
	    strstr(lab_result(&l, "deep.sh")->evidence, "kernel log") == NULL) {
		lab_deinit(&l);
		harness_skip("the kernel's log cannot be read, or does not speak of segfaults");
	}
	lab_expect(&l, "deep.sh", VERDICT_STACK_OVERFLOW, "next to the stack pointer");
	lab_expect(&l, "null.sh", VERDICT_CRASHED, "at address 0x0");
	lab_deinit(&l);
}

CASE("run: nothing of the runner is inherited")
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	const int leaked = dup(1);
	struct lab l;
	char *text;

	assert_true(leaked > 2);
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGUSR1, &ignore, NULL);
	lab_run_program(&l, RUNNER_MISBEHAVE, "", "inherited");
	text = lab_read(&l, "tests/t.sh/1/stdout");
	assert_string_equal(text, "");
	free(text);
	close(leaked);
	lab_deinit(&l);
}

CASE("run: a test's temporary directory is its own, empty, and removed with what is in it")
{
	const struct result *r;
	struct lab l;
	char dir[512];

	lab_init(&l);
	lab_script(&l, "a.sh", "echo $TMPDIR; mkdir $TMPDIR/d && echo x > $TMPDIR/d/f && chmod 0 $TMPDIR");
	lab_script(&l, "b.sh", "[ -d $TMPDIR ] && [ -z \"$(ls -A $TMPDIR)\" ]");
	lab_script(&l, "c.sh", "rmdir $TMPDIR");
	lab_script(&l, "d.sh", "touch $TMPDIR/x");
	lab_run(&l);
	assert_int_equal(l.summary.unexpected, 0);
	r = lab_result(&l, "a.sh");
	snprintf(dir, sizeof dir, "%.*s", (int)strcspn(r->tail, "\n"), r->tail);
	assert_int_equal(access(dir, F_OK), -1);
	*strrchr(dir, '/') = '\0'; // the run's own
	assert_int_equal(access(dir, F_OK), -1);
	lab_deinit(&l);
}

CASE("run: a program that is not there is a failure that says so")
{
	struct lab l;

	lab_run_script(&l, "# @Run no-such-program {file}");
	lab_expect(&l, "t.sh", VERDICT_FAILED, "program not found: no-such-program");
	assert_int_equal(l.summary.unexpected, 1);
	lab_deinit(&l);
}

CASE("run: skipped and planned tests do not run, and count as expected")
{
	struct lab l;

	lab_init(&l);
	lab_script(&l, "a.sh", "# @Skip too slow here\nexit 1");
	lab_script(&l, "b.sh", "# @Planned\nexit 1");
	lab_run(&l);
	lab_expect(&l, "a.sh", VERDICT_SKIPPED, "too slow here");
	lab_expect(&l, "b.sh", VERDICT_PLANNED, "planned");
	assert_int_equal(l.summary.unexpected, 0);
	lab_deinit(&l);
}

CASE("run: tests marked @Skip run when that is asked for, and a program that is missing fails then")
{
	struct lab l;

	lab_init(&l);
	lab_script(&l, "a.sh", "# @Skip too slow here\nexit 0");
	lab_script(&l, "b.sh", "# @Skip no such machine\n# @Run no-such-program {file}");
	l.config.run_skipped = true;
	lab_run(&l);
	lab_expect(&l, "a.sh", VERDICT_PASSED, "exit status 0");
	lab_expect(&l, "b.sh", VERDICT_FAILED, "program not found: no-such-program");
	lab_deinit(&l);
}

CASE("run: a test that skips itself is skipped, and so is what depends on it")
{
	struct lab l;

	lab_init(&l);
	lab_script(&l, "a.sh", "echo SKIP: no net >&2; exit 77");
	lab_script(&l, "b.sh", "# @DependsOn a.sh\nexit 0");
	lab_script(&l, "c.sh", "# @Sentinel on\necho '@@ skip no disk' >&\"$STRESSGEN_FD\"; exit 0");
	lab_run(&l);
	lab_expect(&l, "a.sh", VERDICT_SKIPPED,
	           "it skipped itself by exit status 77; its last line: SKIP: no net");
	lab_expect(&l, "b.sh", VERDICT_SKIPPED, "depends on a.sh, which ended as skipped");
	lab_expect(&l, "c.sh", VERDICT_SKIPPED, "it skipped itself: no disk");
	assert_int_equal(l.summary.unexpected, 0);
	lab_deinit(&l);
}

CASE("run: a dependency runs first, and its failure skips what depends on it, and on that")
{
	struct lab l;

	lab_init(&l);
	lab_script(&l, "a.sh", "# @DependsOn c.sh");
	lab_script(&l, "b.sh", "# @DependsOn d.sh");
	lab_script(&l, "c.sh", "exit 1");
	lab_script(&l, "d.sh", "true");
	lab_script(&l, "e.sh", "# @DependsOn a.sh");
	lab_run(&l);
	assert_string_equal(l.ended, "c.sh\na.sh\nd.sh\nb.sh\ne.sh\n");
	lab_expect(&l, "a.sh", VERDICT_SKIPPED, "depends on c.sh, which ended as failed");
	lab_expect(&l, "e.sh", VERDICT_SKIPPED, "depends on a.sh, which ended as skipped");
	lab_expect(&l, "b.sh", VERDICT_PASSED, "");
	lab_deinit(&l);
}

CASE("run: a selection runs in its own order, and a dependency that was not selected stands in nobody's way")
{
	const size_t selection[] = { 2, 0 };
	struct lab l;

	lab_init(&l);
	lab_script(&l, "a.sh", "# @DependsOn b.sh");
	lab_script(&l, "b.sh", "exit 1");
	lab_script(&l, "c.sh", "true");
	l.config.selection = selection;
	l.config.selected = 2;
	lab_run(&l);
	assert_string_equal(l.ended, "c.sh\na.sh\n");
	lab_expect(&l, "a.sh", VERDICT_PASSED, "");
	assert_int_equal(l.run.planned, 2);
	lab_deinit(&l);
}

CASE("run: an expected failure is as expected, and an unexpected pass is not")
{
	struct lab l;

	lab_init(&l);
	lab_script(&l, "a.sh", "# @Expect failed\nexit 1");
	lab_script(&l, "b.sh", "# @Expect failed\nexit 0");
	lab_run(&l);
	assert_true(lab_result(&l, "a.sh")->as_expected);
	assert_false(lab_result(&l, "b.sh")->as_expected);
	assert_int_equal(l.summary.unexpected, 1);
	lab_deinit(&l);
}

CASE("run: a pass after a failure is flaky, and every attempt keeps its output")
{
	struct lab l;
	char body[700];
	char *text;

	lab_init(&l);
	snprintf(body, sizeof body, "# @Retry 2\necho try; [ -f %s/seen ] || { touch %s/seen; exit 1; }",
	         harness_tmpdir(), harness_tmpdir());
	lab_script(&l, "a.sh", body);
	lab_script(&l, "b.sh", "# @Retry 2\nexit 4");
	lab_run(&l);
	lab_expect(&l, "a.sh", VERDICT_FLAKY, "after 1 failed attempt");
	assert_true(lab_result(&l, "a.sh")->as_expected);
	assert_int_equal(lab_result(&l, "a.sh")->attempt, 2);
	lab_expect(&l, "b.sh", VERDICT_FAILED, "exit status 4");
	assert_int_equal(lab_result(&l, "b.sh")->attempt, 3);
	assert_int_equal(l.summary.unexpected, 1);
	assert_int_equal(l.summary.ran, 2);
	text = lab_read(&l, "tests/a.sh/1/stdout");
	assert_string_equal(text, "try\n");
	free(text);
	lab_deinit(&l);
}

CASE("run: the run ends after as many unexpected results as were asked for")
{
	struct lab l;

	lab_init(&l);
	l.config.fail_fast = 2;
	lab_script(&l, "a.sh", "exit 1");
	lab_script(&l, "b.sh", "true");
	lab_script(&l, "c.sh", "exit 1");
	lab_script(&l, "d.sh", "true");
	lab_run(&l);
	assert_string_equal(l.ended, "a.sh\nb.sh\nc.sh\n");
	assert_string_equal(l.run.stop_reason, "fail-fast");
	lab_deinit(&l);
}

CASE("run: a pipe that is full when its writer has ended is read to the end, and the last line needs no newline")
{
	struct lab l;
	char *text;

	lab_init(&l);
	l.config.output_limit = 1 << 20;
	// what a pipe holds, by one write; then nobody is there any more
	lab_script(&l, "t.sh",
	           "head -c 65530 /dev/zero | tr '\\000' y >\"$TMPDIR/x\"; printf end >>\"$TMPDIR/x\"\n"
	           "exec dd if=\"$TMPDIR/x\" bs=65533 count=1 2>/dev/null");
	lab_run(&l);
	lab_expect(&l, "t.sh", VERDICT_PASSED, "");
	assert_int_equal(lab_result(&l, "t.sh")->stdout_bytes, 65533);
	text = lab_read(&l, "tests/t.sh/1/stdout");
	assert_string_equal(text + strlen(text) - 4, "yend");
	free(text);
	lab_deinit(&l);
}

CASE("run: what exits before its output is read is read to the end")
{
	const struct result *r;
	struct lab l;

	lab_run_script(&l, "seq 1 10000");
	r = lab_result(&l, "t.sh");
	assert_int_equal(r->stdout_bytes, 48894);
	lab_deinit(&l);
}

CASE("run: a hundred tests leave no descriptor and no process behind")
{
	struct lab l;
	int before, after;

	lab_init(&l);
	for (int i = 0; i < 100; i++) {
		char name[32];

		snprintf(name, sizeof name, "%03d.sh", i);
		lab_script(&l, name, i % 10 == 0 ? "sleep 5.0137 & kill -9 $$" : "true");
	}
	before = open("/dev/null", O_RDONLY);
	lab_run(&l);
	after = open("/dev/null", O_RDONLY);
	assert_int_equal(l.summary.ran, 100);
	assert_int_equal(l.summary.unexpected, 10);
	// the runner keeps descriptors 0 to 3 in use, so that one may be new
	assert_in_range(after, before + 1, before + 2);
	assert_int_equal(lab_processes("sleep 5.0137"), 0);
	lab_deinit(&l);
}

CASE("run: a test that leaves its process group is still ended by its time limit")
{
	struct lab l;

	lab_init(&l);
	lab_script(&l, "t.sh",
	           "# @Timeout 3s\nset -m\n(trap '' TERM; sleep 71.008) &\nsetsid sleep 71.008 &\nwait");
	lab_script(&l, "u.sh", "true");
	lab_run(&l);
	lab_expect(&l, "t.sh", VERDICT_TIMEOUT, "");
	lab_expect(&l, "u.sh", VERDICT_PASSED, "");
	assert_int_equal(lab_processes_after_wait("sleep 71.008"), 0);
	lab_deinit(&l);
}

// Tests in containers of their own.
#include "container.h"
#include "lab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void need_containers(void)
{
	struct err e = { 0 };

	if (container_check(NULL, &e) < 0)
		harness_skip(e.text);
}

static void begin(struct lab *l)
{
	need_containers();
	lab_init(l);
	l->config.container = true;
	l->config.container_init = RUNNER_INIT;
}

CASE("container: a test has its output, samples and temporary directory, and nothing else to write to")
{
	struct lab l;
	char *out;

	begin(&l);
	setenv("D", l.suite_dir, 1);
	lab_script(&l, "t.sh",
	           "echo '@@ lat total 5' >&$STRESSGEN_FD; echo x > \"$TMPDIR/file\" && echo yes\n"
	           "(echo x > \"$D/file\") 2>/dev/null || echo no; (echo x > /etc/file) 2>/dev/null || echo no\n"
	           "ls /proc | grep -c '^[0-9]' | { read n; [ $n -lt 12 ] && echo few; }\n"
	           "[ $(wc -l < /proc/net/dev) = 3 ] && echo lo");
	lab_run(&l);
	lab_expect(&l, "t.sh", VERDICT_PASSED, "exit status 0");
	assert_int_equal(lab_result(&l, "t.sh")->series_count, 1);
	assert_non_null(strstr(lab_result(&l, "t.sh")->containment, "container (bubblewrap)"));
	out = lab_read(&l, "tests/t.sh/1/stdout");
	assert_string_equal(out, "yes\nno\nno\nfew\nlo\n");
	free(out);
	lab_deinit(&l);
}

CASE("container: signals, time limits and escaped processes are told as without one")
{
	struct lab l;

	begin(&l);
	lab_script(&l, "crash.sh", "kill -SEGV $$");
	lab_script(&l, "exit.sh", "exit 7");
	lab_script(&l, "number.sh", "exit 139");
	lab_script(&l, "hang.sh", "# @Timeout 4s\ntrap '' TERM\nwhile :; do sleep 71.005; done");
	lab_script(&l, "escape.sh", "(setsid sleep 71.006 >/dev/null 2>&1 &); sleep 2");
	lab_script(&l, "quick.sh", "(setsid true >/dev/null 2>&1 &); exit 0");
	lab_run(&l);
	lab_expect(&l, "crash.sh", VERDICT_CRASHED, "SIGSEGV");
	lab_expect(&l, "exit.sh", VERDICT_FAILED, "exit status 7");
	lab_expect(&l, "number.sh", VERDICT_FAILED, "exit status 139");
	lab_expect(&l, "hang.sh", VERDICT_TIMEOUT, "it took SIGKILL to end it");
	lab_expect(&l, "escape.sh", VERDICT_LEAKED, "left 1 process behind: sleep 71.006 (in its container)");
	lab_expect(&l, "quick.sh", VERDICT_PASSED, "exit status 0");
	assert_int_equal(lab_processes_after_wait("sleep 71.00"), 0);
	lab_deinit(&l);
}

CASE("container: a test has its time after SIGTERM, which it gets once")
{
	struct lab l;
	char *out;

	begin(&l);
	l.config.grace_ns = UINT64_C(120000000000);
	lab_script(&l, "t.sh",
	           "# @Timeout 4s\nend() { n=$((n + 1)); sleep 1; echo \"ended $n\"; exit 3; }\ntrap end TERM\n"
	           "while :; do sleep 0.05; done");
	lab_run(&l);
	lab_expect(&l, "t.sh", VERDICT_TIMEOUT, "it ended after SIGTERM");
	assert_int_equal(lab_result(&l, "t.sh")->exit_code, 3);
	out = lab_read(&l, "tests/t.sh/1/stdout");
	assert_string_equal(out, "ended 1\n");
	free(out);
	lab_deinit(&l);
}

CASE("container: without a first process of ours bubblewrap's own one does")
{
	struct lab l;

	begin(&l);
	l.config.container_init = NULL;
	lab_script(&l, "crash.sh", "kill -SEGV $$");
	lab_script(&l, "exit.sh", "exit 7");
	lab_run(&l);
	lab_expect(&l, "crash.sh", VERDICT_CRASHED, "SIGSEGV");
	lab_expect(&l, "exit.sh", VERDICT_FAILED, "exit status 7");
	lab_deinit(&l);
}

CASE("container: several at a time are as good")
{
	struct lab l;

	begin(&l);
	lab_run_several(&l);
	lab_deinit(&l);
}

CASE("container: a root directory that is none is refused before anything runs")
{
	struct lab l;

	begin(&l);
	l.config.container_root = "/nonexistent";
	lab_script(&l, "t.sh", "true");
	lab_run(&l);
	assert_int_equal(l.rc, -EINVAL);
	assert_non_null(strstr(l.err.text, "--container-root /nonexistent"));
	lab_deinit(&l);
}

CASE("wrap: the command in front gets the test's, and its own program is found")
{
	struct lab l;
	char *out;

	lab_init(&l);
	l.config.wrap = "env WRAPPED='a b'";
	lab_script(&l, "t.sh", "echo \"$WRAPPED\"");
	lab_run(&l);
	lab_expect(&l, "t.sh", VERDICT_PASSED, "");
	out = lab_read(&l, "tests/t.sh/1/stdout");
	assert_string_equal(out, "a b\n");
	free(out);
	lab_deinit(&l);
}

CASE("keep: what a test left in its temporary directory is in the run, and HOME is there too when asked for")
{
	struct lab l;
	char *kept;

	lab_init(&l);
	l.config.keep = true;
	l.config.clean_home = true;
	lab_script(&l, "t.sh", "[ \"$HOME\" = \"$TMPDIR\" ] && echo left > \"$TMPDIR/behind\"");
	lab_run(&l);
	lab_expect(&l, "t.sh", VERDICT_PASSED, "");
	kept = lab_read(&l, "tests/t.sh/1/tmp/behind");
	assert_string_equal(kept, "left\n");
	free(kept);
	lab_deinit(&l);
}

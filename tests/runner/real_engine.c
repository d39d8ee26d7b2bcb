// What podman's and docker's tests share: what they must do for the runner, each with a storage of its own.
#include "real_engine.h"

#include "command.h"

#include "clock.h"
#include "proc.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct real_engine *engine;
static char sleep_command[32]; // of this test alone; its environment does not get into a container

static unsigned sleepers(void)
{
	struct pid_list all = { 0 };
	unsigned count = 0;

	proc_all(&all);
	for (size_t i = 0; i < all.count; i++) {
		struct buf name = { 0 };
		struct proc_stat st;

		proc_name(all.pids[i], &name);
		count += strncmp(buf_text(&name), sleep_command, strlen(sleep_command)) == 0 &&
		         proc_stat(all.pids[i], &st) == 0 && st.state != 'Z';
		buf_deinit(&name);
	}
	pid_list_deinit(&all);
	return count;
}

static void wait_for_sleepers(unsigned least, unsigned most)
{
	const uint64_t until = clock_now_ns() + 120 * SG_NS_PER_S;
	unsigned count;

	while ((count = sleepers()) < least || count > most) {
		assert_true(clock_now_ns() < until);
		usleep(10000);
	}
}

int sh(const char *format, ...)
{
	char command[4096];
	va_list args;
	int status;

	va_start(args, format);
	vsnprintf(command, sizeof command, format, args);
	va_end(args);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void need_program(const char *program)
{
	char *found = command_find(program);

	if (found == NULL) {
		print_message("%s is not installed\n", program);
		skip();
	}
	free(found);
}

// The engine with its storage, and the image.
static void begin(struct lab *l, const struct real_engine *e)
{
	const char *dir = harness_tmpdir();

	engine = e;
	snprintf(sleep_command, sizeof sleep_command, "sleep 77.%07d", getpid());
	need_program("busybox");
	e->begin();
	if (sh("cd '%s' && mkdir -p r/bin r/tmp r/proc r/dev r/sys r/etc && cp \"$(command -v busybox)\" r/bin/ && "
	       "for a in cat dd dirname kill setsid sh sleep tr; do ln -sf busybox r/bin/$a; done && "
	       "tar -C r -cf r.tar . && %s import r.tar " IMAGE " >import.log 2>&1",
	       dir, e->command) != 0 ||
	    sh("%s run --rm --network=none --ulimit=nofile=64:64 --ulimit=nproc=1000:1000 --memory=64m " IMAGE
	       " /bin/sh -c 'exit 0' >'%s/try.log' 2>&1",
	       e->command, dir) != 0) {
		sh("tail -n 2 '%s/import.log' '%s/try.log'", dir, dir);
		e->end();
		print_message("%s cannot start containers here\n", e->name);
		skip();
	}
	lab_init(l);
	l->config.container = true;
	l->config.container_engine = e->command;
	l->config.container_image = IMAGE;
	l->config.container_init = RUNNER_INIT;
}

static void finish(struct lab *l)
{
	assert_int_equal(sh("[ -z \"$(%s ps -aq)\" ]", engine->command), 0); // nothing is left of any container
	engine->end();
	lab_deinit(l);
}

static void run(struct lab *l)
{
	lab_run(l);
	assert_int_equal(l->rc, 0);
}

void engine_tests_run(const struct real_engine *e)
{
	struct lab l;
	char *text, script[200];

	begin(&l, e);
	lab_script(&l, "a-passes.sh",
	           "# @Memory 64\necho out; echo err >&2; echo '@@ lat total 5' >&$STRESSGEN_FD\n"
	           "[ ! -e /usr/bin ] && echo x >\"$TMPDIR/file\" && [ -d \"$STRESSGEN_TELEMETRY_DIR\" ] && "
	           "! echo x 2>/dev/null >/file");
	lab_script(&l, "b-fails.sh", "exit 7");
	snprintf(script, sizeof script, "# @Timeout 10s\ntrap '' TERM\nwhile :; do %s; done", sleep_command);
	lab_script(&l, "c-hangs.sh", script);
	snprintf(script, sizeof script, "(setsid %s >/dev/null 2>&1 &); exit 0", sleep_command);
	lab_script(&l, "d-daemon.sh", script);
	lab_script(&l, "e-forks.sh", "# @Procs 8\nfor i in 1 2 3 4 5 6 7 8 9 10; do sleep 1 & done\nwait");
	run(&l);
	lab_expect(&l, "a-passes.sh", VERDICT_PASSED, "exit status 0");
	lab_expect(&l, "b-fails.sh", VERDICT_FAILED, "exit status 7");
	lab_expect(&l, "c-hangs.sh", VERDICT_TIMEOUT, "");
	lab_expect(&l, "d-daemon.sh", VERDICT_LEAKED, sleep_command);
	lab_expect(&l, "e-forks.sh", VERDICT_FAILED, "tried to have more than 8 processes");
	assert_int_equal(lab_result(&l, "a-passes.sh")->series_count, 1);
	snprintf(script, sizeof script, "container (%s)", e->name);
	assert_non_null(strstr(lab_result(&l, "a-passes.sh")->containment, script));
	snprintf(script, sizeof script, "memory 64.0 MiB (%s)", e->name);
	assert_non_null(strstr(lab_result(&l, "a-passes.sh")->limits, script));
	text = lab_read(&l, "tests/a-passes.sh/1/stdout");
	assert_string_equal(text, "out\n");
	free(text);
	// the test's own memory is measured, not podman's, which is ten times as large
	assert_in_range(lab_result(&l, "c-hangs.sh")->peak_rss_bytes, 1, 16 << 20);
	wait_for_sleepers(0, 0);
	finish(&l);
}

void engine_tells_memory(const struct real_engine *e)
{
	struct lab l;
	const struct result *r;

	begin(&l, e);
	if (!e->says_memory && access("/dev/kmsg", R_OK) < 0) {
		print_message("the kernel's log cannot be read, and %s does not say it\n", e->name);
		finish(&l);
		skip();
	}
	lab_script(
	        &l, "t.sh",
	        "# @Memory 32\nx=$(dd if=/dev/zero bs=1048576 count=200 2>/dev/null | tr '\\000' x)\necho ${#x}");
	run(&l);
	r = lab_result(&l, "t.sh");
	assert_int_equal(r->verdict, VERDICT_OUT_OF_MEMORY);
	assert_non_null(strstr(r->evidence, e->name));
	finish(&l);
}

void engine_tells_ends(const struct real_engine *e)
{
	struct lab l;

	begin(&l, e);
	lab_script(&l, "t.sh", "kill -SEGV $$\nexit 0");
	lab_script(&l, "u.sh", "exit 139");
	run(&l);
	lab_expect(&l, "t.sh", VERDICT_CRASHED, "SIGSEGV");
	lab_expect(&l, "u.sh", VERDICT_FAILED, "exit status 139");
	finish(&l);
}

void engine_runs_several(const struct real_engine *e)
{
	char script[100];
	struct lab l;
	int status = 0;
	pid_t pid;

	begin(&l, e);
	l.config.workers = 2;
	snprintf(script, sizeof script, "exec %s", sleep_command);
	lab_script(&l, "a.sh", script);
	lab_script(&l, "b.sh", script);
	pid = lab_run_apart(&l);
	wait_for_sleepers(2, 2);
	kill(pid, SIGINT);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), SIGINT);
	wait_for_sleepers(0, 0);
	lab_load(&l);
	lab_expect(&l, "a.sh", VERDICT_INTERRUPTED, "SIGINT");
	lab_expect(&l, "b.sh", VERDICT_INTERRUPTED, "SIGINT");
	finish(&l);
}

void engine_survives_kill(const struct real_engine *e)
{
	char script[300];
	struct lab l;
	pid_t pid;

	begin(&l, e);
	snprintf(script, sizeof script, "[ -e '%s/go' ] && exit 0\nexec %s", harness_tmpdir(), sleep_command);
	lab_script(&l, "t.sh", script);
	pid = lab_run_apart(&l);
	wait_for_sleepers(1, 1);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	// The guardian's work, of which the sleeper's end is only the beginning.
	for (int i = 0; i < 1200 && sh("[ -z \"$(%s ps -aq)\" ]", e->command) != 0; i++)
		usleep(100000);
	wait_for_sleepers(0, 0);
	finish(&l);
}

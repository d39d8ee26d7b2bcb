// What there is before the first test: measuring, refusals, and what they leave.
#include "e2e.h"

#include "harness.h"
#include "io.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

// Until the line's exit code is 0, for a minute at most.
static void wait_until(const char *dir, const char *line)
{
	for (int i = 0; i < 600; i++) {
		struct outcome o = e2e_shell(dir, line);
		const int code = o.exit_code;

		outcome_deinit(&o);
		if (code == 0)
			return;
		pause_ms(100);
	}
	fail_msg("never: %s", line);
}

static const char *two_tests(void)
{
	const char *dir = harness_tmpdir();

	e2e_write(dir, "s/a.sh", "#!/bin/sh\nsleep 0.01\n", true);
	e2e_write(dir, "s/b.sh", "#!/bin/sh\nsleep 0.01\n", true);
	return dir;
}

CASE("e2e: a run that is killed while it measures slabs leaves neither a directory nor a process")
{
	const char *dir = harness_tmpdir();
	struct outcome o;
	int status;
	pid_t pid;

	e2e_write(
	        dir, "s/t.lua",
	        "-- @Run {stressgen:lua} --pool slab-fixed --capacity {param:slab-capacity} {file}\n"
	        "-- @Param slab-capacity=auto\n"
	        "local f = io.open('pid', 'w')\nf:write(io.open('/proc/self/stat'):read('n'), '\\n')\nf:close()\n"
	        "while true do end\n",
	        false);
	pid = E2E_START(dir, "run", "s");
	wait_until(dir, "test -s pid");
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	wait_until(dir, "! kill -0 $(cat pid) 2>/dev/null || grep -q '^State:.Z' /proc/$(cat pid)/status");
	o = e2e_shell(dir, "ls -d s stressgen-runs pid");
	assert_string_equal(buf_text(&o.out), "pid\ns\n");
	outcome_deinit(&o);
}

CASE("e2e: a directory that cannot be made is said before anything is measured")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	e2e_write(dir, "s/t.lua",
	          "-- @Run {stressgen:lua} --pool slab-fixed --capacity {param:slab-capacity} {file}\n"
	          "-- @Param slab-capacity=auto\nprint('fine')\n",
	          false);
	e2e_write(dir, "file", "", false);
	o = E2E(dir, "run", "s", "-o", "file/run");
	assert_int_equal(o.exit_code, 2);
	assert_string_equal(buf_text(&o.err),
	                    "stressgen: file/run: cannot be made a directory: Not a directory\n");
	outcome_deinit(&o);
	o = E2E(dir, "run", "s", "-o", "new/deep/run", "--quiet");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
}

CASE("e2e: a run that is refused is not said to be running, and is not the latest")
{
	const char *dir = two_tests();
	struct outcome o = E2E(dir, "run", "s", "-o", "run", "--quiet");

	outcome_deinit(&o);
	o = E2E(dir, "run", "s", "-o", "run", "--events", "events");
	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "run: there is a run already");
	assert_null(strstr(buf_text(&o.err), "running"));
	outcome_deinit(&o);
	o = e2e_shell(dir, "wc -c <events; ls stressgen-runs 2>&1");
	assert_contains(buf_text(&o.out), "0\n");
	assert_contains(buf_text(&o.out), "No such file");
	outcome_deinit(&o);
}

CASE("e2e: a budget that nothing fits into says what the shortest test takes")
{
	const char *dir = two_tests();
	struct outcome o = E2E(dir, "run", "s", "--quiet");

	outcome_deinit(&o);
	o = E2E(dir, "run", "s", "--budget", "1us");
	assert_int_equal(o.exit_code, 4);
	assert_contains(buf_text(&o.err), "no test fits into --budget 1.00 us: by the times of earlier runs the "
	                                  "shortest takes ");
	assert_null(strstr(buf_text(&o.err), " 0 ns"));
	outcome_deinit(&o);
}

CASE("e2e: what cannot be meant is one clear line and exit 2, before anything runs")
{
	static const struct {
		const char *line, *said;
		int code;
	} rows[] = {
		{ "run s --between ''", "--between is empty; write the command that resets state", 2 },
		{ "run s --only ''", "--only is empty; leave it out to select everything", 2 },
		{ "run s --filter ''", "--filter is empty; leave it out to select everything", 2 },
		{ "run s --tag ,", "--tag is empty; leave it out to select everything", 2 },
		{ "run s --kind nope", "--kind nope: a kind is one of gc, recursion, http2, alloc, other", 2 },
		{ "run s --priority P9", "--priority P9: a priority is one of P0 (first), P1, P2, P3", 2 },
		{ "run s --io 5", "--io 5: I/O is written 10MB/s, 500/s, or both", 2 },
		{ "run s --wrap \"'open\"", "--wrap 'open: it has a ' without its other half", 2 },
		{ "run s --wrap nowhere", "--wrap nowhere: program not found: nowhere", 3 },
		{ "run s --parallel --container-seq", "--container-seq and --parallel contradict each other", 2 },
		{ "run s --parallel --safe-mode", "--safe-mode and --parallel contradict each other", 2 },
		{ "run -- ''", "the command behind '--' is an empty word", 2 },
		{ "run s s", "s: is not a file: one suite can be run, or files", 2 },
		{ "run plain", "stressgen: plain: cannot be executed and its extension is not known", 2 },
	};
	const char *dir = two_tests();
	struct outcome o;

	e2e_write(dir, "plain", "x\n", false);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char line[200];

		snprintf(line, sizeof line, "stressgen %s", rows[i].line);
		o = e2e_shell(dir, line);
		assert_contains(buf_text(&o.err), rows[i].said);
		assert_ptr_equal(strchr(buf_text(&o.err), '\n'), buf_text(&o.err) + o.err.len - 1);
		assert_int_equal(o.exit_code, rows[i].code);
		outcome_deinit(&o);
	}
	o = e2e_shell(dir, "ls -A stressgen-runs 2>/dev/null | grep .");
	assert_int_equal(o.exit_code, 1); // nothing was left behind
	outcome_deinit(&o);
}

CASE("e2e: --resume is refused beside a suite that is not the run's")
{
	const char *dir = two_tests();
	struct outcome o = E2E(dir, "run", "s", "--quiet");

	outcome_deinit(&o);
	e2e_write(dir, "other/c.sh", "#!/bin/sh\n", true);
	o = E2E(dir, "run", "other", "--resume");
	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "other is not the suite of stressgen-runs/");
	outcome_deinit(&o);
	o = E2E(dir, "run", "s", "--resume");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
}

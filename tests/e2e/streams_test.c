// Standard streams that are closed or full.
#include "e2e.h"

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

// The exit code of `stressgen WORDS` in a shell, in the case's directory.
static int shell(const char *words)
{
	char command[1024];
	int status;

	snprintf(command, sizeof command, "cd '%s' && timeout 60 " SG_BUILD_DIR "/bin/stressgen %s",
	         harness_tmpdir(), words);
	status = system(command);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

CASE("e2e: no command succeeds when what it prints is lost")
{
	static const char *const commands[] = { "-h",      "--help", "version",         "list",
		                                "targets", "doctor", "completion bash", "--show-config" };
	char words[64];

	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		snprintf(words, sizeof words, "%s >/dev/full 2>err.txt", commands[i]);
		assert_int_equal(shell(words), 2);
		snprintf(words, sizeof words, "%s >&- 2>err.txt", commands[i]);
		assert_int_equal(shell(words), 2);
	}
}

CASE("e2e: exit is 6 when a run's summary is lost, and the run is whole")
{
	struct outcome o;

	e2e_suite();
	assert_int_equal(shell("run suite --only other/pass -o out >/dev/full 2>err.txt"), 6);
	o = E2E(harness_tmpdir(), "report", "out");
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), "\n1 passed, 0 failed, 0 skipped\n");
	outcome_deinit(&o);
}

CASE("e2e: a run goes on when stdin, stderr or all three streams are closed")
{
	e2e_suite();
	assert_int_equal(shell("run suite --only other/pass -o a <&- >out.txt 2>err.txt"), 0);
	assert_int_equal(shell("run suite --only other/pass -o b 2>&- >out.txt"), 0);
	assert_int_equal(shell("run suite --only other/pass -o c <&- >&- 2>&-"), 6);
	assert_int_equal(shell("report c >out.txt 2>err.txt"), 0);
}

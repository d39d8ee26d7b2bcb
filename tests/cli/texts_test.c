// What the binary says of itself, and the texts that are generated from its tables.
#include "e2e.h"

#include "harness.h"
#include "io.h"

#include <stdlib.h>
#include <string.h>

static const char *const commands[] = { "gen",     "run",    "report",     "compare", "list",
	                                "targets", "doctor", "completion", "version" };

CASE("cli: every command has a help with examples when asked")
{
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		struct outcome o = E2E(harness_tmpdir(), commands[i], "--help");
		assert_int_equal(o.exit_code, 0);
		assert_contains(buf_text(&o.out), "Usage: stressgen");
		assert_contains(buf_text(&o.out), "Exit codes:");
		outcome_deinit(&o);
	}
}

CASE("cli: the short help names every command when -h is given")
{
	struct outcome o = E2E(harness_tmpdir(), "-h");

	assert_int_equal(o.exit_code, 0);
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		assert_contains(buf_text(&o.out), commands[i]);
	outcome_deinit(&o);
}

CASE("cli: a command's short help has its own options when -h stands behind it")
{
	struct outcome o = E2E(harness_tmpdir(), "h2", "-h"), full = E2E(harness_tmpdir(), "h2", "--help");
	struct outcome report = E2E(harness_tmpdir(), "report", "-h");

	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), "Usage: stressgen h2 ");
	assert_contains(buf_text(&o.out), "--requests-per-connection");
	assert_null(strstr(buf_text(&o.out), "--jemalloc-cap"));
	const char *every = strstr(buf_text(&full.out), "Options of every run:");
	assert_non_null(every);
	assert_true(strstr(buf_text(&full.out), "--requests-per-connection") < every);
	assert_true(strstr(buf_text(&full.out), "--jemalloc-cap") > every);
	assert_contains(buf_text(&report.out), "stressgen report --help has every option");
	outcome_deinit(&o);
	outcome_deinit(&full);
	outcome_deinit(&report);
}

CASE("cli: the version goes to stdout when asked in either way")
{
	struct outcome option = E2E(harness_tmpdir(), "--version");
	struct outcome command = E2E(harness_tmpdir(), "version");

	assert_int_equal(option.exit_code, 0);
	assert_string_equal(buf_text(&option.out), buf_text(&command.out));
	assert_contains(buf_text(&option.out), "stressgen ");
	outcome_deinit(&option);
	outcome_deinit(&command);
}

CASE("cli: README's table of options is the one that the binary prints")
{
	struct outcome o = E2E(harness_tmpdir(), "completion", "markdown");
	struct buf readme = { 0 };

	assert_int_equal(o.exit_code, 0);
	assert_true(io_read_file(SG_SOURCE_DIR "/README.md", 1 << 20, &readme, NULL) >= 0);
	if (strstr(buf_text(&readme), buf_text(&o.out)) == NULL)
		fail_msg("README.md's table is stale: paste what 'stressgen completion markdown' prints");
	buf_deinit(&readme);
	outcome_deinit(&o);
}

CASE("cli: shell completion is valid shell when it is generated for bash")
{
	struct outcome o = E2E(harness_tmpdir(), "completion", "bash");
	struct outcome unknown = E2E(harness_tmpdir(), "completion", "tcsh");

	e2e_write(harness_tmpdir(), "completion.bash", buf_text(&o.out), false);
	assert_int_equal(setenv("SG_DIR", harness_tmpdir(), 1), 0);
	assert_int_equal(system("bash -n \"$SG_DIR/completion.bash\""), 0);
	assert_contains(buf_text(&o.out), "--slab-capacity");
	assert_int_equal(unknown.exit_code, 2);
	outcome_deinit(&o);
	outcome_deinit(&unknown);
}

// What bash offers behind `words`, sorted, in a file named offers.txt.
static void assert_bash_offers(const char *words, const char *expected)
{
	char command[1024];

	snprintf(
	        command, sizeof command,
	        "cd '%s' && bash -c '. ./completion.bash; COMP_WORDS=(%s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); "
	        "_stressgen; echo ${COMPREPLY[*]}' >offers.txt && test \"$(cat offers.txt)\" = '%s'",
	        harness_tmpdir(), words, expected);
	if (system(command) != 0)
		fail_msg("bash does not offer '%s' for: %s", expected, words);
}

CASE("cli: bash offers options behind a dash, choices behind their option, and commands first")
{
	struct outcome o = E2E(harness_tmpdir(), "completion", "bash");

	e2e_write(harness_tmpdir(), "completion.bash", buf_text(&o.out), false);
	assert_bash_offers("stressgen comp", "compare completion");
	assert_bash_offers("stressgen --slab-c", "--slab-capacity");
	assert_bash_offers("stressgen run --dep", ""); // an option of another command
	assert_bash_offers("stressgen --color \"\"", "auto always never");
	assert_bash_offers("stressgen report --format j", "json junit");
	assert_bash_offers("stressgen completion m", "man markdown");
	assert_bash_offers("stressgen run -o \"\"", ""); // then readline offers files
	outcome_deinit(&o);
}

CASE("cli: show-config tells where each value came from when a file, the environment and a flag say something")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	e2e_write(dir, "stressgen.conf", "depth = 77\ntimeout = 5s\ngrace = 1s\n", false);
	setenv("STRESSGEN_TIMEOUT", "6s", 1);
	o = E2E(dir, "--show-config", "--grace", "9s");
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), "stressgen.conf:1");
	assert_contains(buf_text(&o.out), "STRESSGEN_TIMEOUT");
	assert_contains(buf_text(&o.out), "command line");
	outcome_deinit(&o);
}

CASE("cli: file and line are named and exit is 2 when the config file has a typo")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	e2e_write(dir, "stressgen.conf", "\ndetph = 77\n", false);
	o = E2E(dir, "targets");
	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "stressgen.conf:2");
	assert_contains(buf_text(&o.err), "did you mean 'depth'?");
	outcome_deinit(&o);
}

CASE("cli: targets lists the embedded Lua's policies and python3 when asked")
{
	struct outcome o = E2E(harness_tmpdir(), "targets");

	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), "lua@slab-fixed");
	assert_contains(buf_text(&o.out), "lua@jemalloc");
	assert_contains(buf_text(&o.out), "python3");
	outcome_deinit(&o);
}

CASE("cli: list shows the catalogue, and a suite's tests when one is given")
{
	const char *dir = e2e_suite();
	struct outcome catalogue = E2E(dir, "list");
	struct outcome suite = E2E(dir, "list", "suite", "--only", "other/*");

	assert_contains(buf_text(&catalogue.out), "recursion/countdown");
	assert_int_equal(suite.exit_code, 0);
	assert_contains(buf_text(&suite.out), "other/segv");
	assert_null(strstr(buf_text(&suite.out), "alloc/hog"));
	outcome_deinit(&catalogue);
	outcome_deinit(&suite);
}

// Runtimes that come from the config file, and choosing among all of them.
#include "e2e.h"

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The toy language as a runtime of the person's own.
static const char *configure(const char *more)
{
	const char *dir = harness_tmpdir();
	struct buf text = { 0 };

	buf_addf(&text, "[target mine]\ndialect = mylisp\ncommand = %s\n%s", SG_TOY_COMMAND, more);
	e2e_write(dir, "stressgen.conf", buf_text(&text), false);
	buf_deinit(&text);
	return dir;
}

CASE("e2e: a runtime from the config file is listed and runs, in its directory and with its environment")
{
	const char *dir = configure("directory = /\nenvironment = TOY=a b\nenvironment = OTHER=1\n"
	                            "pattern = heap 1 err out of toys\n");
	struct outcome o = E2E(dir, "targets", "--dialect", SG_TOY_DIALECT);

	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), "  mine ");
	assert_contains(buf_text(&o.out), "stressgen.conf:1");
	outcome_deinit(&o);
	o = E2E(dir, "--dialect", SG_TOY_DIALECT, "--target", "mine", "--kernel", "recursion/sum", "--no-http2",
	        "-o", "out");
	assert_contains(buf_text(&o.out), "2 passed, 0 failed");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
}

CASE("e2e: what a suite says of a runtime from the config file is how it runs")
{
	const char *dir =
	        configure("directory = /tmp\nenvironment = TOY=it's\npattern = heap 1 err out of toys\n");
	struct outcome o = E2E(dir, "gen", "--dialect", SG_TOY_DIALECT, "--target", "mine", "--kernel",
	                       "recursion/countdown", "-o", "suite");
	char path[400];
	struct buf text = { 0 };
	FILE *f;

	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	snprintf(path, sizeof path, "%s/suite/recursion/countdown-1000.mine.mylisp", dir);
	f = fopen(path, "r");
	assert_non_null(f);
	for (int c; (c = getc(f)) != EOF;)
		buf_addc(&text, (char)c);
	fclose(f);
	assert_contains(buf_text(&text), "@Run env -C '/tmp' 'TOY=it'\\''s' ");
	buf_deinit(&text);
	snprintf(path, sizeof path, "%s/suite/suite.json", dir);
	f = fopen(path, "r");
	for (int c; f != NULL && (c = getc(f)) != EOF;)
		buf_addc(&text, (char)c);
	fclose(f);
	assert_contains(buf_text(&text), "out of toys");
	buf_deinit(&text);
}

static void refuse(const char *lines, const char *why)
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	e2e_write(dir, "stressgen.conf", lines, false);
	o = E2E(dir, "targets");
	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), why);
	outcome_deinit(&o);
}

CASE("e2e: the line is named when a target's section is wrong")
{
	refuse("[target a]\ndialect = lua\n", "stressgen.conf:1: [target a] has no 'command = ...'");
	refuse("[target a]\ncommand = x {file}\n", "stressgen.conf:1: [target a] has no 'dialect = ...'");
	refuse("[target a]\ndialect = lua\ncommand = x\n",
	       "stressgen.conf:1: [target a]: its command has no {file}");
	refuse("[target a]\ndialect = luo\ncommand = x {file}\n", "unknown dialect 'luo'; did you mean lua?");
	refuse("[target a/b]\n", "stressgen.conf:1: a target's name has letters");
	refuse("[target a]\ncomand = x\n", "stressgen.conf:2: a target has no 'comand'; did you mean 'command'?");
	refuse("[target a]\nenvironment = x\n", "stressgen.conf:2: environment is NAME=VALUE");
	refuse("[target a]\npattern = heap 1 err\n", "stressgen.conf:2: a pattern is CLASS EXIT STREAM REGEX");
	refuse("[target a]\npattern = hep 1 err x\n", "stressgen.conf:2: a pattern's class is one of");
	refuse("[targets a]\n", "stressgen.conf:1: unknown section [targets a]");
	refuse("[target a\n", "a section's name ends with ']'");
	refuse("[target a]\n[target a]\n", "stressgen.conf:2: [target a] is at ");
}

CASE("e2e: targets are chosen by name, by dialect, by what stands before the @, or all")
{
	const char *dir = harness_tmpdir();
	struct outcome o = E2E(dir, "gen", "-k", "recursion/sum", "--target", "lua@malloc", "-o", "a");

	assert_contains(buf_text(&o.err), "for lua@malloc, depth");
	outcome_deinit(&o);
	o = E2E(dir, "gen", "-k", "recursion/sum", "--target", "lua", "-o", "b");
	assert_contains(buf_text(&o.err), "for lua@slab-fixed, lua@jemalloc, lua@malloc, depth");
	outcome_deinit(&o);
	o = E2E(dir, "gen", "-k", "recursion/sum", "--target", "all", "-o", "c");
	assert_contains(buf_text(&o.err), "lua@malloc");
	assert_contains(buf_text(&o.err), "python3");
	outcome_deinit(&o);
	o = E2E(dir, "gen", "-k", "recursion/sum", "--target", "pyton3", "-o", "d");
	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "unknown target 'pyton3'; did you mean python3?");
	outcome_deinit(&o);
}

CASE("e2e: programs are written in every language, whether it is here or not")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	setenv("PATH", "/nonexistent", 1);
	o = E2E(dir, "gen", "-k", "recursion/sum", "--dialect", "all", "-o", "suite");
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.err), "python3");
	outcome_deinit(&o);
	o = E2E(dir, "gen", "-k", "recursion/sum", "--dialect", "nolang", "-o", "suite");
	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "--dialect: unknown dialect 'nolang'");
	outcome_deinit(&o);
}

CASE("e2e: a target runs by its coverage tool, and what that notes is kept")
{
	const char *dir = harness_tmpdir();
	char command[600];
	struct outcome o;

	if (system("command -v node > /dev/null") != 0)
		harness_skip("no node in PATH");
	o = E2E(dir, "--coverage", "--target", "node", "-k", "recursion/sum", "--depth", "1000", "-o", "out");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	snprintf(command, sizeof command, "ls %s/out/tests/*/1/tmp/coverage/*.json > /dev/null", dir);
	assert_int_equal(system(command), 0);
}

// Runtimes that come from the config file, and choosing among all of them.
#include "e2e.h"

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	assert_contains(buf_text(&o.err),
	                "for lua@slab-fixed, lua@jemalloc, lua@malloc, lua@slab-gc, lua@slab-chain, lua@arena, "
	                "lua@jemalloc-capped, depth");
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

// What `stressgen targets` says of the runtime [target mine] whose program prints its version like this.
static void expect_version(const char *script, const char *lines, const char *said)
{
	const char *dir = harness_tmpdir();
	struct buf text = { 0 };
	struct outcome o;

	buf_addf(&text, "[target mine]\ndialect = lua\ncommand = ./rt {file}\ndirectory = %s\n%s", dir, lines);
	e2e_write(dir, "stressgen.conf", buf_text(&text), false);
	e2e_write(dir, "rt", script, true);
	o = E2E(dir, "targets");
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), said);
	outcome_deinit(&o);
	buf_deinit(&text);
}

CASE("e2e: a version is asked for in the runtime's directory, with its environment")
{
	expect_version("#!/bin/sh\n[ \"$1\" = -v ] && echo \"mine $NUMBER\"\n",
	               "environment = NUMBER=7.8.9\nversion = ./rt -v\n", "  mine                   7.8.9 ");
}

CASE("e2e: stressgen targets ends when a runtime reads stdin, ignores SIGTERM or leaves a child that holds its output")
{
	expect_version("#!/bin/sh\ncat\necho v1.2.3\n", "version = ./rt\n", "  mine                   1.2.3 ");
	expect_version("#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 1; done\n", "version = ./rt\n",
	               "  mine                  ");
	expect_version("#!/bin/sh\nsleep 1000 &\necho 4.5.6\n", "version = ./rt\n",
	               "  mine                   4.5.6 ");
}

CASE("e2e: the package that brings a runtime is named where it is missing, and in the list once each")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	setenv("PATH", "/nonexistent", 1);
	o = E2E(dir, "targets");
	assert_contains(buf_text(&o.out), "To bring them: apt-get install ");
	assert_contains(buf_text(&o.out), " mruby ");
	assert_contains(buf_text(&o.out), " ruby ");
	outcome_deinit(&o);
	o = E2E(dir, "gen", "-k", "recursion/sum", "--target", "node", "-o", "a");
	assert_int_equal(o.exit_code, 3);
	assert_contains(buf_text(&o.err), "no node in PATH; try: apt-get install nodejs");
	outcome_deinit(&o);
}

CASE("e2e: a test whose runtime is missing says so, with the package that brings it")
{
	const char *dir = harness_tmpdir();
	struct outcome o = E2E(dir, "gen", "-k", "recursion/sum", "--dialect", "ruby", "-o", "suite");

	struct buf path = { 0 };

	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	buf_addf(&path, "%s/env", dir);
	assert_int_equal(symlink("/usr/bin/env", buf_text(&path)), 0);
	buf_deinit(&path);
	setenv("PATH", dir, 1);
	o = E2E(dir, "run", "suite", "-o", "run");
	assert_int_equal(o.exit_code, 1);
	assert_contains(buf_text(&o.out), "program not found: ruby; try: apt-get install ruby");
	assert_null(strstr(buf_text(&o.out), "No such file"));
	outcome_deinit(&o);
}

// A tree as valk's: it finds its prelude only in its own directory, and its limit only in the environment.
static const char *fake_valk(const char *last_line)
{
	const char *dir = harness_tmpdir();
	struct buf text = { 0 };

	e2e_write(dir, "prelude.valk", "", false);
	buf_addf(&text,
	         "#!/bin/sh\n[ -f prelude.valk ] && [ \"$1\" = prelude.valk ] || { echo no prelude; exit 9; }\n"
	         "[ \"$VALK_HEAP_HARD_LIMIT\" = 1073741824 ] || { echo no limit; exit 9; }\n%s\n",
	         last_line);
	e2e_write(dir, "valk", buf_text(&text), true);
	buf_deinit(&text);
	buf_addf(&text,
	         "[target valk]\ndialect = mylisp\ncommand = ./valk prelude.valk {file}\ndirectory = %s\n"
	         "environment = VALK_HEAP_HARD_LIMIT=1073741824\n"
	         "pattern = slab SIGTRAP err slab is already full\n",
	         dir);
	e2e_write(dir, "stressgen.conf", buf_text(&text), false);
	buf_deinit(&text);
	return dir;
}

static struct outcome run_valk(const char *last_line)
{
	return E2E(fake_valk(last_line), "--dialect", SG_TOY_DIALECT, "--target", "valk", "--kernel",
	           "recursion/sum", "--no-http2", "-o", "out");
}

CASE("e2e: a runtime that needs its own directory, prelude and environment gets them from the config file")
{
	static const char toy[] = SG_TOY_COMMAND;
	struct buf line = { 0 };
	struct outcome o;

	buf_addf(&line, "exec %.*s \"$2\"", (int)(strcspn(toy, " ")), toy);
	o = run_valk(buf_text(&line));
	assert_contains(buf_text(&o.out), "2 passed, 0 failed");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	buf_deinit(&line);
}

CASE("e2e: a runtime that dies of a full slab is told by the config file's pattern")
{
	struct outcome o =
	        run_valk("echo 'Attempted to aquire, when the slab is already full' >&2; kill -TRAP $$");

	assert_int_equal(o.exit_code, 1);
	assert_contains(buf_text(&o.out), "slab-exhausted");
	outcome_deinit(&o);
}

CASE("e2e: limits are given by flags where there are some, and suite.json says how")
{
	const char *dir = harness_tmpdir();
	struct outcome o = E2E(dir, "gen", "-k", "recursion/sum", "--dialect", "node,php,lua54", "--heap-limit",
	                       "64M", "--stack-limit", "32M", "-o", "suite");
	struct buf command = { 0 };
	json_t *suite, *limits;
	json_error_t e;

	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	buf_addf(&command, "%s/suite/suite.json", dir);
	suite = json_load_file(buf_text(&command), 0, &e);
	limits = json_object_get(json_object_get(suite, "options"), "limits");
	assert_string_equal(json_string_value(json_object_get(json_object_get(limits, "node"), "heap")),
	                    "--max-old-space-size=64");
	assert_string_equal(json_string_value(json_object_get(json_object_get(limits, "node"), "stack")),
	                    "--stack-size=32768");
	assert_string_equal(json_string_value(json_object_get(json_object_get(limits, "php"), "stack")),
	                    "prlimit --stack");
	assert_string_equal(json_string_value(json_object_get(json_object_get(limits, "lua54"), "heap")),
	                    "@Memory");
	json_decref(suite);
	buf_deinit(&command);
	// V8's stack lies in the process's: 32 MiB of it, and room for what is not JavaScript.
	buf_addf(&command,
	         "grep -q 'prlimit --stack=34603008 -- node .*--stack-size=32768' %s/suite/recursion/*node*", dir);
	assert_int_equal(system(buf_text(&command)), 0);
	buf_deinit(&command);
}

CASE("e2e: gen --check looks at every file, and fails for one")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	e2e_write(dir, "good.kernel",
	          "(kernel recursion/good (summary \"s\") (param n 3 (range 1 9)) (measure m (repeat 1) n) "
	          "(expect n))\n",
	          false);
	e2e_write(dir, "bad.kernel", "(kernel\n", false);
	o = E2E(dir, "gen", "--check", "bad.kernel", "good.kernel");
	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "bad.kernel:");
	assert_contains(buf_text(&o.out), "good.kernel: no fault found");
	outcome_deinit(&o);
	o = E2E(dir, "gen", "good.kernel");
	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "gen takes no 'good.kernel'");
	outcome_deinit(&o);
}

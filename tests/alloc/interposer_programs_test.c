// Other people's programs under libstressalloc.so: they must not notice.
#include "harness.h"
#include "io.h"
#include "under.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void runs_unchanged(const char *program, const char *command)
{
	struct buf plain = { 0 };
	int status;

	need_program(program);
	status = run_with("", command);
	buf_add(&plain, buf_text(&under_out), under_out.len);
	assert_int_equal(run(command), status);
	assert_string_equal(buf_text(&under_out), buf_text(&plain));
	assert_true(plain.len > 0);
	assert_true(count_files() > 0);
	buf_deinit(&plain);
}

CASE("interposer: ls runs unchanged")
{
	runs_unchanged("ls", "ls -l /etc");
}

CASE("interposer: python3 runs unchanged, with its own malloc and without")
{
	runs_unchanged(
	        "/usr/bin/python3",
	        "/usr/bin/python3 -c 'import threading, json, os; r = []; ts = [threading.Thread(target=lambda i=i: "
	        "r.append(len(json.dumps(list(range(i * 1000)))))) for i in range(8)]; [t.start() for t in ts]; "
	        "[t.join() for t in ts]; print(sorted(r)); os.fork() or os._exit(0); print(os.wait()[1])'");
	setenv("PYTHONMALLOC", "malloc", 1);
	runs_unchanged("/usr/bin/python3",
	               "/usr/bin/python3 -c 'print(sum(x * x for x in range(10000)), [{i: str(i)} for i "
	               "in range(100)])'");
}

// A python3 that has its own tests, as a path; a launcher in front of it would be another program.
static const char *python_with_tests(void)
{
	static char path[500];
	FILE *f = popen(
	        "python3 -c 'import sys, test.test_gc, test.test_threading; print(sys.executable)' 2>/dev/null",
	        "r");

	if (f == NULL || fscanf(f, "%499s", path) != 1)
		path[0] = '\0';
	if (f != NULL)
		pclose(f);
	if (path[0] == '\0')
		harness_skip("there is no python3 with its own tests on this machine");
	return path;
}

// Some of these tests are about time, on a machine that may be busy: they may try again.
#define TRIES 3

CASE("interposer: python3's own tests of the collector and of threads end as they do without")
{
	struct buf plain = { 0 };
	char command[900];

	snprintf(
	        command, sizeof command,
	        "sh -c '\"%s\" -m test test_gc test_threading 2>&1 | grep -E \"^(FAIL|ERROR):|^Result|^test_.* failed|tests? "
	        "OK\" | sed \"s/ in [0-9].*//\" | sort'",
	        python_with_tests());
	run_with("", command);
	buf_add(&plain, buf_text(&under_out), under_out.len);
	assert_non_null(strstr(buf_text(&plain), "Result"));
	for (int i = 1; i <= TRIES; i++) {
		assert_int_equal(run(command), 0);
		assert_true(count_files() > 1); // they fork and execute
		if (strcmp(buf_text(&under_out), buf_text(&plain)) == 0)
			break;
		if (i == TRIES)
			assert_string_equal(buf_text(&under_out), buf_text(&plain));
	}
	buf_deinit(&plain);
}

// Where memory lies is drawn anew for each process: what goes wrong with one in a few hundred is seen here.
CASE("interposer: two thousand short programs start and end")
{
	assert_int_equal(run("sh -c 'unset STRESSGEN_TELEMETRY_DIR; i=0; while [ $i -lt 2000 ]; do "
	                     "env true || exit 1; i=$((i + 1)); done'"),
	                 0);
}

CASE("interposer: node runs unchanged, its worker threads too")
{
	static const char program[] =
	        "const w = require('worker_threads');\n"
	        "const work = () => { let a = []; for (let i = 0; i < 1e5; i++) a.push({i}); return a.length; };\n"
	        "if (!w.isMainThread) w.parentPort.postMessage(work());\n"
	        "let n = 0;\n"
	        "for (let i = 0; w.isMainThread && i < 4; i++) new w.Worker(__filename).on('message', m => {\n"
	        "  n += m; if (n === 4e5) console.log(n); });\n";
	char source[600], command[700];

	snprintf(source, sizeof source, "%s/x.js", harness_tmpdir());
	assert_int_equal(io_replace_file(source, program, sizeof program - 1, NULL), 0);
	snprintf(command, sizeof command, "node '%s'", source);
	runs_unchanged("node", command);
}

CASE("interposer: a C++ compiler makes the same program")
{
	static const char program[] = "#include <map>\n#include <string>\n#include <regex>\n"
	                              "int main() { std::map<std::string, int> m; m[\"a\"] = 1; return "
	                              "std::regex_match(\"ab\", std::regex(\"a.\")) - m[\"a\"]; }\n";
	char command[900], source[600];

	snprintf(source, sizeof source, "%s/x.cpp", harness_tmpdir());
	assert_int_equal(io_replace_file(source, program, sizeof program - 1, NULL), 0);
	snprintf(command, sizeof command, "g++ -O1 -S -o - '%s'", source);
	runs_unchanged("g++", command);
	assert_true(count_files() >= 2); // the driver and the compiler proper
}

CASE("interposer: git clones, commits and looks at itself unchanged")
{
	runs_unchanged("git",
	               "sh -c 'set -e; rm -rf r c; git init -q r; cd r; git config user.email a@b; git config "
	               "user.name n; for i in 1 2 3; do seq 1 $((i * 1000)) >f$i; git add .; "
	               "GIT_AUTHOR_DATE=\"2026-01-0$i 00:00 +0000\" GIT_COMMITTER_DATE=\"2026-01-0$i 00:00 "
	               "+0000\" git commit -qm m$i; done; git gc -q; cd ..; git clone -q r c; cd c; git log "
	               "--stat; git fsck --full'");
}

CASE("interposer: sqlite3 runs unchanged")
{
	runs_unchanged("sqlite3",
	               "sqlite3 :memory: 'create table t(a, b); with recursive n(i) as (select 1 union all select "
	               "i + 1 from n where i < 20000) insert into t select i, hex(i) from n; select count(*), "
	               "sum(a), max(b) from t;'");
}

CASE("interposer: lua5.4 runs unchanged")
{
	runs_unchanged(
	        "lua5.4",
	        "lua5.4 -e 'local t = {} for i = 1, 1e5 do t[i] = tostring(i) end print(#table.concat(t))'");
}

CASE("interposer: a shell with pipes and many short programs runs unchanged")
{
	runs_unchanged("bash",
	               "bash -c 'for i in 1 2 3; do echo $i | tr 123 abc | sort; done; (exit 3); echo $?'");
}

CASE("interposer: without a telemetry directory the program runs all the same")
{
	assert_int_equal(system("env -u STRESSGEN_TELEMETRY_DIR LD_PRELOAD='" PRELOAD "' " INTERPOSED
	                        " functions >/dev/null"),
	                 0);
	assert_int_equal(system("STRESSGEN_TELEMETRY_DIR=/nonexistent LD_PRELOAD='" PRELOAD "' " INTERPOSED
	                        " threads >/dev/null"),
	                 0);
}

CASE("interposer: its sources compile for arm64 without warnings")
{
	char command[2048];

	if (system("command -v aarch64-linux-gnu-gcc >/dev/null") != 0)
		harness_skip("there is no compiler for arm64 here");
	snprintf(
	        command, sizeof command,
	        "cd '%s' && for f in alloc/interposer/*.c alloc/pool*.c base/telemetry/[th]e*.c; do "
	        "aarch64-linux-gnu-gcc -std=gnu17 -D_GNU_SOURCE -fsyntax-only -Wall -Wextra -Wconversion -Wshadow "
	        "-Werror $(printf \" -iquote %%s\" base base/*/ alloc alloc/interposer) \"$f\" || exit 1; done",
	        SG_SOURCE_DIR);
	assert_int_equal(system(command), 0);
}

// The history as a nightly job uses it: the real binary, real runs.
#include "e2e.h"

#include "harness.h"

#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// One night: the suite's test reports `size` bytes, and the run is recorded.
static void night(const char *dir, unsigned i, unsigned size)
{
	char text[32], run[32];
	struct outcome o;

	snprintf(text, sizeof text, "%u\n", size);
	e2e_write(dir, "size", text, false);
	snprintf(run, sizeof run, "night%u", i);
	o = E2E(dir, "run", "suite", "-q", "-o", run);
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	o = E2E(dir, "history", "add", run);
	if (o.exit_code != 0)
		fail_msg("%s", buf_text(&o.err));
	outcome_deinit(&o);
}

static const char *nightly_suite(void)
{
	const char *dir = harness_tmpdir();
	char script[600];

	snprintf(script, sizeof script, "#!/bin/sh\necho \"@@ gauge heap $(cat '%s/size') bytes\"\n", dir);
	e2e_write(dir, "suite/heap.sh", script, true);
	return dir;
}

CASE("e2e: a nightly gate passes while nothing moves, fails on the second night of a change, and takes an acceptance")
{
	const char *dir = nightly_suite();
	struct outcome o;

	for (unsigned i = 1; i <= 8; i++)
		night(dir, i, 1000000);
	night(dir, 9, 1100000);
	o = E2E(dir, "history", "trend", "--metric", "gauge/heap");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	night(dir, 10, 1100000);
	o = E2E(dir, "history", "trend", "--metric", "gauge/heap");
	assert_int_equal(o.exit_code, 1);
	assert_contains(buf_text(&o.out), "regressed");
	assert_contains(buf_text(&o.out), "+10.0 %");
	assert_contains(buf_text(&o.out), "entry 9");
	assert_contains(buf_text(&o.out), "(new)");
	outcome_deinit(&o);
	o = E2E(dir, "history", "trend", "--metric", "gauge/heap", "--threshold", "heap=20%");
	assert_int_equal(o.exit_code, 0); // a tenth is no change then
	outcome_deinit(&o);
	o = E2E(dir, "history", "trend", "--threshold", "heap=much");
	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "is no percentage above 0");
	outcome_deinit(&o);
	o = E2E(dir, "history", "annotate", "9", "a larger table", "--accept", "--metric", "gauge/heap");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	o = E2E(dir, "history", "trend", "--metric", "gauge/heap");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	o = E2E(dir, "history", "show", "gauge/heap");
	assert_contains(buf_text(&o.out), "a change of +10.0 %, accepted");
	assert_contains(buf_text(&o.out), "a larger table");
	outcome_deinit(&o);
}

CASE("e2e: a run is recorded once, listed, exported and pruned")
{
	const char *dir = nightly_suite();
	struct outcome o;

	night(dir, 1, 5);
	o = E2E(dir, "history", "add", "night1");
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.err), "is there already");
	outcome_deinit(&o);
	o = E2E(dir, "history", "list");
	assert_contains(buf_text(&o.out), "all as expected");
	outcome_deinit(&o);
	o = E2E(dir, "history", "export", "--metric", "heap");
	assert_contains(buf_text(&o.out), ",heap.sh,gauge/heap,bytes,lower,5,\r\n");
	outcome_deinit(&o);
	o = E2E(dir, "history", "export", "--metric", "heap", "--format", "json");
	assert_contains(buf_text(&o.out), "\"metric\":\"gauge/heap\"");
	outcome_deinit(&o);
	o = E2E(dir, "history", "export", "--format", "junit");
	assert_int_equal(o.exit_code, 2);
	outcome_deinit(&o);
	o = E2E(dir, "history", "prune", "--keep-last", "0");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	o = E2E(dir, "history", "trend");
	assert_int_equal(o.exit_code, 2);
	outcome_deinit(&o);
}

CASE("e2e: entries of the history can be compared, and give a budget its times")
{
	const char *dir = nightly_suite();
	char path[300];
	struct outcome o;

	night(dir, 1, 1000);
	night(dir, 2, 1500);
	o = E2E(dir, "compare", "history:1", "history:2");
	if (o.exit_code > 1)
		fail_msg("%s", buf_text(&o.err));
	assert_contains(buf_text(&o.out), "history:1");
	outcome_deinit(&o);
	o = E2E(dir, "compare", "history:1", "night2");
	assert_true(o.exit_code <= 1);
	outcome_deinit(&o);
	o = E2E(dir, "compare", "history:1", "history:77");
	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "there is no entry 77");
	outcome_deinit(&o);
	o = E2E(dir, "compare", "history:1", "history:x");
	assert_int_equal(o.exit_code, 2);
	outcome_deinit(&o);
	o = E2E(dir, "run", "suite", "--budget", "10m", "--dry-run");
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.err), "1 of 1 tests fit, by the times of earlier runs");
	assert_contains(buf_text(&o.err), "(0 were never timed)");
	outcome_deinit(&o);
	snprintf(path, sizeof path, "%s/stressgen.db", dir);
	unlink(path);
	o = E2E(dir, "run", "suite", "--budget", "10m", "--dry-run");
	assert_contains(buf_text(&o.err), "(1 were never timed)");
	outcome_deinit(&o);
}

static void refuse(const char *dir, const char *const *args, const char *words)
{
	struct outcome o = e2e_run(dir, args);

	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), words);
	assert_ptr_equal(strchr(buf_text(&o.err), '\n') + 1, buf_text(&o.err) + o.err.len); // one line
	outcome_deinit(&o);
}
#define REFUSE(words, ...) refuse(dir, (const char *const[]){ "history", __VA_ARGS__, NULL }, words)

CASE("e2e: what the history cannot do is said in one line, with exit 2, and leaves no file")
{
	const char *dir = harness_tmpdir();
	char path[300];

	snprintf(path, sizeof path, "%s/stressgen.db", dir);
	REFUSE("there is no history here", "list");
	REFUSE("there is no history here", "annotate", "1", "x");
	REFUSE("there is no history here", "prune", "--keep-last", "1");
	REFUSE("did you mean trend", "trent");
	REFUSE("it is written: stressgen history annotate ENTRY TEXT", "annotate", "1");
	REFUSE("there is no run here", "add", "nowhere");
	e2e_write(dir, "text.db", "a text file\n", false);
	REFUSE("no SQLite database", "list", "--db", "text.db");
	assert_int_equal(access(path, F_OK), -1);
}

CASE("e2e: a history that is locked for longer than --wait is said to be")
{
	const char *dir = nightly_suite();
	char path[300];
	sqlite3 *db;

	night(dir, 1, 5);
	snprintf(path, sizeof path, "%s/stressgen.db", dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	REFUSE("a date is written", "prune", "--before", "yesterday");
	REFUSE("needs --keep-last N or --before DATE", "prune");
	REFUSE("there is no entry 7", "annotate", "7", "x", "--wait", "30s");
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	REFUSE("another process has had it locked for 1.00 ms", "annotate", "1", "x", "--wait", "1ms");
	sqlite3_close(db);
}

static const char *said(const json_t *info, const char *key)
{
	const char *text = json_string_value(json_object_get(info, key));

	return text != NULL ? text : "";
}

static json_t *info_of(const char *dir, const char *run)
{
	char *path = NULL;
	json_t *info;

	assert_true(asprintf(&path, "%s/%s/run.json", dir, run) > 0);
	info = json_load_file(path, 0, NULL);
	assert_non_null(info);
	free(path);
	return info;
}

CASE("e2e: a run says when it began and which revision it measured, and keeps both when it is gone on with")
{
	const char *dir = nightly_suite();
	struct outcome o;
	json_t *first, *resumed;

	e2e_write(dir, "size", "1", false);
	o = E2E(dir, "run", "suite", "-q", "-o", "one", "--revision", "v1.2 <rc>", "--suite-timeout", "1ms");
	outcome_deinit(&o);
	first = info_of(dir, "one");
	assert_string_equal(said(first, "revision"), "v1.2 <rc>");
	assert_int_equal(strlen(said(first, "began")), strlen("2026-11-21T02:10:00Z"));
	o = E2E(dir, "run", "--resume", "-q", "-o", "one", "--suite-timeout", "0");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	resumed = info_of(dir, "one");
	assert_string_equal(said(resumed, "revision"), "v1.2 <rc>");
	assert_string_equal(said(resumed, "began"), said(first, "began"));
	o = E2E(dir, "history", "add", "one");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	o = E2E(dir, "history", "list");
	assert_contains(buf_text(&o.out), "v1.2 <rc>");
	outcome_deinit(&o);
	json_decref(first);
	json_decref(resumed);
}

CASE("e2e: in a git checkout the revision is its commit, and says when files differ from it")
{
	const char *dir = nightly_suite();
	char command[700];
	struct outcome o;
	json_t *info;

	if (system("command -v git >/dev/null 2>&1") != 0)
		harness_skip("git is not installed");
	e2e_write(dir, "size", "1", false);
	o = E2E(dir, "run", "suite", "-q", "-o", "outside");
	outcome_deinit(&o);
	info = info_of(dir, "outside");
	assert_string_equal(said(info, "revision"), ""); // nor anything else
	json_decref(info);
	snprintf(
	        command, sizeof command,
	        "cd '%s' && git init -q . && git add size && git -c user.name=x -c user.email=x@example.org commit -qm x",
	        dir);
	assert_int_equal(system(command), 0);
	o = E2E(dir, "run", "suite", "-q", "-o", "clean");
	outcome_deinit(&o);
	info = info_of(dir, "clean");
	assert_int_equal(strspn(said(info, "revision"), "0123456789abcdef"), 40);
	assert_int_equal(strlen(said(info, "revision")), 40);
	json_decref(info);
	e2e_write(dir, "size", "2", false);
	o = E2E(dir, "run", "suite", "-q", "-o", "changed");
	outcome_deinit(&o);
	info = info_of(dir, "changed");
	assert_string_equal(said(info, "revision") + 40, "-dirty");
	json_decref(info);
}

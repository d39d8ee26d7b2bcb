// stressgen shrink: on a runtime that is wrong in a known way.
#include "e2e.h"

#include "harness.h"
#include "io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Lua's dialect with `from` replaced by `to`, as DIR/own.dialect.
static void write_dialect(const char *dir, const char *from, const char *to)
{
	struct buf text = { 0 }, changed = { 0 };
	char *path = io_join(dir, "own.dialect");
	const char *at;

	assert_int_equal(io_read_file(SG_SOURCE_DIR "/gen/dialects/lua.dialect", 1U << 20, &text, NULL), 0);
	at = strstr(text.data, from);
	assert_non_null(at);
	buf_add(&changed, text.data, (size_t)(at - text.data));
	buf_addf(&changed, "%s%s", to, at + strlen(from));
	io_replace_file(path, changed.data, changed.len, NULL);
	free(path);
	buf_deinit(&text);
	buf_deinit(&changed);
}

static void assert_exit(const struct outcome *o, int code)
{
	if (o->exit_code != code)
		fail_msg("exit %d instead of %d: %s%s", o->exit_code, code, buf_text(&o->out), buf_text(&o->err));
}

#define COMMAND "{stressgen:lua} --pool malloc {file}"

// Random programs in Lua by `command`, run; the report.
static json_t *run_random(const char *dir, const char *count, const char *command)
{
	struct outcome o = E2E(dir, "gen", "--random", count, "--seed", "3", "--dialect", "own.dialect",
	                       "--target-cmd", command, "-o", "suite");
	char *run = io_join(dir, "run");

	assert_exit(&o, 0);
	outcome_deinit(&o);
	o = E2E(dir, "run", "suite", "-o", "run");
	outcome_deinit(&o);
	json_t *report = e2e_report(run);
	free(run);
	return report;
}

// The first test with that verdict; "" when there is none.
static void find_verdict(json_t *report, const char *verdict, char *id, size_t size)
{
	json_t *test;
	size_t i;

	id[0] = 0;
	json_array_foreach(json_object_get(report, "tests"), i, test)
	{
		const char *is = json_string_value(json_object_get(test, "verdict"));
		if (id[0] == 0 && is != NULL && strcmp(is, verdict) == 0)
			snprintf(id, size, "%s", json_string_value(json_object_get(test, "id")));
	}
}

// The number in "N nodes (before".
static unsigned long nodes_in(const struct outcome *o)
{
	const char *at = strstr(buf_text(&o->out), " nodes (before");

	assert_non_null(at);
	while (at[-1] >= '0' && at[-1] <= '9')
		at--;
	return strtoul(at, NULL, 10);
}

// Shrinks the first test with that verdict, checks that it is small, and runs it again.
static void shrink_first(const char *dir, json_t *report, const char *verdict, const char *part)
{
	char id[256];
	struct outcome o;
	struct buf kernel = { 0 };

	find_verdict(report, verdict, id, sizeof id);
	assert_string_not_equal(id, "");
	o = E2E(dir, "shrink", id, "run", "--dialect", "own.dialect", "-o", "small");
	assert_exit(&o, 0);
	assert_true(nodes_in(&o) < 10);
	char *path = strndup(buf_text(&o.out), strcspn(buf_text(&o.out), " "));
	char *full = io_join(dir, path);
	assert_int_equal(io_read_file(full, 1U << 20, &kernel, NULL), 0);
	assert_contains(kernel.data, part);
	free(full);
	free(path);
	buf_deinit(&kernel);
	outcome_deinit(&o);
	o = E2E(dir, "run", "small", "-o", "again");
	assert_exit(&o, 1);
	assert_contains(buf_text(&o.out), verdict);
	outcome_deinit(&o);
}

CASE("shrink: fewer than 10 nodes are left when a language's remainder is wrong")
{
	const char *dir = harness_tmpdir();

	write_dialect(dir, "math.fmod({1}, {2})", "(({1}) % ({2}))");
	json_t *report = run_random(dir, "40", COMMAND);
	shrink_first(dir, report, "failed", "(remainder ");
	json_decref(report);
}

CASE("shrink: fewer than 10 nodes are left when the runtime crashes on a construct")
{
	const char *dir = harness_tmpdir();

	write_dialect(dir, "(summary", "(summary");
	e2e_write(dir, "crash.sh", "#!/bin/sh\ngrep -q 'string.sub' \"$4\" && kill -SEGV $$\nexec \"$@\"\n", true);
	json_t *report = run_random(dir, "30", "./crash.sh " COMMAND);
	shrink_first(dir, report, "crashed", "(substring ");
	json_decref(report);
}

CASE("shrink: it is said when the test does not fail, or only sometimes")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	write_dialect(dir, "(summary", "(summary");
	e2e_write(dir, "other.sh",
	          "#!/bin/sh\n[ -e fail ] || exec \"$@\"\nif [ -e odd ]; then rm odd; exec \"$@\"; fi\n"
	          ": > odd; exit 3\n",
	          true);
	json_decref(run_random(dir, "3", "./other.sh " COMMAND));
	o = E2E(dir, "shrink", "other/random-3-1.lua", "suite", "--dialect", "own.dialect");
	assert_exit(&o, 1);
	assert_contains(buf_text(&o.out), "does not fail now: it passed 3 times");
	outcome_deinit(&o);
	e2e_write(dir, "fail", "", false);
	o = E2E(dir, "shrink", "other/random-3-1.lua", "suite", "--dialect", "own.dialect");
	assert_exit(&o, 1);
	assert_contains(buf_text(&o.out), "is flaky: of 3 runs 2 failed");
	outcome_deinit(&o);
}

CASE("shrink: one line says what is wrong when there is no such test, suite, kernel or target")
{
	static const struct {
		const char *test, *suite, *part;
	} bad[] = {
		{ "other/x", "suite", "has no test 'other/x'" },
		{ "other/x", "nowhere", "nowhere" },
		{ "none.kernel", "suite", "on which target does it fail?" },
		{ "suite/pass.sh", "suite", "no suite.json above it" },
		{ "other/pass", "suite", "was not made from a kernel" },
	};
	const char *dir = e2e_suite();

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct outcome o = E2E(dir, "shrink", bad[i].test, bad[i].suite);
		assert_contains(buf_text(&o.err), bad[i].part);
		assert_exit(&o, 2);
		outcome_deinit(&o);
	}
}

// The default suite: the 7 GC and 12 recursion tests of the hand-written suite that the project grew out of, with
// their results, and that each gives it in every language that is on the machine.
#include "harness.h"
#include "support.h"

#include "buf.h"
#include "io.h"
#include "suite.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *id;
	int64_t result;
} catalogue[] = {
	{ "recursion/build-list-1000", 500500 },
	{ "recursion/countdown-1000", 0 },
	{ "recursion/countdown-5000", 0 },
	{ "recursion/countdown-10000", 0 }, // by --depth
	{ "recursion/even-odd-1000", 1 },
	{ "recursion/factorial-100", 371073 },
	{ "recursion/fibonacci-20", 6765 },
	{ "recursion/nested-maps", 5950 },
	{ "recursion/reverse-list-1000", 167167000 },
	{ "recursion/sum-1000", 500500 },
	{ "recursion/sum-5000", 12502500 },
	{ "recursion/tree-10", 2047 },
	{ "gc/cycles", 10000 },
	{ "gc/interleaved", 250000 },
	{ "gc/list-churn-100", 10000 },
	{ "gc/list-churn-1000", 100000 },
	{ "gc/nested-50", 50 },
	{ "gc/nested-100", 100 },
	{ "gc/preserve-list", 5000050000 },
};

#define TESTS (sizeof catalogue / sizeof catalogue[0])

// Writes the whole suite in one dialect; its directory, to be freed.
static char *write_suite(const char *dialect)
{
	struct dialect *d = support_dialect(dialect);
	char *dir = io_join(harness_tmpdir(), dialect), **kernels;
	struct err e = { 0 };
	size_t count;

	kernels = support_kernels(&count);
	support_suite(dir, kernels, count, &d, 1, 42, &e);
	assert_string_equal(e.text, "");
	support_free_paths(kernels, count);
	dialect_free(d);
	return dir;
}

CASE("catalogue: there are 7 GC and 12 recursion tests, in this order, when depth is 10000")
{
	char *dir = write_suite("mylisp");
	struct suite s = { 0 };
	struct err e = { 0 };
	size_t gc = 0;

	assert_int_equal(suite_load(dir, &s, &e), 0);
	assert_int_equal(s.count, TESTS);
	for (size_t i = 0; i < TESTS; i++) {
		struct buf id = { 0 };
		buf_addf(&id, "%s.mylisp", catalogue[i].id);
		assert_string_equal(s.tests[i].id, buf_text(&id));
		gc += s.tests[i].meta.kind == KIND_GC;
		assert_true(s.tests[i].meta.sentinel);
		buf_deinit(&id);
	}
	assert_int_equal(gc, 7);
	suite_deinit(&s);
	free(dir);
}

CASE("catalogue: every kernel says what it does, what it stresses and how it may grow")
{
	size_t count;
	char **paths = support_kernels(&count);

	for (size_t i = 0; i < count; i++) {
		struct err e = { 0 };
		struct kernel *k;
		assert_int_equal(kernel_load(paths[i], &k, &e), 0);
		assert_non_null(k->stresses);
		assert_non_null(k->growth);
		assert_int_equal(gen_check_kernel(paths[i], &e), 0);
		kernel_free(k);
	}
	support_free_paths(paths, count);
}

// Runs each program and looks at what it reports.
static void run_all(const char *dialect, const char *target, const char *extension, const char *program)
{
	char *dir = write_suite(dialect);

	for (size_t i = 0; i < TESTS; i++) {
		char path[512], ok[64];
		int status;
		snprintf(path, sizeof path, "%s/%s.%s.%s", dir, catalogue[i].id, target, extension);
		snprintf(ok, sizeof ok, "\n@@ check result ok %" PRId64 "\n", catalogue[i].result);
		char *out = support_run(program, path, &status);
		if (status != 0 || strstr(out, ok) == NULL)
			print_message("%s\n%s\n", path, out);
		assert_int_equal(status, 0);
		assert_non_null(strstr(out, ok));
		assert_int_equal(strncmp(out, "@@ lat total ", 13), 0);
		assert_string_equal(out + strlen(out) - 8, "@@ done\n");
		free(out);
	}
	free(dir);
}

static void need_program(const char *program)
{
	char command[256];

	snprintf(command, sizeof command, "command -v %s > /dev/null", program);
	if (system(command) != 0)
		harness_skip(program);
}

CASE("catalogue: every test gives its result when Lua runs it")
{
	need_program("lua5.4");
	run_all("lua", "lua@slab-fixed", "lua", "lua5.4");
}

CASE("catalogue: every test gives its result when Python runs it")
{
	need_program("python3");
	run_all("python", "python3", "py", "python3");
}

CASE("catalogue: every test gives its result when a user's language runs it")
{
	run_all("mylisp", "mylisp", "mylisp", SG_BUILD_DIR "/tests/mylisp");
}

// --- every construct, also those that no shipped kernel uses
// -------------------------------------------------------

static void run_others(const char *dialect, const char *target, const char *extension, const char *program,
                       bool maps)
{
	static const char *const names[] = { "everything", "maps" };
	char *kernels[] = { strdup(SG_SOURCE_DIR "/tests/gen/kernels/everything.kernel"),
		            strdup(SG_SOURCE_DIR "/tests/gen/kernels/maps.kernel") };
	struct dialect *d = support_dialect(dialect);
	char *dir = io_join(harness_tmpdir(), dialect);
	struct err e = { 0 };

	support_suite(dir, kernels, 2, &d, 1, 42, &e);
	assert_string_equal(e.text, "");
	for (size_t i = 0; i < (maps ? 2U : 1U); i++) {
		char path[512];
		int status;
		snprintf(path, sizeof path, "%s/other/%s.%s.%s", dir, names[i], target, extension);
		char *out = support_run(program, path, &status);
		if (status != 0)
			print_message("%s\n%s\n", path, out);
		assert_int_equal(status, 0);
		assert_non_null(strstr(out, "\n@@ check result ok "));
		free(out);
	}
	free(dir);
	free(kernels[0]);
	free(kernels[1]);
	dialect_free(d);
}

CASE("catalogue: every construct gives the right result when Lua runs it")
{
	need_program("lua5.4");
	run_others("lua", "lua@slab-fixed", "lua", "lua5.4", true);
}

CASE("catalogue: every construct gives the right result when Python runs it")
{
	need_program("python3");
	run_others("python", "python3", "py", "python3", true);
}

CASE("catalogue: every construct gives the right result when a user's language runs it")
{
	run_others("mylisp", "mylisp", "mylisp", SG_BUILD_DIR "/tests/mylisp", false);
}

// --- what a wrong result and a limit look like
// -----------------------------------------------------------------------

// A program of the suite with `from` replaced by `to`, run.
static char *run_changed(const char *dialect, const char *test, const char *from, const char *to,
                         const char *program, int *status)
{
	char *dir = write_suite(dialect), *path = io_join(dir, test), *text = support_read(path), *at;
	struct buf changed = { 0 };
	struct err e = { 0 };

	at = strstr(text, from);
	assert_non_null(at);
	buf_add(&changed, text, (size_t)(at - text));
	buf_adds(&changed, to);
	buf_adds(&changed, at + strlen(from));
	assert_int_equal(io_replace_file(path, changed.data, changed.len, &e), 0);
	char *out = support_run(program, path, status);
	buf_deinit(&changed);
	free(text);
	free(path);
	free(dir);
	return out;
}

CASE("catalogue: a program says so and exits 1 when its result is wrong")
{
	static const struct {
		const char *dialect, *test, *from, *to, *program, *said;
	} rows[] = {
		{ "lua", "recursion/sum-1000.lua@slab-fixed.lua", "return n + sg_sum", "return 1 + n + sg_sum",
		  "lua5.4", "@@ check result bad got 501500 instead of 500500 in repetition 1\n" },
		{ "python", "recursion/sum-1000.python3.py", "return n + sg_sum", "return 1 + n + sg_sum",
		  "python3", "@@ check result bad got 501500 instead of 500500 in repetition 1\n" },
		{ "mylisp", "recursion/sum-1000.mylisp.mylisp", "[n [[n 1 -]", "[[n 1 +] [[n 1 -]",
		  SG_BUILD_DIR "/tests/mylisp",
		  "@@ check result bad got 501500 instead of 500500 in repetition 1\n" },
	};

	need_program("lua5.4");
	need_program("python3");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int status;
		char *out = run_changed(rows[i].dialect, rows[i].test, rows[i].from, rows[i].to, rows[i].program,
		                        &status);
		assert_int_equal(status, 1);
		assert_non_null(strstr(out, rows[i].said));
		assert_null(strstr(out, "@@ done"));
		free(out);
	}
}

CASE("catalogue: a user's language says that its stack ran out when the recursion is too deep")
{
	int status;
	char *out = run_changed("mylisp", "recursion/countdown-10000.mylisp.mylisp", "[depth == 10000]",
	                        "[depth == 10000000]", SG_BUILD_DIR "/tests/mylisp", &status);

	assert_int_equal(status, 3);
	assert_non_null(strstr(out, "mylisp: recursion too deep"));
	free(out);
}

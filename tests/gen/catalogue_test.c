// The default suite: that each kernel computes what is known of it and grows as it says, and that every language
// that is on the machine gives the same.
#include "harness.h"
#include "support.h"

#include "buf.h"
#include "eval.h"
#include "io.h"
#include "suite.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct row {
	const char *id;
	int64_t result;
	bool slow;
} catalogue[] = {
	{ "recursion/ackermann-4", 125, false },
	{ "recursion/ackermann-6", 509, true },
	{ "recursion/build-list-1000", 500500, false },
	{ "recursion/countdown-1000", 0, false },
	{ "recursion/countdown-5000", 0, false },
	{ "recursion/countdown-10000", 0, false }, // by --depth
	{ "recursion/cps-300", 45150, false },
	{ "recursion/cps-100000", 5000050000, true },
	{ "recursion/ctak-4", 5, false },
	{ "recursion/ctak-6", 7, true },
	{ "recursion/deep-equal-100", 1, false },
	{ "recursion/deep-equal-100000", 1, true },
	{ "recursion/deep-free-1000", 1000, false },
	{ "recursion/deep-free-1000000", 1000000, true },
	{ "recursion/deep-parse-100", 100, false },
	{ "recursion/deep-parse-100000", 100000, true },
	{ "recursion/deep-print-100", 202, false },
	{ "recursion/deep-print-100000", 200002, true },
	{ "recursion/even-odd-1000", 1, false },
	{ "recursion/factorial-100", 371073, false },
	{ "recursion/fibonacci-20", 6765, false },
	{ "recursion/hanoi-10", 1023, false },
	{ "recursion/hanoi-20", 1048575, true },
	{ "recursion/nested-handlers-100", 100, false },
	{ "recursion/nested-handlers-100000", 100000, true },
	{ "recursion/nested-maps", 5950, false },
	{ "recursion/quicksort-worst-100", 338350, false },
	{ "recursion/quicksort-worst-2000", 2668667000, true },
	{ "recursion/regex-1000", 1000, false },
	{ "recursion/regex-1000000", 1000000, true },
	{ "recursion/reverse-list-1000", 167167000, false },
	{ "recursion/sum-1000", 500500, false },
	{ "recursion/sum-5000", 12502500, false },
	{ "recursion/tail-sum-1000", 500500, false },
	{ "recursion/tail-sum-1000000", 500000500000, true },
	{ "recursion/tak-4", 5, false },
	{ "recursion/tak-6", 7, false },
	{ "recursion/tak-8", 9, true },
	{ "recursion/through-builtin-100", 100, false },
	{ "recursion/through-builtin-10000", 10000, true },
	{ "recursion/throw-500", 1000, false },
	{ "recursion/throw-100000", 200000, true },
	{ "recursion/tree-10", 2047, false },
	{ "gc/binary-trees-8", 16623, false },
	{ "gc/binary-trees-10", 66495, false },
	{ "gc/binary-trees-14", 1588159, true },
	{ "gc/binary-trees-16", 8449775, true },
	{ "gc/closure-cycles-5000", 4501500, false },
	{ "gc/closure-cycles-500000", 499501500, true },
	{ "gc/cycles", 10000, false },
	{ "gc/ephemeron-chain-500", 501, false },
	{ "gc/ephemeron-chain-5000", 5001, true },
	{ "gc/fifo-20000", 180509500, false },
	{ "gc/fifo-1000000-10000", 490050495000, true },
	{ "gc/finalizer-chain-500", 501, false },
	{ "gc/finalizer-chain-50000", 50001, true },
	{ "gc/fragmentation-2000", 15678, false },
	{ "gc/fragmentation-100000", 814402, true },
	{ "gc/gcbench-8", 27046, false },
	{ "gc/gcbench-16-500000", 15333862, true },
	{ "gc/interleaved", 250000, false },
	{ "gc/large-objects-100", 9900, false },
	{ "gc/large-objects-1000-100000", 999000, true },
	{ "gc/list-churn-100", 10000, false },
	{ "gc/list-churn-1000", 100000, false },
	{ "gc/nested-50", 50, false },
	{ "gc/nested-100", 100, false },
	{ "gc/no-escape-20000", 270000, false },
	{ "gc/old-to-young-20000", 500443, false },
	{ "gc/old-to-young-1000000-100000", 765003, true },
	{ "gc/preserve-list", 5000050000, false },
	{ "gc/splay-800", 800, false },
	{ "gc/splay-8000-8000", 8000, true },
	{ "gc/strings-6000", 350, false },
	{ "gc/strings-600000-35000", 35000, true },
	{ "gc/weak-chain-1000", 1001, false },
	{ "gc/weak-chain-100000", 100001, true },
	{ "gc/wide-vector-10000", 50005000, false },
	{ "gc/wide-vector-1000000", 500000500000, true },
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

static bool is_left_out(const struct suite *s, const char *id)
{
	for (size_t i = 0; i < s->left_out_count; i++) {
		size_t n = strlen(s->left_out[i].kernel);
		if (strncmp(id, s->left_out[i].kernel, n) == 0 && (id[n] == '-' || id[n] == 0)) {
			assert_true(s->left_out[i].reason[0] != 0);
			return true;
		}
	}
	return false;
}

CASE("catalogue: a suite has every test in this order, or says why its kernel is left out")
{
	static const char *const dialects[] = { "lua", "python", "mylisp", "eval" };
	static const char *const targets[] = { "lua@slab-fixed", "python3", "mylisp", "eval@slab-fixed" };

	for (size_t d = 0; d < 4; d++) {
		char *dir = write_suite(dialects[d]);
		struct suite s = { 0 };
		struct err e = { 0 };
		size_t n = 0;
		assert_int_equal(suite_load(dir, &s, &e), 0);
		for (size_t i = 0; i < TESTS; i++) {
			struct buf id = { 0 };
			if (is_left_out(&s, catalogue[i].id))
				continue;
			buf_addf(&id, "%s.%s", catalogue[i].id, targets[d]);
			assert_true(n < s.count);
			assert_string_equal(s.tests[n].id, buf_text(&id));
			assert_int_equal(s.tests[n].meta.slow, catalogue[i].slow);
			assert_true(s.tests[n++].meta.sentinel);
			buf_deinit(&id);
		}
		assert_int_equal(n, s.count);
		suite_deinit(&s);
		free(dir);
	}
}

// --- what the kernels compute ----------------------------------------------------------------------------------

static const struct row *find_row(const struct kernel *k, const struct kernel_instance *instance,
                                  const int64_t *values)
{
	struct buf id = { 0 };

	buf_adds(&id, k->name);
	for (size_t i = 0; i < k->param_count; i++)
		if (instance->given[i])
			buf_addf(&id, "-%" PRId64, values[i]);
	for (size_t i = 0; i < TESTS; i++)
		if (strcmp(catalogue[i].id, buf_text(&id)) == 0) {
			buf_deinit(&id);
			return &catalogue[i];
		}
	fail_msg("%s has no line here", buf_text(&id));
	return NULL;
}

static void check_instance(const struct kernel *k, const struct kernel_instance *instance, bool slow)
{
	int64_t values[KERNEL_ARGS_MAX], formula = 0;
	struct eval_result computed = { 0 };
	struct err e = { 0 };

	assert_int_equal(kernel_instance_values(k, instance, 10000, values, &e), 0);
	const struct row *row = find_row(k, instance, values);
	assert_int_equal(instance->slow, row->slow);
	if (row->slow != slow)
		return;
	eval_kernel(k, values, NULL, &computed, &e);
	assert_string_equal(e.text, "");
	if (computed.value != row->result)
		print_message("%s\n", row->id);
	assert_int_equal(computed.value, row->result);
	if (k->expect != NULL) {
		assert_int_equal(kernel_evaluate(k, k->expect, values, &formula, &e), 0);
		assert_int_equal(formula, row->result);
	}
}

static void check_kind(enum test_kind kind, bool slow)
{
	size_t count;
	char **paths = support_kernels(&count);

	for (size_t i = 0; i < count; i++) {
		struct err e = { 0 };
		struct kernel *k;
		assert_int_equal(kernel_load(paths[i], &k, &e), 0);
		for (size_t n = 0; n < k->instance_count && k->kind == kind; n++)
			check_instance(k, &k->instances[n], slow);
		kernel_free(k);
	}
	support_free_paths(paths, count);
}

CASE("catalogue: the recursion kernels compute these results, and their formulas say the same")
{
	check_kind(KIND_RECURSION, false);
}

CASE("catalogue: the GC kernels compute these results, and their formulas say the same")
{
	check_kind(KIND_GC, false);
}

CASE("catalogue: the recursion kernels compute these results when they are slow")
{
	check_kind(KIND_RECURSION, true);
}

CASE("catalogue: the GC kernels compute these results when they are slow")
{
	check_kind(KIND_GC, true);
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
		assert_true(k->param_count > 0);
		kernel_free(k);
	}
	support_free_paths(paths, count);
}

CASE("catalogue: every kernel has its line in docs/catalogue.md")
{
	char *text = support_read(SG_SOURCE_DIR "/docs/catalogue.md"), **paths;
	size_t count;

	paths = support_kernels(&count);
	for (size_t i = 0; i < count; i++) {
		struct err e = { 0 };
		struct buf line = { 0 };
		struct kernel *k;
		assert_int_equal(kernel_load(paths[i], &k, &e), 0);
		buf_addf(&line, "\n| %s | ", kernel_short_name(k));
		if (strstr(text, buf_text(&line)) == NULL)
			print_message("%s\n", k->name);
		assert_non_null(strstr(text, buf_text(&line)));
		buf_deinit(&line);
		kernel_free(k);
	}
	support_free_paths(paths, count);
	free(text);
}

// --- how they grow ---------------------------------------------------------------------------------------------

// Two values of each kernel's first parameter, its size: far enough from each other to tell n log n from n.
static const struct {
	const char *kernel;
	int64_t small, large;
} sizes[] = {
	{ "recursion/ackermann", 4, 64 },
	{ "recursion/build-list", 500, 8000 },
	{ "recursion/countdown", 500, 8000 },
	{ "recursion/cps", 500, 8000 },
	{ "recursion/ctak", 4, 64 },
	{ "recursion/deep-equal", 500, 8000 },
	{ "recursion/deep-free", 500, 8000 },
	{ "recursion/deep-parse", 500, 8000 },
	{ "recursion/deep-print", 500, 8000 },
	{ "recursion/nested-handlers", 500, 8000 },
	{ "recursion/regex", 500, 8000 },
	{ "recursion/through-builtin", 500, 8000 },
	{ "recursion/throw", 500, 8000 },
	{ "recursion/even-odd", 500, 8000 },
	{ "recursion/factorial", 500, 8000 },
	{ "recursion/fibonacci", 10, 20 },
	{ "recursion/hanoi", 8, 14 },
	{ "recursion/nested-maps", 50, 800 },
	{ "recursion/quicksort-worst", 50, 800 },
	{ "recursion/reverse-list", 500, 8000 },
	{ "recursion/sum", 500, 8000 },
	{ "recursion/tail-sum", 500, 8000 },
	{ "recursion/tak", 4, 64 },
	{ "recursion/tree", 8, 14 },
	{ "gc/binary-trees", 8, 15 },
	{ "gc/closure-cycles", 10000, 160000 },
	{ "gc/cycles", 50, 800 },
	{ "gc/ephemeron-chain", 500, 8000 },
	{ "gc/finalizer-chain", 500, 8000 },
	{ "gc/weak-chain", 500, 8000 },
	{ "gc/fifo", 10000, 160000 },
	{ "gc/fragmentation", 500, 8000 },
	{ "gc/gcbench", 6, 12 },
	{ "gc/interleaved", 500, 8000 },
	{ "gc/large-objects", 10, 160 },
	{ "gc/list-churn", 50, 800 },
	{ "gc/nested", 500, 8000 },
	{ "gc/no-escape", 500, 8000 },
	{ "gc/old-to-young", 10000, 160000 },
	{ "gc/preserve-list", 20000, 320000 },
	{ "gc/splay", 1000, 16000 },
	{ "gc/strings", 500, 8000 },
	{ "gc/wide-vector", 500, 8000 },
};

// The logarithm of how much more there is to do at `large` than at `small`.
static double predicted(const char *growth, double small, double large)
{
	if (strcmp(growth, "1") == 0)
		return 0;
	if (strcmp(growth, "n") == 0)
		return log(large / small);
	if (strcmp(growth, "n log n") == 0)
		return log(large * log(large) / (small * log(small)));
	if (strcmp(growth, "n^2") == 0)
		return 2 * log(large / small);
	assert_string_equal(growth, "2^n");
	return (large - small) * log(2);
}

static const char *nearest_growth(double measured, double small, double large)
{
	static const char *const all[] = { "1", "n", "n log n", "n^2", "2^n" };
	const char *best = all[0];

	for (size_t i = 1; i < sizeof all / sizeof all[0]; i++)
		if (fabs(predicted(all[i], small, large) - measured) <
		    fabs(predicted(best, small, large) - measured))
			best = all[i];
	return best;
}

static double steps_at(const struct kernel *k, int64_t size)
{
	int64_t values[KERNEL_ARGS_MAX];
	struct eval_result out = { 0 };
	struct err e = { 0 };

	for (size_t i = 0; i < k->param_count; i++)
		values[i] = i == 0 ? size : k->params[i].value;
	eval_kernel(k, values, NULL, &out, &e);
	assert_string_equal(e.text, "");
	return (double)out.steps;
}

CASE("catalogue: every kernel grows with its first parameter as it says, counted in the evaluator's steps")
{
	size_t count, rows = sizeof sizes / sizeof sizes[0];
	char **paths = support_kernels(&count);

	assert_int_equal(rows, count);
	for (size_t i = 0; i < count; i++) {
		struct err e = { 0 };
		struct kernel *k;
		size_t r = 0;
		assert_int_equal(kernel_load(paths[i], &k, &e), 0);
		while (r < rows && strcmp(sizes[r].kernel, k->name) != 0)
			r++;
		assert_true(r < rows);
		double small = (double)sizes[r].small, large = (double)sizes[r].large;
		double measured = log(steps_at(k, sizes[r].large) / steps_at(k, sizes[r].small));
		if (strcmp(nearest_growth(measured, small, large), k->growth) != 0)
			print_message("%s: %.2f, %.2f by its growth\n", k->name, measured,
			              predicted(k->growth, small, large));
		assert_string_equal(nearest_growth(measured, small, large), k->growth);
		kernel_free(k);
	}
	support_free_paths(paths, count);
}

// --- what the languages give -----------------------------------------------------------------------------------

// Runs each program and looks at what it reports.
static void run_all(const char *dialect, const char *target, const char *extension, const char *program)
{
	char *dir = write_suite(dialect);
	struct suite s = { 0 };
	struct err e = { 0 };

	assert_int_equal(suite_load(dir, &s, &e), 0);
	for (size_t i = 0; i < TESTS; i++) {
		char path[512], ok[64];
		int status;
		if (catalogue[i].slow || is_left_out(&s, catalogue[i].id))
			continue;
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
	suite_deinit(&s);
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

CASE("catalogue: every kernel can be written by a user's template file alone")
{
	char *dir = write_suite("mylisp");
	struct suite s = { 0 };
	struct err e = { 0 };

	assert_int_equal(suite_load(dir, &s, &e), 0);
	for (size_t i = 0; i < s.left_out_count; i++)
		print_message("%s: %s\n", s.left_out[i].kernel, s.left_out[i].reason);
	assert_int_equal(s.left_out_count, 0);
	assert_int_equal(s.count, TESTS);
	suite_deinit(&s);
	free(dir);
}

CASE("catalogue: every test gives its result when a user's language runs it")
{
	run_all("mylisp", "mylisp", "mylisp", SG_BUILD_DIR "/tests/mylisp");
}

// --- every construct, also those that no shipped kernel uses
// -------------------------------------------------------

static void run_others(const char *dialect, const char *target, const char *extension, const char *program)
{
	static const char *const names[] = { "everything", "maps", "exceptions" };
	char *kernels[] = { strdup(SG_SOURCE_DIR "/tests/gen/kernels/everything.kernel"),
		            strdup(SG_SOURCE_DIR "/tests/gen/kernels/maps.kernel"),
		            strdup(SG_SOURCE_DIR "/tests/gen/kernels/exceptions.kernel") };
	struct dialect *d = support_dialect(dialect);
	char *dir = io_join(harness_tmpdir(), dialect);
	struct err e = { 0 };

	support_suite(dir, kernels, 3, &d, 1, 42, &e);
	assert_string_equal(e.text, "");
	for (size_t i = 0; i < 3; i++) {
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
	free(kernels[2]);
	dialect_free(d);
}

CASE("catalogue: every construct gives the right result when Lua runs it")
{
	need_program("lua5.4");
	run_others("lua", "lua@slab-fixed", "lua", "lua5.4");
}

CASE("catalogue: every construct gives the right result when Python runs it")
{
	need_program("python3");
	run_others("python", "python3", "py", "python3");
}

CASE("catalogue: every construct gives the right result when a user's language runs it")
{
	run_others("mylisp", "mylisp", "mylisp", SG_BUILD_DIR "/tests/mylisp");
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

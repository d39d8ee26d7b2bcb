// The dialects of Scheme and Common Lisp, each by the real runtime where it is on the machine: the whole catalogue
// and every construct, and how it is told that a stack or a heap ran out.
#include "e2e.h"

#include "harness.h"
#include "io.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGS_MAX 200U

static void need_program(const char *program)
{
	char command[256];

	snprintf(command, sizeof command, "command -v %s >/dev/null", program);
	if (system(command) != 0)
		harness_skip(program);
}

// Writes DIR/suite for one target: `more` is a NULL-terminated list of further arguments.
static void generate(const char *dir, const char *target, const char *const *more)
{
	const char *args[ARGS_MAX] = { "gen", "--target", target, "--seed", "42", "--no-http2", "-o", "suite" };
	size_t count = 8;
	struct outcome o;

	for (; *more != NULL; more++) {
		assert_true(count < ARGS_MAX - 1);
		args[count++] = *more;
	}
	o = e2e_run(dir, args);
	assert_string_equal(o.exit_code == 0 ? "" : buf_text(&o.err), "");
	outcome_deinit(&o);
}

// Runs DIR/suite; the report, to be released.
static json_t *run_suite(const char *dir)
{
	struct outcome o = E2E(dir, "run", "suite", "-o", "out");
	char *run_dir = io_join(dir, "out");
	json_t *report = e2e_report(run_dir);

	free(run_dir);
	outcome_deinit(&o);
	return report;
}

static const char *text_of(const json_t *test, const char *key)
{
	const char *text = json_string_value(json_object_get(test, key));

	return text != NULL ? text : "";
}

// Every kernel that is shipped, and those of the tests that use every construct.
static void run_all(const char *target, const char *program)
{
	static const char *const own[] = { "everything", "maps", "exceptions" };
	const char *more[ARGS_MAX] = { NULL };
	const char *dir = harness_tmpdir();
	char paths[3][512];
	size_t count = 0, i;
	json_t *report, *test;
	glob_t g;

	need_program(program);
	for (i = 0; i < 3; i++) {
		snprintf(paths[i], sizeof paths[i], "%s/tests/gen/kernels/%s.kernel", SG_SOURCE_DIR, own[i]);
		more[count++] = "-k";
		more[count++] = paths[i];
	}
	assert_int_equal(glob(SG_SOURCE_DIR "/gen/kernels/*/*.kernel", 0, NULL, &g), 0);
	for (i = 0; i < g.gl_pathc; i++) {
		assert_true(count < ARGS_MAX - 12);
		more[count++] = "-k";
		more[count++] = g.gl_pathv[i];
	}
	// as deep as the shallowest of them goes
	more[count++] = "--depth";
	more[count++] = "1000";
	generate(dir, target, more);
	globfree(&g);
	report = run_suite(dir);
	assert_true(json_array_size(json_object_get(report, "tests")) > 35);
	json_array_foreach(json_object_get(report, "tests"), i, test)
	{
		const char *verdict = text_of(test, "verdict");
		bool deep = strstr(text_of(test, "id"), "-5000.") != NULL;
		bool at_limit = deep && strcmp(verdict, "stack-overflow") == 0;

		if (strcmp(verdict, "passed") != 0 && strcmp(verdict, "skipped") != 0 && !at_limit)
			print_message("%s: %s\n", text_of(test, "id"), text_of(test, "evidence"));
		assert_true(strcmp(verdict, "passed") == 0 || strcmp(verdict, "skipped") == 0 || at_limit);
	}
	json_decref(report);
}

CASE("lisps: every kernel gives its result when guile runs it")
{
	run_all("guile", "guile");
}

CASE("lisps: every kernel gives its result when chez runs it")
{
	run_all("chez", "chezscheme");
}

CASE("lisps: every kernel gives its result when racket runs it")
{
	run_all("racket", "racket");
}

CASE("lisps: every kernel gives its result when csi runs it")
{
	run_all("csi", "csi");
}

CASE("lisps: every kernel gives its result when mit-scheme runs it")
{
	run_all("mit-scheme", "mit-scheme");
}

CASE("lisps: every kernel gives its result when sbcl runs it")
{
	run_all("sbcl", "sbcl");
}

CASE("lisps: every kernel gives its result when ecl runs it")
{
	run_all("ecl", "ecl");
}

CASE("lisps: every kernel gives its result when clisp runs it")
{
	run_all("clisp", "clisp");
}

// --- at the limit ----------------------------------------------------------------------------------------------

static void assert_end(const char *id, const char *verdict)
{
	json_t *report = run_suite(harness_tmpdir()), *test = e2e_test(report, id);

	if (strcmp(text_of(test, "verdict"), verdict) != 0)
		print_message("%s: %s\n", id, text_of(test, "evidence"));
	assert_string_equal(text_of(test, "verdict"), verdict);
	if (strcmp(verdict, "passed") != 0)
		assert_true(json_is_true(json_object_get(test, "clean")));
	json_decref(report);
}

// 1000000 calls, one inside the other.
static void dive(const char *target, const char *program, const char *stack, const char *verdict)
{
	const char *more[] = { "-k", "dive.kernel", NULL, NULL, NULL };
	char id[128];

	need_program(program);
	if (stack != NULL) {
		more[2] = "--stack-limit";
		more[3] = stack;
	}
	e2e_write(harness_tmpdir(), "dive.kernel",
	          "(kernel recursion/dive (summary \"calls 1000000 deep\") (param n 1000000 (range 1 1000000))\n"
	          "  (define (dive i) (if (= i 0) 0 (+ 1 (dive (- i 1)))))\n"
	          "  (measure total (repeat 1) (dive n))\n"
	          "  (expect n))\n",
	          false);
	generate(harness_tmpdir(), target, more);
	snprintf(id, sizeof id, "recursion/dive.%s", target);
	assert_end(id, verdict);
}

// A list that never ends, in a heap of so much.
static void fill(const char *target, const char *heap)
{
	const char *more[] = { "-k", "endless.kernel", "--heap-limit", heap, NULL };
	char id[128];

	e2e_write(harness_tmpdir(), "endless.kernel",
	          "(kernel gc/endless (summary \"conses without end\") (param n 1000000000 (range 1 1000000000))\n"
	          "  (measure total (repeat 1)\n"
	          "    (loop ((i 0) (items nil)) (while (< i n)) (next (+ i 1) (cons i items)) (car items)))\n"
	          "  (expect (- n 1)))\n",
	          false);
	generate(harness_tmpdir(), target, more);
	snprintf(id, sizeof id, "gc/endless.%s", target);
	assert_end(id, "out-of-memory");
}

CASE("lisps: 1000000 calls inside each other pass when guile runs them")
{
	dive("guile", "guile", NULL, "passed");
}

CASE("lisps: 1000000 calls inside each other pass when chez runs them")
{
	dive("chez", "chezscheme", NULL, "passed");
}

CASE("lisps: 1000000 calls inside each other pass when racket runs them")
{
	dive("racket", "racket", NULL, "passed");
}

CASE("lisps: 1000000 calls inside each other pass when csi runs them")
{
	dive("csi", "csi", NULL, "passed");
}

CASE("lisps: the stack's end is told when mit-scheme runs 1000000 calls")
{
	dive("mit-scheme", "mit-scheme", NULL, "stack-overflow");
}

CASE("lisps: a larger stack is enough when mit-scheme runs 1000000 calls")
{
	dive("mit-scheme", "mit-scheme", "200MiB", "passed");
}

CASE("lisps: the stack's end is told when sbcl runs 1000000 calls")
{
	dive("sbcl", "sbcl", NULL, "stack-overflow");
}

CASE("lisps: a larger stack is enough when sbcl runs 1000000 calls")
{
	dive("sbcl", "sbcl", "200MiB", "passed");
}

CASE("lisps: the stack's end is told when ecl runs 1000000 calls")
{
	dive("ecl", "ecl", NULL, "stack-overflow");
}

CASE("lisps: the stack's end is told when clisp runs 1000000 calls")
{
	dive("clisp", "clisp", NULL, "stack-overflow");
}

CASE("lisps: the heap's end is told when guile conses without end")
{
	need_program("guile");
	fill("guile", "64MiB");
}

CASE("lisps: the heap's end is told when csi conses without end")
{
	need_program("csi");
	fill("csi", "64MiB");
}

CASE("lisps: the heap's end is told when mit-scheme conses without end")
{
	need_program("mit-scheme");
	fill("mit-scheme", "64MiB");
}

CASE("lisps: the heap's end is told when sbcl conses without end")
{
	need_program("sbcl");
	fill("sbcl", "128MiB");
}

CASE("lisps: the heap's end is told when ecl conses without end")
{
	need_program("ecl");
	fill("ecl", "64MiB");
}

CASE("lisps: the heap's end is told when a program of csc conses without end")
{
	need_program("csc");
	fill("csc", "64MiB");
}

CASE("lisps: 1000000 calls inside each other pass when csc compiled them")
{
	dive("csc", "csc", NULL, "passed");
}

// Kernels written back as text of the kernel language.
#include "harness.h"
#include "support.h"

#include "buf.h"
#include "emit.h"
#include "eval.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *written(const struct kernel *k, const struct emit_values *v)
{
	struct buf out = { 0 };

	assert_int_equal(kernel_write(k, v, &out), 0);
	return buf_take(&out);
}

static struct eval_result evaluated(const struct kernel *k)
{
	int64_t values[KERNEL_ARGS_MAX];
	struct eval_result out = { 0 };
	struct err e = { 0 };

	assert_int_equal(kernel_instance_values(k, k->instances, 10, values, &e), 0);
	eval_kernel(k, values, NULL, &out, &e);
	assert_string_equal(e.text, "");
	return out;
}

static void assert_narrow(const char *text)
{
	for (const char *line = text; *line != 0; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 100);
}

// The text parses to what takes the same steps, and is written as it stands.
static void round_trip(const char *path)
{
	struct kernel *k = NULL, *again;
	struct err e = { 0 };
	struct eval_result first, second;
	char *text, *text_again;

	kernel_load(path, &k, &e);
	assert_string_equal(e.text, "");
	text = written(k, NULL);
	again = support_kernel(text);
	text_again = written(again, NULL);
	assert_string_equal(text_again, text);
	assert_int_equal(again->instance_count, k->instance_count);
	first = evaluated(k);
	second = evaluated(again);
	assert_int_equal(first.value, second.value);
	assert_int_equal(first.steps, second.steps);
	assert_narrow(text);
	free(text_again);
	free(text);
	kernel_free(again);
	kernel_free(k);
}

CASE("write: every kernel of the catalogue is the same when it was written and read")
{
	size_t count;
	char **paths = support_kernels(&count);

	for (size_t i = 0; i < count; i++)
		round_trip(paths[i]);
	support_free_paths(paths, count);
	round_trip(SG_SOURCE_DIR "/tests/gen/kernels/everything.kernel");
	round_trip(SG_SOURCE_DIR "/tests/gen/kernels/maps.kernel");
	round_trip(SG_SOURCE_DIR "/tests/gen/kernels/flow.kernel");
}

CASE("write: a kernel is laid out for people")
{
	static const char text[] =
	        "(kernel gc/a\n"
	        "  (summary \"says \\\"a\\\" and \\\\\")\n"
	        "  (stresses \"s\")\n"
	        "  (param depth 5 (range -1 99))\n"
	        "  (instance (depth --depth))\n"
	        "  (instance (depth 7))\n"
	        "  (growth \"n log n\" (memory \"1\") (collections \"log n\"))\n"
	        "  (timeout 3)\n"
	        "  (stack (+ depth 1))\n"
	        "  (global kept (list 1 -2))\n"
	        "  (define (f a-parameter)\n"
	        "    (if (= a-parameter 0)\n"
	        "        (raise 1)\n"
	        "        (let ((text \"a\\n\\t\")\n"
	        "              (lambdas (list (lambda (first second) (+ first second a-parameter depth)))))\n"
	        "          (full-gc)\n"
	        "          (tail (f (- a-parameter (string-length (string-append text text text text text))))))))\n"
	        "  (measure total (repeat 20)\n"
	        "    (loop ((i 0) (sum (car kept)))\n"
	        "      (while (< i depth))\n"
	        "      (when (and (> i 3) true) (full-gc))\n"
	        "      (next (+ i 1) (+ sum (try (f i) (catch (x) (* x 10)))))\n"
	        "      (full-gc)\n"
	        "      sum))\n"
	        "  (expect (+ 1 (* 10 depth))))\n";
	struct kernel *k = support_kernel(text);
	char *out = written(k, NULL);

	assert_string_equal(out, text);
	free(out);
	kernel_free(k);
}

CASE("write: parameters and formulas are their values when these are given")
{
	struct kernel *k = support_kernel("(kernel gc/a (summary \"s\") (param n 5 (range 0 99)) (instance (n 7))"
	                                  " (stack (* 2 n)) (measure t (repeat 1) n) (expect n))");
	const int64_t nine = 9;
	const struct emit_values v = { .params = &nine, .expect = 9, .stack = 18 };
	char *out = written(k, &v);

	assert_string_equal(out, "(kernel gc/a\n"
	                         "  (summary \"s\")\n"
	                         "  (param n 9 (range 0 99))\n"
	                         "  (stack 18)\n"
	                         "  (measure t (repeat 1) n)\n"
	                         "  (expect 9))\n");
	free(out);
	kernel_free(k);
}

CASE("write: a body of more items than a form has is one begin")
{
	static char text[8192];
	struct kernel *k;
	char *out;
	int n;

	n = snprintf(text, sizeof text, "(kernel gc/a (summary \"s\") (measure t (repeat 1) (let ((a 1)) (begin");
	for (int i = 0; i < 64; i++)
		n += snprintf(text + n, sizeof text - (size_t)n, " (+ a %d)", i);
	snprintf(text + n, sizeof text - (size_t)n, "))))");
	k = support_kernel(text);
	out = written(k, NULL);
	kernel_free(support_kernel(out));
	assert_non_null(strstr(out, "(begin\n"));
	free(out);
	kernel_free(k);
}

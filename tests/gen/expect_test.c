#include "harness.h"
#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int evaluate(const char *formula, int64_t n, int64_t *out, struct err *e)
{
	char text[1000];
	int rc;

	snprintf(text, sizeof text,
	         "(kernel gc/k (summary \"s\") (param n 0 (range -9 9))\n(measure t (repeat 1) 0)\n(expect\n%s))",
	         formula);
	struct kernel *k = support_kernel(text);
	rc = kernel_evaluate(k, k->expect, &n, out, e);
	kernel_free(k);
	return rc;
}

static void gives(const char *formula, int64_t n, int64_t expected)
{
	struct err e = { 0 };
	int64_t out = -12345;

	assert_int_equal(evaluate(formula, n, &out, &e), 0);
	assert_string_equal(e.text, "");
	assert_int_equal(out, expected);
}

static void fails(const char *formula, int code, const char *message)
{
	struct err e = { 0 };
	int64_t out;

	assert_int_equal(evaluate(formula, 3, &out, &e), code);
	assert_string_equal(e.text, message);
}

CASE("formula: quotient and remainder truncate when an operand is negative")
{
	gives("(quotient -7 2)", 0, -3);
	gives("(quotient 7 -2)", 0, -3);
	gives("(quotient -7 -2)", 0, 3);
	gives("(remainder -7 2)", 0, -1);
	gives("(remainder 7 -2)", 0, 1);
}

CASE("formula: all that it may hold is computed")
{
	gives("(+ n 1 (* 2 n n) (- n 10))", 3, 15);
	gives("(if (and (> n 0) (or (= n 3) (>= n 5)) (not (< n 1)) (<= n 3)) 1 2)", 3, 1);
	gives("(if (or (= n 0) (= (quotient 6 n) 2)) 1 2)", 0, 1);
	gives("(if (and (> n 0) (= (quotient 6 n) 2)) 1 2)", 0, 2);
	gives("(let ((a (* n 2)) (b (+ a 1))) (* a b))", 3, 42);
	gives("(loop ((i 0) (a 0) (b 1)) (while (< i 20)) (next (+ i 1) b (+ a b)) a)", 0, 6765);
	gives("(if true 9007199254740991 0)", 0, 9007199254740991);
}

CASE("formula: the place is named when a value leaves 2^53")
{
	fails("(+ 9007199254740991 n)", -ERANGE, "k.kernel:4:1: a value leaves the range of 2^53 - 1 around zero");
	fails("(- -9007199254740991 n)", -ERANGE,
	      "k.kernel:4:1: a value leaves the range of 2^53 - 1 around zero");
	fails("(* 9007199254740991 9007199254740991)", -ERANGE,
	      "k.kernel:4:1: a value leaves the range of 2^53 - 1 around zero");
	fails("(quotient n 0)", -ERANGE, "k.kernel:4:1: division by zero in a formula");
}

CASE("formula: it is given up when it does not end")
{
	fails("(loop ((i 0)) (while true) (next i) i)", -ELOOP, "k.kernel:4:22: the formula takes too many steps");
}

CASE("formula: the place is named when it holds what it may not")
{
	fails("(string-length \"a\")", -EINVAL, "k.kernel:4:1: a formula knows integers and booleans only");
	fails("((lambda (x) x) 1)", -EINVAL,
	      "k.kernel:4:1: a formula holds integers, booleans, parameters, if, let and loop only");
}

CASE("formula: --depth is refused when it is outside the parameter's range")
{
	struct kernel *k =
	        support_kernel("(kernel gc/k (summary \"s\") (param depth 5 (range 2 9)) (instance (depth "
	                       "--depth))\n(measure t (repeat 1) 0) (expect 0))");
	struct err e = { 0 };
	int64_t value;

	assert_int_equal(kernel_instance_values(k, k->instances, 9, &value, &e), 0);
	assert_int_equal(value, 9);
	assert_int_equal(kernel_instance_values(k, k->instances, 10, &value, &e), -ERANGE);
	assert_string_equal(e.text, "k.kernel:1:35: depth 10 is out of this kernel's range, 2 to 9");
	assert_int_equal(kernel_instance_values(k, k->instances, 1, &value, NULL), -ERANGE);
	assert_int_equal(kernel_instance_values(k, k->instances, UINT64_MAX, &value, NULL), -ERANGE);
	kernel_free(k);
}

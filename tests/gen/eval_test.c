// The reference evaluator: each construct, its limits, and that it agrees with every formula of the catalogue.
#include "evaluate.h"
#include "harness.h"
#include "support.h"

#include "eval.h"
#include "io.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB ((uint64_t)1 << 20)

// --- constructs ------------------------------------------------------------------------------------------------

CASE("eval: quotient and remainder truncate when an operand is negative")
{
	gives("", "(quotient -7 2)", -3);
	gives("", "(quotient 7 -2)", -3);
	gives("", "(quotient -7 -2)", 3);
	gives("", "(remainder -7 2)", -1);
	gives("", "(remainder 7 -2)", 1);
	gives("", "(remainder -6 2)", 0);
}

CASE("eval: integers are computed and compared when there are two or more")
{
	gives("", "(+ 1 2 n 4)", 10);
	gives("", "(- 1 (* 2 3 n))", -17);
	gives("", "(+ 9007199254740990 1)", 9007199254740991);
	gives("", "(* -1 9007199254740991)", -9007199254740991);
	gives("", "(if (and (< 1 2) (<= 2 2) (> 3 2) (>= 3 3) (= -1 -1)) 1 0)", 1);
	gives("", "(if (or (< 2 2) (<= 3 2) (> 2 2) (>= 2 3) (= -1 1)) 1 0)", 0);
}

CASE("eval: what and and or leave out is not evaluated when the result is known")
{
	gives("", "(if (and true (not true) (= (quotient 1 0) 1)) 1 2)", 2);
	gives("", "(if (or false (not false) (= (quotient 1 0) 1)) 1 2)", 1);
	gives("", "(if (and true (or false false true) true) 1 2)", 1);
}

CASE("eval: bindings and loops have their values when they are nested")
{
	gives("", "(let ((a 1) (b (+ a 1))) (let ((a 10) (c (+ a b))) (+ a b c)))", 24);
	gives("", "(+ 1 (let ((a 2)) (loop ((i 0) (a a)) (while (< i 3)) (next (+ i 1) (* a a)) (+ i a))) 5)",
	      265);
	gives("", "(loop ((a 1) (b 2) (i 0)) (while (< i 3)) (next b a (+ i 1)) (+ (* 10 a) b))", 21);
	gives("",
	      "(let ((b (box 0))) (loop ((i 0)) (while (< i 4)) (set-box! b (+ (* 10 (unbox b)) i))"
	      " (loop ((k 0)) (while (< k 2)) (next (+ k 1))) (next (+ i 1))) (unbox b))",
	      123);
	gives("", "(let ((b (box 1))) (when (= n 3) (set-box! b 5)) (when (= n 4) (set-box! b 6)) (unbox b))", 5);
	gives("", "(begin 1 (box 2) 3)", 3);
}

CASE("eval: arguments are evaluated from left to right when they have effects")
{
	const char *note = "(define (note log item) (set-box! log (+ (* 10 (unbox log)) item)) item)"
	                   "(define (three a b c) (+ (* 100 a) (* 10 b) c))";

	gives(note, "(let ((l (box 0))) (begin (three (note l 1) (note l 2) (note l 3)) (unbox l)))", 123);
	gives(note, "(let ((l (box 0))) (begin ((begin (note l 4) three) (note l 1) (note l 2) 0) (unbox l)))",
	      412);
	gives(note, "(let ((l (box 0))) (begin (list (note l 1) (note l 2) (note l 3)) (unbox l)))", 123);
}

CASE("eval: functions are values when they are defined, made or passed on")
{
	gives("(define (twice f x) (f (f x))) (define (up x) (+ x 1))", "(twice up 5)", 7);
	gives("(define (twice f x) (f (f x))) (define (adder k) (lambda (x) (+ x k)))", "(twice (adder 10) n)",
	      23);
	gives("", "((lambda (x y) (- x y)) 3 4)", -1);
	gives("", "((lambda () 8))", 8);
	gives("",
	      "(let ((a 1)) ((((lambda (b) (lambda (c) (lambda (d) (+ a (* 10 b) (* 100 c) (* 1000 d))))) 2) 3) 4))",
	      4321);
	gives("",
	      "(let ((l (loop ((i 0) (all nil)) (while (< i 3)) (next (+ i 1) (cons (lambda (x) (+ x i)) all)) all)))"
	      " (+ (* 100 ((car l) 0)) (* 10 ((car (cdr l)) 0)) ((car (cdr (cdr l))) 0)))",
	      210);
	gives("(define (f x) (if (= x 0) 0 (+ 1 (g (- x 1))))) (define (g x) (f x))", "(f 10)", 10);
}

CASE("eval: pairs, lists and boxes hold what was put in")
{
	gives("", "(let ((l (list 1 2 n))) (+ (car l) (* 10 (car (cdr l))) (* 100 (car (cdr (cdr l))))))", 321);
	gives("", "(if (null? (cdr (list true))) 1 0)", 1);
	gives("", "(cdr (cons nil 7))", 7);
	gives("", "(let ((b (box nil))) (begin (set-box! b (list 4)) (car (unbox b))))", 4);
}

CASE("eval: vectors hold what was put in")
{
	gives("",
	      "(let ((v (make-vector 10 7))) (begin (vector-set! v 9 1) (+ (vector-ref v 0) (vector-ref v 9)"
	      " (vector-length v))))",
	      18);
	gives("", "(vector-length (make-vector 0 nil))", 0);
	gives("", "(vector-length (make-vector 100000 nil))", 100000);
}

CASE("eval: strings are taken apart and compared by their bytes")
{
	gives("", "(string-length \"a\\n\\t\\\"\\\\\")", 5);
	gives("", "(if (string=? (string-append \"ab\" \"\" (number->string -12)) \"ab-12\") 1 0)", 1);
	gives("", "(if (string=? (substring \"abcdef\" 2 5) \"cde\") 1 0)", 1);
	gives("", "(string-length (substring \"abc\" 3 3))", 0);
	gives("",
	      "(if (and (string<? \"abc\" \"abd\") (string<? \"ab\" \"abc\") (string<? \"\" \"a\") (string<? \"Z\" \"a\")"
	      " (not (string<? \"b\" \"abd\")) (not (string<? \"a\" \"a\"))) 1 0)",
	      1);
}

CASE("eval: maps find, replace and forget keys when they grow")
{
	const char *fill =
	        "(define (fill m from to) (loop ((i from)) (while (< i to)) (map-set! m (number->string i) i)"
	        " (next (+ i 1))))"
	        "(define (drop m from to) (loop ((i from)) (while (< i to)) (map-delete! m (number->string i))"
	        " (next (+ i 1))))"
	        "(define (sum m to) (loop ((i 0) (s 0)) (while (< i to))"
	        " (next (+ i 1) (+ s (map-ref m (number->string i) 0))) s))";

	gives(fill, "(let ((m (make-map))) (begin (fill m 0 1000) (fill m 0 1000) (+ (map-size m) (sum m 2000))))",
	      500500);
	gives(fill,
	      "(let ((m (make-map))) (begin (fill m 0 100) (drop m 10 200) (+ (* 1000 (map-size m)) (sum m 100))))",
	      10045);
	// as many keys come and go as would fill any table
	gives(fill,
	      "(let ((m (make-map))) (loop ((i 0)) (while (< i 500)) (fill m i (+ i 5)) (drop m i (+ i 5)) (next (+ i 1))"
	      " (map-size m)))",
	      0);
	gives("",
	      "(let ((m (make-map))) (begin (map-set! m \"\" nil) (+ (if (map-has? m \"\") 1 0)"
	      " (if (map-has? m \"a\") 10 0) (if (null? (map-ref m \"\" (list 1))) 100 0) (map-ref m \"b\" 1000))))",
	      1101);
}

CASE("eval: a full collection changes nothing that a kernel can see")
{
	gives("", "(let ((l (list 1 2))) (begin (full-gc) (car l)))", 1);
}

// --- errors ----------------------------------------------------------------------------------------------------

CASE("eval: the place is named when a value leaves 2^53 or a division is by zero")
{
	fails("", "(+ 1 (+ 9007199254740991 n))", -ERANGE,
	      "k.kernel:4:6: a value leaves the range of 2^53 - 1 around zero");
	fails("", "(- -9007199254740991 n)", -ERANGE,
	      "k.kernel:4:1: a value leaves the range of 2^53 - 1 around zero");
	fails("", "(* 9007199254740991 9007199254740991)", -ERANGE,
	      "k.kernel:4:1: a value leaves the range of 2^53 - 1 around zero");
	fails("", "(- (* 4503599627370496 2) 1)", -ERANGE,
	      "k.kernel:4:4: a value leaves the range of 2^53 - 1 around zero");
	fails("", "(+ 1 (quotient n 0))", -ERANGE, "k.kernel:4:6: division by zero");
	fails("", "(+ 1 (remainder n 0))", -ERANGE, "k.kernel:4:6: division by zero");
}

CASE("eval: the place is named when an index or a size is out of range")
{
	fails("", "(vector-ref (make-vector 3 0) n)", -ERANGE,
	      "k.kernel:4:1: there is no element 3 in a vector of 3");
	fails("", "(begin (vector-set! (make-vector 3 0) -1 0) 1)", -ERANGE,
	      "k.kernel:4:8: there is no element -1 in a vector of 3");
	fails("", "(vector-length (make-vector -1 0))", -ERANGE,
	      "k.kernel:4:16: a vector cannot have -1 elements");
	fails("", "(string-length (substring \"abc\" 2 1))", -ERANGE,
	      "k.kernel:4:16: there is no part from 2 to 1 in a string of 3");
	fails("", "(string-length (substring \"abc\" 0 4))", -ERANGE,
	      "k.kernel:4:16: there is no part from 0 to 4 in a string of 3");
	fails("", "(string-length (substring \"abc\" -1 2))", -ERANGE,
	      "k.kernel:4:16: there is no part from -1 to 2 in a string of 3");
	fails("", "(car (cdr (list 1)))", -ERANGE, "k.kernel:4:1: car of nil");
	fails("", "(car (cdr nil))", -ERANGE, "k.kernel:4:6: cdr of nil");
}

CASE("eval: the place is named when what comes out of a structure has another type")
{
	fails("", "(+ 1 (car (list true)))", -EINVAL, "k.kernel:4:6: + needs an int here; this is a bool");
	fails("", "(+ 1 2 (car (list \"a\")))", -EINVAL, "k.kernel:4:8: + needs an int here; this is a string");
	fails("", "(if (< (car (list nil)) 1) 1 2)", -EINVAL, "k.kernel:4:8: < needs an int here; this is nil");
	fails("", "(if (car (list 1)) 1 2)", -EINVAL, "k.kernel:4:5: 'if' needs a bool here; this is an int");
	fails("", "(begin (when (car (list 1)) 1) 2)", -EINVAL,
	      "k.kernel:4:14: 'when' needs a bool here; this is an int");
	fails("", "(loop ((i 0)) (while (car (list i))) (next i) i)", -EINVAL,
	      "k.kernel:4:22: 'while' needs a bool here; this is an int");
	fails("", "(if (and true (car (list 1))) 1 2)", -EINVAL,
	      "k.kernel:4:15: and needs a bool here; this is an int");
	fails("", "(if (or (car (list 1)) true) 1 2)", -EINVAL,
	      "k.kernel:4:9: or needs a bool here; this is an int");
	fails("", "(if (not (car (list 1))) 1 2)", -EINVAL,
	      "k.kernel:4:10: not needs a bool here; this is an int");
	fails("", "(car (car (list 1)))", -EINVAL, "k.kernel:4:6: car needs a list here; this is an int");
	fails("", "(string-length (car (list (box 1))))", -EINVAL,
	      "k.kernel:4:16: string-length needs a string here; this is a box");
	fails("", "(map-size (car (list (make-vector 1 1))))", -EINVAL,
	      "k.kernel:4:11: map-size needs a map here; this is a vector");
	fails("", "(unbox (car (list (make-map))))", -EINVAL,
	      "k.kernel:4:8: unbox needs a box here; this is a map");
	fails("", "(vector-length (car (list (lambda (x) x))))", -EINVAL,
	      "k.kernel:4:16: vector-length needs a vector here; this is a function");
	fails("", "((car (list 1)) 2)", -EINVAL, "k.kernel:4:2: a call needs a function here; this is an int");
	fails("", "((car (list (lambda (x) x))) 1 2)", -EINVAL,
	      "k.kernel:4:1: a call needs a function of 2 arguments here; this one has 1");
	fails("", "(car (list \"a\"))", -EINVAL, "k.kernel:4:1: 'measure' needs an int here; this is a string");
}

// --- limits ----------------------------------------------------------------------------------------------------

CASE("eval: a kernel is given up when it takes too many steps")
{
	const struct eval_limits limits = { 1000000, 64 * MIB };
	struct eval_result out;
	struct err e = { 0 };

	fails_within(&limits, "", "(loop ((i 0)) (while true) (next i) i)", -ELOOP,
	             "k.kernel:4:1: ran for more than 1000000 steps: does it end?");
	assert_int_equal(
	        evaluate("(define (f x) (tail (g x))) (define (g x) (tail (f x)))", "(f 1)", &limits, &out, &e),
	        -ELOOP);
	assert_non_null(strstr(e.text, "k.kernel:2:"));
	assert_non_null(strstr(e.text, ": ran for more than 1000000 steps: does it end?"));
	// what is large costs more than a step
	assert_int_equal(evaluate("", "(loop ((i 0)) (while (< i 100)) (make-vector 100000 nil) (next (+ i 1)) i)",
	                          &limits, &out, NULL),
	                 -ELOOP);
	assert_int_equal(evaluate("", "(loop ((i 0)) (while (< i 9)) (make-vector 100000 nil) (next (+ i 1)) i)",
	                          &limits, &out, NULL),
	                 0);
}

CASE("eval: exactly the steps that are needed suffice when they are the limit")
{
	struct eval_limits limits = { 1000, 64 * MIB };
	struct eval_result out;

	limits.steps = run("", "(+ 1 (* n n))", NULL).steps;
	assert_int_equal(run("", "(+ 1 (* n n))", &limits).value, 10);
	limits.steps--;
	assert_int_equal(evaluate("", "(+ 1 (* n n))", &limits, &out, NULL), -ELOOP);
}

CASE("eval: a kernel is given up when it needs too much memory")
{
	const struct eval_limits limits = { UINT64_C(100000000), 4 * MIB };

	fails_within(&limits, "", "(loop ((l nil) (i 0)) (while true) (next (cons i l) (+ i 1)) i)", -ENOSPC,
	             "k.kernel:4:42: needs more than 4.00 MiB");
	fails_within(
	        &limits, "(define (f x) (+ 1 (f x)))", "(f 1)", -ENOSPC,
	        "k.kernel:2:20: needs more than 4.00 MiB, most of it for calls inside calls: does the recursion end?");
	fails_within(&limits, "", "(vector-length (make-vector 9007199254740991 nil))", -ENOSPC,
	             "k.kernel:4:16: needs more than 4.00 MiB");
	fails_within(&limits, "", "(loop ((s \"ab\")) (while true) (next (string-append s s)) 1)", -ENOSPC,
	             "k.kernel:4:37: needs more than 4.00 MiB");
	fails_within(&limits, "",
	             "(let ((m (make-map))) (loop ((i 0)) (while true) (map-set! m (number->string i) i)"
	             " (next (+ i 1)) i))",
	             -ENOSPC, "k.kernel:4:62: needs more than 4.00 MiB");
	fails_within(&limits, "",
	             "(loop ((b (box 1)) (i 0)) (while true) (next (let ((c b)) (box (lambda () (unbox c))))"
	             " (+ i 1)) i)",
	             -ENOSPC, "k.kernel:4:64: needs more than 4.00 MiB");
}

// A recursion of 10 million levels on a thread whose C stack has 256 KiB.
static void *recurse(void *arg)
{
	const struct eval_limits limits = { UINT64_C(200000000), 400 * MIB };
	struct eval_result *out = arg;
	int64_t depth = 10000000;
	struct kernel *k = NULL;

	if (kernel_load(SG_SOURCE_DIR "/gen/kernels/recursion/sum.kernel", &k, NULL) == 0)
		eval_kernel(k, &depth, &limits, out, NULL);
	kernel_free(k);
	return NULL;
}

CASE("eval: a recursion of 10 million levels needs no C stack and under 400 MiB")
{
	struct eval_result out = { 0 };
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	assert_int_equal(pthread_attr_setstacksize(&attributes, 256U * 1024U), 0);
	assert_int_equal(pthread_create(&thread, &attributes, recurse, &out), 0);
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attributes);
	assert_int_equal(out.value, 50000005000000);
}

CASE("eval: tagged tail calls need no memory when there are a million")
{
	const struct eval_limits limits = { UINT64_C(100000000), MIB / 2 };
	const char *calls = "(define (down i) (if (= i 0) 7 (tail (other (- i 1) nil))))"
	                    "(define (other i x) (let ((y i)) (if (= y 0) 8 (tail (down (- y 1))))))";

	assert_int_equal(run(calls, "(down 1000000)", &limits).value, 7);
	// through a function's value, of a defined function and of one that keeps a variable
	assert_int_equal(
	        run("(define (again b i) (if (= i 0) 9 (tail ((unbox b) (- i 1)))))",
	            "(let ((b (box nil))) (begin (set-box! b (lambda (i) (tail (again b i)))) (again b 1000000)))",
	            &limits)
	                .value,
	        9);
	assert_int_equal(
	        run("(define (end i) i) (define (go b i) (if (= i 0) (tail ((car b) 5)) (tail ((cdr b) b (- i 1)))))",
	            "(go (cons end go) 1000000)", &limits)
	                .value,
	        5);
}

CASE("eval: garbage is collected when there is more of it than memory")
{
	const struct eval_limits limits = { UINT64_C(1000000000), 4 * MIB };
	const char *build =
	        "(define (build k) (loop ((i k) (l nil)) (while (> i 0)) (next (- i 1) (cons i l)) l))"
	        "(define (sum l) (loop ((l l) (s 0)) (while (not (null? l))) (next (cdr l) (+ s (car l))) s))";
	struct eval_result out = run(build,
	                             "(let ((kept (build 10000))) (loop ((i 0)) (while (< i 1000)) (build 1000)"
	                             " (next (+ i 1)) (sum kept)))",
	                             &limits);

	assert_int_equal(out.value, 50005000);
	assert_true(out.collections > 3);
	assert_true(out.peak_bytes <= 4 * MIB);
	// of all kinds and sizes, kept and dropped in turn
	out = run(
	        "(define (mix i) (let ((s (string-append (number->string i) \"x\")) (m (make-map))) (begin"
	        " (map-set! m s (list (box s) (make-vector (remainder i 50) s) (lambda (x) (string-append s x)))) m)))",
	        "(let ((kept (make-vector 100 (mix 0)))) (loop ((i 0)) (while (< i 100000))"
	        " (vector-set! kept (remainder i 100) (mix i)) (next (+ i 1))"
	        " (string-length ((car (cdr (cdr (map-ref (vector-ref kept 50) \"99950x\" nil)))) \"yz\"))))",
	        &limits);
	assert_int_equal(out.value, 8);
	assert_true(out.collections > 3);
}

CASE("eval: a list that is nested a million deep is marked without recursion")
{
	const struct eval_limits limits = { UINT64_C(100000000), 64 * MIB };
	struct eval_result out =
	        run("",
	            "(let ((deep (loop ((i 0) (l nil)) (while (< i 1000000)) (next (+ i 1) (cons l nil)) l)))"
	            " (loop ((l deep) (d 0)) (while (not (null? l))) (next (car l) (+ d 1)) d))",
	            &limits);

	assert_int_equal(out.value, 1000000);
	assert_true(out.collections > 1);
}

// --- the catalogue ---------------------------------------------------------------------------------------------

// Whether formula and evaluator agree for the kernel's instances.
static void agree(const char *path)
{
	struct err e = { 0 };
	struct kernel *k = NULL;

	kernel_load(path, &k, &e);
	assert_string_equal(e.text, "");
	for (size_t i = 0; i < k->instance_count && k->expect != NULL; i++) {
		struct eval_result computed = { 0 };
		int64_t formula = -1;
		if (k->instances[i].slow) // those are in catalogue_test.c
			continue;
		kernel_evaluate(k, k->expect, k->instances[i].values, &formula, &e);
		eval_kernel(k, k->instances[i].values, NULL, &computed, &e);
		assert_string_equal(e.text, "");
		assert_int_equal(computed.value, formula);
	}
	kernel_free(k);
}

CASE("eval: formula and evaluator agree for every kernel of the catalogue")
{
	size_t count;
	char **paths = support_kernels(&count);

	assert_true(count >= 14);
	for (size_t i = 0; i < count; i++)
		agree(paths[i]);
	support_free_paths(paths, count);
	agree(SG_SOURCE_DIR "/tests/gen/kernels/everything.kernel");
	agree(SG_SOURCE_DIR "/tests/gen/kernels/maps.kernel");
	agree(SG_SOURCE_DIR "/tests/gen/kernels/flow.kernel");
	agree(SG_SOURCE_DIR "/tests/gen/kernels/exceptions.kernel");
}

static char *write_kernel(const char *expect)
{
	char *path = io_join(harness_tmpdir(), "a.kernel"), text[512];
	struct err e = { 0 };

	snprintf(text, sizeof text,
	         "(kernel gc/a (summary \"s\") (param n 5 (range 0 99)) (instance (n 5)) (instance (n 7))\n"
	         "(define (f x) (if (= x 0) 0 (+ 1 (f (- x 1)))))\n(measure t (repeat 1) (f n))\n%s)",
	         expect);
	assert_int_equal(io_replace_file(path, text, strlen(text), &e), 0);
	return path;
}

CASE("eval: --check says so at the formula when it disagrees with the kernel")
{
	char *path = write_kernel("(expect (+ n (quotient n 7)))");
	struct err e = { 0 };

	assert_int_equal(gen_check_kernel(path, &e), -EINVAL);
	assert_non_null(strstr(e.text, "a.kernel:4:9: expect says 8, the kernel computes 7 with n = 7 ("));
	assert_non_null(strstr(e.text, " steps)"));
	free(path);
	path = write_kernel("(expect n)");
	e.text[0] = 0;
	assert_int_equal(gen_check_kernel(path, &e), 0);
	free(path);
}

CASE("eval: a suite's expected result is computed when the kernel has no formula")
{
	char *path = write_kernel(""), *dir = io_join(harness_tmpdir(), "suite"), *file, *text;
	struct dialect *lua = support_dialect("lua");
	struct err e = { 0 };

	assert_int_equal(gen_check_kernel(path, &e), 0);
	support_suite(dir, &path, 1, &lua, 1, 42, &e);
	assert_string_equal(e.text, "");
	file = io_join(dir, "gc/a-7.lua@slab-fixed.lua");
	text = support_read(file);
	if (system("command -v lua5.4 > /dev/null") == 0) {
		int status;
		char *out = support_run("lua5.4", file, &status);
		assert_non_null(strstr(out, "\n@@ check result ok 7\n"));
		assert_int_equal(status, 0);
		free(out);
	}
	free(text);
	free(file);
	free(dir);
	free(path);
	dialect_free(lua);
}

#include "harness.h"
#include "support.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void refuse_body(const char *body, const char *message)
{
	support_refuse(support_around("", body), message);
}

static void refuse_definition(const char *definition, const char *message)
{
	support_refuse(support_around(definition, "0"), message);
}

CASE("kernel: everything in it is known when it is right")
{
	struct kernel *k = support_kernel(
	        "(kernel recursion/down (summary \"goes down\") (stresses \"frames\")\n"
	        "(param depth 10 (range 1 100)) (param step 1 (range 1 9))\n"
	        "(instance (depth 20)) (instance (step 3) slow (depth --depth))\n"
	        "(growth \"n log n\" (memory \"1\") (collections \"log n\")) (timeout 5) (stack (* depth 2))\n"
	        "(define (down n) (if (<= n 0) 0 (up (- n step))))\n"
	        "(define (up n) (tail (down n)))\n"
	        "(measure series-one (repeat 7) (down depth)) (expect (- depth depth)))");

	assert_int_equal(k->kind, KIND_RECURSION);
	assert_string_equal(k->name, "recursion/down");
	assert_string_equal(kernel_short_name(k), "down");
	assert_string_equal(k->summary, "goes down");
	assert_string_equal(k->stresses, "frames");
	assert_string_equal(k->growth, "n log n");
	assert_string_equal(k->growth_all, "n log n; memory 1; collections log n");
	assert_int_equal(k->timeout_s, 5);
	assert_int_equal(k->param_count, 2);
	assert_int_equal(k->params[0].max, 100);
	assert_int_equal(k->instance_count, 2);
	assert_int_equal(k->instances[0].values[0], 20);
	assert_true(k->instances[1].from_depth[0] && k->instances[1].given[1] && !k->instances[0].given[1]);
	assert_int_equal(k->instances[1].values[1], 3);
	assert_true(k->instances[1].slow && !k->instances[0].slow);
	assert_false(k->functions[0]->early);
	assert_true(k->functions[1]->early && k->tail_calls);
	assert_string_equal(k->series, "series-one");
	assert_int_equal(k->repeat, 7);
	kernel_free(k);
}

CASE("kernel: the place is named when the file as a whole is wrong")
{
	support_refuse("", "k.kernel:1:1: a kernel file holds one (kernel kind/name ...)");
	support_refuse("(kernel gc/a)\n(kernel gc/b)",
	               "k.kernel:2:1: a kernel file holds one (kernel kind/name ...)");
	support_refuse("(dialect x)", "k.kernel:1:1: a kernel file holds one (kernel kind/name ...)");
	support_refuse("(kernel)", "k.kernel:1:1: a name such as gc/list-churn was expected");
	support_refuse("(kernel sum)", "k.kernel:1:9: a name such as gc/list-churn was expected");
	support_refuse("(kernel web/sum)", "k.kernel:1:9: a kernel's kind is gc, recursion or other");
	support_refuse("(kernel gc/Sum)",
	               "k.kernel:1:12: 'Sum' is no name; names are lower-case letters, digits and inner '-'");
	support_refuse("(kernel gc/)", "k.kernel:1:9: the name behind the '/' is missing");
	support_refuse("(kernel gc/a (measure t (repeat 1) 0) (expect 0))",
	               "k.kernel:1:1: the kernel has no (summary \"...\")");
	support_refuse("(kernel gc/a (summary \"s\") (expect 0))",
	               "k.kernel:1:1: the kernel has no (measure series (repeat n) expression)");
	struct kernel *k = support_kernel("(kernel gc/a (summary \"s\") (measure t (repeat 1) 0))");
	assert_null(k->expect); // the evaluator says it
	kernel_free(k);
}

CASE("kernel: the place is named when a field is wrong")
{
	refuse_definition("(sumary \"s\")",
	                  "k.kernel:2:2: unknown field 'sumary'; known are summary, stresses, param, "
	                  "instance, growth, timeout, global, define, stack, measure, expect");
	refuse_definition("(summary \"again\")", "k.kernel:2:2: field 'summary' stands here twice");
	refuse_definition("(stresses \"a\nb\")", "k.kernel:2:1: 'stresses' takes one string of one line");
	refuse_definition("(param m 5)", "k.kernel:2:1: (param name default (range least most)) was expected");
	refuse_definition("(param m 5 (range 6 9))", "k.kernel:2:10: 5 is out of range; from 6 to 9 is allowed");
	refuse_definition("(param n 5 (range 0 9))", "k.kernel:2:8: parameter 'n' is declared twice");
	refuse_definition("(param m 9007199254740992 (range 0 9))",
	                  "k.kernel:2:10: 9007199254740992 is out of range; from 0 to 9 is allowed");
	refuse_definition("(instance (m 1))", "k.kernel:2:12: the kernel has no such parameter");
	refuse_definition("(instance (n 10))", "k.kernel:2:14: 10 is out of range; from 0 to 9 is allowed");
	refuse_definition("(instance (n 1) (n 2))", "k.kernel:2:18: 'n' stands here twice");
	refuse_definition("(growth \"n^9\")",
	                  "k.kernel:2:1: growth is one of \"1\", \"log n\", \"n\", \"n log n\", \"n^2\", \"2^n\"");
	refuse_definition(
	        "(growth \"n\" (memory \"n!\"))",
	        "k.kernel:2:13: growth is one of \"1\", \"log n\", \"n\", \"n log n\", \"n^2\", \"2^n\"");
	refuse_definition("(growth \"n\" (weight \"n\"))",
	                  "k.kernel:2:13: (memory \"...\") or (collections \"...\") was expected");
	refuse_definition("(timeout 0)", "k.kernel:2:10: 0 is out of range; from 1 to 86400 is allowed");
	support_refuse("(kernel gc/a (summary \"s\") (measure t (repeat 1001) 0) (expect 0))",
	               "k.kernel:1:47: 1001 is out of range; from 1 to 1000 is allowed");
}

CASE("kernel: the place is named when a function is wrong")
{
	refuse_definition("(define (f))", "k.kernel:2:1: (define (name parameter ...) body ...) was expected");
	refuse_definition("(define f 1)", "k.kernel:2:1: (define (name parameter ...) body ...) was expected");
	refuse_definition("(define (f x) x) (define (f y) y)", "k.kernel:2:27: 'f' is defined twice");
	refuse_definition("(define (n x) x)", "k.kernel:2:10: 'n' is a parameter already");
	refuse_definition("(define (f x x) x)", "k.kernel:2:14: two parameters are named 'x'");
	refuse_definition("(define (f car) 1)",
	                  "k.kernel:2:12: 'car' is a word of the language and cannot be a name");
	refuse_definition("(define (loop x) 1)",
	                  "k.kernel:2:10: 'loop' is a word of the language and cannot be a name");
	refuse_definition("(define (f 3) 1)", "k.kernel:2:12: a name was expected here");
}

CASE("kernel: the place is named when an expression is wrong")
{
	refuse_body("(frob 1)", "k.kernel:4:2: unknown form or function 'frob'");
	refuse_body("(try 1)",
	            "k.kernel:4:1: (try expression ... (catch (name) expression ...)); this one has 1 item");
	refuse_body("x", "k.kernel:4:1: 'x' is not defined here");
	refuse_body("(let ((x 1)) 2 y)", "k.kernel:4:16: 'y' is not defined here");
	refuse_body("(+ (let ((x 1)) x) x)", "k.kernel:4:20: 'x' is not defined here");
	refuse_body("()", "k.kernel:4:1: () means nothing; the empty list is nil");
	refuse_body("(if true 1)",
	            "k.kernel:4:1: (if condition then else); without an else it is (when condition ...); "
	            "this one has 2 items");
	refuse_body("(+ 1)", "k.kernel:4:1: '+' takes 2 arguments or more, not 1");
	refuse_body("(- 1 2 3)", "k.kernel:4:1: '-' takes 2 arguments, not 3");
	refuse_body("(full-gc 1)", "k.kernel:4:1: 'full-gc' takes 0 arguments, not 1");
	refuse_body("(let (x 1) x)",
	            "k.kernel:4:7: a pair (name value) was expected in (let ((name value) ...) body ...)");
	refuse_body("9007199254740992", "k.kernel:4:1: integers lie within 2^53 - 1 of zero");
	refuse_body("(string-length \"\xC3\xA4\")",
	            "k.kernel:4:16: a string holds printable ASCII, \\n and \\t only");
	refuse_body("(lambda x 1)", "k.kernel:4:9: a list of parameters was expected");
}

CASE("kernel: the place is named when a loop is wrong")
{
	refuse_body("(loop ((i 0)) (next 1) i)",
	            "k.kernel:4:15: (while condition) was expected behind the loop's state");
	refuse_body("(loop ((i 0)) (while true) i)", "k.kernel:4:1: the loop has no (next value ...)");
	refuse_body("(loop ((i 0) (k 1)) (while true) (next 1) i)",
	            "k.kernel:4:34: 'next' has 1 values for 2 variables");
	refuse_body("(loop ((i 0) (k i)) (while true) (next 1 2) i)", "k.kernel:4:17: 'i' is not defined here");
	refuse_body("(begin (loop ((i 0)) (while true) (next 1) i) i)", "k.kernel:4:47: 'i' is not defined here");
}

CASE("kernel: a tagged call is refused when it is no tail call")
{
	static const char f[] = "(define (f x) x)";

	support_refuse(support_around(f, "(+ 1 (tail (f 1)))"),
	               "k.kernel:4:6: this call is not the last thing its function does, so it is no tail call");
	support_refuse(support_around(f, "(begin (tail (f 1)) 2)"),
	               "k.kernel:4:8: this call is not the last thing its function does, so it is no tail call");
	support_refuse(support_around(f, "(tail n)"),
	               "k.kernel:4:7: only a call of a function can be tagged as a tail call");
	support_refuse(support_around(f, "(f)"), "k.kernel:4:1: 'f' takes 1 argument, not 0");
	kernel_free(support_kernel(support_around(
	        f, "(let ((x 1)) (begin 1 (if true (tail (f x)) (loop ((i 0)) (while false) (next i) "
	           "(tail (f i))))))")));
}

CASE("kernel: a form is refused when it has more than 64 parts")
{
	char body[2000] = "(+";

	for (int i = 0; i < 65; i++)
		strcat(body, " 1");
	strcat(body, ")");
	refuse_body(body, "k.kernel:4:1: more than 64 arguments");
}

CASE("kernel: variables are told apart when they have one name, and captures are known")
{
	struct kernel *k = support_kernel(support_around(
	        "(define (f x) (let ((x (+ x 1))) ((lambda (y) ((lambda (z) (+ x y z n)) x)) x)))", "(f 1)"));
	const struct node *let = k->functions[0]->body, *outer = let->body->body,
	                  *inner = outer->function->body->body;

	assert_ptr_not_equal(let->vars[0], k->functions[0]->params[0]);
	assert_ptr_equal(let->args[0]->args[0]->var, k->functions[0]->params[0]);
	assert_int_equal(outer->function->captured_count, 1);
	assert_ptr_equal(outer->function->captured[0], let->vars[0]);
	assert_int_equal(inner->function->captured_count, 2);
	kernel_free(k);
}

CASE("kernel: a file is refused when it cannot be read or is too large")
{
	struct err e = { 0 };
	struct kernel *k;

	assert_int_equal(kernel_load("/nowhere/a.kernel", &k, &e), -ENOENT);
	assert_null(k);
	e.text[0] = 0;
	assert_int_equal(kernel_load("/dev/zero", &k, &e), -EFBIG);
	assert_non_null(strstr(e.text, "/dev/zero"));
}

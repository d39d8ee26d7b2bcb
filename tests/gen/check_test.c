#include "harness.h"
#include "support.h"

static void refuse(const char *definitions, const char *body, const char *message)
{
	support_refuse(support_around(definitions, body), message);
}

static void accept(const char *definitions, const char *body)
{
	kernel_free(support_kernel(support_around(definitions, body)));
}

CASE("check: literals are refused when an operation needs another type")
{
	refuse("", "(+ 1 true)", "k.kernel:4:6: + needs an int here; this is a bool");
	refuse("", "(if 1 2 3)", "k.kernel:4:5: 'if' needs a bool here; this is an int");
	refuse("", "(if nil 2 3)", "k.kernel:4:5: 'if' needs a bool here; this is a list");
	refuse("", "(string-length 5)", "k.kernel:4:16: string-length needs a string here; this is an int");
	refuse("", "(car (make-map))", "k.kernel:4:6: car needs a list here; this is a map");
	refuse("", "(unbox (make-vector 1 2))", "k.kernel:4:8: unbox needs a box here; this is a vector");
	refuse("", "(if (and true 1) 1 2)", "k.kernel:4:15: and needs a bool here; this is an int");
	refuse("", "\"text\"", "k.kernel:4:1: 'measure' needs an int here; this is a string");
	refuse("", "(map-ref (make-map) 1 2)", "k.kernel:4:21: map-ref needs a string here; this is an int");
}

CASE("check: a variable is refused when it is used as two types")
{
	refuse("(define (f x) (+ x (string-length x)))", "(f 1)",
	       "k.kernel:2:35: string-length needs a string here; this is an int");
	refuse("(define (f x) (+ x 1))", "(f \"a\")", "k.kernel:4:4: f needs an int here; this is a string");
	refuse("", "(loop ((i 0)) (while true) (next nil) i)",
	       "k.kernel:4:34: i needs an int here; this is a list");
	refuse("", "(let ((f (lambda (x) x))) (+ (f 1) (string-length (f \"a\"))))",
	       "k.kernel:4:54: the function needs an int here; this is a string");
	refuse("(define (f x) x)", "(+ (f 1) (if (f true) 1 2))",
	       "k.kernel:4:17: f needs an int here; this is a bool");
}

CASE("check: branches are refused when their types differ")
{
	refuse("", "(if true 1 \"a\")",
	       "k.kernel:4:12: 'if' with the branch above needs an int here; this is a string");
}

CASE("check: a value is refused when something without one stands for it")
{
	refuse("", "(+ 1 (full-gc))", "k.kernel:4:6: a value is needed here; this expression has an effect only");
	refuse("", "(let ((x (set-box! (box 1) 2))) 1)",
	       "k.kernel:4:10: a value is needed here; this expression has an effect only");
	refuse("(define (f x) (full-gc))", "(+ 1 (f 2))",
	       "k.kernel:4:6: a value is needed here; this expression has an effect only");
	// known only after the second function was looked at
	refuse("(define (f x) (car (list (g x)))) (define (g x) (full-gc))", "(f 2)",
	       "k.kernel:2:26: a value is needed here; this expression has an effect only");
	refuse("", "(when true 1)", "k.kernel:4:1: 'measure' needs an int here; this is without a value");
	accept("(define (f x) (when (> x 0) (full-gc)))", "(begin (f 2) 0)");
}

CASE("check: functions are refused when they are called with another number of arguments")
{
	refuse("", "((lambda (x) x) 1 2)",
	       "k.kernel:4:2: a call needs a function of 2 arguments here; this one has 1");
	refuse("", "(let ((x 5)) (x 1))", "k.kernel:4:15: a call needs a function here; this is an int");
	refuse("(define (twice f x) (f (f x))) (define (add a b) (+ a b))", "(twice add 1)",
	       "k.kernel:4:8: twice needs a function of 1 argument here; this one has 2");
	accept("(define (twice f x) (f (f x))) (define (increment a) (+ a 1))", "(twice increment 1)");
	accept("(define (compose f g) (lambda (x) (f (g x))))",
	       "((compose (lambda (x) (+ x 1)) (lambda (s) (string-length s))) \"abc\")");
}

CASE("check: what comes out of a structure takes the type that its use needs")
{
	accept("", "(+ (car (list 1)) (string-length (car (list \"a\"))) (car (cdr (cons 1 (cons 2 nil)))))");
	accept("(define (depth x) (if (null? x) 0 (+ 1 (depth (car x)))))", "(depth (list (list nil)))");
	refuse("", "(let ((x (car nil))) (+ x (string-length x)))",
	       "k.kernel:4:42: string-length needs a string here; this is an int");
}

CASE("check: a type is refused when it contains itself")
{
	refuse("(define (f x) (x x))", "(f (lambda (y) 1))",
	       "k.kernel:2:18: a function cannot take or return itself");
}

CASE("check: types of every node are known when a kernel was checked")
{
	struct kernel *k = support_kernel(support_around(
	        "(define (f x) (if (null? x) \"a\" (string-append \"b\" (f (cdr x)))))", "(begin (f nil) 0)"));

	assert_int_equal(type_of(k->functions[0]->params[0]->type)->kind, TYPE_LIST);
	assert_int_equal(type_of(k->functions[0]->type->result)->kind, TYPE_STRING);
	assert_int_equal(type_of(k->measured->body->args[0]->type)->kind, TYPE_STRING);
	kernel_free(k);
}

// The evaluator: exceptions, globals, continuations, calls through what is built in, patterns.
#include "evaluate.h"
#include "harness.h"

#include <errno.h>
#include <string.h>

#define MIB ((uint64_t)1 << 20)

// --- exceptions ------------------------------------------------------------------------------------------------

CASE("eval: what is raised is caught when a try is around it, any number of calls away")
{
	const char *deep = "(define (deep d) (if (= d 0) (raise 7) (+ 1 (deep (- d 1)))))";

	gives("", "(try 5 (catch (x) (+ x 100)))", 5);
	gives("", "(try (raise 5) (catch (x) (+ x 100)))", 105);
	gives("", "(+ 1 (try (+ 10 (raise n)) (catch (x) (* x x))) 1000)", 1010);
	gives(deep, "(try (deep 0) (catch (x) x))", 7);
	gives(deep, "(try (deep 100000) (catch (x) (+ x n)))", 10);
	gives("", "(try (begin (raise 1) 2) (catch (x) 3 4))", 4);
	gives("", "(if (try (if (= n 3) (raise 1) true) (catch (x) (= x 1))) 1 2)", 1);
}

CASE("eval: the innermost try catches, and an outer one what its handler raises")
{
	gives("", "(try (+ 1 (try (raise 2) (catch (x) (* 10 x)))) (catch (y) 99))", 21);
	gives("", "(try (+ 1 (try (raise 2) (catch (x) (raise (* 10 x))))) (catch (y) (+ y 5)))", 25);
	gives("", "(try (begin (try 1 (catch (x) 2)) (raise 3)) (catch (x) (+ 40 x)))", 43);
	gives("",
	      "(let ((a 1)) (try (let ((b 2)) (raise (+ a b))) (catch (c) (let ((d 4)) (+ (* 100 a) (* 10 c) d)))))",
	      134);
	gives("",
	      "(loop ((i 0) (s 0)) (while (< i 10)) (next (+ i 1)"
	      " (+ s (try (if (= (remainder i 2) 0) (raise i) 100) (catch (x) x)))) s)",
	      520);
}

CASE("eval: variables are kept by a closure when it is made in a body or a handler")
{
	gives("", "(let ((f (try (raise 5) (catch (x) (lambda (y) (+ x (* n y))))))) (+ (f 1) (f 10)))", 43);
	gives("", "(let ((f (lambda (y) (try (raise y) (catch (x) (+ x n)))))) (+ (f 1) (f 10)))", 17);
}

CASE("eval: a handler's tail calls need no memory when there are a million")
{
	const struct eval_limits limits = { UINT64_C(100000000), MIB / 2 };

	assert_int_equal(run("(define (down i) (try (raise i) (catch (x) (if (= x 0) 7 (tail (down (- x 1)))))))",
	                     "(down 1000000)", &limits)
	                         .value,
	                 7);
}

CASE("eval: the place is named when nothing catches what is raised")
{
	fails("", "(+ 1 (raise -12))", -EINVAL, "k.kernel:4:6: raised -12, which no 'try' around it catches");
	fails("", "(+ (try 1 (catch (x) x)) (raise n))", -EINVAL,
	      "k.kernel:4:26: raised 3, which no 'try' around it catches");
	fails("", "(try (raise 1) (catch (x) (raise (+ x 1))))", -EINVAL,
	      "k.kernel:4:27: raised 2, which no 'try' around it catches");
	fails("", "(raise (car (list true)))", -EINVAL, "k.kernel:4:8: raise needs an int here; this is a bool");
}

CASE("eval: errors and limits are not caught when a try is around them")
{
	const struct eval_limits limits = { 1000000, 4 * MIB };

	fails("", "(try (quotient 1 0) (catch (x) x))", -ERANGE, "k.kernel:4:6: division by zero");
	fails("", "(try (car (cdr (list 1))) (catch (x) x))", -ERANGE, "k.kernel:4:6: car of nil");
	fails_within(&limits, "", "(try (loop ((i 0)) (while true) (next i) i) (catch (x) x))", -ELOOP,
	             "k.kernel:4:27: ran for more than 1000000 steps: does it end?");
	fails_within(&limits, "(define (f x) (+ 1 (f x)))", "(try (f 1) (catch (x) x))", -ENOSPC,
	             "k.kernel:2:20: needs more than 4.00 MiB, most of it for calls inside calls: does the "
	             "recursion end?");
}

// --- globals ---------------------------------------------------------------------------------------------------

CASE("eval: globals are made once, in order, and kept alive")
{
	const struct eval_limits limits = { UINT64_C(100000000), 4 * MIB };

	gives("(global a 4) (global b (+ a n)) (define (f x) (* b x))", "(+ a (f 10))", 74);
	gives("(global all (box nil)) (define (add x) (set-box! all (cons x (unbox all))))",
	      "(begin (add 1) (add 2) (+ (car (unbox all)) (* 10 (car (cdr (unbox all))))))", 12);
	gives("(global f (let ((k 5)) (lambda (x) (+ x k n))))", "(f 1)", 9);
	gives("(global made (try (raise 8) (catch (x) (+ x 1))))", "made", 9);
	// more garbage than memory, and what the global holds is still there
	assert_int_equal(run("(global kept (list 1 2 3)) (define (waste k) (loop ((i 0)) (while (< i k))"
	                     " (list i i i) (next (+ i 1)) 0))",
	                     "(begin (waste 300000) (car (cdr (cdr kept))))", &limits)
	                         .value,
	                 3);
}

CASE("eval: a global is refused when it is used before it is made")
{
	fails("(global a (f 1)) (global b 2) (define (f x) (+ b x))", "a", -EINVAL,
	      "k.kernel:2:48: 'b' is used before it is made");
	fails("(global a (quotient n 0))", "1", -ERANGE, "k.kernel:2:11: division by zero");
}

// --- continuations ---------------------------------------------------------------------------------------------

CASE("eval: call/cc returns what its function does, or what the continuation was given")
{
	gives("", "(+ 1 (call/cc (lambda (k) 5)))", 6);
	gives("", "(+ 1 (call/cc (lambda (k) (+ 100 (k 5)))))", 6);
	gives("(define (find l k) (if (null? l) 0 (if (> (car l) n) (k (car l)) (+ 1000 (find (cdr l) k)))))"
	      "(define (first-above l) (call/cc (lambda (k) (find l k))))",
	      "(+ (first-above (list 1 2 9 8)) (* 10 (first-above (list 1))))", 10009);
	gives("(define (id k) 3)", "(* 2 (call/cc id))", 6);
}

CASE("eval: a continuation can be entered again when its call has returned")
{
	// returns to the same place with 1, 2, 3, ... until 5
	gives("",
	      "(let ((again (box nil)) (count (box 0)) (got (call/cc (lambda (k) (begin (set-box! again k) 1)))))"
	      " (begin (set-box! count (+ (unbox count) got))"
	      " (if (< got 5) ((unbox again) (+ got 1)) (unbox count))))",
	      15);
	gives("(global again (box nil)) (global sum (box 0))",
	      "(let ((got (+ 100 (call/cc (lambda (k) (begin (set-box! again k) 1))))))"
	      " (begin (set-box! sum (+ (unbox sum) got))"
	      " (if (< got 105) ((unbox again) (- got 99)) (unbox sum))))",
	      515);
}

CASE("eval: two stacks take turns when each is a continuation")
{
	// a producer that walks a tree and hands out its leaves one at a time
	gives("(global back (box nil)) (global on (box nil))"
	      "(define (give x) (call/cc (lambda (k) (begin (set-box! on k) ((unbox back) x)))))"
	      "(define (walk t) (if (= t 0) (give 1) (begin (walk (- t 1)) (give (* t 10)) (walk (- t 1)))))"
	      "(define (start t) (begin (walk t) ((unbox back) -1)))"
	      "(define (take t) (call/cc (lambda (k) (begin (set-box! back k)"
	      " (if (null? (unbox on)) (start t) ((car (list (unbox on))) 0))))))",
	      "0", 0);
	gives("(global back (box nil)) (global on (box nil)) (global begun (box false))"
	      "(define (give x) (call/cc (lambda (k) (begin (set-box! on k) ((unbox back) x)))))"
	      "(define (walk t) (if (= t 0) (give 1) (begin (walk (- t 1)) (give (* t 10)) (walk (- t 1)))))"
	      "(define (start t) (begin (walk t) ((unbox back) -1)))"
	      "(define (take t) (call/cc (lambda (k) (begin (set-box! back k)"
	      " (if (unbox begun) ((unbox on) 0) (begin (set-box! begun true) (start t)))))))",
	      "(loop ((x (take n)) (sum 0) (count 0)) (while (>= x 0)) (next (take n) (+ sum x) (+ count 1))"
	      " (+ (* 1000 count) sum))",
	      15118);
}

CASE("eval: the try around a continuation is that of its call when it is entered")
{
	gives("",
	      "(let ((again (box nil)) (rounds (box 0)))"
	      " (try (let ((x (try (call/cc (lambda (k) (begin (set-box! again k) 0))) (catch (e) 50))))"
	      "  (begin (set-box! rounds (+ (unbox rounds) 1))"
	      "   (if (= x 50) (raise (unbox rounds)) (if (= x 0) ((unbox again) 1) (raise (+ 1000 x))))))"
	      "  (catch (e) (+ e (* 10 (unbox rounds))))))",
	      1021);
}

CASE("eval: continuations cost steps and memory by the stack's depth")
{
	const struct eval_limits limits = { UINT64_C(10000000), 4 * MIB };
	const char *deep = "(define (deep d) (if (= d 0) (loop ((i 0)) (while (< i 1000)) (call/cc (lambda (k) 1))"
	                   " (next (+ i 1)) 0) (+ 1 (deep (- d 1)))))";
	struct eval_result shallow = run(deep, "(deep 10)", &limits), out;

	assert_int_equal(shallow.value, 10);
	assert_true(run(deep, "(deep 1000)", &limits).steps > shallow.steps + 1000 * 2500);
	assert_int_equal(evaluate(deep, "(deep 10000)", &limits, &out, NULL), -ELOOP);
	fails_within(&limits, "", "(loop ((l nil)) (while true) (next (call/cc (lambda (k) (cons k l)))) 1)",
	             -ENOSPC, "k.kernel:4:36: needs more than 4.00 MiB");
}

CASE("eval: a continuation is refused when it is called with another number of arguments")
{
	fails("", "(call/cc (lambda (k) ((car (list k)) 1 2)))", -EINVAL,
	      "k.kernel:4:22: a call needs a function of 2 arguments here; this one has 1");
	fails("", "(+ 1 (call/cc (car (list 5))))", -EINVAL,
	      "k.kernel:4:15: call/cc needs a function here; this is an int");
}

// --- calls through what is built in, patterns ------------------------------------------------------------------

CASE("eval: a call through what is built in is a call")
{
	gives("(define (up x) (+ x 1))",
	      "(+ (call-through-builtin up n) (call-through-builtin (lambda (x) (* x n)) 5))", 19);
	gives("(define (down x) (if (= x 0) 0 (+ 1 (call-through-builtin down (- x 1)))))", "(down 100000)",
	      100000);
	fails("(define (up x) 1)", "(call-through-builtin up (car (list nil)))", -EINVAL,
	      "k.kernel:4:26: call-through-builtin needs an int here; this is nil");
	fails("", "(call-through-builtin (car (list 1)) 2)", -EINVAL,
	      "k.kernel:4:23: call-through-builtin needs a function here; this is an int");
}

CASE("eval: a pattern matches what extended regular expressions do")
{
	gives("", "(if (regex-match? \"^(ab)*c$\" \"ababc\") 1 0)", 1);
	gives("", "(if (regex-match? \"^(ab)*c$\" \"abac\") 1 0)", 0);
	gives("", "(if (regex-match? \"b|x\" \"abc\") 1 0)", 1);
	gives("", "(if (regex-match? \"^$\" \"\") 1 0)", 1);
	gives("",
	      "(loop ((i 0) (hits 0)) (while (< i 100)) (next (+ i 1)"
	      " (if (regex-match? \"7\" (number->string i)) (+ hits 1) hits)) hits)",
	      19);
	fails("", "(if (regex-match? \"a\" (car (list 1))) 1 0)", -EINVAL,
	      "k.kernel:4:23: regex-match? needs a string here; this is an int");
}

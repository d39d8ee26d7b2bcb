// The evaluator: what is dead is known after a full collection. Objects are made in functions, so that no variable
// holds them.
#include "evaluate.h"
#include "harness.h"

#include <errno.h>

#define MIB ((uint64_t)1 << 20)

CASE("eval: an object is the same as itself alone")
{
	gives("", "(let ((a (new-object)) (b (new-object))) (if (and (same? a a) (not (same? a b))) 1 0))", 1);
	fails("", "(if (same? (new-object) (car (list 1))) 1 0)", -EINVAL,
	      "k.kernel:4:25: same? needs an object here; this is an int");
}

CASE("eval: a weak reference is alive when something else refers to its object")
{
	const char *make = "(define (lost x) (make-weak (new-object)))"
	                   "(define (alive w) (if (weak-alive? w) 1 0))";

	gives(make, "(let ((w (lost 0))) (begin (full-gc) (alive w)))", 0);
	gives(make,
	      "(let ((o (new-object)) (w (make-weak o)) (a (begin (full-gc) (alive w))))"
	      " (if (same? o o) a 5))",
	      1);
	gives(make,
	      "(let ((kept (box nil)) (w (let ((o (new-object))) (begin (set-box! kept o) (make-weak o))))"
	      " (a (begin (full-gc) (alive w))) (b (begin (set-box! kept nil) (full-gc) (alive w))))"
	      " (+ (* 10 a) b))",
	      10);
	gives("(global kept (new-object)) (define (of-kept x) (make-weak kept))",
	      "(let ((w (of-kept 0))) (begin (full-gc) (if (weak-alive? w) 1 0)))", 1);
	fails("", "(if (weak-alive? (car (list (box 1)))) 1 0)", -EINVAL,
	      "k.kernel:4:18: weak-alive? needs a weak reference here; this is a box");
}

CASE("eval: weak references to the dead stay dead when memory is used again")
{
	const struct eval_limits limits = { UINT64_C(100000000), 4 * MIB };

	assert_int_equal(
	        run("(define (lost x) (make-weak (new-object)))"
	            "(define (many k) (loop ((i 0) (l nil)) (while (< i k)) (next (+ i 1) (cons (lost i) l)) l))"
	            "(define (count l) (loop ((l l) (c 0)) (while (not (null? l)))"
	            " (next (cdr l) (if (weak-alive? (car l)) (+ c 1) c)) c))",
	            "(let ((l (many 1000))) (begin (full-gc) (many 1000) (loop ((i 0)) (while (< i 100000)) (new-object)"
	            " (next (+ i 1))) (count l)))",
	            &limits)
	                .value,
	        0);
}

static const char *const ephemerons =
        "(define (bool b) (if b 1 0))"
        "(define (add e keys v) (let ((k (new-object))) (begin (set-box! keys (cons k (unbox keys)))"
        " (ephemeron-set! e k v))))";

CASE("eval: ephemerons find, replace and keep what was put in")
{
	gives(ephemerons,
	      "(let ((e (make-ephemerons)) (a (new-object)) (b (new-object))) (begin (ephemeron-set! e a 5)"
	      " (ephemeron-set! e a 6) (+ (ephemeron-ref e a 100) (ephemeron-ref e b 100)"
	      " (* 1000 (bool (ephemeron-has? e a))) (* 2000 (bool (ephemeron-has? e b))))))",
	      1106);
	gives(ephemerons,
	      "(let ((e (make-ephemerons)) (keys (box nil))) (begin (loop ((i 0)) (while (< i 1000)) (add e keys i)"
	      " (next (+ i 1))) (full-gc) (loop ((l (unbox keys)) (s 0)) (while (not (null? l)))"
	      " (next (cdr l) (+ s (ephemeron-ref e (car l) 1000000))) s)))",
	      499500);
	fails("", "(begin (ephemeron-set! (make-ephemerons) (car (list 1)) 2) 1)", -EINVAL,
	      "k.kernel:4:42: ephemeron-set! needs an object here; this is an int");
	fails("", "(if (ephemeron-has? (car (list 1)) (new-object)) 1 0)", -EINVAL,
	      "k.kernel:4:21: ephemeron-has? needs ephemerons here; this is an int");
}

CASE("eval: a key is dead when only its own value refers to it")
{
	const char *cycle = "(define (tie e) (let ((k (new-object))) (begin (ephemeron-set! e k (list 1 k))"
	                    " (make-weak k))))";

	gives(cycle, "(let ((e (make-ephemerons)) (w (tie e))) (begin (full-gc) (if (weak-alive? w) 1 0)))", 0);
	// two keys, each in the other's value, in two tables
	gives("(define (tie e f) (let ((a (new-object)) (b (new-object))) (begin (ephemeron-set! e a (box b))"
	      " (ephemeron-set! f b (box a)) (list (make-weak a) (make-weak b)))))",
	      "(let ((e (make-ephemerons)) (f (make-ephemerons)) (l (tie e f))) (begin (full-gc)"
	      " (+ (if (weak-alive? (car l)) 1 0) (if (weak-alive? (car (cdr l))) 10 0)"
	      " (if (ephemeron-has? e (new-object)) 100 0) (if (ephemeron-has? f (new-object)) 1000 0))))",
	      0);
}

// A chain: each key is the value of the one before, the first is kept. Whichever way the table is walked, most
// keys are found to live only after their place was looked at.
CASE("eval: a chain of 100000 ephemerons lives and dies with its first key")
{
	const struct eval_limits limits = { UINT64_C(100000000), 64 * MIB };
	const char *chain = "(global e (make-ephemerons)) (global first (box nil)) (global last (box nil))"
	                    "(define (build k) (let ((head (new-object))) (begin (set-box! first head)"
	                    " (loop ((i 0) (o head)) (while (< i k)) (next (+ i 1) (let ((to (new-object)))"
	                    " (begin (ephemeron-set! e o to) to))) (set-box! last (make-weak o))))))"
	                    "(define (walk o d) (loop ((o o) (d d)) (while (ephemeron-has? e o))"
	                    " (next (ephemeron-ref e o o) (+ d 1)) d))"
	                    "(define (forget x) (set-box! first nil))";

	assert_int_equal(run(chain, "(begin (build 100000) (full-gc) (walk (unbox first) 0))", &limits).value,
	                 100000);
	assert_int_equal(run(chain,
	                     "(begin (build 100000) (full-gc) (forget 0) (full-gc)"
	                     " (if (weak-alive? (unbox last)) 1 0))",
	                     &limits)
	                         .value,
	                 0);
}

CASE("eval: a table of ephemerons stays small when its keys die")
{
	const struct eval_limits limits = { UINT64_C(100000000), 2 * MIB };

	assert_int_equal(run("(define (put e i) (ephemeron-set! e (new-object) (list i i i i)))",
	                     "(let ((e (make-ephemerons))) (loop ((i 0)) (while (< i 200000)) (put e i)"
	                     " (next (+ i 1)) 1))",
	                     &limits)
	                         .value,
	                 1);
}

CASE("eval: finalizers have run after the collection that finds their objects dead")
{
	const char *make = "(define (watch c) (set-finalizer! (new-object) c))"
	                   "(define (many c k) (loop ((i 0)) (while (< i k)) (watch c) (next (+ i 1))))";

	gives(make, "(let ((c (box 10))) (begin (many c 5) (full-gc) (unbox c)))", 15);
	gives(make,
	      "(let ((c (box 0)) (o (new-object))) (begin (set-finalizer! o c) (full-gc)"
	      " (+ (unbox c) (if (same? o o) 0 9))))",
	      0);
	gives(make, "(let ((c (box 0))) (begin (many c 1000) (full-gc) (full-gc) (many c 1) (unbox c)))", 1000);
	// twice for an object that is watched twice; a box that holds no integer is left alone
	gives("(define (twice c) (let ((o (new-object))) (begin (set-finalizer! o c) (set-finalizer! o c))))",
	      "(let ((c (box 0)) (d (box nil))) (begin (twice c) (twice d) (full-gc)"
	      " (if (null? (unbox d)) (unbox c) 100)))",
	      2);
	fails("", "(begin (set-finalizer! (new-object) (car (list 1))) 1)", -EINVAL,
	      "k.kernel:4:37: set-finalizer! needs a box here; this is an int");
}

CASE("eval: a full collection costs steps by what lives")
{
	const struct eval_limits limits = { 1000000, 64 * MIB };
	struct eval_result out;

	assert_int_equal(evaluate("",
	                          "(let ((v (make-vector 100000 0))) (loop ((i 0)) (while (< i 100)) (full-gc)"
	                          " (next (+ i 1)) (vector-length v)))",
	                          &limits, &out, NULL),
	                 -ELOOP);
	assert_int_equal(run("", "(loop ((i 0)) (while (< i 100)) (full-gc) (next (+ i 1)) i)", &limits).value,
	                 100);
}

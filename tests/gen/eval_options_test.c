// The evaluator as a runtime of its own: on an allocator that denies, with levels and escape analysis, more than
// once.
#include "evaluate.h"
#include "harness.h"
#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// An allocator with a limit that knows the size of each block.
struct account {
	size_t used, limit;
	unsigned gave_up, collections;
	struct eval *eval;
	uint64_t depth; // when the evaluator gave up
	char text[4096];
};

static void *resize(void *arg, void *p, size_t old_bytes, size_t new_bytes)
{
	struct account *a = arg;
	size_t *block = p != NULL ? (size_t *)p - 2 : NULL;

	if (block != NULL)
		assert_int_equal(*block, old_bytes);
	if (new_bytes > old_bytes && new_bytes - old_bytes > a->limit - a->used)
		return NULL;
	a->used += new_bytes - old_bytes;
	if (new_bytes == 0) {
		free(block);
		return NULL;
	}
	block = realloc(block, new_bytes + 2 * sizeof(size_t));
	assert_non_null(block);
	*block = new_bytes;
	return block + 2;
}

static void gave_up(void *arg)
{
	struct account *a = arg;

	a->gave_up++;
	a->depth = eval_backtrace(a->eval, a->text, sizeof a->text);
}

static void collected(void *arg, uint64_t ns)
{
	struct account *a = arg;

	(void)ns;
	a->collections++;
}

static struct eval_options options_on(struct account *a)
{
	return (struct eval_options){ .resize = resize,
		                      .gave_up = gave_up,
		                      .collected = collected,
		                      .arg = a,
		                      .block_bytes = 4096,
		                      .gc_threshold = 16 * 1024,
		                      .bounded = true };
}

// Measures three times; the last value, or the error with its message in `e`.
static int measure(const struct kernel *k, const int64_t *values, struct account *a,
                   const struct eval_options *options, struct eval_result *out, struct err *e)
{
	const struct eval_limits limits = { UINT64_MAX, SIZE_MAX / 4 };
	int rc = eval_open(k, values, &limits, options, &a->eval, e);

	for (int i = 0; rc == 0 && i < 3; i++)
		rc = eval_measure(a->eval, out);
	eval_close(a->eval);
	assert_int_equal(a->used, 0);
	return rc;
}

static struct eval_result measure_text(const char *definitions, const char *body, struct account *a,
                                       const struct eval_options *options)
{
	struct kernel *k = support_kernel(support_around(definitions, body));
	const int64_t n = 3;
	struct eval_result out = { 0 };
	struct err e = { 0 };

	measure(k, &n, a, options, &out, &e);
	assert_string_equal(e.text, "");
	kernel_free(k);
	return out;
}

// With these options, every kernel computes what it computes without.
static void same_with(const char *path, bool arena, bool escape)
{
	struct account a = { .limit = SIZE_MAX };
	struct eval_options options = options_on(&a);
	int64_t values[KERNEL_ARGS_MAX];
	struct eval_result plain = { 0 }, out = { 0 };
	struct kernel *k = NULL;
	struct err e = { 0 };

	options.arena_per_level = arena;
	options.escape_analysis = escape;
	options.gc_threshold = 1;
	kernel_load(path, &k, &e);
	assert_string_equal(e.text, "");
	kernel_instance_values(k, &k->instances[0], 100, values, &e);
	eval_kernel(k, values, NULL, &plain, &e);
	measure(k, values, &a, &options, &out, &e);
	assert_string_equal(e.text, "");
	if (strstr(path, "flow.kernel") == NULL) // its finalizers are counted over all repetitions
		assert_int_equal(out.value, plain.value);
	kernel_free(k);
}

static void all_same_with(bool arena, bool escape)
{
	size_t count;
	char **paths = support_kernels(&count);

	for (size_t i = 0; i < count; i++)
		same_with(paths[i], arena, escape);
	support_free_paths(paths, count);
	same_with(SG_SOURCE_DIR "/tests/gen/kernels/everything.kernel", arena, escape);
	same_with(SG_SOURCE_DIR "/tests/gen/kernels/maps.kernel", arena, escape);
	same_with(SG_SOURCE_DIR "/tests/gen/kernels/flow.kernel", arena, escape);
}

CASE("eval options: every kernel computes the same on another allocator")
{
	all_same_with(false, false);
}

CASE("eval options: every kernel computes the same when levels release what they made")
{
	all_same_with(true, false);
}

CASE("eval options: every kernel computes the same with escape analysis, alone and with levels")
{
	all_same_with(false, true);
	all_same_with(true, true);
}

// --- levels ----------------------------------------------------------------------------------------------------

static const char *const build =
        "(define (build k) (loop ((i k) (l nil)) (while (> i 0)) (next (- i 1) (cons i l)) l))"
        "(define (length l) (loop ((l l) (c 0)) (while (not (null? l)))"
        " (next (cdr l) (+ c 1)) c))"
        "(define (waste k) (length (build k)))"
        "(define (keep b k) (begin (set-box! b (build k)) 0))"
        "(define (pass k) (build k))";

CASE("eval options: what a call has made is released when it returns a number")
{
	struct account a = { .limit = 256 * 1024 };
	struct eval_options options = options_on(&a);
	struct eval_result out;

	options.arena_per_level = true;
	options.gc_threshold = 1 << 30;
	out = measure_text(build, "(loop ((i 0) (s 0)) (while (< i 1000)) (next (+ i 1) (+ s (waste 100))) s)", &a,
	                   &options);
	assert_int_equal(out.value, 100000);
	assert_int_equal(out.collections, 0);
	assert_int_equal(out.released_bytes, out.made_bytes);
	// strings and vectors of all sizes, too
	out = measure_text("(define (f i) (string-length (string-append (number->string i) \"x\")))"
	                   "(define (g i) (vector-length (make-vector (* 10 i) i)))",
	                   "(loop ((i 0) (s 0)) (while (< i 100)) (next (+ i 1) (+ s (f i) (g i))) s)", &a,
	                   &options);
	assert_int_equal(out.value, 290 + 49500);
	assert_int_equal(out.released_bytes, out.made_bytes - 32); // but for the text in the kernel
}

CASE("eval options: what a call has made is kept when its value or something older refers to it")
{
	struct account a = { .limit = SIZE_MAX };
	struct eval_options options = options_on(&a);

	options.arena_per_level = true;
	assert_int_equal(
	        measure_text(
	                build,
	                "(let ((b (box nil)) (z (keep b 100)) (y (waste 1000)) (l (pass 50)) (x (waste 1000)))"
	                " (+ z (length (unbox b)) (* 1000 (length l)) (* 0 (+ y x))))",
	                &a, &options)
	                .value,
	        50100);
	// into a map, whose table grows, a vector, ephemerons and a continuation
	assert_int_equal(
	        measure_text(
	                "(global m (make-map)) (global e (make-ephemerons)) (global o (new-object)) (global c (box nil))"
	                "(define (put i) (begin (map-set! m (number->string i) (list i)) i))"
	                "(define (tie v i) (begin (vector-set! v 0 (list i)) (ephemeron-set! e o (list i)) i))"
	                "(define (mark i) (let ((l (list i)) (back (call/cc (lambda (k) (begin (set-box! c k) 0)))))"
	                " (+ back (car l))))"
	                "(define (waste i) (car (list i i i i)))",
	                "(let ((v (make-vector 1 nil)) (s (loop ((i 0)) (while (< i 100)) (put i) (waste i) (next (+ i 1))"
	                " i)) (t (tie v 7)) (w (mark 5))) (begin (waste 1) (waste 2)"
	                " (if (= w 5) ((unbox c) 10) (+ s t w (car (map-ref m \"42\" nil)) (car (vector-ref v 0))"
	                " (car (ephemeron-ref e o nil))))))",
	                &a, &options)
	                .value,
	        100 + 7 + 15 + 42 + 7 + 7);
}

CASE("eval options: what is made on the way to a raise is released by the call around the try")
{
	struct account a = { .limit = 256 * 1024 };
	struct eval_options options = options_on(&a);

	options.arena_per_level = true;
	options.gc_threshold = 1 << 30;
	assert_int_equal(
	        measure_text("(define (deep d l) (if (= d 0) (raise (car l)) (+ 1 (deep (- d 1) (cons d l)))))"
	                     "(define (caught d) (try (deep d nil) (catch (x) x)))",
	                     "(loop ((i 0) (s 0)) (while (< i 1000)) (next (+ i 1) (+ s (caught 50))) s)", &a,
	                     &options)
	                .value,
	        1000);
}

// --- escape analysis -------------------------------------------------------------------------------------------

static uint64_t made_with(bool escape, const char *definitions, const char *body, int64_t expected)
{
	struct account a = { .limit = SIZE_MAX };
	struct eval_options options = options_on(&a);
	struct eval_result out;

	options.escape_analysis = escape;
	out = measure_text(definitions, body, &a, &options);
	assert_int_equal(out.value, expected);
	return out.made_bytes;
}

CASE("eval options: a pair or a box is not made when only its parts are asked for")
{
	assert_int_equal(made_with(true, "", "(let ((p (cons 1 n))) (+ (car p) (* 10 (cdr p))))", 31), 0);
	assert_int_equal(
	        made_with(true, "", "(let ((b (box 1))) (begin (set-box! b (+ n (unbox b))) (unbox b)))", 4), 0);
	assert_int_equal(made_with(true, "",
	                           "(let ((b (box 0))) (loop ((i 0)) (while (< i 5)) (let ((p (cons i 1)))"
	                           " (set-box! b (+ (unbox b) (car p) (cdr p)))) (next (+ i 1)) (unbox b)))",
	                           15),
	                 0);
	assert_int_equal(made_with(true, "", "(let ((a 1) (p (cons 2 3)) (b 4)) (+ a (car p) b))", 7), 0);
	// without the analysis they are
	assert_true(made_with(false, "", "(let ((p (cons 1 n))) (+ (car p) (* 10 (cdr p))))", 31) > 0);
}

CASE("eval options: a pair or a box is made when it escapes")
{
	assert_true(made_with(true, "(define (f l) (car l))", "(let ((p (cons 1 2))) (+ (car p) (f p)))", 2) > 0);
	assert_true(made_with(true, "", "(let ((p (cons 1 2))) (if (null? p) 1 (cdr p)))", 2) > 0);
	assert_true(made_with(true, "",
	                      "(let ((b (box 1)) (f (lambda (x) (set-box! b x)))) (begin (f 5) (unbox b)))",
	                      5) > 0);
	assert_true(made_with(true, "", "(let ((b (box 1)) (c (cons b b))) (unbox (car c)))", 1) > 0);
	assert_true(made_with(true, "", "(car (let ((p (cons 4 2))) p))", 4) > 0);
	// a continuation would copy the box
	assert_int_equal(
	        made_with(true, "(global again (box nil))",
	                  "(let ((b (box 0)) (x (call/cc (lambda (k) (begin (set-box! again k) 0)))))"
	                  " (begin (set-box! b (+ 1 (unbox b))) (if (< x 3) ((unbox again) (+ x 1)) (unbox b))))",
	                  4) > 0,
	        1);
}

// --- running out -----------------------------------------------------------------------------------------------

static int denied(const char *definitions, const char *body, struct account *a, bool collect, struct err *e)
{
	struct kernel *k = support_kernel(support_around(definitions, body));
	struct eval_options options = options_on(a);
	struct eval_result out = { 0 };
	const int64_t n = 3;
	int rc;

	options.gc_threshold = 1 << 30;
	options.collect_on_denial = collect;
	rc = measure(k, &n, a, &options, &out, e);
	kernel_free(k);
	return rc;
}

CASE("eval options: the calls that are alive are told when a recursion fills the memory")
{
	struct account a = { .limit = 64 * 1024 };
	struct err e = { 0 };

	assert_int_equal(denied("(define (sum x)\n (+ 1 (sum x)))", "(sum 1)", &a, true, &e), -ENOMEM);
	assert_string_equal(e.text, "k.kernel: out of memory");
	assert_int_equal(a.gave_up, 1);
	assert_in_range(a.depth, 1500, 64 * 1024 / 24);
	assert_ptr_equal(strstr(a.text, "k.kernel:3: in sum\nk.kernel:3: in sum\n"), a.text);
	assert_non_null(strstr(a.text, " more calls ...\n"));
	assert_non_null(strstr(a.text, "k.kernel:5: in what is measured\n"));
}

CASE("eval options: garbage is collected for want of memory when that is asked for")
{
	const char *churn = "(loop ((i 0)) (while (< i 100000)) (list i i) (next (+ i 1)) i)";
	struct account a = { .limit = 64 * 1024 }, b = { .limit = 64 * 1024 };
	struct err e = { 0 };

	assert_int_equal(denied("", churn, &a, false, &e), -ENOMEM);
	assert_int_equal(a.collections, 0);
	assert_int_equal(a.gave_up, 1);
	e.text[0] = 0;
	assert_int_equal(denied("", churn, &b, true, &e), 0);
	assert_true(b.collections > 10);
	assert_int_equal(b.gave_up, 0);
}

CASE("eval options: globals are made once when what is measured is run again")
{
	struct account a = { .limit = SIZE_MAX };
	struct eval_options options = options_on(&a);

	assert_int_equal(
	        measure_text("(global runs (box 0)) (global made (box (+ 1 (unbox runs))))",
	                     "(begin (set-box! runs (+ 1 (unbox runs))) (+ (unbox runs) (* 10 (unbox made))))", &a,
	                     &options)
	                .value,
	        13);
}

// Shrinking: what is left fails still, is a kernel, and is small.
#include "harness.h"
#include "support.h"

#include "random.h"
#include "shrink.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool has_op(const struct kernel *k, enum op o)
{
	return (k->ops_used >> o & 1U) != 0;
}

// Each of these stands for a fault in a runtime.
static int fails_by_op(void *arg, const struct kernel *k, __attribute__((unused)) const char *text,
                       __attribute__((unused)) size_t len)
{
	return has_op(k, *(const enum op *)arg);
}

static int fails_by_node(void *arg, const struct kernel *k, __attribute__((unused)) const char *text,
                         __attribute__((unused)) size_t len)
{
	return (k->nodes_used >> *(const enum node_kind *)arg & 1U) != 0;
}

static struct kernel *parse(const struct buf *text)
{
	struct err e = { 0 };
	struct kernel *k;

	if (kernel_parse("small.kernel", text->data, text->len, &k, &e) < 0)
		fail_msg("%s in\n%s", e.text, text->data);
	return k;
}

// Shrinks that many random kernels that fail; returns how many there are, and the largest that was left.
static unsigned shrink_random(struct shrink *s, unsigned kernels, size_t *largest)
{
	unsigned failing = 0;

	*largest = 0;
	for (uint64_t i = 0; i < 200 && failing < kernels; i++) {
		struct buf text = { 0 }, small = { 0 };
		struct err e = { 0 };
		random_kernel(21, i, 100, &text);
		struct kernel *k = parse(&text);
		if (s->fails(s->arg, k, text.data, text.len) == 1) {
			shrink_kernel(s, "small.kernel", text.data, text.len, &small, &e);
			assert_string_equal(e.text, "");
			struct kernel *left = parse(&small);
			assert_int_equal(s->fails(s->arg, left, small.data, small.len), 1);
			assert_true(s->nodes <= s->nodes_before);
			*largest = s->nodes > *largest ? s->nodes : *largest;
			kernel_free(left);
			failing++;
		}
		kernel_free(k);
		buf_deinit(&text);
		buf_deinit(&small);
	}
	return failing;
}

CASE("shrink: at most 15 nodes are left when one operation fails")
{
	static const enum op ops[] = {
		OP_REMAINDER, OP_SUBSTRING, OP_MAP_SET, OP_VECTOR_REF, OP_SET_BOX, OP_RAISE
	};

	for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
		struct shrink s = { .fails = fails_by_op, .arg = (void *)(uintptr_t)&ops[i] };
		size_t largest;
		assert_int_equal(shrink_random(&s, 5, &largest), 5);
		if (largest > 15)
			fail_msg("%s: %zu nodes", op_word(ops[i]), largest);
	}
}

CASE("shrink: at most 15 nodes are left when one form fails")
{
	static const enum node_kind kinds[] = { NODE_CALL, NODE_LOOP, NODE_LAMBDA, NODE_APPLY, NODE_TRY, NODE_IF };

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		struct shrink s = { .fails = fails_by_node, .arg = (void *)(uintptr_t)&kinds[i] };
		size_t largest;
		assert_int_equal(shrink_random(&s, 5, &largest), 5);
		if (largest > 15)
			fail_msg("node kind %d: %zu nodes", (int)kinds[i], largest);
	}
}

CASE("shrink: a function's parameters go, and it stays, when it is called twice")
{
	static const char text[] = "(kernel other/t (summary \"s\")\n"
	                           "  (define (f a b c) (if (< a 1) (full-gc-count b) (+ c (f (- a 1) b c))))\n"
	                           "  (define (full-gc-count n) (begin (full-gc) n))\n"
	                           "  (measure total (repeat 3) (+ (f 3 4 5) (f 6 7 8))))\n";
	enum op gc = OP_FULL_GC;
	struct shrink s = { .fails = fails_by_op, .arg = &gc };
	struct buf small = { 0 };
	struct err e = { 0 };

	assert_int_equal(shrink_kernel(&s, "t.kernel", text, strlen(text), &small, &e), 0);
	assert_non_null(strstr(small.data, "(full-gc)"));
	assert_null(strstr(small.data, " a ")); // no parameter is left
	assert_non_null(strstr(small.data, "(repeat 1)"));
	assert_true(s.nodes <= 6);
	buf_deinit(&small);
}

static int fails_five_times(void *arg, __attribute__((unused)) const struct kernel *k,
                            __attribute__((unused)) const char *text, __attribute__((unused)) size_t len)
{
	unsigned *left = arg;

	return (*left)-- > 0 ? 1 : -ETIME;
}

CASE("shrink: the smallest so far is kept when the time is over")
{
	struct buf text = { 0 }, small = { 0 };
	unsigned left = 5;
	struct shrink s = { .fails = fails_five_times, .arg = &left };
	struct err e = { 0 };

	random_kernel(2, 2, 300, &text);
	assert_int_equal(shrink_kernel(&s, "t.kernel", text.data, text.len, &small, &e), 0);
	assert_int_equal(s.stopped, -ETIME);
	assert_int_equal(s.tried, 6);
	assert_true(s.nodes < s.nodes_before);
	kernel_free(parse(&small));
	buf_deinit(&text);
	buf_deinit(&small);
}

CASE("shrink: instances and the formula go when a kernel is prepared with values")
{
	static const char text[] = "(kernel gc/t (summary \"s\") (param depth 5 (range 1 9))\n"
	                           "  (instance (depth 2)) (instance (depth --depth))\n"
	                           "  (measure total (repeat 3) depth) (expect depth))\n";
	const int64_t seven = 7;
	struct buf out = { 0 };
	struct err e = { 0 };

	assert_int_equal(shrink_prepare("t.kernel", text, strlen(text), &seven, &out, &e), 0);
	assert_string_equal(out.data, "(kernel gc/t (summary \"s\") (param depth 7 (range 1 9)) "
	                              "(measure total (repeat 3) depth))\n");
	buf_deinit(&out);
}

CASE("shrink: what is no kernel is refused with its place")
{
	struct shrink s = { 0 };
	struct buf out = { 0 };
	struct err e = { 0 };

	assert_int_equal(shrink_kernel(&s, "t.kernel", "(kernel", 7, &out, &e), -EINVAL);
	assert_non_null(strstr(e.text, "t.kernel:1:"));
	buf_deinit(&out);
}

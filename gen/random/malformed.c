// Each hostile program begins as a right one, a random kernel in the language, so that readers get far into it.
#include "malformed.h"

#include "emit.h"
#include "eval.h"
#include "random.h"
#include "rng.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

// A number that stands in a program where something is to be put.
#define MARK "424242"
// Random kernels looked at for one that the language has all of.
#define TRIES 60U

struct hostile {
	const struct dialect *d;
	struct rng rng;
	struct buf text; // the program so far
	bool failed;     // out of memory
};

static size_t below(struct hostile *h, size_t n)
{
	return (size_t)rng_below(&h->rng, n > 0 ? n : 1);
}

// --- right programs --------------------------------------------------------------------------------------------

// The kernel in the language; false when that lacks something.
static bool emit_kernel(struct hostile *h, const char *text, size_t len, struct buf *out)
{
	int64_t values[KERNEL_ARGS_MAX];
	struct emit_values v = { .params = values };
	struct kernel *k;
	char reason[256];
	int rc = kernel_parse("malformed.kernel", text, len, &k, NULL);
	bool done = false;

	if (rc == 0 && emit_lacks(h->d, k, reason, sizeof reason) == NULL) {
		kernel_instance_values(k, k->instances, 1, values, NULL);
		rc = emit_program(h->d, k, &v, out);
		done = rc == 0;
	}
	h->failed = h->failed || rc == -ENOMEM;
	kernel_free(k);
	return done;
}

static bool emit_around(struct hostile *h, const char *body, struct buf *out)
{
	struct buf kernel = { 0 };
	bool done;

	buf_addf(&kernel, "(kernel other/m (summary \"s\") (measure t (repeat 1) %s))", body);
	h->failed = h->failed || kernel.failed;
	done = emit_kernel(h, buf_text(&kernel), kernel.len, out);
	buf_deinit(&kernel);
	return done;
}

static void begin_with_random(struct hostile *h)
{
	bool done = false;

	for (unsigned i = 0; !done && !h->failed && i < TRIES; i++) {
		struct buf kernel = { 0 };
		h->failed = random_kernel(rng_next(&h->rng), i, RANDOM_SIZE, &kernel) < 0;
		buf_clear(&h->text);
		done = !h->failed && emit_kernel(h, kernel.data, kernel.len, &h->text);
		buf_deinit(&kernel);
	}
	if (!done)
		emit_around(h, "(+ 1 2)", &h->text);
}

// --- changing text ---------------------------------------------------------------------------------------------

// `count` bytes at `at` become `times` copies of `with`, within MALFORMED_BYTES.
static void replace(struct hostile *h, size_t at, size_t count, const char *with, size_t times)
{
	struct buf out = { 0 };
	size_t len = strlen(with), most = len > 0 ? MALFORMED_BYTES / 2 / len : 0;

	buf_add(&out, h->text.data, at);
	for (size_t i = 0; i < times && i < most; i++)
		buf_add(&out, with, len);
	buf_add(&out, h->text.data + at + count, h->text.len - at - count);
	h->failed = h->failed || out.failed;
	buf_deinit(&h->text);
	h->text = out;
}

static void insert_bytes(struct hostile *h, size_t at, const char *bytes, size_t len)
{
	struct buf out = { 0 };

	buf_add(&out, h->text.data, at);
	buf_add(&out, bytes, len);
	buf_add(&out, h->text.data + at, h->text.len - at);
	h->failed = h->failed || out.failed;
	buf_deinit(&h->text);
	h->text = out;
}

// The position of one of the bytes in `set`, at random; false when there is none.
static bool find_one(struct hostile *h, const char *set, size_t *at)
{
	size_t seen = 0;

	for (size_t i = 0; i < h->text.len; i++)
		if (h->text.data[i] != 0 && strchr(set, h->text.data[i]) != NULL && below(h, ++seen) == 0)
			*at = i;
	return seen > 0;
}

static size_t how_many(struct hostile *h)
{
	static const size_t counts[] = { 50, 180, 260, 1000, 10000, 100000, 300000 };

	return counts[below(h, sizeof counts / sizeof counts[0])];
}

// --- depth -----------------------------------------------------------------------------------------------------

static size_t common_start(const struct buf *a, const struct buf *b)
{
	size_t n = 0;

	while (n < a->len && n < b->len && a->data[n] == b->data[n])
		n++;
	return n;
}

// What one more level of an expression adds in front of and behind what is in it, in the language's own words: by
// comparing programs with one level and with two. Then `levels` of it.
static bool nest(struct hostile *h, const char *once, const char *twice, size_t levels)
{
	struct buf one = { 0 }, two = { 0 };
	bool done = emit_around(h, once, &one) && emit_around(h, twice, &two);
	const char *mark_one = done ? strstr(one.data, MARK) : NULL,
	           *mark_two = done ? strstr(two.data, MARK) : NULL;
	size_t more = done ? two.len - one.len : 0;

	done = mark_one != NULL && mark_two != NULL && mark_two - two.data >= mark_one - one.data &&
	       (size_t)((mark_two - two.data) - (mark_one - one.data)) <= more && two.len > one.len;
	if (done) {
		size_t at = (size_t)(mark_one - one.data), front = (size_t)(mark_two - two.data) - at;
		size_t start = common_start(&one, &two), room = MALFORMED_BYTES / (more + 1);
		if (start > at)
			start = at;
		levels = levels < room ? levels : room;
		buf_clear(&h->text);
		buf_add(&h->text, one.data, start);
		for (size_t i = 0; i < levels; i++)
			buf_add(&h->text, two.data + start, front);
		buf_add(&h->text, one.data + start, at - start + strlen(MARK));
		for (size_t i = 0; i < levels; i++)
			buf_add(&h->text, mark_two + strlen(MARK), more - front);
		buf_adds(&h->text, mark_one + strlen(MARK));
	}
	buf_deinit(&one);
	buf_deinit(&two);
	return done;
}

static const char *make_deep(struct hostile *h)
{
	static const struct {
		const char *what, *once, *twice;
	} shapes[] = {
		{ "sums inside each other", "(- 1 " MARK ")", "(- 1 (- 1 " MARK "))" },
		{ "calls of function values inside each other", "((lambda (x) x) " MARK ")",
		  "((lambda (x) x) ((lambda (x) x) " MARK "))" },
		{ "branches inside each other", "(if (< 1 2) " MARK " 0)",
		  "(if (< 1 2) (if (< 1 2) " MARK " 0) 0)" },
		{ "pairs inside each other", "(car (cons " MARK " nil))",
		  "(car (cons (car (cons " MARK " nil)) nil))" },
		{ "function values inside each other", "((lambda () " MARK "))",
		  "((lambda () ((lambda () " MARK "))))" },
		{ "divisions inside each other", "(quotient " MARK " 3)", "(quotient (quotient " MARK " 3) 3)" },
	};
	size_t i = below(h, sizeof shapes / sizeof shapes[0]);

	return nest(h, shapes[i].once, shapes[i].twice, how_many(h)) ? shapes[i].what : "a right program";
}

// --- brackets --------------------------------------------------------------------------------------------------

static const char openings[] = "([{", closings[] = ")]}";

static const char *repeat_bracket(struct hostile *h)
{
	size_t at = below(h, h->text.len), which = below(h, 3), times = how_many(h);
	bool both = below(h, 2) == 0;
	char one[2] = { openings[which], 0 };

	find_one(h, openings, &at);
	if (both) {
		char other[2] = { closings[which], 0 };
		replace(h, at, 0, other, times);
	}
	replace(h, at, 0, one, times);
	return both ? "brackets inside each other" : "brackets that are never closed";
}

static const char *damage_brackets(struct hostile *h)
{
	size_t times = 1 + below(h, 3);

	for (size_t i = 0; i < times; i++) {
		size_t at = 0;
		if (!find_one(h, "()[]{}", &at))
			break;
		char twice[3] = { h->text.data[at], h->text.data[at], 0 };
		char other[2] = { "()[]{}"[below(h, 6)], 0 };
		switch (below(h, 3)) {
		case 0:
			replace(h, at, 1, "", 0);
			break;
		case 1:
			replace(h, at, 1, twice, 1);
			break;
		default:
			replace(h, at, 1, other, 1);
		}
	}
	return "brackets deleted, doubled or changed";
}

static const char *cut(struct hostile *h)
{
	h->text.len = below(h, h->text.len);
	return "cut off";
}

// --- size ------------------------------------------------------------------------------------------------------

static const char *long_number(struct hostile *h)
{
	const char digit[] = { (char)('1' + below(h, 9)), 0 }, *mark = NULL;

	// Where nothing counts up to it: in a random program it might be the rounds of a loop.
	buf_clear(&h->text);
	if (emit_around(h, "(- 1 " MARK ")", &h->text))
		mark = strstr(h->text.data, MARK);
	if (mark != NULL)
		replace(h, (size_t)(mark - h->text.data), strlen(MARK), digit, how_many(h) + below(h, 50));
	return "a long number";
}

static const char *long_string(struct hostile *h)
{
	size_t at;

	if (find_one(h, "\"'", &at))
		replace(h, at + 1, 0, below(h, 2) == 0 ? "x" : "\\n", how_many(h));
	return "a long string";
}

static const char *long_name(struct hostile *h)
{
	size_t at;

	if (find_one(h, "abcdefghijklmnopqrstuvwxyz", &at))
		replace(h, at, 0, "a", how_many(h));
	return "a long name";
}

static const char *many_arguments(struct hostile *h)
{
	struct buf argument = { 0 };
	size_t at;

	buf_addf(&argument, "1%s", h->d->separator);
	if (find_one(h, "(", &at))
		replace(h, at + 1, 0, buf_text(&argument), how_many(h) / 2);
	h->failed = h->failed || argument.failed;
	buf_deinit(&argument);
	return "many arguments";
}

static const char *long_line(struct hostile *h)
{
	if (below(h, 2) == 0) {
		replace(h, below(h, h->text.len), 0, " ", how_many(h));
		return "a long line of blanks";
	}
	for (size_t i = 0; i < h->text.len; i++)
		if (h->text.data[i] == '\n')
			h->text.data[i] = ' ';
	return "all in one line";
}

// --- bytes -----------------------------------------------------------------------------------------------------

static const char *odd_bytes(struct hostile *h)
{
	static const struct {
		const char *what, *bytes;
		size_t len;
	} odd[] = {
		{ "a NUL byte", "\0", 1 },
		{ "bytes that are no UTF-8", "\xff\xfe\x80", 3 },
		{ "UTF-8 longer than it need be", "\xc0\x80\xe0\x80\xaf", 5 },
		{ "half a surrogate pair in UTF-8", "\xed\xa0\x80", 3 },
		{ "beyond the last code point", "\xf4\x90\x80\x80", 4 },
		{ "a byte order mark", "\xef\xbb\xbf", 3 },
		{ "a carriage return", "\r", 1 },
		{ "control characters", "\x01\x02\x07\x08\x0c\x1b\x7f", 7 },
		{ "characters that write from right to left", "\xe2\x80\xae\xe2\x80\x8b", 6 },
		{ "an end-of-file character", "\x1a\x04", 2 },
	};
	size_t which = below(h, sizeof odd / sizeof odd[0]), times = 1 + below(h, 3);

	for (size_t i = 0; i < times; i++)
		insert_bytes(h, which == 5 && i == 0 ? 0 : below(h, h->text.len), odd[which].bytes,
		             odd[which].len);
	return odd[which].what;
}

// --- the whole -------------------------------------------------------------------------------------------------

static const char *(*const ways[])(struct hostile *h) = {
	make_deep, repeat_bracket, damage_brackets, cut, long_number, make_deep,
	odd_bytes, long_string,    long_name,       cut, long_line,   many_arguments,
};

int malformed_program(const struct dialect *d, uint64_t seed, uint64_t index, struct buf *out, const char **what)
{
	struct hostile h = { .d = d };

	rng_init(&h.rng, seed);
	rng_init(&h.rng, rng_next(&h.rng) ^ index);
	begin_with_random(&h);
	*what = "a right program";
	if (!h.failed && h.text.len > 0)
		*what = ways[index % (sizeof ways / sizeof ways[0])](&h);
	buf_add(out, buf_text(&h.text), h.text.len);
	buf_deinit(&h.text);
	return h.failed || out->failed ? -ENOMEM : 0;
}

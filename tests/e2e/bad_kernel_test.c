// Bad kernels: one clear line with its place, and exit 2.
#include "e2e.h"

#include "harness.h"
#include "io.h"

#include <stdlib.h>
#include <string.h>

static void assert_refused(const struct outcome *o, const char *part)
{
	const char *newline = strchr(buf_text(&o->err), '\n');

	assert_contains(buf_text(&o->err), part);
	assert_int_equal(o->exit_code, 2);
	assert_non_null(newline);
	assert_string_equal(newline + 1, "");
}

// Both `gen --check` and `gen --kernel` refuse the file's bytes.
static void refuse(const char *bytes, size_t len, const char *part)
{
	const char *dir = harness_tmpdir();
	char *path = io_join(dir, "bad.kernel");
	struct outcome o;

	assert_int_equal(io_replace_file(path, bytes, len, NULL), 0);
	o = E2E(dir, "gen", "--check", "bad.kernel");
	assert_refused(&o, part);
	outcome_deinit(&o);
	o = E2E(dir, "gen", "--kernel", "bad.kernel", "--target", "lua", "-o", "suite");
	assert_refused(&o, part);
	outcome_deinit(&o);
	free(path);
}

static void refuse_text(const char *text, const char *part)
{
	refuse(text, strlen(text), part);
}

// What only --check is asked, since the evaluator takes seconds to give up.
static void give_up(const char *text, const char *part)
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	e2e_write(dir, "bad.kernel", text, false);
	o = E2E(dir, "gen", "--check", "bad.kernel");
	assert_refused(&o, part);
	outcome_deinit(&o);
}

static void refuse_body(const char *definitions, const char *body, const char *part)
{
	struct buf text = { 0 };

	buf_addf(&text,
	         "(kernel other/bad (summary \"s\")\n(param n 3 (range 0 9))\n%s\n(measure t (repeat 1)\n%s))\n",
	         definitions, body);
	refuse(text.data, text.len, part);
	buf_deinit(&text);
}

CASE("bad kernel: what is unbalanced, ill-typed or refers to nothing is refused with its place")
{
	refuse_text("(kernel other/bad (summary \"s\"", "bad.kernel:1:");
	refuse_text("(kernel other/bad (summary \"s\"))))", "bad.kernel:1:");
	refuse_body("", "(+ 1 \"x\")", "bad.kernel:5:6: + needs an int here; this is a string");
	refuse_body("", "(if 1 2 3)", "bad.kernel:5:5: 'if' needs a bool here; this is an int");
	refuse_body("", "nowhere", "bad.kernel:5:1: 'nowhere' is not defined here");
	refuse_body("", "(nowhere 1)", "bad.kernel:5:2: unknown form or function 'nowhere'");
}

CASE("bad kernel: a recursion without end is given up with its place")
{
	give_up("(kernel other/bad (summary \"s\")\n(define (f x) (+ 1 (f x)))\n(measure t (repeat 1) (f 1)))",
	        "bad.kernel:2:");
	give_up("(kernel other/bad (summary \"s\")\n(measure t (repeat 1)\n"
	        "(loop ((i 0)) (while true) (next (remainder (+ i 1) 7)) i)))",
	        "bad.kernel:3:");
}

CASE("bad kernel: a result above 2^53 and a parameter out of range are refused with their place")
{
	refuse_body("", "(* 94906267 94906267)", "bad.kernel:5:1:");
	refuse_body("", "9007199254740992", "bad.kernel:5:1: integers lie within 2^53 - 1 of zero");
	refuse_text("(kernel other/bad (summary \"s\")\n(param n 12 (range 0 9))\n(measure t (repeat 1) n))",
	            "bad.kernel:2:");
	refuse_text("(kernel other/bad (summary \"s\")\n(param n 3 (range 0 9))\n(instance (n 10))\n"
	            "(measure t (repeat 1) n))",
	            "bad.kernel:3:");
}

CASE("bad kernel: a NUL byte is refused with its place")
{
	refuse("(kernel other/bad (summary \"s\")\n(measure t (repeat 1) \0 1))", 58, "bad.kernel:2:");
}

CASE("bad kernel: 10 MB of parentheses are refused at once")
{
	const size_t len = 10U << 20;
	char *text = malloc(len);

	assert_non_null(text);
	memset(text, '(', len);
	refuse(text, len, "bad.kernel: ");
	memset(text, ')', len / 2);
	refuse(text, 100000, "bad.kernel:1:");
	memset(text, '(', len / 2);
	refuse(text, 100000, "bad.kernel:1:");
	free(text);
}

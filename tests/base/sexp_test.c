#include "harness.h"

#include "arena.h"
#include "sexp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct sexp_doc *parse(const char *text)
{
	struct err e = { 0 };
	struct sexp_doc *d;

	assert_int_equal(sexp_parse("f.kernel", text, strlen(text), &d, &e), 0);
	assert_string_equal(e.text, "");
	return d;
}

static void refuse(const char *text, size_t len, const char *message)
{
	struct err e = { 0 };
	struct sexp_doc *d;

	assert_int_equal(sexp_parse("f.kernel", text, len, &d, &e), -EINVAL);
	assert_null(d);
	assert_string_equal(e.text, message);
}

#define REFUSE(text, message) refuse(text, sizeof(text) - 1, message)

CASE("sexp: atoms and lists are read when the text is well formed")
{
	struct sexp_doc *d = parse("; a comment\n(a -12 +3 \"x\\n\\\"\\\\\\t\\ry\" (b) ())\r\n99 <= 30s -");
	const struct sexp *root = sexp_root(d), *a = sexp_at(root, 0);

	assert_int_equal(root->count, 5);
	assert_true(sexp_is_form(a, "a"));
	assert_int_equal(a->line, 2);
	assert_int_equal(a->count, 6);
	assert_int_equal(a->items[1]->number, -12);
	assert_int_equal(a->items[2]->number, 3);
	assert_string_equal(a->items[3]->text, "x\n\"\\\t\ry");
	assert_int_equal(a->items[3]->len, 7);
	assert_true(sexp_is_form(a->items[4], "b"));
	assert_int_equal(a->items[5]->count, 0);
	assert_int_equal(sexp_at(root, 1)->number, 99);
	assert_true(sexp_is_symbol(sexp_at(root, 2), "<="));
	assert_true(sexp_is_symbol(sexp_at(root, 3), "30s"));
	assert_true(sexp_is_symbol(sexp_at(root, 4), "-"));
	assert_null(sexp_at(root, 5));
	assert_null(sexp_at(sexp_at(root, 1), 0));
	sexp_free(d);
}

CASE("sexp: places are counted when strings and comments span lines")
{
	struct sexp_doc *d = parse("(a\n  \"one\ntwo\" b ; \xC3\xA4\n\tc)");
	const struct sexp *a = sexp_at(sexp_root(d), 0);

	assert_int_equal(a->items[1]->line, 2);
	assert_int_equal(a->items[1]->column, 3);
	assert_int_equal(a->items[2]->line, 3);
	assert_int_equal(a->items[2]->column, 6);
	assert_int_equal(a->items[3]->line, 4);
	assert_int_equal(a->items[3]->column, 2);
	sexp_free(d);
}

CASE("sexp: the place is named when parentheses do not match")
{
	REFUSE("(a\n (b c", "f.kernel:2:2: '(' without a ')': the file ends 2 short");
	REFUSE("(a)\n )", "f.kernel:2:2: ')' without a '('");
	REFUSE("(a]", "f.kernel:1:3: ']' has no meaning here; lists are written with ( )");
}

CASE("sexp: the place is named when a string is broken")
{
	REFUSE("(a \"bc\n", "f.kernel:1:4: string without a closing '\"'");
	REFUSE("\"a\\q\"", "f.kernel:1:3: unknown escape in a string; known are \\n \\r \\t \\\" \\\\");
	REFUSE("\"a\\", "f.kernel:1:3: unknown escape in a string; known are \\n \\r \\t \\\" \\\\");
}

CASE("sexp: odd bytes are refused when they stand anywhere")
{
	REFUSE("(a \0)", "f.kernel:1:4: NUL byte; this must be a text file");
	REFUSE("\"a\0\"", "f.kernel:1:3: NUL byte; this must be a text file");
	REFUSE("; \x01",
	       "f.kernel:1:3: byte 0x01 is not allowed here; only printable ASCII, and UTF-8 in strings and "
	       "comments");
	REFUSE("a\xC3\xA4",
	       "f.kernel:1:2: byte 0xC3 is not allowed here; only printable ASCII, and UTF-8 in strings "
	       "and comments");
	REFUSE("\"\xC0\x80\"",
	       "f.kernel:1:2: byte 0xC0 is not allowed here; only printable ASCII, and UTF-8 in strings "
	       "and comments");
	REFUSE("\"\xED\xA0\x80\"",
	       "f.kernel:1:2: byte 0xED is not allowed here; only printable ASCII, and UTF-8 in "
	       "strings and comments");
	REFUSE("\"\xF0\x9F\"", "f.kernel:1:2: byte 0xF0 is not allowed here; only printable ASCII, and UTF-8 in "
	                       "strings and comments");
}

CASE("sexp: UTF-8 is kept when it stands in a string")
{
	struct sexp_doc *d = parse("\"\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80\"");

	assert_string_equal(sexp_at(sexp_root(d), 0)->text, "\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80");
	sexp_free(d);
}

CASE("sexp: a number is refused when it has more than 64 bits")
{
	struct sexp_doc *d = parse("9223372036854775807 -9223372036854775808");

	assert_int_equal(sexp_at(sexp_root(d), 0)->number, INT64_MAX);
	assert_int_equal(sexp_at(sexp_root(d), 1)->number, INT64_MIN);
	sexp_free(d);
	REFUSE(" 9223372036854775808", "f.kernel:1:2: number out of range; integers have 64 bits");
}

static char *repeated(const char *what, size_t bytes)
{
	char *text = malloc(bytes + 1);

	assert_non_null(text);
	for (size_t i = 0; i < bytes; i++)
		text[i] = what[i % strlen(what)];
	return text;
}

CASE("sexp: ten megabytes of parentheses are refused when they nest")
{
	char *text = repeated("(", 10000000);

	refuse(text, 10000000, "f.kernel:1:200: nested deeper than 200 lists");
	free(text);
}

CASE("sexp: ten megabytes of lists are refused when their tree would be too large")
{
	struct err e = { 0 };
	struct sexp_doc *d;
	char *text = repeated("()", 10000000);

	assert_int_equal(sexp_parse("f.kernel", text, 10000000, &d, &e), -E2BIG);
	assert_non_null(strstr(e.text, ": the file's tree takes more than 64 MiB; split the file"));
	free(text);
}

CASE("sexp: fields are found when they are there, and the unknown and the doubled refused")
{
	static const char *const names[] = { "timeout", "*header", NULL };
	struct sexp_doc *d = parse("(s (timeout 30) (header \"a\") (header \"b\"))\n(s (timeut 1))\n"
	                           "(s (timeout 1) (timeout 2))\n(s 3)");
	const struct sexp *root = sexp_root(d);
	struct err e = { 0 };
	int64_t seconds = 0;
	const char *text;

	assert_int_equal(sexp_check_fields(d, sexp_at(root, 0), 1, names, &e), 0);
	assert_int_equal(sexp_get_int(d, sexp_field(sexp_at(root, 0), "timeout"), 1, 0, 60, &seconds, &e), 0);
	assert_int_equal(seconds, 30);
	assert_int_equal(sexp_get_string(d, sexp_field(sexp_at(root, 0), "header"), 1, &text, &e), 0);
	assert_string_equal(text, "a");
	assert_null(sexp_field(sexp_at(root, 0), "host"));
	assert_int_equal(sexp_check_fields(d, sexp_at(root, 1), 1, names, &e), -EINVAL);
	assert_string_equal(e.text, "f.kernel:2:5: unknown field 'timeut'; known are timeout, header");
	e.text[0] = 0;
	assert_int_equal(sexp_check_fields(d, sexp_at(root, 2), 1, names, &e), -EINVAL);
	assert_string_equal(e.text, "f.kernel:3:17: field 'timeout' stands here twice");
	e.text[0] = 0;
	assert_int_equal(sexp_check_fields(d, sexp_at(root, 3), 1, names, &e), -EINVAL);
	assert_string_equal(e.text, "f.kernel:4:4: a field \"(name ...)\" was expected here");
	sexp_free(d);
}

CASE("sexp: what was expected is said when an item is of another kind or out of range")
{
	struct sexp_doc *d = parse("(a 5 b \"c\")");
	const struct sexp *a = sexp_at(sexp_root(d), 0);
	struct err e = { 0 };
	const char *text;
	int64_t n;

	assert_int_equal(sexp_get_int(d, a, 1, 6, 9, &n, &e), -EINVAL);
	assert_string_equal(e.text, "f.kernel:1:4: 5 is out of range; from 6 to 9 is allowed");
	e.text[0] = 0;
	assert_int_equal(sexp_get_int(d, a, 2, 0, 9, &n, &e), -EINVAL);
	assert_string_equal(e.text, "f.kernel:1:6: a whole number was expected, not the symbol");
	e.text[0] = 0;
	assert_int_equal(sexp_get_symbol(d, a, 3, &text, &e), -EINVAL);
	assert_string_equal(e.text, "f.kernel:1:8: a name was expected, not the string");
	e.text[0] = 0;
	assert_int_equal(sexp_get_string(d, a, 4, &text, &e), -EINVAL);
	assert_string_equal(e.text, "f.kernel:1:1: a string in \"quotes\" is missing here");
	sexp_free(d);
}

CASE("sexp: a file over the limit is refused when it is loaded")
{
	struct err e = { 0 };
	struct sexp_doc *d;

	assert_int_equal(sexp_load("/dev/zero", 1000, &d, &e), -EFBIG);
	assert_int_equal(sexp_load("/nowhere/f.kernel", 1000, &d, &e), -ENOENT);
	assert_null(d);
}

CASE("arena: memory is zeroed and aligned when chunks run over, and refused past the limit")
{
	struct arena a = { .limit = 100000 };
	size_t total = 0;
	char *p;

	for (size_t n = 1; (p = arena_alloc(&a, n)) != NULL; n += 7) {
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xAA, n);
		total += n;
	}
	assert_true(total > 50000 && total <= 100000);
	assert_null(arena_alloc(&a, SIZE_MAX));
	arena_deinit(&a);
	assert_string_equal(arena_text(&a, "abc", 2), "ab");
	arena_deinit(&a);
}

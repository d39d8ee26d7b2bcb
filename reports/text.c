// Text for people.
#include "text.h"

#include "buf.h"
#include "units.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- making text safe ---------------------------------------------------------------------------------------

// The code point at `p` (of valid UTF-8) and its length.
static uint32_t decode(const char *p, size_t *len)
{
	const unsigned char *u = (const unsigned char *)p;

	if (u[0] < 0x80) {
		*len = 1;
		return u[0];
	}
	if (u[0] < 0xe0) {
		*len = 2;
		return (u[0] & 0x1fU) << 6 | (u[1] & 0x3fU);
	}
	if (u[0] < 0xf0) {
		*len = 3;
		return (u[0] & 0x0fU) << 12 | (u[1] & 0x3fU) << 6 | (u[2] & 0x3fU);
	}
	*len = 4;
	return (u[0] & 0x07U) << 18 | (u[1] & 0x3fU) << 12 | (u[2] & 0x3fU) << 6 | (u[3] & 0x3fU);
}

static bool is_harmful(uint32_t c)
{
	return (c >= 0x80 && c < 0xa0) ||      // C1: begins escape sequences on some terminals
	       (c >= 0x200b && c <= 0x200f) || // invisible, and marks of direction
	       (c >= 0x2028 && c <= 0x202e) || // line separators, overrides of direction
	       (c >= 0x2060 && c <= 0x206f) || // invisible operators, isolates
	       c == 0xfeff || (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffeU) == 0xfffe; // non-characters
}

// What was built, in the arena.
static const char *take(struct arena *a, struct buf *b)
{
	const char *text = b->failed ? NULL : arena_text(a, buf_text(b), b->len);

	buf_deinit(b);
	return text != NULL ? text : "";
}

static const char *make_safe(struct arena *a, const char *text, bool one_line)
{
	char *utf8 = result_utf8(text != NULL ? text : "", text != NULL ? strlen(text) : 0);
	struct buf b = { 0 };
	size_t len;

	for (const char *p = utf8; p != NULL && *p != '\0'; p += len) {
		uint32_t c = decode(p, &len);

		if (is_harmful(c))
			buf_addf(&b, "\\u{%x}", (unsigned)c);
		else if (one_line && (c == '\n' || c == '\t'))
			buf_addc(&b, ' ');
		else
			buf_add(&b, p, len);
	}
	free(utf8);
	return take(a, &b);
}

const char *text_safe(struct arena *a, const char *text)
{
	return make_safe(a, text, false);
}

const char *text_line(struct arena *a, const char *text)
{
	return make_safe(a, text, true);
}

const char *text_make(struct arena *a, const char *format, ...)
{
	struct buf b = { 0 };
	va_list args;

	va_start(args, format);
	buf_vaddf(&b, format, args);
	va_end(args);
	return take(a, &b);
}

// ---- columns ------------------------------------------------------------------------------------------------

// Ranges that take no column, and two. Coarse: what names and messages of programs are made of.
static size_t columns_of(uint32_t c)
{
	if ((c >= 0x300 && c < 0x370) || (c >= 0x1ab0 && c < 0x1b00) || (c >= 0x20d0 && c < 0x2100) ||
	    (c >= 0xfe00 && c < 0xfe10) || (c >= 0xfe20 && c < 0xfe30))
		return 0;
	if ((c >= 0x1100 && c < 0x1160) || (c >= 0x2e80 && c < 0xa4d0 && c != 0x303f) ||
	    (c >= 0xac00 && c < 0xd7a4) || (c >= 0xf900 && c < 0xfb00) || (c >= 0xff00 && c < 0xff61) ||
	    (c >= 0x1f300 && c < 0x1f650) || (c >= 0x1f900 && c < 0x1fa00) || (c >= 0x20000 && c < 0x40000))
		return 2;
	return 1;
}

size_t text_width(const char *text)
{
	size_t width = 0, len;

	for (; *text != '\0'; text += len)
		width += columns_of(decode(text, &len));
	return width;
}

size_t text_fit(const char *text, size_t columns)
{
	const char *p = text;
	size_t len;

	while (*p != '\0') {
		size_t width = columns_of(decode(p, &len));

		if (width > columns)
			break;
		columns -= width;
		p += len;
	}
	return (size_t)(p - text);
}

const char *text_cut(struct arena *a, const char *text, size_t columns)
{
	size_t width = text_width(text), len, head, skip;
	const char *tail = text;

	if (width <= columns)
		return text;
	if (columns < 2)
		return text_make(a, "%.*s", (int)text_fit(text, columns), text);
	head = columns / 2;
	for (skip = width - (columns - head - 1); skip > 0 && *tail != '\0'; tail += len) {
		size_t w = columns_of(decode(tail, &len));
		skip -= w < skip ? w : skip;
	}
	return text_make(a, "%.*s…%s", (int)text_fit(text, head), text, tail);
}

// ---- figures ------------------------------------------------------------------------------------------------

const char *text_duration(struct arena *a, uint64_t ns)
{
	char text[32];
	char *at;

	units_duration(text, sizeof text, ns);
	at = strstr(text, " us");
	return at != NULL ? text_make(a, "%.*s µs", (int)(at - text), text) : text_make(a, "%s", text);
}

const char *text_bytes(struct arena *a, uint64_t bytes)
{
	char text[32];

	return text_make(a, "%s", units_bytes(text, sizeof text, bytes));
}

const char *text_count(struct arena *a, uint64_t n)
{
	char text[32];

	return text_make(a, "%s", units_count(text, sizeof text, n));
}

const char *text_amount(struct arena *a, double value)
{
	if (value >= 100 && value < 1e15)
		return text_count(a, (uint64_t)(value + 0.5));
	return text_make(a, "%.3g", value);
}

const char *text_ratio(struct arena *a, double ratio)
{
	if (!isfinite(ratio) || !(ratio > 0))
		return "";
	return text_make(a, "%.*f×", ratio < 9.995 ? 2 : ratio < 99.95 ? 1 : 0, ratio);
}

const char *text_number(struct arena *a, uint64_t n, const char *one, const char *many)
{
	char text[32];

	return text_make(a, "%s %s", units_count(text, sizeof text, n), n == 1 ? one : many);
}

static bool is_plain_word(const char *text)
{
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++)
		if (!isalnum((unsigned char)*text) && strchr("_@%+=:,./-", *text) == NULL)
			return false;
	return true;
}

const char *text_shell_word(struct arena *a, const char *text)
{
	struct buf b = { 0 };

	if (is_plain_word(text))
		return text;
	buf_addc(&b, '\'');
	for (; *text != '\0'; text++)
		if (*text == '\'')
			buf_adds(&b, "'\\''");
		else
			buf_addc(&b, *text);
	buf_addc(&b, '\'');
	return take(a, &b);
}

const char *text_mark(enum verdict v)
{
	static const char *const marks[VERDICT_COUNT] = { [VERDICT_PASSED] = "✓",
		                                          [VERDICT_FLAKY] = "~",
		                                          [VERDICT_SKIPPED] = "–",
		                                          [VERDICT_PLANNED] = "–",
		                                          [VERDICT_INTERRUPTED] = "–" };

	return marks[v] != NULL ? marks[v] : "✗";
}

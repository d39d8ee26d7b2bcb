// sample: what a test reports, line by line and as a stream.
#include "harness.h"

#include "buf.h"
#include "sample.h"

#include <stdlib.h>
#include <string.h>

// Everything that was called, as text, one call a line; and the output that was handed on.
struct heard {
	struct buf calls, output;
};

static void on_lat(void *arg, const char *series, uint64_t ns)
{
	buf_addf(&((struct heard *)arg)->calls, "lat %s %llu\n", series, (unsigned long long)ns);
}

static void on_hist(void *arg, const char *series, const char *base64, size_t len)
{
	buf_addf(&((struct heard *)arg)->calls, "hist %s %.*s\n", series, (int)len, base64);
}

static void on_gauge(void *arg, const char *name, double value, const char *unit)
{
	buf_addf(&((struct heard *)arg)->calls, "gauge %s %g %s\n", name, value, unit);
}

static void on_gc(void *arg, uint64_t pause_ns)
{
	buf_addf(&((struct heard *)arg)->calls, "gc %llu\n", (unsigned long long)pause_ns);
}

static void on_live(void *arg, uint64_t bytes)
{
	buf_addf(&((struct heard *)arg)->calls, "live %llu\n", (unsigned long long)bytes);
}

static void on_check(void *arg, const char *name, bool ok, const char *text)
{
	buf_addf(&((struct heard *)arg)->calls, "check %s %d [%s]\n", name, ok, text);
}

static void on_note(void *arg, const char *name, const char *text)
{
	buf_addf(&((struct heard *)arg)->calls, "note %s [%s]\n", name, text);
}

static void on_case(void *arg, const char *name, enum sample_case what, uint64_t ns, const char *text)
{
	buf_addf(&((struct heard *)arg)->calls, "case [%s] %d %llu [%s]\n", name, (int)what,
	         (unsigned long long)ns, text);
}

static void on_tap(void *arg, enum sample_tap what, uint64_t n, const char *text)
{
	if (what != TAP_CASE) // which are told as cases, too
		buf_addf(&((struct heard *)arg)->calls, "tap %d %llu [%s]\n", (int)what, (unsigned long long)n,
		         text);
}

static void on_skip(void *arg, const char *reason)
{
	buf_addf(&((struct heard *)arg)->calls, "skip [%s]\n", reason);
}

static void on_done(void *arg)
{
	buf_adds(&((struct heard *)arg)->calls, "done\n");
}

static void on_bad(void *arg, uint64_t line, const char *reason)
{
	buf_addf(&((struct heard *)arg)->calls, "bad %llu %.*s\n", (unsigned long long)line,
	         (int)strcspn(reason, ":"), reason);
}

static void on_output(void *arg, const char *bytes, size_t len)
{
	buf_add(&((struct heard *)arg)->output, bytes, len);
}

static struct sample_sink sink_for(struct heard *h)
{
	return (struct sample_sink){ on_lat, on_hist, on_gauge, on_gc,   on_check, on_case, on_done,
		                     on_bad, h,       on_live,  on_note, on_tap,   on_skip };
}

static void heard_deinit(struct heard *h)
{
	buf_deinit(&h->calls);
	buf_deinit(&h->output);
}

// One line must lead to exactly these calls; `mine` says whether it is a sample line.
static void line_gives(const char *line, bool mine, const char *calls)
{
	struct heard h = { 0 };
	struct sample_sink sink = sink_for(&h);
	bool was = sample_parse_line(line, strlen(line), 5, &sink);

	if (was != mine || strcmp(buf_text(&h.calls), calls) != 0)
		fail_msg("%s\ngives %d and\n%s", line, was, buf_text(&h.calls));
	heard_deinit(&h);
}

// A stream, fed in pieces of `piece` bytes.
static void feed(struct heard *h, const char *text, size_t len, size_t piece)
{
	struct sample_stream s;
	struct sample_sink sink = sink_for(h);

	assert_int_equal(sample_stream_init(&s, &sink, on_output, h), 0);
	for (size_t at = 0; at < len; at += piece)
		sample_stream_feed(&s, text + at, len - at < piece ? len - at : piece);
	sample_stream_end(&s);
	sample_stream_deinit(&s);
}

CASE("sample: every word is read")
{
	line_gives("@@ lat total 100 200 300", true, "lat total 100\nlat total 200\nlat total 300\n");
	line_gives("@@ lat\ttotal  7 ", true, "lat total 7\n");
	line_gives("@@ hist total HISTFAAA==", true, "hist total HISTFAAA==\n");
	line_gives("@@ gauge used -12.5e1 MiB", true, "gauge used -125 MiB\n");
	line_gives("@@ gc 5000", true, "gc 5000\n");
	line_gives("@@ live 4096", true, "live 4096\n");
	line_gives("@@ check sum ok 500500", true, "check sum 1 [500500]\n");
	line_gives("@@ check sum bad expected 3, got  4 ", true, "check sum 0 [expected 3, got  4]\n");
	line_gives("@@ check sum ok", true, "check sum 1 []\n");
	line_gives("@@ note attack GOAWAY, in 3 ms", true, "note attack [GOAWAY, in 3 ms]\n");
	line_gives("@@ case one start", true, "case [one] 0 0 []\n");
	line_gives("@@ case one pass 1000 fine so far", true, "case [one] 1 1000 [fine so far]\n");
	line_gives("@@ case one fail 7", true, "case [one] 2 7 []\n");
	line_gives("@@ case one skip 0 no net", true, "case [one] 3 0 [no net]\n");
	line_gives("@@ skip no net, no test ", true, "skip [no net, no test]\n");
	line_gives("@@ done", true, "done\n");
	line_gives("@@ done\r", true, "done\n");
}

CASE("sample: a known word with wrong arguments is bad, and nothing of it counts")
{
	static const char *const lines[] = {
		"@@ skip",
		"@@ skip ",
		"@@ lat",
		"@@ lat total",
		"@@ lat total 1 2 x",
		"@@ lat total -1",
		"@@ lat total 1.5",
		"@@ lat total 18446744073709551616",
		"@@ hist total",
		"@@ hist total a!b",
		"@@ hist total AAAA BBBB",
		"@@ gauge g",
		"@@ gauge g inf s",
		"@@ gauge g nan s",
		"@@ gauge g 0x10 s",
		"@@ gauge g 1e999 s",
		"@@ gauge g 1",
		"@@ gauge g 1 s more",
		"@@ gc",
		"@@ gc 1 2",
		"@@ gc -1",
		"@@ live",
		"@@ live 1 bytes",
		"@@ check",
		"@@ check x",
		"@@ check x maybe",
		"@@ note",
		"@@ note x",
		"@@ case",
		"@@ case y went",
		"@@ case y pass soon",
		"@@ done now",
	};

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		char expected[64] = "bad 5 ";

		strncat(expected, lines[i] + 3, strcspn(lines[i] + 3, " "));
		strcat(expected, "\n");
		line_gives(lines[i], true, expected);
	}
}

CASE("sample: an unknown word behind the mark is ordinary output")
{
	line_gives("@@ -1,3 +1,3 @@", false, "");
	line_gives("@@ latency 5", false, "");
	line_gives("@@  lat total 5", false, "");
	line_gives("@@lat total 5", false, "");
	line_gives("@@", false, "");
	line_gives("@@ ", false, "");
	line_gives(" @@ done", false, "");
	line_gives("", false, "");
}

CASE("sample: names are at most 127 bytes")
{
	char line[300] = "@@ gc 1";
	char calls[300];

	memset(line, 'n', sizeof line);
	memcpy(line, "@@ lat ", 7);
	memcpy(line + 7 + 127, " 1", 3);
	memset(calls, 'n', sizeof calls);
	memcpy(calls, "lat ", 4);
	memcpy(calls + 4 + 127, " 1\n", 4);
	line_gives(line, true, calls);
	memset(line + 7, 'n', 128);
	memcpy(line + 7 + 128, " 1", 3);
	line_gives(line, true, "bad 5 lat\n");
}

CASE("sample: TAP lines are cases and stay output")
{
	line_gives("ok 1 - first of all", false, "case [first of all] 1 0 []\n");
	line_gives("not ok 2 - second", false, "case [second] 2 0 []\n");
	line_gives("ok 3", false, "case [3] 1 0 []\n");
	line_gives("ok - unnumbered", false, "case [unnumbered] 1 0 []\n");
	line_gives("ok 4 # SKIP no network", false, "case [4] 3 0 [no network]\n");
	line_gives("ok 3 # SKIP", false, "case [3] 3 0 []\n");
	line_gives("not ok 3 - third # skipped: no disk", false, "case [third] 3 0 [no disk]\n");
	line_gives("not ok 5 - fifth # TODO later", false, "case [fifth] 3 0 [TODO later]\n");
	line_gives("ok 5 - fifth # TODO later", false, "case [fifth] 1 0 [TODO later]\n");
	line_gives("ok 6 - price in # of units", false, "case [price in # of units] 1 0 []\n");
	line_gives("ok then, this is prose", false, "");
	line_gives("okay 1", false, "");
	line_gives("not okay 1", false, "");
	line_gives("nothing", false, "");
	line_gives("ok", false, "");
}

CASE("sample: TAP's version, plan and bail out are told and stay output")
{
	line_gives("TAP version 14", false, "tap 0 0 []\n");
	line_gives("1..12", false, "tap 1 12 []\n");
	line_gives("1..0 # SKIP no network", false, "tap 1 0 [no network]\n");
	line_gives("1..0 # skip", false, "tap 1 0 [no reason given]\n");
	line_gives("1..0 # of nothing", false, "tap 1 0 []\n");
	line_gives("Bail out! no disk", false, "tap 2 0 [no disk]\n");
	line_gives("Bail out!", false, "tap 2 0 []\n");
	line_gives("1..", false, "");
	line_gives("1..x", false, "");
	line_gives("10..3", false, "");
	line_gives(" 1..3", false, "");
	line_gives("Bailing out", false, "");
	line_gives("TAP is a protocol", false, "");
}

CASE("sample: a stream gives the same whatever the size of its pieces")
{
	static const char text[] =
	        "hello\n@@ lat a 1 2\nmiddle\n\n@@ unknown\nok 1 - t\n@@ done\nlast without newline";
	static const size_t pieces[] = { 1, 2, 3, 5, 7, 16, sizeof text };

	for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
		struct heard h = { 0 };

		feed(&h, text, sizeof text - 1, pieces[i]);
		assert_string_equal(buf_text(&h.calls), "lat a 1\nlat a 2\ncase [t] 1 0 []\ndone\n");
		assert_string_equal(buf_text(&h.output),
		                    "hello\nmiddle\n\n@@ unknown\nok 1 - t\nlast without newline");
		heard_deinit(&h);
	}
}

CASE("sample: a last line without a newline counts")
{
	struct heard h = { 0 };

	feed(&h, "@@ done", 7, 3);
	assert_string_equal(buf_text(&h.calls), "done\n");
	assert_int_equal(h.output.len, 0);
	heard_deinit(&h);
}

CASE("sample: a bad line is told with its number in the stream")
{
	static const char text[] = "one\n@@ done\nthree\n@@ gc x\n";
	struct heard h = { 0 };

	feed(&h, text, sizeof text - 1, 4);
	assert_string_equal(buf_text(&h.calls), "done\nbad 4 gc\n");
	heard_deinit(&h);
}

CASE("sample: a line of 64 KiB is output, and bad when it begins as a sample line")
{
	enum { LEN = 2 * SG_SAMPLE_LINE_MAX };
	static const size_t pieces[] = { 1000, LEN + 100 };
	char *text = malloc(LEN + 100);
	size_t len;

	assert_non_null(text);
	memset(text, '1', LEN);
	memcpy(text, "@@ lat total ", 13);
	strcpy(text + LEN, "\n@@ gc 7\n");
	len = strlen(text);
	for (size_t i = 0; i < 2; i++) {
		struct heard h = { 0 };

		feed(&h, text, len, pieces[i]);
		assert_string_equal(buf_text(&h.calls), "bad 1 the line is longer than 64 KiB\ngc 7\n");
		assert_int_equal(h.output.len, 0);
		heard_deinit(&h);
	}
	text[0] = 'x';
	for (size_t i = 0; i < 2; i++) {
		struct heard h = { 0 };

		feed(&h, text, len, pieces[i]);
		assert_string_equal(buf_text(&h.calls), "gc 7\n");
		assert_int_equal(h.output.len, LEN + 1);
		assert_memory_equal(h.output.data, text, LEN + 1);
		heard_deinit(&h);
	}
	free(text);
}

CASE("sample: NUL bytes end a text and spoil a name, and harm nothing")
{
	static const char text[] = "@@ check a ok te\0xt\n\0\n@@ lat a\0b 1\n";
	struct heard h = { 0 };

	feed(&h, text, sizeof text - 1, 100);
	assert_string_equal(buf_text(&h.calls), "check a 1 [te]\nbad 3 lat\n");
	assert_int_equal(h.output.len, 2);
	heard_deinit(&h);
}

CASE("sample: hooks that are not there are not called")
{
	static const char *const lines[] = { "@@ lat a 1",    "@@ hist a AAAA",   "@@ gauge a 1 s", "@@ gc 1",
		                             "@@ check a ok", "@@ case a pass 1", "@@ done",        "@@ gc x" };
	const struct sample_sink none = { 0 };

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		assert_true(sample_parse_line(lines[i], strlen(lines[i]), 1, &none));
	assert_false(sample_parse_line("ok 1", 4, 1, &none));
}

// Sample lines: one word table, strict arguments, and a stream that cuts lines out of pieces of any size.
#include "sample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MARK "@@ "
#define MARK_LEN 3U

// The part of a line that is not read yet.
struct words {
	const char *at, *end;
};

struct span {
	const char *text;
	size_t len;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct span next_word(struct words *w)
{
	struct span s;

	while (w->at < w->end && is_blank(*w->at))
		w->at++;
	s.text = w->at;
	while (w->at < w->end && !is_blank(*w->at))
		w->at++;
	s.len = (size_t)(w->at - s.text);
	return s;
}

// What is left, without the blanks around it.
static struct span rest_of(struct words *w)
{
	struct span s;

	while (w->at < w->end && is_blank(*w->at))
		w->at++;
	s.text = w->at;
	s.len = (size_t)(w->end - w->at);
	while (s.len > 0 && is_blank(s.text[s.len - 1]))
		s.len--;
	w->at = w->end;
	return s;
}

static bool at_end(const struct words *w)
{
	struct words ahead = *w;

	return next_word(&ahead).len == 0;
}

static bool span_is(struct span s, const char *word)
{
	return s.len == strlen(word) && memcmp(s.text, word, s.len) == 0;
}

// Copies a name; false when it is empty, too long or holds a NUL.
static bool take_name(struct span s, char name[SG_SAMPLE_NAME_MAX])
{
	if (s.len == 0 || s.len >= SG_SAMPLE_NAME_MAX || memchr(s.text, '\0', s.len) != NULL)
		return false;
	memcpy(name, s.text, s.len);
	name[s.len] = '\0';
	return true;
}

#define SAFE_DIGITS 19U // that many cannot overflow 64 bits

// Digits only; the whole span; no overflow.
static bool take_u64(struct span s, uint64_t *value)
{
	uint64_t v = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned)(unsigned char)s.text[i] - '0';

		if (digit > 9)
			return false;
		if (i < SAFE_DIGITS)
			v = v * 10 + digit;
		else if (__builtin_mul_overflow(v, 10U, &v) || __builtin_add_overflow(v, digit, &v))
			return false;
	}
	*value = v;
	return true;
}

// A finite decimal number: sign, digits, point, exponent; no hex, no "inf", no "nan".
static bool take_double(struct span s, double *value)
{
	char copy[64];
	char *end;

	if (s.len == 0 || s.len >= sizeof copy)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (strchr("+-.0123456789eE", s.text[i]) == NULL || s.text[i] == '\0')
			return false;
	memcpy(copy, s.text, s.len);
	copy[s.len] = '\0';
	*value = strtod(copy, &end);
	return *end == '\0' && end != copy && isfinite(*value);
}

// ---- one function a word: NULL, or what is wrong with its arguments ----

// This is what every latency of a test goes through: one pass that judges the line (all or nothing: half of it
// must not count), one that reads it.
static const char *on_lat(struct words *w, const struct sample_sink *sink)
{
	char series[SG_SAMPLE_NAME_MAX];
	struct words check;
	struct span word;
	uint64_t ns;

	if (!take_name(next_word(w), series))
		return "lat: the series has no name, or one of more than 127 bytes";
	check = *w;
	word = next_word(&check);
	if (word.len == 0)
		return "lat: there is no latency behind the series' name";
	for (; word.len > 0; word = next_word(&check))
		if (!take_u64(word, &ns))
			return "lat: a latency is a whole number of nanoseconds";
	if (sink->lat == NULL)
		return NULL;
	for (word = next_word(w); word.len > 0; word = next_word(w)) {
		ns = 0;
		for (size_t i = 0; i < word.len; i++)
			ns = ns * 10 + (uint64_t)(word.text[i] - '0');
		sink->lat(sink->arg, series, ns);
	}
	return NULL;
}

static bool is_base64(struct span s)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	while (s.len > 0 && s.text[s.len - 1] == '=')
		s.len--;
	for (size_t i = 0; i < s.len; i++)
		if (s.text[i] == '\0' || strchr(alphabet, s.text[i]) == NULL)
			return false;
	return s.len > 0;
}

static const char *on_hist(struct words *w, const struct sample_sink *sink)
{
	char series[SG_SAMPLE_NAME_MAX];
	struct span code;

	if (!take_name(next_word(w), series))
		return "hist: the series has no name, or one of more than 127 bytes";
	code = next_word(w);
	if (!is_base64(code) || !at_end(w))
		return "hist: behind the series' name stands one word of base64";
	if (sink->hist != NULL)
		sink->hist(sink->arg, series, code.text, code.len);
	return NULL;
}

static const char *on_gauge(struct words *w, const struct sample_sink *sink)
{
	char name[SG_SAMPLE_NAME_MAX];
	char unit[SG_SAMPLE_NAME_MAX];
	double value;

	if (!take_name(next_word(w), name))
		return "gauge: it has no name, or one of more than 127 bytes";
	if (!take_double(next_word(w), &value))
		return "gauge: its value is not a number";
	if (!take_name(next_word(w), unit) || !at_end(w))
		return "gauge: behind its value stands one word, the unit";
	if (sink->gauge != NULL)
		sink->gauge(sink->arg, name, value, unit);
	return NULL;
}

static const char *on_gc(struct words *w, const struct sample_sink *sink)
{
	uint64_t ns;

	if (!take_u64(next_word(w), &ns) || !at_end(w))
		return "gc: a pause is one whole number of nanoseconds";
	if (sink->gc != NULL)
		sink->gc(sink->arg, ns);
	return NULL;
}

static const char *on_live(struct words *w, const struct sample_sink *sink)
{
	uint64_t bytes;

	if (!take_u64(next_word(w), &bytes) || !at_end(w))
		return "live: behind it stands a whole number of bytes, and nothing else";
	if (sink->live != NULL)
		sink->live(sink->arg, bytes);
	return NULL;
}

// The free text at a line's end as a string; cut at a NUL. `store` is of SG_SAMPLE_LINE_MAX bytes at least.
static const char *free_text(struct words *w, char *store)
{
	struct span s = rest_of(w);

	memcpy(store, s.text, s.len);
	store[s.len] = '\0';
	return store;
}

static const char *on_check(struct words *w, const struct sample_sink *sink)
{
	char name[SG_SAMPLE_NAME_MAX];
	char text[SG_SAMPLE_LINE_MAX];
	struct span what;

	if (!take_name(next_word(w), name))
		return "check: it has no name, or one of more than 127 bytes";
	what = next_word(w);
	if (!span_is(what, "ok") && !span_is(what, "bad"))
		return "check: behind its name stands ok or bad";
	if (sink->check != NULL)
		sink->check(sink->arg, name, span_is(what, "ok"), free_text(w, text));
	return NULL;
}

static const char *on_note(struct words *w, const struct sample_sink *sink)
{
	char name[SG_SAMPLE_NAME_MAX];
	char text[SG_SAMPLE_LINE_MAX];

	if (!take_name(next_word(w), name) || at_end(w))
		return "note: it has no name, one of more than 127 bytes, or no text";
	if (sink->note != NULL)
		sink->note(sink->arg, name, free_text(w, text));
	return NULL;
}

static const char *on_skip(struct words *w, const struct sample_sink *sink)
{
	char text[SG_SAMPLE_LINE_MAX];

	if (at_end(w))
		return "skip: say why the test is skipped";
	if (sink->skip != NULL)
		sink->skip(sink->arg, free_text(w, text));
	return NULL;
}

static bool take_case(struct span s, enum sample_case *what)
{
	static const char *const words[] = {
		[CASE_START] = "start", [CASE_PASS] = "pass", [CASE_FAIL] = "fail", [CASE_SKIP] = "skip"
	};

	for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (span_is(s, words[i])) {
			*what = (enum sample_case)i;
			return true;
		}
	}
	return false;
}

static const char *on_case(struct words *w, const struct sample_sink *sink)
{
	char name[SG_SAMPLE_NAME_MAX];
	char text[SG_SAMPLE_LINE_MAX];
	enum sample_case what;
	uint64_t ns = 0;

	if (!take_name(next_word(w), name))
		return "case: it has no name, or one of more than 127 bytes";
	if (!take_case(next_word(w), &what))
		return "case: behind its name stands start, pass, fail or skip";
	if (!at_end(w) && !take_u64(next_word(w), &ns))
		return "case: its time is a whole number of nanoseconds";
	if (sink->test_case != NULL)
		sink->test_case(sink->arg, name, what, ns, free_text(w, text));
	return NULL;
}

static const char *on_done(struct words *w, const struct sample_sink *sink)
{
	if (!at_end(w))
		return "done: nothing stands behind it";
	if (sink->done != NULL)
		sink->done(sink->arg);
	return NULL;
}

typedef const char *(*word_fn)(struct words *w, const struct sample_sink *sink);

static const struct {
	const char *word;
	word_fn read;
} known_words[] = {
	{ "lat", on_lat },   { "hist", on_hist },   { "gauge", on_gauge }, { "gc", on_gc },
	{ "live", on_live }, { "check", on_check }, { "case", on_case },   { "done", on_done },
	{ "note", on_note }, { "skip", on_skip },
};

// The function of a line that begins with the mark and a known word (*w is then behind it); NULL for any other.
static word_fn find_word(struct words *w)
{
	struct span word;

	if ((size_t)(w->end - w->at) <= MARK_LEN || memcmp(w->at, MARK, MARK_LEN) != 0)
		return NULL;
	w->at += MARK_LEN;
	if (is_blank(*w->at))
		return NULL;
	word = next_word(w);
	for (size_t i = 0; i < sizeof known_words / sizeof known_words[0]; i++)
		if (span_is(word, known_words[i].word))
			return known_words[i].read;
	return NULL;
}

static void report_bad(const struct sample_sink *sink, uint64_t line_number, const char *reason)
{
	if (sink->bad != NULL)
		sink->bad(sink->arg, line_number, reason);
}

// ---- TAP (testanything.org) ----

// "ok" or "not ok" at the beginning of the line, as a word of its own.
static bool take_status(struct words *w, bool *failed)
{
	struct span word = next_word(w);

	*failed = span_is(word, "not");
	if (*failed)
		word = next_word(w);
	return span_is(word, "ok");
}

enum directive { NO_DIRECTIVE, SKIP_DIRECTIVE, TODO_DIRECTIVE };

// Cuts " # SKIP why" or " # TODO why" off the end of `title`. *why then begins behind SKIP, or with TODO.
static enum directive cut_directive(struct words *title, struct words *why)
{
	for (const char *p = title->at; title->end - p > 1; p++) {
		struct words after = { p + 2, title->end }, from = after;
		struct span word;
		bool skips;

		if (!is_blank(p[0]) || p[1] != '#')
			continue;
		word = next_word(&after);
		skips = word.len >= 4 && strncasecmp(word.text, "skip", 4) == 0;
		if (skips || (word.len >= 4 && strncasecmp(word.text, "todo", 4) == 0)) {
			title->end = p;
			*why = skips ? after : from;
			return skips ? SKIP_DIRECTIVE : TODO_DIRECTIVE;
		}
	}
	return NO_DIRECTIVE;
}

// "ok 3 - name", "not ok - name # TODO why". TAP lets the number out; we want it or a dash, so that prose that
// begins with "ok" is not taken for a case. A TODO that fails is no failure in TAP: it counts as skipped.
static void parse_tap(const char *line, size_t len, const struct sample_sink *sink)
{
	struct words w = { line, line + len };
	struct words why = { line + len, line + len };
	char name[SG_SAMPLE_NAME_MAX];
	char text[SG_SAMPLE_LINE_MAX];
	enum directive directive;
	enum sample_case what;
	struct span number, title;
	uint64_t n = 0;
	bool failed;

	if (sink->test_case == NULL || !take_status(&w, &failed))
		return;
	number = next_word(&w);
	if (!take_u64(number, &n) && !span_is(number, "-"))
		return;
	directive = cut_directive(&w, &why);
	what = failed ? CASE_FAIL : CASE_PASS;
	if (directive == SKIP_DIRECTIVE || (directive == TODO_DIRECTIVE && failed))
		what = CASE_SKIP;
	title = rest_of(&w);
	while (title.len > 0 && (is_blank(*title.text) || *title.text == '-')) {
		title.text++;
		title.len--;
	}
	if (title.len >= SG_SAMPLE_NAME_MAX)
		title.len = SG_SAMPLE_NAME_MAX - 1;
	if (!take_name(title, name))
		snprintf(name, sizeof name, "%llu", (unsigned long long)n);
	sink->test_case(sink->arg, name, what, 0, directive != NO_DIRECTIVE ? free_text(&why, text) : "");
	if (sink->tap != NULL)
		sink->tap(sink->arg, TAP_CASE, n, "");
}

static bool begins(const struct words *w, const char *with)
{
	const size_t len = strlen(with);

	return (size_t)(w->end - w->at) >= len && memcmp(w->at, with, len) == 0;
}

// "1..3", "1..0 # SKIP why", "Bail out! why", "TAP version 14": of a program, not of one of its subtests, whose
// lines are indented.
static void parse_tap_frame(const char *line, size_t len, const struct sample_sink *sink)
{
	struct words w = { line, line + len }, why = { line + len, line + len };
	char text[SG_SAMPLE_LINE_MAX];
	struct span number;
	uint64_t n = 0;

	if (sink->tap == NULL) {
		return;
	} else if (begins(&w, "TAP version ")) {
		sink->tap(sink->arg, TAP_VERSION, 0, "");
	} else if (begins(&w, "Bail out!")) {
		w.at += strlen("Bail out!");
		sink->tap(sink->arg, TAP_BAIL, 0, free_text(&w, text));
	} else if (begins(&w, "1..")) {
		w.at += strlen("1..");
		number = next_word(&w);
		if (!take_u64(number, &n))
			return;
		if (cut_directive(&w, &why) != SKIP_DIRECTIVE)
			sink->tap(sink->arg, TAP_PLAN, n, "");
		else
			sink->tap(sink->arg, TAP_PLAN, n,
			          at_end(&why) ? "no reason given" : free_text(&why, text));
	}
}

bool sample_parse_line(const char *line, size_t len, uint64_t line_number, const struct sample_sink *sink)
{
	struct words w = { line, line + len };
	const char *wrong;
	word_fn read;

	if (len > 0 && line[len - 1] == '\r')
		w.end--;
	if (len < 2 || memchr("@on1BT", line[0], 6) == NULL)
		return false; // nearly every line of ordinary output ends here
	if (line[0] == '1' || line[0] == 'B' || line[0] == 'T') {
		if (len < SG_SAMPLE_LINE_MAX)
			parse_tap_frame(line, (size_t)(w.end - line), sink);
		return false;
	}
	if (line[0] != '@') {
		if (len < SG_SAMPLE_LINE_MAX)
			parse_tap(line, (size_t)(w.end - line), sink);
		return false;
	}
	read = find_word(&w);
	if (read == NULL)
		return false;
	wrong = len >= SG_SAMPLE_LINE_MAX ? "the line is longer than 64 KiB" : read(&w, sink);
	if (wrong != NULL)
		report_bad(sink, line_number, wrong);
	return true;
}

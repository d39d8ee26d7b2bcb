// Sample lines: the same stream whole and in pieces must give the same calls and the same output.
#include "sample.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	uint64_t hash; // of all calls and their arguments
	uint64_t output_hash;
	size_t output;
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ ((const unsigned char *)bytes)[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static void note(struct seen *s, const char *word, const char *name, uint64_t number)
{
	must(strlen(name) < SG_SAMPLE_LINE_MAX);
	s->hash = mix(s->hash, word, strlen(word));
	s->hash = mix(s->hash, name, strlen(name) + 1);
	s->hash = mix(s->hash, &number, sizeof number);
}

static void on_lat(void *arg, const char *series, uint64_t ns)
{
	must(series[0] != '\0' && strlen(series) < SG_SAMPLE_NAME_MAX);
	note(arg, "lat", series, ns);
}

static void on_hist(void *arg, const char *series, const char *base64, size_t len)
{
	note(arg, "hist", series, mix(0, base64, len));
}

static void on_gauge(void *arg, const char *name, double value, const char *unit)
{
	must(isfinite(value));
	note(arg, name, unit, mix(0, &value, sizeof value));
}

static void on_gc(void *arg, uint64_t pause_ns)
{
	note(arg, "gc", "", pause_ns);
}

static void on_live(void *arg, uint64_t bytes)
{
	note(arg, "live", "", bytes);
}

static void on_check(void *arg, const char *name, bool ok, const char *text)
{
	note(arg, name, text, ok);
}

static void on_case(void *arg, const char *name, enum sample_case what, uint64_t ns, const char *text)
{
	must(name[0] != '\0' && strlen(name) < SG_SAMPLE_NAME_MAX);
	note(arg, name, text, ns ^ (uint64_t)what);
}

static void on_note(void *arg, const char *name, const char *text)
{
	must(name[0] != '\0' && strlen(name) < SG_SAMPLE_NAME_MAX);
	note(arg, name, text, 0);
}

static void on_skip(void *arg, const char *reason)
{
	must(reason[0] != '\0');
	note(arg, "skip", reason, 0);
}

static void on_done(void *arg)
{
	note(arg, "done", "", 0);
}

static void on_tap(void *arg, enum sample_tap what, uint64_t n, const char *text)
{
	must(what <= TAP_CASE);
	note(arg, "tap", text, n);
}

static void on_bad(void *arg, uint64_t line, const char *reason)
{
	must(line > 0);
	note(arg, "bad", reason, line);
}

static void on_output(void *arg, const char *bytes, size_t len)
{
	struct seen *s = arg;

	must(len > 0);
	s->output_hash = mix(s->output_hash, bytes, len);
	s->output += len;
}

static struct seen feed(const uint8_t *data, size_t size, size_t piece)
{
	struct seen seen = { 0 };
	const struct sample_sink sink = { on_lat, on_hist, on_gauge, on_gc,   on_check, on_case, on_done,
		                          on_bad, &seen,   on_live,  on_note, on_tap,   on_skip };
	struct sample_stream s;

	if (sample_stream_init(&s, &sink, on_output, &seen) < 0)
		abort();
	for (size_t at = 0; at < size; at += piece)
		sample_stream_feed(&s, (const char *)data + at, size - at < piece ? size - at : piece);
	sample_stream_end(&s);
	sample_stream_deinit(&s);
	must(seen.output <= size);
	return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole = feed(data, size, size + 1);
	struct seen bytes = feed(data, size, 1);
	struct seen some = feed(data, size, 7);

	must(whole.hash == bytes.hash && whole.output == bytes.output && whole.output_hash == bytes.output_hash);
	must(whole.hash == some.hash && whole.output == some.output && whole.output_hash == some.output_hash);
	return 0;
}

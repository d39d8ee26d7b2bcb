// A stream cut into lines: sample lines are parsed, the rest is handed on in pieces as large as they came.
#include "sample.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int sample_stream_init(struct sample_stream *s, const struct sample_sink *sink,
                       void (*output)(void *, const char *, size_t), void *output_arg)
{
	*s = (struct sample_stream){ .sink = *sink, .output = output, .output_arg = output_arg };
	s->pending = malloc(SG_SAMPLE_LINE_MAX);
	return s->pending == NULL ? -ENOMEM : 0;
}

void sample_stream_deinit(struct sample_stream *s)
{
	free(s->pending);
	*s = (struct sample_stream){ 0 };
}

static void put_output(struct sample_stream *s, const char *bytes, size_t len)
{
	if (len > 0 && s->output != NULL)
		s->output(s->output_arg, bytes, len);
}

// Takes the bytes up to and with the next newline, or all of them, for the line that is pending.
// Returns how many it took.
static size_t feed_pending(struct sample_stream *s, const char *bytes, size_t len)
{
	const char *newline = memchr(bytes, '\n', len);
	size_t piece = newline != NULL ? (size_t)(newline - bytes) : len;
	size_t room = SG_SAMPLE_LINE_MAX - s->pending_len;
	bool is_sample;

	if (piece > room)
		piece = room;
	memcpy(s->pending + s->pending_len, bytes, piece);
	s->pending_len += piece;
	if (s->pending_len == SG_SAMPLE_LINE_MAX) { // too long, whatever comes
		s->swallow = sample_parse_line(s->pending, s->pending_len, s->line + 1, &s->sink);
		s->overlong = true;
		if (!s->swallow)
			put_output(s, s->pending, s->pending_len);
		s->pending_len = 0;
		return piece;
	}
	if (newline == NULL)
		return piece;
	is_sample = sample_parse_line(s->pending, s->pending_len, ++s->line, &s->sink);
	if (!is_sample) {
		s->pending[s->pending_len] = '\n';
		put_output(s, s->pending, s->pending_len + 1);
	}
	s->pending_len = 0;
	return piece + 1;
}

// The same for a line that is known to be too long: nothing of it is kept.
static size_t feed_overlong(struct sample_stream *s, const char *bytes, size_t len)
{
	const char *newline = memchr(bytes, '\n', len);
	size_t piece = newline != NULL ? (size_t)(newline - bytes) + 1 : len;

	if (!s->swallow)
		put_output(s, bytes, piece);
	if (newline != NULL) {
		s->line++;
		s->overlong = false;
		s->swallow = false;
	}
	return piece;
}

// Whole lines, parsed where they lie. Runs of ordinary lines are handed on in one piece. Returns how many bytes
// were taken: all but a last line without its newline.
static size_t feed_lines(struct sample_stream *s, const char *bytes, size_t len)
{
	size_t kept = 0; // ordinary output from here to `at` is not handed on yet
	size_t at = 0;

	while (at < len) {
		const char *newline = memchr(bytes + at, '\n', len - at);
		size_t next;

		if (newline == NULL)
			break;
		next = (size_t)(newline - bytes) + 1;
		if (sample_parse_line(bytes + at, next - 1 - at, ++s->line, &s->sink)) {
			put_output(s, bytes + kept, at - kept);
			kept = next;
		}
		at = next;
	}
	put_output(s, bytes + kept, at - kept);
	return at;
}

void sample_stream_feed(struct sample_stream *s, const char *bytes, size_t len)
{
	while (len > 0) {
		size_t taken = 0;

		if (s->overlong)
			taken = feed_overlong(s, bytes, len);
		else if (s->pending_len == 0)
			taken = feed_lines(s, bytes, len);
		if (taken == 0)
			taken = feed_pending(s, bytes, len);
		bytes += taken;
		len -= taken;
	}
}

void sample_stream_end(struct sample_stream *s)
{
	if (s->pending_len > 0 && !sample_parse_line(s->pending, s->pending_len, ++s->line, &s->sink))
		put_output(s, s->pending, s->pending_len);
	else if (s->overlong)
		s->line++;
	s->pending_len = 0;
	s->overlong = false;
	s->swallow = false;
}

// Message bodies: texts, and those that are made as they are read.
#include "body.h"

#include <string.h>

const char h2_body_random[] = "random";
const char h2_body_events[] = "events";

static const char pattern[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxy";
_Static_assert(sizeof(pattern) == H2_PATTERN_PERIOD + 1, "the pattern's period");

static size_t left(const struct h2_body *b, uint64_t offset, size_t wanted)
{
	uint64_t rest = offset < b->length ? b->length - offset : 0;
	return rest < wanted ? (size_t)rest : wanted;
}

// The stretch of the pattern from `offset` to the end of the period, at most `n` bytes of it.
static const char *stretch(uint64_t offset, size_t n, size_t *len)
{
	size_t at = (size_t)(offset % H2_PATTERN_PERIOD);
	*len = n < H2_PATTERN_PERIOD - at ? n : H2_PATTERN_PERIOD - at;
	return pattern + at;
}

// The eight random bytes whose first has this index / 8.
static uint64_t random_word(uint64_t index)
{
	uint64_t z = (index + 1) * UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static void read_random(uint64_t offset, char *to, size_t n)
{
	for (size_t i = 0; i < n; i++, offset++)
		to[i] = (char)(random_word(offset / 8) >> (8 * (offset % 8)));
}

static void write_event(uint64_t number, char event[H2_EVENT_BYTES])
{
	static const char form[] = "id: 0000000000\ndata: event 0000000000\n\n";
	_Static_assert(sizeof(form) - 1 == H2_EVENT_BYTES, "an event's bytes");
	memcpy(event, form, H2_EVENT_BYTES);
	for (unsigned i = 0; i < 10; i++, number /= 10)
		event[13 - i] = event[36 - i] = (char)('0' + number % 10);
}

static void read_events(uint64_t offset, char *to, size_t n)
{
	char event[H2_EVENT_BYTES];
	for (size_t done = 0, piece; done < n; done += piece) {
		const size_t at = (size_t)((offset + done) % H2_EVENT_BYTES);
		piece = n - done < H2_EVENT_BYTES - at ? n - done : H2_EVENT_BYTES - at;
		write_event((offset + done) / H2_EVENT_BYTES, event);
		memcpy(to + done, event + at, piece);
	}
}

// One period by its pieces, then what is there again and again.
static void read_pattern(uint64_t offset, char *to, size_t n)
{
	size_t done = 0, len;
	for (; done < n && done < H2_PATTERN_PERIOD; done += len) {
		const char *from = stretch(offset + done, n - done, &len);
		memcpy(to + done, from, len);
	}
	for (size_t whole = done / H2_PATTERN_PERIOD * H2_PATTERN_PERIOD; done < n; done += len) {
		// what stands `whole` bytes before is the same, and as long as it is whole periods
		len = n - done < whole ? n - done : whole;
		memcpy(to + done, to + done - whole, len);
		whole = (done + len) / H2_PATTERN_PERIOD * H2_PATTERN_PERIOD;
	}
}

size_t h2_body_read(const struct h2_body *b, uint64_t offset, void *to, size_t room)
{
	size_t n = left(b, offset, room);
	char *out = to;
	if (b->text == h2_body_random) {
		read_random(offset, out, n);
		return n;
	}
	if (b->text == h2_body_events) {
		read_events(offset, out, n);
		return n;
	}
	if (b->text) {
		memcpy(out, b->text + offset, n);
		return n;
	}
	read_pattern(offset, out, n);
	return n;
}

static size_t first_difference(const char *a, const char *b, size_t len)
{
	if (memcmp(a, b, len) == 0)
		return len;
	size_t i = 0;
	while (a[i] == b[i])
		i++;
	return i;
}

static size_t compare_made(const struct h2_body *b, uint64_t offset, const char *in, size_t n)
{
	char want[1024];
	for (size_t done = 0; done < n;) {
		const size_t piece =
		        h2_body_read(b, offset + done, want, n - done < sizeof(want) ? n - done : sizeof(want));
		const size_t same = first_difference(want, in + done, piece);
		if (same < piece)
			return done + same;
		done += piece;
	}
	return n;
}

// One period by its pieces; then each byte is to be the one a period before it.
static size_t compare_pattern(uint64_t offset, const char *in, size_t n)
{
	const size_t first = n < H2_PATTERN_PERIOD ? n : H2_PATTERN_PERIOD;
	for (size_t done = 0, piece; done < first; done += piece) {
		const char *want = stretch(offset + done, first - done, &piece);
		const size_t same = first_difference(want, in + done, piece);
		if (same < piece)
			return done + same;
	}
	return first + first_difference(in, in + first, n - first);
}

size_t h2_body_compare(const struct h2_body *b, uint64_t offset, const void *bytes, size_t len)
{
	size_t n = left(b, offset, len);
	const char *in = bytes;
	if (b->text == h2_body_random || b->text == h2_body_events)
		return compare_made(b, offset, in, n);
	if (b->text)
		return first_difference(b->text + offset, in, n);
	return compare_pattern(offset, in, n);
}

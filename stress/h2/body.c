// Message bodies: texts and the pattern.
#include "body.h"

#include <string.h>

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

size_t h2_body_read(const struct h2_body *b, uint64_t offset, void *to, size_t room)
{
	size_t n = left(b, offset, room);
	char *out = to;
	if (b->text) {
		memcpy(out, b->text + offset, n);
		return n;
	}
	for (size_t done = 0, len; done < n; done += len) {
		const char *from = stretch(offset + done, n - done, &len);
		memcpy(out + done, from, len);
	}
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

size_t h2_body_compare(const struct h2_body *b, uint64_t offset, const void *bytes, size_t len)
{
	size_t n = left(b, offset, len);
	const char *in = bytes;
	if (b->text)
		return first_difference(b->text + offset, in, n);
	for (size_t done = 0, piece; done < n; done += piece) {
		const char *want = stretch(offset + done, n - done, &piece);
		size_t same = first_difference(want, in + done, piece);
		if (same < piece)
			return done + same;
	}
	return n;
}

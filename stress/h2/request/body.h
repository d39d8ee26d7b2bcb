// Message bodies: a text, or one that is made as it is read: the pattern, which both sides know without storing
// it, random bytes, or server-sent events.
#ifndef SG_H2_BODY_H
#define SG_H2_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The pattern repeats 61 printable characters: a prime, so that a piece that is lost, doubled or swapped at any
// power of two shows.
#define H2_PATTERN_PERIOD 61U

// In the place of a body's text: what is made as it is read, each byte by its offset alone.
extern const char h2_body_random[]; // bytes that do not compress, always the same (SplitMix64 over the offset)
extern const char h2_body_events[]; // server-sent events, H2_EVENT_BYTES each, numbered from 0

#define H2_EVENT_BYTES 39U // "id: 0000000007\ndata: event 0000000007\n\n"

struct h2_body {
	const char *text; // borrowed; NULL: the pattern
	uint64_t length;  // bytes
};

// Copies the bytes from `offset` on, at most `room` of them; returns how many, 0 at the end.
size_t h2_body_read(const struct h2_body *b, uint64_t offset, void *to, size_t room);
// The index of the first of `len` bytes that is not what stands at `offset` in the body; `len` when all agree.
// Bytes beyond the body's end do not agree.
size_t h2_body_compare(const struct h2_body *b, uint64_t offset, const void *bytes, size_t len);

#endif

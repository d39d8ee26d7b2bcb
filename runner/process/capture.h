// What a test printed, bounded: the first half of the limit is kept as it comes and goes straight to a file, the
// last half is kept in a ring, what lies between is counted.
#ifndef SG_CAPTURE_H
#define SG_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct capture {
	char *head, *ring; // `half` bytes each, allocated once
	size_t half;
	size_t head_len;
	size_t ring_start, ring_len;
	uint64_t bytes; // all that was fed
	char *path;     // of the file; borrowed
	int fd;         // -1 until the first byte
	int error;      // 0, or the first -errno of writing the file
};

// `limit` bytes are kept in all. 0 or -ENOMEM.
int capture_init(struct capture *c, uint64_t limit);
void capture_deinit(struct capture *c);
// For the next test; nothing is written, and no file made, before the first byte.
void capture_begin(struct capture *c, char *path);
void capture_feed(struct capture *c, const char *bytes, size_t len);
// Writes the tail behind the head, with a line between that says how much was left out.
void capture_end(struct capture *c);

// Bytes that were left out in the middle.
uint64_t capture_left_out(const struct capture *c);
// Calls `line` for every kept line, without its newline, until it returns true. Lines are cut at `max` bytes
// (at most 4096); one that runs into the left-out middle counts as two. True when one call did.
bool capture_lines(const struct capture *c, bool (*line)(void *arg, char *text, size_t len), void *arg);
// Copies the last whole lines, at most `size` bytes, to `out`; returns their length.
size_t capture_tail(const struct capture *c, char *out, size_t size);

#endif

// What is made wrong: one change at a time.
#include "fuzz_parts.h"

#include "wire_frame.h"

#include <string.h>

static uint8_t *bytes_of(struct fuzz_frame *f)
{
	return (uint8_t *)f->bytes.data;
}

static bool has_head(const struct fuzz_frame *f)
{
	return f->bytes.len >= WIRE_HEAD;
}

static size_t payload_len(const struct fuzz_frame *f)
{
	return has_head(f) ? f->bytes.len - WIRE_HEAD : 0;
}

static struct fuzz_frame *any(struct fuzz_case *c, struct rng *r)
{
	return &c->frames[rng_below(r, c->count)];
}

// ---- within a frame -----------------------------------------------------------------------------------------

static void flip_bits(struct fuzz_case *c, struct rng *r)
{
	struct fuzz_frame *f = any(c, r);
	for (uint64_t n = 1 + rng_below(r, 4); n > 0 && f->bytes.len > 0; n--) {
		const uint64_t bit = rng_below(r, f->bytes.len * 8);
		bytes_of(f)[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
}

static void lie_about_length(struct fuzz_case *c, struct rng *r)
{
	struct fuzz_frame *f = any(c, r);
	const uint32_t len = (uint32_t)payload_len(f);
	const uint32_t lies[] = { 0,     len - 1, len + 1,         len / 2,
		                  16384, 16385,   WIRE_MOST_FRAME, (uint32_t)rng_below(r, 100) };
	if (!has_head(f))
		return;
	const uint32_t lie = lies[rng_below(r, sizeof(lies) / sizeof(lies[0]))] & WIRE_MOST_FRAME;
	bytes_of(f)[0] = (uint8_t)(lie >> 16);
	bytes_of(f)[1] = (uint8_t)(lie >> 8);
	bytes_of(f)[2] = (uint8_t)lie;
}

static void truncate_frame(struct fuzz_case *c, struct rng *r)
{
	struct fuzz_frame *f = any(c, r);
	if (f->bytes.len < 2)
		return;
	f->bytes.len = 1 + rng_below(r, f->bytes.len - 1);
	f->bytes.data[f->bytes.len] = '\0';
	if (rng_below(r, 2) && has_head(f))
		fuzz_set_length(f);
}

static void change_stream(struct fuzz_case *c, struct rng *r)
{
	struct fuzz_frame *f = any(c, r), *other = any(c, r);
	const uint32_t ids[] = { 0, 2, 1, WIRE_MAX_ID, 0x80000001, (uint32_t)rng_below(r, 20), 0x7ffffffd };
	if (!has_head(f))
		return;
	if (rng_below(r, 3) == 0 && has_head(other))
		memcpy(bytes_of(f) + 5, bytes_of(other) + 5, 4);
	else
		wire_put32(bytes_of(f) + 5, ids[rng_below(r, sizeof(ids) / sizeof(ids[0]))]);
}

static void change_type(struct fuzz_case *c, struct rng *r)
{
	struct fuzz_frame *f = any(c, r);
	if (has_head(f))
		bytes_of(f)[3] = (uint8_t)rng_below(r, rng_below(r, 4) ? 10 : 256);
}

static void change_flags(struct fuzz_case *c, struct rng *r)
{
	static const uint8_t flags[] = { 0, 1, 4, 5, 8, 9, 12, 13, 32, 37, 45, 255 };
	struct fuzz_frame *f = any(c, r);
	if (has_head(f))
		bytes_of(f)[4] = flags[rng_below(r, sizeof(flags))];
}

// Puts `len` bytes into the payload at `at`; the length stays right.
static void insert(struct fuzz_frame *f, size_t at, const void *bytes, size_t len)
{
	struct buf whole = { 0 };
	buf_add(&whole, f->bytes.data, WIRE_HEAD + at);
	buf_add(&whole, bytes, len);
	buf_add(&whole, f->bytes.data + WIRE_HEAD + at, payload_len(f) - at);
	buf_deinit(&f->bytes);
	f->bytes = whole;
	fuzz_set_length(f);
}

static void damage_hpack(struct fuzz_case *c, struct rng *r)
{
	static const struct {
		const char *bytes;
		size_t len;
	} pieces[] = {
#define PIECE(text) { text, sizeof(text) - 1 }
		PIECE("\x80"),                             // index 0
		PIECE("\xff\xff\xff\xff\xff\xff\xff\x7f"), // an index without an end
		PIECE("\xfe"),                             // one that is not in the table
		PIECE("\x3f\xe1\xff\xff\x7f"),             // a table of 256 MiB
		PIECE("\x20"),                             // and none
		PIECE("\x40\x7f\xff\xff\xff\x07"),         // a name of 2 GiB
		PIECE("\x00\x81\xff\x81\xff"),             // padding of Huffman's code that is too long
		PIECE("\x40\x01\x41\x01\x42"),             // an upper-case name
		PIECE("\x40\x00\x00"),                     // an empty name
		PIECE("\x40\x07:method\x03GET"),           // a pseudo-header where it may not be
		PIECE("\x40\x0e"
		      "content-length\x02"
		      "99"), // one that is not so
#undef PIECE
	};
	for (unsigned tries = 0; tries < 8; tries++) {
		struct fuzz_frame *f = any(c, r);
		if (!has_head(f) || (bytes_of(f)[3] != NGHTTP2_HEADERS && bytes_of(f)[3] != NGHTTP2_CONTINUATION))
			continue;
		const size_t which = rng_below(r, sizeof(pieces) / sizeof(pieces[0]));
		insert(f, rng_below(r, payload_len(f) + 1), pieces[which].bytes, pieces[which].len);
		return;
	}
}

// Four bytes of the payload become a number at an edge.
static void set_number(struct fuzz_case *c, struct rng *r)
{
	static const uint32_t edges[] = { 0, 1, 0x7fffffff, 0x80000000, UINT32_MAX, 65535, 16384 };
	struct fuzz_frame *f = any(c, r);
	if (payload_len(f) >= 4)
		wire_put32(bytes_of(f) + WIRE_HEAD + rng_below(r, payload_len(f) - 3),
		           edges[rng_below(r, sizeof(edges) / sizeof(edges[0]))]);
}

static void stretch_payload(struct fuzz_case *c, struct rng *r)
{
	struct fuzz_frame *f = any(c, r);
	uint8_t bytes[256];
	const size_t len = 1 + rng_below(r, sizeof(bytes));
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)rng_next(r);
	if (has_head(f))
		insert(f, rng_below(r, payload_len(f) + 1), bytes, len);
}

// ---- among frames -------------------------------------------------------------------------------------------

static void move_frame(struct fuzz_case *c, struct rng *r)
{
	const size_t from = rng_below(r, c->count), to = rng_below(r, c->count);
	const struct fuzz_frame f = c->frames[from];
	if (from < to)
		memmove(&c->frames[from], &c->frames[from + 1], (to - from) * sizeof(f));
	else
		memmove(&c->frames[to + 1], &c->frames[to], (from - to) * sizeof(f));
	c->frames[to] = f;
}

static void drop_frame(struct fuzz_case *c, struct rng *r)
{
	const size_t at = rng_below(r, c->count);
	if (c->count < 2)
		return;
	buf_deinit(&c->frames[at].bytes);
	c->count--;
	memmove(&c->frames[at], &c->frames[at + 1], (c->count - at) * sizeof(c->frames[0]));
	c->frames[c->count] = (struct fuzz_frame){ 0 };
}

static void repeat_frame(struct fuzz_case *c, struct rng *r)
{
	static const uint32_t times[] = { 2, 2, 3, 10, 100, 1000 };
	any(c, r)->times = times[rng_below(r, sizeof(times) / sizeof(times[0]))];
}

// A copy of a frame somewhere else: within another's header block, behind its stream's end.
static void copy_frame(struct fuzz_case *c, struct rng *r)
{
	if (c->count == FUZZ_MAX_FRAMES)
		return;
	const struct fuzz_frame *f = any(c, r);
	struct fuzz_frame *to = &c->frames[c->count++];
	buf_add(&to->bytes, f->bytes.data, f->bytes.len);
	to->times = 1;
	move_frame(c, r);
}

static void add_garbage(struct fuzz_case *c, struct rng *r)
{
	const uint8_t type = (uint8_t)rng_below(r, 12), flags = (uint8_t)rng_next(r);
	struct fuzz_frame *f = fuzz_add_frame(c, type, flags, (uint32_t)rng_below(r, 8));
	for (uint64_t n = f ? rng_below(r, 64) : 0; n > 0; n--)
		buf_addc(&f->bytes, (char)rng_next(r));
	if (f)
		fuzz_set_length(f);
	move_frame(c, r);
}

void fuzz_mutate(struct fuzz_case *c, struct rng *r)
{
	static void (*const changes[])(struct fuzz_case *, struct rng *) = {
		flip_bits,    flip_bits,    lie_about_length, truncate_frame, change_stream,   change_type,
		change_flags, damage_hpack, damage_hpack,     set_number,     stretch_payload, move_frame,
		move_frame,   drop_frame,   repeat_frame,     copy_frame,     add_garbage,
	};
	if (c->count == 0)
		return;
	changes[rng_below(r, sizeof(changes) / sizeof(changes[0]))](c, r);
	c->changes++;
}

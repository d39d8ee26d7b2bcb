// HTTP/2 frames as bytes (RFC 9113, 4 and 6): read from pieces of any size, checked as far as a frame can be by
// itself, and written. Both wire engines stand on it. Types, flags and codes are nghttp2's names for them.
#ifndef SG_H2_WIRE_FRAME_H
#define SG_H2_WIRE_FRAME_H

#include "buf.h"
#include "pool.h"

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_HEAD 9U              // bytes in front of each payload
#define WIRE_MAX_FRAME 16384U     // the longest payload: SETTINGS_MAX_FRAME_SIZE as it is at the start
#define WIRE_MOST_FRAME 0xffffffU // what a peer may ask for: 2^24 - 1
#define WIRE_WINDOW 65535         // flow control as it is at the start
#define WIRE_MAX_WINDOW INT32_MAX
#define WIRE_MAX_ID 0x7fffffffU // of a stream
#define WIRE_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define WIRE_PREFACE_BYTES (sizeof(WIRE_PREFACE) - 1)

struct wire_frame {
	uint32_t length, stream;
	uint8_t type, flags;
};

// What must not be: the code for GOAWAY or RST_STREAM, and in words for a person (static; NULL: nothing is wrong).
struct wire_fault {
	uint32_t code;
	const char *why;
};

enum wire_kind {
	WIRE_MORE,    // the bytes are used up within a frame
	WIRE_WHOLE,   // a whole frame other than DATA
	WIRE_CONTENT, // some of a DATA frame's content, or all, without its padding
	WIRE_FAULT,   // the connection cannot go on
};

struct wire_event {
	enum wire_kind kind;
	struct wire_frame frame;
	const uint8_t *bytes; // WIRE_WHOLE: the payload; WIRE_CONTENT: what came of it. Valid until the next read.
	size_t len;
	bool first, last; // WIRE_CONTENT: of this frame (last: its padding has come too)
	struct wire_fault fault;
};

struct wire_reader {
	struct h2_pool *pool;
	uint32_t longest; // payload that is taken: WIRE_MAX_FRAME, unless its owner has said otherwise
	struct wire_frame frame;
	uint8_t head[WIRE_HEAD];
	uint8_t head_len;
	bool in_payload, in_content, content_begun;
	uint32_t held_len;         // of a payload that comes in pieces
	uint8_t *held;             // frame.length bytes of the pool
	uint32_t content, padding; // bytes of a DATA frame that are still to come
};

void wire_reader_init(struct wire_reader *r, struct h2_pool *pool);
void wire_reader_deinit(struct wire_reader *r);
// Takes from `bytes` (len > 0) until there is something to tell, at most one event; returns how many were taken,
// at least one unless the event is a fault.
size_t wire_read(struct wire_reader *r, const uint8_t *bytes, size_t len, struct wire_event *e);

// The fault of a frame's head by itself: length and stream id as its type demands, and no payload beyond
// `longest`.
struct wire_fault wire_head_fault(const struct wire_frame *f, uint32_t longest);
// Strips padding and priority from a HEADERS payload, in place of the pointers.
struct wire_fault wire_strip_headers(const struct wire_frame *f, const uint8_t **payload, size_t *len);
const char *wire_type_name(uint8_t type); // "HEADERS", ...; "a frame of an unknown type"

// ---- numbers ------------------------------------------------------------------------------------------------

static inline uint32_t wire_get32(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static inline void wire_put32(uint8_t *to, uint32_t n)
{
	to[0] = (uint8_t)(n >> 24);
	to[1] = (uint8_t)(n >> 16);
	to[2] = (uint8_t)(n >> 8);
	to[3] = (uint8_t)n;
}

static inline void wire_put_head(uint8_t to[WIRE_HEAD], size_t length, uint8_t type, uint8_t flags,
                                 uint32_t stream)
{
	to[0] = (uint8_t)(length >> 16);
	to[1] = (uint8_t)(length >> 8);
	to[2] = (uint8_t)length;
	to[3] = type;
	to[4] = flags;
	wire_put32(to + 5, stream);
}

// ---- the common frames --------------------------------------------------------------------------------------

// Whether the reader stands between two frames: then a frame may be taken without it.
static inline bool wire_reader_is_between(const struct wire_reader *r)
{
	return !r->in_payload && r->head_len == 0 && !r->held;
}

// A whole DATA or HEADERS frame at the beginning of `bytes`, without padding and priority, its section in one
// piece: nearly all frames of a load are such ones, and their heads need no further judgement. False: anything
// else, which is for wire_read.
static inline bool wire_is_common(const struct wire_reader *r, const uint8_t *bytes, size_t len,
                                  struct wire_frame *f)
{
	if (len < WIRE_HEAD || bytes[3] > NGHTTP2_HEADERS)
		return false;
	f->length = wire_get32(bytes) >> 8;
	f->type = bytes[3];
	f->flags = bytes[4];
	f->stream = wire_get32(bytes + 5) & WIRE_MAX_ID;
	return (f->flags & ~NGHTTP2_FLAG_END_STREAM) == (f->type ? NGHTTP2_FLAG_END_HEADERS : 0) &&
	       f->length <= r->longest && f->length <= len - WIRE_HEAD;
}

// ---- frames that wait to be sent ----------------------------------------------------------------------------

struct wire_out {
	struct buf bytes;
	size_t sent; // of them
};

static inline size_t wire_out_left(const struct wire_out *o)
{
	return o->bytes.len - o->sent;
}

void wire_out_deinit(struct wire_out *o);
void wire_out_frame(struct wire_out *o, uint8_t type, uint8_t flags, uint32_t stream, const void *payload,
                    size_t len);
void wire_out_u32(struct wire_out *o, uint8_t type, uint32_t stream, uint32_t n); // RST_STREAM, WINDOW_UPDATE
void wire_out_settings(struct wire_out *o, const nghttp2_settings_entry *entries, size_t count);
void wire_out_goaway(struct wire_out *o, uint32_t last, uint32_t code, const char *text);
// A field section as HEADERS and as many CONTINUATIONs as it takes.
void wire_out_block(struct wire_out *o, uint8_t flags, uint32_t stream, const uint8_t *block, size_t len,
                    uint32_t max_frame);
// Moves what fits to `to`; returns how much.
size_t wire_out_pull(struct wire_out *o, uint8_t *to, size_t room);

#endif

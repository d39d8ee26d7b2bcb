// What one side of a connection may send and what it takes: the peer's settings, both directions' windows, bodies
// in turn, field sections put together from their frames. Both wire engines are made of it.
#ifndef SG_H2_WIRE_FLOW_H
#define SG_H2_WIRE_FLOW_H

#include "body.h"
#include "wire_frame.h"
#include "wire_hpack.h"
#include "wire_map.h"

// The sending half of a stream; the first member of an engine's own.
struct wire_sender {
	struct wire_node node; // first: the map hands this back
	struct h2_body body;
	uint64_t sent;     // bytes of it
	uint64_t withheld; // bytes at its end that are not there yet
	int64_t window;    // may be negative (RFC 9113, 6.9.2)
	bool done;         // all of the body is out, and END_STREAM, unless
	bool trailing;     // trailers follow, and end the stream
	bool in_ring;      // among those that wait for nothing but their turn
	struct wire_sender *next_in_ring, *prev_in_ring;
};

// The sending half of a connection.
struct wire_sending {
	struct wire_encoder encoder;
	struct wire_sender *turn; // a ring; NULL: nobody
	int64_t window, initial_window;
	uint32_t max_frame, max_streams; // as the peer allows
};

#define WIRE_SENDING_START                                                                                        \
	{                                                                                                         \
		.window = WIRE_WINDOW, .initial_window = WIRE_WINDOW, .max_frame = WIRE_MAX_FRAME,                \
		.max_streams = UINT32_MAX                                                                         \
	}

// Applies the entries of a SETTINGS payload. *change: what the windows of streams change by; the caller changes
// them.
struct wire_fault wire_sending_settings(struct wire_sending *c, bool by_server, const uint8_t *payload, size_t len,
                                        int64_t *change);
// The stream may have something to send: it joins the ring, if it has, and the window to, and is in it no more if
// not. For whatever changes its window, too.
void wire_sending_join(struct wire_sending *c, struct wire_sender *s);
void wire_sending_leave(struct wire_sending *c, struct wire_sender *s);
// One DATA frame of the stream whose turn it is, which then goes round. Bytes; 0: there is none, or no room. *of
// is set to the stream.
size_t wire_sending_data(struct wire_sending *c, uint8_t *to, size_t room, struct wire_sender **of);
// HEADERS of these fields, to `to` if there is room, else to `out`. Bytes put to `to`, or -errno. `key`:
// wire_encode.
ssize_t wire_sending_headers(struct wire_sending *c, const struct wire_sender *s, const void *key,
                             const nghttp2_nv *fields, size_t count, struct wire_out *out, uint8_t *to,
                             size_t room);

// The same of a block that is known, where it fits into `to` and one frame: bytes, else 0.
static inline size_t wire_sending_known(const struct wire_sending *c, const struct wire_sender *s, const void *key,
                                        uint8_t *to, size_t room)
{
	const struct wire_block *b = wire_encoder_known(&c->encoder, key);
	if (!b || b->len + WIRE_HEAD > room || b->len > c->max_frame)
		return 0;
	wire_put_head(to, b->len, NGHTTP2_HEADERS,
	              NGHTTP2_FLAG_END_HEADERS | (s->done ? NGHTTP2_FLAG_END_STREAM : 0), s->node.id);
	memcpy(to + WIRE_HEAD, b->bytes, b->len);
	return WIRE_HEAD + b->len;
}

// HEADERS of these trailers to `out`, when the stream is done but for them; `key` as above. 0 or -errno.
int wire_sending_trailers(struct wire_sending *c, const struct wire_sender *s, const void *key,
                          const nghttp2_nv *fields, size_t count, struct wire_out *out);

// A window that we keep open.
struct wire_window {
	int64_t left, full;
};

// Takes a frame's length from it. False when it is more than there is.
static inline bool wire_window_take(struct wire_window *w, uint32_t length)
{
	w->left -= length;
	return w->left >= 0;
}

// Opens it again when half is used; true when a WINDOW_UPDATE was put out.
static inline bool wire_window_widen(struct wire_window *w, uint32_t stream, struct wire_out *out)
{
	if (w->left > w->full / 2)
		return false;
	wire_out_u32(out, NGHTTP2_WINDOW_UPDATE, stream, (uint32_t)(w->full - w->left));
	w->left = w->full;
	return true;
}

// ---- field sections in more than one frame ------------------------------------------------------------------

struct wire_assembly {
	struct buf block;
	struct wire_frame frame; // the HEADERS; stream 0: none is under way
	unsigned frames;
};

// Whether this frame may come now.
struct wire_fault wire_assembly_order(const struct wire_assembly *a, const struct wire_frame *f);
// Takes HEADERS or CONTINUATION. When the section is whole *frame is its HEADERS and *block is set, valid until
// the next call; else *block is NULL.
struct wire_fault wire_assembly_take(struct wire_assembly *a, const struct wire_event *e, struct wire_frame *frame,
                                     const uint8_t **block, size_t *len);

// ---- ids to be remembered -----------------------------------------------------------------------------------

#define WIRE_IDS 64U

// The last ids put in; all those at or below the greatest that fell out count as in.
struct wire_ids {
	uint32_t ids[WIRE_IDS], fallen;
	unsigned count;
};

void wire_ids_put(struct wire_ids *r, uint32_t id);
bool wire_ids_have(const struct wire_ids *r, uint32_t id);

#endif

// Sending, windows, and field sections put together.
#include "wire_flow.h"

#include <errno.h>
#include <string.h>

#define FAULT(code, why) ((struct wire_fault){ NGHTTP2_##code, (why) })
#define RIGHT ((struct wire_fault){ NGHTTP2_NO_ERROR, NULL })

#define LEAST_PIECE 1024U        // of a body, unless it is its last: smaller ones wait for the next turn
#define DATA_PIECE 16384U        // of a body at a time, so that streams take turns
#define MAX_BLOCK (128U * 1024U) // bytes of one field section, compressed
#define MAX_BLOCK_FRAMES 64U
#define MAX_SETTINGS 32U // entries in one frame

// ---- settings -----------------------------------------------------------------------------------------------

static struct wire_fault take_setting(struct wire_sending *c, bool by_server, unsigned id, uint32_t value)
{
	switch (id) {
	case NGHTTP2_SETTINGS_HEADER_TABLE_SIZE:
		return wire_encoder_resize(&c->encoder, value) < 0 ? FAULT(INTERNAL_ERROR, "out of memory")
		                                                   : RIGHT;
	case NGHTTP2_SETTINGS_ENABLE_PUSH:
		return value <= (by_server ? 0 : 1)
		               ? RIGHT
		               : FAULT(PROTOCOL_ERROR, "SETTINGS_ENABLE_PUSH that must not be");
	case NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS:
		c->max_streams = value;
		return RIGHT;
	case NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE:
		c->initial_window = value;
		return value <= WIRE_MAX_WINDOW
		               ? RIGHT
		               : FAULT(FLOW_CONTROL_ERROR, "SETTINGS_INITIAL_WINDOW_SIZE beyond 2^31 - 1");
	case NGHTTP2_SETTINGS_MAX_FRAME_SIZE:
		if (value < WIRE_MAX_FRAME || value > WIRE_MOST_FRAME)
			return FAULT(PROTOCOL_ERROR, "SETTINGS_MAX_FRAME_SIZE is not from 2^14 to 2^24 - 1");
		c->max_frame = value;
		return RIGHT;
	case NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL:
		return value <= 1 ? RIGHT
		                  : FAULT(PROTOCOL_ERROR, "SETTINGS_ENABLE_CONNECT_PROTOCOL is neither 0 nor 1");
	default:
		return RIGHT;
	}
}

struct wire_fault wire_sending_settings(struct wire_sending *c, bool by_server, const uint8_t *payload, size_t len,
                                        int64_t *change)
{
	const int64_t had = c->initial_window;
	if (len > 6U * MAX_SETTINGS)
		return FAULT(ENHANCE_YOUR_CALM, "SETTINGS of more than 32 entries");
	for (size_t at = 0; at < len; at += 6) {
		const unsigned id = (unsigned)payload[at] << 8 | payload[at + 1];
		const struct wire_fault fault = take_setting(c, by_server, id, wire_get32(payload + at + 2));
		if (fault.why)
			return fault;
	}
	*change = c->initial_window - had;
	return RIGHT;
}

// ---- bodies in turn -----------------------------------------------------------------------------------------

void wire_sending_leave(struct wire_sending *c, struct wire_sender *s)
{
	if (!s->in_ring)
		return;
	s->in_ring = false;
	s->prev_in_ring->next_in_ring = s->next_in_ring;
	s->next_in_ring->prev_in_ring = s->prev_in_ring;
	if (c->turn == s)
		c->turn = s->next_in_ring == s ? NULL : s->next_in_ring;
}

void wire_sending_join(struct wire_sending *c, struct wire_sender *s)
{
	const uint64_t there = s->body.length - s->withheld;
	if (s->done || (s->sent == there ? s->withheld > 0 : s->window <= 0)) {
		wire_sending_leave(c, s); // its window may have been made smaller while it waited for its turn
		return;
	}
	if (s->in_ring)
		return;
	s->in_ring = true;
	if (!c->turn) {
		c->turn = s->next_in_ring = s->prev_in_ring = s;
		return;
	}
	s->next_in_ring = c->turn;
	s->prev_in_ring = c->turn->prev_in_ring;
	s->prev_in_ring->next_in_ring = s->next_in_ring->prev_in_ring = s;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

size_t wire_sending_data(struct wire_sending *c, uint8_t *to, size_t room, struct wire_sender **of)
{
	struct wire_sender *s = *of = c->turn;
	if (!s || c->window <= 0)
		return 0;
	const uint64_t left = s->body.length - s->withheld - s->sent;
	uint64_t n = left ? least(left, least((uint64_t)s->window, (uint64_t)c->window)) : 0;
	n = least(n, least(c->max_frame, DATA_PIECE));
	if (n + WIRE_HEAD > room) {
		if (room < WIRE_HEAD + LEAST_PIECE)
			return 0;
		n = room - WIRE_HEAD;
	}
	s->done = n == left && s->withheld == 0;
	wire_put_head(to, n, NGHTTP2_DATA, s->done && !s->trailing ? NGHTTP2_FLAG_END_STREAM : 0, s->node.id);
	h2_body_read(&s->body, s->sent, to + WIRE_HEAD, n);
	s->sent += n;
	s->window -= (int64_t)n;
	c->window -= (int64_t)n;
	c->turn = s->next_in_ring;
	if (n == left || s->window <= 0)
		wire_sending_leave(c, s);
	return WIRE_HEAD + n;
}

ssize_t wire_sending_headers(struct wire_sending *c, const struct wire_sender *s, const void *key,
                             const nghttp2_nv *fields, size_t count, struct wire_out *out, uint8_t *to,
                             size_t room)
{
	const uint8_t *block, flags = s->done ? NGHTTP2_FLAG_END_STREAM : 0;
	const ssize_t n = wire_encode(&c->encoder, key, fields, count, &block);
	if (n < 0)
		return n;
	if ((size_t)n + WIRE_HEAD > room || (size_t)n > c->max_frame) {
		wire_out_block(out, flags, s->node.id, block, (size_t)n, c->max_frame);
		return out->bytes.failed ? -ENOMEM : 0;
	}
	wire_put_head(to, (size_t)n, NGHTTP2_HEADERS, flags | NGHTTP2_FLAG_END_HEADERS, s->node.id);
	memcpy(to + WIRE_HEAD, block, (size_t)n);
	return n + (ssize_t)WIRE_HEAD;
}

int wire_sending_trailers(struct wire_sending *c, const struct wire_sender *s, const void *key,
                          const nghttp2_nv *fields, size_t count, struct wire_out *out)
{
	const uint8_t *block;
	const ssize_t n = wire_encode(&c->encoder, key, fields, count, &block);
	if (n < 0)
		return (int)n;
	wire_out_block(out, NGHTTP2_FLAG_END_STREAM, s->node.id, block, (size_t)n, c->max_frame);
	return out->bytes.failed ? -ENOMEM : 0;
}

// ---- field sections in more than one frame ------------------------------------------------------------------

struct wire_fault wire_assembly_order(const struct wire_assembly *a, const struct wire_frame *f)
{
	const bool continues = f->type == NGHTTP2_CONTINUATION;
	if (continues && !a->frame.stream)
		return FAULT(PROTOCOL_ERROR, "CONTINUATION without HEADERS in front of it");
	if (a->frame.stream && (!continues || f->stream != a->frame.stream))
		return FAULT(PROTOCOL_ERROR, "a frame in the middle of another stream's header");
	return RIGHT;
}

static struct wire_fault begin(struct wire_assembly *a, const struct wire_event *e, struct wire_frame *frame,
                               const uint8_t **block, size_t *len)
{
	const uint8_t *payload = e->bytes;
	*len = e->len;
	const struct wire_fault fault = wire_strip_headers(&e->frame, &payload, len);
	*frame = e->frame;
	if (fault.why)
		return fault;
	if (e->frame.flags & NGHTTP2_FLAG_END_HEADERS) {
		*block = payload;
		return RIGHT;
	}
	a->frame = e->frame;
	a->frames = 1;
	buf_clear(&a->block);
	buf_add(&a->block, payload, *len);
	return RIGHT;
}

struct wire_fault wire_assembly_take(struct wire_assembly *a, const struct wire_event *e, struct wire_frame *frame,
                                     const uint8_t **block, size_t *len)
{
	*block = NULL;
	if (e->frame.type == NGHTTP2_HEADERS)
		return begin(a, e, frame, block, len);
	if (a->block.len + e->len > MAX_BLOCK || ++a->frames > MAX_BLOCK_FRAMES)
		return FAULT(ENHANCE_YOUR_CALM, "a header of too many CONTINUATION frames");
	buf_add(&a->block, e->bytes, e->len);
	if (a->block.failed)
		return FAULT(INTERNAL_ERROR, "out of memory");
	if (!(e->frame.flags & NGHTTP2_FLAG_END_HEADERS))
		return RIGHT;
	*frame = a->frame;
	*block = (const uint8_t *)buf_text(&a->block);
	*len = a->block.len;
	a->frame.stream = 0;
	return RIGHT;
}

// ---- ids to be remembered -----------------------------------------------------------------------------------

void wire_ids_put(struct wire_ids *r, uint32_t id)
{
	uint32_t *place = &r->ids[r->count++ % WIRE_IDS];
	if (*place > r->fallen)
		r->fallen = *place;
	*place = id;
}

bool wire_ids_have(const struct wire_ids *r, uint32_t id)
{
	if (id <= r->fallen)
		return true;
	for (unsigned i = 0; i < WIRE_IDS && i < r->count; i++)
		if (r->ids[i] == id)
			return true;
	return false;
}

// HTTP/2 frames: reading them from pieces, and writing them.
#include "wire_frame.h"

#include <string.h>

// ---- a frame by itself --------------------------------------------------------------------------------------

enum { ON_ZERO = 1, ON_STREAM = 2, ON_ANY = 3 };

// RFC 9113, 6.1 to 6.10: where a type may stand, and how long it is.
static const struct type_rule {
	const char *name, *bad_length, *bad_stream;
	uint32_t min, max, step;
	uint8_t on;
} rules[] = {
#define RULE(name, min, max, step, on)                                                                            \
	[NGHTTP2_##name] = { #name, #name " of a wrong length", #name " on a wrong stream", min, max, step, on }
	RULE(DATA, 0, UINT32_MAX, 1, ON_STREAM),
	RULE(HEADERS, 0, UINT32_MAX, 1, ON_STREAM),
	RULE(PRIORITY, 5, 5, 1, ON_STREAM),
	RULE(RST_STREAM, 4, 4, 1, ON_STREAM),
	RULE(SETTINGS, 0, UINT32_MAX, 6, ON_ZERO),
	RULE(PUSH_PROMISE, 4, UINT32_MAX, 1, ON_STREAM),
	RULE(PING, 8, 8, 1, ON_ZERO),
	RULE(GOAWAY, 8, UINT32_MAX, 1, ON_ZERO),
	RULE(WINDOW_UPDATE, 4, 4, 1, ON_ANY),
	RULE(CONTINUATION, 0, UINT32_MAX, 1, ON_STREAM),
#undef RULE
};

static const struct type_rule *rule_of(uint8_t type)
{
	return type < sizeof(rules) / sizeof(rules[0]) && rules[type].name ? &rules[type] : NULL;
}

const char *wire_type_name(uint8_t type)
{
	const struct type_rule *r = rule_of(type);
	return r ? r->name : "a frame of an unknown type";
}

#define FAULT(code, why) ((struct wire_fault){ NGHTTP2_##code, (why) })
#define RIGHT ((struct wire_fault){ NGHTTP2_NO_ERROR, NULL })

struct wire_fault wire_head_fault(const struct wire_frame *f, uint32_t longest)
{
	const struct type_rule *r = rule_of(f->type);
	if (f->length > longest)
		return FAULT(FRAME_SIZE_ERROR, "a frame that is longer than SETTINGS_MAX_FRAME_SIZE");
	if (!r)
		return RIGHT;
	if (!(r->on & (f->stream ? ON_STREAM : ON_ZERO)))
		return FAULT(PROTOCOL_ERROR, r->bad_stream);
	if (f->length < r->min || f->length > r->max || (r->step > 1 && f->length % r->step != 0))
		return FAULT(FRAME_SIZE_ERROR, r->bad_length);
	if (f->type == NGHTTP2_SETTINGS && (f->flags & NGHTTP2_FLAG_ACK) && f->length > 0)
		return FAULT(FRAME_SIZE_ERROR, "a SETTINGS ACK with a payload");
	return RIGHT;
}

struct wire_fault wire_strip_headers(const struct wire_frame *f, const uint8_t **payload, size_t *len)
{
	const bool padded = f->flags & NGHTTP2_FLAG_PADDED;
	const size_t front = padded + (f->flags & NGHTTP2_FLAG_PRIORITY ? 5U : 0U);
	if (*len < front)
		return FAULT(FRAME_SIZE_ERROR, "HEADERS too short for its flags");
	const size_t padding = padded ? **payload : 0;
	*payload += front;
	*len -= front;
	if (padding > *len)
		return FAULT(PROTOCOL_ERROR, "HEADERS with more padding than payload");
	*len -= padding;
	return RIGHT;
}

// ---- reading ------------------------------------------------------------------------------------------------

void wire_reader_init(struct wire_reader *r, struct h2_pool *pool)
{
	*r = (struct wire_reader){ .pool = pool, .longest = WIRE_MAX_FRAME };
}

void wire_reader_deinit(struct wire_reader *r)
{
	h2_pool_give(r->pool, r->held);
	r->held = NULL;
}

static size_t at_most(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void fail(struct wire_event *e, struct wire_fault fault)
{
	e->kind = WIRE_FAULT;
	e->fault = fault;
}

// The nine bytes at `h`. False when no such frame may be.
static bool take_head(struct wire_reader *r, const uint8_t *h, struct wire_event *e)
{
	r->frame = (struct wire_frame){ .length = wire_get32(h) >> 8,
		                        .stream = wire_get32(h + 5) & WIRE_MAX_ID,
		                        .type = h[3],
		                        .flags = h[4] };
	const struct wire_fault fault = wire_head_fault(&r->frame, r->longest);
	e->frame = r->frame;
	if (fault.why) {
		fail(e, fault);
		return false;
	}
	r->in_payload = true;
	r->in_content = r->frame.type == NGHTTP2_DATA && !(r->frame.flags & NGHTTP2_FLAG_PADDED);
	r->content_begun = false;
	r->content = r->frame.length;
	r->padding = 0;
	return true;
}

// Completes the head from pieces. Bytes taken.
static size_t gather_head(struct wire_reader *r, const uint8_t *bytes, size_t len, struct wire_event *e)
{
	if (r->head_len == 0 && len >= WIRE_HEAD) {
		take_head(r, bytes, e);
		return WIRE_HEAD;
	}
	size_t n = at_most(len, WIRE_HEAD - r->head_len);
	memcpy(r->head + r->head_len, bytes, n);
	r->head_len = (uint8_t)(r->head_len + n);
	if (r->head_len == WIRE_HEAD) {
		r->head_len = 0;
		take_head(r, r->head, e);
	}
	return n;
}

static size_t take_padding_length(struct wire_reader *r, const uint8_t *bytes, size_t len, struct wire_event *e)
{
	if (r->frame.length == 0) {
		fail(e, FAULT(FRAME_SIZE_ERROR, "DATA too short for its padding"));
		return 0;
	}
	if (len == 0)
		return 0;
	if (bytes[0] >= r->frame.length) {
		fail(e, FAULT(PROTOCOL_ERROR, "DATA with more padding than payload"));
		return 0;
	}
	r->padding = bytes[0];
	r->content = r->frame.length - 1 - r->padding;
	r->in_content = true;
	return 1;
}

static size_t read_content(struct wire_reader *r, const uint8_t *bytes, size_t len, struct wire_event *e)
{
	size_t used = r->in_content ? 0 : take_padding_length(r, bytes, len, e);
	if (!r->in_content)
		return used;
	const size_t n = at_most(len - used, r->content);
	e->bytes = bytes + used;
	e->len = n;
	r->content -= (uint32_t)n;
	used += n;
	const size_t skipped = at_most(len - used, r->padding);
	if (r->content == 0) {
		r->padding -= (uint32_t)skipped;
		used += skipped;
	}
	e->last = r->content == 0 && r->padding == 0;
	if (n == 0 && !e->last)
		return used;
	e->kind = WIRE_CONTENT;
	e->first = !r->content_begun;
	r->content_begun = true;
	r->in_payload = !e->last;
	return used;
}

static size_t read_whole(struct wire_reader *r, const uint8_t *bytes, size_t len, struct wire_event *e)
{
	const uint32_t length = r->frame.length;
	if (!r->held && len >= length) {
		e->kind = WIRE_WHOLE;
		e->bytes = bytes;
		e->len = length;
		r->in_payload = false;
		return length;
	}
	if (len == 0)
		return 0;
	if (!r->held) {
		r->held = h2_pool_take(r->pool, length);
		r->held_len = 0;
	}
	if (!r->held) {
		fail(e, FAULT(INTERNAL_ERROR, "out of memory"));
		return 0;
	}
	const size_t n = at_most(len, length - r->held_len);
	memcpy(r->held + r->held_len, bytes, n);
	r->held_len += (uint32_t)n;
	if (r->held_len == length) {
		e->kind = WIRE_WHOLE;
		e->bytes = r->held;
		e->len = length;
		r->in_payload = false;
	}
	return n;
}

size_t wire_read(struct wire_reader *r, const uint8_t *bytes, size_t len, struct wire_event *e)
{
	size_t used = 0;
	e->kind = WIRE_MORE;
	e->first = e->last = false;
	e->fault = RIGHT;
	if (!r->in_payload) {
		if (r->held) { // the event before this one showed it
			h2_pool_give(r->pool, r->held);
			r->held = NULL;
		}
		used = gather_head(r, bytes, len, e);
		if (!r->in_payload)
			return used;
	}
	e->frame = r->frame;
	return used + (r->frame.type == NGHTTP2_DATA ? read_content : read_whole)(r, bytes + used, len - used, e);
}

// ---- writing ------------------------------------------------------------------------------------------------

void wire_out_deinit(struct wire_out *o)
{
	buf_deinit(&o->bytes);
}

void wire_out_frame(struct wire_out *o, uint8_t type, uint8_t flags, uint32_t stream, const void *payload,
                    size_t len)
{
	uint8_t head[WIRE_HEAD];
	wire_put_head(head, len, type, flags, stream);
	buf_add(&o->bytes, head, sizeof(head));
	if (len > 0)
		buf_add(&o->bytes, payload, len);
}

void wire_out_u32(struct wire_out *o, uint8_t type, uint32_t stream, uint32_t n)
{
	uint8_t payload[4];
	wire_put32(payload, n);
	wire_out_frame(o, type, 0, stream, payload, sizeof(payload));
}

void wire_out_settings(struct wire_out *o, const nghttp2_settings_entry *entries, size_t count)
{
	uint8_t head[WIRE_HEAD];
	wire_put_head(head, 6 * count, NGHTTP2_SETTINGS, 0, 0);
	buf_add(&o->bytes, head, sizeof(head));
	for (size_t i = 0; i < count; i++) {
		uint8_t entry[6] = { (uint8_t)(entries[i].settings_id >> 8), (uint8_t)entries[i].settings_id };
		wire_put32(entry + 2, entries[i].value);
		buf_add(&o->bytes, entry, sizeof(entry));
	}
}

void wire_out_goaway(struct wire_out *o, uint32_t last, uint32_t code, const char *text)
{
	uint8_t payload[8 + 128];
	const size_t len = at_most(strlen(text), sizeof(payload) - 8);
	wire_put32(payload, last);
	wire_put32(payload + 4, code);
	memcpy(payload + 8, text, len);
	wire_out_frame(o, NGHTTP2_GOAWAY, 0, 0, payload, 8 + len);
}

void wire_out_block(struct wire_out *o, uint8_t flags, uint32_t stream, const uint8_t *block, size_t len,
                    uint32_t max_frame)
{
	uint8_t type = NGHTTP2_HEADERS;
	do {
		const size_t n = at_most(len, max_frame);
		const uint8_t end = n == len ? NGHTTP2_FLAG_END_HEADERS : 0;
		wire_out_frame(o, type, flags | end, stream, block, n);
		type = NGHTTP2_CONTINUATION;
		flags = 0;
		block += n;
		len -= n;
	} while (len > 0);
}

#define COMPACT 65536U

size_t wire_out_pull(struct wire_out *o, uint8_t *to, size_t room)
{
	const size_t n = at_most(wire_out_left(o), room);
	if (n == 0)
		return 0;
	memcpy(to, o->bytes.data + o->sent, n);
	o->sent += n;
	if (o->sent == o->bytes.len) {
		buf_clear(&o->bytes);
		o->sent = 0;
	} else if (o->sent >= COMPACT && o->sent >= wire_out_left(o)) { // else what never runs dry would only grow
		o->bytes.len = wire_out_left(o);
		memmove(o->bytes.data, o->bytes.data + o->sent, o->bytes.len);
		o->sent = 0;
	}
	return n;
}

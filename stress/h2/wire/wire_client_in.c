// The wire engine of the client: what comes in, held against RFC 9113 to the letter.
#include "wire_client.h"

#include <errno.h>
#include <string.h>

#define MAX_IDLE_FRAMES 10000U // in a row that move nothing on
#define MAX_OUT (256U * 1024U) // answers that the server does not read

#define FAULT(code, why) ((struct wire_fault){ NGHTTP2_##code, (why) })
#define RIGHT ((struct wire_fault){ NGHTTP2_NO_ERROR, NULL })

// ---- streams that are not there -----------------------------------------------------------------------------

// A frame for a stream that is not open. Right where it may still come (5.1).
static struct wire_fault judge_absent(const struct h2_client *c, const struct wire_frame *f)
{
	const bool carries = f->type == NGHTTP2_DATA || f->type == NGHTTP2_HEADERS;
	if (f->stream % 2 == 0)
		return FAULT(PROTOCOL_ERROR, "a frame on a stream of the server's, which may not push");
	if (f->stream >= c->next_id)
		return FAULT(PROTOCOL_ERROR, "a frame on a stream that was never opened");
	if (carries && !wire_ids_have(&c->resets, f->stream))
		return FAULT(STREAM_CLOSED, "a frame on a stream that has ended");
	return RIGHT;
}

// The stream was submitted, but nothing of it was sent: to the server it is idle.
static bool is_unsent(const struct h2_client *c, const struct wire_stream *s)
{
	return c->unsent && s->sender.node.id >= c->unsent->sender.node.id;
}

// The frame's stream; NULL where there is none to be told of it. Fails the connection where that is a fault.
static struct wire_stream *find(struct h2_client *c, const struct wire_frame *f)
{
	struct wire_stream *s = wire_map_get(&c->streams, f->stream);
	struct wire_fault fault = s ? RIGHT : judge_absent(c, f);
	if (s && is_unsent(c, s))
		fault = FAULT(PROTOCOL_ERROR, "a frame on a stream that was never opened");
	if (fault.why)
		wire_client_fail(c, fault);
	return fault.why ? NULL : s;
}

// ---- responses ----------------------------------------------------------------------------------------------

// What a block said, judged: where the same block answers the same request it need not be decoded.
struct heard {
	struct wire_block block;
	uint16_t status;
	uint64_t headers_seen;
	int64_t content_length;
	bool no_content;
};

static void begin_content(struct wire_stream *s, int64_t content_length, bool no_content)
{
	s->final = true;
	s->content_length = content_length;
	s->no_content = no_content;
}

static bool recall(struct h2_client *c, struct wire_stream *s, const uint8_t *block, size_t len)
{
	struct exchange *x = s->exchange;
	const struct heard *h = (const struct heard *)wire_blocks_find(&c->heard, x->prepared->heard_as,
	                                                               c->decoder.generation, block, len);
	if (!h)
		return false;
	exchange_recall(x, h->status, h->headers_seen);
	begin_content(s, h->content_length, h->no_content);
	return true;
}

static void remember(struct h2_client *c, const struct wire_stream *s, uint32_t generation, const uint8_t *block,
                     size_t len)
{
	const struct exchange *x = s->exchange;
	union {
		const uint8_t *in;
		uint8_t *out; // which is only copied from
	} bytes = { block };
	const void *key = x->prepared->heard_as; // NULL: the next one's is to be judged by itself
	if (!key || generation != c->decoder.generation || x->fault != H2_FAULT_NONE || len > WIRE_BLOCK_MAX)
		return;
	struct heard *h = (struct heard *)wire_blocks_keep(
	        &c->heard, c->config.pool, sizeof(*h),
	        &(struct wire_block){ key, generation, (uint32_t)len, bytes.out });
	if (!h)
		return;
	h->status = x->status;
	h->headers_seen = x->headers_seen;
	h->content_length = s->content_length;
	h->no_content = s->no_content;
}

struct section {
	struct wire_fields fields;
	struct exchange *exchange; // NULL: decoded for the table's sake alone
};

static void take_field(void *arg, const nghttp2_nv *nv)
{
	struct section *s = arg;
	if (wire_fields_take(&s->fields, nv) && !s->fields.too_large && s->exchange)
		exchange_field(s->exchange, nv->name, nv->namelen, nv->value, nv->valuelen);
}

static struct wire_fault judge_section(struct section *section, const struct wire_stream *s, bool end_stream)
{
	struct wire_fields *f = &section->fields;
	const bool right = wire_fields_end(f);
	if (f->too_large)
		return FAULT(ENHANCE_YOUR_CALM, "its header is larger than 64 KiB or 1024 fields");
	if (!right)
		return FAULT(PROTOCOL_ERROR, f->why);
	if (s->final && !end_stream)
		return FAULT(PROTOCOL_ERROR, "a second header that does not end the stream");
	if (!s->final && f->status < 200 && end_stream)
		return FAULT(PROTOCOL_ERROR, "an interim response that ends the stream");
	return RIGHT;
}

// Decodes the block and judges what it says. `s` NULL: it only keeps the table right.
static struct wire_fault decode(struct h2_client *c, struct wire_stream *s, bool end_stream, const uint8_t *block,
                                size_t len)
{
	struct section section = { .exchange = s ? s->exchange : NULL };
	const uint32_t generation = c->decoder.generation;
	const bool fresh = s && !s->final && s->exchange->status == 0;
	wire_fields_begin(&section.fields, s && s->final ? WIRE_TRAILERS : WIRE_RESPONSE, H2_CLIENT_HEADER_LIST);
	if (s)
		exchange_fields(s->exchange);
	if (wire_decode(&c->decoder, block, len, take_field, &section) < 0) {
		wire_client_fail(c, FAULT(COMPRESSION_ERROR, "a header that HPACK cannot read"));
		return RIGHT;
	}
	if (!s)
		return RIGHT;
	const struct wire_fault fault = judge_section(&section, s, end_stream);
	if (fault.why || s->final || section.fields.status < 200)
		return fault;
	begin_content(s, section.fields.content_length,
	              wire_has_no_content(s->exchange->prepared->request->method, section.fields.status));
	if (fresh)
		remember(c, s, generation, block, len);
	return fault;
}

// The response has come whole.
static void end_remote(struct h2_client *c, struct wire_stream *s)
{
	if (!s->no_content && s->content_length >= 0 && (uint64_t)s->content_length != s->received) {
		wire_client_reset(c, s,
		                  FAULT(PROTOCOL_ERROR, "its content-length is not the length of its content"));
		return;
	}
	s->exchange->ended = s->remote_done = true;
	if (s->sender.done)
		wire_client_end(c, s, NGHTTP2_NO_ERROR, false);
}

static void take_section(struct h2_client *c, const struct wire_frame *f, const uint8_t *block, size_t len)
{
	struct wire_stream *s = find(c, f);
	const bool end_stream = f->flags & NGHTTP2_FLAG_END_STREAM;
	if (c->over)
		return;
	if (s && s->remote_done) {
		wire_client_fail(c, FAULT(STREAM_CLOSED, "HEADERS behind the end of the response"));
		return;
	}
	c->idle_frames = s ? 0 : c->idle_frames;
	if (!s || s->final || s->exchange->status != 0 || !recall(c, s, block, len)) {
		const struct wire_fault fault = decode(c, s, end_stream, block, len);
		if (c->over || !s)
			return;
		if (fault.why) {
			wire_client_reset(c, s, fault);
			return;
		}
	}
	if (end_stream)
		end_remote(c, s);
}

// ---- HEADERS and CONTINUATION -------------------------------------------------------------------------------

static struct wire_fault take_headers(struct h2_client *c, const struct wire_event *e)
{
	struct wire_frame frame;
	const uint8_t *block;
	size_t len;
	const struct wire_fault fault = wire_assembly_take(&c->assembly, e, &frame, &block, &len);
	if (!fault.why && block)
		take_section(c, &frame, block, len);
	return fault;
}

// ---- DATA ---------------------------------------------------------------------------------------------------

static void widen(struct h2_client *c, struct wire_window *w, uint32_t stream)
{
	if (wire_window_widen(w, stream, &c->out))
		wire_client_count_out(c, NGHTTP2_WINDOW_UPDATE);
}

// The whole frame counts against the windows, its padding too (6.9.1).
static struct wire_fault take_from_windows(struct h2_client *c, struct wire_stream *s, uint32_t length)
{
	if (!wire_window_take(&c->window, length))
		return FAULT(FLOW_CONTROL_ERROR, "more DATA than the connection's window allows");
	widen(c, &c->window, 0);
	if (s && !wire_window_take(&s->window, length))
		return FAULT(FLOW_CONTROL_ERROR, "more DATA than the stream's window allows");
	if (s && c->settings_acked)
		widen(c, &s->window, s->sender.node.id);
	return RIGHT;
}

static struct wire_fault judge_content(struct wire_stream *s, size_t len)
{
	if (!s->final)
		return FAULT(PROTOCOL_ERROR, "DATA in front of the header");
	s->received += len;
	if (s->no_content && s->received > 0)
		return FAULT(PROTOCOL_ERROR, "content in a response that has none");
	if (s->content_length >= 0 && s->received > (uint64_t)s->content_length)
		return FAULT(PROTOCOL_ERROR, "more content than its content-length says");
	return RIGHT;
}

static void take_content(struct h2_client *c, const struct wire_event *e)
{
	struct wire_stream *s = find(c, &e->frame);
	struct wire_fault fault = RIGHT;
	if (!c->over && e->first)
		fault = take_from_windows(c, s, e->frame.length);
	if (fault.why)
		wire_client_fail(c, fault);
	if (c->over || !s)
		return;
	if (s->remote_done) {
		wire_client_fail(c, FAULT(STREAM_CLOSED, "DATA behind the end of the response"));
		return;
	}
	fault = judge_content(s, e->len);
	if (fault.why) {
		wire_client_reset(c, s, fault);
		return;
	}
	if (e->len > 0) {
		c->idle_frames = 0;
		exchange_data(s->exchange, e->bytes, e->len);
	}
	if (e->last && (e->frame.flags & NGHTTP2_FLAG_END_STREAM)) {
		c->idle_frames = 0;
		end_remote(c, s);
	}
}

// ---- SETTINGS -----------------------------------------------------------------------------------------------

static struct wire_fault change_windows(struct h2_client *c, int64_t change)
{
	for (struct wire_stream *s = c->first; s; s = s->next) {
		s->sender.window += change;
		if (s->sender.window > WIRE_MAX_WINDOW)
			return FAULT(FLOW_CONTROL_ERROR, "SETTINGS_INITIAL_WINDOW_SIZE makes a window overflow");
		if (!is_unsent(c, s))
			wire_sending_join(&c->sending, &s->sender);
	}
	return RIGHT;
}

static struct wire_fault take_ack(struct h2_client *c)
{
	if (c->settings_acked)
		return FAULT(PROTOCOL_ERROR, "a SETTINGS ACK for nothing");
	c->settings_acked = true;
	for (struct wire_stream *s = c->first; s; s = s->next) {
		s->window.left += s->window.full - WIRE_WINDOW;
		if (!s->remote_done)
			widen(c, &s->window, s->sender.node.id); // it may be used up already, or below
	}
	return wire_decoder_resize(&c->decoder, c->config.settings.table) == 0
	               ? RIGHT
	               : FAULT(INTERNAL_ERROR, "out of memory");
}

static struct wire_fault take_settings(struct h2_client *c, const struct wire_event *e)
{
	if (e->frame.flags & NGHTTP2_FLAG_ACK)
		return take_ack(c);
	int64_t change;
	struct wire_fault fault = wire_sending_settings(&c->sending, true, e->bytes, e->len, &change);
	if (!fault.why && change != 0)
		fault = change_windows(c, change);
	if (fault.why)
		return fault;
	wire_out_frame(&c->out, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL, 0);
	wire_client_count_out(c, NGHTTP2_SETTINGS);
	c->settings_seen = true;
	c->config.events->settings(c->config.arg, c->sending.max_streams);
	return RIGHT;
}

// ---- the other frames ---------------------------------------------------------------------------------------

static struct wire_fault take_window_update(struct h2_client *c, const struct wire_event *e)
{
	const uint32_t more = wire_get32(e->bytes) & WIRE_MAX_ID;
	if (e->frame.stream == 0) {
		c->sending.window += more;
		if (more == 0)
			return FAULT(PROTOCOL_ERROR, "WINDOW_UPDATE by 0");
		return c->sending.window > WIRE_MAX_WINDOW
		               ? FAULT(FLOW_CONTROL_ERROR, "the connection's window overflows")
		               : RIGHT;
	}
	struct wire_stream *s = find(c, &e->frame);
	if (!s)
		return RIGHT;
	s->sender.window += more;
	if (more == 0)
		wire_client_reset(c, s, FAULT(PROTOCOL_ERROR, "WINDOW_UPDATE by 0"));
	else if (s->sender.window > WIRE_MAX_WINDOW)
		wire_client_reset(c, s, FAULT(FLOW_CONTROL_ERROR, "the stream's window overflows"));
	else
		wire_sending_join(&c->sending, &s->sender);
	return RIGHT;
}

static void take_reset(struct h2_client *c, const struct wire_event *e)
{
	struct wire_stream *s = find(c, &e->frame);
	if (c->over)
		return;
	h2_count(c->config.counters, H2_RESETS_IN, 1);
	if (s)
		wire_client_end(c, s, wire_get32(e->bytes), false);
}

static void take_ping(struct h2_client *c, const struct wire_event *e)
{
	if (e->frame.flags & NGHTTP2_FLAG_ACK)
		return;
	wire_out_frame(&c->out, NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, e->bytes, e->len);
	wire_client_count_out(c, NGHTTP2_PING);
}

static struct wire_fault take_goaway(struct h2_client *c, const struct wire_event *e)
{
	const uint32_t last = wire_get32(e->bytes) & WIRE_MAX_ID, code = wire_get32(e->bytes + 4);
	if (last > c->goaway_last)
		return FAULT(PROTOCOL_ERROR, "GOAWAY takes back what an earlier one refused");
	if (last != 0 && last % 2 == 0)
		return FAULT(PROTOCOL_ERROR, "GOAWAY names a stream that is not ours");
	c->goaway_last = last;
	h2_count(c->config.counters, H2_GOAWAYS_IN, 1);
	c->config.events->goaway(c->config.arg, last, code, e->bytes + 8, e->len - 8);
	while (c->last && c->last->sender.node.id > last)
		wire_client_end(c, c->last, NGHTTP2_REFUSED_STREAM, false);
	return RIGHT;
}

static void take_frame(struct h2_client *c, const struct wire_event *e)
{
	struct wire_fault fault = RIGHT;
	switch (e->frame.type) {
	case NGHTTP2_HEADERS:
	case NGHTTP2_CONTINUATION:
		fault = take_headers(c, e);
		break;
	case NGHTTP2_SETTINGS:
		fault = take_settings(c, e);
		break;
	case NGHTTP2_RST_STREAM:
		take_reset(c, e);
		break;
	case NGHTTP2_PING:
		take_ping(c, e);
		break;
	case NGHTTP2_GOAWAY:
		fault = take_goaway(c, e);
		break;
	case NGHTTP2_WINDOW_UPDATE:
		fault = take_window_update(c, e);
		break;
	case NGHTTP2_PUSH_PROMISE:
		fault = FAULT(PROTOCOL_ERROR, "PUSH_PROMISE, although we do not take pushes");
		break;
	default: // PRIORITY means nothing to a client; unknown types are to be ignored (4.1)
		break;
	}
	if (fault.why)
		wire_client_fail(c, fault);
}

// ---- the order of frames ------------------------------------------------------------------------------------

static struct wire_fault judge_order(struct h2_client *c, const struct wire_frame *f)
{
	const bool is_ack = f->type == NGHTTP2_SETTINGS && (f->flags & NGHTTP2_FLAG_ACK);
	if (!c->settings_seen && (f->type != NGHTTP2_SETTINGS || is_ack))
		return FAULT(PROTOCOL_ERROR, "the first frame is not SETTINGS");
	if (++c->idle_frames > MAX_IDLE_FRAMES)
		return FAULT(ENHANCE_YOUR_CALM, "10000 frames in a row that moved no request on");
	return wire_assembly_order(&c->assembly, f);
}

static void take_event(struct h2_client *c, const struct wire_event *e)
{
	struct wire_fault fault = e->fault;
	if (e->kind != WIRE_FAULT) {
		const bool begins = e->kind == WIRE_WHOLE || e->first;
		if (begins)
			h2_count_frame(c->config.counters, H2_FRAMES_IN, e->frame.type);
		fault = begins ? judge_order(c, &e->frame) : RIGHT;
	}
	if (fault.why)
		wire_client_fail(c, fault);
	else if (e->kind == WIRE_CONTENT)
		take_content(c, e);
	else
		take_frame(c, e);
}

// ---- the common frames, without all that -------------------------------------------------------------------

// The first header of a response, and one that was judged before.
static bool take_common_section(struct h2_client *c, struct wire_stream *s, const struct wire_frame *f,
                                const uint8_t *block)
{
	if (s->final || s->exchange->status != 0 || !recall(c, s, block, f->length))
		return false;
	c->idle_frames = 0;
	if (f->flags & NGHTTP2_FLAG_END_STREAM)
		end_remote(c, s);
	return true;
}

// Content that all windows, and its content-length, have room for.
static bool take_common_content(struct h2_client *c, struct wire_stream *s, const struct wire_frame *f,
                                const uint8_t *bytes)
{
	const uint32_t n = f->length;
	const bool has_room = s->content_length < 0 || s->received + n <= (uint64_t)s->content_length;
	if (n == 0 || !s->final || s->no_content || !has_room || c->window.left < n || s->window.left < n)
		return false;
	c->window.left -= n;
	s->window.left -= n;
	widen(c, &c->window, 0);
	if (c->settings_acked)
		widen(c, &s->window, s->sender.node.id);
	c->idle_frames = 0;
	s->received += n;
	exchange_data(s->exchange, bytes, n);
	if (f->flags & NGHTTP2_FLAG_END_STREAM)
		end_remote(c, s);
	return true;
}

// Takes common frames as long as they say what they should: each is then taken here or, untouched, left to
// take_event, which comes to the same. Bytes taken.
static size_t take_common(struct h2_client *c, const uint8_t *bytes, size_t len)
{
	struct wire_frame f;
	size_t used = 0;
	if (!wire_reader_is_between(&c->reader) || !c->settings_seen || c->assembly.frame.stream)
		return 0;
	while (!c->over && wire_is_common(&c->reader, bytes + used, len - used, &f)) {
		const uint8_t *payload = bytes + used + WIRE_HEAD;
		struct wire_stream *s = wire_map_get(&c->streams, f.stream);
		if (!s || is_unsent(c, s) || s->remote_done ||
		    !(f.type ? take_common_section : take_common_content)(c, s, &f, payload))
			break;
		h2_count_frame(c->config.counters, H2_FRAMES_IN, f.type);
		used += WIRE_HEAD + f.length;
	}
	return used;
}

int wire_client_receive(struct h2_client *c, const uint8_t *bytes, size_t len)
{
	struct wire_event e;
	while (len > 0 && !c->over) {
		size_t n = take_common(c, bytes, len);
		if (n == 0) {
			n = wire_read(&c->reader, bytes, len, &e);
			if (e.kind != WIRE_MORE)
				take_event(c, &e);
		}
		bytes += n;
		len -= n;
		if (wire_out_left(&c->out) > MAX_OUT)
			wire_client_fail(c, FAULT(ENHANCE_YOUR_CALM,
			                          "answers to its frames that the server does not read"));
	}
	return c->out.bytes.failed || c->assembly.block.failed ? -ENOMEM : 0;
}

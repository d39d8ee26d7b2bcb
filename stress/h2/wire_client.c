// The wire engine of the client: frames of our own making behind struct h2_client_engine. This half opens, sends
// and closes.
#include "wire_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LEAST_PIECE 1024U // of a body, unless it is its last: smaller ones wait for the next turn
#define DATA_PIECE 16384U // of a body at a time, so that streams take turns

// ---- the streams' life --------------------------------------------------------------------------------------

static void leave_sending(struct h2_client *c, struct wire_stream *s)
{
	if (!s->sending)
		return;
	s->sending = false;
	s->prev_sending->next_sending = s->next_sending;
	s->next_sending->prev_sending = s->prev_sending;
	if (c->sending == s)
		c->sending = s->next_sending == s ? NULL : s->next_sending;
}

void wire_client_may_send(struct h2_client *c, struct wire_stream *s)
{
	if (s->sending || s->local_done || s->send_window <= 0)
		return;
	s->sending = true;
	if (!c->sending) {
		c->sending = s->next_sending = s->prev_sending = s;
		return;
	}
	s->next_sending = c->sending;
	s->prev_sending = c->sending->prev_sending;
	s->prev_sending->next_sending = s->next_sending->prev_sending = s;
}

static void forget_stream(struct h2_client *c, struct wire_stream *s)
{
	leave_sending(c, s);
	if (c->unsent == s)
		c->unsent = s->next;
	*(s->prev ? &s->prev->next : &c->first) = s->next;
	*(s->next ? &s->next->prev : &c->last) = s->prev;
	wire_map_remove(&c->streams, &s->node);
	h2_pool_give(c->config.pool, s);
}

void wire_client_end(struct h2_client *c, struct wire_stream *s, uint32_t code, bool by_us)
{
	struct exchange *x = s->exchange;
	forget_stream(c, s);
	c->config.events->ended(c->config.arg, x, code, by_us);
}

static void remember_reset(struct h2_client *c, uint32_t id)
{
	uint32_t *place = &c->resets[c->reset_count++ % WIRE_RESETS_KNOWN];
	if (*place > c->forgiven)
		c->forgiven = *place;
	*place = id;
}

void wire_client_reset(struct h2_client *c, struct wire_stream *s, struct wire_fault fault)
{
	h2_count(c->config.counters, H2_BAD, 1);
	h2_count(c->config.counters, H2_RESETS_OUT, 1);
	wire_client_count_out(c, NGHTTP2_RST_STREAM);
	wire_out_u32(&c->out, NGHTTP2_RST_STREAM, s->node.id, fault.code);
	remember_reset(c, s->node.id);
	exchange_fault(s->exchange, H2_FAULT_MALFORMED, "a malformed response, which we reset with %s: %s",
	               nghttp2_http2_strerror(fault.code), fault.why);
	wire_client_end(c, s, fault.code, true);
}

void wire_client_fail(struct h2_client *c, struct wire_fault fault)
{
	if (c->over)
		return;
	c->over = true;
	h2_count(c->config.counters, H2_BAD, 1);
	h2_count(c->config.counters, H2_GOAWAYS_OUT, 1);
	wire_client_count_out(c, NGHTTP2_GOAWAY);
	wire_out_goaway(&c->out, 0, fault.code, fault.why);
	if (c->reason[0] == '\0')
		snprintf(c->reason, sizeof(c->reason), "%s (%s)", fault.why, nghttp2_http2_strerror(fault.code));
}

// ---- opening and closing ------------------------------------------------------------------------------------

static void greet(struct h2_client *c)
{
	const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WIRE_CLIENT_WINDOW },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, WIRE_HEADER_LIST_BYTES },
	};
	buf_add(&c->out.bytes, WIRE_PREFACE, WIRE_PREFACE_BYTES);
	wire_out_settings(&c->out, settings, sizeof(settings) / sizeof(settings[0]));
	wire_client_count_out(c, NGHTTP2_SETTINGS);
	wire_out_u32(&c->out, NGHTTP2_WINDOW_UPDATE, 0, WIRE_CLIENT_WINDOW - WIRE_WINDOW);
	wire_client_count_out(c, NGHTTP2_WINDOW_UPDATE);
}

static void client_close(struct h2_client *c)
{
	if (!c)
		return;
	while (c->first)
		forget_stream(c, c->first);
	wire_map_deinit(&c->streams, c->config.pool);
	wire_blocks_deinit(&c->heard, c->config.pool);
	wire_encoder_deinit(&c->encoder);
	wire_decoder_deinit(&c->decoder);
	wire_reader_deinit(&c->reader);
	wire_out_deinit(&c->out);
	buf_deinit(&c->block);
	h2_pool_give(c->config.pool, c);
}

static int client_open(const struct h2_client_config *config, struct h2_client **out)
{
	struct h2_client *c = h2_pool_take(config->pool, sizeof(*c));
	if (!c)
		return -ENOMEM;
	*c = (struct h2_client){ .config = *config,
		                 .next_id = 1,
		                 .send_window = WIRE_WINDOW,
		                 .receive_window = WIRE_CLIENT_WINDOW,
		                 .peer_frame = WIRE_MAX_FRAME,
		                 .peer_window = WIRE_WINDOW,
		                 .peer_streams = UINT32_MAX,
		                 .goaway_last = WIRE_MAX_ID };
	wire_reader_init(&c->reader, config->pool);
	int rc = wire_encoder_init(&c->encoder, config->pool);
	if (rc == 0)
		rc = wire_decoder_init(&c->decoder, config->pool);
	if (rc == 0) {
		greet(c);
		rc = c->out.bytes.failed ? -ENOMEM : 0;
	}
	if (rc < 0)
		client_close(c);
	else
		*out = c;
	return rc;
}

// ---- requests -----------------------------------------------------------------------------------------------

static int client_submit(struct h2_client *c, struct exchange *x)
{
	if (c->next_id > WIRE_MAX_ID)
		return -ENOSPC;
	struct wire_stream *s = h2_pool_take(c->config.pool, sizeof(*s));
	if (!s)
		return -ENOMEM;
	const struct h2_request *q = x->prepared->request;
	*s = (struct wire_stream){ .node.id = c->next_id,
		                   .exchange = x,
		                   .send_window = c->peer_window,
		                   .receive_window = c->settings_acked ? WIRE_CLIENT_WINDOW : WIRE_WINDOW,
		                   .content_length = -1,
		                   .local_done = !q->has_body || q->body.length == 0,
		                   .prev = c->last };
	int rc = wire_map_put(&c->streams, c->config.pool, &s->node);
	if (rc < 0) {
		h2_pool_give(c->config.pool, s);
		return rc;
	}
	c->next_id += 2;
	*(c->last ? &c->last->next : &c->first) = s;
	c->last = s;
	if (!c->unsent)
		c->unsent = s;
	return 0;
}

// The stream's HEADERS, to `to` if they fit there, else to c->out. Bytes put to `to`, or -errno.
static ssize_t put_headers(struct h2_client *c, const struct wire_stream *s, uint8_t *to, size_t room)
{
	const struct h2_prepared *p = s->exchange->prepared;
	const uint8_t *block, flags = s->local_done ? NGHTTP2_FLAG_END_STREAM : 0;
	const ssize_t n = wire_encode(&c->encoder, p, p->headers, p->header_count, &block);
	if (n < 0)
		return n;
	wire_client_count_out(c, NGHTTP2_HEADERS);
	if ((size_t)n + WIRE_HEAD > room || (size_t)n > c->peer_frame) {
		wire_out_block(&c->out, flags, s->node.id, block, (size_t)n, c->peer_frame);
		return c->out.bytes.failed ? -ENOMEM : 0;
	}
	wire_put_head(to, (size_t)n, NGHTTP2_HEADERS, flags | NGHTTP2_FLAG_END_HEADERS, s->node.id);
	memcpy(to + WIRE_HEAD, block, (size_t)n);
	return n + (ssize_t)WIRE_HEAD;
}

// Sends the requests that were submitted. Bytes, or -errno.
static ssize_t pull_requests(struct h2_client *c, uint8_t *to, size_t room)
{
	size_t used = 0;
	while (c->unsent && room - used > WIRE_HEAD && wire_out_left(&c->out) == 0) {
		struct wire_stream *s = c->unsent;
		const ssize_t n = put_headers(c, s, to + used, room - used);
		if (n < 0)
			return n;
		used += (size_t)n;
		used += wire_out_pull(&c->out, to + used, room - used);
		c->unsent = s->next;
		wire_client_may_send(c, s);
	}
	return (ssize_t)used;
}

// ---- bodies -------------------------------------------------------------------------------------------------

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

// One DATA frame of the stream, whose turn it is. Bytes; 0 when it must wait for more room.
static size_t put_data(struct h2_client *c, struct wire_stream *s, uint8_t *to, size_t room)
{
	struct exchange *x = s->exchange;
	const struct h2_body *body = &x->prepared->request->body;
	const uint64_t left = body->length - x->body_sent;
	uint64_t n = least(left, least((uint64_t)s->send_window, (uint64_t)c->send_window));
	n = least(n, least(c->peer_frame, DATA_PIECE));
	if (n + WIRE_HEAD > room) {
		if (room < WIRE_HEAD + LEAST_PIECE)
			return 0;
		n = room - WIRE_HEAD;
	}
	s->local_done = n == left;
	wire_put_head(to, n, NGHTTP2_DATA, s->local_done ? NGHTTP2_FLAG_END_STREAM : 0, s->node.id);
	h2_body_read(body, x->body_sent, to + WIRE_HEAD, n);
	wire_client_count_out(c, NGHTTP2_DATA);
	x->body_sent += n;
	s->send_window -= (int64_t)n;
	c->send_window -= (int64_t)n;
	c->idle_frames = 0;
	return WIRE_HEAD + n;
}

static size_t pull_bodies(struct h2_client *c, uint8_t *to, size_t room)
{
	size_t used = 0;
	while (c->sending && c->send_window > 0) {
		struct wire_stream *s = c->sending;
		const size_t n = put_data(c, s, to + used, room - used);
		if (n == 0)
			break;
		used += n;
		c->sending = s->next_sending;
		if (s->local_done || s->send_window <= 0)
			leave_sending(c, s);
		if (s->local_done && s->remote_done)
			wire_client_end(c, s, NGHTTP2_NO_ERROR, false);
	}
	return used;
}

static ssize_t client_pull(struct h2_client *c, uint8_t *to, size_t room)
{
	if (c->out.bytes.failed)
		return -ENOMEM;
	size_t used = wire_out_pull(&c->out, to, room);
	if (c->over || wire_out_left(&c->out) > 0)
		return (ssize_t)used;
	const ssize_t n = pull_requests(c, to + used, room - used);
	if (n < 0)
		return n;
	used += (size_t)n;
	if (wire_out_left(&c->out) == 0)
		used += pull_bodies(c, to + used, room - used);
	return (ssize_t)used;
}

// ---- the rest -----------------------------------------------------------------------------------------------

static int client_finish(struct h2_client *c)
{
	if (c->over || c->finishing)
		return 0;
	c->finishing = true;
	wire_out_goaway(&c->out, 0, NGHTTP2_NO_ERROR, "");
	wire_client_count_out(c, NGHTTP2_GOAWAY);
	h2_count(c->config.counters, H2_GOAWAYS_OUT, 1);
	return c->out.bytes.failed ? -ENOMEM : 0;
}

static bool client_is_done(struct h2_client *c)
{
	return wire_out_left(&c->out) == 0 && (c->over || (c->finishing && !c->first));
}

static const char *client_reason(const struct h2_client *c)
{
	return c->reason;
}

static bool client_has_failed(const struct h2_client *c)
{
	return c->over;
}

const struct h2_client_engine h2_wire_client = {
	.name = "wire",
	.open = client_open,
	.close = client_close,
	.submit = client_submit,
	.receive = wire_client_receive,
	.pull = client_pull,
	.finish = client_finish,
	.is_done = client_is_done,
	.reason = client_reason,
	.has_failed = client_has_failed,
};

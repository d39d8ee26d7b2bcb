// The wire engine of the client: frames of our own making behind struct h2_client_engine. This half opens, sends
// and closes.
#include "wire_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

// ---- the streams' life --------------------------------------------------------------------------------------

static void forget_stream(struct h2_client *c, struct wire_stream *s)
{
	if (s->sender.in_ring)
		wire_sending_leave(&c->sending, &s->sender);
	if (c->unsent == s)
		c->unsent = s->next;
	*(s->prev ? &s->prev->next : &c->first) = s->next;
	*(s->next ? &s->next->prev : &c->last) = s->prev;
	wire_map_remove(&c->streams, &s->sender.node);
	h2_pool_give(c->config.pool, s);
}

void wire_client_end(struct h2_client *c, struct wire_stream *s, uint32_t code, bool by_us)
{
	struct exchange *x = s->exchange;
	forget_stream(c, s);
	c->config.events->ended(c->config.arg, x, code, by_us);
}

void wire_client_reset(struct h2_client *c, struct wire_stream *s, struct wire_fault fault)
{
	h2_count(c->config.counters, H2_BAD, 1);
	h2_count(c->config.counters, H2_RESETS_OUT, 1);
	wire_client_count_out(c, NGHTTP2_RST_STREAM);
	wire_out_u32(&c->out, NGHTTP2_RST_STREAM, s->sender.node.id, fault.code);
	wire_ids_put(&c->resets, s->sender.node.id);
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
	nghttp2_settings_entry entries[H2_CLIENT_ENTRIES];
	const size_t count = h2_client_entries(&c->config.settings, entries);
	buf_add(&c->out.bytes, WIRE_PREFACE, WIRE_PREFACE_BYTES);
	wire_out_settings(&c->out, entries, count);
	wire_client_count_out(c, NGHTTP2_SETTINGS);
	if (c->window.full == WIRE_WINDOW)
		return;
	wire_out_u32(&c->out, NGHTTP2_WINDOW_UPDATE, 0, (uint32_t)c->window.full - WIRE_WINDOW);
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
	wire_encoder_deinit(&c->sending.encoder);
	wire_decoder_deinit(&c->decoder);
	wire_reader_deinit(&c->reader);
	wire_out_deinit(&c->out);
	buf_deinit(&c->assembly.block);
	h2_pool_give(c->config.pool, c);
}

static int client_open(const struct h2_client_config *config, struct h2_client **out)
{
	struct h2_client *c = h2_pool_take(config->pool, sizeof(*c));
	if (!c)
		return -ENOMEM;
	*c = (struct h2_client){ .config = *config,
		                 .next_id = 1,
		                 .sending = WIRE_SENDING_START,
		                 .window = { config->settings.connection_window,
		                             config->settings.connection_window },
		                 .goaway_last = WIRE_MAX_ID };
	wire_reader_init(&c->reader, config->pool);
	c->reader.longest = config->settings.frame;
	int rc = wire_encoder_init(&c->sending.encoder, config->pool, config->settings.encoder_table);
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
	const struct h2_prepared *p = x->prepared;
	*s = (struct wire_stream){ .sender = { .node.id = c->next_id,
		                               .body = p->body,
		                               .window = c->sending.initial_window,
		                               .done = p->body.length == 0 && !p->trailing,
		                               .trailing = p->trailing },
		                   .exchange = x,
		                   .window = { c->settings_acked ? c->config.settings.window : WIRE_WINDOW,
		                               c->config.settings.window },
		                   .content_length = -1,
		                   .prev = c->last };
	int rc = wire_map_put(&c->streams, c->config.pool, &s->sender.node);
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

static int client_cancel(struct h2_client *c, struct exchange *x)
{
	struct wire_stream *s = c->first;
	while (s && s->exchange != x)
		s = s->next;
	if (!s)
		return 0;
	bool is_sent = true; // those behind the first unsent one are unsent too
	for (const struct wire_stream *u = c->unsent; u && is_sent; u = u->next)
		is_sent = u != s;
	if (is_sent) {
		h2_count(c->config.counters, H2_RESETS_OUT, 1);
		wire_client_count_out(c, NGHTTP2_RST_STREAM);
		wire_out_u32(&c->out, NGHTTP2_RST_STREAM, s->sender.node.id, NGHTTP2_CANCEL);
		wire_ids_put(&c->resets, s->sender.node.id);
	}
	wire_client_end(c, s, NGHTTP2_CANCEL, true);
	return c->out.bytes.failed ? -ENOMEM : 0;
}

// All of the stream but its trailers is out. They end it: bytes put to `to`, as far as there is room.
static size_t pull_trailers(struct h2_client *c, struct wire_stream *s, uint8_t *to, size_t room)
{
	const struct h2_prepared *p = s->exchange->prepared;
	s->sender.done = true;
	wire_client_count_out(c, NGHTTP2_HEADERS);
	if (wire_sending_trailers(&c->sending, &s->sender, p->sent_as ? p->trailers : NULL, p->trailers,
	                          p->trailer_count, &c->out) < 0)
		c->out.bytes.failed = true; // told at the next pull
	return wire_out_pull(&c->out, to, room);
}

// Sends the requests that were submitted. Bytes, or -errno.
static ssize_t pull_requests(struct h2_client *c, uint8_t *to, size_t room)
{
	size_t used = 0;
	while (c->unsent && room - used > WIRE_HEAD && wire_out_left(&c->out) == 0) {
		struct wire_stream *s = c->unsent;
		const struct h2_prepared *p = s->exchange->prepared;
		ssize_t n =
		        (ssize_t)wire_sending_known(&c->sending, &s->sender, p->sent_as, to + used, room - used);
		if (n == 0)
			n = wire_sending_headers(&c->sending, &s->sender, p->sent_as, p->headers, p->header_count,
			                         &c->out, to + used, room - used);
		if (n < 0)
			return n;
		wire_client_count_out(c, NGHTTP2_HEADERS);
		used += (size_t)n;
		if (wire_out_left(&c->out) > 0)
			used += wire_out_pull(&c->out, to + used, room - used);
		if (s->sender.trailing && p->body.length == 0)
			used += pull_trailers(c, s, to + used, room - used);
		c->unsent = s->next;
		if (!s->sender.done)
			wire_sending_join(&c->sending, &s->sender);
	}
	return (ssize_t)used;
}

static size_t pull_bodies(struct h2_client *c, uint8_t *to, size_t room)
{
	struct wire_sender *sender;
	size_t used = 0;
	for (size_t n; wire_out_left(&c->out) == 0 &&
	               (n = wire_sending_data(&c->sending, to + used, room - used, &sender)) > 0;) {
		struct wire_stream *s = (struct wire_stream *)sender;
		used += n;
		wire_client_count_out(c, NGHTTP2_DATA);
		c->idle_frames = 0;
		if (sender->done && sender->trailing)
			used += pull_trailers(c, s, to + used, room - used);
		if (sender->done && s->remote_done)
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
	.cancel = client_cancel,
	.receive = wire_client_receive,
	.pull = client_pull,
	.finish = client_finish,
	.is_done = client_is_done,
	.reason = client_reason,
	.has_failed = client_has_failed,
};

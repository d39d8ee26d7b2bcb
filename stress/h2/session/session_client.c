// The session engine of the client: nghttp2_session behind struct h2_client_engine.
#include "engine.h"
#include "session_shared.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SENT_HEADER_BYTES                                                                                         \
	(16U << 20) // what is too much is for the server to say; nghttp2 alone would not send 64 KiB

struct h2_client {
	struct h2_client_config config;
	nghttp2_session *session;
	struct h2_held held;
	struct exchange *current; // of the stream that callbacks were last about
	int32_t current_id;
	bool settings_seen;
	bool failed; // we sent GOAWAY with an error
	char reason[160];
};

static struct exchange *find(struct h2_client *c, int32_t id)
{
	if (c->current_id != id) {
		c->current = nghttp2_session_get_stream_user_data(c->session, id);
		c->current_id = id;
	}
	return c->current;
}

// ---- what came ----------------------------------------------------------------------------------------------

static int on_begin_frame(__attribute__((unused)) nghttp2_session *session, const nghttp2_frame_hd *hd, void *arg)
{
	struct h2_client *c = arg;
	h2_count_frame(c->config.counters, H2_FRAMES_IN, hd->type);
	return 0;
}

static int on_begin_headers(__attribute__((unused)) nghttp2_session *session, const nghttp2_frame *frame,
                            void *arg)
{
	struct exchange *x = find(arg, frame->hd.stream_id);
	if (x)
		exchange_fields(x);
	return 0;
}

static int on_header(__attribute__((unused)) nghttp2_session *session, const nghttp2_frame *frame,
                     nghttp2_rcbuf *name, nghttp2_rcbuf *value, __attribute__((unused)) uint8_t flags, void *arg)
{
	struct exchange *x = find(arg, frame->hd.stream_id);
	if (x) {
		nghttp2_vec n = nghttp2_rcbuf_get_buf(name), v = nghttp2_rcbuf_get_buf(value);
		exchange_field(x, n.base, n.len, v.base, v.len);
	}
	return 0;
}

// What HTTP/2 does not allow in a field makes the response malformed (RFC 9113, 8.2.1); without this nghttp2 would
// leave the field out and go on.
static int on_invalid_header(__attribute__((unused)) nghttp2_session *session,
                             __attribute__((unused)) const nghttp2_frame *frame,
                             __attribute__((unused)) nghttp2_rcbuf *name,
                             __attribute__((unused)) nghttp2_rcbuf *value, __attribute__((unused)) uint8_t flags,
                             __attribute__((unused)) void *arg)
{
	return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int on_data(__attribute__((unused)) nghttp2_session *session, __attribute__((unused)) uint8_t flags,
                   int32_t id, const uint8_t *bytes, size_t len, void *arg)
{
	struct exchange *x = find(arg, id);
	if (x)
		exchange_data(x, bytes, len);
	return 0;
}

static void take_settings(struct h2_client *c, const nghttp2_frame *frame)
{
	if (frame->hd.flags & NGHTTP2_FLAG_ACK)
		return;
	c->settings_seen = true;
	c->config.events->settings(c->config.arg, nghttp2_session_get_remote_settings(
	                                                  c->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
}

static int on_frame(__attribute__((unused)) nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct h2_client *c = arg;
	struct exchange *x;
	switch (frame->hd.type) {
	case NGHTTP2_DATA:
	case NGHTTP2_HEADERS:
		x = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) ? find(c, frame->hd.stream_id) : NULL;
		if (x)
			x->ended = true;
		break;
	case NGHTTP2_SETTINGS:
		take_settings(c, frame);
		break;
	case NGHTTP2_RST_STREAM:
		h2_count(c->config.counters, H2_RESETS_IN, 1);
		break;
	case NGHTTP2_GOAWAY:
		h2_count(c->config.counters, H2_GOAWAYS_IN, 1);
		c->config.events->goaway(c->config.arg, (uint32_t)frame->goaway.last_stream_id,
		                         frame->goaway.error_code, frame->goaway.opaque_data,
		                         frame->goaway.opaque_data_len);
		break;
	default:
		break;
	}
	return 0;
}

// A frame that breaks the rules of its stream: nghttp2 answers it with RST_STREAM or GOAWAY.
static int on_invalid_frame(__attribute__((unused)) nghttp2_session *session, const nghttp2_frame *frame, int code,
                            void *arg)
{
	struct h2_client *c = arg;
	h2_count(c->config.counters, H2_BAD, 1);
	if (c->reason[0] == '\0')
		snprintf(c->reason, sizeof(c->reason), "an invalid frame of type %u: %s", frame->hd.type,
		         nghttp2_strerror(code));
	return 0;
}

static int on_stream_close(__attribute__((unused)) nghttp2_session *session, int32_t id, uint32_t code, void *arg)
{
	struct h2_client *c = arg;
	struct exchange *x = find(c, id);
	c->current_id = 0;
	c->current = NULL;
	if (x)
		c->config.events->ended(c->config.arg, x, code, x->reset_by_us && !x->ended);
	return 0;
}

// We end the connection; nghttp2's words for why are in its GOAWAY, unless it said them before.
static void fail(struct h2_client *c, const nghttp2_goaway *goaway)
{
	c->failed = true;
	const char *name = nghttp2_http2_strerror(goaway->error_code);
	if (c->reason[0] == '\0' && goaway->opaque_data_len == 0)
		snprintf(c->reason, sizeof(c->reason), "%s", name);
	else if (c->reason[0] == '\0')
		snprintf(c->reason, sizeof(c->reason), "%.*s (%s)", (int)goaway->opaque_data_len,
		         (const char *)goaway->opaque_data, name);
}

static int on_frame_sent(__attribute__((unused)) nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct h2_client *c = arg;
	h2_count_frame(c->config.counters, H2_FRAMES_OUT, frame->hd.type);
	if (frame->hd.type == NGHTTP2_RST_STREAM) {
		struct exchange *x = find(c, frame->hd.stream_id);
		h2_count(c->config.counters, H2_RESETS_OUT, 1);
		if (x)
			x->reset_by_us = true;
	} else if (frame->hd.type == NGHTTP2_GOAWAY) {
		h2_count(c->config.counters, H2_GOAWAYS_OUT, 1);
		if (frame->goaway.error_code != NGHTTP2_NO_ERROR)
			fail(c, &frame->goaway);
	}
	return 0;
}

static int on_error(__attribute__((unused)) nghttp2_session *session, __attribute__((unused)) int code,
                    const char *text, size_t len, void *arg)
{
	struct h2_client *c = arg;
	if (c->reason[0] == '\0')
		snprintf(c->reason, sizeof(c->reason), "%.*s", (int)len, text);
	return 0;
}

// ---- opening ------------------------------------------------------------------------------------------------

static int make_session(struct h2_client *c)
{
	nghttp2_session_callbacks *callbacks = NULL;
	nghttp2_option *options = NULL;
	if (nghttp2_session_callbacks_new(&callbacks) != 0)
		return -ENOMEM;
	if (nghttp2_option_new(&options) != 0) {
		nghttp2_session_callbacks_del(callbacks);
		return -ENOMEM;
	}
	nghttp2_option_set_max_send_header_block_length(options, SENT_HEADER_BYTES);
	nghttp2_option_set_max_deflate_dynamic_table_size(options, c->config.settings.encoder_table);
	nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
	nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback2(callbacks, on_header);
	nghttp2_session_callbacks_set_on_invalid_header_callback2(callbacks, on_invalid_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
	nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
	nghttp2_session_callbacks_set_error_callback2(callbacks, on_error);
	int rc = nghttp2_session_client_new3(&c->session, callbacks, c, options, h2_pool_mem(c->config.pool));
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_option_del(options);
	return h2_session_errno(rc);
}

static int greet(struct h2_client *c)
{
	nghttp2_settings_entry entries[H2_CLIENT_ENTRIES];
	const size_t count = h2_client_entries(&c->config.settings, entries);
	int rc = nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, entries, count);
	if (rc == 0)
		rc = nghttp2_session_set_local_window_size(c->session, NGHTTP2_FLAG_NONE, 0,
		                                           (int32_t)c->config.settings.connection_window);
	return h2_session_errno(rc);
}

static void client_close(struct h2_client *c)
{
	if (!c)
		return;
	nghttp2_session_del(c->session);
	h2_pool_give(c->config.pool, c);
}

static int client_open(const struct h2_client_config *config, struct h2_client **out)
{
	struct h2_client *c = h2_pool_take(config->pool, sizeof(*c));
	if (!c)
		return -ENOMEM;
	memset(c, 0, sizeof(*c));
	c->config = *config;
	int rc = make_session(c);
	if (rc == 0)
		rc = greet(c);
	if (rc < 0)
		client_close(c);
	else
		*out = c;
	return rc;
}

// ---- requests and bytes -------------------------------------------------------------------------------------

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *to, size_t room, uint32_t *flags,
                         nghttp2_data_source *source, __attribute__((unused)) void *arg)
{
	struct exchange *x = source->ptr;
	if (nghttp2_session_get_stream_user_data(session, id) != x) // given up
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	const struct h2_prepared *p = x->prepared;
	size_t n = h2_body_read(&p->body, x->body_sent, to, room);
	x->body_sent += n;
	if (x->body_sent < p->body.length)
		return (ssize_t)n;
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (p->trailer_count > 0) {
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
		const int rc = nghttp2_submit_trailer(session, id, p->trailers, p->trailer_count);
		if (rc < 0)
			return nghttp2_is_fatal(rc) ? NGHTTP2_ERR_CALLBACK_FAILURE
			                            : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	}
	return (ssize_t)n;
}

static int client_submit(struct h2_client *c, struct exchange *x)
{
	const struct h2_prepared *p = x->prepared;
	const nghttp2_data_provider provider = { .source.ptr = x, .read_callback = read_body };
	const bool has_body = p->body.length > 0 || p->trailer_count > 0;
	int32_t id = nghttp2_submit_request(c->session, NULL, p->headers, p->header_count,
	                                    has_body ? &provider : NULL, x);
	x->stream = id;
	return id < 0 ? h2_session_errno(id) : 0;
}

static int client_cancel(struct h2_client *c, struct exchange *x)
{
	// The stream closes when its RST_STREAM goes out, which may be never: it knows the exchange no longer.
	int rc = nghttp2_submit_rst_stream(c->session, NGHTTP2_FLAG_NONE, x->stream, NGHTTP2_CANCEL);
	if (rc == 0)
		rc = nghttp2_session_set_stream_user_data(c->session, x->stream, NULL);
	if (rc < 0)
		return h2_session_errno(rc);
	c->current_id = 0;
	c->current = NULL;
	x->reset_by_us = true;
	c->config.events->ended(c->config.arg, x, NGHTTP2_CANCEL, !x->ended);
	return 0;
}

static int client_receive(struct h2_client *c, const uint8_t *bytes, size_t len)
{
	ssize_t n = nghttp2_session_mem_recv(c->session, bytes, len);
	if (n >= 0)
		return 0;
	if (c->reason[0] == '\0')
		snprintf(c->reason, sizeof(c->reason), "%s", nghttp2_strerror((int)n));
	return h2_session_errno((int)n);
}

static ssize_t client_pull(struct h2_client *c, uint8_t *to, size_t room)
{
	return h2_session_pull(c->session, &c->held, to, room);
}

static int client_finish(struct h2_client *c)
{
	return h2_session_errno(nghttp2_session_terminate_session(c->session, NGHTTP2_NO_ERROR));
}

static bool client_is_done(struct h2_client *c)
{
	return c->held.len == 0 && !nghttp2_session_want_read(c->session) &&
	       !nghttp2_session_want_write(c->session);
}

static const char *client_reason(const struct h2_client *c)
{
	return c->reason;
}

static bool client_has_failed(const struct h2_client *c)
{
	return c->failed;
}

const struct h2_client_engine h2_session_client = {
	.name = "session",
	.open = client_open,
	.close = client_close,
	.submit = client_submit,
	.cancel = client_cancel,
	.receive = client_receive,
	.pull = client_pull,
	.finish = client_finish,
	.is_done = client_is_done,
	.reason = client_reason,
	.has_failed = client_has_failed,
};

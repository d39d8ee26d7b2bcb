// The session engine of the server: nghttp2_session behind struct h2_server_engine.
#include "session_server.h"

#include "clock.h"
#include "exchange.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define FAR_BEYOND 4U // times the limit of a header; what is larger gets no 431, but a reset
#define CONNECTION_BYTES (16 << 20)

// ---- requests -----------------------------------------------------------------------------------------------

static struct request *request_new(struct h2_session *s)
{
	struct request *r = h2_pool_take(s->shared->pool, sizeof(*r));
	if (!r)
		return NULL;
	memset(r, 0,
	       offsetof(struct request, reply.status)); // the texts behind it are written before they are read
	r->header_hash = r->trailer_hash = H2_HASH_START;
	r->content_length = -1;
	r->owner = s;
	s->uploading++;
	r->next = s->requests;
	if (r->next)
		r->next->prev = r;
	s->requests = r;
	return r;
}

struct request *session_find(struct h2_session *s, int32_t id)
{
	if (!s->current || s->current->id != id)
		s->current = nghttp2_session_get_stream_user_data(s->session, id);
	return s->current;
}

static void drop(nghttp2_rcbuf *b)
{
	if (b)
		nghttp2_rcbuf_decref(b);
}

static void has_come(struct h2_session *s, struct request *r)
{
	s->uploading -= !r->whole;
	s->slow -= !r->whole && r->plan.rate > 0;
	s->moved++;
	r->whole = true;
}

static void request_free(struct h2_session *s, struct request *r)
{
	session_wake_up(s, r);
	has_come(s, r);
	s->current = NULL;
	s->answering -= r->answered;
	if (r->prev)
		r->prev->next = r->next;
	else
		s->requests = r->next;
	if (r->next)
		r->next->prev = r->prev;
	drop(r->method);
	drop(r->path);
	drop(r->authority);
	h2_upload_deinit(&r->upload, s->shared);
	session_release(s, r->memo);
	h2_reply_deinit(&r->reply);
	h2_pool_give(s->shared->pool, r);
}

// ---- floods -------------------------------------------------------------------------------------------------

static void cost(struct h2_session *s, enum h2_cost n)
{
	const bool had = s->credit >= 0;
	s->credit -= (int)n;
	if (had && s->credit < 0)
		nghttp2_session_terminate_session(s->session, NGHTTP2_ENHANCE_YOUR_CALM);
}

static void earn(struct h2_session *s)
{
	if (s->credit >= 0 && s->credit < H2_CREDIT)
		s->credit++;
}

static bool asks_for_nothing(const nghttp2_frame_hd *hd)
{
	switch (hd->type) {
	case NGHTTP2_HEADERS:
	case NGHTTP2_CONTINUATION:
		return false;
	case NGHTTP2_DATA:
		return hd->length == 0 && !(hd->flags & NGHTTP2_FLAG_END_STREAM);
	default:
		return true;
	}
}

// ---- what came ----------------------------------------------------------------------------------------------

// A stream id that is neither greater than those before nor one of theirs, which nghttp2 would read over.
static bool goes_back(struct h2_session *s, nghttp2_session *session, const nghttp2_frame_hd *hd)
{
	if (hd->type != NGHTTP2_HEADERS || hd->stream_id > s->newest) {
		s->newest = hd->type == NGHTTP2_HEADERS ? hd->stream_id : s->newest;
		return false;
	}
	return hd->stream_id % 2 == 1 && hd->stream_id <= nghttp2_session_get_last_proc_stream_id(session) &&
	       !nghttp2_session_get_stream_user_data(session, hd->stream_id) &&
	       !wire_ids_have(&s->ended, (uint32_t)hd->stream_id);
}

static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *hd, void *arg)
{
	struct h2_session *s = arg;
	h2_count_frame(s->shared->counters, H2_FRAMES_IN, hd->type);
	s->greeted |= hd->type == NGHTTP2_SETTINGS;
	s->acked |= hd->type == NGHTTP2_SETTINGS && (hd->flags & NGHTTP2_FLAG_ACK);
	if (hd->type == NGHTTP2_HEADERS || hd->type == NGHTTP2_CONTINUATION)
		s->header = hd->flags & NGHTTP2_FLAG_END_HEADERS ? 0 : (uint32_t)hd->stream_id;
	if (goes_back(s, session, hd) && !s->over) {
		s->over = true;
		h2_count(s->shared->counters, H2_BAD, 1);
		nghttp2_session_terminate_session(session, NGHTTP2_PROTOCOL_ERROR);
	}
	if (asks_for_nothing(hd))
		cost(s, H2_COST_FRAME);
	return 0;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct h2_session *s = arg;
	if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
		wire_fields_begin(&s->section, WIRE_TRAILERS, s->shared->limits.max_header_bytes);
		return 0;
	}
	struct request *r = request_new(s);
	if (!r)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	r->id = frame->hd.stream_id;
	h2_count(s->shared->counters, H2_STREAMS, 1);
	nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, r);
	s->current = r;
	return 0;
}

static int take_field(struct h2_session *s, struct request *r, nghttp2_rcbuf *name, nghttp2_rcbuf *value)
{
	const bool was_too_large = r->headers_too_large;
	session_take_header(s, r, name, value);
	if (r->headers_too_large && !was_too_large)
		cost(s, H2_COST_TOO_LARGE);
	// Far beyond the limit nghttp2 is told to read over the rest.
	return r->header_bytes / FAR_BEYOND > s->shared->limits.max_header_bytes
	               ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE
	               : 0;
}

static int on_header(__attribute__((unused)) nghttp2_session *session, const nghttp2_frame *frame,
                     nghttp2_rcbuf *name, nghttp2_rcbuf *value, __attribute__((unused)) uint8_t flags, void *arg)
{
	struct h2_session *s = arg;
	struct request *r = session_find(s, frame->hd.stream_id);
	if (!r || r->is_bad)
		return 0;
	if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
		return session_knows(s, r, name, value) ? 0 : take_field(s, r, name, value);
	session_take_trailer(s, r, name, value);
	return 0;
}

// Reset, as nghttp2 does it where it judges requests itself. 0 or nghttp2's error.
static int refuse_malformed(struct h2_session *s, struct request *r)
{
	r->is_bad = true;
	h2_count(s->shared->counters, H2_BAD, 1);
	cost(s, H2_COST_MALFORMED);
	return nghttp2_submit_rst_stream(s->session, NGHTTP2_FLAG_NONE, r->id, NGHTTP2_PROTOCOL_ERROR);
}

// Whether the request is right so far, of which all bytes of that frame have come.
static bool is_right(struct h2_session *s, struct request *r, const nghttp2_frame *frame)
{
	const bool end_stream = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
	if (frame->hd.type == NGHTTP2_DATA)
		return !end_stream || r->content_length < 0 || (uint64_t)r->content_length == r->received;
	return frame->headers.cat == NGHTTP2_HCAT_REQUEST ? session_end_header(s, r, end_stream)
	                                                  : session_end_trailers(s, r, end_stream);
}

static int on_data(nghttp2_session *session, __attribute__((unused)) uint8_t flags, int32_t id,
                   const uint8_t *bytes, size_t len, void *arg)
{
	struct h2_session *s = arg;
	struct request *r = session_find(s, id);
	h2_count(s->shared->counters, H2_BODY_IN, len);
	s->moved += len;
	nghttp2_session_consume_connection(session, len);
	if (r && r->plan.rate > 0 && !r->is_bad) {
		r->unread += len;
		if (r->alarm.place == 0)
			session_read_slowly(s, r, clock_now_ns());
	} else {
		nghttp2_session_consume_stream(session, id, len);
	}
	if (!r || r->is_bad)
		return 0;
	r->received += len;
	if (r->content_length >= 0 && r->received > (uint64_t)r->content_length)
		return nghttp2_is_fatal(refuse_malformed(s, r)) ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
	h2_upload_take(&r->upload, s->shared, session_text(r->method), bytes, len);
	if (r->plan.echoes)
		session_resume(s, r);
	return 0;
}

static void plan_upload(struct h2_session *s, struct request *r)
{
	r->plan = h2_route_plan(session_text(r->method), session_text(r->path));
	s->slow += r->plan.rate > 0;
}

static int shut(struct h2_session *s);

// Trailers do not open a request.
static void opened(struct h2_session *s, struct request *r, const nghttp2_frame *frame)
{
	const uint64_t most = s->shared->limits.goaway_after;
	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return;
	if (++s->opened == most && most > 0)
		shut(s);
	if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM) && !r->headers_too_large)
		plan_upload(s, r);
}

// A request is answered when it is whole, or as soon as it is clear that it will be refused.
static int maybe_respond(struct h2_session *s, const nghttp2_frame *frame)
{
	struct request *r = session_find(s, frame->hd.stream_id);
	if (!r || r->is_bad)
		return 0;
	if (!is_right(s, r, frame))
		return refuse_malformed(s, r);
	opened(s, r, frame);
	if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
		has_come(s, r);
	bool refused = r->headers_too_large || r->upload.too_large || r->upload.no_memory;
	if (r->plan.echoes && r->answered && refused) // too late for a status
		return nghttp2_submit_rst_stream(s->session, NGHTTP2_FLAG_NONE, r->id, NGHTTP2_CANCEL);
	if (r->plan.echoes && r->answered)
		session_resume(s, r);
	return !r->answered && (r->whole || refused || r->plan.echoes) ? session_respond(s, r) : 0;
}

static int on_frame(__attribute__((unused)) nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct h2_session *s = arg;
	int rc = 0;
	switch (frame->hd.type) {
	case NGHTTP2_DATA:
	case NGHTTP2_HEADERS:
		rc = maybe_respond(s, frame);
		break;
	case NGHTTP2_RST_STREAM:
		h2_count(s->shared->counters, H2_RESETS_IN, 1);
		cost(s, H2_COST_RESET);
		break;
	case NGHTTP2_GOAWAY:
		h2_count(s->shared->counters, H2_GOAWAYS_IN, 1);
		break;
	default:
		break;
	}
	return nghttp2_is_fatal(rc) ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int on_invalid_frame(__attribute__((unused)) nghttp2_session *session,
                            __attribute__((unused)) const nghttp2_frame *frame, __attribute__((unused)) int code,
                            void *arg)
{
	struct h2_session *s = arg;
	h2_count(s->shared->counters, H2_BAD, 1);
	return 0;
}

static int on_stream_close(__attribute__((unused)) nghttp2_session *session, int32_t id,
                           __attribute__((unused)) uint32_t code, void *arg)
{
	struct h2_session *s = arg;
	struct request *r = session_find(s, id);
	wire_ids_put(&s->ended, (uint32_t)id);
	if (r)
		request_free(s, r);
	return 0;
}

static void count_sent(struct h2_counters *c, const nghttp2_frame *frame)
{
	h2_count_frame(c, H2_FRAMES_OUT, frame->hd.type);
	if (frame->hd.type == NGHTTP2_RST_STREAM) {
		h2_count(c, H2_RESETS_OUT, 1);
		h2_count(c, H2_REFUSED, frame->rst_stream.error_code == NGHTTP2_REFUSED_STREAM);
	} else if (frame->hd.type == NGHTTP2_GOAWAY) {
		h2_count(c, H2_GOAWAYS_OUT, 1);
	}
}

static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct h2_session *s = arg;
	count_sent(s->shared->counters, frame);
	const bool is_header = frame->hd.type == NGHTTP2_HEADERS;
	const bool carries = is_header || frame->hd.type == NGHTTP2_DATA;
	if (is_header)
		session_note_sent(s, session_find(s, frame->hd.stream_id));
	if (carries) {
		earn(s);
		s->moved++;
	}
	if (!carries || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	h2_count(s->shared->counters, H2_RESPONSES, 1);
	const struct request *r = session_find(s, frame->hd.stream_id);
	if (!r || r->whole)
		return 0;
	// The answer is out and the upload is not: the rest of it is not wanted (RFC 9113, 8.1).
	int rc = nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
	return nghttp2_is_fatal(rc) ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

// ---- the engine ---------------------------------------------------------------------------------------------

static int make_session(struct h2_session *s)
{
	nghttp2_session_callbacks *callbacks = NULL;
	nghttp2_option *options = NULL;
	if (nghttp2_session_callbacks_new(&callbacks) != 0)
		return -ENOMEM;
	if (nghttp2_option_new(&options) != 0) {
		nghttp2_session_callbacks_del(callbacks);
		return -ENOMEM;
	}
	nghttp2_option_set_no_auto_window_update(options, 1); // slow reading needs windows of our own
	nghttp2_option_set_no_http_messaging(options, 1);     // session_asked.c
	nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
	nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback2(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
	nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
	int rc = nghttp2_session_server_new3(&s->session, callbacks, s, options, h2_pool_mem(s->shared->pool));
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_option_del(options);
	return h2_session_errno(rc);
}

static uint32_t at_most_u32(uint64_t n)
{
	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

static int greet(struct h2_session *s)
{
	const struct h2_server_limits *limits = &s->shared->limits;
	const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits->max_streams },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits->window_bytes },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, at_most_u32(limits->max_header_bytes) },
		{ NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1 }, // no tree of them, and no closed streams in it
	};
	int rc = nghttp2_submit_settings(s->session, NGHTTP2_FLAG_NONE, settings,
	                                 sizeof(settings) / sizeof(settings[0]));
	if (rc == 0)
		rc = nghttp2_session_set_local_window_size(s->session, NGHTTP2_FLAG_NONE, 0, CONNECTION_BYTES);
	return h2_session_errno(rc);
}

static void session_close(struct h2_session *s)
{
	if (!s)
		return;
	nghttp2_session_del(s->session);
	while (s->requests)
		request_free(s, s->requests);
	session_forget_all(s);
	h2_pool_give(s->shared->pool, s->frame);
	h2_pool_give(s->shared->pool, s);
}

static int session_open(struct h2_server_shared *shared, void *owner, struct h2_session **out)
{
	struct h2_session *s = h2_pool_take(shared->pool, sizeof(*s));
	if (!s)
		return -ENOMEM;
	memset(s, 0, sizeof(*s));
	s->shared = shared;
	s->owner = owner;
	s->credit = H2_CREDIT;
	s->held.change = session_spell;
	s->held.arg = s;
	int rc = make_session(s);
	if (rc == 0)
		rc = greet(s);
	if (rc < 0)
		session_close(s);
	else
		*out = s;
	return rc;
}

static int session_receive(struct h2_session *s, const uint8_t *bytes, size_t len)
{
	ssize_t n = nghttp2_session_mem_recv(s->session, bytes, len);
	if (n < 0)
		h2_count(s->shared->counters, H2_BAD, 1);
	return n < 0 ? h2_session_errno((int)n) : 0;
}

static ssize_t session_pull(struct h2_session *s, uint8_t *to, size_t room)
{
	return h2_session_pull(s->session, &s->held, to, room);
}

static int session_notify_end(struct h2_session *s)
{
	return h2_session_errno(nghttp2_submit_shutdown_notice(s->session));
}

// Bodies without an end end now.
static void end_the_endless(struct h2_session *s)
{
	for (struct request *r = s->requests; r; r = r->next)
		if (r->submitted && r->reply.answer.endless && r->alarm.place > 0)
			h2_alarm_set(s->shared->alarms, &r->alarm, clock_now_ns());
}

static int shut(struct h2_session *s)
{
	if (s->ending || s->over)
		return 0;
	s->ending = true;
	if (s->shared->ending)
		end_the_endless(s);
	int32_t last = nghttp2_session_get_last_proc_stream_id(s->session);
	return h2_session_errno(
	        nghttp2_submit_goaway(s->session, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, NULL, 0));
}

static void session_waiting(const struct h2_session *s, struct h2_waiting *w)
{
	*w = (struct h2_waiting){ .greeted = s->greeted,
		                  .acked = s->acked,
		                  .receiving = s->header != 0 || s->uploading > s->slow,
		                  .sending = s->answering + s->slow > s->asleep,
		                  .ours = s->asleep > 0,
		                  .moved = s->moved };
}

static void session_fail(struct h2_session *s, uint32_t code, const char *text)
{
	if (s->over)
		return;
	s->over = true;
	const int32_t last = nghttp2_session_get_last_proc_stream_id(s->session);
	nghttp2_session_terminate_session2(s->session, last, code);
	(void)text; // nghttp2 sends none with its last GOAWAY
}

static bool session_is_done(struct h2_session *s)
{
	return s->held.len == 0 && !nghttp2_session_want_read(s->session) &&
	       !nghttp2_session_want_write(s->session);
}

const struct h2_server_engine h2_session_server = {
	.name = "session",
	.open = session_open,
	.close = session_close,
	.receive = session_receive,
	.pull = session_pull,
	.notify_end = session_notify_end,
	.end = shut,
	.is_done = session_is_done,
	.waiting = session_waiting,
	.fail = session_fail,
};

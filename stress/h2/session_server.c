// The session engine of the server: nghttp2_session behind struct h2_server_engine.
#include "clock.h"
#include "exchange.h"
#include "reply.h"
#include "session_shared.h"
#include "wire_flow.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define READ_EVERY (50 * SG_NS_PER_MS) // how often a slowly read stream's window is opened
#define CONNECTION_BYTES (16 << 20)

struct h2_session {
	struct h2_server_shared *shared;
	void *owner; // shared->wake's
	nghttp2_session *session;
	struct request *requests; // doubly linked
	struct h2_held held;
	int credit;
	uint64_t opened, moved;                      // requests; struct h2_waiting
	uint32_t uploading, answering, asleep, slow; // as the wire engine's
	uint32_t header;                             // the stream whose header is under way; 0: none
	struct wire_ids ended;                       // streams
	bool greeted, acked, over, ending;
};

// One stream, from its first header to its close.
struct request {
	struct request *next, *prev;
	struct h2_session *owner;
	int32_t id;
	struct h2_alarm alarm; // its answer's time, or that of reading on
	struct h2_upload_plan plan;
	uint64_t unread, read_ns; // bytes that came, and whose window is still closed; since when
	nghttp2_rcbuf *method, *path, *authority; // references
	uint64_t header_count, header_hash, header_bytes;
	struct h2_upload upload;
	uint64_t sent; // of the answer's body
	bool headers_too_large;
	bool whole; // END_STREAM has come
	bool answered, submitted; // its answer is known; and nghttp2's
	bool deferred;            // nghttp2 waits to be told of more body
	struct h2_reply reply;
};

static struct h2_text text_of(nghttp2_rcbuf *b)
{
	if (!b)
		return (struct h2_text){ "", 0 };
	nghttp2_vec v = nghttp2_rcbuf_get_buf(b);
	return (struct h2_text){ (const char *)v.base, v.len };
}

// ---- requests -----------------------------------------------------------------------------------------------

static struct request *request_new(struct h2_session *s)
{
	struct request *r = h2_pool_take(s->shared->pool, sizeof(*r));
	if (!r)
		return NULL;
	memset(r, 0, sizeof(*r));
	r->header_hash = H2_HASH_START;
	r->owner = s;
	s->uploading++;
	r->next = s->requests;
	if (r->next)
		r->next->prev = r;
	s->requests = r;
	return r;
}

static void drop(nghttp2_rcbuf *b)
{
	if (b)
		nghttp2_rcbuf_decref(b);
}

static void wake_up(struct h2_session *s, struct request *r)
{
	if (r->alarm.place == 0)
		return;
	h2_alarm_clear(s->shared->alarms, &r->alarm);
	s->asleep--;
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
	wake_up(s, r);
	has_come(s, r);
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
	h2_reply_deinit(&r->reply);
	h2_pool_give(s->shared->pool, r);
}

static void keep(nghttp2_rcbuf **place, nghttp2_rcbuf *value)
{
	nghttp2_rcbuf_incref(value);
	*place = value;
}

static void take_header(struct request *r, const struct h2_server_limits *limits, nghttp2_rcbuf *name,
                        nghttp2_rcbuf *value)
{
	nghttp2_vec n = nghttp2_rcbuf_get_buf(name), v = nghttp2_rcbuf_get_buf(value);
	r->header_bytes += n.len + v.len + 32;
	if (r->header_bytes > limits->max_header_bytes)
		r->headers_too_large = true;
	if (n.base[0] != ':') {
		r->header_count++;
		if (!r->headers_too_large) // beyond the limit nothing is spent on them
			r->header_hash = h2_header_hash(r->header_hash, n.base, n.len, v.base, v.len);
	} else if (n.len == 7 && n.base[1] == 'm') {
		keep(&r->method, value);
	} else if (n.len == 5) {
		keep(&r->path, value);
	} else if (n.len == 10 && n.base[1] == 'a') {
		keep(&r->authority, value);
	}
}

// ---- responses ----------------------------------------------------------------------------------------------

static void on_alarm(struct h2_alarm *a, uint64_t now_ns);

// False without memory for that, or without a loop.
static bool sleep_until(struct h2_session *s, struct request *r, uint64_t at_ns)
{
	wake_up(s, r);
	r->alarm.ring = on_alarm;
	if (!s->shared->alarms || h2_alarm_set(s->shared->alarms, &r->alarm, at_ns) < 0)
		return false;
	s->asleep++;
	return true;
}

// How much of the body there is by now; asks to be called again when there will be more. Negative: nghttp2's error.
static ssize_t see_body(struct h2_session *s, struct request *r)
{
	struct h2_body *body = &r->reply.answer.body;
	uint64_t withheld, next_ns = 0;
	if (r->plan.echoes) {
		*body = (struct h2_body){ buf_text(&r->upload.body), r->upload.body.len };
		if (!r->whole)
			body->length = H2_ENDLESS;
		withheld = body->length - r->upload.body.len;
	} else {
		withheld = h2_reply_withheld(&r->reply, s->shared, r->sent, &next_ns);
	}
	if (withheld == 0 || r->sent + withheld < body->length)
		return (ssize_t)(body->length - withheld - r->sent);
	if (next_ns != 0 && !sleep_until(s, r, next_ns))
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	r->deferred = true;
	return NGHTTP2_ERR_DEFERRED;
}

static ssize_t read_body(__attribute__((unused)) nghttp2_session *session, __attribute__((unused)) int32_t id,
                         uint8_t *to, size_t room, uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct h2_session *s = arg;
	struct request *r = source->ptr;
	const ssize_t there = see_body(s, r);
	if (there < 0)
		return there;
	size_t n = h2_body_read(&r->reply.answer.body, r->sent, to, (size_t)there < room ? (size_t)there : room);
	r->sent += n;
	s->moved += n;
	h2_count(s->shared->counters, H2_BODY_OUT, n);
	if (r->sent == r->reply.answer.body.length)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

static struct h2_incoming incoming(const struct h2_session *s, const struct request *r)
{
	return (struct h2_incoming){
		.method = text_of(r->method),
		.path = text_of(r->path),
		.authority = text_of(r->authority),
		.header_count = r->header_count,
		.header_hash = r->header_hash,
		.body = { buf_text(&r->upload.body), r->upload.body.len },
		.file = s->shared->file,
		.headers_too_large = r->headers_too_large,
		.body_too_large = r->upload.too_large,
		.no_memory = r->upload.no_memory,
	};
}

// Hands the answer to nghttp2.
static int submit(struct h2_session *s, struct request *r)
{
	const struct h2_incoming in = incoming(s, r);
	const nghttp2_data_provider provider = { .source.ptr = r, .read_callback = read_body };
	nghttp2_nv nv[H2_REPLY_FIELDS];
	size_t count = h2_reply_fields(&r->reply, &in, nv);
	r->submitted = true;
	return nghttp2_submit_response(s->session, r->id, nv, count, h2_reply_has_body(&r->reply) ? &provider : NULL);
}

static int respond(struct h2_session *s, struct request *r)
{
	const struct h2_incoming in = incoming(s, r);
	if (r->plan.echoes) // whatever it will be
		r->reply.answer = (struct h2_answer){ .status = 200,
			                              .type = "application/octet-stream",
			                              .body = { "", H2_ENDLESS } };
	else
		h2_route(&in, s->shared->counters, &r->reply.answer);
	r->answered = true;
	s->answering++;
	const uint64_t delay = r->reply.answer.delay_ns;
	return delay > 0 && sleep_until(s, r, clock_now_ns() + delay) ? 0 : submit(s, r);
}

// The window is opened at the plan's rate.
static void read_slowly(struct h2_session *s, struct request *r, uint64_t now_ns)
{
	if (r->whole || r->unread == 0)
		return;
	if (r->read_ns == 0 || r->read_ns + SG_NS_PER_S < now_ns)
		r->read_ns = now_ns;
	const bool asleep = sleep_until(s, r, now_ns + READ_EVERY);
	const double may = (double)(now_ns - r->read_ns) * (double)r->plan.rate / (double)SG_NS_PER_S;
	const uint64_t n = asleep && may < (double)r->unread ? (uint64_t)may : r->unread;
	if (n == 0)
		return;
	r->unread -= n;
	r->read_ns = now_ns;
	nghttp2_session_consume_stream(s->session, r->id, n);
}

static void resume(struct h2_session *s, struct request *r)
{
	if (!r->deferred)
		return;
	r->deferred = false;
	nghttp2_session_resume_data(s->session, r->id);
}

static void on_alarm(struct h2_alarm *a, uint64_t now_ns)
{
	struct request *r = (struct request *)(void *)((char *)a - offsetof(struct request, alarm));
	struct h2_session *s = r->owner;
	s->asleep--;
	if (!r->answered)
		read_slowly(s, r, now_ns);
	else if (r->submitted)
		resume(s, r);
	else if (nghttp2_is_fatal(submit(s, r)))
		nghttp2_session_terminate_session(s->session, NGHTTP2_INTERNAL_ERROR);
	s->shared->wake(s->owner);
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
static bool goes_back(const struct h2_session *s, nghttp2_session *session, const nghttp2_frame_hd *hd)
{
	return hd->type == NGHTTP2_HEADERS && hd->stream_id % 2 == 1 &&
	       hd->stream_id <= nghttp2_session_get_last_proc_stream_id(session) &&
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
	if (frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	struct request *r = request_new(s);
	if (!r)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	r->id = frame->hd.stream_id;
	h2_count(s->shared->counters, H2_STREAMS, 1);
	nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, r);
	return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                     nghttp2_rcbuf *value, __attribute__((unused)) uint8_t flags, void *arg)
{
	struct h2_session *s = arg;
	if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) // trailers
		return 0;
	struct request *r = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	if (r)
		take_header(r, &s->shared->limits, name, value);
	return 0;
}

static int on_data(nghttp2_session *session, __attribute__((unused)) uint8_t flags, int32_t id,
                   const uint8_t *bytes, size_t len, void *arg)
{
	struct h2_session *s = arg;
	struct request *r = nghttp2_session_get_stream_user_data(session, id);
	h2_count(s->shared->counters, H2_BODY_IN, len);
	s->moved += len;
	nghttp2_session_consume_connection(session, len);
	if (r && r->plan.rate > 0) {
		r->unread += len;
		if (r->alarm.place == 0)
			read_slowly(s, r, clock_now_ns());
	} else {
		nghttp2_session_consume_stream(session, id, len);
	}
	if (!r)
		return 0;
	h2_upload_take(&r->upload, s->shared, text_of(r->method), bytes, len);
	if (r->plan.echoes)
		resume(s, r);
	return 0;
}

static void plan_upload(struct h2_session *s, struct request *r)
{
	r->plan = h2_route_plan(text_of(r->method), text_of(r->path));
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
	struct request *r = nghttp2_session_get_stream_user_data(s->session, frame->hd.stream_id);
	if (!r)
		return 0;
	opened(s, r, frame);
	if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
		has_come(s, r);
	bool refused = r->headers_too_large || r->upload.too_large || r->upload.no_memory;
	if (r->plan.echoes && r->answered && refused) // too late for a status
		return nghttp2_submit_rst_stream(s->session, NGHTTP2_FLAG_NONE, r->id, NGHTTP2_CANCEL);
	if (r->plan.echoes && r->answered)
		resume(s, r);
	return !r->answered && (r->whole || refused || r->plan.echoes) ? respond(s, r) : 0;
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

static int on_stream_close(nghttp2_session *session, int32_t id, __attribute__((unused)) uint32_t code, void *arg)
{
	struct h2_session *s = arg;
	struct request *r = nghttp2_session_get_stream_user_data(session, id);
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
	bool carries = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
	if (carries) {
		earn(s);
		s->moved++;
	}
	if (!carries || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	h2_count(s->shared->counters, H2_RESPONSES, 1);
	const struct request *r = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
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

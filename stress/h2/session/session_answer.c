// The session engine of the server: answers, and their time.
#include "session_server.h"

#include "clock.h"

#include <stddef.h>

#define READ_EVERY (50 * SG_NS_PER_MS) // how often a slowly read stream's window is opened

struct h2_text session_text(nghttp2_rcbuf *b)
{
	if (!b)
		return (struct h2_text){ "", 0 };
	nghttp2_vec v = nghttp2_rcbuf_get_buf(b);
	return (struct h2_text){ (const char *)v.base, v.len };
}

void session_wake_up(struct h2_session *s, struct request *r)
{
	if (r->alarm.place == 0)
		return;
	h2_alarm_clear(s->shared->alarms, &r->alarm);
	s->asleep--;
}

static void on_alarm(struct h2_alarm *a, uint64_t now_ns);

// False without memory for that, or without a loop.
static bool sleep_until(struct h2_session *s, struct request *r, uint64_t at_ns)
{
	session_wake_up(s, r);
	r->alarm.ring = on_alarm;
	if (!s->shared->alarms || h2_alarm_set(s->shared->alarms, &r->alarm, at_ns) < 0)
		return false;
	s->asleep++;
	return true;
}

// How much of the body there is by now; asks to be called again when there will be more. Negative: nghttp2's
// error.
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

static struct h2_incoming incoming(const struct h2_session *s, const struct request *r);

// The body is out, and its end is the trailers'. 0 or nghttp2's error.
static int submit_trailers(struct h2_session *s, struct request *r)
{
	const struct h2_incoming in = incoming(s, r);
	nghttp2_nv nv[H2_REPLY_TRAILERS];
	const size_t count = h2_reply_trailers(&r->reply, &in, nv);
	return nghttp2_submit_trailer(s->session, r->id, nv, count);
}

static ssize_t read_body(__attribute__((unused)) nghttp2_session *session, __attribute__((unused)) int32_t id,
                         uint8_t *to, size_t room, uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct h2_session *s = arg;
	struct request *r = source->ptr;
	s->current = r; // the frame is told of next
	const ssize_t there = see_body(s, r);
	if (there < 0)
		return there;
	size_t n = h2_body_read(&r->reply.answer.body, r->sent, to, (size_t)there < room ? (size_t)there : room);
	r->sent += n;
	s->moved += n;
	h2_count(s->shared->counters, H2_BODY_OUT, n);
	if (r->sent < r->reply.answer.body.length)
		return (ssize_t)n;
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (h2_reply_has_trailers(&r->reply)) {
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
		if (nghttp2_is_fatal(submit_trailers(s, r)))
			return NGHTTP2_ERR_CALLBACK_FAILURE;
	}
	return (ssize_t)n;
}

static struct h2_incoming incoming(const struct h2_session *s, const struct request *r)
{
	return (struct h2_incoming){
		.method = session_text(r->method),
		.path = session_text(r->path),
		.authority = session_text(r->authority),
		.header_count = r->header_count,
		.header_hash = r->header_hash,
		.trailer_count = r->trailer_count,
		.trailer_hash = r->trailer_hash,
		.body = { buf_text(&r->upload.body), r->upload.body.len },
		.file = s->shared->file,
		.headers_too_large = r->headers_too_large,
		.body_too_large = r->upload.too_large,
		.no_memory = r->upload.no_memory,
		.is_mute = s->shared->is_mute,
	};
}

static int submit_fields(struct h2_session *s, struct request *r, const nghttp2_nv *nv, size_t count)
{
	const nghttp2_data_provider provider = { .source.ptr = r, .read_callback = read_body };
	const bool more = h2_reply_has_body(&r->reply) || h2_reply_has_trailers(&r->reply);
	r->submitted = true;
	return nghttp2_submit_response(s->session, r->id, nv, count, more ? &provider : NULL);
}

// Those of its memo.
static int submit_again(struct h2_session *s, struct request *r)
{
	r->is_short = session_is_spelled(s, r->memo);
	return submit_fields(s, r, r->memo->nv, r->is_short ? 1 : r->memo->count);
}

// Hands the answer to nghttp2.
static int submit(struct h2_session *s, struct request *r, const struct h2_incoming *in)
{
	nghttp2_nv nv[H2_REPLY_FIELDS];
	session_remember(s, r, in);
	if (r->memo)
		return submit_again(s, r);
	const size_t count = h2_reply_fields(&r->reply, in, nv);
	return submit_fields(s, r, nv, count);
}

// Made for this request.
static int respond_anew(struct h2_session *s, struct request *r)
{
	const struct h2_incoming in = incoming(s, r);
	if (r->plan.echoes) // whatever it will be
		r->reply.answer = h2_route_echo(&r->plan);
	else
		h2_route(&in, s->shared->counters, &r->reply.answer);
	const uint64_t delay = r->reply.answer.delay_ns;
	return delay > 0 && sleep_until(s, r, clock_now_ns() + delay) ? 0 : submit(s, r, &in);
}

int session_respond(struct h2_session *s, struct request *r)
{
	r->answered = true;
	s->answering++;
	if (!r->memo)
		return respond_anew(s, r);
	r->reply.answer = r->memo->reply.answer;
	return submit_again(s, r);
}

// The window is opened at the plan's rate.
void session_read_slowly(struct h2_session *s, struct request *r, uint64_t now_ns)
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

void session_resume(struct h2_session *s, struct request *r)
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
	const struct h2_incoming in = incoming(s, r);
	s->asleep--;
	if (!r->answered)
		session_read_slowly(s, r, now_ns);
	else if (r->submitted)
		session_resume(s, r);
	else if (nghttp2_is_fatal(submit(s, r, &in)))
		nghttp2_session_terminate_session(s->session, NGHTTP2_INTERNAL_ERROR);
	s->shared->wake(s->owner);
}

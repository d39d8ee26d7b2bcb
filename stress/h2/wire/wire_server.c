// The wire engine of the server: frames of our own making behind struct h2_server_engine. This half opens, answers
// and ends.
#include "wire_server.h"

#include "client_settings.h"
#include "clock.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define READ_EVERY (50 * SG_NS_PER_MS) // how often a slowly read stream's window is opened

// ---- the requests' life -------------------------------------------------------------------------------------

static void leave_waiting(struct h2_session *s, struct wire_request *r)
{
	if (!r->waiting)
		return;
	r->waiting = false;
	*(r->prev_waiting ? &r->prev_waiting->next_waiting : &s->waiting) = r->next_waiting;
	*(r->next_waiting ? &r->next_waiting->prev_waiting : &s->waiting_last) = r->prev_waiting;
}

static void wake_up(struct h2_session *s, struct wire_request *r)
{
	if (r->alarm.place == 0)
		return;
	h2_alarm_clear(s->shared->alarms, &r->alarm);
	s->asleep--;
}

void wire_server_whole(struct h2_session *s, struct wire_request *r)
{
	s->uploading -= !r->whole;
	s->slow -= !r->whole && r->plan.rate > 0;
	s->moved++;
	r->whole = true;
}

void wire_request_forget(struct h2_session *s, struct wire_request *r)
{
	wake_up(s, r);
	wire_server_whole(s, r);
	s->answering -= r->answered;
	leave_waiting(s, r);
	wire_sending_leave(&s->sending, &r->sender);
	*(r->prev ? &r->prev->next : &s->first) = r->next;
	if (r->next)
		r->next->prev = r->prev;
	wire_map_remove(&s->streams, &r->sender.node);
	h2_upload_deinit(&r->upload, s->shared);
	h2_reply_deinit(&r->reply);
	wire_asked_release(s, r->asked);
	h2_pool_give(s->shared->pool, r);
}

void wire_server_reset(struct h2_session *s, uint32_t id, struct wire_request *r, uint32_t code)
{
	wire_out_u32(&s->out, NGHTTP2_RST_STREAM, id, code);
	wire_server_count_out(s, NGHTTP2_RST_STREAM);
	h2_count(s->shared->counters, H2_RESETS_OUT, 1);
	h2_count(s->shared->counters, H2_REFUSED, code == NGHTTP2_REFUSED_STREAM);
	wire_ids_put(&s->resets, id);
	if (r)
		wire_request_forget(s, r);
}

// The last stream that a GOAWAY may name: what an earlier one left out stays left out (RFC 9113, 6.8).
static uint32_t last_taken(const struct h2_session *s)
{
	return s->last_id < s->goaway_last ? s->last_id : s->goaway_last;
}

static void say_goaway(struct h2_session *s, uint32_t last, uint32_t code, const char *text)
{
	wire_out_goaway(&s->out, last, code, text);
	wire_server_count_out(s, NGHTTP2_GOAWAY);
	h2_count(s->shared->counters, H2_GOAWAYS_OUT, 1);
}

void wire_server_fail(struct h2_session *s, struct wire_fault fault)
{
	if (s->over)
		return;
	s->over = true;
	h2_count(s->shared->counters, H2_BAD, 1);
	say_goaway(s, last_taken(s), fault.code, fault.why);
}

void wire_server_cost(struct h2_session *s, enum h2_cost cost)
{
	s->credit -= (int)cost;
	if (s->credit < 0)
		wire_server_fail(s, (struct wire_fault){ NGHTTP2_ENHANCE_YOUR_CALM,
		                                         "too many frames that ask for nothing" });
}

static void earn(struct h2_session *s)
{
	if (s->credit < H2_CREDIT)
		s->credit++;
}

// ---- answers ------------------------------------------------------------------------------------------------

static struct h2_incoming incoming(const struct h2_session *s, const struct wire_request *r)
{
	const struct wire_asked *a = r->asked;
	return (struct h2_incoming){
		.method = a->method,
		.path = a->path,
		.authority = a->authority,
		.header_count = a->header_count,
		.header_hash = a->header_hash,
		.trailer_count = r->trailer_count,
		.trailer_hash = r->trailer_hash,
		.body = { buf_text(&r->upload.body), r->upload.body.len },
		.file = s->shared->file,
		.headers_too_large = a->too_large,
		.body_too_large = r->upload.too_large,
		.no_memory = r->upload.no_memory,
		.is_mute = s->shared->is_mute,
	};
}

static void wait_for_turn(struct h2_session *s, struct wire_request *r)
{
	r->waiting = true;
	r->prev_waiting = s->waiting_last;
	*(s->waiting_last ? &s->waiting_last->next_waiting : &s->waiting) = r;
	s->waiting_last = r;
}

static void on_alarm(struct h2_alarm *a, uint64_t now_ns);

// False without memory for that, or without a loop.
static bool sleep_until(struct h2_session *s, struct wire_request *r, uint64_t at_ns)
{
	wake_up(s, r);
	r->alarm.ring = on_alarm;
	if (!s->shared->alarms || h2_alarm_set(s->shared->alarms, &r->alarm, at_ns) < 0)
		return false;
	s->asleep++;
	return true;
}

void wire_server_read_slowly(struct h2_session *s, struct wire_request *r, uint64_t now_ns)
{
	const uint64_t used = (uint64_t)(r->window.full - r->window.left);
	if (r->whole || used == 0)
		return;
	if (r->read_ns == 0 || r->read_ns + SG_NS_PER_S < now_ns)
		r->read_ns = now_ns;
	const bool asleep = sleep_until(s, r, now_ns + READ_EVERY);
	const double may = (double)(now_ns - r->read_ns) * (double)r->plan.rate / (double)SG_NS_PER_S;
	const uint64_t n = asleep && may < (double)used ? (uint64_t)may : used;
	if (n > 0) {
		wire_out_u32(&s->out, NGHTTP2_WINDOW_UPDATE, r->sender.node.id, (uint32_t)n);
		wire_server_count_out(s, NGHTTP2_WINDOW_UPDATE);
		r->window.left += (int64_t)n;
		r->read_ns = now_ns;
	}
}

static void on_alarm(struct h2_alarm *a, uint64_t now_ns)
{
	struct wire_request *r = (struct wire_request *)(void *)((char *)a - offsetof(struct wire_request, alarm));
	struct h2_session *s = r->session;
	s->asleep--;
	if (!r->answered)
		wire_server_read_slowly(s, r, now_ns);
	else if (r->headed)
		wire_server_offer(s, r);
	else
		wait_for_turn(s, r);
	s->shared->wake(s->owner);
}

void wire_server_offer(struct h2_session *s, struct wire_request *r)
{
	uint64_t next_ns = 0;
	if (!r->headed || r->sender.done)
		return;
	if (r->plan.echoes) {
		r->sender.body = (struct h2_body){ buf_text(&r->upload.body), r->upload.body.len };
		if (!r->whole)
			r->sender.body.length = H2_ENDLESS;
		r->sender.withheld = r->sender.body.length - r->upload.body.len;
	} else {
		r->sender.withheld = h2_reply_withheld(&r->reply, s->shared, r->sender.sent, &next_ns);
		r->sender.body.length = r->reply.answer.body.length;
	}
	if (next_ns != 0 && r->sender.sent + r->sender.withheld == r->sender.body.length &&
	    r->sender.withheld > 0 && !sleep_until(s, r, next_ns))
		wire_server_reset(s, r->sender.node.id, r, NGHTTP2_INTERNAL_ERROR);
	else
		wire_sending_join(&s->sending, &r->sender);
}

void wire_server_answer(struct h2_session *s, struct wire_request *r)
{
	const struct h2_incoming in = incoming(s, r);
	if (r->plan.echoes) // whatever it will be
		r->reply.answer = h2_route_echo(&r->plan);
	else
		h2_route(&in, s->shared->counters, &r->reply.answer);
	r->answered = true;
	s->answering++;
	r->sender.trailing = h2_reply_has_trailers(&r->reply);
	if (h2_reply_has_body(&r->reply))
		r->sender.body = r->reply.answer.body;
	else
		r->sender.done = !r->sender.trailing;
	const uint64_t delay = r->reply.answer.delay_ns;
	if (delay == 0 || !sleep_until(s, r, clock_now_ns() + delay))
		wait_for_turn(s, r);
}

// What was asked says all of the answer's header: made once, it is the same each time.
static bool is_settled(const struct wire_request *r)
{
	return !r->reply.answer.owned && !h2_route_keeps_body(r->asked->method) && !r->asked->too_large;
}

static ssize_t put_header(struct h2_session *s, struct wire_request *r, uint8_t *to, size_t room)
{
	nghttp2_nv fields[H2_REPLY_FIELDS];
	const void *key = is_settled(r) ? (const void *)(uintptr_t)r->asked->serial : NULL;
	size_t count = 0;
	if (!wire_encoder_known(&s->sending.encoder, key)) {
		const struct h2_incoming in = incoming(s, r);
		count = h2_reply_fields(&r->reply, &in, fields);
	}
	wire_server_count_out(s, NGHTTP2_HEADERS);
	return wire_sending_headers(&s->sending, &r->sender, key, fields, count, &s->out, to, room);
}

// Its answer is out.
static void finish(struct h2_session *s, struct wire_request *r)
{
	h2_count(s->shared->counters, H2_RESPONSES, 1);
	earn(s);
	if (!r->whole) { // the rest of the upload is not wanted (RFC 9113, 8.1)
		wire_server_reset(s, r->sender.node.id, r, NGHTTP2_NO_ERROR);
		return;
	}
	wire_ids_put(&s->closed, r->sender.node.id);
	wire_request_forget(s, r);
}

// All of the answer but its trailers is out. They end it: bytes put to `to`, as far as there is room.
static size_t pull_trailers(struct h2_session *s, struct wire_request *r, uint8_t *to, size_t room)
{
	static const char grpc_ok; // the key of the one that is always the same
	const bool is_ok = r->reply.answer.trailing == H2_TRAILING_GRPC && r->reply.answer.grpc_status == 0;
	const struct h2_incoming in = incoming(s, r);
	nghttp2_nv fields[H2_REPLY_TRAILERS];
	const size_t count = h2_reply_trailers(&r->reply, &in, fields);
	r->sender.done = true;
	wire_server_count_out(s, NGHTTP2_HEADERS);
	if (wire_sending_trailers(&s->sending, &r->sender, is_ok ? &grpc_ok : NULL, fields, count, &s->out) < 0)
		s->out.bytes.failed = true; // told at the next pull
	return wire_out_pull(&s->out, to, room);
}

static ssize_t pull_headers(struct h2_session *s, uint8_t *to, size_t room)
{
	size_t used = 0;
	while (s->waiting && room - used > WIRE_HEAD && wire_out_left(&s->out) == 0) {
		struct wire_request *r = s->waiting;
		const ssize_t n = put_header(s, r, to + used, room - used);
		if (n < 0)
			return n;
		used += (size_t)n;
		leave_waiting(s, r);
		r->headed = true;
		s->moved++;
		if (r->sender.trailing && !h2_reply_has_body(&r->reply))
			used += pull_trailers(s, r, to + used, room - used);
		if (r->sender.done)
			finish(s, r);
		else
			wire_server_offer(s, r);
		used += wire_out_pull(&s->out, to + used, room - used);
	}
	return (ssize_t)used;
}

static size_t pull_bodies(struct h2_session *s, uint8_t *to, size_t room)
{
	struct wire_sender *sender;
	size_t used = 0;
	while (wire_out_left(&s->out) == 0) {
		const uint64_t before = s->sending.turn ? s->sending.turn->sent : 0;
		const size_t n = wire_sending_data(&s->sending, to + used, room - used, &sender);
		if (n == 0)
			break;
		used += n;
		wire_server_count_out(s, NGHTTP2_DATA);
		h2_count(s->shared->counters, H2_BODY_OUT, sender->sent - before);
		earn(s);
		s->moved += sender->sent - before;
		if (sender->done && sender->trailing)
			used += pull_trailers(s, (struct wire_request *)sender, to + used, room - used);
		if (sender->done)
			finish(s, (struct wire_request *)sender);
		else if (sender->withheld > 0)
			wire_server_offer(s, (struct wire_request *)sender);
	}
	return used;
}

static ssize_t server_pull(struct h2_session *s, uint8_t *to, size_t room)
{
	if (s->out.bytes.failed)
		return -ENOMEM;
	size_t used = wire_out_pull(&s->out, to, room);
	if (s->over || wire_out_left(&s->out) > 0)
		return (ssize_t)used;
	const ssize_t n = pull_headers(s, to + used, room - used);
	if (n < 0)
		return n;
	used += (size_t)n;
	if (wire_out_left(&s->out) == 0)
		used += pull_bodies(s, to + used, room - used);
	return (ssize_t)used;
}

// ---- opening and ending -------------------------------------------------------------------------------------

static void greet(struct h2_session *s)
{
	const struct h2_server_limits *limits = &s->shared->limits;
	const uint64_t list = limits->max_header_bytes;
	const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits->max_streams },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits->window_bytes },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, list < UINT32_MAX ? (uint32_t)list : UINT32_MAX },
	};
	wire_out_settings(&s->out, settings, sizeof(settings) / sizeof(settings[0]));
	wire_server_count_out(s, NGHTTP2_SETTINGS);
	wire_out_u32(&s->out, NGHTTP2_WINDOW_UPDATE, 0, WIRE_SERVER_CONNECTION - WIRE_WINDOW);
	wire_server_count_out(s, NGHTTP2_WINDOW_UPDATE);
}

static void server_close(struct h2_session *s)
{
	if (!s)
		return;
	while (s->first)
		wire_request_forget(s, s->first);
	wire_map_deinit(&s->streams, s->shared->pool);
	wire_heard_deinit(s);
	wire_encoder_deinit(&s->sending.encoder);
	wire_decoder_deinit(&s->decoder);
	wire_reader_deinit(&s->reader);
	wire_out_deinit(&s->out);
	buf_deinit(&s->assembly.block);
	buf_deinit(&s->scratch);
	h2_pool_give(s->shared->pool, s);
}

static int server_open(struct h2_server_shared *shared, void *owner, struct h2_session **out)
{
	struct h2_session *s = h2_pool_take(shared->pool, sizeof(*s));
	if (!s)
		return -ENOMEM;
	*s = (struct h2_session){ .shared = shared,
		                  .owner = owner,
		                  .sending = WIRE_SENDING_START,
		                  .window = { WIRE_SERVER_CONNECTION, WIRE_SERVER_CONNECTION },
		                  .goaway_last = WIRE_MAX_ID,
		                  .credit = H2_CREDIT };
	wire_reader_init(&s->reader, shared->pool);
	int rc = wire_encoder_init(&s->sending.encoder, shared->pool, NGHTTP2_DEFAULT_HEADER_TABLE_SIZE);
	if (rc == 0)
		rc = wire_decoder_init(&s->decoder, shared->pool);
	if (rc == 0) {
		greet(s);
		rc = s->out.bytes.failed ? -ENOMEM : 0;
	}
	if (rc < 0)
		server_close(s);
	else
		*out = s;
	return rc;
}

static int server_notify_end(struct h2_session *s)
{
	if (!s->over)
		say_goaway(s, WIRE_MAX_ID, NGHTTP2_NO_ERROR, "");
	return s->out.bytes.failed ? -ENOMEM : 0;
}

// Bodies without an end end now.
static void end_the_endless(struct h2_session *s)
{
	for (struct wire_request *r = s->first; r; r = r->next)
		if (r->headed && r->reply.answer.endless && r->alarm.place > 0)
			h2_alarm_set(s->shared->alarms, &r->alarm, clock_now_ns());
}

int wire_server_end(struct h2_session *s)
{
	if (s->over || s->ending)
		return 0;
	if (s->shared->ending)
		end_the_endless(s);
	s->ending = true;
	s->goaway_last = s->last_id;
	say_goaway(s, s->last_id, NGHTTP2_NO_ERROR, "");
	return s->out.bytes.failed ? -ENOMEM : 0;
}

static bool server_is_done(struct h2_session *s)
{
	return wire_out_left(&s->out) == 0 && (s->over || ((s->ending || s->leaving) && !s->first));
}

static void server_waiting(const struct h2_session *s, struct h2_waiting *w)
{
	*w = (struct h2_waiting){ .greeted = s->settings_seen,
		                  .acked = s->settings_acked,
		                  .receiving = s->assembly.frame.stream != 0 || s->uploading > s->slow,
		                  .sending = s->answering + s->slow > s->asleep,
		                  .ours = s->asleep > 0,
		                  .moved = s->moved };
}

static void server_fail(struct h2_session *s, uint32_t code, const char *text)
{
	if (s->over)
		return;
	s->over = true;
	say_goaway(s, last_taken(s), code, text);
}

const struct h2_server_engine h2_wire_server = {
	.name = "wire",
	.open = server_open,
	.close = server_close,
	.receive = wire_server_receive,
	.pull = server_pull,
	.notify_end = server_notify_end,
	.end = wire_server_end,
	.is_done = server_is_done,
	.waiting = server_waiting,
	.fail = server_fail,
};

// The wire engine of the server: what comes in, held against RFC 9113 and against what a peer may cost.
#include "wire_server.h"

#include "clock.h"
#include "prepared.h"

#include <errno.h>
#include <string.h>

#define MAX_OUT (256U * 1024U) // answers that the client does not read

#define FAULT(code, why) ((struct wire_fault){ NGHTTP2_##code, (why) })
#define RIGHT ((struct wire_fault){ NGHTTP2_NO_ERROR, NULL })

// ---- streams ------------------------------------------------------------------------------------------------

// A frame other than HEADERS for a stream that is not open (5.1).
static struct wire_fault judge_absent(const struct h2_session *s, const struct wire_frame *f)
{
	if (f->stream % 2 == 0 || f->stream > s->last_id)
		return FAULT(PROTOCOL_ERROR, "a frame on a stream that was never opened");
	if (f->type == NGHTTP2_DATA && !wire_ids_have(&s->resets, f->stream))
		return FAULT(STREAM_CLOSED, "DATA on a stream that has ended");
	return RIGHT;
}

static struct wire_request *find(struct h2_session *s, const struct wire_frame *f)
{
	struct wire_request *r = wire_map_get(&s->streams, f->stream);
	const struct wire_fault fault = r ? RIGHT : judge_absent(s, f);
	if (fault.why)
		wire_server_fail(s, fault);
	return r;
}

static void malformed(struct h2_session *s, uint32_t id, struct wire_request *r, uint32_t code)
{
	h2_count(s->shared->counters, H2_BAD, 1);
	wire_server_reset(s, id, r, code);
	wire_server_cost(s, H2_COST_MALFORMED);
}

static struct wire_request *open_request(struct h2_session *s, uint32_t id, struct wire_asked *asked)
{
	struct wire_request *r = h2_pool_take(s->shared->pool, sizeof(*r));
	if (!r)
		return NULL;
	const int64_t window = s->shared->limits.window_bytes;
	*r = (struct wire_request){ .sender = { .node.id = id, .window = s->sending.initial_window },
		                    .session = s,
		                    .asked = asked,
		                    .trailer_hash = H2_HASH_START,
		                    .window = { window, window },
		                    .next = s->first };
	if (wire_map_put(&s->streams, s->shared->pool, &r->sender.node) < 0) {
		h2_pool_give(s->shared->pool, r);
		return NULL;
	}
	if (s->first)
		s->first->prev = r;
	s->first = r;
	s->uploading++;
	h2_count(s->shared->counters, H2_STREAMS, 1);
	return r;
}

// A request is answered when it is whole, or as soon as it is clear that it will be refused.
static void maybe_answer(struct h2_session *s, struct wire_request *r)
{
	const bool refused = r->asked->too_large || r->upload.too_large || r->upload.no_memory;
	if (r->plan.echoes && r->answered && refused) // too late for a status
		wire_server_reset(s, r->sender.node.id, r, NGHTTP2_CANCEL);
	else if (!r->answered && (r->whole || refused || r->plan.echoes))
		wire_server_answer(s, r);
	else if (r->plan.echoes)
		wire_server_offer(s, r);
}

// END_STREAM has come.
static void end_upload(struct h2_session *s, struct wire_request *r)
{
	if (r->asked->content_length >= 0 && (uint64_t)r->asked->content_length != r->received) {
		malformed(s, r->sender.node.id, r, NGHTTP2_PROTOCOL_ERROR);
		return;
	}
	wire_server_whole(s, r);
	maybe_answer(s, r);
}

// There is a body to come: how it is taken.
static void plan_upload(struct h2_session *s, struct wire_request *r)
{
	if (!r->asked->too_large)
		r->plan = h2_route_plan(r->asked->method, r->asked->path);
	s->slow += r->plan.rate > 0;
}

// ---- HEADERS ------------------------------------------------------------------------------------------------

// Says the fault of a section, if it has one. True when it was right.
static bool section_is_right(struct h2_session *s, uint32_t id, struct wire_request *r, struct wire_fault fault)
{
	if (!fault.why)
		return true;
	if (fault.code != NGHTTP2_PROTOCOL_ERROR)
		wire_server_fail(s, fault);
	else
		malformed(s, id, r, fault.code);
	return false;
}

static void take_trailers(struct h2_session *s, struct wire_request *r, const struct wire_frame *f,
                          const uint8_t *block, size_t len)
{
	const uint32_t id = f->stream;
	if (!section_is_right(s, id, r, wire_ask_trailers(s, block, len, r)))
		return;
	if (r->whole)
		malformed(s, id, r, NGHTTP2_STREAM_CLOSED);
	else if (!(f->flags & NGHTTP2_FLAG_END_STREAM))
		malformed(s, id, r, NGHTTP2_PROTOCOL_ERROR);
	else
		end_upload(s, r);
}

static void take_request(struct h2_session *s, const struct wire_frame *f, const uint8_t *block, size_t len)
{
	struct wire_asked *asked = NULL;
	const uint32_t id = f->stream;
	s->last_id = id;
	if (!section_is_right(s, id, NULL, wire_ask(s, block, len, &asked)))
		return;
	const bool too_late = id > s->goaway_last, full = s->streams.count >= s->shared->limits.max_streams;
	struct wire_request *r = too_late || full ? NULL : open_request(s, id, asked);
	if (!r) {
		wire_asked_release(s, asked);
		if (too_late) { // the client knows by our GOAWAY; what belongs to it may follow
			wire_ids_put(&s->resets, id);
			return;
		}
		wire_server_reset(s, id, NULL, NGHTTP2_REFUSED_STREAM);
		wire_server_cost(s, H2_COST_REFUSED);
		return;
	}
	if (asked->too_large)
		wire_server_cost(s, H2_COST_TOO_LARGE);
	const uint64_t most = s->shared->limits.goaway_after;
	if (++s->opened == most && most > 0)
		wire_server_end(s);
	if (f->flags & NGHTTP2_FLAG_END_STREAM) {
		end_upload(s, r);
		return;
	}
	plan_upload(s, r);
	maybe_answer(s, r);
}

// A header for a stream that has been there: in place of an open one it can only be late.
static void take_late(struct h2_session *s, uint32_t id, const uint8_t *block, size_t len)
{
	if (wire_ids_have(&s->closed, id) && id > s->closed.fallen)
		wire_server_fail(s, FAULT(STREAM_CLOSED, "HEADERS on a stream that has ended"));
	else if (!wire_ids_have(&s->resets, id))
		wire_server_fail(s, FAULT(PROTOCOL_ERROR, "a stream id that is not greater than the ones before"));
	else
		wire_ask_trailers(s, block, len, NULL); // for the table's sake
}

static struct wire_fault take_headers(struct h2_session *s, const struct wire_event *e)
{
	struct wire_frame f;
	const uint8_t *block;
	size_t len;
	const struct wire_fault fault = wire_assembly_take(&s->assembly, e, &f, &block, &len);
	if (fault.why || !block)
		return fault;
	if (f.stream % 2 == 0)
		return FAULT(PROTOCOL_ERROR, "a stream id that clients do not use");
	struct wire_request *r = wire_map_get(&s->streams, f.stream);
	if (r)
		take_trailers(s, r, &f, block, len);
	else if (f.stream > s->last_id)
		take_request(s, &f, block, len);
	else
		take_late(s, f.stream, block, len);
	return RIGHT;
}

// ---- DATA ---------------------------------------------------------------------------------------------------

static void widen(struct h2_session *s, struct wire_window *w, uint32_t stream)
{
	if (wire_window_widen(w, stream, &s->out))
		wire_server_count_out(s, NGHTTP2_WINDOW_UPDATE);
}

static struct wire_fault take_from_windows(struct h2_session *s, struct wire_request *r, uint32_t length)
{
	if (!wire_window_take(&s->window, length))
		return FAULT(FLOW_CONTROL_ERROR, "more DATA than the connection's window allows");
	widen(s, &s->window, 0);
	if (r && !wire_window_take(&r->window, length))
		return FAULT(FLOW_CONTROL_ERROR, "more DATA than the stream's window allows");
	if (r && !r->whole && r->plan.rate == 0)
		widen(s, &r->window, r->sender.node.id);
	else if (r && !r->whole && r->alarm.place == 0)
		wire_server_read_slowly(s, r, clock_now_ns());
	return RIGHT;
}

static void take_content(struct h2_session *s, const struct wire_event *e)
{
	struct wire_request *r = find(s, &e->frame);
	const uint32_t id = e->frame.stream;
	const bool ends = e->last && (e->frame.flags & NGHTTP2_FLAG_END_STREAM);
	struct wire_fault fault = RIGHT;
	if (!s->over && e->first)
		fault = take_from_windows(s, r, e->frame.length);
	if (fault.why)
		wire_server_fail(s, fault);
	if (!s->over && e->len == 0 && !ends)
		wire_server_cost(s, H2_COST_FRAME);
	if (s->over || !r)
		return;
	r->received += e->len;
	if (r->whole) {
		malformed(s, id, r, NGHTTP2_STREAM_CLOSED);
		return;
	}
	if (r->asked->content_length >= 0 && r->received > (uint64_t)r->asked->content_length) {
		malformed(s, id, r, NGHTTP2_PROTOCOL_ERROR);
		return;
	}
	s->moved += e->len;
	h2_count(s->shared->counters, H2_BODY_IN, e->len);
	h2_upload_take(&r->upload, s->shared, r->asked->method, e->bytes, e->len);
	if (ends)
		end_upload(s, r);
	else
		maybe_answer(s, r);
}

// ---- the other frames ---------------------------------------------------------------------------------------

static struct wire_fault change_windows(struct h2_session *s, int64_t change)
{
	for (struct wire_request *r = s->first; r; r = r->next) {
		r->sender.window += change;
		if (r->sender.window > WIRE_MAX_WINDOW)
			return FAULT(FLOW_CONTROL_ERROR, "SETTINGS_INITIAL_WINDOW_SIZE makes a window overflow");
		if (r->headed)
			wire_sending_join(&s->sending, &r->sender);
	}
	return RIGHT;
}

static struct wire_fault take_settings(struct h2_session *s, const struct wire_event *e)
{
	int64_t change;
	if (e->frame.flags & NGHTTP2_FLAG_ACK) {
		const bool again = s->settings_acked;
		s->settings_acked = true;
		return again ? FAULT(PROTOCOL_ERROR, "a SETTINGS ACK for nothing") : RIGHT;
	}
	struct wire_fault fault = wire_sending_settings(&s->sending, false, e->bytes, e->len, &change);
	if (!fault.why && change != 0)
		fault = change_windows(s, change);
	if (fault.why)
		return fault;
	s->settings_seen = true;
	wire_out_frame(&s->out, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL, 0);
	wire_server_count_out(s, NGHTTP2_SETTINGS);
	return RIGHT;
}

static struct wire_fault take_window_update(struct h2_session *s, const struct wire_event *e)
{
	const uint32_t more = wire_get32(e->bytes) & WIRE_MAX_ID;
	if (e->frame.stream == 0) {
		s->sending.window += more;
		if (more == 0)
			return FAULT(PROTOCOL_ERROR, "WINDOW_UPDATE by 0");
		return s->sending.window > WIRE_MAX_WINDOW
		               ? FAULT(FLOW_CONTROL_ERROR, "the connection's window overflows")
		               : RIGHT;
	}
	struct wire_request *r = find(s, &e->frame);
	if (!r)
		return RIGHT;
	r->sender.window += more;
	if (more == 0)
		malformed(s, e->frame.stream, r, NGHTTP2_PROTOCOL_ERROR);
	else if (r->sender.window > WIRE_MAX_WINDOW)
		malformed(s, e->frame.stream, r, NGHTTP2_FLOW_CONTROL_ERROR);
	else if (r->headed)
		wire_sending_join(&s->sending, &r->sender);
	return RIGHT;
}

static void take_reset(struct h2_session *s, const struct wire_event *e)
{
	struct wire_request *r = find(s, &e->frame);
	h2_count(s->shared->counters, H2_RESETS_IN, 1);
	if (!r)
		return;
	wire_ids_put(&s->resets, e->frame.stream);
	wire_request_forget(s, r);
	wire_server_cost(s, H2_COST_RESET);
}

static void take_ping(struct h2_session *s, const struct wire_event *e)
{
	if (e->frame.flags & NGHTTP2_FLAG_ACK)
		return;
	wire_out_frame(&s->out, NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, e->bytes, e->len);
	wire_server_count_out(s, NGHTTP2_PING);
}

static void take_frame(struct h2_session *s, const struct wire_event *e)
{
	struct wire_fault fault = RIGHT;
	switch (e->frame.type) {
	case NGHTTP2_HEADERS:
	case NGHTTP2_CONTINUATION:
		fault = take_headers(s, e);
		break;
	case NGHTTP2_SETTINGS:
		fault = take_settings(s, e);
		break;
	case NGHTTP2_RST_STREAM:
		take_reset(s, e);
		break;
	case NGHTTP2_PING:
		take_ping(s, e);
		break;
	case NGHTTP2_GOAWAY:
		h2_count(s->shared->counters, H2_GOAWAYS_IN, 1);
		s->leaving = true;
		break;
	case NGHTTP2_WINDOW_UPDATE:
		fault = take_window_update(s, e);
		break;
	case NGHTTP2_PUSH_PROMISE:
		fault = FAULT(PROTOCOL_ERROR, "PUSH_PROMISE of a client");
		break;
	default: // PRIORITY asks for what RFC 9113 took back; unknown types are to be ignored (4.1)
		break;
	}
	if (fault.why)
		wire_server_fail(s, fault);
	else if (e->frame.type != NGHTTP2_HEADERS && e->frame.type != NGHTTP2_CONTINUATION && !s->over)
		wire_server_cost(s, H2_COST_FRAME);
}

// ---- all of it ----------------------------------------------------------------------------------------------

static struct wire_fault judge_order(const struct h2_session *s, const struct wire_frame *f)
{
	const bool is_ack = f->type == NGHTTP2_SETTINGS && (f->flags & NGHTTP2_FLAG_ACK);
	if (!s->settings_seen && (f->type != NGHTTP2_SETTINGS || is_ack))
		return FAULT(PROTOCOL_ERROR, "the first frame is not SETTINGS");
	return wire_assembly_order(&s->assembly, f);
}

static void take_event(struct h2_session *s, const struct wire_event *e)
{
	struct wire_fault fault = e->fault;
	if (e->kind != WIRE_FAULT) {
		const bool begins = e->kind == WIRE_WHOLE || e->first;
		if (begins)
			h2_count_frame(s->shared->counters, H2_FRAMES_IN, e->frame.type);
		fault = begins ? judge_order(s, &e->frame) : RIGHT;
	}
	if (fault.why)
		wire_server_fail(s, fault);
	else if (e->kind == WIRE_CONTENT)
		take_content(s, e);
	else
		take_frame(s, e);
}

// The bytes of it that have come; more than there is of them: it is no preface.
static size_t take_preface(struct h2_session *s, const uint8_t *bytes, size_t len)
{
	const size_t left = WIRE_PREFACE_BYTES - s->preface, n = len < left ? len : left;
	if (memcmp(bytes, &WIRE_PREFACE[s->preface], n) != 0)
		wire_server_fail(s, FAULT(PROTOCOL_ERROR, "not the preface of HTTP/2"));
	s->preface += (unsigned)n;
	return n;
}

int wire_server_receive(struct h2_session *s, const uint8_t *bytes, size_t len)
{
	struct wire_event e;
	if (s->preface < WIRE_PREFACE_BYTES && len > 0) {
		const size_t n = take_preface(s, bytes, len);
		bytes += n;
		len -= n;
	}
	while (len > 0 && !s->over) {
		const size_t n = wire_read(&s->reader, bytes, len, &e);
		bytes += n;
		len -= n;
		if (e.kind != WIRE_MORE)
			take_event(s, &e);
		if (wire_out_left(&s->out) > MAX_OUT)
			wire_server_fail(s, FAULT(ENHANCE_YOUR_CALM,
			                          "answers to its frames that the client does not read"));
	}
	return s->out.bytes.failed ? -ENOMEM : 0;
}

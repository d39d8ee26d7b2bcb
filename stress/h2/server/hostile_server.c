// The hostile server: an engine that greets and answers with what its file's scripts say, and reads frames only to
// find the requests.
#include "hostile.h"
#include "server_engine.h"
#include "wire_flow.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define MOST_PLAYING 1000U // answers at a time on a connection
#define AHEAD (1U << 20)   // bytes that wait for the client before the scripts go on

struct hostile_session;

// One script under way.
struct playing {
	struct h2_player player;
	struct h2_alarm alarm;
	struct hostile_session *session;
	struct playing *next;
	bool waits;
};

struct hostile_session {
	struct h2_server_shared *shared;
	void *owner;
	struct wire_reader reader;
	struct wire_out out;
	struct playing *first;
	unsigned playing, preface;
	uint32_t last_id;
	uint64_t moved;
	bool greeted, acked, closes, unreadable;
};

// struct h2_session is what the server calls a connection's state, whoever's it is.
static struct hostile_session *own(const struct h2_session *s)
{
	return (struct hostile_session *)(uintptr_t)s;
}

static void count_out(struct hostile_session *s, uint8_t type)
{
	h2_count_frame(s->shared->counters, H2_FRAMES_OUT, type);
}

// ---- scripts ------------------------------------------------------------------------------------------------

static void on_alarm(struct h2_alarm *a, __attribute__((unused)) uint64_t now_ns)
{
	struct playing *p = (struct playing *)(void *)((char *)a - offsetof(struct playing, alarm));
	p->waits = false;
	p->session->shared->wake(p->session->owner);
}

static int start(struct hostile_session *s, const struct h2_script *script, uint32_t id)
{
	if (!script || script->step_count == 0 || s->playing >= MOST_PLAYING)
		return 0;
	struct playing *p = h2_pool_take(s->shared->pool, sizeof(*p));
	if (!p)
		return -ENOMEM;
	*p = (struct playing){ .player = { .script = script, .id = id, .next_id = 2 },
		               .alarm.ring = on_alarm,
		               .session = s };
	struct playing **place = &s->first;
	while (*place)
		place = &(*place)->next;
	*place = p;
	s->playing++;
	return 0;
}

static void stop(struct hostile_session *s, struct playing **place)
{
	struct playing *p = *place;
	*place = p->next;
	s->playing--;
	if (s->shared->alarms)
		h2_alarm_clear(s->shared->alarms, &p->alarm);
	h2_pool_give(s->shared->pool, p);
}

// Plays one until it waits, has ended, or enough lies ready. True when it has ended.
static bool play(struct hostile_session *s, struct playing *p)
{
	while (!p->waits && !s->closes && wire_out_left(&s->out) < AHEAD) {
		const size_t at = s->out.bytes.len;
		const enum h2_played played = h2_player_next(&p->player, &s->out);
		if (s->out.bytes.len >= at + WIRE_HEAD)
			count_out(s, (uint8_t)s->out.bytes.data[at + 3]);
		s->closes |= played == H2_CLOSES;
		if (played == H2_PLAYED_OUT || s->out.bytes.failed)
			return true;
		p->waits = played == H2_WAITS && s->shared->alarms &&
		           h2_alarm_set(s->shared->alarms, &p->alarm, clock_now_ns() + p->player.wait_ns) == 0;
	}
	return false;
}

static void play_all(struct hostile_session *s)
{
	for (struct playing **place = &s->first; *place && !s->closes;) {
		if (play(s, *place)) {
			h2_count(s->shared->counters, H2_RESPONSES, 1);
			stop(s, place);
		} else {
			place = &(*place)->next;
		}
	}
}

// ---- what comes ---------------------------------------------------------------------------------------------

static int take_request(struct hostile_session *s, uint32_t id)
{
	const uint64_t n = *s->shared->counters->cell[H2_STREAMS];
	h2_count(s->shared->counters, H2_STREAMS, 1);
	s->last_id = id;
	return start(s, h2_hostile_answer(s->shared->hostile, n), id);
}

static int take_frame(struct hostile_session *s, const struct wire_event *e)
{
	const struct wire_frame *f = &e->frame;
	const bool ack = f->flags & NGHTTP2_FLAG_ACK;
	s->moved++;
	if (e->kind == WIRE_WHOLE || e->first)
		h2_count_frame(s->shared->counters, H2_FRAMES_IN, f->type);
	if (f->type == NGHTTP2_SETTINGS) {
		s->greeted = true;
		s->acked |= ack;
		if (!ack && s->shared->hostile->acks_settings) {
			wire_out_frame(&s->out, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL, 0);
			count_out(s, NGHTTP2_SETTINGS);
		}
	} else if (f->type == NGHTTP2_PING && !ack && s->shared->hostile->acks_pings) {
		wire_out_frame(&s->out, NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, e->bytes, e->len);
		count_out(s, NGHTTP2_PING);
	} else if (f->type == NGHTTP2_RST_STREAM) {
		h2_count(s->shared->counters, H2_RESETS_IN, 1);
	} else if (f->type == NGHTTP2_GOAWAY) {
		h2_count(s->shared->counters, H2_GOAWAYS_IN, 1);
	} else if (f->type == NGHTTP2_HEADERS && f->stream > s->last_id) {
		return take_request(s, f->stream);
	}
	return 0;
}

static int hostile_receive(struct h2_session *session, const uint8_t *bytes, size_t len)
{
	struct hostile_session *s = own(session);
	struct wire_event e;
	for (; len > 0 && s->preface < WIRE_PREFACE_BYTES; len--, bytes++) {
		if (*bytes != (uint8_t)WIRE_PREFACE[s->preface++])
			s->unreadable = true; // not HTTP/2: it still gets what the greeting says
	}
	while (len > 0 && !s->unreadable) {
		const size_t n = wire_read(&s->reader, bytes, len, &e);
		bytes += n;
		len -= n;
		int rc = e.kind == WIRE_WHOLE || e.kind == WIRE_CONTENT ? take_frame(s, &e) : 0;
		s->unreadable = e.kind == WIRE_FAULT;
		if (rc < 0)
			return rc;
	}
	return s->out.bytes.failed ? -ENOMEM : 0;
}

static ssize_t hostile_pull(struct h2_session *session, uint8_t *to, size_t room)
{
	struct hostile_session *s = own(session);
	play_all(s);
	return s->out.bytes.failed ? -ENOMEM : (ssize_t)wire_out_pull(&s->out, to, room);
}

// ---- its life -----------------------------------------------------------------------------------------------

static void hostile_close(struct h2_session *session)
{
	struct hostile_session *s = own(session);
	if (!s)
		return;
	while (s->first)
		stop(s, &s->first);
	wire_reader_deinit(&s->reader);
	wire_out_deinit(&s->out);
	h2_pool_give(s->shared->pool, s);
}

static int hostile_open(struct h2_server_shared *shared, void *owner, struct h2_session **out)
{
	struct hostile_session *s = h2_pool_take(shared->pool, sizeof(*s));
	if (!s)
		return -ENOMEM;
	*s = (struct hostile_session){ .shared = shared, .owner = owner };
	wire_reader_init(&s->reader, shared->pool);
	*out = (struct h2_session *)s;
	if (shared->hostile->has_greeting)
		return start(s, &shared->hostile->greeting, 0);
	wire_out_settings(&s->out, NULL, 0);
	count_out(s, NGHTTP2_SETTINGS);
	return s->out.bytes.failed ? -ENOMEM : 0;
}

static int hostile_end(struct h2_session *session)
{
	own(session)->closes = true; // it does not drain
	return 0;
}

static bool hostile_is_done(struct h2_session *session)
{
	return own(session)->closes && wire_out_left(&own(session)->out) == 0;
}

static void hostile_waiting(const struct h2_session *session, struct h2_waiting *w)
{
	*w = (struct h2_waiting){ .greeted = true, .acked = true, .ours = true, .moved = own(session)->moved };
}

static void hostile_fail(struct h2_session *session, __attribute__((unused)) uint32_t code,
                         __attribute__((unused)) const char *text)
{
	own(session)->closes = true;
}

const struct h2_server_engine h2_hostile_server = {
	.name = "hostile",
	.open = hostile_open,
	.close = hostile_close,
	.receive = hostile_receive,
	.pull = hostile_pull,
	.notify_end = hostile_end,
	.end = hostile_end,
	.is_done = hostile_is_done,
	.waiting = hostile_waiting,
	.fail = hostile_fail,
};

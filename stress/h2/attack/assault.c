// Attacks performed.
#include "assault.h"

#include "clock.h"
#include "units.h"
#include "wire_frame.h"
#include "wire_hpack.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PING_TEXT "stressgn"

struct h2_assault {
	struct transport transport; // first: the loop hands this back
	const struct h2_attack *attack;
	struct h2_assault_result *result;
	void (*ended)(void *arg);
	void *arg;
	uv_timer_t timer, pause; // its whole time; a wait of the script's, or looking after one who does not read
	unsigned handles;        // of them that are open
	struct h2_pool *pool;
	struct wire_reader reader;
	struct wire_decoder decoder;
	struct buf block; // of a header, until it is whole
	struct wire_out out;
	struct h2_player player;
	uint64_t start_ns;
	bool greeted; // the server's SETTINGS came
	bool paused, sent_all, unreadable, undecodable, over;
	uint64_t seen_bytes; // sent, when a client that does not read looked last
	unsigned stuck;      // how often nothing had moved since
};

// ---- sending ------------------------------------------------------------------------------------------------

// Where a reset or life itself is right, the answer to a PING tells that nothing else follows; else the server has
// all of its time.
static bool asks_for_life(const struct h2_attack *attack)
{
	for (size_t i = 0; i < attack->right_count; i++)
		if (attack->right[i].kind == REACTION_ALIVE || attack->right[i].kind == REACTION_RESET ||
		    attack->right[i].kind == REACTION_ANSWER)
			return true;
	return false;
}

static void on_pause_over(uv_timer_t *timer)
{
	struct h2_assault *a = timer->data;
	a->paused = false;
	transport_wake(&a->transport);
}

// How many frames the rate allows by now.
static uint64_t allowed_by_now(const struct h2_assault *a)
{
	const double seconds = (double)(clock_now_ns() - a->start_ns) / (double)SG_NS_PER_S;
	return a->attack->rate ? 1 + (uint64_t)(seconds * (double)a->attack->rate) : UINT64_MAX;
}

static void queue_more(struct h2_assault *a, size_t room)
{
	enum h2_played played = H2_PLAYED;
	const uint64_t allowed = allowed_by_now(a);
	while (played == H2_PLAYED && !a->paused && wire_out_left(&a->out) < room && a->player.frames < allowed)
		played = h2_player_next(&a->player, &a->out);
	a->result->frames = a->player.frames;
	if (played == H2_PLAYED && !a->paused && a->player.frames >= allowed) {
		a->paused = true;
		uv_timer_start(&a->pause, on_pause_over, 1, 0);
	}
	if (played == H2_WAITS) {
		a->paused = true;
		uv_timer_start(&a->pause, on_pause_over, a->player.wait_ns / SG_NS_PER_MS + 1, 0);
	}
	if (played != H2_PLAYED_OUT || a->sent_all)
		return;
	a->sent_all = true;
	if (asks_for_life(a->attack))
		wire_out_frame(&a->out, NGHTTP2_PING, 0, 0, PING_TEXT, 8);
}

static ssize_t on_pull(struct transport *t, uint8_t *to, size_t room)
{
	struct h2_assault *a = (struct h2_assault *)t;
	const bool may = (a->greeted || a->attack->no_preface || a->attack->unread) && !a->result->goaway;
	if (may) {
		if (a->start_ns == 0)
			a->start_ns = clock_now_ns();
		queue_more(a, room);
	}
	if (a->out.bytes.failed)
		return -ENOMEM;
	const size_t n = wire_out_pull(&a->out, to, room);
	a->result->bytes += n;
	return (ssize_t)n;
}

// ---- what the server does -----------------------------------------------------------------------------------

static void note_reaction(struct h2_assault *a)
{
	if (a->result->reaction_ns == 0 && a->start_ns != 0)
		a->result->reaction_ns = clock_now_ns() - a->start_ns;
}

static void take_goaway(struct h2_assault *a, const struct wire_event *e)
{
	struct h2_assault_result *r = a->result;
	if (r->goaway)
		return;
	r->goaway = true;
	r->goaway_code = wire_get32(e->bytes + 4);
	for (size_t i = 8; i < e->len && i - 8 < sizeof(r->text) - 1; i++)
		r->text[i - 8] = isprint(e->bytes[i]) ? (char)e->bytes[i] : '?';
	note_reaction(a);
}

// What the answers must have brought for it to have gone right.
static bool has_all(const struct h2_attack *attack, const struct h2_assault_result *r)
{
	return r->answers >= attack->answers && r->content >= attack->content;
}

static void take_answer(struct h2_assault *a, const struct wire_event *e)
{
	const bool ends = e->kind == WIRE_WHOLE || e->last;
	if (e->kind == WIRE_CONTENT)
		a->result->content += e->len;
	a->result->answers += ends && (e->frame.flags & NGHTTP2_FLAG_END_STREAM);
}

static void take_field(void *arg, const nghttp2_nv *nv)
{
	struct h2_assault_result *r = arg;
	char status[4] = "";
	if (r->status != 0 || nv->namelen != 7 || memcmp(nv->name, ":status", 7) != 0 || nv->valuelen != 3)
		return;
	memcpy(status, nv->value, 3);
	r->status = status[0] != '1' ? (uint32_t)strtoul(status, NULL, 10) : 0; // 1xx is not the answer yet
}

#define BLOCK_BYTES (64U * 1024U) // longer headers are not looked into

// The first answer's status; what comes behind it needs no decoding.
static void take_header(struct h2_assault *a, const struct wire_event *e)
{
	const uint8_t *bytes = e->bytes;
	size_t len = e->len;
	if (a->result->status != 0 || a->undecodable)
		return;
	if (e->frame.type == NGHTTP2_HEADERS && wire_strip_headers(&e->frame, &bytes, &len).why)
		return;
	buf_add(&a->block, bytes, len);
	a->undecodable = a->block.failed || a->block.len > BLOCK_BYTES;
	if (a->undecodable || !(e->frame.flags & NGHTTP2_FLAG_END_HEADERS))
		return;
	a->undecodable = wire_decode(&a->decoder, (const uint8_t *)buf_text(&a->block), a->block.len, take_field,
	                             a->result) < 0;
	buf_clear(&a->block);
}

static void take_frame(struct h2_assault *a, const struct wire_event *e)
{
	struct h2_assault_result *r = a->result;
	if (e->frame.type == NGHTTP2_SETTINGS && !(e->frame.flags & NGHTTP2_FLAG_ACK) && !a->greeted) {
		a->greeted = true;
		if (a->attack->no_preface)
			return;
		wire_out_frame(&a->out, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL, 0);
	} else if (e->frame.type == NGHTTP2_GOAWAY) {
		take_goaway(a, e);
	} else if (e->frame.type == NGHTTP2_HEADERS || e->frame.type == NGHTTP2_CONTINUATION) {
		take_header(a, e);
	} else if (e->frame.type == NGHTTP2_RST_STREAM) {
		if (r->resets++ == 0)
			r->reset_code = wire_get32(e->bytes);
	} else if (e->frame.type == NGHTTP2_PING && (e->frame.flags & NGHTTP2_FLAG_ACK) &&
	           memcmp(e->bytes, PING_TEXT, 8) == 0) {
		r->alive = true;
		note_reaction(a);
	}
}

static int on_received(struct transport *t, const uint8_t *bytes, size_t len)
{
	struct h2_assault *a = (struct h2_assault *)t;
	struct wire_event e;
	while (len > 0 && !a->unreadable) {
		const size_t n = wire_read(&a->reader, bytes, len, &e);
		bytes += n;
		len -= n;
		if (e.kind == WIRE_WHOLE)
			take_frame(a, &e);
		if ((e.kind == WIRE_WHOLE && e.frame.type == NGHTTP2_HEADERS) || e.kind == WIRE_CONTENT)
			take_answer(a, &e);
		a->unreadable = e.kind == WIRE_FAULT;
	}
	return 0;
}

static bool on_finished(struct transport *t)
{
	const struct h2_assault *a = (const struct h2_assault *)t;
	return (a->result->alive && has_all(a->attack, a->result)) ||
	       (a->result->goaway && wire_out_left(&a->out) == 0);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct h2_assault *a = handle->data;
	if (--a->handles == 0)
		a->ended(a->arg);
}

static void on_closed(struct transport *t, int reason)
{
	struct h2_assault *a = (struct h2_assault *)t;
	struct h2_assault_result *r = a->result;
	// TLS that cannot go on is the server's doing: its alert, or what is none of its records.
	const bool by_server =
	        reason == UV_EOF || reason == UV_ECONNRESET || reason == UV_EPIPE || reason == -EPROTO;
	a->over = true;
	if (a->start_ns == 0 && !r->goaway)
		snprintf(r->trouble, sizeof(r->trouble), "it could not begin: %s",
		         reason ? uv_strerror(reason) : "the connection ended");
	if (by_server && a->start_ns != 0) {
		r->closed = true;
		note_reaction(a);
	}
	uv_close((uv_handle_t *)&a->timer, on_timer_closed);
	uv_close((uv_handle_t *)&a->pause, on_timer_closed);
}

#define LOOK_MS 50
#define STUCK 20 // looks, and nothing has moved: the server takes no more

// What the server has said is read when all is sent, or no more is taken.
static void on_look(uv_timer_t *timer)
{
	struct h2_assault *a = timer->data;
	a->stuck = a->result->bytes == a->seen_bytes ? a->stuck + 1 : 0;
	a->seen_bytes = a->result->bytes;
	const bool sent = a->sent_all && !a->transport.writing;
	if (!sent && a->stuck < STUCK && !a->transport.write_ended)
		return;
	uv_timer_stop(timer);
	transport_read(&a->transport, true);
}

static void on_opened(struct transport *t, int status)
{
	struct h2_assault *a = (struct h2_assault *)t;
	if (status < 0) {
		transport_close(t, status);
	} else if (a->attack->unread) {
		transport_read(t, false);
		uv_timer_start(&a->pause, on_look, LOOK_MS, LOOK_MS);
	}
}

static const struct transport_user user = {
	.opened = on_opened,
	.received = on_received,
	.pull = on_pull,
	.finished = on_finished,
	.closed = on_closed,
};

static void on_time(uv_timer_t *timer)
{
	struct h2_assault *a = timer->data;
	transport_close(&a->transport, UV_ETIMEDOUT);
}

// ---- its life -----------------------------------------------------------------------------------------------

int h2_assault_start(struct h2_assault **out, struct hub *hub, const struct h2_attack *attack,
                     const struct h2_target *target, struct h2_assault_result *result, void (*ended)(void *arg),
                     void *arg)
{
	struct h2_assault *a = calloc(1, sizeof(*a));
	struct h2_pool *pool = h2_pool_new();
	if (!a || !pool || wire_decoder_init(&a->decoder, pool) < 0) {
		free(a);
		h2_pool_free(pool);
		return -ENOMEM;
	}
	*out = a;
	a->attack = attack;
	a->result = result;
	a->ended = ended;
	a->arg = arg;
	a->pool = pool;
	a->player = (struct h2_player){ .script = &attack->script, .next_id = 1 };
	wire_reader_init(&a->reader, pool);
	if (!attack->no_preface) {
		buf_add(&a->out.bytes, WIRE_PREFACE, WIRE_PREFACE_BYTES);
		wire_out_settings(&a->out, NULL, 0);
	}
	if (target->address.any.sa_family == AF_UNIX)
		transport_init_local(&a->transport, hub, &user);
	else
		transport_init(&a->transport, hub, &user);
	uv_timer_init(&hub->loop, &a->timer);
	uv_timer_init(&hub->loop, &a->pause);
	a->handles = 2;
	a->timer.data = a->pause.data = a;
	uv_timer_start(&a->timer, on_time, attack->time_ns / SG_NS_PER_MS + 1, 0);
	int rc = target->tls ? transport_secure(&a->transport, hub->tls, target->host) : 0;
	if (rc == 0)
		rc = transport_connect(&a->transport, &target->address.any);
	if (rc < 0)
		transport_close(&a->transport, rc);
	return 0;
}

void h2_assault_abort(struct h2_assault *a)
{
	if (!a || a->over)
		return;
	if (a->start_ns != 0)
		a->result->waited_ns = clock_now_ns() - a->start_ns;
	transport_close(&a->transport, UV_ETIMEDOUT);
}

void h2_assault_free(struct h2_assault *a)
{
	if (!a)
		return;
	wire_reader_deinit(&a->reader);
	wire_decoder_deinit(&a->decoder);
	buf_deinit(&a->block);
	wire_out_deinit(&a->out);
	h2_pool_free(a->pool);
	free(a);
}

// ---- the verdict --------------------------------------------------------------------------------------------

static bool is(const struct h2_attack *attack, const struct h2_reaction *x, const struct h2_assault_result *r)
{
	switch (x->kind) {
	case REACTION_GOAWAY:
		return r->goaway && (!x->has_code || x->code == r->goaway_code);
	case REACTION_RESET:
		return r->resets > 0 && !r->goaway && (!x->has_code || x->code == r->reset_code);
	case REACTION_CLOSE:
		return r->closed && !r->goaway;
	case REACTION_ANSWER:
		return r->status == x->code;
	case REACTION_SILENCE:
		return !r->goaway && !r->closed && !r->alive;
	default:
		return r->alive && r->resets == 0 && has_all(attack, r);
	}
}

bool h2_assault_is_right(const struct h2_attack *attack, const struct h2_assault_result *r)
{
	for (size_t i = 0; i < attack->right_count && r->trouble[0] == '\0'; i++)
		if (is(attack, &attack->right[i], r))
			return true;
	return false;
}

void h2_assault_right_words(const struct h2_attack *attack, struct buf *out)
{
	static const char *const names[] = {
		[REACTION_GOAWAY] = "GOAWAY",      [REACTION_CLOSE] = "close",     [REACTION_RESET] = "RST_STREAM",
		[REACTION_ALIVE] = "all answered", [REACTION_SILENCE] = "silence", [REACTION_ANSWER] = "an answer"
	};
	for (size_t i = 0; i < attack->right_count; i++) {
		const struct h2_reaction *x = &attack->right[i];
		buf_addf(out, "%s%s", i ? ", " : "", names[x->kind]);
		if (x->kind == REACTION_ANSWER)
			buf_addf(out, " %" PRIu32, x->code);
		else if (x->has_code)
			buf_addf(out, " %s", nghttp2_http2_strerror(x->code));
	}
}

// Whether an answer can be right: then it is told which one came.
static bool may_answer(const struct h2_attack *attack)
{
	for (size_t i = 0; i < attack->right_count; i++)
		if (attack->right[i].kind == REACTION_ANSWER)
			return true;
	return false;
}

void h2_assault_words(const struct h2_attack *attack, const struct h2_assault_result *r, struct buf *out)
{
	char time[32];
	if (r->trouble[0] != '\0') {
		buf_adds(out, r->trouble);
		return;
	}
	if (r->status >= 400 || (r->status > 0 && may_answer(attack)))
		buf_addf(out, "answered %" PRIu32 ", ", r->status);
	if (r->resets > 0)
		buf_addf(out, "RST_STREAM %s (%" PRIu64 " in all), ", nghttp2_http2_strerror(r->reset_code),
		         r->resets);
	if (r->goaway)
		buf_addf(out, "GOAWAY %s%s%s%s", nghttp2_http2_strerror(r->goaway_code), r->text[0] ? " (" : "",
		         r->text, r->text[0] ? ")" : "");
	else if (r->closed || r->alive)
		buf_adds(out, r->closed ? "closed" : "taken, and still alive");
	else
		buf_addf(out, "no reaction in %s",
		         units_duration(time, sizeof time, r->waited_ns ? r->waited_ns : attack->time_ns));
	buf_addf(out, " after %" PRIu64 " of %" PRIu64 " frames", r->frames, h2_attack_frames(attack));
	if (attack->answers > 0 || attack->content > 0)
		buf_addf(out, ", %" PRIu64 " of %" PRIu64 " answers with %" PRIu64 " of %" PRIu64 " bytes",
		         r->answers, attack->answers, r->content, attack->content);
	if (r->reaction_ns == 0)
		return;
	units_duration(time, sizeof(time), r->reaction_ns);
	buf_addf(out, ", in %s", time);
}

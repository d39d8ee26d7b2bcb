// Both client engines against every rule of RFC 9113 that a server can break: what is wrong is said, with the code
// that is right, and is never counted as right; what is right is taken.
#include "engine.h"
#include "h2_rules.h"
#include "h2_support.h"
#include "harness.h"
#include "wire_frame.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

struct outcome {
	bool ended, right;
	uint32_t reset, goaway; // codes that the client sent
	bool has_reset, has_goaway;
};

struct rig {
	const struct h2_client_engine *engine;
	struct h2_request request;
	struct h2_prepared prepared;
	struct h2_tally tally;
	struct h2_counters counters;
	struct h2_pool *pool;
	struct h2_client *client;
	struct exchange exchange;
	struct wire_reader sent;
	struct outcome outcome;
};

static void on_settings(__attribute__((unused)) void *arg, __attribute__((unused)) uint32_t max_streams)
{
}

static void on_ended(void *arg, struct exchange *x, uint32_t code, bool by_us)
{
	struct rig *r = arg;
	assert_false(r->outcome.ended);
	r->outcome.ended = true;
	r->outcome.right = exchange_end(x, code, by_us) == H2_FAULT_NONE;
}

static void on_goaway(__attribute__((unused)) void *arg, __attribute__((unused)) uint32_t last,
                      __attribute__((unused)) uint32_t code, __attribute__((unused)) const uint8_t *text,
                      __attribute__((unused)) size_t len)
{
}

// Notes what the client says about the server.
static void look_at(struct rig *r, const struct wire_event *e)
{
	struct outcome *o = &r->outcome;
	if (e->kind != WIRE_WHOLE)
		return;
	if (e->frame.type == NGHTTP2_RST_STREAM) {
		o->has_reset = true;
		o->reset = wire_get32(e->bytes);
	} else if (e->frame.type == NGHTTP2_GOAWAY) {
		o->has_goaway = true;
		o->goaway = wire_get32(e->bytes + 4);
	}
}

static void drain(struct rig *r, size_t skip)
{
	static uint8_t out[64 * 1024];
	for (ssize_t n; (n = r->engine->pull(r->client, out, sizeof(out))) > 0;) {
		struct wire_event e;
		for (size_t at = skip; at < (size_t)n;) {
			at += wire_read(&r->sent, out + at, (size_t)n - at, &e);
			assert_int_not_equal(e.kind, WIRE_FAULT);
			look_at(r, &e);
		}
		skip = 0;
	}
}

static void setup(struct rig *r, const struct h2_client_engine *engine, const char *method)
{
	static const struct h2_client_events events = { on_settings, on_ended, on_goaway };
	*r = (struct rig){ .engine = engine, .pool = h2_pool_new() };
	r->request =
	        (struct h2_request){ .name = "r", .method = method, .scheme = "http", .path = "/", .weight = 1 };
	r->request.expect = (struct h2_expect){ .status = 200, .kind = EXPECT_BODY, .body = { "abc", 3 } };
	if (strcmp(method, "HEAD") == 0)
		r->request.expect.body.length = 0;
	h2_counters_init(&r->counters, NULL);
	wire_reader_init(&r->sent, r->pool);
	assert_int_equal(h2_prepare(&r->prepared, &r->request, "h", false), 0);
	assert_int_equal(
	        engine->open(&(struct h2_client_config){ r->pool, &r->counters, &events, r, H2_CLIENT_SETTINGS },
	                     &r->client),
	        0);
	exchange_begin(&r->exchange, &r->prepared, &r->tally, 0);
	assert_int_equal(engine->submit(r->client, &r->exchange), 0);
	drain(r, WIRE_PREFACE_BYTES);
}

static void teardown(struct rig *r)
{
	r->engine->close(r->client);
	wire_reader_deinit(&r->sent);
	h2_prepared_deinit(&r->prepared);
	assert_int_equal(h2_pool_live(r->pool), 0);
	h2_pool_free(r->pool);
}

static void feed(struct rig *r, const uint8_t *bytes, size_t len, size_t piece)
{
	for (size_t at = 0; at < len; at += piece) {
		assert_int_equal(r->engine->receive(r->client, bytes + at, len - at < piece ? len - at : piece),
		                 0);
		drain(r, 0);
	}
}

static const uint8_t greeting[] = { H2_HEAD(0, T_SETTINGS, 0, 0), H2_HEAD(0, T_SETTINGS, ACK, 0) };

static void perform(const struct h2_rule *rule, const struct h2_client_engine *engine, size_t piece,
                    struct outcome *out, bool *failed)
{
	struct rig r;
	setup(&r, engine, rule->head ? "HEAD" : "GET");
	if (!rule->bare)
		feed(&r, greeting, sizeof(greeting), piece);
	feed(&r, rule->bytes, rule->len, piece);
	*out = r.outcome;
	*failed = engine->has_failed(r.client);
	teardown(&r);
}

static bool as_it_should(const struct h2_rule *rule, const struct outcome *o, bool failed)
{
	switch (rule->reaction) {
	case TAKEN:
		return o->ended && o->right && !failed && !o->has_goaway && !o->has_reset;
	case RESET:
		return o->ended && !o->right && !failed && o->has_reset && o->reset == rule->code &&
		       !o->has_goaway;
	case ENDED:
		return !o->right && failed && o->has_goaway && o->goaway == rule->code;
	default:
		return o->right && failed && o->has_goaway && o->goaway == rule->code;
	}
}

static void explain(const struct h2_rule *rule, const struct outcome *o, bool failed, size_t piece)
{
	fail_msg("%s, in pieces of %zu: ended %d, right %d, failed %d, RST %d %u, GOAWAY %d %u; expected %d %u",
	         rule->what, piece, o->ended, o->right, failed, o->has_reset, o->reset, o->has_goaway, o->goaway,
	         (int)rule->reaction, rule->code);
}

CASE("h2 rules: the wire engine answers each breach with the code of RFC 9113, in pieces of any size")
{
	static const size_t pieces[] = { 100000, 1, 2, 3, 7, 9, 10, 13 };
	for (size_t i = 0; i < H2_RULES; i++)
		for (size_t k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++) {
			struct outcome o;
			bool failed;
			perform(&h2_rules[i], &h2_wire_client, pieces[k], &o, &failed);
			if (!as_it_should(&h2_rules[i], &o, failed))
				explain(&h2_rules[i], &o, failed, pieces[k]);
		}
}

CASE("h2 rules: the session engine counts no breach as right")
{
	for (size_t i = 0; i < H2_RULES; i++) {
		const struct h2_rule *rule = &h2_rules[i];
		struct outcome o;
		bool failed;
		perform(rule, &h2_session_client, 100000, &o, &failed);
		bool wrong = rule->reaction == TAKEN ? !o.right || failed : !failed && (o.right || !o.has_reset);
		if (wrong != rule->session_takes)
			explain(rule, &o, failed, 100000);
	}
}

// ---- the same over sockets ----------------------------------------------------------------------------------

static const struct h2_rule *serving;

static void serve_rule(int fd, __attribute__((unused)) unsigned count)
{
	struct h2_raw f;
	raw_read_preface(fd);
	if (!serving->bare) {
		raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
		raw_next_request(fd);
	}
	if (send(fd, serving->bytes, serving->len, MSG_NOSIGNAL) < 0)
		return;
	while (raw_read(fd, &f))
		;
}

static void expect_report(const struct h2_rule *rule, const char *engine, const char *file)
{
	struct h2_process p;
	struct h2_output o;
	serving = rule;
	h2_fake(&p, serve_rule);
	h2_sh(&o, "%s run --h2-engine %s --h2-target http://127.0.0.1:%u %s", H2_PROGRAM, engine, p.port, file);
	h2_fake_stop(&p);
	const bool none_right = strstr(o.out, "@@ gauge requests 0 requests\n");
	const bool right = rule->reaction == TAKEN ? o.code == 0
	                                           : o.code == 1 && (none_right || rule->reaction == ENDED_LATE);
	if (right == (rule->session_takes && strcmp(engine, "session") == 0))
		fail_msg("%s, %s: exit %d\n%s%s", rule->what, engine, o.code, o.out, o.err);
	h2_output_deinit(&o);
}

static void report_all(const char *engine)
{
	char get[512], head[512];
	snprintf(get, sizeof(get), "%s",
	         h2_file("get.h2", "(scenario t (load (deadline 20s)) (request r (expect (body \"abc\"))))"));
	snprintf(head, sizeof(head), "%s",
	         h2_file("head.h2", "(scenario t (load (deadline 20s)) (request r (method HEAD)))"));
	for (size_t i = 0; i < H2_RULES; i++)
		expect_report(&h2_rules[i], engine, h2_rules[i].head ? head : get);
}

CASE("h2 rules: the client reports each breach of a hostile server [session]")
{
	report_all("session");
}

CASE("h2 rules: the client reports each breach of a hostile server [wire]")
{
	report_all("wire");
}

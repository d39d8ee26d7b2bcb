// The wire engine of the server against what a client can do wrong, once and ten thousand times: the code that is
// right, an end in time, and a bounded memory. What a request's fields can do wrong is for both engines.
#include "h2_rule.h"
#include "harness.h"
#include "server_engine.h"
#include "wire_frame.h"

#include <string.h>

// http / without an authority.
#define GET(id) H2_HEAD(3, T_HEADERS, END_BOTH, id), 0x82, 0x86, 0x84
#define POST(id) H2_HEAD(3, T_HEADERS, END_HEADERS, id), 0x83, 0x86, 0x84
#define POST_OF_3(id) H2_HEAD(7, T_HEADERS, END_HEADERS, id), 0x83, 0x86, 0x84, 0x0f, 0x0d, 1, '3'

static const struct h2_rule rules[] = {
	RULE("a request", TAKEN, NO_ERROR, GET(1)),
	RULE("an upload", TAKEN, NO_ERROR, POST_OF_3(1), ABC),
	RULE("an upload with trailers", TAKEN, NO_ERROR, POST(1), H2_HEAD(3, T_DATA, 0, 1), 'a', 'b', 'c',
	     H2_HEAD(5, T_HEADERS, END_BOTH, 1), FIELD_1('t', '1')),
	RULE("a header in two frames, with priority and padding", TAKEN, NO_ERROR,
	     H2_HEAD(9, T_HEADERS, END_STREAM | PADDED | PRIORITY, 1), 1, U32(0), 7, 0x82, 0x86, 0,
	     H2_HEAD(1, T_CONTINUATION, END_HEADERS, 1), 0x84),
	RULE("te: trailers", TAKEN, NO_ERROR, H2_HEAD(16, T_HEADERS, END_BOTH, 1), 0x82, 0x86, 0x84, 0x00, 2, 't',
	     'e', 8, 't', 'r', 'a', 'i', 'l', 'e', 'r', 's'),
	RULE("a frame of an unknown type", TAKEN, NO_ERROR, H2_HEAD(1, 0x99, 0, 0), 1, GET(1)),

	RULE("no :path", RESET, PROTOCOL_ERROR, H2_HEAD(2, T_HEADERS, END_BOTH, 1), 0x82, 0x86),
	RULE("no :method", RESET, PROTOCOL_ERROR, H2_HEAD(2, T_HEADERS, END_BOTH, 1), 0x86, 0x84),
	RULE(":status in a request", RESET, PROTOCOL_ERROR, H2_HEAD(4, T_HEADERS, END_BOTH, 1), 0x82, 0x86, 0x84,
	     0x88),
	RULE("an empty :path", RESET, PROTOCOL_ERROR, H2_HEAD(4, T_HEADERS, END_BOTH, 1), 0x82, 0x86, 0x04, 0),
	RULE("a name in upper case", RESET, PROTOCOL_ERROR, H2_HEAD(8, T_HEADERS, END_BOTH, 1), 0x82, 0x86, 0x84,
	     FIELD_1('X', '1')),
	RULE("CR in a value", RESET, PROTOCOL_ERROR, H2_HEAD(8, T_HEADERS, END_BOTH, 1), 0x82, 0x86, 0x84,
	     FIELD_1('a', '\r')),
	RULE("transfer-encoding", RESET, PROTOCOL_ERROR, H2_HEAD(7, T_HEADERS, END_BOTH, 1), 0x82, 0x86, 0x84,
	     0x0f, 0x2a, 1, 'x'),
	RULE("content-length beyond the content", RESET, PROTOCOL_ERROR, POST_OF_3(1),
	     H2_HEAD(2, T_DATA, END_STREAM, 1), 'a', 'b'),
	RULE("content beyond the content-length", RESET, PROTOCOL_ERROR, POST_OF_3(1), H2_HEAD(4, T_DATA, 0, 1),
	     'a', 'b', 'c', 'd'),
	RULE("trailers that end nothing", RESET, PROTOCOL_ERROR, POST(1), H2_HEAD(5, T_HEADERS, END_HEADERS, 1),
	     FIELD_1('t', '1')),
	RULE("WINDOW_UPDATE by 0", RESET, PROTOCOL_ERROR, POST(1), H2_HEAD(4, T_WINDOW, 0, 1), U32(0)),
	RULE("a window that overflows", RESET, FLOW_CONTROL_ERROR, POST(1), H2_HEAD(4, T_WINDOW, 0, 1),
	     U32(0x7fffffff)),

	RULE_WITH(.bare = true, "HTTP/1", ENDED, PROTOCOL_ERROR, 'G', 'E', 'T', ' ', '/'),
	RULE("an even stream id", ENDED, PROTOCOL_ERROR, GET(2)),
	RULE("DATA on an idle stream", ENDED, PROTOCOL_ERROR, H2_HEAD(1, T_DATA, 0, 5), 'a'),
	RULE("RST_STREAM on an idle stream", ENDED, PROTOCOL_ERROR, H2_HEAD(4, T_RST, 0, 5), U32(8)),
	RULE("WINDOW_UPDATE on an idle stream", ENDED, PROTOCOL_ERROR, H2_HEAD(4, T_WINDOW, 0, 5), U32(8)),
	RULE("a frame too long", ENDED, FRAME_SIZE_ERROR, H2_HEAD(17000, T_HEADERS, END_BOTH, 1)),
	RULE("CONTINUATION by itself", ENDED, PROTOCOL_ERROR, H2_HEAD(0, T_CONTINUATION, END_HEADERS, 1)),
	RULE("a header interrupted", ENDED, PROTOCOL_ERROR, H2_HEAD(1, T_HEADERS, 0, 1), 0x82,
	     H2_HEAD(0, T_DATA, 0, 1)),
	RULE("an index that HPACK does not have", ENDED, COMPRESSION_ERROR, H2_HEAD(1, T_HEADERS, END_BOTH, 1),
	     0xfe),
	RULE("the connection's window overflows", ENDED, FLOW_CONTROL_ERROR, H2_HEAD(4, T_WINDOW, 0, 0),
	     U32(0x7fffffff)),
	RULE("PUSH_PROMISE", ENDED, PROTOCOL_ERROR, H2_HEAD(4, T_PUSH, END_HEADERS, 1), U32(2)),
	RULE("SETTINGS_ENABLE_PUSH 2", ENDED, PROTOCOL_ERROR, H2_HEAD(6, T_SETTINGS, 0, 0), 0, 2, U32(2)),
	RULE("SETTINGS_MAX_FRAME_SIZE 1", ENDED, PROTOCOL_ERROR, H2_HEAD(6, T_SETTINGS, 0, 0), 0, 5, U32(1)),
	RULE("SETTINGS_INITIAL_WINDOW_SIZE 2^31", ENDED, FLOW_CONTROL_ERROR, H2_HEAD(6, T_SETTINGS, 0, 0), 0, 4,
	     U32(0x80000000)),
	RULE("a stream id that is smaller", ENDED_LATE, PROTOCOL_ERROR, GET(5), GET(3)),
	RULE("HEADERS on a stream that has ended", ENDED_LATE, STREAM_CLOSED, GET(1), GET(1)),
	RULE("DATA on a stream that has ended", ENDED_LATE, STREAM_CLOSED, GET(1), H2_HEAD(1, T_DATA, 0, 1), 'a'),
};

struct rig {
	struct h2_counters counters;
	struct h2_server_shared shared;
	struct h2_session *session;
	struct wire_reader said;
	uint32_t reset, goaway;
	bool has_reset, has_goaway;
	uint32_t goaway_last;
	size_t content; // bytes of DATA
};

static const struct h2_server_engine *engine = &h2_wire_server;

static void look(struct rig *r, const struct wire_event *e)
{
	assert_int_not_equal(e->kind, WIRE_FAULT);
	if (e->kind == WIRE_CONTENT) {
		r->content += e->len;
	} else if (e->kind == WIRE_WHOLE && e->frame.type == NGHTTP2_RST_STREAM) {
		r->has_reset = true;
		r->reset = wire_get32(e->bytes);
	} else if (e->kind == WIRE_WHOLE && e->frame.type == NGHTTP2_GOAWAY) {
		r->has_goaway = true;
		r->goaway_last = wire_get32(e->bytes);
		r->goaway = wire_get32(e->bytes + 4);
	}
}

static void drain(struct rig *r)
{
	static uint8_t out[64 * 1024];
	struct wire_event e;
	ssize_t n = engine->pull(r->session, out, sizeof(out));
	assert_true(n >= 0);
	for (size_t at = 0; at < (size_t)n;) {
		at += wire_read(&r->said, out + at, (size_t)n - at, &e);
		look(r, &e);
	}
}

static void feed(struct rig *r, const uint8_t *bytes, size_t len, size_t piece)
{
	for (size_t at = 0; at < len; at += piece)
		assert_int_equal(engine->receive(r->session, bytes + at, len - at < piece ? len - at : piece), 0);
}

static void setup(struct rig *r, bool greets)
{
	*r = (struct rig){ .shared = { .pool = h2_pool_new(),
		                       .counters = &r->counters,
		                       .limits = { .max_streams = 100,
		                                   .max_header_bytes = 65536,
		                                   .max_body_bytes = 1 << 20,
		                                   .max_held_bytes = 1 << 21,
		                                   .window_bytes = 1 << 20 } } };
	static const uint8_t settings[] = { H2_HEAD(0, T_SETTINGS, 0, 0), H2_HEAD(0, T_SETTINGS, ACK, 0) };
	h2_counters_init(&r->counters, NULL);
	wire_reader_init(&r->said, r->shared.pool);
	assert_int_equal(engine->open(&r->shared, NULL, &r->session), 0);
	if (!greets)
		return;
	feed(r, (const uint8_t *)WIRE_PREFACE, WIRE_PREFACE_BYTES, 100);
	feed(r, settings, sizeof(settings), 100);
	drain(r);
}

static void teardown(struct rig *r)
{
	engine->close(r->session);
	wire_reader_deinit(&r->said);
	assert_int_equal(r->shared.held_bytes, 0);
	assert_int_equal(h2_pool_live(r->shared.pool), 0);
	h2_pool_free(r->shared.pool);
}

static bool as_it_should(const struct rig *r, const struct h2_rule *rule)
{
	const bool answered = *r->counters.cell[H2_RESPONSES] > 0;
	switch (rule->reaction) {
	case TAKEN:
		return answered && !r->has_goaway && !r->has_reset;
	case RESET:
		return !answered && !r->has_goaway && r->has_reset && r->reset == rule->code;
	case ENDED:
		return !answered && r->has_goaway && r->goaway == rule->code;
	default:
		return answered && r->has_goaway && r->goaway == rule->code;
	}
}

static void check(const struct h2_rule *rule, size_t piece)
{
	struct rig r;
	setup(&r, !rule->bare);
	if (rule->reaction == ENDED_LATE)
		for (size_t at = 0; at < rule->len; at++) { // so that the answer goes out in time
			feed(&r, rule->bytes + at, 1, 1);
			drain(&r);
		}
	else
		feed(&r, rule->bytes, rule->len, piece);
	drain(&r);
	if (!as_it_should(&r, rule))
		fail_msg("%s, in pieces of %zu: answered %d, RST %d %u, GOAWAY %d %u; expected %d %u", rule->what,
		         piece, *r.counters.cell[H2_RESPONSES] > 0, r.has_reset, r.reset, r.has_goaway, r.goaway,
		         (int)rule->reaction, rule->code);
	teardown(&r);
}

CASE("h2 wire server: each breach has the answer of RFC 9113, in pieces of any size")
{
	static const size_t pieces[] = { 100000, 1, 2, 3, 7, 11 };
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		for (size_t k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++)
			check(&rules[i], pieces[k]);
}

CASE("h2 wire server: a GOAWAY never takes in what the one before it left out")
{
	static const uint8_t taken[] = { POST(1) }, late[] = { GET(3) },
	                     wrong[] = { H2_HEAD(8, T_PING, 0, 1), U32(1), U32(2) };
	for (unsigned times_out = 0; times_out < 2; times_out++) {
		struct rig r;
		setup(&r, true);
		feed(&r, taken, sizeof(taken), 100);
		assert_int_equal(engine->end(r.session), 0);
		drain(&r);
		assert_int_equal(r.goaway_last, 1);
		feed(&r, late, sizeof(late), 100);
		if (times_out)
			(engine->fail)(r.session, NGHTTP2_PROTOCOL_ERROR,
			               "too late"); // cmocka has a macro of that name
		else
			feed(&r, wrong, sizeof(wrong), 100);
		drain(&r);
		assert_int_equal(r.goaway, NGHTTP2_PROTOCOL_ERROR);
		assert_int_equal(r.goaway_last, 1);
		teardown(&r);
	}
}

CASE("h2 wire server: an answer that waits for the connection's window keeps to its own when that is taken back")
{
	static const uint8_t get[] = { H2_HEAD(17, T_HEADERS, END_BOTH, 1),
		                       0x82,
		                       0x86,
		                       0x04,
		                       13,
		                       '/',
		                       'b',
		                       'y',
		                       't',
		                       'e',
		                       's',
		                       '/',
		                       '2',
		                       '0',
		                       '0',
		                       '0',
		                       '0',
		                       '0' },
	                     wide[] = { H2_HEAD(6, T_SETTINGS, 0, 0), 0, 4, U32(100000) },
	                     narrow[] = { H2_HEAD(6, T_SETTINGS, 0, 0), 0, 4, U32(1000) },
	                     more[] = { H2_HEAD(4, T_WINDOW, 0, 0), U32(1000000) };
	struct rig r;
	setup(&r, true);
	feed(&r, wide, sizeof(wide), 100);
	feed(&r, get, sizeof(get), 100);
	for (size_t before = 1; before != r.content;) {
		before = r.content;
		drain(&r);
	}
	assert_int_equal(r.content, WIRE_WINDOW);
	feed(&r, narrow, sizeof(narrow), 100);
	feed(&r, more, sizeof(more), 100);
	drain(&r);
	assert_int_equal(r.content, WIRE_WINDOW);
	teardown(&r);
}

// ---- floods -------------------------------------------------------------------------------------------------

#define FLOOD(text, times, ...)                                                                                   \
	{                                                                                                         \
		text, times, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })           \
	}

// Frames sent again and again; ids count up where the stream is 1.
static const struct flood {
	const char *what;
	unsigned times;
	const uint8_t *bytes;
	size_t len;
} floods[] = {
	FLOOD("rapid reset", 10000, POST(1), H2_HEAD(4, T_RST, 0, 1), U32(8)),
	FLOOD("made you reset", 2000, POST(1), H2_HEAD(4, T_WINDOW, 0, 1), U32(0)),
	FLOOD("made you reset by malformed requests", 2000, H2_HEAD(2, T_HEADERS, END_BOTH, 1), 0x82, 0x86),
	FLOOD("SETTINGS", 20000, H2_HEAD(0, T_SETTINGS, 0, 0)),
	FLOOD("PING", 100000, H2_HEAD(8, T_PING, 0, 0), U32(1), U32(2)),
	FLOOD("PRIORITY", 20000, H2_HEAD(5, T_PRIORITY, 0, 1), U32(3), 9),
	FLOOD("unknown types", 20000, H2_HEAD(0, 0x77, 0, 0)),
	FLOOD("windows that open and close nothing", 20000, H2_HEAD(4, T_WINDOW, 0, 0), U32(1)),
};

static void patch_ids(uint8_t *bytes, size_t len, uint32_t id)
{
	for (size_t at = 0; at + WIRE_HEAD <= len; at += WIRE_HEAD + (wire_get32(bytes + at) >> 8))
		if (wire_get32(bytes + at + 5) != 0)
			wire_put32(bytes + at + 5, id);
}

static void flood(const struct flood *f, bool reads)
{
	struct rig r;
	uint8_t bytes[64];
	unsigned sent = 0;
	setup(&r, true);
	memcpy(bytes, f->bytes, f->len);
	while (sent < f->times && *r.counters.cell[H2_GOAWAYS_OUT] == 0) {
		patch_ids(bytes, f->len, 2 * sent++ + 1);
		feed(&r, bytes, f->len, f->len);
		if (reads)
			drain(&r);
	}
	assert_true(h2_pool_live(r.shared.pool) < 500);
	while (!engine->is_done(r.session))
		drain(&r);
	if (!r.has_goaway || r.goaway != NGHTTP2_ENHANCE_YOUR_CALM)
		fail_msg("%s: after %u rounds GOAWAY %d %u", f->what, sent, r.has_goaway, r.goaway);
	teardown(&r);
}

CASE("h2 wire server: a flood ends with ENHANCE_YOUR_CALM, whether its answers are read or not")
{
	for (size_t i = 0; i < sizeof(floods) / sizeof(floods[0]); i++) {
		flood(&floods[i], true);
		flood(&floods[i], false);
	}
}

CASE("h2 wire server: empty DATA without end is a flood, DATA with content is none")
{
	static const uint8_t post[] = { POST(1) }, empty[] = { H2_HEAD(0, T_DATA, 0, 1) },
	                     byte[] = { H2_HEAD(1, T_DATA, 0, 1), 'a' };
	for (unsigned full = 0; full < 2; full++) {
		struct rig r;
		setup(&r, true);
		feed(&r, post, sizeof(post), 100);
		for (unsigned i = 0; i < 20000; i++) {
			feed(&r, full ? byte : empty, full ? sizeof(byte) : sizeof(empty), 100);
			drain(&r);
		}
		assert_int_equal(r.has_goaway, !full);
		teardown(&r);
	}
}

CASE("h2 wire server: honest requests never use up their credit, resets among them")
{
	struct rig r;
	static const uint8_t reset[] = { H2_HEAD(4, T_RST, 0, 1), U32(8) }, post[] = { POST(1) },
	                     get[] = { GET(1) };
	static const uint8_t window[] = { H2_HEAD(4, T_WINDOW, 0, 0), U32(0x7fff0000 - WIRE_WINDOW) };
	uint8_t bytes[32];
	setup(&r, true);
	feed(&r, window, sizeof(window), 100);
	for (uint32_t i = 0; i < 20000; i++) { // each fourth is given up
		const bool up = i % 4 == 0;
		memcpy(bytes, up ? post : get, sizeof(post));
		memcpy(bytes + sizeof(post), reset, sizeof(reset));
		patch_ids(bytes, up ? sizeof(post) + sizeof(reset) : sizeof(get), 2 * i + 1);
		feed(&r, bytes, up ? sizeof(post) + sizeof(reset) : sizeof(get), 100);
		drain(&r);
	}
	assert_false(r.has_goaway);
	assert_int_equal(*r.counters.cell[H2_RESPONSES], 15000);
	teardown(&r);
}

CASE("h2 wire server: headers beyond the limit are answered with 431, and too many of them end the connection")
{
	struct rig r;
	static uint8_t bomb[WIRE_HEAD + 30 + 3000] = {
		H2_HEAD(30 + 3000, T_HEADERS, END_BOTH, 1), 0x82, 0x86, 0x84, 0x40, 1, 'a', 24
	};
	memset(bomb + WIRE_HEAD + 7, 'b', 24);
	memset(bomb + WIRE_HEAD + 31, 0xbe, sizeof(bomb) - WIRE_HEAD - 31);
	setup(&r, true);
	for (uint32_t i = 0; i < 100 && !r.has_goaway; i++) {
		patch_ids(bomb, WIRE_HEAD, 2 * i + 1);
		feed(&r, bomb, sizeof(bomb), sizeof(bomb));
		drain(&r);
	}
	assert_true(*r.counters.cell[H2_RESPONSES] > 10);
	assert_int_equal(r.goaway, NGHTTP2_ENHANCE_YOUR_CALM);
	teardown(&r);
}

// ---- fields, in both engines --------------------------------------------------------------------------------

// A request with :authority, and those bytes of further fields.
#define ASK(flags, n, ...) H2_HEAD(6 + (n), T_HEADERS, flags, 1), 0x82, 0x86, 0x84, 0x41, 1, 'a', __VA_ARGS__
#define FIELD_2(n1, n2, v) 0x00, 2, (n1), (n2), 1, (v)
#define LENGTH(v) 0x0f, 0x0d, 1, (v)
#define WRONG(text, ...) RULE(text, RESET, PROTOCOL_ERROR, __VA_ARGS__)

static const struct h2_rule fields[] = {
	RULE("a field", TAKEN, NO_ERROR, ASK(END_BOTH, 5, FIELD_1('a', '1'))),
	RULE("a field that is indexed", TAKEN, NO_ERROR, ASK(END_BOTH, 5, 0x40, 1, 'a', 1, '1')),
	RULE("host in place of :authority", TAKEN, NO_ERROR, H2_HEAD(7, T_HEADERS, END_BOTH, 1), 0x82, 0x86, 0x84,
	     0x0f, 0x17, 1, 'h'),
	RULE("content-length 0", TAKEN, NO_ERROR, ASK(END_BOTH, 4, LENGTH('0'))),
	RULE("as much as content-length says", TAKEN, NO_ERROR, ASK(END_HEADERS, 4, LENGTH('3')), ABC),
	RULE("trailers", TAKEN, NO_ERROR, ASK(END_HEADERS, 4, LENGTH('3')), H2_HEAD(3, T_DATA, 0, 1), 'a', 'b',
	     'c', H2_HEAD(5, T_HEADERS, END_BOTH, 1), FIELD_1('t', '1')),

	WRONG("no :path", H2_HEAD(5, T_HEADERS, END_BOTH, 1), 0x82, 0x86, 0x41, 1, 'a'),
	WRONG("no :method", H2_HEAD(5, T_HEADERS, END_BOTH, 1), 0x86, 0x84, 0x41, 1, 'a'),
	WRONG("no :scheme", H2_HEAD(5, T_HEADERS, END_BOTH, 1), 0x82, 0x84, 0x41, 1, 'a'),
	WRONG(":method twice", ASK(END_BOTH, 1, 0x82)),
	WRONG(":status", ASK(END_BOTH, 1, 0x88)),
	WRONG("a pseudo-header field that nobody knows", ASK(END_BOTH, 6, FIELD_2(':', 'x', '1'))),
	WRONG("a pseudo-header field behind a regular one", H2_HEAD(11, T_HEADERS, END_BOTH, 1), 0x82, 0x86, 0x41,
	      1, 'a', FIELD_1('a', '1'), 0x84),
	WRONG("an empty :path", H2_HEAD(7, T_HEADERS, END_BOTH, 1), 0x82, 0x86, 0x04, 0, 0x41, 1, 'a'),
	WRONG("a :path without its slash", H2_HEAD(8, T_HEADERS, END_BOTH, 1), 0x82, 0x86, 0x04, 1, 'p', 0x41, 1,
	      'a'),
	WRONG("a space in :path", H2_HEAD(9, T_HEADERS, END_BOTH, 1), 0x82, 0x86, 0x04, 2, '/', ' ', 0x41, 1, 'a'),
	WRONG("a :scheme that begins with a digit", H2_HEAD(8, T_HEADERS, END_BOTH, 1), 0x82, 0x06, 1, '1', 0x84,
	      0x41, 1, 'a'),
	WRONG("a space in :method", H2_HEAD(8, T_HEADERS, END_BOTH, 1), 0x02, 1, ' ', 0x86, 0x84, 0x41, 1, 'a'),
	WRONG("a space in :authority", H2_HEAD(6, T_HEADERS, END_BOTH, 1), 0x82, 0x86, 0x84, 0x41, 1, ' '),
	WRONG("a space in host", ASK(END_BOTH, 4, 0x0f, 0x17, 1, ' ')),
	WRONG("host twice", ASK(END_BOTH, 8, 0x0f, 0x17, 1, 'a', 0x0f, 0x17, 1, 'a')),
	WRONG("a name in upper case", ASK(END_BOTH, 5, FIELD_1('X', '1'))),
	WRONG("a name in upper case that is indexed", ASK(END_BOTH, 5, 0x40, 1, 'X', 1, '1')),
	WRONG("CR in a value", ASK(END_BOTH, 5, FIELD_1('a', '\r'))),
	WRONG("LF in a value", ASK(END_BOTH, 5, FIELD_1('a', '\n'))),
	WRONG("NUL in a value", ASK(END_BOTH, 5, FIELD_1('a', '\0'))),
	WRONG("transfer-encoding", ASK(END_BOTH, 4, 0x0f, 0x2a, 1, 'x')),
	WRONG("te: x", ASK(END_BOTH, 6, FIELD_2('t', 'e', 'x'))),
	WRONG("upgrade", ASK(END_BOTH, 11, 0x00, 7, 'u', 'p', 'g', 'r', 'a', 'd', 'e', 1, 'x')),
	WRONG("content-length that is no number", ASK(END_BOTH, 4, LENGTH('x'))),
	WRONG("content-length twice", ASK(END_BOTH, 8, LENGTH('0'), LENGTH('0'))),
	WRONG("content-length without content", ASK(END_BOTH, 4, LENGTH('3'))),
	WRONG("content-length beyond the content", ASK(END_HEADERS, 4, LENGTH('4')), ABC),
	WRONG("content beyond the content-length", ASK(END_HEADERS, 4, LENGTH('2')), ABC),
	WRONG("content-length beyond the content, and trailers", ASK(END_HEADERS, 4, LENGTH('4')),
	      H2_HEAD(3, T_DATA, 0, 1), 'a', 'b', 'c', H2_HEAD(5, T_HEADERS, END_BOTH, 1), FIELD_1('t', '1')),
	WRONG("trailers that end nothing", ASK(END_HEADERS, 4, LENGTH('3')), H2_HEAD(5, T_HEADERS, END_HEADERS, 1),
	      FIELD_1('t', '1')),
	WRONG("a pseudo-header field in trailers", ASK(END_HEADERS, 4, LENGTH('0')),
	      H2_HEAD(1, T_HEADERS, END_BOTH, 1), 0x84),
	WRONG("a name in upper case in trailers", ASK(END_HEADERS, 4, LENGTH('0')),
	      H2_HEAD(5, T_HEADERS, END_BOTH, 1), FIELD_1('X', '1')),
};

// Among right ones, and again and again: what was read once is not read in the same way.
static void ask_again(const struct h2_rule *rule)
{
	static const uint8_t right[] = { ASK(END_BOTH, 5, FIELD_1('b', '2')) };
	const unsigned rounds = 4;
	uint8_t bytes[128], good[sizeof(right)];
	struct rig r;
	setup(&r, true);
	memcpy(bytes, rule->bytes, rule->len);
	memcpy(good, right, sizeof(right));
	for (unsigned i = 0; i < 2 * rounds; i++) {
		patch_ids(bytes, rule->len, 4 * i + 1);
		feed(&r, bytes, rule->len, rule->len);
		drain(&r);
		patch_ids(good, sizeof(good), 4 * i + 3);
		if (i % rounds > 1) // two in a row, too
			feed(&r, good, sizeof(good), sizeof(good));
		drain(&r);
	}
	const uint64_t answered = *r.counters.cell[H2_RESPONSES], reset = *r.counters.cell[H2_RESETS_OUT];
	const unsigned all = 2 * rounds, goods = rounds;
	if (r.has_goaway || answered != (rule->reaction == TAKEN ? all + goods : goods) ||
	    reset != (rule->reaction == TAKEN ? 0 : all) || (reset > 0 && r.reset != rule->code))
		fail_msg("%s, %s: answered %u of %u, RST %u (%u), GOAWAY %d", engine->name, rule->what,
		         (unsigned)answered, all + goods, (unsigned)reset, r.reset, r.has_goaway);
	teardown(&r);
}

CASE("h2 server: both engines reset each malformed request, the first time and each time after that")
{
	const struct h2_server_engine *const engines[] = { &h2_session_server, &h2_wire_server };
	for (size_t e = 0; e < 2; e++)
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
			engine = engines[e];
			ask_again(&fields[i]);
		}
}

// Beyond what the wire engine demands.
static const struct h2_rule demands[] = {
	WRONG("neither :authority nor host", GET(1)),
	WRONG("GET *", H2_HEAD(8, T_HEADERS, END_BOTH, 1), 0x82, 0x86, 0x04, 1, '*', 0x41, 1, 'a'),
	RULE("OPTIONS *", TAKEN, NO_ERROR, H2_HEAD(16, T_HEADERS, END_BOTH, 1), 0x02, 7, 'O', 'P', 'T', 'I', 'O',
	     'N', 'S', 0x86, 0x04, 1, '*', 0x41, 1, 'a'),
};

CASE("h2 server: nghttp2's engine wants a target, and * for OPTIONS alone")
{
	engine = &h2_session_server;
	for (size_t i = 0; i < sizeof(demands) / sizeof(demands[0]); i++)
		ask_again(&demands[i]);
}

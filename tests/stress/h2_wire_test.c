// The wire engine's parts: blocks kept, streams by id, flow control, floods.
#include "engine.h"
#include "harness.h"
#include "wire_frame.h"
#include "wire_hpack.h"
#include "wire_map.h"

#include <string.h>

// ---- blocks -------------------------------------------------------------------------------------------------

CASE("h2 wire: a block that changes no table is known from one that does")
{
	static const uint8_t indexed[] = { 0x88, 0xff, 0x80, 0x01 },
	                     literal[] = { 0x00, 1, 'a', 1, 'b', 0x1f, 0x10, 0 },
	                     inserts[] = { 0x88, 0x40, 1, 'a', 1, 'b' }, resizes[] = { 0x20, 0x88 },
	                     cut[] = { 0x88, 0x00, 5, 'a' };
	assert_false(wire_block_changes_table(indexed, sizeof(indexed)));
	assert_false(wire_block_changes_table(literal, sizeof(literal)));
	assert_false(wire_block_changes_table(indexed, 0));
	assert_true(wire_block_changes_table(inserts, sizeof(inserts)));
	assert_true(wire_block_changes_table(resizes, sizeof(resizes)));
	assert_true(wire_block_changes_table(cut, sizeof(cut)));
}

static nghttp2_nv field(const char *name, const char *value)
{
	union {
		const char *in;
		uint8_t *out; // nghttp2 does not write through it
	} n = { name }, v = { value };
	return (nghttp2_nv){ n.out, v.out, strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE };
}

CASE("h2 wire: a kept block is sent again until another one has changed the table")
{
	struct h2_pool *pool = h2_pool_new();
	struct wire_encoder e;
	const nghttp2_nv a = field("x-a", "1"), b = field("x-b", "2");
	const uint8_t *first, *second, *third;
	const int key_a = 0, key_b = 0;
	assert_int_equal(wire_encoder_init(&e, pool, 4096), 0);
	const ssize_t inserted = wire_encode(&e, &key_a, &a, 1, &first);
	const ssize_t len = wire_encode(&e, &key_a, &a, 1, &first);
	assert_true(len < inserted && len == 1); // one index
	assert_int_equal(wire_encode(&e, &key_a, &a, 1, &second), 1);
	assert_ptr_equal(wire_encode(&e, &key_a, &a, 1, &first) == 1 ? first : NULL, second); // the very copy
	const uint8_t before = *second;
	assert_true(wire_encode(&e, &key_b, &b, 1, &third) > 1); // inserts: the index of x-a moves up
	assert_int_equal(wire_encode(&e, &key_a, &a, 1, &third), 1);
	assert_int_equal(*third, before + 1);
	wire_encoder_deinit(&e);
	assert_int_equal(h2_pool_live(pool), 0);
	h2_pool_free(pool);
}

// ---- streams by id ------------------------------------------------------------------------------------------

CASE("h2 wire: streams are found by their ids while others come and go")
{
	struct h2_pool *pool = h2_pool_new();
	struct wire_map m = { 0 };
	static struct wire_node nodes[4000];
	// One that stays, and a window of fifty that moves past it.
	for (uint32_t i = 0; i < 4000; i++) {
		nodes[i].id = 2 * i + 1;
		assert_int_equal(wire_map_put(&m, pool, &nodes[i]), 0);
		if (i > 50)
			wire_map_remove(&m, &nodes[i - 50]);
		assert_ptr_equal(wire_map_get(&m, 1), &nodes[0]);
		for (uint32_t k = i < 50 ? 1 : i - 49; k <= i; k++)
			assert_ptr_equal(wire_map_get(&m, 2 * k + 1), &nodes[k]);
		assert_null(wire_map_get(&m, 2 * i + 3));
		assert_null(i > 50 ? wire_map_get(&m, 2 * (i - 50) + 1) : NULL);
	}
	assert_int_equal(m.count, 51);
	assert_true(m.mask < 256); // what came and went left nothing behind
	wire_map_deinit(&m, pool);
	assert_int_equal(h2_pool_live(pool), 0);
	h2_pool_free(pool);
}

// ---- the engine ---------------------------------------------------------------------------------------------

struct rig {
	struct h2_request request;
	struct h2_prepared prepared;
	struct h2_tally tally;
	struct h2_counters counters;
	struct h2_pool *pool;
	struct h2_client *client;
	struct exchange exchanges[3];
	unsigned ended;
	uint8_t out[64 * 1024];
	size_t out_len;
};

static void on_settings(__attribute__((unused)) void *arg, __attribute__((unused)) uint32_t max_streams)
{
}

static void on_ended(void *arg, struct exchange *x, uint32_t code, bool by_us)
{
	struct rig *r = arg;
	r->ended++;
	exchange_end(x, code, by_us);
}

static void on_goaway(__attribute__((unused)) void *arg, __attribute__((unused)) uint32_t last,
                      __attribute__((unused)) uint32_t code, __attribute__((unused)) const uint8_t *text,
                      __attribute__((unused)) size_t len)
{
}

static const struct h2_client_engine *const engine = &h2_wire_client;

static void pull(struct rig *r)
{
	const ssize_t n = engine->pull(r->client, r->out, sizeof(r->out));
	assert_true(n >= 0);
	r->out_len = (size_t)n;
}

// A POST of `length` bytes on each of `count` streams.
static void setup(struct rig *r, uint64_t length, unsigned count)
{
	static const struct h2_client_events events = { on_settings, on_ended, on_goaway };
	*r = (struct rig){ .pool = h2_pool_new() };
	r->request = (struct h2_request){ .name = "r",
		                          .method = "POST",
		                          .scheme = "http",
		                          .path = "/",
		                          .has_body = true,
		                          .body = { NULL, length } };
	r->request.expect.status = 200;
	h2_counters_init(&r->counters, NULL);
	assert_int_equal(h2_prepare(&r->prepared, &r->request, "h", false), 0);
	assert_int_equal(
	        engine->open(&(struct h2_client_config){ r->pool, &r->counters, &events, r, H2_CLIENT_SETTINGS },
	                     &r->client),
	        0);
	pull(r); // the preface
	for (unsigned i = 0; i < count; i++) {
		exchange_begin(&r->exchanges[i], &r->prepared, &r->tally, i);
		assert_int_equal(engine->submit(r->client, &r->exchanges[i]), 0);
	}
}

static void teardown(struct rig *r)
{
	engine->close(r->client);
	h2_prepared_deinit(&r->prepared);
	assert_int_equal(h2_pool_live(r->pool), 0);
	h2_pool_free(r->pool);
}

static void say(struct rig *r, uint8_t type, uint8_t flags, uint32_t stream, const void *payload, size_t len)
{
	uint8_t frame[WIRE_HEAD + 64];
	wire_put_head(frame, len, type, flags, stream);
	if (len > 0)
		memcpy(frame + WIRE_HEAD, payload, len);
	assert_int_equal(engine->receive(r->client, frame, WIRE_HEAD + len), 0);
}

static void say_u32(struct rig *r, uint8_t type, uint32_t stream, uint32_t n)
{
	uint8_t payload[4];
	wire_put32(payload, n);
	say(r, type, 0, stream, payload, sizeof(payload));
}

static void set(struct rig *r, uint8_t id, uint32_t value)
{
	uint8_t payload[6] = { 0, id };
	wire_put32(payload + 2, value);
	say(r, NGHTTP2_SETTINGS, 0, 0, payload, sizeof(payload));
}

// Bytes of DATA that are in r->out for the stream; *ended where the last one says so.
static size_t data_sent(const struct rig *r, uint32_t stream, bool *ended)
{
	size_t sum = 0;
	for (size_t at = 0; at < r->out_len;) {
		const uint8_t *h = r->out + at;
		const uint32_t len = wire_get32(h) >> 8;
		assert_true(at + WIRE_HEAD + len <= r->out_len);
		if (h[3] == NGHTTP2_DATA && wire_get32(h + 5) == stream) {
			assert_true(len <= WIRE_MAX_FRAME);
			sum += len;
			*ended = h[4] & NGHTTP2_FLAG_END_STREAM;
		}
		at += WIRE_HEAD + len;
	}
	return sum;
}

CASE("h2 wire: an upload keeps within the stream's window, and goes on when it opens")
{
	struct rig r;
	bool ended = false;
	setup(&r, 5000, 1);
	set(&r, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1000);
	pull(&r);
	assert_int_equal(data_sent(&r, 1, &ended), 1000);
	pull(&r);
	assert_int_equal(r.out_len, 0);
	say_u32(&r, NGHTTP2_WINDOW_UPDATE, 1, 500);
	pull(&r);
	assert_int_equal(data_sent(&r, 1, &ended), 500);
	set(&r, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 400); // 600 less: the window is negative now
	say_u32(&r, NGHTTP2_WINDOW_UPDATE, 1, 600);
	pull(&r);
	assert_int_equal(data_sent(&r, 1, &ended), 0);
	say_u32(&r, NGHTTP2_WINDOW_UPDATE, 1, 10000);
	assert_false(ended);
	pull(&r);
	assert_int_equal(data_sent(&r, 1, &ended), 3500);
	assert_true(ended);
	teardown(&r);
}

CASE("h2 wire: an upload that waits for its turn sends nothing once its window is taken back")
{
	for (uint32_t more = 0; more < 2; more++) { // the window is then negative, or empty
		struct rig r;
		bool ended = false;
		setup(&r, 200000, 1);
		set(&r, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 100000);
		for (size_t sent = 0; sent < WIRE_WINDOW;
		     sent += data_sent(&r, 1, &ended)) // all of the connection's
			pull(&r);
		set(&r, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WIRE_WINDOW * more);
		say_u32(&r, NGHTTP2_WINDOW_UPDATE, 0, 1000000);
		pull(&r);
		for (size_t at = 0; at < r.out_len; at += WIRE_HEAD + (wire_get32(r.out + at) >> 8))
			assert_int_not_equal(r.out[at + 3], NGHTTP2_DATA);
		say_u32(&r, NGHTTP2_WINDOW_UPDATE, 1, WIRE_WINDOW * (1 - more) + 500);
		pull(&r);
		assert_int_equal(data_sent(&r, 1, &ended), 500);
		teardown(&r);
	}
}

CASE("h2 wire: uploads share the connection's window, each in its turn")
{
	struct rig r;
	bool ended = false;
	setup(&r, 100000, 3);
	set(&r, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1000000);
	pull(&r);
	const size_t first = data_sent(&r, 1, &ended), second = data_sent(&r, 3, &ended),
	             third = data_sent(&r, 5, &ended);
	pull(&r);
	assert_int_equal(first + second + third + data_sent(&r, 1, &ended) + data_sent(&r, 3, &ended) +
	                         data_sent(&r, 5, &ended),
	                 WIRE_WINDOW);
	assert_true(second >= 16384 && third >= 16384);
	assert_false(ended);
	teardown(&r);
}

CASE("h2 wire: a response that comes before the upload has ended is right when the server then says NO_ERROR")
{
	struct rig r;
	static const uint8_t ok[] = { 0x88 };
	setup(&r, 1000000, 1);
	set(&r, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 10);
	pull(&r);
	say(&r, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1, ok, 1);
	assert_int_equal(r.ended, 0);
	say_u32(&r, NGHTTP2_RST_STREAM, 1, NGHTTP2_NO_ERROR);
	assert_int_equal(r.ended, 1);
	assert_int_equal(r.exchanges[0].fault, H2_FAULT_NONE);
	teardown(&r);
}

CASE("h2 wire: GOAWAY hands back what it leaves out, sent or not")
{
	struct rig r;
	uint8_t payload[8] = { 0, 0, 0, 1 };
	setup(&r, 0, 3);
	set(&r, NGHTTP2_SETTINGS_MAX_FRAME_SIZE, WIRE_MAX_FRAME);
	say(&r, NGHTTP2_GOAWAY, 0, 0, payload, sizeof(payload));
	assert_int_equal(r.ended, 2);
	assert_int_equal(r.exchanges[1].fault, H2_FAULT_REFUSED);
	assert_int_equal(r.exchanges[2].fault, H2_FAULT_REFUSED);
	pull(&r);
	assert_int_equal(*r.counters.cell[H2_FRAMES_OUT + H2_FRAME_HEADERS], 1);
	teardown(&r);
}

// ---- a server that means harm -------------------------------------------------------------------------------

static void expect_end(struct rig *r, uint32_t code)
{
	pull(r);
	assert_true(engine->has_failed(r->client));
	assert_true(engine->is_done(r->client));
	const uint8_t *last = NULL;
	for (size_t at = 0; at < r->out_len; at += WIRE_HEAD + (wire_get32(r->out + at) >> 8))
		last = r->out + at;
	assert_non_null(last);
	assert_int_equal(last[3], NGHTTP2_GOAWAY);
	assert_int_equal(wire_get32(last + WIRE_HEAD + 4), code);
}

CASE("h2 wire: a server that floods is left, and costs a bounded memory")
{
	struct rig r;
	static const uint8_t ping[8] = { 0 };
	setup(&r, 0, 1);
	set(&r, NGHTTP2_SETTINGS_MAX_FRAME_SIZE, WIRE_MAX_FRAME);
	for (unsigned i = 0; i < 20000 && !engine->has_failed(r.client); i++) // and never reads the answers
		say(&r, NGHTTP2_PING, 0, 0, ping, sizeof(ping));
	assert_true(engine->has_failed(r.client));
	assert_true(*r.counters.cell[H2_FRAMES_OUT + H2_FRAME_PING] < 20000);
	teardown(&r);
	setup(&r, 0, 1);
	set(&r, NGHTTP2_SETTINGS_MAX_FRAME_SIZE, WIRE_MAX_FRAME);
	for (unsigned i = 0; i < 20000 && !engine->has_failed(r.client); i++) {
		pull(&r);
		say(&r, 0x77, 0, 0, NULL, 0); // nothing at all, but never ending
	}
	expect_end(&r, NGHTTP2_ENHANCE_YOUR_CALM);
	teardown(&r);
}

CASE("h2 wire: a header without end is given up")
{
	struct rig r;
	setup(&r, 0, 1);
	set(&r, NGHTTP2_SETTINGS_MAX_FRAME_SIZE, WIRE_MAX_FRAME);
	pull(&r);
	say(&r, NGHTTP2_HEADERS, 0, 1, NULL, 0);
	for (unsigned i = 0; i < 100 && !engine->has_failed(r.client); i++)
		say(&r, NGHTTP2_CONTINUATION, 0, 1, NULL, 0);
	expect_end(&r, NGHTTP2_ENHANCE_YOUR_CALM);
	teardown(&r);
}

CASE("h2 wire: a small header that unfolds to a large one is refused, and the connection lives")
{
	struct rig r;
	uint8_t bomb[40] = { 0x88, 0x40, 1, 'a' };
	setup(&r, 0, 2);
	set(&r, NGHTTP2_SETTINGS_MAX_FRAME_SIZE, WIRE_MAX_FRAME);
	pull(&r);
	// One entry of 20 bytes in the table, then a reference to it 2000 times: 106 KB of list.
	memset(bomb + 5, 'b', 20);
	bomb[4] = 20;
	uint8_t block[WIRE_HEAD + 25 + 2000];
	wire_put_head(block, 25 + 2000, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 1);
	memcpy(block + WIRE_HEAD, bomb, 25);
	memset(block + WIRE_HEAD + 25, 0xbe, 2000);
	assert_int_equal(engine->receive(r.client, block, sizeof(block)), 0);
	assert_int_equal(r.ended, 1);
	assert_int_equal(r.exchanges[0].fault, H2_FAULT_MALFORMED);
	say(&r, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, 3, bomb, 1);
	assert_int_equal(r.exchanges[1].fault, H2_FAULT_NONE);
	assert_int_equal(r.ended, 2);
	assert_false(engine->has_failed(r.client));
	teardown(&r);
}

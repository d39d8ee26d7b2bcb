// Both of the client's engines against any bytes a server may send: nothing is lent for ever, nothing leaks, and
// no response is right that is not. The wire engine comes to the same whether frames arrive whole, which it takes
// by a shorter way, or byte by byte.
#include "engine.h"

#include <stdlib.h>
#include <string.h>

#define REQUESTS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

struct state {
	struct exchange exchanges[REQUESTS];
	bool lent[REQUESTS];
};

// What came of it.
struct outcome {
	enum h2_fault faults[REQUESTS];
	uint64_t frames_in, said;
	bool failed;
};

static void on_settings(__attribute__((unused)) void *arg, __attribute__((unused)) uint32_t max_streams)
{
}

static void on_ended(void *arg, struct exchange *x, uint32_t code, bool by_us)
{
	struct state *s = arg;
	must(s->lent[x->slot]);
	s->lent[x->slot] = false;
	if (exchange_end(x, code, by_us) == H2_FAULT_NONE)
		must(x->ended && x->status == 200 && x->body_seen == 3 &&
		     x->headers_seen == x->prepared->expected_mask);
}

static void on_goaway(__attribute__((unused)) void *arg, __attribute__((unused)) uint32_t last,
                      __attribute__((unused)) uint32_t code, const uint8_t *text, size_t len)
{
	must(len == 0 || text);
}

static bool drain(const struct h2_client_engine *engine, struct h2_client *c, uint64_t *said)
{
	static uint8_t out[64 * 1024];
	ssize_t n;
	while ((n = engine->pull(c, out, sizeof(out))) > 0)
		for (ssize_t i = 0; i < n; i++)
			*said = (*said ^ out[i]) * UINT64_C(0x100000001b3);
	return n == 0;
}

static struct outcome outcome_of(const struct h2_client_engine *engine, const struct h2_client *c,
                                 const struct state *s, const struct h2_counters *counters, uint64_t said)
{
	struct outcome o = { .failed = engine->has_failed(c), .said = said };
	for (unsigned i = 0; i < REQUESTS; i++)
		o.faults[i] = s->exchanges[i].fault;
	for (unsigned i = 0; i < H2_FRAME_COUNT; i++)
		o.frames_in += *counters->cell[H2_FRAMES_IN + i];
	return o;
}

static struct outcome try_engine(const struct h2_client_engine *engine, const struct h2_client_settings *settings,
                                 const uint8_t *data, size_t size, size_t most)
{
	static const struct h2_client_events events = { on_settings, on_ended, on_goaway };
	static const struct h2_request request = { .name = "r",
		                                   .method = "GET",
		                                   .scheme = "http",
		                                   .path = "/",
		                                   .expect = { .status = 200,
		                                               .kind = EXPECT_BODY,
		                                               .body = { "abc", 3 },
		                                               .headers = { { "x-a", "1", 3, 1, false } },
		                                               .header_count = 1 } };
	struct state s = { 0 };
	struct h2_tally tally = { 0 };
	struct h2_prepared prepared;
	struct h2_counters counters = { 0 };
	uint64_t said = 0;
	struct h2_pool *pool = h2_pool_new();
	const struct h2_client_config config = { pool, &counters, &events, &s, *settings };
	struct h2_client *c = NULL;
	h2_counters_init(&counters, NULL);
	must(pool && h2_prepare(&prepared, &request, "h", false) == 0);
	must(engine->open(&config, &c) == 0);
	for (uint32_t i = 0; i < REQUESTS; i++) {
		s.exchanges[i].slot = i;
		exchange_begin(&s.exchanges[i], &prepared, &tally, i);
		s.lent[i] = engine->submit(c, &s.exchanges[i]) == 0;
	}
	bool alive = drain(engine, c, &said);
	for (size_t at = 0; alive && at < size;) {
		size_t piece = size - at < most ? size - at : most;
		alive = engine->receive(c, data + at, piece) == 0 && drain(engine, c, &said);
		at += piece;
	}
	const struct outcome o = outcome_of(engine, c, &s, &counters, said);
	must(engine->reason(c) != NULL);
	engine->close(c);
	must(h2_pool_live(pool) == 0);
	h2_pool_free(pool);
	h2_prepared_deinit(&prepared);
	return o;
}

static void try_settings(const struct h2_client_settings *settings, const uint8_t *data, size_t size)
{
	// In pieces, so that every border is crossed in time.
	try_engine(&h2_session_client, settings, data, size, 997);
	const struct outcome a = try_engine(&h2_wire_client, settings, data, size, 997),
	                     b = try_engine(&h2_wire_client, settings, data, size, 1);
	for (unsigned i = 0; i < REQUESTS; i++) // of two faults in one frame of DATA either may be told first
		must((a.faults[i] == H2_FAULT_NONE) == (b.faults[i] == H2_FAULT_NONE));
	must(a.frames_in == b.frames_in && a.said == b.said && a.failed == b.failed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct h2_client_settings usual = H2_CLIENT_SETTINGS, narrow = { 2, WIRE_WINDOW, 64, 0, 17000 };
	try_settings(&usual, data, size);
	try_settings(&narrow, data, size);
	return 0;
}

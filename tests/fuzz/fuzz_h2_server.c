// Both of the server's engines against any bytes a client may send: bounded, and nothing left behind.
#include "server_engine.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static bool drain(const struct h2_server_engine *engine, struct h2_session *s)
{
	static uint8_t out[64 * 1024];
	ssize_t n = 1;
	for (unsigned turn = 0; turn < 16 && n > 0; turn++) // a body of 64 MiB need not be read out
		n = engine->pull(s, out, sizeof(out));
	return n >= 0;
}

static void try_engine(const struct h2_server_engine *engine, const uint8_t *data, size_t size)
{
	struct h2_counters counters;
	struct h2_server_shared shared = { .pool = h2_pool_new(),
		                           .counters = &counters,
		                           .limits = { .max_streams = 10,
		                                       .max_header_bytes = 500,
		                                       .max_body_bytes = 100,
		                                       .max_held_bytes = 250,
		                                       .window_bytes = 1 << 20 } };
	struct h2_session *s = NULL;
	h2_counters_init(&counters, NULL);
	must(shared.pool && engine->open(&shared, NULL, &s) == 0);
	bool alive = drain(engine, s);
	for (size_t at = 0; alive && at < size;) {
		size_t piece = size - at < 997 ? size - at : 997;
		alive = engine->receive(s, data + at, piece) == 0 && drain(engine, s);
		must(shared.held_bytes <= shared.limits.max_held_bytes);
		at += piece;
	}
	if (alive && engine->notify_end(s) == 0 && engine->end(s) == 0)
		drain(engine, s);
	engine->close(s);
	must(shared.held_bytes == 0 && h2_pool_live(shared.pool) == 0);
	h2_pool_free(shared.pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_engine(&h2_session_server, data, size);
	try_engine(&h2_wire_server, data, size);
	return 0;
}

// The server's session engine against any bytes a client may send: bounded, and nothing left behind.
#include "server_engine.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static bool drain(struct h2_session *s)
{
	static uint8_t out[64 * 1024];
	ssize_t n = 1;
	for (unsigned turn = 0; turn < 16 && n > 0; turn++) // a body of 64 MiB need not be read out
		n = h2_session_server.pull(s, out, sizeof(out));
	return n >= 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct h2_counters counters;
	struct h2_server_shared shared = { .pool = h2_pool_new(),
		                           .counters = &counters,
		                           .limits = { .max_streams = 10,
		                                       .max_header_bytes = 500,
		                                       .max_body_bytes = 100,
		                                       .max_held_bytes = 250 } };
	struct h2_session *s = NULL;
	h2_counters_init(&counters, NULL);
	must(shared.pool && h2_session_server.open(&shared, &s) == 0);
	bool alive = drain(s);
	for (size_t at = 0; alive && at < size;) {
		size_t piece = size - at < 997 ? size - at : 997;
		alive = h2_session_server.receive(s, data + at, piece) == 0 && drain(s);
		must(shared.held_bytes <= shared.limits.max_held_bytes);
		at += piece;
	}
	if (alive && h2_session_server.notify_end(s) == 0 && h2_session_server.end(s) == 0)
		drain(s);
	h2_session_server.close(s);
	must(shared.held_bytes == 0 && h2_pool_live(shared.pool) == 0);
	h2_pool_free(shared.pool);
	return 0;
}

// The server's limits in time: what a client may keep it waiting for, and how it is told.
#include "server_parts.h"

#include "clock.h"

#include <nghttp2/nghttp2.h>

#define LINGER_MS 1000
#define LINGER_BYTES (64U << 20) // more than any socket's buffers hold

void server_linger(struct connection *c)
{
	c->lingering = true;
	c->linger_ms = uv_now(&c->server->hub.loop);
	transport_shut(&c->transport);
}

// Ends it with last words, where they can be said: else they would wait behind what the client does not take, or
// behind a TLS handshake that it does not end.
static void end(struct connection *c, enum h2_counter counter, uint32_t code, const char *text)
{
	h2_count(&c->server->counters, counter, !c->told);
	if (c->told || c->transport.writing || !transport_is_secured(&c->transport)) {
		transport_close(&c->transport, UV_ETIMEDOUT);
		return;
	}
	c->told = true;
	c->server->config->engine->fail(c->session, code, text);
	transport_wake(&c->transport);
}

static bool over(uint64_t now_ms, uint64_t since_ms, uint64_t limit_ns)
{
	return (now_ms - since_ms) * SG_NS_PER_MS >= limit_ns;
}

void server_watch(struct connection *c)
{
	const struct h2_server_limits *limits = &c->server->config->limits;
	const uint64_t now = uv_now(&c->server->hub.loop);
	struct h2_waiting w = { 0 };
	if (c->transport.closing)
		return;
	if (c->lingering) {
		if (now - c->linger_ms >= LINGER_MS || c->lingered > LINGER_BYTES)
			transport_close(&c->transport, 0);
		return;
	}
	if (c->server->ending && now - c->server->ending_ms >= LINGER_MS && !transport_is_secured(&c->transport)) {
		transport_close(&c->transport, 0); // nothing can have begun on it, and no GOAWAY can be said
		return;
	}
	c->server->config->engine->waiting(c->session, &w);
	if (w.moved != c->moved || (!w.receiving && !w.sending && !c->transport.writing)) {
		c->moved = w.moved;
		c->moved_ms = now;
	}
	if (c->greeted_ms == 0 && w.greeted)
		c->greeted_ms = now;
	if (!w.greeted && over(now, c->accepted_ms, limits->handshake_timeout_ns))
		end(c, H2_TIMED_OUT_HANDSHAKE, NGHTTP2_PROTOCOL_ERROR, "no preface and SETTINGS in time");
	else if (w.greeted && !w.acked && over(now, c->greeted_ms, limits->handshake_timeout_ns))
		end(c, H2_TIMED_OUT_HANDSHAKE, NGHTTP2_SETTINGS_TIMEOUT, "no ACK of SETTINGS in time");
	else if ((w.sending || c->transport.writing) && over(now, c->moved_ms, limits->stall_timeout_ns))
		end(c, H2_TIMED_OUT_STALL, NGHTTP2_ENHANCE_YOUR_CALM, "answers that it does not let go out");
	else if (w.receiving && over(now, c->moved_ms, limits->request_timeout_ns))
		end(c, H2_TIMED_OUT_REQUEST, NGHTTP2_ENHANCE_YOUR_CALM, "a request that does not come");
	else if (!w.ours && over(now, c->transport.active_ms, limits->idle_timeout_ns))
		end(c, H2_CONNECTIONS_IDLE, NGHTTP2_NO_ERROR, "idle");
}

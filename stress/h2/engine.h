// What a client connection needs of HTTP/2, behind one interface: the session engine (nghttp2_session, the
// reference) and the wire engine (frames of our own, for speed). An engine takes bytes and gives bytes; it knows
// no sockets, no clock and no load.
#ifndef SG_H2_ENGINE_H
#define SG_H2_ENGINE_H

#include "client_settings.h"
#include "counters.h"
#include "exchange.h"
#include "pool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct h2_client; // one connection's state, of the engine's own making

struct h2_client_events {
	// The server's SETTINGS came: it allows that many streams at a time.
	void (*settings)(void *arg, uint32_t max_streams);
	// The exchange's stream is closed, and the exchange the owner's again. `code`: of RST_STREAM, or
	// REFUSED_STREAM where GOAWAY left it out; else 0. `by_us`: we reset it, the response being malformed.
	void (*ended)(void *arg, struct exchange *x, uint32_t code, bool by_us);
	// The server ends the connection; streams up to `last` will still be answered.
	void (*goaway)(void *arg, uint32_t last, uint32_t code, const uint8_t *text, size_t len);
};

struct h2_client_config {
	struct h2_pool *pool;
	struct h2_counters *counters;
	const struct h2_client_events *events; // all set; called from within `receive` and `pull`
	void *arg;
	struct h2_client_settings settings; // H2_CLIENT_SETTINGS, or others
};

struct h2_client_engine {
	const char *name;
	// 0 or -errno. The connection preface is the first that `pull` gives. `config` is copied.
	int (*open)(const struct h2_client_config *config, struct h2_client **out);
	// Exchanges that are still open are dropped without an event. Accepts NULL.
	void (*close)(struct h2_client *c);
	// Lends the exchange to the engine until `ended`. 0 or -errno (the exchange stays the caller's).
	int (*submit)(struct h2_client *c, struct exchange *x);
	// Gives the exchange up: RST_STREAM(CANCEL) where the server knows of it, and `ended` with that code at
	// once. 0 or -errno.
	int (*cancel)(struct h2_client *c, struct exchange *x);
	// 0 or -errno: -EPROTO for what the server must not send; then `reason` tells it in words.
	int (*receive)(struct h2_client *c, const uint8_t *bytes, size_t len);
	// Bytes to be sent, at most `room` (at least 16 KiB); 0: nothing now; or -errno.
	ssize_t (*pull)(struct h2_client *c, uint8_t *to, size_t room);
	// Says GOAWAY(NO_ERROR): no more requests follow.
	int (*finish)(struct h2_client *c);
	// Whether there is anything left to say or to hear.
	bool (*is_done)(struct h2_client *c);
	const char *(*reason)(const struct h2_client *c); // "" where there is none
	// Whether the server broke the rules so that we ended the connection with an error.
	bool (*has_failed)(const struct h2_client *c);
};

extern const struct h2_client_engine h2_session_client, h2_wire_client;
// By name; NULL where there is none of that name.
const struct h2_client_engine *h2_client_engine_named(const char *name);

#endif

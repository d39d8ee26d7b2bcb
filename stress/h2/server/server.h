// The server: HTTP/2 with limits of its own, counters, and a graceful end.
#ifndef SG_H2_SERVER_H
#define SG_H2_SERVER_H

#include "err.h"
#include "route.h"
#include "server_engine.h"
#include "tap.h"

#include <stdint.h>

#define H2_SERVED_FILE (256U << 20)

struct h2_server_config {
	const char *bind;                 // addresses, IPv4 and IPv6, separated by commas
	const char *path;                 // of a unix socket besides, made and removed; NULL: none
	bool tls;                         // on every connection
	const char *certificate, *key;    // PEM; both NULL: one made now, for localhost
	const char *write_certificate;    // as PEM, for clients to trust; NULL: nowhere
	uint16_t port;                    // 0: one that is free
	int ready_fd;                     // "port N\n" goes there, and "stats {...}\n" at the end
	int life_fd;                      // its end of file ends the server at once; -1: none
	uint64_t drain_ns;                // how long a graceful end may take
	bool is_mute;                     // answers do not reflect their requests
	const char *file;                 // what /file answers, at most H2_SERVED_FILE bytes; NULL: nothing
	const struct h2_hostile *hostile; // what the hostile engine does; NULL for the others
	struct h2_server_limits limits;
	const struct h2_server_engine *engine;
	struct h2_tap *tap; // borrowed: all bytes are written there; NULL: nowhere
};

// Serves until SIGTERM or SIGINT, then ends gracefully: GOAWAY, and what was begun is answered. 0 or -errno.
int h2_server_run(const struct h2_server_config *c, struct err *e);

#endif

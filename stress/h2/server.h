// The server: h2c on loopback, with limits of its own, counters, and a graceful end.
#ifndef SG_H2_SERVER_H
#define SG_H2_SERVER_H

#include "err.h"
#include "route.h"
#include "server_engine.h"

#include <stdint.h>

struct h2_server_config {
	uint16_t port;     // on 127.0.0.1; 0: one that is free
	int ready_fd;      // "port N\n" goes there, and "stats {...}\n" at the end
	int life_fd;       // its end of file ends the server at once; -1: none
	uint64_t drain_ns; // how long a graceful end may take
	struct h2_server_limits limits;
	const struct h2_server_engine *engine;
};

// Serves until SIGTERM or SIGINT, then ends gracefully: GOAWAY, and what was begun is answered. 0 or -errno.
int h2_server_run(const struct h2_server_config *c, struct err *e);

#endif

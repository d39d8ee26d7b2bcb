// What the server answers: a table of routes from a request to a response. It knows no protocol engine.
#ifndef SG_H2_ROUTE_H
#define SG_H2_ROUTE_H

#include "body.h"
#include "counters.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What a server allows. Zero is never "no limit".
struct h2_server_limits {
	uint32_t max_streams;      // at a time on one connection
	uint32_t max_connections;  // at a time
	uint64_t max_header_bytes; // of one request, by RFC 9113's reckoning: name + value + 32 each
	uint64_t max_body_bytes;   // of one request
	uint64_t max_held_bytes;   // of all bodies held for echoing at a time
	uint64_t idle_timeout_ns;  // a connection without a byte in or out
};

struct h2_text {
	const char *text; // need not be NUL-terminated
	size_t len;
};

// A request that has come in whole. All is borrowed.
struct h2_incoming {
	struct h2_text method, path, authority;
	uint64_t header_count; // regular fields
	uint64_t header_hash;  // h2_header_hash over them
	struct h2_text body;   // what was kept for echoing
	bool headers_too_large, body_too_large, no_memory;
};

struct h2_answer {
	unsigned status;
	const char *type;    // content-type; NULL: no body
	const char *allow;   // of a 405; else NULL
	bool has_length;     // content-length is sent
	bool head;           // only the header: length is that of what GET would bring
	struct h2_body body; // borrowed from the request, from static text, or from `owned`
	char *owned;         // from malloc, the receiver's to free; NULL
};

// Whether the route of that method keeps the request's body.
bool h2_route_keeps_body(struct h2_text method);
void h2_route(const struct h2_incoming *in, const struct h2_counters *counters, struct h2_answer *out);

#endif

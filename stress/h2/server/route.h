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
	uint32_t max_streams;          // at a time on one connection
	uint32_t max_connections;      // at a time
	uint64_t max_header_bytes;     // of one request, by RFC 9113's reckoning: name + value + 32 each
	uint64_t max_body_bytes;       // of one request
	uint64_t max_held_bytes;       // of all bodies held for echoing at a time
	uint32_t window_bytes;         // of a stream, for uploads
	uint64_t idle_timeout_ns;      // a connection without a byte in or out, unless it waits for us
	uint64_t handshake_timeout_ns; // from accept to the client's preface and SETTINGS, and to the ACK of ours
	uint64_t request_timeout_ns;   // a header or upload under way that does not move
	uint64_t stall_timeout_ns;     // answers that the client does not let go out
	uint64_t goaway_after;         // requests on a connection, then it ends in good order; 0: no such limit
};

struct h2_text {
	const char *text; // need not be NUL-terminated
	size_t len;
};

// A request that has come in whole. All is borrowed.
struct h2_incoming {
	struct h2_text method, path, authority;
	uint64_t header_count;                // regular fields
	uint64_t header_hash;                 // h2_header_hash over them
	struct h2_text body;                  // what was kept for echoing
	struct h2_text file;                  // what /file answers; text NULL: nothing
	uint64_t trailer_count, trailer_hash; // as of the header
	bool headers_too_large, body_too_large, no_memory;
	bool is_mute; // the answer's header does not reflect it
};

#define H2_ENDLESS (UINT64_C(1) << 62) // bytes of a body that ends when the client or the server does

// What stands behind the body.
enum h2_trailing {
	H2_TRAILING_NONE,
	H2_TRAILING_SEEN, // number and hash of the request's trailers
	H2_TRAILING_GRPC, // gRPC's status
	H2_TRAILING_ALONE // the same in the header, which is all of the answer
};

struct h2_answer {
	unsigned status;
	const char *type;    // content-type; NULL: no body
	const char *allow;   // of a 405; else NULL
	bool has_length;     // content-length is sent
	bool endless;        // its body ends when the server does
	bool head;           // only the header: length is that of what GET would bring
	struct h2_body body; // borrowed from the request, from static text, or from `owned`
	char *owned;         // from malloc, the receiver's to free; NULL
	enum h2_trailing trailing;
	unsigned grpc_status;
	const char *grpc_message; // static; NULL: none
	uint64_t delay_ns;        // before the header
	uint64_t every_ns; // the body goes out `piece` bytes at a time, the first at once; 0: all of it as it can
	uint64_t piece;
};

// What is decided before a request's body has come.
struct h2_upload_plan {
	bool echoes;   // the answer begins at once, and is the body as it comes
	bool is_grpc;  // likewise, with a status behind it
	uint64_t rate; // bytes a second that are read; 0: all that comes
};

// The body's bytes that may have gone out at `now_ns`, when the answer began at `start_ns`; and then when there
// will be more.
uint64_t h2_answer_ready(const struct h2_answer *a, uint64_t start_ns, uint64_t now_ns);
uint64_t h2_answer_next_ns(const struct h2_answer *a, uint64_t start_ns, uint64_t ready);

// Whether the route of that method keeps the request's body.
bool h2_route_keeps_body(struct h2_text method);
struct h2_upload_plan h2_route_plan(struct h2_text method, struct h2_text path);
// The answer of a plan that echoes, of which the body is not known.
struct h2_answer h2_route_echo(const struct h2_upload_plan *plan);
void h2_route(const struct h2_incoming *in, const struct h2_counters *counters, struct h2_answer *out);

#endif

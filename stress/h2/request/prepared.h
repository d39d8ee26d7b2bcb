// A request made ready to be sent, and what is expected of its response: built once for each template, and shared
// by all its exchanges; or, where the template has places, made anew for each exchange (more.h).
#ifndef SG_H2_PREPARED_H
#define SG_H2_PREPARED_H

#include "scenario.h"

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stdint.h>

// Headers and trailers that responses of our own server carry, so that what it saw can be compared with what was
// sent.
#define H2_REFLECTED 5U
#define H2_REFLECTED_TRAILERS 2U

struct h2_prepared {
	const struct h2_request *request;
	nghttp2_nv *headers; // pseudo-headers first; names and values borrowed
	size_t header_count;
	nghttp2_nv *trailers; // behind them
	size_t trailer_count;
	struct h2_header *expected; // the scenario's headers, the reflected ones, then the trailers likewise
	size_t expected_headers, expected_count;
	uint64_t expected_mask; // a bit for each
	struct h2_body body;    // what is sent; length 0: none
	struct h2_body expected_body;
	const void *sent_as;  // the same for all that are sent with the same headers; NULL: they change
	const void *heard_as; // the same for all of which the same header is expected; NULL likewise
	bool varies;          // the template has places: this one is not sent itself
	bool is_reflected;    // our server says what it saw
	bool needs_more;      // it varies, or is watched
	bool trailing;        // trailers end it, not the body
	bool is_watched;      // its responses' bodies are hashed, or read as messages (more.h)
	char content_length[24], reflected_count[24], reflected_hash[24];
	char trailers_count[24], trailers_hash[24];
};

// `target` is the authority of requests that name none. `reflects`: the server is ours and reflects. 0 or -ENOMEM;
// h2_prepared_deinit in both cases.
int h2_prepare(struct h2_prepared *p, const struct h2_request *q, const char *target, bool reflects);
void h2_prepared_deinit(struct h2_prepared *p);
// The figures that belong to the present headers, trailers and body: content-length, and what our server reflects.
void h2_prepared_settle(struct h2_prepared *p);

// Indices into `headers`.
enum { H2_AT_METHOD, H2_AT_SCHEME, H2_AT_AUTHORITY, H2_AT_PATH, H2_AT_FIELDS };

// FNV-1a over the fields of a request's regular headers in order, names and values each ended by a NUL.
#define H2_HASH_START UINT64_C(0xcbf29ce484222325)
uint64_t h2_header_hash(uint64_t hash, const void *name, size_t name_len, const void *value, size_t value_len);

#endif

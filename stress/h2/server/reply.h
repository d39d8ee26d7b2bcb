// What the server's engines have in common between a request's bytes and its answer's: the body that is kept, and
// the answer as header fields.
#ifndef SG_H2_REPLY_H
#define SG_H2_REPLY_H

#include "buf.h"
#include "route.h"
#include "server_engine.h"

#include <nghttp2/nghttp2.h>

// A request's body as far as it is kept.
struct h2_upload {
	struct buf body;
	uint64_t held; // of shared->held_bytes
	bool too_large, no_memory;
};

// More of the body; beyond the limits it is only noted that there was more.
void h2_upload_take(struct h2_upload *u, struct h2_server_shared *shared, struct h2_text method,
                    const uint8_t *bytes, size_t len);
void h2_upload_deinit(struct h2_upload *u, struct h2_server_shared *shared);

#define H2_REPLY_FIELDS 12
#define H2_REPLY_TRAILERS 2

// An answer, and the texts that its fields point to.
struct h2_reply {
	struct h2_answer answer;
	uint64_t start_ns; // of its body, where it goes out in pieces
	// last, since they need not be cleared
	char status[20], length[20], count[20], hash[16]; // not terminated
	char trailers[20], trailers_hash[16], grpc[20];
};

// The answer's header fields, :status first; they live as long as the reply and the request.
size_t h2_reply_fields(struct h2_reply *r, const struct h2_incoming *in, nghttp2_nv nv[H2_REPLY_FIELDS]);
// Its trailers likewise; 0: there are none.
size_t h2_reply_trailers(struct h2_reply *r, const struct h2_incoming *in, nghttp2_nv nv[H2_REPLY_TRAILERS]);
bool h2_reply_has_trailers(const struct h2_reply *r);
// Whether the answer has a body to be sent.
bool h2_reply_has_body(const struct h2_reply *r);
void h2_reply_deinit(struct h2_reply *r);
// The body's bytes that may not go out yet. Where that is more than none, *next_ns is when to ask again. A body
// without an end ends here when the server does.
uint64_t h2_reply_withheld(struct h2_reply *r, const struct h2_server_shared *shared, uint64_t sent,
                           uint64_t *next_ns);

#endif

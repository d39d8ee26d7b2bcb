// The state of one connection of the client's wire engine, as its two halves share it: wire_client.c sends,
// wire_client_in.c receives.
#ifndef SG_H2_WIRE_CLIENT_H
#define SG_H2_WIRE_CLIENT_H

#include "engine.h"
#include "wire_fields.h"
#include "wire_flow.h"

// One request under way.
struct wire_stream {
	struct wire_sender sender; // first: the map hands this back
	struct exchange *exchange;
	struct wire_window window;
	uint64_t received; // bytes of content
	int64_t content_length;
	bool final, no_content; // its final response has begun; it has none
	bool remote_done;
	struct wire_stream *next, *prev; // of all, by id
};

struct h2_client {
	struct h2_client_config config;
	struct wire_reader reader;
	struct wire_out out;
	struct wire_sending sending;
	struct wire_window window; // of the connection
	struct wire_decoder decoder;
	struct wire_blocks heard; // responses, judged before
	struct wire_assembly assembly;

	struct wire_map streams;
	struct wire_stream *first, *last; // all of them
	struct wire_stream *unsent;       // the first whose HEADERS are still to be sent
	uint32_t next_id;
	struct wire_ids resets; // by us: what the server sent before it knew is no fault

	uint32_t goaway_last; // the least that the server has named
	unsigned idle_frames; // since anything moved a request on
	bool settings_seen, settings_acked;
	bool over;      // GOAWAY with an error is our last word
	bool finishing; // GOAWAY without one
	char reason[160];
};

// Ends the stream: the exchange is the owner's again.
void wire_client_end(struct h2_client *c, struct wire_stream *s, uint32_t code, bool by_us);
// RST_STREAM, and the end as malformed for that reason.
void wire_client_reset(struct h2_client *c, struct wire_stream *s, struct wire_fault fault);
// GOAWAY: nothing more is read.
void wire_client_fail(struct h2_client *c, struct wire_fault fault);
int wire_client_receive(struct h2_client *c, const uint8_t *bytes, size_t len);

// A frame of control goes out, and is counted.
static inline void wire_client_count_out(struct h2_client *c, uint8_t type)
{
	h2_count_frame(c->config.counters, H2_FRAMES_OUT, type);
}

#endif

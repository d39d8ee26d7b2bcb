// The state of one connection of the server's wire engine, as its halves share it: wire_server.c sends,
// wire_server_in.c receives, wire_asked.c reads what a request's header asks for.
#ifndef SG_H2_WIRE_SERVER_H
#define SG_H2_WIRE_SERVER_H

#include "reply.h"
#include "server_engine.h"
#include "wire_fields.h"
#include "wire_flow.h"

#define WIRE_SERVER_CONNECTION (16 << 20)

// What one request's header asks for; shared by all requests whose header was the same block.
struct wire_asked {
	unsigned references;
	uint64_t serial; // of the connection's, from 1: the key of its answers
	struct h2_text method, path, authority;
	uint64_t header_count, header_hash;
	int64_t content_length; // -1: none
	bool too_large;
	char text[];
};

// One request, from its header to the end of its answer.
struct wire_request {
	struct wire_sender sender; // first: the map hands this back
	struct h2_session *session;
	struct h2_alarm alarm; // its answer's time, or that of reading on
	struct wire_asked *asked;
	struct h2_upload upload;
	struct h2_upload_plan plan;
	uint64_t read_ns; // until when its window is opened, where the plan has a rate
	struct h2_reply reply;
	struct wire_window window;
	uint64_t received;                                // bytes of content
	uint64_t trailer_count, trailer_hash;             // of the request
	bool whole;                                       // END_STREAM has come
	bool answered, waiting;                           // it has an answer; whose turn for HEADERS has come
	bool headed;                                      // which are out
	struct wire_request *next, *prev;                 // of all
	struct wire_request *next_waiting, *prev_waiting; // of those whose answer's HEADERS are to be sent
};

struct h2_session {
	struct h2_server_shared *shared;
	void *owner; // shared->wake's
	struct wire_reader reader;
	struct wire_out out;
	struct wire_sending sending;
	struct wire_window window; // of the connection
	struct wire_decoder decoder;
	struct wire_blocks heard; // requests, read before
	struct wire_assembly assembly;
	struct buf scratch; // texts of the request being read
	uint64_t serials;

	struct wire_map streams;
	struct wire_request *first;
	struct wire_request *waiting, *waiting_last;
	uint32_t last_id;               // the greatest that the client opened
	struct wire_ids resets, closed; // streams that we reset; that ended in order
	uint32_t goaway_last;           // what our GOAWAY takes in
	unsigned preface;               // bytes of it that have come
	int credit;
	uint64_t opened, moved;                // requests; struct h2_waiting
	uint32_t uploading, answering, asleep; // requests that are not whole; answered; that wait for an alarm
	uint32_t slow;                         // not whole, and read slowly
	bool settings_seen, settings_acked;
	bool ending, leaving; // our GOAWAY is out; the client's has come
	bool over;            // our GOAWAY with an error
};

int wire_server_receive(struct h2_session *s, const uint8_t *bytes, size_t len);

// The request is there no more.
void wire_request_forget(struct h2_session *s, struct wire_request *r);
// RST_STREAM, and the end of the request, if there is one.
void wire_server_reset(struct h2_session *s, uint32_t id, struct wire_request *r, uint32_t code);
// GOAWAY with an error: nothing more is read.
void wire_server_fail(struct h2_session *s, struct wire_fault fault);
void wire_server_cost(struct h2_session *s, enum h2_cost cost);
// The request is to be answered with what its route says.
void wire_server_answer(struct h2_session *s, struct wire_request *r);
// More of its answer's body may be there.
void wire_server_offer(struct h2_session *s, struct wire_request *r);
// Its upload has come to its end.
void wire_server_whole(struct h2_session *s, struct wire_request *r);
// Reads on at the plan's rate.
void wire_server_read_slowly(struct h2_session *s, struct wire_request *r, uint64_t now_ns);
int wire_server_end(struct h2_session *s); // struct h2_server_engine's `end`

static inline void wire_server_count_out(struct h2_session *s, uint8_t type)
{
	h2_count_frame(s->shared->counters, H2_FRAMES_OUT, type);
}

// Reads a request's header. *asked is set unless there is a fault; it has a reference for the caller. `fault.code`
// COMPRESSION_ERROR and INTERNAL_ERROR are the connection's.
struct wire_fault wire_ask(struct h2_session *s, const uint8_t *block, size_t len, struct wire_asked **asked);
// The same of trailers; their number and hash go to `r`, which may be NULL.
struct wire_fault wire_ask_trailers(struct h2_session *s, const uint8_t *block, size_t len,
                                    struct wire_request *r);
void wire_asked_release(struct h2_session *s, struct wire_asked *a); // accepts NULL
void wire_heard_deinit(struct h2_session *s);

#endif

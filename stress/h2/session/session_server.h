// The state of one connection of the server's session engine, as its halves share it: session_server.c is
// nghttp2's callbacks and the connection's life, session_answer.c makes answers and gives them when their time has
// come.
#ifndef SG_H2_SESSION_SERVER_H
#define SG_H2_SESSION_SERVER_H

#include "reply.h"
#include "session_shared.h"
#include "wire_flow.h"

struct h2_session {
	struct h2_server_shared *shared;
	void *owner; // shared->wake's
	nghttp2_session *session;
	struct request *requests; // doubly linked
	struct request *current;  // of the stream that callbacks were last about; NULL: look it up
	struct h2_held held;
	int credit;
	uint64_t opened, moved;                      // requests; struct h2_waiting
	uint32_t uploading, answering, asleep, slow; // as the wire engine's
	uint32_t header;                             // the stream whose header is under way; 0: none
	struct wire_ids ended;                       // streams
	bool greeted, acked, over, ending;
};

// One stream, from its first header to its close.
struct request {
	struct request *next, *prev;
	struct h2_session *owner;
	int32_t id;
	struct h2_alarm alarm; // its answer's time, or that of reading on
	struct h2_upload_plan plan;
	uint64_t unread, read_ns;                 // bytes that came, and whose window is still closed; since when
	nghttp2_rcbuf *method, *path, *authority; // references
	uint64_t header_count, header_hash, header_bytes;
	uint64_t trailer_count, trailer_hash;
	struct h2_upload upload;
	uint64_t sent; // of the answer's body
	bool headers_too_large;
	bool whole;               // END_STREAM has come
	bool answered, submitted; // its answer is known; and nghttp2's
	bool deferred;            // nghttp2 waits to be told of more body
	struct h2_reply reply;    // last: its texts are not cleared
};

struct h2_text session_text(nghttp2_rcbuf *b); // "" for NULL
// The answer is known: it is given now, or when its time comes. 0 or nghttp2's error.
int session_respond(struct h2_session *s, struct request *r);
// More of the body may be there, for an answer that waits for that.
void session_resume(struct h2_session *s, struct request *r);
// The window is opened at the plan's rate.
void session_read_slowly(struct h2_session *s, struct request *r, uint64_t now_ns);
void session_wake_up(struct h2_session *s, struct request *r); // its alarm, if it has one, does not ring

#endif

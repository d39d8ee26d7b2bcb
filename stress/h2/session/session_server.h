// The state of one connection of the server's session engine, as its parts share it: session_server.c is
// nghttp2's callbacks and the connection's life, session_asked.c reads header fields, session_answer.c makes
// answers and gives them when their time has come, session_spell.c spells those that are given again.
#ifndef SG_H2_SESSION_SERVER_H
#define SG_H2_SESSION_SERVER_H

#include "reply.h"
#include "session_shared.h"
#include "wire_fields.h"
#include "wire_flow.h"

#define SESSION_FIELDS 24U        // that are known again at most
#define SESSION_SPELLED 64U       // bytes of an answer's field section that is kept
#define SESSION_ASTRAY UINT32_MAX // a request that has more, or too large ones

// The header fields of the last request, as references.
struct session_known {
	struct {
		nghttp2_rcbuf *name, *value;
	} fields[SESSION_FIELDS];
	uint32_t count;
	uint64_t serial; // another one whenever a field of them changes
};

// An answer given again while requests are the same. Its texts live as long as it does.
struct session_memo {
	unsigned references; // the session's, and those of requests under way
	uint32_t fields;
	uint64_t serial;                          // of struct session_known
	nghttp2_rcbuf *method, *path, *authority; // references, which the fields point into
	size_t count;
	nghttp2_nv nv[H2_REPLY_FIELDS]; // the status first
	uint64_t table;                 // as it was (struct h2_session), when
	uint32_t spelled_len;           // nghttp2 spelled them like this; 0: not yet
	uint8_t spelled[SESSION_SPELLED];
	struct h2_reply reply;
};

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
	int32_t newest;                              // the greatest stream id of a HEADERS frame
	uint32_t header;                             // the stream whose header is under way; 0: none
	struct wire_ids ended;                       // streams
	struct session_memo *memo;                   // of the last answer that may be repeated; NULL: none
	struct session_known known;
	uint64_t table;            // HPACK's, of what we send: another one whenever a field section changes it
	struct session_memo *sent; // of the HEADERS that nghttp2 is about to hand out, and whether that is short
	bool sent_short;
	uint8_t *frame;             // that stands for one of nghttp2's; of the pool; NULL: not yet
	struct wire_fields section; // that is being read
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
	uint64_t sent;             // of the answer's body
	struct session_memo *memo; // whose fields its answer has; NULL: its own
	uint32_t followed;      // fields that are the first of struct session_known; SESSION_ASTRAY: they are not
	bool is_read;           // its fields have been looked at
	bool is_new;            // it has a field that the request before did not have
	bool is_bad;            // it is malformed: it was reset, and what still comes is dropped
	uint64_t received;      // bytes of its body
	int64_t content_length; // -1: none
	bool headers_too_large;
	bool whole;               // END_STREAM has come
	bool answered, submitted; // its answer is known; and nghttp2's
	bool is_short;            // nghttp2 knows no more than its status: the memo has the rest
	bool deferred;            // nghttp2 waits to be told of more body
	struct h2_reply reply;    // last: its texts are not cleared
};

// A field of a request's header. One that is known is not looked at.
static inline bool session_knows(struct h2_session *s, struct request *r, const nghttp2_rcbuf *name,
                                 const nghttp2_rcbuf *value)
{
	const bool is_known = r->followed < s->known.count && s->known.fields[r->followed].name == name &&
	                      s->known.fields[r->followed].value == value;
	r->followed += is_known;
	return is_known;
}
void session_take_header(struct h2_session *s, struct request *r, nghttp2_rcbuf *name, nghttp2_rcbuf *value);
void session_take_trailer(struct h2_session *s, struct request *r, nghttp2_rcbuf *name, nghttp2_rcbuf *value);
// The header is whole: the request is the last one again, which is answered likewise, or is judged. False where it
// is malformed.
bool session_end_header(struct h2_session *s, struct request *r, bool end_stream);
bool session_end_trailers(struct h2_session *s, struct request *r, bool end_stream);
// Keeps its answer for the next one, where that may be the same.
void session_remember(struct h2_session *s, struct request *r, const struct h2_incoming *in);
void session_release(struct h2_session *s, struct session_memo *m); // accepts NULL
void session_forget_all(struct h2_session *s);
// Whether the memo's fields can be sent as they were sent before.
bool session_is_spelled(const struct h2_session *s, const struct session_memo *m);
// nghttp2 hands out the HEADERS of this request next (NULL: of none); by then it may be gone.
void session_note_sent(struct h2_session *s, const struct request *r);
// h2_held's `change`, of the session.
const uint8_t *session_spell(void *arg, const uint8_t *frame, size_t *len);

struct request *session_find(struct h2_session *s, int32_t id); // NULL for a stream that has none any more

struct h2_text session_text(nghttp2_rcbuf *b); // "" for NULL
// The answer is known: it is given now, or when its time comes. 0 or nghttp2's error.
int session_respond(struct h2_session *s, struct request *r);
// More of the body may be there, for an answer that waits for that.
void session_resume(struct h2_session *s, struct request *r);
// The window is opened at the plan's rate.
void session_read_slowly(struct h2_session *s, struct request *r, uint64_t now_ns);
void session_wake_up(struct h2_session *s, struct request *r); // its alarm, if it has one, does not ring

#endif

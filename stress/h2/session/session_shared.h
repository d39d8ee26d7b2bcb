// What the two session engines share at nghttp2's border.
#ifndef SG_H2_SESSION_SHARED_H
#define SG_H2_SESSION_SHARED_H

#include <nghttp2/nghttp2.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// A frame that pull's caller had no room for; nghttp2 keeps it until the next is asked for.
struct h2_held {
	const uint8_t *bytes;
	size_t len;
	// What is sent in the place of a frame of nghttp2's: `frame` itself, or another, valid until the next one,
	// whose length it sets; NULL: no memory. NULL: all are sent as they are.
	const uint8_t *(*change)(void *arg, const uint8_t *frame, size_t *len);
	void *arg;
};

// 0, or a negative errno for a negative nghttp2_error.
int h2_session_errno(int code);
// Fills `to` with frames, at most `room` bytes; 0: nothing to send now; or -errno.
ssize_t h2_session_pull(nghttp2_session *session, struct h2_held *held, uint8_t *to, size_t room);

#endif

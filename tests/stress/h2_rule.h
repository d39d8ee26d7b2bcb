// One row of a table of right and wrong, and the frames in it as bytes.
#ifndef SG_TEST_H2_RULE_H
#define SG_TEST_H2_RULE_H

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rule_reaction {
	TAKEN,      // the message is right, and so is the connection
	RESET,      // the message is malformed: RST_STREAM
	ENDED,      // the connection cannot go on: GOAWAY
	ENDED_LATE, // the same, behind a message that was right
};

struct h2_rule {
	const char *what;
	enum rule_reaction reaction;
	uint32_t code; // of RST_STREAM or GOAWAY
	const uint8_t *bytes;
	size_t len;
	bool bare;          // no SETTINGS and no ACK in front of them
	bool head;          // the request is HEAD
	bool session_takes; // nghttp2 lets it pass
};

#define H2_HEAD(len, type, flags, id)                                                                             \
	(uint8_t)((len) >> 16), (uint8_t)((len) >> 8), (uint8_t)(len), (type), (flags), 0, 0, 0, (id)
enum { T_DATA, T_HEADERS, T_PRIORITY, T_RST, T_SETTINGS, T_PUSH, T_PING, T_GOAWAY, T_WINDOW, T_CONTINUATION };
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4, PADDED = 8, PRIORITY = 32, END_BOTH = 5 };

#define OK_HEADERS H2_HEAD(1, T_HEADERS, END_HEADERS, 1), 0x88
#define ABC H2_HEAD(3, T_DATA, END_STREAM, 1), 'a', 'b', 'c'
#define U32(n)                                                                                                    \
	(uint8_t)((uint32_t)(n) >> 24), (uint8_t)((uint32_t)(n) >> 16), (uint8_t)((uint32_t)(n) >> 8), (uint8_t)(n)
// A literal field that enters no table, its name and value given with their lengths.
#define FIELD_1(n, v) 0x00, 1, (n), 1, (v)

#define RULE_WITH(more, text, reacts, error, ...)                                                                 \
	{                                                                                                         \
		.what = (text), .reaction = (reacts), .code = NGHTTP2_##error,                                    \
		.bytes = (const uint8_t[]){ __VA_ARGS__ }, .len = sizeof((const uint8_t[]){ __VA_ARGS__ }), more  \
	}
#define RULE(...) RULE_WITH(.bare = false, __VA_ARGS__)

#endif

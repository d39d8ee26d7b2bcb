// What a server sends, right and wrong, as a table: each row answers one "GET /" on stream 1, which expects status
// 200 and the body "abc" (or one "HEAD /", where it says so).
#ifndef SG_TEST_H2_RULES_H
#define SG_TEST_H2_RULES_H

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum h2_reaction {
	TAKEN,      // the response is right, and so is the connection
	RESET,      // the response is malformed: RST_STREAM
	ENDED,      // the connection cannot go on: GOAWAY
	ENDED_LATE, // the same, behind a response that was right
};

struct h2_rule {
	const char *what;
	enum h2_reaction reaction;
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

static const struct h2_rule h2_rules[] = {
	// ---- what is right -----------------------------------------------------------------------------------
	RULE("a plain response", TAKEN, NO_ERROR, OK_HEADERS, ABC),
	RULE("the body in pieces, some empty", TAKEN, NO_ERROR, OK_HEADERS, H2_HEAD(1, T_DATA, 0, 1), 'a',
	     H2_HEAD(0, T_DATA, 0, 1), H2_HEAD(2, T_DATA, 0, 1), 'b', 'c', H2_HEAD(0, T_DATA, END_STREAM, 1)),
	RULE("padding", TAKEN, NO_ERROR, H2_HEAD(4, T_HEADERS, END_HEADERS | PADDED, 1), 2, 0x88, 0, 0,
	     H2_HEAD(8, T_DATA, END_STREAM | PADDED, 1), 4, 'a', 'b', 'c', 0, 0, 0, 0),
	RULE("padding alone", TAKEN, NO_ERROR, OK_HEADERS, H2_HEAD(3, T_DATA, PADDED, 1), 2, 0, 0, ABC),
	RULE("a header with priority", TAKEN, NO_ERROR, H2_HEAD(6, T_HEADERS, END_HEADERS | PRIORITY, 1), U32(3),
	     9, 0x88, ABC),
	RULE("a header in three frames", TAKEN, NO_ERROR, H2_HEAD(0, T_HEADERS, 0, 1),
	     H2_HEAD(1, T_CONTINUATION, 0, 1), 0x88, H2_HEAD(0, T_CONTINUATION, END_HEADERS, 1), ABC),
	RULE("interim responses", TAKEN, NO_ERROR, H2_HEAD(5, T_HEADERS, END_HEADERS, 1), 0x08, 3, '1', '0', '3',
	     H2_HEAD(5, T_HEADERS, END_HEADERS, 1), 0x08, 3, '1', '0', '0', OK_HEADERS, ABC),
	RULE("trailers", TAKEN, NO_ERROR, OK_HEADERS, H2_HEAD(3, T_DATA, 0, 1), 'a', 'b', 'c',
	     H2_HEAD(5, T_HEADERS, END_BOTH, 1), FIELD_1('t', '1')),
	RULE("a content-length that agrees", TAKEN, NO_ERROR, H2_HEAD(5, T_HEADERS, END_HEADERS, 1), 0x88, 0x0f,
	     0x0d, 1, '3', ABC),
	RULE("frames of unknown types", TAKEN, NO_ERROR, H2_HEAD(2, 0x77, 0xff, 1), 1, 2, OK_HEADERS,
	     H2_HEAD(0, 0xee, 0, 0), ABC),
	RULE("settings nobody knows", TAKEN, NO_ERROR, H2_HEAD(6, T_SETTINGS, 0, 0), 0x77, 0x77, U32(1),
	     OK_HEADERS, ABC),
	RULE("PRIORITY, PING and WINDOW_UPDATE", TAKEN, NO_ERROR, H2_HEAD(5, T_PRIORITY, 0, 9), U32(0), 1,
	     H2_HEAD(8, T_PING, 0, 0), 1, 2, 3, 4, 5, 6, 7, 8, H2_HEAD(4, T_WINDOW, 0, 0), U32(100),
	     H2_HEAD(4, T_WINDOW, 0, 1), U32(100), OK_HEADERS, ABC),
	RULE("WINDOW_UPDATE and RST_STREAM behind the end", TAKEN, NO_ERROR, OK_HEADERS, ABC,
	     H2_HEAD(4, T_WINDOW, 0, 1), U32(1), H2_HEAD(4, T_RST, 0, 1), U32(0)),

	// ---- responses that are malformed --------------------------------------------------------------------
	RULE("no :status", RESET, PROTOCOL_ERROR, H2_HEAD(5, T_HEADERS, END_HEADERS, 1), FIELD_1('a', '1'), ABC),
	RULE(":status twice", RESET, PROTOCOL_ERROR, H2_HEAD(2, T_HEADERS, END_HEADERS, 1), 0x88, 0x88, ABC),
	RULE(":status of two digits", RESET, PROTOCOL_ERROR, H2_HEAD(4, T_HEADERS, END_HEADERS, 1), 0x08, 2, '2',
	     '0', ABC),
	RULE(":status behind a field", RESET, PROTOCOL_ERROR, H2_HEAD(6, T_HEADERS, END_HEADERS, 1),
	     FIELD_1('a', '1'), 0x88, ABC),
	RULE(":path in a response", RESET, PROTOCOL_ERROR, H2_HEAD(2, T_HEADERS, END_HEADERS, 1), 0x88, 0x84, ABC),
	RULE("an unknown pseudo-header field", RESET, PROTOCOL_ERROR, H2_HEAD(7, T_HEADERS, END_HEADERS, 1), 0x88,
	     0x00, 2, ':', 'a', 1, '1', ABC),
	RULE("status 101", RESET, PROTOCOL_ERROR, H2_HEAD(5, T_HEADERS, END_HEADERS, 1), 0x08, 3, '1', '0', '1',
	     OK_HEADERS, ABC),
	RULE("a name in upper case", RESET, PROTOCOL_ERROR, H2_HEAD(6, T_HEADERS, END_HEADERS, 1), 0x88,
	     FIELD_1('X', '1'), ABC),
	RULE("a blank in a name", RESET, PROTOCOL_ERROR, H2_HEAD(6, T_HEADERS, END_HEADERS, 1), 0x88,
	     FIELD_1(' ', '1'), ABC),
	RULE("an empty name", RESET, PROTOCOL_ERROR, H2_HEAD(5, T_HEADERS, END_HEADERS, 1), 0x88, 0x00, 0, 1, '1',
	     ABC),
	RULE("LF in a value", RESET, PROTOCOL_ERROR, H2_HEAD(6, T_HEADERS, END_HEADERS, 1), 0x88,
	     FIELD_1('a', '\n'), ABC),
	RULE("NUL in a value", RESET, PROTOCOL_ERROR, H2_HEAD(6, T_HEADERS, END_HEADERS, 1), 0x88, FIELD_1('a', 0),
	     ABC),
	RULE("a blank at a value's end", RESET, PROTOCOL_ERROR, H2_HEAD(7, T_HEADERS, END_HEADERS, 1), 0x88, 0x00,
	     1, 'a', 2, '1', ' ', ABC),
	RULE("te of something else", RESET, PROTOCOL_ERROR, H2_HEAD(8, T_HEADERS, END_HEADERS, 1), 0x88, 0x00, 2,
	     't', 'e', 2, 'g', 'z', ABC),
	RULE("upgrade", RESET, PROTOCOL_ERROR, H2_HEAD(12, T_HEADERS, END_HEADERS, 1), 0x88, 0x00, 7, 'u', 'p',
	     'g', 'r', 'a', 'd', 'e', 1, 'x', ABC),
	RULE("transfer-encoding", RESET, PROTOCOL_ERROR, H2_HEAD(6, T_HEADERS, END_HEADERS, 1), 0x88, 0x0f, 0x2a,
	     2, 'g', 'z', ABC),
	RULE("content-length twice", RESET, PROTOCOL_ERROR, H2_HEAD(9, T_HEADERS, END_HEADERS, 1), 0x88, 0x0f,
	     0x0d, 1, '3', 0x0f, 0x0d, 1, '3', ABC),
	RULE("content-length no number", RESET, PROTOCOL_ERROR, H2_HEAD(6, T_HEADERS, END_HEADERS, 1), 0x88, 0x0f,
	     0x0d, 2, '3', 'x', ABC),
	RULE("content-length too great", RESET, PROTOCOL_ERROR, H2_HEAD(5, T_HEADERS, END_HEADERS, 1), 0x88, 0x0f,
	     0x0d, 1, '4', ABC),
	RULE("content-length too small", RESET, PROTOCOL_ERROR, H2_HEAD(5, T_HEADERS, END_HEADERS, 1), 0x88, 0x0f,
	     0x0d, 1, '2', ABC),
	RULE("content-length without content", RESET, PROTOCOL_ERROR, H2_HEAD(5, T_HEADERS, END_BOTH, 1), 0x88,
	     0x0f, 0x0d, 1, '3'),
	RULE_WITH(.head = true, "content in the answer to HEAD", RESET, PROTOCOL_ERROR, OK_HEADERS, ABC),
	RULE("DATA in front of the header", RESET, PROTOCOL_ERROR, ABC),
	RULE("DATA behind an interim response", RESET, PROTOCOL_ERROR, H2_HEAD(5, T_HEADERS, END_HEADERS, 1), 0x08,
	     3, '1', '0', '3', ABC),
	RULE("an interim response that ends the stream", RESET, PROTOCOL_ERROR, H2_HEAD(5, T_HEADERS, END_BOTH, 1),
	     0x08, 3, '1', '0', '3'),
	RULE("trailers that end nothing", RESET, PROTOCOL_ERROR, OK_HEADERS, H2_HEAD(3, T_DATA, 0, 1), 'a', 'b',
	     'c', H2_HEAD(5, T_HEADERS, END_HEADERS, 1), FIELD_1('t', '1')),
	RULE(":status in trailers", RESET, PROTOCOL_ERROR, OK_HEADERS, H2_HEAD(3, T_DATA, 0, 1), 'a', 'b', 'c',
	     H2_HEAD(1, T_HEADERS, END_BOTH, 1), 0x88),
	RULE("WINDOW_UPDATE by 0 on a stream", RESET, PROTOCOL_ERROR, H2_HEAD(4, T_WINDOW, 0, 1), U32(0),
	     OK_HEADERS, ABC),
	RULE("a stream's window that overflows", RESET, FLOW_CONTROL_ERROR, H2_HEAD(4, T_WINDOW, 0, 1),
	     U32(0x7fffffff), OK_HEADERS, ABC),

	// ---- connections that cannot go on -------------------------------------------------------------------
	RULE_WITH(.bare = true, "a first frame that is not SETTINGS", ENDED, PROTOCOL_ERROR,
	          H2_HEAD(8, T_PING, 0, 0), U32(1), U32(2)),
	RULE_WITH(.bare = true, "a first frame that is an ACK", ENDED, PROTOCOL_ERROR,
	          H2_HEAD(0, T_SETTINGS, ACK, 0)),
	RULE("a frame that is too long", ENDED, FRAME_SIZE_ERROR, OK_HEADERS, H2_HEAD(16385, T_DATA, 0, 1)),
	RULE("a frame of an unknown type that is too long", ENDED, FRAME_SIZE_ERROR, H2_HEAD(16385, 0x77, 0, 0)),
	RULE("DATA on stream 0", ENDED, PROTOCOL_ERROR, H2_HEAD(3, T_DATA, 0, 0), 'a', 'b', 'c'),
	RULE("HEADERS on stream 0", ENDED, PROTOCOL_ERROR, H2_HEAD(1, T_HEADERS, END_HEADERS, 0), 0x88),
	RULE("PRIORITY on stream 0", ENDED, PROTOCOL_ERROR, H2_HEAD(5, T_PRIORITY, 0, 0), U32(1), 1),
	RULE("RST_STREAM on stream 0", ENDED, PROTOCOL_ERROR, H2_HEAD(4, T_RST, 0, 0), U32(8)),
	RULE("SETTINGS on a stream", ENDED, PROTOCOL_ERROR, H2_HEAD(0, T_SETTINGS, 0, 1)),
	RULE("PING on a stream", ENDED, PROTOCOL_ERROR, H2_HEAD(8, T_PING, 0, 1), U32(1), U32(2)),
	RULE("GOAWAY on a stream", ENDED, PROTOCOL_ERROR, H2_HEAD(8, T_GOAWAY, 0, 1), U32(0), U32(0)),
	RULE("PRIORITY of 4 bytes", ENDED, FRAME_SIZE_ERROR, H2_HEAD(4, T_PRIORITY, 0, 1), U32(0)),
	RULE("RST_STREAM of 3 bytes", ENDED, FRAME_SIZE_ERROR, H2_HEAD(3, T_RST, 0, 1), 0, 0, 0),
	RULE("SETTINGS of 5 bytes", ENDED, FRAME_SIZE_ERROR, H2_HEAD(5, T_SETTINGS, 0, 0), 0, 1, 0, 0, 0),
	RULE("a SETTINGS ACK with a payload", ENDED, FRAME_SIZE_ERROR, H2_HEAD(6, T_SETTINGS, ACK, 0), 0, 3,
	     U32(1)),
	RULE("PING of 7 bytes", ENDED, FRAME_SIZE_ERROR, H2_HEAD(7, T_PING, 0, 0), 1, 2, 3, 4, 5, 6, 7),
	RULE("GOAWAY of 7 bytes", ENDED, FRAME_SIZE_ERROR, H2_HEAD(7, T_GOAWAY, 0, 0), 1, 2, 3, 4, 5, 6, 7),
	RULE("WINDOW_UPDATE of 3 bytes", ENDED, FRAME_SIZE_ERROR, H2_HEAD(3, T_WINDOW, 0, 0), 0, 0, 1),
	RULE("a SETTINGS ACK for nothing", ENDED, PROTOCOL_ERROR, H2_HEAD(0, T_SETTINGS, ACK, 0)),
	RULE("SETTINGS_ENABLE_PUSH 1", ENDED, PROTOCOL_ERROR, H2_HEAD(6, T_SETTINGS, 0, 0), 0, 2, U32(1)),
	RULE("SETTINGS_INITIAL_WINDOW_SIZE 2^31", ENDED, FLOW_CONTROL_ERROR, H2_HEAD(6, T_SETTINGS, 0, 0), 0, 4,
	     U32(0x80000000)),
	RULE("SETTINGS_MAX_FRAME_SIZE 16383", ENDED, PROTOCOL_ERROR, H2_HEAD(6, T_SETTINGS, 0, 0), 0, 5,
	     U32(16383)),
	RULE("SETTINGS_MAX_FRAME_SIZE 2^24", ENDED, PROTOCOL_ERROR, H2_HEAD(6, T_SETTINGS, 0, 0), 0, 5,
	     U32(1 << 24)),
	RULE("SETTINGS_INITIAL_WINDOW_SIZE that makes a window overflow", ENDED, FLOW_CONTROL_ERROR,
	     H2_HEAD(4, T_WINDOW, 0, 1), U32(0x7fff0000), H2_HEAD(6, T_SETTINGS, 0, 0), 0, 4, U32(0x7fffffff)),
	RULE("WINDOW_UPDATE by 0 on the connection", ENDED, PROTOCOL_ERROR, H2_HEAD(4, T_WINDOW, 0, 0), U32(0)),
	RULE("the connection's window overflows", ENDED, FLOW_CONTROL_ERROR, H2_HEAD(4, T_WINDOW, 0, 0),
	     U32(0x7fffffff)),
	RULE("HEADERS on a stream that was never opened", ENDED, PROTOCOL_ERROR,
	     H2_HEAD(1, T_HEADERS, END_HEADERS, 9), 0x88),
	RULE("DATA on a stream that was never opened", ENDED, PROTOCOL_ERROR, H2_HEAD(1, T_DATA, 0, 9), 'a'),
	RULE("RST_STREAM on a stream that was never opened", ENDED, PROTOCOL_ERROR, H2_HEAD(4, T_RST, 0, 9),
	     U32(8)),
	RULE("WINDOW_UPDATE on a stream that was never opened", ENDED, PROTOCOL_ERROR, H2_HEAD(4, T_WINDOW, 0, 9),
	     U32(1)),
	RULE("HEADERS on a stream of the server's", ENDED, PROTOCOL_ERROR, H2_HEAD(1, T_HEADERS, END_HEADERS, 2),
	     0x88),
	RULE("PUSH_PROMISE", ENDED, PROTOCOL_ERROR, H2_HEAD(8, T_PUSH, END_HEADERS, 1), U32(2), 0x82, 0x84, 0x86,
	     0x01),
	RULE("CONTINUATION by itself", ENDED, PROTOCOL_ERROR, H2_HEAD(1, T_CONTINUATION, END_HEADERS, 1), 0x88),
	RULE("a header that another frame interrupts", ENDED, PROTOCOL_ERROR, H2_HEAD(1, T_HEADERS, 0, 1), 0x88,
	     H2_HEAD(8, T_PING, 0, 0), U32(1), U32(2)),
	RULE("a header that DATA interrupts", ENDED, PROTOCOL_ERROR, H2_HEAD(1, T_HEADERS, 0, 1), 0x88, ABC),
	RULE("a header that an unknown type interrupts", ENDED, PROTOCOL_ERROR, H2_HEAD(1, T_HEADERS, 0, 1), 0x88,
	     H2_HEAD(0, 0x77, 0, 1)),
	RULE("DATA with more padding than payload", ENDED, PROTOCOL_ERROR, OK_HEADERS,
	     H2_HEAD(3, T_DATA, PADDED, 1), 3, 0, 0),
	RULE("DATA too short for its padding", ENDED, FRAME_SIZE_ERROR, OK_HEADERS, H2_HEAD(0, T_DATA, PADDED, 1)),
	RULE("HEADERS with more padding than payload", ENDED, PROTOCOL_ERROR,
	     H2_HEAD(2, T_HEADERS, END_HEADERS | PADDED, 1), 2, 0x88),
	RULE("HEADERS too short for their priority", ENDED, FRAME_SIZE_ERROR,
	     H2_HEAD(3, T_HEADERS, END_HEADERS | PRIORITY, 1), 0, 0, 0),
	RULE("an index that HPACK does not have", ENDED, COMPRESSION_ERROR, H2_HEAD(2, T_HEADERS, END_HEADERS, 1),
	     0x88, 0xfe),
	RULE("a header that is cut off", ENDED, COMPRESSION_ERROR, H2_HEAD(3, T_HEADERS, END_HEADERS, 1), 0x88,
	     0x00, 5),
	RULE("a table larger than we allow", ENDED, COMPRESSION_ERROR, H2_HEAD(4, T_HEADERS, END_HEADERS, 1), 0x3f,
	     0xe2, 0x1f, 0x88),
	RULE("GOAWAY that takes back", ENDED, PROTOCOL_ERROR, H2_HEAD(8, T_GOAWAY, 0, 0), U32(1), U32(0),
	     H2_HEAD(8, T_GOAWAY, 0, 0), U32(3), U32(0)),
	RULE("GOAWAY for a stream that is not ours", ENDED, PROTOCOL_ERROR, H2_HEAD(8, T_GOAWAY, 0, 0), U32(2),
	     U32(0)),
	RULE_WITH(.session_takes = true, "DATA behind the end", ENDED_LATE, STREAM_CLOSED, OK_HEADERS, ABC, ABC),
	RULE_WITH(.session_takes = true, "HEADERS behind the end", ENDED_LATE, STREAM_CLOSED, OK_HEADERS, ABC,
	          H2_HEAD(1, T_HEADERS, END_BOTH, 1), 0x88),
};

#define H2_RULES (sizeof(h2_rules) / sizeof(h2_rules[0]))

#endif

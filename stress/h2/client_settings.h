// What a client's connection says of itself in its SETTINGS (RFC 9113, 6.5.2), and the table of its own encoder
// (RFC 7541, 4.2); sizes in bytes.
#ifndef SG_H2_CLIENT_SETTINGS_H
#define SG_H2_CLIENT_SETTINGS_H

#include <nghttp2/nghttp2.h>
#include <stddef.h>
#include <stdint.h>

#define H2_MOST_WINDOW INT32_MAX      // 2^31 - 1
#define H2_CONNECTION_WINDOW 65535U   // as it is at the start; only WINDOW_UPDATE makes it larger
#define H2_FRAME_BYTES 16384U         // as it is at the start, and the least
#define H2_MOST_FRAME_BYTES 0xffffffU // 2^24 - 1
#define H2_TABLE_BYTES 4096U          // as it is at the start
#define H2_MOST_TABLE_BYTES (1U << 20)

struct h2_client_settings {
	uint32_t window;            // of each stream, 1 to H2_MOST_WINDOW
	uint32_t connection_window; // H2_CONNECTION_WINDOW to H2_MOST_WINDOW
	uint32_t table;             // HPACK's, for what the server sends; 0 to H2_MOST_TABLE_BYTES
	uint32_t encoder_table;     // for what is sent, at most: the server may allow less
	uint32_t frame;             // the longest that is taken, H2_FRAME_BYTES to H2_MOST_FRAME_BYTES
};

// Windows that a test never waits for (h2load's): bodies are compared as they come and not kept.
#define H2_CLIENT_WINDOW ((1U << 30) - 1)
#define H2_CLIENT_SETTINGS                                                                                        \
	((struct h2_client_settings){ H2_CLIENT_WINDOW, H2_CLIENT_WINDOW, H2_TABLE_BYTES, H2_TABLE_BYTES,         \
	                              H2_FRAME_BYTES })

#define H2_CLIENT_HEADER_LIST (64U * 1024U) // bytes of a response's header that are taken
#define H2_CLIENT_ENTRIES 5U
// The entries of the SETTINGS frame, what is as it is at the start left out: their number.
size_t h2_client_entries(const struct h2_client_settings *s, nghttp2_settings_entry entries[H2_CLIENT_ENTRIES]);

#endif

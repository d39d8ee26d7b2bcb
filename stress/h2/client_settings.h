// What a client's connection says of itself in its SETTINGS (RFC 9113, 6.5.2), and the table of its own encoder
// (RFC 7541, 4.2); sizes in bytes.
#ifndef SG_H2_CLIENT_SETTINGS_H
#define SG_H2_CLIENT_SETTINGS_H

#include "wire_frame.h"

#include <nghttp2/nghttp2.h>
#include <stddef.h>
#include <stdint.h>

#define H2_MOST_TABLE_BYTES (1U << 20)

struct h2_client_settings {
	uint32_t window;            // of each stream, 1 to WIRE_MAX_WINDOW
	uint32_t connection_window; // WIRE_WINDOW to WIRE_MAX_WINDOW
	uint32_t table;             // HPACK's, for what the server sends; 0 to H2_MOST_TABLE_BYTES
	uint32_t encoder_table;     // for what is sent, at most: the server may allow less
	uint32_t frame;             // the longest that is taken, WIRE_MAX_FRAME to WIRE_MOST_FRAME
};

// Windows that a test never waits for (h2load's): bodies are compared as they come and not kept.
#define H2_CLIENT_WINDOW ((1U << 30) - 1)
#define H2_CLIENT_SETTINGS                                                                                        \
	((struct h2_client_settings){ H2_CLIENT_WINDOW, H2_CLIENT_WINDOW, NGHTTP2_DEFAULT_HEADER_TABLE_SIZE,      \
	                              NGHTTP2_DEFAULT_HEADER_TABLE_SIZE, WIRE_MAX_FRAME })

#define H2_CLIENT_HEADER_LIST (64U * 1024U) // bytes of a response's header that are taken
#define H2_CLIENT_ENTRIES 5U
// The entries of the SETTINGS frame, what is as it is at the start left out: their number.
size_t h2_client_entries(const struct h2_client_settings *s, nghttp2_settings_entry entries[H2_CLIENT_ENTRIES]);

#endif

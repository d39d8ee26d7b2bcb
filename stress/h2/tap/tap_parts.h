// The two ways in which a tap writes, for tap.c.
#ifndef SG_H2_TAP_PARTS_H
#define SG_H2_TAP_PARTS_H

#include "buf.h"

#include <netinet/in.h>
#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

union tap_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

// ---- frames as text -----------------------------------------------------------------------------------------

// One direction's bytes on their way to frames. Zeroed is ready.
struct tap_frames {
	uint8_t head[9];
	unsigned head_len;
	bool in_payload;
	uint32_t length, seen; // of the payload
	struct buf payload;    // of all types but DATA
	bool preface_due;      // a client's direction: its 24 bytes come first
	unsigned preface_len;
	nghttp2_hd_inflater *inflater;
	uint32_t table_size; // the largest that the other side allowed
	bool undecodable;    // HPACK was broken once: what follows cannot be known
};

void tap_frames_deinit(struct tap_frames *f);
// Adds a line to `out` for each frame that the bytes complete, each behind `prefix`. `other` is the opposite
// direction, whose HPACK this one's SETTINGS govern.
void tap_frames_take(struct tap_frames *f, struct tap_frames *other, const char *prefix, const uint8_t *bytes,
                     size_t len, struct buf *out);
// What was left of a frame when the connection ended.
void tap_frames_rest(const struct tap_frames *f, const char *prefix, struct buf *out);

// ---- packets ------------------------------------------------------------------------------------------------

// A TCP connection as it is made up: one end's next sequence number each.
struct tap_packets {
	union tap_address own, peer;
	bool we_are_client;
	uint32_t own_seq, peer_seq;
};

// The file's header: libpcap's classic format (version 2.4, microseconds), link type raw IP.
void tap_pcap_header(struct buf *out);
// The three packets of TCP's beginning; a segment or several; those of the end. `at_ns`: wall time.
void tap_pcap_begin(struct tap_packets *p, uint64_t at_ns, struct buf *out);
void tap_pcap_bytes(struct tap_packets *p, bool sent, const uint8_t *bytes, size_t len, uint64_t at_ns,
                    struct buf *out);
void tap_pcap_end(struct tap_packets *p, uint64_t at_ns, struct buf *out);

#endif

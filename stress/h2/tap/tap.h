// What goes over the connections, written down as it goes: as readable frames, or as a packet capture that
// Wireshark reads. With TLS it is what is inside of it.
#ifndef SG_H2_TAP_H
#define SG_H2_TAP_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define H2_TAP_LIMIT (UINT64_C(1) << 30) // bytes of one file; what comes behind is not written, and that is said

struct h2_tap;      // one file; may be used by several threads at a time
struct h2_tap_line; // one connection

// Creates the file: frames as text, or a capture where the name ends in ".pcap". 0, or -errno with `e` filled.
int h2_tap_open(const char *path, struct h2_tap **out, struct err *e);
// The same with each "{name}" of `path` replaced by `name`, as one file name.
int h2_tap_open_for(const char *path, const char *name, struct h2_tap **out, struct err *e);
// Writes what is left, and frees it; its connections must have ended. 0, or -errno with `e` filled when not all
// could be written. Accepts NULL.
int h2_tap_close(struct h2_tap *t, struct err *e);

// A connection begins. Addresses that are not of IPv4 or IPv6 (unix sockets) are shown as 127.0.0.1. NULL without
// memory; the calls below accept that.
struct h2_tap_line *h2_tap_begin(struct h2_tap *t, const struct sockaddr *own, const struct sockaddr *peer,
                                 bool we_are_client);
void h2_tap_bytes(struct h2_tap_line *l, bool sent, const uint8_t *bytes, size_t len);
void h2_tap_end(struct h2_tap_line *l, const char *how); // and frees it

#endif

// A TCP connection in a libuv loop, as client and server use it: bytes come in 64 KiB reads, and go out in one
// write a loop turn. Where TLS belongs: between these callbacks and the socket.
#ifndef SG_H2_TRANSPORT_H
#define SG_H2_TRANSPORT_H

#include "tap.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#define H2_IO_BYTES (64U * 1024U)

struct transport;

// What the owner of a transport answers. All are called from the loop.
struct transport_user {
	// connected, or not (status < 0, a negative errno); clients only
	void (*opened)(struct transport *t, int status);
	// bytes of the peer, read at hub->now_ns; non-zero closes the connection with that reason
	int (*received)(struct transport *t, const uint8_t *bytes, size_t len);
	// fills in what is to be sent; 0: nothing now; negative closes with that reason
	ssize_t (*pull)(struct transport *t, uint8_t *to, size_t room);
	// asked when all is written: true closes the connection with reason 0
	bool (*finished)(struct transport *t);
	// the last call: the transport may be freed. reason: 0, UV_EOF, or a negative errno
	void (*closed)(struct transport *t, int reason);
};

// What the transports of one loop share.
struct hub {
	uv_loop_t loop;
	uv_prepare_t before_poll;
	uv_check_t after_poll;
	struct transport *dirty; // those that may have something to say
	uint64_t now_ns;         // when the bytes being handled were read
	uint64_t bytes_in, bytes_out;
	struct h2_tap *tap; // borrowed: where all bytes are written down; NULL: nowhere
	bool handles_open;
	uint8_t in[H2_IO_BYTES];
	uint8_t out[H2_IO_BYTES];
};

struct transport {
	uv_tcp_t tcp;
	uv_connect_t connect;
	struct hub *hub;
	const struct transport_user *user;
	struct transport *next_dirty;
	struct h2_tap_line *tapped; // NULL: not
	bool is_dirty;
	bool write_ended; // the peer takes no more; what it said before is still read
	bool writing;     // a write waits for the peer
	bool closing;
	int reason;
	uint64_t active_ms; // loop time of the last byte in or out
};

int hub_init(struct hub *h); // 0 or -errno
// Closes the hub's own handles, so that uv_run can end; all transports must be closing.
void hub_close(struct hub *h);
int hub_deinit(struct hub *h); // after uv_run has ended; -EBUSY when a handle was left open

// Prepares the caller's storage; then it must be connected or accepted, and is closed by transport_close.
int transport_init(struct transport *t, struct hub *h, const struct transport_user *user);
int transport_connect(struct transport *t, const struct sockaddr *address); // then `opened` is called
int transport_accept(struct transport *t, uv_stream_t *listener);
// There may be something to send: `pull` is called in this loop turn.
void transport_wake(struct transport *t);
// Whether what the peer sends is received, which it is from the beginning on.
void transport_read(struct transport *t, bool on);
// Nothing more is sent, and the peer is told; what it says is still received. Only when nothing is being written.
void transport_shut(struct transport *t);
// `closed` is called later, once. A second call does nothing.
void transport_close(struct transport *t, int reason);

#endif

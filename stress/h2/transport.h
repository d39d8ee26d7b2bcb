// A connection in a libuv loop, over TCP or a unix socket, with TLS or without, as client and server use it: bytes
// come in 64 KiB reads, and go out in one write a loop turn.
#ifndef SG_H2_TRANSPORT_H
#define SG_H2_TRANSPORT_H

#include "tap.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#define H2_IO_BYTES (64U * 1024U)
#define H2_TLS_EXTRA 4096U // what TLS adds to that

struct h2_tls;
struct h2_tls_context;

struct transport;

// What the owner of a transport answers. All are called from the loop.
struct transport_user {
	// connected (with TLS: its handshake done), or not (status < 0, a negative errno); clients only
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
	uv_idle_t spinning;
	uint64_t coalesce_ns, polled_ns; // hub_coalesce; when the sockets were looked at last
	struct transport *dirty;         // those that may have something to say
	uint64_t now_ns;                 // when the bytes being handled were read
	uint64_t bytes_in, bytes_out;
	struct h2_tap *tap; // borrowed: where all bytes are written down; NULL: nowhere
	bool handles_open;
	struct h2_tls_context *tls; // of the clients' connections; borrowed; NULL: none
	uint8_t in[H2_IO_BYTES];
	uint8_t out[H2_IO_BYTES + H2_TLS_EXTRA];
	uint8_t plain[H2_IO_BYTES]; // what TLS makes of `in`, or is to make `out` of
};

struct transport {
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe; // is_local
	};
	uv_connect_t connect;
	struct hub *hub;
	const struct transport_user *user;
	struct transport *next_dirty;
	struct h2_tap_line *tapped;        // NULL: not
	struct h2_tls *tls;                // NULL: none
	uint64_t connected_ns, secured_ns; // when the socket was connected, and TLS's handshake done; 0: not yet
	bool is_local;
	bool is_client;
	bool is_dirty;
	bool write_ended; // the peer takes no more; what it said before is still read
	bool writing;     // a write waits for the peer
	bool closing;
	int reason;
	uint64_t active_ms; // loop time of the last byte in or out
};

int hub_init(struct hub *h); // 0 or -errno
// The sockets are looked at once in that time, all at once, and not as soon as there is something: fewer wake-ups
// on both sides, and latencies that much longer. For the thread that runs the loop to call.
void hub_coalesce(struct hub *h, uint64_t ns);
// They are looked at all the time: the loop never sleeps, and takes a whole core.
void hub_spin(struct hub *h);
// Closes the hub's own handles, so that uv_run can end; all transports must be closing.
void hub_close(struct hub *h);
int hub_deinit(struct hub *h); // after uv_run has ended; -EBUSY when a handle was left open

// Prepares the caller's storage; then it must be connected or accepted, and is closed by transport_close.
int transport_init(struct transport *t, struct hub *h, const struct transport_user *user);
// The same for a unix socket.
int transport_init_local(struct transport *t, struct hub *h, const struct transport_user *user);
// TLS beneath it, before it is connected or accepted: `host` is the server's name, NULL on the server's side. The
// context is borrowed. 0 or -ENOMEM. What goes wrong with TLS closes it with -EPROTO.
int transport_secure(struct transport *t, struct h2_tls_context *c, const char *host);
bool transport_is_secured(const struct transport *t);        // its handshake is done, or it needs none
const char *transport_tls_reason(const struct transport *t); // in words; "" where TLS did not fail
int transport_connect(struct transport *t,
                      const struct sockaddr *address); // IPv4, IPv6 or unix; then `opened` is called
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

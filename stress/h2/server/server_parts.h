// The server's state, as its parts share it: server.c is its life, server_listen.c where it listens,
// server_watch.c its limits in time.
#ifndef SG_H2_SERVER_PARTS_H
#define SG_H2_SERVER_PARTS_H

#include "buf.h"
#include "server.h"
#include "transport.h"

#define H2_LISTENERS 8U

struct server {
	struct hub hub;
	const struct h2_server_config *config;
	struct h2_server_shared shared;
	struct h2_counters counters;
	struct h2_alarms alarms;
	uv_tcp_t listeners[H2_LISTENERS];
	size_t listening; // of them
	uv_pipe_t local;  // listens where `has_local`
	bool has_local;
	struct h2_tls_context *tls; // NULL: without
	uv_timer_t sweep;
	uv_signal_t on_term, on_int;
	uv_poll_t life;
	struct connection *connections; // doubly linked
	bool ending;
	unsigned sweeps_ending;
	uint64_t ending_ms;
	struct buf file;
};

struct connection {
	struct transport transport; // first: the loop hands this back
	struct server *server;
	struct h2_session *session;
	struct connection *next, *prev;
	uint64_t accepted_ms, greeted_ms; // loop time
	uint64_t moved, moved_ms;         // struct h2_waiting's, and when it was last seen to change
	uint64_t linger_ms, lingered;     // since when only bytes are read and dropped, and how many were
	bool lingering, told;             // told why it ends: it has no more time than it had
};

// Listens where the configuration says. 0, or -errno with `e` filled.
int server_listen(struct server *s, uv_connection_cb on_connection, struct err *e);
void server_stop_listening(struct server *s);
uint16_t server_port(const struct server *s); // of the first listener; 0: none

// Nothing more is sent: what still comes is dropped, so that our last words are not lost to a reset.
void server_linger(struct connection *c);
// Holds one connection against the limits in time.
void server_watch(struct connection *c);

#endif

// One of the load's connections: its socket, its engine, its share of the requests. It reconnects when the server
// ends the connection in good order.
#ifndef SG_H2_LINK_H
#define SG_H2_LINK_H

#include "load.h"
#include "more.h"
#include "pace.h"
#include "transport.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

// Right responses that came in one read to requests of one moment have the same latencies: they are counted, and
// recorded together before the loop goes on.
struct h2_alike {
	struct h2_tally *tally;
	uint64_t start_ns, first_ns, count; // of 0 the others mean nothing
};

// What the links of one thread share.
struct load {
	const struct h2_load_config *config;
	struct h2_load_result *result;
	struct hub hub;
	struct h2_pool *pool;
	struct h2_prepared *prepared; // one for each request of the scenario
	struct h2_more_plan more;
	uint16_t *round;       // indices of requests: each as often as its weight
	size_t round_next;     // of it
	struct h2_alike alike; // what ended last, and is not in the histograms yet
	struct link *links;
	unsigned thread, link_count; // of the thread's number, its own links
	unsigned ready_links;        // connected, or given up
	unsigned opened;             // those that were begun to be opened
	bool all_open;
	unsigned open_links;
	struct pace pace;
	struct h2_assault *assault;
	struct h2_log_part *log;    // NULL: nobody asks
	uint64_t measured_from_ns;  // requests before it are the warm-up's
	uint64_t first_ns, last_ns; // the first request, the last response
	uint64_t warm_begun;        // requests begun when the warm-up was over
	uv_timer_t warm_up, deadline, duration, watch, live;
	uv_signal_t on_int, on_term;
	sigset_t signals;                 // the thread's mask before they were watched
	uint64_t watch_from_ns, replaced; // the churn's beginning, and how many it has replaced
	uint64_t watches;
	uint64_t until_ns; // when the duration was over; 0: it is not
	bool time_up;      // no new requests
	bool settled;      // and all of them have ended
};

// A link is ready, or will never be: the open loop begins when all are.
void load_link_ready(struct load *load);
void load_wake_all(struct load *load);
// Whether the load's time is over, and whether all its requests have ended then. Connections are not closed in
// between: to close thousands takes a good part of a second, in which the last answers would wait for us.
bool load_is_closing(const struct load *load);
bool load_is_settled(const struct load *load);
void load_settle(struct load *load); // wakes all links once that is so: to be called after requests have ended
// A link calls it with its end; the last one lets the loop end.
void load_link_ended(struct load *load);

struct link {
	struct transport transport; // first: the loop hands this back
	struct load *load;
	struct h2_client *client;
	struct exchange *slots;
	uint32_t *free;  // stack of slots
	uint32_t *again; // stack of slots whose requests were refused
	uint32_t *due;   // stack of slots whose requests are due, in an open loop
	uint32_t slot_count, free_count, again_count, due_count, in_flight;
	uint64_t quota;       // requests that it has not begun
	uint32_t max_streams; // at a time, by the server
	uint64_t connect_ns;
	uint64_t answered;        // on the present connection
	uint64_t begun;           // likewise
	uint64_t idle_until_ns;   // spent, and waiting to close; 0: not yet
	uint64_t waiting_from_ns; // since when the connection takes no request; of one that does, of no meaning
	bool pulled;              // it took bytes since it was looked at last
	bool given_up;            // it took no request in a request's time, and there is nothing left to wait for
	bool replaced;            // churn: to be closed as soon as nothing is under way
	unsigned fruitless;       // connections in a row that the server ended without an answer
	bool opened;              // TCP's connection stands
	bool ready;               // SETTINGS came
	bool asked;               // a request was made on the present connection
	bool counted;             // among the load's ready ones
	bool goaway;              // no more requests on this connection: the server said so, or ids ran out
	bool finishing;           // we end it
	uint32_t goaway_code;
	char goaway_text[64];
	uint8_t greeting[48]; // the first bytes received, for saying what a server is that is not HTTP/2
	size_t greeting_len;
};

// Sets up the link with its share and connects. 0 or -errno.
int link_open(struct link *l, struct load *load, uint64_t quota, uint32_t slots);
// In an open loop: whether one more request could begin now, and one that does, due at `due_ns`.
bool link_has_room(const struct link *l);
void link_begin(struct link *l, uint64_t due_ns);
// It closes when what is under way has ended, and a new connection takes its place.
void link_replace(struct link *l);
// Looks at what is over by `now_ns`: its idle time, and, if `requests`, requests beyond their time, under way or
// not (link_late.c).
void link_watch(struct link *l, uint64_t now_ns, bool requests);
// For link_late.c. Whether there is more to do for it; among the load's ready links now, or before; a request that
// was begun and is not under way ends, its time over; the next one is begun and ends so, its clock running from
// `start_ns`: there must be a free slot.
bool link_wants_more(const struct link *l);
void link_count_ready(struct link *l);
void link_end_late(struct link *l, struct exchange *x, uint64_t now_ns);
void link_skip_late(struct link *l, uint64_t start_ns, uint64_t now_ns);
// There may be reason to begin or to end something.
void link_wake(struct link *l);
// The deadline: everything that is under way ends unanswered.
void link_abort(struct link *l);
void link_deinit(struct link *l);
// link_trouble.c: what ended the connection, told once for all; bytes of the peer as text for one line, `to` of at
// least 4 * len + 1.
void link_tell_trouble(struct link *l, int reason);
void link_printable(const uint8_t *bytes, size_t len, char *to);

#endif

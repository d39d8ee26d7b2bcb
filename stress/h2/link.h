// One of the load's connections: its socket, its engine, its share of the requests. It reconnects when the server
// ends the connection in good order.
#ifndef SG_H2_LINK_H
#define SG_H2_LINK_H

#include "load.h"
#include "transport.h"

#include <stdbool.h>
#include <stdint.h>

// What the links of one thread share.
struct load {
	const struct h2_load_config *config;
	struct h2_load_result *result;
	struct hub hub;
	struct h2_pool *pool;
	struct h2_prepared *prepared; // one for each request of the scenario
	uint16_t *round;              // indices of requests: each as often as its weight
	struct link *links;
	unsigned open_links;
	struct h2_assault *assault;
	uint64_t measured_from_ns;  // requests before it are the warm-up's
	uint64_t first_ns, last_ns; // the first request, the last response
	uv_timer_t warm_up, deadline, duration;
	bool time_up; // no new requests
};

// A link calls it with its end; the last one lets the loop end.
void load_link_ended(struct load *load);

struct link {
	struct transport transport; // first: the loop hands this back
	struct load *load;
	struct h2_client *client;
	struct exchange *slots;
	uint32_t *free;  // stack of slots
	uint32_t *again; // stack of slots whose requests were refused
	uint32_t slot_count, free_count, again_count, in_flight;
	uint64_t quota;       // requests that it has not begun
	uint32_t max_streams; // at a time, by the server
	uint64_t connect_ns;
	uint64_t answered;  // on the present connection
	unsigned fruitless; // connections in a row without an answer
	bool opened;        // TCP's connection stands
	bool ready;         // SETTINGS came
	bool goaway;        // no more requests on this connection: the server said so, or ids ran out
	bool finishing;     // we end it
	uint32_t goaway_code;
	char goaway_text[64];
	uint8_t greeting[48]; // the first bytes received, for saying what a server is that is not HTTP/2
	size_t greeting_len;
};

// Sets up the link with its share and connects. 0 or -errno.
int link_open(struct link *l, struct load *load, uint64_t quota, uint32_t slots);
// There may be reason to begin or to end something.
void link_wake(struct link *l);
// The deadline: everything that is under way ends unanswered.
void link_abort(struct link *l);
void link_deinit(struct link *l);

#endif

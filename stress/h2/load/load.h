// The load: connections to one server, kept as busy as the scenario says, until all requests have ended.
#ifndef SG_H2_LOAD_H
#define SG_H2_LOAD_H

#include "assault.h"
#include "counters.h"
#include "engine.h"
#include "err.h"
#include "exchange.h"
#include "request_log.h"
#include "scenario.h"
#include "target.h"
#include "tls.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct h2_load_config {
	const struct scenario *scenario;
	const struct h2_target *target;
	const struct h2_client_engine *engine;
	bool reflects;        // the server is our own and reflects what it saw
	bool stoppable;       // SIGINT or SIGTERM ends the load, not the process: what came of it so far is told
	struct h2_live *live; // borrowed: is told how far it is; NULL: nobody asks
	struct h2_tap *tap;   // borrowed: its bytes are written there; NULL: nowhere
	struct h2_log *log;   // borrowed: its requests likewise
};

struct h2_load_result {
	struct h2_tally *tallies; // one for each of the scenario's requests; owned
	size_t count;
	struct hist *connect;         // from connect() until SETTINGS came, in ns; owned, as the next three
	struct hist *tcp, *tls;       // until the socket was connected; from then until TLS's handshake was done
	struct hist *first_byte;      // of right responses: until the first of it was read
	uint64_t tls_resumed;         // handshakes that resumed a session
	uint64_t planned;             // requests; 0: as many as the duration allows, up to the scenario's number
	uint64_t begun, right, wrong; // begun: requests that were sent at least once
	uint64_t warm;                // of the right ones, those begun in the warm-up: in no figure
	uint64_t warm_bytes_in;       // received by the end of the warm-up
	uint64_t unsent;              // due in an open loop, and never sent before it was broken off
	uint64_t behind_ns;           // in an open loop, the furthest that a request was begun behind its time
	uint64_t retried;             // refused and made again
	uint64_t goaways, reconnects;
	unsigned connected, failed;       // connections
	char trouble[320];                // the first thing that went wrong with a connection; ""
	bool timed_out;                   // the deadline came first
	int stopped;                      // by this signal, which came first; 0: by none
	uint64_t first_ns, last_ns;       // the first request that is measured, the last response
	uint64_t elapsed_ns;              // from the first request to the last response, or the end of its time
	uint64_t until_ns;                // when the load's time was over; 0: something else ended it
	uint64_t rated_ns;                // what rates are of: elapsed_ns, or until then where that is longer
	uint64_t cpu_ns;                  // of this process meanwhile
	struct h2_assault_result assault; // of the scenario's attack
	struct h2_counters counters;
};

// Performs the load. 0 when it could be carried out, whatever the responses were; -ENOMEM or another -errno with
// `e` filled when it could not begin. `r` must be zeroed, and deinited in every case.
int h2_load_run(const struct h2_load_config *config, struct h2_load_result *r, struct err *e);
// SIGINT and SIGTERM. A load that is stoppable lets them through while it runs; blocked before it, they stop the
// load at its beginning and not the process.
void h2_load_stop_signals(sigset_t *set);
// One thread's results, zeroed before: 0 or -ENOMEM, and h2_load_result_deinit in both cases. `file` may be NULL.
int load_result_init(struct h2_load_result *r, const struct scenario *s, struct tele_file *file);
void load_result_merge(struct h2_load_result *to, struct h2_load_result *from);
void h2_load_result_deinit(struct h2_load_result *r);

#endif

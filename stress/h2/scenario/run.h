// One scenario from its file to its last sample line.
#ifndef SG_H2_RUN_H
#define SG_H2_RUN_H

#include "engine.h"
#include "err.h"
#include "request_log.h"
#include "scenario.h"
#include "tap.h"
#include "target.h"

#include <stdbool.h>
#include <stdio.h>

struct h2_run_config {
	const struct scenario *scenario;
	const struct h2_target *target; // another server; NULL: our own is started
	const struct h2_client_engine *engine;
	const char *server_engine;  // its name
	const char *server_command; // the shell's, for another server that is started and ended; NULL: none
	bool server_tls;            // that one speaks TLS, with a certificate that nobody knows
	const char *program;        // our own executable, for starting the server
	pid_t server_pid;           // the target's, for what it costs; 0: it is found by its port
	FILE *out;                  // sample lines
	struct h2_tap *tap;         // borrowed: the client's bytes are written there; NULL: nowhere
	struct h2_log *log;         // borrowed: its requests likewise
};

// Performs the scenario and reports it in sample lines. *passed tells whether all that was checked was right;
// when a connection failed, `e` has the reason even so. 0, the signal that stopped it (what came of it so far is
// reported), or -errno with `e` filled when it could not be performed or reported.
int h2_run(const struct h2_run_config *c, bool *passed, struct err *e);

#endif

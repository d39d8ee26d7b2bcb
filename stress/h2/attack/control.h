// A control for what a healthy client feels: a server of this process that nobody attacks and that has nothing to
// do, asked in the same moments as the one under attack. What it is late by, the machine is late by.
#ifndef SG_H2_CONTROL_H
#define SG_H2_CONTROL_H

#include "target.h"

#include <pthread.h>
#include <stdbool.h>

struct h2_control {
	struct h2_target target; // where it listens: a free port of 127.0.0.1, without TLS
	int listener;
	pthread_t thread;
	bool running;
};

// Serves one connection after the other, one request on each, from a thread of its own. 0 or -errno, and then
// there is nothing to be stopped.
int h2_control_start(struct h2_control *c);
// Nothing where it does not run.
void h2_control_stop(struct h2_control *c);

#endif

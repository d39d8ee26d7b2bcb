// What an attack does to others: what fresh connections of a healthy client feel during it, what it costs the
// server, and whether the server's memory comes back.
#ifndef SG_H2_HARM_H
#define SG_H2_HARM_H

#include "assault.h"
#include "control.h"
#include "cost.h"
#include "hist.h"
#include "probe.h"
#include "tls.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct h2_harm {
	const struct h2_target *target;
	const struct scenario *scenario;
	struct h2_tls_context *tls; // of an https target, for one thread after the other; owned
	struct h2_server_processes server;
	struct hist *calm, *during; // fresh connections, in ns; owned
	uint64_t calm_lost, during_lost;
	struct h2_control control;   // asked in turn with the server
	struct hist *control_during; // its connections during the attack, in ns; owned
	uint64_t excused;            // of those lost: the control was as late as that in the same moment
	uint64_t rss_before, rss_peak, rss_after;  // 0: not known
	struct h2_assault_result alone;            // the attack once more, without any load
	uint64_t alone_cpu_ns, cpu_before, cpu_ns; // cpu_ns: all of it, the load's and the probes' too
	uint64_t probe_cpu_ns;                     // what one of the probes costs in calm
	bool has_alone;
	pthread_t thread;
	bool running;
	atomic_bool stop;
};

// Measures the calm, and begins to measure. `pid`: the server's; 0: to be found by where it listens. 0 or -errno
// with `e` filled (and nothing to be ended).
int h2_harm_begin(struct h2_harm *h, const struct h2_target *target, const struct scenario *s, pid_t pid,
                  struct err *e);
// Ends measuring; performs the attack once more by itself, where that is quick; waits for the memory to come back.
// `first`: what came of the attack meanwhile.
void h2_harm_end(struct h2_harm *h, const struct h2_assault_result *first);
// Adds gauges and checks; returns whether the checks are good.
bool h2_harm_report(const struct h2_harm *h, struct buf *out);
// What the server spent, as far as it was found; nothing in a harm that did not begin.
void h2_harm_spent(const struct h2_harm *h, struct h2_spent *spent);
void h2_harm_deinit(struct h2_harm *h);

#endif

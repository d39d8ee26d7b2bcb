// The open loop of one thread: requests begin when they are due, not when others have ended, and their latency
// counts from then. What no connection has room for waits, its clock running (no coordinated omission).
#ifndef SG_H2_PACE_H
#define SG_H2_PACE_H

#include "arrivals.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct load;

struct pace {
	bool on, started, handle_open;
	bool ended;   // all that the schedule has were taken
	bool starved; // one is due that no connection had room for
	struct h2_arrivals arrivals;
	uint64_t start_ns, end_ns; // arrivals at or behind end_ns are not the schedule's any more
	uint64_t next_ns;          // when the next is due; the oldest, where some wait
	uint64_t left;             // by number
	uint64_t taken;
	uint64_t behind_ns; // the furthest that one was taken behind its time
	unsigned turn;      // the connection whose turn it is
	int fd;             // a timer in ns: libuv's count ms
	uv_poll_t poll;
};

// Prepares the pace of a load that has a schedule; else does nothing. 0 or -errno.
int pace_init(struct load *load);
// All connections are ready, or were: the schedule begins.
void pace_start(struct load *load, uint64_t now_ns);
// One that is due by `now_ns`, for a connection that has room; false: none is.
bool pace_take(struct load *load, uint64_t now_ns, uint64_t *due_ns);
// Those that were due by `before_ns` and wait for a connection with room end, their time over.
void pace_skip_late(struct load *load, uint64_t before_ns, uint64_t now_ns);
// The schedule ends now: what was due before is still made.
void pace_stop(struct load *load, uint64_t now_ns);
// When the schedule was over by its time; 0: its number of requests, or something else, ended it.
uint64_t pace_until(const struct load *load);
// How many of the schedule's were never taken, because the load was broken off.
uint64_t pace_left_over(struct load *load);
void pace_close(struct load *load); // lets the loop end

#endif

// The processor's own counters of a test, where there are any: instructions, cycles and cache misses of all its
// processes in user space (perf_event_open(2)).
#ifndef SG_HARDWARE_H
#define SG_HARDWARE_H

#include "result.h"

#include <stdbool.h>

#define HARDWARE_COUNTERS 3U

struct hardware {
	int fds[HARDWARE_COUNTERS]; // -1: not counted
	const char *why;            // there are none; NULL: there are
	const char *never;          // why there will be none on this machine; NULL: not known to be so
};

void hardware_init(struct hardware *h);
// To be called right before the test is started by this thread: the counters are inherited by whatever it starts
// from then on, and begin at its exec. `alone`: no other test is started before hardware_read; else nothing is
// counted, since the figures would be those of both.
void hardware_open(struct hardware *h, bool alone);
// When all of the test has ended: the figures, or why there are none. Closes.
void hardware_read(struct hardware *h, struct result *r);
void hardware_close(struct hardware *h);

#endif

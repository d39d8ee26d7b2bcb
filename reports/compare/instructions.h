// Instruction counts of invocations that ran under valgrind's callgrind.
#ifndef SG_INSTRUCTIONS_H
#define SG_INSTRUCTIONS_H

#include "run.h"

// Executed by all processes of that result's test together, as callgrind said on its stderr ("Collected : N", one
// line a process). 0, or -ENODATA when it said nothing, -EMLINK for a test of several threads: the order in which
// those run is valgrind's own.
int instructions_of(const struct run *r, const struct result *result, double *out);

#endif

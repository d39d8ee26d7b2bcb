// The parts of h2_bench that are no comparison of CPU.
#ifndef SG_BENCH_H2_PARTS_H
#define SG_BENCH_H2_PARTS_H

#include <stdbool.h>

// A server stopped for a second under an open loop of 1000/s: how many requests were late as we and h2load report
// it, against the server's own account. False when something could not be run.
bool part_stall(bool quick, bool with_h2load);
// Memory of client and server for many connections, and for many streams.
bool part_memory(bool quick);

#endif

// The mutating mode: cases from a seed against a server, until something breaks; what broke is made small and
// written as a scenario.
#ifndef SG_H2_FUZZ_H
#define SG_H2_FUZZ_H

#include "err.h"
#include "fuzz_server.h"
#include "tap.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct fuzz_config {
	struct fuzz_server_config server;
	uint64_t seed, first, count; // cases first .. first + count - 1
	const char *path;            // what the healthy client asks for
	uint64_t wait_ns;            // for a server that does not react to a case
	uint64_t time_ns;            // within which a healthy client must be served
	uint64_t growth_bytes;       // of memory that one case may cost for good
	uint64_t most_breaks;        // then it ends
	const char *dir;             // where scenarios go
	bool tells;                  // their text goes to `out` too
	struct h2_tap *tap;          // NULL: none
	FILE *out;                   // words and sample lines
};

struct fuzz_result {
	uint64_t cases, frames, breaks;
	uint64_t goaways, closes, resets, alive, silent; // what the server did about them
};

// 0, whatever broke; or -errno with `e` filled when it could not be done: -EINVAL for a server that does not serve
// a healthy client to begin with.
int fuzz_run(const struct fuzz_config *c, struct fuzz_result *r, struct err *e);

#endif

// What a scenario may do and cost, "(limits ...)": what it sends itself, what the server may spend on it, and what
// healthy clients may feel of it.
#ifndef SG_H2_SCENARIO_LIMITS_H
#define SG_H2_SCENARIO_LIMITS_H

#include "buf.h"
#include "err.h"
#include "script.h"
#include "sexp.h"

#include <stdbool.h>
#include <stdint.h>

// 0 where the file says nothing, but for the three that have a value of their own.
struct h2_limits {
	uint64_t rate;          // frames/s that the script is sent at, at most
	uint64_t frames, bytes; // that the script may be, in all
	uint64_t time_ns;       // until the server reacts
	uint64_t memory_bytes;  // of the server at its peak, beyond what it held before
	uint64_t kept_bytes;    // of the server afterwards, beyond that and a tenth of it
	uint64_t cpu_ns;        // of the server
	uint64_t cpu_frame_ns;  // of the server, by each of the script's frames
	uint64_t fresh_ns;      // p99 of fresh connections; what is below is no harm, whatever it is in calm
	uint64_t fresh_times;   // the same by that in calm
	uint64_t p99_ns;        // of the load's own requests
	bool wants_harm;        // it limits what only a healthy client beside it, or a look at the server, tells
};

struct h2_attack;

// What holds without the clause.
void h2_limits_default(struct h2_limits *l);
// Reads the clause `list` of a file (NULL: it has none) and holds the scenario's script (NULL: none) against it:
// one that is more than its limits is refused. 0, or -EINVAL with "path:line:column: ..." in `e`.
int h2_limits_read(const struct sexp_doc *doc, const struct sexp *list, const struct h2_attack *attack,
                   struct h2_limits *l, struct err *e);
// What came of a scenario, as far as it is known.
struct h2_spent {
	uint64_t reaction_ns; // of an attack; 0: there was none
	bool attacked;
	bool has_server; // found: its memory and CPU time are known
	uint64_t memory_bytes, cpu_ns;
	uint64_t frames; // that took the CPU time, where that is theirs alone; else 0
	bool with_load;  // the CPU time is not the script's alone
	uint64_t p99_ns;
};

// Adds the check `limits`, where there is something to be held against them; returns whether it is good.
bool h2_limits_judge(const struct h2_limits *l, const struct h2_spent *spent, struct buf *out);

#endif

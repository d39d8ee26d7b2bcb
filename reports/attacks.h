// HTTP/2 attacks: what the server did about each, what it cost the server, and what others felt.
#ifndef SG_ATTACKS_H
#define SG_ATTACKS_H

#include "reports.h"
#include "view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct attack_row {
	const struct view_test *test;
	const char *reaction;       // "GOAWAY ENHANCE_YOUR_CALM after 1002 of 20000 frames, in 1.2 ms"
	bool has_cost;              // the server's process was found
	double cpu_ms;              // of the server, for one connection's attack
	uint64_t memory_bytes;      // its resident memory at the most, beyond that before
	bool has_others;            // a healthy client was measured beside it
	uint64_t calm_ns, fresh_ns; // p99 of a fresh connection's request before it, and during it
	uint64_t lost;              // fresh connections that were not answered
};

// All attacks of a run in its order, from the view's arena; *count is 0 where there are none.
const struct attack_row *attacks_list(struct view *v, size_t *count);
// "36.2 ms", "none lost" ...: the texts of a row's figures; "" where they were not measured. From the view's
// arena.
const char *attack_cpu(struct view *v, const struct attack_row *r);
const char *attack_memory(struct view *v, const struct attack_row *r);
const char *attack_others(struct view *v, const struct attack_row *r);
// The table on a terminal; nothing where there was no attack.
void attacks_print(struct view *v, const struct term_style *style, FILE *out);

#endif

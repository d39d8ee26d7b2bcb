// What helps a slab that is too small: one kernel on one runtime under each remedy.
#ifndef SG_REMEDIES_H
#define SG_REMEDIES_H

#include "err.h"
#include "reports.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

// One remedy. All text is borrowed, but `broke`, which is constant.
struct remedy {
	const char *runtime, *kernel, *param; // "eval", "recursion/sum", "depth"
	const char *name;                     // "more slabs"; that of the plain slab is "as it is"
	const char *target, *broke;           // broke: as cliff_what_broke says it
	int64_t passes, fails;                // fails 0: not looked further
	// At `at`, the largest value that passes under all of them. 0: not measured. A repetition's time, without
	// the program's start, is the median within a run, of the fastest of 15 runs; memory is the median of
	// these.
	int64_t at;
	uint64_t repetition_ns, peak_rss_bytes;
	uint64_t used_bytes,
	        held_bytes; // the most in use at a time, and what the slab held for that; held 0: no slab
};

// Remedies of one kernel on one runtime stand behind each other, the plain slab first.
struct remedies {
	const struct remedy *items;
	size_t count;
	uint64_t slab_bytes;
	const char *command;   // that made them
	const char *allocator; // the malloc that --alloc put in front of them all; NULL: each program's own
};

// How much further than the plain slab; at least that, where it was not looked further.
double remedy_factor(const struct remedy *plain, const struct remedy *r);
int remedies_text(const struct remedies *r, const struct term_style *style, FILE *out);
// {version, command, slab_bytes, sentences: [...], remedies: [...]}; a new reference, NULL without memory.
json_t *remedies_to_json(const struct remedies *r);
int remedies_html(const struct remedies *r, const char *path, struct err *e);

#endif

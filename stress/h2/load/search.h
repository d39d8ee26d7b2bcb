// The highest rate at which a goal holds: an open loop, doubled until it does not hold, then halved in between.
#ifndef SG_H2_SEARCH_H
#define SG_H2_SEARCH_H

#include "buf.h"
#include "err.h"
#include "hist.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define H2_GOAL_TERMS 8U

// What must hold: "p99<5ms,errors<0.1%".
struct h2_goal {
	struct h2_goal_term {
		enum { H2_GOAL_PERCENTILE, H2_GOAL_MEAN, H2_GOAL_ERRORS } kind;
		double percentile; // 100: the maximum
		uint64_t ns;       // below that
		double percent;    // of errors: below that, or none at all where it is 0
	} terms[H2_GOAL_TERMS];
	size_t count; // 0: there is no goal
};

// What one trial came to.
struct h2_trial {
	const struct hist *latency;
	uint64_t requests; // that were due
	uint64_t errors;   // of them, wrong or never made
};

// -EINVAL with `e` filled.
int h2_goal_parse(const char *text, struct h2_goal *g, struct err *e);
// Whether all terms hold. `why` (if not NULL) gets what was seen, "p99 3.20 ms, errors 0 %".
bool h2_goal_holds(const struct h2_goal *g, const struct h2_trial *t, struct buf *why);
// Whether so many errors are within the goal: one that says nothing of them allows none.
bool h2_goal_allows(const struct h2_goal *g, uint64_t errors, uint64_t requests);

// The search alone: `next` from 0 is the rate to be tried, until it is 0.
struct h2_search {
	uint64_t low;  // the highest rate that held; 0: none did
	uint64_t high; // the lowest that did not; 0: none failed
	uint64_t next;
	uint64_t most;
};

// Begins at `first`, never goes beyond `most`; ends when what held and what failed are within 5 %.
void h2_search_begin(struct h2_search *s, uint64_t first, uint64_t most);
void h2_search_tried(struct h2_search *s, bool held);

struct h2_load_config;
struct h2_load_result;
// Searches by runs of the scenario's duration; `r` is of one more at the rate that was found, *rate, or at 1/s
// where *rate is 0: none held. A line for each trial is added to `out`. Where the search is broken off, `r` is of
// the trial in which that was, and *rate the highest that had held, or 0. 0 or -errno as h2_load_run.
int h2_search_run(const struct h2_load_config *config, struct h2_load_result *r, uint64_t *rate, struct buf *out,
                  struct err *e);
// Whether that trial ended the search, since it says nothing about its rate: a signal stopped it, or the server
// took no connection.
bool h2_search_is_cut(const struct h2_load_result *r);

#endif

// A run in rounds: of one suite first these tests, then, by what came of them, others; one journal, one run.
#ifndef SG_ROUNDS_H
#define SG_ROUNDS_H

#include "pipeline.h"
#include "samples.h"

struct rounds {
	struct pipeline *j;
	struct runner_summary summary; // of the last round
	bool begun;                    // there is a journal to go on with
};

typedef bool (*rounds_wanted)(const void *arg, const struct suite_invocation *i);

// Runs what is wanted beside all that has run: what earlier rounds ran is settled and passes by. 0 or as
// pipeline_execute, with `e` filled.
int rounds_run(struct rounds *r, rounds_wanted wanted, const void *arg, struct err *e);
// It was stopped, or is worth nothing: no further round.
bool rounds_broke_off(const struct rounds *r);
// Says why, and gives the exit code for it.
int rounds_broken_code(const struct rounds *r);
// All that the run holds so far, as pairs. `s` must be zeroed; samples_deinit in every case.
int rounds_samples(const struct rounds *r, struct samples *s, struct err *e);
// The run's own reports, beside what is printed.
int rounds_report(const struct rounds *r, struct err *e);

#endif

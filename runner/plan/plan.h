// The order of running: the selection, with what a test depends on in front of it.
#ifndef SG_PLAN_H
#define SG_PLAN_H

#include "ledger.h"
#include "runner.h"

#include <stddef.h>

struct plan {
	size_t *order; // indices into the suite's tests; owned
	size_t count;
	bool *chosen;     // by index: is it in the order?
	bool run_skipped; // @Skip is not looked at
};

// The order is that of the selection, changed only where a dependency would come later. 0 or -ENOMEM.
int plan_make(struct plan *p, const struct runner_config *c);
void plan_deinit(struct plan *p);

enum plan_step {
	PLAN_RUN,
	PLAN_DONE, // settled by an earlier part of the run
	PLAN_SKIP, // with the reason
	PLAN_PLANNED,
	PLAN_DEADLY, // the runner has died twice while it ran
};

// What is to be done about a test now; the reason, where there is one, goes into `why`.
enum plan_step plan_decide(const struct plan *p, const struct ledger *l, size_t index, struct buf *why);

#endif

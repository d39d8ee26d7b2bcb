// --threshold, of compare, run --against and history.
#ifndef SG_THRESHOLDS_H
#define SG_THRESHOLDS_H

#include "err.h"
#include "opt.h"
#include "threshold.h"

struct thresholds {
	struct threshold *items; // owned, as their names
	size_t count;
};

// Reads what was given. `t` must be zeroed; deinit in every case. -EINVAL with `e`.
int thresholds_read(struct thresholds *t, const struct opt_set *o, struct err *e);
void thresholds_deinit(struct thresholds *t);
// Calls `read` for every item of an option that may be repeated, and whose values may be lists ("a,b"). -ENOMEM
// with `e`, or what `read` says.
int option_each_item(const char *text, int (*read)(void *arg, char *item, struct err *e), void *arg,
                     struct err *e);

#endif

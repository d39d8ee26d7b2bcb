// The history's metrics and shapes by their numbers, read once for whatever is then read of its samples.
#ifndef SG_HISTORY_FACTS_H
#define SG_HISTORY_FACTS_H

#include "history_db.h"

struct history_shape {
	const struct metric **metrics; // of the facts, in the order of the values; `value` is not set
	size_t *ids;                   // their numbers
	size_t count;
};

struct history_facts {
	struct arena arena;     // of all that is here
	struct metric *metrics; // by number; name NULL: there is none of it
	size_t metric_count;
	struct history_shape *shapes; // by number
	size_t shape_count;
	size_t longest; // of the shapes
};

// Fills zeroed facts. 0, -ENOMEM, or another error with `e`. Deinit in every case.
int history_facts_read(struct history *h, struct history_facts *f, struct err *e);
void history_facts_deinit(struct history_facts *f);
// The values of the current row of `s`, whose columns `shape` and `shape` + 1 are a sample's shape and data;
// `values` has room for the longest. -EINVAL: they are damaged.
int history_facts_values(struct history *h, const struct history_facts *f, sqlite3_stmt *s, int shape,
                         const struct history_shape **out, double *values, struct err *e);

#endif

// The nightly gate over all metrics of a history, for those who show it.
#ifndef SG_HISTORY_TREND_H
#define SG_HISTORY_TREND_H

#include "history.h"

enum trend_state {
	TREND_REGRESSED,
	TREND_IMPROVED,
	TREND_CHANGED, // neither direction is an improvement
	TREND_ADVICE,  // slow creep, or a time without an anchor: drift of the machine cannot be told from change
	TREND_STATES
};

// A metric of a test that moved at least once.
struct trend_metric {
	const char *test, *metric, *unit;
	enum metric_better better;
	bool paired;           // with an anchor in some entry
	const double *figures; // drift_figure of each entry
	const struct drift_change *changes;
	size_t change_count;
	double baseline, threshold; // as in struct drift
};

// One of its changes.
struct trend_moved {
	const struct trend_metric *of;
	const struct drift_change *change;
	enum trend_state state;
	double by;   // a fraction
	bool is_new; // found in the newest entry
};

// A test that broke as it should in its last two entries, but not in the same way: a cliff by stack is now one by
// heap.
struct trend_ending {
	const char *test, *before, *after; // verdicts' names
};

struct trend {
	struct arena arena; // of everything
	const struct history_entry *entries;
	size_t count;
	struct trend_moved *open; // in the newest entry, the worst first
	size_t open_count;
	struct trend_moved *past; // back to what it was, or accepted; the newest first
	size_t past_count;
	struct trend_ending *endings; // by test; owned
	size_t ending_count;
	size_t by_state[TREND_STATES], fresh[TREND_STATES]; // of those that are open
	size_t series, judged, unpaired;
	double widest, narrowest; // thresholds; infinite before anything is judged
	struct history *h;
};

// Fills a zeroed `t`; -ENOENT where no entry is in the history that was asked for. Deinit in every case.
int trend_find(struct history *h, const struct history_query *q, struct trend *t, struct err *e);
void trend_deinit(struct trend *t);
// "regressed", "improved", "changed", "look at".
const char *trend_state_name(enum trend_state s);

#endif

// What `compare` and `run --against` share: what the options say of a comparison, and how it is told.
#ifndef SG_COMPARING_H
#define SG_COMPARING_H

#include "cli.h"
#include "compare.h"
#include "thresholds.h"

#include <stdint.h>

struct comparing {
	struct compare_options options;
	struct thresholds thresholds;
	struct known accepted;
	uint32_t fail_on; // bits of enum comparing_fault
	bool fail_on_given;
};

enum comparing_fault { // what may make the exit code 1
	FAULT_REGRESSED = 1,
	FAULT_VERDICT = 2,
	FAULT_UNDECIDED = 4,
	FAULT_CHANGED = 8,
	FAULT_MISSING = 16,
};

// Reads --threshold, --accepted and --fail-on. `g` must be zeroed; deinit in every case. -EINVAL with `e`.
int comparing_init(struct comparing *g, const struct app *app, struct err *e);
void comparing_deinit(struct comparing *g);
// Compares and tells it as --format says, into --output or on stdout. The samples are sorted here. An exit code.
int comparing_tell(const struct comparing *g, const struct app *app, struct samples *s);

#endif

// Which test a result is an invocation of: by --repeat ("ID#3" is the third of ID), or out of a paired comparison.
#ifndef SG_INVOCATION_H
#define SG_INVOCATION_H

#include "arena.h"
#include "result.h"

#include <stdbool.h>
#include <stdint.h>

enum invocation_side { INVOCATION_HEAD, INVOCATION_BASE, INVOCATION_CONTROL };

struct invocation {
	const char *test; // the id without the number; safe text on one line
	int64_t number;   // 1, 2, ...: unique among those of a test and side in a run
	enum invocation_side side;
	bool warmup; // its figures are not meant
};

// All text is the arena's.
struct invocation invocation_of(struct arena *a, const struct result *r);

#endif

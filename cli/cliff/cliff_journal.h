// What a hunt for cliffs found, as a run: run.json and a journal beside cliffs.json, for the history and compare.
#ifndef SG_CLIFF_JOURNAL_H
#define SG_CLIFF_JOURNAL_H

#include "cliffs.h"
#include "err.h"
#include "journal.h"

#include <jansson.h>
#include <stddef.h>

struct cliff_journal {
	struct journal *journal;
	size_t written;
};

// Begins the run in DIR, in the place of an earlier hunt's; `info` (an object, taken) goes into its run.json
// beside the machine's facts. 0, or -errno with `e` filled; close in every case.
int cliff_journal_open(struct cliff_journal *j, const char *dir, size_t pairs, json_t *info, struct err *e);
// One cliff; what was not looked for to its end is no result and is left out.
int cliff_journal_add(struct cliff_journal *j, const struct cliff *c, const char *allocator, struct err *e);
int cliff_journal_close(struct cliff_journal *j, const char *reason, struct err *e);

#endif

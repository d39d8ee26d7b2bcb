// A run directory read back: run.json and the journal (journal.jsonl), for resuming and for reports.
//
// The journal's records and their fields, besides "crc" and "type":
//   header  {format: 1, run, part, wall, suite_dir, suite_hash, seed, tests: N, boot_id}  one for each part: the
//           first, and one each time the run is resumed; "tests" counts what the whole run set out to do
//   start   {id, attempt}; written before the process exists
//   end     {what result_to_json wrote, hash: the test file's, final: false when a retry follows}
//   soak    {id, figures: [pass, at_ms, wall_ns, ...]}: one pass of one test of a soak (base/result/soak.h)
//   stop    {reason}   "finished", "SIGINT", ...; a part without one was killed
// Records of other types are left for later versions and are no error.
#ifndef SG_RUN_H
#define SG_RUN_H

#include "err.h"
#include "journal.h"
#include "result.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define SG_RUN_VERSION 1

struct run_soak {
	char *id;
	struct number_rows rows; // SOAK_COLUMNS (base/result/soak.h), the newest last
	uint64_t passes, at_ms;  // of the last one
};

struct run {
	char *dir;
	json_t *info;           // run.json: an object; {} when it is missing
	json_t *header;         // the journal's header record
	struct result *results; // the last attempt of each test, in the order of their ends
	size_t count;
	size_t planned;             // tests that the run set out to do (header "tests")
	char *under_way;            // id of a test that was started and never ended; NULL
	char *stop_reason;          // from the last stop record: "finished", "SIGINT", ...; NULL: it was killed
	unsigned parts;             // 1 + times it was resumed
	struct run_soak *soaks;     // a soak's figures, one for each test; owned
	size_t soak_count, soak_at; // soak_at: where the reading is
	struct journal_stats journal;
	json_t *index; // id -> position in results; owned
};

// `r` must be zeroed. -ENOENT "no run in DIR" etc. with `e` filled. Deinit in every case.
int run_load(const char *dir, struct run *r, struct err *e);
void run_deinit(struct run *r);
const struct result *run_find(const struct run *r, const char *id);
// How many results have that verdict.
size_t run_count(const struct run *r, enum verdict v);
// Results that did not end as expected; those that were interrupted did not end.
size_t run_unexpected(const struct run *r);

#endif

// The run's journal, and what is known from it when a run is resumed.
#ifndef SG_LEDGER_H
#define SG_LEDGER_H

#include "err.h"
#include "journal.h"
#include "result.h"
#include "runner.h"
#include "suite.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// One test of the suite, as far as the journal tells.
struct ledger_entry {
	unsigned attempts;    // started so far
	unsigned deaths;      // starts without an end, in a soak since its last pass: the runner died while it ran
	bool open;            // the last start has no end yet
	bool settled;         // its last end is one that is not repeated
	bool as_expected;     // of that end
	bool interrupted;     // the last end says that the run was stopped
	unsigned failures;    // attempts that failed, with another one to follow
	enum verdict verdict; // of the last end
	bool ever_unexpected; // in any pass of a soak
};

struct ledger {
	struct journal *journal;
	const struct suite *suite;
	struct ledger_entry *entries; // as suite->tests
	bool resumed;
	char mark[48];               // of the last part's processes (struct scratch's name); "" when none is known
	json_t *header;              // of the last part; NULL in a new run
	struct journal_stats stats;  // what reading it said
	struct buf text;             // of the record that is being written
	uint64_t soak_pass, soak_ms; // of a soak: its last pass, and for how long it had lasted
};

// Makes RUN_DIR/journal.jsonl, or with `resume` reads and reopens it. -EEXIST when there is a run and none is to
// be resumed; -EINVAL when the suite is another one than the run's, unless `force`; -EBUSY when another runner
// has it. Deinit in every case.
int ledger_open(struct ledger *l, const char *run_dir, const struct suite *suite, bool resume, bool force,
                struct err *e);
void ledger_deinit(struct ledger *l);

// Each is one record (docs/formats.md): 0 or -errno.
// header: format, run, part, wall, suite_dir, suite_hash, seed, tests, boot_id, mark (what its processes are known
// by)
int ledger_write_header(struct ledger *l, const char *run_name, const char *mark, size_t tests);
// To be written before the test's process exists: whatever that does to us, it is known that it had begun.
int ledger_write_start(struct ledger *l, size_t test, unsigned attempt);
// `final`: no further attempt will follow.
int ledger_write_end(struct ledger *l, size_t test, const struct result *r, bool final);
// The same, of the last attempt, but it is written with the record that follows, or by ledger_flush, and nobody
// may be told before. For a test that ended as expected: the end of any other is synced at once.
int ledger_hold_end(struct ledger *l, size_t test, const struct result *r);
// As journal_flush.
int ledger_flush(struct ledger *l);
// One pass of one test of a soak: {id, figures: [pass, at_ms, ...]} (base/result/soak.h). It is settled by that.
int ledger_write_soak(struct ledger *l, size_t test, const struct result *r, uint64_t pass, uint64_t at_ms);
// It was interrupted in a pass that is not its first: {id, cut: true}. The pass after it will do.
int ledger_write_soak_cut(struct ledger *l, size_t test);
// All tests that ran are to run again.
void ledger_next_pass(struct ledger *l);
// A step of stopping: {step, reason, ended, running}; not synced, which the stop then is.
int ledger_write_step(struct ledger *l, const struct runner_step *s);
int ledger_write_stop(struct ledger *l, const char *reason, size_t ended);

// Tests whose end was not as expected; in a soak, in any of its passes.
size_t ledger_unexpected(const struct ledger *l);

#endif

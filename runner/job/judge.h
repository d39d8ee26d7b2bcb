// The verdict on a test, from the evidence and in words (docs/design: "Verdicts").
#ifndef SG_JUDGE_H
#define SG_JUDGE_H

#include "capture.h"
#include "kernlog.h"
#include "measure.h"
#include "result.h"
#include "suite.h"

#include <stdbool.h>
#include <stdint.h>

// What the runner knows of a test that has ended, beside its result. Everything is borrowed.
struct facts {
	const struct suite_test *test;
	const struct capture *out, *err;
	const struct measure *measure;
	const char *not_started; // why it could not be started; NULL: it was
	const char *stopped_by;  // "SIGINT": the run was stopped while it ran; NULL
	bool timed_out;
	bool killed; // it took SIGKILL to end it after a timeout
	uint64_t timeout_ns;
	uint64_t memory_limit, memory_seen; // bytes; seen > 0: we killed it for that
	const char *memory_by;              // "cgroup v1"
	const char *engine;                 // of its container: its own failures look like the test's; NULL
	uint64_t oom_kills;                 // by its cgroup
	uint64_t memory_hits;               // times that its cgroup met the limit, known where it timed out
	uint64_t forks_denied;              // by its cgroup
	uint64_t cpu_limit_s;
	uint64_t processes_limit;
	bool has_fault;
	struct kernel_fault fault;   // of its first process, from the kernel's log
	bool pipes_held;             // what it left behind had to be killed to close its output
	unsigned interrupted_before; // times the runner died while it ran
	const char *interrupted_why; // words for that; NULL
};

// Fills in r->verdict, evidence, clean and as_expected; r holds all the rest already. 0 or -ENOMEM.
int judge(const struct facts *f, struct result *r);

// Does the verdict count as what the header expects?
bool judge_as_expected(enum verdict v, enum verdict expected);

// The first of the test's patterns that fits how it ended, with the line that matched in `line` of `size` bytes.
// NULL when none does.
const struct pattern *judge_pattern(const struct facts *f, const struct result *r, char *line, size_t size);

// The last line of `tail` that is not empty, with its length (0: there is none); tail may be NULL.
const char *judge_last_line(const char *tail, int *len);
// "SIGSEGV (segmentation fault)".
void judge_signal_words(int sig, struct buf *out);

#endif

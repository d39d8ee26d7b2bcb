// The runner: executes a suite's tests, one after another or several at a time, each in a process group of its
// own, and writes the run directory (docs/design: "The run directory").
#ifndef SG_RUNNER_H
#define SG_RUNNER_H

#include "err.h"
#include "known.h"
#include "result.h"
#include "suite.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// One step of stopping a run before its end.
struct runner_step {
	const char *name;   // "no-new-tests", "ending", "killing", "saved"
	const char *reason; // "SIGINT", "suite-timeout", ...
	const char *text;   // for a person
	size_t ended, running, tests;
};

// What the runner tells whoever watches. Any hook may be NULL; all are called from the event loop.
struct runner_hooks {
	// `settled` tests of `total` have ended before this one
	void (*started)(void *arg, size_t settled, size_t total, const struct suite_test *t);
	// every sample of the running test
	void (*sampled)(void *arg, const struct suite_test *t, uint64_t age_ns, uint64_t rss_bytes);
	void (*ended)(void *arg, size_t settled, size_t total, const struct suite_test *t, const struct result *r);
	// one line for the person: weak containment, a journal that had bad lines
	void (*note)(void *arg, const char *text);
	void *arg;
	// a step of a stop; without this hook its text is a note
	void (*step)(void *arg, const struct runner_step *step);
	// an attempt has ended that another one will follow
	void (*again)(void *arg, const struct suite_test *t, const struct result *r);
	// nothing has refused the run, its journal is open, and the first test comes next
	void (*begun)(void *arg);
};

// For tests whose header has none of the kind; 0: none.
struct runner_limits {
	uint64_t cpu_s, files, procs, io_bytes_per_s, io_ops_per_s;
};

struct runner_config {
	const struct suite *suite;
	const char *run_dir;     // made if it is not there; a run in it is refused unless `resume`
	const size_t *selection; // indices into suite->tests in running order; NULL: all
	size_t selected;
	// the absolute path of "{stressgen:NAME}", borrowed; NULL: no such program
	const char *(*resolve)(void *arg, const char *name);
	void *resolve_arg;
	// the package that brings a program that is missing, into `to`; false: not known; NULL: nobody knows
	bool (*package)(void *arg, const char *program, char *to, size_t size);
	void *package_arg;
	const struct param *params; // override @Param for {param:NAME}
	size_t param_count;
	const char *preload;         // libstressalloc.so; NULL: none
	const char *preload_options; // STRESSGEN_INTERPOSER for tests that have none of their own; NULL: as it is
	// NAME of the "{stressgen:NAME}" that measures whichever malloc it has; NULL. The library, which would be
	// measured too, is preloaded into it only with preload_measurer, and in pairs that are not bare.
	const char *measurer;
	bool preload_measurer;
	uint64_t soak_ns;            // go over the plan again and again until so long has passed; 0: once
	bool leak_check;             // tests are asked for live bytes at the end of each cycle
	const char *allocator;       // a malloc's library, preloaded behind it into every program; NULL: none
	const char *allocator_title; // what results call it, "jemalloc 5.3.0"; NULL: no malloc was chosen
	uint64_t jemalloc_cap; // bytes that a jemalloc in a test's process may take from the system; 0: no cap
	uint64_t timeout_ns;   // for tests whose header has none; 0: SG_DEFAULT_TIMEOUT_NS
	uint64_t grace_ns;     // between SIGTERM and SIGKILL; 0: 2 s
	uint64_t memory_bytes; // for tests whose header has none; 0: 75 % of what is available; UINT64_MAX: none
	struct runner_limits limits;
	uint64_t procs_default;       // where neither header nor limits say one and a cgroup can hold it; 0: none
	bool no_limits;               // not even those of a header
	uint64_t output_limit;        // bytes kept of each of stdout and stderr; 0: 1 MiB
	uint64_t sample_ns;           // sampling period; 0: 100 ms
	unsigned workers;             // tests at a time; 0 and 1: one after another
	bool container;               // each test in a container of its own
	const char *container_root;   // its root directory; NULL: the machine's files, read only
	const char *container_engine; // "podman", with options of its own; NULL: bubblewrap
	const char *container_init;   // stressgen-init, for an engine's containers; NULL: the engine's own
	const char *container_image;  // for that; NULL: container_root
	const char *wrap;             // a command in front of each test's, as "valgrind -q"; NULL
	bool keep;                    // temporary directories stay, in the run directory
	bool clean_home;              // HOME is the temporary directory too
	size_t batch;                 // so many tests settle before the next one starts; 0: no batches
	const char *between;          // a shell command between batches (without `batch`: between tests); NULL
	bool self_protect;            // stop when others take too much of the machine
	double cpu_threshold, memory_threshold,
	        disk_threshold;         // percent; the first two without the tests' own share
	uint64_t protect_after_ns;      // for so long without a break
	const char *proc_dir;           // where the machine's state is read; NULL: "/proc"
	uint64_t suite_timeout_ns;      // for the whole run; 0: none
	unsigned retry;                 // for tests whose header says nothing
	const struct known *quarantine; // known failures, by test and target; NULL: none
	unsigned fail_fast;             // start no further test after that many unexpected verdicts; 0: never
	bool resume;                    // go on with the run in run_dir
	bool force;                     // resume although the suite has changed
	bool run_skipped;               // tests marked @Skip run as if they were not
	json_t *info;                   // an object that goes into run.json beside the machine's facts; borrowed
	struct runner_hooks hooks;
};

struct runner_summary {
	size_t ran;          // ended in this part
	size_t resumed_over; // were there already
	size_t unexpected;   // in the whole run, previous parts included
	int stop_signal;     // the signal that stopped it; 0: none
	bool suite_timed_out;
	bool protected; // self-protection stopped it
	char why_protected[160];
	bool untrusted; // journal damaged or not written: exit 6
	char why[256];  // why untrusted
	bool missing;   // it did not begin: containers were asked for, and are not to be had here
};

// Tests run in our own working directory, each in a session of its own, with a private TMPDIR, an empty stdin and
// STRESSGEN_FD, STRESSGEN_TELEMETRY_DIR and STRESSGEN_MARK in their environment. RUN_DIR/tests/ID/ATTEMPT/ holds
// stdout, stderr, timeline and telemetry, each only where there is something to be kept. A program that is not
// there is a failure of the test ("program not found: X"): what may be missing is left out of a suite when it is
// made.
//
// 0 when every selected test was settled or a signal stopped the run cleanly; -errno when it could not
// begin (nothing was written over) or broke off. SIGINT, SIGTERM and SIGHUP are handled while it runs: the
// first stops cleanly, a second kills at once.
int runner_run(const struct runner_config *c, struct runner_summary *s, struct err *e);

#endif

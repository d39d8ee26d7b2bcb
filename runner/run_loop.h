// A run while it lasts: what runner.c (setting up, signals, the end) and run_tests.c (which test starts, and what
// becomes of its result) share.
#ifndef SG_RUN_LOOP_H
#define SG_RUN_LOOP_H

#include "job.h"
#include "ledger.h"
#include "plan.h"
#include "runner.h"
#include "schedule.h"
#include "session.h"
#include "watch.h"

#include <uv.h>

#define RUN_SIGNALS 3

// Of stopping before the end (run_stop.c), in their order.
enum run_step { RUN_STEP_NONE, RUN_STEP_NO_NEW, RUN_STEP_ENDING, RUN_STEP_KILLING, RUN_STEP_SAVED, RUN_STEPS };

struct run_loop;

// Runs one test at a time.
struct worker {
	struct run_loop *run;
	struct job job;
	size_t position; // in the plan, of the test that it runs
	bool beside;     // another test ran at the same time
};

// The end of the test that has settled last, when the start of the next one takes it along into the journal. It is
// told when it is there.
struct held_end {
	bool there;
	size_t position, settled; // in the plan; what had settled before
	struct result result;     // owned
};

struct run_loop {
	const struct runner_config *config;
	struct runner_summary *summary;
	struct err *err;
	uv_loop_t loop;
	uv_idle_t next; // active while tests may be started
	uv_signal_t signals[RUN_SIGNALS];
	uv_timer_t suite_limit, watch_timer;
	uv_poll_t guardian;
	struct session session;
	struct ledger ledger;
	struct held_end held;
	struct plan plan;
	struct schedule schedule;
	struct worker *workers;
	size_t worker_count;
	bool *direct;           // by position in the plan: its file ran by itself when that was looked at
	size_t settled;         // of the plan
	size_t unexpected_here; // in this part
	size_t interrupted;     // of those that have settled
	enum run_step step;     // the last that was taken
	uint64_t pass;          // of a soak, from 1; 0: none
	uint64_t soak_start_ns; // as if it had never been interrupted
	size_t ran_in_pass;
	size_t in_batch; // started since the last batch ended
	int stop_signal;
	const char *stop_reason; // why no further test is to be started; NULL
	int rc;                  // what ended the run before its time
	struct watch watch;
	struct protection protection;
	uint64_t looked_ns, beaten_ns; // when the machine was looked at, and the heartbeat written
	uint64_t own_cpu_us;           // used by us and the tests until then
	bool over;
	struct suite_test between; // what --between runs
	unsigned betweens;         // times that it ran
};

__attribute__((format(printf, 2, 3))) void run_note(const struct run_loop *run, const char *format, ...);
// Says why the results cannot be trusted; the first reason is the one to mend, and stays.
__attribute__((format(printf, 2, 3))) void run_distrust(struct run_loop *run, const char *format, ...);
// Whether a journal record was written (its rc); a journal that cannot be written ends the run.
bool run_journalled(struct run_loop *run, int rc);

// run_tests.c: gets going, from the loop's next turn on.
void run_start_next(struct run_loop *run);
// Writes and tells the end that is held, if there is one. False when the journal cannot be written.
bool run_tell_held(struct run_loop *run);
// The hooks of a worker's job.
void run_on_done(struct job *j);
void run_on_sampled(struct job *j, uint64_t age_ns, uint64_t rss_bytes);

// soak.c: after the plan was opened; then, whether the time for starting tests is over; whether there is another
// pass, which has begun then; and a test's end in a pass. The last is false when the journal cannot be written.
void run_soak_begin(struct run_loop *run);
bool run_soak_is_over(const struct run_loop *run);
bool run_soak_next_pass(struct run_loop *run);
bool run_soak_record(struct run_loop *run, size_t position, const struct result *r);

// runner.c: no further test starts; those that run are killed; when they have settled the loop ends.
void run_end(struct run_loop *run, const char *reason);

// run_stop.c: no further test is to start; what runs may end by itself.
void run_stop_begin(struct run_loop *run, const char *reason);
// The same, and what runs is ended: by SIGTERM first, or with `now` by SIGKILL. `by` is for the tests' evidence.
void run_stop_jobs(struct run_loop *run, const char *reason, const char *by, bool now);
// The journal is on disk: the last step, where the run was stopped at all.
void run_stop_saved(struct run_loop *run, const char *reason);
void run_on_killing(struct job *j); // a worker's job's hook
void run_watch_signals(struct run_loop *run);
bool run_is_idle(const struct run_loop *run);
// run_watch.c: looks at the machine every now and then; the heartbeat file says how far the run is.
void run_watch_start(struct run_loop *run);
// A test has been looked at, of that age.
void run_watch_beside(struct run_loop *run, uint64_t age_ns);
void run_write_heartbeat(struct run_loop *run, const char *state);

#endif

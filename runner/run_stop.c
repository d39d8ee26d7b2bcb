// Stopping a run before its end, in steps that are named: no new tests, ending what runs, killing what is left,
// saved. A step that has nothing to do is left out; a second signal goes to the killing at once.
#include "run_loop.h"

#include "units.h"

#include <signal.h>
#include <stdarg.h>
#include <string.h>

#define NAMED_MOST 3U // tests

static const char *const step_names[RUN_STEPS] = { [RUN_STEP_NO_NEW] = "no-new-tests",
	                                           [RUN_STEP_ENDING] = "ending",
	                                           [RUN_STEP_KILLING] = "killing",
	                                           [RUN_STEP_SAVED] = "saved" };

static size_t count_running(const struct run_loop *run)
{
	size_t n = 0;

	for (size_t i = 0; i < run->worker_count; i++)
		n += !job_is_idle(&run->workers[i].job);
	return n;
}

bool run_is_idle(const struct run_loop *run)
{
	return count_running(run) == 0;
}

// ": a.sh, b.sh, ..."
static void add_running(const struct run_loop *run, struct buf *out)
{
	size_t named = 0;

	for (size_t i = 0; i < run->worker_count; i++) {
		if (job_is_idle(&run->workers[i].job) || named++ >= NAMED_MOST)
			continue;
		buf_addf(out, "%s%s", named == 1 ? ": " : ", ", run->workers[i].job.test->id);
	}
	if (named > NAMED_MOST)
		buf_adds(out, ", ...");
}

// Tells whoever listens, and the journal, but for its end, which has a record of its own. A journal that cannot
// take it will say so then.
static void tell(struct run_loop *run, enum run_step which, const char *reason, const char *text)
{
	const struct runner_hooks *hooks = &run->config->hooks;
	const struct runner_step step = { .name = step_names[which],
		                          .reason = reason,
		                          .text = text,
		                          .ended = run->settled - run->interrupted,
		                          .running = count_running(run),
		                          .tests = run->plan.count };

	if (which != RUN_STEP_SAVED)
		ledger_write_step(&run->ledger, &step);
	if (hooks->step != NULL)
		hooks->step(hooks->arg, &step);
	else if (hooks->note != NULL)
		hooks->note(hooks->arg, text);
}

// Each step is taken once, and none after a later one.
__attribute__((format(printf, 4, 5))) static void take(struct run_loop *run, enum run_step which,
                                                       const char *reason, const char *format, ...)
{
	struct buf text = { 0 };
	va_list args;

	if (run->step >= which)
		return;
	run->step = which;
	buf_addf(&text, "%s: step %d of %d, ", reason, (int)which, RUN_STEPS - 1);
	va_start(args, format);
	buf_vaddf(&text, format, args);
	va_end(args);
	if (which == RUN_STEP_ENDING || which == RUN_STEP_KILLING)
		add_running(run, &text);
	tell(run, which, reason, buf_text(&text));
	buf_deinit(&text);
}

void run_stop_begin(struct run_loop *run, const char *reason)
{
	const size_t count = count_running(run);

	if (run->step == RUN_STEP_NONE)
		run_write_heartbeat(run, "stopping");
	if (count == 0)
		take(run, RUN_STEP_NO_NEW, reason, "no new tests: %zu of %zu have ended, and nothing is running",
		     run->settled - run->interrupted, run->plan.count);
	else
		take(run, RUN_STEP_NO_NEW, reason, "no new tests: %zu of %zu have ended, %zu %s running",
		     run->settled - run->interrupted, run->plan.count, count, count == 1 ? "is" : "are");
}

static void say_killing(struct run_loop *run, const char *reason)
{
	const size_t count = count_running(run);

	take(run, RUN_STEP_KILLING, reason, "killing what is left: %zu test%s SIGKILL", count,
	     count == 1 ? " gets" : "s get");
}

void run_stop_jobs(struct run_loop *run, const char *reason, const char *by, bool now)
{
	const size_t count = count_running(run);
	char grace[32];

	run_stop_begin(run, reason);
	if (count > 0 && !now)
		take(run, RUN_STEP_ENDING, reason, "ending what runs: %zu test%s SIGTERM, and %s to end", count,
		     count == 1 ? " gets" : "s get", units_duration(grace, sizeof grace, run->session.grace_ns));
	if (count > 0 && now)
		say_killing(run, reason);
	for (size_t i = 0; i < run->worker_count; i++)
		job_stop(&run->workers[i].job, by, now);
}

void run_on_killing(struct job *j)
{
	struct worker *w = j->arg;

	if (j->facts.stopped_by != NULL)
		say_killing(w->run, w->run->stop_reason);
}

void run_stop_saved(struct run_loop *run, const char *reason)
{
	if (run->step == RUN_STEP_NONE)
		return;
	if (run->interrupted > 0)
		take(run, RUN_STEP_SAVED, reason, "saved: %zu of %zu tests have ended, %zu %s interrupted",
		     run->settled - run->interrupted, run->plan.count, run->interrupted,
		     run->interrupted == 1 ? "was" : "were");
	else
		take(run, RUN_STEP_SAVED, reason, "saved: %zu of %zu tests have ended", run->settled,
		     run->plan.count);
}

// ---- signals ----

static const struct {
	int number;
	const char *name, *again;
} stop_signals[RUN_SIGNALS] = { { SIGINT, "SIGINT", "SIGINT again" },
	                        { SIGTERM, "SIGTERM", "SIGTERM again" },
	                        { SIGHUP, "SIGHUP", "SIGHUP again" } };

static void on_signal(uv_signal_t *handle, int sig)
{
	struct run_loop *run = handle->data;
	const bool again = run->stop_signal != 0;
	size_t i = 0;

	while (i + 1 < RUN_SIGNALS && stop_signals[i].number != sig)
		i++;
	if (run->over)
		return;
	if (!again) {
		run->stop_signal = sig;
		run->stop_reason = stop_signals[i].name;
	}
	run_stop_jobs(run, again ? stop_signals[i].again : run->stop_reason, stop_signals[i].name, again);
	run_start_next(run);
}

void run_watch_signals(struct run_loop *run)
{
	for (size_t i = 0; i < RUN_SIGNALS; i++) {
		uv_signal_init(&run->loop, &run->signals[i]);
		run->signals[i].data = run;
		uv_signal_start(&run->signals[i], on_signal, stop_signals[i].number);
	}
}

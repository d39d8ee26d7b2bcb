// Beside the tests: the machine's state into their results, the heartbeat, and self-protection.
#include "run_loop.h"

#include "clock.h"
#include "io.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define HEARTBEAT_NS (5 * SG_NS_PER_S)

static uint64_t usage_us(int who)
{
	struct rusage u;

	if (getrusage(who, &u) < 0)
		return 0;
	return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000U +
	       (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

// What we and the tests have used since the look before: percent of one core; and the memory that the tests hold.
static double own_share(struct run_loop *run, uint64_t now_ns, uint64_t *own_bytes)
{
	uint64_t used_us = usage_us(RUSAGE_SELF) + usage_us(RUSAGE_CHILDREN), before_us = run->own_cpu_us;
	uint64_t passed_ns = now_ns - run->looked_ns;

	*own_bytes = 0;
	for (size_t i = 0; i < run->worker_count; i++) {
		const struct job *j = &run->workers[i].job;

		if (job_is_idle(j) || j->state == JOB_SPAWNING)
			continue;
		used_us += cgroup_holds(&j->group) ? cgroup_cpu_us(&j->group) : j->measure.last_cpu_us;
		*own_bytes += j->measure.last_rss_bytes;
	}
	run->own_cpu_us = used_us;
	run->looked_ns = now_ns;
	return before_us == 0 || used_us < before_us || passed_ns == 0
	               ? 0
	               : (double)(used_us - before_us) * 1000.0 * 100.0 / (double)passed_ns;
}

static void raise_peak(unsigned *peak, double percent)
{
	unsigned whole = percent > 0 ? (unsigned)(percent + 0.5) : 0;

	*peak = whole > *peak ? whole : *peak;
}

static void note_peaks(struct run_loop *run)
{
	for (size_t i = 0; i < run->worker_count; i++) {
		struct job *j = &run->workers[i].job;

		if (job_is_idle(j))
			continue;
		raise_peak(&j->result.peak_system_cpu, run->watch.now.cpu_percent);
		raise_peak(&j->result.peak_system_memory, run->watch.now.memory_percent);
	}
}

static void protect(struct run_loop *run, uint64_t now_ns, double own_cpu, uint64_t own_bytes)
{
	char why[160];

	if (!run->config->self_protect || run->summary->protected ||
	    !protection_is_due(&run->protection, &run->watch.now, own_cpu, own_bytes, now_ns, why, sizeof why))
		return;
	run->summary->protected = true;
	snprintf(run->summary->why_protected, sizeof run->summary->why_protected, "%s", why);
	run->stop_reason = "self-protection";
	run_note(run, "self-protection: %s; the run stops, --resume goes on with it", why);
	run_stop_jobs(run, run->stop_reason, "self-protection", true);
	run_start_next(run);
}

// ---- the heartbeat
// ------------------------------------------------------------------------------------------------

void run_write_heartbeat(struct run_loop *run, const char *state)
{
	json_t *running = json_array(), *beat = json_object();
	char *path = io_join(run->session.run_dir, "heartbeat"), *text = NULL;

	for (size_t i = 0; i < run->worker_count; i++)
		if (!job_is_idle(&run->workers[i].job))
			json_array_append_new(running, json_string(run->workers[i].job.test->id));
	json_object_set_new(beat, "time", json_integer((json_int_t)time(NULL)));
	json_object_set_new(beat, "state", json_string(state));
	json_object_set_new(beat, "ended", json_integer((json_int_t)run->settled));
	json_object_set_new(beat, "tests", json_integer((json_int_t)run->plan.count));
	json_object_set_new(beat, "unexpected", json_integer((json_int_t)run->unexpected_here));
	json_object_set_new(beat, "running", running);
	text = json_dumps(beat, JSON_COMPACT);
	if (path != NULL && text != NULL)
		io_replace_file(path, text, strlen(text), NULL); // whoever watches sees that it is old
	free(text);
	free(path);
	json_decref(beat);
	run->beaten_ns = clock_now_ns();
}

static void look_at_machine(struct run_loop *run, uint64_t now_ns)
{
	uint64_t own_bytes;
	double own_cpu;

	watch_look(&run->watch);
	own_cpu = own_share(run, now_ns, &own_bytes);
	note_peaks(run);
	protect(run, now_ns, own_cpu, own_bytes);
}

// A look at the machine costs what a short test's own bookkeeping does, and so does waking up for it: there is one
// where a test is looked at that is no short one.
void run_watch_beside(struct run_loop *run, uint64_t age_ns)
{
	const uint64_t now_ns = clock_now_ns(), passed_ns = now_ns - run->looked_ns;
	const uint64_t sample_ns = run->session.sample_ns;

	if (run->config->self_protect || age_ns < sample_ns / 2 || passed_ns < sample_ns - sample_ns / 10)
		return; // in the first case the timer does it
	watch_look(&run->watch);
	if (passed_ns > age_ns) // its CPU time is also of tests that are over
		run->watch.now.cpu_percent = 0;
	run->looked_ns = now_ns;
	note_peaks(run);
}

static void on_watch(uv_timer_t *handle)
{
	struct run_loop *run = handle->data;
	const uint64_t now_ns = clock_now_ns();

	if (run->config->self_protect)
		look_at_machine(run, now_ns);
	if (now_ns - run->beaten_ns >= HEARTBEAT_NS - HEARTBEAT_NS / 50) // a timer may be a little early
		run_write_heartbeat(run, "running");
}

void run_watch_start(struct run_loop *run)
{
	const struct runner_config *c = run->config;
	const uint64_t period_ms = (c->self_protect ? run->session.sample_ns : HEARTBEAT_NS) / SG_NS_PER_MS;

	watch_init(&run->watch, c->proc_dir != NULL ? c->proc_dir : "/proc", run->session.run_dir);
	run->protection = (struct protection){ .cpu_percent = c->cpu_threshold,
		                               .memory_percent = c->memory_threshold,
		                               .disk_percent = c->disk_threshold,
		                               .patience_ns = c->protect_after_ns };
	run->looked_ns = clock_now_ns();
	uv_timer_init(&run->loop, &run->watch_timer);
	run->watch_timer.data = run;
	uv_timer_start(&run->watch_timer, on_watch, period_ms, period_ms > 0 ? period_ms : 1);
	run_write_heartbeat(run, "running");
}

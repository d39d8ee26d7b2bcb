// A run as a whole: setting it up, stopping it, taking it down.
#include "run_loop.h"

#include "clock.h"
#include "command.h"
#include "io.h"
#include "machine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define WORKERS_MAX GUARDIAN_SLOTS

void run_note(const struct run_loop *run, const char *format, ...)
{
	struct buf text = { 0 };
	va_list args;

	if (run->config->hooks.note == NULL)
		return;
	va_start(args, format);
	buf_vaddf(&text, format, args);
	va_end(args);
	run->config->hooks.note(run->config->hooks.arg, buf_text(&text));
	buf_deinit(&text);
}

void run_distrust(struct run_loop *run, const char *format, ...)
{
	va_list args;

	if (run->summary->untrusted)
		return; // the first reason is the one to mend
	run->summary->untrusted = true;
	va_start(args, format);
	vsnprintf(run->summary->why, sizeof run->summary->why, format, args);
	va_end(args);
	run_note(run, "%s", run->summary->why);
}

// A journal that cannot be written ends the run: what was not written down has not happened.
bool run_journalled(struct run_loop *run, int rc)
{
	if (rc == 0)
		return true;
	run_distrust(run, "the journal cannot be written: %s; free some space and go on by --resume",
	             strerror(-rc));
	run->rc = rc;
	return false;
}

// ---- the whole run's time limit, and the guardian's death ----

static void on_suite_limit(uv_timer_t *handle)
{
	struct run_loop *run = handle->data;

	run_note(run, "the time for the whole run is over: %zu of %zu tests have ended; --resume runs the rest",
	         run->settled, run->plan.count);
	run->stop_reason = "suite-timeout";
	run->summary->suite_timed_out = true;
	run_stop_jobs(run, run->stop_reason, "the time limit of the whole run", false);
	run_start_next(run);
}

static void on_guardian_died(uv_poll_t *handle, __attribute__((unused)) int status,
                             __attribute__((unused)) int events);

static void watch_guardian(struct run_loop *run)
{
	uv_poll_init(&run->loop, &run->guardian, run->session.guardian.pidfd);
	run->guardian.data = run;
	uv_poll_start(&run->guardian, UV_READABLE, on_guardian_died);
}

static void on_guardian_closed(uv_handle_t *handle)
{
	struct run_loop *run = handle->data;
	int rc;

	if (run->over)
		return;
	rc = session_restart_guardian(&run->session);
	if (rc < 0) {
		run_note(run, "the guardian process has died and cannot be started again: %s", strerror(-rc));
		return;
	}
	run_note(run, "the guardian process was killed; another one is at work");
	watch_guardian(run);
}

static void on_guardian_died(uv_poll_t *handle, __attribute__((unused)) int status,
                             __attribute__((unused)) int events)
{
	uv_close((uv_handle_t *)handle, on_guardian_closed);
}

// ---- the run as a whole ----

void run_end(struct run_loop *run, const char *reason)
{
	int rc;

	if (run->over)
		return;
	run_tell_held(run);
	run->stop_reason = reason;
	if (!run_is_idle(run)) {
		run_stop_jobs(run, reason, reason, true); // the last of them comes back here
		return;
	}
	run->over = true;
	run_write_heartbeat(run, reason);
	rc = ledger_write_stop(&run->ledger, reason, run->summary->ran);
	if (rc < 0 && run->rc == 0)
		run_journalled(run, rc);
	if (rc == 0)
		run_stop_saved(run, reason);
	if (run->worker_count > 1)
		turns_end(&run->session.turns);
	else
		uv_stop(&run->loop);
}

static int write_run_json(struct run_loop *run, struct err *e)
{
	const struct session *s = &run->session;
	char *path = io_join(s->run_dir, "run.json");
	json_t *info = json_object();
	char *text = NULL;
	int rc = -ENOMEM;

	if (path == NULL || info == NULL)
		goto out;
	if (run->config->info != NULL && json_object_update(info, run->config->info) < 0)
		goto out;
	json_object_set_new(info, "version", json_integer(1));
	json_object_set_new(info, "machine", machine_facts());
	json_object_set_new(info, "limits",
	                    json_pack("{s:I, s:I, s:I, s:I, s:I, s:s, s:s?}", "timeout_ns",
	                              (json_int_t)s->timeout_ns, "grace_ns", (json_int_t)s->grace_ns,
	                              "memory_bytes", (json_int_t)s->memory_bytes, "output_bytes",
	                              (json_int_t)s->output_limit, "sample_ns", (json_int_t)s->sample_ns,
	                              "containment", session_containment(s), "no_cgroup_v2",
	                              s->cgroups.why_not[0] != '\0' ? s->cgroups.why_not : NULL));
	text = json_dumps(info, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	rc = text != NULL ? io_replace_file(path, text, strlen(text), e) : -ENOMEM;
out:
	if (rc == -ENOMEM)
		err_set(e, ENOMEM, "run.json: %s", strerror(ENOMEM));
	free(text);
	json_decref(info);
	free(path);
	return rc;
}

static void watch_suite_limit(struct run_loop *run)
{
	uv_timer_init(&run->loop, &run->suite_limit);
	run->suite_limit.data = run;
	if (run->config->suite_timeout_ns > 0)
		uv_timer_start(&run->suite_limit, on_suite_limit,
		               (run->config->suite_timeout_ns + SG_NS_PER_MS - 1) / SG_NS_PER_MS, 0);
}

static void close_handle(uv_handle_t *handle, __attribute__((unused)) void *arg)
{
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

// What cannot be read of a test's command is an error before anything runs; a program that is missing is that
// test's failure. What a header asks for and this version does not do is said.
static int check_tests(struct run_loop *run)
{
	const struct runner_config *c = run->config;
	const struct command_context ctx = { .suite_dir = run->session.suite_dir,
		                             .resolve = c->resolve,
		                             .resolve_arg = c->resolve_arg,
		                             .params = c->params,
		                             .param_count = c->param_count };
	int rc = 0;

	run->direct = calloc(run->plan.count + 1, sizeof *run->direct);
	if (run->direct == NULL)
		return -ENOMEM;
	for (size_t i = 0; rc == 0 && i < run->plan.count; i++) {
		const struct suite_test *t = &c->suite->tests[run->plan.order[i]];
		struct command command = { 0 };
		struct err why = { 0 };
		bool names_it;

		rc = command_resolve(&ctx, t, &command, &why);
		run->direct[i] = rc == 0 && command.direct;
		names_it = strncmp(why.text, t->path, strlen(t->path)) == 0;
		command_deinit(&command);
		if (rc == -ENOENT || (t->meta.skip != NULL && !c->run_skipped) || t->meta.planned)
			rc = 0;
		else if (rc < 0)
			err_set(run->err, -rc, "%s%s%s", names_it ? "" : t->path, names_it ? "" : ": ", why.text);
	}
	return rc;
}

static int make_workers(struct run_loop *run)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < run->worker_count; i++)
		rc = pid_list_add(&run->session.leaders, 0);
	run->session.leaders.count = 0; // from now on there is room
	for (size_t i = 0; rc == 0 && i < run->worker_count; i++) {
		struct worker *w = &run->workers[i];

		rc = job_init(&w->job, &run->session, (unsigned)i);
		w->run = run;
		w->job.done = run_on_done;
		w->job.sampled = run_on_sampled;
		w->job.killing = run_on_killing;
		w->job.arg = w;
	}
	return rc;
}

// The command between batches, as a test that is in no suite.
static int prepare_between(struct run_loop *run)
{
	struct buf command = { 0 };

	if (run->config->between == NULL)
		return 0;
	buf_adds(&command, "/bin/sh -c '");
	for (const char *p = run->config->between; *p != '\0'; p++)
		if (*p == '\'')
			buf_adds(&command, "'\\''");
		else
			buf_addc(&command, *p);
	buf_addc(&command, '\'');
	run->between.id = strdup("--between");
	run->between.path = strdup("--between");
	run->between.meta.run = buf_take(&command);
	run->between.meta.expect = VERDICT_PASSED;
	return run->between.id == NULL || run->between.path == NULL || run->between.meta.run == NULL ? -ENOMEM : 0;
}

// Opens everything; nothing is written before the run directory is known to be ours.
static int begin(struct run_loop *run)
{
	const struct runner_config *c = run->config;
	struct err *e = run->err;
	unsigned killed;
	int rc = plan_make(&run->plan, c);

	if (rc < 0)
		return err_set(e, -rc, "the plan: %s", strerror(-rc));
	rc = io_make_dirs(c->run_dir, e);
	if (rc == 0)
		rc = session_init(&run->session, c, &run->loop, e);
	run->summary->missing = run->session.no_containers;
	if (rc == 0)
		rc = check_tests(run);
	if (rc == 0) // after the guardian was started: it must not inherit the journal's lock
		rc = ledger_open(&run->ledger, c->run_dir, c->suite, c->resume, c->force, e);
	if (rc < 0)
		return rc;
	if (run->ledger.stats.bad_lines > 0)
		run_distrust(run, "the journal has %" PRIu64 " damaged line%s, the first is line %" PRIu64,
		             run->ledger.stats.bad_lines, run->ledger.stats.bad_lines == 1 ? "" : "s",
		             run->ledger.stats.first_bad_line);
	killed = session_kill_remains(&run->session, run->ledger.mark);
	if (killed > 0)
		run_note(run, "killed %u process%s that were left when the runner died", killed,
		         killed == 1 ? "" : "es");
	if (run->session.cgroups.v2_root[0] == '\0')
		run_note(run, "weak containment: %s; escaped processes are known by their environment only",
		         run->session.cgroups.why_not);
	rc = ledger_write_header(&run->ledger, strrchr(run->session.run_dir, '/') + 1, run->session.scratch.name,
	                         run->plan.count);
	if (rc < 0)
		return err_set(e, -rc, "%s: the journal cannot be written: %s", c->run_dir, strerror(-rc));
	if (!run->ledger.resumed)
		rc = write_run_json(run, e);
	if (rc == 0)
		rc = schedule_init(&run->schedule, c->suite, &run->plan, run->worker_count);
	run_soak_begin(run);
	if (rc == 0)
		rc = prepare_between(run);
	if (rc == 0)
		rc = make_workers(run);
	return rc;
}

// Until run_end. Where workers have threads, they take turns at the loop.
static void serve(struct run_loop *run)
{
	if (run->worker_count > 1)
		turns_serve(&run->session.turns);
	else
		uv_run(&run->loop, UV_RUN_DEFAULT);
}

// From now on no worker's thread touches the loop, and none has anything to do.
static void end_turns(struct turns *t)
{
	if (t->loop == NULL)
		return;
	turns_take(t);
	turns_end(t);
	turns_give(t);
}

static void finish(struct run_loop *run)
{
	end_turns(&run->session.turns);
	uv_walk(&run->loop, close_handle, NULL);
	uv_run(&run->loop, UV_RUN_DEFAULT);
	uv_loop_close(&run->loop);
	for (size_t i = 0; i < run->worker_count; i++)
		job_deinit(&run->workers[i].job);
	free(run->workers);
	watch_deinit(&run->watch);
	free(run->direct);
	free(run->between.id);
	free(run->between.path);
	test_meta_deinit(&run->between.meta);
	schedule_deinit(&run->schedule);
	session_deinit(&run->session);
	ledger_deinit(&run->ledger);
	plan_deinit(&run->plan);
}

int runner_run(const struct runner_config *c, struct runner_summary *s, struct err *e)
{
	struct run_loop *run = calloc(1, sizeof *run);
	int rc;

	memset(s, 0, sizeof *s);
	if (run == NULL)
		return err_set(e, ENOMEM, "%s", strerror(ENOMEM));
	run->config = c;
	run->summary = s;
	run->err = e;
	run->worker_count = c->workers > WORKERS_MAX ? WORKERS_MAX : c->workers > 0 ? c->workers : 1;
	run->workers = calloc(run->worker_count, sizeof *run->workers);
	rc = run->workers != NULL ? uv_loop_init(&run->loop) : UV_ENOMEM;
	if (rc < 0) {
		free(run->workers);
		free(run);
		return err_set(e, -rc, "the event loop: %s", uv_strerror(rc));
	}
	rc = begin(run);
	if (rc == 0 && c->hooks.begun != NULL)
		c->hooks.begun(c->hooks.arg);
	if (rc == 0) {
		uv_idle_init(&run->loop, &run->next);
		run->next.data = run;
		run_watch_signals(run);
		watch_guardian(run);
		watch_suite_limit(run);
		run_watch_start(run);
		run_start_next(run);
		serve(run);
		rc = run->rc;
		s->unexpected = ledger_unexpected(&run->ledger);
		s->stop_signal = run->stop_signal;
	}
	run->over = true;
	result_deinit(&run->held.result);
	finish(run);
	if (rc < 0)
		err_set(e, -rc, "%s", s->untrusted ? s->why : strerror(-rc));
	free(run);
	return rc;
}

// A run: plan, then one test after the other from the event loop, each journalled when it is settled.
#include "runner.h"

#include "clock.h"
#include "command.h"
#include "io.h"
#include "job.h"
#include "ledger.h"
#include "machine.h"
#include "plan.h"
#include "session.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SIGNALS 3

struct run_loop {
	const struct runner_config *config;
	struct runner_summary *summary;
	struct err *err;
	uv_loop_t loop;
	uv_idle_t next; // active when the next test is to be started
	uv_signal_t signals[SIGNALS];
	uv_poll_t guardian;
	struct session session;
	struct ledger ledger;
	struct plan plan;
	struct job job;
	size_t position;        // in the plan, of the test that runs or comes next
	size_t unexpected_here; // in this part
	int stop_signal;
	int rc; // what ended the run before its time
	bool over;
};

static void note(const struct run_loop *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void note(const struct run_loop *run, const char *format, ...)
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

static void distrust(struct run_loop *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void distrust(struct run_loop *run, const char *format, ...)
{
	va_list args;

	if (run->summary->untrusted)
		return; // the first reason is the one to mend
	run->summary->untrusted = true;
	va_start(args, format);
	vsnprintf(run->summary->why, sizeof run->summary->why, format, args);
	va_end(args);
	note(run, "%s", run->summary->why);
}

static const struct suite_test *test_at(const struct run_loop *run, size_t position)
{
	return &run->config->suite->tests[run->plan.order[position]];
}

static void start_next(struct run_loop *run);
static void end_run(struct run_loop *run, const char *reason);

// ---- journal ----

// A journal that cannot be written ends the run: what was not written down has not happened.
static bool journalled(struct run_loop *run, int rc)
{
	if (rc == 0)
		return true;
	distrust(run, "the journal cannot be written: %s; free some space and go on by --resume", strerror(-rc));
	run->rc = rc;
	return false;
}

// The test at `position` has its last result: written down, told, counted.
static bool record_end(struct run_loop *run, size_t position, const struct result *r)
{
	const struct runner_hooks *hooks = &run->config->hooks;

	if (!journalled(run, ledger_write_end(&run->ledger, run->plan.order[position], r, true)))
		return false;
	if (hooks->ended != NULL)
		hooks->ended(hooks->arg, position, run->plan.count, test_at(run, position), r);
	run->summary->ran++;
	run->unexpected_here += !r->as_expected;
	return true;
}

// A result without a process.
static bool record_without_run(struct run_loop *run, size_t position, enum verdict v, const char *why)
{
	const struct suite_test *t = test_at(run, position);
	struct result r = { .verdict = v, .expected = t->meta.expect, .exit_code = -1 };
	bool ok = false;

	r.attempt = run->ledger.entries[run->plan.order[position]].attempts;
	r.as_expected = judge_as_expected(v, r.expected);
	r.id = strdup(t->id);
	r.evidence = strdup(why);
	if (r.id == NULL || r.evidence == NULL)
		run->rc = -ENOMEM;
	else
		ok = record_end(run, position, &r);
	result_deinit(&r);
	return ok;
}

// ---- plan, prepare, spawn ----

static const char *interrupted_words(const struct ledger_entry *entry)
{
	if (entry->open)
		return "it was interrupted before: the runner died while it ran";
	return entry->interrupted ? "it was interrupted before: the run was stopped while it ran" : NULL;
}

// Prepare, journal the start, spawn. True: it runs, or its result is written down and the next may start. False:
// the run cannot go on.
static bool start_test(struct run_loop *run, size_t position)
{
	const size_t index = run->plan.order[position];
	const struct ledger_entry *entry = &run->ledger.entries[index];
	const struct runner_hooks *hooks = &run->config->hooks;
	const unsigned attempt = entry->attempts + 1;
	struct job *j = &run->job;
	bool ok = true;
	int rc;

	if (hooks->started != NULL)
		hooks->started(hooks->arg, position, run->plan.count, test_at(run, position));
	rc = job_prepare(j, index, attempt);
	j->facts.interrupted_why = interrupted_words(entry);
	if (rc == 0) {
		ok = journalled(run, ledger_write_start(&run->ledger, index, attempt));
		rc = ok ? job_spawn(j) : 1;
	}
	if (rc < 0)
		run->rc = err_set(run->err, -rc, "%s: cannot be prepared: %s", j->test->id, strerror(-rc));
	if (rc == 0)
		return true;
	job_give_up(j);
	if (rc == 1 && ok)
		ok = record_end(run, position, &j->result);
	job_clear(j);
	run->position++;
	return ok && rc == 1;
}

// One test that does not need a process, or the start of one that does. True: there is more to be done at once.
static bool take_one(struct run_loop *run)
{
	struct buf why = { 0 };
	const size_t index = run->plan.order[run->position];
	bool ok = true;

	switch (plan_decide(&run->plan, &run->ledger, index, &why)) {
	case PLAN_RUN:
		ok = start_test(run, run->position);
		break;
	case PLAN_DONE:
		run->summary->resumed_over++;
		run->position++;
		break;
	case PLAN_SKIP:
		ok = record_without_run(run, run->position++, VERDICT_SKIPPED, buf_text(&why));
		break;
	case PLAN_PLANNED:
		ok = record_without_run(run, run->position++, VERDICT_PLANNED, buf_text(&why));
		break;
	case PLAN_DEADLY:
		ok = record_without_run(run, run->position++, VERDICT_CRASHED, buf_text(&why));
		break;
	}
	buf_deinit(&why);
	return ok;
}

static void on_next(uv_idle_t *handle)
{
	struct run_loop *run = handle->data;
	const unsigned fail_fast = run->config->fail_fast;

	if (run->stop_signal != 0)
		end_run(run, run->stop_signal == SIGINT    ? "SIGINT"
		             : run->stop_signal == SIGTERM ? "SIGTERM"
		                                           : "SIGHUP");
	else if (fail_fast > 0 && run->unexpected_here >= fail_fast)
		end_run(run, "fail-fast");
	else if (run->position == run->plan.count)
		end_run(run, "finished");
	else if (!take_one(run))
		end_run(run, "error");
	if (!job_is_idle(&run->job))
		uv_idle_stop(handle); // on_done starts it again
}

// ---- settle, judge, journal ----

static void on_sampled(struct job *j, uint64_t age_ns, uint64_t rss_bytes)
{
	const struct run_loop *run = j->arg;

	run->config->hooks.sampled(run->config->hooks.arg, j->test, age_ns, rss_bytes);
}

// Is another attempt to follow? A pass after a failure becomes flaky here.
static bool try_again(struct run_loop *run, struct job *j)
{
	struct ledger_entry *entry = &run->ledger.entries[j->index];
	struct result *r = &j->result;
	char *words = NULL;

	if (r->verdict == VERDICT_INTERRUPTED || j->test->meta.retry == 0)
		return false;
	if (!r->as_expected)
		return entry->failures < j->test->meta.retry;
	if (entry->failures > 0) {
		if (asprintf(&words, "ended as expected after %u failed attempt%s: %s", entry->failures,
		             entry->failures == 1 ? "" : "s", r->evidence != NULL ? r->evidence : "") < 0)
			return false;
		free(r->evidence);
		r->evidence = words;
		r->verdict = VERDICT_FLAKY;
	}
	return false;
}

static void on_done(struct job *j)
{
	struct run_loop *run = j->arg;

	if (j->output_error != 0)
		distrust(run, "what %s printed could not be kept: %s", j->test->id, strerror(-j->output_error));
	run->ledger.entries[j->index].open = false;
	if (try_again(run, j)) {
		note(run, "%s: attempt %u ended as %s; it is tried again", j->test->id, j->result.attempt,
		     verdict_name(j->result.verdict));
		journalled(run, ledger_write_end(&run->ledger, j->index, &j->result, false));
	} else {
		record_end(run, run->position, &j->result);
		run->position++;
	}
	job_clear(j);
	start_next(run);
}

static void start_next(struct run_loop *run)
{
	if (run->rc < 0)
		end_run(run, "error");
	else
		uv_idle_start(&run->next, on_next);
}

// ---- signals, and the guardian's death ----

static void on_signal(uv_signal_t *handle, int sig)
{
	struct run_loop *run = handle->data;
	const char *name = sig == SIGINT ? "SIGINT" : sig == SIGTERM ? "SIGTERM" : "SIGHUP";
	const bool again = run->stop_signal != 0;

	if (!again)
		run->stop_signal = sig;
	if (job_is_idle(&run->job))
		return; // on_next sees it
	note(run,
	     again ? "%s again: killing %s"
	           : "%s: stopping; %s gets SIGTERM, then SIGKILL; once more kills at once",
	     name, run->job.test->id);
	job_stop(&run->job, name, again);
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
		note(run, "the guardian process has died and cannot be started again: %s", strerror(-rc));
		return;
	}
	note(run, "the guardian process was killed; another one is at work");
	watch_guardian(run);
}

static void on_guardian_died(uv_poll_t *handle, __attribute__((unused)) int status,
                             __attribute__((unused)) int events)
{
	uv_close((uv_handle_t *)handle, on_guardian_closed);
}

// ---- the run as a whole ----

static void end_run(struct run_loop *run, const char *reason)
{
	int rc;

	if (run->over)
		return;
	if (!job_is_idle(&run->job)) {
		job_stop(&run->job, reason, true); // on_done comes back here
		return;
	}
	run->over = true;
	rc = ledger_write_stop(&run->ledger, reason, run->summary->ran);
	if (rc < 0 && run->rc == 0)
		journalled(run, rc);
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

static void watch_signals(struct run_loop *run)
{
	static const int wanted[SIGNALS] = { SIGINT, SIGTERM, SIGHUP };

	for (int i = 0; i < SIGNALS; i++) {
		uv_signal_init(&run->loop, &run->signals[i]);
		run->signals[i].data = run;
		uv_signal_start(&run->signals[i], on_signal, wanted[i]);
	}
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

	for (size_t i = 0; rc == 0 && i < run->plan.count; i++) {
		const struct suite_test *t = test_at(run, i);
		struct command command = { 0 };
		struct err why = { 0 };

		rc = command_resolve(&ctx, t, &command, &why);
		command_deinit(&command);
		if (rc == -ENOENT || t->meta.skip != NULL || t->meta.planned)
			rc = 0;
		else if (rc < 0)
			err_set(run->err, -rc, "%s: %s", t->path, why.text);
		if (rc == 0 && t->meta.list != NULL)
			note(run, "%s: @List is not expanded yet: the file runs once, as one test", t->path);
	}
	return rc;
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
	if (rc == 0)
		rc = check_tests(run);
	if (rc == 0) // after the guardian was started: it must not inherit the journal's lock
		rc = ledger_open(&run->ledger, c->run_dir, c->suite, c->resume, c->force, e);
	if (rc < 0)
		return rc;
	if (run->ledger.stats.bad_lines > 0)
		distrust(run, "the journal has %" PRIu64 " damaged line%s, the first is line %" PRIu64,
		         run->ledger.stats.bad_lines, run->ledger.stats.bad_lines == 1 ? "" : "s",
		         run->ledger.stats.first_bad_line);
	killed = session_kill_remains(&run->session, run->ledger.mark);
	if (killed > 0)
		note(run, "killed %u process%s that were left when the runner died", killed,
		     killed == 1 ? "" : "es");
	if (run->session.cgroups.v2_root[0] == '\0')
		note(run, "weak containment: %s; escaped processes are known by their environment only",
		     run->session.cgroups.why_not);
	rc = ledger_write_header(&run->ledger, strrchr(run->session.run_dir, '/') + 1, run->session.scratch.name,
	                         run->plan.count);
	if (rc < 0)
		return err_set(e, -rc, "%s: the journal cannot be written: %s", c->run_dir, strerror(-rc));
	if (!run->ledger.resumed)
		rc = write_run_json(run, e);
	if (rc == 0) {
		rc = job_init(&run->job, &run->session, 0);
		run->job.done = on_done;
		run->job.sampled = c->hooks.sampled != NULL ? on_sampled : NULL;
		run->job.arg = run;
	}
	return rc;
}

static void finish(struct run_loop *run)
{
	uv_walk(&run->loop, close_handle, NULL);
	uv_run(&run->loop, UV_RUN_DEFAULT);
	uv_loop_close(&run->loop);
	job_deinit(&run->job);
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
	rc = uv_loop_init(&run->loop);
	if (rc < 0) {
		free(run);
		return err_set(e, -rc, "the event loop: %s", uv_strerror(rc));
	}
	rc = begin(run);
	if (rc == 0) {
		uv_idle_init(&run->loop, &run->next);
		run->next.data = run;
		watch_signals(run);
		watch_guardian(run);
		start_next(run);
		uv_run(&run->loop, UV_RUN_DEFAULT);
		rc = run->rc;
		s->unexpected = ledger_unexpected(&run->ledger);
		s->stop_signal = run->stop_signal;
	}
	run->over = true;
	finish(run);
	if (rc < 0)
		err_set(e, -rc, "%s", s->untrusted ? s->why : strerror(-rc));
	free(run);
	return rc;
}

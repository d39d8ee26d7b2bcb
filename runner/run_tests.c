// Which test starts next, and what becomes of its result. Everything happens from the event loop.
#include "run_loop.h"

#include "clock.h"
#include "io.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct suite_test *test_at(const struct run_loop *run, size_t position)
{
	return &run->config->suite->tests[run->plan.order[position]];
}

static struct ledger_entry *entry_at(const struct run_loop *run, size_t position)
{
	return &run->ledger.entries[run->plan.order[position]];
}

static void settle(struct run_loop *run, size_t position)
{
	schedule_settle(&run->schedule, position);
	run->settled++;
}

// ---- the journal ----------------------------------------------------------------------------------------------

// Its last result is in the journal: told, counted. `settled` of the plan had before.
static void tell_end(struct run_loop *run, size_t position, size_t settled, const struct result *r)
{
	const struct runner_hooks *hooks = &run->config->hooks;

	if (hooks->ended != NULL)
		hooks->ended(hooks->arg, settled, run->plan.count, test_at(run, position), r);
	run->summary->ran++;
	run->unexpected_here += result_failed(r);
	run->interrupted += r->verdict == VERDICT_INTERRUPTED;
}

bool run_tell_held(struct run_loop *run)
{
	struct held_end *held = &run->held;
	bool ok = true;

	if (!held->there)
		return true;
	held->there = false;
	ok = run_journalled(run, ledger_flush(&run->ledger));
	if (ok)
		tell_end(run, held->position, held->settled, &held->result);
	result_deinit(&held->result);
	return ok;
}

// A test that ended as expected leaves its end to the start of the next, which follows at once: one write less.
// Whoever kills us in between has killed us before it ended.
static bool hold_end(struct run_loop *run, size_t position, struct result *r)
{
	struct held_end *held = &run->held;

	if (!run_tell_held(run) ||
	    !run_journalled(run, ledger_hold_end(&run->ledger, run->plan.order[position], r)))
		return false;
	*held = (struct held_end){ .there = true, .position = position, .settled = run->settled, .result = *r };
	memset(r, 0, sizeof *r);
	settle(run, position);
	return true;
}

// The test at `position` has its last result: written down, told, counted.
static bool record_end(struct run_loop *run, size_t position, const struct result *r)
{
	const bool cut_short = run->pass > 1 && r->verdict == VERDICT_INTERRUPTED; // that pass has not been for it
	const bool whole =
	        (run->pass <= 1 || !r->as_expected || entry_at(run, position)->interrupted) && !cut_short;

	if (!run_tell_held(run))
		return false;
	if (whole && !run_journalled(run, ledger_write_end(&run->ledger, run->plan.order[position], r, true)))
		return false;
	if (!run_soak_record(run, position, r))
		return false;
	tell_end(run, position, run->settled, r);
	settle(run, position);
	return true;
}

// A result without a process.
static bool record_without_run(struct run_loop *run, size_t position, enum verdict v, const char *why)
{
	const struct suite_test *t = test_at(run, position);
	struct result r = { .verdict = v, .expected = t->meta.expect, .exit_code = -1 };
	bool ok = false;

	r.attempt = entry_at(run, position)->attempts;
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

// ---- starting -------------------------------------------------------------------------------------------------

static const char *interrupted_words(const struct ledger_entry *entry)
{
	if (entry->open)
		return SG_INTERRUPTED_BEFORE "the runner died while it ran";
	return entry->interrupted ? SG_INTERRUPTED_BEFORE "the run was stopped while it ran" : NULL;
}

// Whatever runs now has company.
static void note_company(struct run_loop *run, struct worker *w)
{
	w->beside = run->schedule.running_count > 1;
	for (size_t i = 0; w->beside && i < run->worker_count; i++)
		run->workers[i].beside = run->workers[i].beside || !job_is_idle(&run->workers[i].job);
}

// Prepare, journal the start (and the end of the test before), spawn. True: it runs, or its result is written
// down. False: the run cannot go on.
static bool start_test(struct run_loop *run, struct worker *w, size_t position)
{
	const struct ledger_entry *entry = entry_at(run, position);
	const struct runner_hooks *hooks = &run->config->hooks;
	const unsigned attempt = entry->attempts + 1;
	struct job *j = &w->job;
	bool ok = true;
	int rc;

	w->position = position;
	j->plain = false;
	j->direct = run->direct[position];
	rc = job_prepare(j, test_at(run, position), attempt);
	j->facts.interrupted_why = interrupted_words(entry);
	if (rc == 0)
		ok = run_journalled(run, ledger_write_start(&run->ledger, run->plan.order[position], attempt));
	ok = run_tell_held(run) && ok;
	if (ok && hooks->started != NULL)
		hooks->started(hooks->arg, run->settled, run->plan.count, test_at(run, position));
	if (rc == 0)
		rc = ok ? job_spawn(j) : 1;
	if (rc < 0)
		run->rc = err_set(run->err, -rc, "%s: cannot be prepared: %s", j->test->id, strerror(-rc));
	if (rc == 0) {
		note_company(run, w);
		return true;
	}
	job_give_up(j);
	if (rc == 1 && ok)
		ok = record_end(run, position, &j->result);
	job_clear(j);
	return ok && rc == 1;
}

// One test that does not need a process, or the start of one that does. False: the run cannot go on.
static bool take(struct run_loop *run, struct worker *w, size_t position)
{
	struct buf why = { 0 };
	bool ok = true;

	schedule_start(&run->schedule, position);
	switch (plan_decide(&run->plan, &run->ledger, run->plan.order[position], &why)) {
	case PLAN_RUN:
		run->in_batch++;
		ok = start_test(run, w, position);
		break;
	case PLAN_DONE:
		run->summary->resumed_over++;
		settle(run, position);
		break;
	case PLAN_SKIP:
		ok = record_without_run(run, position, VERDICT_SKIPPED, buf_text(&why));
		break;
	case PLAN_PLANNED:
		ok = record_without_run(run, position, VERDICT_PLANNED, buf_text(&why));
		break;
	case PLAN_DEADLY:
		ok = record_without_run(run, position, VERDICT_CRASHED, buf_text(&why));
		break;
	}
	buf_deinit(&why);
	return ok;
}

// ---- between batches
// --------------------------------------------------------------------------------------------

static size_t batch_size(const struct run_loop *run)
{
	if (run->config->batch > 0)
		return run->config->batch;
	return run->config->between != NULL ? run->worker_count : 0;
}

// What --between names, in the place of a test. False: the run cannot go on.
static bool start_between(struct run_loop *run)
{
	struct worker *w = &run->workers[0];
	int rc;

	w->position = SCHEDULE_NONE;
	w->job.plain = true;
	w->job.direct = false;
	rc = job_prepare(&w->job, &run->between, ++run->betweens);
	if (rc == 0)
		rc = job_spawn(&w->job);
	if (rc == 0)
		return true;
	job_give_up(&w->job);
	run_distrust(run, "--between cannot be started: %s", strerror(rc < 0 ? -rc : ENOENT));
	run->rc = rc < 0 ? rc : -ENOENT;
	job_clear(&w->job);
	return false;
}

static void on_between_done(struct run_loop *run, struct job *j)
{
	int len;
	const char *said = judge_last_line(j->result.tail, &len);

	if (j->result.verdict != VERDICT_PASSED && run->stop_signal == 0) {
		run_distrust(run, "--between failed, so what the next test starts from is not known: %s%s%.*s",
		             j->result.evidence != NULL ? j->result.evidence : "", len > 0 ? "; it said: " : "",
		             len, said);
		run->stop_reason = "between-failed";
	}
	job_clear(j);
	run_start_next(run);
}

// A batch is over when all of it has settled. False: nothing may start now.
static bool batch_lets_start(struct run_loop *run, bool *ok)
{
	const size_t size = batch_size(run);

	if (size == 0 || run->in_batch < size)
		return true;
	if (!run_is_idle(run))
		return false;
	run->in_batch = 0;
	if (run->config->between == NULL || schedule_is_over(&run->schedule))
		return true;
	*ok = run_tell_held(run) && start_between(run);
	return false;
}

// ---- the turn
// ---------------------------------------------------------------------------------------------------

static const char *stop_reason(const struct run_loop *run)
{
	const unsigned fail_fast = run->config->fail_fast;

	if (run->stop_reason != NULL)
		return run->stop_reason;
	if (run_soak_is_over(run))
		return "finished";
	if (fail_fast == 0 || run->unexpected_here < fail_fast || schedule_is_over(&run->schedule))
		return NULL;
	return "fail-fast";
}

static struct worker *idle_worker(const struct run_loop *run)
{
	for (size_t i = 0; i < run->worker_count; i++)
		if (job_is_idle(&run->workers[i].job))
			return &run->workers[i];
	return NULL;
}

static void on_next(uv_idle_t *handle)
{
	struct run_loop *run = handle->data;
	const char *reason = stop_reason(run);
	struct worker *w = idle_worker(run);
	size_t position;
	bool ok = true;

	if (reason == NULL && schedule_is_over(&run->schedule) && !run_soak_next_pass(run))
		reason = "finished";
	else if (reason != NULL && strcmp(reason, "finished") != 0)
		run_stop_begin(run, reason);
	if (reason != NULL || w == NULL) {
		uv_idle_stop(handle); // run_on_done starts it again
		if (!run_tell_held(run))
			run_end(run, "error");
		else if (reason != NULL && run_is_idle(run))
			run_end(run, reason);
		return;
	}
	position = batch_lets_start(run, &ok) ? schedule_next(&run->schedule) : SCHEDULE_NONE;
	if (position != SCHEDULE_NONE) {
		ok = take(run, w, position);
	} else {
		ok = run_tell_held(run) && ok;
		uv_idle_stop(handle);
	}
	if (!ok)
		run_end(run, "error");
	else if (idle_worker(run) == NULL)
		uv_idle_stop(handle); // else the loop would turn once more for nothing
}

void run_start_next(struct run_loop *run)
{
	if (run->rc < 0)
		run_end(run, "error");
	else
		uv_idle_start(&run->next, on_next);
}

// ---- settling
// ---------------------------------------------------------------------------------------------------

void run_on_sampled(struct job *j, uint64_t age_ns, uint64_t rss_bytes)
{
	struct worker *w = j->arg;
	const struct runner_hooks *hooks = &w->run->config->hooks;

	if (hooks->sampled != NULL)
		hooks->sampled(hooks->arg, j->test, age_ns, rss_bytes);
	run_watch_beside(w->run, age_ns);
}

// One that ran out of time in company: alone it may have enough.
static bool deserves_to_be_alone(const struct worker *w)
{
	const struct result *r = &w->job.result;

	return r->verdict == VERDICT_TIMEOUT && !r->as_expected && w->beside &&
	       !w->run->schedule.places[w->position].alone;
}

// A pass after a failure is never silently one.
static void mark_flaky(const struct worker *w, const struct ledger_entry *entry, struct result *r)
{
	const char *was = r->evidence != NULL ? r->evidence : "";
	char *words = NULL;
	int n;

	if (w->run->schedule.places[w->position].alone && !w->job.test->meta.serial)
		n = asprintf(&words,
		             "ran out of time beside other tests, ended as expected alone: contention; @Serial or "
		             "@Resource in its header would keep others away: %s",
		             was);
	else
		n = asprintf(&words, "ended as expected after %u failed attempt%s: %s", entry->failures,
		             entry->failures == 1 ? "" : "s", was);
	if (n < 0)
		return;
	free(r->evidence);
	r->evidence = words;
	r->verdict = VERDICT_FLAKY;
}

// Is another attempt to follow? Then it is back in the line.
static bool try_again(struct run_loop *run, const struct worker *w)
{
	const struct ledger_entry *entry = entry_at(run, w->position);
	const struct result *r = &w->job.result;
	const unsigned retry =
	        test_meta_has(&w->job.test->meta, HKEY_RETRY) ? w->job.test->meta.retry : run->config->retry;

	if (r->verdict == VERDICT_INTERRUPTED || r->as_expected)
		return false;
	if (deserves_to_be_alone(w)) {
		run_note(run, "%s: ran out of time beside other tests; it is tried again alone, at the end",
		         w->job.test->id);
		schedule_again(&run->schedule, w->position, true);
		return true;
	}
	if (entry->failures >= retry)
		return false;
	run_note(run, "%s: attempt %u ended as %s; it is tried again", w->job.test->id, r->attempt,
	         verdict_name(r->verdict));
	schedule_again(&run->schedule, w->position, false);
	return true;
}

// A known failure does not count, and is named.
static void look_into_quarantine(const struct run_loop *run, struct job *j)
{
	struct result *r = &j->result;
	const char *target = j->test->target != NULL ? j->test->target : "";
	const struct known_entry *entry, *expired;

	if (run->config->quarantine == NULL || r->verdict == VERDICT_INTERRUPTED)
		return;
	entry = known_find(run->config->quarantine, j->test->id, target, &expired);
	if (entry != NULL && r->as_expected) {
		run_note(run, "%s: ended as expected, though it is in quarantine: %s", r->id, entry->reason);
	} else if (entry != NULL) {
		if (asprintf(&r->quarantine, "until %s: %s", entry->until, entry->reason) < 0)
			r->quarantine = NULL;
		r->as_expected = r->quarantine != NULL;
	} else if (expired != NULL && !r->as_expected) {
		run_note(run, "%s: its quarantine ended on %s: %s", r->id, expired->until, expired->reason);
	}
}

void run_on_done(struct job *j)
{
	struct worker *w = j->arg;
	struct run_loop *run = w->run;
	struct ledger_entry *entry;

	if (j->output_error != 0)
		run_distrust(run, "what %s printed could not be kept: %s", j->test->id,
		             strerror(-j->output_error));
	if (w->position == SCHEDULE_NONE) {
		on_between_done(run, j);
		return;
	}
	entry = entry_at(run, w->position);
	entry->open = false;
	if (j->facts.not_started == NULL && try_again(run, w)) {
		if (run->config->hooks.again != NULL)
			run->config->hooks.again(run->config->hooks.arg, j->test, &j->result);
		run_journalled(run,
		               ledger_write_end(&run->ledger, run->plan.order[w->position], &j->result, false));
	} else {
		if (j->result.as_expected && entry->failures > 0 && j->result.verdict != VERDICT_INTERRUPTED)
			mark_flaky(w, entry, &j->result);
		look_into_quarantine(run, j);
		if (j->result.as_expected && run->pass == 0)
			hold_end(run, w->position, &j->result);
		else
			record_end(run, w->position, &j->result);
		if (run->pass > 1 && j->result.as_expected) // thousands of passes: what they printed is not kept
			io_remove_tree(j->attempt_dir);
	}
	job_clear(j);
	run_start_next(run);
}

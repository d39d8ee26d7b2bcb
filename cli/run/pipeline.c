// The run: what is selected, running and reporting.
#include "pipeline.h"
#include "h2_elsewhere.h"
#include "run_dir.h"

#include "run.h"
#include "verdict.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *pipeline_self(void)
{
	const char *self = getenv("STRESSGEN_SELF"); // set by the checkout's ./stressgen
	return self != NULL && *self != '\0' ? self : "stressgen";
}

void pipeline_deinit(struct pipeline *j)
{
	free(j->run_dir);
	free(j->earlier);
	suite_deinit(&j->suite);
	free(j->selection);
	for (size_t i = 0; i < j->param_count; i++) {
		free(j->params[i].name);
		free(j->params[i].value);
	}
	free(j->params);
	free(j->preload_options);
	allocator_choice_deinit(&j->alloc);
	json_decref(j->recalled_alloc);
	json_decref(j->source);
	json_decref(j->origin);
	json_decref(j->cases);
	json_decref(j->chosen);
	json_decref(j->pairs);
	*j = (struct pipeline){ 0 };
}

// ---- running ------------------------------------------------------------------------------------------------

static int exit_code(const struct runner_summary *s, int report_code)
{
	if (s->stop_signal != 0)
		return SG_EXIT_SIGNAL + s->stop_signal;
	if (s->protected)
		return SG_EXIT_PROTECTED;
	if (s->untrusted)
		return SG_EXIT_UNTRUSTED;
	if (report_code != SG_EXIT_OK && report_code != SG_EXIT_TESTS)
		return SG_EXIT_UNTRUSTED;
	return report_code == SG_EXIT_TESTS || s->unexpected > 0 || s->suite_timed_out ? SG_EXIT_TESTS
	                                                                               : SG_EXIT_OK;
}

// Known failures, where a file of them is named.
static int load_quarantine(const struct opt_set *o, struct known *q, struct err *e)
{
	const char *path = opt_text(o, "quarantine");
	char today[16];

	known_today(today);
	return path == NULL ? 0 : known_load(path, today, "TEST TARGET UNTIL REASON", q, e);
}

// How many of the tests have ended already.
static size_t count_ended(const struct pipeline *j)
{
	struct run run = { 0 };
	struct err none = { 0 };
	size_t ended = 0;

	if (run_load(j->run_dir, &run, &none) == 0)
		for (size_t i = 0; i < run.count; i++)
			ended += run.results[i].verdict != VERDICT_INTERRUPTED;
	run_deinit(&run);
	return ended;
}

static void say_how_many(const struct pipeline *j)
{
	const unsigned workers = pipeline_workers(&j->app->opts);

	if (opt_flag(&j->app->opts, "resume") && j->soak_ns == 0) {
		say(j->app, "going on with %s: %zu of %zu tests had ended", j->run_dir, count_ended(j),
		    j->selected);
		return;
	}
	if (j->selected == 1)
		say(j->app, "running 1 test into %s", j->run_dir);
	else if (workers > 1)
		say(j->app, "running %zu tests, %u at a time, into %s", j->selected, workers, j->run_dir);
	else
		say(j->app, "running %zu tests, one after another, into %s", j->selected, j->run_dir);
}

void pipeline_begun(const struct pipeline *j)
{
	const char *linked = run_dir_name(j->run_dir);

	if (linked != NULL) // before the first test, so that a run that is killed is found by --resume
		run_dir_link_latest(linked);
	say_how_many(j);
}

// The run itself, with everything that listens to it ready.
static int start_run(struct pipeline *j, struct runner_config *config, struct runner_summary *summary,
                     struct err *e)
{
	const char *listener = opt_text(&j->app->opts, "events");
	struct events *events = NULL;
	int r;

	// Whoever reads what we print may be gone before the run is over: then writing fails, and nothing dies of
	// it.
	signal(SIGPIPE, SIG_IGN);
	if (listener != NULL) {
		events = events_new(listener, j->run_dir, j->selected, &config->hooks, e);
		if (events == NULL)
			return -EINVAL;
	}
	r = runner_run(config, summary, e);
	events_free(events, summary);
	return r < 0 && summary->untrusted ? 0 : r;
}

int pipeline_execute(struct pipeline *j, bool resume, struct runner_summary *summary, struct err *e)
{
	struct runner_config config = { .resume = resume };
	struct progress *progress = progress_new(j, &config.hooks);
	struct known quarantine = { 0 };
	int r = progress != NULL ? 0 : err_set(e, ENOMEM, "out of memory");

	if (r == 0)
		r = load_quarantine(&j->app->opts, &quarantine, e);
	if (r == 0)
		r = pipeline_config(j, &config, e);
	if (r == 0) {
		config.quarantine = &quarantine;
		origin_take(j);
		config.info = pipeline_info(j);
		r = start_run(j, &config, summary, e);
		json_decref(config.info);
	}
	progress_free(progress);
	known_deinit(&quarantine);
	return r;
}

static void say_stopped(const struct pipeline *j, const char *how, const char *more)
{
	fprintf(stderr, "stressgen: %s%s; go on with: %s %s --resume -o '%s'\n", how, more, pipeline_self(),
	        j->app->command == COMMAND_H2 ? "h2" : "run", j->run_dir);
}

void pipeline_say_why(const struct pipeline *j, const struct runner_summary *s)
{
	if (s->untrusted)
		fprintf(stderr, "stressgen: these results cannot be trusted: %s\n", s->why);
	if (s->stop_signal != 0)
		say_stopped(j, "stopped by SIG", sigabbrev_np(s->stop_signal));
	if (s->protected)
		say_stopped(j, "self-protection stopped the run: ", s->why_protected);
	if (s->suite_timed_out)
		say_stopped(j, "the time for the whole run was over", "");
}

static int run_selected(struct pipeline *j, bool resume)
{
	struct runner_summary summary = { 0 };
	struct err e = { 0 };
	int r = pipeline_execute(j, resume, &summary, &e);
	int report_code;

	if (r < 0) {
		const int code = complain(&e, r);

		return summary.missing || r == -ENODEV ? SG_EXIT_MISSING : code;
	}
	report_code = j->unreported ? SG_EXIT_OK : pipeline_report(j->app, j->run_dir);
	pipeline_say_why(j, &summary);
	return exit_code(&summary, report_code);
}

// The malloc that all tests run on: --alloc's; a resumed run goes on with its own.
static int choose_allocator(struct pipeline *j, struct err *e)
{
	const char *given = opt_text(&j->app->opts, "alloc");
	const char *was = json_string_value(json_object_get(j->recalled_alloc, "name"));
	int r;

	if (opt_flag(&j->app->opts, "resume")) {
		if (given != NULL && (was == NULL || strcmp(given, was) != 0))
			return err_set(e, EINVAL,
			               "%s was begun %s%s; leave --alloc out to resume, or start a new run",
			               j->run_dir, was != NULL ? "with --alloc " : "without --alloc",
			               was != NULL ? was : "");
		given = was;
	}
	if (given == NULL)
		return 0;
	if (strchr(given, '\n') != NULL)
		return err_set(e, EINVAL, "--alloc puts all tests on one malloc; stressgen ab compares several");
	r = allocator_choose(j->app, given, &j->alloc, e);
	if (r == 0 && allocator_set_environment(&j->alloc) < 0)
		r = err_set(e, ENOMEM, "out of memory");
	if (r == 0)
		allocator_tell(j->app, &j->alloc);
	return r;
}

int pipeline_refuse(const struct err *e, int rc)
{
	const int code = complain(e, rc);

	return rc == -ENODEV ? SG_EXIT_MISSING : code;
}

int pipeline_run(struct pipeline *j, bool resume)
{
	struct err e = { 0 };
	int r = format_check_stdout(format_find(opt_text(&j->app->opts, "format")), &e);

	if (r == 0 && !pipeline_is_ab(j)) // there each variant has its own
		r = choose_allocator(j, &e);
	if (r == 0)
		r = h2_elsewhere_begin(j->app, &e);
	if (r == -ENODEV)
		return pipeline_refuse(&e, r);
	if (r == 0)
		r = pipeline_instrument(j, &e);
	if (r == 0)
		r = pipeline_expand(j, &e);
	if (r < 0)
		return complain(&e, r);
	r = pipeline_select(j, &e);
	if (r == 0)
		r = h2_elsewhere_select(j->app, &j->suite, j->selection, &j->selected, &e);
	if (r < 0) {
		complain(&e, r);
		return r == -ENOENT ? SG_EXIT_NOTHING : r == -ENOMEM ? SG_EXIT_INTERNAL : SG_EXIT_USAGE;
	}
	if (j->soak_ns == 0 || opt_given(&j->app->opts, "soak"))
		j->soak_ns = opt_number(&j->app->opts, "soak");
	if (opt_flag(&j->app->opts, "dry-run") || opt_flag(&j->app->opts, "list") ||
	    opt_flag(&j->app->opts, "show-tags")) {
		pipeline_list(j);
		return SG_EXIT_OK;
	}
	if (j->param_count == 0 || (!resume && opt_given(&j->app->opts, "slab-capacity")))
		r = pipeline_calibrate(j, &e);
	if (r == 0)
		r = pipeline_near_full(j, &e);
	if (r == 0 && j->run_dir == NULL)
		r = pipeline_choose_dir(j, j->label, &e);
	if (r < 0)
		return complain(&e, r);
	if (pipeline_is_ab(j))
		return pipeline_ab(j, resume);
	return pipeline_is_paired(j) ? pipeline_against(j, resume) : run_selected(j, resume);
}

// ---- reporting ----------------------------------------------------------------------------------------------

int pipeline_trust(const struct run *r)
{
	return r->journal.bad_lines > 0 ? SG_EXIT_UNTRUSTED : SG_EXIT_OK;
}

// What --format says; to stderr where stdout has the events.
static void print_report(const struct app *app, const struct run *run, struct err *e)
{
	const char *events = opt_text(&app->opts, "events");
	const bool taken = events != NULL && strcmp(events, "-") == 0;
	const struct report_format *format = format_find(opt_text(&app->opts, "format"));

	if (format != NULL && !taken)
		format_print(format, run, e);
	else
		report_terminal(run, &app->out_style, json_string_value(json_object_get(run->info, "again")),
		                taken ? stderr : stdout);
}

int pipeline_report(const struct app *app, const char *dir)
{
	struct run run = { 0 };
	struct err e = { 0 };
	int code;
	int r = run_load(dir, &run, &e);

	if (r == 0) {
		r = report_all(&run, &e);
		print_report(app, &run, &e);
		fflush(stdout);
	}
	if (r == 0)
		say(app, "%s/report.html, report.json, junit.xml, metrics.prom", dir);
	code = r < 0 ? complain(&e, r) : pipeline_trust(&run);
	if (code == SG_EXIT_OK && (report_soak_drifts(&run) > 0 ||
	                           (opt_flag(&app->opts, "strict-growth") && report_fast_growth(&run) > 0)))
		code = SG_EXIT_TESTS;
	run_deinit(&run);
	return code;
}

// stressgen history: what many runs measured, and whether it moved.
#include "history.h"
#include "pipeline.h"
#include "thresholds.h"
#include "units.h"
#include "verdict.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct action {
	const char *name;
	enum history_mode mode;
	size_t fewest, most;                                           // arguments behind the name
	int (*run)(struct app *app, struct history *h, struct err *e); // an exit code, or an error
	const char *args;
};

static const char *argument(const struct app *app, size_t i)
{
	return app->opts.arg_count > i ? app->opts.args[i] : NULL;
}

static struct history_query query_of(const struct app *app)
{
	const struct opt_set *o = &app->opts;

	return (struct history_query){ .label = opt_text(o, "label"),
		                       .all_machines = opt_flag(o, "all-machines"),
		                       .newest = (size_t)opt_number(o, "nights"),
		                       .test = opt_text(o, "test"),
		                       .metric = opt_text(o, "metric") };
}

// ---- add ----------------------------------------------------------------------------------------------------

static int add_run(struct app *app, struct history *h, const char *dir, const struct run *anchor, struct err *e)
{
	static const char *const how_words[] = { [HISTORY_ADDED] = "recorded as entry",
		                                 [HISTORY_CHANGED] = "recorded anew as entry",
		                                 [HISTORY_SAME] = "is there already, as entry" };
	const char *label = opt_text(&app->opts, "label");
	struct history_new n = { .anchor = anchor,
		                 .label = label != NULL ? label : "",
		                 .revision = opt_text(&app->opts, "revision") };
	struct run run = { 0 };
	enum history_added how;
	int64_t id;
	int rc = run_load(dir, &run, e);

	n.head = &run;
	// Cliffs are a history of their own, beside that of the runs of the same nights.
	if (rc == 0 && label == NULL && json_object_get(run.info, "cliffs") != NULL)
		n.label = "cliffs";
	if (rc == 0)
		rc = history_add(h, &n, &id, &how, e);
	if (rc == 0) {
		say(app, "%s %s %lld", dir, how_words[how], (long long)id);
		if (pipeline_trust(&run) != SG_EXIT_OK)
			fprintf(stderr, "stressgen: %s: %llu lines of its journal are damaged and were left out\n",
			        dir, (unsigned long long)run.journal.bad_lines);
		rc = pipeline_trust(&run);
	}
	run_deinit(&run);
	return rc;
}

// Before a history is begun: every run must be one.
static int check_runs(const struct app *app, struct err *e)
{
	int rc = 0;

	for (size_t i = app->opts.arg_count > 1 ? 1 : 0; rc == 0 && i < app->opts.arg_count; i++) {
		struct run run = { 0 };

		rc = run_load(i == 0 ? SG_LATEST : app->opts.args[i], &run, e);
		run_deinit(&run);
	}
	return rc;
}

static int do_add(struct app *app, struct history *h, struct err *e)
{
	const char *anchor_dir = opt_text(&app->opts, "anchor");
	struct run anchor = { 0 };
	int code = SG_EXIT_OK, rc = 0;

	if (anchor_dir != NULL && app->opts.arg_count > 2)
		return err_set(e, EINVAL, "--anchor is one run's; add that run alone");
	if (anchor_dir != NULL)
		rc = run_load(anchor_dir, &anchor, e);
	for (size_t i = 1; rc >= 0 && i < app->opts.arg_count; i++) {
		rc = add_run(app, h, app->opts.args[i], anchor_dir != NULL ? &anchor : NULL, e);
		code = rc > code ? rc : code;
	}
	if (rc == 0 && app->opts.arg_count == 1)
		rc = code = add_run(app, h, SG_LATEST, anchor_dir != NULL ? &anchor : NULL, e);
	run_deinit(&anchor);
	return rc < 0 ? rc : code;
}

// ---- looking ------------------------------------------------------------------------------------------------

static int do_list(struct app *app, struct history *h, struct err *e)
{
	struct history_query q = query_of(app);

	q.all_machines = true;
	q.all_labels = q.label == NULL;
	return history_print_list(h, &q, &app->out_style, stdout, e);
}

static int do_show(struct app *app, struct history *h, struct err *e)
{
	struct history_query q = query_of(app);

	if (argument(app, 1) != NULL)
		q.metric = argument(app, 1);
	return history_print_series(h, &q, &app->out_style, stdout, e);
}

// The page, with the same judgement; the number of regressions that are open, or an error.
static ssize_t write_page(struct app *app, struct history *h, const struct history_query *q, struct err *e)
{
	const char *path = opt_text(&app->opts, "output");
	ssize_t regressed = report_html_history(h, q, path != NULL ? path : "history.html", e);

	if (regressed >= 0)
		say(app, "%s", path != NULL ? path : "history.html");
	return regressed;
}

static int do_trend(struct app *app, struct history *h, struct err *e)
{
	struct history_query q = query_of(app);
	const char *format = opt_text(&app->opts, "format");
	ssize_t regressed;

	if (strcmp(format, "html") != 0 && strcmp(format, "text") != 0)
		return err_set(e, EINVAL, "history trend prints text or writes html, not %s", format);
	regressed = strcmp(format, "html") == 0 ? write_page(app, h, &q, e)
	                                        : history_print_trend(h, &q, &app->out_style, stdout, e);
	if (regressed < 0)
		return (int)regressed;
	return regressed > 0 ? SG_EXIT_TESTS : SG_EXIT_OK;
}

static int do_export(struct app *app, struct history *h, struct err *e)
{
	struct history_query q = query_of(app);
	const char *format = opt_text(&app->opts, "format");

	if (opt_given(&app->opts, "format") && strcmp(format, "json") != 0 && strcmp(format, "csv") != 0)
		return err_set(e, EINVAL, "history export writes csv or json, not %s", format);
	if (!opt_given(&app->opts, "nights"))
		q.newest = 0;
	q.all_machines = true;
	q.all_labels = q.label == NULL;
	return history_export(h, &q, strcmp(format, "json") == 0, stdout, e);
}

// ---- changing -----------------------------------------------------------------------------------------------

static int do_annotate(struct app *app, struct history *h, struct err *e)
{
	struct history_note n = { .accepts = opt_flag(&app->opts, "accept"),
		                  .test = opt_text(&app->opts, "test"),
		                  .metric = opt_text(&app->opts, "metric"),
		                  .text = argument(app, 2) };
	uint64_t id;
	int rc;

	if (units_parse_u64(argument(app, 1), &id) < 0 || id > INT64_MAX)
		return err_set(e, EINVAL, "'%s' is no entry's number; 'stressgen history list' shows them",
		               argument(app, 1));
	n.entry = (int64_t)id;
	rc = history_annotate(h, &n, e);
	if (rc == 0)
		say(app, n.accepts ? "accepted from entry %lld on" : "noted at entry %lld", (long long)n.entry);
	return rc;
}

static int do_prune(struct app *app, struct history *h, struct err *e)
{
	const struct opt_set *o = &app->opts;
	struct history_prune p = { .keep = opt_given(o, "keep-last") ? (size_t)opt_number(o, "keep-last")
		                                                     : SIZE_MAX,
		                   .before = opt_text(o, "before"),
		                   .label = opt_text(o, "label") };
	ssize_t gone;

	if (p.keep == SIZE_MAX && p.before == NULL)
		return err_set(e, EINVAL, "history prune needs --keep-last N or --before DATE");
	if (p.before != NULL && (strlen(p.before) < 10 || strspn(p.before, "0123456789-T:Z") != strlen(p.before) ||
	                         p.before[4] != '-' || p.before[7] != '-'))
		return err_set(e, EINVAL, "--before '%s': a date is written 2026-11-21", p.before);
	gone = history_prune(h, &p, e);
	if (gone < 0)
		return (int)gone;
	say(app, "%zd entries are gone", gone);
	return SG_EXIT_OK;
}

// ---- the door -----------------------------------------------------------------------------------------------

static const struct action actions[] = {
	{ "add", HISTORY_WRITE, 0, SIZE_MAX, do_add, "[RUN...]" },
	{ "list", HISTORY_READ, 0, 0, do_list, "" },
	{ "show", HISTORY_READ, 0, 1, do_show, "[METRIC]" },
	{ "trend", HISTORY_READ, 0, 0, do_trend, "" },
	{ "annotate", HISTORY_WRITE, 2, 2, do_annotate, "ENTRY TEXT" },
	{ "prune", HISTORY_WRITE, 0, 0, do_prune, "" },
	{ "export", HISTORY_READ, 0, 0, do_export, "" },
};
#define ACTIONS (sizeof actions / sizeof actions[0])

static const struct action *find_action(const struct app *app, struct err *e)
{
	const char *names[ACTIONS];
	const char *word = argument(app, 0), *near;

	for (size_t i = 0; i < ACTIONS; i++) {
		names[i] = actions[i].name;
		if (word != NULL && strcmp(word, names[i]) == 0)
			return &actions[i];
	}
	if (word == NULL) {
		err_set(e, EINVAL, "history does what? add, list, show, trend, annotate, prune or export");
		return NULL;
	}
	near = opt_nearest(word, names, ACTIONS);
	err_set(e, EINVAL, "history knows no '%s'; %s%s", word,
	        near != NULL ? "did you mean " : "add, list, show, trend, annotate, prune or export",
	        near != NULL ? near : "");
	return NULL;
}

int cmd_history(struct app *app)
{
	const char *path = opt_text(&app->opts, "db");
	struct thresholds thresholds = { 0 };
	struct history *h = NULL;
	struct err e = { 0 };
	const struct action *a = find_action(app, &e);
	int rc = a == NULL ? -EINVAL : 0;

	if (rc == 0 && (app->opts.arg_count - 1 < a->fewest || app->opts.arg_count - 1 > a->most))
		rc = err_set(&e, EINVAL, "it is written: stressgen history %s%s%s", a->name,
		             a->args[0] != '\0' ? " " : "", a->args);
	if (rc == 0 && a->run == do_add)
		rc = check_runs(app, &e);
	// So that no prune or annotate makes an empty history.
	if (rc == 0 && a->run != do_add && a->mode == HISTORY_WRITE) {
		rc = history_open(path, HISTORY_READ, (unsigned)(opt_number(&app->opts, "wait") / 1000000), &h,
		                  &e);
		history_close(h);
	}
	if (rc == 0)
		rc = history_open(path, a->mode, (unsigned)(opt_number(&app->opts, "wait") / 1000000), &h, &e);
	if (rc == 0)
		rc = thresholds_read(&thresholds, &app->opts, &e);
	if (rc == 0) {
		history_thresholds(h, thresholds.items, thresholds.count);
		rc = a->run(app, h, &e);
	}
	history_close(h);
	thresholds_deinit(&thresholds);
	return rc < 0 ? complain(&e, rc) : rc;
}

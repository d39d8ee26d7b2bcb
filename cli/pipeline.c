// The run: its directory, what is selected, running and reporting.
#include "pipeline.h"

#include "clock.h"
#include "io.h"
#include "run.h"
#include "verdict.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const char *pipeline_self(void)
{
	const char *self = getenv("STRESSGEN_SELF"); // set by the checkout's ./stressgen
	return self != NULL && *self != '\0' ? self : "stressgen";
}

void pipeline_deinit(struct pipeline *j)
{
	free(j->run_dir);
	suite_deinit(&j->suite);
	free(j->selection);
	for (size_t i = 0; i < j->param_count; i++) {
		free(j->params[i].name);
		free(j->params[i].value);
	}
	free(j->params);
	json_decref(j->source);
	json_decref(j->cases);
	json_decref(j->chosen);
	*j = (struct pipeline){ 0 };
}

// ---- the directory ------------------------------------------------------------------------------------------

#define RUNS_A_SECOND 1000U

// Makes the n-th directory of that second; 0, or -1 with errno set.
static int new_dir(const char *stamp, const char *label, unsigned n, char **out)
{
	char path[160];

	if (n == 1)
		snprintf(path, sizeof path, SG_RUNS_DIR "/%s-%s", stamp, label);
	else
		snprintf(path, sizeof path, SG_RUNS_DIR "/%s-%s-%u", stamp, label, n);
	if (mkdir(path, 0777) < 0)
		return -1;
	*out = strdup(path);
	return *out == NULL ? -1 : 0;
}

int pipeline_choose_dir(struct pipeline *j, const char *label, struct err *e)
{
	const char *given = opt_text(&j->app->opts, "output");
	char stamp[32];
	struct tm tm;
	time_t now = time(NULL);
	int r;

	if (given != NULL) {
		j->run_dir = strdup(given);
		return j->run_dir == NULL ? err_set(e, ENOMEM, "out of memory") : io_make_dirs(given, e);
	}
	r = io_make_dirs(SG_RUNS_DIR, e);
	if (r < 0)
		return err_set(e, -r, SG_RUNS_DIR " cannot be made here: %s; choose another place with -o DIR",
		               strerror(-r));
	gmtime_r(&now, &tm);
	strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &tm);
	for (unsigned n = 1; n < RUNS_A_SECOND; n++) {
		if (new_dir(stamp, label, n, &j->run_dir) == 0)
			return 0;
		if (errno != EEXIST)
			return err_set(e, errno, SG_RUNS_DIR ": %s; choose another place with -o DIR",
			               strerror(errno));
	}
	return err_set(e, EEXIST, SG_RUNS_DIR ": too many runs in one second");
}

void pipeline_abandon(const struct pipeline *j)
{
	if (j->run_dir != NULL)
		rmdir(j->run_dir);
}

#define LINK_MAX 256U

// Where stressgen-runs/latest leads to; false when there is none.
static bool read_latest(char name[LINK_MAX])
{
	ssize_t n = readlink(SG_LATEST, name, LINK_MAX - 1);

	name[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static void link_latest(const char *name)
{
	unlink(SG_LATEST);
	if (name[0] != '\0' && symlink(name, SG_LATEST) < 0)
		fprintf(stderr, "stressgen: " SG_LATEST ": %s (the run itself is whole)\n", strerror(errno));
}

// Only runs in stressgen-runs/ are linked: this one's name there, or NULL.
static const char *name_in_runs(const char *run_dir)
{
	static const char runs[] = SG_RUNS_DIR "/";

	return strncmp(run_dir, runs, strlen(runs)) == 0 ? run_dir + strlen(runs) : NULL;
}

// ---- running ------------------------------------------------------------------------------------------------

static void add_option_facts(const struct opt_set *s, json_t *options)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->values[i].text != NULL && strcmp(s->values[i].source, "default") != 0)
			json_object_set_new(options, s->table[i].name, json_string(s->values[i].text));
}

// The command that runs one test again lacks only the id behind it.
static json_t *again_command(const struct pipeline *j, const char *suite_dir)
{
	struct buf text = { 0 };
	char real[PATH_MAX];
	json_t *json;

	buf_addf(&text, "%s run", pipeline_self());
	pipeline_quote(j->source != NULL && realpath(j->run_dir, real) != NULL ? real : suite_dir, &text);
	for (size_t i = 0; i < j->param_count; i++)
		if (strncmp(j->params[i].name, "slab-", 5) == 0)
			buf_addf(&text, " --%s %s", j->params[i].name, j->params[i].value);
	buf_adds(&text, " --only ");
	json = json_string(buf_text(&text));
	buf_deinit(&text);
	return json;
}

// Whether it is anything but the whole suite in its order.
static bool selection_is_special(const struct pipeline *j)
{
	for (size_t i = 0; i < j->selected; i++)
		if (j->selection[i] != i)
			return true;
	return j->selected != j->suite.count;
}

static json_t *selected_ids(const struct pipeline *j)
{
	json_t *ids = json_array();

	for (size_t i = 0; i < j->selected; i++)
		json_array_append_new(ids, json_string(j->suite.tests[j->selection[i]].id));
	return ids;
}

// What run.json says beside the machine's facts.
static json_t *run_info(const struct pipeline *j)
{
	char real[PATH_MAX];
	const char *dir = realpath(j->suite.dir, real) != NULL ? real : j->suite.dir;
	json_t *params = json_object();
	json_t *options = json_object();
	json_t *left_out = json_array();
	json_t *info = json_object();

	for (size_t i = 0; i < j->param_count; i++)
		json_object_set_new(params, j->params[i].name, json_string(j->params[i].value));
	for (size_t i = 0; i < j->suite.left_out_count; i++) {
		const struct suite_left_out *l = &j->suite.left_out[i];
		json_array_append_new(left_out, json_pack("{s:s,s:s,s:s}", "kernel", l->kernel, "dialect",
		                                          l->dialect, "reason", l->reason));
	}
	add_option_facts(&j->app->opts, options);
	json_object_set_new(info, "stressgen", json_string(SG_VERSION));
	json_object_set_new(info, "suite", json_string(dir));
	if (j->source != NULL)
		json_object_set(info, "source", j->source);
	if (j->cases != NULL)
		json_object_set(info, "cases", j->cases);
	json_object_set_new(info, "repeat", json_integer(j->repeat));
	if (selection_is_special(j))
		json_object_set_new(info, "selection", selected_ids(j));
	json_object_set_new(info, "seed", json_integer((json_int_t)j->suite.seed));
	json_object_set_new(info, "options", options);
	json_object_set_new(info, "suite_options",
	                    j->suite.options != NULL ? json_incref(j->suite.options) : json_object());
	json_object_set_new(info, "params", params);
	json_object_set_new(info, "left_out", left_out);
	json_object_set_new(info, "again", again_command(j, dir));
	return info;
}

static unsigned worker_count(const struct opt_set *o)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (opt_flag(o, "safe-mode") || (!opt_flag(o, "parallel") && !opt_flag(o, "container-parallel")))
		return 1;
	if (opt_given(o, "max-workers"))
		return (unsigned)opt_number(o, "max-workers");
	return cores > 3 ? (unsigned)cores - 1 : 2;
}

// The shorter of the two that were given; 0: none.
static uint64_t suite_timeout(const struct opt_set *o)
{
	uint64_t all = opt_number(o, "suite-timeout");
	uint64_t parallel = worker_count(o) > 1 ? opt_number(o, "parallel-timeout") : 0;

	return all == 0 || (parallel > 0 && parallel < all) ? parallel : all;
}

// --io is written as in a header, so it is read as one.
static int read_io(const char *text, struct runner_limits *out, struct err *e)
{
	struct test_meta meta = { 0 };
	struct buf line = { 0 };
	int r;

	if (text == NULL)
		return 0;
	buf_addf(&line, "# @Io %s", text);
	r = test_header_parse("--io", buf_text(&line), line.len, &meta, e);
	out->io_bytes_per_s = meta.io_bytes_per_s;
	out->io_ops_per_s = meta.io_ops_per_s;
	test_meta_deinit(&meta);
	buf_deinit(&line);
	return r < 0 ? r : 0;
}

#define SAFE_PROCS 512U
#define SAFE_FILES 4096U

static int fill_limits(const struct opt_set *o, struct runner_config *c, struct err *e)
{
	const bool safe = opt_flag(o, "safe-mode");

	c->limits.cpu_s = opt_number(o, "cpu-time");
	c->limits.files = opt_number(o, "files");
	c->limits.procs = opt_number(o, "procs");
	if (safe && c->limits.files == 0)
		c->limits.files = SAFE_FILES;
	if (safe && c->limits.procs == 0)
		c->limits.procs = SAFE_PROCS;
	c->no_limits = opt_flag(o, "no-limits");
	if (safe && c->no_limits)
		return err_set(e, EINVAL, "--safe-mode and --no-limits contradict each other");
	return read_io(opt_text(o, "io"), &c->limits, e);
}

static void fill_config(const struct pipeline *j, struct runner_config *c)
{
	const struct opt_set *o = &j->app->opts;

	c->suite = &j->suite;
	c->run_dir = j->run_dir;
	c->selection = j->selection;
	c->selected = j->selected;
	c->resolve = paths_resolve;
	c->resolve_arg = &j->app->paths;
	c->params = j->params;
	c->param_count = j->param_count;
	c->preload = opt_flag(o, "preload") ? j->app->paths.preload : NULL;
	c->jemalloc_cap = opt_number(o, "jemalloc-cap");
	c->timeout_ns = opt_number(o, "timeout");
	c->grace_ns = opt_number(o, "grace");
	c->memory_bytes = opt_number(o, "memory");
	c->output_limit = opt_number(o, "output-limit");
	c->sample_ns = opt_number(o, "sample-every");
	c->workers = worker_count(o);
	c->container = opt_flag(o, "container-sequential") || opt_flag(o, "container-seq") ||
	               opt_flag(o, "container-parallel");
	c->container_root = opt_text(o, "container-root");
	c->wrap = opt_text(o, "wrap");
	c->keep = opt_flag(o, "keep") || opt_flag(o, "coverage");
	c->clean_home = opt_flag(o, "clean-home") || opt_flag(o, "safe-mode");
	c->batch = opt_number(o, "batch");
	c->between = opt_text(o, "between");
	c->self_protect = opt_flag(o, "self-protect") || opt_flag(o, "safe-mode");
	c->cpu_threshold = (double)opt_number(o, opt_given(o, "cpu-limit") ? "cpu-limit" : "cpu-threshold");
	c->memory_threshold = (double)opt_number(o, opt_given(o, "mem-limit") ? "mem-limit" : "mem-threshold");
	c->disk_threshold = (double)opt_number(o, "disk-threshold");
	c->protect_after_ns = opt_number(o, "protect-after");
	c->suite_timeout_ns = suite_timeout(o);
	c->retry = (unsigned)opt_number(o, "retry");
	c->fail_fast = (unsigned)opt_number(o, "fail-fast");
	c->force = opt_flag(o, "force");
}

static int exit_code(const struct runner_summary *s, int report_code)
{
	if (s->stop_signal != 0)
		return SG_EXIT_SIGNAL + s->stop_signal;
	if (s->protected)
		return SG_EXIT_PROTECTED;
	if (s->untrusted)
		return SG_EXIT_UNTRUSTED;
	if (report_code != SG_EXIT_OK)
		return SG_EXIT_UNTRUSTED;
	return s->unexpected > 0 || s->suite_timed_out ? SG_EXIT_TESTS : SG_EXIT_OK;
}

// Known failures, where a file of them is named.
static int load_quarantine(const struct opt_set *o, struct known *q, struct err *e)
{
	const char *path = opt_text(o, "quarantine");
	char today[16];

	known_today(today);
	return path == NULL ? 0 : known_load(path, today, "TEST TARGET UNTIL REASON", q, e);
}

static int run_selected(struct pipeline *j, bool resume)
{
	const char *linked = name_in_runs(j->run_dir);
	char before[LINK_MAX];
	struct runner_config config = { .resume = resume };
	struct runner_summary summary = { 0 };
	struct err e = { 0 };
	struct progress *progress = progress_new(j, &config.hooks);
	struct known quarantine = { 0 };
	struct events *events = NULL;
	int report_code;
	int r;

	if (progress == NULL)
		return SG_EXIT_INTERNAL;
	r = load_quarantine(&j->app->opts, &quarantine, &e);
	if (r == 0)
		r = fill_limits(&j->app->opts, &config, &e);
	if (r < 0) {
		known_deinit(&quarantine);
		progress_free(progress);
		return complain(&e, r);
	}
	config.quarantine = &quarantine;
	fill_config(j, &config);
	config.info = run_info(j);
	if (j->selected == 1)
		say(j->app, "running 1 test into %s", j->run_dir);
	else if (config.workers > 1)
		say(j->app, "running %zu tests, %u at a time, into %s", j->selected, config.workers, j->run_dir);
	else
		say(j->app, "running %zu tests, one after another, into %s", j->selected, j->run_dir);
	if (opt_text(&j->app->opts, "events") != NULL) {
		events = events_new(opt_text(&j->app->opts, "events"), j->run_dir, j->selected, &config.hooks, &e);
		if (events == NULL) {
			known_deinit(&quarantine);
			progress_free(progress);
			json_decref(config.info);
			return complain(&e, -EINVAL);
		}
	}
	read_latest(before);
	if (linked != NULL) // at the start, so that a run that is killed is found by --resume
		link_latest(linked);
	r = runner_run(&config, &summary, &e);
	events_free(events, &summary);
	progress_free(progress);
	known_deinit(&quarantine);
	json_decref(config.info);
	if (r < 0 && !summary.untrusted) { // it could not begin
		if (linked != NULL)
			link_latest(before);
		return complain(&e, r);
	}
	report_code = pipeline_report(j->app, j->run_dir);
	if (summary.untrusted)
		fprintf(stderr, "stressgen: these results cannot be trusted: %s\n", summary.why);
	if (summary.stop_signal != 0)
		fprintf(stderr, "stressgen: stopped by signal %d; go on with: %s run --resume -o '%s'\n",
		        summary.stop_signal, pipeline_self(), j->run_dir);
	if (summary.protected)
		fprintf(stderr,
		        "stressgen: self-protection stopped the run: %s; go on with: %s run --resume -o '%s'\n",
		        summary.why_protected, pipeline_self(), j->run_dir);
	if (summary.suite_timed_out)
		fprintf(stderr,
		        "stressgen: the time for the whole run was over; go on with: %s run --resume -o '%s'\n",
		        pipeline_self(), j->run_dir);
	return exit_code(&summary, report_code);
}

int pipeline_run(struct pipeline *j, bool resume)
{
	struct err e = { 0 };
	int r = pipeline_expand(j, &e);

	if (r < 0)
		return complain(&e, r);
	r = pipeline_select(j, &e);

	if (r < 0) {
		complain(&e, r);
		return r == -ENOENT ? SG_EXIT_NOTHING : SG_EXIT_INTERNAL;
	}
	if (opt_flag(&j->app->opts, "dry-run") || opt_flag(&j->app->opts, "list") ||
	    opt_flag(&j->app->opts, "show-tags")) {
		pipeline_list(j);
		return SG_EXIT_OK;
	}
	if (j->param_count == 0 || (!resume && opt_given(&j->app->opts, "slab-capacity")))
		r = pipeline_calibrate(j, &e);
	if (r == 0)
		r = pipeline_near_full(j, &e);
	return r < 0 ? complain(&e, r) : run_selected(j, resume);
}

// ---- resuming -----------------------------------------------------------------------------------------------

// --output's directory, else the one that stressgen-runs/latest leads to.
static char *resumed_dir(const char *given, struct err *e)
{
	char name[LINK_MAX];

	if (given != NULL)
		return strdup(given);
	if (!read_latest(name)) {
		err_set(e, errno, "there is no " SG_LATEST " here to resume; name the run with -o DIR");
		return NULL;
	}
	return io_join(SG_RUNS_DIR, name);
}

// The suite is there already: what would make another one has no say.
static int refuse_suite_options(const struct opt_set *s, struct err *e)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct opt *o = &s->table[i];

		if ((o->commands & BIT(GEN)) != 0 && (o->commands & BIT(RUN)) == 0 && s->values[i].text != NULL &&
		    strcmp(s->values[i].source, "command line") == 0)
			return err_set(e, EINVAL, "--%s has no say with --resume: the suite is there already",
			               o->name);
	}
	return 0;
}

static int refuse_other_slab(const struct pipeline *j, struct err *e)
{
	for (size_t i = 0; i < j->param_count; i++)
		if (strcmp(j->params[i].name, "slab-capacity") == 0 && opt_given(&j->app->opts, "slab-capacity") &&
		    strtoull(j->params[i].value, NULL, 10) != opt_number(&j->app->opts, "slab-capacity"))
			return err_set(e, EINVAL,
			               "%s was begun with --slab-capacity %s; leave it out to resume, or start a "
			               "new run",
			               j->run_dir, j->params[i].value);
	return 0;
}

int pipeline_resume(struct app *app)
{
	struct pipeline j = { .app = app };
	struct err e = { 0 };
	int code;
	int r = refuse_suite_options(&app->opts, &e);

	if (r == 0 && (j.run_dir = resumed_dir(opt_text(&app->opts, "output"), &e)) == NULL)
		r = -ENOENT;
	if (r == 0)
		r = pipeline_recall(&j, j.run_dir, &e);
	if (r == 0)
		r = refuse_other_slab(&j, &e);
	code = r < 0 ? complain(&e, r) : pipeline_run(&j, true);
	pipeline_deinit(&j);
	return code;
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
	format_writer write_report = format_find(opt_text(&app->opts, "format"));

	if (write_report != NULL && !taken)
		format_print(write_report, run, e);
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
	run_deinit(&run);
	return code;
}

// stressgen without a command: generate, run, report.
#include "io.h"
#include "pipeline.h"
#include "verdict.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// All sizes, more where the curves bend, and one report on all of it.
static int run_and_refine(struct pipeline *j, const char *suite_dir)
{
	int code, reported;

	j->unreported = true;
	code = pipeline_run(j, false);
	if (code == SG_EXIT_OK || code == SG_EXIT_TESTS) {
		int more = pipeline_refine(j, suite_dir);
		code = more > code ? more : code;
	}
	if (code == SG_EXIT_USAGE || code == SG_EXIT_MISSING || code == SG_EXIT_NOTHING)
		return code; // there is no run
	reported = pipeline_report(j->app, j->run_dir);
	return code == SG_EXIT_OK ? reported : code;
}

// Whether it ended before there was a run, in a directory that nobody has named.
static bool is_to_vanish(const struct pipeline *j, int code)
{
	const struct opt_set *o = &j->app->opts;
	const bool refused = code == SG_EXIT_USAGE || code == SG_EXIT_MISSING || code == SG_EXIT_NOTHING;
	char *journal;
	bool begun;

	if (opt_text(o, "output") != NULL || (!refused && !opt_flag(o, "dry-run")))
		return false;
	journal = io_join(j->run_dir, "journal.jsonl");
	begun = journal == NULL || access(journal, F_OK) == 0;
	free(journal);
	return !begun;
}

int cmd_job(struct app *app)
{
	struct pipeline j = { .app = app };
	struct err e = { 0 };
	char label[40];
	char *suite_dir = NULL;
	int code = SG_EXIT_OK;
	int r;

	if (opt_flag(&app->opts, "resume"))
		return pipeline_resume(app);
	snprintf(label, sizeof label, "depth%llu", (unsigned long long)opt_number(&app->opts, "depth"));
	r = pipeline_choose_dir(&j, label, &e);
	if (r == 0 && (suite_dir = io_join(j.run_dir, "suite")) == NULL)
		r = err_set(&e, ENOMEM, "out of memory");
	if (r == 0)
		code = pipeline_generate(app, suite_dir);
	if (r == 0 && code == SG_EXIT_OK)
		r = suite_load(suite_dir, &j.suite, &e);
	if (r < 0)
		code = complain(&e, r);
	else if (code == SG_EXIT_OK && pipeline_refines(app))
		code = run_and_refine(&j, suite_dir);
	else if (code == SG_EXIT_OK)
		code = pipeline_run(&j, false);
	if (suite_dir != NULL && is_to_vanish(&j, code))
		io_remove_tree(j.run_dir);
	if (suite_dir != NULL)
		rmdir(suite_dir);
	pipeline_abandon(&j);
	free(suite_dir);
	pipeline_deinit(&j);
	return code;
}

// stressgen report: a run's reports again, or one of them elsewhere.
#include "pipeline.h"
#include "run.h"
#include "verdict.h"

#include <errno.h>
#include <string.h>

int cmd_report(struct app *app)
{
	const char *dir = app->opts.arg_count > 0 ? app->opts.args[0] : SG_LATEST;
	const char *output = opt_text(&app->opts, "output");
	format_writer write_report = format_find(opt_text(&app->opts, "format"));
	struct run run = { 0 };
	struct err e = { 0 };
	int code;
	int r;

	if (app->opts.arg_count > 1)
		return complain(&e, err_set(&e, EINVAL, "report takes one run; compare takes two"));
	if (strcmp(opt_text(&app->opts, "format"), "md") == 0)
		return complain(&e, err_set(&e, EINVAL,
		                            "md is a format of comparisons; a run has text, json, junit, "
		                            "tap, html, prom and csv"));
	if (write_report == NULL && output == NULL)
		return pipeline_report(app, dir);
	if (write_report == NULL)
		return complain(&e, err_set(&e, EINVAL, "-o needs a --format other than text"));
	r = run_load(dir, &run, &e);
	if (r == 0)
		r = output != NULL ? write_report(&run, output, &e) : format_print(write_report, &run, &e);
	code = r < 0 ? complain(&e, r) : pipeline_trust(&run);
	run_deinit(&run);
	return code;
}

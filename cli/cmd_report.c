// stressgen report: a run's reports again, or one of them elsewhere.
#include "pipeline.h"
#include "run.h"
#include "verdict.h"

#include <errno.h>

// One format into its file or files, which are opened before anything else is done.
static int report_to(const char *dir, const char *format, const char *output, struct err *e)
{
	struct run run = { 0 };
	int code = SG_EXIT_OK;
	int r = format_begin(format, output, e);

	if (r == 0)
		r = run_load(dir, &run, e);
	if (r == 0)
		r = format_write(format, &run, output, e);
	if (r == 0)
		code = pipeline_trust(&run);
	else
		format_abandon(format, output);
	run_deinit(&run);
	return r < 0 ? complain(e, r) : code;
}

static int report_to_stdout(const char *dir, const struct report_format *format, struct err *e)
{
	struct run run = { 0 };
	int code = SG_EXIT_OK;
	int r = format_check_stdout(format, e);

	if (r == 0)
		r = run_load(dir, &run, e);
	if (r == 0)
		r = format_print(format, &run, e);
	if (r == 0)
		code = pipeline_trust(&run);
	run_deinit(&run);
	return r < 0 ? complain(e, r) : code;
}

int cmd_report(struct app *app)
{
	const char *dir = app->opts.arg_count > 0 ? app->opts.args[0] : SG_LATEST;
	const char *output = opt_text(&app->opts, "output");
	const struct report_format *format = format_find(opt_text(&app->opts, "format"));
	struct err e = { 0 };

	if (app->opts.arg_count > 1)
		return complain(&e, err_set(&e, EINVAL, "report takes one run; compare takes two"));
	if (format == NULL && output == NULL)
		return pipeline_report(app, dir);
	if (format == NULL)
		return complain(&e, err_set(&e, EINVAL, "-o needs a --format other than text"));
	return output != NULL ? report_to(dir, format->name, output, &e) : report_to_stdout(dir, format, &e);
}

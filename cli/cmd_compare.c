// stressgen compare: two runs side by side.
#include "pipeline.h"
#include "verdict.h"

#include <errno.h>
#include <stdio.h>

int cmd_compare(struct app *app)
{
	struct run a = { 0 }, b = { 0 };
	struct err e = { 0 };
	int code;
	int r = 0;

	if (app->opts.arg_count != 2)
		r = err_set(&e, EINVAL, "compare takes two run directories: stressgen compare RUN_A RUN_B");
	if (r == 0)
		r = run_load(app->opts.args[0], &a, &e);
	if (r == 0)
		r = run_load(app->opts.args[1], &b, &e);
	if (r == 0)
		r = report_compare(&a, &b, &app->out_style, stdout);
	code = pipeline_trust(&a) != SG_EXIT_OK ? pipeline_trust(&a) : pipeline_trust(&b);
	if (r < 0)
		code = complain(&e, r);
	run_deinit(&a);
	run_deinit(&b);
	return code;
}

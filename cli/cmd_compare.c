// stressgen compare: two runs side by side.
#include "cli.h"
#include "run.h"
#include "verdict.h"

#include <errno.h>
#include <stdio.h>

int cmd_compare(struct app *app)
{
	struct run a = { 0 }, b = { 0 };
	struct err e = { 0 };
	int r = 0;

	if (app->opts.arg_count != 2)
		r = err_set(&e, EINVAL, "compare takes two run directories: stressgen compare RUN_A RUN_B");
	if (r == 0)
		r = run_load(app->opts.args[0], &a, &e);
	if (r == 0)
		r = run_load(app->opts.args[1], &b, &e);
	if (r == 0)
		r = report_compare(&a, &b, &app->out_style, stdout);
	if (r == 0 && fflush(stdout) == EOF)
		r = err_set(&e, EIO, "stdout cannot be written");
	run_deinit(&a);
	run_deinit(&b);
	return r < 0 ? complain(&e, r) : SG_EXIT_OK;
}

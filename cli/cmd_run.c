// stressgen run: a suite, an earlier run's suite, single files, or one command as a test.
#include "pipeline.h"
#include "verdict.h"

int cmd_run(struct app *app)
{
	struct pipeline j = { .app = app };
	struct err e = { 0 };
	int code;
	int r;

	if (opt_flag(&app->opts, "resume"))
		return pipeline_resume(app);
	r = pipeline_arguments(&j, &e);
	if (r == 0)
		r = pipeline_check_dir(&j, "run", &e);
	code = r < 0 ? pipeline_refuse(&e, r) : pipeline_run(&j, false);
	pipeline_abandon(&j);
	pipeline_deinit(&j);
	return code;
}

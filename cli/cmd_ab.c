// stressgen ab: two or more variants of a suite, of single files, or of one command.
#include "pipeline.h"
#include "verdict.h"

#include <errno.h>

// --a and --b alone are the whole of what is run.
static int load(struct pipeline *j, struct err *e)
{
	const struct opt_set *o = &j->app->opts;
	static char whole[] = "command";
	char *words[] = { whole };

	if (o->arg_count == 0 && o->rest == NULL && opt_text(o, "a") != NULL)
		return pipeline_command(j, words, 1, e);
	return pipeline_arguments(j, e);
}

int cmd_ab(struct app *app)
{
	struct pipeline j = { .app = app };
	struct err e = { 0 };
	int code;
	int r;

	if (opt_flag(&app->opts, "resume"))
		return pipeline_resume(app);
	r = load(&j, &e);
	if (r == 0)
		r = pipeline_check_dir(&j, "ab", &e);
	code = r < 0 ? pipeline_refuse(&e, r) : pipeline_run(&j, false);
	pipeline_abandon(&j);
	pipeline_deinit(&j);
	return code;
}

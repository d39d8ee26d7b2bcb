// stressgen run: a suite, an earlier run's suite, single files, or one command as a test.
#include "io.h"
#include "pipeline.h"
#include "verdict.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_directory(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int load(struct pipeline *j, struct err *e)
{
	const struct opt_set *o = &j->app->opts;
	const char *first = o->arg_count > 0 ? o->args[0] : "stressgen-suite";

	if (o->rest != NULL && o->arg_count > 0)
		return err_set(e, EINVAL, "give a suite, or a command behind '--', not both");
	if (o->rest != NULL)
		return pipeline_command(j, o->rest, o->rest_count, e);
	if (o->arg_count == 0 && !is_directory(first))
		return err_set(e, EINVAL,
		               "which suite? There is no %s here; try: stressgen run DIR, or stressgen gen first",
		               first);
	if (o->arg_count > 1 || !is_directory(first))
		return pipeline_files(j, ".", o->args, o->arg_count, e);
	return pipeline_load(j, first, e);
}

int cmd_run(struct app *app)
{
	struct pipeline j = { .app = app };
	struct err e = { 0 };
	int code;
	int r;

	if (opt_flag(&app->opts, "resume"))
		return pipeline_resume(app);
	r = load(&j, &e);
	if (r == 0)
		r = pipeline_choose_dir(&j, "run", &e);
	code = r < 0 ? complain(&e, r) : pipeline_run(&j, false);
	pipeline_abandon(&j);
	pipeline_deinit(&j);
	return code;
}

// What the arguments of `run` and `ab` name: a suite, an earlier run's suite, single files, or one command.
#include "pipeline.h"

#include <errno.h>
#include <sys/stat.h>

static bool is_directory(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int pipeline_arguments(struct pipeline *j, struct err *e)
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

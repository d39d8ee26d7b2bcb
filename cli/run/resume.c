// --resume: going on with an earlier run.
#include "pipeline.h"
#include "run_dir.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

// --output's run, or the one that is the only argument; NULL: neither says so. Borrowed from the options.
static const char *named_run(const struct opt_set *o)
{
	if (opt_text(o, "output") == NULL && o->arg_count == 1 && pipeline_is_run(o->args[0]))
		return o->args[0];
	return opt_text(o, "output");
}

// A suite that is named beside --resume must be that of the run which goes on.
static int refuse_other_suite(const struct pipeline *j, struct err *e)
{
	const struct opt_set *o = &j->app->opts;
	char named[PATH_MAX], own[PATH_MAX];
	struct stat st;

	if (o->arg_count != 1 || pipeline_is_run(o->args[0]) || stat(o->args[0], &st) < 0 || !S_ISDIR(st.st_mode))
		return 0;
	if (realpath(o->args[0], named) == NULL || realpath(j->suite.dir, own) == NULL || strcmp(named, own) == 0)
		return 0;
	return err_set(e, EINVAL,
	               "%s is not the suite of %s, which is %s; which run is to go on? try: stressgen run "
	               "--resume RUN",
	               o->args[0], j->run_dir, j->suite.dir);
}

int pipeline_recall_resumed(struct pipeline *j, struct err *e)
{
	const struct opt_set *o = &j->app->opts;
	int r = refuse_suite_options(o, e);

	if (r == 0 && o->arg_count == 1 && access(o->args[0], F_OK) < 0)
		r = err_set(e, errno, "%s: %s; which run is to go on? try: stressgen run --resume RUN", o->args[0],
		            strerror(errno));
	if (r == 0 && (j->run_dir = run_dir_resumed(named_run(o), e)) == NULL)
		r = -ENOENT;
	if (r == 0)
		r = pipeline_recall(j, j->run_dir, e);
	if (r == 0)
		r = refuse_other_slab(j, e);
	return r == 0 ? refuse_other_suite(j, e) : r;
}

int pipeline_resume(struct app *app)
{
	struct pipeline j = { .app = app };
	struct err e = { 0 };
	const int r = pipeline_recall_resumed(&j, &e);
	const int code = r < 0 ? complain(&e, r) : pipeline_run(&j, true);

	pipeline_deinit(&j);
	return code;
}

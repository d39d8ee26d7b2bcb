// stressgen replay: a run of one test, which performs a trace.
#include "pipeline.h"
#include "trace.h"
#include "verdict.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Before there is a run: the test would only fail of it.
static int check_trace(const char *path, struct err *e)
{
	struct trace t = { 0 };
	int r = trace_load(path, &t, e);

	if (r == 0)
		r = trace_performable(path, &t, trace_memory() / 2, e);
	trace_deinit(&t);
	return r;
}

int cmd_replay(struct app *app)
{
	struct pipeline j = { .app = app };
	struct err e = { 0 };
	char *path = NULL;
	int code, r = 0;

	if (opt_flag(&app->opts, "resume"))
		return pipeline_resume(app);
	if (app->opts.arg_count != 1)
		r = err_set(&e, EINVAL, "replay which trace? Write: stressgen replay TRACE --alloc jemalloc");
	if (r == 0 && (path = realpath(app->opts.args[0], NULL)) == NULL)
		r = err_set(&e, errno, "%s: %s; stressgen record makes one", app->opts.args[0], strerror(errno));
	if (r == 0)
		r = check_trace(path, &e);
	if (r == 0) {
		char own[] = "{stressgen:native}", replay[] = "replay";
		char *words[] = { own, replay, path };

		r = pipeline_command(&j, words, 3, &e);
	}
	if (r == 0)
		r = pipeline_check_dir(&j, "replay", &e);
	code = r < 0 ? complain(&e, r) : pipeline_run(&j, false);
	pipeline_abandon(&j);
	pipeline_deinit(&j);
	free(path);
	return code;
}

// stressgen h2: load on an HTTP/2 server, as a run of one test. Its scenario is written into the run, so that what
// was done can be read there, changed, and done again.
#include "h2_scenario.h"
#include "io.h"
#include "pipeline.h"
#include "tool.h"
#include "verdict.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SCENARIO "load.h2"
#define BODY "body"
#define MAX_BODY (64U * 1024U * 1024U)
#define CHECK_NS (UINT64_C(30000000000))

static int write_file(const char *dir, const char *name, const struct buf *text, struct err *e)
{
	char *path = io_join(dir, name);
	int rc = path != NULL ? io_replace_file(path, buf_text(text), text->len, e) : -ENOMEM;

	free(path);
	return rc == -ENOMEM ? err_set(e, ENOMEM, "out of memory") : rc;
}

static int copy_body(const char *from, const char *dir, struct err *e)
{
	struct buf bytes = { 0 };
	int rc = io_read_file(from, MAX_BODY, &bytes, e);

	if (rc == 0)
		rc = write_file(dir, BODY, &bytes, e);
	buf_deinit(&bytes);
	return rc;
}

// The scenario's own reader says what is wrong with it; its last words are the reason.
static int check_scenario(const struct app *app, const char *dir, struct err *e)
{
	char *path = io_join(dir, SCENARIO), check[] = "check";
	char *argv[] = { app->paths.h2, check, path, NULL };
	struct buf said = { 0 };
	int status = 0;
	int rc = path != NULL ? tool_run_apart(argv, CHECK_NS, &said, &status) : -ENOMEM;

	if (rc < 0) {
		err_set(e, -rc, "%s: %s", app->paths.h2, strerror(-rc));
	} else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		const char *words = buf_text(&said), *prefix = "stressgen-h2: ";

		if (strncmp(words, prefix, strlen(prefix)) == 0)
			words += strlen(prefix);
		rc = err_set(e, EINVAL, "%.*s", (int)strcspn(words, "\n"), words);
	}
	buf_deinit(&said);
	free(path);
	return rc;
}

static int write_suite(const struct app *app, const char *dir, struct err *e)
{
	const struct opt_set *o = &app->opts;
	const char *body = opt_text(o, "data");
	struct buf text = { 0 };
	int rc = io_make_dirs(dir, e);

	if (rc == 0 && body != NULL)
		rc = copy_body(body, dir, e);
	if (rc == 0)
		rc = h2_scenario_write(o, o->args, o->arg_count, body != NULL ? BODY : NULL, &text, e);
	if (rc == 0)
		rc = write_file(dir, SCENARIO, &text, e);
	if (rc == 0)
		rc = check_scenario(app, dir, e);
	buf_deinit(&text);
	return rc;
}

int cmd_h2(struct app *app)
{
	const struct opt_set *o = &app->opts;
	struct pipeline j = { .app = app };
	struct err e = { 0 };
	char name[] = SCENARIO, *names[] = { name }, *dir = NULL, *suite = NULL;
	int code = SG_EXIT_OK, r = 0;

	if (opt_flag(o, "resume"))
		return pipeline_resume(app);
	if (o->arg_count == 0)
		r = err_set(&e, EINVAL,
		            "h2 loads which server? Write: stressgen h2 http://127.0.0.1:8080/ -c 10 -n 10k");
	if (r == 0)
		r = pipeline_choose_dir(&j, "h2", &e);
	if (r == 0 && ((suite = io_join(j.run_dir, "suite")) == NULL))
		r = err_set(&e, ENOMEM, "out of memory");
	if (r == 0)
		r = write_suite(app, suite, &e);
	if (r == 0 && (dir = realpath(suite, NULL)) == NULL)
		r = err_set(&e, errno, "%s: %s", suite, strerror(errno));
	if (r == 0)
		r = pipeline_files(&j, dir, names, 1, &e);
	code = r < 0 ? complain(&e, r) : pipeline_run(&j, false);
	if (suite != NULL && (r < 0 || opt_flag(o, "dry-run") || opt_flag(o, "list")))
		io_remove_tree(suite);
	pipeline_abandon(&j);
	free(dir);
	free(suite);
	pipeline_deinit(&j);
	return code;
}

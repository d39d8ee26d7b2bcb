// stressgen run: a suite, single files, or one command as a test.
#include "io.h"
#include "pipeline.h"
#include "verdict.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_directory(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

// Quotes one word as the runner's command splitter (and sh) reads it.
static void add_quoted(const char *word, struct buf *out)
{
	buf_adds(out, out->len > 0 ? " '" : "'");
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			buf_adds(out, "'\\''");
		else
			buf_addc(out, *word);
	}
	buf_addc(out, '\'');
}

// "-- ./prog args": a suite of one test whose command it is.
static int suite_from_command(char *const *words, size_t count, struct suite *s, struct err *e)
{
	struct buf command = { 0 };
	struct suite_test *t;
	const char *slash;

	if (count == 0)
		return err_set(e, EINVAL, "'--' has no command behind it; write: stressgen run -- ./prog args");
	s->dir = strdup(".");
	t = suite_add(s);
	for (size_t i = 0; i < count; i++)
		add_quoted(words[i], &command);
	slash = strrchr(words[0], '/');
	if (s->dir == NULL || t == NULL || command.failed)
		return err_set(e, ENOMEM, "out of memory");
	t->id = strdup(slash != NULL && slash[1] != '\0' ? slash + 1 : words[0]);
	t->path = strdup(words[0]);
	t->meta.run = buf_take(&command);
	t->meta.timeout_ns = SG_DEFAULT_TIMEOUT_NS;
	t->meta.priority = 2;
	snprintf(s->hash, sizeof s->hash, "command");
	return 0;
}

static int load(const struct opt_set *o, struct suite *s, struct err *e)
{
	if (o->rest != NULL && o->arg_count > 0)
		return err_set(e, EINVAL, "give a suite, or a command behind '--', not both");
	if (o->rest != NULL)
		return suite_from_command(o->rest, o->rest_count, s, e);
	if (o->arg_count == 0)
		return suite_load("stressgen-suite", s, e);
	if (o->arg_count == 1 && is_directory(o->args[0]))
		return suite_load(o->args[0], s, e);
	return suite_from_files(o->args, o->arg_count, s, e);
}

int cmd_run(struct app *app)
{
	struct pipeline j = { .app = app };
	struct err e = { 0 };
	int code;
	int r;

	if (opt_flag(&app->opts, "resume"))
		return pipeline_resume(app);
	r = load(&app->opts, &j.suite, &e);
	if (r == 0)
		r = pipeline_choose_dir(&j, "run", &e);
	code = r < 0 ? complain(&e, r) : pipeline_run(&j, false);
	pipeline_deinit(&j);
	return code;
}

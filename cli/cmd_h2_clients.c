// stressgen h2-clients: a client program against each hostile server, as a run of one test a server.
#include "catalogue.h"
#include "hostile.h"
#include "io.h"
#include "pipeline.h"
#include "verdict.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define SUITE "suite/http2-client"
#define TEXT_MAX (4U * 1024U * 1024U)

// The client's command as sh reads it, its program by its whole path: tests run elsewhere.
static int quote_client(struct app *app, struct buf *out, struct err *e)
{
	const struct opt_set *o = &app->opts;
	char *program, *whole;

	if (o->rest == NULL || o->rest_count == 0 || o->arg_count > 0)
		return err_set(e, EINVAL,
		               "which client? Write: stressgen h2-clients -- curl -sS -m 5 "
		               "--http2-prior-knowledge {url}");
	program = paths_which(o->rest[0]);
	if (program == NULL)
		return err_set(e, ENODEV, "program not found: %s", o->rest[0]);
	whole = program[0] == '/' ? strdup(program) : realpath(program, NULL);
	if (whole != NULL)
		pipeline_quote(whole, out);
	for (size_t i = 1; i < o->rest_count; i++) {
		if (strchr(o->rest[i], '\n') != NULL)
			out->failed = true;
		pipeline_quote(o->rest[i], out);
	}
	free(program);
	free(whole);
	return whole == NULL || out->failed
	               ? err_set(e, EINVAL, "the client's command cannot be written on one line")
	               : 0;
}

// The others say nothing of a client that cannot even do the control.
static void add_header(const struct h2_hostile *h, const char *client, struct buf *out)
{
	buf_addf(
	        out,
	        "; @Test http2-client/%s\n; @Kind http2\n; @Tag http2, client, hostile\n; @Timeout %llus\n; @Sentinel on\n",
	        h->name, (unsigned long long)(h->time_ns / SG_NS_PER_S + 20));
	if (strcmp(h->name, "control") != 0)
		buf_adds(out, "; @DependsOn http2-client/control\n");
	buf_addf(out, "; @Run {stressgen:h2} client {file} -- %s\n", client);
}

static int write_test(const char *dir, const char *from, const char *client, struct strings *files, struct err *e)
{
	struct h2_hostile h = { 0 };
	struct buf text = { 0 };
	char name[160], *path = NULL;
	int r = h2_hostile_load(from, &h, e);

	if (r == 0)
		add_header(&h, client, &text);
	if (r == 0)
		r = io_read_file(from, TEXT_MAX, &text, e);
	if (r >= 0) {
		snprintf(name, sizeof name, SUITE "/%.100s.h2c", h.name);
		path = io_join(dir, name);
		r = path == NULL || text.failed || strings_add(files, path, strlen(path)) < 0
		            ? err_set(e, ENOMEM, "out of memory")
		            : io_replace_file(path, text.data, text.len, e);
	}
	free(path);
	buf_deinit(&text);
	h2_hostile_deinit(&h);
	return r < 0 ? r : 0;
}

static int write_suite(struct pipeline *j, const char *client, struct err *e)
{
	struct strings hostile = { 0 }, files = { 0 };
	char *suite = io_join(j->run_dir, SUITE), *from = io_join(j->app->paths.scenarios, "hostile");
	char whole[PATH_MAX];
	int r = suite == NULL || from == NULL ? err_set(e, ENOMEM, "out of memory") : io_make_dirs(suite, e);

	if (r == 0 && realpath(j->run_dir, whole) == NULL)
		r = err_set(e, errno, "%s: %s", j->run_dir, strerror(errno));
	if (r == 0)
		r = catalogue_files(from, ".hostile", &hostile, e);
	for (size_t i = 0; r == 0 && i < hostile.count; i++)
		r = write_test(whole, hostile.items[i], client, &files, e);
	if (r == 0)
		r = pipeline_files(j, ".", files.items, files.count, e);
	strings_deinit(&hostile);
	strings_deinit(&files);
	free(suite);
	free(from);
	return r;
}

int cmd_h2_clients(struct app *app)
{
	struct pipeline j = { .app = app };
	struct buf client = { 0 };
	struct err e = { 0 };
	int code, r;

	if (opt_flag(&app->opts, "resume"))
		return pipeline_resume(app);
	r = quote_client(app, &client, &e);
	if (r == 0)
		r = pipeline_choose_dir(&j, "h2-clients", &e);
	if (r == 0)
		r = write_suite(&j, buf_text(&client), &e);
	if (r < 0)
		code = r == -ENODEV ? (complain(&e, r), SG_EXIT_MISSING) : complain(&e, r);
	else
		code = pipeline_run(&j, false);
	pipeline_abandon(&j);
	pipeline_deinit(&j);
	buf_deinit(&client);
	return code;
}

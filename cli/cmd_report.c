// stressgen report: a run's reports again, or one of them elsewhere.
#include "io.h"
#include "pipeline.h"
#include "run.h"
#include "verdict.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int (*report_fn)(const struct run *r, const char *path, struct err *e);

static report_fn find_format(const char *name)
{
	static const struct {
		const char *name;
		report_fn write;
	} formats[] = { { "json", report_json },
		        { "junit", report_junit },
		        { "html", report_html },
		        { "prom", report_prom } };

	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		if (strcmp(formats[i].name, name) == 0)
			return formats[i].write;
	return NULL;
}

// Reports are written whole to a file; stdout gets a copy of one.
static int to_stdout(report_fn write_report, const struct run *run, struct err *e)
{
	char path[] = "/tmp/stressgen-report-XXXXXX";
	struct buf text = { 0 };
	int fd = mkstemp(path);
	int r;

	if (fd < 0)
		return err_set(e, errno, "%s: %s", path, strerror(errno));
	close(fd);
	r = write_report(run, path, e);
	if (r == 0)
		r = io_read_file(path, SIZE_MAX / 2, &text, e);
	if (r >= 0 && io_write_all(STDOUT_FILENO, buf_text(&text), text.len) < 0)
		r = err_set(e, EIO, "stdout cannot be written");
	unlink(path);
	buf_deinit(&text);
	return r < 0 ? r : 0;
}

int cmd_report(struct app *app)
{
	const char *dir = app->opts.arg_count > 0 ? app->opts.args[0] : SG_LATEST;
	const char *output = opt_text(&app->opts, "output");
	report_fn write_report = find_format(opt_text(&app->opts, "format"));
	struct run run = { 0 };
	struct err e = { 0 };
	int r;

	if (app->opts.arg_count > 1)
		return err_set(&e, EINVAL, "report takes one run; compare takes two"), complain(&e, -EINVAL);
	if (write_report == NULL && output == NULL)
		return pipeline_report(app, dir);
	if (write_report == NULL)
		return err_set(&e, EINVAL, "-o needs a --format other than text"), complain(&e, -EINVAL);
	r = run_load(dir, &run, &e);
	if (r == 0)
		r = output != NULL ? write_report(&run, output, &e) : to_stdout(write_report, &run, &e);
	run_deinit(&run);
	return r < 0 ? complain(&e, r) : SG_EXIT_OK;
}

// stressgen report: a run's reports again, or one of them elsewhere.
#include "io.h"
#include "pipeline.h"
#include "run.h"
#include "verdict.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	const char *temp = getenv("TMPDIR");
	struct buf text = { 0 };
	char dir[PATH_MAX];
	char path[PATH_MAX + sizeof "/report"];
	int r;

	// A directory that is ours alone: a report is written beside its name first.
	snprintf(dir, sizeof dir, "%s/stressgen-report-XXXXXX", temp != NULL && *temp != '\0' ? temp : "/tmp");
	if (mkdtemp(dir) == NULL)
		return err_set(e, errno, "%s: %s; set TMPDIR", dir, strerror(errno));
	snprintf(path, sizeof path, "%s/report", dir);
	r = write_report(run, path, e);
	if (r == 0)
		r = io_read_file(path, SIZE_MAX / 2, &text, e);
	if (r == 0)
		fwrite(buf_text(&text), 1, text.len, stdout); // main() says when it did not arrive
	io_remove_tree(dir);
	buf_deinit(&text);
	return r;
}

int cmd_report(struct app *app)
{
	const char *dir = app->opts.arg_count > 0 ? app->opts.args[0] : SG_LATEST;
	const char *output = opt_text(&app->opts, "output");
	report_fn write_report = find_format(opt_text(&app->opts, "format"));
	struct run run = { 0 };
	struct err e = { 0 };
	int code;
	int r;

	if (app->opts.arg_count > 1)
		return complain(&e, err_set(&e, EINVAL, "report takes one run; compare takes two"));
	if (write_report == NULL && output == NULL)
		return pipeline_report(app, dir);
	if (write_report == NULL)
		return complain(&e, err_set(&e, EINVAL, "-o needs a --format other than text"));
	r = run_load(dir, &run, &e);
	if (r == 0)
		r = output != NULL ? write_report(&run, output, &e) : to_stdout(write_report, &run, &e);
	code = r < 0 ? complain(&e, r) : pipeline_trust(&run);
	run_deinit(&run);
	return code;
}

// Reports in one format each, to a file or to stdout.
#include "pipeline.h"

#include "io.h"
#include "run.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

format_writer format_find(const char *name)
{
	static const struct {
		const char *name;
		format_writer write;
	} formats[] = { { "json", report_json }, { "junit", report_junit }, { "html", report_html },
		        { "prom", report_prom }, { "tap", report_tap },     { "csv", report_csv } };

	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		if (strcmp(formats[i].name, name) == 0)
			return formats[i].write;
	return NULL;
}

// Reports are written whole to a file; stdout gets a copy of one.
int format_print(format_writer write_report, const struct run *run, struct err *e)
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

// All reports of a run into its directory.
#include "formats.h"

#include "io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int report_finish(struct buf *b, int rc, const char *path, struct err *e)
{
	if (rc == -ENOMEM || b->failed)
		rc = err_set(e, ENOMEM, "%s: out of memory", path);
	else if (rc == 0)
		rc = io_replace_file(path, buf_text(b), b->len, e);
	buf_deinit(b);
	return rc;
}

int report_finish_json(json_t *o, const char *path, struct err *e)
{
	char *text = o != NULL ? json_dumps(o, JSON_INDENT(1)) : NULL;
	int rc = text == NULL ? err_set(e, ENOMEM, "%s: out of memory", path)
	                      : io_replace_file(path, text, strlen(text), e);

	free(text);
	json_decref(o);
	return rc;
}

#define X(run, called, part) { called, run, part },
const struct report_format report_formats[] = { SG_FORMATS(X) SG_FORMAT_PARTS(X) };
#undef X
const size_t report_format_count = sizeof report_formats / sizeof report_formats[0];

int report_all(const struct run *r, struct err *e)
{
	static const struct {
		const char *name;
		int (*write)(const struct run *r, const char *path, struct err *e);
	} reports[] = { { "report.json", report_json },
		        { "junit.xml", report_junit },
		        { "metrics.prom", report_prom },
		        { "report.html", report_html } };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof reports / sizeof reports[0]; i++) {
		char *path = io_join(r->dir, reports[i].name);

		rc = path == NULL ? err_set(e, ENOMEM, "%s: out of memory", r->dir) : reports[i].write(r, path, e);
		free(path);
	}
	return rc;
}

// All reports of a run into its directory.
#include "reports.h"

#include "io.h"

#include <errno.h>
#include <stdlib.h>

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

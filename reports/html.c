// The report page: temporary frame.
#include "io.h"
#include "reports.h"
#include <string.h>
int report_html(const struct run *r, const char *path, struct err *e)
{
	static const char page[] = "<!doctype html><title>stressgen</title><p>under construction";
	(void)r;
	return io_replace_file(path, page, strlen(page), e);
}

// Sample lines.
#include "lines.h"

#include "sample.h"

#include <stdarg.h>

bool h2_check(struct buf *out, const char *name, bool ok, const char *format, ...)
{
	va_list args;
	buf_addf(out, "@@ check %s %s ", name, ok ? "ok" : "bad");
	va_start(args, format);
	buf_vaddf(out, format, args);
	va_end(args);
	buf_addc(out, '\n');
	return ok;
}

void h2_note(struct buf *out, const char *name, const char *format, ...)
{
	va_list args;
	buf_addf(out, "@@ note %s ", name);
	va_start(args, format);
	buf_vaddf(out, format, args);
	va_end(args);
	buf_addc(out, '\n');
}

void h2_gauge(struct buf *out, const char *name, double value, const char *unit)
{
	buf_addf(out, "@@ gauge %s %.9g %s\n", name, value, unit);
}

bool h2_hist_line(struct buf *out, const char *series, const struct hist *h)
{
	size_t start = out->len;
	if (h->total == 0)
		return true;
	buf_addf(out, "@@ hist %s ", series);
	if (hist_encode(h, out) == 0 && out->len - start < SG_SAMPLE_LINE_MAX) {
		buf_addc(out, '\n');
		return true;
	}
	out->len = start;
	return false;
}

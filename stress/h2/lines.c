// Sample lines.
#include "lines.h"

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

void h2_gauge(struct buf *out, const char *name, double value, const char *unit)
{
	buf_addf(out, "@@ gauge %s %.9g %s\n", name, value, unit);
}

// Talking to the person: on stderr, a line at a time.
#include "cli.h"
#include "verdict.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

void say(const struct app *app, const char *format, ...)
{
	va_list args;

	if (opt_flag(&app->opts, "quiet"))
		return;
	va_start(args, format);
	fputs(app->err_colour ? "\033[36m▸\033[0m " : "▸ ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

int complain(const struct err *e, int code)
{
	fprintf(stderr, "stressgen: %s\n", e->text[0] != '\0' ? e->text : SG_BUGS_HINT);
	switch (code < 0 ? -code : code) {
	case ENOMEM:
	case EFAULT:
	case ENOSYS:
		return SG_EXIT_INTERNAL;
	default:
		return e->text[0] != '\0' ? SG_EXIT_USAGE : SG_EXIT_INTERNAL;
	}
}

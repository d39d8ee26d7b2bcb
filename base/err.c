// Error messages: the first one wins.
#include "err.h"

#include <stdio.h>

int err_set(struct err *e, int code, const char *format, ...)
{
	va_list args;

	if (e != NULL && e->text[0] == '\0') {
		va_start(args, format);
		vsnprintf(e->text, sizeof e->text, format, args);
		va_end(args);
	}
	return -code;
}

static size_t put_place(char *text, size_t size, const char *file, unsigned line, unsigned column)
{
	int n;

	if (column > 0)
		n = snprintf(text, size, "%s:%u:%u: ", file, line, column);
	else
		n = snprintf(text, size, "%s:%u: ", file, line);
	if (n < 0)
		return 0;
	return (size_t)n < size ? (size_t)n : size - 1;
}

// What a message quotes of a file may have line feeds in it, or escapes of the terminal.
static void make_one_line(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

int err_at(struct err *e, int code, const char *file, unsigned line, unsigned column, const char *format, ...)
{
	va_list args;
	size_t used;

	if (e != NULL && e->text[0] == '\0') {
		used = put_place(e->text, sizeof e->text, file, line, column);
		va_start(args, format);
		vsnprintf(e->text + used, sizeof e->text - used, format, args);
		va_end(args);
		make_one_line(e->text + used);
	}
	return -code;
}

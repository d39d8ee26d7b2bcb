// Text inside XML and HTML.
#include "markup.h"

#include <stdarg.h>

void markup_text(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++)
		switch (*text) {
		case '<':
			buf_adds(b, "&lt;");
			break;
		case '>':
			buf_adds(b, "&gt;");
			break;
		case '&':
			buf_adds(b, "&amp;");
			break;
		case '"':
			buf_adds(b, "&quot;");
			break;
		case '\'':
			buf_adds(b, "&#39;");
			break;
		default:
			buf_addc(b, *text);
		}
}

void markup_textf(struct buf *b, const char *format, ...)
{
	struct buf text = { 0 };
	va_list args;

	va_start(args, format);
	buf_vaddf(&text, format, args);
	va_end(args);
	b->failed = b->failed || text.failed;
	markup_text(b, buf_text(&text));
	buf_deinit(&text);
}

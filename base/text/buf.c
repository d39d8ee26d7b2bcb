// A growable byte string.
#include "buf.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_deinit(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data != NULL)
		b->data[0] = '\0';
}

// Room for `more` bytes and the NUL. False when there is none; the buffer is then marked as failed.
static bool reserve(struct buf *b, size_t more)
{
	size_t cap = b->cap < 64 ? 64 : b->cap;
	char *data;

	if (b->failed)
		return false;
	if (more < b->cap - b->len)
		return true;
	if (more >= SIZE_MAX / 2 - b->len) {
		b->failed = true;
		return false;
	}
	while (cap - b->len <= more)
		cap *= 2;
	data = realloc(b->data, cap);
	if (data == NULL) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->cap = cap;
	return true;
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
	if (!reserve(b, len))
		return;
	if (len > 0)
		memcpy(b->data + b->len, bytes, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_adds(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_addu(struct buf *b, uint64_t n)
{
	char digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	buf_add(b, digits + at, sizeof digits - at);
}

void buf_vaddf(struct buf *b, const char *format, va_list args)
{
	va_list again;
	int need;

	va_copy(again, args);
	need = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (need < 0) {
		b->failed = true;
		return;
	}
	if (!reserve(b, (size_t)need))
		return;
	vsnprintf(b->data + b->len, (size_t)need + 1, format, args);
	b->len += (size_t)need;
}

void buf_addf(struct buf *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vaddf(b, format, args);
	va_end(args);
}

char *buf_take(struct buf *b)
{
	char *data;

	buf_add(b, "", 0); // so that an empty one is "" and not NULL
	data = b->failed ? NULL : b->data;
	if (b->failed)
		free(b->data);
	*b = (struct buf){ 0 };
	return data;
}

const char *buf_text(const struct buf *b)
{
	return b->data != NULL ? b->data : "";
}

char *text_trim(char *text)
{
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return text;
}

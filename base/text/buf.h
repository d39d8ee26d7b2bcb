// A growable byte string, always NUL-terminated behind its last byte.
#ifndef SG_BUF_H
#define SG_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data;  // owned; NULL while nothing was added
	size_t len;  // bytes without the NUL
	size_t cap;  // bytes allocated
	bool failed; // an allocation failed: what is there is kept, further adds do nothing
};

// A zeroed struct buf is an empty one.
void buf_deinit(struct buf *b);
void buf_clear(struct buf *b); // keeps the allocation
void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_adds(struct buf *b, const char *text);
void buf_addc(struct buf *b, char c);
void buf_addu(struct buf *b, uint64_t n); // in decimal
__attribute__((format(printf, 2, 3))) void buf_addf(struct buf *b, const char *format, ...);
void buf_vaddf(struct buf *b, const char *format, va_list args);
// Hands the bytes to the caller (to be freed with free()) and leaves `b` empty. Never NULL unless an
// allocation failed.
char *buf_take(struct buf *b);
// "" instead of NULL; borrowed until the next change.
const char *buf_text(const struct buf *b);
// Cuts the white space off both ends of a text, in place; returns where it begins now.
char *text_trim(char *text);

#endif

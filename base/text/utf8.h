// UTF-8 as bytes come: what is a character, and which are no text.
#ifndef SG_UTF8_H
#define SG_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Bytes of the character that begins at `p`, where `len` (at least 1) bytes are; 0 when none does: no overlong
// forms, no surrogates, nothing beyond U+10FFFF (The Unicode Standard, table 3-7).
size_t utf8_length(const char *p, size_t len);
// The code point of the character of `len` bytes at `p`, for which utf8_length gave `len`.
uint32_t utf8_decode(const char *p, size_t len);
// Whether neither a terminal nor an XML file takes it for text: C1 controls and non-characters. (ASCII's own
// controls are the caller's to judge.)
bool utf8_is_unprintable(uint32_t code_point);

#endif

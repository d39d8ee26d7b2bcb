// Text inside XML and HTML.
#ifndef SG_MARKUP_H
#define SG_MARKUP_H

#include "buf.h"

// Adds safe text (text.h) with < > & " ' escaped: for elements and quoted attributes alike.
void markup_text(struct buf *b, const char *text);
// printf whose %s arguments and all else are escaped as a whole.
__attribute__((format(printf, 2, 3))) void markup_textf(struct buf *b, const char *format, ...);

#endif

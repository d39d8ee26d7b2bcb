// Sample lines (docs/design.md, section 2) as the HTTP/2 programs print them.
#ifndef SG_H2_LINES_H
#define SG_H2_LINES_H

#include "buf.h"
#include "hist.h"

#include <stdbool.h>

// "@@ check NAME ok|bad TEXT"; returns `ok`.
__attribute__((format(printf, 4, 5))) bool h2_check(struct buf *out, const char *name, bool ok, const char *format,
                                                    ...);
__attribute__((format(printf, 3, 4))) void h2_note(struct buf *out, const char *name, const char *format,
                                                   ...);                          // "@@ note NAME TEXT"
void h2_gauge(struct buf *out, const char *name, double value, const char *unit); // "@@ gauge NAME VALUE UNIT"
// "@@ hist SERIES ...", unless it is empty; false when it cannot be told in one line.
bool h2_hist_line(struct buf *out, const char *series, const struct hist *h);

#endif

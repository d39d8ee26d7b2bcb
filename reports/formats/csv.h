// Comma-separated values, as RFC 4180 has them.
#ifndef SG_CSV_H
#define SG_CSV_H

#include "buf.h"

// Adds one field; quoted where a comma, a quote or a newline is in it.
void csv_field(struct buf *b, const char *text);
// Adds a number with all its digits; an empty field for NaN.
void csv_number(struct buf *b, double value);

#endif

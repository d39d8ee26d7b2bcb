// Tables of whole numbers in a record, as JSON arrays of arrays.
#ifndef SG_NUMBER_ROWS_H
#define SG_NUMBER_ROWS_H

#include "err.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct number_rows {
	uint64_t *values; // row after row; owned
	size_t count;     // of rows
};

void number_rows_deinit(struct number_rows *t);
// A row of `columns` zeros at the end; NULL without memory.
uint64_t *number_rows_add(struct number_rows *t, size_t columns);
// Keeps every second row when there are more than `most`, as often as it takes; the last one always stays.
void number_rows_thin(struct number_rows *t, size_t columns, size_t most);
// Adds it to `object` as `name`; an empty one is left out. Numbers above INT64_MAX are written as that. 0 or
// -ENOMEM.
int number_rows_write(json_t *object, const char *name, const struct number_rows *t, size_t columns);
// Fills a zeroed table from `object`; nothing of that name leaves it empty. 0 or -errno with `e` filled.
int number_rows_read(const json_t *object, const char *name, struct number_rows *t, size_t columns, struct err *e);

#endif

// Between result.c and result_heap.c.
#ifndef SG_RESULT_PARTS_H
#define SG_RESULT_PARTS_H

#include "fields.h"

// A list of struct result_series.
extern const struct field result_series_fields[];
int result_series_write(json_t *object, const void *item);
int result_series_read(json_t *object, void *item, struct err *e);
void result_series_free(void *item);

#endif

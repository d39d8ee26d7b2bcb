// Between result.c and result_jemalloc.c: a list of struct result_jemalloc.
#ifndef SG_RESULT_JEMALLOC_PARTS_H
#define SG_RESULT_JEMALLOC_PARTS_H

#include "fields.h"

extern const struct field result_jemalloc_fields[];
int result_jemalloc_write(json_t *object, const void *item);
int result_jemalloc_read(json_t *object, void *item, struct err *e);
void result_jemalloc_deinit(void *item); // what the fields do not own

#endif

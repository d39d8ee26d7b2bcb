// Tables of whole numbers: growing, thinning, JSON.
#include "number_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void number_rows_deinit(struct number_rows *t)
{
	free(t->values);
	*t = (struct number_rows){ 0 };
}

uint64_t *number_rows_add(struct number_rows *t, size_t columns)
{
	uint64_t *row;

	if ((t->count & (t->count - 1)) == 0) { // room for 1, 2, 4, ...
		size_t room = t->count > 0 ? t->count * 2 : 1;
		uint64_t *grown = reallocarray(t->values, room, columns * sizeof *grown);

		if (grown == NULL)
			return NULL;
		t->values = grown;
	}
	row = t->values + t->count++ * columns;
	memset(row, 0, columns * sizeof *row);
	return row;
}

void number_rows_thin(struct number_rows *t, size_t columns, size_t most)
{
	while (t->count > most && t->count > 2) {
		const uint64_t *last = t->values + (t->count - 1) * columns;
		size_t kept = 0;

		for (size_t i = 0; i + 1 < t->count; i += 2)
			memmove(t->values + kept++ * columns, t->values + i * columns, columns * sizeof *last);
		memmove(t->values + kept++ * columns, last, columns * sizeof *last);
		t->count = kept;
	}
}

static int append_row(json_t *array, const uint64_t *row, size_t columns)
{
	json_t *one = json_array();

	for (size_t i = 0; i < columns; i++)
		if (json_array_append_new(one, json_integer(row[i] < INT64_MAX ? (json_int_t)row[i] : INT64_MAX)) <
		    0) {
			json_decref(one);
			return -ENOMEM;
		}
	return json_array_append_new(array, one) < 0 ? -ENOMEM : 0;
}

int number_rows_write(json_t *object, const char *name, const struct number_rows *t, size_t columns)
{
	json_t *array;

	if (t->count == 0)
		return 0;
	array = json_array();
	for (size_t i = 0; i < t->count; i++)
		if (append_row(array, t->values + i * columns, columns) < 0) {
			json_decref(array);
			return -ENOMEM;
		}
	return json_object_set_new(object, name, array) < 0 ? -ENOMEM : 0;
}

static int read_row(const json_t *array, uint64_t *row, size_t columns)
{
	if (json_array_size(array) != columns)
		return -EINVAL;
	for (size_t i = 0; i < columns; i++) {
		const json_t *value = json_array_get(array, i);

		if (!json_is_integer(value) || json_integer_value(value) < 0)
			return -EINVAL;
		row[i] = (uint64_t)json_integer_value(value);
	}
	return 0;
}

int number_rows_read(const json_t *object, const char *name, struct number_rows *t, size_t columns, struct err *e)
{
	const json_t *array = json_object_get(object, name);

	if (array != NULL && !json_is_array(array))
		return err_set(e, EINVAL, "\"%s\" is not an array", name);
	for (size_t i = 0; i < json_array_size(array); i++) {
		uint64_t *row = number_rows_add(t, columns);

		if (row == NULL)
			return err_set(e, ENOMEM, "%s: %s", name, strerror(ENOMEM));
		if (read_row(json_array_get(array, i), row, columns) < 0)
			return err_set(e, EINVAL, "%s: number %zu is not %zu whole numbers", name, i + 1, columns);
	}
	return 0;
}

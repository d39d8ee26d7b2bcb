// Records as JSON, by tables.
#include "fields.h"

#include "result.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static json_t *text_to_json(const char *text)
{
	char *utf8 = result_utf8(text, strlen(text));
	json_t *value = utf8 == NULL ? NULL : json_string(utf8);

	free(utf8);
	return value;
}

static json_t *strings_to_json(const struct strings *s)
{
	json_t *array = json_array();

	for (size_t i = 0; array != NULL && i < s->count; i++) {
		if (json_array_append_new(array, text_to_json(s->items[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

// Whether the member is one that is left out of the JSON.
static bool is_absent(const void *member, enum field_kind kind)
{
	if (kind == FIELD_TEXT)
		return *(char *const *)member == NULL;
	return kind == FIELD_STRINGS && ((const struct strings *)member)->count == 0;
}

static json_t *member_to_json(const void *member, enum field_kind kind)
{
	uint64_t n;

	switch (kind) {
	case FIELD_TEXT:
		return text_to_json(*(char *const *)member);
	case FIELD_STRINGS:
		return strings_to_json(member);
	case FIELD_U64:
		n = *(const uint64_t *)member;
		return json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n);
	case FIELD_UINT:
		return json_integer(*(const unsigned *)member);
	case FIELD_INT:
		return json_integer(*(const int *)member);
	case FIELD_BOOL:
		return json_boolean(*(const bool *)member);
	case FIELD_REAL:
		return isfinite(*(const double *)member) ? json_real(*(const double *)member) : json_null();
	case FIELD_VERDICT:
		return json_string(verdict_name(*(const enum verdict *)member));
	}
	return NULL;
}

int fields_write(json_t *object, const void *record, const struct field *rows)
{
	for (const struct field *f = rows; f->name != NULL; f++) {
		const void *member = (const char *)record + f->offset;

		if (!is_absent(member, f->kind) &&
		    json_object_set_new(object, f->name, member_to_json(member, f->kind)) < 0)
			return -ENOMEM;
	}
	return 0;
}

static void add_name(struct buf *out, const char *name)
{
	buf_adds(out, out->len > 0 ? ",\"" : "\"");
	buf_adds(out, name);
	buf_adds(out, "\":");
}

static int add_value(struct buf *out, json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));

	json_decref(value);
	if (text == NULL)
		return -ENOMEM;
	buf_adds(out, text);
	free(text);
	return out->failed ? -ENOMEM : 0;
}

// Nothing in it is to be escaped.
static bool is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\')
			return false;
	return true;
}

static int add_text(struct buf *out, const char *text)
{
	if (!is_plain(text))
		return add_value(out, text_to_json(text));
	buf_addc(out, '"');
	buf_adds(out, text);
	buf_addc(out, '"');
	return out->failed ? -ENOMEM : 0;
}

static int add_signed(struct buf *out, int n)
{
	if (n < 0)
		buf_addc(out, '-');
	buf_addu(out, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
	return out->failed ? -ENOMEM : 0;
}

static int add_member(struct buf *out, const void *member, enum field_kind kind)
{
	uint64_t n = 0;

	switch (kind) {
	case FIELD_TEXT:
		return add_text(out, *(char *const *)member);
	case FIELD_VERDICT:
		return add_text(out, verdict_name(*(const enum verdict *)member));
	case FIELD_INT:
		return add_signed(out, *(const int *)member);
	case FIELD_BOOL:
		buf_adds(out, *(const bool *)member ? "true" : "false");
		return out->failed ? -ENOMEM : 0;
	case FIELD_U64:
		n = *(const uint64_t *)member;
		break;
	case FIELD_UINT:
		n = *(const unsigned *)member;
		break;
	case FIELD_STRINGS:
	case FIELD_REAL:
		return add_value(out, member_to_json(member, kind));
	}
	buf_addu(out, n > INT64_MAX ? INT64_MAX : n);
	return out->failed ? -ENOMEM : 0;
}

int fields_write_text(struct buf *out, const void *record, const struct field *rows)
{
	int rc = 0;

	for (const struct field *f = rows; f->name != NULL && rc == 0; f++) {
		const void *member = (const char *)record + f->offset;

		if (is_absent(member, f->kind))
			continue;
		add_name(out, f->name);
		rc = add_member(out, member, f->kind);
	}
	return rc;
}

int fields_add_text(struct buf *out, const char *name, const char *text)
{
	add_name(out, name);
	return add_text(out, text);
}

static int read_text(const json_t *value, char **text)
{
	char *copy;

	if (!json_is_string(value))
		return -EINVAL;
	copy = strdup(json_string_value(value));
	if (copy == NULL)
		return -ENOMEM;
	free(*text);
	*text = copy;
	return 0;
}

static int read_strings(const json_t *value, struct strings *s)
{
	strings_deinit(s);
	if (!json_is_array(value))
		return -EINVAL;
	for (size_t i = 0; i < json_array_size(value); i++) {
		const json_t *item = json_array_get(value, i);

		if (!json_is_string(item))
			return -EINVAL;
		if (strings_add(s, json_string_value(item), json_string_length(item)) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int read_integer(const json_t *value, json_int_t min, json_int_t max, json_int_t *n)
{
	if (!json_is_integer(value))
		return -EINVAL;
	*n = json_integer_value(value);
	return *n < min || *n > max ? -EINVAL : 0;
}

static int member_from_json(const json_t *value, void *member, enum field_kind kind)
{
	json_int_t n = 0;
	int rc = 0;

	switch (kind) {
	case FIELD_TEXT:
		return read_text(value, member);
	case FIELD_STRINGS:
		return read_strings(value, member);
	case FIELD_U64:
		rc = read_integer(value, 0, INT64_MAX, &n);
		*(uint64_t *)member = (uint64_t)n;
		return rc;
	case FIELD_UINT:
		rc = read_integer(value, 0, UINT_MAX, &n);
		*(unsigned *)member = (unsigned)n;
		return rc;
	case FIELD_INT:
		rc = read_integer(value, INT_MIN, INT_MAX, &n);
		*(int *)member = (int)n;
		return rc;
	case FIELD_BOOL:
		*(bool *)member = json_is_true(value);
		return json_is_boolean(value) ? 0 : -EINVAL;
	case FIELD_REAL:
		*(double *)member = json_number_value(value);
		return json_is_number(value) || json_is_null(value) ? 0 : -EINVAL;
	case FIELD_VERDICT:
		return json_is_string(value) ? verdict_parse(json_string_value(value), member) : -EINVAL;
	}
	return -EINVAL;
}

static const char *kind_text(enum field_kind kind)
{
	static const char *const texts[] = {
		[FIELD_TEXT] = "a string",
		[FIELD_STRINGS] = "an array of strings",
		[FIELD_U64] = "a whole number from 0",
		[FIELD_UINT] = "a whole number from 0 to 4294967295",
		[FIELD_INT] = "a whole number of 32 bits",
		[FIELD_BOOL] = "true or false",
		[FIELD_REAL] = "a number",
		[FIELD_VERDICT] = "a verdict",
	};

	return texts[kind];
}

int fields_read(json_t *object, void *record, const struct field *rows, const char *what, struct err *e)
{
	if (!json_is_object(object))
		return err_set(e, EINVAL, "%s: is not a JSON object", what);
	for (const struct field *f = rows; f->name != NULL; f++) {
		json_t *value = json_object_get(object, f->name);
		int rc = value == NULL ? 0 : member_from_json(value, (char *)record + f->offset, f->kind);

		if (rc == -ENOMEM)
			return err_set(e, ENOMEM, "%s: %s", what, strerror(ENOMEM));
		if (rc < 0)
			return err_set(e, EINVAL, "%s: \"%s\" is not %s", what, f->name, kind_text(f->kind));
	}
	return 0;
}

void fields_free(void *record, const struct field *rows)
{
	for (const struct field *f = rows; f->name != NULL; f++) {
		void *member = (char *)record + f->offset;

		if (f->kind == FIELD_TEXT) {
			free(*(char **)member);
			*(char **)member = NULL;
		} else if (f->kind == FIELD_STRINGS) {
			strings_deinit(member);
		}
	}
}

// ---- lists ----

static void **items_of(void *record, const struct field_list *list)
{
	return (void **)(void *)((char *)record + list->items_offset);
}

static size_t *count_of(void *record, const struct field_list *list)
{
	return (size_t *)(void *)((char *)record + list->count_offset);
}

void *list_add(void *record, const struct field_list *list)
{
	void **items = items_of(record, list);
	size_t *count = count_of(record, list);
	void *grown = reallocarray(*items, *count + 1, list->item_size);
	char *item;

	if (grown == NULL)
		return NULL;
	*items = grown;
	item = (char *)grown + *count * list->item_size;
	memset(item, 0, list->item_size);
	++*count;
	return item;
}

static json_t *item_to_json(const void *item, const struct field_list *list)
{
	json_t *object = json_object();

	if (object == NULL)
		return NULL;
	if (fields_write(object, item, list->rows) < 0 ||
	    (list->write_more != NULL && list->write_more(object, item) < 0)) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static int list_write(json_t *object, const void *record, const struct field_list *list)
{
	const char *items = *(const char *const *)(const void *)((const char *)record + list->items_offset);
	size_t count = *(const size_t *)(const void *)((const char *)record + list->count_offset);
	json_t *array;

	if (count == 0)
		return 0;
	array = json_array();
	for (size_t i = 0; array != NULL && i < count; i++) {
		if (json_array_append_new(array, item_to_json(items + i * list->item_size, list)) < 0) {
			json_decref(array);
			return -ENOMEM;
		}
	}
	return json_object_set_new(object, list->name, array) < 0 ? -ENOMEM : 0;
}

int lists_write(json_t *object, const void *record, const struct field_list *lists)
{
	int rc = 0;

	for (const struct field_list *list = lists; list->name != NULL && rc == 0; list++)
		rc = list_write(object, record, list);
	return rc;
}

static int list_read(json_t *array, void *record, const struct field_list *list, struct err *e)
{
	int rc = 0;

	if (!json_is_array(array))
		return err_set(e, EINVAL, "\"%s\" is not an array", list->name);
	for (size_t i = 0; i < json_array_size(array) && rc == 0; i++) {
		void *item = list_add(record, list);
		json_t *object = json_array_get(array, i);

		if (item == NULL)
			return err_set(e, ENOMEM, "%s: %s", list->name, strerror(ENOMEM));
		rc = fields_read(object, item, list->rows, list->name, e);
		if (rc == 0 && list->read_more != NULL)
			rc = list->read_more(object, item, e);
	}
	return rc;
}

int lists_read(json_t *object, void *record, const struct field_list *lists, struct err *e)
{
	int rc = 0;

	for (const struct field_list *list = lists; list->name != NULL && rc == 0; list++) {
		json_t *array = json_object_get(object, list->name);

		if (array != NULL)
			rc = list_read(array, record, list, e);
	}
	return rc;
}

void lists_free(void *record, const struct field_list *lists)
{
	for (const struct field_list *list = lists; list->name != NULL; list++) {
		char *items = *items_of(record, list);
		size_t *count = count_of(record, list);

		for (size_t i = 0; i < *count; i++) {
			if (list->free_more != NULL)
				list->free_more(items + i * list->item_size);
			fields_free(items + i * list->item_size, list->rows);
		}
		free(items);
		*items_of(record, list) = NULL;
		*count = 0;
	}
}

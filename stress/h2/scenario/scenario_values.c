// Values of a scenario's fields: times, sizes, counts, texts, files.
#include "scenario_parts.h"

#include "clock.h"
#include "io.h"
#include "units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUANTITY_BYTES 64U
#define MAX_TIME (24 * 3600 * SG_NS_PER_S)

// A field "(name 30s)" of `list`: its one value as written, whether it was read as a symbol or as a number. 1 and
// *field; 0 where there is none; or -EINVAL.
static int quantity_text(struct h2_reader *r, const struct sexp *list, const char *name, char text[QUANTITY_BYTES],
                         const struct sexp **field)
{
	const struct sexp *f = sexp_field(list, name), *v = sexp_at(f, 1);
	*field = f;
	if (!f)
		return 0;
	if (f->count != 2 || (v->kind != SEXP_SYMBOL && v->kind != SEXP_INT))
		return FAIL(r, f, "one value was expected, e.g. (%s 10)", name);
	if (v->kind == SEXP_INT)
		snprintf(text, QUANTITY_BYTES, "%" PRId64, v->number);
	else
		snprintf(text, QUANTITY_BYTES, "%s", v->text);
	return 1;
}

int h2_get_duration(struct h2_reader *r, const struct sexp *list, const char *name, uint64_t *ns)
{
	char text[QUANTITY_BYTES];
	const struct sexp *field;
	int rc = quantity_text(r, list, name, text, &field);
	if (rc > 0 && (units_parse_duration(text, ns) < 0 || *ns == 0 || *ns > MAX_TIME))
		return FAIL(r, field->items[1], "'%.40s' is not a time from 1ns to 24h; write e.g. 500ms or 30s",
		            text);
	return rc < 0 ? rc : 0;
}

int h2_get_bytes(struct h2_reader *r, const struct sexp *list, const char *name, uint64_t *bytes)
{
	char text[QUANTITY_BYTES];
	const struct sexp *field;
	int rc = quantity_text(r, list, name, text, &field);
	if (rc > 0 && (units_parse_bytes(text, bytes) < 0 || *bytes == 0 || *bytes > UINT32_MAX))
		return FAIL(r, field->items[1], "'%.40s' is not a size from 1 to 4G; write e.g. 64k or 1M", text);
	return rc < 0 ? rc : 0;
}

int h2_get_bytes_within(struct h2_reader *r, const struct sexp *list, const char *name, uint64_t min, uint64_t max,
                        uint32_t *bytes)
{
	char text[QUANTITY_BYTES];
	const struct sexp *field;
	uint64_t n;
	int rc = quantity_text(r, list, name, text, &field);
	if (rc > 0 && (units_parse_bytes(text, &n) < 0 || n < min || n > max))
		return FAIL(r, field->items[1], "'%.40s' is not a size from %" PRIu64 " to %" PRIu64 " bytes",
		            text, min, max);
	if (rc > 0)
		*bytes = (uint32_t)n;
	return rc < 0 ? rc : 0;
}

int h2_get_count(struct h2_reader *r, const struct sexp *list, const char *name, uint64_t max, uint64_t *n)
{
	int64_t value;
	const struct sexp *field = sexp_field(list, name);
	if (!field)
		return 0;
	if (field->count != 2)
		return FAIL(r, field, "one number was expected, e.g. (%s 10)", name);
	int rc = sexp_get_int(r->doc, field, 1, 1, (int64_t)max, &value, r->e);
	if (rc == 0)
		*n = (uint64_t)value;
	return rc;
}

int h2_get_text(struct h2_reader *r, const struct sexp *list, const char *name, const char **text)
{
	const struct sexp *field = sexp_field(list, name);
	if (!field)
		return 0;
	if (field->count != 2)
		return FAIL(r, field, "one string was expected, e.g. (%s \"...\")", name);
	return sexp_get_string(r->doc, field, 1, text, r->e);
}

const char *h2_keep(struct scenario *s, struct buf *bytes)
{
	buf_add(bytes, "", 0); // so that there is something to keep
	char *text = bytes->failed ? NULL : buf_take(bytes);
	char **more = text ? realloc(s->made, (s->made_count + 1) * sizeof(*more)) : NULL;
	if (!more) {
		free(text);
		buf_deinit(bytes);
		return NULL;
	}
	s->made = more;
	return s->made[s->made_count++] = text;
}

int h2_read_file(struct h2_reader *r, const struct sexp *v, struct scenario *s, struct h2_body *b)
{
	const char *name, *path = sexp_path(r->doc), *slash = strrchr(path, '/');
	struct buf bytes = { 0 };
	char *whole = NULL;
	int rc = sexp_get_string(r->doc, v, 1, &name, r->e);
	if (rc < 0)
		return rc;
	if (asprintf(&whole, "%.*s%s", name[0] != '/' && slash ? (int)(slash + 1 - path) : 0, path, name) < 0)
		return err_set(r->e, ENOMEM, "out of memory");
	struct err own = { 0 };
	rc = io_read_file(whole, H2_MAX_BODY, &bytes, &own);
	free(whole);
	if (rc < 0) {
		buf_deinit(&bytes);
		return FAIL(r, v, "%s", own.text);
	}
	b->length = bytes.len;
	b->text = h2_keep(s, &bytes);
	return b->text ? 0 : FAIL(r, v, "out of memory");
}

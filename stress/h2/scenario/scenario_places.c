// What of a request is made for each of its exchanges: the places in its texts (template.h).
#include "scenario_parts.h"
#include "template.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct h2_part *h2_add_part(struct h2_reader *r, const struct sexp *at, struct h2_request *q,
                            const struct h2_part *part)
{
	if (q->part_count == H2_MAX_PARTS) {
		FAIL(r, at, "more than %u parts in one request", H2_MAX_PARTS);
		return NULL;
	}
	struct h2_part *more = realloc(q->parts, (q->part_count + 1) * sizeof(*more));
	if (!more) {
		err_set(r->e, ENOMEM, "out of memory");
		return NULL;
	}
	q->parts = more;
	more += q->part_count++;
	*more = *part;
	return more;
}

int h2_add_text(struct h2_reader *r, const struct sexp *at, struct h2_request *q, enum h2_part_kind kind,
                size_t index, const char *text, size_t len)
{
	char why[H2_TEMPLATE_WHY];
	struct h2_template *t = NULL;
	const int rc = h2_template_parse(text, len, &t, why);
	if (rc < 0)
		return rc == -EINVAL ? FAIL(r, at, "%s", why) : err_set(r->e, ENOMEM, "out of memory");
	if (h2_template_most(t) <= H2_MAX_MADE &&
	    h2_add_part(r, at, q, &(struct h2_part){ .kind = kind, .index = index, .text = t }))
		return 0;
	const bool too_long = h2_template_most(t) > H2_MAX_MADE;
	h2_template_free(t);
	return too_long ? FAIL(r, at, "a text with places may become at most %u bytes", H2_MAX_MADE) : -EINVAL;
}

void h2_request_deinit(struct h2_request *q)
{
	for (size_t i = 0; i < q->part_count; i++)
		h2_template_free(q->parts[i].text);
	free(q->parts);
	q->parts = NULL;
	q->part_count = 0;
}

static int add_if_varies(struct h2_reader *r, const struct sexp *at, struct h2_request *q, enum h2_part_kind kind,
                         size_t index, const char *text)
{
	if (!text || !h2_template_has_places(text, strlen(text)))
		return 0;
	return h2_add_text(r, at, q, kind, index, text, strlen(text));
}

// The forms "(WORD ...)" of a request are in the order of its fields.
static int add_fields(struct h2_reader *r, const struct sexp *form, const char *word, enum h2_part_kind kind,
                      const struct h2_header *fields, struct h2_request *q)
{
	int rc = 0;
	for (size_t i = 1, index = 0; rc == 0 && i < form->count; i++)
		if (sexp_is_form(form->items[i], word)) {
			rc = add_if_varies(r, sexp_at(form->items[i], 2), q, kind, index, fields[index].value);
			index++;
		}
	return rc;
}

int h2_read_places(struct h2_reader *r, const struct sexp *form, struct h2_request *q)
{
	const struct sexp *body = sexp_at(sexp_field(form, "body"), 1);
	int rc = add_if_varies(r, sexp_field(form, "path"), q, H2_PART_PATH, 0, q->path);
	if (rc == 0)
		rc = add_if_varies(r, sexp_field(form, "authority"), q, H2_PART_AUTHORITY, 0, q->authority);
	if (rc == 0)
		rc = add_fields(r, form, "header", H2_PART_HEADER, q->headers, q);
	if (rc == 0)
		rc = add_fields(r, form, "trailer", H2_PART_TRAILER, q->trailers, q);
	if (rc < 0 || !body || body->kind != SEXP_STRING)
		return rc;
	if (h2_template_has_places(body->text, body->len))
		return h2_add_text(r, body, q, H2_PART_BODY, 0, body->text, body->len);
	return 0;
}

// Parameters of texts.
#include "text_params.h"

#include "rng.h"
#include "sexp.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST INT64_C(9007199254740991)

static bool is_name(const char *text)
{
	return islower((unsigned char)text[0]) &&
	       text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0' && strlen(text) <= 32;
}

static uint64_t mix(uint64_t seed, const char *name)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ seed;
	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
	return h;
}

// (random LOW HIGH)
static int draw(const struct sexp_doc *doc, const struct sexp *at, uint64_t seed, const char *name, char **value,
                struct err *e)
{
	int64_t low, high;
	struct rng rng;
	if (!sexp_is_form(at, "random") || at->count != 3)
		return sexp_err(doc, at, e, "a value was expected, or (random LOW HIGH)");
	int rc = sexp_get_int(doc, at, 1, 0, LARGEST, &low, e);
	if (rc == 0)
		rc = sexp_get_int(doc, at, 2, low, LARGEST, &high, e);
	if (rc < 0)
		return rc;
	rng_init(&rng, mix(seed, name));
	const uint64_t n = (uint64_t)low + rng_below(&rng, (uint64_t)(high - low) + 1);
	return asprintf(value, "%" PRIu64, n) < 0 ? -ENOMEM : 0;
}

static int read_param(struct text_params *p, const struct sexp_doc *doc, const struct sexp *form, uint64_t seed,
                      struct err *e)
{
	const char *name = NULL;
	const struct sexp *at = sexp_at(form, 2);
	char *value = NULL;
	if (p->count == SG_TEXT_PARAMS)
		return sexp_err(doc, form, e, "more than %u parameters", SG_TEXT_PARAMS);
	int rc = sexp_get_symbol(doc, form, 1, &name, e);
	if (rc == 0 && (!is_name(name) || form->count != 3))
		rc = sexp_err(doc, form, e, "(param NAME VALUE): a name is of a-z 0-9 -, e.g. (param size 100)");
	for (size_t i = 0; rc == 0 && i < p->count; i++)
		if (strcmp(p->names[i], name) == 0)
			rc = sexp_err(doc, form, e, "parameter '%s' is there twice", name);
	if (rc < 0)
		return rc;
	if (at->kind == SEXP_LIST)
		rc = draw(doc, at, seed, name, &value, e);
	else if (at->kind == SEXP_INT)
		rc = asprintf(&value, "%" PRId64, at->number) < 0 ? -ENOMEM : 0;
	else
		rc = (value = strdup(at->text)) == NULL ? -ENOMEM : 0;
	if (rc < 0)
		return rc;
	p->names[p->count] = strdup(name);
	p->values[p->count++] = value;
	return p->names[p->count - 1] == NULL ? -ENOMEM : 0;
}

int text_params_read(struct text_params *p, const char *path, const char *text, size_t len, uint64_t seed,
                     struct err *e)
{
	struct sexp_doc *doc = NULL;
	int rc = sexp_parse(path, text, len, &doc, e);
	const struct sexp *form = rc == 0 ? sexp_at(sexp_root(doc), 0) : NULL;
	for (size_t i = 0; rc == 0 && form != NULL && form->kind == SEXP_LIST && i < form->count; i++)
		if (sexp_is_form(form->items[i], "param"))
			rc = read_param(p, doc, form->items[i], seed, e);
	sexp_free(doc);
	return rc == -ENOMEM ? err_set(e, ENOMEM, "%s: out of memory", path) : rc;
}

int text_params_set(struct text_params *p, const char *path, const char *assignment, struct err *e)
{
	const char *equals = strchr(assignment, '=');
	const size_t len = equals != NULL ? (size_t)(equals - assignment) : 0;
	for (size_t i = 0; len > 0 && i < p->count; i++) {
		if (strlen(p->names[i]) != len || strncmp(p->names[i], assignment, len) != 0)
			continue;
		char *value = strdup(equals + 1);
		if (value == NULL)
			return err_set(e, ENOMEM, "out of memory");
		free(p->values[i]);
		p->values[i] = value;
		return 0;
	}
	return err_set(e, EINVAL, "%s: it has no parameter '%.*s'; write NAME=VALUE of a (param NAME ...) in it",
	               path, len > 0 ? (int)len : 60, assignment);
}

// The index of the parameter whose name stands at `text`, or count.
static size_t named(const struct text_params *p, const char *text, size_t len)
{
	size_t n = 0, i;
	while (n < len && (islower((unsigned char)text[n]) || isdigit((unsigned char)text[n]) || text[n] == '-'))
		n++;
	for (i = 0; i < p->count; i++)
		if (strlen(p->names[i]) == n && memcmp(p->names[i], text, n) == 0)
			break;
	return i;
}

void text_params_fill(const struct text_params *p, const char *text, size_t len, struct buf *out)
{
	for (size_t at = 0; at < len; at++) {
		const size_t i = text[at] == '$' ? named(p, text + at + 1, len - at - 1) : p->count;
		if (i == p->count) {
			buf_addc(out, text[at]);
		} else {
			buf_adds(out, p->values[i]);
			at += strlen(p->names[i]);
		}
	}
}

void text_params_deinit(struct text_params *p)
{
	for (size_t i = 0; i < p->count; i++) {
		free(p->names[i]);
		free(p->values[i]);
	}
	*p = (struct text_params){ 0 };
}

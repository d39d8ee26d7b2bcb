// What the readers of a scenario's clauses share: where complaints go, values of fields, the clauses with files of
// their own. 0, or -EINVAL with "path:line:column: ..." in the reader's `e`; a field that is not there leaves the
// value as it was.
#ifndef SG_H2_SCENARIO_PARTS_H
#define SG_H2_SCENARIO_PARTS_H

#include "scenario.h"
#include "sexp.h"

// A file being read, and where complaints go.
struct h2_reader {
	const struct sexp_doc *doc;
	struct err *e;
};

#define FAIL(r, at, ...) sexp_err((r)->doc, (at), (r)->e, __VA_ARGS__)

// The field NAME of `list`: "(NAME 30s)", "(NAME 64k)", "(NAME 10)" from 1 to `max`, "(NAME "text")" (borrowed).
int h2_get_duration(struct h2_reader *r, const struct sexp *list, const char *name, uint64_t *ns);
int h2_get_bytes(struct h2_reader *r, const struct sexp *list, const char *name, uint64_t *bytes);
int h2_get_count(struct h2_reader *r, const struct sexp *list, const char *name, uint64_t max, uint64_t *n);
int h2_get_text(struct h2_reader *r, const struct sexp *list, const char *name, const char **text);

int h2_read_tls(struct h2_reader *r, struct scenario *s, const struct sexp *list);
int h2_read_load(struct h2_reader *r, struct scenario *s, const struct sexp *list); // NULL: the defaults

#endif

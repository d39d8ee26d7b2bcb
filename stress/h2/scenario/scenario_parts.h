// What the readers of a scenario's clauses share: where complaints go, values of fields, the clauses with files of
// their own. 0, or -EINVAL with "path:line:column: ..." in the reader's `e`; a field that is not there leaves the
// value as it was.
#ifndef SG_H2_SCENARIO_PARTS_H
#define SG_H2_SCENARIO_PARTS_H

#include "buf.h"
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
int h2_get_bytes_within(struct h2_reader *r, const struct sexp *list, const char *name, uint64_t min, uint64_t max,
                        uint32_t *bytes);
int h2_get_count(struct h2_reader *r, const struct sexp *list, const char *name, uint64_t max, uint64_t *n);
int h2_get_text(struct h2_reader *r, const struct sexp *list, const char *name, const char **text);

// Whether a path, say, has only the visible characters of ASCII.
bool h2_is_visible(const char *text);
// Keeps bytes for as long as the scenario; takes them over. NULL without memory. A NUL is behind them.
const char *h2_keep(struct scenario *s, struct buf *bytes);
// The bytes of "(file "NAME")", which stands beside the scenario's own file.
int h2_read_file(struct h2_reader *r, const struct sexp *v, struct scenario *s, struct h2_body *b);
// Forms "(WORD "name" "value")" of `list`, WORD being header or trailer, behind those that are there: at most
// `most`.
int h2_read_fields(struct h2_reader *r, const struct sexp *list, const char *word, bool is_request, size_t most,
                   struct h2_header *fields, size_t *count);
// gRPC: (grpc "/SERVICE/METHOD") with its messages, in place of a method, a path and a body; and what is expected
// of its response. `expect` may be NULL.
int h2_read_grpc(struct h2_reader *r, struct scenario *s, const struct sexp *form, struct h2_request *q);
int h2_read_grpc_expect(struct h2_reader *r, struct scenario *s, const struct sexp *expect, struct h2_request *q);
// The places in what was read of the request.
int h2_read_places(struct h2_reader *r, const struct sexp *form, struct h2_request *q);
// Adds a part; NULL without memory, or where there are too many. Its text is the request's.
struct h2_part *h2_add_part(struct h2_reader *r, const struct sexp *at, struct h2_request *q,
                            const struct h2_part *part);
// Adds the text as a part of that kind.
int h2_add_text(struct h2_reader *r, const struct sexp *at, struct h2_request *q, enum h2_part_kind kind,
                size_t index, const char *text, size_t len);
int h2_read_tls(struct h2_reader *r, struct scenario *s, const struct sexp *list);
int h2_read_load(struct h2_reader *r, struct scenario *s, const struct sexp *list); // NULL: the defaults

#endif

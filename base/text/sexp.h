// S-expressions: the syntax of kernels, dialects and scenarios.
//
//   file   = form*
//   form   = "(" form* ")" | integer | string | symbol
//   string = '"' ... '"' with the escapes \n \t \r \" \\ ; it may hold newlines and UTF-8
//   symbol = printable ASCII without blanks and ( ) [ ] { } " ;
//   ;        a comment to the end of the line
//
// A token that is wholly [-+]digits is an integer; everything else that is no string is a symbol ("30s", "<=").
#ifndef SG_SEXP_H
#define SG_SEXP_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Deeper nesting is refused, so that whoever walks a tree may do it by recursion.
#define SG_SEXP_DEPTH 200U
// The most that one file's tree may take.
#define SG_SEXP_BYTES (64U * 1024U * 1024U)

enum sexp_kind { SEXP_LIST, SEXP_SYMBOL, SEXP_STRING, SEXP_INT };

struct sexp {
	enum sexp_kind kind;
	unsigned line, column; // of its first byte, from 1; columns count bytes
	union {
		int64_t number; // SEXP_INT
		struct {        // SEXP_SYMBOL, SEXP_STRING: NUL-terminated, escapes resolved, no NUL inside
			const char *text;
			size_t len;
		};
		struct { // SEXP_LIST
			const struct sexp **items;
			size_t count;
		};
	};
};

// One file's tree. All of it belongs to the document.
struct sexp_doc;

// Parses `text` (need not be NUL-terminated). `path` is used in messages. *out is to be freed by sexp_free.
// -EINVAL with "path:line:column: ..." in `e`, -E2BIG for a tree over SG_SEXP_BYTES, -ENOMEM.
int sexp_parse(const char *path, const char *text, size_t len, struct sexp_doc **out, struct err *e);
// The same from a file of at most `limit` bytes (else -EFBIG).
int sexp_load(const char *path, size_t limit, struct sexp_doc **out, struct err *e);
void sexp_free(struct sexp_doc *d); // accepts NULL
// The list of the file's top-level forms (line 1, column 1).
const struct sexp *sexp_root(const struct sexp_doc *d);
const char *sexp_path(const struct sexp_doc *d);
// Fills in "path:line:column: message" and returns -EINVAL.
__attribute__((format(printf, 4, 5))) int sexp_err(const struct sexp_doc *d, const struct sexp *at, struct err *e,
                                                   const char *format, ...);

// Whether `s` is a list that begins with the symbol `head`; whether it is that symbol. NULL is neither.
bool sexp_is_form(const struct sexp *s, const char *head);
bool sexp_is_symbol(const struct sexp *s, const char *name);

// The i-th item; NULL when `list` is NULL, no list, or shorter.
const struct sexp *sexp_at(const struct sexp *list, size_t i);

// Fields: a list whose items from some index on are lists headed by a name, "(timeout 30) (host "a" "b")".
// The first such item; NULL when there is none.
const struct sexp *sexp_field(const struct sexp *list, const char *name);
// Every item from index `first` on must be a field named in `names` (NULL-terminated), none of them twice unless
// its name stands there with a leading "*" ("*header"). 0, or -EINVAL with the place and the known names in `e`.
int sexp_check_fields(const struct sexp_doc *d, const struct sexp *list, size_t first, const char *const *names,
                      struct err *e);

// The i-th item of `list` as an integer within [min, max], a string, or a symbol: 0, or -EINVAL with the place
// and what was expected. Text is borrowed from the document.
int sexp_get_int(const struct sexp_doc *d, const struct sexp *list, size_t i, int64_t min, int64_t max,
                 int64_t *out, struct err *e);
int sexp_get_string(const struct sexp_doc *d, const struct sexp *list, size_t i, const char **out, struct err *e);
int sexp_get_symbol(const struct sexp_doc *d, const struct sexp *list, size_t i, const char **out, struct err *e);

// A name for messages: "a list", "the symbol", "the string", "the number".
const char *sexp_kind_name(enum sexp_kind k);

#endif

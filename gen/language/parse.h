// What parse.c (a kernel's fields), parse_expr.c (forms) and parse_name.c (names, calls, literals) share.
#ifndef SG_PARSE_H
#define SG_PARSE_H

#include "kernel.h"
#include "sexp.h"

struct parser {
	const struct sexp_doc *doc;
	struct kernel *kernel;
	struct err *e;
	struct var **scope; // visible variables, innermost last
	size_t scope_count, scope_cap;
	struct function *lambdas[SG_SEXP_DEPTH + 2]; // the functions around, by level
	unsigned loops[SG_SEXP_DEPTH + 2];           // loops around, within the function of that level
	unsigned level;                              // 0: a formula over the parameters
	size_t function_now;                         // index of the function that is being parsed
	size_t visible_functions;                    // 0 in formulas
	bool formula;                                // over the parameters alone
	bool no_memory;                              // the error is -ENOMEM, whatever came of it
};

// An expression; `tail` says whether a call here may be tagged as a tail call. NULL with the error filled in.
struct node *parse_expr(struct parser *p, const struct sexp *s, bool tail);
// The items of `list` from `first` on as a body (one or more expressions).
struct node *parse_body(struct parser *p, const struct sexp *list, size_t first, bool tail);
// A new variable in the innermost scope, after checking its name.
struct var *parse_variable(struct parser *p, const struct sexp *name);
// Parameters (items of `list` from `first`) and body (items of `body` from `body_first`), one level deeper.
int parse_function(struct parser *p, struct function *f, const struct sexp *list, size_t first,
                   const struct sexp *body, size_t body_first);
// 0 when `s` is a name that a kernel may give: [a-z][a-z0-9-]*, and no word of the language.
int parse_check_name(struct parser *p, const struct sexp *s);
// Zeroed memory from the kernel's arena, and a copy of text; NULL with the error filled in.
void *parse_alloc(struct parser *p, size_t bytes);
char *parse_text(struct parser *p, const char *text, size_t len);

// --- within the parser of expressions; NULL with the error filled in ---
// A node that stands where `at` does; the kernel is told that it has one of this kind.
struct node *parse_node(struct parser *p, enum node_kind kind, const struct sexp *at);
// `count` expressions from items[first], none of them in tail position.
struct node **parse_items(struct parser *p, const struct sexp *s, size_t first, size_t count);
struct node *parse_symbol(struct parser *p, const struct sexp *s);
struct node *parse_string(struct parser *p, const struct sexp *s);
struct node *parse_op(struct parser *p, const struct sexp *s, enum op o);
// What no form and no operation begins: a call of a function, by its name or as a value.
struct node *parse_call(struct parser *p, const struct sexp *s);

#endif

// Kernel text as a tree that can be built, changed and printed: what random.c makes and shrink.c reduces.
#ifndef SG_FORM_H
#define SG_FORM_H

#include "arena.h"
#include "buf.h"
#include "sexp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct form {
	const char *text;    // an atom as it is written, a string with its quotes; NULL: a list
	struct form **items; // of a list
	size_t count, cap;
	// Where it is too long for a line, the first `head` items (0: an atom and what follows it) stay on its
	// first line; the others are below the last of those where `aligned`, or indented like a body.
	size_t head;
	bool aligned;
};

// Where forms live. A zeroed one is empty.
struct forms {
	struct arena arena;
	struct form none; // what is returned without memory
	bool failed;      // out of memory: what was built is worthless
};

void forms_deinit(struct forms *f);
// All of these return a form that lives as long as `f`, never NULL; text is copied.
struct form *form_atom(struct forms *f, const char *text);
struct form *form_int(struct forms *f, int64_t number);
struct form *form_string(struct forms *f, const char *text, size_t len); // escaped and quoted
struct form *form_list(struct forms *f);
void form_add(struct forms *f, struct form *list, struct form *item);
// (head item ...), NULL behind the last item.
struct form *form_of(struct forms *f, const char *head, ...) __attribute__((sentinel));
// The tree of a file that was read.
struct form *form_copy(struct forms *f, const struct sexp *s);

// Atoms but a list's head, and lists.
size_t form_nodes(const struct form *form);
// Whether it is the atom `text`, or a list that begins with it.
bool form_is(const struct form *form, const char *text);
bool form_begins(const struct form *form, const char *head);
// As text of lines of at most 100 columns where that can be, and a newline behind.
void form_print(const struct form *form, struct buf *out);
// The same at a column, without the newline, `behind` closing parentheses directly behind it.
void form_print_at(const struct form *form, size_t column, size_t behind, struct buf *out);

#endif

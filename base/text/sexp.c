// The S-expression reader: iterative, with a bounded depth and an arena of bounded size behind each tree.
#include "sexp.h"

#include "arena.h"
#include "buf.h"
#include "io.h"
#include "utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sexp_doc {
	struct arena arena;
	const char *path;
	struct sexp *root;
};

// Items of all lists that are still open; each frame knows where its own begin.
struct frame {
	struct sexp *list;
	size_t first;
};

struct reader {
	struct sexp_doc *doc;
	struct err *e;
	const char *p, *end;
	const char *line_start;
	unsigned line;
	struct frame open[SG_SEXP_DEPTH + 1];
	size_t depth; // of `open`; the root is open[0]
	const struct sexp **items;
	size_t count, cap;
	struct buf text; // the string that is being read
};

const char *sexp_kind_name(enum sexp_kind k)
{
	static const char *const names[] = { "a list", "the symbol", "the string", "the number" };

	return names[k];
}

static unsigned column_of(const struct reader *r, const char *at)
{
	return (unsigned)(at - r->line_start) + 1;
}

__attribute__((format(printf, 3, 4))) static int fail(struct reader *r, const char *at, const char *format, ...)
{
	char message[256];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	return err_at(r->e, EINVAL, r->doc->path, r->line, column_of(r, at), "%s", message);
}

static int no_memory(struct reader *r)
{
	if (r->doc->arena.total >= SG_SEXP_BYTES / 2)
		return err_at(r->e, E2BIG, r->doc->path, r->line, column_of(r, r->p),
		              "the file's tree takes more than %u MiB; split the file", SG_SEXP_BYTES >> 20);
	return err_set(r->e, ENOMEM, "%s: out of memory", r->doc->path);
}

// Adds a node of `kind` that begins at `at` to the innermost open list.
static struct sexp *add_node(struct reader *r, enum sexp_kind kind, const char *at)
{
	struct sexp *s = arena_alloc(&r->doc->arena, sizeof *s);

	if (s == NULL)
		return NULL;
	s->kind = kind;
	s->line = r->line;
	s->column = column_of(r, at);
	if (r->count == r->cap) {
		size_t cap = r->cap == 0 ? 64 : r->cap * 2;
		const struct sexp **items = realloc(r->items, cap * sizeof(const struct sexp *));
		if (items == NULL)
			return NULL;
		r->items = items;
		r->cap = cap;
	}
	r->items[r->count++] = s;
	return s;
}

static int open_list(struct reader *r)
{
	struct sexp *s;

	if (r->depth > SG_SEXP_DEPTH - 1)
		return fail(r, r->p, "nested deeper than %u lists", SG_SEXP_DEPTH);
	s = add_node(r, SEXP_LIST, r->p);
	if (s == NULL)
		return no_memory(r);
	r->open[r->depth++] = (struct frame){ s, r->count };
	r->p++;
	return 0;
}

// Moves the innermost list's items into it.
static int finish_list(struct reader *r)
{
	struct frame *f = &r->open[--r->depth];
	size_t count = r->count - f->first;
	const struct sexp **items = NULL;

	if (count != 0) {
		items = arena_alloc(&r->doc->arena, count * sizeof *items);
		if (items == NULL)
			return no_memory(r);
		memcpy(items, r->items + f->first, count * sizeof *items);
	}
	f->list->items = items;
	f->list->count = count;
	r->count = f->first;
	return 0;
}

static int close_list(struct reader *r)
{
	if (r->depth == 1)
		return fail(r, r->p, "')' without a '('");
	r->p++;
	return finish_list(r);
}

// Whether the byte at p (and those that belong to it) may stand in a string or a comment.
static size_t text_length(struct reader *r)
{
	unsigned char c = (unsigned char)*r->p;

	if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F)
		return 0;
	return utf8_length(r->p, (size_t)(r->end - r->p));
}

static int bad_byte(struct reader *r)
{
	unsigned char c = (unsigned char)*r->p;

	if (c == 0)
		return fail(r, r->p, "NUL byte; this must be a text file");
	return fail(r, r->p,
	            "byte 0x%02X is not allowed here; only printable ASCII, and UTF-8 in strings and comments", c);
}

static void new_line(struct reader *r)
{
	r->line++;
	r->line_start = r->p + 1;
}

static int skip_comment(struct reader *r)
{
	while (r->p < r->end && *r->p != '\n') {
		size_t n = text_length(r);
		if (n == 0)
			return bad_byte(r);
		r->p += n;
	}
	return 0;
}

static int read_escape(struct reader *r)
{
	static const char names[] = "nrt\"\\";
	static const char values[] = "\n\r\t\"\\";
	const char *found = r->p + 1 < r->end && r->p[1] != 0 ? strchr(names, r->p[1]) : NULL;

	if (found == NULL)
		return fail(r, r->p, "unknown escape in a string; known are \\n \\r \\t \\\" \\\\");
	buf_addc(&r->text, values[found - names]);
	r->p += 2;
	return 0;
}

static int read_string(struct reader *r)
{
	struct sexp *s = add_node(r, SEXP_STRING, r->p);

	if (s == NULL)
		return no_memory(r);
	buf_clear(&r->text);
	r->p++;
	while (r->p < r->end && *r->p != '"') {
		size_t n = text_length(r);
		if (n == 0)
			return bad_byte(r);
		if (*r->p == '\\') {
			int rc = read_escape(r);
			if (rc < 0)
				return rc;
			continue;
		}
		buf_add(&r->text, r->p, n);
		if (*r->p == '\n')
			new_line(r);
		r->p += n;
	}
	if (r->p == r->end)
		return err_at(r->e, EINVAL, r->doc->path, s->line, s->column, "string without a closing '\"'");
	r->p++;
	s->text = arena_text(&r->doc->arena, buf_text(&r->text), r->text.len);
	s->len = r->text.len;
	return s->text == NULL || r->text.failed ? no_memory(r) : 0;
}

static bool is_symbol_byte(char c)
{
	return c > ' ' && c < 0x7F && strchr("()[]{}\";", c) == NULL;
}

static bool is_integer(const char *p, const char *end)
{
	if (p < end && (*p == '-' || *p == '+'))
		p++;
	if (p == end)
		return false;
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p == end;
}

static int read_atom(struct reader *r)
{
	const char *start = r->p;
	struct sexp *s;

	while (r->p < r->end && is_symbol_byte(*r->p))
		r->p++;
	if (r->p == start)
		return strchr("[]{}", *r->p) != NULL && *r->p != 0
		               ? fail(r, r->p, "'%c' has no meaning here; lists are written with ( )", *r->p)
		               : bad_byte(r);
	s = add_node(r, is_integer(start, r->p) ? SEXP_INT : SEXP_SYMBOL, start);
	if (s == NULL)
		return no_memory(r);
	s->text = arena_text(&r->doc->arena, start, (size_t)(r->p - start));
	s->len = (size_t)(r->p - start);
	if (s->text == NULL)
		return no_memory(r);
	if (s->kind == SEXP_INT) {
		errno = 0;
		s->number = strtoll(s->text, NULL, 10);
		if (errno == ERANGE)
			return fail(r, start, "number out of range; integers have 64 bits");
	}
	return 0;
}

static int read_next(struct reader *r)
{
	switch (*r->p) {
	case '\n':
		new_line(r);
		__attribute__((fallthrough));
	case ' ':
	case '\t':
	case '\r':
		r->p++;
		return 0;
	case ';':
		return skip_comment(r);
	case '(':
		return open_list(r);
	case ')':
		return close_list(r);
	case '"':
		return read_string(r);
	default:
		return read_atom(r);
	}
}

static int read_all(struct reader *r)
{
	int rc = 0;

	while (rc == 0 && r->p < r->end)
		rc = read_next(r);
	if (rc == 0 && r->depth > 1) {
		const struct sexp *s = r->open[r->depth - 1].list;
		return err_at(r->e, EINVAL, r->doc->path, s->line, s->column,
		              "'(' without a ')': the file ends %zu short", r->depth - 1);
	}
	return rc < 0 ? rc : finish_list(r);
}

int sexp_parse(const char *path, const char *text, size_t len, struct sexp_doc **out, struct err *e)
{
	struct sexp_doc *d = calloc(1, sizeof *d);
	struct reader r = { .doc = d, .e = e, .p = text, .end = text + len, .line_start = text, .line = 1 };
	int rc;

	*out = NULL;
	if (d == NULL)
		return err_set(e, ENOMEM, "%s: out of memory", path);
	d->arena.limit = SG_SEXP_BYTES;
	d->path = arena_text(&d->arena, path, strlen(path));
	d->root = arena_alloc(&d->arena, sizeof *d->root);
	if (d->path == NULL || d->root == NULL) {
		rc = err_set(e, ENOMEM, "%s: out of memory", path);
		goto out;
	}
	*d->root = (struct sexp){ .kind = SEXP_LIST, .line = 1, .column = 1 };
	r.open[r.depth++] = (struct frame){ d->root, 0 };
	rc = read_all(&r);
out:
	free(r.items);
	buf_deinit(&r.text);
	if (rc < 0)
		sexp_free(d);
	else
		*out = d;
	return rc;
}

int sexp_load(const char *path, size_t limit, struct sexp_doc **out, struct err *e)
{
	struct buf b = { 0 };
	int rc = io_read_file(path, limit, &b, e);

	*out = NULL;
	if (rc >= 0)
		rc = sexp_parse(path, buf_text(&b), b.len, out, e);
	buf_deinit(&b);
	return rc;
}

void sexp_free(struct sexp_doc *d)
{
	if (d == NULL)
		return;
	arena_deinit(&d->arena);
	free(d);
}

const struct sexp *sexp_root(const struct sexp_doc *d)
{
	return d->root;
}

const char *sexp_path(const struct sexp_doc *d)
{
	return d->path;
}

int sexp_err(const struct sexp_doc *d, const struct sexp *at, struct err *e, const char *format, ...)
{
	char message[512];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	return err_at(e, EINVAL, d->path, at->line, at->column, "%s", message);
}

bool sexp_is_symbol(const struct sexp *s, const char *name)
{
	return s != NULL && s->kind == SEXP_SYMBOL && strcmp(s->text, name) == 0;
}

bool sexp_is_form(const struct sexp *s, const char *head)
{
	return sexp_is_symbol(sexp_at(s, 0), head);
}

const struct sexp *sexp_at(const struct sexp *list, size_t i)
{
	return list != NULL && list->kind == SEXP_LIST && i < list->count ? list->items[i] : NULL;
}

const struct sexp *sexp_field(const struct sexp *list, const char *name)
{
	const struct sexp *item;

	for (size_t i = 0; (item = sexp_at(list, i)) != NULL; i++)
		if (sexp_is_form(item, name))
			return item;
	return NULL;
}

// The names that may be there, for a message: "timeout, host, header".
static void list_names(const char *const *names, struct buf *out)
{
	for (size_t i = 0; names[i] != NULL; i++)
		buf_addf(out, "%s%s", i == 0 ? "" : ", ", names[i] + (names[i][0] == '*' && names[i][1] != 0));
}

int sexp_check_fields(const struct sexp_doc *d, const struct sexp *list, size_t first, const char *const *names,
                      struct err *e)
{
	const struct sexp *item;

	for (size_t i = first; (item = sexp_at(list, i)) != NULL; i++) {
		const struct sexp *head = sexp_at(item, 0);
		size_t n = 0;
		bool many = false;
		if (head == NULL || head->kind != SEXP_SYMBOL)
			return sexp_err(d, item, e, "a field \"(name ...)\" was expected here");
		for (; names[n] != NULL; n++) {
			many = names[n][0] == '*' && names[n][1] != 0;
			if (strcmp(names[n] + many, head->text) == 0)
				break;
		}
		if (names[n] == NULL) {
			struct buf known = { 0 };
			list_names(names, &known);
			int rc = sexp_err(d, head, e, "unknown field '%.40s'; known are %s", head->text,
			                  buf_text(&known));
			buf_deinit(&known);
			return rc;
		}
		for (size_t k = first; !many && k < i; k++)
			if (sexp_is_form(list->items[k], head->text))
				return sexp_err(d, head, e, "field '%s' stands here twice", head->text);
	}
	return 0;
}

// The i-th item if it is of `kind`; else says what was wanted.
static const struct sexp *want(const struct sexp_doc *d, const struct sexp *list, size_t i, enum sexp_kind kind,
                               struct err *e)
{
	static const char *const wanted[] = { "a list", "a name", "a string in \"quotes\"", "a whole number" };
	const struct sexp *s = sexp_at(list, i);

	if (s == NULL)
		sexp_err(d, list, e, "%s is missing here", wanted[kind]);
	else if (s->kind != kind)
		sexp_err(d, s, e, "%s was expected, not %s", wanted[kind], sexp_kind_name(s->kind));
	return s != NULL && s->kind == kind ? s : NULL;
}

int sexp_get_int(const struct sexp_doc *d, const struct sexp *list, size_t i, int64_t min, int64_t max,
                 int64_t *out, struct err *e)
{
	const struct sexp *s = want(d, list, i, SEXP_INT, e);

	if (s == NULL)
		return -EINVAL;
	if (s->number < min || s->number > max)
		return sexp_err(d, s, e, "%" PRId64 " is out of range; from %" PRId64 " to %" PRId64 " is allowed",
		                s->number, min, max);
	*out = s->number;
	return 0;
}

int sexp_get_string(const struct sexp_doc *d, const struct sexp *list, size_t i, const char **out, struct err *e)
{
	const struct sexp *s = want(d, list, i, SEXP_STRING, e);

	if (s == NULL)
		return -EINVAL;
	*out = s->text;
	return 0;
}

int sexp_get_symbol(const struct sexp_doc *d, const struct sexp *list, size_t i, const char **out, struct err *e)
{
	const struct sexp *s = want(d, list, i, SEXP_SYMBOL, e);

	if (s == NULL)
		return -EINVAL;
	*out = s->text;
	return 0;
}

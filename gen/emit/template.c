// Templates: lines of text with placeholders, checked when a dialect is read.
#include "dialect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *word, *placeholders;
} constructs[] = {
#define X(name, word, placeholders) { word, placeholders },
	DIALECT_CONSTRUCTS(X)
#undef X
};

const char *template_word(int t)
{
	return t < OP_COUNT ? op_word((enum op)t) : constructs[t - OP_COUNT].word;
}

static int find_template(const char *word)
{
	for (int t = 0; t < TEMPLATE_COUNT; t++)
		if (strcmp(template_word(t), word) == 0)
			return t;
	return -1;
}

// The number of an operation's arguments, without counting repeated ones.
static size_t op_args(enum op o)
{
	size_t n = strcspn(op_signature(o), ">");

	return n > 0 && op_signature(o)[n - 1] == '*' ? n - 1 : n;
}

// Whether the construct fills a placeholder of that name.
static bool has_slot(int t, const char *name, size_t len)
{
	const char *p;

	if (t < OP_COUNT)
		return (len == 1 && name[0] >= '1' && (size_t)(name[0] - '0') <= op_args((enum op)t)) ||
		       (len == 4 && strncmp(name, "args", 4) == 0);
	for (p = constructs[t - OP_COUNT].placeholders; *p != 0; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");
		if (n == len && strncmp(p, name, len) == 0)
			return true;
		p += n;
	}
	return false;
}

static bool is_slot_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

struct line_reader {
	struct dialect *d;
	const struct sexp_doc *doc;
	const struct sexp *at; // the string
	struct err *e;
	int template;
	struct template_line *line;
};

static int add_piece(struct line_reader *r, struct piece piece)
{
	struct template_line *l = r->line;

	if ((l->count & (l->count - 1)) == 0) { // room for the next power of two
		struct piece *more = arena_alloc(&r->d->arena, (l->count * 2 + 1) * sizeof *more);
		if (more == NULL)
			return err_set(r->e, ENOMEM, "%s: out of memory", r->d->path);
		if (l->count > 0)
			memcpy(more, l->pieces, l->count * sizeof *more);
		l->pieces = more;
	}
	l->pieces[l->count++] = piece;
	return 0;
}

// "{name}" or "{name:12}" at p, where a lower-case letter or a digit follows the brace. Returns its length.
static int read_slot(struct line_reader *r, const char *p, const char *end)
{
	const char *name = p + 1, *q = name;
	struct piece piece = { 0 };
	int rc;

	while (q < end && is_slot_byte(*q))
		q++;
	if (!has_slot(r->template, name, (size_t)(q - name)))
		return sexp_err(
		        r->doc, r->at, r->e, "'%s' has no placeholder {%.*s}%s%s", template_word(r->template),
		        (int)(q - name > 30 ? 30 : q - name), name,
		        r->template <OP_COUNT ? "; its arguments are {1}, {2} ... or {args}" : "; known are ",
		                     r->template <OP_COUNT ? "" : constructs[r->template - OP_COUNT].placeholders);
	piece.slot = arena_text(&r->d->arena, name, (size_t)(q - name));
	if (q < end && *q == ':') {
		q++;
		while (q < end && *q >= '0' && *q <= '9' && piece.precedence <= PRECEDENCE_ATOM)
			piece.precedence = piece.precedence * 10 + (*q++ - '0');
	}
	if (q == end || *q != '}' || piece.precedence > PRECEDENCE_ATOM)
		return sexp_err(r->doc, r->at, r->e,
		                "a placeholder is {name} or {name:precedence}, the precedence at most %d",
		                PRECEDENCE_ATOM);
	rc = piece.slot == NULL ? err_set(r->e, ENOMEM, "%s: out of memory", r->d->path) : add_piece(r, piece);
	return rc < 0 ? rc : (int)(q + 1 - p);
}

// Whether a brace before a word is that of a list, as in "{name other}": no placeholder has a space, comma or
// dash.
static bool is_list(const char *p, const char *end)
{
	while (p < end && is_slot_byte(*p))
		p++;
	return p < end && strchr(" ,-_", *p) != NULL;
}

static int read_line(struct line_reader *r, const char *text, size_t len)
{
	const char *p = text, *end = text + len, *literal = text;

	while (p < end) {
		if (*p != '{' || p + 1 == end || !is_slot_byte(p[1]) || is_list(p + 1, end)) {
			p++;
			continue;
		}
		if (p > literal) {
			int rc = add_piece(r, (struct piece){ .text = literal, .len = (size_t)(p - literal) });
			if (rc < 0)
				return rc;
		}
		int n = read_slot(r, p, end);
		if (n < 0)
			return n;
		p += n;
		literal = p;
	}
	return p > literal ? add_piece(r, (struct piece){ .text = literal, .len = (size_t)(p - literal) }) : 0;
}

static size_t count_newlines(const char *text)
{
	size_t n = 0;

	for (; *text != 0; text++)
		n += *text == '\n';
	return n;
}

int template_parse(struct dialect *d, const struct sexp_doc *doc, const struct sexp *s, struct err *e)
{
	const struct sexp *head = sexp_at(s, 0);
	size_t first = sexp_at(s, 1) != NULL && s->items[1]->kind == SEXP_INT ? 2 : 1, lines = 0;
	int t = head != NULL && head->kind == SEXP_SYMBOL ? find_template(head->text) : -1;
	int64_t precedence = PRECEDENCE_ATOM;
	int rc = 0;

	if (t < 0)
		return sexp_err(doc, s, e, "'%.40s' is no construct of the kernel language",
		                head != NULL && head->kind == SEXP_SYMBOL ? head->text : "()");
	if (dialect_has(d, t) && !d->templates[t].inherited)
		return sexp_err(doc, s, e, "the template of '%s' stands here twice", head->text);
	if (first == 2)
		rc = sexp_get_int(doc, s, 1, 0, PRECEDENCE_ATOM, &precedence, e);
	if (rc == 0 && s->count == first)
		rc = sexp_err(doc, s, e, "(%s [precedence] \"line\" ...) was expected", head->text);
	for (size_t i = first; rc == 0 && i < s->count; i++) {
		if (s->items[i]->kind != SEXP_STRING)
			return sexp_err(doc, s->items[i], e, "a template's lines are strings");
		lines += 1 + count_newlines(s->items[i]->text);
	}
	if (rc < 0)
		return rc;
	struct template_line *out = arena_alloc(&d->arena, lines * sizeof *out);
	if (out == NULL)
		return err_set(e, ENOMEM, "%s: out of memory", d->path);
	struct line_reader r = { .d = d, .doc = doc, .e = e, .template = t, .line = out };
	for (size_t i = first; i < s->count; i++) {
		const char *p = arena_text(&d->arena, s->items[i]->text, s->items[i]->len);
		if (p == NULL)
			return err_set(e, ENOMEM, "%s: out of memory", d->path);
		r.at = s->items[i];
		for (;;) {
			size_t len = strcspn(p, "\n");
			if ((rc = read_line(&r, p, len)) < 0)
				return rc;
			if (p[len] == 0)
				break;
			p += len + 1;
			r.line++;
		}
		r.line++;
	}
	d->templates[t] = (struct template){ .lines = out, .count = lines, .precedence = (int)precedence };
	return 0;
}

bool template_uses(const struct template *t, const char *name)
{
	for (size_t l = 0; l < t->count; l++)
		for (size_t i = 0; i < t->lines[l].count; i++)
			if (t->lines[l].pieces[i].slot != NULL && strcmp(t->lines[l].pieces[i].slot, name) == 0)
				return true;
	return false;
}

// What no dialect of its style can do without.
static int check_required(struct dialect *d, const struct sexp_doc *doc, const struct sexp *form, struct err *e)
{
	static const int all[] = { CONSTRUCT_INT, CONSTRUCT_CALL, CONSTRUCT_FUNCTION, CONSTRUCT_PROGRAM };
	static const int statements[] = { CONSTRUCT_LET,     CONSTRUCT_ASSIGN, CONSTRUCT_RETURN,  CONSTRUCT_EFFECT,
		                          CONSTRUCT_DISCARD, CONSTRUCT_WHEN,   CONSTRUCT_IF_ELSE, OP_NOT };
	static const int expressions[] = { CONSTRUCT_LET, CONSTRUCT_BEGIN, CONSTRUCT_IF };
	const int *more = d->statements ? statements : expressions;
	size_t more_count =
	        d->statements ? sizeof statements / sizeof *statements : sizeof expressions / sizeof *expressions;
	int missing = -1;

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		missing = dialect_has(d, all[i]) ? missing : all[i];
	for (size_t i = 0; i < more_count; i++)
		missing = dialect_has(d, more[i]) ? missing : more[i];
	// the next values of a loop that steps by itself cannot be kept in order
	if (!d->statements && d->any_order && dialect_has(d, CONSTRUCT_LOOP) && !dialect_has(d, CONSTRUCT_NEXT))
		missing = CONSTRUCT_NEXT;
	if (d->statements && dialect_has(d, CONSTRUCT_CAPTURE_AROUND) &&
	    !dialect_has(d, CONSTRUCT_LOCAL_FUNCTION_AROUND))
		missing = CONSTRUCT_LOCAL_FUNCTION_AROUND;
	return missing < 0 ? 0 : sexp_err(doc, form, e, "a template for '%s' is missing", template_word(missing));
}

int template_parse_all(struct dialect *d, const struct sexp_doc *doc, const struct sexp *form, bool inherits,
                       struct err *e)
{
	const struct sexp *f = sexp_field(form, "templates");
	int rc = 0;

	if (d->kernel_text)
		return f == NULL ? 0 : sexp_err(doc, f, e, "the style 'kernel' has no templates");
	if (f == NULL && !inherits)
		return sexp_err(doc, form, e, "the dialect has no (templates ...)");
	for (size_t i = 1; rc == 0 && f != NULL && i < f->count; i++)
		rc = template_parse(d, doc, f->items[i], e);
	return rc < 0 || d->abstract ? rc : check_required(d, doc, form, e);
}

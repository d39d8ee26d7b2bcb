// Reading a *.dialect file.
#include "dialect.h"

#include "buf.h"
#include "pattern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXTENDS_MAX 4U // bases of bases

struct reader {
	struct dialect *d;
	const struct sexp_doc *doc;
	const struct sexp *form;
	struct err *e;
	bool inherits;  // *d is filled from a base already
	unsigned bases; // how many files refer to this one
};

static int no_memory(struct reader *r)
{
	return err_set(r->e, ENOMEM, "%s: out of memory", r->d->path);
}

static const char *copy(struct reader *r, const char *text)
{
	const char *c = arena_text(&r->d->arena, text, strlen(text));

	if (c == NULL)
		no_memory(r);
	return c;
}

static void *alloc(struct reader *r, size_t bytes)
{
	void *m = arena_alloc(&r->d->arena, bytes);

	if (m == NULL)
		no_memory(r);
	return m;
}

static size_t count_forms(const struct sexp *form, const char *head)
{
	size_t n = 0;

	for (size_t i = 0; i < form->count; i++)
		n += sexp_is_form(form->items[i], head);
	return n;
}

// The i-th item of `list` as one line of text, copied.
static int get_line(struct reader *r, const struct sexp *list, size_t i, const char **out)
{
	const char *text;
	int rc = sexp_get_string(r->doc, list, i, &text, r->e);

	if (rc < 0)
		return rc;
	if (strpbrk(text, "\n\r") != NULL)
		return sexp_err(r->doc, sexp_at(list, i), r->e, "one line was expected");
	*out = copy(r, text);
	return *out == NULL ? -ENOMEM : 0;
}

// --- single fields ---------------------------------------------------------------------------------------------

enum field_type { FIELD_LINE, FIELD_YES_NO, FIELD_ORDER, FIELD_SMALL };

// (name value): where the value goes, and what it is when the field is not there (NULL: it must be).
static const struct field {
	const char *name;
	enum field_type type;
	size_t offset;
	const char *otherwise;
} fields[] = {
	{ "summary", FIELD_LINE, offsetof(struct dialect, summary), NULL },
	{ "extension", FIELD_LINE, offsetof(struct dialect, extension), NULL },
	{ "first-line", FIELD_LINE, offsetof(struct dialect, first_line), "" },
	{ "comment", FIELD_LINE, offsetof(struct dialect, comment), NULL },
	{ "find", FIELD_LINE, offsetof(struct dialect, find), "" },
	{ "package", FIELD_LINE, offsetof(struct dialect, package), "" },
	{ "version", FIELD_LINE, offsetof(struct dialect, version), "" },
	{ "heap-flag", FIELD_LINE, offsetof(struct dialect, heap_flag), "" },
	{ "stack-flag", FIELD_LINE, offsetof(struct dialect, stack_flag), "" },
	{ "function-prefix", FIELD_LINE, offsetof(struct dialect, function_prefix), "sg_" },
	{ "variable-prefix", FIELD_LINE, offsetof(struct dialect, variable_prefix), "" },
	{ "global-prefix", FIELD_LINE, offsetof(struct dialect, global_prefix), "" },
	{ "dash", FIELD_LINE, offsetof(struct dialect, dash), "_" },
	{ "separator", FIELD_LINE, offsetof(struct dialect, separator), ", " },
	{ "item-separator", FIELD_LINE, offsetof(struct dialect, item_separator), " " },
	{ "no-params", FIELD_LINE, offsetof(struct dialect, no_params), "" },
	{ "no-args", FIELD_LINE, offsetof(struct dialect, no_args), "" },
	{ "block", FIELD_LINE, offsetof(struct dialect, block), "(" },
	{ "block-end", FIELD_LINE, offsetof(struct dialect, block_end), ")" },
	{ "preload-sees-heap", FIELD_LINE, offsetof(struct dialect, preload_sees_heap), "unknown" },
	{ "server-routes", FIELD_LINE, offsetof(struct dialect, server_routes), "" },
	{ "server-try", FIELD_LINE, offsetof(struct dialect, server_check), "" },
	{ "server-lib", FIELD_LINE, offsetof(struct dialect, server_package), "" },
	{ "server-tls", FIELD_YES_NO, offsetof(struct dialect, server_tls), "no" },
	{ "c-stack", FIELD_YES_NO, offsetof(struct dialect, c_stack), "no" },
	{ "tail-calls", FIELD_YES_NO, offsetof(struct dialect, tail_calls), "no" },
	{ "implicit-begin", FIELD_YES_NO, offsetof(struct dialect, implicit_begin), "no" },
	{ "argument-order", FIELD_ORDER, offsetof(struct dialect, any_order), "left-to-right" },
	{ "upper-params", FIELD_YES_NO, offsetof(struct dialect, upper_params), "no" },
	{ "capital-variables", FIELD_YES_NO, offsetof(struct dialect, capital_variables), "no" },
	{ "lifted-loops", FIELD_YES_NO, offsetof(struct dialect, lifted_loops), "no" },
	{ "blank-lines", FIELD_SMALL, offsetof(struct dialect, blank_lines), "1" },
};

#define FIELD_COUNT (sizeof fields / sizeof fields[0])

static int one_of(struct reader *r, const struct sexp *f, const char *yes, const char *no, bool *out)
{
	*out = sexp_is_symbol(sexp_at(f, 1), yes);
	return *out || sexp_is_symbol(sexp_at(f, 1), no)
	               ? 0
	               : sexp_err(r->doc, f, r->e, "%s or %s was expected behind '%s'", yes, no,
	                          f->items[0]->text);
}

static int read_field(struct reader *r, const struct field *field)
{
	const struct sexp *f = sexp_field(r->form, field->name);
	char *at = (char *)r->d + field->offset;

	if (f == NULL && r->inherits)
		return 0;
	if (f == NULL && field->otherwise == NULL && r->d->abstract)
		return 0;
	if (f == NULL && field->otherwise == NULL)
		return sexp_err(r->doc, r->form, r->e, "the dialect has no (%s \"...\")", field->name);
	switch (field->type) {
	case FIELD_LINE: {
		const char *text = field->otherwise;
		int rc = f == NULL ? 0 : get_line(r, f, 1, &text);
		memcpy(at, &text, sizeof text);
		return rc;
	}
	case FIELD_YES_NO:
	case FIELD_ORDER: {
		const bool order = field->type == FIELD_ORDER;
		const char *yes = order ? "unspecified" : "yes", *no = order ? "left-to-right" : "no";
		bool value = strcmp(field->otherwise, yes) == 0;
		int rc = f == NULL ? 0 : one_of(r, f, yes, no, &value);
		memcpy(at, &value, sizeof value);
		return rc;
	}
	default: {
		int64_t value = strtoll(field->otherwise, NULL, 10);
		int rc = f == NULL ? 0 : sexp_get_int(r->doc, f, 1, 0, 10, &value, r->e);
		memcpy(at, &value, sizeof value);
		return rc;
	}
	}
}

// An extension or a target's name ends up in file names.
static bool is_file_word(const char *text)
{
	return text[0] != 0 && strlen(text) <= 60 &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+@-") == strlen(text);
}

static int read_fields(struct reader *r)
{
	const struct sexp *comment = sexp_field(r->form, "comment");
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < FIELD_COUNT; i++)
		rc = read_field(r, &fields[i]);
	if (rc < 0)
		return rc;
	if (comment != NULL || !r->inherits)
		r->d->comment_end = "";
	if (sexp_field(r->form, "global-prefix") == NULL && !r->inherits)
		r->d->global_prefix = r->d->variable_prefix;
	if (comment != NULL && comment->count > 2)
		rc = get_line(r, comment, 2, &r->d->comment_end);
	if (rc == 0 && comment != NULL && (r->d->comment[0] == 0 || strchr(r->d->comment, '@') != NULL))
		rc = sexp_err(r->doc, comment, r->e, "the comment's prefix is empty or holds an '@'");
	if (rc == 0 && sexp_field(r->form, "extension") != NULL && !is_file_word(r->d->extension))
		rc = sexp_err(r->doc, sexp_field(r->form, "extension"), r->e,
		              "an extension has letters, digits and _ only, and no '.'");
	return rc;
}

// --- lists -----------------------------------------------------------------------------------------------------

static int read_reserved(struct reader *r)
{
	const struct sexp *f = sexp_field(r->form, "reserved");
	const char **base = r->d->reserved;

	if (f == NULL)
		return 0;
	r->d->reserved = alloc(r, (f->count + r->d->reserved_count) * sizeof(char *));
	if (r->d->reserved != NULL && base != NULL)
		memcpy(r->d->reserved, base, r->d->reserved_count * sizeof(char *));
	for (size_t i = 1; r->d->reserved != NULL && i < f->count; i++) {
		int rc = get_line(r, f, i, &r->d->reserved[r->d->reserved_count]);
		if (rc < 0)
			return rc;
		r->d->reserved_count++;
	}
	return r->d->reserved == NULL ? -ENOMEM : 0;
}

// (escape "c" "text") ...; without any, those of C.
static int read_escapes(struct reader *r)
{
	static const char *const c_style[][2] = {
		{ "\"", "\\\"" }, { "\\", "\\\\" }, { "\n", "\\n" }, { "\t", "\\t" }
	};

	if (sexp_field(r->form, "escape") == NULL && !r->inherits)
		for (size_t i = 0; i < sizeof c_style / sizeof c_style[0]; i++)
			r->d->escapes[(unsigned char)c_style[i][0][0]] = c_style[i][1];
	for (size_t i = 0; i < r->form->count; i++) {
		const struct sexp *f = r->form->items[i];
		const char *c;
		int rc;
		if (!sexp_is_form(f, "escape"))
			continue;
		rc = sexp_get_string(r->doc, f, 1, &c, r->e);
		if (rc == 0 && (strlen(c) != 1 || (unsigned char)c[0] > 127))
			rc = sexp_err(r->doc, f, r->e, "(escape \"c\" \"text\") takes one ASCII character");
		if (rc == 0)
			rc = get_line(r, f, 2, &r->d->escapes[(unsigned char)c[0]]);
		if (rc < 0)
			return rc;
	}
	return 0;
}

// (param name "value") of a target; text borrowed from the dialect although struct param owns by habit.
static int read_target_param(struct reader *r, const struct sexp *f, struct dialect_target *t)
{
	struct param *p = &t->params[t->param_count];
	const char *name, *value;
	int rc = sexp_get_symbol(r->doc, f, 1, &name, r->e);

	if (rc == 0)
		rc = get_line(r, f, 2, &value);
	if (rc < 0)
		return rc;
	p->name = arena_text(&r->d->arena, name, strlen(name));
	p->value = arena_text(&r->d->arena, value, strlen(value));
	if (p->name == NULL || p->value == NULL)
		return no_memory(r);
	t->param_count++;
	return 0;
}

// What a target may say for itself, and what holds where it does not.
static int read_target_fields(struct reader *r, const struct sexp *f, struct dialect_target *t)
{
	const struct dialect *d = r->d;
	const struct {
		const char *name, *otherwise;
		const char **out;
	} own[] = {
		{ "find", d->find, &t->find },
		{ "package", d->package, &t->package },
		{ "version", d->version, &t->version },
		{ "heap-flag", d->heap_flag, &t->heap_flag },
		{ "stack-flag", d->stack_flag, &t->stack_flag },
		{ "preload-sees-heap", d->preload_sees_heap, &t->preload_sees_heap },
		{ "coverage", "", &t->coverage },
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof own / sizeof own[0]; i++) {
		const struct sexp *s = sexp_field(f, own[i].name);

		*own[i].out = own[i].otherwise;
		if (s != NULL)
			rc = get_line(r, s, 1, own[i].out);
	}
	return rc;
}

// (target "name" (command "...") (param name "value") ...)
static int read_target(struct reader *r, const struct sexp *f, struct dialect_target *t)
{
	static const char *const known[] = { "command", "*param",    "find",       "package",
		                             "version", "heap-flag", "stack-flag", "preload-sees-heap",
		                             "extra",   "coverage",  NULL };
	int rc = get_line(r, f, 1, &t->name);

	if (rc == 0 && !is_file_word(t->name))
		rc = sexp_err(r->doc, f->items[1], r->e, "a target's name has letters, digits and _ + @ - only");
	if (rc == 0)
		rc = sexp_check_fields(r->doc, f, 2, known, r->e);
	if (rc == 0 && sexp_field(f, "command") == NULL)
		rc = sexp_err(r->doc, f, r->e, "the target has no (command \"...\")");
	if (rc == 0)
		rc = get_line(r, sexp_field(f, "command"), 1, &t->command);
	if (rc == 0)
		rc = read_target_fields(r, f, t);
	if (rc == 0 && sexp_field(f, "extra") != NULL)
		rc = one_of(r, sexp_field(f, "extra"), "yes", "no", &t->extra);
	if (rc == 0 && (t->params = alloc(r, f->count * sizeof *t->params)) == NULL)
		rc = -ENOMEM;
	for (size_t i = 2; rc == 0 && i < f->count; i++)
		if (sexp_is_form(f->items[i], "param"))
			rc = read_target_param(r, f->items[i], t);
	return rc;
}

// (pattern class exit stream "regular expression"): what struct pattern holds.
static int read_pattern(struct reader *r, const struct sexp *f, struct pattern *p)
{
	char **parts[] = { &p->class_name, &p->exit, &p->stream, &p->regex };
	struct err wrong = { 0 };
	size_t item;

	for (size_t i = 0; i < 4; i++) {
		const char *text;
		int rc = get_line(r, f, i + 1, &text);
		if (rc < 0)
			return rc;
		*parts[i] = arena_text(&r->d->arena, text, strlen(text));
		if (*parts[i] == NULL)
			return no_memory(r);
	}
	if (pattern_check(p, &wrong) == 0)
		return 0;
	item = !pattern_knows_class(p->class_name) ? 1 : !pattern_knows_stream(p->stream) ? 3 : 4;
	return sexp_err(r->doc, f->items[item], r->e, "%s", wrong.text);
}

// (helper "name" "line" ...)
static int read_helper(struct reader *r, const struct sexp *f, struct dialect_helper *h)
{
	struct buf text = { 0 };
	int rc = get_line(r, f, 1, &h->name);

	for (size_t i = 2; rc == 0 && i < f->count; i++) {
		const char *line;
		rc = sexp_get_string(r->doc, f, i, &line, r->e);
		if (rc == 0)
			buf_addf(&text, "%s%s", i == 2 ? "" : "\n", line);
	}
	if (rc == 0 && (h->name[0] == 0 || f->count < 3))
		rc = sexp_err(r->doc, f, r->e, "(helper \"name\" \"line\" ...) was expected");
	if (rc == 0 && (text.failed || (h->text = copy(r, buf_text(&text))) == NULL))
		rc = no_memory(r);
	buf_deinit(&text);
	return rc;
}

// (lacks word "reason")
static int read_lack(struct reader *r, const struct sexp *f)
{
	const char *word;
	int rc = sexp_get_symbol(r->doc, f, 1, &word, r->e);

	if (rc < 0)
		return rc;
	for (int t = 0; t < TEMPLATE_COUNT; t++)
		if (strcmp(template_word(t), word) == 0) {
			if (r->d->templates[t].inherited)
				r->d->templates[t] = (struct template){ .inherited = true };
			return get_line(r, f, 2, &r->d->lacks[t]);
		}
	return sexp_err(r->doc, f->items[1], r->e, "'%.40s' is no construct of the kernel language", word);
}

// Room for the file's own items in front of `count` of its base's, which are moved there.
static void *make_room(struct reader *r, const char *head, size_t size, void *base, size_t count)
{
	size_t own = count_forms(r->form, head);
	char *items = alloc(r, (own + count + 1) * size);

	if (items != NULL && count > 0)
		memcpy(items + own * size, base, count * size);
	return items;
}

// A helper of a name that the base has too takes its place.
static int add_helper(struct reader *r, const struct sexp *f)
{
	struct dialect *d = r->d;
	struct dialect_helper h = { 0 };
	int rc = read_helper(r, f, &h);

	for (size_t i = 0; rc == 0 && i < d->helper_count; i++)
		if (strcmp(d->helpers[i].name, h.name) == 0) {
			d->helpers[i] = h;
			return 0;
		}
	if (rc == 0)
		d->helpers[d->helper_count++] = h;
	return rc;
}

static int read_lists(struct reader *r)
{
	struct dialect *d = r->d;
	size_t targets = count_forms(r->form, "target"), patterns = count_forms(r->form, "pattern");
	struct dialect_helper *helpers = d->helpers;
	int rc = 0;

	if (targets > 0 || d->targets == NULL) { // the base's targets run the base's language
		d->targets = alloc(r, (targets + 1) * sizeof *d->targets);
		d->target_count = 0;
	}
	d->patterns = make_room(r, "pattern", sizeof *d->patterns, d->patterns, d->pattern_count);
	d->helpers = alloc(r, (count_forms(r->form, "helper") + d->helper_count + 1) * sizeof *d->helpers);
	if (d->targets == NULL || d->patterns == NULL || d->helpers == NULL)
		return -ENOMEM;
	if (helpers != NULL)
		memcpy(d->helpers, helpers, d->helper_count * sizeof *helpers);
	d->pattern_count += patterns;
	patterns = 0;
	for (size_t i = 2; rc == 0 && i < r->form->count; i++) {
		const struct sexp *f = r->form->items[i];
		if (sexp_is_form(f, "target"))
			rc = read_target(r, f, &d->targets[d->target_count++]);
		else if (sexp_is_form(f, "pattern"))
			rc = read_pattern(r, f, &d->patterns[patterns++]);
		else if (sexp_is_form(f, "helper"))
			rc = add_helper(r, f);
		else if (sexp_is_form(f, "lacks"))
			rc = read_lack(r, f);
	}
	if (rc == 0 && d->target_count == 0 && !d->abstract)
		rc = sexp_err(r->doc, r->form, r->e, "the dialect has no (target \"name\" (command \"...\"))");
	return rc;
}

// --- the whole file -------------------------------------------------------------------------------------------

static int read_style(struct reader *r)
{
	const struct sexp *style = sexp_at(sexp_field(r->form, "style"), 1);

	if (style == NULL && r->inherits)
		return 0;
	r->d->statements = sexp_is_symbol(style, "statement");
	r->d->kernel_text = sexp_is_symbol(style, "kernel");
	return r->d->statements || r->d->kernel_text || sexp_is_symbol(style, "expression")
	               ? 0
	               : sexp_err(r->doc, style != NULL ? style : r->form, r->e,
	                          "(style statement), (style expression) or (style kernel) was expected");
}

static int read_dialect(struct reader *r);

// The file beside this one that (extends "name") names, into the same dialect.
static int load_base(struct reader *r, const struct sexp *extends, const char *name)
{
	const char *path = sexp_path(r->doc), *slash = strrchr(path, '/');
	struct reader base = { .d = r->d, .e = r->e, .bases = r->bases + 1 };
	struct sexp_doc *doc = NULL;
	struct buf file = { 0 };
	int rc;

	buf_add(&file, path, slash != NULL ? (size_t)(slash + 1 - path) : 0);
	buf_addf(&file, "%s.dialect", name);
	rc = file.failed ? no_memory(r) : 0;
	if (rc == 0 && access(buf_text(&file), R_OK) < 0)
		rc = sexp_err(r->doc, extends, r->e, "%s cannot be read: %s; extend a dialect beside this one",
		              buf_text(&file), strerror(errno));
	if (rc == 0)
		rc = sexp_load(buf_text(&file), DIALECT_FILE_MAX, &doc, r->e);
	base.doc = doc;
	if (rc == 0)
		rc = read_dialect(&base);
	for (int t = 0; t < TEMPLATE_COUNT; t++)
		r->d->templates[t].inherited = true;
	sexp_free(doc);
	buf_deinit(&file);
	return rc;
}

static int read_base(struct reader *r)
{
	const struct sexp *extends = sexp_field(r->form, "extends"), *abstract = sexp_field(r->form, "abstract");
	const char *name;
	int rc = 0;

	if (extends != NULL) {
		rc = get_line(r, extends, 1, &name);
		if (rc == 0 && !is_file_word(name))
			rc = sexp_err(r->doc, extends, r->e, "the name of a dialect beside this one was expected");
		if (rc == 0 && r->bases == EXTENDS_MAX)
			rc = sexp_err(r->doc, extends, r->e, "more than %u dialects extend each other",
			              EXTENDS_MAX);
		if (rc == 0)
			rc = load_base(r, extends, name);
		r->inherits = true;
	}
	r->d->abstract = false;
	if (rc == 0 && abstract != NULL)
		rc = one_of(r, abstract, "yes", "no", &r->d->abstract);
	// a base's name is overwritten by who extends it
	if (rc == 0 && (r->d->name = copy(r, r->form->items[1]->text)) == NULL)
		rc = -ENOMEM;
	return rc;
}

static int read_dialect(struct reader *r)
{
	const char *known[FIELD_COUNT + 11] = { "style",   "reserved", "*escape",   "*target", "*pattern",
		                                "*helper", "*lacks",   "templates", "extends", "abstract" };
	const struct sexp *root = sexp_root(r->doc);
	const char *name;
	int rc;

	r->form = sexp_at(root, 0);
	if (!sexp_is_form(r->form, "dialect") || root->count != 1)
		return sexp_err(r->doc, r->form != NULL ? root->items[root->count - 1] : root, r->e,
		                "a dialect file holds one (dialect name ...)");
	for (size_t i = 0; i < FIELD_COUNT; i++)
		known[10 + i] = fields[i].name;
	rc = sexp_get_symbol(r->doc, r->form, 1, &name, r->e);
	if (rc == 0 && !is_file_word(name))
		rc = sexp_err(r->doc, r->form->items[1], r->e,
		              "a dialect's name has letters, digits and _ + - only");
	if (rc == 0)
		rc = sexp_check_fields(r->doc, r->form, 2, known, r->e);
	if (rc == 0)
		rc = read_base(r);
	if (rc < 0 || (rc = read_fields(r)) < 0 || (rc = read_style(r)) < 0 || (rc = read_reserved(r)) < 0 ||
	    (rc = read_escapes(r)) < 0 || (rc = read_lists(r)) < 0)
		return rc;
	return template_parse_all(r->d, r->doc, r->form, r->inherits, r->e);
}

static int build(const struct sexp_doc *doc, struct dialect **out, struct err *e)
{
	struct dialect *d = calloc(1, sizeof *d);
	struct reader r = { .d = d, .doc = doc, .e = e };
	int rc;

	if (d == NULL)
		return err_set(e, ENOMEM, "%s: out of memory", sexp_path(doc));
	d->path = copy(&r, sexp_path(doc));
	rc = d->path == NULL ? -ENOMEM : read_dialect(&r);
	if (rc < 0)
		dialect_free(d);
	else
		*out = d;
	return rc;
}

int dialect_parse(const char *path, const char *text, size_t len, struct dialect **out, struct err *e)
{
	struct sexp_doc *doc;
	int rc = sexp_parse(path, text, len, &doc, e);

	*out = NULL;
	if (rc == 0)
		rc = build(doc, out, e);
	sexp_free(doc);
	return rc;
}

int dialect_load(const char *path, struct dialect **out, struct err *e)
{
	struct sexp_doc *doc;
	int rc = sexp_load(path, DIALECT_FILE_MAX, &doc, e);

	*out = NULL;
	if (rc == 0)
		rc = build(doc, out, e);
	sexp_free(doc);
	return rc;
}

void dialect_free(struct dialect *d)
{
	if (d == NULL)
		return;
	arena_deinit(&d->arena);
	free(d);
}

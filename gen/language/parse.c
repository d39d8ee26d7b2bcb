// A kernel file's fields.
#include "parse.h"

#include "buf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int kernel_err(const struct kernel *k, unsigned line, unsigned column, struct err *e, const char *format, ...)
{
	char message[512];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	return err_at(e, EINVAL, k->path, line, column, "%s", message);
}

const char *kernel_short_name(const struct kernel *k)
{
	return strchr(k->name, '/') + 1;
}

// A field's only string, copied; NULL when the field is not there. Strings end up in comments: one line.
static int field_string(struct parser *p, const struct sexp *form, const char *name, const char **out)
{
	const struct sexp *f = sexp_field(form, name);
	const char *text;
	int rc;

	*out = NULL;
	if (f == NULL)
		return 0;
	rc = sexp_get_string(p->doc, f, 1, &text, p->e);
	if (rc < 0)
		return rc;
	if (f->count != 2 || strpbrk(text, "\n\r\t") != NULL || text[0] == 0)
		return sexp_err(p->doc, f, p->e, "'%s' takes one string of one line", name);
	*out = parse_text(p, text, strlen(text));
	return *out == NULL ? -ENOMEM : 0;
}

static size_t count_forms(const struct sexp *form, const char *head)
{
	size_t n = 0;

	for (size_t i = 2; i < form->count; i++)
		n += sexp_is_form(form->items[i], head);
	return n;
}

// A kernel's name, and behind a '+' the GC mode that it was changed to.
static int check_parts(struct parser *p, struct sexp name)
{
	const char *plus = strchr(name.text, '+');
	struct sexp mode = name;
	int rc;

	if (plus == NULL)
		return parse_check_name(p, &name);
	name.len = (size_t)(plus - name.text);
	mode.text = plus + 1;
	mode.len -= name.len + 1;
	mode.column += (unsigned)name.len + 1;
	name.text = parse_text(p, name.text, name.len);
	rc = name.text == NULL ? -ENOMEM : parse_check_name(p, &name);
	return rc < 0 ? rc : parse_check_name(p, &mode);
}

// (kernel kind/name ...
static int parse_name(struct parser *p, const struct sexp *form)
{
	static const enum test_kind kinds[] = { KIND_GC, KIND_RECURSION, KIND_OTHER };
	const struct sexp *s = sexp_at(form, 1);
	struct kernel *k = p->kernel;
	const char *slash = s != NULL && s->kind == SEXP_SYMBOL ? strchr(s->text, '/') : NULL;
	struct sexp name;

	if (slash == NULL)
		return sexp_err(p->doc, s != NULL ? s : form, p->e, "a name such as gc/list-churn was expected");
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		const char *kind = test_kind_name(kinds[i]);
		if (strlen(kind) == (size_t)(slash - s->text) && strncmp(kind, s->text, strlen(kind)) == 0) {
			k->kind = kinds[i];
			k->name = parse_text(p, s->text, s->len);
		}
	}
	if (k->name == NULL)
		return sexp_err(p->doc, s, p->e, "a kernel's kind is gc, recursion or other");
	name = *s;
	name.text = slash + 1;
	name.len = strlen(name.text);
	name.column += (unsigned)(slash + 1 - s->text);
	return name.len == 0 ? sexp_err(p->doc, s, p->e, "the name behind the '/' is missing")
	                     : check_parts(p, name);
}

// (param name default (range least most))
static int parse_param(struct parser *p, const struct sexp *f, struct kernel_param *out)
{
	const struct sexp *range = sexp_at(f, 3);
	int rc;

	if (f->count != 4 || !sexp_is_form(range, "range") || range->count != 3)
		return sexp_err(p->doc, f, p->e, "(param name default (range least most)) was expected");
	for (size_t i = 0; i < p->scope_count; i++)
		if (sexp_is_symbol(f->items[1], p->scope[i]->name))
			return sexp_err(p->doc, f->items[1], p->e, "parameter '%s' is declared twice",
			                p->scope[i]->name);
	out->var = parse_variable(p, f->items[1]);
	if (out->var == NULL)
		return -EINVAL;
	rc = sexp_get_int(p->doc, range, 1, -KERNEL_INT_MAX, KERNEL_INT_MAX, &out->min, p->e);
	if (rc == 0)
		rc = sexp_get_int(p->doc, range, 2, out->min, KERNEL_INT_MAX, &out->max, p->e);
	if (rc == 0)
		rc = sexp_get_int(p->doc, f, 2, out->min, out->max, &out->value, p->e);
	return rc;
}

static int parse_params(struct parser *p, const struct sexp *form)
{
	struct kernel *k = p->kernel;
	size_t count = count_forms(form, "param");

	if (count > KERNEL_ARGS_MAX)
		return sexp_err(p->doc, form, p->e, "more than %u parameters", KERNEL_ARGS_MAX);
	k->params = parse_alloc(p, (count + 1) * sizeof *k->params);
	if (k->params == NULL)
		return -ENOMEM;
	for (size_t i = 2; i < form->count; i++) {
		if (!sexp_is_form(form->items[i], "param"))
			continue;
		int rc = parse_param(p, form->items[i], &k->params[k->param_count++]);
		if (rc < 0)
			return rc;
	}
	return 0;
}

// One (name value) of an instance, or `slow`; the value --depth stands for what the person asks for.
static int parse_instance_value(struct parser *p, const struct sexp *pair, struct kernel_instance *out)
{
	struct kernel *k = p->kernel;
	size_t i = 0;

	if (sexp_is_symbol(pair, "slow")) {
		out->slow = true;
		return 0;
	}
	if (pair->kind != SEXP_LIST || pair->count != 2)
		return sexp_err(p->doc, pair, p->e, "(name value) or slow was expected");
	while (i < k->param_count && !sexp_is_symbol(pair->items[0], k->params[i].var->name))
		i++;
	if (i == k->param_count)
		return sexp_err(p->doc, pair->items[0], p->e, "the kernel has no such parameter");
	if (out->given[i])
		return sexp_err(p->doc, pair->items[0], p->e, "'%s' stands here twice", k->params[i].var->name);
	out->given[i] = true;
	out->from_depth[i] = sexp_is_symbol(pair->items[1], "--depth");
	return out->from_depth[i]
	               ? 0
	               : sexp_get_int(p->doc, pair, 1, k->params[i].min, k->params[i].max, &out->values[i], p->e);
}

static int parse_instances(struct parser *p, const struct sexp *form)
{
	struct kernel *k = p->kernel;
	size_t count = count_forms(form, "instance");

	k->instances = parse_alloc(p, (count + 1) * sizeof *k->instances);
	if (k->instances == NULL)
		return -ENOMEM;
	k->instance_count = count == 0 ? 1 : count;
	for (size_t n = 0, i = 2; n < k->instance_count; n++) {
		struct kernel_instance *out = &k->instances[n];
		out->values = parse_alloc(p, (k->param_count + 1) * sizeof *out->values);
		out->given = parse_alloc(p, k->param_count + 1);
		out->from_depth = parse_alloc(p, k->param_count + 1);
		if (out->values == NULL || out->given == NULL || out->from_depth == NULL)
			return -ENOMEM;
		for (size_t v = 0; v < k->param_count; v++)
			out->values[v] = k->params[v].value;
		if (count == 0)
			break;
		while (!sexp_is_form(form->items[i], "instance"))
			i++;
		for (size_t v = 1; v < form->items[i]->count; v++) {
			int rc = parse_instance_value(p, form->items[i]->items[v], out);
			if (rc < 0)
				return rc;
		}
		i++;
	}
	return 0;
}

// The head of (define (name parameter ...) body ...): so that functions may call those defined behind them.
static int declare_function(struct parser *p, const struct sexp *f)
{
	const struct sexp *head = sexp_at(f, 1);
	struct kernel *k = p->kernel;
	struct function *out;

	if (f->count < 3 || head->kind != SEXP_LIST || head->count < 1)
		return sexp_err(p->doc, f, p->e, "(define (name parameter ...) body ...) was expected");
	if (parse_check_name(p, head->items[0]) < 0)
		return -EINVAL;
	for (size_t i = 0; i < k->function_count; i++)
		if (sexp_is_symbol(head->items[0], k->functions[i]->name))
			return sexp_err(p->doc, head->items[0], p->e, "'%s' is defined twice",
			                k->functions[i]->name);
	for (size_t i = 0; i < k->param_count; i++)
		if (sexp_is_symbol(head->items[0], k->params[i].var->name))
			return sexp_err(p->doc, head->items[0], p->e, "'%s' is a parameter already",
			                k->params[i].var->name);
	out = parse_alloc(p, sizeof *out);
	if (out == NULL || (out->name = parse_text(p, head->items[0]->text, head->items[0]->len)) == NULL)
		return -ENOMEM;
	out->param_count = head->count - 1;
	out->line = f->line;
	out->column = f->column;
	out->index = (uint32_t)k->function_count;
	k->functions[k->function_count++] = out;
	return 0;
}

// (global name value): its value sees the parameters, the globals before it, and all functions.
static int parse_global(struct parser *p, const struct sexp *f, struct kernel_global *out)
{
	struct kernel *k = p->kernel;
	int rc;

	if (f->count != 3)
		return sexp_err(p->doc, f, p->e, "(global name value) was expected");
	for (size_t i = 0; i < p->scope_count; i++)
		if (sexp_is_symbol(f->items[1], p->scope[i]->name))
			return sexp_err(p->doc, f->items[1], p->e, "'%s' is declared twice", p->scope[i]->name);
	for (size_t i = 0; i < k->function_count; i++)
		if (sexp_is_symbol(f->items[1], k->functions[i]->name))
			return sexp_err(p->doc, f->items[1], p->e, "'%s' is a function already",
			                k->functions[i]->name);
	out->make = parse_alloc(p, sizeof *out->make);
	if (out->make == NULL)
		return -ENOMEM;
	out->make->line = f->line;
	out->make->column = f->column;
	rc = parse_function(p, out->make, NULL, 0, f, 2);
	if (rc < 0)
		return rc;
	out->var = parse_variable(p, f->items[1]);
	if (out->var == NULL)
		return -EINVAL;
	out->var->global = true;
	return 0;
}

static int parse_globals(struct parser *p, const struct sexp *form)
{
	struct kernel *k = p->kernel;
	size_t count = count_forms(form, "global");
	int rc = 0;

	if (count > KERNEL_ARGS_MAX)
		return sexp_err(p->doc, form, p->e, "more than %u globals", KERNEL_ARGS_MAX);
	k->globals = parse_alloc(p, (count + 1) * sizeof *k->globals);
	if (k->globals == NULL)
		return -ENOMEM;
	p->function_now = k->function_count; // defined before all of them
	for (size_t i = 2; rc == 0 && i < form->count; i++)
		if (sexp_is_form(form->items[i], "global"))
			rc = parse_global(p, form->items[i], &k->globals[k->global_count++]);
	return rc;
}

static int parse_functions(struct parser *p, const struct sexp *form)
{
	struct kernel *k = p->kernel;
	int rc = 0;

	k->functions = parse_alloc(p, (count_forms(form, "define") + 1) * sizeof *k->functions);
	if (k->functions == NULL)
		return -ENOMEM;
	for (size_t i = 2; rc == 0 && i < form->count; i++)
		if (sexp_is_form(form->items[i], "define"))
			rc = declare_function(p, form->items[i]);
	p->visible_functions = k->function_count;
	if (rc == 0)
		rc = parse_globals(p, form);
	p->function_now = 0;
	for (size_t i = 2; rc == 0 && i < form->count; i++) {
		const struct sexp *f = form->items[i];
		if (!sexp_is_form(f, "define"))
			continue;
		rc = parse_function(p, k->functions[p->function_now], f->items[1], 1, f, 2);
		p->function_now++;
	}
	return rc;
}

// (measure series (repeat n) body ...)
static int parse_measure(struct parser *p, const struct sexp *form)
{
	const struct sexp *f = sexp_field(form, "measure");
	struct kernel *k = p->kernel;
	const char *series;
	int rc;

	if (f == NULL)
		return sexp_err(p->doc, form, p->e, "the kernel has no (measure series (repeat n) expression)");
	if (f->count < 4 || !sexp_is_form(f->items[2], "repeat") || f->items[2]->count != 2)
		return sexp_err(p->doc, f, p->e, "(measure series (repeat n) expression) was expected");
	rc = parse_check_name(p, f->items[1]);
	if (rc == 0)
		rc = sexp_get_symbol(p->doc, f, 1, &series, p->e);
	if (rc == 0)
		rc = sexp_get_int(p->doc, f->items[2], 1, 1, KERNEL_REPEAT_MAX, &k->repeat, p->e);
	if (rc < 0)
		return rc;
	k->series = parse_text(p, series, strlen(series));
	k->measured = parse_alloc(p, sizeof *k->measured);
	if (k->series == NULL || k->measured == NULL)
		return -ENOMEM;
	k->measured->line = f->line;
	k->measured->column = f->column;
	return parse_function(p, k->measured, NULL, 0, f, 3);
}

// (expect formula), (stack formula): over the parameters alone.
static int parse_formula(struct parser *p, const struct sexp *form, const char *name, struct node **out)
{
	const struct sexp *f = sexp_field(form, name);

	if (f == NULL)
		return 0;
	if (f->count != 2)
		return sexp_err(p->doc, f, p->e, "(%s formula) was expected", name);
	p->visible_functions = 0;
	p->formula = true;
	*out = parse_expr(p, f->items[1], false);
	return *out == NULL ? -EINVAL : 0;
}

static int check_growth(struct parser *p, const struct sexp *at, const char *text)
{
	static const char *const known[] = { "1", "log n", "n", "n log n", "n^2", "2^n" };

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(known[i], text) == 0)
			return 0;
	return sexp_err(p->doc, at, p->e,
	                "growth is one of \"1\", \"log n\", \"n\", \"n log n\", \"n^2\", \"2^n\"");
}

// (memory "1") or (collections "n") behind the growth of time.
static int parse_growth_of(struct parser *p, const struct sexp *s, struct buf *all)
{
	const char *text;
	int rc;

	if (!sexp_is_form(s, "memory") && !sexp_is_form(s, "collections"))
		return sexp_err(p->doc, s, p->e, "(memory \"...\") or (collections \"...\") was expected");
	rc = s->count == 2 ? sexp_get_string(p->doc, s, 1, &text, p->e)
	                   : sexp_err(p->doc, s, p->e, "(%s \"...\") was expected", s->items[0]->text);
	if (rc == 0)
		rc = check_growth(p, s, text);
	if (rc == 0)
		buf_addf(all, "; %s %s", s->items[0]->text, text);
	return rc;
}

// How time, and what else it names, may grow with the kernel's size: what reports compare their fit with.
static int parse_growth(struct parser *p, const struct sexp *form)
{
	const struct sexp *f = sexp_field(form, "growth");
	struct buf all = { 0 };
	const char *text;
	int rc;

	if (f == NULL)
		return 0;
	rc = sexp_get_string(p->doc, f, 1, &text, p->e);
	if (rc == 0)
		rc = check_growth(p, f, text);
	if (rc == 0)
		buf_adds(&all, text);
	for (size_t i = 2; rc == 0 && i < f->count; i++)
		rc = parse_growth_of(p, f->items[i], &all);
	if (rc == 0 && ((p->kernel->growth = parse_text(p, text, strlen(text))) == NULL || all.failed ||
	                (p->kernel->growth_all = parse_text(p, buf_text(&all), all.len)) == NULL))
		rc = -ENOMEM;
	buf_deinit(&all);
	return rc;
}

static int parse_timeout(struct parser *p, const struct sexp *form)
{
	const struct sexp *f = sexp_field(form, "timeout");
	int64_t seconds = 0;
	int rc = f == NULL ? 0 : sexp_get_int(p->doc, f, 1, 1, 86400, &seconds, p->e);

	p->kernel->timeout_s = (uint64_t)seconds;
	return rc;
}

static int parse_kernel(struct parser *p, const struct sexp *root)
{
	static const char *const fields[] = { "summary", "stresses", "*param", "*instance", "growth", "timeout",
		                              "*global", "*define",  "stack",  "measure",   "expect", NULL };
	const struct sexp *form = sexp_at(root, 0);
	struct kernel *k = p->kernel;
	int rc;

	if (!sexp_is_form(form, "kernel") || root->count != 1)
		return sexp_err(p->doc, form != NULL ? sexp_at(root, root->count - 1) : root, p->e,
		                "a kernel file holds one (kernel kind/name ...)");
	if ((rc = parse_name(p, form)) < 0 || (rc = sexp_check_fields(p->doc, form, 2, fields, p->e)) < 0 ||
	    (rc = field_string(p, form, "summary", &k->summary)) < 0 ||
	    (rc = field_string(p, form, "stresses", &k->stresses)) < 0 || (rc = parse_growth(p, form)) < 0 ||
	    (rc = parse_timeout(p, form)) < 0 || (rc = parse_params(p, form)) < 0 ||
	    (rc = parse_instances(p, form)) < 0 || (rc = parse_functions(p, form)) < 0 ||
	    (rc = parse_measure(p, form)) < 0 || (rc = parse_formula(p, form, "expect", &k->expect)) < 0 ||
	    (rc = parse_formula(p, form, "stack", &k->stack)) < 0)
		return rc;
	if (k->summary == NULL)
		return sexp_err(p->doc, form, p->e, "the kernel has no (summary \"...\")");
	return 0;
}

static int build(const struct sexp_doc *doc, struct kernel **out, struct err *e)
{
	struct kernel *k = calloc(1, sizeof *k);
	struct parser p = { .doc = doc, .kernel = k, .e = e };
	int rc;

	if (k == NULL)
		return err_set(e, ENOMEM, "%s: out of memory", sexp_path(doc));
	k->path = parse_text(&p, sexp_path(doc), strlen(sexp_path(doc)));
	rc = k->path == NULL ? -ENOMEM : parse_kernel(&p, sexp_root(doc));
	if (rc == 0)
		rc = kernel_check(k, e);
	if (p.no_memory || rc == -ENOMEM)
		rc = err_set(e, ENOMEM, "%s: out of memory", sexp_path(doc));
	free(p.scope);
	if (rc < 0)
		kernel_free(k);
	else
		*out = k;
	return rc;
}

int kernel_parse(const char *path, const char *text, size_t len, struct kernel **out, struct err *e)
{
	struct sexp_doc *doc;
	int rc = sexp_parse(path, text, len, &doc, e);

	*out = NULL;
	if (rc == 0)
		rc = build(doc, out, e);
	sexp_free(doc);
	return rc;
}

int kernel_load(const char *path, struct kernel **out, struct err *e)
{
	struct sexp_doc *doc;
	int rc = sexp_load(path, KERNEL_FILE_MAX, &doc, e);

	*out = NULL;
	if (rc == 0)
		rc = build(doc, out, e);
	sexp_free(doc);
	return rc;
}

void kernel_free(struct kernel *k)
{
	if (k == NULL)
		return;
	arena_deinit(&k->arena);
	free(k);
}

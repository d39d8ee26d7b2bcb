// A kernel back as text of the kernel language, laid out for people.
#include "emit.h"
#include "form.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// Items that one form may have, with some to spare for what stands beside a body.
#define BODY_ITEMS (KERNEL_ARGS_MAX - 4)

struct writer {
	const struct kernel *k;
	struct forms forms;
};

static struct form *word(struct writer *w, const char *text)
{
	return form_atom(&w->forms, text);
}

static struct form *number(struct writer *w, int64_t n)
{
	return form_int(&w->forms, n);
}

static struct form *string(struct writer *w, const char *text)
{
	return form_string(&w->forms, text, strlen(text));
}

static void append(struct writer *w, struct form *list, struct form *item)
{
	form_add(&w->forms, list, item);
}

// A list that begins with that word, or an empty one for NULL; the first `head` items stay on its first line.
static struct form *list(struct writer *w, const char *first, size_t head)
{
	struct form *f = form_list(&w->forms);

	f->head = head;
	if (first != NULL)
		append(w, f, word(w, first));
	return f;
}

// One whose items stand below each other, at the column of the last in its head.
static struct form *aligned(struct writer *w, const char *first, size_t head)
{
	struct form *f = list(w, first, head);

	f->aligned = true;
	return f;
}

// --- expressions -----------------------------------------------------------------------------------------------

static struct form *expression(struct writer *w, const struct node *n);

static void append_all(struct writer *w, struct form *f, struct node *const *nodes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		append(w, f, expression(w, nodes[i]));
}

// One or more expressions, where the language has a body.
static void append_body(struct writer *w, struct form *f, const struct node *body)
{
	if (body->kind == NODE_BEGIN && f->count + body->count <= BODY_ITEMS)
		append_all(w, f, body->args, body->count);
	else
		append(w, f, expression(w, body));
}

static struct form *params(struct writer *w, const char *name, const struct function *f)
{
	struct form *names = aligned(w, name, name != NULL ? 2 : 1);

	for (size_t i = 0; i < f->param_count; i++)
		append(w, names, word(w, f->params[i]->name));
	return names;
}

static struct form *bindings(struct writer *w, struct var *const *vars, struct node *const *values, size_t count)
{
	struct form *all = aligned(w, NULL, 1);

	for (size_t i = 0; i < count; i++) {
		struct form *one = aligned(w, vars[i]->name, 2);
		append(w, one, expression(w, values[i]));
		append(w, all, one);
	}
	return all;
}

static struct form *condition(struct writer *w, const struct node *n)
{
	bool both = n->args[2] != NULL;
	struct form *f = both ? aligned(w, "if", 2) : list(w, "when", 2);

	append(w, f, expression(w, n->args[0]));
	if (!both) {
		append_body(w, f, n->args[1]);
		return f;
	}
	append_all(w, f, n->args + 1, 2);
	return f;
}

static struct form *loop(struct writer *w, const struct loop *l)
{
	struct form *f = list(w, "loop", 2), *end = aligned(w, "while", 2), *next = aligned(w, "next", 2);

	append(w, f, bindings(w, l->vars, l->first, l->count));
	append(w, end, expression(w, l->condition));
	append(w, f, end);
	append_all(w, f, l->effects, l->effect_count);
	append_all(w, next, l->next, l->count);
	append(w, f, next);
	if (l->result != NULL)
		append_body(w, f, l->result);
	return f;
}

static struct form *try_form(struct writer *w, const struct node *n)
{
	struct form *f = list(w, "try", 1), *handler = list(w, "catch", 2), *name = aligned(w, NULL, 1);

	append(w, name, word(w, n->vars[0]->name));
	append(w, handler, name);
	append_body(w, handler, n->args[0]);
	append_body(w, f, n->body);
	append(w, f, handler);
	return f;
}

static struct form *call(struct writer *w, const struct node *n)
{
	struct form *f = aligned(w, n->kind == NODE_CALL ? n->function->name : NULL, 2), *tail;

	if (n->kind == NODE_APPLY)
		append(w, f, expression(w, n->body));
	append_all(w, f, n->args, n->count);
	if (!n->tail)
		return f;
	tail = aligned(w, "tail", 2);
	append(w, tail, f);
	return tail;
}

static struct form *with_nodes(struct writer *w, struct form *f, struct node *const *nodes, size_t count)
{
	append_all(w, f, nodes, count);
	return f;
}

static struct form *with_body(struct writer *w, struct form *f, struct form *second, const struct node *body)
{
	append(w, f, second);
	append_body(w, f, body);
	return f;
}

static struct form *expression(struct writer *w, const struct node *n)
{
	switch (n->kind) {
	case NODE_INT:
		return number(w, n->number);
	case NODE_BOOL:
		return word(w, n->number != 0 ? "true" : "false");
	case NODE_STRING:
		return string(w, n->text);
	case NODE_NIL:
		return word(w, "nil");
	case NODE_VAR:
		return word(w, n->var->name);
	case NODE_FUNCTION:
		return word(w, n->function->name);
	case NODE_OP:
		return with_nodes(w, aligned(w, op_word(n->op), 2), n->args, n->count);
	case NODE_IF:
		return condition(w, n);
	case NODE_LET:
		return with_body(w, list(w, "let", 2), bindings(w, n->vars, n->args, n->count), n->body);
	case NODE_BEGIN:
		return with_nodes(w, list(w, "begin", 1), n->args, n->count);
	case NODE_LOOP:
		return loop(w, n->loop);
	case NODE_LAMBDA:
		return with_body(w, list(w, "lambda", 2), params(w, NULL, n->function), n->function->body);
	case NODE_CALL:
	case NODE_APPLY:
		return call(w, n);
	case NODE_TRY:
		return try_form(w, n);
	}
	return &w->forms.none;
}

// --- the kernel's fields ---------------------------------------------------------------------------------------

static void add_field(struct writer *w, struct form *f, const char *name, struct form *content)
{
	struct form *field = list(w, name, 1);

	append(w, field, content);
	append(w, f, field);
}

// "n; memory 1" as (growth "n" (memory "1")).
static void add_growth(struct writer *w, struct form *f, const char *all)
{
	struct form *field = list(w, "growth", 1);
	size_t len = strcspn(all, ";");

	append(w, field, form_string(&w->forms, all, len));
	for (const char *at = all + len; *at != '\0'; at += len) {
		size_t name = strcspn(at + 2, " ");
		struct form *part = list(w, strncmp(at + 2, "memory", name) == 0 ? "memory" : "collections", 1);

		len = 2 + strcspn(at + 2, ";");
		append(w, part, form_string(&w->forms, at + 2 + name + 1, len - 2 - name - 1));
		append(w, field, part);
	}
	append(w, f, field);
}

static void add_params(struct writer *w, struct form *f, const struct emit_values *v)
{
	for (size_t i = 0; i < w->k->param_count; i++) {
		const struct kernel_param *p = &w->k->params[i];
		struct form *param = aligned(w, "param", 2), *range = aligned(w, "range", 2);
		append(w, param, word(w, p->var->name));
		append(w, param, number(w, v != NULL ? v->params[i] : p->value));
		append(w, range, number(w, p->min));
		append(w, range, number(w, p->max));
		append(w, param, range);
		append(w, f, param);
	}
}

static bool gives_any(const struct kernel *k, const struct kernel_instance *i)
{
	return k->param_count > 0 && memchr(i->given, true, k->param_count) != NULL;
}

static void add_instance(struct writer *w, struct form *f, const struct kernel_instance *i)
{
	struct form *instance = aligned(w, "instance", 2);

	for (size_t p = 0; p < w->k->param_count; p++) {
		struct form *value;
		if (!i->given[p])
			continue;
		value = aligned(w, w->k->params[p].var->name, 2);
		append(w, value, i->from_depth[p] ? word(w, "--depth") : number(w, i->values[p]));
		append(w, instance, value);
	}
	if (i->slow)
		append(w, instance, word(w, "slow"));
	append(w, f, instance);
}

static void add_functions(struct writer *w, struct form *f)
{
	const struct kernel *k = w->k;
	struct form *measure = list(w, "measure", 3), *repeat = aligned(w, "repeat", 2);

	for (size_t i = 0; i < k->global_count; i++) {
		struct form *global = list(w, "global", 2);
		append(w, global, word(w, k->globals[i].var->name));
		append(w, global, expression(w, k->globals[i].make->body));
		append(w, f, global);
	}
	for (size_t i = 0; i < k->function_count; i++)
		append(w, f,
		       with_body(w, list(w, "define", 2), params(w, k->functions[i]->name, k->functions[i]),
		                 k->functions[i]->body));
	append(w, repeat, number(w, k->repeat));
	append(w, measure, word(w, k->series));
	append(w, f, with_body(w, measure, repeat, k->measured->body));
}

static struct form *formula(struct writer *w, const struct node *n, bool folded, int64_t value)
{
	return folded ? number(w, value) : expression(w, n);
}

static struct form *kernel_form(struct writer *w, const struct emit_values *v)
{
	const struct kernel *k = w->k;
	struct form *f = list(w, "kernel", 2);

	append(w, f, word(w, k->name));
	add_field(w, f, "summary", string(w, k->summary));
	if (k->stresses != NULL)
		add_field(w, f, "stresses", string(w, k->stresses));
	add_params(w, f, v);
	for (size_t i = 0; v == NULL && i < k->instance_count; i++)
		if (k->instance_count > 1 || gives_any(k, &k->instances[i]))
			add_instance(w, f, &k->instances[i]);
	if (k->growth != NULL)
		add_growth(w, f, k->growth_all);
	if (k->timeout_s > 0)
		add_field(w, f, "timeout", number(w, (int64_t)k->timeout_s));
	if (k->stack != NULL)
		add_field(w, f, "stack", formula(w, k->stack, v != NULL, v != NULL ? v->stack : 0));
	add_functions(w, f);
	if (k->expect != NULL || v != NULL)
		add_field(w, f, "expect", formula(w, k->expect, v != NULL, v != NULL ? v->expect : 0));
	return f;
}

// Each field has a line of its own.
static void print_kernel(const struct form *f, struct buf *out)
{
	buf_adds(out, "(kernel ");
	form_print_at(f->items[1], 8, 0, out);
	for (size_t i = 2; i < f->count; i++) {
		buf_adds(out, "\n  ");
		form_print_at(f->items[i], 2, i + 1 == f->count, out);
	}
	buf_adds(out, ")\n");
}

int kernel_write(const struct kernel *k, const struct emit_values *v, struct buf *out)
{
	struct writer w = { .k = k };
	const struct form *f = kernel_form(&w, v);
	const bool failed = w.forms.failed;

	if (!failed)
		print_kernel(f, out);
	forms_deinit(&w.forms);
	return failed || out->failed ? -ENOMEM : 0;
}

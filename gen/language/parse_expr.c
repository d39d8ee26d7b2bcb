// Expressions: S-expressions into nodes, names resolved. Recursion is bounded by SG_SEXP_DEPTH.
#include "parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void no_memory(struct parser *p)
{
	p->no_memory = true;
	err_set(p->e, ENOMEM, "%s: out of memory", sexp_path(p->doc));
}

void *parse_alloc(struct parser *p, size_t bytes)
{
	void *m = arena_alloc(&p->kernel->arena, bytes);

	if (m == NULL)
		no_memory(p);
	return m;
}

char *parse_text(struct parser *p, const char *text, size_t len)
{
	char *copy = arena_text(&p->kernel->arena, text, len);

	if (copy == NULL)
		no_memory(p);
	return copy;
}

struct node *parse_node(struct parser *p, enum node_kind kind, const struct sexp *at)
{
	struct node *n = parse_alloc(p, sizeof *n);

	if (n == NULL)
		return NULL;
	n->kind = kind;
	n->line = at->line;
	n->column = at->column;
	p->kernel->nodes_used |= 1U << kind;
	return n;
}

// Fails unless `s` has between min and max items behind its head.
static bool has_items(struct parser *p, const struct sexp *s, size_t min, size_t max, const char *shape)
{
	size_t n = s->count - 1;

	if (n >= min && n <= max)
		return true;
	sexp_err(p->doc, s, p->e, "%s; this one has %zu item%s", shape, n, n == 1 ? "" : "s");
	return false;
}

// --- forms -----------------------------------------------------------------------------------------------------

static struct node *parse_if(struct parser *p, const struct sexp *s, bool tail);
static struct node *parse_when(struct parser *p, const struct sexp *s, bool tail);
static struct node *parse_let(struct parser *p, const struct sexp *s, bool tail);
static struct node *parse_begin(struct parser *p, const struct sexp *s, bool tail);
static struct node *parse_loop(struct parser *p, const struct sexp *s, bool tail);
static struct node *parse_lambda(struct parser *p, const struct sexp *s, bool tail);
static struct node *parse_tail(struct parser *p, const struct sexp *s, bool tail);
static struct node *parse_try(struct parser *p, const struct sexp *s, bool tail);

static const struct form {
	const char *word;
	struct node *(*parse)(struct parser *p, const struct sexp *s, bool tail);
} forms[] = {
	{ "if", parse_if },     { "when", parse_when },     { "let", parse_let },   { "begin", parse_begin },
	{ "loop", parse_loop }, { "lambda", parse_lambda }, { "tail", parse_tail }, { "try", parse_try },
};

#define FORM_COUNT (sizeof forms / sizeof forms[0])

// Words that are no forms of their own but may not be names either.
static const char *const other_words[] = { "true", "false", "nil", "define", "while", "next", "catch", "kernel" };

int parse_check_name(struct parser *p, const struct sexp *s)
{
	enum op o;

	if (s == NULL || s->kind != SEXP_SYMBOL)
		return s == NULL ? -EINVAL : sexp_err(p->doc, s, p->e, "a name was expected here");
	for (size_t i = 0; i < s->len; i++) {
		char c = s->text[i];
		bool letter = c >= 'a' && c <= 'z';
		bool inner = i > 0 && ((c >= '0' && c <= '9') || (c == '-' && s->text[i + 1] != 0));
		if (!letter && !inner)
			return sexp_err(p->doc, s, p->e,
			                "'%.40s' is no name; names are lower-case letters, digits and inner '-'",
			                s->text);
	}
	if (s->len > 40)
		return sexp_err(p->doc, s, p->e, "a name has at most 40 characters");
	bool word = op_find(s->text, &o);
	for (size_t i = 0; i < FORM_COUNT; i++)
		word = word || strcmp(forms[i].word, s->text) == 0;
	for (size_t i = 0; i < sizeof other_words / sizeof other_words[0]; i++)
		word = word || strcmp(other_words[i], s->text) == 0;
	return word ? sexp_err(p->doc, s, p->e, "'%s' is a word of the language and cannot be a name", s->text)
	            : 0;
}

struct var *parse_variable(struct parser *p, const struct sexp *name)
{
	struct var *v;

	if (parse_check_name(p, name) < 0)
		return NULL;
	if (p->scope_count == p->scope_cap) {
		size_t cap = p->scope_cap == 0 ? 32 : p->scope_cap * 2;
		struct var **scope = realloc(p->scope, cap * sizeof(struct var *));
		if (scope == NULL) {
			no_memory(p);
			return NULL;
		}
		p->scope = scope;
		p->scope_cap = cap;
	}
	v = parse_alloc(p, sizeof *v);
	if (v == NULL)
		return NULL;
	v->name = parse_text(p, name->text, name->len);
	v->type = parse_alloc(p, sizeof *v->type);
	if (v->name == NULL || v->type == NULL)
		return NULL;
	v->id = p->kernel->var_count++;
	v->level = p->level;
	v->in_loop = p->loops[p->level] > 0;
	v->line = name->line;
	v->column = name->column;
	p->scope[p->scope_count++] = v;
	return v;
}

static struct node *parse_if(struct parser *p, const struct sexp *s, bool tail)
{
	struct node *n;

	if (!has_items(p, s, 3, 3, "(if condition then else); without an else it is (when condition ...)"))
		return NULL;
	n = parse_node(p, NODE_IF, s);
	if (n == NULL || (n->args = parse_alloc(p, 3 * sizeof(struct node *))) == NULL)
		return NULL;
	n->count = 3;
	for (size_t i = 0; i < 3; i++)
		if ((n->args[i] = parse_expr(p, s->items[i + 1], i > 0 && tail)) == NULL)
			return NULL;
	return n;
}

static struct node *parse_when(struct parser *p, const struct sexp *s, bool tail)
{
	struct node *n;

	if (!has_items(p, s, 2, KERNEL_ARGS_MAX, "(when condition effect ...)"))
		return NULL;
	n = parse_node(p, NODE_IF, s);
	if (n == NULL || (n->args = parse_alloc(p, 3 * sizeof(struct node *))) == NULL)
		return NULL;
	n->count = 3;
	n->args[0] = parse_expr(p, s->items[1], false);
	n->args[1] = n->args[0] == NULL ? NULL : parse_body(p, s, 2, tail);
	return n->args[1] == NULL ? NULL : n;
}

// Checks that `s` is a list of (name value) pairs; their number, or -1.
static int pair_count(struct parser *p, const struct sexp *s, const char *shape)
{
	if (s == NULL || s->kind != SEXP_LIST || s->count == 0 || s->count > KERNEL_ARGS_MAX) {
		if (s != NULL)
			sexp_err(p->doc, s, p->e, "1 to %u (name value) pairs were expected in %s",
			         KERNEL_ARGS_MAX, shape);
		return -1;
	}
	for (size_t i = 0; i < s->count; i++)
		if (s->items[i]->kind != SEXP_LIST || s->items[i]->count != 2) {
			sexp_err(p->doc, s->items[i], p->e, "a pair (name value) was expected in %s", shape);
			return -1;
		}
	return (int)s->count;
}

static struct node *parse_let(struct parser *p, const struct sexp *s, bool tail)
{
	const char *shape = "(let ((name value) ...) body ...)";
	size_t outside = p->scope_count;
	struct node *n;
	int count;

	if (!has_items(p, s, 2, KERNEL_ARGS_MAX, shape) || (count = pair_count(p, s->items[1], shape)) < 0)
		return NULL;
	n = parse_node(p, NODE_LET, s);
	if (n == NULL || (n->vars = parse_alloc(p, (size_t)count * sizeof(struct var *))) == NULL ||
	    (n->args = parse_alloc(p, (size_t)count * sizeof(struct node *))) == NULL)
		return NULL;
	n->count = (size_t)count;
	for (size_t i = 0; i < n->count; i++) {
		const struct sexp *pair = s->items[1]->items[i];
		if ((n->args[i] = parse_expr(p, pair->items[1], false)) == NULL ||
		    (n->vars[i] = parse_variable(p, pair->items[0])) == NULL)
			return NULL;
	}
	n->body = parse_body(p, s, 2, tail);
	p->scope_count = outside;
	return n->body == NULL ? NULL : n;
}

static struct node *parse_begin(struct parser *p, const struct sexp *s, bool tail)
{
	return has_items(p, s, 1, KERNEL_ARGS_MAX, "(begin expression ...)") ? parse_body(p, s, 1, tail) : NULL;
}

struct node *parse_body(struct parser *p, const struct sexp *list, size_t first, bool tail)
{
	size_t count = list->count - first;
	struct node *n;

	if (count == 1)
		return parse_expr(p, list->items[first], tail);
	n = parse_node(p, NODE_BEGIN, list->items[first]);
	if (n == NULL || (n->args = parse_alloc(p, count * sizeof(struct node *))) == NULL)
		return NULL;
	n->count = count;
	for (size_t i = 0; i < count; i++)
		if ((n->args[i] = parse_expr(p, list->items[first + i], tail && i + 1 == count)) == NULL)
			return NULL;
	return n;
}

// (while condition) effect ... (next value ...) [result], behind the state.
static bool parse_rounds(struct parser *p, const struct sexp *s, struct loop *l, size_t *next_at)
{
	size_t at = 3;

	if (!sexp_is_form(s->items[2], "while") || s->items[2]->count != 2) {
		sexp_err(p->doc, s->items[2], p->e, "(while condition) was expected behind the loop's state");
		return false;
	}
	while (at < s->count && !sexp_is_form(s->items[at], "next"))
		at++;
	if (at == s->count) {
		sexp_err(p->doc, s, p->e, "the loop has no (next value ...)");
		return false;
	}
	if (s->items[at]->count - 1 != l->count) {
		sexp_err(p->doc, s->items[at], p->e, "'next' has %zu values for %zu variables",
		         s->items[at]->count - 1, l->count);
		return false;
	}
	*next_at = at;
	l->effect_count = at - 3;
	l->condition = parse_expr(p, s->items[2]->items[1], false);
	return l->condition != NULL && (l->effects = parse_items(p, s, 3, l->effect_count)) != NULL &&
	       (l->next = parse_items(p, s->items[at], 1, l->count)) != NULL;
}

static struct node *parse_loop(struct parser *p, const struct sexp *s, bool tail)
{
	const char *shape = "(loop ((name first) ...) (while condition) effect ... (next value ...) result)";
	size_t outside = p->scope_count, next_at;
	struct node *n = NULL;
	struct loop *l;
	int count;

	if (!has_items(p, s, 3, KERNEL_ARGS_MAX, shape) || (count = pair_count(p, s->items[1], shape)) < 0 ||
	    (n = parse_node(p, NODE_LOOP, s)) == NULL || (l = n->loop = parse_alloc(p, sizeof *l)) == NULL)
		return NULL;
	l->count = (size_t)count;
	l->first = parse_alloc(p, l->count * sizeof(struct node *));
	l->vars = parse_alloc(p, l->count * sizeof(struct var *));
	if (l->first == NULL || l->vars == NULL)
		return NULL;
	for (size_t i = 0; i < l->count; i++)
		if ((l->first[i] = parse_expr(p, s->items[1]->items[i]->items[1], false)) == NULL)
			return NULL;
	p->loops[p->level]++;
	for (size_t i = 0; i < l->count; i++)
		if ((l->vars[i] = parse_variable(p, s->items[1]->items[i]->items[0])) == NULL)
			return NULL;
	if (!parse_rounds(p, s, l, &next_at))
		return NULL;
	p->loops[p->level]--;
	if (next_at + 1 < s->count && (l->result = parse_body(p, s, next_at + 1, tail)) == NULL)
		return NULL;
	p->scope_count = outside;
	return n;
}

int parse_function(struct parser *p, struct function *f, const struct sexp *list, size_t first,
                   const struct sexp *body, size_t body_first)
{
	size_t outside = p->scope_count;

	f->param_count = list == NULL ? 0 : list->count - first;
	if (f->param_count > KERNEL_ARGS_MAX)
		return sexp_err(p->doc, list, p->e, "a function has at most %u parameters", KERNEL_ARGS_MAX);
	f->params = parse_alloc(p, (f->param_count + 1) * sizeof(struct var *));
	if (f->params == NULL)
		return -ENOMEM;
	p->level++;
	p->lambdas[p->level] = f;
	p->loops[p->level] = 0;
	for (size_t i = 0; i < f->param_count; i++) {
		f->params[i] = parse_variable(p, list->items[first + i]);
		if (f->params[i] == NULL)
			return -EINVAL;
		for (size_t k = 0; k < i; k++)
			if (strcmp(f->params[k]->name, f->params[i]->name) == 0)
				return sexp_err(p->doc, list->items[first + i], p->e,
				                "two parameters are named '%s'", f->params[i]->name);
	}
	f->body = parse_body(p, body, body_first, true);
	p->level--;
	p->scope_count = outside;
	return f->body == NULL ? -EINVAL : 0;
}

static struct node *parse_lambda(struct parser *p, const struct sexp *s, __attribute__((unused)) bool tail)
{
	struct node *n;

	if (!has_items(p, s, 2, KERNEL_ARGS_MAX, "(lambda (name ...) body ...)"))
		return NULL;
	if (s->items[1]->kind != SEXP_LIST) {
		sexp_err(p->doc, s->items[1], p->e, "a list of parameters was expected");
		return NULL;
	}
	n = parse_node(p, NODE_LAMBDA, s);
	if (n == NULL || (n->function = parse_alloc(p, sizeof *n->function)) == NULL)
		return NULL;
	n->function->line = s->line;
	n->function->column = s->column;
	return parse_function(p, n->function, s->items[1], 0, s, 2) < 0 ? NULL : n;
}

static struct node *parse_tail(struct parser *p, const struct sexp *s, bool tail)
{
	struct node *n;

	if (!has_items(p, s, 1, 1, "(tail (function argument ...))"))
		return NULL;
	if (!tail) {
		sexp_err(p->doc, s, p->e,
		         "this call is not the last thing its function does, so it is no tail call");
		return NULL;
	}
	n = parse_expr(p, s->items[1], true);
	if (n == NULL)
		return NULL;
	if (n->kind != NODE_CALL && n->kind != NODE_APPLY) {
		sexp_err(p->doc, s->items[1], p->e, "only a call of a function can be tagged as a tail call");
		return NULL;
	}
	n->tail = true;
	p->kernel->tail_calls = true;
	return n;
}

// What is raised in the body is caught, so a call in it is no tail call; the handler's is one.
static struct node *parse_try(struct parser *p, const struct sexp *s, bool tail)
{
	const struct sexp *last = s->items[s->count - 1];
	size_t outside = p->scope_count;
	struct sexp body = *s;
	struct node *n;

	if (!has_items(p, s, 2, KERNEL_ARGS_MAX, "(try expression ... (catch (name) expression ...))"))
		return NULL;
	if (!sexp_is_form(last, "catch") || last->count < 3 || last->items[1]->kind != SEXP_LIST ||
	    last->items[1]->count != 1) {
		sexp_err(p->doc, last, p->e, "(catch (name) expression ...) was expected at the end of the try");
		return NULL;
	}
	body.count--;
	n = parse_node(p, NODE_TRY, s);
	if (n == NULL || (n->args = parse_alloc(p, sizeof(struct node *))) == NULL ||
	    (n->vars = parse_alloc(p, sizeof(struct var *))) == NULL ||
	    (n->body = parse_body(p, &body, 1, false)) == NULL ||
	    (n->vars[0] = parse_variable(p, last->items[1]->items[0])) == NULL)
		return NULL;
	n->count = 1;
	n->args[0] = parse_body(p, last, 2, tail);
	p->scope_count = outside;
	return n->args[0] == NULL ? NULL : n;
}

struct node **parse_items(struct parser *p, const struct sexp *s, size_t first, size_t count)
{
	struct node **nodes = parse_alloc(p, (count + 1) * sizeof(struct node *));

	for (size_t i = 0; nodes != NULL && i < count; i++)
		if ((nodes[i] = parse_expr(p, s->items[first + i], false)) == NULL)
			return NULL;
	return nodes;
}

static struct node *parse_list_form(struct parser *p, const struct sexp *s, bool tail)
{
	enum op o;

	if (s->count == 0) {
		sexp_err(p->doc, s, p->e, "() means nothing; the empty list is nil");
		return NULL;
	}
	for (size_t i = 0; i < FORM_COUNT; i++)
		if (sexp_is_symbol(s->items[0], forms[i].word))
			return forms[i].parse(p, s, tail);
	if (s->items[0]->kind == SEXP_SYMBOL && op_find(s->items[0]->text, &o))
		return parse_op(p, s, o);
	return parse_call(p, s);
}

struct node *parse_expr(struct parser *p, const struct sexp *s, bool tail)
{
	struct node *n;

	switch (s->kind) {
	case SEXP_INT:
		if (s->number > KERNEL_INT_MAX || s->number < -KERNEL_INT_MAX) {
			sexp_err(p->doc, s, p->e, "integers lie within 2^53 - 1 of zero");
			return NULL;
		}
		n = parse_node(p, NODE_INT, s);
		if (n != NULL)
			n->number = s->number;
		return n;
	case SEXP_STRING:
		return parse_string(p, s);
	case SEXP_SYMBOL:
		return parse_symbol(p, s);
	default:
		return parse_list_form(p, s, tail);
	}
}

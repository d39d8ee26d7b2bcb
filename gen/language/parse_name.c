// What names, calls and literals stand for.
#include "parse.h"

#include "pattern.h"

#include <string.h>

// Every lambda between the variable's function and here has it from outside.
static bool note_capture(struct parser *p, struct var *v)
{
	if (v->level == 0)
		return true;
	for (unsigned l = v->level + 1; l <= p->level; l++) {
		struct function *f = p->lambdas[l];
		size_t i = 0;
		while (i < f->captured_count && f->captured[i] != v)
			i++;
		if (i < f->captured_count)
			continue;
		if ((f->captured_count & (f->captured_count - 1)) == 0) { // room for the next power of two
			struct var **more = parse_alloc(p, (f->captured_count * 2 + 1) * sizeof(struct var *));
			if (more == NULL)
				return false;
			if (f->captured_count > 0)
				memcpy(more, f->captured, f->captured_count * sizeof(struct var *));
			f->captured = more;
		}
		f->captured[f->captured_count++] = v;
		p->kernel->captures = true;
	}
	return true;
}

static struct var *find_variable(const struct parser *p, const char *name)
{
	for (size_t i = p->scope_count; i-- > 0;)
		if (strcmp(p->scope[i]->name, name) == 0)
			return p->scope[i];
	return NULL;
}

static struct function *find_function(struct parser *p, const char *name)
{
	for (size_t i = 0; i < p->visible_functions; i++)
		if (strcmp(p->kernel->functions[i]->name, name) == 0) {
			if (i > p->function_now)
				p->kernel->functions[i]->early = true;
			return p->kernel->functions[i];
		}
	return NULL;
}

struct node *parse_symbol(struct parser *p, const struct sexp *s)
{
	struct node *n = NULL;
	struct function *f;
	struct var *v;

	if (strcmp(s->text, "true") == 0 || strcmp(s->text, "false") == 0) {
		if ((n = parse_node(p, NODE_BOOL, s)) != NULL)
			n->number = s->text[0] == 't';
	} else if (strcmp(s->text, "nil") == 0) {
		n = parse_node(p, NODE_NIL, s);
	} else if ((v = find_variable(p, s->text)) != NULL) {
		if (p->formula && v->global) {
			sexp_err(p->doc, s, p->e, "a formula is over the parameters alone; '%s' is a global",
			         v->name);
			return NULL;
		}
		if ((n = parse_node(p, NODE_VAR, s)) != NULL)
			n->var = v;
		return note_capture(p, v) ? n : NULL;
	} else if ((f = find_function(p, s->text)) != NULL) {
		if ((n = parse_node(p, NODE_FUNCTION, s)) != NULL)
			n->function = f;
	} else {
		sexp_err(p->doc, s, p->e, "'%.40s' is not defined here", s->text);
	}
	return n;
}

struct node *parse_string(struct parser *p, const struct sexp *s)
{
	struct node *n = parse_node(p, NODE_STRING, s);

	if (n == NULL)
		return NULL;
	for (size_t i = 0; i < s->len; i++)
		if ((unsigned char)s->text[i] >= 0x7F || s->text[i] == '\r') {
			sexp_err(p->doc, s, p->e, "a string holds printable ASCII, \\n and \\t only");
			return NULL;
		}
	n->text = parse_text(p, s->text, s->len);
	return n->text == NULL ? NULL : n;
}

static bool parse_args(struct parser *p, struct node *n, const struct sexp *s)
{
	n->count = s->count - 1;
	if (n->count > KERNEL_ARGS_MAX) {
		sexp_err(p->doc, s, p->e, "more than %u arguments", KERNEL_ARGS_MAX);
		return false;
	}
	n->args = parse_items(p, s, 1, n->count);
	return n->args != NULL;
}

// A regular expression is written into the program as it stands, so it must mean the same everywhere.
static bool is_common_regex(struct parser *p, const struct sexp *s)
{
	const struct sexp *regex = sexp_at(s, 1);

	if (regex != NULL && regex->kind == SEXP_STRING && regex->len > 0 &&
	    strspn(regex->text, "abcdefghijklmnopqrstuvwxyz0123456789()|*+?^$") == regex->len &&
	    pattern_compiles(regex->text))
		return true;
	sexp_err(p->doc, regex != NULL ? regex : s, p->e,
	         "a pattern is a string of letters, digits and ( ) | * + ? ^ $ that is a regular expression");
	return false;
}

struct node *parse_op(struct parser *p, const struct sexp *s, enum op o)
{
	const char *signature = op_signature(o);
	size_t least = strcspn(signature, ">");
	bool many = least > 0 && signature[least - 1] == '*';
	struct node *n = parse_node(p, NODE_OP, s);

	if (n == NULL || (o == OP_REGEX_MATCH && !is_common_regex(p, s)))
		return NULL;
	n->op = o;
	p->kernel->ops_used |= UINT64_C(1) << o;
	least -= many;
	if (s->count - 1 < least || (s->count - 1 > least && !many)) {
		sexp_err(p->doc, s, p->e, "'%s' takes %zu argument%s%s, not %zu", op_word(o), least,
		         least == 1 ? "" : "s", many ? " or more" : "", s->count - 1);
		return NULL;
	}
	return parse_args(p, n, s) ? n : NULL;
}

struct node *parse_call(struct parser *p, const struct sexp *s)
{
	const struct sexp *head = s->items[0];
	bool variable = head->kind == SEXP_SYMBOL && find_variable(p, head->text) != NULL;
	struct function *f = head->kind == SEXP_SYMBOL && !variable ? find_function(p, head->text) : NULL;
	struct node *n;

	if (head->kind == SEXP_SYMBOL && !variable && f == NULL) {
		sexp_err(p->doc, head, p->e, "unknown form or function '%.40s'", head->text);
		return NULL;
	}
	if (f != NULL && f->param_count != s->count - 1) {
		sexp_err(p->doc, s, p->e, "'%s' takes %zu argument%s, not %zu", f->name, f->param_count,
		         f->param_count == 1 ? "" : "s", s->count - 1);
		return NULL;
	}
	n = parse_node(p, f != NULL ? NODE_CALL : NODE_APPLY, s);
	if (n == NULL)
		return NULL;
	n->function = f;
	if (f == NULL && (n->body = parse_expr(p, head, false)) == NULL)
		return NULL;
	return parse_args(p, n, s) ? n : NULL;
}

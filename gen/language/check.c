// Types: every variable, parameter and result has one, found by unification. What lists, vectors, maps and boxes
// hold is not followed: taking something out gives a type of its own.
#include "kernel.h"

#include <errno.h>
#include <string.h>

// Function types are compared this deep and this many parts at most; beyond is an error, not a hang.
#define TYPE_DEPTH 16U
#define TYPE_PARTS 4096U

struct checker {
	struct kernel *kernel;
	struct err *e;
	struct type *basic; // one of each kind
	unsigned parts;     // compared so far in this unification
};

static const char *const kind_names[] = {
	[TYPE_ANY] = "anything",
	[TYPE_INT] = "an int",
	[TYPE_BOOL] = "a bool",
	[TYPE_STRING] = "a string",
	[TYPE_LIST] = "a list",
	[TYPE_VECTOR] = "a vector",
	[TYPE_MAP] = "a map",
	[TYPE_BOX] = "a box",
	[TYPE_FUNCTION] = "a function",
	[TYPE_UNIT] = "without a value",
	[TYPE_DATA] = "data",
	[TYPE_OBJECT] = "an object",
	[TYPE_WEAK] = "a weak reference",
	[TYPE_EPHEMERONS] = "ephemerons",
};

static struct type *resolve(struct type *t)
{
	while (t->kind == TYPE_ANY && t->same != NULL)
		t = t->same;
	return t;
}

const struct type *type_of(const struct type *t)
{
	while (t->kind == TYPE_ANY && t->same != NULL)
		t = t->same;
	return t;
}

const char *type_kind_name(enum type_kind kind)
{
	return kind_names[kind];
}

const char *type_name(const struct type *t)
{
	return kind_names[type_of(t)->kind];
}

static struct type *new_type(struct checker *c, enum type_kind kind)
{
	struct type *t = arena_alloc(&c->kernel->arena, sizeof *t);

	if (t == NULL)
		err_set(c->e, ENOMEM, "%s: out of memory", c->kernel->path);
	else
		t->kind = kind;
	return t;
}

static bool occurs(struct checker *c, const struct type *needle, struct type *t, unsigned depth)
{
	t = resolve(t);
	if (t == needle || depth > TYPE_DEPTH || ++c->parts > TYPE_PARTS)
		return true;
	if (t->kind != TYPE_FUNCTION)
		return false;
	for (size_t i = 0; i < t->arg_count; i++)
		if (occurs(c, needle, t->args[i], depth + 1))
			return true;
	return occurs(c, needle, t->result, depth + 1);
}

static bool unify(struct checker *c, struct type *a, struct type *b, unsigned depth)
{
	a = resolve(a);
	b = resolve(b);
	if (a == b)
		return true;
	if (depth > TYPE_DEPTH || ++c->parts > TYPE_PARTS)
		return false;
	if (b->kind == TYPE_ANY) {
		struct type *swap = a;
		a = b;
		b = swap;
	}
	if (a->kind == TYPE_ANY) {
		if (b->kind == TYPE_FUNCTION && occurs(c, a, b, depth))
			return false;
		a->same = b;
		return true;
	}
	if (a->kind != b->kind || a->arg_count != b->arg_count)
		return false;
	for (size_t i = 0; i < a->arg_count; i++)
		if (!unify(c, a->args[i], b->args[i], depth + 1))
			return false;
	return a->kind != TYPE_FUNCTION || unify(c, a->result, b->result, depth + 1);
}

// Demands that the node's type is `want`; `who` names who wants it.
static int expect_type(struct checker *c, const struct node *n, struct type *want, const char *who)
{
	const struct type *w = resolve(want), *is = resolve(n->type);

	c->parts = 0;
	if (unify(c, want, n->type, 0))
		return 0;
	if (w->kind == TYPE_ANY || is->kind == TYPE_ANY)
		return kernel_err(c->kernel, n->line, n->column, c->e, "a function cannot take or return itself");
	if (w->kind == TYPE_FUNCTION && is->kind == TYPE_FUNCTION && w->arg_count != is->arg_count)
		return kernel_err(c->kernel, n->line, n->column, c->e,
		                  "%s needs a function of %zu argument%s here; this one has %zu", who,
		                  w->arg_count, w->arg_count == 1 ? "" : "s", is->arg_count);
	if (w->kind == TYPE_FUNCTION && is->kind == TYPE_FUNCTION)
		return kernel_err(c->kernel, n->line, n->column, c->e,
		                  "%s needs another type of function here (or one that is not so deep)", who);
	return kernel_err(c->kernel, n->line, n->column, c->e, "%s needs %s here; this is %s", who,
	                  type_name(want), type_name(n->type));
}

static struct type *function_type(struct checker *c, size_t count)
{
	struct type *t = new_type(c, TYPE_FUNCTION);

	if (t == NULL)
		return NULL;
	t->args = arena_alloc(&c->kernel->arena, (count + 1) * sizeof(struct type *));
	t->arg_count = count;
	t->result = new_type(c, TYPE_ANY);
	return t->args == NULL || t->result == NULL ? NULL : t;
}

// A function of one argument; NULL in either place: anything.
static struct type *function_of_one(struct checker *c, struct type *arg, struct type *result)
{
	struct type *t = function_type(c, 1);

	if (t == NULL || (t->args[0] = arg != NULL ? arg : new_type(c, TYPE_ANY)) == NULL)
		return NULL;
	if (result != NULL)
		t->result = result;
	return t;
}

// What call/cc takes: a function of a continuation, which takes what the function returns and never returns
// itself.
static struct type *receiver_type(struct checker *c)
{
	struct type *k = function_of_one(c, NULL, NULL);

	return k == NULL ? NULL : function_of_one(c, k, k->args[0]);
}

static enum type_kind letter_kind(char letter)
{
	static const char letters[] = "aibslvmx?udowe"; // in the order of enum type_kind

	return (enum type_kind)(strchr(letters, letter) - letters);
}

enum type_kind op_result(enum op o)
{
	return letter_kind(strchr(op_signature(o), '>')[1]);
}

static struct type *letter_type(struct checker *c, char letter)
{
	switch (letter) {
	case 'a':
		return new_type(c, TYPE_ANY);
	case 'f':
		return function_of_one(c, &c->basic[TYPE_INT], &c->basic[TYPE_INT]);
	case 'c':
		return receiver_type(c);
	default:
		return &c->basic[letter_kind(letter)];
	}
}

static int check(struct checker *c, struct node *n);

// A node in a place where its value is used.
static int check_value(struct checker *c, struct node *n)
{
	int rc = check(c, n);

	if (rc == 0 && resolve(n->type)->kind == TYPE_UNIT)
		rc = kernel_err(c->kernel, n->line, n->column, c->e,
		                "a value is needed here; this expression has an effect only");
	return rc;
}

static int check_as(struct checker *c, struct node *n, struct type *want, const char *who)
{
	int rc = check_value(c, n);

	return rc < 0 ? rc : expect_type(c, n, want, who);
}

// The type of a function from its parameters' and result's.
static int declare_function(struct checker *c, struct function *f)
{
	if (f->type != NULL) // the second walk
		return 0;
	f->type = function_type(c, f->param_count);
	if (f->type == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < f->param_count; i++)
		f->type->args[i] = f->params[i]->type;
	return 0;
}

static int check_body(struct checker *c, struct function *f)
{
	int rc = check(c, f->body);

	return rc < 0 ? rc : expect_type(c, f->body, f->type->result, f->name != NULL ? f->name : "the function");
}

static int check_op(struct checker *c, struct node *n)
{
	const char *s = op_signature(n->op);
	struct type *want = NULL;

	for (size_t i = 0; i < n->count; i++) {
		want = letter_type(c, *s);
		int rc = want == NULL ? -ENOMEM : check_as(c, n->args[i], want, op_word(n->op));
		if (rc < 0)
			return rc;
		if (s[1] != '*')
			s++;
	}
	n->type = n->op == OP_CALL_CC ? want->result : letter_type(c, strchr(s, '>')[1]);
	return n->type == NULL ? -ENOMEM : 0;
}

static int check_if(struct checker *c, struct node *n)
{
	int rc = check_as(c, n->args[0], &c->basic[TYPE_BOOL], n->args[2] != NULL ? "'if'" : "'when'");

	if (rc == 0)
		rc = check(c, n->args[1]);
	if (rc < 0)
		return rc;
	if (n->args[2] == NULL) {
		n->type = &c->basic[TYPE_UNIT];
		return 0;
	}
	n->type = n->args[1]->type;
	rc = check(c, n->args[2]);
	return rc < 0 ? rc : expect_type(c, n->args[2], n->type, "'if' with the branch above");
}

static int check_let(struct checker *c, struct node *n)
{
	for (size_t i = 0; i < n->count; i++) {
		int rc = check_as(c, n->args[i], n->vars[i]->type, n->vars[i]->name);
		if (rc < 0)
			return rc;
	}
	int rc = check(c, n->body);
	n->type = n->body->type;
	return rc;
}

static int check_begin(struct checker *c, struct node *n)
{
	for (size_t i = 0; i < n->count; i++) {
		int rc = check(c, n->args[i]);
		if (rc < 0)
			return rc;
	}
	n->type = n->args[n->count - 1]->type;
	return 0;
}

static int check_loop(struct checker *c, struct node *n)
{
	struct loop *l = n->loop;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < l->count; i++)
		rc = check_as(c, l->first[i], l->vars[i]->type, l->vars[i]->name);
	if (rc == 0)
		rc = check_as(c, l->condition, &c->basic[TYPE_BOOL], "'while'");
	for (size_t i = 0; rc == 0 && i < l->effect_count; i++)
		rc = check(c, l->effects[i]);
	for (size_t i = 0; rc == 0 && i < l->count; i++)
		rc = check_as(c, l->next[i], l->vars[i]->type, l->vars[i]->name);
	if (rc == 0 && l->result != NULL)
		rc = check(c, l->result);
	n->type = l->result != NULL ? l->result->type : &c->basic[TYPE_UNIT];
	return rc;
}

static int check_args(struct checker *c, struct node *n, struct type *f, const char *who)
{
	for (size_t i = 0; i < n->count; i++) {
		int rc = check_as(c, n->args[i], f->args[i], who);
		if (rc < 0)
			return rc;
	}
	n->type = f->result;
	return 0;
}

static int check_apply(struct checker *c, struct node *n)
{
	struct type *want = function_type(c, n->count);
	int rc;

	if (want == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n->count; i++)
		if ((want->args[i] = new_type(c, TYPE_ANY)) == NULL)
			return -ENOMEM;
	rc = check_as(c, n->body, want, "a call");
	return rc < 0 ? rc : check_args(c, n, want, "the function");
}

static int check_lambda(struct checker *c, struct node *n)
{
	int rc = declare_function(c, n->function);

	n->type = n->function->type;
	return rc < 0 ? rc : check_body(c, n->function);
}

static int check_try(struct checker *c, struct node *n)
{
	int rc = check(c, n->body);

	n->vars[0]->type = &c->basic[TYPE_INT];
	n->type = n->body->type;
	if (rc == 0)
		rc = check(c, n->args[0]);
	return rc < 0 ? rc : expect_type(c, n->args[0], n->type, "'catch' with the body above");
}

static int check(struct checker *c, struct node *n)
{
	switch (n->kind) {
	case NODE_INT:
		n->type = &c->basic[TYPE_INT];
		return 0;
	case NODE_BOOL:
		n->type = &c->basic[TYPE_BOOL];
		return 0;
	case NODE_STRING:
		n->type = &c->basic[TYPE_STRING];
		return 0;
	case NODE_NIL:
		n->type = &c->basic[TYPE_LIST];
		return 0;
	case NODE_VAR:
		n->type = n->var->type;
		return 0;
	case NODE_FUNCTION:
		n->type = n->function->type;
		return 0;
	case NODE_OP:
		return check_op(c, n);
	case NODE_IF:
		return check_if(c, n);
	case NODE_LET:
		return check_let(c, n);
	case NODE_BEGIN:
		return check_begin(c, n);
	case NODE_LOOP:
		return check_loop(c, n);
	case NODE_LAMBDA:
		return check_lambda(c, n);
	case NODE_CALL:
		return check_args(c, n, n->function->type, n->function->name);
	case NODE_APPLY:
		return check_apply(c, n);
	case NODE_TRY:
		return check_try(c, n);
	}
	return -EINVAL;
}

static int check_global(struct checker *c, struct kernel_global *g)
{
	int rc = declare_function(c, g->make);

	if (rc == 0)
		rc = check_body(c, g->make);
	return rc < 0 ? rc : check_as(c, g->make->body, g->var->type, g->var->name);
}

static int check_kernel(struct checker *c)
{
	struct kernel *k = c->kernel;
	int rc = 0;

	for (size_t i = 0; i < k->param_count; i++)
		k->params[i].var->type = &c->basic[TYPE_INT];
	for (size_t i = 0; rc == 0 && i < k->function_count; i++)
		rc = declare_function(c, k->functions[i]);
	for (size_t i = 0; rc == 0 && i < k->global_count; i++)
		rc = check_global(c, &k->globals[i]);
	for (size_t i = 0; rc == 0 && i < k->function_count; i++)
		rc = check_body(c, k->functions[i]);
	if (rc == 0)
		rc = declare_function(c, k->measured);
	if (rc == 0)
		rc = check_body(c, k->measured);
	if (rc == 0)
		rc = expect_type(c, k->measured->body, &c->basic[TYPE_INT], "'measure'");
	if (rc == 0 && k->expect != NULL)
		rc = check_as(c, k->expect, &c->basic[TYPE_INT], "'expect'");
	if (rc == 0 && k->stack != NULL)
		rc = check_as(c, k->stack, &c->basic[TYPE_INT], "'stack'");
	return rc;
}

// A call may have been read as a value before its function turned out to have none: so, when all types are known,
// everything is looked at once more.
int kernel_check(struct kernel *k, struct err *e)
{
	struct checker c = { .kernel = k, .e = e };
	int rc;

	c.basic = arena_alloc(&k->arena, TYPE_COUNT * sizeof *c.basic);
	if (c.basic == NULL)
		return err_set(e, ENOMEM, "%s: out of memory", k->path);
	for (int kind = TYPE_ANY; kind < TYPE_COUNT; kind++)
		c.basic[kind].kind = (enum type_kind)kind;
	rc = check_kernel(&c);
	return rc < 0 ? rc : check_kernel(&c);
}

// Formulas: the integers that a kernel expects, computed from its parameters.
#include "kernel.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

// Nodes evaluated before a formula is given up: about a second.
#define FORMULA_STEPS UINT64_C(200000000)

struct evaluation {
	const struct kernel *kernel;
	struct err *e;
	int64_t *vars; // by id
	uint64_t steps;
};

static int fail(struct evaluation *v, const struct node *n, int code, const char *what)
{
	return err_at(v->e, code, v->kernel->path, n->line, n->column, "%s", what);
}

static int eval(struct evaluation *v, const struct node *n, int64_t *out);

// One step of + - * quotient remainder, left to right.
static int arithmetic(struct evaluation *v, const struct node *n, int64_t a, int64_t b, int64_t *out)
{
	bool over = false;

	switch (n->op) {
	case OP_ADD:
		over = __builtin_add_overflow(a, b, out);
		break;
	case OP_SUBTRACT:
		over = __builtin_sub_overflow(a, b, out);
		break;
	case OP_MULTIPLY:
		over = __builtin_mul_overflow(a, b, out);
		break;
	default:
		if (b == 0)
			return fail(v, n, ERANGE, "division by zero in a formula");
		*out = n->op == OP_QUOTIENT ? a / b : a % b;
	}
	if (over || *out > KERNEL_INT_MAX || *out < -KERNEL_INT_MAX)
		return fail(v, n, ERANGE, "a value leaves the range of 2^53 - 1 around zero");
	return 0;
}

static bool compare(enum op o, int64_t a, int64_t b)
{
	switch (o) {
	case OP_EQUAL:
		return a == b;
	case OP_LESS:
		return a < b;
	case OP_GREATER:
		return a > b;
	case OP_LESS_EQUAL:
		return a <= b;
	default:
		return a >= b;
	}
}

static int eval_op(struct evaluation *v, const struct node *n, int64_t *out)
{
	int64_t right = 0;
	int rc;

	if (n->op > OP_OR)
		return fail(v, n, EINVAL, "a formula knows integers and booleans only");
	rc = eval(v, n->args[0], out);
	for (size_t i = 1; rc == 0 && i < n->count; i++) {
		if ((n->op == OP_AND && !*out) || (n->op == OP_OR && *out))
			return 0;
		rc = eval(v, n->args[i], &right);
		if (rc < 0)
			return rc;
		if (n->op <= OP_REMAINDER)
			rc = arithmetic(v, n, *out, right, out);
		else
			*out = n->op == OP_AND || n->op == OP_OR ? right : compare(n->op, *out, right);
	}
	if (n->op == OP_NOT)
		*out = !*out;
	return rc;
}

static int eval_loop(struct evaluation *v, const struct node *n, int64_t *out)
{
	const struct loop *l = n->loop;
	int64_t next[KERNEL_ARGS_MAX], go_on = 1;
	int rc = 0;

	if (l->effect_count != 0 || l->result == NULL)
		return fail(v, n, EINVAL, "a loop in a formula has a result and no effects");
	for (size_t i = 0; rc == 0 && i < l->count; i++)
		rc = eval(v, l->first[i], &next[i]);
	while (rc == 0) {
		for (size_t i = 0; i < l->count; i++)
			v->vars[l->vars[i]->id] = next[i];
		rc = eval(v, l->condition, &go_on);
		if (rc < 0 || !go_on)
			break;
		for (size_t i = 0; rc == 0 && i < l->count; i++)
			rc = eval(v, l->next[i], &next[i]);
	}
	return rc < 0 ? rc : eval(v, l->result, out);
}

static int eval(struct evaluation *v, const struct node *n, int64_t *out)
{
	int64_t condition;
	int rc;

	if (++v->steps > FORMULA_STEPS)
		return fail(v, n, ELOOP, "the formula takes too many steps");
	switch (n->kind) {
	case NODE_INT:
	case NODE_BOOL:
		*out = n->number;
		return 0;
	case NODE_VAR:
		*out = v->vars[n->var->id];
		return 0;
	case NODE_OP:
		return eval_op(v, n, out);
	case NODE_IF:
		rc = n->args[2] == NULL ? fail(v, n, EINVAL, "'when' has no value")
		                        : eval(v, n->args[0], &condition);
		return rc < 0 ? rc : eval(v, n->args[condition ? 1 : 2], out);
	case NODE_LET:
		for (size_t i = 0; i < n->count; i++)
			if ((rc = eval(v, n->args[i], &v->vars[n->vars[i]->id])) < 0)
				return rc;
		return eval(v, n->body, out);
	case NODE_LOOP:
		return eval_loop(v, n, out);
	default:
		return fail(v, n, EINVAL, "a formula holds integers, booleans, parameters, if, let and loop only");
	}
}

int kernel_evaluate(const struct kernel *k, const struct node *formula, const int64_t *values, int64_t *out,
                    struct err *e)
{
	struct evaluation v = { .kernel = k, .e = e };
	int rc;

	v.vars = calloc(k->var_count + 1, sizeof *v.vars);
	if (v.vars == NULL)
		return err_set(e, ENOMEM, "%s: out of memory", k->path);
	for (size_t i = 0; i < k->param_count; i++)
		v.vars[k->params[i].var->id] = values[i];
	rc = eval(&v, formula, out);
	free(v.vars);
	return rc;
}

int kernel_instance_values(const struct kernel *k, const struct kernel_instance *instance, uint64_t depth,
                           int64_t *values, struct err *e)
{
	for (size_t i = 0; i < k->param_count; i++) {
		const struct kernel_param *p = &k->params[i];
		if (instance->from_depth[i] &&
		    (depth > INT64_MAX || (int64_t)depth > p->max || (int64_t)depth < p->min))
			return err_at(e, ERANGE, k->path, p->var->line, p->var->column,
			              "depth %" PRIu64 " is out of this kernel's range, %" PRId64 " to %" PRId64,
			              depth, p->min, p->max);
		values[i] = instance->from_depth[i] ? (int64_t)depth : instance->values[i];
	}
	return 0;
}

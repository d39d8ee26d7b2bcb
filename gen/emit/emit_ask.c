// What statement style asks of a node before it writes it: does it need statements, may it be evaluated later.
#include "emit.h"

#include <string.h>

bool emit_any_needs_statements(const struct emitter *em, struct node *const *nodes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (nodes[i] != NULL && emit_needs_statements(em, nodes[i]))
			return true;
	return false;
}

bool emit_is_moving(const struct emitter *em, const struct var *v)
{
	return v->in_loop && !em->settled[v->id];
}

bool emit_is_inline_lambda(const struct emitter *em, const struct function *f)
{
	return dialect_has(em->d, CONSTRUCT_LAMBDA) && type_of(f->type->result)->kind != TYPE_UNIT &&
	       !emit_needs_statements(em, f->body);
}

bool emit_needs_statements(const struct emitter *em, const struct node *n)
{
	struct node *operands[KERNEL_ARGS_MAX + 1];

	switch (n->kind) {
	case NODE_LET:
	case NODE_BEGIN:
	case NODE_LOOP:
	case NODE_TRY:
		return true;
	case NODE_IF:
		return n->args[2] == NULL || !dialect_has(em->d, CONSTRUCT_IF) ||
		       emit_any_needs_statements(em, n->args, n->count);
	case NODE_LAMBDA:
		for (size_t i = 0; i < n->function->captured_count; i++)
			if (emit_is_moving(em, n->function->captured[i]) && dialect_has(em->d, CONSTRUCT_CAPTURE))
				return true;
		return !dialect_has(em->d, CONSTRUCT_CLOSURE) && !emit_is_inline_lambda(em, n->function);
	case NODE_APPLY:
		return emit_needs_statements(em, n->body) || emit_any_needs_statements(em, n->args, n->count) ||
		       emit_bound_operands(em, operands, emit_operands_of(n, operands)) > 0;
	case NODE_OP:
		return n->op == OP_RAISE || emit_any_needs_statements(em, n->args, n->count) ||
		       (n->op != OP_AND && n->op != OP_OR && emit_bound_operands(em, n->args, n->count) > 0);
	case NODE_CALL:
		return emit_any_needs_statements(em, n->args, n->count) ||
		       emit_bound_operands(em, n->args, n->count) > 0;
	default:
		return false;
	}
}

bool emit_is_pure(const struct node *n)
{
	bool pure = n->kind != NODE_OP || n->op <= OP_LIST || (n->op >= OP_STRING_APPEND && n->op < OP_FULL_GC);

	switch (n->kind) {
	case NODE_INT:
	case NODE_BOOL:
	case NODE_STRING:
	case NODE_NIL:
	case NODE_VAR:
	case NODE_FUNCTION:
		return true;
	case NODE_IF:
	case NODE_OP:
		for (size_t i = 0; pure && i < n->count; i++)
			pure = n->args[i] != NULL && emit_is_pure(n->args[i]);
		return pure;
	default:
		return false;
	}
}

static bool mentions(const struct node *n, const struct var *v);

static bool any_mentions(struct node *const *nodes, size_t count, const struct var *v)
{
	for (size_t i = 0; i < count; i++)
		if (nodes[i] != NULL && mentions(nodes[i], v))
			return true;
	return false;
}

static bool mentions(const struct node *n, const struct var *v)
{
	switch (n->kind) {
	case NODE_VAR:
		return n->var == v;
	case NODE_LAMBDA:
		return mentions(n->function->body, v);
	case NODE_LOOP:
		return any_mentions(n->loop->first, n->loop->count, v) || mentions(n->loop->condition, v) ||
		       any_mentions(n->loop->effects, n->loop->effect_count, v) ||
		       any_mentions(n->loop->next, n->loop->count, v) ||
		       (n->loop->result != NULL && mentions(n->loop->result, v));
	case NODE_LET:
	case NODE_APPLY:
	case NODE_TRY:
		return mentions(n->body, v) || any_mentions(n->args, n->count, v);
	case NODE_IF:
	case NODE_OP:
	case NODE_BEGIN:
	case NODE_CALL:
		return any_mentions(n->args, n->count, v);
	default:
		return false;
	}
}

size_t emit_changing(const struct loop *l, size_t *out)
{
	size_t count = 0;

	for (size_t i = 0; i < l->count; i++)
		if (l->next[i]->kind != NODE_VAR || l->next[i]->var != l->vars[i])
			out[count++] = i;
	return count;
}

bool emit_one_by_one(const struct loop *l, size_t *order, size_t count)
{
	size_t impure = 0;

	for (size_t i = 0; i < count; i++)
		impure += !emit_is_pure(l->next[order[i]]);
	if (impure > 1)
		return false;
	for (size_t done = 0; done < count; done++) {
		size_t pick = done;
		for (; pick < count; pick++) {
			bool read = false;
			for (size_t i = done; i < count; i++)
				read = read || (i != pick && mentions(l->next[order[i]], l->vars[order[pick]]));
			if (!read)
				break;
		}
		if (pick == count)
			return false;
		size_t chosen = order[pick];
		memmove(order + done + 1, order + done, (pick - done) * sizeof *order);
		order[done] = chosen;
	}
	return true;
}

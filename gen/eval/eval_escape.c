// Escape analysis: which pairs and boxes are never seen as a whole. Recursion is bounded by the parser's.
#include "eval_code.h"

#include <stdlib.h>

struct search {
	const struct kernel *k;
	bool *local;    // by variable id
	unsigned level; // of the function that is being looked at
};

// The variable of a let that is bound to a new pair or box.
static bool is_fresh(const struct search *s, const struct node *made)
{
	// a continuation copies the calls, and a box must not be copied with them
	bool copied = (s->k->ops_used >> OP_CALL_CC & 1U) != 0;

	return made->kind == NODE_OP && (made->op == OP_CONS || (made->op == OP_BOX && !copied));
}

// Whether the operation asks for a part of its first operand only.
static bool takes_part(enum op o)
{
	return o == OP_CAR || o == OP_CDR || o == OP_UNBOX || o == OP_SET_BOX;
}

static void look_at(struct search *s, const struct node *n);

static void look_at_all(struct search *s, struct node *const *nodes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (nodes[i] != NULL)
			look_at(s, nodes[i]);
}

static void look_at_function(struct search *s, const struct function *f)
{
	s->level++;
	look_at(s, f->body);
	s->level--;
}

static void look_at_op(struct search *s, const struct node *n)
{
	const struct node *whole = n->count > 0 ? n->args[0] : NULL;
	bool part = whole != NULL && whole->kind == NODE_VAR && takes_part(n->op) && whole->var->level == s->level;

	look_at_all(s, n->args + part, n->count - part);
}

static void look_at_let(struct search *s, const struct node *n)
{
	for (size_t i = 0; i < n->count; i++) {
		look_at(s, n->args[i]);
		s->local[n->vars[i]->id] = is_fresh(s, n->args[i]);
	}
	look_at(s, n->body);
}

static void look_at_loop(struct search *s, const struct loop *l)
{
	look_at_all(s, l->first, l->count);
	look_at(s, l->condition);
	look_at_all(s, l->effects, l->effect_count);
	look_at_all(s, l->next, l->count);
	look_at_all(s, &l->result, 1);
}

// Any other use of a variable as a whole lets it escape.
static void look_at(struct search *s, const struct node *n)
{
	switch (n->kind) {
	case NODE_VAR:
		s->local[n->var->id] = false;
		break;
	case NODE_OP:
		look_at_op(s, n);
		break;
	case NODE_LET:
		look_at_let(s, n);
		break;
	case NODE_LOOP:
		look_at_loop(s, n->loop);
		break;
	case NODE_LAMBDA:
		look_at_function(s, n->function);
		break;
	case NODE_APPLY:
		look_at(s, n->body);
		look_at_all(s, n->args, n->count);
		break;
	case NODE_TRY:
		look_at(s, n->body);
		look_at(s, n->args[0]);
		break;
	case NODE_IF:
	case NODE_BEGIN:
	case NODE_CALL:
		look_at_all(s, n->args, n->count);
		break;
	default:
		break;
	}
}

bool *program_find_local(const struct kernel *k)
{
	struct search s = { .k = k, .local = calloc(k->var_count + 1, sizeof(bool)) };

	for (size_t i = 0; s.local != NULL && i < k->function_count; i++)
		look_at_function(&s, k->functions[i]);
	for (size_t i = 0; s.local != NULL && i < k->global_count; i++)
		look_at_function(&s, k->globals[i].make);
	if (s.local != NULL)
		look_at_function(&s, k->measured);
	return s.local;
}

// Whether a kernel's functions call each other in a circle that a language must keep frames for.
#include "kernel.h"

#include <stdlib.h>

struct search {
	const struct function *wanted;
	bool *seen; // by a function's index
	bool found;
};

static void look(struct search *s, const struct node *n);

static void look_all(struct search *s, struct node *const *nodes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		look(s, nodes[i]);
}

static void enter(struct search *s, const struct function *f)
{
	s->found = s->found || f == s->wanted;
	if (s->found || s->seen[f->index])
		return;
	s->seen[f->index] = true;
	look(s, f->body);
}

static void look_in_loop(struct search *s, const struct loop *l)
{
	look_all(s, l->first, l->count);
	look(s, l->condition);
	look_all(s, l->effects, l->effect_count);
	look_all(s, l->next, l->count);
	look(s, l->result);
}

// A function that is used as a value may be called.
static void look(struct search *s, const struct node *n)
{
	if (n == NULL || s->found)
		return;
	switch (n->kind) {
	case NODE_LOOP:
		look_in_loop(s, n->loop);
		return;
	case NODE_LAMBDA:
		look(s, n->function->body);
		return;
	case NODE_FUNCTION:
		enter(s, n->function);
		return;
	case NODE_CALL:
		look_all(s, n->args, n->count);
		enter(s, n->function);
		return;
	case NODE_TRY:
		look_all(s, n->args, 1);
		look(s, n->body);
		return;
	case NODE_LET:
	case NODE_APPLY:
		look(s, n->body);
		break;
	case NODE_IF:
	case NODE_OP:
	case NODE_BEGIN:
		break;
	default:
		return;
	}
	look_all(s, n->args, n->count);
}

bool kernel_recurses(const struct kernel *k)
{
	bool found = false;

	for (size_t i = 0; i < k->function_count && !found; i++) {
		struct search s = { .wanted = k->functions[i], .seen = calloc(k->function_count, sizeof *s.seen) };
		if (s.seen == NULL)
			return true;
		look(&s, k->functions[i]->body);
		found = s.found;
		free(s.seen);
	}
	return found;
}

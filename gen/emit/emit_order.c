// The order of evaluation, as far as it can be observed.
#include "emit.h"

#include <string.h>

static enum trace worse(enum trace a, enum trace b)
{
	return a > b ? a : b;
}

static enum trace trace_all(const struct emitter *em, struct node *const *nodes, size_t count)
{
	enum trace all = TRACE_NONE;

	for (size_t i = 0; i < count && all < TRACE_EFFECT; i++)
		if (nodes[i] != NULL)
			all = worse(all, emit_trace(em, nodes[i]));
	return all;
}

static enum trace trace_loop(const struct emitter *em, const struct loop *l)
{
	enum trace t = worse(trace_all(em, l->first, l->count), trace_all(em, l->next, l->count));

	t = worse(t, trace_all(em, l->effects, l->effect_count));
	t = worse(t, emit_trace(em, l->condition));
	return l->result != NULL ? worse(t, emit_trace(em, l->result)) : t;
}

static enum trace trace_op(enum op o)
{
	switch (o) {
	case OP_VECTOR_REF:
	case OP_MAP_REF:
	case OP_MAP_HAS:
	case OP_MAP_SIZE:
	case OP_UNBOX:
	case OP_WEAK_ALIVE:
	case OP_EPHEMERON_HAS:
	case OP_EPHEMERON_REF:
		return TRACE_READ;
	case OP_VECTOR_SET:
	case OP_MAP_SET:
	case OP_MAP_DELETE:
	case OP_SET_BOX:
	case OP_FULL_GC:
	case OP_RAISE:
	case OP_CALL_CC:
	case OP_CALL_THROUGH_BUILTIN:
	case OP_EPHEMERON_SET:
	case OP_SET_FINALIZER:
		return TRACE_EFFECT;
	default:
		return TRACE_NONE;
	}
}

enum trace emit_trace(const struct emitter *em, const struct node *n)
{
	switch (n->kind) {
	case NODE_CALL:
		return worse(em->traces[n->function->index], trace_all(em, n->args, n->count));
	case NODE_APPLY:
		return TRACE_EFFECT;
	case NODE_OP:
		return worse(trace_op(n->op), trace_all(em, n->args, n->count));
	case NODE_IF:
	case NODE_BEGIN:
		return trace_all(em, n->args, n->count);
	case NODE_LET:
	case NODE_TRY:
		return worse(emit_trace(em, n->body), trace_all(em, n->args, n->count));
	case NODE_LOOP:
		return trace_loop(em, n->loop);
	default:
		return TRACE_NONE;
	}
}

bool emit_trace_functions(struct emitter *em)
{
	const struct kernel *k = em->k;

	em->traces = arena_alloc(&em->arena, (k->function_count + 1) * sizeof *em->traces);
	if (em->traces == NULL)
		return false;
	memset(em->traces, TRACE_NONE, k->function_count);
	for (bool changed = em->d->any_order; changed;) {
		changed = false;
		for (size_t i = k->function_count; i-- > 0;) {
			enum trace t = emit_trace(em, k->functions[i]->body);
			changed = changed || t != em->traces[i];
			em->traces[i] = (uint8_t)t;
		}
	}
	return true;
}

size_t emit_bound_operands(const struct emitter *em, struct node *const *nodes, size_t count)
{
	size_t seen = 0, last = 0;
	bool effect = false;

	if (!em->d->any_order || count < 2)
		return 0;
	for (size_t i = 0; i < count; i++) {
		enum trace t = emit_trace(em, nodes[i]);
		if (t == TRACE_NONE)
			continue;
		effect = effect || t == TRACE_EFFECT;
		seen++;
		last = i;
	}
	return effect && seen > 1 ? last : 0;
}

size_t emit_operands_of(const struct node *n, struct node **out)
{
	const size_t first = n->kind == NODE_APPLY;

	out[0] = n->body;
	memcpy(out + first, n->args, n->count * sizeof(struct node *));
	return n->count + first;
}

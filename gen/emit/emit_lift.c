// Functions of their own, for languages that have no functions inside functions. A loop: what it reads from
// outside are further parameters. A lambda: it gets its closure, and takes from there what it has from outside.
#include "emit.h"

#include <stdio.h>
#include <string.h>

// By variable id.
struct scan {
	bool *read, *bound;
};

static void scan(struct scan *s, const struct node *n);

static void scan_all(struct scan *s, struct node *const *nodes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (nodes[i] != NULL)
			scan(s, nodes[i]);
}

static void bind_all(struct scan *s, struct var *const *vars, size_t count)
{
	for (size_t i = 0; i < count; i++)
		s->bound[vars[i]->id] = true;
}

// Its rounds: the first values are computed outside.
static void scan_rounds(struct scan *s, const struct loop *l)
{
	bind_all(s, l->vars, l->count);
	scan(s, l->condition);
	scan_all(s, l->effects, l->effect_count);
	scan_all(s, l->next, l->count);
	if (l->result != NULL)
		scan(s, l->result);
}

static void scan(struct scan *s, const struct node *n)
{
	switch (n->kind) {
	case NODE_VAR:
		s->read[n->var->id] = n->var->level > 0;
		return;
	case NODE_LOOP:
		scan_all(s, n->loop->first, n->loop->count);
		scan_rounds(s, n->loop);
		return;
	case NODE_LAMBDA:
		bind_all(s, n->function->params, n->function->param_count);
		scan(s, n->function->body);
		return;
	case NODE_LET:
		bind_all(s, n->vars, n->count);
		break;
	case NODE_TRY:
		bind_all(s, n->vars, 1);
		scan_all(s, n->args, 1);
		scan(s, n->body);
		return;
	case NODE_IF:
	case NODE_OP:
	case NODE_BEGIN:
	case NODE_CALL:
	case NODE_APPLY:
		break;
	default:
		return;
	}
	scan_all(s, n->args, n->count);
	if (n->kind == NODE_LET || n->kind == NODE_APPLY)
		scan(s, n->body);
}

// Adds the names of what the loop reads from outside. Returns how many there are.
static size_t add_outside(struct emitter *em, const struct loop *l, struct text *names)
{
	struct scan s = { arena_alloc(&em->arena, em->k->var_count + 1),
		          arena_alloc(&em->arena, em->k->var_count + 1) };
	size_t count = 0;

	em->failed = em->failed || s.read == NULL || s.bound == NULL;
	if (em->failed)
		return 0;
	scan_rounds(&s, l);
	for (unsigned i = 0; i < em->k->var_count; i++)
		if (s.read[i] && !s.bound[i] && count < KERNEL_ARGS_MAX)
			names[count++] = emit_word(em, em->vars[i]);
	return count;
}

static struct text call_loop(struct emitter *em, struct text label, const struct text *args, size_t count)
{
	struct slot slots[] = { SLOT("function", label), SLOT_LIST("args", args, count, em->d->separator) };

	return emit_fill(em, CONSTRUCT_CALL, slots, 2);
}

static struct text loop_body(struct emitter *em, const struct loop *l, struct text label, struct text *args,
                             size_t count)
{
	struct text items[KERNEL_ARGS_MAX + 1];
	struct slot slots[3] = { SLOT("condition", emit_expression(em, l->condition)) };

	for (size_t i = 0; i < l->effect_count; i++)
		items[i] = emit_effect(em, l->effects[i]);
	for (size_t i = 0; i < l->count; i++)
		args[i] = emit_expression(em, l->next[i]);
	items[l->effect_count] = call_loop(em, label, args, count);
	slots[1] = (struct slot)SLOT("then", emit_items(em, items, l->effect_count + 1));
	slots[2] = (struct slot)SLOT("else", l->result != NULL ? emit_expression(em, l->result) : emit_unit(em));
	return emit_fill(em, CONSTRUCT_IF, slots, 3);
}

static void add_lifted(struct emitter *em, struct text function)
{
	for (int64_t i = 0; em->lifted->len > 0 && i <= em->d->blank_lines; i++)
		buf_addc(em->lifted, '\n');
	buf_add(em->lifted, function.s, function.len);
	em->failed = em->failed || em->lifted->failed;
}

struct text emit_lifted_loop(struct emitter *em, const struct loop *l)
{
	struct text params[2 * KERNEL_ARGS_MAX], args[2 * KERNEL_ARGS_MAX];
	unsigned owner = em->owner;
	size_t count;

	for (size_t i = 0; i < l->count; i++)
		args[i] = emit_expression(em, l->first[i]);
	em->owner = 0; // its name is the whole program's
	struct text label = emit_word(em, emit_name(em, em->d->function_prefix, "loop"));
	em->owner = owner;
	for (size_t i = 0; i < l->count; i++) {
		em->vars[l->vars[i]->id] = emit_variable(em, l->vars[i]->name);
		params[i] = emit_word(em, em->vars[l->vars[i]->id]);
	}
	count = l->count + add_outside(em, l, params + l->count);
	memcpy(args + l->count, params + l->count, (count - l->count) * sizeof *args);
	struct text first = call_loop(em, label, args, count);
	struct text body = loop_body(em, l, label, args, count);
	struct slot slots[] = { SLOT("name", label), SLOT_LIST("params", params, count, em->d->separator),
		                SLOT("body", body) };
	struct text function = emit_fill_lines(em, CONSTRUCT_FUNCTION, slots, 3);
	add_lifted(em, function);
	return first;
}

// --- closures --------------------------------------------------------------------------------------------------

// The parameters behind the closure itself.
static struct slot lambda_params(struct emitter *em, const struct function *f)
{
	struct text *params = arena_alloc(&em->arena, (f->param_count + 1) * sizeof *params);

	em->failed = em->failed || params == NULL;
	if (params == NULL)
		return (struct slot)SLOT("params", emit_word(em, ""));
	params[0] = emit_fill(em, CONSTRUCT_SELF_PARAM, NULL, 0);
	for (size_t i = 0; i < f->param_count; i++) {
		em->vars[f->params[i]->id] = emit_variable(em, f->params[i]->name);
		struct slot name = SLOT("name", emit_word(em, em->vars[f->params[i]->id]));
		params[i + 1] = dialect_has(em->d, CONSTRUCT_FUNCTION_PARAM)
		                        ? emit_fill(em, CONSTRUCT_FUNCTION_PARAM, &name, 1)
		                        : name.text;
	}
	return (struct slot)SLOT_LIST("params", params, f->param_count + 1, em->d->separator);
}

// What takes the variables from the closure, one a line.
static struct text captured_values(struct emitter *em, const struct function *f)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < f->captured_count; i++) {
		char index[32];
		snprintf(index, sizeof index, "%zu", i);
		struct slot slots[] = { SLOT("name", emit_word(em, em->vars[f->captured[i]->id])),
			                SLOT("index", emit_word(em, index)) };
		struct text line = emit_fill_lines(em, CONSTRUCT_CAPTURED_VALUE, slots, 2);
		buf_adds(&b, i > 0 ? "\n" : "");
		buf_add(&b, line.s, line.len);
	}
	struct text t = emit_text(em, buf_text(&b), b.len);
	em->failed = em->failed || b.failed;
	buf_deinit(&b);
	return t;
}

static struct text global_name(struct emitter *em, const char *prefix, const char *name)
{
	unsigned owner = em->owner;

	em->owner = 0;
	name = emit_name(em, prefix, name);
	em->owner = owner;
	return emit_word(em, name);
}

static struct text function_value(struct emitter *em, const struct function *f, struct text name)
{
	char number[32];

	snprintf(number, sizeof number, "%zu", f->captured_count);
	struct slot slots[] = { SLOT("function", name), SLOT("captured", emit_captured_names(em, f)),
		                SLOT("count", emit_word(em, number)), SLOT("name", name) };
	return f->captured_count > 0 ? emit_fill(em, CONSTRUCT_CLOSURE, slots, 3)
	                             : emit_fill(em, CONSTRUCT_FUNCTION_VALUE, slots + 3, 1);
}

struct text emit_closure(struct emitter *em, const struct function *f)
{
	struct text name = global_name(em, em->d->function_prefix, "lambda");
	struct slot params = lambda_params(em, f);
	struct slot slots[] = { SLOT("name", name), params, SLOT("captured", captured_values(em, f)),
		                SLOT("body", emit_block(em, f)) };

	add_lifted(em, emit_fill_lines(em, CONSTRUCT_LIFTED_LAMBDA, slots, 4));
	return function_value(em, f, name);
}

// One that takes a closure, which it does not need, and calls the defined function.
static void add_wrapper(struct emitter *em, const struct function *f, struct text name)
{
	struct text args[KERNEL_ARGS_MAX];
	const char *own[KERNEL_ARGS_MAX]; // of the function, which may be the one that is being written
	for (size_t i = 0; i < f->param_count; i++)
		own[i] = em->vars[f->params[i]->id];
	struct slot params = lambda_params(em, f);
	const struct node call = { .kind = NODE_CALL, .tail = true, .count = f->param_count };

	for (size_t i = 0; i < f->param_count; i++)
		args[i] = emit_word(em, em->vars[f->params[i]->id]);
	struct slot value = SLOT("value", emit_call(em, &call, emit_word(em, emit_function_name(em, f)), args));
	struct slot slots[] = { SLOT("name", name), params,
		                SLOT("body", emit_fill_lines(em, CONSTRUCT_RETURN, &value, 1)) };
	add_lifted(em, emit_fill_lines(em, CONSTRUCT_LIFTED_LAMBDA, slots, 3));
	for (size_t i = 0; i < f->param_count; i++)
		em->vars[f->params[i]->id] = own[i];
}

struct text emit_function_closure(struct emitter *em, const struct function *f)
{
	struct text *wrapper = &em->wrappers[f->index];

	if (wrapper->s == NULL) {
		struct buf b = { 0 };
		buf_addf(&b, "%s-value", f->name);
		*wrapper = global_name(em, em->d->function_prefix, buf_text(&b));
		em->failed = em->failed || b.failed;
		buf_deinit(&b);
		add_wrapper(em, f, *wrapper);
	}
	return function_value(em, f, *wrapper);
}

// From the tree to instructions. Recursion is bounded by the parser's.
#include "eval_code.h"

#include <errno.h>
#include <stdlib.h>

struct compiler {
	struct program *p;
	uint32_t *places; // of variables, by id, from the base of their own function
	bool *local;    // of variables, by id: the values of a pair or box stand there, not itself; NULL: of none
	uint32_t depth; // words from the base that are in use
	uint32_t need;  // the most of it in this function
	const struct function *function;
	uint32_t level;
	bool failed; // out of memory
};

// Room for one more element.
static bool grow(struct compiler *c, void *items, size_t size, size_t count, size_t *cap)
{
	void **at = items, *more;

	if (c->failed || count < *cap)
		return !c->failed;
	more = reallocarray(*at, *cap == 0 ? 64 : *cap * 2, size);
	if (more == NULL) {
		c->failed = true;
		return false;
	}
	*at = more;
	*cap = *cap == 0 ? 64 : *cap * 2;
	return true;
}

static void compile(struct compiler *c, const struct node *n);

// An instruction that leaves `change` more words on the stack than before. Its number.
static size_t add(struct compiler *c, const struct node *n, struct insn i, int change)
{
	struct program *p = c->p;
	size_t cap = p->cap;

	if (!grow(c, &p->code, sizeof *p->code, p->count, &cap) ||
	    !grow(c, &p->places, sizeof(struct node *), p->count, &p->cap))
		return 0;
	p->places[p->count] = n;
	p->code[p->count] = i;
	c->depth += (uint32_t)change;
	if (c->depth > c->need)
		c->need = c->depth;
	return p->count++;
}

// A jump's target, once it is known: here.
static void land(struct compiler *c, size_t jump)
{
	if (!c->failed)
		c->p->code[jump].b = (uint32_t)c->p->count;
}

static void add_constant(struct compiler *c, const struct node *n)
{
	struct program *p = c->p;

	if (!grow(c, &p->constants, sizeof(struct node *), p->constant_count, &p->constant_cap))
		return;
	p->constants[p->constant_count] = n;
	add(c, n, (struct insn){ CODE_CONSTANT, 0, (uint32_t)p->constant_count++ }, 1);
}

static const struct node unit = { .kind = NODE_BEGIN };

static void add_unit(struct compiler *c, const struct node *at)
{
	size_t i;

	add_constant(c, &unit);
	i = c->p->count - 1;
	if (!c->failed)
		c->p->places[i] = at;
}

static uint32_t add_routine(struct compiler *c, const struct function *f, uint32_t level)
{
	struct program *p = c->p;

	if (!grow(c, &p->routines, sizeof *p->routines, p->routine_count, &p->routine_cap))
		return 0;
	p->routines[p->routine_count] = (struct routine){ .function = f, .level = level, .lambda = level > 1 };
	return (uint32_t)p->routine_count++;
}

static void load(struct compiler *c, const struct node *at, const struct var *v)
{
	const struct kernel *k = c->p->kernel;
	uint32_t i = 0;

	if (v->global) {
		while (k->globals[i].var != v)
			i++;
		add(c, at, (struct insn){ CODE_GLOBAL, 0, i }, 1);
	} else if (v->level == 0) {
		while (k->params[i].var != v)
			i++;
		add(c, at, (struct insn){ CODE_PARAM, 0, i }, 1);
	} else if (v->level == c->level) {
		add(c, at, (struct insn){ CODE_LOCAL, 0, c->places[v->id] }, 1);
	} else {
		while (c->function->captured[i] != v)
			i++;
		add(c, at, (struct insn){ CODE_CAPTURED, 0, i + 1 }, 1);
	}
}

static void compile_logic(struct compiler *c, const struct node *n)
{
	uint16_t code = n->op == OP_AND ? CODE_AND : CODE_OR;
	size_t jumps[KERNEL_ARGS_MAX];

	for (size_t i = 0; i < n->count; i++) {
		compile(c, n->args[i]);
		if (i + 1 < n->count)
			jumps[i] = add(c, n, (struct insn){ code, (uint16_t)i, 0 }, -1);
	}
	add(c, n, (struct insn){ CODE_BOOL, (uint16_t)(n->count - 1), 0 }, 0);
	for (size_t i = 0; i + 1 < n->count; i++)
		land(c, jumps[i]);
}

static void compile_raise(struct compiler *c, const struct node *n)
{
	compile(c, n->args[0]);
	add(c, n, (struct insn){ CODE_RAISE, 0, 0 }, 0);
}

static void compile_call_cc(struct compiler *c, const struct node *n)
{
	add(c, n, (struct insn){ CODE_FRAME, 0, 0 }, 1);
	compile(c, n->args[0]);
	add(c, n, (struct insn){ CODE_CALL_CC, 1, 0 }, 1);
	c->depth -= 2;
}

// Nothing is built in here that a call could go through: it is a call of the value.
static void compile_call_through(struct compiler *c, const struct node *n)
{
	add(c, n, (struct insn){ CODE_FRAME, 0, 0 }, 1);
	compile(c, n->args[0]);
	compile(c, n->args[1]);
	add(c, n, (struct insn){ CODE_INT, 1, 0 }, 0);
	add(c, n, (struct insn){ CODE_APPLY, 1, 0 }, -2);
}

// The pattern is no operand, it is known.
static void compile_match(struct compiler *c, const struct node *n)
{
	struct program *p = c->p;

	if (!grow(c, &p->patterns, sizeof(struct node *), p->pattern_count, &p->pattern_cap))
		return;
	p->patterns[p->pattern_count] = n->args[0];
	compile(c, n->args[1]);
	add(c, n, (struct insn){ CODE_REGEX, 1, (uint32_t)p->pattern_count++ }, 0);
}

static void compile_try(struct compiler *c, const struct node *n)
{
	size_t handler, end;

	handler = add(c, n, (struct insn){ CODE_TRY, 0, 0 }, 2);
	compile(c, n->body);
	add(c, n, (struct insn){ CODE_TRIED, 0, 0 }, -2);
	end = add(c, n, (struct insn){ CODE_JUMP, 0, 0 }, 0);
	land(c, handler);
	c->places[n->vars[0]->id] = c->depth - 1; // where the body's value is otherwise
	compile(c, n->args[0]);
	add(c, n, (struct insn){ CODE_SLIDE, 0, 1 }, -1);
	land(c, end);
}

// A part of a pair or box whose values stand among the variables.
static bool compile_part(struct compiler *c, const struct node *n)
{
	const struct var *v = n->count > 0 && n->args[0]->kind == NODE_VAR ? n->args[0]->var : NULL;

	if (c->local == NULL || v == NULL || v->level == 0 || !c->local[v->id])
		return false;
	if (n->op == OP_SET_BOX) {
		compile(c, n->args[1]);
		add(c, n, (struct insn){ CODE_SET_LOCAL, 0, c->places[v->id] }, -1);
		add_unit(c, n);
	} else {
		add(c, n, (struct insn){ CODE_LOCAL, 0, c->places[v->id] + (n->op == OP_CDR) }, 1);
	}
	return true;
}

static void compile_plain(struct compiler *c, const struct node *n)
{
	if (compile_part(c, n))
		return;
	for (size_t i = 0; i < n->count; i++) {
		compile(c, n->args[i]);
		if (n->op <= OP_REMAINDER && i > 0)
			add(c, n, (struct insn){ (uint16_t)n->op, (uint16_t)i, 2 }, -1);
	}
	if (n->op > OP_REMAINDER)
		add(c, n, (struct insn){ (uint16_t)n->op, 1, (uint32_t)n->count }, 1 - (int)n->count);
}

// Those that are no instructions of the same name.
static void compile_op(struct compiler *c, const struct node *n)
{
	switch (n->op) {
	case OP_AND:
	case OP_OR:
		compile_logic(c, n);
		break;
	case OP_RAISE:
		compile_raise(c, n);
		break;
	case OP_CALL_CC:
		compile_call_cc(c, n);
		break;
	case OP_CALL_THROUGH_BUILTIN:
		compile_call_through(c, n);
		break;
	case OP_REGEX_MATCH:
		compile_match(c, n);
		break;
	default:
		compile_plain(c, n);
	}
}

static void compile_if(struct compiler *c, const struct node *n)
{
	size_t otherwise, end;

	compile(c, n->args[0]);
	otherwise = add(c, n, (struct insn){ CODE_JUMP_FALSE, 0, 0 }, -1);
	compile(c, n->args[1]);
	if (n->args[2] == NULL) {
		add(c, n, (struct insn){ CODE_POP, 0, 0 }, -1);
		land(c, otherwise);
		add_unit(c, n);
		return;
	}
	end = add(c, n, (struct insn){ CODE_JUMP, 0, 0 }, -1); // the other branch begins where this one did
	land(c, otherwise);
	compile(c, n->args[2]);
	land(c, end);
}

static void compile_let(struct compiler *c, const struct node *n)
{
	uint32_t before = c->depth, words;

	for (size_t i = 0; i < n->count; i++) {
		const struct node *v = n->args[i];
		c->places[n->vars[i]->id] = c->depth;
		if (c->local == NULL || !c->local[n->vars[i]->id])
			compile(c, v);
		for (size_t part = 0; c->local != NULL && c->local[n->vars[i]->id] && part < v->count; part++)
			compile(c, v->args[part]);
	}
	words = c->depth - before;
	compile(c, n->body);
	add(c, n, (struct insn){ CODE_SLIDE, 0, words }, -(int)words);
}

static void compile_effects(struct compiler *c, struct node *const *effects, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		compile(c, effects[i]);
		add(c, effects[i], (struct insn){ CODE_POP, 0, 0 }, -1);
	}
}

static void compile_loop(struct compiler *c, const struct node *n)
{
	const struct loop *l = n->loop;
	uint32_t state = c->depth;
	size_t round, end;

	for (size_t i = 0; i < l->count; i++) {
		compile(c, l->first[i]);
		c->places[l->vars[i]->id] = state + (uint32_t)i;
	}
	round = c->p->count;
	compile(c, l->condition);
	end = add(c, n, (struct insn){ CODE_JUMP_FALSE, 0, 0 }, -1);
	compile_effects(c, l->effects, l->effect_count);
	for (size_t i = 0; i < l->count; i++)
		compile(c, l->next[i]);
	add(c, n, (struct insn){ CODE_NEXT, (uint16_t)l->count, state }, -(int)l->count);
	add(c, n, (struct insn){ CODE_JUMP, 0, (uint32_t)round }, 0);
	land(c, end);
	if (l->result != NULL)
		compile(c, l->result);
	else
		add_unit(c, n);
	add(c, n, (struct insn){ CODE_SLIDE, 0, (uint32_t)l->count }, -(int)l->count);
}

// A closure takes the values that its variables have now: none is ever assigned, and a loop's are new in each
// round.
static void compile_lambda(struct compiler *c, const struct node *n)
{
	const struct function *f = n->function;

	for (size_t i = 0; i < f->captured_count; i++)
		load(c, n, f->captured[i]);
	add(c, n, (struct insn){ CODE_CLOSURE, (uint16_t)f->captured_count, add_routine(c, f, c->level + 1) },
	    1 - (int)f->captured_count);
}

// Whether what the call makes may go with it: not where its value is an object in any case.
static bool has_level(const struct compiler *c, const struct node *n)
{
	enum type_kind kind = type_of(n->type)->kind;

	return c->p->options->arena_per_level &&
	       (kind == TYPE_INT || kind == TYPE_BOOL || kind == TYPE_UNIT || kind == TYPE_ANY);
}

static void compile_call(struct compiler *c, const struct node *n)
{
	int words = (int)n->count + (n->kind == NODE_APPLY);
	uint16_t code = n->kind == NODE_CALL ? (n->tail ? CODE_TAIL_CALL : CODE_CALL)
	                                     : (n->tail ? CODE_TAIL_APPLY : CODE_APPLY);
	bool level = !n->tail && has_level(c, n);

	if (level)
		add(c, n, (struct insn){ CODE_LEVEL, 0, 0 }, 3);
	if (!n->tail) {
		add(c, n, (struct insn){ CODE_FRAME, 0, 0 }, 1);
		words++;
	}
	if (n->kind == NODE_APPLY)
		compile(c, n->body);
	for (size_t i = 0; i < n->count; i++)
		compile(c, n->args[i]);
	add(c, n, (struct insn){ code, (uint16_t)n->count, n->kind == NODE_CALL ? n->function->index : 0 },
	    1 - words);
	if (level)
		add(c, n, (struct insn){ CODE_LEVEL_END, 0, 0 }, -3);
}

static void compile(struct compiler *c, const struct node *n)
{
	switch (n->kind) {
	case NODE_INT:
	case NODE_BOOL:
	case NODE_STRING:
	case NODE_NIL:
	case NODE_FUNCTION:
		add_constant(c, n);
		break;
	case NODE_VAR:
		load(c, n, n->var);
		break;
	case NODE_OP:
		compile_op(c, n);
		break;
	case NODE_IF:
		compile_if(c, n);
		break;
	case NODE_LET:
		compile_let(c, n);
		break;
	case NODE_BEGIN:
		compile_effects(c, n->args, n->count - 1);
		compile(c, n->args[n->count - 1]);
		break;
	case NODE_LOOP:
		compile_loop(c, n);
		break;
	case NODE_LAMBDA:
		compile_lambda(c, n);
		break;
	case NODE_CALL:
	case NODE_APPLY:
		compile_call(c, n);
		break;
	case NODE_TRY:
		compile_try(c, n);
		break;
	}
}

static void compile_routine(struct compiler *c, size_t number)
{
	struct routine *r = &c->p->routines[number];
	const struct function *f = r->function;

	r->entry = (uint32_t)c->p->count;
	c->function = f;
	c->level = r->level;
	c->depth = r->lambda ? 1 : 0;
	for (size_t i = 0; i < f->param_count; i++)
		c->places[f->params[i]->id] = c->depth++;
	c->need = c->depth;
	compile(c, f->body);
	add(c, f->body, (struct insn){ CODE_RETURN, 0, 0 }, 0);
	if (!c->failed)
		c->p->routines[number].need = c->need; // `r` may have moved
}

static void call_routine(struct compiler *c, const struct node *at, size_t number)
{
	add(c, at, (struct insn){ CODE_FRAME, 0, 0 }, 1);
	add(c, at, (struct insn){ CODE_CALL, 0, (uint32_t)number }, 0);
}

// What the program begins with: globals, then what is measured.
static void compile_start(struct compiler *c)
{
	const struct kernel *k = c->p->kernel;
	const struct node *at = k->measured->body;

	for (size_t i = 0; i < k->global_count; i++) {
		const struct node *made = k->globals[i].make->body;
		call_routine(c, made, k->function_count + 1 + i);
		add(c, made, (struct insn){ CODE_SET_GLOBAL, 0, (uint32_t)i }, -1);
	}
	add(c, at, (struct insn){ CODE_START, 0, 0 }, 0);
	call_routine(c, at, k->function_count);
	add(c, at, (struct insn){ CODE_END, 0, 0 }, -1);
}

int program_compile(const struct kernel *k, const struct eval_options *options, struct program *out)
{
	struct compiler c = { .p = out };

	*out = (struct program){ .kernel = k, .options = options };
	c.places = calloc(k->var_count + 1, sizeof *c.places);
	c.local = options->escape_analysis ? program_find_local(k) : NULL;
	c.failed = c.places == NULL || (options->escape_analysis && c.local == NULL);
	compile_start(&c);
	for (size_t i = 0; i < k->function_count; i++)
		add_routine(&c, k->functions[i], 1);
	add_routine(&c, k->measured, 1);
	for (size_t i = 0; i < k->global_count; i++)
		add_routine(&c, k->globals[i].make, 1);
	for (size_t i = 0; !c.failed && i < out->routine_count; i++) // lambdas are added on the way
		compile_routine(&c, i);
	free(c.local);
	free(c.places);
	return c.failed ? -ENOMEM : 0;
}

void program_deinit(struct program *p)
{
	free(p->code);
	free(p->places);
	free(p->routines);
	free(p->constants);
	free(p->patterns);
}

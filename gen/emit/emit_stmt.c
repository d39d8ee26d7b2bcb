// Statement style: expressions that need statements (let, loop, begin, some ifs and lambdas) are written in front
// of the statement that uses them, in the order of evaluation.
#include "emit.h"

#include <string.h>

// Where a value goes.
enum place { TO_RETURN, TO_VARIABLE, TO_NOTHING };

struct dest {
	enum place place;
	const char *name; // TO_VARIABLE
	bool declared;    // else the first assignment declares it
};

static const struct dest to_nothing = { TO_NOTHING, NULL, false };
static const struct dest to_return = { TO_RETURN, NULL, false };

static void put(struct emitter *em, const struct node *n, struct dest dest);
static struct text value(struct emitter *em, const struct node *n);

// Adds a statement to the current block.
static void statement(struct emitter *em, int template, const struct slot *slots, size_t count)
{
	struct text t;

	if (!dialect_has(em->d, template))
		return;
	t = emit_fill_lines(em, template, slots, count);
	if (em->block->len > 0)
		buf_addc(em->block, '\n');
	buf_add(em->block, t.s, t.len);
	em->failed = em->failed || em->block->failed;
}

// A block of its own: what `put` writes for `n`.
static struct text block_of(struct emitter *em, const struct node *n, struct dest dest)
{
	struct buf *outside = em->block, inside = { 0 };

	em->block = &inside;
	put(em, n, dest);
	if (inside.len == 0)
		statement(em, CONSTRUCT_EMPTY, NULL, 0);
	struct text t = emit_text(em, buf_text(&inside), inside.len);
	em->block = outside;
	buf_deinit(&inside);
	return t;
}

static const char *new_variable(struct emitter *em, const struct var *v)
{
	em->vars[v->id] = emit_variable(em, v->name);
	return em->vars[v->id];
}

// --- values ----------------------------------------------------------------------------------------------------

static void assign(struct emitter *em, const char *name, struct text t, bool declared)
{
	struct slot slots[] = { SLOT("name", emit_word(em, name)), SLOT("value", t) };

	statement(em, declared ? CONSTRUCT_ASSIGN : CONSTRUCT_LET, slots, 2);
}

static struct text temporary(struct emitter *em, struct text t)
{
	const char *name = emit_variable(em, "tmp");

	assign(em, name, t, false);
	return emit_word(em, name);
}

// The operands' texts, left to right: when a later one needs statements, those before it are kept in variables.
static void values(struct emitter *em, struct node *const *nodes, size_t count, struct text *out)
{
	size_t last = 0, bound = emit_bound_operands(em, nodes, count);

	for (size_t i = 0; i < count; i++)
		if (emit_needs_statements(em, nodes[i]))
			last = i;
	for (size_t i = 0; i < count; i++) {
		out[i] = value(em, nodes[i]);
		if ((i < last && !emit_is_pure(nodes[i])) || (i < bound && emit_trace(em, nodes[i]) != TRACE_NONE))
			out[i] = temporary(em, out[i]);
	}
}

// Through a variable that is assigned in branches.
static struct text value_by_variable(struct emitter *em, const struct node *n)
{
	const char *name = emit_variable(em, "tmp");

	put(em, n, (struct dest){ TO_VARIABLE, name, false });
	return emit_word(em, name);
}

static struct text value_if(struct emitter *em, const struct node *n)
{
	if (emit_needs_statements(em, n) &&
	    (!dialect_has(em->d, CONSTRUCT_IF) || emit_any_needs_statements(em, n->args + 1, n->count - 1)))
		return value_by_variable(em, n);
	struct text condition = value(em, n->args[0]);
	struct text then = value(em, n->args[1]);
	struct text otherwise = value(em, n->args[2]);
	struct slot slots[] = { SLOT("condition", condition), SLOT("then", then), SLOT("else", otherwise) };

	return emit_fill(em, CONSTRUCT_IF, slots, 3);
}

// `and` and `or` leave their later operands out: with statements in those, they become ifs.
static struct text value_and_or(struct emitter *em, const struct node *n)
{
	struct text args[KERNEL_ARGS_MAX];

	if (emit_any_needs_statements(em, n->args + 1, n->count - 1))
		return value_by_variable(em, n);
	for (size_t i = 0; i < n->count; i++)
		args[i] = value(em, n->args[i]);
	return emit_op(em, n, args);
}

// What a lambda has from outside. The copies are of what a loop would change under it.
struct closure {
	const char **outside; // by captured variable: its own name, where the lambda sees a copy; NULL
	struct text params[2 * KERNEL_ARGS_MAX], copies[KERNEL_ARGS_MAX], originals[KERNEL_ARGS_MAX];
	size_t param_count, copy_count;
};

static bool copies_captured(const struct emitter *em)
{
	return dialect_has(em->d, CONSTRUCT_CAPTURE) || dialect_has(em->d, CONSTRUCT_CAPTURE_PARAM) ||
	       dialect_has(em->d, CONSTRUCT_CAPTURE_AROUND);
}

// Writes the statements that make the copies. False when there is no memory.
static bool open_closure(struct emitter *em, const struct function *f, struct closure *c)
{
	c->outside = arena_alloc(&em->arena, (f->captured_count + 1) * sizeof(char *));
	c->param_count = f->param_count;
	c->copy_count = 0;
	for (size_t i = 0; c->outside != NULL && i < f->captured_count; i++) {
		const struct var *v = f->captured[i];
		c->outside[i] = NULL;
		if (!emit_is_moving(em, v) || c->copy_count == KERNEL_ARGS_MAX || !copies_captured(em))
			continue;
		c->outside[i] = em->vars[v->id];
		em->vars[v->id] = emit_variable(em, v->name);
		em->settled[v->id] = true;
		c->copies[c->copy_count] = emit_word(em, em->vars[v->id]);
		c->originals[c->copy_count] = emit_word(em, c->outside[i]);
		struct slot slots[] = { SLOT("copy", c->copies[c->copy_count]),
			                SLOT("name", c->originals[c->copy_count]) };
		c->copy_count++;
		statement(em, CONSTRUCT_CAPTURE, slots, 2);
		if (dialect_has(em->d, CONSTRUCT_CAPTURE_PARAM))
			c->params[c->param_count++] = emit_fill(em, CONSTRUCT_CAPTURE_PARAM, slots, 2);
	}
	for (size_t i = 0; i < f->param_count; i++)
		c->params[i] = emit_word(em, new_variable(em, f->params[i]));
	em->failed = em->failed || c->outside == NULL;
	return c->outside != NULL;
}

static void close_closure(struct emitter *em, const struct function *f, const struct closure *c)
{
	for (size_t i = 0; i < f->captured_count; i++)
		if (c->outside[i] != NULL) {
			em->vars[f->captured[i]->id] = c->outside[i];
			em->settled[f->captured[i]->id] = false;
		}
}

// The list of what it has from outside, for a language that wants to be told.
struct text emit_captured_names(struct emitter *em, const struct function *f)
{
	struct text *names = arena_alloc(&em->arena, (f->captured_count + 1) * sizeof *names);

	em->failed = em->failed || names == NULL;
	if (names == NULL || f->captured_count == 0)
		return emit_word(em, "");
	for (size_t i = 0; i < f->captured_count; i++)
		names[i] = emit_word(em, em->vars[f->captured[i]->id]);
	struct slot slot = SLOT_LIST("names", names, f->captured_count, em->d->separator);
	return emit_fill(em, CONSTRUCT_CAPTURED, &slot, 1);
}

static struct text value_lambda(struct emitter *em, const struct node *n)
{
	const struct function *f = n->function;
	const char *prefix = em->d->variable_prefix[0] != 0 ? em->d->variable_prefix : em->d->function_prefix;
	const bool in_line = emit_is_inline_lambda(em, f);
	struct closure c;
	struct text out;

	if (!open_closure(em, f, &c))
		return emit_word(em, "");
	const bool around = c.copy_count > 0 && dialect_has(em->d, CONSTRUCT_CAPTURE_AROUND);
	struct text name = emit_word(em, in_line ? "" : emit_name(em, prefix, "closure"));
	struct text captured = emit_captured_names(em, f);
	struct text body = in_line ? value(em, f->body) : emit_block(em, f);
	struct slot slots[] = { SLOT_LIST("params", c.params, c.param_count, em->d->separator),
		                SLOT("body", body),
		                SLOT("name", name),
		                SLOT("captured", captured),
		                SLOT_LIST("copies", c.copies, c.copy_count, em->d->separator),
		                SLOT_LIST("names", c.originals, c.copy_count, em->d->separator),
		                SLOT("function", captured) };

	if (in_line) {
		out = emit_fill(em, CONSTRUCT_LAMBDA, slots, 4);
		slots[6].text = out;
		if (around)
			out = emit_fill(em, CONSTRUCT_CAPTURE_AROUND, slots + 4, 3);
	} else {
		statement(em, around ? CONSTRUCT_LOCAL_FUNCTION_AROUND : CONSTRUCT_LOCAL_FUNCTION, slots, 6);
		out = name;
	}
	close_closure(em, f, &c);
	return out;
}

static struct text value_call(struct emitter *em, const struct node *n)
{
	struct node *all[KERNEL_ARGS_MAX + 1];
	struct text args[KERNEL_ARGS_MAX + 1];
	const size_t first = n->kind == NODE_APPLY;

	values(em, all, emit_operands_of(n, all), args);
	return emit_call(em, n, first ? args[0] : emit_word(em, emit_function_name(em, n->function)),
	                 args + first);
}

static void put_raise(struct emitter *em, const struct node *n)
{
	struct slot slot = SLOT("1", value(em, n->args[0]));

	statement(em, OP_RAISE, &slot, 1);
}

// Nobody sees the value: what stands behind it is not reached.
static struct text value_raise(struct emitter *em, const struct node *n)
{
	const struct node zero = { .kind = NODE_INT };

	put_raise(em, n);
	return emit_leaf(em, &zero);
}

static void put_bindings(struct emitter *em, struct var *const *vars, struct node *const *nodes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		put(em, nodes[i], (struct dest){ TO_VARIABLE, new_variable(em, vars[i]), false });
}

static void put_loop(struct emitter *em, const struct loop *l);

static struct text value(struct emitter *em, const struct node *n)
{
	struct text args[KERNEL_ARGS_MAX];

	if (emit_is_not_null(em, n))
		return emit_not_null(em, value(em, n->args[0]->args[0]));
	switch (n->kind) {
	case NODE_IF:
		return value_if(em, n);
	case NODE_LET:
		put_bindings(em, n->vars, n->args, n->count);
		return value(em, n->body);
	case NODE_BEGIN:
		for (size_t i = 0; i + 1 < n->count; i++)
			put(em, n->args[i], to_nothing);
		return value(em, n->args[n->count - 1]);
	case NODE_LOOP:
		put_loop(em, n->loop);
		return value(em, n->loop->result);
	case NODE_TRY:
		return value_by_variable(em, n);
	case NODE_LAMBDA:
		return dialect_has(em->d, CONSTRUCT_CLOSURE) ? emit_closure(em, n->function) : value_lambda(em, n);
	case NODE_CALL:
	case NODE_APPLY:
		return value_call(em, n);
	case NODE_OP:
		if (n->op == OP_AND || n->op == OP_OR)
			return value_and_or(em, n);
		if (n->op == OP_RAISE)
			return value_raise(em, n);
		values(em, n->args, n->count, args);
		return emit_op(em, n, args);
	default:
		return emit_leaf(em, n);
	}
}

// --- loops -----------------------------------------------------------------------------------------------------

// Whether assigning all at once would take a long line, and can be done one by one as well: `order` is sorted for
// that.
static bool is_long(const struct loop *l, const struct text *texts, size_t *order, size_t count)
{
	size_t width = 0;

	for (size_t i = 0; i < count; i++)
		width += texts[i].len;
	return width > LIST_ROOM && emit_one_by_one(l, order, count);
}

static void assign_at_once(struct emitter *em, const struct loop *l, const size_t *order, size_t count)
{
	struct text names[KERNEL_ARGS_MAX], texts[KERNEL_ARGS_MAX];
	size_t sorted[KERNEL_ARGS_MAX], at[KERNEL_ARGS_MAX]; // at: by state variable, its place in the arrays
	struct node *nodes[KERNEL_ARGS_MAX];

	for (size_t i = 0; i < count; i++) {
		nodes[i] = l->next[order[i]];
		names[i] = emit_word(em, em->vars[l->vars[order[i]]->id]);
		sorted[i] = order[i];
		at[order[i]] = i;
	}
	values(em, nodes, count, texts);
	if (dialect_has(em->d, CONSTRUCT_ASSIGN_MANY) && is_long(l, texts, sorted, count)) {
		for (size_t i = 0; i < count; i++)
			assign(em, names[at[sorted[i]]].s, texts[at[sorted[i]]], true);
		return;
	}
	if (dialect_has(em->d, CONSTRUCT_ASSIGN_MANY)) {
		struct slot slots[] = { SLOT_LIST("names", names, count, em->d->separator),
			                SLOT_LIST("values", texts, count, em->d->separator) };
		statement(em, CONSTRUCT_ASSIGN_MANY, slots, 2);
		return;
	}
	for (size_t i = 0; i < count; i++)
		texts[i] = temporary(em, texts[i]);
	for (size_t i = 0; i < count; i++)
		assign(em, names[i].s, texts[i], true);
}

static void put_next(struct emitter *em, const struct loop *l)
{
	size_t order[KERNEL_ARGS_MAX], count = emit_changing(l, order);
	struct node *nodes[KERNEL_ARGS_MAX];

	for (size_t i = 0; i < count; i++)
		nodes[i] = l->next[order[i]];
	bool plain = dialect_has(em->d, CONSTRUCT_ASSIGN_MANY) && !emit_any_needs_statements(em, nodes, count);
	if (count < 2 || (!plain && emit_one_by_one(l, order, count)))
		for (size_t i = 0; i < count; i++)
			put(em, l->next[order[i]],
			    (struct dest){ TO_VARIABLE, em->vars[l->vars[order[i]]->id], true });
	else
		assign_at_once(em, l, order, count);
}

static void put_loop(struct emitter *em, const struct loop *l)
{
	struct buf *outside = em->block, inside = { 0 };
	bool forever;

	put_bindings(em, l->vars, l->first, l->count);
	forever = emit_needs_statements(em, l->condition);
	em->block = &inside;
	struct slot condition = SLOT("condition", value(em, l->condition));
	if (forever)
		statement(em, CONSTRUCT_BREAK_UNLESS, &condition, 1);
	for (size_t i = 0; i < l->effect_count; i++)
		put(em, l->effects[i], to_nothing);
	put_next(em, l);
	if (inside.len == 0)
		statement(em, CONSTRUCT_EMPTY, NULL, 0);
	struct slot slots[] = { condition, SLOT("body", emit_text(em, buf_text(&inside), inside.len)) };
	em->block = outside;
	buf_deinit(&inside);
	statement(em, forever ? CONSTRUCT_FOREVER : CONSTRUCT_WHILE, slots, 2);
}

// --- statements ------------------------------------------------------------------------------------------------

static void declare(struct emitter *em, struct dest *dest)
{
	struct slot name = SLOT("name", emit_word(em, dest->name));

	if (!dest->declared)
		statement(em, CONSTRUCT_DECLARE, &name, 1);
	dest->declared = true;
}

static bool is_variable(const struct emitter *em, const struct node *n, const char *name)
{
	return n->kind == NODE_VAR && strcmp(em->vars[n->var->id], name) == 0;
}

static void put_if(struct emitter *em, const struct node *n, struct dest dest)
{
	struct slot slots[3] = { SLOT("condition", value(em, n->args[0])) };
	bool no_else = n->args[2] == NULL || dest.place == TO_RETURN;

	if (dest.place == TO_VARIABLE) {
		no_else = dest.declared && is_variable(em, n->args[2], dest.name);
		declare(em, &dest);
	}
	slots[1] = (struct slot)SLOT("then", block_of(em, n->args[1], dest));
	if (no_else) {
		statement(em, CONSTRUCT_WHEN, slots, 2);
		if (dest.place == TO_RETURN) // the branch above has returned
			put(em, n->args[2], dest);
		return;
	}
	slots[2] = (struct slot)SLOT("else", block_of(em, n->args[2], dest));
	statement(em, CONSTRUCT_IF_ELSE, slots, 3);
}

// (and a b) into x: x = a; if x then x = b. (or a b): x = a; if not x then x = b, written with an else.
static void put_and_or(struct emitter *em, const struct node *n, const char *name)
{
	struct buf *outside = em->block, inside = { 0 };
	struct text variable = emit_word(em, name);
	struct node rest = *n;

	rest.args++;
	rest.count--;
	em->block = &inside;
	if (rest.count == 1)
		put(em, rest.args[0], (struct dest){ TO_VARIABLE, name, true });
	else
		put(em, &rest, (struct dest){ TO_VARIABLE, name, true });
	struct text block = emit_text(em, buf_text(&inside), inside.len);
	em->block = outside;
	buf_deinit(&inside);
	struct slot slots[2] = { SLOT("condition", variable), SLOT("then", block) };
	if (n->op == OP_OR)
		slots[0].text =
		        emit_op(em, &(struct node){ .kind = NODE_OP, .op = OP_NOT, .count = 1 }, &variable);
	statement(em, CONSTRUCT_WHEN, slots, 2);
}

// In a language whose try holds statements, these return, or assign what the whole is.
static void put_try_block(struct emitter *em, const struct node *n, struct dest dest)
{
	struct slot slots[3];

	if (dest.place == TO_VARIABLE)
		declare(em, &dest);
	slots[0] = (struct slot)SLOT("body", block_of(em, n->body, dest));
	slots[1] = (struct slot)SLOT("name", emit_word(em, new_variable(em, n->vars[0])));
	slots[2] = (struct slot)SLOT("handler", block_of(em, n->args[0], dest));
	statement(em, CONSTRUCT_TRY, slots, 3);
}

// In one that calls a function and says whether it raised, the function returns the value; the handler assigns it.
static void put_try_function(struct emitter *em, const struct node *n, struct dest dest)
{
	const bool unit = type_of(n->type)->kind == TYPE_UNIT;
	const char *name = dest.place == TO_VARIABLE && !dest.declared ? dest.name : emit_variable(em, "outcome");
	struct slot slots[5] = { SLOT("result", emit_word(em, name)) };

	if (template_uses(&em->d->templates[CONSTRUCT_TRY_FUNCTION], "status"))
		slots[4] = (struct slot)SLOT("status", emit_word(em, emit_variable(em, "ok")));
	else
		slots[4] = (struct slot){ .name = "status" };
	slots[1] = (struct slot)SLOT("body", block_of(em, n->body, unit ? to_nothing : to_return));
	slots[2] = (struct slot)SLOT("name", emit_word(em, new_variable(em, n->vars[0])));
	slots[3] = (struct slot)SLOT(
	        "handler", block_of(em, n->args[0], unit ? to_nothing : (struct dest){ TO_VARIABLE, name, true }));
	statement(em, CONSTRUCT_TRY_FUNCTION, slots, 5);
	struct slot result = SLOT("value", emit_word(em, name));
	if (dest.place == TO_RETURN)
		statement(em, CONSTRUCT_RETURN, &result, 1);
	else if (dest.place == TO_VARIABLE && dest.declared)
		assign(em, dest.name, result.text, true);
}

static void put_value(struct emitter *em, const struct node *n, struct dest dest)
{
	struct slot slot = SLOT("value", value(em, n));

	if (dest.place == TO_VARIABLE) {
		if (!dest.declared || strcmp(slot.text.s, dest.name) != 0)
			assign(em, dest.name, slot.text, dest.declared);
	} else {
		statement(em, CONSTRUCT_RETURN, &slot, 1);
	}
}

// For its effect alone.
static void put_effect(struct emitter *em, const struct node *n)
{
	bool call = n->kind == NODE_CALL || n->kind == NODE_APPLY;

	if (emit_is_pure(n))
		return;
	struct slot slot = SLOT("value", value(em, n));
	if (type_of(n->type)->kind == TYPE_UNIT && !call) { // an operation: its template is a statement
		if (em->block->len > 0)
			buf_addc(em->block, '\n');
		buf_add(em->block, slot.text.s, slot.text.len);
		return;
	}
	if (n->tail && call) // the last thing that a function without a result does
		statement(em, CONSTRUCT_RETURN, &slot, 1);
	else
		// a statement that begins with a parenthesis may be read as arguments of what stands above it
		statement(em, call && slot.text.s[0] != '(' ? CONSTRUCT_EFFECT : CONSTRUCT_DISCARD, &slot, 1);
}

static void put(struct emitter *em, const struct node *n, struct dest dest)
{
	switch (n->kind) {
	case NODE_LET:
		put_bindings(em, n->vars, n->args, n->count);
		put(em, n->body, dest);
		return;
	case NODE_BEGIN:
		for (size_t i = 0; i + 1 < n->count; i++)
			put(em, n->args[i], to_nothing);
		put(em, n->args[n->count - 1], dest);
		return;
	case NODE_LOOP:
		put_loop(em, n->loop);
		if (n->loop->result != NULL)
			put(em, n->loop->result, dest);
		return;
	case NODE_IF:
		if (dest.place != TO_VARIABLE || emit_needs_statements(em, n)) {
			put_if(em, n, dest);
			return;
		}
		break;
	case NODE_TRY:
		if (dialect_has(em->d, CONSTRUCT_TRY))
			put_try_block(em, n, dest);
		else
			put_try_function(em, n, dest);
		return;
	case NODE_OP:
		if (n->op == OP_RAISE) {
			if (dest.place == TO_VARIABLE)
				declare(em, &dest);
			put_raise(em, n);
			return;
		}
		if ((n->op == OP_AND || n->op == OP_OR) && dest.place == TO_VARIABLE &&
		    emit_any_needs_statements(em, n->args + 1, n->count - 1)) {
			put(em, n->args[0], dest);
			put_and_or(em, n, dest.name);
			return;
		}
		break;
	default:
		break;
	}
	if (dest.place == TO_NOTHING)
		put_effect(em, n);
	else
		put_value(em, n, dest);
}

struct text emit_block(struct emitter *em, const struct function *f)
{
	struct buf *outside = em->block, inside = { 0 };
	bool unit = type_of(f->type->result)->kind == TYPE_UNIT;

	em->block = &inside;
	put(em, f->body, unit ? to_nothing : to_return);
	if (inside.len == 0)
		statement(em, CONSTRUCT_EMPTY, NULL, 0);
	if (unit)
		statement(em, CONSTRUCT_RETURN_UNIT, NULL, 0);
	struct text t = emit_text(em, buf_text(&inside), inside.len);
	em->block = outside;
	buf_deinit(&inside);
	return t;
}

struct text emit_global_block(struct emitter *em, const struct kernel_global *g, const char *name)
{
	struct buf *outside = em->block, inside = { 0 };

	em->block = &inside;
	struct slot slots[] = { SLOT("name", emit_word(em, name)), SLOT("value", value(em, g->make->body)) };
	statement(em, CONSTRUCT_GLOBAL_SET, slots, 2);
	struct text t = emit_text(em, buf_text(&inside), inside.len);
	em->block = outside;
	buf_deinit(&inside);
	return t;
}

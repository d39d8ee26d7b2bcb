// Expressions: what both styles write alike, and the whole of the expression style.
#include "emit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct text emit_digits(struct emitter *em, int template, int64_t number)
{
	char digits[32];

	snprintf(digits, sizeof digits, "%" PRId64, number);
	struct slot s = SLOT("1", emit_word(em, digits));
	return emit_fill(em, template, &s, 1);
}

static struct text emit_int(struct emitter *em, int64_t number)
{
	bool negative = number < 0 && dialect_has(em->d, CONSTRUCT_NEGATIVE_INT);

	return emit_digits(em, negative ? CONSTRUCT_NEGATIVE_INT : CONSTRUCT_INT, negative ? -number : number);
}

static struct text emit_string(struct emitter *em, const char *text)
{
	struct buf b = { 0 };

	for (; *text != 0; text++) {
		const char *escape = em->d->escapes[(unsigned char)*text & 0x7F];
		if (escape != NULL)
			buf_adds(&b, escape);
		else
			buf_addc(&b, *text == '\n' ? NEWLINE_IN_STRING : *text);
	}
	struct slot s = SLOT("1", emit_text(em, buf_text(&b), b.len));
	em->failed = em->failed || b.failed;
	buf_deinit(&b);
	return emit_fill(em, CONSTRUCT_STRING, &s, 1);
}

const char *emit_function_name(const struct emitter *em, const struct function *f)
{
	return em->functions[f->index];
}

static struct text emit_var(struct emitter *em, const struct var *v)
{
	struct slot s = SLOT("name", emit_word(em, em->vars[v->id]));

	return v->level == 0 && !v->global && dialect_has(em->d, CONSTRUCT_PARAM_REF)
	               ? emit_fill(em, CONSTRUCT_PARAM_REF, &s, 1)
	               : s.text;
}

struct text emit_leaf(struct emitter *em, const struct node *n)
{
	switch (n->kind) {
	case NODE_INT:
		return emit_int(em, n->number);
	case NODE_BOOL:
		return emit_fill(em, n->number ? CONSTRUCT_TRUE : CONSTRUCT_FALSE, NULL, 0);
	case NODE_STRING:
		return emit_string(em, n->text);
	case NODE_NIL:
		return emit_fill(em, CONSTRUCT_NIL, NULL, 0);
	case NODE_VAR:
		return emit_var(em, n->var);
	default: {
		if (dialect_has(em->d, CONSTRUCT_CLOSURE))
			return emit_function_closure(em, n->function);
		char arity[32];
		snprintf(arity, sizeof arity, "%zu", n->function->param_count);
		struct slot s[] = { SLOT("name", emit_word(em, emit_function_name(em, n->function))),
			            SLOT("arity", emit_word(em, arity)) };
		return dialect_has(em->d, CONSTRUCT_FUNCTION_VALUE) ? emit_fill(em, CONSTRUCT_FUNCTION_VALUE, s, 2)
		                                                    : s[0].text;
	}
	}
}

// Three operands at most by number, or all of them as {args}.
static struct text fill_op(struct emitter *em, int template, const struct text *args, size_t count)
{
	static const char *const numbers[] = { "1", "2", "3" };
	struct slot slots[4];
	size_t used = 0;

	for (; used < count && used < 3; used++)
		slots[used] = (struct slot)SLOT(numbers[used], args[used]);
	slots[used++] = (struct slot)SLOT_LIST("args", args, count, em->d->separator);
	return emit_fill(em, template, slots, used);
}

// How a first operand that is a number is written: 0 before + and 1 before * may need hiding from a compiler, and
// in some languages the first operand decides how wide the result is. CONSTRUCT_INT where it is like any other.
static int first_operand(const struct emitter *em, const struct node *n)
{
	if (n->op > OP_MULTIPLY || n->args[0]->kind != NODE_INT || n->args[0]->number < 0)
		return CONSTRUCT_INT;
	if (n->op != OP_SUBTRACT && n->args[0]->number == (n->op == OP_MULTIPLY) &&
	    dialect_has(em->d, CONSTRUCT_NEUTRAL_INT))
		return CONSTRUCT_NEUTRAL_INT;
	return dialect_has(em->d, CONSTRUCT_WIDE_INT) ? CONSTRUCT_WIDE_INT : CONSTRUCT_INT;
}

struct text emit_op(struct emitter *em, const struct node *n, const struct text *args)
{
	struct text own[KERNEL_ARGS_MAX], pair[2];
	int first = first_operand(em, n);

	if (first != CONSTRUCT_INT) {
		memcpy(own, args, n->count * sizeof *args);
		own[0] = emit_digits(em, first, n->args[0]->number);
		args = own;
	}
	if (n->op == OP_LIST && !dialect_has(em->d, OP_LIST)) {
		pair[1] = emit_fill(em, CONSTRUCT_NIL, NULL, 0);
		for (size_t i = n->count; i-- > 0;) {
			pair[0] = args[i];
			pair[1] = fill_op(em, OP_CONS, pair, 2);
		}
		return pair[1];
	}
	if (n->count < 3 || op_signature(n->op)[strcspn(op_signature(n->op), ">") - 1] != '*' ||
	    template_uses(&em->d->templates[n->op], "args"))
		return fill_op(em, (int)n->op, args, n->count);
	pair[0] = args[0];
	for (size_t i = 1; i < n->count; i++) {
		pair[1] = args[i];
		pair[0] = fill_op(em, (int)n->op, pair, 2);
	}
	return pair[0];
}

bool emit_is_not_null(const struct emitter *em, const struct node *n)
{
	return n->kind == NODE_OP && n->op == OP_NOT && n->args[0]->kind == NODE_OP && n->args[0]->op == OP_NULL &&
	       dialect_has(em->d, CONSTRUCT_NOT_NULL);
}

struct text emit_not_null(struct emitter *em, struct text operand)
{
	struct slot s = SLOT("1", operand);

	return emit_fill(em, CONSTRUCT_NOT_NULL, &s, 1);
}

// A list, or the one word that stands for an empty one.
static struct slot list_or_word(struct emitter *em, const char *name, const struct text *items, size_t count,
                                const char *none)
{
	struct slot list = SLOT_LIST(name, items, count, em->d->separator);
	struct slot word = SLOT(name, emit_word(em, none));

	return count == 0 && none[0] != 0 ? word : list;
}

struct slot emit_params_slot(struct emitter *em, const struct text *names, size_t count)
{
	struct text *params = arena_alloc(&em->arena, (count + 1) * sizeof *params);

	em->failed = em->failed || params == NULL;
	for (size_t i = 0; params != NULL && i < count; i++) {
		struct slot name = SLOT("name", names[i]);
		params[i] = dialect_has(em->d, CONSTRUCT_FUNCTION_PARAM)
		                    ? emit_fill(em, CONSTRUCT_FUNCTION_PARAM, &name, 1)
		                    : names[i];
	}
	return list_or_word(em, "params", params, params != NULL ? count : 0, em->d->no_params);
}

struct slot emit_args_slot(struct emitter *em, const struct text *args, size_t count)
{
	return list_or_word(em, "args", args, count, em->d->no_args);
}

struct text emit_call(struct emitter *em, const struct node *n, struct text function, const struct text *args)
{
	int plain = n->kind == NODE_CALL ? CONSTRUCT_CALL : CONSTRUCT_APPLY;
	int tail = n->kind == NODE_CALL ? CONSTRUCT_TAIL_CALL : CONSTRUCT_TAIL_APPLY;
	struct text operands[KERNEL_ARGS_MAX + 1] = { function };
	char arity[32];

	snprintf(arity, sizeof arity, "%zu", n->count);
	memcpy(operands + 1, args, n->count * sizeof *args);
	struct slot slots[] = { SLOT("function", function), emit_args_slot(em, args, n->count),
		                SLOT("arity", emit_word(em, arity)),
		                SLOT_LIST("operands", operands, n->count + 1, em->d->separator) };
	return emit_fill(em, n->tail && dialect_has(em->d, tail) ? tail : plain, slots, 4);
}

// --- expression style ------------------------------------------------------------------------------------------

// Operands, left to right. Those whose order a language would not keep get names, to be bound around the whole.
struct operands {
	struct text texts[KERNEL_ARGS_MAX + 1];
	struct text names[KERNEL_ARGS_MAX + 1], bound[KERNEL_ARGS_MAX + 1];
	size_t bound_count;
};

static void emit_operands(struct emitter *em, struct node *const *nodes, size_t count, struct operands *o)
{
	size_t bound = emit_bound_operands(em, nodes, count);

	o->bound_count = 0;
	for (size_t i = 0; i < count; i++) {
		o->texts[i] = emit_expression(em, nodes[i]);
		if (i >= bound || emit_trace(em, nodes[i]) == TRACE_NONE)
			continue;
		o->bound[o->bound_count] = o->texts[i];
		o->texts[i] = emit_word(em, emit_variable(em, "tmp"));
		o->names[o->bound_count++] = o->texts[i];
	}
}

static struct text with_bound(struct emitter *em, const struct operands *o, struct text body)
{
	for (size_t i = o->bound_count; i-- > 0;) {
		struct slot slots[] = { SLOT("name", o->names[i]), SLOT("value", o->bound[i]),
			                SLOT("body", body) };
		body = emit_fill(em, CONSTRUCT_LET, slots, 3);
	}
	return body;
}

static struct text emit_let(struct emitter *em, const struct node *n)
{
	struct text values[KERNEL_ARGS_MAX];

	for (size_t i = 0; i < n->count; i++) {
		values[i] = emit_expression(em, n->args[i]);
		em->vars[n->vars[i]->id] = emit_variable(em, n->vars[i]->name);
		em->settled[n->vars[i]->id] = true; // bound anew in each round
	}
	struct text body = emit_body(em, n->body);
	for (size_t i = n->count; i-- > 0;) {
		struct slot slots[] = { SLOT("name", emit_word(em, em->vars[n->vars[i]->id])),
			                SLOT("value", values[i]), SLOT("body", body) };
		body = emit_fill(em, CONSTRUCT_LET, slots, 3);
	}
	return body;
}

static struct text one_a_line(struct emitter *em, const struct text *items, size_t count)
{
	size_t separator = strlen(em->d->item_separator);
	struct buf b = { 0 };

	while (separator > 0 && em->d->item_separator[separator - 1] == ' ')
		separator--;
	for (size_t i = 0; i < count; i++) {
		buf_add(&b, items[i].s, items[i].len);
		buf_add(&b, em->d->item_separator, i + 1 < count ? separator : 0);
		buf_adds(&b, i + 1 < count ? "\n" : "");
	}
	struct text t = emit_text(em, buf_text(&b), b.len);
	em->failed = em->failed || b.failed;
	buf_deinit(&b);
	return t;
}

// For its effect alone: a language may want to be told that a value is not used.
struct text emit_effect(struct emitter *em, const struct node *n)
{
	struct slot value = SLOT("value", emit_expression(em, n));
	bool unit = type_of(n->type)->kind == TYPE_UNIT;

	return unit || !dialect_has(em->d, CONSTRUCT_DISCARD) ? value.text
	                                                      : emit_fill(em, CONSTRUCT_DISCARD, &value, 1);
}

// What stands where a language takes several expressions: a sequence without a word around it.
struct text emit_body(struct emitter *em, const struct node *n)
{
	struct text items[KERNEL_ARGS_MAX + 1];

	if (n->kind != NODE_BEGIN || !em->d->implicit_begin)
		return emit_expression(em, n);
	for (size_t i = 0; i < n->count; i++)
		items[i] = i + 1 < n->count ? emit_effect(em, n->args[i]) : emit_expression(em, n->args[i]);
	return one_a_line(em, items, n->count);
}

// Items done one after another: by {items}, else two by two.
// In a language whose sequences hold forms only, one that is just a name or a number.
static struct text as_form(struct emitter *em, struct text item)
{
	struct slot s = SLOT("1", item);

	return item.s[0] == '(' || !dialect_has(em->d, CONSTRUCT_ATOM_ITEM)
	               ? item
	               : emit_fill(em, CONSTRUCT_ATOM_ITEM, &s, 1);
}

struct text emit_items(struct emitter *em, const struct text *items, size_t count)
{
	struct text all = items[count - 1];

	if (count == 1)
		return all;
	if (template_uses(&em->d->templates[CONSTRUCT_BEGIN], "items")) {
		struct text forms[KERNEL_ARGS_MAX + 1];
		for (size_t i = 0; i < count; i++)
			forms[i] = as_form(em, items[i]);
		items = forms;
		struct slot flat = SLOT_LIST("items", items, count, em->d->item_separator);
		all = emit_fill(em, CONSTRUCT_BEGIN, &flat, 1);
		if (memchr(all.s, '\n', all.len) == NULL)
			return all;
		struct slot lines = SLOT("items", one_a_line(em, items, count));
		return emit_fill_lines(em, CONSTRUCT_BEGIN, &lines, 1);
	}
	for (size_t i = count - 1; i-- > 0;) {
		struct slot slots[] = { SLOT("1", items[i]), SLOT("2", all) };
		all = emit_fill(em, CONSTRUCT_BEGIN, slots, 2);
	}
	return all;
}

struct text emit_unit(struct emitter *em)
{
	return emit_fill(em, CONSTRUCT_UNIT, NULL, 0);
}

static struct text emit_if(struct emitter *em, const struct node *n)
{
	bool when = n->args[2] == NULL && dialect_has(em->d, CONSTRUCT_WHEN);
	struct text condition = emit_expression(em, n->args[0]);
	struct text then = n->args[2] == NULL && dialect_has(em->d, CONSTRUCT_DISCARD)
	                           ? emit_effect(em, n->args[1])
	                   : when ? emit_body(em, n->args[1])
	                          : emit_expression(em, n->args[1]);
	struct text otherwise = n->args[2] != NULL ? emit_expression(em, n->args[2]) : emit_unit(em);
	struct slot slots[] = { SLOT("condition", condition), SLOT("then", then), SLOT("else", otherwise) };

	return emit_fill(em, when ? CONSTRUCT_WHEN : CONSTRUCT_IF, slots, 3);
}

// What one round does, as far as the dialect wants it: the effects, then the next values.
struct round {
	struct text items[KERNEL_ARGS_MAX + 1]; // the effects, and the word for the next round
	struct operands next;                   // values, one for each state
};

// All states at once, where a language only sets one variable after another: each is set when the ones behind it
// have been computed.
static struct text emit_sets(struct emitter *em, const struct loop *l, const struct text *names,
                             const struct text *next)
{
	struct text all = { "", 0, PRECEDENCE_ATOM };

	for (size_t i = l->count; i-- > 0;) {
		struct slot slots[] = { SLOT("name", names[i]), SLOT("value", next[i]), SLOT("rest", all) };
		if (l->next[i]->kind != NODE_VAR || l->next[i]->var != l->vars[i])
			all = emit_fill(em, all.len > 0 ? CONSTRUCT_SET_AFTER : CONSTRUCT_SET, slots, 3);
	}
	return all.len > 0 ? all : emit_fill(em, CONSTRUCT_UNIT, NULL, 0);
}

static void emit_round(struct emitter *em, const struct loop *l, const struct text *names, struct text label,
                       struct round *r)
{
	for (size_t i = 0; i < l->effect_count; i++)
		r->items[i] = emit_effect(em, l->effects[i]);
	emit_operands(em, l->next, l->count, &r->next);
	struct slot slots[] = { SLOT("label", label), SLOT_LIST("args", r->next.texts, l->count, em->d->separator),
		                SLOT_LIST("names", names, l->count, em->d->separator) };
	if (dialect_has(em->d, CONSTRUCT_SET))
		r->items[l->effect_count] = emit_sets(em, l, names, r->next.texts);
	else if (dialect_has(em->d, CONSTRUCT_NEXT))
		r->items[l->effect_count] = with_bound(em, &r->next, emit_fill(em, CONSTRUCT_NEXT, slots, 3));
}

static struct text emit_state(struct emitter *em, struct text name, struct text first, struct text next)
{
	struct slot slots[] = { SLOT("name", name), SLOT("value", first), SLOT("next", next) };

	return dialect_has(em->d, CONSTRUCT_LOOP_STATE) ? emit_fill(em, CONSTRUCT_LOOP_STATE, slots, 3) : name;
}

static struct text emit_loop(struct emitter *em, const struct node *n)
{
	struct text names[KERNEL_ARGS_MAX], states[KERNEL_ARGS_MAX], none = { "", 0, 0 };
	const struct loop *l = n->loop;
	bool next = dialect_has(em->d, CONSTRUCT_NEXT) || dialect_has(em->d, CONSTRUCT_SET);
	bool effect = l->result == NULL && dialect_has(em->d, CONSTRUCT_LOOP_WITHOUT_RESULT);
	struct operands first;
	struct round round;
	struct text label;

	emit_operands(em, l->first, l->count, &first);
	label = emit_word(em, emit_name(em, em->d->function_prefix, "loop"));
	for (size_t i = 0; i < l->count; i++) {
		em->vars[l->vars[i]->id] = emit_variable(em, l->vars[i]->name);
		names[i] = emit_word(em, em->vars[l->vars[i]->id]);
	}
	struct text condition = emit_expression(em, l->condition);
	emit_round(em, l, names, label, &round);
	for (size_t i = 0; i < l->count; i++)
		states[i] = emit_state(em, names[i], first.texts[i], round.next.texts[i]);
	struct text result = effect ? none : l->result != NULL ? emit_expression(em, l->result) : emit_unit(em);
	struct slot slots[] = {
		SLOT("label", label),
		SLOT_LIST("states", states, l->count, em->d->separator),
		SLOT_LIST("names", names, l->count, em->d->separator),
		SLOT_LIST("values", first.texts, l->count, em->d->separator),
		SLOT("condition", condition),
		SLOT("effects", one_a_line(em, round.items, l->effect_count)),
		SLOT("next", next ? round.items[l->effect_count] : none),
		SLOT("step", next ? emit_items(em, round.items, l->effect_count + 1) : none),
		SLOT("result", result),
	};
	return with_bound(em, &first,
	                  emit_fill(em, effect ? CONSTRUCT_LOOP_WITHOUT_RESULT : CONSTRUCT_LOOP, slots,
	                            sizeof slots / sizeof slots[0]));
}

// Whether a function value made now would see later rounds change the variable.
static bool is_moving(const struct emitter *em, const struct var *v)
{
	return v->in_loop && !em->settled[v->id] && dialect_has(em->d, CONSTRUCT_CAPTURE);
}

static struct text emit_lambda(struct emitter *em, const struct node *n)
{
	const struct function *f = n->function;
	struct text params[KERNEL_ARGS_MAX], t;
	struct text *captured = arena_alloc(&em->arena, (f->captured_count + 1) * sizeof *captured);
	bool *copied = captured != NULL ? arena_alloc(&em->arena, f->captured_count + 1) : NULL;

	em->failed = em->failed || copied == NULL;
	for (size_t i = 0; i < f->param_count; i++) {
		em->vars[f->params[i]->id] = emit_variable(em, f->params[i]->name);
		params[i] = emit_word(em, em->vars[f->params[i]->id]);
	}
	for (size_t i = 0; copied != NULL && i < f->captured_count; i++) {
		captured[i] = emit_word(em, em->vars[f->captured[i]->id]);
		copied[i] = is_moving(em, f->captured[i]);
		em->settled[f->captured[i]->id] |= copied[i];
	}
	struct slot slots[] = { emit_params_slot(em, params, f->param_count), SLOT("body", emit_body(em, f->body)),
		                SLOT_LIST("captured", captured, copied != NULL ? f->captured_count : 0,
		                          em->d->separator) };
	t = emit_fill(em, CONSTRUCT_LAMBDA, slots, 3);
	for (size_t i = f->captured_count; copied != NULL && i-- > 0;) {
		if (!copied[i])
			continue;
		struct text name = emit_word(em, em->vars[f->captured[i]->id]);
		struct slot copy[] = { SLOT("copy", name), SLOT("name", name), SLOT("body", t) };
		em->settled[f->captured[i]->id] = false;
		t = emit_fill(em, CONSTRUCT_CAPTURE, copy, 3);
	}
	return t;
}

static struct text emit_try(struct emitter *em, const struct node *n)
{
	struct text body = emit_expression(em, n->body);
	struct var *v = n->vars[0];

	em->vars[v->id] = emit_variable(em, v->name);
	struct slot slots[] = { SLOT("body", body), SLOT("name", emit_word(em, em->vars[v->id])),
		                SLOT("handler", emit_expression(em, n->args[0])) };
	return emit_fill(em, CONSTRUCT_TRY, slots, 3);
}

static struct text emit_application(struct emitter *em, const struct node *n)
{
	struct node *all[KERNEL_ARGS_MAX + 1];
	size_t first = n->kind == NODE_APPLY;
	struct operands o;

	emit_operands(em, all, emit_operands_of(n, all), &o);
	struct text function =
	        first ? o.texts[0]
	              : emit_word(em, n->kind == NODE_CALL ? emit_function_name(em, n->function) : "");
	return with_bound(em, &o,
	                  n->kind == NODE_OP ? emit_op(em, n, o.texts)
	                                     : emit_call(em, n, function, o.texts + first));
}

// One after another, whatever the language does with operands.
static struct text emit_in_order(struct emitter *em, const struct node *n)
{
	struct text items[KERNEL_ARGS_MAX];

	for (size_t i = 0; i < n->count; i++)
		items[i] = n->kind == NODE_BEGIN && i + 1 < n->count ? emit_effect(em, n->args[i])
		                                                     : emit_expression(em, n->args[i]);
	return n->kind == NODE_BEGIN ? emit_items(em, items, n->count) : emit_op(em, n, items);
}

struct text emit_expression(struct emitter *em, const struct node *n)
{
	if (emit_is_not_null(em, n))
		return emit_not_null(em, emit_expression(em, n->args[0]->args[0]));
	switch (n->kind) {
	case NODE_IF:
		return emit_if(em, n);
	case NODE_LET:
		return emit_let(em, n);
	case NODE_LOOP:
		return em->d->lifted_loops ? emit_lifted_loop(em, n->loop) : emit_loop(em, n);
	case NODE_LAMBDA:
		return emit_lambda(em, n);
	case NODE_TRY:
		return emit_try(em, n);
	case NODE_BEGIN:
		return emit_in_order(em, n);
	case NODE_OP:
		return n->op == OP_AND || n->op == OP_OR ? emit_in_order(em, n) : emit_application(em, n);
	case NODE_CALL:
	case NODE_APPLY:
		return emit_application(em, n);
	default:
		return emit_leaf(em, n);
	}
}

struct text emit_global_value(struct emitter *em, const struct kernel_global *g, const char *name)
{
	struct slot slots[] = { SLOT("name", emit_word(em, name)),
		                SLOT("value", emit_expression(em, g->make->body)) };

	return emit_fill_lines(em, CONSTRUCT_GLOBAL_SET, slots, 2);
}

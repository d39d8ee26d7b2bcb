// The machine: the loop over the instructions, calls, and the limits.
#include "eval_code.h"

#include "units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STACK_LEAST 1024U // words

// --- errors ----------------------------------------------------------------------------------------------------

int machine_fail(struct machine *m, int code, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return err_at(m->e, code, m->program->kernel->path, m->at->line, m->at->column, "%s", text);
}

int machine_no_memory(struct machine *m)
{
	const struct eval_options *options = m->program->options;
	char limit[32];

	if (m->heap.no_memory && options->gave_up != NULL)
		options->gave_up(options->arg);
	if (m->heap.no_memory)
		return err_set(m->e, ENOMEM, "%s: out of memory", m->program->kernel->path);
	units_bytes(limit, sizeof limit, m->limits.memory_bytes);
	return machine_fail(m, ENOSPC, "needs more than %s%s", limit,
	                    m->heap.charged > m->limits.memory_bytes / 2
	                            ? ", most of it for calls inside calls: does the recursion end?"
	                            : "");
}

int machine_mistyped(struct machine *m, size_t index, enum type_kind want, value v)
{
	const struct node *n = m->at;
	const char *who = "a call";

	if (n->kind == NODE_OP || n->kind == NODE_IF) {
		who = n->kind == NODE_OP ? op_word(n->op) : n->args[2] != NULL ? "'if'" : "'when'";
		m->at = n->args[index];
	} else if (n->kind == NODE_LOOP) {
		who = "'while'";
		m->at = n->loop->condition;
	} else if (n->kind == NODE_APPLY) {
		m->at = n->body;
	}
	return machine_fail(m, EINVAL, "%s needs %s here; this is %s", who, type_kind_name(want),
	                    v == VALUE_NIL ? "nil" : type_kind_name(value_type(v)));
}

static int out_of_steps(struct machine *m)
{
	return machine_fail(m, ELOOP, "ran for more than %" PRIu64 " steps: does it end?", m->limits.steps);
}

int machine_charge(struct machine *m, size_t bytes)
{
	if (m->steps < bytes / 8) {
		m->steps = 0;
		return out_of_steps(m);
	}
	m->steps -= bytes / 8;
	return 0;
}

// --- the stack -------------------------------------------------------------------------------------------------

static bool resize_stack(struct machine *m, size_t cap)
{
	value *stack = heap_resize(&m->heap, m->stack, m->cap * sizeof(value), cap * sizeof(value));

	if (stack == NULL)
		return false;
	if (m->cursor != NULL) {
		m->cursor->sp = stack + (m->cursor->sp - m->stack);
		m->cursor->base = stack + (m->cursor->base - m->stack);
	}
	m->stack = stack;
	m->cap = cap;
	return true;
}

// Makes it larger, so that `words` fit: twice as large, or by an eighth where there is no room for that.
static int grow_stack(struct machine *m, size_t words)
{
	bool bounded = m->program->options->bounded;

	if (resize_stack(m, m->cap * 2 > words ? m->cap * 2 : words))
		return 0;
	if ((!m->heap.no_memory || bounded) && resize_stack(m, words + words / 8))
		return 0;
	return machine_no_memory(m);
}

// Goes to a routine whose arguments begin at `base`.
static int enter(struct machine *m, struct cursor *c, const struct routine *r, value *base)
{
	size_t at = (size_t)(base - m->stack);

	if (at + r->need > m->cap) {
		int rc;
		m->top = (size_t)(c->sp - m->stack);
		rc = grow_stack(m, at + r->need);
		if (rc < 0)
			return rc;
	}
	c->base = m->stack + at;
	c->pc = m->program->code + r->entry;
	return 0;
}

// --- calls -----------------------------------------------------------------------------------------------------

// A return word looks like an integer to the collector: 31 bits of where to go on, 32 of how far the caller's base
// is.
static value return_word(size_t pc, size_t distance)
{
	return (uint64_t)pc << 33 | (uint64_t)distance << 1 | 1;
}

static void leave(const struct machine *m, struct cursor *c)
{
	value result = c->sp[-1], word = c->base[-1];

	c->sp = c->base;
	c->sp[-1] = result;
	c->pc = m->program->code + (word >> 33);
	c->base -= word >> 1 & UINT32_MAX;
}

// Arguments (and, below them, a closure) begin at `base`, the return word's place before them.
static int call(struct machine *m, struct cursor *c, const struct routine *r, value *base)
{
	base[-1] = return_word((size_t)(c->pc - m->program->code), (size_t)(base - c->base));
	return enter(m, c, r, base);
}

// The same without a return: the arguments take the place of the caller's.
static int tail_call(struct machine *m, struct cursor *c, const struct routine *r, const value *from)
{
	size_t words = (size_t)(c->sp - from);

	memmove(c->base, from, words * sizeof *from);
	c->sp = c->base + words;
	return enter(m, c, r, c->base);
}

static int wrong_count(struct machine *m, size_t want, size_t is)
{
	return machine_fail(m, EINVAL, "a call needs a function of %zu argument%s here; this one has %zu", want,
	                    want == 1 ? "" : "s", is);
}

// What a continuation has behind the words of the stack.
enum continuation_part {
	CONTINUATION_PC,
	CONTINUATION_BASE,
	CONTINUATION_HANDLER,
	CONTINUATION_PARTS,
};

// All that is below the frame of this call, and where it returns to. The function gets it as its argument.
static int capture(struct machine *m, struct cursor *c)
{
	size_t words = (size_t)(c->sp - m->stack) - 2;
	struct object *o;
	int rc = machine_charge(m, words * sizeof(value));

	m->top = words + 2;
	if (rc < 0 || (o = machine_make(m, OBJECT_CONTINUATION, words + CONTINUATION_PARTS, &rc)) == NULL)
		return rc;
	m->stores++;
	memcpy(o->slots, m->stack, words * sizeof(value));
	o->slots[words + CONTINUATION_PC] = value_int(c->pc - m->program->code);
	o->slots[words + CONTINUATION_BASE] = value_int(c->base - m->stack);
	o->slots[words + CONTINUATION_HANDLER] = value_int((int64_t)m->handler);
	*c->sp++ = value_of(o);
	return 0;
}

// The stack is as it was, and the value is what that call returns.
static int reinstate(struct machine *m, struct cursor *c, const struct object *o, value v)
{
	size_t words = o->count - CONTINUATION_PARTS;
	int rc = machine_charge(m, words * sizeof(value));

	if (rc < 0)
		return rc;
	memcpy(m->stack, o->slots, words * sizeof(value));
	c->pc = m->program->code + value_number(o->slots[words + CONTINUATION_PC]);
	c->base = m->stack + value_number(o->slots[words + CONTINUATION_BASE]);
	m->handler = (size_t)value_number(o->slots[words + CONTINUATION_HANDLER]);
	c->sp = m->stack + words;
	*c->sp++ = v;
	return 0;
}

// The routine of the function below `count` arguments. A closure stays there, a defined function is taken away.
static int find_routine(struct machine *m, struct cursor *c, size_t count, const struct routine **out)
{
	value *f = c->sp - count - 1;
	const struct routine *r;

	if (value_is(*f, OBJECT_CLOSURE))
		r = &m->program->routines[value_number(value_object(*f)->slots[0])];
	else if (value_is_function(*f))
		r = &m->program->routines[*f >> 3];
	else if (value_is(*f, OBJECT_CONTINUATION))
		return wrong_count(m, count, 1);
	else
		return machine_mistyped(m, 0, TYPE_FUNCTION, *f);
	if (r->function->param_count != count)
		return wrong_count(m, count, r->function->param_count);
	if (!r->lambda) {
		memmove(f, f + 1, count * sizeof *f);
		c->sp--;
	}
	*out = r;
	return 0;
}

static int apply(struct machine *m, struct cursor *c, const struct insn *i)
{
	const struct routine *r = NULL;
	value *base = c->sp - i->a - 1;
	int rc;

	if (value_is(*base, OBJECT_CONTINUATION) && i->a == 1)
		return reinstate(m, c, value_object(*base), base[1]);
	rc = find_routine(m, c, i->a, &r);
	if (rc < 0)
		return rc;
	return i->code == CODE_TAIL_APPLY ? tail_call(m, c, r, base) : call(m, c, r, base);
}

static int make_closure(struct machine *m, struct cursor *c, const struct insn *i)
{
	struct object *o;

	m->top = (size_t)(c->sp - m->stack);
	o = heap_new(&m->heap, OBJECT_CLOSURE, (size_t)i->a + 1);
	if (o == NULL)
		return machine_no_memory(m);
	c->sp -= i->a;
	o->slots[0] = value_int(i->b);
	memcpy(o->slots + 1, c->sp, i->a * sizeof(value));
	*c->sp++ = value_of(o);
	return 0;
}

// --- exceptions ------------------------------------------------------------------------------------------------

static void begin_try(struct machine *m, struct cursor *c, const struct insn *i)
{
	size_t at = (size_t)(c->sp - m->stack);

	c->sp[0] = value_int((int64_t)m->handler);
	c->sp[1] = return_word(i->b, (size_t)(c->base - m->stack));
	c->sp += 2;
	m->handler = at;
}

static void end_try(struct machine *m, struct cursor *c)
{
	value result = c->sp[-1];

	m->handler = (size_t)value_number(c->sp[-3]);
	c->sp -= 2;
	c->sp[-1] = result;
}

static int raise_value(struct machine *m, struct cursor *c)
{
	value *record = m->stack + m->handler, v = c->sp[-1];

	if (!value_is_int(v))
		return machine_mistyped(m, 0, TYPE_INT, v);
	if (m->handler == 0)
		return machine_fail(m, EINVAL, "raised %" PRId64 ", which no 'try' around it catches",
		                    value_number(v));
	m->handler = (size_t)value_number(record[0]);
	c->pc = m->program->code + (record[1] >> 33);
	c->base = m->stack + (record[1] >> 1 & UINT32_MAX);
	record[0] = v;
	c->sp = record + 1;
	return 0;
}

// --- globals ---------------------------------------------------------------------------------------------------

static int load_global(struct machine *m, struct cursor *c, const struct insn *i)
{
	if (m->globals[i->b] == VALUE_GONE)
		return machine_fail(m, EINVAL, "'%s' is used before it is made",
		                    m->program->kernel->globals[i->b].var->name);
	*c->sp++ = m->globals[i->b];
	return 0;
}

// --- levels ----------------------------------------------------------------------------------------------------

#define LEVEL_WORDS 3

// Where the heap is: the block and how much of it is used in one word, 24 bits for the latter.
static void begin_level(struct machine *m, struct cursor *c)
{
	struct heap_level l = heap_level(&m->heap);

	c->sp[0] = value_int((int64_t)(l.block << 24 | l.used));
	c->sp[1] = value_int((int64_t)l.serial);
	c->sp[2] = value_int((int64_t)m->stores);
	c->sp += LEVEL_WORDS;
}

// An object refers to those that are older than itself, unless something was put into it. So when that has not
// happened since the level began, and its value is no object, nothing refers to what was made since.
static void end_level(struct machine *m, struct cursor *c)
{
	const value *words = c->sp - 1 - LEVEL_WORDS;
	uint64_t place = (uint64_t)value_number(words[0]);
	value v = c->sp[-1];

	if (value_object(v) == NULL && m->stores == (uint64_t)value_number(words[2]))
		heap_release(&m->heap, (struct heap_level){ place >> 24, place & 0xFFFFFF,
		                                            (uint64_t)value_number(words[1]) });
	c->sp -= LEVEL_WORDS;
	c->sp[-1] = v;
}

// --- arithmetic ------------------------------------------------------------------------------------------------

static int arithmetic(struct machine *m, const struct insn *i, value *args)
{
	int64_t a = value_number(args[0]), b = value_number(args[1]), result;
	bool over = false;

	if (!value_is_int(args[0]) || !value_is_int(args[1])) {
		bool first = !value_is_int(args[0]);
		return machine_mistyped(m, first ? i->a - 1U : i->a, TYPE_INT, args[first ? 0 : 1]);
	}
	switch ((enum op)i->code) {
	case OP_ADD:
		result = a + b; // both within 2^53
		break;
	case OP_SUBTRACT:
		result = a - b;
		break;
	case OP_MULTIPLY:
		over = __builtin_mul_overflow(a, b, &result);
		break;
	default:
		if (b == 0)
			return machine_fail(m, ERANGE, "division by zero");
		result = i->code == OP_QUOTIENT ? a / b : a % b;
	}
	if (over || result > KERNEL_INT_MAX || result < -KERNEL_INT_MAX)
		return machine_fail(m, ERANGE, "a value leaves the range of 2^53 - 1 around zero");
	args[0] = value_int(result);
	return 0;
}

static int compare(struct machine *m, const struct insn *i, value *args)
{
	int64_t a = value_number(args[0]), b = value_number(args[1]);
	bool holds;

	if (!value_is_int(args[0]) || !value_is_int(args[1])) {
		bool first = !value_is_int(args[0]);
		return machine_mistyped(m, first ? 0 : 1, TYPE_INT, args[first ? 0 : 1]);
	}
	switch ((enum op)i->code) {
	case OP_EQUAL:
		holds = a == b;
		break;
	case OP_LESS:
		holds = a < b;
		break;
	case OP_GREATER:
		holds = a > b;
		break;
	case OP_LESS_EQUAL:
		holds = a <= b;
		break;
	default:
		holds = a >= b;
	}
	args[0] = value_bool(holds);
	return 0;
}

// --- the loop --------------------------------------------------------------------------------------------------

// Instructions on bools: what to do with the one on top, which is looked at here.
static int branch(struct machine *m, struct cursor *c, const struct insn *i)
{
	value v = c->sp[-1];

	if (v != VALUE_TRUE && v != VALUE_FALSE)
		return machine_mistyped(m, i->a, TYPE_BOOL, v);
	if (i->code == CODE_BOOL)
		return 0;
	if (i->code == CODE_JUMP_FALSE || v != value_bool(i->code == CODE_OR))
		c->sp--;
	if (v == value_bool(i->code == CODE_OR))
		c->pc = m->program->code + i->b;
	return 0;
}

static int operate(struct machine *m, struct cursor *c, const struct insn *i)
{
	value *args = c->sp - i->b;
	int rc;

	m->top = (size_t)(c->sp - m->stack);
	rc = i->code <= OP_REMAINDER                              ? arithmetic(m, i, args)
	     : i->code >= OP_EQUAL && i->code <= OP_GREATER_EQUAL ? compare(m, i, args)
	                                                          : machine_operate(m, i, args);
	c->sp = args + 1;
	return rc;
}

// Whatever is no operation. Longer than most functions: its cases are one line each, and belong together.
static int control(struct machine *m, struct cursor *c, const struct insn *i)
{
	const struct program *p = m->program;
	value top;
	int rc;

	switch ((enum code)i->code) {
	case CODE_CONSTANT:
		*c->sp++ = m->constants[i->b];
		return 0;
	case CODE_PARAM:
		*c->sp++ = value_int(m->params[i->b]);
		return 0;
	case CODE_LOCAL:
		*c->sp++ = c->base[i->b];
		return 0;
	case CODE_CAPTURED:
		*c->sp++ = value_object(c->base[0])->slots[i->b];
		return 0;
	case CODE_POP:
		c->sp--;
		return 0;
	case CODE_SLIDE:
		top = c->sp[-1];
		c->sp -= i->b;
		c->sp[-1] = top;
		return 0;
	case CODE_JUMP:
		c->pc = p->code + i->b;
		return 0;
	case CODE_JUMP_FALSE:
	case CODE_AND:
	case CODE_OR:
	case CODE_BOOL:
		return branch(m, c, i);
	case CODE_NEXT:
		c->sp -= i->a;
		memmove(c->base + i->b, c->sp, i->a * sizeof(value));
		return 0;
	case CODE_FRAME:
		*c->sp++ = value_int(0);
		return 0;
	case CODE_CALL:
		return call(m, c, &p->routines[i->b], c->sp - i->a);
	case CODE_TAIL_CALL:
		return tail_call(m, c, &p->routines[i->b], c->sp - i->a);
	case CODE_APPLY:
	case CODE_TAIL_APPLY:
		return apply(m, c, i);
	case CODE_CLOSURE:
		return make_closure(m, c, i);
	case CODE_RETURN:
		leave(m, c);
		return 0;
	case CODE_GLOBAL:
		return load_global(m, c, i);
	case CODE_SET_GLOBAL:
		m->globals[i->b] = *--c->sp;
		return 0;
	case CODE_INT:
		return value_is_int(c->sp[-1]) ? 0 : machine_mistyped(m, i->a, TYPE_INT, c->sp[-1]);
	case CODE_REGEX:
		return machine_match(m, i->b, c->sp - 1);
	case CODE_TRY:
		begin_try(m, c, i);
		return 0;
	case CODE_TRIED:
		end_try(m, c);
		return 0;
	case CODE_RAISE:
		return raise_value(m, c);
	case CODE_CALL_CC:
		rc = capture(m, c);
		return rc < 0 ? rc : apply(m, c, i);
	case CODE_LEVEL:
		begin_level(m, c);
		return 0;
	case CODE_LEVEL_END:
		end_level(m, c);
		return 0;
	case CODE_SET_LOCAL:
		c->base[i->b] = *--c->sp;
		return 0;
	case CODE_START: // a continuation may have come back to before it
		return m->started ? 0 : 1;
	case CODE_END:
		break;
	}
	return 1;
}

// Until CODE_START for the first time, or CODE_END.
static int step_through(struct machine *m, struct cursor *c)
{
	const struct program *p = m->program;
	int rc = 0;

	m->cursor = c;
	m->handler = 0;
	while (rc == 0) {
		const struct insn *i = c->pc++;
		m->at = p->places[i - p->code];
		if (m->steps == 0)
			return out_of_steps(m);
		m->steps--;
		rc = i->code < OP_COUNT ? operate(m, c, i) : control(m, c, i);
	}
	return rc < 0 ? rc : 0;
}

int machine_start(struct machine *m)
{
	struct cursor c = { .pc = m->program->code };
	int rc;

	m->at = m->program->places[0];
	rc = grow_stack(m, STACK_LEAST);
	if (rc < 0)
		return rc;
	m->stack[0] = value_int(0); // so that no try has its words there
	c.sp = c.base = m->stack + 1;
	rc = step_through(m, &c);
	m->begin = c.pc;
	m->started = rc == 0;
	m->cursor = NULL;
	return rc;
}

int machine_run(struct machine *m, value *out)
{
	struct cursor c = { m->begin, m->stack + 1, m->stack + 1 };
	int rc = step_through(m, &c);

	if (rc == 0)
		*out = c.sp[-1];
	m->cursor = NULL;
	return rc;
}

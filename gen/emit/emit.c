// A kernel as a whole program, and whether a dialect can write it.
#include "emit.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The constructs that stand for a kind of node; the dialect needs one of them (-1: none needed).
struct need {
	enum node_kind node;
	int statements[2], expressions[2];
};

static const struct need needs[] = {
	{ NODE_BOOL, { CONSTRUCT_TRUE, CONSTRUCT_TRUE }, { CONSTRUCT_TRUE, CONSTRUCT_TRUE } },
	{ NODE_BOOL, { CONSTRUCT_FALSE, CONSTRUCT_FALSE }, { CONSTRUCT_FALSE, CONSTRUCT_FALSE } },
	{ NODE_STRING, { CONSTRUCT_STRING, CONSTRUCT_STRING }, { CONSTRUCT_STRING, CONSTRUCT_STRING } },
	{ NODE_NIL, { CONSTRUCT_NIL, CONSTRUCT_NIL }, { CONSTRUCT_NIL, CONSTRUCT_NIL } },
	{ NODE_LOOP, { CONSTRUCT_WHILE, CONSTRUCT_WHILE }, { CONSTRUCT_LOOP, CONSTRUCT_LOOP } },
	{ NODE_LOOP,
	  { CONSTRUCT_BREAK_UNLESS, CONSTRUCT_BREAK_UNLESS },
	  { CONSTRUCT_UNIT, CONSTRUCT_LOOP_WITHOUT_RESULT } },
	{ NODE_LOOP, { CONSTRUCT_FOREVER, CONSTRUCT_FOREVER }, { CONSTRUCT_NEXT, CONSTRUCT_LOOP_STATE } },
	{ NODE_LAMBDA,
	  { CONSTRUCT_LOCAL_FUNCTION, CONSTRUCT_LOCAL_FUNCTION },
	  { CONSTRUCT_LAMBDA, CONSTRUCT_LAMBDA } },
	{ NODE_APPLY, { CONSTRUCT_APPLY, CONSTRUCT_APPLY }, { CONSTRUCT_APPLY, CONSTRUCT_APPLY } },
	{ NODE_TRY, { CONSTRUCT_TRY, CONSTRUCT_TRY_FUNCTION }, { CONSTRUCT_TRY, CONSTRUCT_TRY } },
};

static const char *lacking(const struct dialect *d, int t, char *reason, size_t size)
{
	if (d->lacks[t] != NULL)
		snprintf(reason, size, "%s has no '%s': %s", d->name, template_word(t), d->lacks[t]);
	else
		snprintf(reason, size, "%s has no template for '%s'", d->name, template_word(t));
	return reason;
}

// Whether the program has a place for what makes the globals.
static bool uses_globals(const struct dialect *d)
{
	return template_uses(&d->templates[CONSTRUCT_PROGRAM], "globals");
}

const char *emit_lacks(const struct dialect *d, const struct kernel *k, char *reason, size_t size)
{
	if (d->kernel_text)
		return NULL;
	for (int o = 0; o < OP_COUNT; o++) {
		bool by_cons = o == OP_LIST && dialect_has(d, OP_CONS) && dialect_has(d, CONSTRUCT_NIL);
		if (((k->ops_used >> o) & 1U) && !dialect_has(d, o) && !by_cons)
			return lacking(d, o, reason, size);
	}
	if (k->captures && d->lacks[CONSTRUCT_CAPTURED] != NULL)
		return lacking(d, CONSTRUCT_CAPTURED, reason, size);
	if (k->global_count > 0 && (!dialect_has(d, CONSTRUCT_GLOBAL_SET) || !uses_globals(d)))
		return lacking(d, CONSTRUCT_GLOBAL_SET, reason, size);
	for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
		if ((needs[i].node == NODE_LOOP && d->lifted_loops) ||
		    (needs[i].node == NODE_LAMBDA && dialect_has(d, CONSTRUCT_CLOSURE)))
			continue;
		const int *any = d->statements ? needs[i].statements : needs[i].expressions;
		if (((k->nodes_used >> needs[i].node) & 1U) && !dialect_has(d, any[0]) && !dialect_has(d, any[1]))
			return lacking(d, any[0], reason, size);
	}
	return NULL;
}

static void join(struct buf *out, struct text t, int64_t blank_lines)
{
	for (int64_t i = 0; out->len > 0 && t.len > 0 && i <= blank_lines; i++)
		buf_addc(out, '\n');
	buf_add(out, t.s, t.len);
}

static const char *param_name(struct emitter *em, const char *name)
{
	char *upper;

	if (!em->d->upper_params)
		return emit_name(em, em->d->global_prefix, name);
	upper = arena_text(&em->arena, name, strlen(name));
	em->failed = em->failed || upper == NULL;
	for (char *c = upper; c != NULL && *c != 0; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	return emit_name(em, "", upper != NULL ? upper : "");
}

// Parameters' constants, one a line.
static struct text emit_params(struct emitter *em, const struct emit_values *v)
{
	struct buf b = { 0 };

	// Where a reference is told from a variable, their names are no concern of each other's.
	em->owner = dialect_has(em->d, CONSTRUCT_PARAM_REF) ? UINT_MAX : 0;
	for (size_t i = 0; i < em->k->param_count; i++) {
		const struct var *var = em->k->params[i].var;
		em->vars[var->id] = param_name(em, var->name);
		struct node number = { .kind = NODE_INT, .number = v->params[i] };
		struct slot slots[] = { SLOT("name", emit_word(em, em->vars[var->id])),
			                SLOT("value", emit_leaf(em, &number)) };
		join(&b, emit_fill_lines(em, CONSTRUCT_PARAM, slots, 2), 0);
	}
	em->owner = 0;
	struct text t = emit_text(em, buf_text(&b), b.len);
	em->failed = em->failed || b.failed;
	buf_deinit(&b);
	return t;
}

// Whether a global may have the name of a variable: PHP's $GLOBALS['x'] is not the function's $x.
static bool is_apart(const struct dialect *d)
{
	return dialect_has(d, CONSTRUCT_GLOBAL_REF) && strcmp(d->global_prefix, d->variable_prefix) != 0;
}

// The globals' declarations, one a line. From here on a global's name is what refers to it.
static struct text emit_globals(struct emitter *em)
{
	struct buf b = { 0 };

	em->owner = is_apart(em->d) ? UINT_MAX : 0;
	for (size_t i = 0; i < em->k->global_count; i++) {
		const struct var *v = em->k->globals[i].var;
		struct slot name = SLOT("name", emit_word(em, emit_name(em, em->d->global_prefix, v->name)));

		if (dialect_has(em->d, CONSTRUCT_GLOBAL))
			join(&b, emit_fill_lines(em, CONSTRUCT_GLOBAL, &name, 1), 0);
		em->global_names[i] = name.text.s;
		em->vars[v->id] = dialect_has(em->d, CONSTRUCT_GLOBAL_REF)
		                          ? emit_fill(em, CONSTRUCT_GLOBAL_REF, &name, 1).s
		                          : name.text.s;
	}
	em->owner = 0;
	struct text t = emit_text(em, buf_text(&b), b.len);
	em->failed = em->failed || b.failed;
	buf_deinit(&b);
	return t;
}

// What makes them. In most languages their statements stand in one scope.
static struct text emit_global_values(struct emitter *em)
{
	struct buf b = { 0 };

	em->owner++;
	for (size_t i = 0; i < em->k->global_count; i++) {
		const struct kernel_global *g = &em->k->globals[i];

		join(&b,
		     em->d->statements ? emit_global_block(em, g, em->global_names[i])
		                       : emit_global_value(em, g, em->global_names[i]),
		     0);
	}
	struct text t = emit_text(em, buf_text(&b), b.len);
	em->failed = em->failed || b.failed;
	buf_deinit(&b);
	return t;
}

static bool occurs(const char *text, const char *name);

// Whether some function from here on is referred to by one in front of it: all those in between know each other.
static bool is_joined(const struct kernel *k, size_t i)
{
	bool early = false;

	for (size_t n = i; i > 0 && n < k->function_count; n++)
		early = early || k->functions[n]->early;
	return early;
}

// Which definition a function has, in a language that tells them apart.
static int definition_of(const struct emitter *em, const struct function *f, const char *name, const char *body)
{
	const struct kernel *k = em->k;

	if (f->early && dialect_has(em->d, CONSTRUCT_FORWARD_FUNCTION))
		return CONSTRUCT_FORWARD_FUNCTION;
	if (is_joined(k, f->index) && dialect_has(em->d, CONSTRUCT_FURTHER_FUNCTION))
		return CONSTRUCT_FURTHER_FUNCTION;
	if (dialect_has(em->d, CONSTRUCT_RECURSIVE_FUNCTION) &&
	    (occurs(body, name) || (f->index + 1 < k->function_count && is_joined(k, f->index + 1))))
		return CONSTRUCT_RECURSIVE_FUNCTION;
	return CONSTRUCT_FUNCTION;
}

static struct text emit_function(struct emitter *em, const struct function *f, const char *name)
{
	struct text params[KERNEL_ARGS_MAX];

	em->owner++;
	for (size_t i = 0; i < f->param_count; i++) {
		em->vars[f->params[i]->id] = emit_variable(em, f->params[i]->name);
		params[i] = emit_word(em, em->vars[f->params[i]->id]);
	}
	struct text body = em->d->statements ? emit_block(em, f) : emit_body(em, f->body);
	struct slot slots[] = { SLOT("name", emit_word(em, name)), emit_params_slot(em, params, f->param_count),
		                SLOT("body", body) };
	return emit_fill_lines(em, definition_of(em, f, name, body.s), slots, 3);
}

// The functions that were made since it was called last.
static struct text take_lifted(struct emitter *em)
{
	struct text t = emit_text(em, buf_text(em->lifted), em->lifted->len);

	buf_clear(em->lifted);
	return t;
}

static struct text emit_prototype(struct emitter *em, const struct function *f, const char *name)
{
	struct text params[KERNEL_ARGS_MAX];

	em->owner++;
	for (size_t i = 0; i < f->param_count; i++)
		params[i] = emit_word(em, emit_variable(em, f->params[i]->name));
	struct slot slots[] = { SLOT("name", emit_word(em, name)), emit_params_slot(em, params, f->param_count) };
	return emit_fill_lines(em, CONSTRUCT_PROTOTYPE, slots, 2);
}

// Function values stand in front of the functions that make them, and may call any.
static bool has_function_values(const struct kernel *k)
{
	return ((k->nodes_used >> NODE_LAMBDA) & 1U) || ((k->nodes_used >> NODE_FUNCTION) & 1U);
}

static struct text emit_functions(struct emitter *em)
{
	const struct kernel *k = em->k;
	struct text *early = arena_alloc(&em->arena, (k->function_count + 1) * sizeof *early);
	size_t early_count = 0;
	struct buf b = { 0 };

	for (size_t i = 0; i < k->function_count && early != NULL; i++) {
		em->functions[i] = emit_name(em, em->d->function_prefix, k->functions[i]->name);
		if (k->functions[i]->early)
			early[early_count++] = emit_word(em, em->functions[i]);
	}
	struct slot names = SLOT_LIST("names", early, early_count, em->d->separator);
	if (early_count > 0 && dialect_has(em->d, CONSTRUCT_FORWARD))
		join(&b, emit_fill_lines(em, CONSTRUCT_FORWARD, &names, 1), 0);
	for (size_t i = 0; i < k->function_count && dialect_has(em->d, CONSTRUCT_PROTOTYPE); i++)
		if (k->functions[i]->early || has_function_values(k))
			join(&b, emit_prototype(em, k->functions[i], em->functions[i]), 0);
	for (size_t i = 0; i < k->function_count; i++) {
		struct text function = emit_function(em, k->functions[i], em->functions[i]);
		join(&b, take_lifted(em), em->d->blank_lines);
		join(&b, function, em->d->blank_lines);
	}
	struct text t = emit_text(em, buf_text(&b), b.len);
	em->failed = em->failed || b.failed || early == NULL;
	buf_deinit(&b);
	return t;
}

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static bool occurs(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = text; (p = strstr(p, name)) != NULL; p++)
		if ((p == text || !is_name_byte(p[-1])) && !is_name_byte(p[len]))
			return true;
	return false;
}

// The helpers whose names occur in the functions, in what is measured, or in a helper behind them.
static struct text emit_helpers(struct emitter *em, struct text functions, struct text measure)
{
	const struct dialect *d = em->d;
	bool *used = arena_alloc(&em->arena, d->helper_count + 1);
	struct buf b = { 0 };

	for (size_t i = d->helper_count; used != NULL && i-- > 0;) {
		used[i] = occurs(functions.s, d->helpers[i].name) || occurs(measure.s, d->helpers[i].name);
		for (size_t n = i + 1; n < d->helper_count; n++)
			used[i] = used[i] || (used[n] && occurs(d->helpers[n].text, d->helpers[i].name));
	}
	for (size_t i = 0; used != NULL && i < d->helper_count; i++)
		if (used[i])
			join(&b, (struct text){ d->helpers[i].text, strlen(d->helpers[i].text), 0 },
			     d->blank_lines);
	struct text t = emit_text(em, buf_text(&b), b.len);
	em->failed = em->failed || b.failed || used == NULL;
	buf_deinit(&b);
	return t;
}

// One below the other.
static struct text join_two(struct emitter *em, struct text above, struct text below, int64_t blank_lines)
{
	struct buf b = { 0 };

	join(&b, above, blank_lines);
	join(&b, below, blank_lines);
	struct text t = emit_text(em, buf_text(&b), b.len);
	em->failed = em->failed || b.failed;
	buf_deinit(&b);
	return t;
}

static struct text emit_number(struct emitter *em, int64_t number)
{
	char digits[32];

	snprintf(digits, sizeof digits, "%" PRId64, number);
	return emit_word(em, digits);
}

// As what the template makes of it: a program or a server.
static struct text emit_all(struct emitter *em, const struct emit_values *v, int whole)
{
	struct text params = emit_params(em, v);
	struct text declared = emit_globals(em);
	struct text functions = emit_functions(em);
	struct text globals = emit_global_values(em);

	em->owner++;
	struct text measure =
	        em->d->statements ? emit_block(em, em->k->measured) : emit_body(em, em->k->measured->body);
	functions = join_two(em, functions, take_lifted(em), em->d->blank_lines);
	char seed[32];
	snprintf(seed, sizeof seed, "%" PRIu64, v->seed);
	struct node expect = { .kind = NODE_INT, .number = v->expect };
	struct slot slots[] = {
		SLOT("params", join_two(em, params, declared, 0)),
		SLOT("functions", functions),
		SLOT("globals", globals),
		SLOT("measure", measure),
		SLOT("helpers", emit_helpers(em, join_two(em, functions, globals, 0), measure)),
		SLOT("expect", emit_leaf(em, &expect)),
		SLOT("repeat", emit_number(em, em->k->repeat)),
		SLOT("stack", emit_number(em, v->stack)),
		SLOT("series", emit_word(em, em->k->series)),
		SLOT("kernel", emit_word(em, em->k->name)),
		SLOT("seed", emit_word(em, seed)),
	};
	return emit_fill_lines(em, whole, slots, sizeof slots / sizeof slots[0]);
}

// Without runs of empty lines, which absent parts leave behind.
static void add_tidied(struct buf *out, struct text t, int64_t blank_lines)
{
	int64_t empty = blank_lines; // none at the beginning

	for (size_t i = 0, end; i < t.len; i = end + 1) {
		const char *newline = memchr(t.s + i, '\n', t.len - i);
		end = newline != NULL ? (size_t)(newline - t.s) : t.len;
		empty = end > i ? 0 : empty + 1;
		for (size_t c = i; empty <= blank_lines && c < end; c++)
			buf_addc(out, t.s[c] == NEWLINE_IN_STRING ? '\n' : t.s[c]);
		if (empty <= blank_lines)
			buf_addc(out, '\n');
	}
}

static int emit_whole(const struct dialect *d, const struct kernel *k, const struct emit_values *v, int whole,
                      struct buf *out)
{
	struct buf lifted = { 0 };
	struct emitter em = { .d = d, .k = k, .lifted = &lifted, .arena = { .limit = PROGRAM_BYTES } };
	bool failed = true, large;

	em.vars = arena_alloc(&em.arena, (k->var_count + 1) * sizeof(char *));
	em.settled = arena_alloc(&em.arena, k->var_count + 1);
	em.global_names = arena_alloc(&em.arena, (k->global_count + 1) * sizeof(char *));
	em.functions = arena_alloc(&em.arena, (k->function_count + 1) * sizeof(char *));
	em.wrappers = arena_alloc(&em.arena, (k->function_count + 1) * sizeof *em.wrappers);
	if (em.vars != NULL && em.settled != NULL && em.functions != NULL && em.wrappers != NULL &&
	    em.global_names != NULL && emit_trace_functions(&em)) {
		for (unsigned i = 0; i < k->var_count; i++)
			em.vars[i] = "";
		add_tidied(out, emit_all(&em, v, whole), d->blank_lines);
		failed = em.failed || out->failed;
	}
	large = em.arena.total > PROGRAM_BYTES / 2;
	buf_deinit(&lifted);
	arena_deinit(&em.arena);
	return !failed ? 0 : large ? -E2BIG : -ENOMEM;
}

int emit_program(const struct dialect *d, const struct kernel *k, const struct emit_values *v, struct buf *out)
{
	return d->kernel_text ? kernel_write(k, v, out) : emit_whole(d, k, v, CONSTRUCT_PROGRAM, out);
}

int emit_server(const struct dialect *d, const struct kernel *k, const struct emit_values *v, struct buf *out)
{
	return emit_whole(d, k, v, CONSTRUCT_SERVER, out);
}

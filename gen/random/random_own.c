// What makes a value of one type: its literals and its operations.
#include "random_parts.h"

#include <stdio.h>
#include <string.h>

// --- literals --------------------------------------------------------------------------------------------------

static struct made text_literal(struct random *g)
{
	static const char *const texts[] = {
		"",         "a",  "b",        "key",    "Hello, world", "0",
		"\"q\"",    "\\", "a\tb",     "two\nl", "it's",         "%d {x} #{y} $z",
		"<!-- -->", "--", "// /* */", "(;)",    "%s\\n",        "~a ~%"
	};
	const char *text = texts[random_below(g, sizeof texts / sizeof texts[0])];
	size_t len = strlen(text);

	return random_plain(form_string(&g->forms, text, len), (int64_t)len, (int64_t)len);
}

struct made random_leaf(struct random *g, enum rtype t)
{
	switch (random_shapes[t].kind) {
	case TYPE_INT:
		return random_int_leaf(g);
	case TYPE_BOOL:
		return random_plain(ATOM(g, random_chance(g, 50) ? "true" : "false"), 0, 0);
	case TYPE_STRING:
		return text_literal(g);
	case TYPE_LIST:
		if (random_chance(g, 60))
			return random_plain(FORM(g, "list", random_leaf(g, random_shapes[t].holds).form), 1, 1);
		return random_plain(ATOM(g, "nil"), 0, 0);
	case TYPE_VECTOR:
		return random_plain(
		        FORM(g, "make-vector", INT(g, VECTOR_LEAST), random_leaf(g, random_shapes[t].holds).form),
		        VECTOR_LEAST, VECTOR_LEAST);
	case TYPE_MAP:
		return random_plain(FORM(g, "make-map"), 0, 0);
	case TYPE_BOX:
		return random_plain(FORM(g, "box", random_leaf(g, random_shapes[t].holds).form), 0, 0);
	default:
		return random_lambda(g, t, 1);
	}
}

// --- bools -----------------------------------------------------------------------------------------------------

static struct made compare(struct random *g, unsigned size)
{
	static const char *const words[] = { "=", "<", ">", "<=", ">=" };
	const char *word = words[random_below(g, 5)];
	struct form *a = random_make(g, R_INT, size / 2).form;

	return random_plain(FORM(g, word, a, random_make(g, R_INT, size / 2).form), 0, 0);
}

static struct made logic(struct random *g, unsigned size)
{
	struct form *form;
	uint64_t count = 2 + random_below(g, 2);

	if (random_chance(g, 30))
		return random_plain(FORM(g, "not", random_make(g, R_BOOL, size).form), 0, 0);
	form = FORM(g, random_chance(g, 50) ? "and" : "or");
	for (uint64_t i = 0; i < count; i++)
		form_add(&g->forms, form, random_make(g, R_BOOL, size / (unsigned)count).form);
	return random_plain(form, 0, 0);
}

static struct made compare_texts(struct random *g, unsigned size)
{
	struct form *a = random_make(g, R_TEXT, size / 2).form;
	const char *word = random_chance(g, 50) ? "string=?" : "string<?";

	return random_plain(FORM(g, word, a, random_make(g, R_TEXT, size / 2).form), 0, 0);
}

static struct made own_bool(struct random *g, unsigned size)
{
	struct form *form;

	if (size < 2)
		return random_leaf(g, R_BOOL);
	switch (random_below(g, 7)) {
	case 0:
	case 1:
		return logic(g, size);
	case 2:
		return compare_texts(g, size);
	case 3:
		form = random_make(g, (enum rtype)(R_INTS + random_below(g, R_MAPPERS - R_INTS + 1)), size).form;
		return random_plain(FORM(g, "null?", form), 0, 0);
	case 4:
		form = random_make(g, random_chance(g, 50) ? R_INT_MAP : R_INTS_MAP, size / 2).form;
		return random_plain(FORM(g, "map-has?", form, random_make(g, R_TEXT, size / 3).form), 0, 0);
	default:
		return compare(g, size);
	}
}

// --- strings ---------------------------------------------------------------------------------------------------

static struct made append(struct random *g, unsigned size)
{
	struct form *form = FORM(g, "string-append");
	uint64_t count = 2 + random_below(g, 2);
	struct made out = { 0 };

	for (uint64_t i = 0; i < count; i++) {
		struct made m = random_make(g, R_TEXT, size / (unsigned)count);
		m = random_bound(g, R_TEXT, m, 0, TEXT_MOST);
		form_add(&g->forms, form, m.form);
		out.lo += m.lo;
		out.hi += m.hi;
	}
	out.form = form;
	return out;
}

// A part of a string whose length only the program knows: from a quarter or a third of it.
static struct made part(struct random *g, unsigned size)
{
	struct made text = random_make(g, R_TEXT, size);
	size_t outside = g->var_count;
	struct form *names = form_list(&g->forms), *length, *from, *to;
	const char *name = random_bind_fresh(g, R_TEXT, text);
	int64_t third = random_between(g, 2, 5);

	if (text.lo > 2 && random_chance(g, 50)) {
		int64_t at = random_between(g, 0, text.lo);
		g->var_count = outside;
		return random_plain(
		        FORM(g, "substring", text.form, INT(g, at), INT(g, random_between(g, at, text.lo))), 0,
		        text.lo - at);
	}
	length = FORM(g, "string-length", ATOM(g, name));
	from = random_chance(g, 30) ? INT(g, 0) : FORM(g, "quotient", length, INT(g, third));
	to = random_chance(g, 30) ? length : FORM(g, "-", length, FORM(g, "quotient", length, INT(g, 3)));
	form_add(&g->forms, names, random_pair(g, name, text.form));
	g->var_count = outside;
	return random_plain(FORM(g, "let", names, FORM(g, "substring", ATOM(g, name), from, to)), 0, text.hi);
}

static struct made own_text(struct random *g, unsigned size)
{
	if (size < 2)
		return text_literal(g);
	switch (random_below(g, 5)) {
	case 0:
	case 1:
		return append(g, size);
	case 2:
		return part(g, size);
	case 3:
		return random_plain(FORM(g, "number->string", random_make(g, R_INT, size).form), 1, 17);
	default:
		return text_literal(g);
	}
}

// --- containers ------------------------------------------------------------------------------------------------

static struct made own_list(struct random *g, enum rtype t, unsigned size)
{
	enum rtype holds = random_shapes[t].holds;
	uint64_t count = 1 + random_below(g, 3);
	struct form *form, *name;
	struct made m;

	if (size < 2)
		return random_leaf(g, t);
	if (random_chance(g, 35)) {
		m.form = random_standard(g, holds, size / 3).form;
		struct made rest = random_make(g, t, size / 2);
		return random_plain(FORM(g, "cons", m.form, rest.form), rest.lo + 1, rest.hi + 1);
	}
	if (random_chance(g, 25)) { // the rest of one that has any
		m = random_make(g, t, size);
		if (m.lo > 0)
			return random_plain(FORM(g, "cdr", m.form), m.lo - 1, m.hi - 1);
		form = form_list(&g->forms);
		name = ATOM(g, random_name(g, true));
		form_add(&g->forms, form, random_pair(g, name->text, m.form));
		return random_plain(
		        FORM(g, "let", form,
		             FORM(g, "if", FORM(g, "null?", name), ATOM(g, "nil"), FORM(g, "cdr", name))),
		        0, m.hi > 0 ? m.hi - 1 : 0);
	}
	form = FORM(g, "list");
	for (uint64_t i = 0; i < count; i++)
		form_add(&g->forms, form, random_standard(g, holds, size / (unsigned)count).form);
	return random_plain(form, (int64_t)count, (int64_t)count);
}

static struct made own_vector(struct random *g, enum rtype t, unsigned size)
{
	int64_t length = random_between(g, VECTOR_LEAST, VECTOR_MOST);

	return random_plain(
	        FORM(g, "make-vector", INT(g, length), random_standard(g, random_shapes[t].holds, size).form),
	        length, length);
}

// A map with something in it: (let ((name (make-map))) (map-set! name ...) ... name)
static struct made own_map(struct random *g, enum rtype t, unsigned size)
{
	struct form *names = form_list(&g->forms), *let = FORM(g, "let", names), *name;
	size_t outside = g->var_count;
	uint64_t count = random_below(g, 3);

	if (size < 3 || count == 0)
		return random_leaf(g, t);
	name = ATOM(g, random_bind_fresh(g, t, random_bounds(t)));
	form_add(&g->forms, names, random_pair(g, name->text, FORM(g, "make-map")));
	for (uint64_t i = 0; i < count; i++) {
		char key[8];
		snprintf(key, sizeof key, "\"%c\"", (int)('a' + random_below(g, 3)));
		form_add(&g->forms, let,
		         FORM(g, "map-set!", name, ATOM(g, key),
		              random_standard(g, random_shapes[t].holds, size / 2).form));
	}
	form_add(&g->forms, let, name);
	g->var_count = outside;
	return random_plain(let, 0, 0);
}

// --- functions -------------------------------------------------------------------------------------------------

// A defined function as a value, where one has that type and costs little enough.
static bool function_value(struct random *g, enum rtype t, struct made *out)
{
	const char *params = random_shapes[t].params;

	for (size_t i = 0; i < g->function_count; i++) {
		struct rfunction *f = &g->functions[i];
		bool fits = f->result == random_shapes[t].holds && f->param_count == strlen(params) &&
		            f->fuel == 0 && f->cost <= VALUE_COST && f->depth <= VALUE_DEPTH &&
		            (!f->raises || g->wild) && random_bounds(f->result).hi >= f->hi;
		for (size_t p = 0; fits && p < f->param_count; p++)
			fits = f->params[p] == (params[p] == 'i' ? R_INT : R_TEXT);
		if (!fits)
			continue;
		f->used = true;
		*out = (struct made){ .form = ATOM(g, f->name), .call_cost = f->cost, .call_depth = f->depth };
		return true;
	}
	return false;
}

// What belongs to the function that is being made.
struct frame {
	uint64_t cost, limit, times;
	unsigned depth;
	bool may_raise, raises;
};

static struct frame enter_lambda(struct random *g)
{
	struct frame outer = { g->cost, g->limit, g->times, g->depth, g->may_raise, g->raises };

	g->cost = 0;
	g->limit = VALUE_COST;
	g->times = 1;
	g->depth = 0;
	g->may_raise = g->wild;
	return outer;
}

static void leave_lambda(struct random *g, const struct frame *outer)
{
	g->cost = outer->cost;
	g->limit = outer->limit;
	g->times = outer->times;
	g->depth = outer->depth;
	g->may_raise = outer->may_raise;
	g->raises = outer->raises || (g->wild && g->raises);
}

struct made random_lambda(struct random *g, enum rtype t, unsigned size)
{
	struct form *params = form_list(&g->forms), *lambda = FORM(g, "lambda", params);
	size_t outside = g->var_count;
	struct frame outer = enter_lambda(g);
	struct made out = { 0 }, body;

	for (const char *p = random_shapes[t].params; *p != 0; p++) {
		enum rtype of = *p == 'i' ? R_INT : R_TEXT;
		form_add(&g->forms, params, ATOM(g, random_bind_fresh(g, of, random_bounds(of))));
	}
	if (size > 6 && random_chance(g, 25))
		form_add(&g->forms, lambda, random_effect(g, size / 3));
	body = random_standard(g, random_shapes[t].holds, size);
	form_add(&g->forms, lambda, body.form);
	out.form = lambda;
	out.call_cost = g->cost;
	out.call_depth = g->depth + 1;
	leave_lambda(g, &outer);
	g->var_count = outside;
	return out;
}

static struct made own_function(struct random *g, enum rtype t, unsigned size)
{
	struct made m;

	return random_chance(g, 75) && function_value(g, t, &m) ? m : random_lambda(g, t, size);
}

struct made random_own(struct random *g, enum rtype t, unsigned size)
{
	switch (random_shapes[t].kind) {
	case TYPE_INT:
		return size < 2 ? random_int_leaf(g) : random_int(g, size);
	case TYPE_BOOL:
		return own_bool(g, size);
	case TYPE_STRING:
		return own_text(g, size);
	case TYPE_LIST:
		return own_list(g, t, size);
	case TYPE_VECTOR:
		return own_vector(g, t, size);
	case TYPE_MAP:
		return own_map(g, t, size);
	case TYPE_BOX:
		return random_plain(FORM(g, "box", random_standard(g, random_shapes[t].holds, size).form), 0, 0);
	default:
		return own_function(g, t, size);
	}
}

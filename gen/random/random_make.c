// Expressions of any type: variables, branches, bindings, loops, calls, exceptions, what containers hold.
#include "random_parts.h"

#include <string.h>

const struct rshape random_shapes[R_COUNT] = {
#define X(name, kind, holds, params) { TYPE_##kind, R_##holds, params },
	RANDOM_TYPES(X)
#undef X
};

// --- bounds ----------------------------------------------------------------------------------------------------

struct made random_plain(struct form *form, int64_t lo, int64_t hi)
{
	return (struct made){ .form = form, .lo = lo, .hi = hi };
}

struct made random_bounds(enum rtype t)
{
	switch (random_shapes[t].kind) {
	case TYPE_INT:
		return random_plain(NULL, -KERNEL_INT_MAX, KERNEL_INT_MAX);
	case TYPE_STRING:
		return random_plain(NULL, 0, TEXT_MOST);
	case TYPE_LIST:
		return random_plain(NULL, 0, LIST_MOST);
	case TYPE_VECTOR:
		return random_plain(NULL, VECTOR_LEAST, VECTOR_MOST);
	case TYPE_FUNCTION:
		return (struct made){ .call_cost = VALUE_COST, .call_depth = VALUE_DEPTH };
	default:
		return random_plain(NULL, 0, 0);
	}
}

struct made random_bound(struct random *g, enum rtype t, struct made m, int64_t lo, int64_t hi)
{
	enum type_kind kind = random_shapes[t].kind;

	if (kind == TYPE_INT)
		return random_bound_int(g, m, lo, hi);
	if ((kind != TYPE_STRING && kind != TYPE_LIST) || m.hi <= hi)
		return m;
	random_helper(g, kind == TYPE_STRING ? HELPER_CLIP_TEXT : HELPER_CLIP_ITEMS);
	m.form = FORM(g, kind == TYPE_STRING ? "clip-text" : "clip-items", m.form, INT(g, hi));
	m.hi = hi;
	m.lo = m.lo < hi ? m.lo : hi;
	return m;
}

struct made random_standard(struct random *g, enum rtype t, unsigned size)
{
	struct made b = random_bounds(t);

	return random_bound(g, t, random_make(g, t, size), b.lo, b.hi);
}

struct made random_within(struct random *g, enum rtype t, unsigned size, int64_t lo, int64_t hi)
{
	return random_bound(g, t, random_make(g, t, size), lo, hi);
}

// --- variables -------------------------------------------------------------------------------------------------

static const char *bind(struct random *g, enum rtype t, struct made is, bool fresh)
{
	const char *name = random_name(g, fresh);

	if (g->var_count < RANDOM_VARS)
		g->vars[g->var_count++] = (struct rvar){ name, t, is };
	else
		g->forms.failed = true;
	return name;
}

const char *random_bind(struct random *g, enum rtype t, struct made is)
{
	return bind(g, t, is, !random_chance(g, 15));
}

const char *random_bind_fresh(struct random *g, enum rtype t, struct made is)
{
	return bind(g, t, is, true);
}

static bool is_shadowed(const struct random *g, size_t i)
{
	for (size_t n = i + 1; n < g->var_count; n++)
		if (strcmp(g->vars[n].name, g->vars[i].name) == 0)
			return true;
	return false;
}

const struct rvar *random_variable(struct random *g, enum rtype type, enum type_kind kind)
{
	const struct rvar *found = NULL;
	uint64_t seen = 0;

	for (size_t i = 0; i < g->var_count; i++) {
		const struct rvar *v = &g->vars[i];
		bool fits = type != R_COUNT ? v->type == type : random_shapes[v->type].kind == kind;
		if (fits && !is_shadowed(g, i) && random_below(g, ++seen) == 0)
			found = v;
	}
	return found;
}

static struct made use(struct random *g, const struct rvar *v)
{
	struct made m = v->is;

	m.form = ATOM(g, v->name);
	return m;
}

struct form *random_pair(struct random *g, const char *name, struct form *value)
{
	struct form *pair = form_list(&g->forms);

	form_add(&g->forms, pair, ATOM(g, name));
	form_add(&g->forms, pair, value);
	return pair;
}

// --- the ways to make a value ----------------------------------------------------------------------------------

static bool make_variable(struct random *g, enum rtype t, __attribute__((unused)) unsigned size, struct made *out)
{
	const struct rvar *v = random_variable(g, t, TYPE_ANY);

	if (v != NULL)
		*out = use(g, v);
	return v != NULL;
}

// What either of two values is.
static struct made either(struct made a, struct made b)
{
	a.lo = a.lo < b.lo ? a.lo : b.lo;
	a.hi = a.hi > b.hi ? a.hi : b.hi;
	a.call_cost = a.call_cost > b.call_cost ? a.call_cost : b.call_cost;
	a.call_depth = a.call_depth > b.call_depth ? a.call_depth : b.call_depth;
	return a;
}

static bool make_if(struct random *g, enum rtype t, unsigned size, struct made *out)
{
	struct made condition = random_make(g, R_BOOL, size / 3), a, b;
	unsigned raised = random_has(g, FEATURE_TRY) && g->may_raise ? 60 : 0;

	a = random_make(g, t, size / 3);
	if (random_chance(g, raised)) { // one branch has no value
		struct form *raise = FORM(g, "raise", random_make(g, R_INT, size / 3).form);
		bool first = random_chance(g, 50);
		g->raises = true;
		*out = a;
		out->form = FORM(g, "if", condition.form, first ? raise : a.form, first ? a.form : raise);
		return true;
	}
	b = random_make(g, t, size / 3);
	*out = either(a, b);
	out->form = FORM(g, "if", condition.form, a.form, b.form);
	return true;
}

static enum rtype any_type(struct random *g)
{
	return random_chance(g, 30) ? R_INT : (enum rtype)random_below(g, R_LAST_COMMON + 1);
}

static bool make_let(struct random *g, enum rtype t, unsigned size, struct made *out)
{
	struct form *names = form_list(&g->forms), *let = FORM(g, "let", names);
	size_t outside = g->var_count;
	uint64_t count = 1 + random_below(g, 3);

	for (uint64_t i = 0; i < count; i++) {
		enum rtype of = any_type(g);
		struct made value = random_make(g, of, size / (unsigned)(count + 1));
		form_add(&g->forms, names, random_pair(g, random_bind(g, of, value), value.form));
	}
	if (random_chance(g, 30))
		form_add(&g->forms, let, random_effect(g, size / 6));
	*out = random_make(g, t, size / 2);
	form_add(&g->forms, let, out->form);
	out->form = let;
	g->var_count = outside;
	return true;
}

static bool make_begin(struct random *g, enum rtype t, unsigned size, struct made *out)
{
	struct form *begin = FORM(g, "begin");
	uint64_t count = 1 + random_below(g, 2);

	for (uint64_t i = 0; i < count; i++)
		form_add(&g->forms, begin, random_effect(g, size / 4));
	*out = random_make(g, t, size / 2);
	form_add(&g->forms, begin, out->form);
	out->form = begin;
	return true;
}

static bool make_try(struct random *g, enum rtype t, unsigned size, struct made *out)
{
	bool may_raise = g->may_raise, raises = g->raises;
	size_t outside = g->var_count;
	struct form *try = FORM(g, "try"), *name = form_list(&g->forms), *catch;
	struct made body, handler;

	if (!random_has(g, FEATURE_TRY))
		return false;
	g->may_raise = true;
	if (random_chance(g, 30))
		form_add(&g->forms, try, random_effect(g, size / 4));
	body = random_make(g, t, size / 2);
	form_add(&g->forms, try, body.form);
	g->may_raise = may_raise;
	g->raises = raises; // what was raised in the body is caught
	form_add(&g->forms, name, ATOM(g, random_bind(g, R_INT, random_bounds(R_INT))));
	catch = FORM(g, "catch", name);
	if (random_chance(g, 20))
		form_add(&g->forms, catch, random_effect(g, size / 4));
	handler = random_make(g, t, size / 3);
	form_add(&g->forms, catch, handler.form);
	form_add(&g->forms, try, catch);
	g->var_count = outside;
	*out = either(body, handler);
	out->form = try;
	return true;
}

static bool make_loop(struct random *g, enum rtype t, unsigned size, struct made *out)
{
	size_t outside = g->var_count;
	const char *state;
	struct form *loop;

	if (!random_affords_loop(g, size))
		return false;
	loop = random_open_loop(g, t, size, &state);
	*out = random_bounds(t);
	if (random_chance(g, 60)) {
		form_add(&g->forms, loop, ATOM(g, state));
	} else {
		*out = random_make(g, t, size / 4);
		form_add(&g->forms, loop, out->form);
	}
	out->form = loop;
	g->var_count = outside;
	return true;
}

// --- calls -----------------------------------------------------------------------------------------------------

struct form *random_call_of(struct random *g, struct rfunction *f, unsigned size)
{
	struct form *call = FORM(g, f->name);

	random_spend(g, f->cost); // set aside while the arguments are made
	for (size_t i = 0; i < f->param_count; i++) {
		unsigned part = size / (unsigned)f->param_count;
		bool fuel = i == 0 && f->fuel > 0;
		struct form *arg = fuel && random_chance(g, 60) ? INT(g, random_between(g, -1, f->fuel))
		                   : fuel                       ? random_within(g, R_INT, part, 0, f->fuel).form
		                                                : random_standard(g, f->params[i], part).form;
		form_add(&g->forms, call, arg);
	}
	random_note_depth(g, f->depth);
	g->raises = g->raises || f->raises;
	f->used = true;
	return call;
}

bool random_call(struct random *g, enum rtype t, unsigned size, struct made *out)
{
	struct rfunction *found = NULL;
	uint64_t seen = 0;

	for (size_t i = 0; i < g->function_count; i++) {
		struct rfunction *f = &g->functions[i];
		if (f->result == t && (!f->raises || g->may_raise) && random_affords(g, f->cost + size) &&
		    random_below(g, ++seen) == 0)
			found = f;
	}
	if (found == NULL)
		return false;
	*out = random_bounds(t);
	out->lo = found->lo;
	out->hi = found->hi;
	out->form = random_call_of(g, found, size);
	return true;
}

static bool make_call(struct random *g, enum rtype t, unsigned size, struct made *out)
{
	return random_call(g, t, size, out);
}

// A function value of one of the types that return `t`, applied.
static bool make_apply(struct random *g, enum rtype t, unsigned size, struct made *out)
{
	enum rtype of = (enum rtype)(R_MAPPER + random_below(g, R_THUNK - R_MAPPER + 1));
	struct form *apply = form_list(&g->forms);
	struct made function;

	if (random_shapes[of].holds != t)
		return false;
	function = random_make(g, of, size / 2);
	if (!random_affords(g, function.call_cost + size))
		return false;
	random_spend(g, function.call_cost);
	form_add(&g->forms, apply, function.form);
	for (const char *p = random_shapes[of].params; *p != 0; p++)
		form_add(&g->forms, apply, random_standard(g, *p == 'i' ? R_INT : R_TEXT, size / 3).form);
	random_note_depth(g, function.call_depth);
	*out = random_bounds(t);
	out->form = apply;
	return true;
}

// --- what containers hold --------------------------------------------------------------------------------------

// The index of an item of a vector that has at least `length` of them.
struct form *random_index(struct random *g, int64_t length, unsigned size)
{
	return random_chance(g, 40) ? INT(g, (int64_t)random_below(g, (uint64_t)length))
	                            : random_within(g, R_INT, size, 0, length - 1).form;
}

struct form *random_key(struct random *g, unsigned size)
{
	static const char *const keys[] = { "a", "b", "key", "" };

	if (random_chance(g, 60)) {
		const char *key = keys[random_below(g, sizeof keys / sizeof keys[0])];
		return form_string(&g->forms, key, strlen(key));
	}
	return random_standard(g, R_TEXT, size).form;
}

// The first of a list, where it has one.
static struct form *first_of(struct random *g, enum rtype t, enum rtype list, unsigned size)
{
	const struct rvar *v = random_variable(g, list, TYPE_ANY);
	size_t outside = g->var_count;
	struct made items = { 0 };
	struct form *first, *name;

	if (v == NULL)
		items = random_make(g, list, size / 2);
	if (v != NULL && v->is.lo > 0)
		return FORM(g, "car", ATOM(g, v->name));
	if (v == NULL && items.lo > 0)
		return FORM(g, "car", items.form);
	name = ATOM(g, v != NULL ? v->name : random_bind(g, list, items));
	first = FORM(g, "if", FORM(g, "null?", name), random_standard(g, t, size / 3).form, FORM(g, "car", name));
	g->var_count = outside;
	if (v != NULL)
		return first;
	struct form *names = form_list(&g->forms);
	form_add(&g->forms, names, random_pair(g, name->text, items.form));
	return FORM(g, "let", names, first);
}

// Something that holds `t`, and what it holds.
static bool make_extract(struct random *g, enum rtype t, unsigned size, struct made *out)
{
	enum rtype from = (enum rtype)random_below(g, R_LAST_COMMON + 1);
	struct made container;

	if (random_shapes[from].holds != t || from == t || random_shapes[from].kind == TYPE_FUNCTION)
		return false;
	*out = random_bounds(t);
	if (random_shapes[from].kind == TYPE_LIST) {
		out->form = first_of(g, t, from, size);
		return true;
	}
	container = random_make(g, from, size / 2);
	switch (random_shapes[from].kind) {
	case TYPE_VECTOR:
		out->form = FORM(g, "vector-ref", container.form, random_index(g, container.lo, size / 3));
		return true;
	case TYPE_MAP:
		out->form = FORM(g, "map-ref", container.form, random_key(g, size / 4),
		                 random_standard(g, t, size / 4).form);
		return true;
	default:
		out->form = FORM(g, "unbox", container.form);
		return true;
	}
}

// --- choosing --------------------------------------------------------------------------------------------------

static bool make_own(struct random *g, enum rtype t, unsigned size, struct made *out)
{
	*out = random_own(g, t, size);
	return true;
}

static bool make_special(struct random *g, enum rtype t, unsigned size, struct made *out)
{
	enum feature f = (enum feature)random_below(g, FEATURE_COUNT);

	if (!random_has(g, f))
		return false;
	if (t == R_BOOL && f == FEATURE_REGEX) {
		*out = random_plain(random_regex(g), 0, 0);
		return true;
	}
	return t == R_INT && random_special(g, f, size, out);
}

static const struct way {
	unsigned weight;
	unsigned least; // size
	bool (*make)(struct random *g, enum rtype t, unsigned size, struct made *out);
} ways[] = {
	{ 40, 0, make_own },     { 15, 0, make_variable }, { 8, 5, make_if },      { 9, 5, make_let },
	{ 4, 4, make_begin },    { 7, 8, make_loop },      { 14, 2, make_call },   { 8, 3, make_apply },
	{ 14, 3, make_extract }, { 6, 6, make_try },       { 5, 5, make_special },
};

static const struct way *choose(struct random *g)
{
	uint64_t sum = 0, at;
	size_t i = 0;

	for (size_t n = 0; n < sizeof ways / sizeof ways[0]; n++)
		sum += ways[n].weight;
	for (at = random_below(g, sum); at >= ways[i].weight; i++)
		at -= ways[i].weight;
	return &ways[i];
}

struct made random_make(struct random *g, enum rtype t, unsigned size)
{
	struct made out;

	random_spend(g, 1);
	if (size > 1 && random_affords(g, 8 * (uint64_t)size)) {
		for (unsigned tries = 0; tries < 3; tries++) {
			const struct way *w = choose(g);
			if (size >= w->least && w->make(g, t, size - 1, &out))
				return out;
		}
		return random_own(g, t, size - 1);
	}
	return make_variable(g, t, size, &out) ? out : random_leaf(g, t);
}

// Loops, and what is done for its effect alone.
#include "random_parts.h"

// --- loops -----------------------------------------------------------------------------------------------------

// A counter's way from one end to the other, in `rounds` rounds.
struct count {
	const char *name;
	struct form *first, *condition, *next;
};

static struct count count_rounds(struct random *g, const char *name, int64_t rounds)
{
	struct form *i = ATOM(g, name), *last = INT(g, rounds);

	switch (random_below(g, 5)) {
	case 0:
		return (struct count){ name, INT(g, 0), FORM(g, "not", FORM(g, "=", i, last)),
			               FORM(g, "+", i, INT(g, 1)) };
	case 1:
		return (struct count){ name, last, FORM(g, ">", i, INT(g, 0)), FORM(g, "-", i, INT(g, 1)) };
	case 2:
		return (struct count){ name, INT(g, 0), FORM(g, "<=", i, INT(g, rounds - 1)),
			               FORM(g, "+", INT(g, 1), i) };
	case 3:
		return (struct count){ name, last, FORM(g, ">=", i, INT(g, 1)), FORM(g, "+", i, INT(g, -1)) };
	default:
		return (struct count){ name, INT(g, 0), FORM(g, "<", i, last), FORM(g, "+", i, INT(g, 1)) };
	}
}

// What a loop's state becomes: often it grows by what this round has.
static struct form *next_state(struct random *g, enum rtype t, const char *state, unsigned size)
{
	struct made b = random_bounds(t), m;

	if (random_shapes[t].kind == TYPE_LIST && random_chance(g, 70)) {
		struct made item = random_standard(g, random_shapes[t].holds, size);
		m = random_plain(FORM(g, "cons", item.form, ATOM(g, state)), 1, LIST_MOST + 1);
	} else if (t == R_TEXT && random_chance(g, 60)) {
		struct made more = random_within(g, R_TEXT, size, 0, TEXT_MOST);
		m = random_plain(FORM(g, "string-append", ATOM(g, state), more.form), 0, 2 * TEXT_MOST);
	} else {
		m = random_make(g, t, size);
	}
	return random_bound(g, t, m, b.lo, b.hi).form;
}

// The counter's and, unless `t` is R_UNIT, a state's loop; it lacks its result.
struct form *random_open_loop(struct random *g, enum rtype t, unsigned size, const char **state)
{
	int64_t rounds = (int64_t)random_below(g, 7);
	struct made first = { 0 }, b = random_bounds(t);
	struct form *names = form_list(&g->forms), *next = FORM(g, "next"), *loop, *condition;
	uint64_t times = g->times;
	struct count c;

	if (t != R_UNIT)
		first = random_standard(g, t, size / 4);
	c = count_rounds(g, random_bind(g, R_INT, random_plain(NULL, 0, rounds)), rounds);
	form_add(&g->forms, names, random_pair(g, c.name, c.first));
	if (t != R_UNIT) {
		*state = random_bind_fresh(g, t, b);
		form_add(&g->forms, names, random_pair(g, *state, first.form));
	}
	g->times *= (uint64_t)rounds + 1;
	condition = c.condition;
	if (random_chance(g, 15)) // it may end early
		condition = FORM(g, "and", condition, random_make(g, R_BOOL, size / 6).form);
	loop = FORM(g, "loop", names, FORM(g, "while", condition));
	if (t == R_UNIT || random_chance(g, 40))
		form_add(&g->forms, loop, random_effect(g, size / 3));
	form_add(&g->forms, next, c.next);
	if (t != R_UNIT)
		form_add(&g->forms, next, next_state(g, t, *state, size / 2));
	form_add(&g->forms, loop, next);
	g->times = times;
	return loop;
}

bool random_affords_loop(const struct random *g, unsigned size)
{
	return random_affords(g, 16 * (uint64_t)(size + 4)) && g->var_count + 2 < RANDOM_VARS;
}

// --- effects ---------------------------------------------------------------------------------------------------

static struct form *change_map(struct random *g, const struct rvar *v, unsigned size)
{
	if (random_chance(g, 25))
		return FORM(g, "map-delete!", ATOM(g, v->name), random_key(g, size));
	struct form *key = random_key(g, size / 3);
	return FORM(g, "map-set!", ATOM(g, v->name), key,
	            random_standard(g, random_shapes[v->type].holds, size / 2).form);
}

// Changes a variable's content; NULL when none in scope has any.
static struct form *change(struct random *g, unsigned size)
{
	static const enum type_kind kinds[] = { TYPE_BOX, TYPE_VECTOR, TYPE_MAP };
	const struct rvar *v = random_variable(g, R_COUNT, kinds[random_below(g, 3)]);
	struct form *name, *index;

	if (v == NULL)
		return NULL;
	name = ATOM(g, v->name);
	switch (random_shapes[v->type].kind) {
	case TYPE_BOX:
		return FORM(g, "set-box!", name, random_standard(g, random_shapes[v->type].holds, size).form);
	case TYPE_VECTOR:
		index = random_index(g, v->is.lo, size / 3);
		return FORM(g, "vector-set!", name, index,
		            random_standard(g, random_shapes[v->type].holds, size).form);
	default:
		return change_map(g, v, size);
	}
}

static struct form *effect_loop(struct random *g, unsigned size)
{
	size_t outside = g->var_count;
	struct form *loop = random_open_loop(g, R_UNIT, size, NULL);

	g->var_count = outside;
	return loop;
}

// (if condition effect effect): a branch without a value on either side.
static struct form *change_either(struct random *g, unsigned size)
{
	struct form *condition = random_make(g, R_BOOL, size / 3).form;
	struct form *a = change(g, size / 3), *b = change(g, size / 3);

	return a != NULL && b != NULL ? FORM(g, "if", condition, a, b) : NULL;
}

struct form *random_effect(struct random *g, unsigned size)
{
	struct made m;
	struct form *form = random_chance(g, 60) ? change(g, size) : NULL;

	random_spend(g, 1);
	if (form != NULL)
		return form;
	switch (size < 4 ? 9 : random_below(g, 6)) {
	case 0:
	case 1:
		form = random_make(g, R_BOOL, size / 2).form;
		return FORM(g, "when", form, random_effect(g, size / 2));
	case 2:
		if (random_affords_loop(g, size))
			return effect_loop(g, size);
		break;
	case 3:
		if ((form = change_either(g, size)) != NULL)
			return form;
		break;
	case 4:
		if (random_call(g, R_UNIT, size, &m))
			return m.form;
		break;
	default:
		break;
	}
	if (random_has(g, FEATURE_GC) && g->times <= 8 && random_chance(g, 25))
		return FORM(g, "full-gc");
	if (random_chance(g, 50) && random_call(g, (enum rtype)random_below(g, R_LAST_COMMON + 1), size, &m))
		return m.form; // its value is dropped
	return random_make(g, random_chance(g, 70) ? R_INT : R_BOOL, size).form;
}

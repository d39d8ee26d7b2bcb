// What not every language has: programs of their own class use it, in shapes whose result is the same everywhere.
#include "random_parts.h"

#include <string.h>

static struct form *one_name(struct random *g, const char *name, struct form *value)
{
	struct form *names = form_list(&g->forms);

	form_add(&g->forms, names, random_pair(g, name, value));
	return names;
}

static struct form *params_of(struct random *g, const char *name)
{
	struct form *params = form_list(&g->forms);

	form_add(&g->forms, params, ATOM(g, name));
	return params;
}

// --- continuations ---------------------------------------------------------------------------------------------

// Leaves through the continuation from one round of a loop, from inside a function value, or never.
static struct made call_cc(struct random *g, unsigned size)
{
	size_t outside = g->var_count;
	const char *leave = random_bind_fresh(g, R_UNIT, random_plain(NULL, 0, 0));
	struct form *first = FORM(g, leave, random_make(g, R_INT, size / 4).form), *body;
	struct form *test = random_make(g, R_BOOL, size / 4).form;
	struct form *other = random_make(g, R_INT, size / 3).form;

	switch (random_below(g, 3)) {
	case 0: { // from a loop
		const char *i = random_bind_fresh(g, R_INT, random_plain(NULL, 0, 5));
		body = FORM(g, "loop", one_name(g, i, INT(g, 0)),
		            FORM(g, "while", FORM(g, "<", ATOM(g, i), INT(g, 5))),
		            FORM(g, "when", FORM(g, "=", ATOM(g, i), INT(g, random_between(g, 0, 9))), first),
		            FORM(g, "next", FORM(g, "+", ATOM(g, i), INT(g, 1))), other);
		break;
	}
	case 1: { // from a function value
		const char *f = random_bind_fresh(g, R_UNIT, random_plain(NULL, 0, 0));
		const char *x = random_bind_fresh(g, R_INT, random_bounds(R_INT));
		struct form *lambda = FORM(g, "lambda", params_of(g, x),
		                           FORM(g, "if", test, FORM(g, leave, ATOM(g, x)), INT(g, 3)));
		body = FORM(g, "let", one_name(g, f, lambda),
		            FORM(g, "+", FORM(g, "remainder", FORM(g, f, other), INT(g, 1000)), INT(g, 1)));
		break;
	}
	default: // from a branch
		body = FORM(g, "if", test, first, other);
	}
	g->var_count = outside;
	random_note_depth(g, 3);
	return random_plain(FORM(g, "call/cc", FORM(g, "lambda", params_of(g, leave), body)), -KERNEL_INT_MAX,
	                    KERNEL_INT_MAX);
}

// --- through what is built in ----------------------------------------------------------------------------------

static struct made through_builtin(struct random *g, unsigned size)
{
	struct made f;
	struct form *arg;

	random_spend(g, VALUE_COST);
	f = random_make(g, R_MAPPER, size / 2);
	arg = random_make(g, R_INT, size / 2).form;
	random_note_depth(g, f.call_depth + 2);
	return random_plain(FORM(g, "call-through-builtin", f.form, arg), -KERNEL_INT_MAX, KERNEL_INT_MAX);
}

// --- regular expressions ---------------------------------------------------------------------------------------

// What all engines read alike: letters, groups and alternatives, repeated where the repeated part is never empty.
static void add_pattern(struct random *g, unsigned depth, struct buf *out)
{
	uint64_t parts = 1 + random_below(g, 3);

	for (uint64_t i = 0; i < parts; i++) {
		static const char repeats[] = "*+?";
		if (depth > 0 && random_chance(g, 30)) {
			buf_addc(out, '(');
			add_pattern(g, depth - 1, out);
			buf_addc(out, '|');
			buf_addc(out, (char)('a' + random_below(g, 3)));
			buf_addc(out, ')');
		} else {
			buf_addc(out, (char)('a' + random_below(g, 3)));
			if (random_chance(g, 35))
				buf_addc(out, repeats[random_below(g, 3)]);
		}
	}
}

struct form *random_regex(struct random *g)
{
	struct buf pattern = { 0 };
	char subject[13];
	size_t len = random_below(g, sizeof subject);
	bool anchored = random_chance(g, 40);
	struct form *quoted;

	for (size_t i = 0; i < len; i++)
		subject[i] = (char)('a' + random_below(g, 3));
	if (anchored)
		buf_addc(&pattern, '^');
	buf_addc(&pattern, 'a'); // the pattern never begins with what repeats nothing
	add_pattern(g, 2, &pattern);
	if (anchored && random_chance(g, 50))
		buf_addc(&pattern, '$');
	quoted = form_string(&g->forms, buf_text(&pattern), pattern.len);
	g->forms.failed = g->forms.failed || pattern.failed;
	buf_deinit(&pattern);
	return FORM(g, "regex-match?", quoted, form_string(&g->forms, subject, len));
}

// --- native data -----------------------------------------------------------------------------------------------

// (loop ((i 0) (d (data-empty))) (while (< i depth)) (next (+ i 1) (data-wrap d)) d)
static struct form *datum(struct random *g)
{
	struct form *names, *i, *d;
	size_t outside = g->var_count;
	int64_t depth = random_between(g, 0, 12);

	if (random_chance(g, 30))
		return random_chance(g, 50) ? FORM(g, "data-empty")
		                            : FORM(g, "data-wrap", FORM(g, "data-wrap", FORM(g, "data-empty")));
	i = ATOM(g, random_bind_fresh(g, R_INT, random_plain(NULL, 0, depth)));
	d = ATOM(g, random_bind_fresh(g, R_UNIT, random_plain(NULL, 0, 0)));
	g->var_count = outside;
	names = one_name(g, i->text, INT(g, 0));
	form_add(&g->forms, names, random_pair(g, d->text, FORM(g, "data-empty")));
	return FORM(g, "loop", names, FORM(g, "while", FORM(g, "<", i, INT(g, depth))),
	            FORM(g, "next", FORM(g, "+", i, INT(g, 1)), FORM(g, "data-wrap", d)), d);
}

static struct made data(struct random *g)
{
	struct form *a = datum(g), *text = FORM(g, "data->string", a), *test;

	random_spend(g, 100);
	switch (random_below(g, 5)) {
	case 0:
		return random_plain(FORM(g, "string-length", text), 2, 26);
	case 1:
		test = FORM(g, "data-equal?", a, FORM(g, "string->data", FORM(g, "data->string", datum(g))));
		break;
	case 2:
		test = FORM(g, "data-empty?", FORM(g, "data-unwrap", FORM(g, "data-wrap", a)));
		break;
	case 3:
		text = FORM(g, "string-append", FORM(g, "data-open"), FORM(g, "data-open"), FORM(g, "data-close"),
		            FORM(g, "data-close"));
		test = FORM(g, "data-equal?", a, FORM(g, "string->data", text));
		break;
	default:
		test = FORM(g, "string=?", text, FORM(g, "data->string", datum(g)));
	}
	return random_plain(FORM(g, "if", test, INT(g, 1), INT(g, random_between(g, -9, 0))), -9, 1);
}

// --- objects that are held -------------------------------------------------------------------------------------

// An object that a global holds, so that it lives: a compiler may drop a variable whose use it has foreseen.
static struct form *with_object(struct random *g, const char *object, struct form *test)
{
	return FORM(g, "let", one_name(g, object, FORM(g, "new-object")),
	            FORM(g, "vector-set!", ATOM(g, RANDOM_HELD), INT(g, 0), ATOM(g, object)),
	            FORM(g, "if", FORM(g, "and", test, FORM(g, "same?", ATOM(g, object), ATOM(g, object))),
	                 INT(g, 1), INT(g, 0)));
}

static struct made weak(struct random *g, unsigned size)
{
	size_t outside = g->var_count;
	struct form *o = ATOM(g, random_bind_fresh(g, R_UNIT, random_plain(NULL, 0, 0)));
	struct form *w = ATOM(g, random_bind_fresh(g, R_UNIT, random_plain(NULL, 0, 0)));
	struct form *test;

	switch (random_below(g, 3)) {
	case 0:
		test = FORM(g, "let", one_name(g, w->text, FORM(g, "make-weak", o)), FORM(g, "full-gc"),
		            FORM(g, "weak-alive?", w));
		break;
	case 1:
		test = FORM(g, "begin", FORM(g, "set-finalizer!", o, FORM(g, "box", INT(g, 0))),
		            random_make(g, R_BOOL, size / 2).form);
		break;
	default:
		test = FORM(g, "not", FORM(g, "same?", o, FORM(g, "new-object")));
	}
	g->var_count = outside;
	return random_plain(with_object(g, o->text, test), 0, 1);
}

static struct made ephemeron(struct random *g, unsigned size)
{
	size_t outside = g->var_count;
	struct form *o = ATOM(g, random_bind_fresh(g, R_UNIT, random_plain(NULL, 0, 0)));
	struct form *e = ATOM(g, random_bind_fresh(g, R_UNIT, random_plain(NULL, 0, 0)));
	struct form *value = random_make(g, R_INT, size / 2).form;
	struct form *ref = FORM(g, "ephemeron-ref", e, o, INT(g, -7));
	struct form *has = FORM(g, "ephemeron-has?", e, random_chance(g, 60) ? o : FORM(g, "new-object"));
	struct form *let = FORM(g, "let", one_name(g, e->text, FORM(g, "make-ephemerons")));

	if (random_chance(g, 75))
		form_add(&g->forms, let, FORM(g, "ephemeron-set!", e, o, value));
	form_add(&g->forms, let, FORM(g, "and", has, FORM(g, "<", ref, random_make(g, R_INT, size / 4).form)));
	g->var_count = outside;
	return random_plain(with_object(g, o->text, let), 0, 1);
}

bool random_special(struct random *g, enum feature f, unsigned size, struct made *out)
{
	if (!random_affords(g, VALUE_COST + 120))
		return false;
	switch (f) {
	case FEATURE_CALL_CC:
		*out = call_cc(g, size);
		return true;
	case FEATURE_BUILTIN:
		*out = through_builtin(g, size);
		return true;
	case FEATURE_REGEX:
		*out = random_plain(
		        FORM(g, "if", random_regex(g), random_make(g, R_INT, size / 2).form, INT(g, 0)),
		        -KERNEL_INT_MAX, KERNEL_INT_MAX);
		return true;
	case FEATURE_DATA:
		*out = data(g);
		return true;
	case FEATURE_WEAK:
		*out = weak(g, size);
		return true;
	case FEATURE_EPHEMERON:
		*out = ephemeron(g, size);
		return true;
	default:
		return false;
	}
}

// A random kernel: its features, globals, functions of several shapes, and what is measured.
#include "random.h"

#include "random_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Nodes evaluated in one call of a function, and in the whole, at most.
#define FUNCTION_COST 6000U
#define WHOLE_COST 60000U
#define WHOLE_DEPTH 400U
// A function has about as many nodes; a larger program has more functions.
#define FUNCTION_SIZE 30U

// --- chance ----------------------------------------------------------------------------------------------------

uint64_t random_below(struct random *g, uint64_t n)
{
	return rng_below(&g->rng, n);
}

int64_t random_between(struct random *g, int64_t lo, int64_t hi)
{
	return lo + (int64_t)random_below(g, (uint64_t)(hi - lo) + 1);
}

bool random_chance(struct random *g, unsigned percent)
{
	return random_below(g, 100) < percent;
}

bool random_has(const struct random *g, enum feature f)
{
	return (g->features >> f & 1U) != 0;
}

static unsigned choose_features(struct random *g)
{
	// in percent of all programs
	static const unsigned percent[FEATURE_COUNT] = {
		[FEATURE_TRY] = 40,    [FEATURE_GLOBAL] = 40,   [FEATURE_CALL_CC] = 6,
		[FEATURE_BUILTIN] = 8, [FEATURE_REGEX] = 8,     [FEATURE_DATA] = 6,
		[FEATURE_WEAK] = 5,    [FEATURE_EPHEMERON] = 4, [FEATURE_GC] = 40,
	};
	unsigned features = 0;

	for (int f = 0; f < FEATURE_COUNT; f++)
		features |= (unsigned)random_chance(g, percent[f]) << f;
	return features;
}

// --- names -----------------------------------------------------------------------------------------------------

// Many are words of some language, so that emitters must find others for them.
static const char *const words[] = {
	"a",         "b",      "c",      "n",     "x",     "y",        "z",     "item",   "acc",  "key",  "value",
	"end",       "t",      "e",      "pi",    "self",  "this",     "class", "def",    "type", "val",  "in",
	"do",        "is",     "new",    "var",   "max",   "print",    "str",   "len",    "fun",  "rest", "sum",
	"i",         "j",      "left",   "right", "total", "old-text", "x2",    "result", "node", "tmp",  "yield",
	"and-so-on", "method", "length", "char",  "int",   "id",       "s",     "import"
};

#define WORD_COUNT (sizeof words / sizeof words[0])

static bool is_in_scope(const struct random *g, const char *name)
{
	for (size_t i = 0; i < g->var_count; i++)
		if (strcmp(g->vars[i].name, name) == 0)
			return true;
	return false;
}

const char *random_name(struct random *g, bool fresh)
{
	const char *name = words[random_below(g, WORD_COUNT)];
	char numbered[32];

	if (!fresh || !is_in_scope(g, name))
		return name;
	for (unsigned n = 3;; n++) {
		snprintf(numbered, sizeof numbered, "%s-%u", name, n);
		if (!is_in_scope(g, numbered))
			return form_atom(&g->forms, numbered)->text;
	}
}

// --- bounds on steps -------------------------------------------------------------------------------------------

bool random_affords(const struct random *g, uint64_t cost)
{
	return g->cost + g->times * cost <= g->limit;
}

void random_spend(struct random *g, uint64_t cost)
{
	g->cost += g->times * cost;
}

void random_note_depth(struct random *g, unsigned depth)
{
	g->depth = g->depth > depth ? g->depth : depth;
}

static const struct {
	const char *text;
	unsigned cost;
} helpers[HELPER_COUNT] = {
	[HELPER_CLIP_TEXT] = { "(define (clip-text text most)\n"
	                       "    (if (<= (string-length text) most) text (substring text 0 most)))",
	                       8 },
	[HELPER_CLIP_ITEMS] = { "(define (clip-items items most)\n"
	                        "    (if (or (null? items) (<= most 0))\n"
	                        "      nil\n"
	                        "      (cons (car items) (clip-items (cdr items) (- most 1)))))",
	                        200 },
	[HELPER_SUM_INTS] = { "(define (sum-ints items)\n"
	                      "    (loop ((items items) (sum 0))\n"
	                      "      (while (not (null? items)))\n"
	                      "      (next (cdr items) (+ (quotient sum 3) (quotient (car items) 3)))\n"
	                      "      sum))",
	                      200 },
};

void random_helper(struct random *g, enum helper h)
{
	g->helpers[h] = true;
	random_spend(g, helpers[h].cost);
	if (h == HELPER_CLIP_ITEMS)
		random_note_depth(g, LIST_MOST + 2);
}

// --- functions -------------------------------------------------------------------------------------------------

static struct rfunction *new_function(struct random *g)
{
	struct rfunction *f = &g->functions[g->function_count];
	char name[16];

	snprintf(name, sizeof name, "f%zu", g->function_count + 1);
	*f = (struct rfunction){ .name = form_atom(&g->forms, name)->text };
	return f;
}

static void add_param(struct random *g, struct rfunction *f, struct form *head, enum rtype t, struct made is)
{
	f->params[f->param_count++] = t;
	form_add(&g->forms, head, ATOM(g, random_bind_fresh(g, t, is)));
}

static void set_result(struct rfunction *f, enum rtype t)
{
	struct made b = random_bounds(t);

	f->result = t;
	f->lo = b.lo;
	f->hi = b.hi;
}

// `limit`: for one call without the calls of itself.
static void begin_function(struct random *g, uint64_t limit)
{
	g->cost = 0;
	g->limit = limit;
	g->times = 1;
	g->depth = 0;
	g->may_raise = g->wild || (random_has(g, FEATURE_TRY) && random_chance(g, 50));
	g->raises = false;
}

// `calls` of it happen in one call, at most `alive` of them at once.
static void end_function(struct random *g, struct rfunction *f, uint64_t calls, unsigned alive)
{
	f->cost = (g->cost + 4) * calls;
	f->depth = g->depth + alive;
	f->raises = g->raises;
	g->function_count++;
}

static enum rtype result_type(struct random *g)
{
	return random_chance(g, 50) ? R_INT : (enum rtype)random_below(g, R_LAST_COMMON + 1);
}

static void plain_function(struct random *g, unsigned size, struct form *kernel)
{
	struct rfunction *f = new_function(g);
	struct form *head = FORM(g, f->name), *define = FORM(g, "define", head);
	uint64_t params = random_below(g, RANDOM_PARAMS);
	struct made body;

	bool value = random_chance(g, 40); // one that is a value as well, because such a type exists
	enum rtype of = (enum rtype)(R_MAPPER + random_below(g, R_LAST_COMMON - R_MAPPER + 1));

	begin_function(g, value ? VALUE_COST - 4 : FUNCTION_COST);
	for (uint64_t i = 0; value ? random_shapes[of].params[i] != 0 : i < params; i++) {
		enum rtype t = !value ? result_type(g) : random_shapes[of].params[i] == 'i' ? R_INT : R_TEXT;
		add_param(g, f, head, t, random_bounds(t));
	}
	set_result(f, value ? random_shapes[of].holds : result_type(g));
	if (random_chance(g, 30))
		form_add(&g->forms, define, random_effect(g, size / 3));
	body = random_standard(g, f->result, size);
	f->lo = body.lo;
	f->hi = body.hi;
	form_add(&g->forms, define, body.form);
	form_add(&g->forms, kernel, define);
	end_function(g, f, 1, 1);
}

// Changes what a box of the caller's holds, and has no value.
static void changing_function(struct random *g, unsigned size, struct form *kernel)
{
	struct rfunction *f = new_function(g);
	struct form *head = FORM(g, f->name), *change;
	const char *box;

	begin_function(g, FUNCTION_COST);
	add_param(g, f, head, R_INT_BOX, random_bounds(R_INT_BOX));
	box = g->vars[g->var_count - 1].name;
	add_param(g, f, head, R_INT, random_bounds(R_INT));
	set_result(f, R_UNIT);
	change = FORM(g, "set-box!", ATOM(g, box), random_standard(g, R_INT, size).form);
	if (random_chance(g, 50))
		change = FORM(g, "when", random_make(g, R_BOOL, size / 3).form, change);
	form_add(&g->forms, kernel, FORM(g, "define", head, change));
	end_function(g, f, 1, 1);
}

// A counter from `fuel` down to 0, and an accumulator.
struct recursion {
	struct rfunction *f;
	struct form *head;
	const char *fuel, *acc;
};

static struct recursion begin_recursion(struct random *g, enum rtype t, int64_t fuel)
{
	struct recursion r = { .f = new_function(g) };

	r.head = FORM(g, r.f->name);
	add_param(g, r.f, r.head, R_INT, random_plain(NULL, -2, fuel));
	add_param(g, r.f, r.head, t, random_bounds(t));
	r.fuel = g->vars[g->var_count - 2].name;
	r.acc = g->vars[g->var_count - 1].name;
	r.f->fuel = fuel;
	set_result(r.f, t);
	return r;
}

static struct form *down(struct random *g, const char *fuel, int64_t by)
{
	return FORM(g, "-", ATOM(g, fuel), INT(g, by));
}

static struct form *is_over(struct random *g, const char *fuel)
{
	return random_chance(g, 50) ? FORM(g, "<=", ATOM(g, fuel), INT(g, 0))
	                            : FORM(g, "<", ATOM(g, fuel), INT(g, 1));
}

// What a round does with what the rest of the recursion gave.
static struct form *combine(struct random *g, enum rtype t, struct form *rest, unsigned size)
{
	struct made b = random_bounds(t), more;
	size_t outside = g->var_count;

	if (t == R_INTS)
		return FORM(g, "cons", random_standard(g, R_INT, size).form, rest);
	b.form = rest;
	if (t == R_TEXT) {
		more = random_within(g, R_TEXT, size, 0, TEXT_MOST);
		more = random_plain(FORM(g, "string-append", more.form, rest), 0, 2 * TEXT_MOST);
		return random_bound(g, t, more, b.lo, b.hi).form;
	}
	struct form *names = form_list(&g->forms); // a name for it, which the body may use or not
	form_add(&g->forms, names, random_pair(g, random_bind_fresh(g, t, b), rest));
	more = random_standard(g, t, size);
	more.form = FORM(g, "let", names, more.form);
	g->var_count = outside;
	return more.form;
}

static enum rtype recursion_type(struct random *g)
{
	static const enum rtype types[] = { R_INT, R_INT, R_TEXT, R_INTS, R_BOOL };

	return types[random_below(g, sizeof types / sizeof types[0])];
}

// (define (f n acc) (if (<= n 0) BASE ... (f (- n 1) ACC) ...)): once, or twice where `fuel` is small.
static void recursive_function(struct random *g, unsigned size, struct form *kernel)
{
	bool twice = random_chance(g, 35);
	enum rtype t = twice ? R_INT : recursion_type(g);
	int64_t fuel = twice ? random_between(g, 2, 5) : random_between(g, 3, 12);
	uint64_t calls = twice ? UINT64_C(2) << fuel : (uint64_t)fuel + 1;
	struct recursion r;
	struct form *base, *acc, *rest, *other;

	begin_function(g, FUNCTION_COST / calls);
	r = begin_recursion(g, t, fuel);
	base = random_within(g, t, size / 3, random_bounds(t).lo, t == R_INTS ? 4 : random_bounds(t).hi).form;
	acc = random_standard(g, t, size / 3).form;
	rest = FORM(g, r.f->name, down(g, r.fuel, 1), acc);
	if (twice) {
		other = FORM(g, r.f->name, down(g, r.fuel, 2), ATOM(g, r.acc));
		rest = FORM(g, "+", FORM(g, "quotient", rest, INT(g, 2)), FORM(g, "quotient", other, INT(g, 2)));
	}
	rest = combine(g, t, rest, size / 3);
	form_add(&g->forms, kernel, FORM(g, "define", r.head, FORM(g, "if", is_over(g, r.fuel), base, rest)));
	end_function(g, r.f, calls, (unsigned)fuel + 3);
}

static struct form *call_last(struct random *g, const char *f, struct form *fuel, struct form *acc)
{
	struct form *call = FORM(g, f, fuel, acc);

	return random_chance(g, 75) ? FORM(g, "tail", call) : call;
}

// (define (f n acc) (if (<= n 0) BASE (tail (f (- n 1) ACC))))
static void tail_function(struct random *g, unsigned size, struct form *kernel)
{
	enum rtype t = result_type(g);
	int64_t fuel = random_between(g, 3, 40);
	struct recursion r;
	struct form *base, *next;

	begin_function(g, FUNCTION_COST / ((uint64_t)fuel + 1));
	r = begin_recursion(g, t, fuel);
	base = random_standard(g, t, size / 3).form;
	next = random_standard(g, t, size / 2).form;
	next = call_last(g, r.f->name, down(g, r.fuel, 1), next);
	form_add(&g->forms, kernel, FORM(g, "define", r.head, FORM(g, "if", is_over(g, r.fuel), base, next)));
	end_function(g, r.f, (uint64_t)fuel + 1, (unsigned)fuel + 3);
}

// Two that call each other, each with a base of its own.
static void mutual_functions(struct random *g, unsigned size, struct form *kernel)
{
	enum rtype t = result_type(g);
	int64_t fuel = random_between(g, 3, 16);
	uint64_t calls = (uint64_t)fuel + 1, cost = 0;
	unsigned depth = 0;
	bool raises = false;
	size_t outside = g->var_count;
	char other[16];

	for (unsigned i = 0; i < 2; i++) {
		struct recursion r;
		struct form *base, *next;
		begin_function(g, FUNCTION_COST / (2 * calls));
		g->may_raise = g->wild;
		r = begin_recursion(g, t, fuel);
		snprintf(other, sizeof other, "f%zu", i == 0 ? g->function_count + 2 : g->function_count);
		base = random_standard(g, t, size / 4).form;
		next = random_standard(g, t, size / 4).form;
		// the first one is not known to the second while that is made: nothing but the count-down leads
		// back
		next = call_last(g, other, down(g, r.fuel, 1), next);
		form_add(&g->forms, kernel,
		         FORM(g, "define", r.head, FORM(g, "if", is_over(g, r.fuel), base, next)));
		cost += g->cost + 4;
		depth = depth > g->depth ? depth : g->depth;
		raises = raises || g->raises;
		g->functions[g->function_count].result = R_COUNT; // no call yet
		g->function_count++;
		g->var_count = outside;
	}
	for (unsigned i = 0; i < 2; i++) {
		struct rfunction *f = &g->functions[g->function_count - 2 + i];
		set_result(f, t);
		f->cost = cost * calls;
		f->depth = depth + (unsigned)fuel + 3;
		f->raises = raises;
	}
}

// (define (f items acc) (if (null? items) acc (f (cdr items) ...)))
static void walking_function(struct random *g, unsigned size, struct form *kernel)
{
	static const enum rtype lists[] = { R_INTS, R_TEXTS, R_NESTED };
	enum rtype list = lists[random_below(g, 3)], t = recursion_type(g);
	struct rfunction *f = new_function(g);
	struct form *head = FORM(g, f->name), *items, *names = form_list(&g->forms), *next, *first;
	const char *acc;

	begin_function(g, FUNCTION_COST / (LIST_MOST + 1));
	add_param(g, f, head, list, random_plain(NULL, 0, LIST_MOST));
	items = ATOM(g, g->vars[g->var_count - 1].name);
	add_param(g, f, head, t, random_bounds(t));
	acc = g->vars[g->var_count - 1].name;
	set_result(f, t);
	first = FORM(g, "car", items);
	form_add(&g->forms, names,
	         random_pair(
	                 g,
	                 random_bind_fresh(g, random_shapes[list].holds, random_bounds(random_shapes[list].holds)),
	                 first));
	next = random_standard(g, t, size / 2).form;
	next = FORM(g, "let", names, call_last(g, f->name, FORM(g, "cdr", items), next));
	form_add(&g->forms, kernel,
	         FORM(g, "define", head, FORM(g, "if", FORM(g, "null?", items), ATOM(g, acc), next)));
	end_function(g, f, LIST_MOST + 1, LIST_MOST + 3);
}

static void make_function(struct random *g, unsigned size, struct form *kernel)
{
	static void (*const shapes[])(struct random *, unsigned, struct form *) = {
		plain_function, plain_function,   plain_function,   plain_function,    recursive_function,
		tail_function,  mutual_functions, walking_function, changing_function,
	};
	size_t outside = g->var_count;

	shapes[random_below(g, sizeof shapes / sizeof shapes[0])](g, size, kernel);
	g->var_count = outside;
}

// --- the kernel ------------------------------------------------------------------------------------------------

// The first items of the kernel, and its parameter and globals, which are in scope from then on.
static void make_globals(struct random *g, unsigned size, struct form *kernel)
{
	uint64_t count = random_has(g, FEATURE_GLOBAL) ? 1 + random_below(g, 3) : 0;

	begin_function(g, FUNCTION_COST);
	g->may_raise = false;
	if (random_chance(g, 50)) {
		int64_t most = random_between(g, 1, 1000);
		struct form *range = FORM(g, "range", INT(g, 0), INT(g, most));
		const char *name = random_bind_fresh(g, R_INT, random_plain(NULL, 0, most));
		form_add(&g->forms, kernel,
		         FORM(g, "param", ATOM(g, name), INT(g, random_between(g, 0, most)), range));
	}
	if (random_has(g, FEATURE_WEAK) || random_has(g, FEATURE_EPHEMERON))
		form_add(&g->forms, kernel,
		         FORM(g, "global", ATOM(g, RANDOM_HELD),
		              FORM(g, "make-vector", INT(g, 1), ATOM(g, "nil"))));
	for (uint64_t i = 0; i < count; i++) {
		enum rtype t = (enum rtype)random_below(g, R_LAST_COMMON + 1);
		struct made value = random_standard(g, t, size);
		const char *name = random_bind_fresh(g, t, value);
		form_add(&g->forms, kernel, FORM(g, "global", ATOM(g, name), value.form));
	}
}

// (+ a b), whatever the bounds of the two.
static struct made join(struct random *g, struct made a, struct made b)
{
	a = random_bound_int(g, a, -KERNEL_INT_MAX / 2, KERNEL_INT_MAX / 2);
	b = random_bound_int(g, b, -KERNEL_INT_MAX / 2, KERNEL_INT_MAX / 2);
	return random_plain(FORM(g, random_chance(g, 50) ? "+" : "-", a.form, b.form), -KERNEL_INT_MAX,
	                    KERNEL_INT_MAX);
}

// One integer in which every function and every feature has a say.
static struct form *make_measured(struct random *g, unsigned size)
{
	struct made sum = random_make(g, R_INT, size), m;

	for (int f = 0; f < FEATURE_COUNT; f++)
		if (f != FEATURE_TRY && random_has(g, (enum feature)f) &&
		    random_special(g, (enum feature)f, 6, &m))
			sum = join(g, m, sum);
	for (size_t i = 0; i < g->function_count; i++) {
		struct rfunction *f = &g->functions[i];
		if (f->used || (f->raises && !g->may_raise) || !random_affords(g, f->cost))
			continue;
		m = random_bounds(f->result);
		m.lo = f->lo;
		m.hi = f->hi;
		m.form = random_call_of(g, f, 6);
		if (f->result == R_UNIT)
			sum.form = FORM(g, "begin", m.form, sum.form);
		else
			sum = join(g, random_digest(g, f->result, m), sum);
	}
	return sum.form;
}

static struct form *make_whole(struct random *g, unsigned size)
{
	struct form *body, *name = form_list(&g->forms), *handler;
	size_t outside = g->var_count;

	begin_function(g, WHOLE_COST);
	g->may_raise = g->wild;
	body = make_measured(g, size);
	if (!g->wild)
		return body;
	g->may_raise = g->wild = false; // nothing catches what the handler raises
	form_add(&g->forms, name, ATOM(g, random_bind(g, R_INT, random_bounds(R_INT))));
	handler = FORM(g, "catch", name, random_make(g, R_INT, 6).form);
	g->var_count = outside;
	return FORM(g, "try", body, handler);
}

static void make_kernel(struct random *g, unsigned nodes, const char *name, struct buf *out)
{
	struct form *kernel = FORM(g, "kernel", ATOM(g, name));
	unsigned size =
	        nodes * nodes / (nodes + 90) + 2; // what is there anyway weighs more in small ones: measured
	unsigned functions = (unsigned)random_below(g, size / FUNCTION_SIZE + 4), part, depth;
	struct form *whole;

	functions = functions < RANDOM_FUNCTIONS / 2 ? functions : RANDOM_FUNCTIONS / 2;
	part = size / (functions + 1);
	g->features = choose_features(g);
	form_add(&g->forms, kernel, FORM(g, "summary", ATOM(g, "\"a random program\"")));
	make_globals(g, 6, kernel);
	g->wild = random_has(g, FEATURE_TRY) && random_chance(g, 50);
	for (unsigned i = 0; i < functions; i++)
		make_function(g, part, kernel);
	whole = make_whole(g, part);
	depth = 2 * g->depth + 100;
	form_add(&g->forms, kernel, FORM(g, "stack", INT(g, depth)));
	form_add(&g->forms, kernel, FORM(g, "measure", ATOM(g, "total"), FORM(g, "repeat", INT(g, 1)), whole));
	for (int h = 0; h < HELPER_COUNT; h++)
		if (g->helpers[h])
			form_add(&g->forms, kernel, ATOM(g, helpers[h].text));
	form_print(kernel, out);
}

int random_kernel(uint64_t seed, uint64_t index, unsigned size, struct buf *out)
{
	struct random *g = calloc(1, sizeof *g);
	char name[64];
	int rc;

	if (g == NULL)
		return -ENOMEM;
	// far apart for neighbouring numbers, and for (1, 2) and (2, 1)
	rng_init(&g->rng, seed);
	rng_init(&g->rng, rng_next(&g->rng) ^ index);
	snprintf(name, sizeof name, "other/random-%" PRIu64 "-%" PRIu64, seed, index);
	make_kernel(g, size, name, out);
	rc = g->forms.failed || out->failed ? -ENOMEM : 0;
	forms_deinit(&g->forms);
	free(g);
	return rc;
}

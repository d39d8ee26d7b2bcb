// Integers whose every intermediate stays within ±(2^53 - 1): each expression comes with bounds, and where an
// operation would leave the range, its operands are brought nearer to zero by a remainder.
#include "random_parts.h"

#include <string.h>

#define MAX KERNEL_INT_MAX
// The largest whose square is within the range.
#define ROOT INT64_C(94906265)

// --- literals --------------------------------------------------------------------------------------------------

struct made random_int_leaf(struct random *g)
{
	static const int64_t edges[] = { MAX,
		                         MAX - 1,
		                         MAX / 2,
		                         INT64_C(1) << 52,
		                         (INT64_C(1) << 32) - 1,
		                         INT64_C(1) << 32,
		                         INT64_C(1) << 31,
		                         (INT64_C(1) << 31) - 1,
		                         INT64_C(1) << 30,
		                         (INT64_C(1) << 30) - 1,
		                         INT64_C(1) << 24,
		                         65536,
		                         32768,
		                         256,
		                         255,
		                         128 };
	int64_t n;

	if (random_chance(g, 65))
		n = random_between(g, -10, 10);
	else if (random_chance(g, 50))
		n = random_between(g, -1000000, 1000000);
	else
		n = edges[random_below(g, sizeof edges / sizeof edges[0])] * (random_chance(g, 50) ? 1 : -1);
	return random_plain(INT(g, n), n, n);
}

// --- bounds ----------------------------------------------------------------------------------------------------

static int64_t magnitude(int64_t n)
{
	return n < 0 ? -n : n;
}

static int64_t largest(struct made m)
{
	return magnitude(m.lo) > magnitude(m.hi) ? magnitude(m.lo) : magnitude(m.hi);
}

// Within ±most, by its remainder where it is not.
static struct made nearer(struct random *g, struct made m, int64_t most)
{
	if (largest(m) <= most)
		return m;
	m.form = FORM(g, "remainder", m.form, INT(g, most + 1));
	m.lo = m.lo < 0 ? (m.lo < -most ? -most : m.lo) : 0;
	m.hi = m.hi > 0 ? (m.hi > most ? most : m.hi) : 0;
	return m;
}

static struct made plus(struct random *g, struct made m, int64_t n)
{
	return random_plain(FORM(g, "+", m.form, INT(g, n)), m.lo + n, m.hi + n);
}

struct made random_bound_int(struct random *g, struct made m, int64_t lo, int64_t hi)
{
	if (m.lo >= lo && m.hi <= hi)
		return m;
	if (lo == hi)
		return random_plain(INT(g, lo), lo, hi);
	if (lo < 0 && hi > 0) {
		m = nearer(g, m, -lo < hi ? -lo : hi);
		return m;
	}
	if (hi - lo > MAX / 2) // nothing here asks for that much on one side of zero
		return random_plain(INT(g, lo), lo, lo);
	m = nearer(g, m, hi - lo);
	if (m.lo < 0) // from -(hi - lo) to hi - lo
		m = nearer(g, plus(g, m, hi - lo + 1), hi - lo);
	return lo == 0 ? m : plus(g, m, lo);
}

// --- arithmetic ------------------------------------------------------------------------------------------------

static int64_t least_of(const int64_t *n)
{
	int64_t least = n[0];

	for (unsigned i = 1; i < 4; i++)
		least = n[i] < least ? n[i] : least;
	return least;
}

static int64_t most_of(const int64_t *n)
{
	int64_t most = n[0];

	for (unsigned i = 1; i < 4; i++)
		most = n[i] > most ? n[i] : most;
	return most;
}

static struct made multiply(struct random *g, struct made a, struct made b)
{
	if (largest(a) != 0 && largest(b) > MAX / largest(a)) {
		bool small = random_chance(g, 50); // one large and one small factor, or two alike
		a = nearer(g, a, small ? 1000 : ROOT);
		b = nearer(g, b, small ? MAX / 1000 : ROOT);
	}
	int64_t corners[] = { a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi };
	return random_plain(FORM(g, "*", a.form, b.form), least_of(corners), most_of(corners));
}

static struct made add(struct random *g, struct made a, struct made b, bool subtract)
{
	if (subtract ? a.lo - b.hi < -MAX || a.hi - b.lo > MAX : a.lo + b.lo < -MAX || a.hi + b.hi > MAX) {
		a = nearer(g, a, MAX / 2);
		b = nearer(g, b, MAX / 2);
	}
	return subtract ? random_plain(FORM(g, "-", a.form, b.form), a.lo - b.hi, a.hi - b.lo)
	                : random_plain(FORM(g, "+", a.form, b.form), a.lo + b.lo, a.hi + b.hi);
}

// (+ a b c), (* a b c)
static struct made many(struct random *g, unsigned size)
{
	bool product = random_chance(g, 50);
	struct form *form = FORM(g, product ? "*" : "+");
	int64_t most = product ? 200000 : MAX / 4, bound = product ? 1 : 0;
	uint64_t count = product ? 3 : 3 + random_below(g, 2);

	for (uint64_t i = 0; i < count; i++) {
		struct made m = nearer(g, random_make(g, R_INT, size / (unsigned)count), most);
		form_add(&g->forms, form, m.form);
		bound = product ? bound * largest(m) : bound + largest(m);
	}
	return random_plain(form, -bound, bound);
}

// A divisor that is never zero, of either sign.
static struct made divisor(struct random *g, unsigned size)
{
	struct made m;

	if (random_chance(g, 50)) {
		do
			m = random_int_leaf(g);
		while (m.lo == 0);
		return m;
	}
	m = random_make(g, R_INT, size);
	if (m.lo > 0 || m.hi < 0)
		return m;
	return random_chance(g, 50) ? random_bound_int(g, m, 1, random_between(g, 2, 1000000))
	                            : random_bound_int(g, m, -random_between(g, 2, 1000000), -1);
}

static struct made divide(struct random *g, unsigned size)
{
	struct made a = random_make(g, R_INT, size / 2), b = divisor(g, size / 2);
	int64_t most = largest(a), least = b.lo > 0 ? b.lo : -b.hi, lo, hi;

	if (random_chance(g, 50)) {
		most /= least;
		lo = a.lo < 0 || b.hi < 0 ? -most : 0;
		hi = a.hi > 0 || b.hi < 0 ? most : 0;
		return random_plain(FORM(g, "quotient", a.form, b.form), lo, hi);
	}
	most = most < largest(b) - 1 ? most : largest(b) - 1;
	return random_plain(FORM(g, "remainder", a.form, b.form), a.lo < 0 ? -most : 0, a.hi > 0 ? most : 0);
}

static struct made arithmetic(struct random *g, unsigned size)
{
	struct made a, b;

	switch (random_below(g, 5)) {
	case 0:
		return divide(g, size);
	case 1:
		return size > 4 ? many(g, size) : divide(g, size);
	default:
		break;
	}
	a = random_make(g, R_INT, size / 2);
	b = random_make(g, R_INT, size / 2);
	switch (random_below(g, 3)) {
	case 0:
		return multiply(g, a, b);
	case 1:
		return add(g, a, b, true);
	default:
		return add(g, a, b, false);
	}
}

// --- integers from other types ---------------------------------------------------------------------------------

static const char *const size_words[TYPE_COUNT] = {
	[TYPE_STRING] = "string-length",
	[TYPE_VECTOR] = "vector-length",
	[TYPE_MAP] = "map-size",
};

struct made random_int(struct random *g, unsigned size)
{
	enum rtype of = (enum rtype)random_below(g, R_LAST_COMMON + 1);

	if (of == R_INT || random_chance(g, 60))
		return arithmetic(g, size);
	return random_digest(g, of, random_make(g, of, size));
}

static struct made digest_text(struct random *g, struct made m)
{
	static const char *const others[] = { "", "b", "key", "M", "zz" };
	const char *other = others[random_below(g, 5)];
	struct form *literal = form_string(&g->forms, other, strlen(other));
	struct form *less, *length;
	const char *name;

	if (random_chance(g, 50))
		return random_plain(FORM(g, "string-length", m.form), m.lo, m.hi);
	name = random_bind_fresh(g, R_TEXT, m);
	g->var_count--;
	length = FORM(g, "string-length", ATOM(g, name));
	less = FORM(g, "if", FORM(g, "string<?", ATOM(g, name), literal), INT(g, 1000), INT(g, -1000));
	struct form *names = form_list(&g->forms);
	form_add(&g->forms, names, random_pair(g, name, m.form));
	return random_plain(FORM(g, "let", names, FORM(g, "+", length, less)), m.lo - 1000, m.hi + 1000);
}

// Walks a list; what each item is worth goes into the sum.
static struct made digest_list(struct random *g, enum rtype t, struct made m)
{
	enum rtype holds = random_shapes[t].holds;
	size_t outside = g->var_count;
	uint64_t times = g->times;
	struct form *names = form_list(&g->forms), *rest, *sum;
	struct made item = random_bounds(holds);

	if (t == R_INTS && random_chance(g, 60)) {
		random_helper(g, HELPER_SUM_INTS);
		return random_plain(FORM(g, "sum-ints", m.form), -(MAX / 2), MAX / 2);
	}
	rest = ATOM(g, random_bind_fresh(g, t, m));
	form_add(&g->forms, names, random_pair(g, rest->text, m.form));
	sum = ATOM(g, random_bind_fresh(g, R_INT, random_bounds(R_INT)));
	form_add(&g->forms, names, random_pair(g, sum->text, INT(g, 0)));
	g->times *= LIST_MOST + 1;
	item.form = FORM(g, "car", rest);
	item = random_digest(g, holds, item);
	g->times = times;
	g->var_count = outside;
	item = add(g, random_plain(sum, -MAX, MAX), item, random_chance(g, 30));
	return random_plain(FORM(g, "loop", names, FORM(g, "while", FORM(g, "not", FORM(g, "null?", rest))),
	                         FORM(g, "next", FORM(g, "cdr", rest), item.form), sum),
	                    -MAX, MAX);
}

static struct made digest_function(struct random *g, enum rtype t, struct made m)
{
	struct form *apply = form_list(&g->forms);
	struct made out = random_bounds(random_shapes[t].holds);

	if (!random_affords(g, m.call_cost))
		return random_plain(FORM(g, "begin", m.form, INT(g, 7)), 7, 7);
	form_add(&g->forms, apply, m.form);
	for (const char *p = random_shapes[t].params; *p != 0; p++)
		form_add(&g->forms, apply, random_leaf(g, *p == 'i' ? R_INT : R_TEXT).form);
	random_spend(g, m.call_cost);
	random_note_depth(g, m.call_depth);
	out.form = apply;
	return random_digest(g, random_shapes[t].holds, out);
}

struct made random_digest(struct random *g, enum rtype t, struct made m)
{
	enum rtype holds = random_shapes[t].holds;
	struct made item = random_bounds(holds);

	random_spend(g, 3);
	switch (random_shapes[t].kind) {
	case TYPE_INT:
		return m;
	case TYPE_BOOL:
		return random_plain(FORM(g, "if", m.form, INT(g, 1), INT(g, 0)), 0, 1);
	case TYPE_STRING:
		return digest_text(g, m);
	case TYPE_LIST:
		return digest_list(g, t, m);
	case TYPE_VECTOR:
		if (random_chance(g, 40))
			break;
		item.form = FORM(g, "vector-ref", m.form, INT(g, (int64_t)random_below(g, (uint64_t)m.lo)));
		return random_digest(g, holds, item);
	case TYPE_MAP:
		if (random_chance(g, 40))
			break;
		item.form = FORM(g, "map-ref", m.form, ATOM(g, "\"a\""), random_leaf(g, holds).form);
		return random_digest(g, holds, item);
	case TYPE_BOX:
		item.form = FORM(g, "unbox", m.form);
		return random_digest(g, holds, item);
	default:
		return digest_function(g, t, m);
	}
	return random_plain(FORM(g, size_words[random_shapes[t].kind], m.form), 0, 1000000);
}

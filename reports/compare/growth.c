// Curves out of a run's tests, and the judgement on them.
#include "growth.h"

#include "reports.h"
#include "text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUSY 1.5       // wall time for each CPU second of the process, from which on the machine was busy
#define SEED 20240607U // of the bootstrap: the same run gives the same words

const char *growth_cost_name(enum growth_cost c)
{
	static const char *const names[] = {
#define X(name, text) text,
		GROWTH_COSTS_OF(X)
#undef X
	};

	return names[c];
}

double growth_cost_of(const struct view_test *t, enum growth_cost cost)
{
	switch (cost) {
	case GROWTH_MEMORY:
		return (double)t->r->peak_rss_bytes;
	case GROWTH_COLLECTIONS:
		return fmax((double)t->r->gc_count, 0.5);
	default:
		return t->hist != NULL ? (double)hist_percentile(t->hist, 50) : 0;
	}
}

// Memory and collections are those of a test that measures something: what only loads a program says nothing.
bool growth_is_point(const struct view_test *t, enum growth_cost cost)
{
	return t->has_size && t->size > 0 && t->hist != NULL && t->r->as_expected && growth_cost_of(t, cost) > 0;
}

static bool same_curve(const struct view_test *a, const struct view_test *b)
{
	return strcmp(a->kernel, b->kernel) == 0 && strcmp(a->kind, b->kind) == 0 &&
	       strcmp(a->target, b->target) == 0;
}

bool growth_points(const struct view *v, size_t first, enum growth_cost cost, struct growth *g)
{
	const struct view_test *t = &v->tests[first];
	bool any = cost != GROWTH_COLLECTIONS;

	*g = (struct growth){ .cost = cost, .model = "" };
	if (!growth_is_point(t, cost))
		return false;
	for (size_t i = 0; i < v->count; i++) {
		const struct view_test *other = &v->tests[i];

		if (!growth_is_point(other, cost) || !same_curve(other, t))
			continue;
		if (i < first)
			return false;
		any = any || other->r->gc_count > 0;
		if (g->count < GROWTH_MOST && (g->count == 0 || g->points[g->count - 1]->size < other->size))
			g->points[g->count++] = other;
	}
	return any && g->count >= 2;
}

// ---- which formula ------------------------------------------------------------------------------------------

static double of_one(double n)
{
	return n >= 0 ? 1 : 0;
}

static double of_log(double n)
{
	return log(n + 1);
}

static double of_n(double n)
{
	return n;
}

static double of_n_log(double n)
{
	return n * log(n + 1);
}

static double of_square(double n)
{
	return n * n;
}

static double of_power(double n)
{
	return n < 900 ? exp2(n) : INFINITY;
}

// Simplest first: a later one must fit better to be chosen.
static const struct formula {
	const char *name;
	double (*of)(double n);
	double exponent; // negative: none
} formulas[] = {
	{ "1", of_one, 0 },         { "log n", of_log, 0 },  { "n", of_n, 1 },
	{ "n log n", of_n_log, 1 }, { "n^2", of_square, 2 }, { "2^n", of_power, -1 },
};

#define FORMULAS (sizeof formulas / sizeof formulas[0])

// What is left of the costs, as parts of them, by the best c and a >= 0 of t = c + a g(n).
static double rest_of(const struct formula *f, const double *sizes, const double *costs, size_t count)
{
	double w = 0, x = 0, xx = 0, t = 0, xt = 0, top = f->of(sizes[count - 1]), rest = 0;

	for (size_t i = 0; i < count; i++) {
		double weight = 1 / (costs[i] * costs[i]), g = f->of(sizes[i]) / top;
		w += weight;
		x += weight * g;
		xx += weight * g * g;
		t += weight * costs[i];
		xt += weight * g * costs[i];
	}
	double determinant = w * xx - x * x;
	double c = determinant > 1e-12 * w * xx ? fmax((t * xx - x * xt) / determinant, 0) : 0;
	double a = fmax((xt - c * x) / xx, 0);
	for (size_t i = 0; i < count; i++) {
		double off = (costs[i] - c - a * f->of(sizes[i]) / top) / costs[i];
		rest += off * off;
	}
	return rest;
}

// By Akaike's criterion with its correction for few points; what is within 2 of the best is as good.
static const char *choose_formula(const double *sizes, const double *costs, size_t count)
{
	double score[FORMULAS], best = INFINITY, n = (double)count;

	if (count < 5)
		return "";
	for (size_t i = 0; i < FORMULAS; i++) {
		double k = i == 0 ? 2 : 3; // with the variance
		double rest = rest_of(&formulas[i], sizes, costs, count) / n;
		score[i] = isfinite(rest) ? n * log(fmax(rest, 1e-6)) + 2 * k + 2 * k * (k + 1) / (n - k - 1)
		                          : INFINITY;
		best = fmin(best, score[i]);
	}
	for (size_t i = 0; i < FORMULAS; i++)
		if (score[i] <= best + 2)
			return formulas[i].name;
	return "";
}

// ---- judging ------------------------------------------------------------------------------------------------

double growth_declared_exponent(const char *declared, double size)
{
	double logs = strstr(declared, "log n") != NULL ? 1 / log(fmax(size, 3)) : 0;

	if (strncmp(declared, "n^", 2) == 0)
		return strtod(declared + 2, NULL) + logs;
	for (size_t i = 0; i < FORMULAS; i++)
		if (strcmp(declared, formulas[i].name) == 0 && formulas[i].exponent >= 0)
			return formulas[i].exponent + logs;
	return -1;
}

static struct growth_data data_of(const struct growth *g)
{
	struct growth_data d = { .count = g->count,
		                 .spread = g->cost == GROWTH_TIME ? GROWTH_SPREAD : GROWTH_STEPS };

	for (size_t i = 0; i < g->count; i++) {
		d.sizes[i] = (double)g->points[i]->size;
		d.costs[i] = growth_cost_of(g->points[i], g->cost);
		d.hists[i] = g->cost == GROWTH_TIME ? g->points[i]->hist : NULL;
	}
	return d;
}

// "n; memory 1; collections log n": what it says of time, which the others do not exceed where it says nothing of
// them: each byte takes time to fill, each collection to make.
static void take_declared(struct growth *g)
{
	const char *text = g->points[0]->r->growth != NULL ? g->points[0]->r->growth : "";
	const char *own = strstr(text, growth_cost_name(g->cost));

	if (g->cost != GROWTH_TIME && own != NULL)
		text = own + strlen(growth_cost_name(g->cost)) + 1;
	snprintf(g->declared, sizeof g->declared, "%.*s", (int)strcspn(text, ";"), text);
}

// The exponent that is right; infinite where there is none, or too little to judge by.
static double declare(struct growth *g, const struct growth_data *d)
{
	const size_t last = d->count - 1;
	double exponent;

	take_declared(g);
	exponent = growth_declared_exponent(g->declared, sqrt(d->sizes[0] * d->sizes[last]));
	if (exponent < 0 || d->sizes[last] < GROWTH_LEAST_RANGE * d->sizes[0])
		return (double)INFINITY;
	return exponent;
}

static double cpu_ns(const struct view_test *t)
{
	return (double)(t->r->user_ns + t->r->sys_ns);
}

// Whether the machine was busy with others while the curve was measured.
static bool take_cpu_times(const struct growth *g, struct growth_data *d)
{
	bool busy = false;

	for (size_t i = 0; i < g->count; i++) {
		d->cpu[i] = cpu_ns(g->points[i]);
		d->times[i] = (double)g->points[i]->hist->total;
		if (d->cpu[i] <= 0 || d->times[i] <= 0)
			return false;
		busy = busy || (double)g->points[i]->r->wall_ns > BUSY * d->cpu[i];
	}
	return busy;
}

// What is judged: without sizes that say nothing, and without waiting. Whether enough is left.
static bool prepare(const struct growth *g, struct growth_data *d)
{
	*d = data_of(g);
	d->waited = g->cost == GROWTH_TIME && take_cpu_times(g, d);
	return g->cost == GROWTH_COLLECTIONS ? growth_leave_out(d, GROWTH_FEW_COLLECTIONS)
	                                     : growth_leave_out_coarse(d);
}

// So that the curve runs through the medians that are shown.
static void lift(struct growth *g, const struct growth_data *d)
{
	const size_t last = d->count - 1;
	const double scale = d->costs[last] / fmax(growth_at(&g->fit, d->sizes[last]), 1e-9);

	if (!d->waited)
		return;
	g->fit.constant *= scale;
	g->fit.factor *= scale;
}

bool growth_is_over(struct growth *g)
{
	struct growth_data d;
	const bool enough = prepare(g, &d);
	const double declared = declare(g, &d);

	g->over = growth_exceeds(&d, enough ? declared : (double)INFINITY, SEED, &g->fit);
	lift(g, &d);
	return g->over;
}

void growth_judge(struct growth *g)
{
	struct growth_data d;

	if (!growth_is_over(g)) {
		prepare(g, &d);
		g->fit = growth_fit_data(&d, SEED);
		lift(g, &d);
	}
	prepare(g, &d);
	if (d.waited)
		growth_take_waiting(&d, d.costs, d.cpu);
	g->model = choose_formula(d.sizes, d.costs, d.count);
}

// ---- where a curve bends ------------------------------------------------------------------------------------

#define CLOSE 1.15 // sizes that differ by less are not parted further

static bool is_measured(const struct view *v, const struct growth_bend *b)
{
	for (size_t i = 0; i < v->count; i++)
		if (v->tests[i].has_size && v->tests[i].size == b->size &&
		    strcmp(v->tests[i].kernel, b->kernel) == 0 && strcmp(v->tests[i].kind, b->kind) == 0)
			return true;
	return false;
}

static void add_middle(const struct view *v, const struct growth *g, size_t from, struct growth_bend *out,
                       size_t room, size_t *count)
{
	const double low = (double)g->points[from]->size, high = (double)g->points[from + 1]->size;
	const struct growth_bend b = { g->points[from]->kind, g->points[from]->kernel,
		                       (uint64_t)llround(sqrt(low * high)) };

	if (high < low * CLOSE * CLOSE || is_measured(v, &b) || *count == room)
		return;
	for (size_t i = 0; i < *count; i++)
		if (out[i].size == b.size && strcmp(out[i].kernel, b.kernel) == 0 &&
		    strcmp(out[i].kind, b.kind) == 0)
			return;
	out[(*count)++] = b;
}

static double slope(const struct growth_data *d, size_t from)
{
	return log(d->costs[from + 1] / d->costs[from]) / log(d->sizes[from + 1] / d->sizes[from]);
}

size_t growth_bends(const struct view *v, struct growth_bend *out, size_t room)
{
	size_t count = 0;
	struct growth g;

	for (size_t i = 0; i < v->count; i++)
		for (unsigned cost = 0; cost < GROWTH_COLLECTIONS; cost++) {
			if (!growth_points(v, i, (enum growth_cost)cost, &g))
				continue;
			const struct growth_data d = data_of(&g);
			for (size_t k = 0; k + 2 < d.count; k++)
				if (fabs(slope(&d, k + 1) - slope(&d, k)) > GROWTH_BEND) {
					add_middle(v, &g, k, out, room, &count);
					add_middle(v, &g, k + 1, out, room, &count);
				}
		}
	return count;
}

// ---- the whole ----------------------------------------------------------------------------------------------

size_t growth_count_over(const struct view *v)
{
	struct growth g;
	size_t over = 0;

	for (size_t i = 0; i < v->count; i++)
		for (unsigned cost = 0; cost < GROWTH_COSTS; cost++)
			over += growth_points(v, i, (enum growth_cost)cost, &g) && growth_is_over(&g);
	return over;
}

size_t report_fast_growth(const struct run *r)
{
	struct view v;
	size_t over = view_init(&v, r) == 0 ? growth_count_over(&v) : 0;

	view_deinit(&v);
	return over;
}

const char *growth_words(struct arena *a, const struct growth *g)
{
	static const char *const more[] = { "long", "much", "many" };
	const struct view_test *first = g->points[0], *last = g->points[g->count - 1];

	return text_make(
	        a,
	        "%s on %s: %s grow%s like n^%.2f (%.2f to %.2f) from %s to %s, where %s is right: %.3g times the "
	        "size takes %.3g times as %s",
	        first->kernel, first->target, growth_cost_name(g->cost), g->cost == GROWTH_COLLECTIONS ? "" : "s",
	        g->fit.exponent, g->fit.low, g->fit.high, text_count(a, first->size), text_count(a, last->size),
	        g->declared, (double)last->size / (double)first->size,
	        growth_cost_of(last, g->cost) / growth_cost_of(first, g->cost), more[g->cost]);
}

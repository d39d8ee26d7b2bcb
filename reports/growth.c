// Curves out of a run's tests, and the judgement on them.
#include "growth.h"

#include "reports.h"
#include "text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SEED 20240607U // of the bootstrap: the same run gives the same words

bool growth_is_point(const struct view_test *t)
{
	return t->has_size && t->size > 0 && t->hist != NULL && hist_percentile(t->hist, 50) > 0 &&
	       t->r->as_expected;
}

static bool same_curve(const struct view_test *a, const struct view_test *b)
{
	return strcmp(a->kernel, b->kernel) == 0 && strcmp(a->kind, b->kind) == 0 &&
	       strcmp(a->target, b->target) == 0;
}

bool growth_points(const struct view *v, size_t first, struct growth *g)
{
	const struct view_test *t = &v->tests[first];

	*g = (struct growth){ .declared = "", .model = "" };
	if (!growth_is_point(t))
		return false;
	for (size_t i = 0; i < v->count; i++) {
		const struct view_test *other = &v->tests[i];

		if (!growth_is_point(other) || !same_curve(other, t))
			continue;
		if (i < first)
			return false;
		if (g->count < GROWTH_MOST && (g->count == 0 || g->points[g->count - 1]->size < other->size))
			g->points[g->count++] = other;
	}
	return g->count >= 2;
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

struct data {
	const struct hist *hists[GROWTH_MOST];
	double sizes[GROWTH_MOST], costs[GROWTH_MOST];
};

static void take_data(const struct growth *g, struct data *d)
{
	for (size_t i = 0; i < g->count; i++) {
		d->sizes[i] = (double)g->points[i]->size;
		d->hists[i] = g->points[i]->hist;
		d->costs[i] = (double)hist_percentile(d->hists[i], 50);
	}
}

// The exponent that is right; infinite where there is none, or too little to judge by.
static double declare(struct growth *g, const struct data *d)
{
	double exponent;

	g->declared = g->points[0]->r->growth != NULL ? g->points[0]->r->growth : "";
	exponent = growth_declared_exponent(g->declared, sqrt(d->sizes[0] * d->sizes[g->count - 1]));
	return exponent < 0 || d->sizes[g->count - 1] < GROWTH_LEAST_RANGE * d->sizes[0] ? INFINITY : exponent;
}

bool growth_is_over(struct growth *g)
{
	struct data d;

	take_data(g, &d);
	g->over = growth_exceeds(d.sizes, d.hists, g->count, declare(g, &d), SEED, &g->fit);
	return g->over;
}

void growth_judge(struct growth *g)
{
	struct data d;

	take_data(g, &d);
	if (!growth_is_over(g))
		g->fit = growth_fit_hists(d.sizes, d.hists, g->count, GROWTH_SPREAD, SEED);
	g->model = choose_formula(d.sizes, d.costs, g->count);
}

size_t growth_count_over(const struct view *v)
{
	struct growth g;
	size_t over = 0;

	for (size_t i = 0; i < v->count; i++)
		over += growth_points(v, i, &g) && growth_is_over(&g);
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
	const struct view_test *first = g->points[0], *last = g->points[g->count - 1];

	return text_make(
	        a,
	        "%s on %s grows like n^%.2f (%.2f to %.2f) from %s to %s, where %s is right: %.3g times the size "
	        "takes %.3g times as long",
	        first->kernel, first->target, g->fit.exponent, g->fit.low, g->fit.high, text_count(a, first->size),
	        text_count(a, last->size), g->declared, (double)last->size / (double)first->size,
	        (double)hist_percentile(last->hist, 50) / (double)hist_percentile(first->hist, 50));
}

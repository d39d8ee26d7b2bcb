// Growth fitted by a profile over the exponent.
#include "growth_fit.h"

#include "rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COARSE_STEPS 60U
#define FINE_STEPS 24U // of golden section
#define DRAWS 200U
#define LAST_SIZES 4U
#define MOST_DRAWN 99U // values for one median: more do not make an interval that a reader could tell apart

struct sums {
	double w, x, xx, t, xt;
};

// The sizes as parts of the largest, to the power of an exponent.
static void raise(const double *sizes, size_t count, double exponent, double *x)
{
	for (size_t i = 0; i < count; i++)
		x[i] = pow(sizes[i] / sizes[count - 1], exponent);
}

// Those of the exponents that each fit begins with: what is drawn again and again has the same sizes.
struct powers {
	double x[COARSE_STEPS + 1][GROWTH_MOST];
};

static const double step = GROWTH_STEEPEST / COARSE_STEPS;

static void raise_all(struct powers *p, const double *sizes, size_t count)
{
	for (unsigned i = 0; i <= COARSE_STEPS; i++)
		raise(sizes, count, i * step, p->x[i]);
}

static struct sums add_up(const double *x, const double *costs, size_t count)
{
	struct sums s = { 0 };

	for (size_t i = 0; i < count; i++) {
		double w = 1 / costs[i];

		s.w += w;
		s.x += w * x[i];
		s.xx += w * x[i] * x[i];
		s.t += w * costs[i];
		s.xt += w * x[i] * costs[i];
	}
	return s;
}

// The best constant and factor for one exponent (the factor is of the size as a part of the largest), and what is
// left over.
static double fit_at(const double *x, const double *costs, size_t count, double *c, double *a)
{
	struct sums s = add_up(x, costs, count);
	double determinant = s.w * s.xx - s.x * s.x, rest = 0;

	*c = determinant > 1e-12 * s.w * s.xx ? (s.t * s.xx - s.x * s.xt) / determinant : 0;
	*c = fmax(*c, 0);
	*a = fmax((s.xt - *c * s.x) / s.xx, 0);
	if (*a <= 0)
		*c = s.t / s.w;
	for (size_t i = 0; i < count; i++) {
		double off = costs[i] - *c - *a * x[i];

		rest += off * off / costs[i];
	}
	return rest;
}

static double profile(const double *sizes, const double *costs, size_t count, double exponent)
{
	double x[GROWTH_MOST] = { 0 }, c, a;

	raise(sizes, count, exponent, x);
	return fit_at(x, costs, count, &c, &a);
}

// Narrows [low, high] around the least rest: of the two exponents that part it, one is the next part's too.
static double golden(const double *sizes, const double *costs, size_t count, double low, double high)
{
	const double part = 0.6180339887498949;
	double left = high - part * (high - low), right = low + part * (high - low);
	double at_left = profile(sizes, costs, count, left), at_right = profile(sizes, costs, count, right);

	for (unsigned i = 0; i < FINE_STEPS; i++) {
		if (at_left <= at_right) {
			high = right;
			right = left;
			at_right = at_left;
			left = high - part * (high - low);
			at_left = profile(sizes, costs, count, left);
		} else {
			low = left;
			left = right;
			at_left = at_right;
			right = low + part * (high - low);
			at_right = profile(sizes, costs, count, right);
		}
	}
	return (low + high) / 2;
}

// The line through the logarithms: t = a n^b.
static struct growth_fit fit_line(const double *sizes, const double *costs, size_t count)
{
	double x = 0, y = 0, xx = 0, xy = 0, n = (double)count;
	struct growth_fit f = { 0 };

	for (size_t i = 0; i < count; i++) {
		double u = log(sizes[i]), v = log(costs[i]);

		x += u;
		y += v;
		xx += u * u;
		xy += u * v;
	}
	f.exponent = fmin(fmax((n * xy - x * y) / (n * xx - x * x), 0), GROWTH_STEEPEST);
	f.factor = exp((y - f.exponent * x) / n);
	f.low = f.high = f.exponent;
	for (size_t i = 0; i < count; i++)
		f.off = fmax(f.off, fabs(growth_at(&f, sizes[i]) / costs[i] - 1));
	return f;
}

static struct growth_fit fit_curve(const struct powers *p, const double *sizes, const double *costs, size_t count)
{
	struct growth_fit f = { 0 };
	double best = INFINITY, at = 0, x[GROWTH_MOST] = { 0 }, c, a;

	for (unsigned i = 0; i <= COARSE_STEPS; i++) {
		double rest = fit_at(p->x[i], costs, count, &c, &a);

		if (rest < best) {
			best = rest;
			at = i * step;
		}
	}
	f.exponent = golden(sizes, costs, count, fmax(at - step, 0), fmin(at + step, GROWTH_STEEPEST));
	raise(sizes, count, f.exponent, x);
	fit_at(x, costs, count, &f.constant, &f.factor);
	if (f.factor <= 0)
		f.exponent = 0;
	f.factor /= pow(sizes[count - 1], f.exponent);
	f.low = f.high = f.exponent;
	for (size_t i = 0; i < count; i++)
		f.off = fmax(f.off, fabs(growth_at(&f, sizes[i]) / costs[i] - 1));
	return f;
}

struct growth_fit growth_fit(const double *sizes, const double *costs, size_t count)
{
	struct powers p;

	if (count < GROWTH_WITH_CONSTANT)
		return fit_line(sizes, costs, count);
	raise_all(&p, sizes, count);
	return fit_curve(&p, sizes, costs, count);
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

// The value of rank `rank` (from 0) in the histogram.
static uint64_t value_at(const struct hist *h, uint64_t rank)
{
	return hist_percentile(h, 100.0 * ((double)rank + 0.5) / (double)h->total);
}

// The median of as many values as the histogram has, drawn from it with putting back.
static double drawn_median(const struct hist *h, struct rng *rng)
{
	uint64_t drawn[MOST_DRAWN];
	size_t n = h->total < MOST_DRAWN ? (size_t)h->total : MOST_DRAWN;

	for (size_t i = 0; i < n; i++)
		drawn[i] = rng_below(rng, h->total);
	qsort(drawn, n, sizeof drawn[0], by_value); // ranks are in the order of their values
	return fmax(1, (double)value_at(h, drawn[n / 2]));
}

// From the standard normal distribution (Box and Muller).
static double normal(struct rng *rng)
{
	double u = ((double)(rng_next(rng) >> 11) + 1) / 9007199254740993.0;
	double v = (double)(rng_next(rng) >> 11) / 9007199254740992.0;

	return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

static int by_real(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

bool growth_leave_out(struct growth_data *d, double least)
{
	size_t first = d->count;

	while (first > 0 && d->costs[first - 1] >= least)
		first--;
	if (d->count - first < 3)
		return false;
	d->count -= first;
	memmove(d->sizes, d->sizes + first, d->count * sizeof d->sizes[0]);
	memmove(d->costs, d->costs + first, d->count * sizeof d->costs[0]);
	memmove(d->hists, d->hists + first, d->count * sizeof(struct hist *));
	return true;
}

struct growth_fit growth_fit_data(const struct growth_data *d, uint64_t seed)
{
	const bool is_curve = d->count >= GROWTH_WITH_CONSTANT;
	double costs[GROWTH_MOST], exponents[DRAWS];
	struct growth_fit f;
	struct powers p;
	struct rng rng;

	rng_init(&rng, seed);
	if (is_curve)
		raise_all(&p, d->sizes, d->count);
	for (size_t draw = 0; draw < DRAWS; draw++) {
		for (size_t i = 0; i < d->count; i++)
			costs[i] = (d->hists[i] != NULL ? drawn_median(d->hists[i], &rng) : d->costs[i]) *
			           exp(d->spread * normal(&rng));
		f = is_curve ? fit_curve(&p, d->sizes, costs, d->count) : fit_line(d->sizes, costs, d->count);
		exponents[draw] = f.exponent;
	}
	f = growth_fit(d->sizes, d->costs, d->count);
	qsort(exponents, DRAWS, sizeof exponents[0], by_real);
	f.low = fmin(f.exponent, exponents[DRAWS / 40]);
	f.high = fmax(f.exponent, exponents[DRAWS - 1 - DRAWS / 40]);
	return f;
}

// The exponent of the last sizes alone, without a constant.
static double steepness(const double *sizes, const double *costs, size_t count)
{
	size_t first = count > LAST_SIZES ? count - LAST_SIZES : 0;

	return fit_line(sizes + first, costs + first, count - first).exponent;
}

bool growth_exceeds(const struct growth_data *d, double exponent, uint64_t seed, struct growth_fit *f)
{
	*f = growth_fit(d->sizes, d->costs, d->count);
	if (f->exponent <= exponent + GROWTH_MARGIN ||
	    steepness(d->sizes, d->costs, d->count) <= exponent + GROWTH_MARGIN / 2)
		return false;
	*f = growth_fit_data(d, seed);
	return f->low > exponent + GROWTH_MARGIN;
}

double growth_at(const struct growth_fit *f, double size)
{
	return f->constant + f->factor * pow(size, f->exponent);
}

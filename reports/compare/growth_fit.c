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
#define FEW_REPETITIONS 8U // with fewer, the least difference between two is no step of a clock
#define WIDEST 2.5         // an interval: a wider one hangs on its last size
#define COARSE_CLOCK 0.2   // of a cost: with larger steps it is not known
#define MOST_DRAWN 99U     // values for one median: more do not make an interval that a reader could tell apart

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
		double w = 1 / (costs[i] * costs[i]);

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

		rest += off * off / (costs[i] * costs[i]);
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

static bool leave_out_first(struct growth_data *d, size_t first)
{
	if (d->count - first < 3)
		return false;
	d->count -= first;
	memmove(d->sizes, d->sizes + first, d->count * sizeof d->sizes[0]);
	memmove(d->costs, d->costs + first, d->count * sizeof d->costs[0]);
	memmove(d->hists, d->hists + first, d->count * sizeof(struct hist *));
	memmove(d->cpu, d->cpu + first, d->count * sizeof d->cpu[0]);
	memmove(d->times, d->times + first, d->count * sizeof d->times[0]);
	return true;
}

bool growth_leave_out(struct growth_data *d, double least)
{
	size_t first = d->count;

	while (first > 0 && d->costs[first - 1] >= least)
		first--;
	return leave_out_first(d, first);
}

// The step of the clock, as far as repetitions show it: the least difference between two of them, or where all are
// the same, what they are. 0: too few to tell.
static double clock_step(const struct hist *h)
{
	double least = (double)h->min, last = -1;

	if (h->total < FEW_REPETITIONS)
		return 0;
	for (size_t i = hist_index(h, h->min); i < h->slots && i <= hist_index(h, h->max); i++) {
		const double value = (double)hist_slot_low(h, i);

		if (h->counts[i] == 0)
			continue;
		least = last >= 0 ? fmin(least, value - last) : least;
		last = value;
	}
	return least;
}

bool growth_leave_out_coarse(struct growth_data *d)
{
	size_t first = d->count;

	while (first > 0 && (d->hists[first - 1] == NULL ||
	                     clock_step(d->hists[first - 1]) <= COARSE_CLOCK * d->costs[first - 1]))
		first--;
	return first == 0 || leave_out_first(d, first);
}
// ---- the interval -------------------------------------------------------------------------------------------

#define LEAST_LEFT 0.01 // of a cost, when its waiting is taken away: noise must not make it nothing

void growth_take_waiting(const struct growth_data *d, double costs[GROWTH_MOST], const double cpu[GROWTH_MOST])
{
	const double first = fmin(costs[0], cpu[0] / d->times[0]), start = cpu[0] - first * d->times[0];

	costs[0] = first;
	for (size_t i = 1; i < d->count; i++) {
		const double own = (cpu[i] * (1 + d->spread) - start) / d->times[i];

		costs[i] = fmin(costs[i], fmax(own, LEAST_LEFT * costs[i]));
	}
}

// The costs that are judged, and the fit through them. `p` only where there are enough sizes for a curve.
static struct growth_fit fit_costs(const struct growth_data *d, const struct powers *p, const double *costs)
{
	return d->count >= GROWTH_WITH_CONSTANT ? fit_curve(p, d->sizes, costs, d->count)
	                                        : fit_line(d->sizes, costs, d->count);
}

static void judged_costs(const struct growth_data *d, double costs[GROWTH_MOST])
{
	memcpy(costs, d->costs, d->count * sizeof *costs);
	if (d->waited)
		growth_take_waiting(d, costs, d->cpu);
}

// By how much costs lie off the curve, as a deviation of logarithms: what it does not explain is no less than what
// processes differ by. 0 where there are too few sizes to say.
static double off_curve(const struct growth_data *d, const struct growth_fit *f, const double *costs)
{
	const size_t known = d->count >= GROWTH_WITH_CONSTANT ? 3 : 2;
	double sum = 0;

	for (size_t i = 0; i < d->count; i++) {
		const double off = log(costs[i] / fmax(growth_at(f, d->sizes[i]), 1e-12));

		sum += off * off;
	}
	return d->count > known ? sqrt(sum / (double)(d->count - known)) : 0;
}

static void draw_costs(const struct growth_data *d, double spread, struct rng *rng, double costs[GROWTH_MOST])
{
	double cpu[GROWTH_MOST];

	for (size_t i = 0; i < d->count; i++) {
		costs[i] = (d->hists[i] != NULL ? drawn_median(d->hists[i], rng) : d->costs[i]) *
		           exp(spread * normal(rng));
		cpu[i] = d->waited ? d->cpu[i] * exp(d->spread * normal(rng)) : 0;
	}
	if (d->waited)
		growth_take_waiting(d, costs, cpu);
}

struct growth_fit growth_fit_data(const struct growth_data *d, uint64_t seed)
{
	double costs[GROWTH_MOST], exponents[DRAWS], spread;
	struct growth_fit f;
	struct powers p;
	struct rng rng;

	rng_init(&rng, seed);
	if (d->count >= GROWTH_WITH_CONSTANT)
		raise_all(&p, d->sizes, d->count);
	judged_costs(d, costs);
	f = fit_costs(d, &p, costs);
	spread = fmax(d->spread, off_curve(d, &f, costs));
	for (size_t draw = 0; draw < DRAWS; draw++) {
		draw_costs(d, spread, &rng, costs);
		exponents[draw] = fit_costs(d, &p, costs).exponent;
	}
	qsort(exponents, DRAWS, sizeof exponents[0], by_real);
	f.low = fmin(f.exponent, exponents[DRAWS / 40]);
	f.high = fmax(f.exponent, exponents[DRAWS - 1 - DRAWS / 40]);
	return f;
}

// ---- too fast -----------------------------------------------------------------------------------------------

// The exponent of the last sizes alone, without a constant.
static double steepness(const double *sizes, const double *costs, size_t count)
{
	size_t first = count > LAST_SIZES ? count - LAST_SIZES : 0;

	return fit_line(sizes + first, costs + first, count - first).exponent;
}

// By the fit, by the last sizes, and on the whole: behind a constant so large that the whole grows more slowly
// than it may, nothing is certain.
static bool rises(const struct growth_data *d, const double *costs, double exponent, struct growth_fit *f)
{
	*f = growth_fit(d->sizes, costs, d->count);
	return f->exponent > exponent + GROWTH_MARGIN &&
	       steepness(d->sizes, costs, d->count) > exponent + GROWTH_MARGIN / 2 &&
	       fit_line(d->sizes, costs, d->count).exponent > exponent - GROWTH_MARGIN / 2;
}

// The least of what was repeated at each size.
static bool least_rise(const struct growth_data *d, double exponent)
{
	double least[GROWTH_MOST];
	struct growth_fit f;

	for (size_t i = 0; i < d->count; i++)
		least[i] = d->hists[i] != NULL ? fmax((double)d->hists[i]->min, 1) : d->costs[i];
	return rises(d, least, exponent, &f);
}

// Whether it rises so without any one size: a single one that was disturbed makes no growth.
static bool rises_without_any(const struct growth_data *d, const double *costs, double exponent)
{
	double sizes[GROWTH_MOST], others[GROWTH_MOST];

	for (size_t out = 0; d->count >= GROWTH_WITH_CONSTANT && out < d->count; out++) {
		struct powers p;
		size_t count = 0;

		for (size_t i = 0; i < d->count; i++)
			if (i != out) {
				sizes[count] = d->sizes[i];
				others[count++] = costs[i];
			}
		raise_all(&p, sizes, count);
		if (fit_curve(&p, sizes, others, count).exponent <= exponent + GROWTH_MARGIN / 2)
			return false;
	}
	return true;
}

bool growth_exceeds(const struct growth_data *d, double exponent, uint64_t seed, struct growth_fit *f)
{
	double costs[GROWTH_MOST];
	struct growth_fit measured;

	judged_costs(d, costs);
	if (!rises(d, costs, exponent, f) || (d->waited && !rises(d, d->costs, exponent, &measured)) ||
	    !least_rise(d, exponent) || !rises_without_any(d, costs, exponent))
		return false;
	*f = growth_fit_data(d, seed);
	return f->low > exponent + GROWTH_MARGIN && f->high - f->low < WIDEST;
}

double growth_at(const struct growth_fit *f, double size)
{
	return f->constant + f->factor * pow(size, f->exponent);
}

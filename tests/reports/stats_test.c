// stats: against sums taken over every labelling, and against what is known of it.
#include "harness.h"

#include "rng.h"
#include "stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST 64U

static void assert_near(double value, double expected, double by)
{
	if (!(fabs(value - expected) <= by))
		fail_msg("%.17g is not %.17g, by %g", value, expected, by);
}

struct sample {
	double base[MOST], head[MOST];
	struct stats_pairs pairs;
};

static double uniform(struct rng *r)
{
	return ((double)(rng_next(r) >> 11) + 0.5) * 0x1p-53;
}

static double normal(struct rng *r)
{
	return sqrt(-2 * log(uniform(r))) * cos(2 * M_PI * uniform(r));
}

// Head is base's distribution, `shift` higher; figures are rounded to multiples of `grain` where it is not 0.
static void draw(struct sample *s, size_t n, double shift, double grain, struct rng *r)
{
	for (size_t i = 0; i < n; i++) {
		s->base[i] = 0.05 * normal(r);
		s->head[i] = 0.05 * normal(r) + shift;
		if (grain > 0) {
			s->base[i] = grain * round(s->base[i] / grain);
			s->head[i] = grain * round(s->head[i] / grain);
		}
	}
	s->pairs = (struct stats_pairs){ s->base, s->head, n };
}

#define AROUND 5

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

// The sample as the procedure sees it: each pair less the median of the means of the pairs around it.
static struct sample aligned(const struct sample *s)
{
	const int n = (int)s->pairs.count;
	struct sample out = *s;

	for (int i = 0; i < n; i++) {
		double means[2 * AROUND + 1];
		size_t count = 0;

		for (int k = i - AROUND; k <= i + AROUND; k++)
			if (k >= 0 && k < n)
				means[count++] = (s->base[k] + s->head[k]) / 2;
		qsort(means, count, sizeof *means, by_size);
		out.base[i] -= (means[(count - 1) / 2] + means[count / 2]) / 2;
		out.head[i] -= (means[(count - 1) / 2] + means[count / 2]) / 2;
	}
	return out;
}

static double midrank(const struct sample *s, double value, double shift)
{
	double rank = 0.5;

	for (size_t i = 0; i < s->pairs.count; i++) {
		const double head = s->head[i] - shift;

		rank += s->base[i] < value ? 1 : s->base[i] == value ? 0.5 : 0;
		rank += head < value ? 1 : head == value ? 0.5 : 0;
	}
	return rank;
}

// P(rank sum of the heads >= the observed one) by trying all labellings.
static double by_all_labellings(const struct sample *s, double shift)
{
	const size_t n = s->pairs.count;
	double base[MOST], head[MOST], observed = 0, count = 0;

	for (size_t i = 0; i < n; i++) {
		base[i] = midrank(s, s->base[i], shift);
		head[i] = midrank(s, s->head[i] - shift, shift);
		observed += head[i];
	}
	for (size_t labels = 0; labels < (size_t)1 << n; labels++) {
		double sum = 0;

		for (size_t i = 0; i < n; i++)
			sum += (labels >> i & 1) != 0 ? base[i] : head[i];
		count += sum > observed - 0.25;
	}
	return count / (double)((size_t)1 << n);
}

CASE("stats: swap test counts what trying all labellings counts, with ties and without")
{
	struct stats_space *space = stats_space_new(MOST);
	struct sample s;
	struct rng r;

	rng_init(&r, 7);
	for (unsigned round = 0; round < 60; round++) {
		const size_t n = 1 + round % 12;

		draw(&s, n, 0.01 * (round % 5), round % 2 == 0 ? 0 : 0.03125, &r);
		const struct sample seen = aligned(&s);
		stats_use(space, &s.pairs);
		assert_near(stats_swap_test(space, 0, STATS_GREATER), by_all_labellings(&seen, 0), 1e-12);
		assert_near(stats_swap_test(space, 0.03125, STATS_GREATER), by_all_labellings(&seen, 0.03125),
		            1e-12);
	}
	stats_space_free(space);
}

CASE("stats: what drifts for base and head alike changes nothing when it is slow")
{
	struct stats_space *space = stats_space_new(MOST);
	struct sample s;
	struct rng r;
	double calm, low, high, drifting_low, drifting_high;

	rng_init(&r, 16);
	draw(&s, 40, 0.02, 0, &r);
	stats_use(space, &s.pairs);
	calm = stats_shift(space);
	stats_interval(space, 0.05, &low, &high);
	for (size_t i = 0; i < 40; i++) {
		s.base[i] += 0.01 * (double)i;
		s.head[i] += 0.01 * (double)i;
	}
	stats_use(space, &s.pairs);
	stats_interval(space, 0.05, &drifting_low, &drifting_high);
	assert_near(stats_shift(space), calm, 0.01);
	assert_true(drifting_high - drifting_low < 1.2 * (high - low));
	stats_space_free(space);
}

CASE("stats: p-values of the two sides mirror each other, and sum to more than one by what is equal")
{
	struct stats_space *space = stats_space_new(MOST);
	struct sample s, mirrored;
	struct rng r;

	rng_init(&r, 8);
	draw(&s, 20, 0.02, 0, &r);
	mirrored = s;
	mirrored.pairs = (struct stats_pairs){ mirrored.head, mirrored.base, 20 };
	stats_use(space, &s.pairs);
	const double greater = stats_swap_test(space, 0, STATS_GREATER);
	const double less = stats_swap_test(space, 0, STATS_LESS);
	const double both = stats_swap_test(space, 0, STATS_TWO_SIDED);
	stats_use(space, &mirrored.pairs);
	assert_near(stats_swap_test(space, 0, STATS_LESS), greater, 1e-12);
	assert_near(both, 2 * fmin(greater, less), 1e-12);
	assert_true(greater + less > 1);
	stats_space_free(space);
}

CASE("stats: normal distribution takes over from the exact one without a step")
{
	const size_t n = STATS_EXACT_PAIRS;
	struct stats_space *space = stats_space_new(n + 1);
	double *base = calloc(n + 1, sizeof *base), *head = calloc(n + 1, sizeof *head);
	struct stats_pairs exact = { base, head, n }, approximate = { base, head, n + 1 };
	struct rng r;

	rng_init(&r, 9);
	for (size_t i = 0; i <= n; i++) {
		base[i] = normal(&r);
		head[i] = normal(&r) + 0.2;
	}
	stats_use(space, &exact);
	const double p = stats_swap_test(space, 0, STATS_GREATER);
	stats_use(space, &approximate);
	assert_near(stats_swap_test(space, 0, STATS_GREATER), p, 0.02);
	free(base);
	free(head);
	stats_space_free(space);
}

CASE("stats: shift is the median of all differences, and the interval holds it")
{
	struct stats_space *space = stats_space_new(MOST);
	struct sample s;
	struct rng r;

	rng_init(&r, 10);
	for (size_t n = 1; n <= 24; n++) {
		double all[24 * 24], low, high;
		size_t count = 0;

		draw(&s, n, 0.04, n % 3 == 0 ? 0.03125 : 0, &r);
		const struct sample seen = aligned(&s);
		for (size_t b = 0; b < n; b++)
			for (size_t h = 0; h < n; h++)
				all[count++] = seen.head[h] - seen.base[b];
		qsort(all, count, sizeof *all, by_size);
		stats_use(space, &s.pairs);
		assert_near(stats_shift(space), (all[(count - 1) / 2] + all[count / 2]) / 2, 1e-9);
		const bool bounded = stats_interval(space, 0.05, &low, &high);
		assert_int_equal(bounded, n >= 6); // 2^-6 < .025
		assert_true(low <= stats_shift(space) && stats_shift(space) <= high);
	}
	stats_space_free(space);
}

CASE("stats: interval of 95 % holds the true shift in about 95 of 100 samples")
{
	struct stats_space *space = stats_space_new(MOST);
	struct sample s;
	struct rng r;
	unsigned held = 0;

	rng_init(&r, 11);
	for (unsigned round = 0; round < 2000; round++) {
		double low, high;

		draw(&s, 20, 0.05, 0, &r);
		stats_use(space, &s.pairs);
		assert_true(stats_interval(space, 0.05, &low, &high));
		held += low <= 0.05 && 0.05 <= high;
	}
	assert_in_range(held, 1880, 1960);
	stats_space_free(space);
}

CASE("stats: what is all equal has no shift, no noise and no small p")
{
	struct stats_space *space = stats_space_new(MOST);
	struct sample s;
	double low, high;

	for (size_t i = 0; i < 20; i++)
		s.base[i] = s.head[i] = 3;
	s.pairs = (struct stats_pairs){ s.base, s.head, 20 };
	stats_use(space, &s.pairs);
	assert_near(stats_shift(space), 0, 0);
	assert_near(stats_sigma(space), 0, 0);
	assert_near(stats_swap_test(space, 0, STATS_TWO_SIDED), 1, 0);
	assert_true(stats_interval(space, 0.05, &low, &high));
	assert_true(low == 0 && high == 0);
	for (size_t i = 0; i < 20; i++)
		s.head[i] = 4;
	stats_use(space, &s.pairs);
	assert_near(stats_shift(space), 1, 1e-9);
	assert_near(stats_swap_test(space, 0, STATS_GREATER), ldexp(1, -20), 1e-15);
	stats_space_free(space);
}

CASE("stats: one pair, and none, give an estimate but no judgement")
{
	struct stats_space *space = stats_space_new(1);
	double base = 1, head = 2, low, high;
	struct stats_pairs one = { &base, &head, 1 }, none = { 0 };
	struct stats_metric m[2] = { { .screen = one, .rule = stats_rule(STATS_ONE_STAGE, 0) },
		                     { .screen = none, .rule = stats_rule(STATS_ONE_STAGE, 0) } };

	stats_use(space, &one);
	assert_near(stats_shift(space), 1, 1e-9);
	assert_near(stats_swap_test(space, 0, STATS_GREATER), 0.5, 0);
	assert_false(stats_interval(space, 0.05, &low, &high));
	assert_true(isinf(low) && isinf(high));
	stats_use(space, &none);
	assert_near(stats_swap_test(space, 0, STATS_TWO_SIDED), 1, 0);
	assert_int_equal(stats_judge(STATS_ONE_STAGE, m, 2), 0);
	assert_int_equal(m[0].outcome, STATS_UNJUDGED);
	assert_int_equal(m[1].outcome, STATS_UNJUDGED);
	assert_int_equal(stats_judge(STATS_ONE_STAGE, NULL, 0), 0);
	stats_space_free(space);
}

CASE("stats: discoveries are those of Benjamini and Hochberg's own example")
{
	// Benjamini and Hochberg 1995, section 3.2: fifteen p-values, four found at .05.
	static const double p[] = { .0001, .0004, .0019, .0095, .0201, .0278, .0298, .0344,
		                    .0459, .3240, .4262, .5719, .6528, .7590, 1.000 };
	double shuffled[16];
	size_t order[16];
	bool found[16];

	for (size_t i = 0; i < 15; i++)
		shuffled[i] = p[i * 7 % 15];
	stats_discover(shuffled, 15, .05, order, found);
	for (size_t i = 0; i < 15; i++)
		assert_int_equal(found[i], i * 7 % 15 < 4);
	shuffled[15] = NAN;
	stats_discover(shuffled, 16, .05, order, found);
	assert_false(found[15]);
	stats_discover(shuffled, 0, .05, order, found);
}

CASE("stats: noise is that of one invocation, and outliers do not move it")
{
	struct stats_space *space = stats_space_new(MOST);
	struct sample s;
	struct rng r;
	double sum = 0;

	rng_init(&r, 12);
	for (unsigned round = 0; round < 400; round++) {
		draw(&s, 30, 0, 0, &r);
		s.head[3] += 50;
		stats_use(space, &s.pairs);
		sum += stats_sigma(space);
	}
	assert_near(sum / 400, 0.05, 0.005);
	assert_near(stats_detectable(0.05, 30), 0.09, 1e-12);
	assert_near(stats_detectable(0.001, 30), 0.04, 1e-12);
	assert_true(isinf(stats_detectable(0.05, 15)) && isinf(stats_detectable(NAN, 30)));
	stats_space_free(space);
}

struct night {
	struct sample screen, confirm;
};

static struct stats_metric metric_of(const struct night *n, enum stats_plan plan)
{
	return (struct stats_metric){ .screen = n->screen.pairs,
		                      .confirm = n->confirm.pairs,
		                      .rule = stats_rule(plan, 0) };
}

CASE("stats: a change is found by screen and confirmation, its direction told, and a passing one is not")
{
	struct night up, down, passing, same;
	struct stats_metric m[4];
	struct rng r;

	rng_init(&r, 13);
	draw(&up.screen, 20, 0.3, 0, &r);
	draw(&up.confirm, 30, 0.3, 0, &r);
	draw(&down.screen, 20, -0.3, 0, &r);
	draw(&down.confirm, 30, -0.3, 0, &r);
	draw(&passing.screen, 20, 0.3, 0, &r);
	draw(&passing.confirm, 30, -0.3, 0, &r);
	draw(&same.screen, 20, 0, 0, &r);
	m[0] = metric_of(&up, STATS_TWO_STAGES);
	m[1] = metric_of(&down, STATS_TWO_STAGES);
	m[2] = metric_of(&passing, STATS_TWO_STAGES);
	m[3] = (struct stats_metric){ .screen = same.screen.pairs, .rule = stats_rule(STATS_TWO_STAGES, 0) };
	assert_int_equal(stats_judge(STATS_TWO_STAGES, m, 4), 0);
	assert_int_equal(m[0].outcome, STATS_HIGHER);
	assert_int_equal(m[1].outcome, STATS_LOWER);
	assert_int_equal(m[2].outcome, STATS_UNDECIDED);
	assert_int_equal(m[3].outcome, STATS_UNCHANGED);
	assert_true(m[2].candidate && !m[3].candidate);
	assert_true(m[0].low < 0.3 && 0.3 < m[0].high);
}

// By that plan, with that threshold (0: the plan's own).
static enum stats_outcome outcome_of(const struct night *n, enum stats_plan plan, double threshold)
{
	struct stats_metric m = metric_of(n, plan);

	m.rule = stats_rule(plan, threshold);
	assert_int_equal(stats_judge(plan, &m, 1), 0);
	return m.outcome;
}

// Pairs that nothing confirms.
static void draw_once(struct night *n, size_t pairs, double shift, struct rng *r)
{
	draw(&n->screen, pairs, shift, 0, r);
	n->confirm.pairs = (struct stats_pairs){ 0 };
}

CASE("stats: a candidate without a confirmation is undecided, and too few pairs are not judged")
{
	struct night n;
	struct rng r;

	rng_init(&r, 14);
	draw_once(&n, 20, 0.3, &r);
	assert_int_equal(outcome_of(&n, STATS_TWO_STAGES, 0), STATS_UNDECIDED);
	draw_once(&n, STATS_LEAST_PAIRS - 1, 0.3, &r);
	assert_int_equal(outcome_of(&n, STATS_TWO_STAGES, 0), STATS_UNJUDGED);
	assert_int_equal(outcome_of(&n, STATS_ONE_STAGE, 0), STATS_UNJUDGED);
}

CASE("stats: a threshold of one's own, and runs one after the other, want more before they say so")
{
	struct night n;
	struct rng r;

	rng_init(&r, 15);
	draw_once(&n, 40, 0.08, &r);
	assert_int_equal(outcome_of(&n, STATS_ONE_STAGE, 0), STATS_HIGHER);
	assert_int_equal(outcome_of(&n, STATS_SEQUENTIAL, 0), STATS_UNDECIDED);
	assert_int_equal(outcome_of(&n, STATS_ONE_STAGE, 0.20), STATS_UNCHANGED);
}

// tail: what moves the figure and what does not.
#include "harness.h"

#include "rng.h"
#include "stats.h"
#include "tail.h"

#include <math.h>
#include <stdlib.h>

static double uniform(struct rng *r)
{
	return ((double)(rng_next(r) >> 11) + 0.5) * 0x1p-53;
}

// Latencies around `median_ns`, of which `tail_share` are three to thirty times that.
static void fill(struct hist *h, double median_ns, double tail_share, unsigned count, struct rng *r)
{
	hist_reset(h);
	for (unsigned i = 0; i < count; i++) {
		double v = median_ns * exp(0.1 * (uniform(r) + uniform(r) + uniform(r) - 1.5));

		if (uniform(r) < tail_share)
			v = median_ns * 3 * exp(uniform(r) * log(10));
		hist_record(h, (uint64_t)v);
	}
}

CASE("tail: constant latencies have none, and few latencies or none have no figure")
{
	struct hist *h = hist_new(3);

	hist_record_n(h, 5000, TAIL_LEAST_VALUES);
	assert_true(fabs(tail_weight(h) - 1) < 1e-9);
	hist_reset(h);
	assert_true(isnan(tail_weight(h)));
	hist_record_n(h, 5000, TAIL_LEAST_VALUES - 1);
	assert_true(isnan(tail_weight(h)));
	hist_reset(h);
	hist_record_n(h, 0, TAIL_LEAST_VALUES);
	assert_true(isnan(tail_weight(h)));
	hist_free(h);
}

CASE("tail: the same shape has the same figure at any speed, and more tail a greater one")
{
	struct hist *h = hist_new(3);
	struct rng r;
	double slow, fast, heavier;

	rng_init(&r, 1);
	fill(h, 1e4, 0.02, 20000, &r);
	fast = tail_weight(h);
	fill(h, 1e6, 0.02, 20000, &r);
	slow = tail_weight(h);
	fill(h, 1e4, 0.04, 20000, &r);
	heavier = tail_weight(h);
	assert_true(fabs(log(slow / fast)) < 0.05);
	assert_true(heavier > 1.2 * fast);
	hist_free(h);
}

CASE("tail: doubled tail mass is found by the procedure while the median stays")
{
	enum { PAIRS = 20 };
	double base[PAIRS], head[PAIRS];
	struct stats_metric m = { .screen = { base, head, PAIRS }, .rule = stats_rule(STATS_ONE_STAGE, 0) };
	struct hist *h = hist_new(3);
	struct rng r;

	rng_init(&r, 2);
	for (size_t i = 0; i < PAIRS; i++) {
		fill(h, 1e5, 0.01, 2000, &r);
		base[i] = log(tail_weight(h));
		fill(h, 1e5, 0.02, 2000, &r);
		head[i] = log(tail_weight(h));
	}
	assert_int_equal(stats_judge(STATS_ONE_STAGE, &m, 1), 0);
	assert_int_equal(m.outcome, STATS_HIGHER);
	hist_free(h);
}

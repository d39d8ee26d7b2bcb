// Slots of very different lifetimes: which one is replaced follows a Pareto distribution, so a few change all the
// time and most stay for long; sizes follow one too. After the description of alloc-test by S. Ignatchenko and
// D. Ivanchykhin.
#include "block.h"

#include <math.h>

enum { SLOTS, ROUNDS, LOW, HIGH, PERCENT };

static const struct workload_param params[] = {
	[SLOTS] = { "slots", 20000, 1, 100000000, false, "of each thread" },
	[ROUNDS] = { "rounds", 300000, 1, 1000000000, false,
	             "slots looked at; a full one is emptied, an empty one filled" },
	[LOW] = { "low", 16, 1, 1U << 20, true, "smallest block" },
	[HIGH] = { "high", 16384, 1, 1U << 26, true, "largest block" },
	[PERCENT] = { "percent", 80, 51, 99, false, "so much of the work falls on the rest to 100 of the slots" },
	{ 0 },
};

static const struct workload_case cases[] = {
	{ "", "", false },
	{ "large", "slots=300000 rounds=20000000", true },
	{ 0 },
};

struct pareto_slots {
	struct block *slots;
	double shape; // of the distribution: 1.16 for 80/20
};

static double unit_uniform(struct lane *l)
{
	return (double)((rng_next(&l->rng) >> 11) + 1) * 0x1p-53; // (0, 1]
}

// From 0 to limit - 1, bounded by drawing again.
static uint64_t pareto_below(struct lane *l, double shape, uint64_t limit)
{
	for (;;) {
		// values from 1 on, stretched so that a hundredth of the slots are as frequent as 1 to 2 are
		double x = (pow(unit_uniform(l), -1 / shape) - 1) * ((double)limit / 100 + 1);

		if (x < (double)limit)
			return (uint64_t)x;
	}
}

static void work(struct lane *l)
{
	const uint64_t low = bench_value(l->bench, LOW), high = bench_value(l->bench, HIGH);
	const uint64_t slots = bench_value(l->bench, SLOTS);
	struct pareto_slots *s = l->data;

	for (uint64_t i = 0; i < bench_value(l->bench, ROUNDS); i++) {
		struct block *b = &s->slots[pareto_below(l, s->shape, slots)];

		if (b->p != NULL)
			block_give(l, b);
		else
			block_take(l, b, low + pareto_below(l, s->shape, high - low + 1));
	}
	for (uint64_t i = 0; i < slots; i++)
		block_give(l, &s->slots[i]);
}

static int run(struct bench *b, struct err *e)
{
	struct pareto_slots *data = bench_array(b->lane_count, sizeof *data, e);
	const double share = (double)bench_value(b, PERCENT) / 100;

	if (bench_value(b, LOW) > bench_value(b, HIGH))
		return err_set(e, EINVAL, "alloc-test: low is above high");
	if (data == NULL || block_arrays(b, bench_value(b, SLOTS), e) < 0)
		return -ENOMEM;
	for (unsigned i = 0; i < b->lane_count; i++) {
		// the shape at which `share` of the whole is held by the first 1 - share
		data[i] = (struct pareto_slots){ b->lanes[i].data, 1 / (1 - log(share) / log(1 - share)) };
		b->lanes[i].data = &data[i];
	}
	return bench_run(b, work, e);
}

const struct workload workload_alloc_test = {
	.name = "alloc-test",
	.summary = "slots replaced by a Pareto distribution, with sizes of another",
	.params = params,
	.cases = cases,
	.threads = 1,
	.ops = OP_BIT(OP_MALLOC) | OP_BIT(OP_FREE),
	.run = run,
};

// A server: each thread has an array of blocks, and replaces one of them at random, again and again; then it ends,
// and a new thread goes on with its array. So most blocks are given back by another thread than took them
// ("bleeding"). After P. Larson and M. Krishnan, "Memory Allocation for Long-Running Server Applications"
// (ISMM 1998).
#include "block.h"

enum { SLOTS, LOW, HIGH, ROUNDS, GENERATIONS };

static const struct workload_param params[] = {
	[SLOTS] = { "slots", 1000, 1, 10000000, false, "blocks of a thread" },
	[LOW] = { "low", 8, 1, 1U << 26, true, "smallest block" },
	[HIGH] = { "high", 500, 1, 1U << 26, true, "largest block" },
	[ROUNDS] = { "rounds", 10000, 1, 1000000000, false, "blocks that a thread replaces before it ends" },
	[GENERATIONS] = { "generations", 20, 1, 1000000, false, "threads, one after another, for each array" },
	{ 0 },
};

static const struct workload_case cases[] = {
	{ "", "", false },
	{ "large", "generations=200 rounds=100000 high=1000", true },
	{ "8-threads", "threads=8 generations=50 rounds=50000", true },
	{ 0 },
};

struct server {
	struct block *slots;
	uint64_t generation;
};

static size_t any_size(struct lane *l)
{
	return lane_between(l, bench_value(l->bench, LOW), bench_value(l->bench, HIGH));
}

static void serve(struct lane *l)
{
	const uint64_t rounds = bench_value(l->bench, ROUNDS), slots = bench_value(l->bench, SLOTS);
	struct server *s = l->data;

	for (size_t i = 0; s->generation == 0 && i < slots; i++)
		block_take(l, &s->slots[i], any_size(l));
	for (uint64_t i = 0; i < rounds; i++) {
		struct block *slot = &s->slots[rng_below(&l->rng, slots)];

		block_give(l, slot);
		block_take(l, slot, any_size(l));
	}
	if (++s->generation < bench_value(l->bench, GENERATIONS)) {
		lane_hand_over(l, serve);
		return;
	}
	for (size_t i = 0; i < slots; i++)
		block_give(l, &s->slots[i]);
}

static int run(struct bench *b, struct err *e)
{
	struct server *servers = bench_array(b->lane_count, sizeof *servers, e);

	if (bench_value(b, LOW) > bench_value(b, HIGH))
		return err_set(e, EINVAL, "larson: low is above high");
	if (servers == NULL || block_arrays(b, bench_value(b, SLOTS), e) < 0)
		return -ENOMEM;
	for (unsigned i = 0; i < b->lane_count; i++) {
		servers[i].slots = b->lanes[i].data;
		b->lanes[i].data = &servers[i];
	}
	return bench_run(b, serve, e);
}

const struct workload workload_larson = {
	.name = "larson",
	.summary = "a server whose threads replace blocks at random and hand them to the next thread",
	.params = params,
	.cases = cases,
	.threads = 2,
	.ops = OP_BIT(OP_MALLOC) | OP_BIT(OP_FREE),
	.run = run,
};

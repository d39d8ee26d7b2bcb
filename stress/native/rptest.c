// Threads that take many blocks of random sizes, some aligned and some zeroed, give a part of them back, hand
// another part to their neighbour, who gives it back, and begin again. After the description of rpmalloc-benchmark
// by M. Jansson.
#include "block.h"

enum { ROUNDS, BLOCKS, LOW, HIGH, CROSS };

static const struct workload_param params[] = {
	[ROUNDS] = { "rounds", 20, 1, 1000000000, false, "times" },
	[BLOCKS] = { "blocks", 5000, 16, 10000000, false, "that a thread takes in a round" },
	[LOW] = { "low", 16, 1, 1U << 26, true, "smallest block" },
	[HIGH] = { "high", 8000, 1, 1U << 26, true, "largest block; small ones are more frequent" },
	[CROSS] = { "cross", 25, 0, 100, false, "percent that another thread gives back" },
	{ 0 },
};

static const struct workload_case cases[] = {
	{ "", "", false },
	{ "8-threads", "threads=8 rounds=300", true },
	{ 0 },
};

struct town {
	struct block **own, **sent; // of each lane; what was sent is for the next one
	pthread_barrier_t turn;
};

// The square of a uniform number: half of all blocks are in the first quarter of the range.
static size_t any_size(struct lane *l)
{
	const uint64_t low = bench_value(l->bench, LOW), range = bench_value(l->bench, HIGH) - low;
	const uint64_t x = rng_next(&l->rng) >> 48;

	return low + (range * x >> 16) * x / 65536;
}

static void take(struct lane *l, struct block *b)
{
	uint64_t way = rng_below(&l->rng, 16);

	if (way == 0)
		block_take_aligned(l, b, (size_t)16 << rng_below(&l->rng, 6), any_size(l));
	else if (way == 1)
		block_take_zeroed(l, b, any_size(l));
	else
		block_take(l, b, any_size(l));
}

static void work(struct lane *l)
{
	const uint64_t count = bench_value(l->bench, BLOCKS), cross = bench_value(l->bench, CROSS);
	const unsigned before = (l->index + l->bench->lane_count - 1) % l->bench->lane_count;
	struct town *t = l->data;
	struct block *own = t->own[l->index], *sent = t->sent[l->index];

	for (uint64_t round = 0; round < bench_value(l->bench, ROUNDS); round++) {
		for (uint64_t i = 0; i < count; i++) {
			sent[i].p = NULL;
			take(l, &own[i]);
			if (rng_below(&l->rng, 100) >= cross)
				continue;
			sent[i] = own[i];
			own[i].p = NULL;
		}
		for (uint64_t i = 0; i < count; i++) // in an order of its own
			block_give(l, &own[i * 7919 % count]);
		pthread_barrier_wait(&t->turn);
		for (uint64_t i = 0; i < count; i++)
			block_give(l, &t->sent[before][i]);
		pthread_barrier_wait(&t->turn);
		for (uint64_t i = 0; i < count; i++) // where count is a multiple of 7919
			block_give(l, &own[i]);
	}
}

static int make_town(struct bench *b, struct town *t, struct err *e)
{
	t->own = bench_array(b->lane_count, sizeof *t->own, e);
	t->sent = bench_array(b->lane_count, sizeof *t->sent, e);
	if (t->own == NULL || t->sent == NULL || block_arrays(b, 2 * bench_value(b, BLOCKS), e) < 0)
		return -ENOMEM;
	for (unsigned i = 0; i < b->lane_count; i++) {
		t->own[i] = b->lanes[i].data;
		t->sent[i] = t->own[i] + bench_value(b, BLOCKS);
		b->lanes[i].data = t;
	}
	return 0;
}

static int run(struct bench *b, struct err *e)
{
	struct town t = { 0 };
	int rc;

	if (bench_value(b, LOW) > bench_value(b, HIGH))
		return err_set(e, EINVAL, "rptest: low is above high");
	rc = make_town(b, &t, e);
	if (rc < 0)
		return rc;
	pthread_barrier_init(&t.turn, NULL, b->lane_count);
	rc = bench_run(b, work, e);
	pthread_barrier_destroy(&t.turn);
	return rc;
}

const struct workload workload_rptest = {
	.name = "rptest",
	.summary = "random sizes, some aligned or zeroed, a part of them given back by the neighbouring thread",
	.params = params,
	.cases = cases,
	.threads = 2,
	.ops = OP_BIT(OP_MALLOC) | OP_BIT(OP_FREE) | OP_BIT(OP_CALLOC) | OP_BIT(OP_MEMALIGN),
	.run = run,
};

// Batches of one size after another, small ones more often, in each of three ways to give them back: in the order
// they came, backwards, and every second one first. sh6bench: by the thread that took them; sh8bench: by its
// neighbour. After the descriptions of MicroQuill's SmartHeap benchmarks shbench 6 and 8.
#include "block.h"

enum { ROUNDS, LARGEST, BATCH };

static const struct workload_param params[] = {
	[ROUNDS] = { "rounds", 3, 1, 1000000, false, "times that all sizes are gone through" },
	[LARGEST] = { "largest", 1000, 8, 1U << 20, true, "the sizes are all from 1 to this" },
	[BATCH] = { "batch", 4000, 1, 1000000, false,
	            "blocks of size 1; of size n, an n-th of them, at least one" },
	{ 0 },
};

static const struct workload_case cases[] = {
	{ "", "", false },
	{ "4-threads", "threads=4 rounds=100", true },
	{ 0 },
};

static size_t batch_of(const struct bench *b, size_t size)
{
	size_t n = bench_value(b, BATCH) / size;

	return n > 0 ? n : 1;
}

static void take(struct lane *l, struct block *blocks, size_t size, size_t count)
{
	for (size_t i = 0; i < count; i++)
		block_take(l, &blocks[i], size);
}

static void give(struct lane *l, struct block *blocks, size_t count, uint64_t way)
{
	if (way % 3 == 0)
		for (size_t i = 0; i < count; i++)
			block_give(l, &blocks[i]);
	else if (way % 3 == 1)
		for (size_t i = count; i > 0; i--)
			block_give(l, &blocks[i - 1]);
	else
		for (size_t first = 0; first < 2; first++)
			for (size_t i = first; i < count; i += 2)
				block_give(l, &blocks[i]);
}

static void work_alone(struct lane *l)
{
	const size_t largest = bench_value(l->bench, LARGEST);

	for (uint64_t round = 0; round < bench_value(l->bench, ROUNDS); round++)
		for (size_t size = 1; size <= largest; size++) {
			take(l, l->data, size, batch_of(l->bench, size));
			give(l, l->data, batch_of(l->bench, size), round + size);
		}
}

static int run_alone(struct bench *b, struct err *e)
{
	int rc = block_arrays(b, bench_value(b, BATCH), e);

	return rc < 0 ? rc : bench_run(b, work_alone, e);
}

const struct workload workload_sh6bench = {
	.name = "sh6bench",
	.summary =
	        "batches of every size from 1, given back first in first out, backwards and every second one first",
	.params = params,
	.cases = cases,
	.threads = 1,
	.ops = OP_BIT(OP_MALLOC) | OP_BIT(OP_FREE),
	.run = run_alone,
};

// ---- across threads -------------------------------------------------------------------------------------------

// A batch for each size, filled by one lane and emptied by the next.
struct ring {
	struct block **batches;
	pthread_barrier_t turn;
};

static void work_across(struct lane *l)
{
	const size_t largest = bench_value(l->bench, LARGEST);
	const unsigned neighbour = (l->index + 1) % l->bench->lane_count;
	struct ring *r = l->data;

	for (uint64_t round = 0; round < bench_value(l->bench, ROUNDS); round++)
		for (size_t size = 1; size <= largest; size++) {
			take(l, r->batches[l->index], size, batch_of(l->bench, size));
			pthread_barrier_wait(&r->turn);
			give(l, r->batches[neighbour], batch_of(l->bench, size), round + size);
			pthread_barrier_wait(&r->turn);
		}
}

static int run_across(struct bench *b, struct err *e)
{
	struct ring r = { .batches = bench_array(b->lane_count, sizeof(struct block *), e) };
	int rc = r.batches == NULL ? -ENOMEM : block_arrays(b, bench_value(b, BATCH), e);

	if (rc < 0)
		return rc;
	for (unsigned i = 0; i < b->lane_count; i++) {
		r.batches[i] = b->lanes[i].data;
		b->lanes[i].data = &r;
	}
	pthread_barrier_init(&r.turn, NULL, b->lane_count);
	rc = bench_run(b, work_across, e);
	pthread_barrier_destroy(&r.turn);
	return rc;
}

const struct workload workload_sh8bench = {
	.name = "sh8bench",
	.summary = "as sh6bench, but each batch is given back by another thread",
	.params = params,
	.cases = cases,
	.threads = 2,
	.ops = OP_BIT(OP_MALLOC) | OP_BIT(OP_FREE),
	.run = run_across,
};

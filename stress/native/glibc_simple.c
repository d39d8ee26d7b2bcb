// Blocks of one size, all taken, then all given back in the order they came: what a thread cache is best at.
// After the benchmark malloc-simple of the GNU C library, and with several threads malloc-thread.
#include "block.h"

enum { ROUNDS, BLOCKS, SIZE };

static const struct workload_param params[] = {
	[ROUNDS] = { "rounds", 20000, 1, 1000000000, false, "times that all blocks are taken and given back" },
	[BLOCKS] = { "blocks", 100, 1, 1000000, false, "live at a time, for each thread" },
	[SIZE] = { "size", 64, 1, 1U << 26, true, "of a block" },
	{ 0 },
};

static const struct workload_case cases[] = {
	{ "", "", false },
	{ "1600x1k", "rounds=20000 blocks=1600 size=1K", true },
	{ "4-threads", "rounds=400000 threads=4", true },
	{ 0 },
};

static void work(struct lane *l)
{
	const uint64_t rounds = bench_value(l->bench, ROUNDS), count = bench_value(l->bench, BLOCKS);
	const size_t size = bench_value(l->bench, SIZE);
	struct block *blocks = l->data;

	for (uint64_t round = 0; round < rounds; round++) {
		for (size_t i = 0; i < count; i++)
			block_take(l, &blocks[i], size);
		for (size_t i = 0; i < count; i++)
			block_give(l, &blocks[i]);
	}
}

static int run(struct bench *b, struct err *e)
{
	int rc = block_arrays(b, bench_value(b, BLOCKS), e);

	return rc < 0 ? rc : bench_run(b, work, e);
}

const struct workload workload_glibc_simple = {
	.name = "glibc-simple",
	.summary = "blocks of one size, taken and given back first in, first out",
	.params = params,
	.cases = cases,
	.threads = 1,
	.ops = OP_BIT(OP_MALLOC) | OP_BIT(OP_FREE),
	.run = run,
};

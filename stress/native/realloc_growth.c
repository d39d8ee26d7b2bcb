// Arrays that grow beside each other by realloc, as vectors and strings do, until each is full and begins again;
// the content must move along.
#include "block.h"

enum { ARRAYS, ROUNDS, FIRST, LAST, PERCENT };

static const struct workload_param params[] = {
	[ARRAYS] = { "arrays", 50, 1, 1000000, false, "that grow beside each other, for each thread" },
	[ROUNDS] = { "rounds", 20000, 1, 1000000000, false, "growths" },
	[FIRST] = { "first", 16, 1, 1U << 20, true, "size at which an array begins" },
	[LAST] = { "last", 262144, 16, 1U << 30, true, "size at which it has ended" },
	[PERCENT] = { "percent", 50, 1, 1000, false, "by which it grows each time; at least 16 bytes" },
	{ 0 },
};

static const struct workload_case cases[] = {
	{ "", "", false },
	{ "append", "percent=1 last=64K rounds=100000", true },
	{ "large", "last=64M arrays=8 rounds=20000", true },
	{ 0 },
};

static size_t next_size(const struct bench *b, size_t size)
{
	size_t more = size * bench_value(b, PERCENT) / 100;

	return size + (more < 16 ? 16 : more);
}

static void work(struct lane *l)
{
	const uint64_t arrays = bench_value(l->bench, ARRAYS);
	struct block *all = l->data;

	for (uint64_t i = 0; i < bench_value(l->bench, ROUNDS); i++) {
		struct block *b = &all[rng_below(&l->rng, arrays)];

		if (b->p == NULL)
			block_take(l, b, bench_value(l->bench, FIRST));
		else if (b->size < bench_value(l->bench, LAST))
			block_resize(l, b, next_size(l->bench, b->size));
		else
			block_give(l, b);
	}
	for (uint64_t i = 0; i < arrays; i++)
		block_give(l, &all[i]);
}

static int run(struct bench *b, struct err *e)
{
	int rc = block_arrays(b, bench_value(b, ARRAYS), e);

	return rc < 0 ? rc : bench_run(b, work, e);
}

const struct workload workload_realloc_growth = {
	.name = "realloc-growth",
	.summary = "arrays that grow beside each other by realloc",
	.params = params,
	.cases = cases,
	.threads = 1,
	.ops = OP_BIT(OP_MALLOC) | OP_BIT(OP_FREE) | OP_BIT(OP_REALLOC),
	.run = run,
};

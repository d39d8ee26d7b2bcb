// What measuring costs: the loop of glibc-simple with calls that do nothing in malloc's place. Its figures are the
// floor of all others'.
#include "block.h"

enum { ROUNDS, BLOCKS, SIZE };

static const struct workload_param params[] = {
	[ROUNDS] = { "rounds", 20000, 1, 1000000000, false, "times that all blocks are taken and given back" },
	[BLOCKS] = { "blocks", 100, 1, 1000000, false, "live at a time, for each thread" },
	[SIZE] = { "size", 64, 8, 1U << 20, true, "of a block" },
	{ 0 },
};

static const struct workload_case cases[] = { { "", "", false }, { 0 } };

struct nop_data {
	struct block *blocks;
	char *memory;
};

// Calls, as malloc and free are.
__attribute__((noinline)) static void *nop_malloc(char *memory, size_t at)
{
	__asm__ volatile("" ::: "memory");
	return memory + at;
}

__attribute__((noinline)) static void nop_free(void *p)
{
	__asm__ volatile("" ::"r"(p) : "memory");
}

static void work(struct lane *l)
{
	const uint64_t rounds = bench_value(l->bench, ROUNDS), count = bench_value(l->bench, BLOCKS);
	const size_t size = bench_value(l->bench, SIZE), stride = (size + 15) & ~(size_t)15;
	struct nop_data *d = l->data;

	for (uint64_t round = 0; round < rounds; round++) {
		for (size_t i = 0; i < count; i++) {
			void *p;
			LANE_TIMED(l, OP_NOP, p = nop_malloc(d->memory, i * stride));
			block_taken(l, &d->blocks[i], p, size);
		}
		for (size_t i = 0; i < count; i++) {
			block_verify(l, &d->blocks[i]);
			lane_live(l, -(int64_t)size);
			LANE_TIMED(l, OP_NOP, nop_free(d->blocks[i].p));
		}
	}
}

static int run(struct bench *b, struct err *e)
{
	const size_t count = bench_value(b, BLOCKS), size = bench_value(b, SIZE);
	struct nop_data *data = bench_array(b->lane_count, sizeof *data, e);

	if (data == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < b->lane_count; i++) {
		data[i].blocks = bench_array(count, sizeof *data[i].blocks, e);
		data[i].memory = bench_array(count, (size + 15) & ~(size_t)15, e);
		if (data[i].blocks == NULL || data[i].memory == NULL)
			return -ENOMEM;
		b->lanes[i].data = &data[i];
	}
	return bench_run(b, work, e);
}

const struct workload workload_nop = {
	.name = "nop",
	.summary = "calls that do nothing in malloc's place: what measuring itself costs",
	.params = params,
	.cases = cases,
	.threads = 1,
	.ops = OP_BIT(OP_NOP),
	.run = run,
};

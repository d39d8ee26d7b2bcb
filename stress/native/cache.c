// False sharing: blocks of different threads in one cache line, which each thread then writes to again and again.
// cache-thrash: each thread's own allocations bring it about (active). cache-scratch: all first blocks are taken
// by one thread and given back by the others, so that an allocator that hands them out again keeps the line shared
// (passive). After E. Berger et al., "Hoard: A Scalable Memory Allocator for Multithreaded Applications"
// (ASPLOS 2000).
#include "block.h"

enum { ROUNDS, SIZE, WRITES };

static const struct workload_param params[] = {
	[ROUNDS] = { "rounds", 200, 1, 1000000000, false, "blocks that a thread takes, one after another" },
	[SIZE] = { "size", 8, 1, 1U << 20, true, "of a block" },
	[WRITES] = { "writes", 20000, 1, 1000000000, false, "to each byte's turn of a block" },
	{ 0 },
};

static const struct workload_case cases[] = {
	{ "", "", false },
	{ "4-threads", "threads=4 rounds=5000", true },
	{ 0 },
};

// What the byte at `at` is after so many writes to each byte's turn, when it was `before`.
static unsigned char after_writes(unsigned char before, uint64_t writes, size_t size, size_t at)
{
	return (unsigned char)(before + writes / size + (at < writes % size));
}

// Its neighbours in the line are other threads' blocks: none of their writes may be found in it.
static void write_to(struct lane *l, struct block *b)
{
	const uint64_t writes = bench_value(l->bench, WRITES);
	const size_t end = b->size - 1;
	volatile unsigned char *p = b->p;
	unsigned char first, last;

	if (p == NULL)
		return;
	first = p[0];
	last = p[end];
	for (uint64_t i = 0; i < writes; i++)
		p[i % b->size]++;
	if (p[0] != after_writes(first, writes, b->size, 0) || p[end] != after_writes(last, writes, b->size, end))
		lane_bad(l, "%u bytes at %p were written to by another thread as well", b->size, b->p);
	l->units += writes;
	block_stamp(b, l->full_check);
}

static void thrash(struct lane *l)
{
	for (uint64_t i = 0; i < bench_value(l->bench, ROUNDS); i++) {
		struct block b;

		block_take(l, &b, bench_value(l->bench, SIZE));
		write_to(l, &b);
		block_give(l, &b);
	}
}

static int run_thrash(struct bench *b, struct err *e)
{
	return bench_run(b, thrash, e);
}

const struct workload workload_cache_thrash = {
	.name = "cache-thrash",
	.summary =
	        "each thread writes to small blocks that it took itself: false sharing that the allocator makes",
	.unit = "writes",
	.params = params,
	.cases = cases,
	.threads = 2,
	.ops = OP_BIT(OP_MALLOC) | OP_BIT(OP_FREE),
	.run = run_thrash,
};

// All first blocks by the first lane; the others wait for it.
struct scratch {
	struct block *first;
	pthread_barrier_t taken;
};

static void scratch(struct lane *l)
{
	struct scratch *s = l->data;

	for (unsigned i = 0; l->index == 0 && i < l->bench->lane_count; i++)
		block_take(l, &s->first[i], bench_value(l->bench, SIZE));
	pthread_barrier_wait(&s->taken);
	write_to(l, &s->first[l->index]);
	block_give(l, &s->first[l->index]);
	thrash(l);
}

static int run_scratch(struct bench *b, struct err *e)
{
	struct scratch s = { .first = bench_array(b->lane_count, sizeof(struct block), e) };
	int rc;

	if (s.first == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < b->lane_count; i++)
		b->lanes[i].data = &s;
	pthread_barrier_init(&s.taken, NULL, b->lane_count);
	rc = bench_run(b, scratch, e);
	pthread_barrier_destroy(&s.taken);
	return rc;
}

const struct workload workload_cache_scratch = {
	.name = "cache-scratch",
	.summary =
	        "threads give back neighbouring blocks of another thread and go on writing to small ones: false sharing "
	        "that the allocator keeps",
	.unit = "writes",
	.params = params,
	.cases = cases,
	.threads = 2,
	.ops = OP_BIT(OP_MALLOC) | OP_BIT(OP_FREE),
	.run = run_scratch,
};

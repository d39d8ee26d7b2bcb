// Phases: in each, threads that are made anew take and give back blocks of very different sizes, keep some to the
// end of their lives, put some where other threads find them, and die; what is in the common slots survives the
// phase. After the description of mimalloc's stress test by D. Leijen.
#include "block.h"

enum { PHASES, SCALE, KEEP, SHARED, LARGE };

static const struct workload_param params[] = {
	[PHASES] = { "phases", 8, 1, 1000000, false, "times that all threads begin and die" },
	[SCALE] = { "scale", 40000, 1, 1000000000, false, "blocks that a thread takes in a phase" },
	[KEEP] = { "keep", 10000, 1, 10000000, false, "blocks that a thread holds" },
	[SHARED] = { "shared", 1000, 1, 1000000, false, "common slots" },
	[LARGE] = { "large", 1000, 1, 1000000000, false, "one block in so many is 64 to 1024 times as large" },
	{ 0 },
};

static const struct workload_case cases[] = {
	{ "", "", false },
	{ "8-threads", "threads=8 phases=50", true },
	{ 0 },
};

struct common {
	struct block **slots; // each a box, full or empty, that whoever swaps it out owns
	struct block *boxes;
};

struct stress {
	struct block *kept;
	struct block *box; // an empty one
	struct common *common;
};

// Small ones are frequent: powers of two up to 4 KiB, each half as often as the one before.
static size_t any_size(struct lane *l)
{
	uint64_t bits = rng_next(&l->rng);
	unsigned power = (unsigned)__builtin_ctzll(bits | 1U << 8);
	size_t size = (8U << power) + (bits >> 32) % (8U << power);

	if (rng_below(&l->rng, bench_value(l->bench, LARGE)) == 0)
		size *= 64U << rng_below(&l->rng, 5);
	return size;
}

// What someone has put there comes out in its place.
static void share(struct lane *l, struct stress *s)
{
	struct block **slot = &s->common->slots[rng_below(&l->rng, bench_value(l->bench, SHARED))];

	block_take(l, s->box, any_size(l));
	s->box = __atomic_exchange_n(slot, s->box, __ATOMIC_ACQ_REL);
	block_give(l, s->box);
}

static void work(struct lane *l)
{
	const uint64_t keep = bench_value(l->bench, KEEP), scale = bench_value(l->bench, SCALE);
	struct stress *s = l->data;

	for (uint64_t i = 0; i < scale; i++) {
		struct block *b = &s->kept[rng_below(&l->rng, keep)];
		uint64_t what = rng_below(&l->rng, 16);

		if (what == 0) {
			share(l, s);
		} else if (what < 3 && b->p != NULL) {
			block_resize(l, b, any_size(l));
		} else {
			block_give(l, b);
			if (what < 5)
				block_take_zeroed(l, b, any_size(l));
			else if (what < 13)
				block_take(l, b, any_size(l));
		}
	}
	for (uint64_t i = 0; i < keep; i++)
		block_give(l, &s->kept[i]);
}

static int make_data(struct bench *b, struct common *c, struct stress *stress, struct err *e)
{
	const size_t shared = bench_value(b, SHARED);

	c->slots = bench_array(shared, sizeof *c->slots, e);
	c->boxes = bench_array(shared + b->lane_count, sizeof *c->boxes, e);
	if (c->slots == NULL || c->boxes == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < shared; i++)
		c->slots[i] = &c->boxes[b->lane_count + i];
	for (unsigned i = 0; i < b->lane_count; i++) {
		stress[i] = (struct stress){ bench_array(bench_value(b, KEEP), sizeof(struct block), e),
			                     &c->boxes[i], c };
		if (stress[i].kept == NULL)
			return -ENOMEM;
		b->lanes[i].data = &stress[i];
	}
	return 0;
}

// At the very end, by the first lane.
static void clear(struct lane *l)
{
	const struct stress *s = l->data;

	for (uint64_t i = 0; l->index == 0 && i < bench_value(l->bench, SHARED); i++)
		block_give(l, s->common->slots[i]);
}

static int run(struct bench *b, struct err *e)
{
	struct stress *stress = bench_array(b->lane_count, sizeof *stress, e);
	struct common common;
	int rc = stress == NULL ? -ENOMEM : make_data(b, &common, stress, e);

	for (uint64_t phase = 0; rc == 0 && phase < bench_value(b, PHASES); phase++)
		rc = bench_run(b, work, e);
	return rc < 0 ? rc : bench_run(b, clear, e);
}

const struct workload workload_mstress = {
	.name = "mstress",
	.summary = "phases of dying threads that hold, share and resize blocks of all sizes",
	.params = params,
	.cases = cases,
	.threads = 2,
	.ops = OP_BIT(OP_MALLOC) | OP_BIT(OP_FREE) | OP_BIT(OP_CALLOC) | OP_BIT(OP_REALLOC),
	.run = run,
};

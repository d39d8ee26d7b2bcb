// A peak of one size, of which nine tenths go at random, and then blocks of another size: what of the freed memory
// is given back, and what of it serves the other size. Many slabs are left with a block or two each.
#include "block.h"

enum { BYTES, SIZE, OTHER, KEEP, CYCLES };

static const struct workload_param params[] = {
	[BYTES] = { "bytes", 32U << 20, 1U << 16, UINT64_C(1) << 36, true,
	            "live at the peak, of all threads together" },
	[SIZE] = { "size", 64, 1, 1U << 20, true, "of a block at first" },
	[OTHER] = { "other", 208, 1, 1U << 20, true, "of the blocks that follow" },
	[KEEP] = { "keep", 10, 0, 100, false, "percent that stay" },
	[CYCLES] = { "cycles", 1, 1, 1000, false, "times; with several, what is retained may pile up" },
	{ 0 },
};

static const struct workload_case cases[] = {
	{ "", "", false },
	{ "large", "bytes=512M cycles=4", true },
	{ "to-pages", "bytes=64M other=4K", true },
	{ 0 },
};

struct heap {
	struct block *first, *second;
	uint64_t first_count, second_count;
};

static void fill(struct lane *l)
{
	struct heap *h = l->data;

	for (uint64_t i = 0; i < h->first_count; i++)
		block_take(l, &h->first[i], bench_value(l->bench, SIZE));
}

static void thin_out(struct lane *l)
{
	const struct heap *h = l->data;

	for (uint64_t i = 0; i < h->first_count; i++)
		if (rng_below(&l->rng, 100) >= bench_value(l->bench, KEEP))
			block_give(l, &h->first[i]);
}

static void fill_other(struct lane *l)
{
	struct heap *h = l->data;

	for (uint64_t i = 0; i < h->second_count; i++)
		block_take(l, &h->second[i], bench_value(l->bench, OTHER));
}

static void clear(struct lane *l)
{
	struct heap *h = l->data;

	for (uint64_t i = 0; i < h->first_count; i++)
		block_give(l, &h->first[i]);
	for (uint64_t i = 0; i < h->second_count; i++)
		block_give(l, &h->second[i]);
}

static int make_heaps(struct bench *b, struct heap *heaps, struct err *e)
{
	const uint64_t share = bench_value(b, BYTES) / b->lane_count;
	const uint64_t freed = share / 100 * (100 - bench_value(b, KEEP));

	for (unsigned i = 0; i < b->lane_count; i++) {
		struct heap *h = &heaps[i];

		h->first_count = share / bench_value(b, SIZE);
		h->second_count = freed / bench_value(b, OTHER);
		h->first = bench_array(h->first_count, sizeof *h->first, e);
		h->second = bench_array(h->second_count, sizeof *h->second, e);
		if (h->first == NULL || h->second == NULL)
			return -ENOMEM;
		// our own pages are there from the beginning, and none of the allocator's
		for (uint64_t k = 0; k < h->first_count; k++)
			h->first[k] = (struct block){ 0 };
		for (uint64_t k = 0; k < h->second_count; k++)
			h->second[k] = (struct block){ 0 };
		b->lanes[i].data = h;
	}
	return 0;
}

static double above(uint64_t value, uint64_t base)
{
	return value > base ? (double)(value - base) : 0;
}

static int one_cycle(struct bench *b, uint64_t base, bool last, struct err *e)
{
	uint64_t full, thinned, refilled;
	int rc = bench_run(b, fill, e);

	full = bench_rss(b);
	rc = rc < 0 ? rc : bench_run(b, thin_out, e);
	thinned = bench_rss(b);
	rc = rc < 0 ? rc : bench_run(b, fill_other, e);
	refilled = bench_rss(b);
	rc = rc < 0 ? rc : bench_run(b, clear, e);
	if (!last || rc < 0)
		return rc;
	bench_gauge(b, "rss_full", above(full, base), "bytes");
	bench_gauge(b, "rss_thinned", above(thinned, base), "bytes");
	bench_gauge(b, "rss_refilled", above(refilled, base), "bytes");
	bench_gauge(b, "rss_cleared", above(bench_rss(b), base), "bytes");
	if (full > base) {
		bench_gauge(b, "retained", above(thinned, base) / above(full, base), "ratio");
		bench_gauge(b, "refill_growth", above(refilled, base) / above(full, base), "ratio");
	}
	return rc;
}

static int run(struct bench *b, struct err *e)
{
	const uint64_t cycles = bench_value(b, CYCLES);
	struct heap *heaps = bench_array(b->lane_count, sizeof *heaps, e);
	int rc = heaps == NULL ? -ENOMEM : make_heaps(b, heaps, e);
	const uint64_t base = bench_rss(b);

	b->base_rss = base; // with our own arrays in it
	for (uint64_t i = 0; rc == 0 && i < cycles; i++)
		rc = one_cycle(b, base, i + 1 == cycles, e);
	return rc;
}

const struct workload workload_retention = {
	.name = "retention",
	.summary = "a peak of one size, nine tenths of it given back at random, then blocks of another size",
	.params = params,
	.cases = cases,
	.threads = 1,
	.ops = OP_BIT(OP_MALLOC) | OP_BIT(OP_FREE),
	.run = run,
};

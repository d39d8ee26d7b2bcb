// What recording into a histogram and merging two of them cost, beside an atomic add and a reading of the clock,
// all in one run: hist_bench [--quick]. Each figure is the median of the rounds, which take turns.
#include "clock.h"
#include "hist.h"
#include "rng.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUES 4096U // a power of two; drawn beforehand, so that drawing is not measured

struct bench {
	uint64_t values[VALUES];
	struct hist *h, *other;
	uint64_t shared; // of the atomic add
	uint64_t sink;
};

struct work {
	const char *name;
	void (*run)(struct bench *b, size_t times);
	size_t times;   // per round
	double goal_ns; // 0: none
};

static void record(struct bench *b, size_t times)
{
	for (size_t i = 0; i < times; i++)
		hist_record(b->h, b->values[i % VALUES]);
}

static void atomic_add(struct bench *b, size_t times)
{
	for (size_t i = 0; i < times; i++)
		__atomic_fetch_add(&b->shared, b->values[i % VALUES], __ATOMIC_RELAXED);
}

static void read_clock(struct bench *b, size_t times)
{
	for (size_t i = 0; i < times; i++)
		b->sink += clock_now_ns();
}

static void merge(struct bench *b, size_t times)
{
	for (size_t i = 0; i < times; i++)
		if (hist_merge(b->h, b->other) < 0)
			abort();
}

static void percentile(struct bench *b, size_t times)
{
	for (size_t i = 0; i < times; i++)
		b->sink += hist_percentile(b->other, 99.9);
}

static void encode(struct bench *b, size_t times)
{
	struct buf text = { 0 };

	for (size_t i = 0; i < times; i++) {
		buf_clear(&text);
		if (hist_encode(b->other, &text) < 0)
			abort();
	}
	b->sink += text.len;
	buf_deinit(&text);
}

static const struct work works[] = {
	{ "hist_record", record, 1000000, 2.5 },         { "atomic add", atomic_add, 1000000, 0 },
	{ "clock_now_ns", read_clock, 200000, 0 },       { "hist_merge, whole range", merge, 200, 10000 },
	{ "hist_percentile(99.9)", percentile, 200, 0 }, { "hist_encode, whole range", encode, 4, 0 },
};
#define WORKS (sizeof works / sizeof works[0])
#define ROUNDS 41U

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static bool prepare(struct bench *b)
{
	struct rng rng;

	rng_init(&rng, 1);
	b->h = hist_new(3);
	b->other = hist_new(3);
	if (b->h == NULL || b->other == NULL)
		return false;
	for (size_t i = 0; i < VALUES; i++)
		b->values[i] = rng_next(&rng) >> (40 + rng_below(&rng, 12)); // latencies up to 16 ms
	for (size_t i = 0; i < 100000; i++)
		hist_record(b->other, rng_next(&rng) >> (22 + rng_below(&rng, 42)));
	return true;
}

int main(int argc, char **argv)
{
	bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
	unsigned rounds = quick ? 3 : ROUNDS;
	double ns[WORKS][ROUNDS];
	struct bench b = { 0 };

	if (!prepare(&b))
		return 1;
	for (unsigned round = 0; round < rounds; round++)
		for (size_t w = 0; w < WORKS; w++) {
			uint64_t begin = clock_now_ns();
			works[w].run(&b, works[w].times);
			ns[w][round] = (double)(clock_now_ns() - begin) / (double)works[w].times;
		}
	printf("%-26s %10s %10s\n", "", "ns", "goal");
	for (size_t w = 0; w < WORKS; w++) {
		qsort(ns[w], rounds, sizeof ns[w][0], by_size);
		printf("%-26s %10.2f", works[w].name, ns[w][rounds / 2]);
		if (works[w].goal_ns > 0)
			printf(" %10.1f", works[w].goal_ns);
		putchar('\n');
	}
	printf("%u rounds; %zu bytes a histogram of 3 digits; %llu\n", rounds, sizeof *b.h + b.h->slots * 8,
	       (unsigned long long)(b.sink & 1U));
	hist_free(b.h);
	hist_free(b.other);
	return 0;
}

#include "harness.h"

#include "growth.h"

#include <stdlib.h>
#include <string.h>

#define POINTS 6U

// A kernel's tests of these sizes, whose medians are `costs` in ns.
struct family {
	struct result results[POINTS];
	struct view_test tests[POINTS];
	struct view view;
};

static void make(struct family *f, const char *declared, const uint64_t *sizes, const double *costs, size_t count)
{
	*f = (struct family){ .view = { .tests = f->tests, .count = count } };
	for (size_t i = 0; i < count; i++) {
		struct hist *h = hist_new(3);
		for (unsigned k = 0; k < 20; k++)
			hist_record(h, (uint64_t)(costs[i] * (1 + 0.002 * k)));
		f->results[i] = (struct result){ .as_expected = true, .growth = strdup(declared) };
		f->tests[i] = (struct view_test){ .r = &f->results[i],
			                          .id = "",
			                          .kind = "recursion",
			                          .kernel = "countdown",
			                          .target = "vm",
			                          .size = sizes[i],
			                          .has_size = true,
			                          .hist = h };
	}
}

static void release(struct family *f)
{
	for (size_t i = 0; i < f->view.count; i++) {
		free(f->results[i].growth);
		hist_free((struct hist *)(uintptr_t)f->tests[i].hist);
	}
}

static bool is_over(const char *declared, const uint64_t *sizes, const double *costs, size_t count)
{
	struct family f;
	struct growth g;

	make(&f, declared, sizes, costs, count);
	assert_true(growth_points(&f.view, 0, GROWTH_TIME, &g));
	assert_int_equal(g.count, count);
	bool over = growth_is_over(&g);
	assert_int_equal(growth_count_over(&f.view), over);
	release(&f);
	return over;
}

CASE("growth: a countdown that takes 7.9 ms at 1000 and 144.9 ms at 5000 is too fast for n, and not for n^2")
{
	static const uint64_t sizes[] = { 1000, 5000 };
	static const double costs[] = { 7.9e6, 144.9e6 };

	assert_true(is_over("n", sizes, costs, 2));
	assert_false(is_over("n^2", sizes, costs, 2));
	assert_false(is_over("2^n", sizes, costs, 2));
	assert_false(is_over("", sizes, costs, 2));
}

CASE("growth: one step between two sizes is no growth")
{
	static const uint64_t sizes[] = { 300, 520, 900, 1600, 2800, 5000 };
	static const double step[] = { 5e3, 8.6e3, 15e3, 80e3, 143e3, 255e3 };

	assert_false(is_over("n", sizes, step, 6));
}

CASE("growth: sizes that lie close together are not judged")
{
	static const uint64_t sizes[] = { 1000, 2000 };
	static const double costs[] = { 1e6, 9e6 };

	assert_false(is_over("n", sizes, costs, 2));
}

CASE("growth: the words say where it happened, and how much")
{
	static const uint64_t sizes[] = { 1000, 5000 };
	static const double costs[] = { 7.9e6, 144.9e6 };
	struct family f;
	struct growth g;

	make(&f, "n", sizes, costs, 2);
	assert_true(growth_points(&f.view, 0, GROWTH_TIME, &g));
	growth_judge(&g);
	const char *words = growth_words(&f.view.arena, &g);
	assert_non_null(strstr(words, "countdown on vm: time grows like n^1.8"));
	assert_non_null(strstr(words, "from 1,000 to 5,000, where n is right"));
	assert_non_null(strstr(words, "5 times the size takes 18.3 times as long"));
	arena_deinit(&f.view.arena);
	release(&f);
}

CASE("growth: the formula is named that fits best, the simplest of those")
{
	static const uint64_t sizes[] = { 100, 200, 400, 800, 1600, 3200 };
	double linear[6], square[6], flat[6];
	struct family f;
	struct growth g;

	for (size_t i = 0; i < 6; i++) {
		double wobble = 1 + (i % 2 == 0 ? 0.01 : -0.01);
		linear[i] = wobble * (5000 + 40 * (double)sizes[i]);
		square[i] = wobble * (5000 + 3 * (double)sizes[i] * (double)sizes[i]);
		flat[i] = wobble * 7000;
	}
	const struct {
		const double *costs;
		const char *model;
	} wanted[] = { { linear, "n" }, { square, "n^2" }, { flat, "1" } };
	for (size_t i = 0; i < 3; i++) {
		make(&f, "n", sizes, wanted[i].costs, 6);
		assert_true(growth_points(&f.view, 0, GROWTH_TIME, &g));
		growth_judge(&g);
		assert_string_equal(g.model, wanted[i].model);
		release(&f);
	}
}

CASE("growth: memory and collections are judged by their own declaration, else by that of time")
{
	static const uint64_t sizes[] = { 100, 200, 400, 800, 1600, 3200 };
	static const double flat[] = { 1e6, 1e6, 1e6, 1e6, 1e6, 1e6 };
	static const struct {
		const char *declared;
		bool memory, collections;
	} wanted[] = {
		{ "n", true, true },
		{ "n; memory n^2", false, true },
		{ "n^2", false, false },
		{ "2^n", false, false },
		{ "n^2; memory 1; collections n", true, true },
	};

	for (size_t w = 0; w < sizeof wanted / sizeof wanted[0]; w++) {
		struct family f;
		struct growth g;

		make(&f, wanted[w].declared, sizes, flat, 6);
		for (size_t i = 0; i < 6; i++) {
			f.results[i].peak_rss_bytes = 1000000 + 100 * sizes[i] * sizes[i];
			f.results[i].gc_count = sizes[i] * sizes[i] / 10000;
		}
		assert_true(growth_points(&f.view, 0, GROWTH_MEMORY, &g));
		assert_int_equal(growth_is_over(&g), wanted[w].memory);
		assert_true(growth_points(&f.view, 0, GROWTH_COLLECTIONS, &g));
		assert_int_equal(growth_is_over(&g), wanted[w].collections);
		assert_true(growth_points(&f.view, 0, GROWTH_TIME, &g));
		assert_false(growth_is_over(&g));
		assert_int_equal(growth_count_over(&f.view), wanted[w].memory + wanted[w].collections);
		release(&f);
	}
}

CASE("growth: a runtime that counts no collections has no curve of them")
{
	static const uint64_t sizes[] = { 100, 200, 400 };
	static const double costs[] = { 1e6, 2e6, 4e6 };
	struct family f;
	struct growth g;

	make(&f, "n", sizes, costs, 3);
	assert_false(growth_points(&f.view, 0, GROWTH_COLLECTIONS, &g));
	assert_false(growth_points(&f.view, 0, GROWTH_MEMORY, &g)); // nor one of memory that nobody measured
	release(&f);
}

CASE("growth: a curve that bends wants sizes on both sides of the bend, each once, and a straight one none")
{
	static const uint64_t sizes[] = { 100, 400, 1600, 6400, 25600 };
	static const double bent[] = { 1e4, 4e4, 16e4, 16.5e4, 17e4 },
	                    straight[] = { 1e4, 4e4, 16e4, 64e4, 256e4 };
	struct growth_bend bends[8];
	struct family f;

	make(&f, "n", sizes, bent, 5);
	assert_int_equal(growth_bends(&f.view, bends, 8), 2);
	assert_int_equal(bends[0].size, 800);
	assert_int_equal(bends[1].size, 3200);
	assert_string_equal(bends[0].kernel, "countdown");
	assert_int_equal(growth_bends(&f.view, bends, 1), 1); // no more than there is room for
	release(&f);
	make(&f, "n", sizes, straight, 5);
	assert_int_equal(growth_bends(&f.view, bends, 8), 0);
	release(&f);
}

// What a busy machine makes of it: `cpu` ms of each process, ten times as long in all.
static bool is_over_busy(const uint64_t *sizes, const double *medians, const double *cpu_ms, size_t count)
{
	struct family f;
	struct growth g;
	bool over;

	make(&f, "n", sizes, medians, count);
	for (size_t i = 0; i < count; i++) {
		f.results[i].user_ns = (uint64_t)(cpu_ms[i] * 1e6);
		f.results[i].wall_ns = 10 * f.results[i].user_ns;
	}
	assert_true(growth_points(&f.view, 0, GROWTH_TIME, &g));
	over = growth_is_over(&g);
	release(&f);
	return over;
}

CASE("growth: on a busy machine waiting is no growth, and growth is seen through it")
{
	static const uint64_t sizes[] = { 100, 200, 400, 800, 1600 };
	static const double waited[] = { 427e3, 863e3, 3.58e6, 10.9e6, 55.5e6 };
	static const double linear_ms[] = { 38, 47, 64, 98, 167 }; // 30 ms to start, 20 times 43 us for each 10
	static const double square_ms[] = { 38, 64, 167, 578, 2220 };

	assert_true(is_over("n", sizes, waited, 5));
	assert_false(is_over_busy(sizes, waited, linear_ms, 5));
	assert_true(is_over_busy(sizes, waited, square_ms, 5));
}

CASE("growth: a countdown of 7.9 and 144.9 ms is too fast on a busy machine, too, behind a start of 300 ms")
{
	static const uint64_t sizes[] = { 1000, 5000 };
	static const double waited[] = { 7.9e6, 1449e6 };
	static const double quick_ms[] = { 188, 2928 }, slow_ms[] = { 458, 3198 };

	assert_true(is_over_busy(sizes, waited, quick_ms, 2));
	assert_true(is_over_busy(sizes, waited, slow_ms, 2));
}

CASE("growth: one size that was disturbed makes no curve too fast, wherever it is")
{
	static const uint64_t sizes[] = { 1000, 1585, 2512, 3981, 6310, 10000 };

	for (size_t at = 0; at < 6; at++)
		for (double times = 0.2; times < 8; times *= 1.5) {
			double costs[6];

			for (size_t i = 0; i < 6; i++)
				costs[i] = 200.0 * (double)sizes[i] * (i == at ? times : 1);
			if (is_over("n", sizes, costs, 6))
				fail_msg("size %llu is %g times as slow", (unsigned long long)sizes[at], times);
		}
}

CASE("growth: what a coarse clock makes of small sizes is left out")
{
	static const uint64_t sizes[] = { 1000, 1585, 2512, 3981, 6310, 10000 };
	static const unsigned ticks[] = { 1, 1, 1, 4, 7, 11 }; // of 1 ms
	struct family f;
	struct growth g;
	double costs[6] = { 1e6, 1e6, 1e6, 4e6, 7e6, 11e6 };

	make(&f, "n", sizes, costs, 6);
	for (size_t i = 0; i < 6; i++) {
		struct hist *h = (struct hist *)(uintptr_t)f.tests[i].hist;

		hist_reset(h);
		for (unsigned k = 0; k < 20; k++)
			hist_record(h, (ticks[i] + (i > 2 && k % 4 == 0)) * 1000000);
	}
	assert_true(growth_points(&f.view, 0, GROWTH_TIME, &g));
	assert_false(growth_is_over(&g));
	release(&f);
}

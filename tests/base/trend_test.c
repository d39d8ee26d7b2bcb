// Slopes and what they mean.
#include "harness.h"
#include "leak.h"
#include "rng.h"
#include "trend.h"

#include <string.h>

#define MOST 1000

static double x[MOST], y[MOST];

static struct trend look(size_t count)
{
	struct trend t;

	for (size_t i = 0; i < count; i++)
		x[i] = (double)i;
	assert_true(trend_of(x, y, count, &t));
	return t;
}

CASE("trend: a straight line has its slope, without width")
{
	struct trend t;

	for (int i = 0; i < 20; i++)
		y[i] = 5 + 3.0 * i;
	t = look(20);
	assert_float_equal(t.slope, 3, 1e-9);
	assert_float_equal(t.low, 3, 1e-9);
	assert_float_equal(t.high, 3, 1e-9);
	assert_float_equal(t.before, 5, 1e-9);
	assert_float_equal(t.after, 62, 1e-9);
	assert_true(trend_grows(&t, 0.01));
}

CASE("trend: every fifth point far away moves it hardly")
{
	struct trend t;

	for (int i = 0; i < 50; i++)
		y[i] = 2.0 * i + (i % 5 == 0 ? 1e6 : 0);
	t = look(50);
	assert_true(t.slope > 1.5 && t.slope < 2.5);
}

// By definition 5 % of intervals miss the truth, half of them below: so growth is seen in 2.5 % of 1000 series.
CASE("trend: of 1000 series of noise some 25 seem to grow, and no more than 45")
{
	struct rng r;
	unsigned grow = 0;

	rng_init(&r, 7);
	for (int k = 0; k < 1000; k++) {
		struct trend t;

		for (int i = 0; i < 30; i++)
			y[i] = 1000 + (double)rng_below(&r, 1000);
		t = look(30);
		grow += t.low > 0;
	}
	assert_in_range(grow, 5, 45);
}

CASE("trend: slow growth under twice as much noise is seen, and its interval holds the truth")
{
	struct rng r;
	unsigned seen = 0, held = 0;

	rng_init(&r, 8);
	for (int k = 0; k < 100; k++) {
		struct trend t;

		for (int i = 0; i < 60; i++)
			y[i] = 10000 + 10.0 * i + (double)rng_below(&r, 1200);
		t = look(60);
		seen += trend_grows(&t, 0.01);
		held += t.low <= 10 && t.high >= 10;
	}
	assert_true(seen >= 70);
	assert_true(held >= 88);
}

CASE("trend: seven points say nothing, a thousand are thinned")
{
	struct trend t;

	for (int i = 0; i < MOST; i++)
		y[i] = i;
	assert_false(trend_of(x, y, 7, &t));
	t = look(MOST);
	assert_in_range(t.count, 300, TREND_MOST);
	assert_float_equal(t.slope, 1, 1e-9);
}

CASE("leak: an empty table is no leak")
{
	struct number_rows none = { 0 };
	struct buf words = { 0 };

	assert_false(leak_found(&none, &words));
	buf_deinit(&words);
}

static bool leaks(uint64_t (*at)(unsigned cycle))
{
	struct number_rows live = { 0 };
	struct buf words = { 0 };
	bool found;

	for (unsigned i = 0; i < 24; i++) {
		uint64_t *row = number_rows_add(&live, LIVE_COLUMNS);

		row[LIVE_CYCLE] = i;
		row[LIVE_BYTES_COLUMN] = at(i);
	}
	found = leak_found(&live, &words);
	buf_deinit(&words);
	number_rows_deinit(&live);
	return found;
}

static uint64_t linear(unsigned cycle)
{
	return 3000000 + 4000 * cycle;
}

// What node shows of a kernel that keeps nothing.
static uint64_t settling(unsigned cycle)
{
	return cycle < 14 ? 3000000 + 5000 * cycle : 3070000 + 100 * cycle;
}

static uint64_t small(unsigned cycle)
{
	return 53000 + 120 * cycle; // 2 KiB in the last 18 cycles
}

static uint64_t small_leak(unsigned cycle)
{
	return 53000 + 300 * cycle;
}

CASE("leak: less than a page in all cycles is none, however small the heap")
{
	assert_false(leaks(small));
	assert_true(leaks(small_leak));
}

CASE("leak: what grows evenly leaks, what comes to its size does not")
{
	assert_true(leaks(linear));
	assert_false(leaks(settling));
}

// The gate, CUSUM and the moving of the baseline, night by night.
#include "harness.h"

#include "drift.h"
#include "rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NIGHTS 60U

// A steady metric with a little noise, sigma in parts of one.
static void steady(struct drift_night *nights, size_t count, double sigma, uint64_t seed)
{
	struct rng rng;

	rng_init(&rng, seed);
	for (size_t i = 0; i < count; i++) {
		double sum = 0;

		for (unsigned k = 0; k < 12; k++)
			sum += (double)(rng_next(&rng) >> 11) / 9007199254740992.0;
		nights[i] = (struct drift_night){ .figure = (sum - 6) * sigma };
	}
}

static void shift(struct drift_night *nights, size_t from, size_t to, double by)
{
	for (size_t i = from; i < to; i++)
		nights[i].figure += by;
}

static struct drift judge(const struct drift_night *nights, size_t count)
{
	struct drift d = { 0 };

	assert_int_equal(drift_judge(nights, count, 0, &d), 0);
	return d;
}

struct moved {
	size_t from, to;
	double by;
};

// A steady metric that moved so, over all nights.
static struct drift judge_moved(uint64_t seed, const struct moved *moves, size_t count)
{
	struct drift_night nights[NIGHTS];

	steady(nights, NIGHTS, 0.004, seed);
	for (size_t i = 0; i < count; i++)
		shift(nights, moves[i].from, moves[i].to, moves[i].by);
	return judge(nights, NIGHTS);
}

static size_t count_kind(const struct drift *d, enum drift_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < d->count; i++)
		n += d->changes[i].kind == kind;
	return n;
}

CASE("drift: a step is told on its second night, with the night it began in, and told once")
{
	struct drift_night nights[NIGHTS];
	struct drift d;

	steady(nights, NIGHTS, 0.004, 1);
	shift(nights, 30, NIGHTS, 0.05);
	d = judge(nights, 31);
	assert_int_equal(d.count, 0); // one night is no change
	drift_deinit(&d);
	for (size_t n = 32; n <= NIGHTS; n++) { // and it is not forgotten when the window has passed over it
		d = judge(nights, n);
		assert_int_equal(count_kind(&d, DRIFT_STEP), 1);
		assert_int_equal(d.changes[0].began, 30);
		assert_int_equal(d.changes[0].found, 31);
		assert_true(drift_open(&d, DRIFT_STEP, n) == &d.changes[0]);
		assert_true(fabs(d.changes[0].after - d.changes[0].before - 0.05) < 0.01);
		drift_deinit(&d);
	}
}

CASE("drift: nights that stand alone, on either side, are no change")
{
	static const struct moved moves[] = {
		{ 20, 21, 0.2 },
		{ 30, 31, 0.2 },
		{ 31, 32, -0.2 },
		{ 59, 60, 0.2 },
	};
	struct drift d = judge_moved(2, moves, sizeof moves / sizeof moves[0]);

	assert_int_equal(d.count, 0);
	drift_deinit(&d);
}

CASE("drift: a step that is gone again ends when two nights say so")
{
	static const struct moved moves[] = {
		{ 20, 35, -0.06 }, { 25, 26, 0.06 }, // one good night among them
	};
	struct drift d = judge_moved(3, moves, sizeof moves / sizeof moves[0]);

	assert_int_equal(count_kind(&d, DRIFT_STEP), 1);
	assert_int_equal(d.changes[0].ended, 35);
	assert_false(d.changes[0].accepted);
	assert_null(drift_open(&d, DRIFT_STEP, NIGHTS));
	drift_deinit(&d);
}

CASE("drift: a step to the other side is a change of its own")
{
	static const struct moved moves[] = {
		{ 20, 40, 0.06 },
		{ 40, NIGHTS, -0.06 },
	};
	struct drift d = judge_moved(4, moves, sizeof moves / sizeof moves[0]);

	assert_int_equal(count_kind(&d, DRIFT_STEP), 2);
	assert_int_equal(d.changes[0].ended, 40);
	assert_int_equal(drift_open(&d, DRIFT_STEP, NIGHTS)->began, 40);
	drift_deinit(&d);
}

CASE("drift: after an accepted change the baseline is the new one, and only for what had begun by then")
{
	struct drift_night nights[NIGHTS];
	struct drift d;

	steady(nights, NIGHTS, 0.004, 5);
	shift(nights, 20, NIGHTS, 0.06);
	shift(nights, 45, NIGHTS, 0.05);
	nights[22].accepted = true;
	d = judge(nights, NIGHTS);
	assert_int_equal(count_kind(&d, DRIFT_STEP), 2);
	assert_true(d.changes[0].accepted);
	assert_int_equal(d.changes[1].began, 45);
	assert_true(fabs(d.changes[1].before - 0.06) < 0.01);
	assert_true(drift_open(&d, DRIFT_STEP, NIGHTS) == &d.changes[1]);
	drift_deinit(&d);
	nights[22].accepted = false;
	nights[10].accepted = true; // long before
	d = judge(nights, NIGHTS);
	assert_int_equal(drift_open(&d, DRIFT_STEP, NIGHTS)->began, 20);
	drift_deinit(&d);
}

CASE("drift: an acceptance on the very night of the change holds")
{
	struct drift_night nights[NIGHTS];
	struct drift d;

	steady(nights, NIGHTS, 0.004, 6);
	shift(nights, 20, NIGHTS, 0.06);
	nights[20].accepted = true;
	d = judge(nights, NIGHTS);
	assert_null(drift_open(&d, DRIFT_STEP, NIGHTS));
	assert_true(d.changes[0].accepted);
	assert_true(fabs(d.baseline - 0.06) < 0.01);
	drift_deinit(&d);
}

CASE("drift: slow creep, too slow for the gate, is found by CUSUM with its beginning")
{
	struct drift_night nights[2 * NIGHTS];
	struct drift d;
	const struct drift_change *c;

	steady(nights, 2 * NIGHTS, 0.003, 7);
	for (size_t i = 40; i < 2 * NIGHTS; i++)
		nights[i].figure += 0.001 * (double)(i - 40);
	d = judge(nights, 2 * NIGHTS);
	assert_int_equal(count_kind(&d, DRIFT_STEP), 0);
	c = drift_open(&d, DRIFT_CREEP, 2 * NIGHTS);
	assert_non_null(c);
	assert_true(c->began >= 40 && c->began < 60);
	assert_true(c->found > c->began && c->found < 80);
	drift_deinit(&d);
}

CASE("drift: where the nights scatter more the gate is wider, and says so")
{
	struct drift_night nights[NIGHTS];
	struct drift d;

	steady(nights, NIGHTS, 0.05, 8);
	shift(nights, 40, NIGHTS, 0.06);
	d = judge(nights, 40);
	assert_true(d.threshold > 0.08 && d.threshold < 0.25);
	drift_deinit(&d);
	d = judge(nights, NIGHTS);
	assert_int_equal(count_kind(&d, DRIFT_STEP), 0);
	drift_deinit(&d);
	steady(nights, NIGHTS, 0.002, 8);
	d = judge(nights, NIGHTS);
	assert_true(d.threshold == DRIFT_GATE);
	drift_deinit(&d);
}

CASE("drift: too few nights are not judged, and nights without a figure do not count")
{
	struct drift_night nights[NIGHTS];
	struct drift d;

	steady(nights, NIGHTS, 0.001, 9);
	d = judge(nights, 0);
	assert_int_equal(d.judged, 0);
	assert_true(isnan(d.baseline));
	drift_deinit(&d);
	shift(nights, 4, 7, 0.5);
	d = judge(nights, DRIFT_FEWEST - 1);
	assert_int_equal(d.judged + d.count, 0);
	drift_deinit(&d);
	steady(nights, NIGHTS, 0.001, 9);
	for (size_t i = 0; i < NIGHTS; i += 2)
		nights[i].figure = (double)NAN;
	shift(nights, 31, NIGHTS, 0.1);
	d = judge(nights, NIGHTS);
	assert_int_equal(d.count, 1);
	assert_int_equal(d.changes[0].began, 31);
	assert_int_equal(d.changes[0].found, 33);
	drift_deinit(&d);
}

CASE("drift: a step among the nights that are learned is told, and the baseline is what was before it")
{
	static const struct {
		size_t from, to; // of what is 10 % more
		size_t found;    // 0: never
	} steps[] = { { 5, NIGHTS, 7 }, { 3, NIGHTS, 6 }, { 12, NIGHTS, 13 }, { 2, NIGHTS, 0 }, { 5, 7, 0 } };

	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		struct drift_night nights[NIGHTS];
		struct drift d;

		steady(nights, NIGHTS, 0.002, 40 + i);
		shift(nights, steps[i].from, steps[i].to, 0.1);
		d = judge(nights, NIGHTS);
		assert_int_equal(count_kind(&d, DRIFT_STEP), steps[i].found > 0);
		if (steps[i].found > 0) {
			assert_int_equal(d.changes[0].began, steps[i].from);
			assert_int_equal(d.changes[0].found, steps[i].found);
			assert_true(fabs(d.changes[0].before) < 0.01 && fabs(d.changes[0].after - 0.1) < 0.01);
			assert_ptr_equal(drift_open(&d, DRIFT_STEP, NIGHTS), &d.changes[0]);
		}
		drift_deinit(&d);
	}
}

CASE("drift: metrics that are all equal are steady, and any step in them is seen")
{
	struct drift_night nights[NIGHTS] = { 0 };
	struct drift d = judge(nights, NIGHTS);

	assert_int_equal(d.count, 0);
	drift_deinit(&d);
	shift(nights, 50, NIGHTS, 0.031);
	d = judge(nights, NIGHTS);
	assert_int_equal(count_kind(&d, DRIFT_STEP), 1);
	drift_deinit(&d);
}

CASE("drift: figures of ratios, counts, percentages, zeros and what is not finite")
{
	assert_true(fabs(drift_figure("ns", 110, 100) - log(1.1)) < 1e-12);
	assert_true(fabs(drift_figure("ns", 110, (double)NAN) - log(110)) < 1e-12);
	assert_true(drift_figure("count", 0, 0) == 0);
	assert_true(drift_figure("count", 5, 0) > 1);
	assert_true(fabs(drift_figure("%", 20, 23) + 0.03) < 1e-12);
	assert_true(drift_figure("ns", 0, 0) == 0);
	assert_true(isnan(drift_figure("ns", 5, 0)));
	assert_true(isnan(drift_figure("ns", -5, 1)));
	assert_true(isnan(drift_figure("ns", (double)INFINITY, 1)));
	assert_true(isnan(drift_figure("ns", (double)NAN, 1)));
	assert_true(fabs(drift_ratio("ns", 0, log(1.1)) - 0.1) < 1e-12);
	assert_true(fabs(drift_ratio("%", 0.2, 0.23) - 0.03) < 1e-12);
}

CASE("drift: steady metrics of any scatter raise hardly an alarm over years")
{
	enum { YEARS = 40, YEAR = 365 };
	static const double sigmas[] = { 0.002, 0.01, 0.03 };
	struct drift_night *nights = calloc(YEAR, sizeof *nights);

	assert_non_null(nights);
	for (size_t k = 0; k < sizeof sigmas / sizeof sigmas[0]; k++) {
		size_t alarms = 0;

		for (uint64_t year = 0; year < YEARS; year++) {
			struct drift d;

			steady(nights, YEAR, sigmas[k], 1000 * k + year);
			d = judge(nights, YEAR);
			alarms += count_kind(&d, DRIFT_STEP);
			drift_deinit(&d);
		}
		if (alarms > YEARS / 8)
			fail_msg("%zu alarms in %d years at sigma %g", alarms, YEARS, sigmas[k]);
	}
	free(nights);
}

CASE("drift: an exact figure is judged from its second night on, and one night is enough")
{
	struct drift_night nights[6] = { { .figure = 1 },   { .figure = (double)NAN }, { .figure = 1.02 },
		                         { .figure = 1.2 }, { .figure = 1.21 },        { .figure = 1 } };
	struct drift d = { 0 };

	assert_int_equal(drift_judge_exact(nights, 3, 0.03, &d), 0);
	assert_int_equal(d.count, 0);
	assert_int_equal(d.judged, 1);
	drift_deinit(&d);

	assert_int_equal(drift_judge_exact(nights, 5, 0.03, &d), 0);
	assert_int_equal(d.count, 1);
	assert_int_equal(d.changes[0].began, 3);
	assert_int_equal(d.changes[0].found, 3);
	assert_int_equal(d.changes[0].ended, 5); // open
	assert_true(fabs(d.changes[0].after - 1.21) < 1e-9);
	drift_deinit(&d);

	assert_int_equal(drift_judge_exact(nights, 6, 0.03, &d), 0);
	assert_int_equal(d.changes[0].ended, 5); // back
	assert_null(drift_open(&d, DRIFT_STEP, 6));
	drift_deinit(&d);
}

CASE("drift: an exact figure that is accepted is the new baseline")
{
	struct drift_night nights[5] = { { .figure = 1 },
		                         { .figure = 2 },
		                         { .figure = 2, .accepted = true },
		                         { .figure = 2 },
		                         { .figure = 1 } };
	struct drift d = { 0 };

	assert_int_equal(drift_judge_exact(nights, 5, 0.03, &d), 0);
	assert_int_equal(d.count, 2);
	assert_true(d.changes[0].accepted);
	assert_int_equal(d.changes[0].ended, 2);
	assert_int_equal(d.changes[1].began, 4); // back to the old one is a change now
	assert_true(fabs(d.baseline - 2) < 1e-9);
	drift_deinit(&d);
}

CASE("drift: a threshold of one's own takes the place of 3 %, and CUSUM's go with it")
{
	struct drift_night nights[NIGHTS];
	struct drift plain, wide = { 0 }, narrow = { 0 };

	steady(nights, NIGHTS, 0.001, 21);
	shift(nights, 20, 40, 0.02);
	shift(nights, 40, NIGHTS, 0.06);
	plain = judge(nights, NIGHTS);
	assert_int_equal(drift_judge(nights, NIGHTS, 0.10, &wide), 0);
	assert_int_equal(drift_judge(nights, NIGHTS, 0.01, &narrow), 0);
	assert_int_equal(count_kind(&plain, DRIFT_STEP), 1);
	assert_int_equal(plain.changes[0].kind, DRIFT_CREEP); // 2 % for twenty nights
	assert_int_equal(count_kind(&wide, DRIFT_STEP), 0);
	assert_true(wide.threshold == 0.10);
	assert_int_equal(count_kind(&narrow, DRIFT_STEP), 1);
	assert_int_equal(narrow.changes[0].began, 20);
	drift_deinit(&plain);
	drift_deinit(&wide);
	drift_deinit(&narrow);
}

// The histogram against sorted arrays.
#include "harness.h"

#include "hist_lab.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

// ---- geometry -----------------------------------------------------------------------------------------------

CASE("hist: every slot's bounds lead back to it and leave no gap")
{
	for (unsigned digits = 2; digits <= 3; digits++) {
		struct hist *h = hist_new(digits);
		uint64_t next = 0;

		assert_non_null(h);
		for (size_t i = 0; i < h->slots; i++) {
			assert_int_equal(hist_slot_low(h, i), next);
			assert_int_equal(hist_index(h, hist_slot_low(h, i)), i);
			assert_int_equal(hist_index(h, hist_slot_high(h, i)), i);
			next = hist_slot_high(h, i) + 1;
		}
		assert_int_equal(next, (uint64_t)SG_HIST_MAX_VALUE + 1);
		hist_free(h);
	}
}

CASE("hist: a slot is never wider than its digits allow")
{
	for (unsigned digits = 2; digits <= 3; digits++) {
		struct hist *h = hist_new(digits);
		double allowed = digits == 3 ? 1e-3 : 1e-2;

		for (size_t i = 1; i < h->slots; i++) {
			uint64_t low = hist_slot_low(h, i);
			assert_true((double)(hist_slot_high(h, i) - low) <= allowed * (double)low);
		}
		hist_free(h);
	}
}

CASE("hist: other digits than 2 and 3 are refused")
{
	assert_null(hist_new(0));
	assert_null(hist_new(1));
	assert_null(hist_new(4));
	assert_null(hist_new(UINT32_MAX));
}

// ---- recording ----------------------------------------------------------------------------------------------

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

// Log-uniform up to 2^bits - 1.
static void check_against_sorted(const struct hist *h, uint64_t *values, size_t n)
{
	static const double percentiles[] = { 0.1, 1, 10, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100 };
	double sum = 0;

	qsort(values, n, sizeof *values, by_value);
	for (size_t i = 0; i < n; i++)
		sum += (double)values[i];
	assert_int_equal(h->total, n);
	assert_int_equal(h->min, values[0]);
	assert_int_equal(h->max, values[n - 1]);
	assert_int_equal(hist_percentile(h, 0), values[0]);
	assert_true(fabs(hist_mean(h) - sum / (double)n) <= 1e-9 * sum / (double)n);
	for (size_t i = 0; i < sizeof percentiles / sizeof percentiles[0]; i++) {
		size_t rank = (size_t)ceil(percentiles[i] / 100 * (double)n - 1e-9);
		uint64_t exact = values[rank > 0 ? rank - 1 : 0];
		uint64_t high = hist_slot_high(h, hist_index(h, exact));

		assert_int_equal(hist_percentile(h, percentiles[i]), high < h->max ? high : h->max);
	}
}

CASE("hist: percentiles are those of the sorted values, to a slot's width")
{
	enum { MOST = 3000 };
	uint64_t *values = malloc(MOST * sizeof *values);
	struct rng rng;

	assert_non_null(values);
	rng_init(&rng, 7);
	for (unsigned round = 0; round < 400; round++) {
		struct hist *h = hist_new(2 + round % 2);
		size_t n = 1 + (size_t)rng_below(&rng, round < 300 ? 40 : MOST);
		unsigned bits = 2 + (unsigned)rng_below(&rng, 40);

		for (size_t i = 0; i < n; i++) {
			values[i] = draw(&rng, bits);
			hist_record(h, values[i]);
		}
		check_against_sorted(h, values, n);
		hist_free(h);
	}
	free(values);
}

CASE("hist: values above the highest are counted as the highest")
{
	struct hist *h = hist_new(3);

	hist_record(h, UINT64_MAX);
	hist_record(h, (uint64_t)SG_HIST_MAX_VALUE + 1);
	assert_int_equal(h->counts[h->slots - 1], 2);
	assert_int_equal(h->max, SG_HIST_MAX_VALUE);
	assert_int_equal(hist_percentile(h, 50), SG_HIST_MAX_VALUE);
	hist_free(h);
}

CASE("hist: an empty one has zeros, and is empty again after a reset")
{
	struct hist *h = hist_new(2);

	for (unsigned round = 0; round < 2; round++) {
		assert_int_equal(hist_percentile(h, 0), 0);
		assert_int_equal(hist_percentile(h, 50), 0);
		assert_int_equal(hist_percentile(h, 100), 0);
		assert_int_equal(hist_count_between(h, 0, UINT64_MAX), 0);
		assert_true(hist_mean(h) == 0);
		hist_record_n(h, 12345, 0);
		assert_int_equal(h->total, 0);
		hist_record_n(h, 12345, 3);
		assert_int_equal(h->total, 3);
		hist_reset(h);
	}
	hist_free(h);
}

CASE("hist: 90 % of ten values is the ninth, and percentiles out of range are the ends")
{
	struct hist *h = hist_new(3);

	for (uint64_t v = 1; v <= 10; v++)
		hist_record(h, v);
	for (unsigned p = 1; p <= 10; p++)
		assert_int_equal(hist_percentile(h, 10.0 * p), p);
	assert_int_equal(hist_percentile(h, -5), 1);
	assert_int_equal(hist_percentile(h, (double)NAN), 1);
	assert_int_equal(hist_percentile(h, 1e9), 10);
	hist_free(h);
}

CASE("hist: counts between bounds add up to all")
{
	struct hist *h = hist_new(3);
	struct rng rng;
	uint64_t sum = 0;

	rng_init(&rng, 3);
	for (unsigned i = 0; i < 1000; i++)
		hist_record(h, draw(&rng, 30));
	for (unsigned bit = 0; bit < 30; bit++)
		sum += hist_count_between(h, bit == 0 ? 0 : UINT64_C(1) << bit, UINT64_C(2) << bit);
	assert_int_equal(sum, 1000);
	hist_free(h);
}

// ---- merging ------------------------------------------------------------------------------------------------

CASE("hist: parts merged are the whole")
{
	struct rng rng;

	rng_init(&rng, 11);
	for (unsigned round = 0; round < 50; round++) {
		struct hist *whole = hist_new(3), *sum = hist_new(3),
		            *part[3] = { hist_new(3), hist_new(3), hist_new(3) };

		for (size_t i = 0; i < 2 * round; i++) {
			uint64_t v = draw(&rng, 41);
			hist_record(whole, v);
			hist_record(part[rng_below(&rng, 3)], v);
		}
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(hist_merge(sum, part[i]), 0);
		assert_same(sum, whole);
		assert_int_equal(sum->min, whole->min);
		assert_int_equal(sum->max, whole->max);
		assert_true(fabs(sum->sum - whole->sum) <= 1e-12 * whole->sum);
		assert_int_equal(hist_merge(sum, sum), 0);
		assert_int_equal(sum->total, 2 * whole->total);
		assert_int_equal(hist_percentile(sum, 50), hist_percentile(whole, 50));
		hist_free(whole);
		hist_free(sum);
		for (size_t i = 0; i < 3; i++)
			hist_free(part[i]);
	}
}

CASE("hist: merging refuses other digits and more values than can be counted")
{
	struct hist *a = hist_new(3), *b = hist_new(2), *c = hist_new(3);

	hist_record(b, 1);
	assert_int_equal(hist_merge(a, b), -EINVAL);
	hist_record_n(a, 1, INT64_MAX);
	hist_record(c, 5);
	assert_int_equal(hist_merge(a, c), -ERANGE);
	assert_int_equal(a->total, INT64_MAX);
	assert_int_equal(a->max, 1);
	hist_free(a);
	hist_free(b);
	hist_free(c);
}

CASE("hist: what was merged can be taken away again")
{
	struct rng rng;

	rng_init(&rng, 12);
	for (unsigned round = 0; round < 100; round++) {
		struct hist *a = hist_new(3), *b = hist_new(3), *sum = hist_new(3);

		for (uint64_t n = rng_below(&rng, 60); n > 0; n--)
			hist_record(a, draw(&rng, 41));
		for (uint64_t n = rng_below(&rng, 60); n > 0; n--)
			hist_record(b, draw(&rng, 41));
		assert_int_equal(hist_merge(sum, a), 0);
		assert_int_equal(hist_merge(sum, b), 0);
		assert_int_equal(hist_subtract(sum, b), 0);
		assert_same(sum, a);
		assert_true(fabs(sum->sum - a->sum) <= 1e-9 * (a->sum + b->sum));
		if (a->total > 0) {
			assert_int_equal(hist_index(sum, sum->min), hist_index(a, a->min));
			assert_int_equal(hist_index(sum, sum->max), hist_index(a, a->max));
			assert_true(sum->min <= sum->max);
		}
		assert_int_equal(hist_subtract(sum, a), 0);
		assert_int_equal(sum->total, 0);
		assert_int_equal(sum->max, 0);
		assert_int_equal(sum->min, UINT64_MAX);
		hist_free(a);
		hist_free(b);
		hist_free(sum);
	}
}

CASE("hist: taking away refuses other digits and values that are not there, and changes nothing")
{
	struct hist *a = hist_new(3), *b = hist_new(2), *c = hist_new(3);

	hist_record_n(a, 10, 3);
	hist_record(b, 10);
	assert_int_equal(hist_subtract(a, b), -EINVAL);
	hist_record_n(c, 10, 2);
	hist_record(c, 11);
	assert_int_equal(hist_subtract(a, c), -ERANGE);
	assert_int_equal(a->total, 3);
	assert_int_equal(a->counts[10], 3);
	assert_int_equal(hist_subtract(a, a), 0);
	assert_int_equal(a->total, 0);
	hist_free(a);
	hist_free(b);
	hist_free(c);
}

CASE("hist: .hgrm of an empty histogram has a head and a foot, and one value is one row to 100 %")
{
	struct hist *h = hist_new(3);
	struct buf text = { 0 };

	hist_hgrm(h, 1, &text);
	assert_string_equal(buf_text(&text), "       Value     Percentile TotalCount 1/(1-Percentile)\n\n"
	                                     "#[Mean    =        0.000, StdDeviation   =        0.000]\n"
	                                     "#[Max     =        0.000, Total count    =            0]\n"
	                                     "#[Buckets =           32, SubBuckets     =         2048]\n");
	buf_clear(&text);
	hist_record_n(h, 1000, 4);
	hist_hgrm(h, 1000, &text);
	assert_non_null(strstr(buf_text(&text), "\n       1.000 0.000000000000          4           1.00\n"
	                                        "       1.000 1.000000000000          4\n#[Mean"));
	hist_free(h);
	buf_deinit(&text);
}

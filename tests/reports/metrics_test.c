// A result's figures as named metrics, and rows of numbers packed.
#include "harness.h"

#include "fixture.h"
#include "metrics.h"
#include "pack.h"
#include "rng.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct metric *find(const struct metric *m, ssize_t count, const char *name)
{
	for (ssize_t i = 0; i < count; i++)
		if (strcmp(m[i].name, name) == 0)
			return &m[i];
	fail_msg("no metric %s", name);
	return NULL;
}

CASE("metrics: each name is there once, sorted, with its unit and direction")
{
	struct result r = fixture_result("gc/a", VERDICT_PASSED);
	struct arena a = { 0 };
	struct metric *m;
	ssize_t n;

	fixture_latencies(&r, "total", 100000, 0.1, 1000, 1);
	fixture_gauge(&r, "throughput", 10, "req/s");
	fixture_gauge(&r, "throughput", 20, "req/s");
	fixture_gauge(&r, "odd", 3, "apples");
	fixture_pool(&r, "slab", 16, 100, 40);
	fixture_pool(&r, "slab", 16, 100, 90);
	n = metrics_of(&a, &r, &m);
	assert_true(n > 15);
	for (ssize_t i = 1; i < n; i++)
		assert_true(strcmp(m[i - 1].name, m[i].name) < 0);
	assert_true(find(m, n, "time")->value == 40000000);
	assert_true(find(m, n, "cpu")->value == 34000000);
	assert_true(find(m, n, "gauge/throughput")->value == 20);
	assert_int_equal(find(m, n, "gauge/throughput")->better, METRIC_HIGHER);
	assert_int_equal(find(m, n, "gauge/odd")->better, METRIC_NEITHER);
	assert_true(find(m, n, "slab/slab/high-water")->value == 90 * 16);
	assert_true(find(m, n, "slab/slab/headroom")->value == 10);
	assert_true(find(m, n, "latency/total/p99")->value ==
	            (double)hist_percentile(result_main_series(&r)->hist, 99));
	arena_deinit(&a);
	result_deinit(&r);
}

CASE("metrics: hostile names are safe text, and an empty result has its whole figures alone")
{
	struct result r = fixture_result("gc/a", VERDICT_CRASHED);
	struct arena a = { 0 };
	struct metric *m;
	ssize_t n = metrics_of(&a, &r, &m);

	assert_int_equal(n, 4); // time, CPU, memory and output: what was not looked at has no figure
	r.peak_rss_bytes = 0;
	assert_int_equal(metrics_of(&a, &r, &m), 3);
	r.peak_rss_bytes = 4096;
	r.peak_procs = 1;
	n = metrics_of(&a, &r, &m);
	assert_int_equal(n, 7);
	fixture_gauge(&r, "a\nb\033[31m", 1, "\t\001");
	n = metrics_of(&a, &r, &m);
	assert_int_equal(n, 8);
	for (ssize_t i = 0; i < n; i++)
		assert_null(strpbrk(m[i].name, "\n\033\t\001"));
	assert_string_equal(metric_words(&a, "ns", 1200000), "1.20 ms");
	assert_string_equal(metric_words(&a, "req/s", 1234), "1,234 req/s");
	arena_deinit(&a);
	result_deinit(&r);
}

// ---- packing ------------------------------------------------------------------------------------------------

static double any_value(struct rng *rng)
{
	static const double odd[] = { 0, -0.0, 1, -1, 0.5, 1e300, 9007199254740991.0, 9007199254740992.0, 4096 };
	uint64_t bits = rng_next(rng);
	double value;

	switch (rng_below(rng, 4)) {
	case 0:
		return odd[rng_below(rng, sizeof odd / sizeof odd[0])];
	case 1:
		return (double)(rng_next(rng) >> (11 + rng_below(rng, 53)));
	case 2:
		return rng_below(rng, 3) == 0 ? (double)NAN : (double)INFINITY;
	default:
		memcpy(&value, &bits, sizeof value);
		return value;
	}
}

static bool same(double a, double b)
{
	return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

CASE("pack: every value comes back bit for bit, from the row and alone")
{
	struct rng rng;
	double values[64], back[64], one;

	rng_init(&rng, 9);
	for (unsigned round = 0; round < 2000; round++) {
		size_t n = (size_t)rng_below(&rng, 65);
		struct buf b = { 0 };

		for (size_t i = 0; i < n; i++)
			values[i] = any_value(&rng);
		pack_values(values, n, &b);
		assert_int_equal(pack_read(buf_text(&b), b.len, n, back), 0);
		for (size_t i = 0; i < n; i++) {
			assert_true(same(values[i], back[i]));
			assert_int_equal(pack_read_one(buf_text(&b), b.len, n, i, &one), 0);
			assert_true(same(values[i], one));
		}
		assert_int_equal(pack_read_one(buf_text(&b), b.len, n, n, &one), -EINVAL);
		buf_deinit(&b);
	}
}

CASE("pack: bytes that are no such row are refused")
{
	struct rng rng;
	double values[16], one;

	rng_init(&rng, 10);
	assert_int_equal(pack_read("", 0, 1, values), -EINVAL);
	assert_int_equal(pack_read("\x00\x00", 2, 1, values), -EINVAL); // something behind
	assert_int_equal(pack_read("\x08\x00", 2, 1, values), -EINVAL); // cut off
	for (unsigned round = 0; round < 20000; round++) {
		unsigned char bytes[24];
		size_t n = (size_t)rng_below(&rng, sizeof bytes + 1);
		unsigned char *exact = malloc(n + (n == 0)); // of that size, so that asan sees a byte too many

		assert_non_null(exact);
		for (size_t i = 0; i < n; i++)
			exact[i] = (unsigned char)rng_next(&rng);
		(void)pack_read(exact, n, 1 + (size_t)rng_below(&rng, 16), values);
		(void)pack_read_one(exact, n, 16, (size_t)rng_below(&rng, 16), &one);
		free(exact);
	}
}

// Scales and bins: what charts are made of.
#include "harness.h"

#include "bins.h"
#include "rng.h"
#include "svg.h"

#include <math.h>
#include <string.h>

static void assert_near(double a, double b)
{
	if (fabs(a - b) > 1e-9 * fmax(1, fabs(b)))
		fail_msg("%.17g is not %.17g", a, b);
}

CASE("svg: a scale's ends lie at its pixels")
{
	struct scale linear = { 0, 40, 100, 20, false, 1 }, log_scale = { 10, 1000, 50, 350, true, 0 };

	assert_near(scale_at(&linear, 0), 100);
	assert_near(scale_at(&linear, 40), 20);
	assert_near(scale_at(&linear, 10), 80);
	assert_near(scale_at(&log_scale, 10), 50);
	assert_near(scale_at(&log_scale, 100), 200);
	assert_near(scale_at(&log_scale, 1000), 350);
}

static void check_ticks(const struct scale *s)
{
	double ticks[SCALE_MOST_TICKS];
	size_t n = scale_ticks(s, ticks);

	assert_in_range(n, 2, SCALE_MOST_TICKS);
	for (size_t i = 0; i < n; i++) {
		assert_true(isfinite(ticks[i]));
		assert_true(ticks[i] >= s->low - 1e-6 && ticks[i] <= s->high * (1 + 1e-6) + 1);
		if (i > 0)
			assert_true(ticks[i] > ticks[i - 1]);
	}
}

CASE("svg: ticks are at least two, rising and within the scale, whatever the range")
{
	struct rng rng;

	rng_init(&rng, 4);
	for (unsigned i = 0; i < 20000; i++) {
		double low = exp((double)rng_below(&rng, 30000) / 1000);
		double high = low * exp((double)rng_below(&rng, 12000) / 1000);
		struct scale s = scale_log(low, high, 0, 300);

		check_ticks(&s);
		s = scale_linear(high, 1, 300, 0);
		assert_true(s.high >= high * (1 - 1e-9));
		check_ticks(&s);
		s = scale_linear(high, scale_byte_unit(high), 300, 0);
		assert_true(s.high >= high * (1 - 1e-9));
		check_ticks(&s);
	}
	struct scale zero = scale_linear(0, 1, 300, 0);
	check_ticks(&zero);
}

CASE("svg: a scale around a range holds it, with round ends and ticks in it")
{
	struct rng rng;

	rng_init(&rng, 5);
	for (unsigned i = 0; i < 20000; i++) {
		double low = exp((double)rng_below(&rng, 40000) / 1000 - 10);
		double high = low * (1 + (double)rng_below(&rng, 3000) / 1000);
		struct scale s = scale_range(low, high, i % 2 == 0 ? 1 : scale_byte_unit(high), 300, 0);

		assert_true(s.low <= low * (1 + 1e-9) && s.high >= high * (1 - 1e-9));
		assert_true(s.high - s.low <= 2.6 * fmax(high - low, high * 0.02));
		check_ticks(&s);
	}
}

CASE("svg: ticks of bytes are round in KiB and MiB")
{
	struct scale s = scale_linear(19.3 * 1024 * 1024, scale_byte_unit(19.3 * 1024 * 1024), 100, 0);
	double ticks[SCALE_MOST_TICKS];
	struct arena a = { 0 };
	size_t n = scale_ticks(&s, ticks);

	assert_int_equal(n, 5);
	assert_string_equal(svg_label_bytes(&a, ticks[0]), "0");
	assert_string_equal(svg_label_bytes(&a, ticks[1]), "5 MiB");
	assert_string_equal(svg_label_bytes(&a, ticks[4]), "20 MiB");
	assert_string_equal(svg_label_bytes(&a, 1000 * 1024), "1000 KiB");
	assert_string_equal(svg_label_bytes(&a, 1008.3 * 1024), "1008 KiB");
	assert_string_equal(svg_label_bytes(&a, 1023.9 * 1024), "1 MiB");
	assert_string_equal(svg_label_ns(&a, 999.9e3), "1 ms");
	arena_deinit(&a);
}

CASE("svg: bins hold every value of a histogram")
{
	uint64_t counts[32];
	struct rng rng;

	rng_init(&rng, 8);
	for (unsigned round = 0; round < 50; round++) {
		struct hist *h = hist_new(3);
		struct bins bins = { .count = 1 + rng_below(&rng, 32), .counts = counts };
		uint64_t sum = 0, most = 0;

		for (unsigned i = 0; i < 200; i++)
			hist_record(h, rng_next(&rng) >> (24 + rng_below(&rng, 40)));
		bins.low = (double)h->min;
		bins.high = (double)h->max;
		bins_fill(&bins, h);
		for (size_t i = 0; i < bins.count; i++) {
			sum += counts[i];
			most = counts[i] > most ? counts[i] : most;
			assert_true(bins_edge(&bins, i) <= bins_edge(&bins, i + 1));
		}
		assert_int_equal(sum, 200);
		assert_int_equal(most, bins.most);
		hist_free(h);
	}
}

CASE("svg: words are escaped")
{
	struct buf b = { 0 };
	struct svg_words words = { "a<b", "\"c\" & d", 7 };

	svg_open(&b, 10, 20, &words);
	svg_text(&b, 1, 2, "end", SVG_INK, "</svg>");
	svg_close(&b);
	assert_non_null(strstr(buf_text(&b),
	                       "<title id=\"t7\">a&lt;b</title><desc id=\"d7\">&quot;c&quot; &amp; d</desc>"));
	assert_non_null(strstr(buf_text(&b), ">&lt;/svg&gt;</text></svg>"));
	buf_deinit(&b);
}

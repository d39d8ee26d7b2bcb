// Our histograms in the hands of hdr-histogram-js, fetched from npm when the test runs.
#include "harness.h"

#include "hist.h"
#include "io.h"
#include "rng.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION "3.0.1"

static uint64_t draw(struct rng *rng, unsigned bits)
{
	return rng_next(rng) >> (64U - 1U - rng_below(rng, bits));
}

static json_t *describe(const struct hist *h)
{
	static const double points[] = { 1, 10, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100 };
	struct buf code = { 0 }, hgrm = { 0 };
	struct hist *back;
	struct err e = { 0 };
	json_t *percentiles = json_array(), *o;

	assert_int_equal(hist_encode(h, &code), 0);
	assert_int_equal(hist_decode(buf_text(&code), code.len, &back, &e), 0);
	hist_hgrm(h, 1000, &hgrm);
	for (size_t i = 0; i < sizeof points / sizeof points[0]; i++)
		json_array_append_new(
		        percentiles, json_pack("[f, I]", points[i], (json_int_t)hist_percentile(back, points[i])));
	o = json_pack("{s:s, s:i, s:I, s:o, s:s}", "code", buf_text(&code), "digits", (int)h->digits, "total",
	              (json_int_t)h->total, "percentiles", percentiles, "hgrm", buf_text(&hgrm));
	assert_non_null(o);
	hist_free(back);
	buf_deinit(&code);
	buf_deinit(&hgrm);
	return o;
}

static void write_cases(const char *path)
{
	FILE *out = fopen(path, "w");
	struct rng rng;

	assert_non_null(out);
	rng_init(&rng, 21);
	for (unsigned round = 0; round < 60; round++) {
		struct hist *h = hist_new(2 + round % 2);
		unsigned bits = 2 + (unsigned)rng_below(&rng, 40);
		json_t *o;

		for (uint64_t n = 1 + rng_below(&rng, round < 40 ? 50 : 3000); n > 0; n--)
			hist_record_n(h, draw(&rng, bits), 1 + rng_below(&rng, 5));
		o = describe(h);
		json_dumpf(o, out, JSON_COMPACT);
		fputc('\n', out);
		json_decref(o);
		hist_free(h);
	}
	assert_int_equal(fclose(out), 0);
}

CASE("hist: hdr-histogram-js decodes to the same percentiles and prints the same .hgrm")
{
	const char *dir = harness_tmpdir();
	char command[1200];
	struct buf said = { 0 };

	if (system("node --version >/dev/null 2>&1 && npm --version >/dev/null 2>&1") != 0)
		harness_skip("node and npm are not here");
	snprintf(command, sizeof command,
	         "cd '%s' && timeout 120 npm install --no-audit --no-fund --no-save hdr-histogram-js@" VERSION
	         " >npm.log 2>&1 </dev/null",
	         dir);
	if (system(command) != 0)
		harness_skip("npm could not fetch hdr-histogram-js@" VERSION);
	snprintf(command, sizeof command, "%s/cases", dir);
	write_cases(command);
	snprintf(command, sizeof command, "cd '%s' && cp '%s' . && node hist_check.js cases >said 2>&1", dir,
	         SG_TEST_DATA "/data/hist_check.js");
	if (system(command) != 0) {
		snprintf(command, sizeof command, "%s/said", dir);
		io_read_file(command, 1U << 16, &said, NULL);
		fail_msg("%s", buf_text(&said));
	}
}

// The histogram against sorted arrays, against HdrHistogram's own bytes, and against damaged input.
#include "harness.h"

#include "hist.h"
#include "io.h"
#include "rng.h"

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
static uint64_t draw(struct rng *rng, unsigned bits)
{
	return rng_next(rng) >> (64U - 1U - rng_below(rng, bits));
}

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

static void assert_same(const struct hist *a, const struct hist *b)
{
	assert_int_equal(a->digits, b->digits);
	assert_int_equal(a->total, b->total);
	assert_memory_equal(a->counts, b->counts, a->slots * sizeof a->counts[0]);
}

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

// ---- the encoding -------------------------------------------------------------------------------------------

CASE("hist: what is encoded is decoded to the same slots")
{
	struct rng rng;

	rng_init(&rng, 5);
	for (unsigned round = 0; round < 200; round++) {
		struct hist *h = hist_new(2 + round % 2), *back;
		struct buf text = { 0 };
		struct err e = { 0 };

		for (uint64_t n = rng_below(&rng, 300); n > 0; n--)
			hist_record_n(h, draw(&rng, 42), 1 + draw(&rng, 20));
		assert_int_equal(hist_encode(h, &text), 0);
		assert_memory_equal(buf_text(&text), "HISTFAAA", 8);
		assert_int_equal(hist_decode(buf_text(&text), text.len, &back, &e), 0);
		assert_same(h, back);
		if (h->total > 0) {
			assert_int_equal(hist_index(h, back->min), hist_index(h, h->min));
			assert_int_equal(hist_index(h, back->max), hist_index(h, h->max));
			assert_true(fabs(hist_mean(back) / hist_mean(h) - 1) < 0.01);
		} else {
			assert_int_equal(back->min, UINT64_MAX);
			assert_int_equal(back->max, 0);
		}
		hist_free(back);
		hist_free(h);
		buf_deinit(&text);
	}
}

CASE("hist: a count that the format cannot hold is refused")
{
	struct hist *h = hist_new(3);
	struct buf text = { 0 };

	hist_record_n(h, 1, (uint64_t)INT64_MAX + 1);
	assert_int_equal(hist_encode(h, &text), -ERANGE);
	assert_int_equal(text.len, 0);
	hist_free(h);
	buf_deinit(&text);
}

// The bytes inside base64 and zlib: what the format says, whatever zlib's version makes of it.
static void unpack(const char *code, struct buf *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned char packed[8192], inner[65536];
	uLongf inner_len = sizeof inner;
	size_t n = 0;
	unsigned bits = 0, held = 0;

	assert_true(strlen(code) < sizeof packed);
	for (const char *p = code; *p != '\0' && *p != '='; p++) {
		bits = bits << 6 | (unsigned)(strchr(digits, *p) - digits);
		held += 6;
		if (held >= 8) {
			held -= 8;
			packed[n++] = (unsigned char)(bits >> held);
		}
	}
	assert_int_equal(uncompress(inner, &inner_len, packed + 8, n - 8), Z_OK);
	buf_clear(out);
	buf_add(out, inner, inner_len);
}

// One case of the golden file on its way through the test.
struct golden {
	struct hist *ours, *theirs;
	struct buf a, b;
	char name[64];
	unsigned cases, percentiles;
};

static void golden_code(struct golden *g, const char *code)
{
	struct buf mine = { 0 };
	struct err e = { 0 };

	assert_int_equal(hist_encode(g->ours, &mine), 0);
	unpack(code, &g->a);
	unpack(buf_text(&mine), &g->b);
	assert_int_equal(g->a.len, g->b.len);
	assert_memory_equal(buf_text(&g->a), buf_text(&g->b), g->a.len);
	hist_free(g->theirs);
	assert_int_equal(hist_decode(code, strlen(code), &g->theirs, &e), 0);
	assert_same(g->ours, g->theirs);
	buf_deinit(&mine);
}

static void golden_line(struct golden *g, const char *line)
{
	char text[4096];
	unsigned long long value, count;
	double percentile, mean;
	unsigned digits;

	if (sscanf(line, "case %63s %u", g->name, &digits) == 2) {
		hist_free(g->ours);
		g->ours = hist_new(digits);
		g->cases++;
	} else if (sscanf(line, "value %llu %llu", &value, &count) == 2) {
		hist_record_n(g->ours, value, count);
	} else if (sscanf(line, "code %4095s", text) == 1) {
		golden_code(g, text);
	} else if (sscanf(line, "percentile %lf %llu", &percentile, &value) == 2) {
		assert_int_equal(hist_percentile(g->theirs, percentile), value);
		g->percentiles++;
	} else if (sscanf(line, "mean %lf", &mean) == 1) {
		assert_true(fabs(hist_mean(g->theirs) - mean) <= 1e-9 * mean);
	} else {
		assert_int_equal(line[0], '#');
	}
}

CASE("hist: the bytes are HdrHistogram's, and the percentiles hdr-histogram-js's")
{
	struct golden g = { 0 };
	struct buf file = { 0 };
	struct err e = { 0 };

	assert_int_equal(io_read_file(SG_TEST_DATA "/data/hist_golden.txt", 1U << 20, &file, &e), 0);
	for (char *save, *line = strtok_r(file.data, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		golden_line(&g, line);
	assert_int_equal(g.cases, 8);
	assert_int_equal(g.percentiles, 56);
	hist_free(g.ours);
	hist_free(g.theirs);
	buf_deinit(&g.a);
	buf_deinit(&g.b);
	buf_deinit(&file);
}

CASE("hist: what hdr-histogram-js writes is read, its two odd fields included")
{
	// [1, 1, 2047, 4096 x 3] recorded in hdr-histogram-js 3.0.1, highest 2^42-1, 3 digits.
	static const char code[] = "HISTFAAAACp4nJNpmSzMwMDAwcDAwMjAwMDMAAGMDAzM/0EAzmf5Kc/0n58NAKX4CIU=";
	struct hist *h;
	struct err e = { 0 };

	assert_int_equal(hist_decode(code, strlen(code), &h, &e), 0);
	assert_int_equal(h->total, 6);
	assert_int_equal(h->counts[hist_index(h, 1)], 2);
	assert_int_equal(h->counts[hist_index(h, 2047)], 1);
	assert_int_equal(h->counts[hist_index(h, 4096)], 3);
	hist_free(h);
}

// ---- damaged input ------------------------------------------------------------------------------------------

CASE("hist: what is no histogram is refused with a reason")
{
	static const char *const bad[] = {
		"",
		"H",
		"HIST",
		"HISTFAAA",
		"====",
		"HISTFAAAAB54nJNpmSzMwMDAyAABzFAayGf+DwL2H6AiAHimB3k", // a digit short
		"HISTFAAAAB54nJNpmSzMwMDAyAABzFAayGf+DwL2H6AiAHimB3k==",
		"HISTFAAAAB54nJNpmSzMwMDAyAABzFAayGf+DwL2H6AiAHimB3kA", // something behind
		"HISTFAAAAB54nJNpmSzMwMDAyAABzFAayGf+DwL2H6AiAHimB3g=", // checksum
		"HISTFAAAAB54 JNpmSzMwMDAyAABzFAayGf+DwL2H6AiAHimB3k=",
		"HISTE AAAB54nJNpmSzMwMDAyAABzFAayGf+DwL2H6AiAHimB3k=",
		"not base64 at all, but rather long, so that it has room for a header!!!!",
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct hist *h = NULL;
		struct err e = { 0 };

		assert_int_equal(hist_decode(bad[i], strlen(bad[i]), &h, &e), -EINVAL);
		assert_null(h);
		assert_true(e.text[0] != '\0');
	}
}

static void put_be(struct buf *b, uint64_t v, unsigned bytes)
{
	while (bytes-- > 0)
		buf_addc(b, (char)(v >> (8U * bytes)));
}

// A well-formed code around a header and a payload of one's own.
static void make_code(struct buf *out, const uint64_t header[6], const void *payload, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static unsigned char packed[1U << 20];
	uLongf packed_len = sizeof packed;
	struct buf inner = { 0 }, outer = { 0 };

	put_be(&inner, 0x1c849313U, 4);
	put_be(&inner, header[0] == UINT64_MAX ? len : header[0], 4);
	put_be(&inner, header[1], 4);
	put_be(&inner, header[2], 4);
	put_be(&inner, header[3], 8);
	put_be(&inner, header[4], 8);
	put_be(&inner, header[5], 8);
	buf_add(&inner, payload, len);
	assert_int_equal(compress(packed, &packed_len, (unsigned char *)inner.data, inner.len), Z_OK);
	put_be(&outer, 0x1c849314U, 4);
	put_be(&outer, packed_len, 4);
	buf_add(&outer, packed, packed_len);
	buf_clear(out);
	for (size_t i = 0; i < outer.len; i += 3) {
		unsigned char three[3] = { 0 };
		unsigned v;

		memcpy(three, outer.data + i, outer.len - i < 3 ? outer.len - i : 3);
		v = (unsigned)three[0] << 16 | (unsigned)three[1] << 8 | three[2];
		for (size_t k = 0; k < 4; k++)
			buf_addc(out, i + k <= outer.len ? digits[v >> (18U - 6U * k) & 63U] : '=');
	}
	buf_deinit(&inner);
	buf_deinit(&outer);
}

#define HIGHEST ((uint64_t)SG_HIST_MAX_VALUE)
#define ONE UINT64_C(0x3ff0000000000000)
#define FITS UINT64_MAX // the payload's length as it is

static int decode_made(const uint64_t header[6], const void *payload, size_t len, struct hist **h, struct err *e)
{
	struct buf code = { 0 };
	int rc;

	make_code(&code, header, payload, len);
	*e = (struct err){ 0 };
	rc = hist_decode(buf_text(&code), code.len, h, e);
	buf_deinit(&code);
	return rc;
}

CASE("hist: a header that does not fit is refused with a reason")
{
	static const uint64_t good[6] = { FITS, 0, 3, 1, HIGHEST, ONE };
	static const uint64_t bad[][6] = {
		{ 3, 0, 3, 1, HIGHEST, ONE },       { 1, 0, 3, 1, HIGHEST, ONE },
		{ FITS, 1, 3, 1, HIGHEST, ONE },    { FITS, 0, 1, 1, HIGHEST, ONE },
		{ FITS, 0, 5, 1, HIGHEST, ONE },    { FITS, 0, UINT32_MAX, 1, HIGHEST, ONE },
		{ FITS, 0, 3, 2, HIGHEST, ONE },    { FITS, 0, 3, 0, HIGHEST, ONE },
		{ FITS, 0, 3, 1, 0, ONE },          { FITS, 0, 3, 1, UINT64_MAX, ONE },
		{ FITS, 0, 3, 1, HIGHEST, ONE + 1 }
	};
	struct hist *h;
	struct err e;

	assert_int_equal(decode_made(good, "\2\4", 2, &h, &e), 0);
	assert_int_equal(h->total, 3);
	hist_free(h);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(decode_made(bad[i], "\2\4", 2, &h, &e), -EINVAL);
		assert_true(e.text[0] != '\0');
	}
}

CASE("hist: counts that are cut off, too many or too large are refused")
{
	static const uint64_t header[6] = { FITS, 0, 3, 1, HIGHEST, ONE };
	static const struct {
		const char *payload;
		size_t len;
	} bad[] = {
		{ "\x80", 1 },
		{ "\2\xff\xff", 3 },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9 },    // INT64_MIN empty slots
		{ "\xff\xff\xff\xff\x0f\2", 6 },                  // 2^31 empty slots
		{ "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\2", 10 }, // INT64_MAX and 1 more
	};
	struct hist *h;
	struct err e;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(decode_made(header, bad[i].payload, bad[i].len, &h, &e), -EINVAL);
		assert_true(e.text[0] != '\0');
	}
}

CASE("hist: what others recorded above our highest value is counted as that")
{
	static const uint64_t header[6] = { FITS, 0, 3, 1, INT64_MAX, ONE };
	struct hist *h;
	struct err e;

	// -50000 as ZigZag LEB128, then a count of 1 in slot 50,000; ours end at 33,791.
	assert_int_equal(decode_made(header, "\x9f\x8d\x06\2", 4, &h, &e), 0);
	assert_int_equal(h->total, 1);
	assert_int_equal(h->max, SG_HIST_MAX_VALUE);
	assert_int_equal(h->counts[h->slots - 1], 1);
	hist_free(h);
}

CASE("hist: a stream that would inflate without end stops at the bound")
{
	static const uint64_t header[6] = { FITS, 0, 3, 1, HIGHEST, ONE };
	enum { HUGE = 64 << 20 };
	char *zeros = calloc(1, HUGE);
	struct hist *h;
	struct err e;

	assert_non_null(zeros);
	assert_int_equal(decode_made(header, zeros, HUGE, &h, &e), -EINVAL);
	assert_true(strstr(e.text, "too long") != NULL);
	free(zeros);
}

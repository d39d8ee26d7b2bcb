// The histogram's encoding against HdrHistogram's own bytes, and against damaged input.
#include "harness.h"

#include "hist_lab.h"
#include "io.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

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

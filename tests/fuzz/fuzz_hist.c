// Encoded histograms: whatever is accepted must be sound, and come back the same when it is encoded again. An
// input that begins with '!' is what stands inside base64 and zlib, which no fuzzer would find its way through.
#include "hist.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
	if (!holds)
		abort();
}

static void check_sound(const struct hist *h)
{
	uint64_t total = 0;

	for (size_t i = 0; i < h->slots; i++)
		total += h->counts[i];
	must(total == h->total);
	must(h->total == 0 || (h->min <= h->max && h->max <= (uint64_t)SG_HIST_MAX_VALUE));
	must(hist_percentile(h, 0) <= hist_percentile(h, 50) && hist_percentile(h, 50) <= hist_percentile(h, 100));
	must(h->total == 0 || (hist_mean(h) >= (double)h->min && hist_mean(h) <= (double)h->max * (1 + 1e-9)));
}

static void check_again(const struct hist *h)
{
	struct buf code = { 0 };
	struct hist *back = NULL;

	must(hist_encode(h, &code) == 0);
	must(hist_decode(buf_text(&code), code.len, &back, NULL) == 0);
	must(back->total == h->total && back->digits == h->digits);
	must(memcmp(back->counts, h->counts, h->slots * sizeof h->counts[0]) == 0);
	hist_free(back);
	buf_deinit(&code);
}

// Twice as many merged, half of them taken away: what was there at first.
static void check_merged(const struct hist *h)
{
	struct hist *sum = hist_new(h->digits);

	must(sum != NULL);
	if (hist_merge(sum, h) == 0 && hist_merge(sum, h) == 0) {
		must(sum->total == 2 * h->total);
		must(hist_percentile(sum, 50) == hist_percentile(h, 50) &&
		     hist_percentile(sum, 99) == hist_percentile(h, 99));
		must(hist_subtract(sum, h) == 0);
		must(sum->total == h->total);
		must(memcmp(sum->counts, h->counts, h->slots * sizeof h->counts[0]) == 0);
	}
	hist_free(sum);
}

static void put_be32(unsigned char *at, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (unsigned char)(v >> (24U - 8U * i));
}

static void put_base64(struct buf *out, const unsigned char *p, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		unsigned char three[3] = { 0 };

		memcpy(three, p + i, len - i < 3 ? len - i : 3);
		buf_addc(out, digits[three[0] >> 2]);
		buf_addc(out, digits[(three[0] << 4 | three[1] >> 4) & 63]);
		buf_addc(out, i + 1 < len ? digits[(three[1] << 2 | three[2] >> 6) & 63] : '=');
		buf_addc(out, i + 2 < len ? digits[three[2] & 63] : '=');
	}
}

// The code around these bytes.
static void wrap(const uint8_t *data, size_t size, struct buf *code)
{
	uLongf packed_len = compressBound(size);
	unsigned char *packed = malloc(8 + packed_len);

	must(packed != NULL && compress(packed + 8, &packed_len, data, size) == Z_OK);
	put_be32(packed, 0x1c849314U);
	put_be32(packed + 4, (uint32_t)packed_len);
	put_base64(code, packed, 8 + packed_len);
	free(packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf code = { 0 };
	struct hist *h = NULL;
	struct err e = { 0 };
	int rc;

	if (size > 0 && data[0] == '!')
		wrap(data + 1, size - 1, &code);
	else
		buf_add(&code, data, size);
	rc = hist_decode(buf_text(&code), code.len, &h, &e);
	must((rc == 0) == (h != NULL));
	must((rc == 0) == (e.text[0] == '\0'));
	if (h != NULL) {
		check_sound(h);
		check_again(h);
		check_merged(h);
	}
	hist_free(h);
	buf_deinit(&code);
	return 0;
}

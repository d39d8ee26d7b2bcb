// Encoded histograms: whatever is accepted must be sound, and come back the same when it is encoded again.
#include "hist.h"

#include <stdlib.h>
#include <string.h>

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
	struct buf code = {0};
	struct hist *back = NULL;

	must(hist_encode(h, &code) == 0);
	must(hist_decode(buf_text(&code), code.len, &back, NULL) == 0);
	must(back->total == h->total && back->digits == h->digits);
	must(memcmp(back->counts, h->counts, h->slots * sizeof h->counts[0]) == 0);
	hist_free(back);
	buf_deinit(&code);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hist *h = NULL;
	struct err e = {0};
	int rc = hist_decode((const char *)data, size, &h, &e);

	must((rc == 0) == (h != NULL));
	must((rc == 0) == (e.text[0] == '\0'));
	if (h != NULL) {
		check_sound(h);
		check_again(h);
	}
	hist_free(h);
	return 0;
}

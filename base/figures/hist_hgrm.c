// The percentile distribution of a histogram as text (.hgrm).
#include "hist.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICKS 5.0 // rows each time the distance to 100 % is halved

// HdrHistogram's "median equivalent value": the middle of the slot.
static double middle(const struct hist *h, size_t i)
{
	uint64_t low = hist_slot_low(h, i), width = hist_slot_high(h, i) - low + 1;

	return (double)(low + width / 2);
}

static double mean_of(const struct hist *h)
{
	double sum = 0;

	for (size_t i = 0; i < h->slots; i++)
		if (h->counts[i] > 0)
			sum += middle(h, i) * (double)h->counts[i];
	return h->total > 0 ? sum / (double)h->total : 0;
}

static double deviation_of(const struct hist *h, double mean)
{
	double sum = 0;

	for (size_t i = 0; i < h->slots; i++)
		if (h->counts[i] > 0)
			sum += (middle(h, i) - mean) * (middle(h, i) - mean) * (double)h->counts[i];
	return h->total > 0 ? sqrt(sum / (double)h->total) : 0;
}

// The next level to be reported behind `level`, both in percent.
static double next_level(double level)
{
	double halvings = floor(log2(100 / (100 - level))) + 1;

	return level + 100 / (TICKS * exp2(halvings));
}

#define MOST_DECIMALS 24

// What HdrHistogram's tools (Java, JavaScript) print is rounded from the shortest decimal that is this double, a
// half away from zero; printf would round the double itself, a half to even.
static void add_decimal(double value, int width, int decimals, struct buf *out)
{
	char text[400];
	int places = 0;

	while (places < MOST_DECIMALS &&
	       (snprintf(text, sizeof text, "%.*f", places, value), strtod(text, NULL) != value))
		places++;
	if (places == decimals + 1 && text[strlen(text) - 1] == '5')
		value += pow(10, -places);
	buf_addf(out, "%*.*f", width, decimals, value);
}

static void add_row(const struct hist *h, double value, double level, uint64_t count, struct buf *out)
{
	add_decimal(value, 12, (int)h->digits, out);
	buf_addc(out, ' ');
	add_decimal(level / 100, 2, 12, out);
	buf_addf(out, " %10" PRIu64, count);
	if (level < 100) {
		buf_addc(out, ' ');
		add_decimal(1 / (1 - level / 100), 14, 2, out);
	}
	buf_addc(out, '\n');
}

static void add_rows(const struct hist *h, double unit, struct buf *out)
{
	uint64_t count = 0;
	double level = 0, value = 0;

	for (size_t i = 0; i < h->slots && count < h->total; i++) {
		if (h->counts[i] == 0)
			continue;
		count += h->counts[i];
		value = (double)hist_slot_high(h, i) / unit;
		// One slot may hold several levels; all are reported but the last value's, whose level is 100.
		while (100.0 * (double)count / (double)h->total >= level && level < 100) {
			add_row(h, value, level, count, out);
			level = next_level(level);
			if (count == h->total)
				break;
		}
	}
	if (h->total > 0)
		add_row(h, value, 100, h->total, out);
}

void hist_hgrm(const struct hist *h, double unit, struct buf *out)
{
	const double mean = mean_of(h);
	const int digits = (int)h->digits;
	const unsigned value_bits = 64U - (unsigned)__builtin_clzll(SG_HIST_MAX_VALUE);
	size_t last = h->total > 0 ? hist_index(h, h->max) : 0;

	buf_adds(out, "       Value     Percentile TotalCount 1/(1-Percentile)\n\n");
	add_rows(h, unit, out);
	buf_adds(out, "#[Mean    = ");
	add_decimal(mean / unit, 12, digits, out);
	buf_adds(out, ", StdDeviation   = ");
	add_decimal(deviation_of(h, mean) / unit, 12, digits, out);
	buf_adds(out, "]\n#[Max     = ");
	add_decimal(h->total > 0 ? (double)hist_slot_high(h, last) / unit : 0, 12, digits, out);
	buf_addf(out, ", Total count    = %12" PRIu64 "]\n", h->total);
	buf_addf(out, "#[Buckets = %12u, SubBuckets     = %12u]\n", value_bits - h->half_bits, 2U << h->half_bits);
}

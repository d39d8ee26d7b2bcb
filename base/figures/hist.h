// Latency histogram in HdrHistogram's geometry, and its V2 compressed encoding.
// Source: HdrHistogram (Gil Tene): slot widths double with every octave, 2^h linear slots in each;
// h = 10 bits for 3 significant digits, 7 for 2.
#ifndef SG_HIST_H
#define SG_HIST_H

#include "buf.h"
#include "err.h"

#include <stddef.h>
#include <stdint.h>

struct hist {
	unsigned digits;    // significant decimal digits: 2 or 3
	unsigned half_bits; // h: 7 or 10
	size_t slots;       // entries in counts
	uint64_t total;     // values recorded
	uint64_t min, max;  // exact; min is UINT64_MAX while empty
	double sum;         // for the mean
	uint64_t counts[];
};

// 2^42 - 1 ns, 73 minutes; larger values are counted as this one.
#define SG_HIST_MAX_VALUE ((INT64_C(1) << 42) - 1)

// 2 or 3 digits; NULL for any other number, and without memory. One histogram belongs to one thread.
struct hist *hist_new(unsigned digits);
void hist_free(struct hist *h); // accepts NULL
void hist_reset(struct hist *h);

static inline size_t hist_index(const struct hist *h, uint64_t value)
{
	unsigned shift = 63U - (unsigned)__builtin_clzll(value | (UINT64_C(1) << h->half_bits)) - h->half_bits;
	return ((size_t)shift << h->half_bits) + (size_t)(value >> shift);
}

// `n` of 0 records nothing.
static inline void hist_record_n(struct hist *h, uint64_t value, uint64_t n)
{
	if (n == 0)
		return;
	if (value > (uint64_t)SG_HIST_MAX_VALUE)
		value = (uint64_t)SG_HIST_MAX_VALUE;
	h->counts[hist_index(h, value)] += n;
	h->total += n;
	h->sum += (double)value * (double)n;
	h->min = value < h->min ? value : h->min;
	h->max = value > h->max ? value : h->max;
}

static inline void hist_record(struct hist *h, uint64_t value)
{
	hist_record_n(h, value, 1);
}

// The highest and the lowest value that are counted in the slot `index` (HdrHistogram's "highest equivalent
// value").
uint64_t hist_slot_high(const struct hist *h, size_t index);
uint64_t hist_slot_low(const struct hist *h, size_t index);
// Highest equivalent value at `percentile` (0..100), at most max; at 0 it is min. 0 when empty.
uint64_t hist_percentile(const struct hist *h, double percentile);
double hist_mean(const struct hist *h); // 0 when empty
// How many of the values are counted in slots that begin in [low, high).
uint64_t hist_count_between(const struct hist *h, uint64_t low, uint64_t high);
// Adds `from` to `to`; -EINVAL when their digits differ, -ERANGE when together they hold more than INT64_MAX
// values (`to` is then as it was).
int hist_merge(struct hist *to, const struct hist *from);
// Takes `from` away from `to`, which must hold all of its values (-ERANGE, and `to` as it was); -EINVAL when their
// digits differ. min and max are then exact if those values' slots still hold some, else known to a slot's width.
int hist_subtract(struct hist *to, const struct hist *from);

// Adds the percentile distribution as HdrHistogram's tools print and plot it (.hgrm), five rows each time the
// distance to 100 % is halved. Values are divided by `unit`. Mean, deviation and maximum are taken from the slots,
// as there.
void hist_hgrm(const struct hist *h, double unit, struct buf *out);

// Adds the V2 compressed form as base64 ("HISTFAAA...") to `out`. 0, -ENOMEM, or -ERANGE for a count that the
// format cannot hold (over INT64_MAX).
int hist_encode(const struct hist *h, struct buf *out);
// Reads it back into a new histogram of the digits it was written with (owned by the caller). min, max and
// sum are then known to a slot's width only. What others recorded above SG_HIST_MAX_VALUE is counted as that.
// -EINVAL with the reason in `e` for whatever is not one, -ENOMEM.
int hist_decode(const char *text, size_t len, struct hist **out, struct err *e);

#endif

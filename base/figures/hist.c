// The histogram's geometry, percentiles and merging; its encoding is in hist_code.c.
#include "hist.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#define HALF_BITS_2_DIGITS 7U
#define HALF_BITS_3_DIGITS 10U

static size_t bytes_of(const struct hist *h)
{
	return sizeof *h + h->slots * sizeof h->counts[0];
}

// Mapped and not from the heap: pages that no value falls into are never touched, so a run of ten thousand
// histograms costs what their values need (malloc would clear all 262 KiB of each).
struct hist *hist_new(unsigned digits)
{
	struct hist shape = { .digits = digits, .min = UINT64_MAX };
	struct hist *h;

	if (digits != 2 && digits != 3)
		return NULL;
	shape.half_bits = digits == 2 ? HALF_BITS_2_DIGITS : HALF_BITS_3_DIGITS;
	shape.slots = hist_index(&shape, (uint64_t)SG_HIST_MAX_VALUE) + 1;
	h = mmap(NULL, bytes_of(&shape), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (h == MAP_FAILED)
		return NULL;
	(void)madvise(h, bytes_of(&shape), MADV_NOHUGEPAGE); // or neighbours are filled up to 2 MiB together
	memcpy(h, &shape, sizeof shape);
	return h;
}

void hist_free(struct hist *h)
{
	if (h != NULL)
		munmap(h, bytes_of(h));
}

void hist_reset(struct hist *h)
{
	memset(h->counts, 0, h->slots * sizeof h->counts[0]);
	h->total = 0;
	h->min = UINT64_MAX;
	h->max = 0;
	h->sum = 0;
}

// log2 of the width of the slot `index`.
static unsigned slot_shift(const struct hist *h, size_t index)
{
	size_t octave = index >> h->half_bits; // 0 and 1 have slots one wide

	return octave < 2 ? 0 : (unsigned)(octave - 1);
}

uint64_t hist_slot_low(const struct hist *h, size_t index)
{
	unsigned shift = slot_shift(h, index);

	return (uint64_t)(index - ((size_t)shift << h->half_bits)) << shift;
}

uint64_t hist_slot_high(const struct hist *h, size_t index)
{
	return hist_slot_low(h, index) + (UINT64_C(1) << slot_shift(h, index)) - 1;
}

uint64_t hist_percentile(const struct hist *h, double percentile)
{
	uint64_t seen = 0, wanted;

	if (h->total == 0)
		return 0;
	if (!(percentile > 0)) // NaN too
		return h->min;
	if (percentile >= 100)
		return h->max;
	// Rounded up, but for the last bit of the product: 90 % of 10 values is the 9th, not the 10th.
	wanted = (uint64_t)ceil(nextafter(percentile / 100.0 * (double)h->total, 0));
	wanted = wanted > 0 ? wanted : 1;
	for (size_t i = hist_index(h, h->min); i < h->slots; i++) {
		seen += h->counts[i];
		if (seen >= wanted) {
			uint64_t high = hist_slot_high(h, i);
			return high < h->max ? high : h->max;
		}
	}
	return h->max;
}

double hist_mean(const struct hist *h)
{
	return h->total == 0 ? 0 : h->sum / (double)h->total;
}

uint64_t hist_count_between(const struct hist *h, uint64_t low, uint64_t high)
{
	uint64_t n = 0;
	size_t i;

	if (h->total == 0 || low > h->max)
		return 0;
	i = hist_index(h, low > h->min ? low : h->min);
	if (hist_slot_low(h, i) < low)
		i++;
	for (; i < h->slots && hist_slot_low(h, i) < high; i++)
		n += h->counts[i];
	return n;
}

// A vector register of counts, written out: what a compiler makes of a plain loop at -O2 takes 6 to 18 us a merge,
// by where the loop happens to stand.
typedef uint64_t counts_pair __attribute__((vector_size(16), aligned(8), may_alias));

static void add_counts(uint64_t *restrict to, const uint64_t *restrict from, size_t n)
{
	size_t i = 0;

	for (; i + 4 <= n; i += 4) {
		counts_pair low = *(const counts_pair *)(from + i), high = *(const counts_pair *)(from + i + 2);

		*(counts_pair *)(to + i) += low;
		*(counts_pair *)(to + i + 2) += high;
	}
	for (; i < n; i++)
		to[i] += from[i];
}

int hist_merge(struct hist *to, const struct hist *from)
{
	size_t first, last;

	if (to->digits != from->digits)
		return -EINVAL;
	if (from->total == 0)
		return 0;
	if (from->total > INT64_MAX || to->total > INT64_MAX - from->total)
		return -ERANGE;
	first = hist_index(from, from->min);
	last = hist_index(from, from->max);
	if (to == from) // the same one twice
		for (size_t i = first; i <= last; i++)
			to->counts[i] *= 2;
	else
		add_counts(to->counts + first, from->counts + first, last - first + 1);
	to->total += from->total;
	to->sum += from->sum;
	to->min = from->min < to->min ? from->min : to->min;
	to->max = from->max > to->max ? from->max : to->max;
	return 0;
}

static bool holds_all(const struct hist *to, const struct hist *from)
{
	for (size_t i = 0; i < to->slots; i++)
		if (from->counts[i] > to->counts[i])
			return false;
	return true;
}

int hist_subtract(struct hist *to, const struct hist *from)
{
	size_t first = 0, last;

	if (to->digits != from->digits)
		return -EINVAL;
	if (!holds_all(to, from))
		return -ERANGE;
	if (to->total == from->total) {
		hist_reset(to);
		return 0;
	}
	for (size_t i = 0; i < to->slots; i++)
		to->counts[i] -= from->counts[i];
	to->total -= from->total;
	to->sum = to->sum > from->sum ? to->sum - from->sum : 0;
	for (last = to->slots - 1; to->counts[last] == 0; last--)
		;
	while (to->counts[first] == 0)
		first++;
	if (hist_index(to, to->min) != first)
		to->min = hist_slot_low(to, first);
	if (hist_index(to, to->max) != last)
		to->max = hist_slot_high(to, last);
	return 0;
}

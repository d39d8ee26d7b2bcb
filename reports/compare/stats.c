// Paired invocations: the swap test, the shift with its interval, the noise.
#include "stats.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAD_TO_SIGMA 1.4826 // of a normal distribution
#define SAME 1e-12          // as a ratio: nothing measured is known so well
#define INTERVAL_STEPS 12U  // halvings; the bracket is a standard error wide
#define NEIGHBOURS 5U       // pairs on either side that tell the machine's level
#define BRACKET_STEPS 40U   // doublings

struct ranked {
	double value;
	size_t pair;
};

struct stats_space {
	size_t room;
	const struct stats_pairs *pairs;
	struct ranked *base, *head;     // sorted by value
	uint32_t *base_rank;            // by pair, doubled: midranks are whole numbers then
	uint32_t *head_rank, *distance; // distance: between the ranks of a pair
	double *weight, *next;          // how many labellings give a sum: room for all sums
	double *aligned[2];             // base and head without the machine's drift
	double *scratch;                // one for each pair
};

static size_t most_sums(size_t pairs)
{
	size_t n = pairs < STATS_EXACT_PAIRS ? pairs : STATS_EXACT_PAIRS;

	return 2 * n * n + 1; // doubled ranks of n pairs differ by 2 n^2 in sum at the most
}

struct stats_space *stats_space_new(size_t pairs)
{
	struct stats_space *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->room = pairs;
	s->base = calloc(pairs + 1, sizeof *s->base);
	s->head = calloc(pairs + 1, sizeof *s->head);
	s->base_rank = calloc(pairs + 1, sizeof *s->base_rank);
	s->head_rank = calloc(pairs + 1, sizeof *s->head_rank);
	s->distance = calloc(pairs + 1, sizeof *s->distance);
	s->weight = calloc(most_sums(pairs), sizeof *s->weight);
	s->next = calloc(most_sums(pairs), sizeof *s->next);
	s->aligned[0] = calloc(pairs + 1, sizeof *s->aligned[0]);
	s->aligned[1] = calloc(pairs + 1, sizeof *s->aligned[1]);
	s->scratch = calloc(pairs + 1, sizeof *s->scratch);
	if (s->base == NULL || s->head == NULL || s->base_rank == NULL || s->head_rank == NULL ||
	    s->distance == NULL || s->weight == NULL || s->next == NULL || s->aligned[0] == NULL ||
	    s->aligned[1] == NULL || s->scratch == NULL) {
		stats_space_free(s);
		return NULL;
	}
	return s;
}

void stats_space_free(struct stats_space *s)
{
	if (s == NULL)
		return;
	free(s->base);
	free(s->head);
	free(s->base_rank);
	free(s->head_rank);
	free(s->distance);
	free(s->weight);
	free(s->next);
	free(s->aligned[0]);
	free(s->aligned[1]);
	free(s->scratch);
	free(s);
}

// By insertion: a few dozen values, often nearly in order.
static void sort_values(struct ranked *list, const double *values, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t at = i;

		for (; at > 0 && list[at - 1].value > values[i]; at--)
			list[at] = list[at - 1];
		list[at] = (struct ranked){ values[i], i };
	}
}

static int by_value(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	return (x->value > y->value) - (x->value < y->value);
}

#define FEW 64U

static void sort_ranked(struct ranked *list, const double *values, size_t n)
{
	if (n <= FEW) {
		sort_values(list, values, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		list[i] = (struct ranked){ values[i], i };
	qsort(list, n, sizeof *list, by_value);
}

// The median of the means of the pairs around the i-th.
static double level_at(const struct stats_pairs *p, size_t i)
{
	const size_t from = i < NEIGHBOURS ? 0 : i - NEIGHBOURS;
	const size_t to = i + NEIGHBOURS < p->count ? i + NEIGHBOURS + 1 : p->count;
	struct ranked sorted[2 * NEIGHBOURS + 1];
	double means[2 * NEIGHBOURS + 1];
	const size_t n = to - from;

	for (size_t k = 0; k < n; k++)
		means[k] = (p->base[from + k] + p->head[from + k]) / 2;
	sort_values(sorted, means, n);
	return (sorted[(n - 1) / 2].value + sorted[n / 2].value) / 2;
}

// Takes out how fast the machine was just then. Swapping a pair's labels does not change the level, and a shift of
// all heads changes every level alike: so the null distribution stays exact, at any shift.
static void align(struct stats_space *s)
{
	for (size_t i = 0; i < s->pairs->count; i++) {
		const double level = level_at(s->pairs, i);

		s->aligned[0][i] = s->pairs->base[i] - level;
		s->aligned[1][i] = s->pairs->head[i] - level;
	}
}

void stats_use(struct stats_space *s, const struct stats_pairs *p)
{
	s->pairs = p;
	align(s);
	sort_ranked(s->base, s->aligned[0], p->count);
	sort_ranked(s->head, s->aligned[1], p->count);
}

// ---- the swap test --------------------------------------------------------------------------------------------

// Doubled midranks of all, the heads moved down by `shift`: both lists are sorted, so they are merged.
static void rank_all(struct stats_space *s, double shift)
{
	const size_t n = s->pairs->count;
	size_t b = 0, h = 0;

	while (b < n || h < n) {
		const size_t from_b = b, from_h = h;
		double value = b < n ? s->base[b].value : INFINITY;
		uint32_t rank;

		if (h < n && s->head[h].value - shift < value)
			value = s->head[h].value - shift;
		while (b < n && s->base[b].value <= value)
			b++;
		while (h < n && s->head[h].value - shift <= value)
			h++;
		rank = (uint32_t)(from_b + from_h + b + h +
		                  1); // twice the mean of the ranks of all that are equal
		for (size_t i = from_b; i < b; i++)
			s->base_rank[s->base[i].pair] = rank;
		for (size_t i = from_h; i < h; i++)
			s->head_rank[s->head[i].pair] = rank;
	}
}

struct sums {
	size_t observed, all; // of the distances where the head ranks above, and of all
	size_t count;         // of distances that are not 0
	double variance;
};

static struct sums take_distances(struct stats_space *s)
{
	struct sums sums = { 0 };
	uint32_t odd = 0;
	unsigned halve;

	for (size_t i = 0; i < s->pairs->count; i++) {
		const uint32_t b = s->base_rank[i], h = s->head_rank[i];
		const uint32_t d = h > b ? h - b : b - h;

		if (d == 0)
			continue;
		odd |= d & 1;
		s->distance[sums.count++] = d;
		sums.all += d;
		sums.observed += h > b ? d : 0;
		sums.variance += (double)d * d / 4;
	}
	halve = odd == 0 ? 1 : 0; // without ties all are even
	for (size_t i = 0; halve > 0 && i < sums.count; i++)
		s->distance[i] /= 2;
	sums.all >>= halve;
	sums.observed >>= halve;
	sums.variance /= halve > 0 ? 4 : 1;
	return sums;
}

// The next round of the convolution, for sums up to `most`: each pair either adds its distance or does not.
static void convolve(const double *restrict from, double *restrict to, size_t distance, size_t most)
{
	const size_t kept = distance <= most ? distance : most + 1;

	memcpy(to, from, kept * sizeof *to);
	for (size_t k = distance; k <= most; k++)
		to[k] = from[k] + from[k - distance];
}

// P(sum of the distances that are drawn <= limit), each drawn with probability one half.
static double exact_lower_tail(struct stats_space *s, const struct sums *sums, size_t limit)
{
	double *from = s->weight, *to = s->next;
	size_t width = 0;
	double total = 0;

	memset(from, 0, (limit + 1) * sizeof *from);
	memset(to, 0, (limit + 1) * sizeof *to);
	from[0] = 1;
	for (size_t i = 0; i < sums->count; i++) {
		double *swap = from;

		width = width + s->distance[i] < limit ? width + s->distance[i] : limit;
		convolve(from, to, s->distance[i], width);
		from = to;
		to = swap;
	}
	for (size_t k = 0; k <= limit; k++)
		total += from[k];
	return ldexp(total, -(int)sums->count);
}

static double normal_lower_tail(const struct sums *sums, size_t limit)
{
	const double z = ((double)limit + 0.5 - (double)sums->all / 2) / sqrt(sums->variance);

	return 0.5 * erfc(-z / sqrt(2));
}

static double lower_tail(struct stats_space *s, const struct sums *sums, size_t limit)
{
	if (limit >= sums->all)
		return 1;
	return sums->count <= STATS_EXACT_PAIRS ? exact_lower_tail(s, sums, limit)
	                                        : normal_lower_tail(sums, limit);
}

double stats_swap_test(struct stats_space *s, double shift, enum stats_side side)
{
	struct sums sums;
	size_t mirrored;

	rank_all(s, shift);
	sums = take_distances(s);
	mirrored = sums.all - sums.observed; // the null distribution is symmetric
	switch (side) {
	case STATS_GREATER:
		return lower_tail(s, &sums, mirrored);
	case STATS_LESS:
		return lower_tail(s, &sums, sums.observed);
	default:
		return fmin(1, 2 * lower_tail(s, &sums, sums.observed < mirrored ? sums.observed : mirrored));
	}
}

// ---- the shift ------------------------------------------------------------------------------------------------

// How many of the n^2 differences are at most x; the greatest of them goes to *below.
static size_t count_differences(const struct stats_space *s, double x, double *below)
{
	const size_t n = s->pairs->count;
	size_t count = 0, h = 0;

	*below = -INFINITY;
	for (size_t b = 0; b < n; b++) {
		while (h < n && s->head[h].value - s->base[b].value <= x)
			h++;
		if (h > 0 && s->head[h - 1].value - s->base[b].value > *below)
			*below = s->head[h - 1].value - s->base[b].value;
		count += h;
	}
	return count;
}

// The k-th smallest difference, k from 1: halved until only it is left.
static double kth_difference(const struct stats_space *s, size_t k)
{
	const size_t n = s->pairs->count;
	double low = s->head[0].value - s->base[n - 1].value, high = s->head[n - 1].value - s->base[0].value;
	double below;

	if (count_differences(s, low, &below) >= k)
		return low;
	while (high - low > SAME) {
		const double middle = low + (high - low) / 2;

		if (count_differences(s, middle, &below) < k)
			low = middle;
		else
			high = below;
	}
	return high;
}

double stats_shift(const struct stats_space *s)
{
	const size_t n = s->pairs->count, all = n * n;

	if (n == 0)
		return 0;
	if (all % 2 == 1)
		return kth_difference(s, all / 2 + 1);
	return (kth_difference(s, all / 2) + kth_difference(s, all / 2 + 1)) / 2;
}

// One end of the interval: where the one-sided p-value passes alpha / 2, going away from the estimate.
static double find_end(struct stats_space *s, double from, double step, double limit)
{
	const enum stats_side side = step > 0 ? STATS_LESS : STATS_GREATER;
	double inside = from, outside = from + step;

	for (unsigned i = 0; i < BRACKET_STEPS && stats_swap_test(s, outside, side) > limit; i++) {
		inside = outside;
		step *= 2;
		outside += step;
	}
	for (unsigned i = 0; i < INTERVAL_STEPS; i++) {
		const double middle = inside + (outside - inside) / 2;

		if (stats_swap_test(s, middle, side) > limit)
			inside = middle;
		else
			outside = middle;
	}
	return inside;
}

bool stats_interval(struct stats_space *s, double alpha, double *low, double *high)
{
	const size_t n = s->pairs->count;
	const double shift = stats_shift(s);
	double spread;

	*low = -INFINITY;
	*high = INFINITY;
	if (n == 0 || (n < 64 && ldexp(1, -(int)n) > alpha / 2))
		return false;
	spread = (s->base[n - 1].value - s->base[0].value) + (s->head[n - 1].value - s->head[0].value);
	if (!(spread > 0)) {
		*low = *high = shift;
		return true;
	}
	*low = find_end(s, shift, -spread / (2 * sqrt((double)n)), alpha / 2);
	*high = find_end(s, shift, spread / (2 * sqrt((double)n)), alpha / 2);
	return true;
}

// ---- the noise ------------------------------------------------------------------------------------------------

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
	qsort(values, n, sizeof *values, by_size);
	return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

double stats_sigma(struct stats_space *s)
{
	const size_t n = s->pairs->count;
	double middle;

	if (n < 4)
		return NAN;
	for (size_t i = 0; i < n; i++)
		s->scratch[i] = s->pairs->head[i] - s->pairs->base[i];
	middle = median(s->scratch, n);
	for (size_t i = 0; i < n; i++)
		s->scratch[i] = fabs(s->pairs->head[i] - s->pairs->base[i] - middle);
	return MAD_TO_SIGMA * median(s->scratch, n) / sqrt(2);
}

// Small charts of block characters.
#include "spark.h"

#include "text.h"

#include <math.h>

static const char *const blocks[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
#define BLOCKS (sizeof blocks / sizeof blocks[0])
#define BLOCK_BYTES 3U

struct line {
	char *text;
	size_t len;
};

static void add(struct line *l, const char *block)
{
	while (*block != '\0')
		l->text[l->len++] = *block++;
}

// `part` of the whole range, 0..1.
static const char *block_of(double part)
{
	size_t i = (size_t)(part * (double)(BLOCKS - 1));

	return blocks[i < BLOCKS ? i : BLOCKS - 1];
}

const char *spark_counts(struct arena *a, const uint64_t *counts, size_t count)
{
	struct line l = { arena_alloc(a, count * BLOCK_BYTES + 1), 0 };
	uint64_t most = 1;

	for (size_t i = 0; i < count; i++)
		most = counts[i] > most ? counts[i] : most;
	for (size_t i = 0; l.text != NULL && i < count; i++)
		add(&l, counts[i] == 0 ? " " : block_of((double)counts[i] / (double)most));
	return l.text != NULL ? l.text : "";
}

// The mean of those among values[from, to) that are numbers; NaN when there is none.
static double mean_of(const double *values, size_t from, size_t to)
{
	double sum = 0;
	size_t n = 0;

	for (size_t i = from; i < to; i++)
		if (isfinite(values[i])) {
			sum += values[i];
			n++;
		}
	return n > 0 ? sum / (double)n : (double)NAN;
}

const char *spark_course(struct arena *a, const double *values, size_t count, size_t columns)
{
	size_t n = count < columns ? count : columns;
	double *means = arena_alloc(a, (n + 1) * sizeof *means);
	struct line l = { arena_alloc(a, n * BLOCK_BYTES + 1), 0 };
	double low = (double)INFINITY, high = -(double)INFINITY;

	if (means == NULL || l.text == NULL)
		return "";
	for (size_t i = 0; i < n; i++) {
		means[i] = mean_of(values, i * count / n, (i + 1) * count / n);
		low = fmin(low, means[i]);
		high = fmax(high, means[i]);
	}
	for (size_t i = 0; i < n; i++)
		if (isnan(means[i]))
			add(&l, " ");
		else
			add(&l, block_of(high > low ? (means[i] - low) / (high - low) : 0.5));
	return l.text;
}

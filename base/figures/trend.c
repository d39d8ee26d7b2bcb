// The median of slopes, and its interval from the variance of Kendall's statistic (no correction for ties: the
// interval is a little too wide where there are many).
#include "trend.h"

#include <math.h>
#include <stdlib.h>

#define Z95 1.959964

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double middle(const double *sorted, size_t count)
{
	return count % 2 == 1 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

static size_t slopes_of(const double *x, const double *y, size_t count, double *slopes)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		for (size_t k = i + 1; k < count; k++)
			if (x[k] > x[i])
				slopes[n++] = (y[k] - y[i]) / (x[k] - x[i]);
	qsort(slopes, n, sizeof *slopes, by_value);
	return n;
}

static void take_interval(struct trend *t, const double *slopes, size_t n)
{
	const double points = (double)t->count;
	const double width = Z95 * sqrt(points * (points - 1) * (2 * points + 5) / 18);
	const double low = ((double)n - width) / 2, high = ((double)n + width) / 2;

	t->low = slopes[low > 0 ? (size_t)low : 0];
	t->high = slopes[high < (double)n - 1 ? (size_t)ceil(high) : n - 1];
}

// The line goes through the median of what the slope leaves.
static void take_line(struct trend *t, const double *x, const double *y, double *room)
{
	double at;

	for (size_t i = 0; i < t->count; i++)
		room[i] = y[i];
	qsort(room, t->count, sizeof *room, by_value);
	t->median = middle(room, t->count);
	for (size_t i = 0; i < t->count; i++)
		room[i] = y[i] - t->slope * x[i];
	qsort(room, t->count, sizeof *room, by_value);
	at = middle(room, t->count);
	t->before = at + t->slope * x[0];
	t->after = at + t->slope * x[t->count - 1];
}

static bool look(const double *x, const double *y, size_t count, double *slopes, struct trend *out)
{
	size_t n = slopes_of(x, y, count, slopes);

	if (n == 0)
		return false;
	*out = (struct trend){ .count = count, .slope = middle(slopes, n) };
	take_interval(out, slopes, n);
	take_line(out, x, y, slopes);
	return true;
}

bool trend_of(const double *x, const double *y, size_t count, struct trend *out)
{
	size_t step = (count + TREND_MOST - 1) / TREND_MOST, kept = 0;
	double *room;
	bool ok;

	if (count < TREND_FEWEST)
		return false;
	room = calloc(2 * TREND_MOST + TREND_MOST * TREND_MOST, sizeof *room);
	if (room == NULL)
		return false;
	for (size_t i = 0; i < count; i += step, kept++) {
		room[kept] = x[i];
		room[TREND_MOST + kept] = y[i];
	}
	ok = look(room, room + TREND_MOST, kept, room + 2 * (size_t)TREND_MOST, out);
	free(room);
	return ok;
}

bool trend_grows(const struct trend *t, double least_share)
{
	return t->low > 0 && t->after - t->before >= least_share * fabs(t->median);
}

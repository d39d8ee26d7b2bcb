// Figures of a soak.
#include "soak.h"

#include "leak.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name, *unit;
	double share;
} figures[SOAK_COLUMNS] = {
#define X(column, words, measured_in, least) [column] = { words, measured_in, least },
	SG_SOAK_FIGURES(X)
#undef X
};

const char *soak_figure_name(enum soak_column c)
{
	return figures[c].name;
}

const char *soak_figure_unit(enum soak_column c)
{
	return figures[c].unit;
}

static uint64_t sum_of(const struct result *r, const char *counter)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < r->counters_count; i++)
		for (size_t k = 0; k < r->counters[i].count && strcmp(r->counters[i].role, "interposer") == 0; k++)
			if (strcmp(r->counters[i].items[k].name, counter) == 0)
				sum += strtoull(r->counters[i].items[k].value, NULL, 10);
	return sum;
}

static uint64_t permille_wasted(uint64_t live, uint64_t resident)
{
	return live == 0 || live >= resident ? 0 : (uint64_t)((double)(resident - live) * 1000 / (double)resident);
}

static uint64_t waste_of(const struct result *r)
{
	uint64_t live = 0, resident = 0;

	for (size_t i = 0; i < r->jemalloc_count; i++) {
		live += r->jemallocs[i].peak_allocated;
		resident += r->jemallocs[i].peak_resident;
	}
	return resident > 0 ? permille_wasted(live, resident)
	                    : permille_wasted(sum_of(r, "peak_bytes"), r->peak_rss_bytes);
}

void soak_take(const struct result *r, uint64_t row[SOAK_COLUMNS])
{
	row[SOAK_WALL_NS] = r->wall_ns;
	row[SOAK_RSS] = r->peak_rss_bytes;
	row[SOAK_LIVE] = r->live.count > 0 ? r->live.values[(r->live.count - 1) * LIVE_COLUMNS + LIVE_BYTES_COLUMN]
	                                   : sum_of(r, "live_bytes");
	row[SOAK_WASTE] = waste_of(r);
	row[SOAK_FDS] = r->peak_fds;
	row[SOAK_THREADS] = r->peak_threads;
}

bool soak_drifts(const struct number_rows *rows, enum soak_column c, struct trend *t)
{
	size_t first = rows->count / LEAK_WARM_UP, count = rows->count - first;
	double *x = calloc(2 * count + 1, sizeof *x), *y = x + count;
	bool grows;

	*t = (struct trend){ 0 };
	if (x == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		const uint64_t *row = rows->values + (first + i) * SOAK_COLUMNS;

		x[i] = (double)row[SOAK_PASS];
		y[i] = (double)row[c];
	}
	grows = trend_of(x, y, count, t) && trend_grows(t, figures[c].share);
	free(x);
	return grows;
}

// The changes of a series, with what was accepted; and what a test takes.
#include "history_db.h"

#include "pack.h"
#include "verdict.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static char *copy_text(sqlite3_stmt *s, int column)
{
	const char *text = (const char *)sqlite3_column_text(s, column);

	return text != NULL ? strdup(text) : NULL;
}

static int read_accepted(struct history *h)
{
	sqlite3_stmt *s;
	int rc = 1;

	if (h->accepted_read)
		return 0;
	h->accepted_read = true;
	s = db_prepare(h, NULL, "SELECT entry, test, metric FROM note WHERE accepts", "");
	while (s != NULL && rc > 0 && (rc = db_step(h, s, NULL)) > 0) {
		struct accepted *more = reallocarray(h->accepted, h->accepted_count + 1, sizeof *more);

		if (more == NULL) {
			rc = -ENOMEM;
			break;
		}
		h->accepted = more;
		more[h->accepted_count++] =
		        (struct accepted){ sqlite3_column_int64(s, 0), copy_text(s, 1), copy_text(s, 2) };
	}
	sqlite3_finalize(s);
	return rc < 0 ? rc : 0;
}

static bool is_accepted(const struct history *h, int64_t entry, const char *test, const char *metric)
{
	for (size_t i = 0; i < h->accepted_count; i++) {
		const struct accepted *ac = &h->accepted[i];

		if (ac->entry == entry && (ac->test == NULL || fnmatch(ac->test, test, 0) == 0) &&
		    metric_fits(ac->metric, metric))
			return true;
	}
	return false;
}

static bool is_cliff(const char *metric)
{
	return strcmp(metric, "cliff") == 0 || strcmp(metric, "cliff/clean") == 0;
}

static const struct history_series *series_of(const struct history_test *t, const char *name)
{
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->series[i].name, name) == 0)
			return &t->series[i];
	return NULL;
}

// How far the place of a cliff moves by itself: one that is not sharp anywhere between what passes and what fails.
static double cliff_tolerance(const struct history_test *t, size_t count)
{
	const struct history_series *passes = series_of(t, "cliff"), *fails = series_of(t, "cliff/fails");
	double tolerance = HISTORY_CLIFF;

	for (size_t i = 0; i < count; i++) {
		if (t->verdicts[i] != NULL && strcmp(t->verdicts[i], verdict_name(VERDICT_TIMEOUT)) == 0)
			tolerance = fmax(tolerance, HISTORY_SLOW_CLIFF);
		if (passes != NULL && fails != NULL && passes->head[i] > 0 && isfinite(fails->head[i]))
			tolerance = fmax(tolerance, fails->head[i] / passes->head[i] - 1);
	}
	return tolerance;
}

void history_thresholds(struct history *h, const struct threshold *t, size_t count)
{
	h->thresholds = t;
	h->threshold_count = count;
}

int history_judge(struct history *h, const struct history_entry *entries, size_t count,
                  const struct history_test *t, const struct history_series *s, struct drift *d)
{
	struct drift_night *nights = calloc(count + 1, sizeof *nights);
	bool paired = false;
	int rc = nights == NULL ? -ENOMEM : read_accepted(h);

	for (size_t i = 0; i < count; i++)
		paired = paired || !isnan(s->anchor[i]);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		// Where there are anchors at all, a night without one says nothing.
		if (paired && isnan(s->anchor[i]))
			nights[i].figure = (double)NAN;
		else
			nights[i].figure = drift_figure(s->unit, s->head[i], s->anchor[i]);
		nights[i].accepted = h->accepted_count > 0 && is_accepted(h, entries[i].id, t->name, s->name);
	}
	if (rc == 0 && is_cliff(s->name))
		rc = drift_judge_exact(nights, count, cliff_tolerance(t, count), d);
	else if (rc == 0)
		rc = drift_judge(nights, count, threshold_of(h->thresholds, h->threshold_count, s->name), d);
	free(nights);
	return rc;
}

// ---- durations ----------------------------------------------------------------------------------------------

#define DURATION_ROWS 5U

// Where the metric stands in a shape; SIZE_MAX: nowhere.
static size_t place_in_shape(const unsigned char *ids, size_t len, int64_t metric)
{
	for (size_t i = 0; i < len / 4; i++)
		if ((ids[4 * i] | ids[4 * i + 1] << 8 | ids[4 * i + 2] << 16 | (int64_t)ids[4 * i + 3] << 24) ==
		    metric)
			return i;
	return SIZE_MAX;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

uint64_t history_duration_ns(struct history *h, const char *test)
{
	sqlite3_stmt *s;
	double ns[DURATION_ROWS];
	size_t n = 0;

	if (h == NULL)
		return 0;
	s = db_prepare(
	        h, NULL,
	        "SELECT s.data, shape.metrics, m.id FROM sample s JOIN test t ON t.id = s.test JOIN shape ON "
	        "shape.id = s.shape JOIN metric m ON m.name = 'time' AND m.unit = 'ns' WHERE t.name = ? AND "
	        "s.side = 0 AND s.expected ORDER BY s.entry DESC LIMIT ?",
	        "ti", test, (int64_t)DURATION_ROWS);
	while (s != NULL && n < DURATION_ROWS && db_step(h, s, NULL) > 0) {
		const size_t ids = (size_t)sqlite3_column_bytes(s, 1);
		size_t place = place_in_shape(sqlite3_column_blob(s, 1), ids, sqlite3_column_int64(s, 2));

		if (place != SIZE_MAX &&
		    pack_read_one(sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0), ids / 4, place,
		                  &ns[n]) == 0)
			n++;
	}
	sqlite3_finalize(s);
	qsort(ns, n, sizeof *ns, by_size);
	return n > 0 ? (uint64_t)ns[n / 2] : 0;
}

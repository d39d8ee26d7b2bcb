// The history on a terminal: its entries, and metrics over them.
#include "history.h"

#include "buf.h"
#include "spark.h"
#include "table.h"
#include "text.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define DAY 10U // of "2026-11-21T02:10:00Z"
#define MINUTE 16U

// "2026-11-21 02:10"
static const char *when(struct arena *a, const char *began)
{
	return text_make(a, "%.10s %.5s", began, strlen(began) >= MINUTE ? began + DAY + 1 : "");
}

static const char *short_revision(struct arena *a, const char *revision)
{
	return text_make(a, "%.12s", revision);
}

// ---- list ---------------------------------------------------------------------------------------------------

static void add_entry(struct arena *a, struct table *t, const struct history_entry *e)
{
	table_row(t);
	table_cell(t, STYLE_STRONG, text_make(a, "%lld", (long long)e->id));
	table_cell(t, STYLE_PLAIN, when(a, e->began));
	table_cell(t, STYLE_PLAIN, text_count(a, e->tests));
	table_cell(t, e->unexpected > 0 ? STYLE_BAD : STYLE_GOOD,
	           e->unexpected > 0 ? text_make(a, "%zu not as expected", e->unexpected) : "all as expected");
	table_cell(t, e->has_anchor ? STYLE_PLAIN : STYLE_FAINT, e->has_anchor ? "yes" : "no");
	table_cell(t, STYLE_FAINT, short_revision(a, e->revision));
	table_cell(t, STYLE_FAINT, e->label);
	table_cell(t, STYLE_FAINT,
	           strcmp(e->stop_reason, "finished") == 0 ? ""
	           : *e->stop_reason == '\0'               ? "killed"
	                                                   : e->stop_reason);
	table_cell(t, STYLE_PLAIN, e->note);
	table_cell(t, STYLE_FAINT, e->machine);
}

int history_print_list(struct history *h, const struct history_query *q, const struct term_style *style, FILE *out,
                       struct err *e)
{
	static const struct table_column columns[] = {
		{ "entry", true, 0, false },   { "began", false, 0, false },   { "tests", true, 1, false },
		{ "ended", false, 0, false },  { "anchor", false, 2, false },  { "revision", false, 3, false },
		{ "label", false, 2, true },   { "stopped", false, 4, false }, { "note", false, 1, true },
		{ "machine", false, 5, true },
	};
	struct arena a = { 0 };
	struct history_entry *entries;
	struct table *t = table_new(&a, columns, sizeof columns / sizeof columns[0]);
	ssize_t count = t == NULL ? -ENOMEM : history_entries(h, &a, q, &entries, e);

	for (ssize_t i = 0; i < count; i++)
		add_entry(&a, t, &entries[i]);
	if (count > 0)
		table_print(t, style, out);
	else if (count == 0)
		fputs("no entry is in the history that was asked for\n", out);
	table_free(t);
	arena_deinit(&a);
	return count < 0 ? (int)count : 0;
}

// ---- series -------------------------------------------------------------------------------------------------

struct showing {
	struct history *h;
	struct arena *arena;
	const struct history_query *q;
	const struct history_entry *entries;
	size_t count;
	const struct term_style *style;
	struct table *table;
	FILE *out;
	size_t series; // shown so far
	bool each_entry;
};

static double ratio_at(const struct history_series *s, size_t i)
{
	return s->anchor[i] > 0 ? s->head[i] / s->anchor[i] : (double)NAN;
}

static size_t last_value(const double *values, size_t count)
{
	while (count > 0 && isnan(values[count - 1]))
		count--;
	return count; // 0: none
}

// What is drawn: the ratio to the anchor where there is one.
static const char *course(struct showing *s, const struct history_series *m, size_t columns)
{
	double *v = arena_alloc(s->arena, (s->count + 1) * sizeof *v);
	bool paired = last_value(m->anchor, s->count) > 0;

	for (size_t i = 0; v != NULL && i < s->count; i++)
		v[i] = paired ? ratio_at(m, i) : m->head[i];
	return v != NULL ? spark_course(s->arena, v, s->count, columns) : "";
}

static const char *state_words(struct showing *s, const struct history_series *m, const struct drift *d,
                               enum table_style *style)
{
	const struct drift_change *c = drift_open(d, DRIFT_STEP, s->count);
	double by;

	*style = STYLE_FAINT;
	if (c == NULL)
		return d->judged > 0 ? "steady" : "too few to judge";
	by = drift_ratio(m->unit, c->before, c->after);
	*style = m->better == METRIC_NEITHER || (by > 0) == (m->better == METRIC_LOWER) ? STYLE_WARN : STYLE_GOOD;
	return text_make(s->arena, "%+.1f %% since entry %lld", by * 100, (long long)s->entries[c->began].id);
}

static int add_series(struct showing *s, const struct history_test *t, const struct history_series *m)
{
	size_t last = last_value(m->head, s->count);
	struct drift d = { 0 };
	enum table_style style;
	int rc = history_judge(s->h, s->entries, s->count, t, m, &d);
	double ratio = last > 0 ? ratio_at(m, last - 1) : (double)NAN;

	if (rc == 0 && last > 0) {
		const char *words = state_words(s, m, &d, &style);

		table_row(s->table);
		table_cell(s->table, STYLE_PLAIN, text_make(s->arena, "%s", t->name));
		table_cell(s->table, STYLE_PLAIN, text_make(s->arena, "%s", m->name));
		table_cell(s->table, STYLE_PLAIN, metric_words(s->arena, m->unit, m->head[last - 1]));
		table_cell(s->table, STYLE_PLAIN, isnan(ratio) ? "" : text_make(s->arena, "%.3f", ratio));
		table_cell(s->table, STYLE_FAINT, course(s, m, 30));
		table_cell(s->table, style, words);
		s->series++;
	}
	drift_deinit(&d);
	return rc;
}

static int show_test(void *arg, const struct history_test *t)
{
	struct showing *s = arg;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < t->count; i++)
		rc = add_series(s, t, &t->series[i]);
	return rc;
}

static const struct table_column series_columns[] = {
	{ "test", false, 0, true },  { "metric", false, 0, true },  { "last", true, 0, false },
	{ "ratio", true, 2, false }, { "course", false, 3, false }, { "state", false, 0, true },
};

// ---- one series, entry by entry -----------------------------------------------------------------------------

static const struct table_column entry_columns[] = {
	{ "entry", true, 0, false },     { "began", false, 0, false }, { "value", true, 0, false },
	{ "anchor", true, 3, false },    { "ratio", true, 1, false },  { "", false, 0, false },
	{ "revision", false, 4, false }, { "note", false, 2, true },
};

// Where a change began, or what else there is to say of the entry.
static const char *mark_at(struct showing *s, const struct history_test *t, const struct history_series *m,
                           const struct drift *d, size_t i)
{
	for (size_t k = 0; k < d->count; k++) {
		const struct drift_change *c = &d->changes[k];

		if (c->began == i)
			return text_make(s->arena, "%s of %+.1f %%%s",
			                 c->kind == DRIFT_STEP ? "a change" : "a slow change",
			                 100 * drift_ratio(m->unit, c->before, c->after),
			                 c->accepted           ? ", accepted"
			                 : c->ended < s->count ? ", gone again"
			                                       : "");
	}
	if (t->verdicts[i] == NULL)
		return "not in it";
	return t->expected[i] ? "" : text_make(s->arena, "%s", t->verdicts[i]);
}

static int show_entries(void *arg, const struct history_test *t)
{
	struct showing *s = arg;
	struct arena *a = s->arena;

	for (size_t k = 0; k < t->count; k++) {
		const struct history_series *m = &t->series[k];
		struct table *table = table_new(a, entry_columns, sizeof entry_columns / sizeof entry_columns[0]);
		struct drift d = { 0 };
		int rc = table == NULL ? -ENOMEM : history_judge(s->h, s->entries, s->count, t, m, &d);

		for (size_t i = 0; rc == 0 && i < s->count; i++) {
			const char *mark = mark_at(s, t, m, &d, i);
			double ratio = ratio_at(m, i);

			table_row(table);
			table_cell(table, STYLE_PLAIN, text_make(a, "%lld", (long long)s->entries[i].id));
			table_cell(table, STYLE_PLAIN, when(a, s->entries[i].began));
			table_cell(table, STYLE_PLAIN,
			           isnan(m->head[i]) ? "" : metric_words(a, m->unit, m->head[i]));
			table_cell(table, STYLE_PLAIN,
			           isnan(m->anchor[i]) ? "" : metric_words(a, m->unit, m->anchor[i]));
			table_cell(table, STYLE_PLAIN, isnan(ratio) ? "" : text_make(a, "%.3f", ratio));
			table_cell(table, STYLE_WARN, mark);
			table_cell(table, STYLE_FAINT, short_revision(a, s->entries[i].revision));
			table_cell(table, STYLE_FAINT, s->entries[i].note);
		}
		if (rc == 0) {
			table_text(s->style, STYLE_STRONG, text_make(a, "%s  %s", t->name, m->name), s->out);
			fprintf(s->out, "\n  %s\n", course(s, m, 60));
			table_print(table, s->style, s->out);
		}
		table_free(table);
		drift_deinit(&d);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int count_series(void *arg, const struct history_test *t)
{
	*(size_t *)arg += t->count;
	return 0;
}

#define FEW_SERIES 3U // so many are shown entry by entry

int history_print_series(struct history *h, const struct history_query *q, const struct term_style *style,
                         FILE *out, struct err *e)
{
	struct arena a = { 0 };
	struct history_entry *entries;
	size_t series = 0;
	struct showing s = { .h = h, .arena = &a, .q = q, .style = style, .out = out };
	ssize_t count = history_entries(h, &a, q, &entries, e);
	int rc = count < 0 ? (int)count : history_each(h, q, entries, (size_t)count, count_series, &series, e);

	s.entries = entries;
	s.count = count > 0 ? (size_t)count : 0;
	s.table = table_new(&a, series_columns, sizeof series_columns / sizeof series_columns[0]);
	if (rc == 0 && s.table == NULL)
		rc = err_set(e, ENOMEM, "out of memory");
	if (rc == 0 && series == 0)
		rc = err_set(e, ENOENT,
		             "no metric '%s' is in the history%s%s; 'stressgen history show' lists them",
		             q->metric, q->test != NULL ? " of tests like " : "", q->test != NULL ? q->test : "");
	if (rc == 0)
		rc = history_each(h, q, entries, s.count, series <= FEW_SERIES ? show_entries : show_test, &s, e);
	if (rc == 0 && series > FEW_SERIES)
		table_print(s.table, style, out);
	table_free(s.table);
	arena_deinit(&a);
	return rc;
}

// The nightly gate's judgement on a terminal.
#include "history_trend.h"

#include "spark.h"
#include "table.h"
#include "text.h"

#include <math.h>

#define COURSE_COLUMNS 24U

static const struct {
	const char *mark;
	enum table_style style;
} looks[TREND_STATES] = {
	[TREND_REGRESSED] = { "✗", STYLE_BAD },
	[TREND_IMPROVED] = { "✓", STYLE_GOOD },
	[TREND_CHANGED] = { "~", STYLE_WARN },
	[TREND_ADVICE] = { "?", STYLE_WARN },
};

static const char *since(struct trend *t, const struct trend_moved *m)
{
	const struct history_entry *e = &t->entries[m->change->began];

	return text_make(&t->arena, "entry %lld, %.10s%s%.12s%s", (long long)e->id, e->began,
	                 *e->revision != '\0' ? ", " : "", e->revision, m->is_new ? " (new)" : "");
}

static const char *course_of(struct trend *t, const struct trend_metric *m)
{
	double *v = arena_alloc(&t->arena, (t->count + 1) * sizeof *v);

	for (size_t i = 0; v != NULL && i < t->count; i++)
		v[i] = exp(m->figures[i]);
	return v != NULL ? spark_course(&t->arena, v, t->count, COURSE_COLUMNS) : "";
}

static void put_one(struct trend *t, struct table *table, const struct trend_moved *m)
{
	table_row(table);
	table_cell(table, looks[m->state].style,
	           text_make(&t->arena, "%s %s", looks[m->state].mark, trend_state_name(m->state)));
	table_cell(table, STYLE_PLAIN, m->of->test);
	table_cell(table, STYLE_PLAIN, m->of->metric);
	table_cell(table, STYLE_STRONG, text_make(&t->arena, "%+.1f %%", 100 * m->by));
	table_cell(table, STYLE_PLAIN, since(t, m));
	table_cell(table, STYLE_FAINT,
	           m->state != TREND_ADVICE         ? ""
	           : m->change->kind == DRIFT_CREEP ? "slowly (CUSUM)"
	                                            : "no anchor");
	table_cell(table, STYLE_FAINT, course_of(t, m->of));
}

static void put_moved(struct trend *t, const struct term_style *style, FILE *out)
{
	static const struct table_column columns[] = {
		{ "", false, 0, false },       { "test", false, 0, true },   { "metric", false, 0, true },
		{ "by", true, 0, false },      { "since", false, 1, false }, { "", false, 3, false },
		{ "course", false, 2, false },
	};
	struct table *table = table_new(&t->arena, columns, sizeof columns / sizeof columns[0]);

	for (size_t i = 0; table != NULL && i < t->open_count; i++)
		put_one(t, table, &t->open[i]);
	if (table != NULL && t->open_count > 0) {
		table_print(table, style, out);
		fputc('\n', out);
	}
	table_free(table);
}

static void put_endings(struct trend *t, const struct term_style *style, FILE *out)
{
	for (size_t i = 0; i < t->ending_count; i++)
		table_wrap(style,
		           text_make(&t->arena, "~ %s breaks in another way: %s, was %s", t->endings[i].test,
		                     t->endings[i].after, t->endings[i].before),
		           0, 2, out);
	if (t->ending_count > 0)
		fputc('\n', out);
}

static void put_sentence(struct trend *t, const struct term_style *style, FILE *out)
{
	struct arena *a = &t->arena;
	size_t steady = t->judged > t->open_count ? t->judged - t->open_count : 0;
	const struct history_entry *last = &t->entries[t->count - 1];

	table_wrap(
	        style,
	        text_make(a,
	                  "Entry %lld of %.10s: %zu regressed (%zu new), %zu improved, %zu changed, %zu to look "
	                  "at, %s steady; %s not judged yet (fewer than %u entries).",
	                  (long long)last->id, last->began, t->by_state[TREND_REGRESSED],
	                  t->fresh[TREND_REGRESSED], t->by_state[TREND_IMPROVED], t->by_state[TREND_CHANGED],
	                  t->by_state[TREND_ADVICE], text_count(a, steady), text_count(a, t->series - t->judged),
	                  DRIFT_FEWEST),
	        0, 2, out);
	if (t->judged > 0)
		table_wrap(
		        style,
		        text_make(a,
		                  "Judged over %s; a change shows from %.1f %% on in the steadiest metric, from "
		                  "%.1f %% in the noisiest, when two entries running have it.",
		                  text_number(a, t->count, "entry", "entries"), 100 * t->narrowest,
		                  100 * t->widest),
		        0, 2, out);
	if (t->unpaired > 0)
		table_wrap(
		        style,
		        text_make(
		                a,
		                "%s without an anchor: drift of the machine cannot be told from change, so these "
		                "are advice only; record a frozen build's run beside each with --anchor.",
		                text_number(a, t->unpaired, "time or rate", "times and rates")),
		        0, 2, out);
	if (t->by_state[TREND_REGRESSED] > 0)
		table_wrap(
		        style,
		        "What is meant is accepted with: stressgen history annotate ENTRY 'why' --accept [--test T] "
		        "[--metric M]; the baseline then begins with that entry.",
		        0, 2, out);
}

ssize_t history_print_trend(struct history *h, const struct history_query *q, const struct term_style *style,
                            FILE *out, struct err *e)
{
	struct trend t = { 0 };
	int rc = trend_find(h, q, &t, e);
	size_t regressed = t.by_state[TREND_REGRESSED];

	if (rc == 0) {
		put_moved(&t, style, out);
		put_endings(&t, style, out);
		put_sentence(&t, style, out);
	}
	trend_deinit(&t);
	return rc < 0 ? rc : (ssize_t)regressed;
}

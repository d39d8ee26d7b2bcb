// The nightly gate over all metrics: what moved, since which entry, and what creeps.
#include "history.h"

#include "spark.h"
#include "table.h"
#include "text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum state { REGRESSED, IMPROVED, CHANGED, ADVICE, STATES };

// A change that is open in the newest entry.
struct moved {
	enum state state;
	enum drift_kind kind;
	const char *test, *metric, *course;
	double by;
	size_t began;
	bool is_new; // found in the newest entry
};

struct trend {
	struct history *h;
	struct arena arena;
	const struct history_entry *entries;
	size_t count;
	struct moved *moved; // owned
	size_t moved_count;
	size_t by_state[STATES], fresh[STATES];
	size_t series, judged, unpaired, accepted;
	double widest, narrowest; // thresholds
};

// Times of different nights differ by what the machine does; sizes and counts do not.
static bool drifts_with_machine(const char *unit)
{
	static const char *const units[] = { "ns", "us", "µs", "ms", "s" };
	size_t len = strlen(unit);

	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (strcmp(unit, units[i]) == 0)
			return true;
	return len > 2 && strcmp(unit + len - 2, "/s") == 0;
}

static bool is_paired(const struct trend *t, const struct history_series *s)
{
	for (size_t i = 0; i < t->count; i++)
		if (!isnan(s->anchor[i]))
			return true;
	return false;
}

static const char *course_of(struct trend *t, const struct history_series *s)
{
	double *v = arena_alloc(&t->arena, (t->count + 1) * sizeof *v);
	bool paired = is_paired(t, s);

	for (size_t i = 0; v != NULL && i < t->count; i++)
		v[i] = paired ? s->head[i] / s->anchor[i] : s->head[i];
	return v != NULL ? spark_course(&t->arena, v, t->count, 24) : "";
}

static enum state state_of(const struct trend *t, const struct history_series *s, const struct drift_change *c,
                           double by)
{
	if (c->kind == DRIFT_CREEP || (!is_paired(t, s) && drifts_with_machine(s->unit)))
		return ADVICE;
	if (s->better == METRIC_NEITHER)
		return CHANGED;
	return (by > 0) == (s->better == METRIC_LOWER) ? REGRESSED : IMPROVED;
}

static int add_moved(struct trend *t, const char *test, const struct history_series *s,
                     const struct drift_change *c)
{
	struct moved *more = reallocarray(t->moved, t->moved_count + 1, sizeof *more);
	double by = drift_ratio(s->unit, c->before, c->after);
	struct moved m = { .state = state_of(t, s, c, by), .kind = c->kind, .by = by, .began = c->began };

	if (more == NULL)
		return -ENOMEM;
	m.is_new = c->found == t->count - 1;
	m.test = text_make(&t->arena, "%s", test);
	m.metric = text_make(&t->arena, "%s", s->name);
	m.course = course_of(t, s);
	t->moved = more;
	t->moved[t->moved_count++] = m;
	t->by_state[m.state]++;
	t->fresh[m.state] += m.is_new;
	return 0;
}

static int judge_series(struct trend *t, const char *test, const struct history_series *s)
{
	struct drift d = { 0 };
	int rc = history_judge(t->h, t->entries, t->count, test, s, &d);

	t->series++;
	t->judged += d.judged > 0;
	t->unpaired += d.judged > 0 && !is_paired(t, s) && drifts_with_machine(s->unit);
	if (!isnan(d.threshold)) {
		t->widest = fmax(t->widest, d.threshold);
		t->narrowest = fmin(t->narrowest, d.threshold);
	}
	for (size_t i = 0; rc == 0 && i < d.count; i++) {
		t->accepted += d.changes[i].accepted;
		if (d.changes[i].ended == t->count)
			rc = add_moved(t, test, s, &d.changes[i]);
	}
	drift_deinit(&d);
	return rc;
}

static int judge_test(void *arg, const struct history_test *test)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < test->count; i++)
		rc = judge_series(arg, test->name, &test->series[i]);
	return rc;
}

// ---- words --------------------------------------------------------------------------------------------------

static const struct {
	const char *word, *mark;
	enum table_style style;
} words[STATES] = {
	[REGRESSED] = { "regressed", "✗", STYLE_BAD },
	[IMPROVED] = { "improved", "✓", STYLE_GOOD },
	[CHANGED] = { "changed", "~", STYLE_WARN },
	[ADVICE] = { "look at", "?", STYLE_WARN },
};

static int worst_first(const void *a, const void *b)
{
	const struct moved *x = a, *y = b;
	int order;

	if (x->state != y->state)
		return x->state < y->state ? -1 : 1;
	if (fabs(x->by) != fabs(y->by))
		return fabs(x->by) < fabs(y->by) ? 1 : -1;
	order = strcmp(x->test, y->test);
	return order != 0 ? order : strcmp(x->metric, y->metric);
}

static const char *since(struct trend *t, const struct moved *m)
{
	const struct history_entry *e = &t->entries[m->began];

	return text_make(&t->arena, "entry %lld, %.10s%s%.12s%s", (long long)e->id, e->began,
	                 *e->revision != '\0' ? ", " : "", e->revision, m->is_new ? " (new)" : "");
}

static void put_moved(struct trend *t, const struct term_style *style, FILE *out)
{
	static const struct table_column columns[] = {
		{ "", false, 0, false },       { "test", false, 0, true },   { "metric", false, 0, true },
		{ "by", true, 0, false },      { "since", false, 1, false }, { "", false, 3, false },
		{ "course", false, 2, false },
	};
	struct table *table = table_new(&t->arena, columns, sizeof columns / sizeof columns[0]);

	if (t->moved_count > 0)
		qsort(t->moved, t->moved_count, sizeof *t->moved, worst_first);
	for (size_t i = 0; table != NULL && i < t->moved_count; i++) {
		const struct moved *m = &t->moved[i];

		table_row(table);
		table_cell(table, words[m->state].style,
		           text_make(&t->arena, "%s %s", words[m->state].mark, words[m->state].word));
		table_cell(table, STYLE_PLAIN, m->test);
		table_cell(table, STYLE_PLAIN, m->metric);
		table_cell(table, STYLE_STRONG, text_make(&t->arena, "%+.1f %%", 100 * m->by));
		table_cell(table, STYLE_PLAIN, since(t, m));
		table_cell(table, STYLE_FAINT,
		           m->state != ADVICE       ? ""
		           : m->kind == DRIFT_CREEP ? "slowly (CUSUM)"
		                                    : "no anchor");
		table_cell(table, STYLE_FAINT, m->course);
	}
	if (table != NULL && t->moved_count > 0) {
		table_print(table, style, out);
		fputc('\n', out);
	}
	table_free(table);
}

static void put_sentence(struct trend *t, const struct term_style *style, FILE *out)
{
	struct arena *a = &t->arena;
	size_t steady = t->judged > t->moved_count ? t->judged - t->moved_count : 0;
	const struct history_entry *last = &t->entries[t->count - 1];

	table_wrap(
	        style,
	        text_make(a,
	                  "Entry %lld of %.10s: %zu regressed (%zu new), %zu improved, %zu changed, %zu to look "
	                  "at, %s steady; %s not judged yet (fewer than %u entries).",
	                  (long long)last->id, last->began, t->by_state[REGRESSED], t->fresh[REGRESSED],
	                  t->by_state[IMPROVED], t->by_state[CHANGED], t->by_state[ADVICE], text_count(a, steady),
	                  text_count(a, t->series - t->judged), DRIFT_FEWEST),
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
	if (t->by_state[REGRESSED] > 0)
		table_wrap(
		        style,
		        "What is meant is accepted with: stressgen history annotate ENTRY 'why' --accept [--test T] "
		        "[--metric M]; the baseline then begins with that entry.",
		        0, 2, out);
}

ssize_t history_print_trend(struct history *h, const struct history_query *q, const struct term_style *style,
                            FILE *out, struct err *e)
{
	struct trend t = { .h = h, .narrowest = (double)INFINITY };
	struct history_entry *entries;
	ssize_t count = history_entries(h, &t.arena, q, &entries, e);
	int rc = count < 0 ? (int)count : 0;

	t.entries = entries;
	t.count = count > 0 ? (size_t)count : 0;
	if (rc == 0 && count == 0)
		rc = err_set(e, ENOENT,
		             "no entry is in the history that was asked for; 'stressgen history list' shows "
		             "what there is");
	if (rc == 0)
		rc = history_each(h, q, entries, t.count, judge_test, &t, e);
	if (rc == 0) {
		put_moved(&t, style, out);
		put_sentence(&t, style, out);
	}
	free(t.moved);
	arena_deinit(&t.arena);
	return rc < 0 ? rc : (ssize_t)t.by_state[REGRESSED];
}

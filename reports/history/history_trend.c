// The nightly gate over all metrics: what moved, since which entry, and what creeps.
#include "history_trend.h"

#include "text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *trend_state_name(enum trend_state s)
{
	static const char *const names[TREND_STATES] = { "regressed", "improved", "changed", "look at" };

	return names[s];
}

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

static enum trend_state state_of(const struct trend_metric *m, const struct drift_change *c, double by)
{
	if (c->kind == DRIFT_CREEP || (!m->paired && drifts_with_machine(m->unit)))
		return TREND_ADVICE;
	if (m->better == METRIC_NEITHER)
		return TREND_CHANGED;
	return (by > 0) == (m->better == METRIC_LOWER) ? TREND_REGRESSED : TREND_IMPROVED;
}

static int add_moved(struct trend *t, const struct trend_metric *m, const struct drift_change *c)
{
	bool open = c->ended == t->count;
	struct trend_moved **list = open ? &t->open : &t->past;
	size_t *count = open ? &t->open_count : &t->past_count;
	struct trend_moved *more = reallocarray(*list, *count + 1, sizeof *more);
	double by = drift_ratio(m->unit, c->before, c->after);

	if (more == NULL)
		return -ENOMEM;
	*list = more;
	more[(*count)++] = (struct trend_moved){ m, c, state_of(m, c, by), by, c->found == t->count - 1 };
	if (open) {
		t->by_state[more[*count - 1].state]++;
		t->fresh[more[*count - 1].state] += more[*count - 1].is_new;
	}
	return 0;
}

// What outlives the reading, of a series that moved.
static struct trend_metric *keep(struct trend *t, const char *test, const struct history_series *s,
                                 const struct drift *d)
{
	struct trend_metric *m = arena_alloc(&t->arena, sizeof *m);
	double *figures = arena_alloc(&t->arena, (t->count + 1) * sizeof *figures);
	struct drift_change *changes = arena_alloc(&t->arena, (d->count + 1) * sizeof *changes);

	if (m == NULL || figures == NULL || changes == NULL)
		return NULL;
	memcpy(changes, d->changes, d->count * sizeof *changes);
	*m = (struct trend_metric){ text_make(&t->arena, "%s", test),
		                    text_make(&t->arena, "%s", s->name),
		                    text_make(&t->arena, "%s", s->unit),
		                    s->better,
		                    is_paired(t, s),
		                    figures,
		                    changes,
		                    d->count,
		                    d->baseline,
		                    d->threshold };
	for (size_t i = 0; i < t->count; i++)
		figures[i] = m->paired && isnan(s->anchor[i]) ? (double)NAN
		                                              : drift_figure(s->unit, s->head[i], s->anchor[i]);
	return m;
}

static int judge_series(struct trend *t, const struct history_test *test, const struct history_series *s)
{
	const struct trend_metric *m = NULL;
	struct drift d = { 0 };
	int rc = history_judge(t->h, t->entries, t->count, test, s, &d);

	t->series++;
	t->judged += d.judged > 0;
	t->unpaired += d.judged > 0 && !is_paired(t, s) && drifts_with_machine(s->unit);
	if (!isnan(d.threshold)) {
		t->widest = fmax(t->widest, d.threshold);
		t->narrowest = fmin(t->narrowest, d.threshold);
	}
	if (rc == 0 && d.count > 0) {
		m = keep(t, test->name, s, &d);
		rc = m != NULL ? 0 : -ENOMEM;
	}
	for (size_t i = 0; rc == 0 && i < d.count; i++)
		rc = add_moved(t, m, &m->changes[i]);
	drift_deinit(&d);
	return rc;
}

// In the newest entry it ended as it should, and so did the last one before, and yet not alike: a program breaks
// in another way.
static int note_ending(struct trend *t, const struct history_test *test)
{
	const size_t last = t->count - 1;
	struct trend_ending *more;
	size_t before = last;

	if (test->verdicts[last] == NULL || !test->expected[last])
		return 0;
	while (before > 0 && test->verdicts[before - 1] == NULL)
		before--;
	if (before == 0 || !test->expected[before - 1] ||
	    strcmp(test->verdicts[before - 1], test->verdicts[last]) == 0)
		return 0;
	more = reallocarray(t->endings, t->ending_count + 1, sizeof *more);
	if (more == NULL)
		return -ENOMEM;
	t->endings = more;
	more[t->ending_count++] = (struct trend_ending){ text_make(&t->arena, "%s", test->name),
		                                         text_make(&t->arena, "%s", test->verdicts[before - 1]),
		                                         text_make(&t->arena, "%s", test->verdicts[last]) };
	return 0;
}

static int judge_test(void *arg, const struct history_test *test)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < test->count; i++)
		rc = judge_series(arg, test, &test->series[i]);
	return rc == 0 ? note_ending(arg, test) : rc;
}

static int by_name(const struct trend_moved *x, const struct trend_moved *y)
{
	int order = strcmp(x->of->test, y->of->test);

	return order != 0 ? order : strcmp(x->of->metric, y->of->metric);
}

static int worst_first(const void *a, const void *b)
{
	const struct trend_moved *x = a, *y = b;

	if (x->state != y->state)
		return x->state < y->state ? -1 : 1;
	if (fabs(x->by) != fabs(y->by))
		return fabs(x->by) < fabs(y->by) ? 1 : -1;
	return by_name(x, y);
}

static int newest_first(const void *a, const void *b)
{
	const struct trend_moved *x = a, *y = b;

	if (x->change->began != y->change->began)
		return x->change->began < y->change->began ? 1 : -1;
	return by_name(x, y);
}

int trend_find(struct history *h, const struct history_query *q, struct trend *t, struct err *e)
{
	struct history_entry *entries = NULL;
	ssize_t count = history_entries(h, &t->arena, q, &entries, e);
	int rc = count < 0 ? (int)count : 0;

	t->h = h;
	t->narrowest = (double)INFINITY;
	t->entries = entries;
	t->count = count > 0 ? (size_t)count : 0;
	if (rc == 0 && count == 0)
		rc = err_set(e, ENOENT,
		             "no entry is in the history that was asked for; 'stressgen history list' shows "
		             "what there is");
	if (rc == 0)
		rc = history_each(h, q, entries, t->count, judge_test, t, e);
	if (t->open_count > 0)
		qsort(t->open, t->open_count, sizeof *t->open, worst_first);
	if (t->past_count > 0)
		qsort(t->past, t->past_count, sizeof *t->past, newest_first);
	return rc;
}

void trend_deinit(struct trend *t)
{
	free(t->open);
	free(t->past);
	free(t->endings);
	arena_deinit(&t->arena);
}

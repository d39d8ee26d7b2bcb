// How tests ended on either side: verdicts that changed, tests that came or went, sizes that no longer end well.
#include "compare.h"

#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define VERDICT_LEVEL 0.01

static double log_choose(unsigned n, unsigned k)
{
	return lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0);
}

// Fisher's exact test, one-sided: that of all wrong ends at least so many fall to the side `b` by chance.
static double chance(const struct sample_ends *a, const struct sample_ends *b)
{
	const unsigned all = a->count + b->count, wrong = a->unexpected + b->unexpected;
	double p = 0;

	for (unsigned k = b->unexpected; k <= b->count && k <= wrong; k++)
		if (wrong - k <= a->count)
			p += exp(log_choose(b->count, k) + log_choose(a->count, wrong - k) -
			         log_choose(all, wrong));
	return fmin(p, 1);
}

// One invocation each: a verdict is a verdict. More: by chance, unless every one of a side went wrong.
static enum compare_outcome judge_ends(const struct sample_ends *base, const struct sample_ends *head, double *p)
{
	const double b = (double)base->unexpected / base->count, h = (double)head->unexpected / head->count;
	const enum compare_outcome direction = h > b ? COMPARE_REGRESSED : COMPARE_IMPROVED;

	*p = NAN;
	if (base->unexpected == 0 && head->unexpected == 0)
		return base->verdict == head->verdict ? COMPARE_UNCHANGED : COMPARE_CHANGED;
	if (fabs(h - b) < 1e-12)
		return base->verdict == head->verdict ? COMPARE_UNCHANGED : COMPARE_CHANGED;
	if (base->count == 1 && head->count == 1)
		return direction;
	*p = h > b ? chance(base, head) : chance(head, base);
	return *p < VERDICT_LEVEL || fabs(h - b) > 1 - 1e-12 ? direction : COMPARE_UNDECIDED;
}

static void add_verdict(struct comparison *c, const struct sample_test *t, const struct compare_options *o)
{
	const struct sample_ends *base = &t->ends[SAMPLE_BASE], *head = &t->ends[SAMPLE_HEAD];
	struct compare_verdict v = { .test = t->id, .base = base, .head = head };
	const struct known_entry *entry = NULL;

	v.outcome = judge_ends(base, head, &v.p);
	if (v.outcome == COMPARE_UNCHANGED)
		return;
	if (o != NULL && o->accepted != NULL && v.outcome == COMPARE_REGRESSED)
		entry = known_find(o->accepted, t->id, "verdict", NULL);
	if (entry != NULL) {
		v.accepted = text_make(&c->arena, "accepted until %s: %s", entry->until,
		                       text_line(&c->arena, entry->reason));
		c->accepted++;
	}
	c->verdicts_worse += v.outcome == COMPARE_REGRESSED && entry == NULL;
	c->verdicts_better += v.outcome == COMPARE_IMPROVED;
	c->verdicts[c->verdict_count++] = v;
}

// ---- cliffs ---------------------------------------------------------------------------------------------------

struct member { // a test whose id has a size: KIND/NAME-SIZE[.TARGET]
	const char *family;
	unsigned long long size;
	const struct sample_test *test;
};

static bool split_id(struct arena *a, const struct sample_test *t, struct member *m)
{
	const char *dot = strrchr(t->id, '.');
	const char *end = dot != NULL ? dot : t->id + strlen(t->id);
	const char *from = end;

	while (from > t->id && isdigit((unsigned char)from[-1]))
		from--;
	if (from == end || end - from > 18 || from < t->id + 2 || from[-1] != '-')
		return false;
	*m = (struct member){ .size = strtoull(from, NULL, 10), .test = t };
	m->family = text_make(a, "%.*s%s", (int)(from - 1 - t->id), t->id, end);
	return true;
}

static int by_family(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	const int order = strcmp(x->family, y->family);

	return order != 0 ? order : (x->size > y->size) - (x->size < y->size);
}

// The largest size up to which every one ends as expected; 0: none.
static unsigned long long last_good(const struct member *m, size_t n, enum sample_side side)
{
	unsigned long long good = 0;

	for (size_t i = 0; i < n && m[i].test->ends[side].unexpected == 0; i++)
		good = m[i].size;
	return good;
}

static void add_family(struct comparison *c, const struct member *m, size_t n)
{
	struct compare_cliff cliff = { .family = m->family };

	cliff.base = last_good(m, n, SAMPLE_BASE);
	cliff.head = last_good(m, n, SAMPLE_HEAD);
	if (n < 2 || cliff.base == cliff.head)
		return;
	cliff.outcome = cliff.head < cliff.base ? COMPARE_REGRESSED : COMPARE_IMPROVED;
	c->cliffs[c->cliff_count++] = cliff;
}

static int find_cliffs(struct comparison *c)
{
	const struct samples *s = c->samples;
	struct member *members = arena_alloc(&c->arena, (s->count + 1) * sizeof *members);
	size_t count = 0;

	if (members == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < s->count; i++)
		if (s->tests[i].ends[SAMPLE_BASE].count > 0 && s->tests[i].ends[SAMPLE_HEAD].count > 0)
			count += split_id(&c->arena, &s->tests[i], &members[count]);
	qsort(members, count, sizeof *members, by_family);
	for (size_t from = 0, to; from < count; from = to) {
		for (to = from + 1; to < count && strcmp(members[to].family, members[from].family) == 0;)
			to++;
		add_family(c, &members[from], to - from);
	}
	return 0;
}

// ---- the whole ------------------------------------------------------------------------------------------------

int compare_ends(struct comparison *c, const struct compare_options *o)
{
	const struct samples *s = c->samples;
	const size_t most = s->count + 1;

	c->verdicts = arena_alloc(&c->arena, most * sizeof *c->verdicts);
	c->cliffs = arena_alloc(&c->arena, most * sizeof *c->cliffs);
	c->only_base = arena_alloc(&c->arena, most * sizeof *c->only_base);
	c->only_head = arena_alloc(&c->arena, most * sizeof *c->only_head);
	if (c->verdicts == NULL || c->cliffs == NULL || c->only_base == NULL || c->only_head == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < s->count; i++) {
		const struct sample_test *t = &s->tests[i];

		if (t->ends[SAMPLE_BASE].count > 0 && t->ends[SAMPLE_HEAD].count > 0)
			add_verdict(c, t, o);
		else if (t->ends[SAMPLE_BASE].count > 0)
			c->only_base[c->only_base_count++] = t->id;
		else if (t->ends[SAMPLE_HEAD].count > 0)
			c->only_head[c->only_head_count++] = t->id;
	}
	return find_cliffs(c);
}

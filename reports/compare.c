// Two runs side by side: a plain difference, without statistics.
#include "reports.h"

#include "table.h"
#include "text.h"
#include "view.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// Smaller changes than this are not coloured; a choice for the eye, no judgement.
#define WORTH_COLOUR 0.05

struct pair {
	const struct view_test *a, *b; // NULL: not in that run
};

enum {
	TEST,
	P50_A,
	P50_B,
	P50_D,
	P99_A,
	P99_B,
	P99_D,
	TIME_A,
	TIME_B,
	TIME_D,
	PEAK_A,
	PEAK_B,
	PEAK_D,
	POOL_A,
	POOL_B,
	COLUMNS
};

static const struct table_column columns[COLUMNS] = {
	[TEST] = { "test", false, 0, true },       [P50_A] = { "p50 A", true, 0, false },
	[P50_B] = { "p50 B", true, 0, false },     [P50_D] = { "", true, 1, false },
	[P99_A] = { "p99 A", true, 2, false },     [P99_B] = { "p99 B", true, 2, false },
	[P99_D] = { "", true, 1, false },          [TIME_A] = { "time A", true, 6, false },
	[TIME_B] = { "time B", true, 6, false },   [TIME_D] = { "time", true, 4, false },
	[PEAK_A] = { "memory A", true, 6, false }, [PEAK_B] = { "memory B", true, 6, false },
	[PEAK_D] = { "memory", true, 4, false },   [POOL_A] = { "slab A", true, 5, false },
	[POOL_B] = { "slab B", true, 5, false },
};

// "+12 %", "-3 %", "="; "" when there is nothing to compare with.
static const char *change(struct arena *arena, uint64_t a, uint64_t b, enum table_style *style)
{
	double ratio = a == 0 ? 0 : (double)b / (double)a - 1;
	double percent = ratio * 100;

	*style = STYLE_PLAIN;
	if (a == 0 || b == 0)
		return "";
	if (ratio > WORTH_COLOUR)
		*style = STYLE_WARN;
	else if (ratio < -WORTH_COLOUR)
		*style = STYLE_GOOD;
	if (fabs(percent) < 0.05)
		return "=";
	if (ratio >= 9)
		return text_make(arena, "x %.0f", ratio + 1);
	return text_make(arena, fabs(percent) < 9.95 ? "%+.1f %%" : "%+.0f %%", percent);
}

typedef const char *(*figure_fn)(struct arena *a, uint64_t value);

static void add_figures(struct arena *arena, struct table *t, figure_fn words, uint64_t a, uint64_t b)
{
	enum table_style style;
	const char *difference = change(arena, a, b, &style);

	table_cell(t, STYLE_PLAIN, a > 0 ? words(arena, a) : "");
	table_cell(t, STYLE_PLAIN, b > 0 ? words(arena, b) : "");
	table_cell(t, style, difference);
}

static uint64_t percentile(const struct view_test *t, double p)
{
	return t->hist != NULL ? hist_percentile(t->hist, p) : 0;
}

static const char *pool_percent(struct arena *arena, const struct view_test *t)
{
	const struct result_pool *p = view_main_pool(t);

	return p == NULL || p->capacity == 0 ? "" : text_make(arena, "%.0f %%", view_pool_percent(p));
}

static void add_pair(struct arena *arena, struct table *t, const struct pair *p)
{
	table_row(t);
	table_cell(t, STYLE_PLAIN, text_make(arena, "%s %s", p->a->name, p->a->target));
	add_figures(arena, t, text_duration, percentile(p->a, 50), percentile(p->b, 50));
	add_figures(arena, t, text_duration, percentile(p->a, 99), percentile(p->b, 99));
	add_figures(arena, t, text_duration, p->a->r->wall_ns, p->b->r->wall_ns);
	add_figures(arena, t, text_bytes, p->a->r->peak_rss_bytes, p->b->r->peak_rss_bytes);
	table_cell(t, STYLE_PLAIN, pool_percent(arena, p->a));
	table_cell(t, STYLE_PLAIN, pool_percent(arena, p->b));
}

static int by_id(const void *a, const void *b)
{
	const struct view_test *const *x = a, *const *y = b;

	return strcmp((*x)->id, (*y)->id);
}

static const struct view_test **sorted(struct view *v)
{
	const struct view_test **list = arena_alloc(&v->arena, (v->count + 1) * sizeof *list);

	for (size_t i = 0; list != NULL && i < v->count; i++)
		list[i] = &v->tests[i];
	if (list != NULL)
		qsort(list, v->count, sizeof *list, by_id);
	return list;
}

static const struct view_test *find(const struct view_test **list, size_t count, const struct view_test *key)
{
	const struct view_test **at = bsearch(&key, list, count, sizeof(const struct view_test *), by_id);

	return at != NULL ? *at : NULL;
}

static void put_both(struct view *a, const struct view_test **in_b, size_t b_count, const struct term_style *style,
                     FILE *out)
{
	struct table *t = table_new(&a->arena, columns, COLUMNS);
	const char *kind = "";

	for (size_t i = 0; t != NULL && i < a->count; i++) {
		struct pair p = { &a->tests[i], find(in_b, b_count, &a->tests[i]) };

		if (p.b == NULL)
			continue;
		if (strcmp(kind, p.a->kind) != 0)
			table_heading(t, p.a->kind);
		kind = p.a->kind;
		add_pair(&a->arena, t, &p);
	}
	if (t != NULL)
		table_print(t, style, out);
	table_free(t);
}

static void put_verdict_changes(const struct view *a, const struct view_test **in_b, size_t b_count,
                                const struct term_style *style, FILE *out)
{
	size_t n = 0;

	for (size_t i = 0; i < a->count; i++) {
		const struct view_test *b = find(in_b, b_count, &a->tests[i]);
		const struct result *old = a->tests[i].r;

		if (b == NULL || b->r->verdict == old->verdict)
			continue;
		fputs(n++ == 0 ? "\nverdicts that changed\n  " : "  ", out);
		table_text(style, b->r->as_expected ? STYLE_GOOD : STYLE_BAD, verdict_name(old->verdict), out);
		fputs(" → ", out);
		table_text(style, b->r->as_expected ? STYLE_GOOD : STYLE_BAD, verdict_name(b->r->verdict), out);
		fprintf(out, "  %s\n", b->id);
	}
}

static void put_only_in(const struct view *v, const struct view_test **others, size_t count, const char *name,
                        FILE *out)
{
	size_t n = 0;

	for (size_t i = 0; i < v->count; i++) {
		if (find(others, count, &v->tests[i]) != NULL)
			continue;
		if (n++ == 0)
			fprintf(out, "\nonly in %s\n", name);
		fprintf(out, "  %s %s\n", verdict_name(v->tests[i].r->verdict), v->tests[i].id);
	}
}

static void put_run(struct view *v, const char *name, FILE *out)
{
	const char *warning;

	fprintf(out, "%s: %s  %s%s%s\n", name, text_line(&v->arena, v->run->dir), view_sentence(v),
	        *view_remarks(v) != '\0' ? " " : "", view_remarks(v));
	for (size_t i = 0; (warning = view_warning(v, i)) != NULL; i++)
		fprintf(out, "   %s\n", warning);
}

static bool have_common(const struct view *a, const struct view_test **in_b, size_t b_count)
{
	for (size_t i = 0; i < a->count; i++)
		if (find(in_b, b_count, &a->tests[i]) != NULL)
			return true;
	return false;
}

int report_compare(const struct run *a, const struct run *b, const struct term_style *style, FILE *out)
{
	const struct view_test **in_a, **in_b;
	struct view va, vb = { 0 };
	int rc = view_init(&va, a);

	if (rc == 0)
		rc = view_init(&vb, b);
	if (rc < 0)
		goto out;
	in_a = sorted(&va);
	in_b = sorted(&vb);
	if (in_a == NULL || in_b == NULL) {
		rc = -ENOMEM;
		goto out;
	}
	put_run(&va, "A", out);
	put_run(&vb, "B", out);
	fputc('\n', out);
	if (!have_common(&va, in_b, vb.count))
		fputs("No test is in both runs: there is nothing to compare.\n", out);
	put_both(&va, in_b, vb.count, style, out);
	put_verdict_changes(&va, in_b, vb.count, style, out);
	put_only_in(&va, in_b, vb.count, "A", out);
	put_only_in(&vb, in_a, va.count, "B", out);
	fputs("\nThis is a plain difference of two runs, without statistics: noise of the machine is in it.\n",
	      out);
	rc = ferror(out) ? -EIO : 0;
out:
	view_deinit(&va);
	view_deinit(&vb);
	return rc;
}

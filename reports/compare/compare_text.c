// A comparison on a terminal: the sentence, what went wrong, what changed, what could not be told, the rest.
#include "compare_formats.h"

#include "table.h"
#include "text.h"

#include <math.h>
#include <string.h>

const char *compare_metric_words(struct arena *a, const char *metric)
{
	static const char *const prefixes[] = { "latency/", "gauge/", "counter/" };
	const char *slash;

	for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
		if (strncmp(metric, prefixes[i], strlen(prefixes[i])) == 0)
			metric += strlen(prefixes[i]);
	slash = strchr(metric, '/');
	if (slash == NULL)
		return metric;
	return text_make(a, "%.*s %s", (int)(slash - metric), metric, slash + 1);
}

const char *compare_figure(struct arena *a, const struct compare_row *r, double value)
{
	return isnan(value) ? "" : metric_words(a, r->unit, value);
}

const char *compare_ends_words(struct arena *a, const struct sample_ends *e)
{
	if (e->count <= 1)
		return verdict_name(e->verdict);
	if (e->unexpected == 0)
		return text_make(a, "%s (%u of %u)", verdict_name(e->verdict), e->count, e->count);
	return text_make(a, "%s (%u of %u)", verdict_name(e->verdict), e->unexpected, e->count);
}

static enum table_style style_of(enum compare_outcome o)
{
	static const enum table_style styles[COMPARE_OUTCOMES] = {
		[COMPARE_REGRESSED] = STYLE_BAD, [COMPARE_IMPROVED] = STYLE_GOOD, [COMPARE_UNDECIDED] = STYLE_WARN
	};

	return styles[o];
}

// ---- verdicts -------------------------------------------------------------------------------------------------

static void put_verdicts(struct comparison *c, const struct term_style *style, FILE *out)
{
	if (c->verdict_count > 0)
		fputs("\nverdicts that changed\n", out);
	for (size_t i = 0; i < c->verdict_count; i++) {
		const struct compare_verdict *v = &c->verdicts[i];
		const char *evidence = v->head->unexpected > 0 ? v->head->evidence : "";

		fputs("  ", out);
		table_text(style, style_of(v->outcome), compare_outcome_name(v->outcome), out);
		fprintf(out, "  %s → %s  %s\n", compare_ends_words(&c->arena, v->base),
		        compare_ends_words(&c->arena, v->head), v->test);
		if (v->accepted != NULL)
			table_wrap(style, v->accepted, 4, 4, out);
		if (*evidence != '\0')
			table_wrap(style, evidence, 4, 4, out);
	}
}

static void put_cliffs(struct comparison *c, const struct term_style *style, FILE *out)
{
	if (c->cliff_count > 0)
		fputs("\nsizes up to which all ends as expected\n", out);
	for (size_t i = 0; i < c->cliff_count; i++) {
		const struct compare_cliff *cliff = &c->cliffs[i];

		fprintf(out, "  %s: %s → ", cliff->family, text_count(&c->arena, cliff->base));
		table_text(style, style_of(cliff->outcome), text_count(&c->arena, cliff->head), out);
		fputc('\n', out);
	}
}

static void put_only(const char *const *ids, size_t count, const char *side, FILE *out)
{
	if (count > 0)
		fprintf(out, "\nonly in %s\n", side);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "  %s\n", ids[i]);
}

// ---- metrics --------------------------------------------------------------------------------------------------

#define COLUMNS 9U

// The columns of a table of rows, in the arena: base and head may have names of their own.
static struct table *open_table(struct comparison *c)
{
	const struct table_column columns[COLUMNS] = {
		{ "test", false, 0, true },      { "metric", false, 0, false },
		{ c->names[0], true, 4, false }, { c->names[1], true, 4, false },
		{ "change", true, 0, false },    { "95 % interval", true, 3, false },
		{ "noise", true, 5, false },     { "detects", true, 6, false },
		{ "", false, 2, false },
	};
	struct table_column *kept = arena_alloc(&c->arena, sizeof columns);

	if (kept == NULL)
		return NULL;
	memcpy(kept, columns, sizeof columns);
	if (c->plan == STATS_INTERVALS) // nothing is detected: the interval says it all
		kept[7] = (struct table_column){ "", true, 6, false };
	return table_new(&c->arena, kept, COLUMNS);
}

static const char *percent_words(struct arena *a, double fraction)
{
	return isfinite(fraction) ? text_make(a, "%.1f %%", 100 * fraction) : "";
}

static void add_row(struct comparison *c, struct table *t, const struct compare_row *r)
{
	struct arena *a = &c->arena;

	table_row(t);
	table_cell(t, STYLE_PLAIN, r->test);
	table_cell(t, STYLE_PLAIN, compare_metric_words(a, r->metric));
	table_cell(t, STYLE_PLAIN, compare_figure(a, r, r->base));
	table_cell(t, STYLE_PLAIN, compare_figure(a, r, r->head));
	table_cell(t, style_of(r->outcome), compare_change(a, r->ratio));
	table_cell(t, STYLE_PLAIN, compare_interval(a, r));
	table_cell(t, STYLE_PLAIN, percent_words(a, r->sigma));
	table_cell(t, STYLE_PLAIN, c->plan != STATS_INTERVALS ? percent_words(a, r->detectable) : "");
	table_cell(t, STYLE_FAINT, r->accepted != NULL ? r->accepted : r->why);
}

static void put_outcome(struct comparison *c, enum compare_outcome o, bool accepted,
                        const struct term_style *style, FILE *out)
{
	struct table *t = open_table(c);
	size_t n = 0;

	for (size_t i = 0; t != NULL && i < c->count; i++)
		if (c->rows[i].outcome == o && (c->rows[i].accepted != NULL) == accepted &&
		    compare_is_told(c, &c->rows[i]) && compare_is_listed(c, &c->rows[i])) {
			add_row(c, t, &c->rows[i]);
			n++;
		}
	if (n > 0) {
		fputc('\n', out);
		table_text(style, STYLE_STRONG, accepted ? "accepted" : compare_heading(c, o), out);
		fputc('\n', out);
		table_print(t, style, out);
	}
	table_free(t);
}

static void put_control(struct comparison *c, const struct term_style *style, FILE *out)
{
	struct table *t = open_table(c);

	for (size_t i = 0; t != NULL && i < c->control_flag_count; i++)
		add_row(c, t, &c->control_flags[i]);
	if (t != NULL && c->control_flag_count > 0) {
		fputs("\nthe control: two runs of base differ\n", out);
		table_print(t, style, out);
	}
	table_free(t);
}

// ---- side by side, where nothing is judged --------------------------------------------------------------------

static const struct table_column side_columns[] = {
	{ "test", false, 0, true }, { "p50 base", true, 0, false },      { "head", true, 0, false },
	{ "", true, 1, false },     { "p99 base", true, 2, false },      { "head", true, 2, false },
	{ "", true, 1, false },     { "time base", true, 6, false },     { "head", true, 6, false },
	{ "", true, 4, false },     { "memory base", true, 6, false },   { "head", true, 6, false },
	{ "", true, 4, false },     { "headroom base", true, 5, false }, { "head", true, 5, false },
};
#define SIDE_COLUMNS (sizeof side_columns / sizeof side_columns[0])

static const struct compare_row *find_row(const struct compare_row *rows, size_t n, const char *begin,
                                          const char *end)
{
	for (size_t i = 0; i < n; i++) {
		const char *name = rows[i].metric;

		if (strncmp(name, begin, strlen(begin)) == 0 && strlen(name) >= strlen(begin) + strlen(end) &&
		    strcmp(name + strlen(name) - strlen(end), end) == 0)
			return &rows[i];
	}
	return NULL;
}

static void add_figures(struct arena *a, struct table *t, const struct compare_row *r, bool with_change)
{
	table_cell(t, STYLE_PLAIN, r != NULL ? compare_figure(a, r, r->base) : "");
	table_cell(t, STYLE_PLAIN, r != NULL ? compare_figure(a, r, r->head) : "");
	if (with_change)
		table_cell(t, STYLE_PLAIN, r != NULL ? compare_change(a, r->ratio) : "");
}

static void put_side_by_side(struct comparison *c, const struct term_style *style, FILE *out)
{
	struct table *t = table_new(&c->arena, side_columns, SIDE_COLUMNS);

	for (size_t from = 0, to; t != NULL && from < c->count; from = to) {
		const struct compare_row *rows = &c->rows[from];

		for (to = from + 1; to < c->count && c->rows[to].test == rows->test;)
			to++;
		table_row(t);
		table_cell(t, STYLE_PLAIN, rows->test);
		add_figures(&c->arena, t, find_row(rows, to - from, "latency/", "/p50"), true);
		add_figures(&c->arena, t, find_row(rows, to - from, "latency/", "/p99"), true);
		add_figures(&c->arena, t, find_row(rows, to - from, "time", ""), true);
		add_figures(&c->arena, t, find_row(rows, to - from, "memory", ""), true);
		add_figures(&c->arena, t, find_row(rows, to - from, "slab/", "/headroom"), false);
	}
	if (t != NULL && c->count > 0) {
		fputc('\n', out);
		table_print(t, style, out);
	}
	table_free(t);
}

// ---- the whole ------------------------------------------------------------------------------------------------

static void put_source(struct comparison *c, const char *name, enum sample_side side, FILE *out)
{
	const struct sample_source *s = &c->samples->sources[side];

	fprintf(out, "%s: %s", name, s->dir);
	if (s->runs > 1)
		fprintf(out, " and %zu more", s->runs - 1);
	fputc('\n', out);
}

void compare_text(struct comparison *c, const struct term_style *style, FILE *out)
{
	table_wrap(style, c->sentence, 0, 0, out);
	if (c->samples->paired) {
		put_source(c, "pairs", SAMPLE_BASE, out);
	} else {
		put_source(c, "base", SAMPLE_BASE, out);
		put_source(c, "head", SAMPLE_HEAD, out);
	}
	for (size_t i = 0; i < c->notes.count; i++)
		table_wrap(style, c->notes.items[i], 0, 3, out);
	put_verdicts(c, style, out);
	put_cliffs(c, style, out);
	put_control(c, style, out);
	put_outcome(c, COMPARE_REGRESSED, false, style, out);
	put_outcome(c, COMPARE_IMPROVED, false, style, out);
	put_outcome(c, COMPARE_CHANGED, false, style, out);
	put_outcome(c, COMPARE_UNDECIDED, false, style, out);
	put_outcome(c, COMPARE_REGRESSED, true, style, out);
	if (c->plan == STATS_INTERVALS) {
		put_outcome(c, COMPARE_UNCHANGED, false, style, out);
		put_outcome(c, COMPARE_UNJUDGED, false, style, out);
	} else {
		if (c->show_counters)
			put_outcome(c, COMPARE_UNJUDGED, false, style, out);
		if (c->pairs < STATS_LEAST_PAIRS)
			put_side_by_side(c, style, out);
	}
	put_only(c->only_base, c->only_base_count, "base", out);
	put_only(c->only_head, c->only_head_count, "head", out);
}

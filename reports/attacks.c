// Attacks, out of the figures and notes of HTTP/2 tests.
#include "attacks.h"

#include "table.h"
#include "text.h"

#include <string.h>

#define NOTE "attack: "

static const char *reaction_of(const struct result *r)
{
	for (size_t i = 0; i < r->notes.count; i++)
		if (strncmp(r->notes.items[i], NOTE, strlen(NOTE)) == 0)
			return r->notes.items[i] + strlen(NOTE);
	return NULL;
}

static double gauge_of(const struct view_test *t, const char *name)
{
	const struct result_gauge *g = view_gauge(t, name);

	return g != NULL ? g->value : 0;
}

static uint64_t p99_of(const struct result *r, const char *series)
{
	for (size_t i = 0; i < r->series_count; i++)
		if (strcmp(r->series[i].name, series) == 0 && r->series[i].hist != NULL)
			return hist_percentile(r->series[i].hist, 99);
	return 0;
}

static void fill(struct attack_row *row, const struct view_test *t, struct arena *a)
{
	const double before = gauge_of(t, "server_rss_before"), peak = gauge_of(t, "server_rss_peak");

	row->test = t;
	row->reaction = text_line(a, reaction_of(t->r));
	row->has_cost = view_gauge(t, "server_rss_before") != NULL;
	row->cpu_ms = gauge_of(t, "attack_cpu");
	row->memory_bytes = peak > before ? (uint64_t)(peak - before) : 0;
	row->calm_ns = p99_of(t->r, "fresh-calm");
	row->fresh_ns = p99_of(t->r, "fresh");
	row->lost = (uint64_t)gauge_of(t, "fresh_lost");
	row->has_others = row->calm_ns > 0;
}

const struct attack_row *attacks_list(struct view *v, size_t *count)
{
	struct attack_row *rows = arena_alloc(&v->arena, (v->count + 1) * sizeof *rows);

	*count = 0;
	for (size_t i = 0; rows != NULL && i < v->count; i++)
		if (reaction_of(v->tests[i].r) != NULL) {
			rows[*count] = (struct attack_row){ 0 };
			fill(&rows[(*count)++], &v->tests[i], &v->arena);
		}
	return rows;
}

const char *attack_cpu(struct view *v, const struct attack_row *r)
{
	return r->has_cost ? text_duration(&v->arena, (uint64_t)(r->cpu_ms * 1e6)) : "";
}

const char *attack_memory(struct view *v, const struct attack_row *r)
{
	return r->has_cost ? text_make(&v->arena, "+%s", text_bytes(&v->arena, r->memory_bytes)) : "";
}

const char *attack_others(struct view *v, const struct attack_row *r)
{
	struct arena *a = &v->arena;

	if (!r->has_others)
		return "";
	if (r->lost > 0)
		return text_make(a, "%s unanswered", text_count(a, r->lost));
	return text_make(a, "%s → %s", text_duration(a, r->calm_ns), text_duration(a, r->fresh_ns));
}

// `text` without what stands from `begins` to `ends`, both included.
static const char *without(struct view *v, const char *text, const char *begins, const char *ends)
{
	const char *from = strstr(text, begins), *to = from != NULL ? strstr(from, ends) : NULL;

	if (to == NULL)
		return text;
	return text_make(&v->arena, "%.*s%s", (int)(from - text), text, to + strlen(ends));
}

// Without "after 7 of 7 frames", how many times, and the server's own words, which the page has: terminals are
// narrow.
static const char *brief(struct view *v, const char *reaction)
{
	return without(v, without(v, without(v, reaction, " after ", " frames"), " (", ")"), " (", ")");
}

static const char *short_name(const struct view_test *t)
{
	static const char prefix[] = "attack-";

	return t->name + (strncmp(t->name, prefix, strlen(prefix)) == 0 ? strlen(prefix) : 0);
}

void attacks_print(struct view *v, const struct term_style *style, FILE *out)
{
	const struct table_column columns[] = { { "attack", false, 0, true },
		                                { "what the server did", false, 0, true },
		                                { "its CPU", true, 0, false },
		                                { "its memory", true, 1, false },
		                                { "others' p99", true, 0, false } };
	struct table *t = table_new(&v->arena, columns, sizeof columns / sizeof columns[0]);
	size_t count = 0;
	const struct attack_row *rows = attacks_list(v, &count);

	for (size_t i = 0; t != NULL && i < count; i++) {
		table_row(t);
		table_cell(t, rows[i].test->r->as_expected ? STYLE_GOOD : STYLE_BAD, short_name(rows[i].test));
		table_cell(t, STYLE_PLAIN, brief(v, rows[i].reaction));
		table_cell(t, STYLE_PLAIN, attack_cpu(v, &rows[i]));
		table_cell(t, STYLE_PLAIN, attack_memory(v, &rows[i]));
		table_cell(t, STYLE_PLAIN, attack_others(v, &rows[i]));
	}
	if (t != NULL && count > 0) {
		table_print(t, style, out);
		fputc('\n', out);
	}
	table_free(t);
}

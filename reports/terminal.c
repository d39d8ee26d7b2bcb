// The summary on a terminal.
#include "growth.h"
#include "reports.h"

#include "attacks.h"
#include "bins.h"
#include "heaps.h"
#include "memory.h"
#include "named.h"
#include "soaked.h"
#include "spark.h"
#include "story.h"
#include "table.h"
#include "text.h"
#include "view.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SPARK_COLUMNS 12U
#define MOST_STORIES 20U
#define MOST_SITES 3U
#define MOST_FRAMES 6U
#define MOST_TAIL_LINES 5U
#define MOST_LEFT_OUT 6U

struct summary {
	struct view view;
	struct symboliser *names;
	struct term_style style;
	const char *again;
	FILE *out;
};

static enum table_style style_of(const struct result *r)
{
	if (result_failed(r))
		return STYLE_BAD;
	if (!r->as_expected || r->verdict == VERDICT_FLAKY || r->quarantine != NULL)
		return STYLE_WARN;
	return r->verdict == VERDICT_SKIPPED || r->verdict == VERDICT_PLANNED ? STYLE_FAINT : STYLE_GOOD;
}

// A test that was expected to fail and did has passed: its mark says so.
static const char *mark_of(const struct result *r)
{
	if (r->quarantine != NULL)
		return "~";
	return r->as_expected && verdict_is_bad(r->verdict) ? "✓" : text_mark(r->verdict);
}

// ---- the table ----------------------------------------------------------------------------------------------

// The shape of the latencies between the least and the greatest, which stand for the first column and the last.
static const char *sparkline(struct arena *a, const struct hist *h)
{
	uint64_t counts[SPARK_COLUMNS];
	struct bins bins = { .count = SPARK_COLUMNS, .counts = counts };

	if (h == NULL || h->total < 2 || h->max <= h->min)
		return "";
	bins.low = (double)h->min;
	bins.high = (double)h->max;
	bins_fill(&bins, h);
	return spark_counts(a, counts, SPARK_COLUMNS);
}

// `above` is the test of the row above, whose name is not said again; NULL in the first. `pauses`: the table has
// those of collectors.
static void add_test_row(struct summary *s, struct table *t, const struct view_test *test,
                         const struct view_test *above, bool pauses)
{
	struct arena *a = &s->view.arena;
	const struct result *r = test->r;
	const struct result_gauge *rate = view_gauge(test, "throughput");

	table_row(t);
	table_cell(t, style_of(r), text_make(a, "%s %s", mark_of(r), verdict_name(r->verdict)));
	table_cell(t, STYLE_PLAIN, above != NULL && strcmp(above->name, test->name) == 0 ? "" : test->name);
	table_cell(t, STYLE_FAINT, test->target);
	table_cell(t, STYLE_PLAIN, r->wall_ns > 0 ? text_duration(a, r->wall_ns) : "");
	table_cell(t, STYLE_PLAIN, test->hist != NULL ? text_duration(a, hist_percentile(test->hist, 50)) : "");
	table_cell(t, STYLE_PLAIN, test->hist != NULL ? text_duration(a, hist_percentile(test->hist, 99)) : "");
	if (pauses) {
		table_cell(t, STYLE_PLAIN, r->gc_count > 0 ? text_duration(a, r->gc_total_ns) : "");
		table_cell(t, STYLE_PLAIN, r->gc_count > 0 ? text_duration(a, r->gc_max_ns) : "");
	}
	table_cell(t, STYLE_PLAIN, r->peak_rss_bytes > 0 ? text_bytes(a, r->peak_rss_bytes) : "");
	table_cell(t, STYLE_PLAIN,
	           rate == NULL ? ""
	                        : text_make(a, "%s %s", text_amount(a, rate->value), text_line(a, rate->unit)));
	table_cell(t, STYLE_FAINT, sparkline(a, test->hist));
}

// No peak memory: so many tests had ended before anybody looked.
static size_t count_unseen(const struct summary *s, const struct view_group *g)
{
	size_t unseen = 0;

	for (size_t i = 0; i < g->count; i++)
		unseen += s->view.tests[g->first + i].r->peak_rss_bytes == 0 &&
		          s->view.tests[g->first + i].r->wall_ns > 0;
	return unseen;
}

// The pauses of a runtime that serves stand beside its latencies: their sum, and the longest.
static void put_group(struct summary *s, const struct view_group *g)
{
	const struct table_column columns[] = {
		{ "", false, 0, false },    { g->kind, false, 0, true },      { "target", false, 0, true },
		{ "time", true, 4, false }, { "p50", true, 0, false },        { "p99", true, 1, false },
		{ "GC", true, 3, false },   { "longest GC", true, 0, false }, { "peak memory", true, 2, false },
		{ "rate", true, 5, false }, { "latencies", false, 6, false }
	};
	const size_t count = sizeof columns / sizeof columns[0], at = 6; // of the pauses' two
	const bool pauses = view_is_http2(g) && view_has_pauses(&s->view, g);
	struct table_column chosen[sizeof columns / sizeof columns[0]];
	const size_t left_out = pauses ? 0 : 2, unseen = count_unseen(s, g);
	struct table *t;

	memcpy(chosen, columns, at * sizeof columns[0]);
	memcpy(chosen + at, columns + at + left_out, (count - at - left_out) * sizeof columns[0]);
	t = table_new(&s->view.arena, chosen, count - left_out);
	if (t == NULL)
		return;
	for (size_t i = 0; i < g->count; i++)
		add_test_row(s, t, &s->view.tests[g->first + i], i > 0 ? &s->view.tests[g->first + i - 1] : NULL,
		             pauses);
	table_print(t, &s->style, s->out);
	if (unseen > 0)
		fprintf(s->out, "  no peak memory: %s ended before the first look\n",
		        text_number(&s->view.arena, unseen, "test", "tests"));
	fputc('\n', s->out);
	table_free(t);
}

// ---- targets side by side -----------------------------------------------------------------------------------

static const char *matrix_cell(struct arena *a, const struct view_test *t)
{
	const char *mark = mark_of(t->r);

	if (!t->r->as_expected || t->hist == NULL)
		return text_make(a, "%s %s", mark, verdict_name(t->r->verdict));
	return text_make(a, "%s %s", mark, text_duration(a, hist_percentile(t->hist, 50)));
}

static void put_matrix(struct summary *s, const struct view_group *g)
{
	struct arena *a = &s->view.arena;
	struct table_column *columns = arena_alloc(a, (g->columns + 1) * sizeof *columns);
	struct table *t = columns == NULL ? NULL : table_new(a, columns, g->columns + 1);

	if (t == NULL)
		return;
	columns[0] = (struct table_column){ text_make(a, "%s, p50", g->kind), false, 0, true };
	for (size_t c = 0; c < g->columns; c++)
		columns[c + 1] = (struct table_column){ g->targets[c], true, (unsigned)c, true };
	for (size_t row = 0; row < g->rows; row++) {
		table_row(t);
		table_cell(t, STYLE_PLAIN, g->names[row]);
		for (size_t c = 0; c < g->columns; c++) {
			const struct view_test *test = g->cells[row * g->columns + c];

			table_cell(t, test == NULL ? STYLE_FAINT : style_of(test->r),
			           test == NULL ? "not there" : matrix_cell(a, test));
		}
	}
	table_print(t, &s->style, s->out);
	fputc('\n', s->out);
	table_free(t);
}

// ---- what was asked for and did not happen ------------------------------------------------------------------

#define UNCAPPED_TOLD 3U

// What was not capped, and why; NULL: nothing.
static const char *not_capped(const struct result *r)
{
	for (size_t i = 0; i < r->counters_count; i++)
		if (r->counters[i].note != NULL && strncmp(r->counters[i].note, "not capped", 10) == 0)
			return r->counters[i].note;
	return NULL;
}

// Requests were to be made to fail, and none was.
static bool was_not_refused(const struct result *r)
{
	bool asked = false;
	uint64_t value;

	for (size_t i = 0; i < r->counters_count; i++)
		if (heap_counter(&r->counters[i], "injected_failures", &value)) {
			if (value > 0)
				return false;
			asked = true;
		}
	return asked;
}

static void put_without_effect(struct summary *s)
{
	size_t uncapped = 0, partly = 0, unrefused = 0;

	for (size_t i = 0; i < s->view.count; i++) {
		const char *note = not_capped(s->view.tests[i].r);

		if (note != NULL && strstr(note, "no process of it") != NULL)
			uncapped++;
		else if (note != NULL && partly++ < UNCAPPED_TOLD)
			fprintf(s->out, "! --jemalloc-cap: %s: %s\n", s->view.tests[i].id,
			        text_line(&s->view.arena, note));
		unrefused += was_not_refused(s->view.tests[i].r);
	}
	if (partly > UNCAPPED_TOLD)
		fprintf(s->out, "! --jemalloc-cap: and %zu further tests\n", partly - UNCAPPED_TOLD);
	if (uncapped > 0)
		fprintf(s->out,
		        "! --jemalloc-cap had no effect in %s: no process had a jemalloc that can be seen (--alloc jemalloc "
		        "brings one)\n",
		        text_number(&s->view.arena, uncapped, "test", "tests"));
	if (unrefused > 0)
		fprintf(s->out, "! --fail-alloc had no effect in %s: no request was made to fail\n",
		        text_number(&s->view.arena, unrefused, "test", "tests"));
	if (uncapped + partly + unrefused > 0)
		fputc('\n', s->out);
}

// ---- what is missing ----------------------------------------------------------------------------------------

static void put_left_out(struct summary *s)
{
	size_t count = json_array_size(json_object_get(s->view.run->info, "left_out"));

	for (size_t i = 0; i < count && i < MOST_LEFT_OUT; i++)
		table_wrap(&s->style, text_make(&s->view.arena, "left out: %s", view_left_out(&s->view, i)), 0, 4,
		           s->out);
	if (count > MOST_LEFT_OUT)
		fprintf(s->out, "left out: %zu more; report.html names them\n", count - MOST_LEFT_OUT);
	if (count > 0)
		fputc('\n', s->out);
}

#define MOST_ALIKE 4U

// How many from there on are told in one line.
static size_t count_alike(struct view *v, size_t first, enum named which, const char *why)
{
	const char *next;
	size_t n = 1;

	while (first + n < v->count && (next = named_why(v, &v->tests[first + n], which)) &&
	       strcmp(next, why) == 0)
		n++;
	return n > MOST_ALIKE ? n : 1;
}

// Skipped, flaky, in quarantine, ...: a line each, where there are not many in a row for one reason.
static void put_named(struct summary *s, enum named which)
{
	const struct view_test *t = s->view.tests;
	size_t count = 0, alike;

	for (size_t i = 0; i < s->view.count; i += alike) {
		const char *why = named_why(&s->view, &t[i], which);

		alike = why != NULL ? count_alike(&s->view, i, which, why) : 1;
		if (why == NULL)
			continue;
		const char *whose = alike == 1 ? t[i].id
		                               : text_make(&s->view.arena, "%zu tests, %s to %s", alike, t[i].id,
		                                           t[i + alike - 1].id);
		table_wrap(&s->style, text_make(&s->view.arena, "%s: %s: %s", named_title(which), whose, why), 0,
		           4, s->out);
		count++;
	}
	if (count > 0)
		fputc('\n', s->out);
}

// ---- failures -----------------------------------------------------------------------------------------------

static void put_backtrace(struct summary *s, const struct strings *frames)
{
	const char *frame;
	size_t at = 0;

	if (frames->count > 0)
		fputs("    backtrace, innermost first\n", s->out);
	for (size_t lines = 0; lines < MOST_FRAMES; lines++) {
		frame = story_frame(s->names, &s->view.arena, frames, &at);
		if (frame != NULL)
			fprintf(s->out, "      %s\n", frame);
	}
	if (at < frames->count)
		fprintf(s->out, "      and %zu more\n", frames->count - at);
}

// What a leaked test still held at its end, where an interposer has sampled it.
static void put_held(struct summary *s, const struct result *r)
{
	size_t count;
	const struct result_site **sites = heaps_held(&s->view.arena, r, &count);

	for (size_t i = 0; i < count && i < MOST_SITES; i++) {
		fprintf(s->out, "    still held at the end: %s (estimated from %s)\n",
		        text_bytes(&s->view.arena, sites[i]->live_bytes),
		        text_number(&s->view.arena, sites[i]->samples, "sample", "samples"));
		put_backtrace(s, &sites[i]->frames);
	}
}

static void put_tail(struct summary *s, const struct result *r)
{
	const char *at = story_tail(&s->view.arena, r, MOST_TAIL_LINES);

	if (*at != '\0')
		fputs("    its last output\n", s->out);
	while (*at != '\0') {
		size_t len = strcspn(at, "\n");

		fputs("      │ ", s->out);
		for (size_t i = 0; i < len; i++)
			at[i] == '\t' ? fputs("    ", s->out) : fputc(at[i], s->out);
		fputc('\n', s->out);
		at += len + (at[len] == '\n');
	}
}

static void put_story(struct summary *s, const struct view_test *t)
{
	struct arena *a = &s->view.arena;
	const struct result *r = t->r;
	const struct result_pool *p = view_main_pool(t);
	const struct result_refusal *refusal = heap_refusal(r);
	const char *line;

	table_text(&s->style, STYLE_BAD, text_make(a, "✗ %s", verdict_name(r->verdict)), s->out);
	fprintf(s->out, "  %s", t->id);
	if (r->expected != VERDICT_PASSED)
		fprintf(s->out, "  (%s)", story_expected(a, r));
	fputc('\n', s->out);
	if (r->evidence != NULL)
		table_wrap(&s->style, text_line(a, r->evidence), 4, 4, s->out);
	if (r->first_bad_check != NULL && (r->evidence == NULL || strstr(r->evidence, r->first_bad_check) == NULL))
		table_wrap(&s->style, text_make(a, "first bad check: %s", text_line(a, r->first_bad_check)), 4, 6,
		           s->out);
	if (*story_clean(r) != '\0')
		fprintf(s->out, "    %s\n", story_clean(r));
	for (size_t i = 0; (line = story_case(a, r, i)) != NULL; i++)
		table_wrap(&s->style, text_make(a, "case %s", line), 4, 6, s->out);
	for (size_t i = 0; (line = story_leftover(a, r, i)) != NULL; i++)
		fprintf(s->out, "    left behind: %s\n", line);
	if (p != NULL && (p->exhausted > 0 || r->verdict == VERDICT_SLAB_EXHAUSTED)) {
		table_wrap(&s->style, text_make(a, "slab %s", story_pool(a, p)), 4, 6, s->out);
		put_backtrace(s, &p->frames);
	}
	if (refusal != NULL) {
		table_wrap(&s->style, heap_refusal_words(a, refusal), 4, 6, s->out);
		put_backtrace(s, &refusal->frames);
	}
	if (r->verdict == VERDICT_LEAKED)
		put_held(s, r);
	put_tail(s, r);
	if (s->again != NULL)
		fprintf(s->out, "    again: %s\n", view_again(&s->view, s->again, t));
	fputc('\n', s->out);
}

static void put_failures(struct summary *s)
{
	size_t told = 0;

	for (size_t i = 0; i < s->view.count; i++) {
		const struct view_test *t = &s->view.tests[i];

		if (!result_failed(t->r))
			continue;
		if (told++ < MOST_STORIES)
			put_story(s, t);
		else
			fprintf(s->out, "✗ %s  %s\n", verdict_name(t->r->verdict), t->id);
	}
	if (told > MOST_STORIES)
		fprintf(s->out, "the last %zu in short; report.html tells more\n\n", told - MOST_STORIES);
}

static void put_growth(struct summary *s)
{
	struct growth g;
	bool any = false;

	for (size_t i = 0; i < s->view.count * GROWTH_COSTS; i++)
		if (growth_points(&s->view, i / GROWTH_COSTS, (enum growth_cost)(i % GROWTH_COSTS), &g) &&
		    growth_is_over(&g)) {
			table_text(&s->style, STYLE_WARN, "! growth", s->out);
			table_wrap(&s->style, text_make(&s->view.arena, "  %s", growth_words(&s->view.arena, &g)),
			           0, 4, s->out);
			any = true;
		}
	if (any)
		fputc('\n', s->out);
}

int report_terminal(const struct run *r, const struct term_style *style, const char *again, FILE *out)
{
	struct summary s = { .style = *style, .again = again, .out = out, .names = symboliser_new() };
	const char *warning;
	int rc = view_init(&s.view, r);

	if (rc < 0)
		goto out;
	for (size_t i = 0; i < s.view.group_count; i++)
		put_group(&s, &s.view.groups[i]);
	for (size_t i = 0; i < s.view.group_count; i++)
		if (s.view.groups[i].cells != NULL)
			put_matrix(&s, &s.view.groups[i]);
	attacks_print(&s.view, style, out);
	memory_print(&s.view, style, out);
	put_without_effect(&s);
	put_left_out(&s);
	for (unsigned which = 0; which < NAMED_COUNT; which++)
		put_named(&s, (enum named)which);
	put_failures(&s);
	soaked_print(&s.view, style, out);
	put_growth(&s);
	for (size_t i = 0; (warning = view_warning(&s.view, i)) != NULL; i++)
		table_wrap(style, text_make(&s.view.arena, "! %s", warning), 0, 2, out);
	table_wrap(style, text_make(&s.view.arena, "%s %s", view_sentence(&s.view), view_remarks(&s.view)), 0, 0,
	           out);
	fprintf(out, "%zu passed, %zu failed, %zu skipped\n", s.view.passed, s.view.failed, s.view.skipped);
	rc = ferror(out) ? -EIO : 0;
out:
	symboliser_free(s.names);
	view_deinit(&s.view);
	return rc;
}

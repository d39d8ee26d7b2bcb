// The page about a comparison: what changed, what could not be told, and what was compared.
#include "compare_formats.h"

#include "html_arrows.h"
#include "html_forest.h"
#include "html_strip.h"
#include "html_variants.h"
#include "text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_ROWS 4000U    // in the table of all metrics
#define MOST_OPEN_ROWS 40U // longer tables are folded up
#define MOST_FOREST 300U   // in one forest plot
#define MOST_STRIPS 24U
#define MOST_NAMES 50U

struct compare_page {
	struct page page;
	const struct comparison *c;
};

// ---- the beginning --------------------------------------------------------------------------------------------

static const char *const control_words[] = {
	[COMPARE_CONTROL_NONE] = "none", [COMPARE_CONTROL_CLEAN] = "clean", [COMPARE_CONTROL_FAILED] = "failed"
};

static const char *percent_words(struct arena *a, double fraction)
{
	return isfinite(fraction) ? text_make(a, "%.2g %%", 100 * fraction) : "–";
}

static const char *side_name(struct arena *a, const struct sample_source *s)
{
	const char *slash = strrchr(s->dir, '/');

	return text_line(a, slash != NULL && slash[1] != '\0' ? slash + 1 : s->dir);
}

// What base and head are called: the variants of `stressgen ab` by their names.
static const char *base_name(const struct compare_page *h)
{
	return text_line(h->page.arena, h->c->names[0]);
}

static const char *head_name(const struct compare_page *h)
{
	return text_line(h->page.arena, h->c->names[1]);
}

// The same as the title of a column of figures (with '>' in front), or of text.
static const char *title_of(const struct compare_page *h, bool head, bool figures)
{
	const char *name = head ? head_name(h) : base_name(h);

	if (!h->c->samples->intervals)
		name = head ? "Head" : "Base";
	return figures ? text_make(h->page.arena, ">%s", name) : name;
}

static const char *pairs_words(struct arena *a, const struct comparison *c)
{
	return text_number(a, c->pairs, "pair", "pairs");
}

static void add_tiles(struct compare_page *h)
{
	const struct comparison *c = h->c;
	struct page *p = &h->page;
	struct arena *a = p->arena;

	html_tiles(p);
	html_tile(p, "Regressed", text_count(a, c->counts[COMPARE_REGRESSED]),
	          c->accepted > 0 ? text_make(a, "%zu accepted", c->accepted) : "");
	html_tile(p, "Improved", text_count(a, c->counts[COMPARE_IMPROVED]), "");
	html_tile(p, "Could not tell", text_count(a, c->counts[COMPARE_UNDECIDED]), "");
	html_tile(p, "Unchanged", text_count(a, c->counts[COMPARE_UNCHANGED]), "");
	html_tile(p, "Control", control_words[c->control],
	          c->control_rows > 0 ? text_make(a, "%zu of %s", c->control_flag_count,
	                                          text_number(a, c->control_rows, "metric", "metrics"))
	                              : "");
	html_tile(p, "Detects", percent_words(a, c->detectable), text_make(a, "with %s", pairs_words(a, c)));
	html_tiles_end(p);
}

static void add_front(struct compare_page *h)
{
	const struct comparison *c = h->c;
	struct page *p = &h->page;
	const char *base = side_name(p->arena, &c->samples->sources[SAMPLE_BASE]);
	const char *head = side_name(p->arena, &c->samples->sources[SAMPLE_HEAD]);
	const char *names = strcmp(base, head) == 0 ? head : text_make(p->arena, "%s → %s", base, head);
	struct html_front front = { "comparison", names, c->sentence, "",
		                    c->counts[COMPARE_REGRESSED] > 0 || c->verdicts_worse > 0 ||
		                            c->control == COMPARE_CONTROL_FAILED };

	html_begin(p, &front);
	for (size_t i = 0; i < c->notes.count; i++)
		html_warning(p, c->notes.items[i]);
	add_tiles(h);
	html_contents(p);
}

// ---- verdicts and cliffs
// ----------------------------------------------------------------------------------------

static const struct {
	const char *mark, *class_name;
	enum forest_kind kind;
} looks[COMPARE_OUTCOMES] = {
	[COMPARE_REGRESSED] = { "✗", "bad", FOREST_WORSE },
	[COMPARE_IMPROVED] = { "✓", "good", FOREST_BETTER },
	[COMPARE_CHANGED] = { "~", "odd", FOREST_CHANGED },
	[COMPARE_UNDECIDED] = { "?", "odd", FOREST_UNKNOWN },
	[COMPARE_UNCHANGED] = { "=", "good", FOREST_CHANGED },
	[COMPARE_UNJUDGED] = { "–", "none", FOREST_UNKNOWN },
};

static void outcome_cell(struct page *p, enum compare_outcome o, const char *accepted)
{
	buf_addf(&p->b, "<td><span class=\"v %s\"><span class=\"m\">%s</span> %s%s</span></td>",
	         accepted != NULL ? "odd" : looks[o].class_name, accepted != NULL ? "~" : looks[o].mark,
	         compare_outcome_name(o), accepted != NULL ? " (accepted)" : "");
}

static void open_row(struct page *p, const char *test)
{
	buf_adds(&p->b, "<tr data-test=\"");
	html_text(p, test);
	buf_adds(&p->b, "\">");
}

static void add_verdicts(struct compare_page *h)
{
	struct page *p = &h->page;

	if (h->c->verdict_count == 0)
		return;
	html_section(p, "verdicts", "Verdicts",
	             text_make(p->arena, "Tests that ended otherwise than on %s.", base_name(h)));
	html_head(p, (const char *const[]){ "Outcome", "Test", title_of(h, false, false), title_of(h, true, false),
	                                    "Evidence", NULL });
	for (size_t i = 0; i < h->c->verdict_count; i++) {
		const struct compare_verdict *v = &h->c->verdicts[i];

		open_row(p, v->test);
		outcome_cell(p, v->outcome, v->accepted);
		html_code_cell(p, v->test);
		html_cell(p, compare_ends_words(p->arena, v->base));
		html_cell(p, compare_ends_words(p->arena, v->head));
		html_cell(p, text_line(p->arena, v->head->unexpected > 0 ? v->head->evidence : v->base->evidence));
		buf_adds(&p->b, "</tr>\n");
	}
	html_head_end(p);
	html_section_end(p);
}

static const char *size_words(struct arena *a, unsigned long long size)
{
	return size > 0 ? text_count(a, size) : "none";
}

static void add_cliffs(struct compare_page *h)
{
	struct page *p = &h->page;

	if (h->c->cliff_count == 0)
		return;
	html_section(p, "cliffs", "Cliffs",
	             "The largest size that still ends as expected, where it is another one.");
	html_head(p, (const char *const[]){ "Outcome", "Family", title_of(h, false, true), title_of(h, true, true),
	                                    NULL });
	for (size_t i = 0; i < h->c->cliff_count; i++) {
		const struct compare_cliff *k = &h->c->cliffs[i];

		open_row(p, k->family);
		outcome_cell(p, k->outcome, NULL);
		html_code_cell(p, k->family);
		html_figure_cell(p, k->base, size_words(p->arena, k->base));
		html_figure_cell(p, k->head, size_words(p->arena, k->head));
		buf_adds(&p->b, "</tr>\n");
	}
	html_head_end(p);
	html_section_end(p);
}

// ---- changes
// ----------------------------------------------------------------------------------------------------

static enum forest_kind kind_of(const struct compare_row *r)
{
	return r->accepted != NULL ? FOREST_CHANGED : looks[r->outcome].kind;
}

static struct forest_row forest_row_of(struct arena *a, const struct compare_row *r)
{
	const char *note = r->accepted != NULL ? r->accepted : r->why;

	if (r->outcome == COMPARE_UNDECIDED && *note == '\0')
		note = text_make(a, "a change of %s would show", percent_words(a, r->detectable));
	return (struct forest_row){ .id = r->test,
		                    .metric = r->metric,
		                    .base = compare_figure(a, r, r->base),
		                    .head = compare_figure(a, r, r->head),
		                    .ratio = r->ratio,
		                    .low = r->low,
		                    .high = r->high,
		                    .exact = r->exact,
		                    .kind = kind_of(r),
		                    .note = text_line(a, note) };
}

static int farthest_first(const void *a, const void *b)
{
	const struct compare_row *const *x = a, *const *y = b;
	double fx = fabs(log((*x)->ratio)), fy = fabs(log((*y)->ratio));

	if ((*x)->outcome != (*y)->outcome)
		return (*x)->outcome < (*y)->outcome ? -1 : 1;
	if (isnan(fx) || isnan(fy) || fx == fy)
		return isnan(fx) - isnan(fy) != 0 ? isnan(fx) - isnan(fy) : (*x > *y) - (*x < *y);
	return fx > fy ? -1 : 1;
}

// The rows with outcomes from `first` to `last`, by outcome, then those that are farthest from 1 first. NULL
// without memory.
static const struct compare_row **pick(struct compare_page *h, enum compare_outcome first,
                                       enum compare_outcome last, size_t *count)
{
	const struct comparison *c = h->c;
	const struct compare_row **rows = arena_alloc(h->page.arena, (c->count + 1) * sizeof *rows);

	*count = 0;
	for (size_t i = 0; rows != NULL && i < c->count; i++)
		if (c->rows[i].outcome >= first && c->rows[i].outcome <= last)
			rows[(*count)++] = &c->rows[i];
	if (*count > 1)
		qsort(rows, *count, sizeof *rows, farthest_first);
	return rows;
}

// Without the counters, of which there are hundreds; those that changed stand among all metrics.
static size_t drop_counters(const struct comparison *c, const struct compare_row **rows, size_t count)
{
	size_t n = 0;

	for (size_t i = 0; rows != NULL && i < count; i++)
		if (compare_is_listed(c, rows[i]))
			rows[n++] = rows[i];
	return n;
}

static void add_forest(struct compare_page *h, const struct compare_row *const *rows, size_t count,
                       const char *title)
{
	struct page *p = &h->page;
	size_t shown = count < MOST_FOREST ? count : MOST_FOREST;
	struct forest_row *out = arena_alloc(p->arena, (shown + 1) * sizeof *out);

	for (size_t i = 0; out != NULL && i < shown; i++)
		out[i] = forest_row_of(p->arena, rows[i]);
	if (out != NULL)
		html_forest(p, &(struct forest_names){ title, base_name(h), head_name(h) }, out, shown);
	if (count > shown)
		html_note(p, text_make(p->arena, "%zu more are in the table of all metrics.", count - shown));
}

static size_t read_strip(const struct sample_metric *m, enum sample_side side, double *out)
{
	size_t n = 0;

	for (unsigned phase = 0; phase < SAMPLE_PHASES; phase++)
		for (size_t i = 0; i < m->lists[side][phase].count; i++)
			out[n++] = m->lists[side][phase].items[i].value;
	return n;
}

static size_t strip_room(const struct sample_metric *m, enum sample_side side)
{
	return m->lists[side][SAMPLE_SCREEN].count + m->lists[side][SAMPLE_CONFIRM].count + 1;
}

// Every invocation of the metrics that changed most.
// False without memory.
static bool add_strip(struct compare_page *h, const struct compare_row *r)
{
	struct page *p = &h->page;
	const struct sample_metric *m = r->sample;
	struct strip s = { .caption = r->test, .sub = r->metric, .unit = r->unit };
	double *base = arena_alloc(p->arena, strip_room(m, SAMPLE_BASE) * sizeof *base);
	double *head = arena_alloc(p->arena, strip_room(m, SAMPLE_HEAD) * sizeof *head);

	if (base == NULL || head == NULL)
		return false;
	s.lanes[0] = (struct strip_lane){ base_name(h), base, read_strip(m, SAMPLE_BASE, base), r->base };
	s.lanes[1] = (struct strip_lane){ head_name(h), head, read_strip(m, SAMPLE_HEAD, head), r->head };
	html_strip(p, &s);
	return true;
}

// Every invocation of the metrics that changed most; what is constant on both sides needs no chart.
static void add_strips(struct compare_page *h, const struct compare_row *const *rows, size_t count)
{
	size_t drawn = 0;

	html_charts(&h->page);
	for (size_t i = 0; i < count && drawn < MOST_STRIPS; i++)
		drawn += !rows[i]->exact && add_strip(h, rows[i]);
	html_charts_end(&h->page);
}

static void add_changes(struct compare_page *h)
{
	struct page *p = &h->page;
	size_t count;
	const struct compare_row **rows = pick(h, COMPARE_REGRESSED, COMPARE_CHANGED, &count);

	count = drop_counters(h->c, rows, count);
	if (count == 0)
		return;
	html_section(
	        p, "changes", "Changes",
	        text_make(
	                p->arena,
	                "%s as a multiple of %s, with its 95 %% interval. Below, a dot for each invocation and a "
	                "line at the median.",
	                title_of(h, true, false), base_name(h)));
	add_forest(h, rows, count, "Confirmed changes");
	add_strips(h, rows, count);
	html_section_end(p);
}

static void add_undecided(struct compare_page *h)
{
	struct page *p = &h->page;
	size_t count;
	const struct compare_row **rows = pick(h, COMPARE_UNDECIDED, COMPARE_UNDECIDED, &count);
	bool folded = count > MOST_OPEN_ROWS;

	if (count == 0)
		return;
	html_section(
	        p, "undecided", "Could not tell",
	        "Too noisy, or too few pairs, to call it a change or none; the interval says what is possible.");
	if (folded)
		buf_addf(&p->b, "<details class=\"more\"><summary>Show all %zu</summary>\n", count);
	add_forest(h, rows, count, "What could not be told");
	buf_adds(&p->b, folded ? "</details>\n" : "");
	html_section_end(p);
}

static void add_control(struct compare_page *h)
{
	struct page *p = &h->page;
	const struct comparison *c = h->c;
	struct forest_row *rows = arena_alloc(p->arena, (c->control_flag_count + 1) * sizeof *rows);

	if (c->control_flag_count == 0 || rows == NULL)
		return;
	for (size_t i = 0; i < c->control_flag_count; i++)
		rows[i] = forest_row_of(p->arena, &c->control_flags[i]);
	html_section(
	        p, "control", "Control",
	        "Base against base, judged like head: nothing can have changed, so what was found here is the "
	        "machine's doing.");
	html_forest(p, &(struct forest_names){ "What the control found", "base", "base again" }, rows,
	            c->control_flag_count);
	html_section_end(p);
}

// ---- time against memory
// ----------------------------------------------------------------------------------------

static bool is_time(const struct compare_row *r)
{
	size_t len = strlen(r->metric);

	return strncmp(r->metric, "latency/", 8) == 0 && len > 4 && strcmp(r->metric + len - 4, "/p50") == 0;
}

// The median latency of one test's rows, else its time.
static const struct compare_row *time_row(const struct compare_row *rows, size_t count)
{
	const struct compare_row *time = NULL;

	for (size_t i = 0; i < count; i++) {
		if (is_time(&rows[i]))
			return &rows[i];
		if (strcmp(rows[i].metric, "time") == 0)
			time = &rows[i];
	}
	return time;
}

static const struct compare_row *find_row(const struct compare_row *rows, size_t count, const char *metric)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(rows[i].metric, metric) == 0)
			return &rows[i];
	return NULL;
}

static bool is_positive(const struct compare_row *r)
{
	return r != NULL && isfinite(r->base) && isfinite(r->head) && r->base > 0 && r->head > 0;
}

static void add_arrows(struct compare_page *h)
{
	struct page *p = &h->page;
	const struct comparison *c = h->c;
	struct arrow *arrows = arena_alloc(p->arena, (c->count + 1) * sizeof *arrows);
	size_t n = 0, same;

	for (size_t i = 0; arrows != NULL && i < c->count; i += same) {
		const struct compare_row *time, *memory;

		for (same = 1; i + same < c->count && strcmp(c->rows[i + same].test, c->rows[i].test) == 0;)
			same++;
		time = time_row(&c->rows[i], same);
		memory = find_row(&c->rows[i], same, "memory");
		if (is_positive(time) && is_positive(memory))
			arrows[n++] = (struct arrow){
				time->test, time->test, { time->base, time->head }, { memory->base, memory->head }
			};
	}
	if (n == 0)
		return;
	html_section(
	        p, "plane", "Time and memory",
	        text_make(p->arena,
	                  "An arrow a test, from %s to %s: to the right is slower (median latency, else time), "
	                  "upwards is more memory (peak). Medians of the invocations; which differences are real "
	                  "stands under Changes.",
	                  base_name(h), head_name(h)));
	html_charts(p);
	html_arrows(p, base_name(h), head_name(h), arrows, n);
	html_charts_end(p);
	html_section_end(p);
}

// ---- everything
// -----------------------------------------------------------------------------------------------------

static void add_metric(struct page *p, const struct compare_row *r)
{
	struct arena *a = p->arena;

	buf_adds(&p->b, "<tr data-test=\"");
	html_text(p, r->test);
	buf_adds(&p->b, "\" data-metric=\"");
	html_text(p, r->metric);
	buf_adds(&p->b, "\">");
	outcome_cell(p, r->outcome, r->accepted);
	html_code_cell(p, r->test);
	html_cell(p, r->metric);
	html_real_cell(p, r->base, compare_figure(a, r, r->base));
	html_real_cell(p, r->head, compare_figure(a, r, r->head));
	html_real_cell(p, r->ratio, text_ratio(a, r->ratio));
	html_cell(p, r->exact ? "exact" : compare_interval(a, r));
	html_real_cell(p, r->detectable, percent_words(a, r->detectable));
	html_figure_cell(p, r->pairs, text_count(a, r->pairs));
	buf_adds(&p->b, "</tr>\n");
}

static void metric_table(struct compare_page *h, const struct compare_row *const *rows, size_t count)
{
	struct page *p = &h->page;

	html_head(p, (const char *const[]){ "Outcome", "Test", "Metric", title_of(h, false, true),
	                                    title_of(h, true, true), ">Ratio", "95 % interval", ">Detects",
	                                    ">Pairs", NULL });
	for (size_t i = 0; i < count; i++)
		add_metric(p, rows[i]);
	html_head_end(p);
}

static void add_metrics(struct compare_page *h)
{
	struct page *p = &h->page;
	size_t count, shown, open;
	const struct compare_row **rows = pick(h, COMPARE_REGRESSED, COMPARE_UNJUDGED, &count);

	if (count == 0)
		return;
	shown = count < MOST_ROWS ? count : MOST_ROWS;
	open = shown > MOST_OPEN_ROWS + 3 ? MOST_OPEN_ROWS : shown;
	html_section(p, "metrics", "All metrics", "By outcome, then those that differ most first.");
	metric_table(h, rows, open);
	if (open < shown) {
		buf_addf(&p->b, "<details class=\"more\"><summary>Show %zu more</summary>\n", shown - open);
		metric_table(h, rows + open, shown - open);
		buf_adds(&p->b, "</details>\n");
	}
	if (count > shown)
		html_note(p, text_make(p->arena, "%zu more are in --format json.", count - shown));
	html_section_end(p);
}

static void add_names(struct page *p, const char *title, const char *const *names, size_t count)
{
	if (count == 0)
		return;
	html_heading(p, title);
	buf_adds(&p->b, "<ul class=\"chips\">\n");
	for (size_t i = 0; i < count && i < MOST_NAMES; i++) {
		buf_adds(&p->b, "<li><code>");
		html_text(p, names[i]);
		buf_adds(&p->b, "</code></li>\n");
	}
	buf_adds(&p->b, "</ul>\n");
	if (count > MOST_NAMES)
		html_note(p, text_make(p->arena, "and %zu more", count - MOST_NAMES));
}

static void add_source(struct page *p, const char *title, const struct sample_source *s)
{
	struct arena *a = p->arena;

	if (s->runs == 0 && s->dir[0] == '\0')
		return;
	buf_adds(&p->b, "<div>");
	html_heading(p, title);
	buf_adds(&p->b, "<dl class=\"facts\">");
	html_fact(p, "run", text_line(a, s->dir));
	html_fact(p, "runs", s->runs > 1 ? text_make(a, "%zu", s->runs) : "");
	html_fact(p, "machine", text_line(a, s->machine));
	html_fact(p, "suite", text_line(a, s->suite));
	html_fact(p, "complete", s->incomplete ? "no: it was stopped or killed" : "");
	buf_adds(&p->b, "</dl></div>\n");
}

static void add_runs(struct compare_page *h)
{
	static const char *const plans[] = {
		[STATS_TWO_STAGES] = "in pairs, in random order; candidates were confirmed with fresh pairs",
		[STATS_INTERVALS] =
		        "in blocks, in random order, until the intervals were narrow enough or time was up",
		[STATS_ONE_STAGE] = "in pairs, in random order, without a confirmation by fresh ones",
		[STATS_SEQUENTIAL] = "one after the other: drift of the machine cannot be told from change",
	};
	struct page *p = &h->page;
	const struct samples *s = h->c->samples;

	html_section(p, "runs", "Runs", NULL);
	buf_adds(&p->b, "<div class=\"columns\">\n");
	add_source(p, s->intervals ? "All variants" : "Base", &s->sources[SAMPLE_BASE]);
	if (!s->intervals) // those of ab are in one run
		add_source(p, "Head", &s->sources[SAMPLE_HEAD]);
	add_source(p, "Control", &s->sources[SAMPLE_CONTROL]);
	buf_adds(&p->b, "<div>");
	html_heading(p, "How it was compared");
	buf_adds(&p->b, "<dl class=\"facts\">");
	html_fact(p, "invocations", plans[h->c->plan]);
	html_fact(p, "pairs", pairs_words(p->arena, h->c));
	html_fact(p, "control", control_words[h->c->control]);
	buf_adds(&p->b, "</dl></div>\n</div>\n");
	add_names(p, text_make(p->arena, "Only in %s", base_name(h)), h->c->only_base, h->c->only_base_count);
	add_names(p, text_make(p->arena, "Only in %s", head_name(h)), h->c->only_head, h->c->only_head_count);
	html_section_end(p);
}

int compare_html(struct comparison *c, struct buf *out)
{
	struct compare_page h = { .page = { .arena = &c->arena }, .c = c };
	int rc;

	add_front(&h);
	add_control(&h);
	add_verdicts(&h);
	add_changes(&h);
	add_undecided(&h);
	add_cliffs(&h);
	add_arrows(&h);
	html_variant_courses(&h.page, c->samples);
	add_metrics(&h);
	add_runs(&h);
	rc = html_end(&h.page, out);
	buf_deinit(&h.page.b);
	return rc;
}

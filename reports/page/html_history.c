// The page about a history: what moved, since when, and the course of every test.
#include "html.h"

#include "history_trend.h"
#include "html_course.h"
#include "text.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define MOST_COURSES 36U
#define OPEN_COURSES 12U
#define MOST_PAST 200U
#define STRIP_CELLS 30U
#define STRIP_CELL 5.0
#define STRIP_HEIGHT 14.0
#define OPEN_ENTRIES 14U

// One test over the entries, for the table of all; filled while the history is read.
struct row {
	const char *name;
	const char **verdicts; // NULL: not in that entry
	const bool *expected;
	const double *times, *memories; // NULL: none
	double time, memory;            // in the newest entry that has one
	size_t bad;                     // entries that did not end as expected
};

struct history_page {
	struct page page;
	struct trend *trend;
	const char **dates; // of the entries
	struct row *rows;
	size_t row_count, row_room;
};

// ---- words ----------------------------------------------------------------------------------------------------

static const struct {
	enum forest_kind kind;
	const char *mark, *class_name;
} looks[TREND_STATES] = {
	[TREND_REGRESSED] = { FOREST_WORSE, "✗", "bad" },
	[TREND_IMPROVED] = { FOREST_BETTER, "✓", "good" },
	[TREND_CHANGED] = { FOREST_CHANGED, "~", "odd" },
	[TREND_ADVICE] = { FOREST_UNKNOWN, "?", "odd" },
};

static const char *by_words(struct arena *a, double by)
{
	return text_make(a, "%+.1f %%", 100 * by);
}

static const char *entry_words(struct arena *a, const struct history_entry *e)
{
	return text_make(a, "%.10s%s%.12s", text_line(a, e->began), *e->revision != '\0' ? " · " : "",
	                 text_line(a, e->revision));
}

static const char *sentence(const struct trend *t, struct arena *a)
{
	size_t moved = t->by_state[TREND_REGRESSED] + t->by_state[TREND_IMPROVED] + t->by_state[TREND_CHANGED] +
	               t->by_state[TREND_ADVICE];

	if (t->judged == 0)
		return text_make(a, "Nothing is judged yet: a metric needs %u entries.", DRIFT_FEWEST);
	return text_make(a, "%zu regressed, %zu improved, %s steady over %s.", t->by_state[TREND_REGRESSED],
	                 t->by_state[TREND_IMPROVED], text_count(a, t->judged > moved ? t->judged - moved : 0),
	                 text_number(a, t->count, "entry", "entries"));
}

static const char *remarks(const struct trend *t, struct arena *a)
{
	if (t->judged == 0)
		return "";
	return text_make(a,
	                 "A change shows from %.1f %% on in the steadiest metric, from %.1f %% in the noisiest, "
	                 "when two entries running have it.",
	                 100 * t->narrowest, 100 * t->widest);
}

// ---- reading
// ----------------------------------------------------------------------------------------------------

static const struct history_series *find(const struct history_test *t, const char *name)
{
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->series[i].name, name) == 0)
			return &t->series[i];
	return NULL;
}

// The course of a figure, against the anchor where there is one, and the newest figure itself.
static const double *course_of(struct arena *a, const struct history_series *s, size_t count, double *newest)
{
	double *values = s != NULL ? arena_alloc(a, (count + 1) * sizeof *values) : NULL;
	bool paired = false;

	*newest = (double)NAN;
	for (size_t i = 0; values != NULL && i < count; i++)
		paired = paired || isfinite(s->anchor[i]);
	for (size_t i = 0; values != NULL && i < count; i++) {
		values[i] = paired ? s->head[i] / s->anchor[i] : s->head[i];
		if (isfinite(s->head[i]))
			*newest = s->head[i];
	}
	return values;
}

static int add_row(void *arg, const struct history_test *test)
{
	struct history_page *h = arg;
	struct arena *a = h->page.arena;
	size_t count = h->trend->count;
	bool *expected = arena_alloc(a, count + 1);
	struct row r = { .name = text_line(a, test->name),
		         .verdicts = arena_alloc(a, (count + 1) * sizeof *r.verdicts),
		         .expected = expected };

	if (h->row_count == h->row_room) {
		size_t room = h->row_room > 0 ? 2 * h->row_room : 64;
		struct row *rows = arena_alloc(a, room * sizeof *rows);

		if (rows == NULL)
			return -ENOMEM;
		if (h->row_count > 0)
			memcpy(rows, h->rows, h->row_count * sizeof *rows);
		h->rows = rows;
		h->row_room = room;
	}
	if (r.verdicts == NULL || expected == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		r.verdicts[i] = test->verdicts[i] != NULL ? text_line(a, test->verdicts[i]) : NULL;
		expected[i] = test->expected[i];
		r.bad += r.verdicts[i] != NULL && !expected[i];
	}
	r.times = course_of(a, find(test, "time"), count, &r.time);
	r.memories = course_of(a, find(test, "memory"), count, &r.memory);
	h->rows[h->row_count++] = r;
	return 0;
}

// ---- changes
// ------------------------------------------------------------------------------------------------------

static void add_change(struct history_page *h, const struct trend_moved *m)
{
	struct page *p = &h->page;
	const struct trend *t = h->trend;
	const struct history_entry *e = &t->entries[m->change->began];

	buf_adds(&p->b, "<tr data-test=\"");
	html_text(p, text_line(p->arena, m->of->test));
	buf_addf(&p->b, "\"><td><span class=\"v %s\"><span class=\"m\">%s</span> %s</span></td>",
	         looks[m->state].class_name, looks[m->state].mark, trend_state_name(m->state));
	html_code_cell(p, text_line(p->arena, m->of->test));
	html_cell(p, text_line(p->arena, m->of->metric));
	html_real_cell(p, m->by, text_make(p->arena, "%s %s", m->by > 0 ? "▲" : "▼", by_words(p->arena, m->by)));
	html_cell(p, text_make(p->arena, "%s%s", entry_words(p->arena, e), m->is_new ? " (new)" : ""));
	html_cell(p, m->change->accepted              ? "accepted"
	             : m->change->ended < t->count    ? "over"
	             : m->state != TREND_ADVICE       ? ""
	             : m->change->kind == DRIFT_CREEP ? "slow creep (CUSUM)"
	                                              : "no anchor: the machine's drift cannot be told apart");
	buf_adds(&p->b, "</tr>\n");
}

static void change_table(struct history_page *h, const struct trend_moved *moved, size_t count)
{
	html_head(&h->page, (const char *const[]){ "Outcome", "Test", "Metric", ">By", "Since", "", NULL });
	for (size_t i = 0; i < count; i++)
		add_change(h, &moved[i]);
	html_head_end(&h->page);
}

static double level_of(const struct trend_metric *m, double figure)
{
	if (strcmp(m->unit, "%") == 0)
		return 100 * figure;
	return strcmp(m->unit, "count") == 0 && !m->paired ? expm1(figure) : exp(figure);
}

static const char *label_percent(struct arena *a, double value)
{
	return text_make(a, "%.4g %%", value);
}

static const char *label_amount(struct arena *a, double value)
{
	return text_make(a, "%.4g", value);
}

static const char *label_ratio(struct arena *a, double value)
{
	return text_make(a, "%.4g×", value);
}

static svg_label_fn label_of(const struct trend_metric *m)
{
	if (strcmp(m->unit, "%") == 0)
		return label_percent;
	if (m->paired)
		return label_ratio;
	return strcmp(m->unit, "ns") == 0      ? svg_label_ns
	       : strcmp(m->unit, "bytes") == 0 ? svg_label_bytes
	                                       : label_amount;
}

static void add_course(struct history_page *h, const struct trend_moved *moved)
{
	struct page *p = &h->page;
	struct arena *a = p->arena;
	const struct trend_metric *m = moved->of;
	size_t count = h->trend->count;
	double *values = arena_alloc(a, (count + 1) * sizeof *values);
	struct course_change *changes = arena_alloc(a, (m->change_count + 1) * sizeof *changes);
	struct course c = { .caption = text_line(a, m->test),
		            .sub = text_make(a, "%s%s", text_line(a, m->metric),
		                             m->paired ? ", against the anchor" : ""),
		            .dates = h->dates,
		            .values = values,
		            .count = count,
		            .changes = changes,
		            .change_count = m->change_count,
		            .label = label_of(m),
		            .unit_title = m->paired ? ">Against the anchor" : ">Value" };

	if (values == NULL || changes == NULL)
		return;
	for (size_t i = 0; i < count; i++)
		values[i] = level_of(m, m->figures[i]);
	for (size_t i = 0; i < m->change_count; i++) {
		const struct drift_change *ch = &m->changes[i];
		double by = drift_ratio(m->unit, ch->before, ch->after);
		bool worse = (by > 0) == (m->better == METRIC_LOWER);

		changes[i] = (struct course_change){ ch->began,
			                             ch->ended,
			                             level_of(m, ch->before),
			                             level_of(m, ch->after),
			                             m->better == METRIC_NEITHER ? FOREST_CHANGED
			                             : worse                     ? FOREST_WORSE
			                                                         : FOREST_BETTER,
			                             by_words(a, by) };
	}
	c.low = level_of(m, m->baseline - m->threshold);
	c.high = level_of(m, m->baseline + m->threshold);
	html_course(p, &c);
}

static bool drawn_before(const struct trend_moved *moved, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (moved[k].of == moved[i].of)
			return true;
	return false;
}

// A chart for each metric that moved, once.
static void add_courses(struct history_page *h, const struct trend_moved *moved, size_t count)
{
	size_t drawn = 0;

	if (h->trend->count < 2)
		return;
	html_charts(&h->page);
	for (size_t i = 0; i < count && drawn < MOST_COURSES; i++) {
		if (drawn_before(moved, i))
			continue;
		if (drawn++ == OPEN_COURSES) {
			html_charts_end(&h->page);
			buf_adds(&h->page.b, "<details class=\"more\"><summary>Show more charts</summary>\n");
			html_charts(&h->page);
		}
		add_course(h, &moved[i]);
	}
	html_charts_end(&h->page);
	if (drawn > OPEN_COURSES)
		buf_adds(&h->page.b, "</details>\n");
}

static void add_open(struct history_page *h)
{
	const struct trend *t = h->trend;

	if (t->open_count == 0)
		return;
	html_section(
	        &h->page, "changes", "Changes",
	        "What has moved and is still so in the newest entry. In the charts a dashed line stands where a "
	        "change began, dotted ones are the levels before and after it, and the shaded band is where the "
	        "next entry would count as no change.");
	change_table(h, t->open, t->open_count);
	add_courses(h, t->open, t->open_count);
	html_section_end(&h->page);
}

static void add_endings(struct history_page *h)
{
	static const char *const titles[] = { "Test", "Broke by", "Breaks by", NULL };
	const struct trend *t = h->trend;

	if (t->ending_count == 0)
		return;
	html_section(&h->page, "endings", "Breaks in another way",
	             "Cliffs that are reached in another way than in the entry before.");
	html_head(&h->page, titles);
	for (size_t i = 0; i < t->ending_count; i++) {
		buf_adds(&h->page.b, "<tr>");
		html_code_cell(&h->page, t->endings[i].test);
		html_cell(&h->page, t->endings[i].before);
		html_cell(&h->page, t->endings[i].after);
		buf_adds(&h->page.b, "</tr>\n");
	}
	html_head_end(&h->page);
	html_section_end(&h->page);
}

static void add_past(struct history_page *h)
{
	const struct trend *t = h->trend;
	size_t count = t->past_count < MOST_PAST ? t->past_count : MOST_PAST;

	if (count == 0)
		return;
	html_section(&h->page, "past", "Past changes",
	             "What had moved and is back to what it was, or was accepted.");
	change_table(h, t->past, count);
	add_courses(h, t->past, count);
	html_section_end(&h->page);
}

// ---- tests and entries
// ------------------------------------------------------------------------------------------

// The newest entries, a cell each: full is as expected, hollow is not; a gap where the test was not run.
static void add_strip(struct page *p, const struct row *r, size_t count)
{
	size_t first = count > STRIP_CELLS ? count - STRIP_CELLS : 0;

	svg_open_small(&p->b, STRIP_CELL * STRIP_CELLS, STRIP_HEIGHT);
	for (size_t i = first; i < count; i++) {
		double x = STRIP_CELL * (double)(i - first);

		if (r->verdicts[i] == NULL)
			continue;
		if (r->expected[i])
			svg_rect(&p->b, x, STRIP_HEIGHT - 6, STRIP_CELL - 1, 6, SVG_BLUE, 1);
		else
			svg_rect(&p->b, x, 0, STRIP_CELL - 1, STRIP_HEIGHT, SVG_VERMILLION, 1);
	}
	svg_close(&p->b);
}

static void add_figure(struct page *p, const double *values, size_t count, double newest, const char *words)
{
	html_real_cell(p, newest, words);
	buf_adds(&p->b, "<td class=\"bar\">");
	if (values != NULL)
		html_course_small(p, values, count);
	buf_adds(&p->b, "</td>");
}

static void add_test(struct history_page *h, const struct row *r)
{
	struct page *p = &h->page;
	struct arena *a = p->arena;
	size_t count = h->trend->count;

	buf_adds(&p->b, "<tr data-test=\"");
	html_text(p, r->name);
	buf_adds(&p->b, "\">");
	html_code_cell(p, r->name);
	html_cell(p, r->verdicts[count - 1] != NULL ? r->verdicts[count - 1] : "not run");
	html_figure_cell(p, r->bad, r->bad > 0 ? text_make(a, "✗ %zu", r->bad) : "0");
	buf_adds(&p->b, "<td class=\"bar\">");
	add_strip(p, r, count);
	buf_adds(&p->b, "</td>");
	add_figure(p, r->times, count, r->time, isfinite(r->time) ? text_duration(a, (uint64_t)r->time) : "");
	add_figure(p, r->memories, count, r->memory,
	           isfinite(r->memory) ? text_bytes(a, (uint64_t)r->memory) : "");
	buf_adds(&p->b, "</tr>\n");
}

static void add_tests(struct history_page *h)
{
	if (h->row_count == 0)
		return;
	html_section(
	        &h->page, "tests", "All tests",
	        "The strip has a cell for each of the newest 30 entries: a low blue one where the test ended as "
	        "expected, a tall vermillion one where it did not. The lines reach over all entries, and are against the "
	        "anchor where there is one.");
	html_head(&h->page, (const char *const[]){ "Test", "Newest verdict", ">Unexpected", "Verdicts", ">Time",
	                                           "", ">Peak memory", "", NULL });
	for (size_t i = 0; i < h->row_count; i++)
		add_test(h, &h->rows[i]);
	html_head_end(&h->page);
	html_section_end(&h->page);
}

static void add_entry(struct history_page *h, const struct history_entry *e)
{
	struct page *p = &h->page;
	struct arena *a = p->arena;

	buf_adds(&p->b, "<tr>");
	html_figure_cell(p, (uint64_t)e->id, text_make(a, "%lld", (long long)e->id));
	html_cell(p, text_make(a, "%.16s", text_line(a, e->began)));
	html_code_cell(p, text_make(a, "%.12s", text_line(a, e->revision)));
	html_figure_cell(p, e->tests, text_count(a, e->tests));
	html_figure_cell(p, e->unexpected, e->unexpected > 0 ? text_make(a, "✗ %zu", e->unexpected) : "0");
	html_cell(p, e->has_anchor ? "yes" : "no");
	html_cell(p, text_line(a, e->machine));
	html_cell(p, text_line(a, e->note));
	buf_adds(&p->b, "</tr>\n");
}

static void entry_table(struct history_page *h, size_t from, size_t to)
{
	html_head(&h->page, (const char *const[]){ ">Entry", "Began", "Revision", ">Tests", ">Unexpected",
	                                           "Anchor", "Machine", "Note", NULL });
	for (size_t i = to; i-- > from;)
		add_entry(h, &h->trend->entries[i]);
	html_head_end(&h->page);
}

static void add_entries(struct history_page *h)
{
	size_t count = h->trend->count, folded = count > OPEN_ENTRIES + 3 ? count - OPEN_ENTRIES : 0;

	html_section(&h->page, "entries", "Entries", "The newest first.");
	entry_table(h, folded, count);
	if (folded > 0) {
		buf_addf(&h->page.b, "<details class=\"more\"><summary>Show %zu older ones</summary>\n", folded);
		entry_table(h, 0, folded);
		buf_adds(&h->page.b, "</details>\n");
	}
	html_section_end(&h->page);
}

// ---- the page -------------------------------------------------------------------------------------------------

static void add_front(struct history_page *h)
{
	struct page *p = &h->page;
	struct arena *a = p->arena;
	const struct trend *t = h->trend;
	const struct history_entry *first = &t->entries[0], *last = &t->entries[t->count - 1];
	struct html_front front = { "history", text_make(a, "%.10s to %.10s", first->began, last->began),
		                    sentence(t, a), remarks(t, a), t->by_state[TREND_REGRESSED] > 0 };

	html_begin(p, &front);
	if (t->unpaired > 0)
		html_warning(p,
		             text_make(a,
		                       "%s without an anchor: drift of the machine cannot be told from change, so "
		                       "these are advice only.",
		                       text_number(a, t->unpaired, "time or rate is", "times and rates are")));
	html_tiles(p);
	html_tile(p, "Regressed", text_count(a, t->by_state[TREND_REGRESSED]),
	          text_make(a, "%zu new", t->fresh[TREND_REGRESSED]));
	html_tile(p, "Improved", text_count(a, t->by_state[TREND_IMPROVED]),
	          text_make(a, "%zu new", t->fresh[TREND_IMPROVED]));
	html_tile(p, "To look at", text_count(a, t->by_state[TREND_ADVICE]), "creep, or no anchor");
	html_tile(p, "Entries", text_count(a, t->count), text_line(a, last->label));
	html_tile(p, "Tests", text_count(a, h->row_count), "");
	html_tile(p, "Metrics judged", text_count(a, t->judged), text_make(a, "of %s", text_count(a, t->series)));
	html_tiles_end(p);
	html_contents(p);
}

// Days where they differ, else times.
static int name_entries(struct history_page *h)
{
	const struct trend *t = h->trend;

	h->dates = arena_alloc(h->page.arena, (t->count + 1) * sizeof *h->dates);
	if (h->dates == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < t->count; i++)
		h->dates[i] = text_make(h->page.arena, "%.10s", text_line(h->page.arena, t->entries[i].began));
	return 0;
}

ssize_t report_html_history(struct history *h, const struct history_query *q, const char *path, struct err *e)
{
	struct trend t = { 0 };
	struct history_page page = { .page = { .arena = &t.arena }, .trend = &t };
	int rc = trend_find(h, q, &t, e);
	ssize_t regressed;

	if (rc == 0)
		rc = history_each(h, q, t.entries, t.count, add_row, &page, e);
	if (rc == 0 && name_entries(&page) < 0)
		rc = err_set(e, ENOMEM, "%s: out of memory", path);
	if (rc == 0) {
		add_front(&page);
		add_open(&page);
		add_endings(&page);
		add_past(&page);
		add_tests(&page);
		add_entries(&page);
		rc = html_write(&page.page, path, e);
	}
	regressed = (ssize_t)t.by_state[TREND_REGRESSED];
	buf_deinit(&page.page.b);
	trend_deinit(&t);
	return rc < 0 ? rc : regressed;
}

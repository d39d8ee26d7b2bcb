// The page about cliffs: kernels as rows, targets as columns, coloured by how far each gets.
#include "cliffs.h"

#include "html.h"
#include "text.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define CELL_WIDTH 116.0 // of a target's name, cut to 16 characters
#define CELL_HEIGHT 40.0
#define NAMES_WIDTH 176.0
#define HEAD_HEIGHT 28.0

// Kernels and targets in the order of their first cliff.
struct grid {
	const char **kernels, **targets;
	size_t rows, columns;
	const struct cliff **cells; // [row * columns + column]; NULL: none
};

static size_t place(const char **names, size_t *count, const char *name)
{
	for (size_t i = 0; i < *count; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	names[*count] = name;
	return (*count)++;
}

static bool make_grid(struct arena *a, const struct cliffs *c, struct grid *g)
{
	size_t places = c->count > 0 ? c->count : 1;

	g->kernels = arena_alloc(a, places * sizeof *g->kernels);
	g->targets = arena_alloc(a, places * sizeof *g->targets);
	if (g->kernels == NULL || g->targets == NULL)
		return false;
	for (size_t i = 0; i < c->count; i++) {
		place(g->kernels, &g->rows, cliff_name(a, &c->items[i]));
		place(g->targets, &g->columns, c->items[i].target);
	}
	g->cells = arena_alloc(a, (g->rows * g->columns + 1) * sizeof(const struct cliff *));
	if (g->cells == NULL)
		return false;
	for (size_t i = 0; i < c->count; i++)
		g->cells[place(g->kernels, &g->rows, cliff_name(a, &c->items[i])) * g->columns +
		         place(g->targets, &g->columns, c->items[i].target)] = &c->items[i];
	return true;
}

static bool is_unclean(const struct cliff *c)
{
	return c->fails > 0 && !c->clean && c->verdict != VERDICT_TIMEOUT;
}

// "9.87k", "63k", "10M": what fits into a cell.
static const char *brief(struct arena *a, int64_t value)
{
	if (value >= 1000000)
		return text_make(a, "%.3gM", (double)value / 1e6);
	if (value >= 10000)
		return text_make(a, "%.3gk", (double)value / 1e3);
	return text_make(a, "%lld", (long long)value);
}

static const char *cell_words(struct arena *a, const struct cliff *c)
{
	if (c == NULL || c->state == CLIFF_STATE_LACKS)
		return "–";
	if (c->state == CLIFF_STATE_AT_ONCE)
		return text_make(a, "< %s", brief(a, c->fails));
	if (c->state == CLIFF_STATE_FOUND && !c->sharp)
		return text_make(a, "%s–%s", brief(a, c->passes), brief(a, c->fails));
	return text_make(a, "%s%s", c->state == CLIFF_STATE_FOUND ? "" : "≥ ", brief(a, c->passes));
}

static const char *cell_cause(struct arena *a, const struct cliff *c)
{
	if (c == NULL || c->state == CLIFF_STATE_LACKS)
		return "";
	if (c->fails == 0)
		return c->state == CLIFF_STATE_NONE ? "no cliff" : "not looked further";
	return text_make(a, "%s%s", cliff_what_broke(c),
	                 c->verdict == VERDICT_TIMEOUT ? ""
	                 : c->clean                    ? ", clean"
	                                               : ", died");
}

// The largest value that passes in the row.
static int64_t furthest(const struct grid *g, size_t row)
{
	int64_t most = 1;

	for (size_t i = 0; i < g->columns; i++) {
		const struct cliff *c = g->cells[row * g->columns + i];
		most = c != NULL && c->passes > most ? c->passes : most;
	}
	return most;
}

static void add_cell(struct page *p, const struct cliff *c, int64_t most, double x, double y)
{
	struct arena *a = p->arena;
	// Within a row: the furthest is darkest, on a logarithmic scale.
	double share = c != NULL && c->passes > 0 && most > 1 ? log((double)c->passes) / log((double)most) : 0;

	if (c == NULL || c->state == CLIFF_STATE_LACKS)
		return;
	svg_group(&p->b, text_make(a, "%s on %s: %s, %s", cliff_name(a, c), text_line(a, c->target),
	                           cell_words(a, c), cell_cause(a, c)));
	if (c->state == CLIFF_STATE_AT_ONCE)
		svg_rect(&p->b, x, y, CELL_WIDTH - 4, CELL_HEIGHT - 4, SVG_VERMILLION, 0.25);
	else
		svg_rect(&p->b, x, y, CELL_WIDTH - 4, CELL_HEIGHT - 4, SVG_BLUE, 0.04 + 0.36 * share * share);
	if (is_unclean(c))
		svg_outline(&p->b, x, y, CELL_WIDTH - 4, CELL_HEIGHT - 4, SVG_VERMILLION);
	svg_text(&p->b, x + CELL_WIDTH / 2 - 2, y + 15, "middle", SVG_INK, cell_words(a, c));
	svg_text(&p->b, x + CELL_WIDTH / 2 - 2, y + 30, "middle", SVG_INK, cell_cause(a, c));
	svg_group_end(&p->b);
}

static void add_map(struct page *p, const struct grid *g)
{
	struct svg_words words = {
		"Cliffs of kernels by targets",
		"Each cell: the largest value that passes, and what gives way above it; darker is "
		"further within the row. The table below has the figures.",
		++p->ids
	};

	html_section(
	        p, "map", "How far each gets",
	        "The largest value that passes, and what gives way above it; two values are a boundary that is not "
	        "sharp: from the first on it fails sometimes, from the second on each time. Darker is further within "
	        "the row; outlined: it died without a word.");
	buf_adds(&p->b, "<div class=\"scroll\">");
	svg_open(&p->b, NAMES_WIDTH + CELL_WIDTH * (double)g->columns, HEAD_HEIGHT + CELL_HEIGHT * (double)g->rows,
	         &words);
	for (size_t c = 0; c < g->columns; c++)
		svg_text(&p->b, NAMES_WIDTH + CELL_WIDTH * ((double)c + 0.5), HEAD_HEIGHT - 10, "middle", SVG_INK,
		         text_cut(p->arena, g->targets[c], 16));
	for (size_t r = 0; r < g->rows; r++) {
		double y = HEAD_HEIGHT + CELL_HEIGHT * (double)r;
		svg_text(&p->b, NAMES_WIDTH - 8, y + 22, "end", SVG_INK, text_cut(p->arena, g->kernels[r], 28));
		for (size_t c = 0; c < g->columns; c++)
			add_cell(p, g->cells[r * g->columns + c], furthest(g, r),
			         NAMES_WIDTH + CELL_WIDTH * (double)c, y);
	}
	svg_close(&p->b);
	buf_adds(&p->b, "</div>");
	html_section_end(p);
}

static const char *also(struct arena *a, const char *text)
{
	return text != NULL && text[0] != '\0' ? text_make(a, "; %s", text_line(a, text)) : "";
}

static void add_row(struct page *p, const struct cliff *c)
{
	struct arena *a = p->arena;
	const struct cliff_point *at = c->passes > 0 ? cliff_at(c, c->passes) : NULL;

	buf_adds(&p->b, "<tr>");
	html_code_cell(p, cliff_name(a, c));
	html_code_cell(p, text_line(a, c->target));
	if (c->passes > 0)
		html_figure_cell(p, (uint64_t)c->passes, text_count(a, (uint64_t)c->passes));
	else
		html_empty_cell(p);
	if (c->fails > 0)
		html_figure_cell(p, (uint64_t)c->fails, text_count(a, (uint64_t)c->fails));
	else
		html_empty_cell(p);
	if (at != NULL) {
		html_figure_cell(p, at->wall_ns, text_duration(a, at->wall_ns));
	} else {
		html_empty_cell(p);
	}
	if (at != NULL && at->peak_rss_bytes > 0)
		html_figure_cell(p, at->peak_rss_bytes, text_bytes(a, at->peak_rss_bytes));
	else
		html_empty_cell(p);
	html_cell(p, text_make(a, "%s%s", cell_cause(a, c), c->sharp ? "" : "; not sharp"));
	html_cell(p, text_make(a, "%s%s%s",
	                       text_line(a, c->fails > 0     ? c->evidence
	                                    : c->why != NULL ? c->why
	                                                     : ""),
	                       also(a, c->slab), also(a, c->heap)));
	if (c->again != NULL)
		html_code_cell(p, text_line(a, c->again));
	else
		html_empty_cell(p);
	buf_adds(&p->b, "</tr>\n");
}

static void add_table(struct page *p, const struct cliffs *all)
{
	static const char *const titles[] = { "Kernel",  "Target",    ">Passes",  ">Fails", ">Time there",
		                              ">Memory", "Gives way", "Evidence", "See it", NULL };

	html_section(p, "figures", "The figures", "Time and memory are those of the largest value that passes.");
	html_head(p, titles);
	for (size_t i = 0; i < all->count; i++)
		if (all->items[i].state != CLIFF_STATE_LACKS)
			add_row(p, &all->items[i]);
	html_head_end(p);
	html_section_end(p);
}

static const char *sentence(struct arena *a, const struct cliffs *all)
{
	static const char *const causes[] = { "stack", "heap", "slab", "time", "crash", "result" };
	size_t looked = 0, found = 0;
	const char *by = "";

	for (size_t i = 0; i < all->count; i++) {
		looked += all->items[i].state != CLIFF_STATE_LACKS;
		found += all->items[i].fails > 0;
	}
	for (size_t c = 0; c < sizeof causes / sizeof causes[0]; c++) {
		size_t n = 0;
		for (size_t i = 0; i < all->count; i++)
			n += strcmp(cliff_what_broke(&all->items[i]), causes[c]) == 0;
		if (n > 0)
			by = text_make(a, "%s%s %zu by %s", by, by[0] != '\0' ? "," : ":", n, causes[c]);
	}
	return text_make(a, "%zu of %zu have a cliff%s.", found, looked, by);
}

static void add_how(struct page *p, const struct cliffs *all)
{
	struct arena *a = p->arena;

	html_section(p, "how", "How it was measured", NULL);
	buf_adds(&p->b, "<dl class=\"facts\">");
	html_fact(p, "command", text_line(a, all->command));
	if (all->allocator != NULL)
		html_fact(p, "malloc", text_line(a, all->allocator));
	html_fact(p, "time limit of each",
	          text_make(a, "%s, without waiting for a busy machine", text_duration(a, all->timeout_ns)));
	html_fact(p, "memory limit of each",
	          all->memory_bytes > 0 ? text_bytes(a, all->memory_bytes) : "75 % of what is available");
	html_fact(p, "fixed slabs", text_bytes(a, all->slab_bytes));
	buf_adds(&p->b, "</dl>");
	html_section_end(p);
}

int cliffs_html(const struct cliffs *c, const char *path, struct err *e)
{
	struct arena arena = { 0 };
	struct page p = { .arena = &arena };
	struct grid g = { 0 };
	struct html_front front = { "cliffs", "", sentence(&arena, c), "", false };
	int rc = make_grid(&arena, c, &g) ? 0 : err_set(e, ENOMEM, "%s: out of memory", path);

	if (rc == 0) {
		html_begin(&p, &front);
		html_contents(&p);
		if (c->count > 1)
			add_map(&p, &g);
		add_table(&p, c);
		add_how(&p, c);
		rc = html_write(&p, path, e);
	}
	buf_deinit(&p.b);
	arena_deinit(&arena);
	return rc;
}

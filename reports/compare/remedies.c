// Remedies as sentences, text, JSON and a page.
#include "remedies.h"

#include "html.h"
#include "table.h"
#include "text.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define HELPS 1.05 // further than that, or it does not help

double remedy_factor(const struct remedy *plain, const struct remedy *r)
{
	return plain->passes > 0 ? (double)r->passes / (double)plain->passes : (double)NAN;
}

// How many from `first` on are of the same kernel and runtime.
static size_t family(const struct remedies *all, size_t first)
{
	size_t n = 1;

	while (first + n < all->count && strcmp(all->items[first + n].kernel, all->items[first].kernel) == 0 &&
	       strcmp(all->items[first + n].runtime, all->items[first].runtime) == 0)
		n++;
	return n;
}

static const char *factor_words(struct arena *a, const struct remedy *plain, const struct remedy *r)
{
	return text_make(a, "%s%.3g times", r->fails == 0 ? "at least " : "", remedy_factor(plain, r));
}

// What it costs: time and memory where both pass.
static const char *price_words(struct arena *a, const struct remedy *plain, const struct remedy *r)
{
	const char *memory = "";

	if (r->repetition_ns == 0 || plain->repetition_ns == 0)
		return "";
	if (r->peak_rss_bytes > 0 && plain->peak_rss_bytes > 0)
		memory = text_make(a, ", %.2f of the memory",
		                   (double)r->peak_rss_bytes / (double)plain->peak_rss_bytes);
	return text_make(a, " (%.2f of the time%s)", (double)r->repetition_ns / (double)plain->repetition_ns,
	                 memory);
}

// "recursion/sum on eval breaks above depth 43,500 with a slab of 1.00 MiB. What helps: more slabs, at least 64
// times as far (1.05 of the time); ... No help: ..."
static const char *sentence(struct arena *a, const struct remedies *all, size_t first)
{
	const struct remedy *plain = &all->items[first];
	const size_t count = family(all, first);
	const char *helps = "", *not = "";

	for (size_t i = 1; i < count; i++) {
		const struct remedy *r = plain + i;

		if (remedy_factor(plain, r) > HELPS)
			helps = text_make(a, "%s%s%s, %s as far%s", helps,
			                  *helps != '\0' ? "; " : " What helps: ", r->name,
			                  factor_words(a, plain, r), price_words(a, plain, r));
		else
			not = text_make(a, "%s%s%s", not, *not != '\0' ? ", " : "", r->name);
	}
	return text_make(a, "%s on %s breaks above %s %s with a slab of %s.%s%s%s%s", plain->kernel,
	                 plain->runtime, plain->param, text_count(a, (uint64_t)plain->passes),
	                 text_bytes(a, all->slab_bytes),
	                 *helps != '\0' ? text_make(a, "%s.", helps) : " Nothing helps.",
	                 *not != '\0' ? " No help: " : "", not, *not != '\0' ? "." : "");
}

// The page's heading: all that get furthest. Which of those costs least is for the tables: a few percent of
// time are noise.
static const char *headline(struct arena *a, const struct remedies *all)
{
	const struct remedy *plain = &all->items[0], *best = plain;
	const char *names = "";

	for (size_t i = 1; i < family(all, 0); i++)
		best = plain[i].passes > best->passes ? &plain[i] : best;
	if (remedy_factor(plain, best) <= HELPS)
		return sentence(a, all, 0);
	for (size_t i = 1; i < family(all, 0); i++)
		if (remedy_factor(plain, &plain[i]) * HELPS >= remedy_factor(plain, best))
			names = text_make(a, "%s%s%s", names, *names != '\0' ? ", " : "", plain[i].name);
	return text_make(a, "%s on %s breaks above %s %s with a slab of %s; furthest, %s as far: %s.",
	                 plain->kernel, plain->runtime, plain->param, text_count(a, (uint64_t)plain->passes),
	                 text_bytes(a, all->slab_bytes), factor_words(a, plain, best), names);
}

static double waste(const struct remedy *r)
{
	return r->held_bytes > r->used_bytes ? 100 * (1 - (double)r->used_bytes / (double)r->held_bytes) : 0;
}

static const char *waste_words(struct arena *a, const struct remedy *r)
{
	return r->held_bytes == 0 ? "" : text_make(a, "%.0f %%", waste(r));
}

static const char *passes_words(struct arena *a, const struct remedy *r)
{
	return text_make(a, "%s%s", r->fails == 0 && r->passes > 0 ? "≥ " : "",
	                 r->passes > 0 ? text_count(a, (uint64_t)r->passes) : "-");
}

// ---- text ---------------------------------------------------------------------------------------------------

static void print_family(struct arena *a, const struct remedies *all, size_t first, const struct term_style *style,
                         FILE *out)
{
	static const struct table_column columns[] = {
		{ "remedy", false, 0, true },      { "target", false, 3, true },
		{ "passes", true, 0, false },      { "times", true, 0, false },
		{ "by", false, 0, false },         { "repetition", true, 0, false },
		{ "peak memory", true, 1, false }, { "slab used", true, 2, false },
		{ "waste", true, 1, false }
	};
	struct table *t = table_new(a, columns, sizeof columns / sizeof columns[0]);
	const struct remedy *plain = &all->items[first];

	table_wrap(style, sentence(a, all, first), 0, 2, out);
	for (size_t i = 0; t != NULL && i < family(all, first); i++) {
		const struct remedy *r = plain + i;
		const bool helps = remedy_factor(plain, r) > HELPS;

		table_row(t);
		table_cell(t, STYLE_PLAIN, r->name);
		table_cell(t, STYLE_FAINT, text_line(a, r->target));
		table_cell(t, STYLE_PLAIN, passes_words(a, r));
		table_cell(t, helps ? STYLE_GOOD : STYLE_FAINT, text_make(a, "%.3g", remedy_factor(plain, r)));
		table_cell(t, STYLE_PLAIN, r->fails > 0 ? r->broke : "");
		table_cell(t, STYLE_PLAIN, r->repetition_ns > 0 ? text_duration(a, r->repetition_ns) : "");
		table_cell(t, STYLE_PLAIN, r->peak_rss_bytes > 0 ? text_bytes(a, r->peak_rss_bytes) : "");
		table_cell(t, STYLE_PLAIN, r->used_bytes > 0 ? text_bytes(a, r->used_bytes) : "");
		table_cell(t, STYLE_PLAIN, waste_words(a, r));
	}
	if (t != NULL)
		table_print(t, style, out);
	table_free(t);
	if (plain->at > 0)
		table_wrap(
		        style,
		        text_make(
		                a,
		                "A repetition's time, memory and slab are those at %s %s, which all pass; waste is what the slab "
		                "held and never used (without a slab: of the memory beyond that of the least value).",
		                plain->param, text_count(a, (uint64_t)plain->at)),
		        2, 2, out);
	fputc('\n', out);
}

int remedies_text(const struct remedies *r, const struct term_style *style, FILE *out)
{
	struct arena a = { 0 };

	for (size_t i = 0; i < r->count; i += family(r, i))
		print_family(&a, r, i, style, out);
	arena_deinit(&a);
	return ferror(out) ? -EIO : 0;
}

// ---- JSON ---------------------------------------------------------------------------------------------------

static json_t *one_to_json(const struct remedy *plain, const struct remedy *r)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:s}", "runtime", r->runtime, "kernel",
	                      r->kernel, "param", r->param, "remedy", r->name, "target", r->target, "passes",
	                      (json_int_t)r->passes, "fails", (json_int_t)r->fails, "broke", r->broke);

	if (plain->passes > 0)
		json_object_set_new(o, "factor", json_real(remedy_factor(plain, r)));
	if (r->repetition_ns > 0)
		json_object_update_new(o, json_pack("{s:I, s:I, s:I, s:I, s:I}", "at", (json_int_t)r->at,
		                                    "repetition_ns", (json_int_t)r->repetition_ns,
		                                    "peak_rss_bytes", (json_int_t)r->peak_rss_bytes, "used_bytes",
		                                    (json_int_t)r->used_bytes, "held_bytes",
		                                    (json_int_t)r->held_bytes));
	return o;
}

json_t *remedies_to_json(const struct remedies *all)
{
	json_t *sentences = json_array(), *list = json_array();
	struct arena a = { 0 };

	for (size_t i = 0; i < all->count; i += family(all, i)) {
		json_array_append_new(sentences, json_string(sentence(&a, all, i)));
		for (size_t k = 0; k < family(all, i); k++)
			json_array_append_new(list, one_to_json(&all->items[i], &all->items[i + k]));
	}
	arena_deinit(&a);
	return json_pack("{s:i, s:s, s:s*, s:I, s:o, s:o}", "version", 1, "command", all->command, "allocator",
	                 all->allocator, "slab_bytes", (json_int_t)all->slab_bytes, "sentences", sentences,
	                 "remedies", list);
}

// ---- the page -----------------------------------------------------------------------------------------------

#define BAR_HEIGHT 22.0
#define BAR_NAMES 150.0
#define BAR_ROOM 220.0
#define BAR_WORDS 105.0

static void add_bars(struct page *p, const struct remedies *all, size_t first)
{
	struct arena *a = p->arena;
	const struct remedy *plain = &all->items[first];
	const size_t count = family(all, first);
	struct svg_words words = { text_make(a, "%s on %s: how far each remedy gets", plain->kernel,
		                             plain->runtime),
		                   "Bars on a logarithmic scale; the table below has the figures.", ++p->ids };
	double most = 2;

	for (size_t i = 0; i < count; i++)
		most = fmax(most, remedy_factor(plain, plain + i));
	buf_adds(&p->b, "<figure class=\"bars\">");
	svg_open(&p->b, BAR_NAMES + BAR_ROOM + BAR_WORDS, BAR_HEIGHT * (double)count + 8, &words);
	for (size_t i = 0; i < count; i++) {
		const struct remedy *r = plain + i;
		const double factor = remedy_factor(plain, r), y = BAR_HEIGHT * (double)i + 4;
		// the plain slab has a bar of its own, too: all begin at a quarter of it
		const double length = BAR_ROOM * log(fmax(factor * 4, 1.05)) / log(most * 4);

		svg_text(&p->b, BAR_NAMES - 8, y + 13, "end", SVG_INK, r->name);
		svg_rect(&p->b, BAR_NAMES, y, length, BAR_HEIGHT - 6, factor > HELPS ? SVG_BLUE : SVG_FAINT, 0.55);
		svg_text(&p->b, BAR_NAMES + length + 6, y + 13, "start", SVG_INK,
		         i == 0 ? passes_words(a, r)
		                : text_make(a, "× %.3g%s%s", factor, r->fails == 0 ? " or more" : ", ",
		                            r->fails > 0 ? r->broke : ""));
	}
	svg_close(&p->b);
	buf_adds(&p->b, "</figure>");
}

static void add_table(struct page *p, const struct remedies *all, size_t first)
{
	static const char *const titles[] = {
		"Remedy",        "Target",       ">Passes",    ">Times as far", "Gives way",
		">A repetition", ">Peak memory", ">Slab used", ">Waste",        NULL
	};
	struct arena *a = p->arena;
	const struct remedy *plain = &all->items[first];

	html_head(p, titles);
	for (size_t i = 0; i < family(all, first); i++) {
		const struct remedy *r = plain + i;

		buf_adds(&p->b, "<tr>");
		html_cell(p, r->name);
		html_code_cell(p, text_line(a, r->target));
		html_figure_cell(p, (uint64_t)r->passes, passes_words(a, r));
		html_real_cell(p, remedy_factor(plain, r), text_make(a, "%.3g", remedy_factor(plain, r)));
		html_cell(p, r->fails > 0 ? r->broke : "");
		html_figure_cell(p, r->repetition_ns,
		                 r->repetition_ns > 0 ? text_duration(a, r->repetition_ns) : "");
		html_figure_cell(p, r->peak_rss_bytes,
		                 r->peak_rss_bytes > 0 ? text_bytes(a, r->peak_rss_bytes) : "");
		html_figure_cell(p, r->used_bytes, r->used_bytes > 0 ? text_bytes(a, r->used_bytes) : "");
		html_real_cell(p, r->held_bytes > 0 ? waste(r) : (double)NAN, waste_words(a, r));
		buf_adds(&p->b, "</tr>\n");
	}
	html_head_end(p);
}

static void add_family(struct page *p, const struct remedies *all, size_t first)
{
	struct arena *a = p->arena;
	const struct remedy *plain = &all->items[first];

	html_section(p, text_make(a, "remedies-%zu", first),
	             text_make(a, "%s on %s", plain->kernel, plain->runtime), sentence(a, all, first));
	add_bars(p, all, first);
	add_table(p, all, first);
	if (plain->at > 0)
		html_note(
		        p,
		        text_make(
		                a,
		                "A repetition's time, memory and slab are those at %s %s, which all pass; waste is what the slab "
		                "held and never used (without a slab: of the memory beyond that of the least value).",
		                plain->param, text_count(a, (uint64_t)plain->at)));
	html_section_end(p);
}

int remedies_html(const struct remedies *all, const char *path, struct err *e)
{
	struct arena arena = { 0 };
	struct page p = { .arena = &arena };
	struct html_front front = { "remedies for a full slab", "",
		                    all->count > 0 ? headline(&arena, all) : "nothing was measured", "", false };
	int rc;

	html_begin(&p, &front);
	html_contents(&p);
	for (size_t i = 0; i < all->count; i += family(all, i))
		add_family(&p, all, i);
	html_section(&p, "how", "How it was measured", NULL);
	buf_adds(&p.b, "<dl class=\"facts\">");
	html_fact(&p, "command", text_line(&arena, all->command));
	if (all->allocator != NULL)
		html_fact(&p, "malloc", text_line(&arena, all->allocator));
	html_fact(&p, "slab", text_bytes(&arena, all->slab_bytes));
	buf_adds(&p.b, "</dl>");
	html_section_end(&p);
	rc = html_write(&p, path, e);
	buf_deinit(&p.b);
	arena_deinit(&arena);
	return rc;
}

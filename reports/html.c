// The report page: its frame, its beginning and its end.
#include "html.h"

#include "io.h"
#include "markup.h"
#include "reports.h"
#include "text.h"

#include <errno.h>
#include <string.h>

// ---- parts that sections share ------------------------------------------------------------------------------

void html_text(struct page *p, const char *text)
{
	markup_text(&p->b, text);
}

void html_section(struct page *p, const char *id, const char *title, const char *note)
{
	buf_addf(&p->b, "<section id=\"%s\">\n<h2>", id);
	html_text(p, title);
	buf_adds(&p->b, "</h2>\n");
	if (note == NULL)
		return;
	buf_adds(&p->b, "<p class=\"note\">");
	html_text(p, note);
	buf_adds(&p->b, "</p>\n");
}

void html_section_end(struct page *p)
{
	buf_adds(&p->b, "</section>\n");
}

void html_heading(struct page *p, const char *title)
{
	buf_adds(&p->b, "<h3>");
	html_text(p, title);
	buf_adds(&p->b, "</h3>\n");
}

void html_head(struct page *p, const char *const *titles)
{
	buf_adds(&p->b, "<div class=\"scroll\"><table><thead><tr>");
	for (; *titles != NULL; titles++) {
		bool figure = **titles == '>';

		buf_addf(&p->b, "<th scope=\"col\"%s>", figure ? " class=\"n\"" : "");
		html_text(p, *titles + figure);
		buf_adds(&p->b, "</th>");
	}
	buf_adds(&p->b, "</tr></thead><tbody>\n");
}

void html_head_end(struct page *p)
{
	buf_adds(&p->b, "</tbody></table></div>\n");
}

void html_row(struct page *p, const struct view_test *t)
{
	buf_adds(&p->b, "<tr data-test=\"");
	html_text(p, t->id);
	buf_adds(&p->b, "\">");
}

void html_cell(struct page *p, const char *text)
{
	buf_adds(&p->b, "<td>");
	html_text(p, text);
	buf_adds(&p->b, "</td>");
}

void html_figure_cell(struct page *p, uint64_t value, const char *words)
{
	buf_addf(&p->b, "<td class=\"n\"><data value=\"%llu\">", (unsigned long long)value);
	html_text(p, words);
	buf_adds(&p->b, "</data></td>");
}

void html_real_cell(struct page *p, double value, const char *words)
{
	buf_addf(&p->b, "<td class=\"n\"><data value=\"%.17g\">", value);
	html_text(p, words);
	buf_adds(&p->b, "</data></td>");
}

void html_empty_cell(struct page *p)
{
	buf_adds(&p->b, "<td></td>");
}

const char *html_mark(const struct result *r)
{
	if (r->quarantine != NULL)
		return "~";
	return r->as_expected && verdict_is_bad(r->verdict) ? "✓" : text_mark(r->verdict);
}

void html_verdict(struct page *p, const struct result *r)
{
	const char *kind = !r->as_expected                                                  ? "bad"
	                   : r->verdict == VERDICT_SKIPPED || r->verdict == VERDICT_PLANNED ? "none"
	                   : r->verdict == VERDICT_FLAKY || r->quarantine != NULL           ? "odd"
	                                                                                    : "good";

	buf_addf(&p->b, "<span class=\"v %s\"><span class=\"m\">%s</span> %s%s</span>", kind, html_mark(r),
	         verdict_name(r->verdict), r->quarantine != NULL ? " (known)" : "");
}

void html_chart_open(struct page *p, const struct chart *c)
{
	struct svg_words words = { c->caption, c->description, ++p->ids };

	buf_adds(&p->b, "<figure><figcaption>");
	html_text(p, c->caption);
	if (c->sub[0] != '\0') {
		buf_adds(&p->b, " <span>");
		html_text(p, c->sub);
		buf_adds(&p->b, "</span>");
	}
	buf_adds(&p->b, "</figcaption>");
	svg_open(&p->b, c->width, c->height, &words);
}

void html_chart_data(struct page *p, const char *const *titles)
{
	svg_close(&p->b);
	buf_adds(&p->b, "<details><summary>Data</summary>");
	html_head(p, titles);
}

void html_chart_close(struct page *p)
{
	html_head_end(p);
	buf_adds(&p->b, "</details></figure>\n");
}

// ---- the beginning ------------------------------------------------------------------------------------------

// When it was run, else the name of its directory.
static const char *started(struct page *p)
{
	static const char *const keys[] = { "started", "date", "time" };
	const char *text = NULL;

	for (size_t i = 0; text == NULL && i < sizeof keys / sizeof keys[0]; i++)
		text = view_info(&p->view, keys[i]);
	if (text == NULL) {
		text = strrchr(p->view.run->dir, '/');
		text = text != NULL ? text + 1 : p->view.run->dir;
	}
	return text_line(&p->view.arena, text);
}

static void add_head(struct page *p)
{
	buf_adds(&p->b, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	                "<meta name=\"color-scheme\" content=\"light dark\">\n"
	                "<link rel=\"icon\" href=\"data:,\">\n<title>");
	html_text(p, view_sentence(&p->view));
	buf_adds(&p->b, " – stressgen</title>\n<style>\n");
	buf_adds(&p->b, html_css);
	buf_adds(&p->b, "</style>\n</head>\n<body>\n");
}

static void add_tile(struct page *p, const char *name, const char *value, const char *sub)
{
	buf_adds(&p->b, "<div><dt>");
	html_text(p, name);
	buf_adds(&p->b, "</dt><dd>");
	html_text(p, value);
	if (*sub != '\0') {
		buf_adds(&p->b, " <small>");
		html_text(p, sub);
		buf_adds(&p->b, "</small>");
	}
	buf_adds(&p->b, "</dd></div>\n");
}

// The best throughput that a test reached.
static void add_throughput_tile(struct page *p)
{
	const struct result_gauge *best = NULL;
	const struct view_test *where = NULL;
	struct arena *a = &p->view.arena;

	for (size_t i = 0; i < p->view.count; i++) {
		const struct result_gauge *g = view_gauge(&p->view.tests[i], "throughput");

		if (g != NULL && (best == NULL || g->value > best->value)) {
			best = g;
			where = &p->view.tests[i];
		}
	}
	if (best != NULL && best->value >= 0)
		add_tile(p, "Best throughput", text_amount(a, best->value),
		         text_make(a, "%s in %s", text_line(a, best->unit), where->name));
}

static void add_slab_tile(struct page *p)
{
	const struct result_pool *fullest = NULL;
	struct arena *a = &p->view.arena;

	for (size_t i = 0; i < p->view.count; i++) {
		const struct result_pool *pool = view_main_pool(&p->view.tests[i]);

		if (pool != NULL && pool->capacity > 0 &&
		    (fullest == NULL || view_pool_percent(pool) > view_pool_percent(fullest)))
			fullest = pool;
	}
	if (fullest != NULL)
		add_tile(p, "Fullest slab", text_make(a, "%.0f %%", view_pool_percent(fullest)),
		         text_line(a, fullest->name));
}

static void add_tiles(struct page *p)
{
	struct view *v = &p->view;
	struct arena *a = &v->arena;

	buf_adds(&p->b, "<dl class=\"tiles\">\n");
	add_tile(p, "Passed", text_count(a, v->passed), text_make(a, "of %zu", v->count));
	add_tile(p, "Failed", text_count(a, v->failed),
	         v->skipped > 0 ? text_make(a, "%zu skipped", v->skipped) : "");
	if (v->target_count > 0)
		add_tile(p, "Targets", text_count(a, v->target_count), "");
	add_tile(p, "Time in tests", text_duration(a, v->wall_ns), "");
	add_throughput_tile(p);
	add_slab_tile(p);
	buf_adds(&p->b, "</dl>\n");
}

static void add_contents(struct page *p)
{
	const struct {
		const char *id, *title;
		bool there;
	} sections[] = { { "failures", "Failures", p->view.failed > 0 },
		         { "verdicts", "Verdicts", html_has_matrix(p) },
		         { "growth", "Growth", html_has_growth(p) },
		         { "http2", "HTTP/2", html_has_http2(p) },
		         { "kernels", "Latencies", html_has_kernels(p) },
		         { "slabs", "Slabs", html_has_slabs(p) },
		         { "allocations", "Allocations", html_has_allocations(p) },
		         { "resources", "Resources", html_has_resources(p) },
		         { "tests", "All tests", p->view.count > 0 },
		         { "machine", "Machine", true } };

	buf_adds(&p->b, "<nav aria-label=\"Contents\">");
	for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
		if (sections[i].there)
			buf_addf(&p->b, "<a href=\"#%s\">%s</a> ", sections[i].id, sections[i].title);
	buf_adds(&p->b, "</nav>\n");
}

static void add_header(struct page *p)
{
	const char *warning;

	buf_adds(&p->b, "<header>\n<p class=\"brand\"><b>stressgen</b> run report");
	if (*started(p) != '\0') {
		buf_adds(&p->b, " <span>");
		html_text(p, started(p));
		buf_adds(&p->b, "</span>");
	}
	buf_addf(&p->b, "</p>\n<h1 class=\"%s\">", p->view.failed > 0 ? "bad" : "good");
	html_text(p, view_sentence(&p->view));
	buf_adds(&p->b, "</h1>\n");
	if (*view_remarks(&p->view) != '\0') {
		buf_adds(&p->b, "<p class=\"note\">");
		html_text(p, view_remarks(&p->view));
		buf_adds(&p->b, "</p>\n");
	}
	for (size_t i = 0; (warning = view_warning(&p->view, i)) != NULL; i++) {
		buf_adds(&p->b, "<p class=\"warning\" role=\"alert\"><b>Note.</b> ");
		html_text(p, warning);
		buf_adds(&p->b, "</p>\n");
	}
	add_tiles(p);
	add_contents(p);
	buf_adds(&p->b, "</header>\n<main>\n");
}

int report_html(const struct run *r, const char *path, struct err *e)
{
	struct page p = { .names = symboliser_new() };
	int rc = view_init(&p.view, r);

	if (rc == 0) {
		add_head(&p);
		add_header(&p);
		html_failures(&p);
		html_matrix(&p);
		html_growth(&p);
		html_http2(&p);
		html_kernels(&p);
		html_slabs(&p);
		html_allocations(&p);
		html_resources(&p);
		html_tests(&p);
		html_machine(&p);
		buf_adds(&p.b, "</main>\n</body>\n</html>\n");
	}
	if (rc < 0 || p.b.failed)
		rc = err_set(e, ENOMEM, "%s: out of memory", path);
	else
		rc = io_replace_file(path, buf_text(&p.b), p.b.len, e);
	symboliser_free(p.names);
	buf_deinit(&p.b);
	view_deinit(&p.view);
	return rc;
}

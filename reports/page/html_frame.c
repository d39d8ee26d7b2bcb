// What all report pages share: their frame, tables and charts.
#include "html.h"

#include "io.h"
#include "markup.h"
#include "text.h"

#include <errno.h>
#include <math.h>
#include <string.h>

void html_text(struct page *p, const char *text)
{
	markup_text(&p->b, text);
}

void html_note(struct page *p, const char *text)
{
	buf_adds(&p->b, "<p class=\"note\">");
	html_text(p, text);
	buf_adds(&p->b, "</p>\n");
}

void html_section(struct page *p, const char *id, const char *title, const char *note)
{
	if (p->section_count < HTML_MOST_SECTIONS) {
		p->sections[p->section_count].id = id;
		p->sections[p->section_count++].title = title;
	}
	buf_addf(&p->b, "<section id=\"%s\">\n<h2>", id);
	html_text(p, title);
	buf_adds(&p->b, "</h2>\n");
	if (note != NULL)
		html_note(p, note);
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

void html_code_cell(struct page *p, const char *text)
{
	buf_adds(&p->b, "<td><code>");
	html_text(p, text);
	buf_adds(&p->b, "</code></td>");
}

void html_figure_cell(struct page *p, uint64_t value, const char *words)
{
	buf_addf(&p->b, "<td class=\"n\"><data value=\"%llu\">", (unsigned long long)value);
	html_text(p, words);
	buf_adds(&p->b, "</data></td>");
}

void html_real_cell(struct page *p, double value, const char *words)
{
	if (!isfinite(value)) {
		html_empty_cell(p);
		return;
	}
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
	const char *kind = result_failed(r)                                                          ? "bad"
	                   : r->verdict == VERDICT_SKIPPED || r->verdict == VERDICT_PLANNED          ? "none"
	                   : !r->as_expected || r->verdict == VERDICT_FLAKY || r->quarantine != NULL ? "odd"
	                                                                                             : "good";

	buf_addf(&p->b, "<span class=\"v %s\"><span class=\"m\">%s</span> %s%s</span>", kind, html_mark(r),
	         verdict_name(r->verdict), r->quarantine != NULL ? " (known)" : "");
}

void html_fact(struct page *p, const char *name, const char *value)
{
	if (*value == '\0')
		return;
	buf_adds(&p->b, "<dt>");
	html_text(p, name);
	buf_adds(&p->b, "</dt><dd>");
	html_text(p, value);
	buf_adds(&p->b, "</dd>");
}

// ---- charts -------------------------------------------------------------------------------------------------

void html_charts(struct page *p)
{
	buf_adds(&p->b, "<div class=\"charts\">\n");
}

void html_charts_end(struct page *p)
{
	buf_adds(&p->b, "</div>\n");
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

// ---- the frame ----------------------------------------------------------------------------------------------

static void add_head(struct page *p, const char *title)
{
	buf_adds(&p->b, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	                "<meta name=\"color-scheme\" content=\"light dark\">\n"
	                "<link rel=\"icon\" href=\"data:,\">\n<title>");
	html_text(p, title);
	buf_adds(&p->b, " – stressgen</title>\n<style>\n");
	buf_adds(&p->b, html_css);
	buf_adds(&p->b, "</style>\n</head>\n<body>\n");
}

void html_begin(struct page *p, const struct html_front *front)
{
	add_head(p, front->sentence);
	buf_adds(&p->b, "<header>\n<p class=\"brand\"><b>stressgen</b> ");
	html_text(p, front->what);
	if (*front->when != '\0') {
		buf_adds(&p->b, " <span>");
		html_text(p, front->when);
		buf_adds(&p->b, "</span>");
	}
	buf_addf(&p->b, "</p>\n<h1 class=\"%s\">", front->bad ? "bad" : "good");
	html_text(p, front->sentence);
	buf_adds(&p->b, "</h1>\n");
	if (*front->remarks != '\0')
		html_note(p, front->remarks);
}

void html_warning(struct page *p, const char *text)
{
	buf_adds(&p->b, "<p class=\"warning\" role=\"alert\"><b>Note.</b> ");
	html_text(p, text);
	buf_adds(&p->b, "</p>\n");
}

void html_tiles(struct page *p)
{
	buf_adds(&p->b, "<dl class=\"tiles\">\n");
}

void html_tile(struct page *p, const char *name, const char *value, const char *sub)
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

void html_tiles_end(struct page *p)
{
	buf_adds(&p->b, "</dl>\n");
}

void html_contents(struct page *p)
{
	buf_adds(&p->b, "</header>\n");
	p->contents_at = p->b.len;
	buf_adds(&p->b, "<main>\n");
}

static void add_contents(const struct page *p, struct buf *out)
{
	if (p->section_count == 0)
		return;
	buf_adds(out, "<nav aria-label=\"Contents\">");
	for (size_t i = 0; i < p->section_count; i++) {
		buf_addf(out, "<a href=\"#%s\">", p->sections[i].id);
		markup_text(out, p->sections[i].title);
		buf_adds(out, "</a> ");
	}
	buf_adds(out, "</nav>\n");
}

int html_end(struct page *p, struct buf *out)
{
	buf_adds(&p->b, "</main>\n<script>\n");
	buf_adds(&p->b, html_js);
	buf_adds(&p->b, "</script>\n</body>\n</html>\n");
	if (p->b.failed)
		return -ENOMEM;
	buf_add(out, buf_text(&p->b), p->contents_at);
	add_contents(p, out);
	buf_add(out, buf_text(&p->b) + p->contents_at, p->b.len - p->contents_at);
	return out->failed ? -ENOMEM : 0;
}

int html_write(struct page *p, const char *path, struct err *e)
{
	struct buf out = { 0 };
	int rc = html_end(p, &out);

	if (rc < 0)
		rc = err_set(e, ENOMEM, "%s: out of memory", path);
	else
		rc = io_replace_file(path, buf_text(&out), out.len, e);
	buf_deinit(&out);
	return rc;
}

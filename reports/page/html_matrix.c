// The page's overview of verdicts: tests as rows, targets as columns.
#include "html.h"

#include "markup.h"
#include "text.h"

#include <string.h>

// 0 where there is none to compare.
static uint64_t median(const struct view_test *t)
{
	return t != NULL && t->r->as_expected && t->hist != NULL ? hist_percentile(t->hist, 50) : 0;
}

// The least median of a row; 0 where less than two targets have one.
static uint64_t fastest(const struct view_test *const *cells, size_t count)
{
	uint64_t least = 0;
	size_t there = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t p50 = median(cells[i]);

		there += p50 > 0;
		if (p50 > 0 && (least == 0 || p50 < least))
			least = p50;
	}
	return there > 1 ? least : 0;
}

static void add_cell(struct page *p, const struct view_test *t, uint64_t least)
{
	uint64_t p50 = median(t);

	if (t == NULL) {
		buf_adds(&p->b, "<td class=\"n none\">–</td>");
		return;
	}
	if (!t->r->as_expected || t->hist == NULL) {
		buf_addf(&p->b, "<td class=\"n%s\">", t->r->as_expected ? "" : " bad");
		html_verdict(p, t->r);
		buf_adds(&p->b, "</td>");
		return;
	}
	buf_addf(&p->b,
	         "<td class=\"n%s\"><span class=\"v good\"><span class=\"m\">%s</span></span> "
	         "<data value=\"%llu\">",
	         p50 == least ? " best" : "", html_mark(t->r), (unsigned long long)p50);
	html_text(p, text_duration(p->arena, p50));
	buf_adds(&p->b, "</data>");
	if (least > 0)
		buf_addf(&p->b, " <small>%s</small>",
		         p50 == least ? "best" : text_ratio(p->arena, (double)p50 / (double)least));
	buf_adds(&p->b, "</td>");
}

static void add_matrix(struct page *p, const struct view_group *g)
{
	buf_adds(&p->b, "<div class=\"scroll\"><table class=\"matrix\"><thead><tr><th scope=\"col\">");
	html_text(p, g->kind);
	buf_adds(&p->b, "</th>");
	for (size_t c = 0; c < g->columns; c++) {
		buf_adds(&p->b, "<th scope=\"col\" class=\"n\">");
		html_text(p, g->targets[c]);
		buf_adds(&p->b, "</th>");
	}
	buf_adds(&p->b, "</tr></thead><tbody>\n");
	for (size_t row = 0; row < g->rows; row++) {
		const struct view_test *const *cells = g->cells + row * g->columns;
		uint64_t least = fastest(cells, g->columns);

		buf_adds(&p->b, "<tr><th scope=\"row\">");
		html_text(p, g->names[row]);
		buf_adds(&p->b, "</th>");
		for (size_t c = 0; c < g->columns; c++)
			add_cell(p, cells[c], least);
		buf_adds(&p->b, "</tr>\n");
	}
	html_head_end(p);
}

// Tests that are in no matrix, beside each other.
static void add_chips(struct page *p, const struct view_group *g)
{
	bool any = false;

	for (size_t i = 0; i < g->count; i++) {
		const struct view_test *t = &p->view->tests[g->first + i];

		if (g->cells != NULL && t->target[0] != '\0')
			continue;
		if (!any)
			buf_adds(&p->b, "<ul class=\"chips\">\n");
		any = true;
		buf_addf(&p->b, "<li%s>", t->r->as_expected ? "" : " class=\"bad\"");
		if (t->r->verdict == VERDICT_PASSED)
			buf_addf(&p->b, "<span class=\"v good\"><span class=\"m\">%s</span></span>",
			         html_mark(t->r));
		else
			html_verdict(p, t->r);
		buf_addc(&p->b, ' ');
		html_text(p, t->name);
		if (t->target[0] != '\0')
			markup_textf(&p->b, " · %s", t->target);
		buf_adds(&p->b, "</li>\n");
	}
	buf_adds(&p->b, any ? "</ul>\n" : "");
}

static bool has_cells(const struct view *v)
{
	for (size_t i = 0; i < v->group_count; i++)
		if (v->groups[i].cells != NULL)
			return true;
	return false;
}

void html_matrix(struct page *p)
{
	static const char beside[] =
	        "Every test beside the same test on the other targets. A test that ended as expected shows the median "
	        "of what it measured, and how many times the row's best that is. – stands where a target has no such "
	        "test.";

	if (p->view->count < 2)
		return;
	html_section(p, "verdicts", "Verdicts", has_cells(p->view) ? beside : NULL);
	for (size_t i = 0; i < p->view->group_count; i++) {
		const struct view_group *g = &p->view->groups[i];

		if (g->cells != NULL)
			add_matrix(p, g);
		else
			html_heading(p, g->kind);
		add_chips(p, g);
	}
	html_section_end(p);
}

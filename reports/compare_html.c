// A comparison as a page that needs nothing else.
#include "compare_formats.h"

#include "html.h"
#include "markup.h"
#include "text.h"

#include <errno.h>

static void add_cell(struct buf *b, const char *text, bool figure)
{
	buf_adds(b, figure ? "<td class=\"n\">" : "<td>");
	markup_text(b, text);
	buf_adds(b, "</td>");
}

static void add_row(struct arena *a, struct buf *b, const struct compare_row *r)
{
	buf_adds(b, "<tr>");
	add_cell(b, r->test, false);
	add_cell(b, compare_metric_words(a, r->metric), false);
	add_cell(b, compare_figure(a, r, r->base), true);
	add_cell(b, compare_figure(a, r, r->head), true);
	add_cell(b, compare_change(a, r->ratio), true);
	add_cell(b, compare_interval(a, r), true);
	add_cell(b, r->accepted != NULL ? r->accepted : r->why, false);
	buf_adds(b, "</tr>\n");
}

static void add_rows(struct comparison *c, enum compare_outcome o, struct buf *b)
{
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++) {
		if (c->rows[i].outcome != o)
			continue;
		if (n++ == 0)
			buf_addf(
			        b,
			        "<section><h2>%s</h2>\n<div class=\"wide\"><table>\n<thead><tr><th>test</th><th>metric"
			        "</th><th class=\"n\">base</th><th class=\"n\">head</th><th class=\"n\">change</th>"
			        "<th class=\"n\">95 %% interval</th><th></th></tr></thead>\n<tbody>\n",
			        compare_outcome_words(o));
		add_row(&c->arena, b, &c->rows[i]);
	}
	if (n > 0)
		buf_adds(b, "</tbody></table></div></section>\n");
}

static void add_verdicts(struct comparison *c, struct buf *b)
{
	if (c->verdict_count == 0)
		return;
	buf_adds(b,
	         "<section><h2>verdicts that changed</h2>\n<div class=\"wide\"><table>\n<thead><tr><th>test</th>"
	         "<th>base</th><th>head</th><th></th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < c->verdict_count; i++) {
		const struct compare_verdict *v = &c->verdicts[i];

		buf_adds(b, "<tr>");
		add_cell(b, v->test, false);
		add_cell(b, compare_ends_words(&c->arena, v->base), false);
		add_cell(b, compare_ends_words(&c->arena, v->head), false);
		add_cell(b, v->accepted != NULL ? v->accepted : compare_outcome_words(v->outcome), false);
		buf_adds(b, "</tr>\n");
	}
	buf_adds(b, "</tbody></table></div></section>\n");
}

static void add_notes(struct comparison *c, struct buf *b)
{
	if (c->notes.count == 0)
		return;
	buf_adds(b, "<ul>\n");
	for (size_t i = 0; i < c->notes.count; i++) {
		buf_adds(b, "<li>");
		markup_text(b, c->notes.items[i]);
		buf_adds(b, "</li>\n");
	}
	buf_adds(b, "</ul>\n");
}

int compare_html(struct comparison *c, struct buf *out)
{
	static const enum compare_outcome order[] = { COMPARE_REGRESSED, COMPARE_IMPROVED, COMPARE_CHANGED,
		                                      COMPARE_UNDECIDED, COMPARE_UNCHANGED };

	buf_adds(out,
	         "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
	         "content=\"width=device-width, initial-scale=1\">\n<title>");
	markup_text(out, c->sentence);
	buf_addf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n<h1>", html_css);
	markup_text(out, c->sentence);
	buf_adds(out, "</h1>\n");
	add_notes(c, out);
	add_verdicts(c, out);
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		add_rows(c, order[i], out);
	buf_adds(out, "</main>\n</body>\n</html>\n");
	return out->failed ? -ENOMEM : 0;
}

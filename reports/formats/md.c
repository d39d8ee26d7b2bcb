// Markdown, as GitHub and GitLab show it: for job summaries and comments.
#include "formats.h"

#include "story.h"
#include "text.h"
#include "view.h"

#include <string.h>

#define MOST_ROWS 500U // a comment on GitHub ends at 65,536 characters
#define TAIL_LINES 10U

// Text in a table's cell: what Markdown and HTML have a meaning for is escaped.
static void add_text(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '<')
			buf_adds(b, "&lt;");
		else if (*text == '&')
			buf_adds(b, "&amp;");
		else if (strchr("\\`*_{}[]()#+!|~>@:", *text) != NULL)
			buf_addf(b, "\\%c", *text);
		else
			buf_addc(b, *text == '\n' ? ' ' : *text);
}

// A block whose fence is longer than any run of backticks in it.
static void add_block(struct buf *b, const char *text)
{
	size_t longest = 2, run = 0;

	for (const char *p = text; *p != '\0'; p++) {
		run = *p == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	for (unsigned round = 0; round < 2; round++) {
		for (size_t i = 0; i <= longest; i++)
			buf_addc(b, '`');
		buf_addc(b, '\n');
		if (round == 0) {
			buf_adds(b, text);
			if (*text != '\0' && text[strlen(text) - 1] != '\n')
				buf_addc(b, '\n');
		}
	}
}

static void add_failure(struct view *v, struct buf *b, const struct view_test *t)
{
	const char *tail = story_tail(&v->arena, t->r, TAIL_LINES);
	const char *again = view_again(v, view_again_prefix(v), t);

	buf_addf(b, "\n#### %s %s: ", text_mark(t->r->verdict), verdict_name(t->r->verdict));
	add_text(b, t->id);
	buf_adds(b, "\n\n");
	add_text(b, text_line(&v->arena, t->r->evidence));
	buf_adds(b, "\n");
	if (*tail != '\0') {
		buf_adds(b, "\nIts last output:\n\n");
		add_block(b, tail);
	}
	if (again != NULL) {
		buf_adds(b, "\nAgain:\n\n");
		add_block(b, again);
	}
}

static void add_row(struct view *v, struct buf *b, const struct view_test *t)
{
	struct arena *a = &v->arena;

	buf_addf(b, "| %s %s | ", text_mark(t->r->verdict), verdict_name(t->r->verdict));
	add_text(b, t->id);
	buf_addf(b, " | %s | %s | %s | %s |\n", text_duration(a, t->r->wall_ns),
	         t->hist != NULL ? text_duration(a, hist_percentile(t->hist, 50)) : "",
	         t->hist != NULL ? text_duration(a, hist_percentile(t->hist, 99)) : "",
	         t->r->peak_rss_bytes > 0 ? text_bytes(a, t->r->peak_rss_bytes) : "");
}

static void add_report(struct view *v, struct buf *b)
{
	const char *warning;

	buf_adds(b, "### stressgen\n\n**");
	add_text(b, view_sentence(v));
	buf_adds(b, "** ");
	add_text(b, view_remarks(v));
	buf_adds(b, "\n");
	for (size_t i = 0; (warning = view_warning(v, i)) != NULL; i++) {
		buf_adds(b, "\n> ");
		add_text(b, warning);
		buf_adds(b, "\n");
	}
	for (size_t i = 0; i < v->count; i++)
		if (result_failed(v->tests[i].r))
			add_failure(v, b, &v->tests[i]);
	buf_adds(b,
	         "\n<details><summary>All tests</summary>\n\n| verdict | test | time | p50 | p99 | peak memory |\n"
	         "|---|---|--:|--:|--:|--:|\n");
	for (size_t i = 0; i < v->count && i < MOST_ROWS; i++)
		add_row(v, b, &v->tests[i]);
	if (v->count > MOST_ROWS)
		buf_addf(b, "\n%zu more are in report.html.\n", v->count - MOST_ROWS);
	buf_adds(b, "\n</details>\n");
}

int report_md(const struct run *r, const char *path, struct err *e)
{
	struct buf b = { 0 };
	struct view v;
	int rc = view_init(&v, r);

	if (rc == 0)
		add_report(&v, &b);
	rc = report_finish(&b, rc, path, e);
	view_deinit(&v);
	return rc;
}

// The page's tests that need a word though they did not fail, and the cases that tests reported themselves.
#include "html.h"

#include "named.h"
#include "text.h"

#define MOST_CASES 2000U

static bool is_any(struct view *v)
{
	for (size_t i = 0; i < v->count; i++)
		for (unsigned which = 0; which < NAMED_COUNT; which++)
			if (named_why(v, &v->tests[i], (enum named)which) != NULL)
				return true;
	return false;
}

void html_named(struct page *p)
{
	struct view *v = p->view;

	if (!is_any(v))
		return;
	html_section(p, "named", "Interrupted, skipped, flaky, known", NULL);
	html_head(p, (const char *const[]){ "What", "Test", "Why", NULL });
	for (unsigned which = 0; which < NAMED_COUNT; which++)
		for (size_t i = 0; i < v->count; i++) {
			const char *why = named_why(v, &v->tests[i], (enum named)which);

			if (why == NULL)
				continue;
			html_row(p, &v->tests[i]);
			html_cell(p, named_title((enum named)which));
			html_code_cell(p, v->tests[i].id);
			html_cell(p, why);
			buf_adds(&p->b, "</tr>\n");
		}
	html_head_end(p);
	html_section_end(p);
}

static void add_case(struct page *p, const struct view_test *t, const struct result_case *c)
{
	html_row(p, t);
	buf_adds(&p->b, "<td>");
	html_verdict(p, &(struct result){ .verdict = c->verdict, .as_expected = !verdict_is_bad(c->verdict) });
	buf_adds(&p->b, "</td>");
	html_code_cell(p, t->id);
	html_cell(p, text_line(p->arena, c->name));
	if (c->ns > 0)
		html_figure_cell(p, c->ns, text_duration(p->arena, c->ns));
	else
		html_empty_cell(p);
	html_cell(p, text_line(p->arena, c->text));
	buf_adds(&p->b, "</tr>\n");
}

// Those of one kind, as far as there is room.
static size_t add_cases(struct page *p, bool bad, size_t room)
{
	size_t added = 0;

	for (size_t i = 0; i < p->view->count; i++) {
		const struct view_test *t = &p->view->tests[i];

		for (size_t k = 0; k < t->r->case_count; k++)
			if (verdict_is_bad(t->r->cases[k].verdict) == bad && added < room) {
				add_case(p, t, &t->r->cases[k]);
				added++;
			}
	}
	return added;
}

void html_cases(struct page *p)
{
	const struct case_counts n = named_cases(p->view);
	const size_t all = n.passed + n.failed + n.skipped;
	size_t added;

	if (all == 0)
		return;
	html_section(p, "cases", "Cases", "What tests reported of cases inside them; those that failed first.");
	html_head(p, (const char *const[]){ "Verdict", "Test", "Case", ">Time", "What it said", NULL });
	added = add_cases(p, true, MOST_CASES);
	added += add_cases(p, false, MOST_CASES - added);
	html_head_end(p);
	if (added < all)
		html_note(p, text_make(p->arena, "and %zu more, in report.json", all - added));
	html_section_end(p);
}

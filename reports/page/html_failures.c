// The page's failures.
#include "html.h"

#include "heaps.h"
#include "story.h"
#include "text.h"

#include <string.h>

#define TAIL_LINES 40U
#define MOST_CARDS 60U // the rest as one line each
#define OPEN_CARDS 1U  // the others show their evidence only
#define CARDS 12U      // then the rest is folded up
#define MOST_FRAMES 32U

// ---- failures -----------------------------------------------------------------------------------------------

static void add_facts(struct page *p, const struct view_test *t)
{
	struct arena *a = p->arena;
	const struct result *r = t->r;
	const struct result_pool *pool = view_main_pool(t);
	const char *line;

	buf_adds(&p->b, "<dl class=\"facts\">");
	html_fact(p, "Ran out", story_clean(r));
	html_fact(p, "First bad check", text_line(a, r->first_bad_check));
	if (pool != NULL && (pool->exhausted > 0 || r->verdict == VERDICT_SLAB_EXHAUSTED))
		html_fact(p, "Slab", story_pool(a, pool));
	for (size_t i = 0; (line = story_case(a, r, i)) != NULL; i++)
		html_fact(p, "Failed case", line);
	for (size_t i = 0; (line = story_leftover(a, r, i)) != NULL; i++)
		html_fact(p, "Left behind", line);
	html_fact(p, "Ended with", story_exit(a, r));
	html_fact(p, "Expected", r->expected == VERDICT_PASSED ? "" : verdict_name(r->expected));
	html_fact(p, "Took", r->wall_ns > 0 ? text_duration(a, r->wall_ns) : "");
	html_fact(p, "Peak memory", r->peak_rss_bytes > 0 ? text_bytes(a, r->peak_rss_bytes) : "");
	html_fact(p, "Limits", text_line(a, r->limits));
	html_fact(p, "Allocator", text_line(a, r->allocator));
	buf_adds(&p->b, "</dl>\n");
}

void html_frames(struct page *p, const struct strings *frames)
{
	const char *frame;
	size_t at = 0;

	if (frames->count == 0)
		return;
	buf_adds(&p->b, "<pre>");
	for (size_t lines = 0; lines < MOST_FRAMES; lines++) {
		frame = story_frame(p->names, p->arena, frames, &at);
		if (frame == NULL)
			break;
		html_text(p, frame);
		buf_addc(&p->b, '\n');
	}
	if (at < frames->count)
		buf_addf(&p->b, "and %zu more\n", frames->count - at);
	buf_adds(&p->b, "</pre>\n");
}

// The beginning of a card: open for the first few, so that many failures can be seen at once.
static void open_card(struct page *p, const struct view_test *t, bool open)
{
	buf_addf(&p->b, "<details class=\"card\"%s><summary>", open ? " open=\"\"" : "");
	html_verdict(p, t->r);
	buf_adds(&p->b, " <code>");
	html_text(p, t->id);
	buf_adds(&p->b, "</code>");
	if (t->r->evidence != NULL) {
		buf_adds(&p->b, " <span class=\"evidence\">");
		html_text(p, text_line(p->arena, t->r->evidence));
		buf_adds(&p->b, "</span>");
	}
	buf_adds(&p->b, "</summary>\n");
}

// A backtrace mostly says it all; then the output is folded up behind it.
static void add_output(struct page *p, const char *tail, bool folded)
{
	if (*tail == '\0')
		return;
	buf_adds(&p->b, folded ? "<details><summary>Last lines of its output</summary><pre>"
	                       : "<h4>Last lines of its output</h4><pre>");
	html_text(p, tail);
	buf_adds(&p->b, folded ? "</pre></details>\n" : "</pre>\n");
}

static void add_card(struct page *p, const struct view_test *t, bool open)
{
	struct arena *a = p->arena;
	const char *again = view_again(p->view, view_again_prefix(p->view), t);
	const struct result_pool *pool = view_main_pool(t);
	const struct result_refusal *refusal = heap_refusal(t->r);
	bool backtrace = pool != NULL && pool->frames.count > 0;

	open_card(p, t, open);
	add_facts(p, t);
	if (backtrace) {
		buf_adds(&p->b, "<h4>Backtrace <span>innermost first</span></h4>");
		html_frames(p, &pool->frames);
	}
	if (refusal != NULL) {
		buf_adds(&p->b, "<h4>");
		html_text(p, heap_refusal_words(a, refusal));
		buf_adds(&p->b, " <span>innermost first</span></h4>");
		html_frames(p, &refusal->frames);
	}
	add_output(p, story_tail(a, t->r, TAIL_LINES), backtrace);
	if (again != NULL) {
		buf_adds(&p->b, "<h4>Run it again</h4><pre class=\"command\">");
		html_text(p, again);
		buf_adds(&p->b, "</pre>\n");
	}
	buf_adds(&p->b, "</details>\n");
}

static void add_line(struct page *p, const struct view_test *t)
{
	buf_adds(&p->b, "<p class=\"short\">");
	html_verdict(p, t->r);
	buf_adds(&p->b, " <code>");
	html_text(p, t->id);
	buf_adds(&p->b, "</code></p>\n");
}

void html_failures(struct page *p)
{
	size_t told = 0;
	bool folds = p->view->failed > CARDS + 3;

	if (p->view->failed == 0)
		return;
	html_section(p, "failures", "Failures", NULL);
	for (size_t i = 0; i < p->view->count; i++) {
		const struct view_test *t = &p->view->tests[i];

		if (!result_failed(t->r))
			continue;
		if (folds && told == CARDS)
			buf_addf(&p->b, "<details class=\"more\"><summary>Show %zu more</summary>\n",
			         p->view->failed - CARDS);
		if (told < MOST_CARDS)
			add_card(p, t, told < OPEN_CARDS);
		else
			add_line(p, t);
		told++;
	}
	buf_adds(&p->b, folds ? "</details>\n" : "");
	html_section_end(p);
}

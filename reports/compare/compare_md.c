// A comparison as Markdown, for a comment on a merge request.
#include "compare_formats.h"

#include "text.h"

#include <errno.h>
#include <string.h>

// What would be markup, a mention or the end of a cell is escaped.
static void add_text(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr("\\`*_{}[]<>()#+!|~&@", *text) != NULL)
			buf_addc(b, '\\');
		buf_addc(b, *text == '\n' ? ' ' : *text);
	}
}

static void add_cell(struct buf *b, const char *text)
{
	buf_adds(b, "| ");
	add_text(b, text);
	buf_addc(b, ' ');
}

static void add_row(struct arena *a, struct buf *b, const struct compare_row *r)
{
	add_cell(b, r->test);
	add_cell(b, compare_metric_words(a, r->metric));
	add_cell(b, compare_figure(a, r, r->base));
	add_cell(b, compare_figure(a, r, r->head));
	add_cell(b, compare_change(a, r->ratio));
	add_cell(b, compare_interval(a, r));
	add_cell(b, r->accepted != NULL ? r->accepted : r->why);
	buf_adds(b, "|\n");
}

// A name as it may stand in a cell; from the arena.
static const char *safe_name(struct arena *a, const char *name)
{
	struct buf text = { 0 };
	const char *copy;

	add_text(&text, name);
	copy = text_make(a, "%s", buf_text(&text));
	buf_deinit(&text);
	return copy;
}

static void add_rows(struct comparison *c, enum compare_outcome o, struct buf *b)
{
	const char *const names[] = { safe_name(&c->arena, c->names[0]), safe_name(&c->arena, c->names[1]) };
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++) {
		if (c->rows[i].outcome != o || !compare_is_told(c, &c->rows[i]) ||
		    !compare_is_listed(c, &c->rows[i]))
			continue;
		if (n++ == 0)
			buf_addf(b,
			         "\n**%s**\n\n| test | metric | %s | %s | change | 95 %% interval | |\n"
			         "|---|---|---:|---:|---:|---:|---|\n",
			         compare_heading(c, o), names[0], names[1]);
		add_row(&c->arena, b, &c->rows[i]);
	}
}

static void add_verdicts(struct comparison *c, struct buf *b)
{
	if (c->verdict_count > 0)
		buf_addf(b, "\n**verdicts that changed**\n\n| test | %s | %s | |\n|---|---|---|---|\n",
		         safe_name(&c->arena, c->names[0]), safe_name(&c->arena, c->names[1]));
	for (size_t i = 0; i < c->verdict_count; i++) {
		const struct compare_verdict *v = &c->verdicts[i];

		add_cell(b, v->test);
		add_cell(b, compare_ends_words(&c->arena, v->base));
		add_cell(b, compare_ends_words(&c->arena, v->head));
		add_cell(b, v->accepted != NULL ? v->accepted : compare_outcome_words(v->outcome));
		buf_adds(b, "|\n");
	}
	for (size_t i = 0; i < c->cliff_count; i++) {
		buf_adds(b, i == 0 ? "\n**sizes up to which all ends as expected**\n\n- " : "- ");
		add_text(b, c->cliffs[i].family);
		buf_addf(b, ": %llu → %llu\n", c->cliffs[i].base, c->cliffs[i].head);
	}
}

int compare_md(struct comparison *c, struct buf *out)
{
	buf_adds(out, "### stressgen: ");
	add_text(out, c->sentence);
	buf_addc(out, '\n');
	for (size_t i = 0; i < c->notes.count; i++) {
		buf_adds(out, i == 0 ? "\n- " : "- ");
		add_text(out, c->notes.items[i]);
		buf_addc(out, '\n');
	}
	add_verdicts(c, out);
	add_rows(c, COMPARE_REGRESSED, out);
	add_rows(c, COMPARE_IMPROVED, out);
	add_rows(c, COMPARE_CHANGED, out);
	add_rows(c, COMPARE_UNDECIDED, out);
	if (c->plan == STATS_INTERVALS) {
		add_rows(c, COMPARE_UNCHANGED, out);
		add_rows(c, COMPARE_UNJUDGED, out);
	} else if (c->show_counters) {
		add_rows(c, COMPARE_UNJUDGED, out);
	}
	return out->failed ? -ENOMEM : 0;
}

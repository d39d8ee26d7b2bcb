// The page's failures, and the machine that it all happened on.
#include "html.h"

#include "story.h"
#include "text.h"

#include <string.h>

#define TAIL_LINES 40U
#define MOST_CARDS 60U // the rest as one line each
#define MOST_FRAMES 32U

// ---- failures -----------------------------------------------------------------------------------------------

static void add_fact(struct page *p, const char *name, const char *value)
{
	if (*value == '\0')
		return;
	buf_adds(&p->b, "<dt>");
	html_text(p, name);
	buf_adds(&p->b, "</dt><dd>");
	html_text(p, value);
	buf_adds(&p->b, "</dd>");
}

static void add_facts(struct page *p, const struct view_test *t)
{
	struct arena *a = &p->view.arena;
	const struct result *r = t->r;
	const struct result_pool *pool = view_main_pool(t);
	const char *line;

	buf_adds(&p->b, "<dl class=\"facts\">");
	add_fact(p, "Ran out", story_clean(r));
	add_fact(p, "First bad check", text_line(a, r->first_bad_check));
	if (pool != NULL && (pool->exhausted > 0 || r->verdict == VERDICT_SLAB_EXHAUSTED))
		add_fact(p, "Slab", story_pool(a, pool));
	for (size_t i = 0; (line = story_leftover(a, r, i)) != NULL; i++)
		add_fact(p, "Left behind", line);
	add_fact(p, "Ended with", story_exit(a, r));
	add_fact(p, "Expected", r->expected == VERDICT_PASSED ? "" : verdict_name(r->expected));
	add_fact(p, "Took", r->wall_ns > 0 ? text_duration(a, r->wall_ns) : "");
	add_fact(p, "Peak memory", r->peak_rss_bytes > 0 ? text_bytes(a, r->peak_rss_bytes) : "");
	add_fact(p, "Limits", text_line(a, r->limits));
	buf_adds(&p->b, "</dl>\n");
}

void html_backtrace(struct page *p, const struct result_pool *pool)
{
	const char *frame;
	size_t at = 0;

	if (pool->frames.count == 0)
		return;
	buf_adds(&p->b, "<pre>");
	for (size_t lines = 0; lines < MOST_FRAMES; lines++) {
		frame = story_frame(p->names, &p->view.arena, &pool->frames, &at);
		if (frame == NULL)
			break;
		html_text(p, frame);
		buf_addc(&p->b, '\n');
	}
	if (at < pool->frames.count)
		buf_addf(&p->b, "and %zu more\n", pool->frames.count - at);
	buf_adds(&p->b, "</pre>\n");
}

static void add_card(struct page *p, const struct view_test *t)
{
	struct arena *a = &p->view.arena;
	const char *tail = story_tail(a, t->r, TAIL_LINES);
	const char *again = view_again(&p->view, view_again_prefix(&p->view), t);
	const struct result_pool *pool = view_main_pool(t);

	buf_adds(&p->b, "<article class=\"card\"><h3>");
	html_verdict(p, t->r);
	buf_adds(&p->b, " <code>");
	html_text(p, t->id);
	buf_adds(&p->b, "</code></h3>\n");
	if (t->r->evidence != NULL) {
		buf_adds(&p->b, "<p class=\"evidence\">");
		html_text(p, text_line(a, t->r->evidence));
		buf_adds(&p->b, "</p>\n");
	}
	add_facts(p, t);
	if (pool != NULL && pool->frames.count > 0) {
		buf_adds(&p->b, "<h4>Backtrace <span>innermost first</span></h4>");
		html_backtrace(p, pool);
	}
	if (*tail != '\0') {
		buf_adds(&p->b, "<h4>Last lines of its output</h4><pre>");
		html_text(p, tail);
		buf_adds(&p->b, "</pre>\n");
	}
	if (again != NULL) {
		buf_adds(&p->b, "<h4>Run it again</h4><pre class=\"command\">");
		html_text(p, again);
		buf_adds(&p->b, "</pre>\n");
	}
	buf_adds(&p->b, "</article>\n");
}

void html_failures(struct page *p)
{
	size_t told = 0;

	if (p->view.failed == 0)
		return;
	html_section(p, "failures", "Failures", NULL);
	for (size_t i = 0; i < p->view.count; i++) {
		const struct view_test *t = &p->view.tests[i];

		if (t->r->as_expected)
			continue;
		if (told++ < MOST_CARDS) {
			add_card(p, t);
			continue;
		}
		buf_adds(&p->b, "<p class=\"short\">");
		html_verdict(p, t->r);
		buf_adds(&p->b, " <code>");
		html_text(p, t->id);
		buf_adds(&p->b, "</code></p>\n");
	}
	html_section_end(p);
}

// ---- the machine --------------------------------------------------------------------------------------------

// Cuts `unit` off the end of `name`; false when it does not end so.
static bool take_unit(char *name, const char *unit)
{
	size_t len = strlen(name), n = strlen(unit);

	if (len <= n || strcmp(name + len - n, unit) != 0)
		return false;
	name[len - n] = '\0';
	return true;
}

// "memory_bytes": 4096 becomes "memory": "4.00 KiB".
static void add_member(struct page *p, const char *key, const json_t *value)
{
	struct arena *a = &p->view.arena;
	char *name = arena_text(a, text_line(a, key), strlen(text_line(a, key)));
	json_int_t n = json_integer_value(value);
	const char *words = NULL;

	if (name == NULL)
		return;
	if (json_is_string(value))
		words = text_line(a, json_string_value(value));
	else if (json_is_integer(value) && n >= 0 && take_unit(name, "_bytes"))
		words = text_bytes(a, (uint64_t)n);
	else if (json_is_integer(value) && n >= 0 && take_unit(name, "_ns"))
		words = text_duration(a, (uint64_t)n);
	else if (json_is_integer(value))
		words = text_make(a, "%lld", (long long)n);
	else if (json_is_real(value))
		words = text_make(a, "%g", json_real_value(value));
	else if (json_is_boolean(value))
		words = json_is_true(value) ? "yes" : "no";
	for (char *c = name; *c != '\0'; c++)
		*c = *c == '_' ? ' ' : *c;
	if (words != NULL)
		add_fact(p, name, words);
}

static void add_members(struct page *p, const char *title, json_t *object)
{
	static const char *const elsewhere[] = { "again", "started", "date" };
	const char *key;
	json_t *value;

	if (json_object_size(object) == 0)
		return;
	buf_adds(&p->b, "<div>");
	html_heading(p, title);
	buf_adds(&p->b, "<dl class=\"facts\">");
	json_object_foreach(object, key, value)
	{
		bool shown = false;

		for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++)
			shown = shown || strcmp(key, elsewhere[i]) == 0;
		if (!shown)
			add_member(p, key, value);
	}
	buf_adds(&p->b, "</dl></div>\n");
}

// What `again` says without the choice of one test.
static void add_command(struct page *p)
{
	static const char only[] = " --only ";
	const char *again = view_again_prefix(&p->view);
	size_t len;

	if (again == NULL)
		return;
	len = strlen(again);
	if (len > sizeof only - 1 && strcmp(again + len - (sizeof only - 1), only) == 0)
		len -= sizeof only - 1;
	buf_adds(&p->b, "<h3>The same suite again</h3><pre class=\"command\">");
	html_text(p, text_line(&p->view.arena, text_make(&p->view.arena, "%.*s", (int)len, again)));
	buf_adds(&p->b, "</pre>\n");
}

static void add_left_out(struct page *p)
{
	const char *one;

	if (view_left_out(&p->view, 0) == NULL)
		return;
	buf_adds(&p->b, "<h3>Left out</h3><ul>");
	for (size_t i = 0; (one = view_left_out(&p->view, i)) != NULL; i++) {
		buf_adds(&p->b, "<li>");
		html_text(p, one);
		buf_adds(&p->b, "</li>");
	}
	buf_adds(&p->b, "</ul>\n");
}

void html_machine(struct page *p)
{
	json_t *info = p->view.run->info;

	html_section(p, "machine", "Machine and command", NULL);
	buf_adds(&p->b, "<div class=\"columns\">\n");
	add_members(p, "Machine", json_object_get(info, "machine"));
	add_members(p, "Run", info);
	add_members(p, "Options", json_object_get(info, "options"));
	add_members(p, "Suite options", json_object_get(info, "suite_options"));
	add_members(p, "Limits", json_object_get(info, "limits"));
	add_members(p, "Parameters", json_object_get(info, "params"));
	buf_adds(&p->b, "</div>\n");
	add_left_out(p);
	add_command(p);
	buf_adds(&p->b, "<p class=\"note files\">The same for programs, beside this page: "
	                "<a href=\"report.json\">report.json</a> (all figures and histograms), "
	                "<a href=\"junit.xml\">junit.xml</a>, <a href=\"metrics.prom\">metrics.prom</a>.</p>\n");
	html_section_end(p);
}

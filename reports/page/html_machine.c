// The page's end: the machine that it all happened on, and the command that does it again.
#include "html.h"

#include "text.h"

#include <string.h>

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
	struct arena *a = p->arena;
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
		html_fact(p, name, words);
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
	const char *again = view_again_prefix(p->view);
	size_t len;

	if (again == NULL)
		return;
	len = strlen(again);
	if (len > sizeof only - 1 && strcmp(again + len - (sizeof only - 1), only) == 0)
		len -= sizeof only - 1;
	buf_adds(&p->b, "<h3>The same suite again</h3><pre class=\"command\">");
	html_text(p, text_line(p->arena, text_make(p->arena, "%.*s", (int)len, again)));
	buf_adds(&p->b, "</pre>\n");
}

static void add_left_out(struct page *p)
{
	const char *one;

	if (view_left_out(p->view, 0) == NULL)
		return;
	buf_adds(&p->b, "<h3>Left out</h3><ul>");
	for (size_t i = 0; (one = view_left_out(p->view, i)) != NULL; i++) {
		buf_adds(&p->b, "<li>");
		html_text(p, one);
		buf_adds(&p->b, "</li>");
	}
	buf_adds(&p->b, "</ul>\n");
}

void html_machine(struct page *p)
{
	json_t *info = p->view->run->info;

	html_section(p, "machine", "Machine", NULL);
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

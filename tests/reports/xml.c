// A strict little XML parser.
#include "xml.h"

#include "buf.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_DEPTH 64U

static char problem[300];

struct parser {
	const char *text, *at;
	const struct xml_hooks *hooks;
	bool html, ended;
	char open[MOST_DEPTH][64];
	size_t depth, roots;
};

static bool fails(const struct parser *p, const char *what)
{
	unsigned line = 1;

	for (const char *c = p->text; c < p->at; c++)
		line += *c == '\n';
	snprintf(problem, sizeof problem, "line %u: %s at \"%.60s\"", line, what, p->at);
	return false;
}

static bool take(struct parser *p, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(p->at, word, len) != 0)
		return false;
	p->at += len;
	return true;
}

static bool take_name(struct parser *p, char name[64])
{
	size_t n = 0;

	if (!isalpha((unsigned char)*p->at))
		return fails(p, "no name");
	while (isalnum((unsigned char)*p->at) || strchr("-_:", *p->at) != NULL) {
		if (*p->at == '\0' || n + 1 == 64)
			return fails(p, "name too long");
		name[n++] = *p->at++;
	}
	name[n] = '\0';
	return true;
}

static bool take_entity(struct parser *p, struct buf *out)
{
	static const char *const entities[][2] = {
		{ "&lt;", "<" }, { "&gt;", ">" }, { "&amp;", "&" }, { "&quot;", "\"" }
	};
	char *end;
	long n;

	for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++)
		if (take(p, entities[i][0])) {
			buf_adds(out, entities[i][1]);
			return true;
		}
	if (strncmp(p->at, "&#", 2) != 0)
		return fails(p, "unknown entity");
	n = strtol(p->at + 2, &end, 10);
	if (*end != ';' || n < 9 || n > 126)
		return fails(p, "bad character reference");
	buf_addc(out, (char)n);
	p->at = end + 1;
	return true;
}

// Text up to one of `stops`.
static bool take_text(struct parser *p, const char *stops, struct buf *out)
{
	while (*p->at != '\0' && strchr(stops, *p->at) == NULL) {
		unsigned char c = (unsigned char)*p->at;

		if (c == '&') {
			if (!take_entity(p, out))
				return false;
			continue;
		}
		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f || c == '<')
			return fails(p, "character that does not belong in text");
		if (c == 0xef && (unsigned char)p->at[1] == 0xbf && (unsigned char)p->at[2] >= 0xbe)
			return fails(p, "U+FFFE or U+FFFF");
		buf_addc(out, *p->at++);
	}
	return true;
}

static bool take_attribute(struct parser *p, struct xml_element *e)
{
	struct buf value = { 0 };

	if (e->count == XML_MOST_ATTRIBUTES)
		return fails(p, "too many attributes");
	if (!take_name(p, e->names[e->count]))
		return false;
	for (size_t i = 0; i < e->count; i++)
		if (strcmp(e->names[i], e->names[e->count]) == 0)
			return fails(p, "attribute twice");
	if (!take(p, "=\"") || !take_text(p, "\"<", &value) || !take(p, "\"")) {
		buf_deinit(&value);
		return fails(p, "attribute without a quoted value");
	}
	e->values[e->count++] = buf_take(&value);
	return true;
}

static bool is_void(const struct parser *p, const char *name)
{
	return p->html && (strcmp(name, "meta") == 0 || strcmp(name, "link") == 0);
}

static bool push(struct parser *p, const struct xml_element *e)
{
	p->roots += p->depth == 0;
	if (p->roots > 1)
		return fails(p, "a second root");
	if (p->hooks->open != NULL)
		p->hooks->open(p->hooks->arg, e);
	if (p->depth == MOST_DEPTH)
		return fails(p, "nested too deep");
	strcpy(p->open[p->depth++], e->name);
	return true;
}

static void pop(struct parser *p)
{
	p->depth--;
	if (p->hooks->close != NULL)
		p->hooks->close(p->hooks->arg, p->open[p->depth]);
}

// Style sheets and scripts are no markup: they reach to their closing tag.
static void skip_raw(struct parser *p, const char *name)
{
	char close[80];
	const char *end;

	snprintf(close, sizeof close, "</%s>", name);
	end = strstr(p->at, close);
	p->at = end != NULL ? end : p->at;
}

static bool take_open_tag(struct parser *p)
{
	struct xml_element e = { 0 };
	bool ok = take_name(p, e.name);

	while (ok && *p->at == ' ') {
		p->at++;
		ok = take_attribute(p, &e);
	}
	if (ok) {
		bool closed = take(p, "/");

		ok = take(p, ">") || fails(p, "tag without an end");
		ok = ok && push(p, &e);
		if (ok && (closed || is_void(p, e.name)))
			pop(p);
		else if (ok && p->html && (strcmp(e.name, "style") == 0 || strcmp(e.name, "script") == 0))
			skip_raw(p, e.name);
	}
	for (size_t i = 0; i < e.count; i++)
		free(e.values[i]);
	return ok;
}

static bool take_close_tag(struct parser *p)
{
	char name[64];

	if (!take_name(p, name) || !take(p, ">"))
		return fails(p, "bad closing tag");
	if (p->depth == 0 || strcmp(p->open[p->depth - 1], name) != 0)
		return fails(p, "closing tag of another element");
	pop(p);
	return true;
}

static bool take_content(struct parser *p)
{
	struct buf text = { 0 };
	bool ok;

	if (take(p, "</"))
		return take_close_tag(p);
	if (take(p, "<"))
		return take_open_tag(p);
	ok = take_text(p, "<", &text);
	if (ok && p->depth == 0 && strspn(buf_text(&text), " \n") != text.len)
		ok = fails(p, "text outside of the root");
	if (ok && p->hooks->text != NULL)
		p->hooks->text(p->hooks->arg, buf_text(&text));
	buf_deinit(&text);
	return ok;
}

const char *xml_parse(const char *text, bool html, const struct xml_hooks *hooks)
{
	static const struct xml_hooks none;
	struct parser p = { .text = text, .at = text, .html = html, .hooks = hooks != NULL ? hooks : &none };

	if (!take(&p, html ? "<!doctype html>\n" : "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"))
		return "does not begin as it should";
	while (*p.at != '\0')
		if (!take_content(&p))
			return problem;
	if (p.depth > 0 || p.roots != 1) {
		fails(&p, "elements are open at the end");
		return problem;
	}
	return NULL;
}

const char *xml_attribute(const struct xml_element *e, const char *name)
{
	for (size_t i = 0; i < e->count; i++)
		if (strcmp(e->names[i], name) == 0)
			return e->values[i];
	return NULL;
}

// The expression as a tree in one array; parsed by recursive descent, at most DEPTH_MAX levels deep.
#include "filter.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 100U
#define NAME_MAX_BYTES 16U

enum node_kind { FILTER_AND, FILTER_OR, FILTER_WITHOUT, FILTER_NOT, FILTER_TEST };

struct node {
	enum node_kind kind;
	size_t left, right; // nodes; of FILTER_NOT only left
	size_t name;        // FILTER_TEST: in filter_names
	struct strings patterns;
};

struct filter {
	struct node *nodes;
	size_t count, cap;
	size_t root;
};

struct parse {
	const char *text, *at;
	struct filter *filter;
	struct err *e;
	unsigned depth;
	int rc;
};

enum name {
	NAME_ID,
	NAME_PATH,
	NAME_KIND,
	NAME_LEVEL,
	NAME_TAG,
	NAME_TARGET,
	NAME_DIALECT,
	NAME_KERNEL,
	NAME_RESOURCE,
	NAME_PRIORITY,
	NAME_STATUS,
	NAME_SLOW, // from here on without patterns
	NAME_SKIPPED,
	NAME_PLANNED,
	NAME_SERIAL,
	NAME_ALL,
	NAME_NONE,
};

const char *const filter_names[] = { "id",      "path",    "kind",     "level",    "tag",    "target",
	                             "dialect", "kernel",  "resource", "priority", "status", "slow",
	                             "skipped", "planned", "serial",   "all",      "none",   NULL };

// ---- parsing
// ----------------------------------------------------------------------------------------------------

static size_t fail(struct parse *p, const char *what)
{
	if (p->rc == 0)
		p->rc = err_set(p->e, EINVAL,
		                "--filter, column %zu: %s; e.g. kind(gc) & tag(smoke) - target(python3)",
		                (size_t)(p->at - p->text) + 1, what);
	return 0;
}

static char next_char(struct parse *p)
{
	while (isspace((unsigned char)*p->at))
		p->at++;
	return *p->at;
}

static bool take(struct parse *p, char c)
{
	if (next_char(p) != c)
		return false;
	p->at++;
	return true;
}

static size_t add(struct parse *p, struct node n)
{
	struct filter *f = p->filter;

	if (f->count == f->cap) {
		size_t cap = f->cap == 0 ? 8 : f->cap * 2;
		struct node *grown = reallocarray(f->nodes, cap, sizeof *grown);

		if (grown == NULL) {
			p->rc = err_set(p->e, ENOMEM, "%s", strerror(ENOMEM));
			strings_deinit(&n.patterns);
			return 0;
		}
		f->nodes = grown;
		f->cap = cap;
	}
	f->nodes[f->count] = n;
	return f->count++;
}

static bool find_name(const char *text, size_t len, size_t *out)
{
	for (size_t i = 0; filter_names[i] != NULL; i++)
		if (strlen(filter_names[i]) == len && strncmp(filter_names[i], text, len) == 0) {
			*out = i;
			return true;
		}
	return false;
}

// What stands between the parentheses, up to the closing one.
static void parse_patterns(struct parse *p, struct strings *out)
{
	do {
		const char *from, *end;

		next_char(p);
		from = p->at;
		p->at += strcspn(from, ",)");
		for (end = p->at; end > from && isspace((unsigned char)end[-1]); end--)
			;
		if (end == from) {
			fail(p, "a pattern was expected");
			return;
		}
		if (strings_add(out, from, (size_t)(end - from)) < 0)
			p->rc = err_set(p->e, ENOMEM, "%s", strerror(ENOMEM));
	} while (p->rc == 0 && take(p, ','));
}

static size_t parse_test(struct parse *p)
{
	struct node n = { .kind = FILTER_TEST };
	const char *from = p->at;

	while (islower((unsigned char)*p->at))
		p->at++;
	if (!find_name(from, (size_t)(p->at - from), &n.name)) {
		p->at = from;
		return fail(p,
		            "a name was expected (id, path, kind, level, tag, target, dialect, kernel, resource, "
		            "priority, status, slow, skipped, planned, serial, all, none)");
	}
	if (!take(p, '('))
		return fail(p, "'(' was expected");
	if (n.name < NAME_SLOW)
		parse_patterns(p, &n.patterns);
	if (p->rc == 0 && !take(p, ')'))
		fail(p, "')' was expected");
	if (p->rc < 0) {
		strings_deinit(&n.patterns);
		return 0;
	}
	return add(p, n);
}

static size_t parse_either(struct parse *p);

static size_t parse_one(struct parse *p)
{
	size_t inner;

	if (p->rc < 0)
		return 0;
	if (++p->depth > DEPTH_MAX)
		return fail(p, "too deeply nested");
	if (take(p, '!')) {
		inner = parse_one(p);
		inner = p->rc < 0 ? 0 : add(p, (struct node){ .kind = FILTER_NOT, .left = inner });
	} else if (take(p, '(')) {
		inner = parse_either(p);
		if (p->rc == 0 && !take(p, ')'))
			fail(p, "')' was expected");
	} else {
		inner = parse_test(p);
	}
	p->depth--;
	return inner;
}

static size_t parse_both(struct parse *p)
{
	size_t left = parse_one(p);

	while (p->rc == 0 && (next_char(p) == '&' || *p->at == '-')) {
		enum node_kind kind = *p->at++ == '&' ? FILTER_AND : FILTER_WITHOUT;
		size_t right = parse_one(p);

		if (p->rc == 0)
			left = add(p, (struct node){ .kind = kind, .left = left, .right = right });
	}
	return left;
}

static size_t parse_either(struct parse *p)
{
	size_t left = parse_both(p);

	while (p->rc == 0 && take(p, '|')) {
		size_t right = parse_both(p);

		if (p->rc == 0)
			left = add(p, (struct node){ .kind = FILTER_OR, .left = left, .right = right });
	}
	return left;
}

int filter_parse(const char *text, struct filter **out, struct err *e)
{
	struct parse p = { .text = text, .at = text, .e = e };

	*out = NULL;
	p.filter = calloc(1, sizeof *p.filter);
	if (p.filter == NULL)
		return err_set(e, ENOMEM, "%s", strerror(ENOMEM));
	p.filter->root = parse_either(&p);
	if (p.rc == 0 && next_char(&p) != '\0')
		fail(&p, "'&', '|', '-' or the end was expected");
	if (p.rc == 0)
		*out = p.filter;
	else
		filter_free(p.filter);
	return p.rc;
}

void filter_free(struct filter *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->count; i++)
		strings_deinit(&f->nodes[i].patterns);
	free(f->nodes);
	free(f);
}

// ---- matching
// ---------------------------------------------------------------------------------------------------

static bool fits(const struct strings *patterns, const char *text)
{
	for (size_t i = 0; text != NULL && i < patterns->count; i++)
		if (strcmp(patterns->items[i], text) == 0 || fnmatch(patterns->items[i], text, 0) == 0)
			return true;
	return false;
}

static bool any_fits(const struct strings *patterns, const struct strings *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		if (fits(patterns, texts->items[i]))
			return true;
	return false;
}

static bool status_fits(const struct strings *patterns, const struct filter_last *last)
{
	if (last->verdict == NULL)
		return fits(patterns, "new");
	return fits(patterns, last->verdict) || fits(patterns, last->unexpected ? "unexpected" : "expected");
}

static bool test_fits(const struct node *n, const struct suite_test *t, const struct filter_last *last)
{
	char priority[NAME_MAX_BYTES];

	switch ((enum name)n->name) {
	case NAME_ID:
		return fits(&n->patterns, t->id);
	case NAME_PATH:
		return fits(&n->patterns, t->path);
	case NAME_KIND:
		return fits(&n->patterns, test_kind_name(t->meta.kind));
	case NAME_LEVEL:
		return fits(&n->patterns, test_level_name(t->meta.level));
	case NAME_TAG:
		return any_fits(&n->patterns, &t->meta.tags);
	case NAME_TARGET:
		return fits(&n->patterns, t->target);
	case NAME_DIALECT:
		return fits(&n->patterns, t->dialect);
	case NAME_KERNEL:
		return fits(&n->patterns, t->kernel);
	case NAME_RESOURCE:
		return any_fits(&n->patterns, &t->meta.resources);
	case NAME_PRIORITY:
		snprintf(priority, sizeof priority, "P%u", t->meta.priority);
		return fits(&n->patterns, priority);
	case NAME_STATUS:
		return status_fits(&n->patterns, last);
	case NAME_SLOW:
		return t->meta.slow;
	case NAME_SKIPPED:
		return t->meta.skip != NULL;
	case NAME_PLANNED:
		return t->meta.planned;
	case NAME_SERIAL:
		return t->meta.serial;
	case NAME_ALL:
		return true;
	case NAME_NONE:
		return false;
	}
	return false;
}

static bool matches(const struct filter *f, size_t at, const struct suite_test *t, const struct filter_last *last)
{
	const struct node *n = &f->nodes[at];

	switch (n->kind) {
	case FILTER_AND:
		return matches(f, n->left, t, last) && matches(f, n->right, t, last);
	case FILTER_OR:
		return matches(f, n->left, t, last) || matches(f, n->right, t, last);
	case FILTER_WITHOUT:
		return matches(f, n->left, t, last) && !matches(f, n->right, t, last);
	case FILTER_NOT:
		return !matches(f, n->left, t, last);
	case FILTER_TEST:
		return test_fits(n, t, last);
	}
	return false;
}

bool filter_matches(const struct filter *f, const struct suite_test *t, const struct filter_last *last)
{
	return matches(f, f->root, t, last);
}

bool filter_needs_status(const struct filter *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->nodes[i].kind == FILTER_TEST && f->nodes[i].name == NAME_STATUS)
			return true;
	return false;
}

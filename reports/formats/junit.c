// JUnit XML, as the Jenkins schema has it: a suite for each kind of test, a test case for each test, and one for
// each case inside a test's file.
#include "formats.h"

#include "buf.h"
#include "markup.h"
#include "story.h"
#include "text.h"
#include "view.h"

#include <errno.h>
#include <string.h>

#define TAIL_LINES 40U

struct counts {
	size_t tests, failures, errors, skipped;
	uint64_t ns;
};

static bool is_skipped(enum verdict v)
{
	return v == VERDICT_SKIPPED || v == VERDICT_PLANNED || v == VERDICT_INTERRUPTED;
}

// JUnit's failure is a check that did not hold; everything else that went wrong is an error. A failure that is in
// quarantine is skipped, as pytest's xfail is: it neither failed nor passed; nor did one that was interrupted.
static void count_verdict(struct counts *c, enum verdict v, bool as_expected, bool known, uint64_t ns)
{
	c->tests++;
	c->ns += ns;
	if (is_skipped(v) || known)
		c->skipped++;
	else if (!as_expected && v == VERDICT_FAILED)
		c->failures++;
	else if (!as_expected)
		c->errors++;
}

static void count_test(struct counts *c, const struct result *r)
{
	const bool known = r->quarantine != NULL;

	count_verdict(c, r->verdict, r->as_expected, known, r->wall_ns);
	for (size_t i = 0; i < r->case_count; i++) {
		const bool bad = verdict_is_bad(r->cases[i].verdict);

		count_verdict(c, r->cases[i].verdict, !bad, known && bad, 0);
	}
}

static void add_attribute(struct buf *b, const char *name, const char *text)
{
	buf_addf(b, " %s=\"", name);
	// In an attribute a newline would be read as a blank.
	for (const char *at = text; *at != '\0';) {
		size_t len = strcspn(at, "\n\t");
		struct buf part = { 0 };

		buf_add(&part, at, len);
		markup_text(b, buf_text(&part));
		buf_deinit(&part);
		at += len;
		if (*at != '\0')
			buf_addf(b, "&#%d;", *at++);
	}
	buf_addc(b, '"');
}

// The schema allows three decimals.
static void add_seconds(struct buf *b, uint64_t ns)
{
	uint64_t ms = ns / 1000000 + (ns % 1000000 >= 500000);

	buf_addf(b, " time=\"%llu.%03u\"", (unsigned long long)(ms / 1000), (unsigned)(ms % 1000));
}

static void add_counts(struct buf *b, const struct counts *c)
{
	buf_addf(b, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"", c->tests, c->failures, c->errors);
}

// What happened, as text for the element of a failure.
static void add_body(struct view *v, const struct view_test *t, struct buf *b)
{
	const struct result_pool *p = view_main_pool(t);
	const char *again = view_again(v, view_again_prefix(v), t);

	if (t->r->evidence != NULL)
		markup_textf(b, "%s\n", text_safe(&v->arena, t->r->evidence));
	if (t->r->first_bad_check != NULL)
		markup_textf(b, "first bad check: %s\n", text_safe(&v->arena, t->r->first_bad_check));
	if (p != NULL && p->exhausted > 0)
		markup_textf(b, "slab %s\n", story_pool(&v->arena, p));
	if (again != NULL)
		markup_textf(b, "again: %s\n", again);
}

static void add_outcome(struct view *v, const struct view_test *t, struct buf *b)
{
	const struct result *r = t->r;
	const char *evidence = text_line(&v->arena, r->evidence);
	const char *element = r->verdict == VERDICT_FAILED ? "failure" : "error";

	if (r->quarantine != NULL) {
		buf_adds(b, "\n      <skipped");
		add_attribute(b, "message",
		              text_make(&v->arena, "in quarantine %s; %s: %s", text_line(&v->arena, r->quarantine),
		                        verdict_name(r->verdict), evidence));
		buf_adds(b, "/>");
	} else if (is_skipped(r->verdict)) {
		buf_adds(b, "\n      <skipped");
		if (r->verdict == VERDICT_INTERRUPTED && strncmp(evidence, "interrupted", 11) != 0)
			evidence = text_make(&v->arena, "interrupted: %s", evidence);
		add_attribute(b, "message", *evidence != '\0' ? evidence : verdict_name(r->verdict));
		buf_adds(b, "/>");
	} else if (!r->as_expected) {
		buf_addf(b, "\n      <%s", element);
		add_attribute(b, "message", evidence);
		add_attribute(b, "type", verdict_name(r->verdict));
		buf_addc(b, '>');
		add_body(v, t, b);
		buf_addf(b, "</%s>", element);
	}
}

static void add_test(struct view *v, const struct view_test *t, struct buf *b)
{
	const char *tail = story_tail(&v->arena, t->r, TAIL_LINES);

	buf_adds(b, "    <testcase");
	add_attribute(b, "name", t->id);
	add_attribute(b, "classname", t->kind);
	add_seconds(b, t->r->wall_ns);
	buf_addc(b, '>');
	add_outcome(v, t, b);
	if (*tail != '\0') {
		buf_adds(b, "\n      <system-out>");
		markup_text(b, tail);
		buf_adds(b, "</system-out>");
	}
	buf_adds(b, "\n    </testcase>\n");
}

// How often the name stood among the cases before the i-th, so that each gets a name of its own.
static size_t times_before(const struct result *r, size_t i)
{
	size_t n = 0;

	for (size_t k = 0; k < i; k++)
		n += strcmp(r->cases[k].name, r->cases[i].name) == 0;
	return n;
}

static void add_case(struct view *v, const struct view_test *t, size_t i, struct buf *b)
{
	const struct result_case *c = &t->r->cases[i];
	const char *name = text_line(&v->arena, c->name);
	const char *text = text_line(&v->arena, c->text);
	size_t before = times_before(t->r, i);

	if (before > 0)
		name = text_make(&v->arena, "%s #%zu", name, before + 1);
	buf_adds(b, "    <testcase");
	add_attribute(b, "name", name);
	add_attribute(b, "classname", t->id);
	add_seconds(b, c->ns);
	buf_addc(b, '>');
	if (is_skipped(c->verdict) || (t->r->quarantine != NULL && verdict_is_bad(c->verdict))) {
		buf_adds(b, "<skipped");
		add_attribute(b, "message", text);
		buf_adds(b, "/>");
	} else if (verdict_is_bad(c->verdict)) {
		buf_addf(b, "<%s", c->verdict == VERDICT_FAILED ? "failure" : "error");
		add_attribute(b, "message", text);
		add_attribute(b, "type", verdict_name(c->verdict));
		buf_adds(b, "/>");
	}
	buf_adds(b, "</testcase>\n");
}

static void add_suite(struct view *v, const struct view_group *g, struct buf *b)
{
	struct counts c = { 0 };

	for (size_t i = 0; i < g->count; i++)
		count_test(&c, v->tests[g->first + i].r);
	buf_adds(b, "  <testsuite");
	add_attribute(b, "name", g->kind);
	add_counts(b, &c);
	buf_addf(b, " skipped=\"%zu\"", c.skipped);
	add_seconds(b, c.ns);
	buf_adds(b, ">\n");
	for (size_t i = 0; i < g->count; i++) {
		const struct view_test *t = &v->tests[g->first + i];

		add_test(v, t, b);
		for (size_t k = 0; k < t->r->case_count; k++)
			if (t->r->cases[k].name != NULL)
				add_case(v, t, k, b);
	}
	buf_adds(b, "  </testsuite>\n");
}

int report_junit(const struct run *r, const char *path, struct err *e)
{
	struct counts all = { 0 };
	struct buf b = { 0 };
	struct view v;
	int rc = view_init(&v, r);

	if (rc == 0) {
		for (size_t i = 0; i < v.count; i++)
			count_test(&all, v.tests[i].r);
		buf_adds(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"stressgen\"");
		add_counts(&b, &all);
		add_seconds(&b, all.ns);
		buf_adds(&b, ">\n");
		for (size_t i = 0; i < v.group_count; i++)
			add_suite(&v, &v.groups[i], &b);
		buf_adds(&b, "</testsuites>\n");
	}
	rc = report_finish(&b, rc, path, e);
	view_deinit(&v);
	return rc;
}

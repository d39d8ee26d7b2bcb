// The page as a file: well-formed, complete, without scripts or anything from elsewhere.
#include "harness.h"

#include "fixture.h"
#include "reports.h"
#include "xml.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct seen {
	char *ids[4096];
	size_t id_count, figures, svgs, titles, descriptions, details, scripts, sections;
	size_t rows; // of tests
};

static void on_open(void *arg, const struct xml_element *e)
{
	struct seen *s = arg;
	const char *id = xml_attribute(e, "id");

	if (id != NULL && s->id_count < sizeof s->ids / sizeof s->ids[0])
		s->ids[s->id_count++] = strdup(id);
	s->figures += strcmp(e->name, "figure") == 0;
	s->svgs += strcmp(e->name, "svg") == 0 && xml_attribute(e, "role") != NULL;
	s->titles += strcmp(e->name, "title") == 0 && id != NULL;
	s->descriptions += strcmp(e->name, "desc") == 0;
	s->details += strcmp(e->name, "details") == 0;
	s->sections += strcmp(e->name, "section") == 0;
	s->rows += strcmp(e->name, "tr") == 0 && xml_attribute(e, "data-test") != NULL;
	s->scripts +=
	        strcmp(e->name, "script") == 0 || strcmp(e->name, "iframe") == 0 || strcmp(e->name, "img") == 0;
	for (size_t i = 0; i < e->count; i++) {
		if (strncmp(e->names[i], "on", 2) == 0 || strcmp(e->names[i], "style") == 0)
			fail_msg("<%s %s>: a content security policy would drop it", e->name, e->names[i]);
		if (strcmp(e->names[i], "href") == 0 && strchr(e->values[i], ':') != NULL &&
		    strcmp(e->values[i], "data:,") != 0)
			fail_msg("a link to elsewhere: %s", e->values[i]);
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

// The page's text (to be freed), checked for all that holds for any page.
static char *page(const struct run *r, struct seen *s)
{
	const struct xml_hooks hooks = { .open = on_open, .arg = s };
	struct err e = { 0 };
	char path[300], *text;
	const char *problem;

	*s = (struct seen){ 0 };
	snprintf(path, sizeof path, "%s/report.html", harness_tmpdir());
	assert_int_equal(report_html(r, path, &e), 0);
	text = fixture_read(path);
	problem = xml_parse(text, true, &hooks);
	if (problem != NULL)
		fail_msg("%s", problem);
	if (s->id_count > 0)
		qsort(s->ids, s->id_count, sizeof s->ids[0], by_text);
	for (size_t i = 1; i < s->id_count; i++)
		if (strcmp(s->ids[i - 1], s->ids[i]) == 0)
			fail_msg("the id %s twice", s->ids[i]);
	for (size_t i = 0; i < s->id_count; i++)
		free(s->ids[i]);
	assert_int_equal(s->scripts, 1); // the page's own
	assert_int_equal(s->figures, s->svgs);
	assert_int_equal(s->figures, s->titles);
	assert_int_equal(s->figures, s->descriptions);
	assert_true(s->details >= s->figures);
	assert_null(strstr(text, "http://"));
	assert_null(strstr(text, "https://"));
	assert_null(strstr(text, "@import"));
	assert_null(strstr(text, "url("));
	assert_null(strstr(text, "(null)"));
	assert_null(strstr(text, "=\"nan\""));
	assert_null(strstr(text, "=\"-nan\""));
	assert_null(strstr(text, "=\"inf\""));
	return text;
}

CASE("html: the default job has all sections in their order, and a data table for each chart")
{
	static const char *const sections[] = { "failures",   "targets",   "verdicts",    "growth",
		                                "allocators", "slabs",     "allocations", "http2",
		                                "kernels",    "resources", "tests",       "machine" };
	struct run r;
	struct seen s;
	char *text;
	const char *at;

	fixture_job(harness_tmpdir(), "job", 1, &r);
	at = text = page(&r, &s);
	for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
		char id[64];

		snprintf(id, sizeof id, "<section id=\"%s\">", sections[i]);
		at = strstr(at, id);
		if (at == NULL)
			fail_msg("no %s, or not in its place", sections[i]);
	}
	assert_int_equal(s.sections, sizeof sections / sizeof sections[0]);
	assert_int_equal(s.figures, 4 + 2 + 2 + 19 + 2); // growth, allocators, HTTP/2, kernels, timelines
	free(text);
	run_deinit(&r);
}

CASE("html: a failure has its evidence, backtrace and command in it")
{
	struct run r;
	struct seen s;
	char *text;

	fixture_job(harness_tmpdir(), "job", 1, &r);
	text = page(&r, &s);
	assert_non_null(strstr(text, "slab &#39;lua slab-fixed&#39; could not give 640 KiB at depth 20,482"));
	assert_non_null(strstr(text, "#0-1   countdown (countdown-40000.lua:7), 2 times\n"));
	assert_non_null(strstr(text, "--only recursion/deep-40000.lua@slab-fixed</pre>"));
	assert_non_null(strstr(text, "41 instead of &lt;42&gt; &amp; &quot;more&quot;"));
	assert_non_null(strstr(text, "pid 123 sleep 60"));
	free(text);
	run_deinit(&r);
}

CASE("html: a process under the preloaded library has its latencies, stacks, sizes and threads")
{
	struct run r;
	struct seen s;
	char *text;

	fixture_job(harness_tmpdir(), "job", 1, &r);
	text = page(&r, &s);
	assert_non_null(strstr(text, "a static program: its allocations cannot be seen"));
	assert_non_null(strstr(text, "curl: 10,000 requests, peak 39.3 KiB"));
	assert_non_null(strstr(text, "grow_buffer (curl.c:12)"));
	assert_non_null(
	        strstr(text, "request 17 (calloc of 4.00 KiB) was made to fail after 7.00 ms, and 2 more"));
	assert_non_null(strstr(text, "Of 9 blocks whose end was waited for, 2 never came back."));
	assert_non_null(strstr(text, ">resolver<"));
	assert_non_null(strstr(text, ">-128 B<"));
	assert_non_null(strstr(text, ">95.0 %<"));
	free(text);
	run_deinit(&r);
}

CASE("html: nothing that a test said gets out of its place")
{
	struct run r;
	struct seen s;
	char *text;

	fixture_hostile(harness_tmpdir(), "hostile", &r);
	text = page(&r, &s);
	for (const char *const *mark = fixture_hostile_marks; *mark != NULL; mark++)
		if (strstr(text, *mark) != NULL && strcmp(*mark, "<script") != 0)
			fail_msg("as it was: \"%.40s\"", strstr(text, *mark));
	assert_non_null(strstr(text, "&lt;script&gt;alert(1)"));
	free(text);
	run_deinit(&r);
}

CASE("html: an empty run, a killed one and a damaged one say what they are")
{
	struct fixture *f;
	struct run r;
	struct seen s;
	char *text;

	fixture_many(harness_tmpdir(), "none", 0, &r);
	text = page(&r, &s);
	assert_non_null(strstr(text, "No test ended."));
	free(text);
	run_deinit(&r);
	f = fixture_new(harness_tmpdir(), "killed", 7);
	fixture_append_bytes(f, "garbage\n", 8);
	fixture_start(f, "gc/under-way");
	fixture_load(f, &r);
	text = page(&r, &s);
	assert_non_null(strstr(text, "cannot be trusted: 1 line of the journal"));
	assert_non_null(strstr(text, "killed while gc/under-way was under way, after 0 of 7 tests"));
	free(text);
	run_deinit(&r);
}

CASE("html: 2000 tests stay under 10 MB, with every one in it")
{
	struct run r;
	struct seen s;
	char *text;

	fixture_many(harness_tmpdir(), "many", 2000, &r);
	text = page(&r, &s);
	assert_true(strlen(text) < 10000000);
	assert_true(s.rows >= 2000);
	free(text);
	run_deinit(&r);
}

CASE("html: all reports are written into the run's directory")
{
	static const char *const names[] = { "report.json", "junit.xml", "report.html", "metrics.prom" };
	struct run r;
	struct err e = { 0 };

	fixture_job(harness_tmpdir(), "job", 1, &r);
	assert_int_equal(report_all(&r, &e), 0);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char path[400], *text;

		snprintf(path, sizeof path, "%s/%s", r.dir, names[i]);
		text = fixture_read(path);
		assert_true(strlen(text) > 1000);
		free(text);
	}
	run_deinit(&r);
}

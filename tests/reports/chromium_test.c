// The page in headless Chromium: console, widths, contrast in light and dark, figures against report.json.
#include "harness.h"

#include "browser.h"
#include "buf.h"
#include "fixture.h"
#include "io.h"
#include "reports.h"

#include <stdlib.h>
#include <string.h>

static char *read_in(const char *dir, const char *name)
{
	char *path = io_join(dir, name);
	char *text = fixture_read(path);

	free(path);
	return text;
}

static void prepare(const struct run *r, const char *probe)
{
	struct err e = { 0 };
	char *json;

	if (report_all(r, &e) < 0)
		fail_msg("%s", e.text);
	json = read_in(r->dir, "report.json");
	browser_prepare(r->dir, probe, json);
	free(json);
}

static void probe(const struct run *r, const char *options, bool dark)
{
	prepare(r, "probe.js");
	browser_probe(r->dir, options, dark);
}

// The page with a content security policy that allows neither styles nor scripts, as Jenkins serves it.
static void block(const char *dir)
{
	static const char head[] = "<head>\n";
	char *page = read_in(dir, "report.html");
	char *at = strstr(page, head);
	struct buf b = { 0 };

	assert_non_null(at);
	buf_add(&b, page, (size_t)(at - page));
	buf_adds(&b, "<head>\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'\">\n");
	buf_adds(&b, at + strlen(head));
	browser_write(dir, "report.html", "", buf_text(&b));
	buf_deinit(&b);
	free(page);
}

CASE("chromium: with styles and scripts blocked, charts and tables still show what they show")
{
	struct run r;

	browser_need();
	fixture_job(harness_tmpdir(), "job", 1, &r);
	prepare(&r, "probe_plain.js");
	block(r.dir);
	browser_open(r.dir, "wrapper.html", "");
	browser_no_problems(r.dir, false);
	run_deinit(&r);
}

CASE("chromium: the page fits 375 to 1440 px, can be read and shows the figures of report.json")
{
	struct run r;

	browser_need();
	fixture_job(harness_tmpdir(), "job", 1, &r);
	probe(&r, "", false);
	run_deinit(&r);
}

CASE("chromium: the same holds in the dark")
{
	struct run r;

	browser_need();
	fixture_job(harness_tmpdir(), "job", 1, &r);
	probe(&r, BROWSER_DARK, true);
	run_deinit(&r);
}

CASE("chromium: hostile texts run nothing and complain of nothing")
{
	struct run r;
	char *dom;

	browser_need();
	fixture_hostile(harness_tmpdir(), "hostile", &r);
	prepare(&r, "probe.js");
	browser_open(r.dir, "report.html", "");
	browser_silent(r.dir);
	dom = read_in(r.dir, "dom.html");
	assert_null(strstr(dom, "<script>alert"));
	assert_non_null(strstr(dom, "Find a test")); // the page's own script ran
	assert_non_null(strstr(dom, "</html>"));
	free(dom);
	run_deinit(&r);
}

// As the table of all tests has it, the target in a column of its own. To be freed.
static char *in_table(const char *id)
{
	char *words = strdup(id);
	char *dot = words != NULL ? strchr(words, '.') : NULL;

	assert_non_null(words);
	if (dot != NULL)
		*dot = ' ';
	return words;
}

CASE("chromium: in print everything is there, what is folded too, and nothing is cut off")
{
	char *words[200];
	struct run r;
	size_t n = 0;

	browser_need();
	fixture_job(harness_tmpdir(), "job", 1, &r);
	prepare(&r, "probe.js");
	for (size_t i = 0; i < r.count && n + 1 < sizeof words / sizeof words[0]; i++)
		words[n++] = in_table(r.results[i].id);
	words[n] = NULL;
	assert_true(n > 60);
	browser_print(r.dir, (const char *const *)words);
	while (n > 0)
		free(words[--n]);
	run_deinit(&r);
}

CASE("chromium: 2000 tests open in the browser")
{
	struct run r;
	char *dom;

	browser_need();
	fixture_many(harness_tmpdir(), "many", 2000, &r);
	prepare(&r, "probe.js");
	browser_open(r.dir, "report.html", "");
	browser_silent(r.dir);
	dom = read_in(r.dir, "dom.html");
	assert_non_null(strstr(dom, "generated-program-4990"));
	free(dom);
	run_deinit(&r);
}

// The page in headless Chromium: console, widths, contrast in light and dark, figures against report.json.
#include "harness.h"

#include "buf.h"
#include "fixture.h"
#include "io.h"
#include "reports.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char wrapper[] =
        "<!doctype html><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\">"
        "<iframe id=\"page\" src=\"report.html\" style=\"border:0;height:2000px\"></iframe>"
        "<pre id=\"findings\"></pre>"
        "<script src=\"report.js\"></script><script src=\"probe.js\"></script>";

static void write_file(const char *dir, const char *name, const char *before, const char *text)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	char *path = io_join(dir, name);

	buf_adds(&b, before);
	buf_adds(&b, text);
	if (io_replace_file(path, buf_text(&b), b.len, &e) < 0)
		fail_msg("%s", e.text);
	buf_deinit(&b);
	free(path);
}

static char *read_in(const char *dir, const char *name)
{
	char *path = io_join(dir, name);
	char *text = fixture_read(path);

	free(path);
	return text;
}

// Opens DIR/NAME, lets it load and prints what has become of it into dom.html; console and complaints go to
// log.txt.
static void browse(const char *dir, const char *name, const char *options)
{
	char command[2000];

	snprintf(
	        command, sizeof command,
	        "cd '%s' && HOME='%s' timeout 90 chromium --headless --no-sandbox --disable-gpu --no-first-run "
	        "--disable-background-networking --disable-component-update --disable-sync --disable-dev-shm-usage "
	        "--allow-file-access-from-files --enable-logging=stderr --virtual-time-budget=20000 "
	        "--user-data-dir='%s/profile' %s --dump-dom 'file://%s/%s' >dom.html 2>log.txt",
	        dir, dir, dir, options, dir, name);
	if (system(command) != 0)
		fail_msg("chromium failed; %s/log.txt says more", dir);
}

static void assert_silent(const char *dir)
{
	char *log = read_in(dir, "log.txt");
	const char *said = strstr(log, "CONSOLE");

	if (said != NULL)
		fail_msg("the console says: %.300s", said);
	free(log);
}

static json_t *findings(const char *dir)
{
	char *dom = read_in(dir, "dom.html");
	char *begin = strstr(dom, "<pre id=\"findings\">"), *end;
	json_t *json = NULL;

	if (begin != NULL) {
		begin += strlen("<pre id=\"findings\">");
		end = strstr(begin, "</pre>");
		json = end != NULL ? json_loadb(begin, (size_t)(end - begin), 0, NULL) : NULL;
	}
	if (json == NULL)
		fail_msg("no findings in %s/dom.html", dir);
	free(dom);
	return json;
}

static void need_chromium(void)
{
	if (system("command -v chromium >/dev/null 2>&1") != 0)
		harness_skip("chromium is not installed");
}

// Writes all reports and the probe into the run's directory.
static void prepare(const struct run *r)
{
	struct err e = { 0 };
	char *json, *probe;

	if (report_all(r, &e) < 0)
		fail_msg("%s", e.text);
	json = read_in(r->dir, "report.json");
	probe = read_in(SG_TEST_DATA "/data", "probe.js");
	write_file(r->dir, "report.js", "const report = ", json);
	write_file(r->dir, "probe.js", "", probe);
	write_file(r->dir, "wrapper.html", "", wrapper);
	free(json);
	free(probe);
}

static void assert_no_problems(const char *dir, bool dark)
{
	json_t *json = findings(dir), *problem;
	size_t i;

	assert_int_equal(json_is_true(json_object_get(json, "dark")), dark);
	json_array_foreach(json_object_get(json, "problems"), i, problem)
	        print_error("%s\n", json_string_value(problem));
	if (json_array_size(json_object_get(json, "problems")) > 0)
		fail_msg("%zu problems", json_array_size(json_object_get(json, "problems")));
	assert_true(json_integer_value(json_object_get(json, "checks")) > 500);
	json_decref(json);
}

static void probe(const struct run *r, const char *options, bool dark)
{
	prepare(r);
	browse(r->dir, "wrapper.html", options);
	assert_silent(r->dir);
	assert_no_problems(r->dir, dark);
}

// The page with a content security policy that allows neither styles nor scripts, as Jenkins serves it.
static void block(const char *dir)
{
	static const char head[] = "<head>\n";
	char *page = read_in(dir, "report.html"), *script = read_in(SG_TEST_DATA "/data", "probe_plain.js");
	char *at = strstr(page, head);
	struct buf b = { 0 };

	assert_non_null(at);
	buf_add(&b, page, (size_t)(at - page));
	buf_adds(&b, "<head>\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'\">\n");
	buf_adds(&b, at + strlen(head));
	write_file(dir, "report.html", "", buf_text(&b));
	write_file(dir, "probe.js", "", script);
	buf_deinit(&b);
	free(page);
	free(script);
}

CASE("chromium: with styles and scripts blocked, charts and tables still show what they show")
{
	struct run r;

	need_chromium();
	fixture_job(harness_tmpdir(), "job", 1, &r);
	prepare(&r);
	block(r.dir);
	browse(r.dir, "wrapper.html", "");
	assert_no_problems(r.dir, false);
	run_deinit(&r);
}

CASE("chromium: the page fits 375 to 1440 px, can be read and shows the figures of report.json")
{
	struct run r;

	need_chromium();
	fixture_job(harness_tmpdir(), "job", 1, &r);
	probe(&r, "", false);
	run_deinit(&r);
}

CASE("chromium: the same holds in the dark")
{
	struct run r;

	need_chromium();
	fixture_job(harness_tmpdir(), "job", 1, &r);
	probe(&r, "--blink-settings=preferredColorScheme=0", true);
	run_deinit(&r);
}

CASE("chromium: hostile texts run nothing and complain of nothing")
{
	struct run r;
	char *dom;

	need_chromium();
	fixture_hostile(harness_tmpdir(), "hostile", &r);
	prepare(&r);
	browse(r.dir, "report.html", "");
	assert_silent(r.dir);
	dom = read_in(r.dir, "dom.html");
	assert_null(strstr(dom, "<script>alert"));
	assert_non_null(strstr(dom, "Find a test")); // the page's own script ran
	assert_non_null(strstr(dom, "</html>"));
	free(dom);
	run_deinit(&r);
}

CASE("chromium: 2000 tests open in the browser")
{
	struct run r;
	char *dom;

	need_chromium();
	fixture_many(harness_tmpdir(), "many", 2000, &r);
	prepare(&r);
	browse(r.dir, "report.html", "");
	assert_silent(r.dir);
	dom = read_in(r.dir, "dom.html");
	assert_non_null(strstr(dom, "generated-program-4990"));
	free(dom);
	run_deinit(&r);
}

// Pages in headless Chromium.
#include "browser.h"

#include "harness.h"

#include "buf.h"
#include "fixture.h"
#include "io.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char wrapper[] =
        "<!doctype html><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\">"
        "<iframe id=\"page\" src=\"report.html\" style=\"border:0;height:2000px\"></iframe>"
        "<pre id=\"findings\"></pre>"
        "<script src=\"report.js\"></script><script src=\"probe_common.js\"></script><script src=\"probe.js\"></script>";

void browser_write(const char *dir, const char *name, const char *before, const char *text)
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

static void browser_open_with(const char *dir, const char *name, const char *options, const char *what)
{
	char command[2000];

	snprintf(
	        command, sizeof command,
	        "cd '%s' && HOME='%s' timeout 90 chromium --headless --no-sandbox --disable-gpu --no-first-run "
	        "--disable-background-networking --disable-component-update --disable-sync --disable-dev-shm-usage "
	        "--allow-file-access-from-files --enable-logging=stderr --virtual-time-budget=20000 "
	        "--user-data-dir='%s/profile' %s %s 'file://%s/%s' >dom.html 2>log.txt",
	        dir, dir, dir, options, what, dir, name);
	if (system(command) != 0)
		fail_msg("chromium failed; %s/log.txt says more", dir);
}

void browser_open(const char *dir, const char *name, const char *options)
{
	browser_open_with(dir, name, options, "--dump-dom");
}

void browser_silent(const char *dir)
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

void browser_no_problems(const char *dir, bool dark)
{
	json_t *json = findings(dir), *problem;
	size_t i;

	assert_int_equal(json_is_true(json_object_get(json, "dark")), dark);
	json_array_foreach(json_object_get(json, "problems"), i, problem)
	        print_error("%s\n", json_string_value(problem));
	if (json_array_size(json_object_get(json, "problems")) > 0)
		fail_msg("%zu problems", json_array_size(json_object_get(json, "problems")));
	assert_true(json_integer_value(json_object_get(json, "checks")) > 40);
	json_decref(json);
}

void browser_need(void)
{
	if (system("command -v chromium >/dev/null 2>&1") != 0)
		harness_skip("chromium is not installed");
}

void browser_prepare(const char *dir, const char *probe, const char *report)
{
	static const char *const files[][2] = { { "probe_common.js", NULL }, { "probe.js", "probe" } };

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		char *script = read_in(SG_TEST_DATA "/data", files[i][1] != NULL ? probe : files[i][0]);

		browser_write(dir, files[i][0], "", script);
		free(script);
	}
	browser_write(dir, "report.js", "const report = ", report);
	browser_write(dir, "wrapper.html", "", wrapper);
}

void browser_probe(const char *dir, const char *options, bool dark)
{
	browser_open(dir, "wrapper.html", options);
	browser_silent(dir);
	browser_no_problems(dir, dark);
}

// ---- paper
// ------------------------------------------------------------------------------------------------------

// One line of `pdftotext -bbox`: <word xMin="1" yMin="2" xMax="3" yMax="4">text</word>
static void check_word(const char *line, double width, double height)
{
	double left, top, right, bottom;

	if (sscanf(line, " <word xMin=\"%lf\" yMin=\"%lf\" xMax=\"%lf\" yMax=\"%lf\"", &left, &top, &right,
	           &bottom) == 4 &&
	    (left < 0 || top < 0 || right > width || bottom > height))
		fail_msg("beyond the edge of %.0f x %.0f: %.200s", width, height, line);
}

static void check_edges(const char *dir)
{
	char *boxes = read_in(dir, "boxes.html"), *save = NULL;
	double width = 0, height = 0;
	size_t pages = 0;

	for (char *line = strtok_r(boxes, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
		pages += sscanf(line, " <page width=\"%lf\" height=\"%lf\"", &width, &height) == 2;
		check_word(line, width, height);
	}
	assert_true(pages > 0);
	free(boxes);
}

void browser_print(const char *dir, const char *const *words)
{
	char command[1600];
	char *text;

	if (system("command -v pdftotext >/dev/null 2>&1") != 0)
		harness_skip("pdftotext (Debian's poppler-utils) is not installed");
	browser_open_with(dir, "report.html", "", "--no-pdf-header-footer --print-to-pdf=paper.pdf");
	snprintf(command, sizeof command,
	         "cd '%s' && pdftotext -raw paper.pdf paper.txt && pdftotext -bbox paper.pdf boxes.html", dir);
	assert_int_equal(system(command), 0);
	check_edges(dir);
	// Words that are too long for their column go on in the next line.
	assert_int_equal(
	        snprintf(command, sizeof command, "cd '%s' && tr -d '\\n\\f' <paper.txt >words.txt", dir) > 0, 1);
	assert_int_equal(system(command), 0);
	text = read_in(dir, "words.txt");
	for (; *words != NULL; words++)
		if (strstr(text, *words) == NULL)
			fail_msg("%s/paper.pdf does not show \"%s\"", dir, *words);
	free(text);
}

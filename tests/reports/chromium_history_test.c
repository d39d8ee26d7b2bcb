// The page about a history: as a file, and in Chromium.
#include "harness.h"

#include "browser.h"
#include "fixture.h"
#include "history.h"
#include "page_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NIGHTS 20U
#define STEP_AT 14U // 2026-01-15
#define PAGE "report.html"

static struct history *open_history(enum history_mode mode)
{
	struct history *h;
	struct err e = { 0 };
	char path[300];

	snprintf(path, sizeof path, "%s/stressgen.db", harness_tmpdir());
	if (history_open(path, mode, 30000, &h, &e) < 0)
		fail_msg("%s", e.text);
	return h;
}

// What the machine does is in both; a third of the nights is half a percent slower, which medians do not see.
static uint64_t time_of(unsigned night, bool anchor)
{
	const uint64_t machine = 100000000 + 1000000 * (night * 7 % 11);

	if (anchor)
		return machine;
	return (night >= STEP_AT ? machine / 10 * 12 : machine) + (night % 3 == 1 ? machine / 200 : 0);
}

// gc/steps grows by a fifth, gc/steady does not, and each fifth night gc/steady crashes.
static void load_night(unsigned night, bool anchor, struct run *r)
{
	struct result steps = fixture_result("gc/steps.lua", VERDICT_PASSED);
	struct result steady =
	        fixture_result("gc/steady.lua", night % 5 == 4 && !anchor ? VERDICT_CRASHED : VERDICT_PASSED);
	char name[32], wall[32];
	struct fixture *f;

	snprintf(name, sizeof name, "%s%u", anchor ? "anchor" : "head", night);
	snprintf(wall, sizeof wall, "2026-01-%02uT02:10:00Z", 1 + night);
	f = fixture_new_at(harness_tmpdir(), name, 2, wall);
	steps.wall_ns = time_of(night, anchor);
	fixture_end(f, &steps);
	fixture_end(f, &steady);
	fixture_stop(f, "finished");
	fixture_load(f, r);
}

static void add_night(struct history *h, unsigned night)
{
	struct run head, anchor;
	enum history_added how;
	struct err e = { 0 };
	int64_t id;

	load_night(night, false, &head);
	load_night(night, true, &anchor);
	if (history_add(h, &(struct history_new){ &head, &anchor, "main", "abc<b>" }, &id, &how, &e) < 0)
		fail_msg("%s", e.text);
	run_deinit(&head);
	run_deinit(&anchor);
}

static struct history *make_history(unsigned nights)
{
	struct history *h = open_history(HISTORY_WRITE);

	for (unsigned i = 0; i < nights; i++)
		add_night(h, i);
	return h;
}

static const char *page_path(void)
{
	static char path[300];

	snprintf(path, sizeof path, "%s/" PAGE, harness_tmpdir());
	return path;
}

static char *page(struct history *h, ssize_t regressed, struct seen *s)
{
	struct err e = { 0 };

	assert_int_equal(report_html_history(h, &(struct history_query){ 0 }, page_path(), &e), regressed);
	return page_check(page_path(), s);
}

CASE("html history: a step is in the sentence, the table and a chart")
{
	struct history *h = make_history(NIGHTS);
	struct seen s;
	char *text = page(h, 1, &s);

	assert_non_null(strstr(text, "<h1 class=\"bad\">1 regressed, 0 improved, "));
	assert_non_null(strstr(text, "▲ +20.0 %"));
	assert_non_null(strstr(text, "2026-01-15 · abc&lt;b&gt;"));
	assert_int_equal(s.figures, 1);
	assert_int_equal(s.rows, 1 + 2); // the change, and the tests
	free(text);
	history_close(h);
}

CASE("html history: an accepted change is a past one")
{
	struct history *h = make_history(NIGHTS);
	struct history_note n = { .entry = STEP_AT + 1, .accepts = true, .text = "a new collector" };
	struct err e = { 0 };
	struct seen s;
	char *text;

	assert_int_equal(history_annotate(h, &n, &e), 0);
	text = page(h, 0, &s);
	assert_non_null(strstr(text, "<section id=\"past\">"));
	assert_non_null(strstr(text, "<td>accepted</td>"));
	assert_non_null(strstr(text, "a new collector"));
	assert_null(strstr(text, "<section id=\"changes\">"));
	free(text);
	history_close(h);
}

CASE("html history: few entries are shown and not judged; none is an error and leaves the file")
{
	struct history *h = make_history(1);
	struct err e = { 0 };
	struct seen s;
	char *text = page(h, 0, &s);

	assert_non_null(strstr(text, "Nothing is judged yet"));
	free(text);
	assert_int_equal(history_prune(h, &(struct history_prune){ .keep = 0 }, &e), 1);
	assert_int_equal(report_html_history(h, &(struct history_query){ 0 }, page_path(), &e), -ENOENT);
	text = fixture_read(page_path());
	assert_non_null(strstr(text, "Nothing is judged yet"));
	free(text);
	history_close(h);
}

CASE("html history: hostile names stay text")
{
	struct history *h = open_history(HISTORY_WRITE);
	struct run run;
	enum history_added how;
	struct err e = { 0 };
	struct seen s;
	int64_t id;
	char *text;

	fixture_hostile(harness_tmpdir(), "hostile", &run);
	if (history_add(h, &(struct history_new){ &run, NULL, "<i>", "\"'><script>" }, &id, &how, &e) < 0)
		fail_msg("%s", e.text);
	text = page(h, 0, &s);
	for (const char *const *mark = fixture_hostile_marks; *mark != NULL; mark++)
		if (strstr(text, *mark) != NULL)
			fail_msg("as it was: \"%.40s\"", strstr(text, *mark));
	free(text);
	run_deinit(&run);
	history_close(h);
}

// What the probe compares the page with.
static void expect_in_browser(void)
{
	json_t *ratios = json_array();
	json_t *expected;
	char *text;

	for (unsigned i = 0; i < NIGHTS; i++)
		json_array_append_new(ratios, json_real((double)time_of(i, false) / (double)time_of(i, true)));
	expected = json_pack("{s:i, s:{s:{s:{s:s, s:s, s:o}}}, s:[{s:s, s:s, s:i, s:i}, {s:s, s:s, s:i, s:i}]}",
	                     "entries", NIGHTS, "regressed", "gc/steps.lua", "time", "began", "2026-01-15", "by",
	                     "+20.0 %", "ratios", ratios, "tests", "id", "gc/steps.lua", "verdict", "passed",
	                     "unexpected", 0, "ran", NIGHTS, "id", "gc/steady.lua", "verdict", "crashed",
	                     "unexpected", NIGHTS / 5, "ran", NIGHTS);
	assert_non_null(expected);
	text = json_dumps(expected, 0);
	browser_prepare(harness_tmpdir(), "probe_history.js", text);
	free(text);
	json_decref(expected);
}

CASE("chromium: the page about a history fits, can be read and shows what was recorded, in light and dark")
{
	struct history *h;
	struct seen s;

	browser_need();
	h = make_history(NIGHTS);
	free(page(h, 1, &s));
	history_close(h);
	expect_in_browser();
	browser_probe(harness_tmpdir(), "", false);
	browser_probe(harness_tmpdir(), BROWSER_DARK, true);
}

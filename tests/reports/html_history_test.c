// The page about a history, as a file.
#include "harness.h"

#include "fixture.h"
#include "histories.h"
#include "made_history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

CASE("html history: a step is in the sentence, the table and a chart")
{
	struct history *h = made_history(MADE_NIGHTS);
	struct seen s;
	char *text = made_history_page(h, 1, &s);

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
	struct history *h = made_history(MADE_NIGHTS);
	struct history_note n = { .entry = MADE_STEP_AT + 1, .accepts = true, .text = "a new collector" };
	struct err e = { 0 };
	struct seen s;
	char *text;

	assert_int_equal(history_annotate(h, &n, &e), 0);
	text = made_history_page(h, 0, &s);
	assert_non_null(strstr(text, "<section id=\"past\">"));
	assert_non_null(strstr(text, "<td>accepted</td>"));
	assert_non_null(strstr(text, "a new collector"));
	assert_null(strstr(text, "<section id=\"changes\">"));
	free(text);
	history_close(h);
}

CASE("html history: few entries are shown and not judged; none is an error and leaves the file")
{
	struct history *h = made_history(1);
	struct err e = { 0 };
	struct seen s;
	char *text = made_history_page(h, 0, &s);

	assert_non_null(strstr(text, "Nothing is judged yet"));
	free(text);
	assert_int_equal(history_prune(h, &(struct history_prune){ .keep = 0 }, &e), 1);
	assert_int_equal(report_html_history(h, &(struct history_query){ 0 }, made_history_path(), &e), -ENOENT);
	text = fixture_read(made_history_path());
	assert_non_null(strstr(text, "Nothing is judged yet"));
	free(text);
	history_close(h);
}

CASE("html history: hostile names stay text")
{
	struct history *h = history_opened(HISTORY_WRITE);
	struct run run;
	struct seen s;
	char *text;

	fixture_hostile(harness_tmpdir(), "hostile", &run);
	history_added_as(h, &(struct history_new){ &run, NULL, "<i>", "\"'><script>" }, HISTORY_ADDED);
	text = made_history_page(h, 0, &s);
	for (const char *const *mark = fixture_hostile_marks; *mark != NULL; mark++)
		if (strstr(text, *mark) != NULL)
			fail_msg("as it was: \"%.40s\"", strstr(text, *mark));
	free(text);
	run_deinit(&run);
	history_close(h);
}

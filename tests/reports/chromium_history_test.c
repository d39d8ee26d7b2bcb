// The page about a history in headless Chromium.
#include "harness.h"

#include "browser.h"
#include "made_history.h"

#include <jansson.h>
#include <stdlib.h>

// What the probe compares the page with.
static void expect_in_browser(void)
{
	json_t *ratios = json_array();
	json_t *expected;
	char *text;

	for (unsigned i = 0; i < MADE_NIGHTS; i++)
		json_array_append_new(
		        ratios, json_real((double)made_history_ns(i, false) / (double)made_history_ns(i, true)));
	expected = json_pack("{s:i, s:{s:{s:{s:s, s:s, s:o}}}, s:[{s:s, s:s, s:i, s:i}, {s:s, s:s, s:i, s:i}]}",
	                     "entries", MADE_NIGHTS, "regressed", "gc/steps.lua", "time", "began", "2026-01-15",
	                     "by", "+20.0 %", "ratios", ratios, "tests", "id", "gc/steps.lua", "verdict", "passed",
	                     "unexpected", 0, "ran", MADE_NIGHTS, "id", "gc/steady.lua", "verdict", "crashed",
	                     "unexpected", MADE_NIGHTS / 5, "ran", MADE_NIGHTS);
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
	h = made_history(MADE_NIGHTS);
	free(made_history_page(h, 1, &s));
	history_close(h);
	expect_in_browser();
	browser_probe(harness_tmpdir(), "", false);
	browser_probe(harness_tmpdir(), BROWSER_DARK, true);
}

CASE("chromium: a history is printed whole")
{
	static const char *const words[] = { "gc/steps.lua", "gc/steady.lua", "2026-01-15",
		                             "+20.0 %",      "1 regressed",   NULL };
	struct history *h;
	struct seen s;

	browser_need();
	h = made_history(MADE_NIGHTS);
	free(made_history_page(h, 1, &s));
	history_close(h);
	browser_print(harness_tmpdir(), words);
}

// The page about a comparison, as a file.
#include "harness.h"

#include "made_comparison.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

CASE("html compare: sentence, notes, verdicts, changes, doubts, cliffs and runs are there, in this order")
{
	static const char *const sections[] = { "verdicts", "changes", "undecided", "cliffs",
		                                "plane",    "metrics", "runs" };
	struct made_comparison m;
	struct seen s;
	const char *at;
	char *text;

	made_comparison_init(&m);
	at = text = made_comparison_page(&m, &s);
	assert_non_null(strstr(text, "<h1 class=\"bad\">1 regressed, 1 improved"));
	assert_non_null(strstr(text, "a note &lt;of&gt; the whole"));
	assert_non_null(strstr(text, "old → new"));
	assert_non_null(strstr(text, "accepted until 2027-01-01: a larger &lt;table&gt;"));
	assert_non_null(strstr(text, "crashed (3 of 20)"));
	for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
		char id[64];

		snprintf(id, sizeof id, "<section id=\"%s\">", sections[i]);
		at = strstr(at, id);
		if (at == NULL)
			fail_msg("no %s, or not in its place", sections[i]);
	}
	assert_int_equal(s.sections, sizeof sections / sizeof sections[0]);
	free(text);
	made_comparison_deinit(&m);
}

CASE("html compare: a comparison of nothing, and ratios that are none, make a page")
{
	struct made_comparison m;
	struct seen s;
	char *text;

	made_comparison_init(&m);
	m.rows[0].ratio = m.rows[0].low = m.rows[0].high = m.rows[0].base = (double)NAN;
	m.rows[2].ratio = INFINITY;
	m.rows[2].base = 0;
	m.rows[6].low = 0;
	m.rows[6].detectable = INFINITY;
	text = made_comparison_page(&m, &s);
	assert_non_null(strstr(text, "no interval"));
	free(text);
	m.c.count = m.c.verdict_count = m.c.cliff_count = m.c.only_head_count = 0;
	m.c.detectable = (double)NAN;
	m.c.control = COMPARE_CONTROL_NONE;
	m.c.control_rows = 0;
	text = made_comparison_page(&m, &s);
	assert_int_equal(s.sections, 1);
	free(text);
	made_comparison_deinit(&m);
}

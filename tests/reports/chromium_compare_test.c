// The page about a comparison in headless Chromium.
#include "harness.h"

#include "browser.h"
#include "made_comparison.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

// What the probe compares the page with.
static void expect_in_browser(const struct made_comparison *m)
{
	json_t *rows = json_array();
	char *text;

	for (size_t i = 0; i < m->c.count; i++) {
		const struct compare_row *r = &m->rows[i];

		json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:f, s:f, s:f, s:o, s:o, s:b}", "test",
		                                      r->test, "metric", r->metric, "outcome",
		                                      compare_outcome_name(r->outcome), "base", r->base, "head",
		                                      r->head, "ratio", r->ratio, "low", json_real(r->low), "high",
		                                      isfinite(r->high) ? json_real(r->high) : json_null(),
		                                      "accepted", r->accepted != NULL));
	}
	text = json_dumps(rows, 0);
	assert_non_null(text);
	browser_prepare(harness_tmpdir(), "probe_compare.js", text);
	free(text);
	json_decref(rows);
}

CASE("chromium: the page about a comparison fits, can be read and shows its figures, in light and dark")
{
	struct made_comparison m;
	struct seen s;

	browser_need();
	made_comparison_init(&m);
	free(made_comparison_page(&m, &s));
	expect_in_browser(&m);
	browser_probe(harness_tmpdir(), "", false);
	browser_probe(harness_tmpdir(), BROWSER_DARK, true);
	made_comparison_deinit(&m);
}

CASE("chromium: a comparison is printed whole")
{
	static const char *const words[] = { "gc/cycles.lua@malloc",
		                             "gc/lists-1000.lua@malloc",
		                             "recursion/sum-5000.lua@malloc",
		                             "recursion/<b>&.lua@malloc",
		                             "gc/new.lua@malloc",
		                             "gc/accepted.lua@malloc",
		                             "gc/segv.lua@malloc",
		                             "gc/added.lua@malloc",
		                             "a note <of> the whole",
		                             NULL };
	struct made_comparison m;
	struct seen s;

	browser_need();
	made_comparison_init(&m);
	free(made_comparison_page(&m, &s));
	browser_print(harness_tmpdir(), words);
	made_comparison_deinit(&m);
}

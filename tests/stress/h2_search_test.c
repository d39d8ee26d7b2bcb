// search: goals read and judged, and the highest rate found.
#include "harness.h"
#include "search.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

CASE("h2 search: a goal holds when each of its terms does")
{
	static const struct {
		const char *goal;
		uint64_t errors;
		bool holds;
	} rows[] = {
		{ "p50<600us", 0, true },   { "p50<400us", 0, false },         { "p99<2ms,errors<1%", 9, true },
		{ "errors<1%", 10, false }, { "errors<0%", 0, true },          { "errors<0%", 1, false },
		{ "max<1ms", 0, false },    { "max<2ms,mean<700us", 0, true }, { "mean<300us", 0, false },
	};
	struct hist *h = hist_new(3);
	for (unsigned i = 1; i <= 1000; i++) // 1 us to 1 ms
		hist_record(h, i * 1000);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct h2_trial t = { h, 1000, rows[i].errors };
		struct h2_goal g;
		struct err e = { 0 };
		if (h2_goal_parse(rows[i].goal, &g, &e) < 0)
			fail_msg("%s", e.text);
		if (h2_goal_holds(&g, &t, NULL) != rows[i].holds)
			fail_msg("%s with %u errors", rows[i].goal, (unsigned)rows[i].errors);
	}
	hist_free(h);
}

CASE("h2 search: what is no goal is refused in one line")
{
	static const char *const rows[] = {
		"",         "p99",      "p99<",
		"p99<5",    "q99<5ms",  "p0<5ms",
		"p101<5ms", "errors<5", "errors<101%",
		"p99<5ms,", "p99>5ms",  "max<1s,max<1s,max<1s,max<1s,max<1s,max<1s,max<1s,max<1s,max<1s"
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct h2_goal g;
		struct err e = { 0 };
		const bool bare = strcmp(rows[i], "p99<5") == 0; // a bare number is seconds
		if ((h2_goal_parse(rows[i], &g, &e) == -EINVAL) == bare)
			fail_msg("'%s'", rows[i]);
		if (!bare && !strstr(e.text, "write 'p99<5ms,errors<0.1%'"))
			fail_msg("'%s': %s", rows[i], e.text);
	}
}

CASE("h2 search: any border is found within 5 %, in few trials")
{
	static const uint64_t borders[] = { 0, 1, 2, 7, 99, 100, 101, 1234, 65537, 9999999, 20000000 };
	for (size_t i = 0; i < sizeof(borders) / sizeof(borders[0]); i++) {
		const uint64_t border = borders[i] < 10000000 ? borders[i] : 10000000;
		struct h2_search s;
		unsigned trials = 0;
		for (h2_search_begin(&s, 100, 10000000); s.next > 0; trials++) {
			assert_true(s.next <= 10000000);
			h2_search_tried(&s, s.next <= border);
		}
		if (s.low > border || border - s.low > border / 20 + 1 || trials > 29)
			fail_msg("border %u: found %u in %u trials", (unsigned)border, (unsigned)s.low, trials);
	}
}

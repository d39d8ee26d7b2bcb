// HTTP/2 attacks as reports show them: what the server did, what it cost, what others felt.
#include "harness.h"

#include "attacks.h"
#include "fixture.h"
#include "page_check.h"
#include "reports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_cost(struct result *r)
{
	fixture_gauge(r, "server_rss_before", 8 << 20, "bytes");
	fixture_gauge(r, "server_rss_peak", 72 << 20, "bytes");
	fixture_gauge(r, "attack_cpu", 36.2, "ms");
	fixture_gauge(r, "fresh_lost", 0, "connections");
	fixture_latencies(r, "fresh-calm", 300000, 0.01, 50, 1);
	fixture_latencies(r, "fresh", 9000000, 0.01, 50, 2);
}

// One that was answered and measured, one whose server nobody found, one that kept others out, and a load.
static void make_run(struct run *run)
{
	struct fixture *f = fixture_new(harness_tmpdir(), "run", 4);
	struct result r = fixture_result("http2/attack-measured", VERDICT_PASSED);

	fixture_string(&r.notes, "other: of no interest");
	fixture_string(&r.notes,
	               "attack: GOAWAY ENHANCE_YOUR_CALM (too many) after 1002 of 20000 frames, in 1.2 ms");
	add_cost(&r);
	fixture_end(f, &r);
	r = fixture_result("http2/attack-elsewhere", VERDICT_FAILED);
	fixture_string(&r.notes, "attack: no <reaction> in its time");
	fixture_end(f, &r);
	r = fixture_result("http2/attack-greedy", VERDICT_FAILED);
	fixture_string(&r.notes, "attack: closed after 7 of 7 frames");
	add_cost(&r);
	r.gauges[r.gauge_count - 1].value = 12;
	fixture_end(f, &r);
	r = fixture_result("http2/load", VERDICT_PASSED);
	fixture_end(f, &r);
	fixture_load(f, run);
}

CASE("attacks: a row for each, with figures where they were measured and gaps where not")
{
	struct run run;
	struct view v;
	size_t count;
	const struct attack_row *rows;

	make_run(&run);
	assert_int_equal(view_init(&v, &run), 0);
	rows = attacks_list(&v, &count);
	assert_int_equal(count, 3);
	assert_string_equal(rows[0].test->name, "attack-elsewhere");
	assert_string_equal(attack_cpu(&v, &rows[0]), "");
	assert_string_equal(attack_memory(&v, &rows[0]), "");
	assert_string_equal(attack_others(&v, &rows[0]), "");
	assert_string_equal(attack_others(&v, &rows[1]), "12 unanswered");
	assert_string_equal(rows[2].reaction,
	                    "GOAWAY ENHANCE_YOUR_CALM (too many) after 1002 of 20000 frames, in 1.2 ms");
	assert_string_equal(attack_cpu(&v, &rows[2]), "36.2 ms");
	assert_string_equal(attack_memory(&v, &rows[2]), "+64.0 MiB");
	assert_true(rows[2].calm_ns >= 299000 && rows[2].calm_ns < 1500000 && rows[2].fresh_ns >= 8990000);
	view_deinit(&v);
	run_deinit(&run);
}

CASE("attacks: the terminal and the page say what the server did, also of those that passed")
{
	struct err e = { 0 };
	struct run run;
	struct seen seen = { 0 };
	char path[300], *text, *page;

	make_run(&run);
	text = fixture_terminal(&run, 100, 0);
	assert_non_null(strstr(text, "what the server did"));
	assert_non_null(strstr(text, "measured   GOAWAY ENHANCE_YOUR_CALM, in 1.2 ms "));
	assert_non_null(strstr(text, "12 unanswered"));
	snprintf(path, sizeof path, "%s/report.html", harness_tmpdir());
	assert_int_equal(report_html(&run, path, &e), 0);
	page = page_check(path, &seen);
	assert_non_null(strstr(page, ">Attacks<"));
	assert_non_null(strstr(page, "GOAWAY ENHANCE_YOUR_CALM (too many) after 1002 of 20000 frames, in 1.2 ms"));
	assert_non_null(strstr(page, "no &lt;reaction&gt; in its time"));
	free(text);
	free(page);
	run_deinit(&run);
}

CASE("attacks: a run without any has no table of them")
{
	struct run run;
	char *text;

	fixture_job(harness_tmpdir(), "job", 0, &run);
	text = fixture_terminal(&run, 100, 0);
	assert_null(strstr(text, "what the server did"));
	free(text);
	run_deinit(&run);
}

// The page as a file: well-formed, complete, without scripts or anything from elsewhere.
#include "harness.h"

#include "fixture.h"
#include "page_check.h"
#include "reports.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *page(const struct run *r, struct seen *s)
{
	struct err e = { 0 };
	char path[300];

	snprintf(path, sizeof path, "%s/report.html", harness_tmpdir());
	assert_int_equal(report_html(r, path, &e), 0);
	return page_check(path, s);
}

// The page of the default job with trouble in it; both are the caller's.
static char *page_of_job(struct run *r, struct seen *s)
{
	fixture_job(harness_tmpdir(), "job", 1, r);
	return page(r, s);
}

static void assert_says(const char *text, const char *const *wanted)
{
	for (; *wanted != NULL; wanted++)
		if (strstr(text, *wanted) == NULL)
			fail_msg("the page does not say \"%s\"", *wanted);
}

// The same of the default job's page.
static void assert_job_says(const char *const *wanted)
{
	struct run r;
	struct seen s;
	char *text = page_of_job(&r, &s);

	assert_says(text, wanted);
	free(text);
	run_deinit(&r);
}

CASE("html: the default job has all sections in their order, and a data table for each chart")
{
	static const char *const sections[] = { "failures", "named",         "cases",      "targets", "verdicts",
		                                "growth",   "growth-memory", "allocators", "slabs",   "jemalloc",
		                                "leaks",    "allocations",   "http2",      "kernels", "resources",
		                                "tests",    "machine" };
	struct run r;
	struct seen s;
	char *text;
	const char *at;

	at = text = page_of_job(&r, &s);
	for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
		char id[64];

		snprintf(id, sizeof id, "<section id=\"%s\">", sections[i]);
		at = strstr(at, id);
		if (at == NULL)
			fail_msg("no %s, or not in its place", sections[i]);
	}
	assert_int_equal(s.sections, sizeof sections / sizeof sections[0]);
	assert_int_equal(s.figures,
	                 4 + 4 + 2 + 1 + 3 + 1 + 2 + 19 + 2); // growth of time and of memory, allocators, slabs,
	                                                      // jemalloc, leaks, HTTP/2, kernels, timelines
	free(text);
	run_deinit(&r);
}

CASE("html: a failure has its evidence, backtrace and command in it")
{
	static const char *const wanted[] = {
		"slab &#39;lua slab-fixed&#39; could not give 640 KiB at depth 20,482",
		"#0-1   countdown (countdown-40000.lua:7), 2 times\n",
		"--only recursion/deep-40000.lua@slab-fixed</pre>",
		"41 instead of &lt;42&gt; &amp; &quot;more&quot;",
		"pid 123 sleep 60",
		NULL
	};
	assert_job_says(wanted);
}

CASE("html: a process under the preloaded library has its latencies, stacks, sizes and threads")
{
	static const char *const wanted[] = {
		"a static program: its allocations cannot be seen",
		"curl: 10,000 requests, peak 39.3 KiB",
		"grow_buffer (curl.c:12)",
		"request 17 (calloc of 4.00 KiB) was made to fail after 7.00 ms, and 2 more",
		"Of 9 blocks whose end was waited for, 2 never came back.",
		">resolver<",
		">-128 B<",
		">95.0 %<",
		NULL
	};
	assert_job_says(wanted);
}

CASE("html: a test of several processes has them together, the worst by its name, and each for itself folded up")
{
	static const char *const wanted[] = { ">All peaks together<",
		                              "<td>curl</td>",
		                              ">68.6 KiB<", // 40,210 and 30,000 bytes
		                              ">20,000<",   // requests
		                              "Show all 3 processes",
		                              "<td>a-helper-with-a-name-of-its-own</td>",
		                              NULL };
	assert_job_says(wanted);
}

CASE("html: a process's jemalloc has its caches, purges, waits, and what its version does not tell")
{
	static const char *const wanted[] = {
		"Caches, purging, waiting",
		"python3, caches and purging over time",
		">11.4 MiB<", // given back, of 12,000,000 bytes
		">10.0 s<",   // decay
		">Cache fills<",
		"Mutexes that were not free at once",
		"<code>bins</code>",
		"jemalloc 5.3.0 of python3 does not tell: stats.arenas.4096.tcache_stashed_bytes.",
		NULL
	};
	assert_job_says(wanted);
}

CASE("html: what a test took that skipped itself is not held against another target's")
{
	struct fixture *f = fixture_new(harness_tmpdir(), "skips", 2);
	struct result ran = fixture_result("gc/list.node", VERDICT_PASSED);
	struct result skipped = fixture_result("gc/list.python3", VERDICT_SKIPPED);
	struct run r;
	struct seen s;
	char *text, *row;

	ran.peak_rss_bytes = 100U << 20;
	skipped.peak_rss_bytes = 20U << 20;
	fixture_latencies(&ran, "repetition", 1000000, 0.1, 30, 1);
	fixture_latencies(&skipped, "repetition", 2000000, 0.1, 30, 2);
	fixture_end(f, &ran);
	fixture_end(f, &skipped);
	fixture_load(f, &r);
	text = page(&r, &s);
	assert_non_null(strstr(text, "1.00×"));
	row = strstr(text, "<th scope=\"row\">python3</th>");
	assert_non_null(row);
	*strstr(row, "</tr>") = '\0';
	assert_null(strstr(row, "×"));
	free(text);
	run_deinit(&r);
}

CASE("html: nothing that a test said gets out of its place")
{
	struct run r;
	struct seen s;
	char *text;

	fixture_hostile(harness_tmpdir(), "hostile", &r);
	text = page(&r, &s);
	for (const char *const *mark = fixture_hostile_marks; *mark != NULL; mark++)
		if (strstr(text, *mark) != NULL)
			fail_msg("as it was: \"%.40s\"", strstr(text, *mark));
	assert_non_null(strstr(text, "&lt;script&gt;alert(1)"));
	free(text);
	run_deinit(&r);
}

CASE("html: an empty run, a killed one and a damaged one say what they are")
{
	struct fixture *f;
	struct run r;
	struct seen s;
	char *text;

	fixture_many(harness_tmpdir(), "none", 0, &r);
	text = page(&r, &s);
	assert_non_null(strstr(text, "No test ended."));
	free(text);
	run_deinit(&r);
	f = fixture_new(harness_tmpdir(), "killed", 7);
	fixture_append_bytes(f, "garbage\n", 8);
	fixture_start(f, "gc/under-way");
	fixture_load(f, &r);
	text = page(&r, &s);
	assert_non_null(strstr(text, "cannot be trusted: 1 line of the journal"));
	assert_non_null(strstr(text, "broke off while gc/under-way was under way, after 0 of 7 tests"));
	free(text);
	run_deinit(&r);
}

CASE("html: 2000 tests stay under 10 MB, with every one in it")
{
	struct run r;
	struct seen s;
	char *text;

	fixture_many(harness_tmpdir(), "many", 2000, &r);
	text = page(&r, &s);
	assert_true(strlen(text) < 10000000);
	assert_true(s.rows >= 2000);
	free(text);
	run_deinit(&r);
}

CASE("html: all reports are written into the run's directory")
{
	static const char *const names[] = { "report.json", "junit.xml", "report.html", "metrics.prom" };
	struct run r;
	struct err e = { 0 };

	fixture_job(harness_tmpdir(), "job", 1, &r);
	assert_int_equal(report_all(&r, &e), 0);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char path[400], *text;

		snprintf(path, sizeof path, "%s/%s", r.dir, names[i]);
		text = fixture_read(path);
		assert_true(strlen(text) > 1000);
		free(text);
	}
	run_deinit(&r);
}

// Every native workload on every malloc of the machine, and on one that is broken, which must be found.
#include "e2e.h"
#include "harness.h"
#include "io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Small, but long enough for each kind of call: what of the words differs from the defaults.
static const struct {
	const char *name, *words;
} workloads[] = {
	{ "nop", "rounds=200" },
	{ "glibc-simple", "rounds=200 threads=2" },
	{ "larson", "rounds=2000 generations=4" },
	{ "xmalloc", "batches=20 threads=4" },
	{ "mstress", "phases=3 scale=4000" },
	{ "sh6bench", "rounds=1 largest=300" },
	{ "sh8bench", "rounds=1 largest=100" },
	{ "cache-thrash", "rounds=20" },
	{ "cache-scratch", "rounds=20" },
	{ "alloc-test", "slots=2000 rounds=20000" },
	{ "rptest", "rounds=4 blocks=1000" },
	{ "realloc-growth", "rounds=4000" },
	{ "retention", "bytes=4M" },
	{ "replay", "" },
};
#define WORKLOADS (sizeof workloads / sizeof workloads[0])

#define TRACE "recorded.sgtrace"

// A test for each of them; every word of every block is compared.
static const char *make_suite(void)
{
	const char *dir = harness_tmpdir();
	struct outcome o = E2E(dir, "record", "-o", TRACE, "--", "/bin/sh", "-c", "ls -l / | sort | wc -l");
	char name[80], text[400];

	if (o.exit_code != 0)
		fail_msg("%s", buf_text(&o.err));
	outcome_deinit(&o);
	for (size_t i = 0; i < WORKLOADS; i++) {
		snprintf(name, sizeof name, "suite/%s.alloc", workloads[i].name);
		if (strcmp(workloads[i].name, "replay") == 0)
			snprintf(
			        text, sizeof text,
			        "# @Test alloc/replay\n# @Sentinel on\n# @Run {stressgen:native} replay '%s/" TRACE
			        "' full-check=1\n",
			        dir);
		else
			snprintf(text, sizeof text,
			         "# @Test alloc/%s\n# @Sentinel on\n# @Run {stressgen:native} %s seed=7 sample=1 "
			         "full-check=1 %s\n",
			         workloads[i].name, workloads[i].name, workloads[i].words);
		e2e_write(dir, name, text, false);
	}
	return dir;
}

static json_t *run_on(const char *dir, const char *alloc)
{
	struct outcome o =
	        E2E(dir, "run", "suite", "--alloc", alloc, "-o", "out", "--progress", "none", "--no-preload");
	char *path;
	json_t *report;

	if (o.exit_code == 3)
		harness_skip(buf_text(&o.err));
	if (o.exit_code > 1)
		fail_msg("exit %d: %s", o.exit_code, buf_text(&o.err));
	path = io_join(dir, "out");
	report = e2e_report(path);
	free(path);
	outcome_deinit(&o);
	return report;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static bool has_gauge(const json_t *test, const char *name)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(test, "gauges"), i, one)
	{
		if (strcmp(text_of(one, "name"), name) == 0)
			return true;
	}
	return false;
}

// Debian 12's mimalloc does not align what aligned_alloc gives (docs/findings.md).
static bool is_known(const char *alloc, const char *workload, const char *evidence)
{
	return strcmp(alloc, "mimalloc") == 0 && (strcmp(workload, "rptest") == 0) &&
	       strstr(evidence, "aligned_alloc(") != NULL;
}

static void assert_figures(const json_t *test, const char *name)
{
	static const char *const gauges[] = { "throughput", "calls", "peak_rss", "live", "rss" };

	for (size_t i = 0; i < sizeof gauges / sizeof gauges[0]; i++)
		if (!has_gauge(test, gauges[i]))
			fail_msg("%s has no %s", name, gauges[i]);
	assert_true(json_array_size(json_object_get(test, "series")) > 0);
}

static void run_all_on(const char *alloc)
{
	const char *dir = make_suite();
	json_t *report = run_on(dir, alloc);

	for (size_t i = 0; i < WORKLOADS; i++) {
		char id[80];
		json_t *test;

		snprintf(id, sizeof id, "alloc/%s", workloads[i].name);
		test = e2e_test(report, id);
		if (strncmp(text_of(test, "allocator"), alloc, strlen(alloc)) != 0)
			harness_skip(text_of(test, "allocator")); // a sanitizer's own
		if (!is_known(alloc, workloads[i].name, text_of(test, "evidence")) &&
		    strcmp(text_of(test, "verdict"), "passed") != 0)
			fail_msg("%s on %s: %s", id, alloc, text_of(test, "evidence"));
		assert_figures(test, id);
	}
	json_decref(report);
}

CASE("workloads: all of them on glibc's malloc hold what was written and print their figures")
{
	run_all_on("glibc");
}

CASE("workloads: all of them on jemalloc hold what was written and print their figures")
{
	run_all_on("jemalloc");
}

CASE("workloads: all of them on mimalloc hold what was written and print their figures")
{
	run_all_on("mimalloc");
}

CASE("workloads: all of them on tcmalloc hold what was written and print their figures")
{
	run_all_on("tcmalloc");
}

CASE("workloads: all of them on tbb hold what was written and print their figures")
{
	run_all_on("tbb");
}

// ---- the library in front of them -----------------------------------------------------------------------------

// `retention` on jemalloc, with one more option; its only test.
static json_t *retention_with(const char *option, const char *value)
{
	const char *dir = harness_tmpdir();
	char *path = io_join(dir, "out");
	struct outcome o;
	json_t *report;

	e2e_write(dir, "suite/r.alloc", "# @Test alloc/r\n# @Run {stressgen:native} retention bytes=32M\n", false);
	o = E2E(dir, "run", "suite", "--alloc", "jemalloc", "-o", "out", "--progress", "none", option, value);
	if (o.exit_code == 3)
		harness_skip(buf_text(&o.err));
	report = e2e_report(path);
	if (strncmp(text_of(e2e_test(report, "alloc/r"), "allocator"), "jemalloc", 8) != 0)
		harness_skip("built with a sanitizer");
	free(path);
	outcome_deinit(&o);
	return report;
}

CASE("workloads: the library that would be measured too is in front of them only where it is asked for")
{
	json_t *report = retention_with("--instrument", "sampled");
	const json_t *test = e2e_test(report, "alloc/r");

	assert_true(json_array_size(json_object_get(test, "counters")) > 0);
	assert_true(json_array_size(json_object_get(test, "jemallocs")) > 0);
	json_decref(report);
}

CASE("workloads: without --instrument nothing but the malloc is in front of them")
{
	json_t *report = retention_with("--sample-every", "100ms");

	assert_int_equal(json_array_size(json_object_get(e2e_test(report, "alloc/r"), "counters")), 0);
	json_decref(report);
}

CASE("workloads: retention under a cap exhausts slabs that are mostly free")
{
	json_t *report = retention_with("--jemalloc-cap", "16M");
	const json_t *test = e2e_test(report, "alloc/r");

	assert_string_equal(text_of(test, "verdict"), "slab-exhausted");
	assert_contains(text_of(test, "evidence"), "slab 'jemalloc' full");
	json_decref(report);
}

// ---- a malloc that does wrong --------------------------------------------------------------------------------

static void assert_found(const char *fault, const char *const *names, const char *words)
{
	const char *dir = make_suite();
	char spec[400];
	json_t *report;

	snprintf(spec, sizeof spec, "%s:BROKEN_MALLOC=%s", SG_BROKEN_MALLOC, fault);
	report = run_on(dir, spec);
	for (; *names != NULL; names++) {
		json_t *test = e2e_test(report, *names);

		if (strstr(text_of(test, "allocator"), "libbroken_malloc") == NULL)
			harness_skip(text_of(test, "allocator")); // a sanitizer's own
		assert_string_equal(text_of(test, "verdict"), "failed");
		assert_contains(text_of(test, "evidence"), words);
	}
	json_decref(report);
}

CASE("workloads: blocks that overlap are found by every workload that holds several")
{
	static const char *const names[] = { "alloc/glibc-simple",
		                             "alloc/larson",
		                             "alloc/xmalloc",
		                             "alloc/mstress",
		                             "alloc/sh6bench",
		                             "alloc/sh8bench",
		                             "alloc/alloc-test",
		                             "alloc/rptest",
		                             "alloc/retention",
		                             "alloc/replay",
		                             NULL };

	assert_found("overlap", names, "do not hold what was written to them");
}

CASE("workloads: content that realloc lost is found")
{
	static const char *const names[] = { "alloc/realloc-growth", "alloc/mstress", NULL };

	assert_found("content", names, "lost the content");
}

CASE("workloads: blocks from calloc that are not zero are found")
{
	static const char *const names[] = { "alloc/mstress", "alloc/rptest", NULL };

	assert_found("zero", names, "that are not all zero");
}

CASE("workloads: aligned blocks that are not are found")
{
	static const char *const names[] = { "alloc/rptest", NULL };

	assert_found("align", names, "aligned_alloc(");
}

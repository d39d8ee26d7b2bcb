// metrics.prom: the grammar of OpenMetrics as far as we use it.
#include "harness.h"

#include "fixture.h"
#include "reports.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	char family[128], type[32];
	char **series; // names and labels of all samples
	size_t count;
	bool ended;
};

// The labels behind `{`; returns what follows the `}`.
static const char *skip_labels(const char *at)
{
	for (;;) {
		while (isalnum((unsigned char)*at) || *at == '_')
			at++;
		if (strncmp(at, "=\"", 2) != 0)
			fail_msg("bad label at \"%.60s\"", at);
		for (at += 2; *at != '"'; at++) {
			if (*at == '\0')
				fail_msg("label without an end");
			if (*at == '\\' && strchr("\\\"n", *++at) == NULL)
				fail_msg("bad escape at \"%.20s\"", at - 1);
		}
		if (*++at == '}')
			return at + 1;
		if (*at++ != ',')
			fail_msg("bad labels at \"%.60s\"", at - 1);
	}
}

static void check_value(const char *text)
{
	char *end;

	if (strcmp(text, "NaN") == 0 || strcmp(text, "+Inf") == 0 || strcmp(text, "-Inf") == 0)
		return;
	if (!isfinite(strtod(text, &end)) || *end != '\0')
		fail_msg("bad value \"%s\"", text);
}

static void on_sample(struct reader *r, const char *line)
{
	size_t len = strcspn(line, "{");
	const char *rest;

	if (strncmp(line, r->family, strlen(r->family)) != 0)
		fail_msg("%.*s stands in the family %s", (int)len, line, r->family);
	line += strlen(r->family);
	len -= strlen(r->family);
	if (len > 0 && strcmp(r->type, "summary") != 0)
		fail_msg("a suffix in a %s", r->type);
	rest = skip_labels(line + len + 1);
	assert_int_equal(*rest, ' ');
	check_value(rest + 1);
	r->series = reallocarray(r->series, r->count + 1, sizeof *r->series);
	if (asprintf(&r->series[r->count++], "%s%.*s", r->family, (int)(rest - line), line) < 0)
		fail();
}

static void on_line(struct reader *r, const char *line)
{
	char name[128], rest[256];

	if (r->ended)
		fail_msg("behind the end: %s", line);
	if (strcmp(line, "# EOF") == 0) {
		r->ended = true;
	} else if (sscanf(line, "# TYPE %127s %31s", name, r->type) == 2) {
		snprintf(r->family, sizeof r->family, "%s", name);
	} else if (sscanf(line, "# UNIT %127s %255s", name, rest) == 2) {
		assert_string_equal(name, r->family);
		assert_string_equal(name + strlen(name) - strlen(rest), rest); // names end with their unit
	} else if (sscanf(line, "# HELP %127s %255[^\n]", name, rest) == 2) {
		assert_string_equal(name, r->family);
	} else {
		on_sample(r, line);
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t check(const struct run *run)
{
	struct reader r = { 0 };
	struct err e = { 0 };
	char path[300], *text;

	snprintf(path, sizeof path, "%s/metrics.prom", harness_tmpdir());
	assert_int_equal(report_prom(run, path, &e), 0);
	text = fixture_read(path);
	assert_string_equal(text + strlen(text) - 6, "# EOF\n");
	for (char *save, *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save))
		on_line(&r, line);
	assert_true(r.ended);
	if (r.count > 0)
		qsort(r.series, r.count, sizeof *r.series, by_text);
	for (size_t i = 1; i < r.count; i++)
		if (strcmp(r.series[i - 1], r.series[i]) == 0)
			fail_msg("twice: %s", r.series[i]);
	for (size_t i = 0; i < r.count; i++)
		free(r.series[i]);
	free(r.series);
	free(text);
	return r.count;
}

CASE("prom: every line is right and no sample is there twice")
{
	struct run r;

	fixture_job(harness_tmpdir(), "job", 1, &r);
	assert_true(check(&r) > 900);
	run_deinit(&r);
	fixture_hostile(harness_tmpdir(), "hostile", &r);
	assert_true(check(&r) > 0);
	run_deinit(&r);
	fixture_many(harness_tmpdir(), "none", 0, &r);
	assert_int_equal(check(&r), 0);
	run_deinit(&r);
}

CASE("prom: pools, series and gauges of one name are told apart or said once")
{
	struct fixture *f = fixture_new(harness_tmpdir(), "twins", 1);
	struct result one = fixture_result("gc/a", VERDICT_PASSED);
	struct run r;

	for (unsigned i = 0; i < 3; i++) {
		fixture_pool(&one, "slab", 16, 100, 10 * i);
		fixture_gauge(&one, "g", i, "x");
	}
	fixture_end(f, &one);
	fixture_stop(f, "finished");
	fixture_load(f, &r);
	check(&r);
	run_deinit(&r);
}

CASE("prom: seconds and bytes are what the run had")
{
	struct run r;
	struct err e = { 0 };
	char path[300], *text;

	fixture_job(harness_tmpdir(), "job", 1, &r);
	snprintf(path, sizeof path, "%s/metrics.prom", harness_tmpdir());
	assert_int_equal(report_prom(&r, path, &e), 0);
	text = fixture_read(path);
	assert_non_null(strstr(text, "stressgen_test_wall_seconds{test=\"http2/slow\"} 30\n"));
	assert_non_null(strstr(text, "stressgen_pool_capacity_bytes{test=\"recursion/deep-40000.lua@slab-fixed\","
	                             "pool=\"lua slab-fixed\",process=\"pool/4711\"} 6501171\n"));
	assert_non_null(
	        strstr(text, "stressgen_test_as_expected{test=\"gc/segv.python3\",verdict=\"crashed\"} 0\n"));
	free(text);
	run_deinit(&r);
}

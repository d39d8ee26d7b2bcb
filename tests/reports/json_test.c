// report.json against its schema, and its figures against the run.
#include "harness.h"

#include "fixture.h"
#include "reports.h"
#include "schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *load(const char *path)
{
	json_error_t error;
	json_t *json = json_load_file(path, 0, &error);

	if (json == NULL)
		fail_msg("%s:%d: %s", path, error.line, error.text);
	return json;
}

static json_t *report(const struct run *r)
{
	char path[300];
	struct err e = { 0 };

	snprintf(path, sizeof path, "%s/report.json", harness_tmpdir());
	if (report_json(r, path, &e) < 0)
		fail_msg("%s", e.text);
	return load(path);
}

// Checks the run's report against the schema and returns it.
static json_t *valid_report(const struct run *r)
{
	json_t *schema = load(SG_SOURCE_DIR "/docs/report.schema.json");
	json_t *json = report(r);
	const char *problem = schema_check(schema, json);

	if (problem != NULL)
		fail_msg("%s", problem);
	json_decref(schema);
	return json;
}

CASE("json: reports obey their schema, whatever the run")
{
	struct run r;

	fixture_job(harness_tmpdir(), "job", 1, &r);
	json_decref(valid_report(&r));
	run_deinit(&r);
	fixture_hostile(harness_tmpdir(), "hostile", &r);
	json_decref(valid_report(&r));
	run_deinit(&r);
	fixture_many(harness_tmpdir(), "none", 0, &r);
	json_decref(valid_report(&r));
	run_deinit(&r);
}

CASE("json: the schema refuses what is no report")
{
	json_t *schema = load(SG_SOURCE_DIR "/docs/report.schema.json");
	struct run r;
	json_t *json, *test;

	fixture_many(harness_tmpdir(), "few", 3, &r);
	json = report(&r);
	assert_null(schema_check(schema, json));
	test = json_array_get(json_object_get(json, "tests"), 0);
	json_object_set_new(test, "verdict", json_string("fine"));
	assert_non_null(strstr(schema_check(schema, json), "/tests/0/verdict"));
	json_object_set_new(test, "verdict", json_string("passed"));
	assert_null(schema_check(schema, json));
	json_object_del(test, "id");
	assert_non_null(strstr(schema_check(schema, json), "lacks id"));
	json_object_set_new(test, "id", json_string("x"));
	json_object_set_new(test, "wall_ns", json_integer(-1));
	assert_non_null(strstr(schema_check(schema, json), "/tests/0/wall_ns"));
	json_object_set_new(test, "wall_ns", json_string("1"));
	assert_non_null(strstr(schema_check(schema, json), "/tests/0/wall_ns"));
	json_decref(json);
	json_decref(schema);
	run_deinit(&r);
}

CASE("json: results come back from it with the histograms they had")
{
	struct run r;
	json_t *json, *tests;

	fixture_job(harness_tmpdir(), "job", 1, &r);
	json = valid_report(&r);
	tests = json_object_get(json, "tests");
	assert_int_equal(json_array_size(tests), r.count);
	for (size_t i = 0; i < r.count; i++) {
		const struct result *old = &r.results[i];
		json_t *test = json_array_get(tests, i), *series = json_object_get(test, "series");
		struct result back = { 0 };
		struct err e = { 0 };

		assert_int_equal(result_from_json(test, &back, &e), 0);
		assert_string_equal(back.id, old->id);
		assert_int_equal(back.verdict, old->verdict);
		assert_int_equal(back.wall_ns, old->wall_ns);
		assert_int_equal(back.series_count, old->series_count);
		for (size_t k = 0; k < old->series_count; k++) {
			const struct hist *a = old->series[k].hist, *b = back.series[k].hist;
			json_t *p = json_object_get(json_array_get(series, k), "percentiles_ns");

			assert_int_equal(a->total, b->total);
			assert_memory_equal(a->counts, b->counts, a->slots * sizeof a->counts[0]);
			assert_int_equal(json_integer_value(json_object_get(p, "p50")), hist_percentile(a, 50));
			assert_int_equal(json_integer_value(json_object_get(p, "p99.9")),
			                 hist_percentile(a, 99.9));
		}
		result_deinit(&back);
	}
	json_decref(json);
	run_deinit(&r);
}

CASE("json: the same run gives the same bytes")
{
	struct run r;
	json_t *a, *b;

	fixture_job(harness_tmpdir(), "job", 1, &r);
	a = report(&r);
	b = report(&r);
	assert_true(json_equal(a, b));
	json_decref(a);
	json_decref(b);
	run_deinit(&r);
}

CASE("json: interrupted and damaged runs say so")
{
	struct fixture *f = fixture_new(harness_tmpdir(), "torn", 5);
	struct result one = fixture_result("gc/a", VERDICT_PASSED);
	struct run r;
	json_t *json, *summary;

	fixture_end(f, &one);
	fixture_append_bytes(f, "garbage\n", 8);
	fixture_start(f, "gc/b");
	fixture_append_bytes(f, "{\"crc", 5);
	fixture_load(f, &r);
	json = valid_report(&r);
	summary = json_object_get(json, "summary");
	assert_int_equal(json_array_size(json_object_get(summary, "warnings")), 3);
	assert_string_equal(json_string_value(json_object_get(summary, "under_way")), "gc/b");
	assert_int_equal(json_integer_value(json_object_get(summary, "planned")), 5);
	assert_null(json_object_get(summary, "stop_reason"));
	assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "journal"), "bad_lines")), 1);
	assert_true(json_is_true(json_object_get(json_object_get(json, "journal"), "torn_tail")));
	json_decref(json);
	run_deinit(&r);
}

CASE("json: a report that cannot be written is an error that names the file")
{
	struct run r;
	struct err e = { 0 };

	fixture_many(harness_tmpdir(), "few", 3, &r);
	assert_true(report_json(&r, "/nowhere/at/all/report.json", &e) < 0);
	assert_non_null(strstr(e.text, "/nowhere/at/all/report.json"));
	run_deinit(&r);
}

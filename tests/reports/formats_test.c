// The formats for other programs: each is held against the rules that its readers go by.
#include "harness.h"

#include "compare_formats.h"
#include "fixture.h"
#include "formats.h"
#include "io.h"
#include "made_comparison.h"

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *write_format(report_fn write_report, const struct run *r)
{
	char path[300];
	struct err e = { 0 };

	snprintf(path, sizeof path, "%s/out", harness_tmpdir());
	if (write_report(r, path, &e) < 0)
		fail_msg("%s", e.text);
	return fixture_read(path);
}

static json_t *write_json(report_fn write_report, const struct run *r)
{
	char *text = write_format(write_report, r);
	json_error_t where;
	json_t *json = json_loads(text, 0, &where);

	if (json == NULL)
		fail_msg("%s at %d", where.text, where.line);
	free(text);
	return json;
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	if (text == NULL)
		fail_msg("no text '%s'", key);
	return text;
}

static double number_of(const json_t *o, const char *key)
{
	if (!json_is_number(json_object_get(o, key)))
		fail_msg("no number '%s'", key);
	return json_number_value(json_object_get(o, key));
}

// The default job with its failures, the hostile run, one without tests, and 3 invocations of one test.
enum { RUNS = 4 };

static void invocations(struct run *r)
{
	struct fixture *f = fixture_new(harness_tmpdir(), "three", 3);

	for (unsigned i = 0; i < 3; i++) {
		char id[32];
		struct result one;

		snprintf(id, sizeof id, i == 0 ? "gc/x.lua" : "gc/x.lua#%u", i + 1);
		one = fixture_result(id, VERDICT_PASSED);
		one.wall_ns = (30 - 10 * i) * 1000000; // 30, 20, 10 ms
		fixture_latencies(&one, "total", 1000 * (i + 1), 0.1, 50, i);
		fixture_gauge(&one, "rate", 100 * (i + 1), "req/s");
		fixture_end(f, &one);
	}
	fixture_stop(f, "finished");
	fixture_load(f, r);
}

static void load(unsigned which, struct run *r)
{
	switch (which) {
	case 0:
		fixture_job(harness_tmpdir(), "job", 1, r);
		break;
	case 1:
		fixture_hostile(harness_tmpdir(), "hostile", r);
		break;
	case 2:
		fixture_many(harness_tmpdir(), "none", 0, r);
		break;
	default:
		invocations(r);
	}
}

CASE("formats: names are there once, and only parts share one")
{
	for (size_t i = 0; i < report_format_count; i++)
		for (size_t k = i + 1; k < report_format_count; k++)
			if (strcmp(report_formats[i].name, report_formats[k].name) == 0)
				assert_true(report_formats[i].part != NULL && report_formats[k].part != NULL &&
				            strcmp(report_formats[i].part, report_formats[k].part) != 0);
}

CASE("formats: every one writes any run, and leaves nothing where it cannot")
{
	for (unsigned which = 0; which < RUNS; which++) {
		struct run r;

		load(which, &r);
		for (size_t i = 0; i < report_format_count; i++) {
			struct err e = { 0 };

			free(write_format(report_formats[i].write, &r));
			assert_true(report_formats[i].write(&r, "/nowhere/at/all/out", &e) < 0);
			assert_non_null(strstr(e.text, "/nowhere/at/all/out"));
		}
		run_deinit(&r);
	}
}

CASE("formats: in Google Benchmark's, an invocation is a repetition")
{
	struct run r;
	json_t *report, *list;

	invocations(&r);
	report = write_json(report_gbench, &r);
	list = json_object_get(report, "benchmarks");
	assert_int_equal(json_array_size(list), 3);
	for (size_t i = 0; i < 3; i++) {
		const json_t *b = json_array_get(list, i);

		assert_string_equal(text_of(b, "name"), "gc/x.lua");
		assert_string_equal(text_of(b, "run_name"), "gc/x.lua");
		assert_string_equal(text_of(b, "run_type"), "iteration");
		assert_string_equal(text_of(b, "time_unit"), "ns");
		assert_true(number_of(b, "repetitions") == 3);
		assert_true(number_of(b, "repetition_index") == (double)i);
		assert_true(number_of(b, "family_index") == 0);
		assert_true(number_of(b, "iterations") == 50);
		assert_true(fabs(number_of(b, "real_time") - hist_mean(r.results[i].series[0].hist)) < 1e-6);
		assert_true(number_of(b, "cpu_time") == 34e6 / 50);
		assert_true(number_of(b, "rate") == 100.0 * (double)(i + 1));
	}
	assert_string_equal(text_of(json_object_get(report, "context"), "date"), "2026-11-21T02:10:00Z");
	json_decref(report);
	run_deinit(&r);
}

CASE("formats: in Google Benchmark's, what failed says so and what was skipped is not there")
{
	struct run r;
	json_t *report, *b;
	size_t i, failed = 0;

	fixture_job(harness_tmpdir(), "job", 1, &r);
	report = write_json(report_gbench, &r);
	json_array_foreach(json_object_get(report, "benchmarks"), i, b)
	{
		failed += json_is_true(json_object_get(b, "error_occurred"));
		assert_true(number_of(b, "real_time") >= 0);
	}
	assert_int_equal(failed, run_unexpected(&r));
	assert_int_equal(i, r.count - run_count(&r, VERDICT_SKIPPED) - run_count(&r, VERDICT_PLANNED));
	json_decref(report);
	run_deinit(&r);
}

CASE("formats: BMF is the median of the invocations between its bounds")
{
	struct run r;
	json_t *report, *time;

	invocations(&r);
	report = write_json(report_bmf, &r);
	assert_int_equal(json_object_size(report), 1);
	time = json_object_get(json_object_get(report, "gc/x.lua"), "time");
	assert_true(number_of(time, "value") == 20e6);
	assert_true(number_of(time, "lower_value") == 10e6);
	assert_true(number_of(time, "upper_value") == 30e6);
	assert_int_equal(json_object_size(time), 3);
	json_decref(report);
	run_deinit(&r);
	fixture_job(harness_tmpdir(), "job", 1, &r);
	report = write_json(report_bmf, &r);
	time = json_object_get(json_object_iter_value(json_object_iter(report)), "time");
	assert_int_equal(json_object_size(time), 1); // one invocation has no bounds
	json_decref(report);
	run_deinit(&r);
}

static size_t check_directions(const json_t *list, const json_t *other)
{
	json_t *a, *b;
	size_t i, k;

	json_array_foreach(list, i, a)
	{
		text_of(a, "unit");
		assert_true(isfinite(number_of(a, "value")));
		json_array_foreach(other, k, b) if (a != b)
		        assert_string_not_equal(text_of(a, "name"), text_of(b, "name"));
	}
	return json_array_size(list);
}

CASE("formats: github-action-benchmark's two files have every name once, by direction")
{
	for (unsigned which = 1; which < RUNS; which++) {
		struct run r;
		json_t *smaller, *bigger;
		size_t n;

		load(which, &r);
		smaller = write_json(report_smaller_is_better, &r);
		bigger = write_json(report_bigger_is_better, &r);
		check_directions(smaller, smaller);
		n = check_directions(bigger, smaller);
		check_directions(bigger, bigger);
		assert_int_equal(n, which == 3 ? 1 : n);
		if (which == 3)
			assert_string_equal(text_of(json_array_get(bigger, 0), "range"), "100 to 300");
		json_decref(smaller);
		json_decref(bigger);
		run_deinit(&r);
	}
}

CASE("formats: CTRF has the members and the words of its schema, and its counts add up")
{
	static const char *const statuses[] = { "passed", "failed", "skipped", "pending", "other" };

	for (unsigned which = 0; which < RUNS; which++) {
		double counts[5] = { 0 };
		struct run r;
		json_t *report, *results, *summary, *test;
		size_t i;

		load(which, &r);
		report = write_json(report_ctrf, &r);
		assert_string_equal(text_of(report, "reportFormat"), "CTRF");
		results = json_object_get(report, "results");
		summary = json_object_get(results, "summary");
		text_of(json_object_get(results, "tool"), "name");
		json_array_foreach(json_object_get(results, "tests"), i, test)
		{
			size_t k = 0;

			assert_true(json_is_integer(json_object_get(test, "duration")));
			assert_true(text_of(test, "name")[0] != '\0');
			while (k < 5 && strcmp(statuses[k], text_of(test, "status")) != 0)
				k++;
			assert_true(k < 5);
			counts[k]++;
		}
		for (size_t k = 0; k < 5; k++)
			assert_true(number_of(summary, statuses[k]) == counts[k]);
		assert_true(number_of(summary, "tests") == (double)r.count);
		assert_true(number_of(summary, "stop") >= number_of(summary, "start"));
		assert_true(number_of(summary, "start") == 1795227000000);
		json_decref(report);
		run_deinit(&r);
	}
}

// ---- CSV ----------------------------------------------------------------------------------------------------

// Reads one record of RFC 4180; returns its fields' count, and moves on.
static size_t read_record(const char **at)
{
	size_t fields = 1;
	bool quoted = false;

	for (; **at != '\0'; ++*at) {
		if (**at == '"')
			quoted = !quoted;
		else if (!quoted && **at == ',')
			fields++;
		else if (!quoted && strncmp(*at, "\r\n", 2) == 0)
			break;
		else if (!quoted)
			assert_true(**at != '\r' && **at != '\n');
	}
	assert_false(quoted);
	*at += strlen("\r\n");
	return fields;
}

CASE("formats: CSV has six fields in every line, whatever is in them")
{
	for (unsigned which = 0; which < RUNS; which++) {
		struct run r;
		char *text;
		size_t lines = 0;

		load(which, &r);
		text = write_format(report_csv, &r);
		for (const char *at = text; *at != '\0'; lines++)
			assert_int_equal(read_record(&at), 6);
		assert_true(lines >= 1 + 7 * r.count);
		free(text);
		run_deinit(&r);
	}
}

// ---- Markdown -----------------------------------------------------------------------------------------------

CASE("formats: in Markdown no text of a test is markup, and tables keep their columns")
{
	for (unsigned which = 0; which < RUNS; which++) {
		struct run r;
		char *text, fence[64] = "";

		load(which, &r);
		text = write_format(report_md, &r);
		for (char *save, *line = strtok_r(text, "\n", &save); line != NULL;
		     line = strtok_r(NULL, "\n", &save)) {
			size_t bars = 0, ticks = strspn(line, "`");

			if (ticks >= 3 && (fence[0] == '\0' || strcmp(line, fence) == 0)) {
				snprintf(fence, sizeof fence, "%s", fence[0] == '\0' ? line : "");
				continue;
			}
			if (fence[0] != '\0')
				continue;
			if (strncmp(line, "<details>", 9) != 0 && strcmp(line, "</details>") != 0)
				assert_null(strchr(line, '<'));
			for (const char *p = line; *p != '\0'; p++)
				bars += *p == '|' && (p == line || p[-1] != '\\');
			assert_true(bars == 0 || bars == 7);
		}
		assert_string_equal(fence, "");
		free(text);
		run_deinit(&r);
	}
}

// ---- .hgrm --------------------------------------------------------------------------------------------------

CASE("formats: .hgrm rows rise to 100 % of every series")
{
	struct run r;
	char *text;
	double value, part, last_part = -1, last_value = 0;
	unsigned long long count, series = 0, ends = 0;
	size_t with_values = 0;

	fixture_job(harness_tmpdir(), "job", 1, &r);
	text = write_format(report_hgrm, &r);
	for (char *save, *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "# ", 2) == 0) {
			series++;
			last_part = -1;
			last_value = 0;
		} else if (sscanf(line, "%lf %lf %llu", &value, &part, &count) == 3) {
			assert_true(part > last_part && value >= last_value && part <= 1);
			ends += part == 1;
			last_part = part;
			last_value = value;
		}
	}
	for (size_t i = 0; i < r.count; i++)
		for (size_t k = 0; k < r.results[i].series_count; k++)
			with_values += r.results[i].series[k].hist->total > 0;
	assert_int_equal(series, with_values);
	assert_int_equal(ends, with_values);
	free(text);
	run_deinit(&r);
}

// ---- what the consumers' own tools say ------------------------------------------------------------------------

// The command must take DIR/out; what it says otherwise is the test's.
static void must_take(const char *command)
{
	char line[1200], said[300];

	snprintf(line, sizeof line, "%s <'%s/out' >'%s/said' 2>&1", command, harness_tmpdir(), harness_tmpdir());
	if (system(line) == 0)
		return;
	snprintf(said, sizeof said, "%s/said", harness_tmpdir());
	fail_msg("%.900s", fixture_read(said));
}

static void all_must_be_taken(report_fn write, const char *command)
{
	for (unsigned which = 0; which < RUNS; which++) {
		struct run r;

		load(which, &r);
		free(write_format(write, &r));
		must_take(command);
		run_deinit(&r);
	}
}

CASE("formats: Debian's promtool takes the metrics")
{
	if (system("promtool --version >/dev/null 2>&1") != 0)
		harness_skip("promtool is not here; Debian's package prometheus brings it");
	all_must_be_taken(report_prom, "promtool check metrics");
}

#define XMLLINT "xmllint --noout --schema '" SG_TEST_DATA "/data/junit.xsd' -"

CASE("formats: JUnit files are as Jenkins' schema has them, says xmllint, whatever tests are called")
{
	struct made_comparison m;
	struct buf b = { 0 };
	struct err e = { 0 };
	char path[300];

	if (system("xmllint --version >/dev/null 2>&1") != 0)
		harness_skip("xmllint is not here; Debian's package libxml2-utils brings it");
	all_must_be_taken(report_junit, XMLLINT);
	made_comparison_init(&m);
	assert_int_equal(compare_junit(&m.c, &b), 0);
	snprintf(path, sizeof path, "%s/out", harness_tmpdir());
	assert_int_equal(io_replace_file(path, buf_text(&b), b.len, &e), 0);
	must_take(XMLLINT);
	buf_deinit(&b);
	made_comparison_deinit(&m);
}

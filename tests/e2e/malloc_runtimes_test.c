// glibc, jemalloc, mimalloc and tcmalloc against each other under programs that people run.
#include "e2e.h"
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_there(const char *program)
{
	char line[200];

	snprintf(line, sizeof line, "command -v %s >/dev/null 2>&1", program);
	return system(line) == 0;
}

// Those of the mallocs that `stressgen targets` has as present.
static size_t find_mallocs(const char *dir, const char *out[4])
{
	static const char *const names[] = { "glibc", "jemalloc", "mimalloc", "tcmalloc" };
	size_t n = 0;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct outcome o =
		        E2E(dir, "run", "--alloc", names[i], "--progress", "none", "-o", names[i], "--", "true");

		if (o.exit_code == 0)
			out[n++] = names[i];
		outcome_deinit(&o);
	}
	return n;
}

static const json_t *row_of(const json_t *report, const char *metric, const char *variant)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(report, "rows"), i, one)
	{
		if (strcmp(json_string_value(json_object_get(one, "metric")), metric) == 0 &&
		    strstr(json_string_value(json_object_get(one, "test")), variant) != NULL)
			return one;
	}
	return NULL;
}

// Each malloc but the first has time, CPU, peak memory and page faults with an interval, calls that were counted,
// and its part of the sentence.
static void compare_on(const char *program, const char *option, const char *script)
{
	const char *dir = harness_tmpdir(), *mallocs[4], *args[40] = { "ab" };
	static const char *const metrics[] = { "time", "cpu", "memory", "faults/minor" };
	const size_t count = is_there(program) ? find_mallocs(dir, mallocs) : 0;
	struct outcome o;
	json_t *report;
	size_t n = 1;

	if (count < 2)
		skip();
	for (size_t i = 0; i < count; i++) {
		args[n++] = "--alloc";
		args[n++] = mallocs[i];
	}
	memcpy(args + n,
	       (const char *[]){ "--pairs", "6", "--progress", "none", "--format", "json", "-o", "out", "--",
	                         program, option, script },
	       12 * sizeof *args);
	o = e2e_run(dir, args);
	report = json_loads(buf_text(&o.out), 0, NULL);
	assert_string_equal(o.exit_code == 0 ? "" : buf_text(&o.err), "");
	assert_non_null(report);
	assert_int_equal(json_array_size(json_object_get(report, "variants")), count);
	for (size_t i = 1; i < count; i++) {
		const char *variant = count > 2 ? mallocs[i] : "";

		for (size_t k = 0; k < sizeof metrics / sizeof metrics[0]; k++) {
			const json_t *row = row_of(report, metrics[k], variant);
			const double low = json_number_value(json_object_get(row, "low"));

			assert_non_null(row);
			assert_true(low > 0 && low <= json_number_value(json_object_get(row, "high")));
		}
		assert_non_null(row_of(report, "counter/interposer/free_calls", variant));
		assert_contains(json_string_value(json_object_get(report, "sentence")), mallocs[i]);
	}
	json_decref(report);
	outcome_deinit(&o);
}

CASE("mallocs: lua is compared on each of them")
{
	compare_on("lua5.4", "-e", "local t={} for i=1,200000 do t[i]={i, tostring(i)} end");
}

CASE("mallocs: python3 is compared on each of them")
{
	compare_on("/usr/bin/python3", "-c", "x = [str(i) * (i % 50) for i in range(200000)]");
}

CASE("mallocs: sqlite3 is compared on each of them")
{
	compare_on(
	        "sqlite3", ":memory:",
	        "create table t(a,b); with recursive n(i) as (select 1 union all select i+1 from n where i<100000) "
	        "insert into t select i, hex(randomblob(20)) from n; create index x on t(b); select count(*) from t;");
}

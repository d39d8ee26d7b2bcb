// stressgen ab: variants against each other. What is timed has no say here: the machine that tests run on is busy.
#include "e2e.h"
#include "harness.h"
#include "io.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CALM "--progress", "none", "--precision", "1%", "--pairs", "8", "--budget", "10m", "--seed", "7"

static const char *make_suite(void)
{
	const char *dir = harness_tmpdir();

	e2e_write(dir, "suite/a.sh",
	          "# @Test gc/a\n# @Run sh {file}\necho \"@@ gauge work ${WORK:-1000} bytes\"\n", false);
	e2e_write(dir, "suite/b.sh", "# @Test gc/b\n# @Run sh {file}\necho \"@@ gauge work 5 bytes\"\n", false);
	return dir;
}

static double real(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

CASE("ab: a command that needs twice the memory peaks that much higher, with an interval, and exits 0")
{
	const char *dir = harness_tmpdir();
	struct outcome run = E2E(dir, "ab", "--a", "dd if=/dev/zero of=/dev/null bs=150M count=1", "--b",
	                         "dd if=/dev/zero of=/dev/null bs=300M count=1", "-o", "out", CALM);
	json_t *json;
	const json_t *memory;

	assert_string_equal(buf_text(&run.out)[0] != '\0' ? "" : buf_text(&run.err), "");
	assert_int_equal(run.exit_code, 0);
	assert_contains(buf_text(&run.out), "B "); // too long to be names, the commands are A and B
	assert_contains(buf_text(&run.out), "B: dd if=/dev/zero of=/dev/null bs=300M count=1");
	assert_contains(buf_text(&run.out), "higher");
	json = e2e_comparison(dir, "out");
	memory = e2e_row(json, "command", "memory");
	assert_string_equal(json_string_value(json_object_get(memory, "outcome")), "regressed");
	assert_true(real(memory, "low") > 1.5 && real(memory, "high") < 2.5);
	assert_int_equal(json_array_size(json_object_get(json, "variants")), 2);
	assert_string_equal(json_string_value(json_object_get(json, "plan")), "intervals");
	json_decref(json);
	outcome_deinit(&run);
}

CASE("ab: the page calls the variants by their names, and draws the memory of each over time")
{
	const char *dir = harness_tmpdir();
	struct buf page = { 0 };
	struct outcome o;
	char *path = io_join(dir, "out.html");

	e2e_write(
	        dir, "hold.sh",
	        "x=$(head -c $WORK /dev/zero | tr '\\0' x)\ni=0\nwhile [ $i -lt 12 ]; do sleep 0.1; i=$((i + 1)); "
	        "done\n",
	        false);
	o = E2E(dir, "ab", "--env", "WORK=100000", "--env", "WORK=9000000", "--pairs", "2", "--budget", "10m",
	        "--progress", "none", "--seed", "7", "--no-preload", "-o", "out", "--", "sh", "hold.sh");
	assert_string_equal(o.exit_code == 0 ? "" : buf_text(&o.err), "");
	outcome_deinit(&o);
	o = E2E(dir, "compare", "out", "--format", "html", "-o", "out.html");
	assert_int_equal(o.exit_code, 0);
	assert_int_equal(io_read_file(path, 1U << 24, &page, NULL), 0);
	assert_contains(buf_text(&page), "<section id=\"memory\">");
	assert_contains(buf_text(&page), "WORK=100000 up to ");
	assert_contains(buf_text(&page), ">WORK=9000000</th>");
	assert_null(strstr(buf_text(&page), ">Base<"));
	assert_null(strstr(buf_text(&page), ">Head<"));
	buf_deinit(&page);
	outcome_deinit(&o);
	free(path);
}

CASE("ab: several variants of several tests have each their rows, and one of all tests together")
{
	const char *dir = make_suite();
	struct outcome run = E2E(dir, "ab", "suite", "--env", "WORK=1000", "--env", "WORK=1500", "--env",
	                         "WORK=500", "-o", "out", "--format", "json", CALM, "--pairs", "14");
	json_t *json = json_loads(buf_text(&run.out), 0, NULL);
	const json_t *more, *less, *same;

	assert_int_equal(run.exit_code, 0);
	assert_non_null(json);
	more = e2e_row(json, "gc/a [WORK=1500]", "gauge/work");
	less = e2e_row(json, "gc/a [WORK=500]", "gauge/work");
	same = e2e_row(json, "gc/b [WORK=500]", "gauge/work");
	assert_true(fabs(real(more, "ratio") - 1.5) < 1e-6 && fabs(real(less, "ratio") - .5) < 1e-6);
	assert_string_equal(json_string_value(json_object_get(more, "outcome")), "regressed");
	assert_string_equal(json_string_value(json_object_get(less, "outcome")), "improved");
	assert_string_equal(json_string_value(json_object_get(same, "outcome")), "unchanged");
	assert_int_equal(
	        json_integer_value(json_object_get(e2e_row(json, "all 2 tests [WORK=500]", "time"), "pairs")), 14);
	json_decref(json);
	outcome_deinit(&run);
}

CASE("ab: time comes from runs without the interposer, and what it counts from a pass of their own")
{
	const char *dir = harness_tmpdir();
	struct outcome run =
	        E2E(dir, "ab", "--env", "MALLOC_ARENA_MAX=1", "-o", "out", CALM, "--", "sort", "/dev/null");
	char *path = io_join(dir, "out");
	json_t *report = e2e_report(path);
	json_t *tests = json_object_get(report, "tests"), *one;
	size_t i, screened = 0, counted = 0;

	free(path);
	assert_int_equal(run.exit_code, 0);
	json_array_foreach(tests, i, one)
	{
		const char *phase = json_string_value(json_object_get(one, "phase"));
		const size_t counters = json_array_size(json_object_get(one, "counters"));

		screened += strcmp(phase, "screen") == 0;
		counted += strcmp(phase, "calls") == 0;
		assert_int_equal(counters > 0, strcmp(phase, "calls") == 0);
	}
	assert_int_equal(screened, 16);
	assert_int_equal(counted, 4);
	json_decref(report);
	outcome_deinit(&run);
}

CASE("ab: one that was stopped goes on with its plan, and every invocation is there once")
{
	const char *dir = make_suite();
	struct outcome first =
	        E2E(dir, "ab", "suite", "--env", "WORK=7", "-o", "out", "--suite-timeout", "1ms", CALM);
	struct outcome resumed = E2E(dir, "ab", "--resume", "-o", "out", "--progress", "none");
	struct outcome again = E2E(dir, "run", "--resume", "-o", "out", "--progress", "none");
	json_t *json = e2e_comparison(dir, "out");

	assert_int_equal(first.exit_code, 1);
	assert_int_equal(resumed.exit_code, 0);
	assert_int_equal(json_integer_value(json_object_get(e2e_row(json, "gc/a", "time"), "pairs")), 8);
	assert_int_equal(json_integer_value(json_object_get(e2e_row(json, "all 2 tests", "time"), "pairs")), 8);
	assert_int_equal(again.exit_code, 0);
	assert_string_equal(buf_text(&again.out), buf_text(&resumed.out));
	json_decref(json);
	outcome_deinit(&first);
	outcome_deinit(&resumed);
	outcome_deinit(&again);
}

CASE("ab: a cap that a program dies of is said first, and makes the exit code 1")
{
	const char *dir = harness_tmpdir();
	struct outcome run = E2E(dir, "ab", "--cap", "60M", "-o", "out", "--progress", "none", "--pairs", "2",
	                         "--", "dd", "if=/dev/zero", "of=/dev/null", "bs=400M", "count=3");

	assert_int_equal(run.exit_code, 1);
	assert_contains(buf_text(&run.out), "1 test ends as expected with no cap alone");
	assert_contains(buf_text(&run.out), "out-of-memory");
	outcome_deinit(&run);
}

CASE("ab: what cannot be compared is refused in one line")
{
	static const struct {
		const char *args[6];
		int code;
		const char *says;
	} cases[] = { { { "--", "true" }, 2, "what is to be compared?" },
		      { { "--a", "x" }, 2, "--a and --b go together" },
		      { { "--env", "x", "--", "true" }, 2, "--env x: NAME=VALUE was expected" },
		      { { "--cap", "7", "--", "true" }, 2, "--cap 7: a size of at least 1M was expected" },
		      { { "--precision", "x", "--cap", "9M" }, 2, "--precision x: a percentage" },
		      { { "--alloc", "/no/such.so", "--", "true" }, 3, "/no/such.so" } };
	const char *dir = make_suite();

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *args[12] = { "ab", "-o", "out" };
		struct outcome o;

		memcpy(args + 3, cases[i].args, sizeof cases[i].args);
		if (strcmp(cases[i].args[0], "--precision") == 0)
			args[7] = "suite";
		o = e2e_run(dir, args);
		assert_contains(buf_text(&o.err), cases[i].says);
		assert_int_equal(o.exit_code, cases[i].code);
		outcome_deinit(&o);
	}
}

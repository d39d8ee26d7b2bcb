// Pairs: run --against, and compare on what it left behind.
#include "e2e.h"
#include "harness.h"
#include "io.h"
#include "journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Two tests whose figures the program decides: 1000 bytes a run, and a drawn number.
static const char *make_suite(void)
{
	const char *dir = harness_tmpdir();

	e2e_write(dir, "suite/a.sh",
	          "# @Test gc/a\n# @Run sh {file}\necho \"@@ gauge work ${WORK:-1000} bytes\"\n", false);
	e2e_write(dir, "suite/b.sh", "# @Test gc/b\n# @Run sh {file}\n# @DependsOn gc/a\nexit ${CODE:-0}\n",
	          false);
	e2e_write(dir, "less", "#!/bin/sh\nWORK=500 exec sh \"$@\"\n", true);
	e2e_write(dir, "failing", "#!/bin/sh\nCODE=3 exec sh \"$@\"\n", true);
	return dir;
}

// What is timed has no say: the machine that tests run on is busy.
#define CALM                                                                                                      \
	"--progress", "none", "--no-preload", "--threshold", "time=1000%,cpu=1000%,memory=1000%", "--no-control"

CASE("against: a program that needs more than base is a regression, confirmed by fresh pairs, exit 1")
{
	const char *dir = make_suite();
	struct outcome run = E2E(dir, "run", "suite", "--against", "./less", "--pairs", "16", "--confirm", "16",
	                         "-o", "out", CALM);
	struct outcome again =
	        E2E(dir, "compare", "out", "--format", "json", "--threshold", "time=1000%,cpu=1000%");
	json_t *json = json_loads(buf_text(&again.out), 0, NULL);

	assert_int_equal(run.exit_code, 1);
	assert_contains(buf_text(&run.out), "1 regressed");
	assert_contains(buf_text(&run.out), "gc/a  work");
	assert_contains(buf_text(&run.out), "+100 %");
	assert_contains(buf_text(&run.err), "the screen found something in");
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "plan")), "screened and confirmed");
	json_decref(json);
	outcome_deinit(&run);
	outcome_deinit(&again);
}

CASE("against: a test that base fails and head passes is better, the other way round exit 1")
{
	const char *dir = make_suite();
	struct outcome better = E2E(dir, "run", "suite", "--against", "./failing", "--pairs", "2", "--confirm",
	                            "0", "-o", "out", CALM);
	struct outcome worse = E2E(dir, "run", "suite", "--against", "env CODE=0 sh", "--pairs", "2", "--confirm",
	                           "0", "--wrap", "env CODE=3", "-o", "worse", CALM);

	assert_int_equal(better.exit_code, 0);
	assert_contains(buf_text(&better.out), "improved  failed (2 of 2) → passed (2 of 2)  gc/b");
	assert_contains(buf_text(&better.out), "Not judged: 2 pairs");
	assert_int_equal(worse.exit_code, 1);
	assert_contains(buf_text(&worse.out), "regressed  passed (2 of 2) → failed (2 of 2)  gc/b");
	outcome_deinit(&better);
	outcome_deinit(&worse);
}

CASE("against: a run that was stopped goes on with its plan, and every pair is there once")
{
	const char *dir = make_suite();
	struct outcome first, resumed;
	json_t *report;
	char *out;

	e2e_write(dir, "suite/c.sh", "# @Test gc/c\n# @Run sh {file}\n", false);
	first = E2E(dir, "run", "suite", "--against", "./less", "--pairs", "3", "--confirm", "0", "-o", "out",
	            "--suite-timeout", "1ms", CALM);
	resumed = E2E(dir, "run", "--resume", "-o", "out", "--progress", "none", "--fail-on", "none");
	out = io_join(dir, "out");
	report = e2e_report(out);
	assert_int_equal(first.exit_code, 1);
	assert_contains(buf_text(&first.err), "the time for the whole run was over");
	assert_int_equal(resumed.exit_code, 0);
	assert_contains(buf_text(&resumed.out), "Not judged: 3 pairs");
	assert_int_equal(json_array_size(json_object_get(report, "tests")), 3 * 3 * 2);
	free(out);
	json_decref(report);
	outcome_deinit(&first);
	outcome_deinit(&resumed);
}

CASE("against: a budget chooses how many pairs fit, more than 20 where there is time, and says what they detect")
{
	const char *dir = make_suite();
	struct outcome much = E2E(dir, "run", "suite", "--only", "gc/a", "--against", "./less", "--budget", "10h",
	                          "--confirm", "0", "--suite-timeout", "1ms", "-o", "much", CALM);
	struct outcome little = E2E(dir, "run", "suite", "--only", "gc/a", "--against", "./less", "--budget",
	                            "1ms", "-o", "little", CALM);
	struct outcome resumed = E2E(dir, "run", "--resume", "-o", "much", "--progress", "none", "--fail-on",
	                             "none", "--suite-timeout", "0");
	char *out = io_join(dir, "much");
	json_t *report = e2e_report(out);

	assert_int_equal(much.exit_code, 1); // the time was over
	assert_int_equal(little.exit_code, 0);
	assert_contains(buf_text(&little.err), "--budget 1.00 ms: 1 pair fits");
	assert_contains(buf_text(&little.err), "fewer than 16 are shown and not judged");
	assert_int_equal(resumed.exit_code, 0);
	assert_contains(buf_text(&resumed.err), ": 133 pairs fit");
	assert_contains(buf_text(&resumed.err), "133 pairs detect 4 % where an invocation's noise is 1 %");
	assert_int_equal(json_array_size(json_object_get(report, "tests")), 2 + 133 * 2);
	free(out);
	json_decref(report);
	outcome_deinit(&much);
	outcome_deinit(&little);
	outcome_deinit(&resumed);
}

CASE("against: instructions are counted on both sides where valgrind is there")
{
	const char *dir = make_suite();
	struct outcome o;

	if (system("command -v valgrind >/dev/null") != 0)
		harness_skip("valgrind is not on this machine");
	o = E2E(dir, "run", "suite", "--against", "./less", "--pairs", "1", "--confirm", "0",
	        "--count-instructions", "--only", "gc/a", "-o", "out", "--format", "json", "--fail-on", "none",
	        CALM);
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), "\"metric\": \"instructions\"");
	outcome_deinit(&o);
}

CASE("against: base runs on another malloc, head as it is")
{
	const char *dir = make_suite();
	struct outcome o = E2E(dir, "run", "suite", "--against", "alloc:glibc", "--pairs", "1", "--confirm", "0",
	                       "-o", "out", "--only", "gc/a", CALM);
	struct outcome missing = E2E(dir, "run", "suite", "--against", "alloc:nosuchmalloc", "-o", "x");
	char *out = io_join(dir, "out");
	json_t *report = e2e_report(out);
	const char *of_base = json_string_value(json_object_get(e2e_test(report, "gc/a@base#1"), "allocator"));

	assert_int_equal(o.exit_code, 0);
	assert_non_null(of_base);
	assert_contains(of_base, "glibc");
	assert_null(json_object_get(e2e_test(report, "gc/a@head#1"), "allocator"));
	assert_int_equal(missing.exit_code, 2);
	assert_contains(buf_text(&missing.err), "nosuchmalloc");
	free(out);
	json_decref(report);
	outcome_deinit(&o);
	outcome_deinit(&missing);
}

CASE("against: what cannot be compared is refused with what to write")
{
	const char *dir = make_suite();
	struct outcome single = E2E(dir, "run", "suite", "-o", "one", "--progress", "none");
	struct outcome alone = E2E(dir, "compare", "one");
	struct outcome repeated = E2E(dir, "run", "suite", "--against", "./less", "--repeat", "3", "-o", "x");
	struct outcome no_alloc = E2E(dir, "run", "suite", "--against", "jemalloc", "-o", "x");
	struct outcome soaked = E2E(dir, "run", "suite", "--against", "./less", "--soak", "1m", "-o", "x");
	struct outcome nothing = E2E(dir, "compare", "one", "nowhere");
	struct outcome threshold = E2E(dir, "compare", "one", "one", "--threshold", "time");
	struct outcome fail_on = E2E(dir, "compare", "one", "one", "--fail-on", "rain");
	struct outcome format = E2E(dir, "compare", "one", "one", "--format", "tap");
	struct outcome accepted;

	e2e_write(dir, "accepted", "gc/* time soon because\n", false);
	accepted = E2E(dir, "compare", "one", "one", "--accepted", "accepted");
	assert_int_equal(single.exit_code, 0);
	assert_int_equal(alone.exit_code, 2);
	assert_contains(buf_text(&alone.err), "compare takes two");
	assert_int_equal(repeated.exit_code, 2);
	assert_contains(buf_text(&repeated.err), "leave --repeat out");
	assert_int_equal(no_alloc.exit_code, 3);
	assert_contains(buf_text(&no_alloc.err),
	                "there is no program 'jemalloc'; another malloc would be --against alloc:");
	assert_int_equal(soaked.exit_code, 2);
	assert_contains(buf_text(&soaked.err), "--soak runs one side over and over");
	assert_int_equal(nothing.exit_code, 2);
	assert_contains(buf_text(&nothing.err), "nowhere");
	assert_int_equal(threshold.exit_code, 2);
	assert_contains(buf_text(&threshold.err), "METRIC=PERCENT");
	assert_int_equal(fail_on.exit_code, 2);
	assert_contains(buf_text(&fail_on.err), "'rain' is none of");
	assert_int_equal(format.exit_code, 2);
	assert_contains(buf_text(&format.err), "a comparison has no format tap");
	assert_int_equal(accepted.exit_code, 2);
	assert_contains(buf_text(&accepted.err), "accepted:1: 'soon' is no date");
	outcome_deinit(&single);
	outcome_deinit(&alone);
	outcome_deinit(&repeated);
	outcome_deinit(&no_alloc);
	outcome_deinit(&soaked);
	outcome_deinit(&nothing);
	outcome_deinit(&threshold);
	outcome_deinit(&fail_on);
	outcome_deinit(&format);
	outcome_deinit(&accepted);
}

CASE("compare: sets of runs are one side each, and --repeat's are invocations")
{
	const char *dir = make_suite();
	struct outcome a = E2E(dir, "run", "suite", "--repeat", "10", "-o", "a", "--progress", "none");
	struct outcome b = E2E(dir, "run", "suite", "--repeat", "10", "-o", "b", "--progress", "none");
	struct outcome c = E2E(dir, "compare", "a,b", "b,a", "--fail-on", "none");
	struct outcome d = E2E(dir, "compare", "--base", "a", "--head", "b", "--format", "md", "-o", "report.md");

	assert_int_equal(a.exit_code + b.exit_code, 0);
	assert_int_equal(c.exit_code, 0);
	assert_contains(buf_text(&c.out), "base: a and 1 more");
	assert_contains(buf_text(&c.out), "ran one after the other");
	assert_int_equal(d.exit_code, 0);
	assert_int_equal(d.out.len, 0);
	outcome_deinit(&a);
	outcome_deinit(&b);
	outcome_deinit(&c);
	outcome_deinit(&d);
}

// A journal with a header of that format, and nothing else.
static void write_journal(const char *dir, const char *name, int format)
{
	char path[400];
	struct err e = { 0 };
	struct journal *journal;
	json_t *header = json_pack("{s:i, s:i}", "format", format, "tests", 1);

	snprintf(path, sizeof path, "%s/%s", dir, name);
	assert_int_equal(io_make_dirs(path, &e), 0);
	snprintf(path, sizeof path, "%s/%s/journal.jsonl", dir, name);
	assert_int_equal(journal_create(path, &journal, &e), 0);
	assert_int_equal(journal_append(journal, "header", header, true), 0);
	assert_int_equal(journal_close(journal), 0);
	json_decref(header);
}

static void assert_refused(const char *dir, const char *run, const char *why)
{
	struct outcome o = E2E(dir, "compare", run, run);

	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), why);
	outcome_deinit(&o);
}

CASE("compare: a run that is empty, half written or of another version is refused, one without results is said")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	e2e_write(dir, "empty/run.json", "{}", false);
	e2e_write(dir, "half/journal.jsonl", "{\"crc\":\"00", false);
	write_journal(dir, "later", 99);
	write_journal(dir, "begun", 1);
	assert_refused(dir, "empty", "empty: there is no run here");
	assert_refused(dir, "half", "the journal has no header");
	assert_refused(dir, "later", "a run of format 99; this program reads format 1");
	o = E2E(dir, "compare", "begun", "begun");
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), "Neither side has a test that ended.");
	assert_contains(buf_text(&o.out), "the run did not finish (it was killed): 0 of 1 tests have ended");
	outcome_deinit(&o);
}

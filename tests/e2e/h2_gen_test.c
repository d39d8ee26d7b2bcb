// HTTP/2 scenarios with parameters, from gen to a run.
#include "e2e.h"
#include "harness.h"
#include "io.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE "http2/bodies-random.h2"

static struct buf generated(const char *dir, const char *seed, const char *out)
{
	char path[600];
	struct buf text = { 0 };
	struct err e = { 0 };
	struct outcome o = E2E(dir, "gen", "--seed", seed, "--depth", "10", "-o", out);

	if (o.exit_code != 0)
		fail_msg("%s", buf_text(&o.err));
	outcome_deinit(&o);
	snprintf(path, sizeof path, "%s/%s/%s", dir, out, FILE);
	if (io_read_file(path, 1U << 20, &text, &e) < 0)
		fail_msg("%s", e.text);
	return text;
}

CASE("h2 gen: what a scenario draws comes from the suite's seed, is a parameter of the test, and is what runs")
{
	const char *dir = harness_tmpdir();
	struct buf a = generated(dir, "7", "a"), b = generated(dir, "7", "b"), c = generated(dir, "8", "c");
	char run[512];

	assert_string_equal(buf_text(&a), buf_text(&b));
	assert_string_not_equal(buf_text(&a), buf_text(&c));
	assert_contains(buf_text(&a), "; @Param down=");
	assert_contains(buf_text(&a), " down={param:down} up={param:up}");
	struct outcome o = E2E(dir, "run", "a", "-o", "r", "--only", "http2/bodies-random");
	if (o.exit_code != 0)
		fail_msg("%d %s%s", o.exit_code, buf_text(&o.out), buf_text(&o.err));
	outcome_deinit(&o);
	snprintf(run, sizeof run, "%s/r", dir);
	json_t *report = e2e_report(run);
	assert_string_equal(json_string_value(json_object_get(e2e_test(report, "http2/bodies-random"), "verdict")),
	                    "passed");
	json_decref(report);
	buf_deinit(&a);
	buf_deinit(&b);
	buf_deinit(&c);
}

// ---- runtimes that serve ------------------------------------------------------------------------------------

static void need_node(void)
{
	if (system("command -v node >/dev/null") != 0)
		harness_skip("no node in PATH");
}

static json_int_t whole(json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

CASE("h2 gen: node's servers pass with every answer right, and their pauses stand beside the latencies in the report")
{
	static const char *const ids[] = { "garbage", "live-set",     "open-loop", "timers",
		                           "events",  "reconnecting", "mixed" };
	const char *dir = harness_tmpdir();
	char run[512], id[64];

	need_node();
	struct outcome o = E2E(dir, "gen", "--target", "node", "--seed", "42", "--http2-param",
	                       "duration=400ms,ballast=30000", "-o", "s");
	if (o.exit_code != 0)
		fail_msg("%s", buf_text(&o.err));
	outcome_deinit(&o);
	o = E2E(dir, "run", "s", "-o", "r", "--only", "http2-serve/*");
	if (o.exit_code != 0)
		fail_msg("%d %s%s", o.exit_code, buf_text(&o.out), buf_text(&o.err));
	outcome_deinit(&o);
	snprintf(run, sizeof run, "%s/r", dir);
	json_t *report = e2e_report(run);
	for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
		snprintf(id, sizeof id, "http2-serve/%s.node", ids[i]);
		json_t *test = e2e_test(report, id);
		assert_string_equal(json_string_value(json_object_get(test, "verdict")), "passed");
		assert_true(whole(test, "gc_count") > 0);
		assert_true(whole(test, "gc_max_ns") > 0);
		assert_true(whole(test, "gc_total_ns") >= whole(test, "gc_max_ns"));
		assert_true(json_array_size(json_object_get(test, "series")) >= 3);
	}
	json_decref(report);
}

CASE("h2 gen: a job without --target has the servers of the runtimes that are here, and --no-http2 has none")
{
	const char *dir = harness_tmpdir();

	need_node();
	struct outcome o = E2E(dir, "gen", "--depth", "10", "-o", "s");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	o = E2E(dir, "list", "s");
	assert_contains(buf_text(&o.out), "http2-serve/garbage.node");
	assert_contains(buf_text(&o.out), "http2/single-request");
	outcome_deinit(&o);
	o = E2E(dir, "gen", "--depth", "10", "--no-http2", "-o", "s");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	o = E2E(dir, "list", "s");
	assert_null(strstr(buf_text(&o.out), "http2"));
	outcome_deinit(&o);
	o = E2E(dir, "gen", "--depth", "10", "--no-http2", "--http2-serve", "-o", "s");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	o = E2E(dir, "list", "s");
	assert_contains(buf_text(&o.out), "http2-serve/garbage.node");
	assert_null(strstr(buf_text(&o.out), "http2/"));
	outcome_deinit(&o);
}

CASE("h2 gen: what is wrong with --http2-param is one line and exit 2, and shrink says what it cannot do")
{
	const char *dir = harness_tmpdir();
	struct outcome o = E2E(dir, "gen", "--http2-param", "duration", "-o", "s");
	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "--http2-param: 'duration' is no NAME=VALUE");
	outcome_deinit(&o);
	o = E2E(dir, "gen", "--http2-param", "durration=1s", "-o", "s");
	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "no scenario of this suite has a parameter for 'durration=1s'");
	outcome_deinit(&o);
	o = E2E(dir, "gen", "--dialect", "node", "--depth", "10", "-o", "s");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	o = E2E(dir, "shrink", "s/http2-serve/mixed.node.h2");
	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "was not made from a kernel that is known here");
	outcome_deinit(&o);
}

CASE("h2 gen: a wrong --http2-param is told before anything is written, and the suite that was there stays")
{
	static const char *const wrong[] = { "durration=1s", "lists=0", "length=many" };
	const char *dir = harness_tmpdir();
	char out[512];
	struct outcome o = E2E(dir, "gen", "--dialect", "node", "--depth", "10", "--seed", "1", "-o", "s");

	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	snprintf(out, sizeof out, "%s/new", dir);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		o = E2E(dir, "gen", "--dialect", "node", "--depth", "10", "--http2-param", wrong[i], "-o", "s");
		assert_int_equal(o.exit_code, 2);
		outcome_deinit(&o);
		o = E2E(dir, "list", "s");
		assert_int_equal(o.exit_code, 0);
		outcome_deinit(&o);
		o = E2E(dir, "gen", "--dialect", "node", "--depth", "10", "--http2-param", wrong[i], "-o", "new");
		assert_int_equal(o.exit_code, 2);
		outcome_deinit(&o);
		assert_int_equal(access(out, F_OK), -1);
	}
}

CASE("h2 gen: tests that mutate frames come from the seed, pass on servers that hold")
{
	const char *dir = harness_tmpdir();
	char run[512];

	need_node();
	struct outcome o =
	        E2E(dir, "gen", "--target", "node", "--seed", "42", "--no-http2", "--http2-fuzz", "2", "-o", "s");
	if (o.exit_code != 0)
		fail_msg("%s", buf_text(&o.err));
	outcome_deinit(&o);
	o = E2E(dir, "list", "s");
	assert_contains(buf_text(&o.out), "http2-fuzz/embedded-42-1");
	assert_contains(buf_text(&o.out), "http2-fuzz/node-42-0");
	assert_null(strstr(buf_text(&o.out), "http2-serve/"));
	outcome_deinit(&o);
	o = E2E(dir, "run", "s", "-o", "r", "--only", "http2-fuzz/*-42-0");
	if (o.exit_code != 0)
		fail_msg("%d %s%s", o.exit_code, buf_text(&o.out), buf_text(&o.err));
	outcome_deinit(&o);
	snprintf(run, sizeof run, "%s/r", dir);
	json_t *report = e2e_report(run);
	for (size_t i = 0; i < 2; i++) {
		json_t *test = e2e_test(report, i == 0 ? "http2-fuzz/embedded-42-0" : "http2-fuzz/node-42-0");
		assert_string_equal(json_string_value(json_object_get(test, "verdict")), "passed");
		assert_contains(json_string_value(json_object_get(test, "tail")), "300 cases of seed 42, ");
		assert_contains(json_string_value(json_object_get(test, "tail")), "; 0 broke the server");
	}
	json_decref(report);
}

CASE("h2 gen: a machine without a runtime that serves is told so, and its suite has none")
{
	const char *dir = harness_tmpdir();

	setenv("PATH", "/nonexistent", 1);
	struct outcome o = E2E(dir, "gen", "--depth", "10", "-o", "s");
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.err), "no tests of http2-serve: no runtime on this machine serves HTTP/2");
	outcome_deinit(&o);
	o = E2E(dir, "list", "s");
	assert_null(strstr(buf_text(&o.out), "http2-serve"));
	outcome_deinit(&o);
	o = E2E(dir, "gen", "--depth", "10", "--target", "node", "-o", "s");
	assert_int_equal(o.exit_code, 3);
	outcome_deinit(&o);
}

CASE("h2 gen: a target that was named and lacks the library of its servers has none, which is said; asked for, exit 3")
{
	const char *dir = harness_tmpdir();
	char path[4096];

	e2e_write(dir, "bin/python3", "#!/bin/sh\nexit 1\n", true);
	snprintf(path, sizeof path, "%s/bin:%s", dir, getenv("PATH"));
	setenv("PATH", path, 1);
	struct outcome o = E2E(dir, "gen", "--depth", "10", "--target", "python3", "-o", "s");
	if (o.exit_code != 0)
		fail_msg("%s", buf_text(&o.err));
	assert_contains(buf_text(&o.err), "no tests of http2-serve for python3 (python3-h2): the library of its");
	outcome_deinit(&o);
	o = E2E(dir, "list", "s");
	assert_null(strstr(buf_text(&o.out), "http2-serve"));
	outcome_deinit(&o);
	o = E2E(dir, "gen", "--target", "python3", "--http2-serve", "-o", "t");
	assert_int_equal(o.exit_code, 3);
	assert_contains(buf_text(&o.err),
	                "the library that HTTP/2 servers need is not here for python3 (python3-h2)");
	outcome_deinit(&o);
}

CASE("h2 gen: valk's servers get no mutated frames, and suite.json says why")
{
	const char *dir = harness_tmpdir();
	struct outcome o = E2E(dir, "gen", "--dialect", "valk", "--http2-fuzz", "1", "-o", "s");
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.err), "http2-fuzz/frames: valk (frames are mutated without TLS only)");
	outcome_deinit(&o);
}

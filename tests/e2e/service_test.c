// Services under load: run --serve, and ab.
#include "e2e.h"
#include "harness.h"
#include "io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHORT "--warmup", "200ms", "--settle", "100ms", "--progress", "none"

static double gauge(json_t *test, const char *name)
{
	json_t *gauges = json_object_get(test, "gauges"), *one;
	size_t i;

	json_array_foreach(gauges, i, one)
	{
		if (strcmp(json_string_value(json_object_get(one, "name")), name) == 0)
			return json_number_value(json_object_get(one, "value"));
	}
	fail_msg("no gauge %s", name);
	return 0;
}

static json_t *only_test(const char *dir, json_t **report)
{
	char *path = io_join(dir, "out");

	*report = e2e_report(path);
	free(path);
	return e2e_test(*report, "service");
}

CASE("service: p99 and memory under load, memory afterwards, and that it ends at SIGTERM")
{
	const char *dir = harness_tmpdir();
	struct outcome o =
	        E2E(dir, "run", "--serve", SG_BUILD_DIR "/bin/stressgen h2-server --port {port}", "--ready",
	            "{port}", "--load", "h2 http://127.0.0.1:{port}/ --requests 300", SHORT, "-o", "out");
	json_t *report, *test;

	assert_string_equal(o.exit_code == 0 ? "" : buf_text(&o.out), "");
	test = only_test(dir, &report);
	assert_true(gauge(test, "service-memory") > 100000);
	assert_true(gauge(test, "service-memory-after") > 100000);
	assert_true(gauge(test, "service-ready") > 0 && gauge(test, "service-stop") > 0);
	assert_true(json_array_size(json_object_get(test, "series")) > 0);
	json_decref(report);
	outcome_deinit(&o);
}

CASE("service: one that does not end at SIGTERM in time has failed, and says so")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	e2e_write(dir, "deaf.sh", "trap '' TERM\necho ready now\nwhile :; do sleep 0.05; done\n", false);
	e2e_write(dir, "load.sh", "echo '@@ lat request 1000 2000 3000'\n", false);
	o = E2E(dir, "run", "--serve", "sh deaf.sh", "--ready", "^ready", "--load", "sh load.sh", SHORT, "--grace",
	        "300ms", "-o", "out");
	assert_int_equal(o.exit_code, 1);
	assert_contains(buf_text(&o.out), "after SIGTERM and was killed");
	outcome_deinit(&o);
}

CASE("service: one that ends before it is ready, and a load that fails, are failures")
{
	const char *dir = harness_tmpdir();
	struct outcome early =
	        E2E(dir, "run", "--serve", "true", "--ready", "never", "--load", "true", SHORT, "-o", "a");
	struct outcome load;

	e2e_write(dir, "serve.sh", "echo ready\nexec sleep 60\n", false);
	load = E2E(dir, "run", "--serve", "sh serve.sh", "--ready", "ready", "--load", "false", "--warmup", "0",
	           "--settle", "0", "--progress", "none", "-o", "b");
	assert_int_equal(early.exit_code, 1);
	assert_contains(buf_text(&early.out), "it ended before it was ready");
	assert_int_equal(load.exit_code, 1);
	assert_contains(buf_text(&load.out), "it did not end with exit status 0");
	outcome_deinit(&early);
	outcome_deinit(&load);
}

CASE("service: variants of one are compared by what they hold under load and afterwards")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	e2e_write(dir, "load.sh", "sleep 0.3\necho '@@ lat request 1000 2000 3000'\n", false);
	e2e_write(dir, "hold.sh",
	          "echo ready\nx=$(head -c $WORK /dev/zero | tr '\\0' x)\nwhile :; do sleep 0.02; done\n", false);
	o = E2E(dir, "ab", "--serve", "sh hold.sh", "--ready", "ready", "--load", "sh load.sh", "--env",
	        "WORK=1000000", "--env", "WORK=30000000", "--pairs", "6", "--warmup", "0", "--settle", "300ms",
	        "--progress", "none", "--no-preload", "-o", "out");
	assert_string_equal(o.exit_code == 0 ? "" : buf_text(&o.err), "");
	assert_contains(buf_text(&o.out), "memory");
	assert_contains(buf_text(&o.out), "afterwards");
	outcome_deinit(&o);
}

CASE("service: comparing two runs of one begins with what it held under load and afterwards")
{
	static const char *const sizes[] = { "1000000", "30000000" }, *const names[] = { "small", "large" };
	const char *dir = harness_tmpdir();
	struct outcome o;

	e2e_write(dir, "load.sh", "sleep 0.3\necho '@@ lat request 1000 2000 3000'\n", false);
	for (size_t i = 0; i < 2; i++) {
		char script[200];

		snprintf(script, sizeof script,
		         "echo ready\nx=$(head -c %s /dev/zero | tr '\\0' x)\nwhile :; do sleep 0.02; done\n",
		         sizes[i]);
		e2e_write(dir, "hold.sh", script, false);
		o = E2E(dir, "run", "--serve", "sh hold.sh", "--ready", "ready", "--load", "sh load.sh",
		        "--warmup", "0", "--settle", "300ms", "--progress", "none", "-o", names[i]);
		assert_string_equal(o.exit_code == 0 ? "" : buf_text(&o.out), "");
		outcome_deinit(&o);
	}
	o = E2E(dir, "compare", "small", "large");
	assert_true(strncmp(buf_text(&o.out), "service: p99 under load ", 24) == 0);
	assert_contains(buf_text(&o.out), "memory under load");
	assert_contains(buf_text(&o.out), "afterwards");
	assert_contains(buf_text(&o.out), "noise included");
	outcome_deinit(&o);
}

CASE("service: without --ready or --load it is refused in one line")
{
	const char *dir = harness_tmpdir();
	struct outcome o = E2E(dir, "run", "--serve", "true", "--ready", "80");

	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "--serve needs --ready PORT or REGEX and --load COMMAND");
	outcome_deinit(&o);
}

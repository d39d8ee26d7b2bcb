// --h2-target: HTTP/2 tests on a server that is there already.
#include "e2e.h"
#include "harness.h"
#include "io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

CASE("h2-target: attacks and plain loads go to the server that is named, and what only ours has is left out")
{
	const char *dir = harness_tmpdir();
	struct e2e_server s = e2e_server_start(dir, NULL, NULL);
	struct outcome gen = E2E(dir, "gen", "--target", "h2", "-o", "suite");
	struct outcome o =
	        E2E(dir, "run", "suite", "-o", "r", "--h2-target", s.url, "--only", "http2/single-request",
	            "--only", "http2/pooling", "--only", "http2/methods", "--only", "http2/attack-rapid-reset");
	struct outcome none = E2E(dir, "run", "suite", "-o", "n", "--h2-target", s.url, "--only", "http2/methods");
	char run[512];

	e2e_server_stop(&s);
	assert_int_equal(gen.exit_code, 0);
	if (o.exit_code != 0)
		fail_msg("%d %s%s", o.exit_code, buf_text(&o.out), buf_text(&o.err));
	assert_contains(buf_text(&o.err), "1 scenario is left out");
	snprintf(run, sizeof run, "%s/r", dir);
	json_t *report = e2e_report(run);
	assert_int_equal(json_array_size(json_object_get(report, "tests")), 3);
	assert_string_equal(
	        json_string_value(json_object_get(e2e_test(report, "http2/attack-rapid-reset"), "verdict")),
	        "passed");
	json_decref(report);
	assert_int_equal(none.exit_code, 4);
	assert_contains(buf_text(&none.err), "none of the chosen scenarios");
	outcome_deinit(&gen);
	outcome_deinit(&o);
	outcome_deinit(&none);
}

CASE("h2-target: the whole way stresses the server alone, no runtime and no allocator")
{
	const char *dir = harness_tmpdir();
	struct e2e_server s = e2e_server_start(dir, NULL, NULL);
	struct outcome o = E2E(dir, "--h2-target", s.url, "--dry-run");

	e2e_server_stop(&s);
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), "http2/attack-rapid-reset");
	assert_null(strstr(buf_text(&o.out), "recursion/"));
	assert_null(strstr(buf_text(&o.out), "native/"));
	outcome_deinit(&o);
}

CASE("h2-target: a server that does not answer, is elsewhere or is none is told in one line before any test")
{
	const char *dir = harness_tmpdir();
	struct e2e_server s = e2e_server_start(dir, NULL, NULL);
	char nowhere[96];
	const struct {
		const char *args[8], *says;
		int code;
	} wrong[] = {
		{ { "run", "suite", "--h2-target", nowhere }, "does not answer GET /status/404", 3 },
		{ { "run", "suite", "--h2-target", "http://192.0.2.1" }, "--i-own-this-target HOST FILE", 2 },
		{ { "run", "suite", "--h2-target", "ftp://localhost" },
		  "is no target; write http://HOST:PORT",
		  2 },
		{ { "run", "suite", "--h2-pid", "1" }, "give both", 2 },
		{ { "gen", "--target", "h2", "--kernel", "countdown", "-o", "x" }, "runs no kernel", 2 },
	};
	struct outcome gen = E2E(dir, "gen", "--target", "h2", "-o", "suite");

	assert_int_equal(gen.exit_code, 0);
	outcome_deinit(&gen);
	snprintf(nowhere, sizeof nowhere, "%s/status/404", s.url);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct outcome o = e2e_run(dir, wrong[i].args);

		assert_int_equal(o.exit_code, wrong[i].code);
		assert_contains(buf_text(&o.err), wrong[i].says);
		outcome_deinit(&o);
	}
	e2e_server_stop(&s);
}

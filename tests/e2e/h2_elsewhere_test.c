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
	assert_contains(buf_text(&none.err),
	                "none of the chosen scenarios can be asked of any server by --h2-target: "
	                "its requests are for routes of stressgen's server; one with a "
	                "(target \"URL\") of its own makes its requests as they stand");
	outcome_deinit(&gen);
	outcome_deinit(&o);
	outcome_deinit(&none);
}

// Runs one scenario against `url`, with an option and its value where there are such.
static struct outcome run_at(const char *dir, const char *url, const char *option, const char *value)
{
	char *run = io_join(dir, value != NULL ? "trusted" : "any");
	struct outcome o = E2E(dir, "run", "suite", "-o", run, "--only", "http2/single-request", "--h2-target",
	                       url, option, value);

	free(run);
	return o;
}

CASE("h2-target: a certificate is checked, unless it is said that any will do")
{
	const char *dir = harness_tmpdir();
	char *pem = io_join(dir, "cert.pem");
	struct e2e_server s = e2e_server_start(dir, "--https", "--write-cert=cert.pem");
	struct outcome gen = E2E(dir, "gen", "--target", "h2", "-o", "suite");
	char url[100];

	snprintf(url, sizeof url, "https%s", s.url + strlen("http"));
	struct outcome refused = run_at(dir, url, NULL, NULL), any = run_at(dir, url, "--h2-insecure", NULL);
	struct outcome trusted = run_at(dir, url, "--h2-cacert", pem);
	struct outcome cliff = E2E(dir, "cliff", "--http2", "--param", "header", "--tries", "1", "--target", url,
	                           "--h2-cacert", pem, "-q", "-o", "cliff");

	e2e_server_stop(&s);
	assert_int_equal(gen.exit_code, 0);
	assert_int_equal(refused.exit_code, 3);
	assert_contains(buf_text(&refused.err), "certificate");
	assert_contains(buf_text(&refused.err), "--h2-insecure");
	assert_int_equal(any.exit_code, 0);
	assert_int_equal(trusted.exit_code, 0);
	assert_int_equal(cliff.exit_code, 0);
	assert_contains(buf_text(&cliff.out), "http2 on https://127.0.0.1:");
	outcome_deinit(&gen);
	outcome_deinit(&refused);
	outcome_deinit(&any);
	outcome_deinit(&trusted);
	outcome_deinit(&cliff);
	free(pem);
}

CASE("h2-target: a file of frames that several scenarios would write is refused, one for each is not")
{
	const char *dir = harness_tmpdir();
	struct outcome gen = E2E(dir, "gen", "--target", "h2", "-o", "suite");
	struct outcome one = E2E(dir, "run", "suite", "-o", "1", "--only", "http2/methods", "--only",
	                         "http2/several-requests", "--frames", "all.txt");
	struct outcome each = E2E(dir, "run", "suite", "-o", "2", "--only", "http2/methods", "--only",
	                          "http2/several-requests", "--frames", "{name}.txt");

	assert_int_equal(gen.exit_code, 0);
	assert_int_equal(one.exit_code, 2);
	assert_contains(buf_text(&one.err), "--frames all.txt: 2 scenarios would write over each other");
	assert_int_equal(each.exit_code, 0);
	outcome_deinit(&gen);
	outcome_deinit(&one);
	outcome_deinit(&each);
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
		{ { "run", "suite", "--h2-target", s.url, "--h2-pid", "4194304" },
		  "--h2-pid 4194304: there is no such process",
		  3 },
		{ { "run", "suite", "--h2-insecure" }, "--h2-insecure says which certificates", 2 },
		{ { "run", "suite", "--h2-cacert", "x.pem" }, "--h2-cacert says which certificates", 2 },
		{ { "run", "suite", "--h2-target", "https://127.0.0.1:1", "--h2-cacert", "no.pem" },
		  "--h2-cacert no.pem: No such file or directory",
		  2 },
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

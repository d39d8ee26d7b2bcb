// stressgen h2-clients: a run like any other.
#include "e2e.h"
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#define CURL "curl", "-sS", "-m", "5", "--http2-prior-knowledge"

static void need_curl(void)
{
	if (system("command -v curl >/dev/null") != 0)
		harness_skip("curl is not installed");
}

static void expect_verdict(json_t *report, const char *id, const char *verdict)
{
	assert_string_equal(json_string_value(json_object_get(e2e_test(report, id), "verdict")), verdict);
}

CASE("h2-clients: a client's run has a test for each hostile server, and can be reported and run again")
{
	const char *dir = harness_tmpdir();
	char run[512];
	need_curl();
	struct outcome o = E2E(dir, "h2-clients", "-o", "r", "--only", "http2-client/c*", "--", CURL, "{url}");
	if (o.exit_code != 0)
		fail_msg("%d %s%s", o.exit_code, buf_text(&o.out), buf_text(&o.err));
	outcome_deinit(&o);
	snprintf(run, sizeof run, "%s/r", dir);
	json_t *report = e2e_report(run);
	expect_verdict(report, "http2-client/control", "passed");
	expect_verdict(report, "http2-client/cut-body", "passed");
	expect_verdict(report, "http2-client/continuation-flood", "passed");
	json_decref(report);
	o = E2E(dir, "run", "r", "-o", "again", "--only", "http2-client/cut-body");
	if (o.exit_code != 0)
		fail_msg("%d %s%s", o.exit_code, buf_text(&o.out), buf_text(&o.err));
	outcome_deinit(&o);
}

CASE("h2-clients: a client that lies fails, and one that cannot do the control is asked no further")
{
	const char *dir = harness_tmpdir();
	char run[512];
	need_curl();
	struct outcome o = E2E(dir, "h2-clients", "-o", "r", "--only", "http2-client/c*", "--", "sh", "-c",
	                       "curl -sS -m 5 --http2-prior-knowledge \"$1\"; exit 0", "x", "{url}");
	assert_int_equal(o.exit_code, 1);
	assert_contains(buf_text(&o.out), "it calls a success what is none");
	outcome_deinit(&o);
	snprintf(run, sizeof run, "%s/r", dir);
	json_t *report = e2e_report(run);
	expect_verdict(report, "http2-client/control", "passed");
	expect_verdict(report, "http2-client/cut-body", "failed");
	json_decref(report);
	o = E2E(dir, "h2-clients", "-o", "s", "--only", "http2-client/c*", "--", "false");
	assert_int_equal(o.exit_code, 1);
	outcome_deinit(&o);
	snprintf(run, sizeof run, "%s/s", dir);
	report = e2e_report(run);
	expect_verdict(report, "http2-client/control", "failed");
	expect_verdict(report, "http2-client/cut-body", "skipped");
	json_decref(report);
}

CASE("h2-clients: without a client, or with one that is not there, there is one clear line")
{
	struct outcome o = E2E(harness_tmpdir(), "h2-clients");
	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "which client? Write: stressgen h2-clients -- curl");
	outcome_deinit(&o);
	o = E2E(harness_tmpdir(), "h2-clients", "--", "no-such-client");
	assert_int_equal(o.exit_code, 3);
	assert_contains(buf_text(&o.err), "program not found: no-such-client");
	outcome_deinit(&o);
}

// HTTP/2 scenarios with parameters, from gen to a run.
#include "e2e.h"
#include "harness.h"
#include "io.h"

#include <stdlib.h>
#include <string.h>

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

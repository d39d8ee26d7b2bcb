// stressgen h2 as its users call it: the real command against real servers, and what its run holds.
#include "h2_support.h"
#include "harness.h"
#include "io.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STRESSGEN "cd '%s' && " SG_BUILD_DIR "/bin/stressgen h2 --color never "

static void expect_in(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("\"%s\" is not in:\n%s", words, text);
}

// The whole report of the run in `run`.
static json_t *report(void)
{
	char path[600];
	snprintf(path, sizeof(path), "%s/run/report.json", harness_tmpdir());
	json_t *r = json_load_file(path, 0, NULL);
	if (!r)
		fail_msg("%s cannot be read", path);
	return r;
}

// A gauge of the run's one test; -1 where there is none.
static double gauge(const json_t *r, const char *name)
{
	const json_t *test = json_array_get(json_object_get(r, "tests"), 0);
	const json_t *gauges = json_object_get(test, "gauges"), *g;
	size_t i;
	if (json_is_object(gauges))
		return json_number_value(json_object_get(json_object_get(gauges, name), "value"));
	json_array_foreach(gauges, i, g)
	{
		if (strcmp(json_string_value(json_object_get(g, "name")), name) == 0)
			return json_number_value(json_object_get(g, "value"));
	}
	return -1;
}

CASE("h2 load: connections, streams and requests are those of the command line")
{
	struct h2_process p;
	struct h2_output o;
	char stats[16384];
	h2_server(&p, "");
	h2_sh(&o, STRESSGEN "http://127.0.0.1:%u/bytes/20 -c 4 -m 10 -n 2k -o run", harness_tmpdir(), p.port);
	if (o.code != 0)
		fail_msg("%d\n%s%s", o.code, o.out, o.err);
	h2_server_stop(&p, stats, sizeof(stats));
	expect_in(stats, "\"connections\":4,");
	expect_in(stats, "\"streams\":2000,");
	expect_in(stats, "\"body_bytes_sent\":40000,");
	json_t *r = report();
	assert_int_equal((int)gauge(r, "requests"), 2000);
	assert_int_equal((int)gauge(r, "status_2xx"), 2000);
	json_decref(r);
	h2_output_deinit(&o);
}

CASE("h2 load: headers, method and body are sent as given, with both engines")
{
	static const char *const engines[] = { "wire", "session" };
	for (size_t i = 0; i < 2; i++) {
		struct h2_process p;
		struct h2_output o;
		char stats[16384];
		h2_server(&p, "");
		h2_file("body.bin", "twelve bytes");
		h2_sh(&o,
		      STRESSGEN "http://127.0.0.1:%u/echo -n 3 -H 'X-Some: \"thing\"' -H ':method: PUT' "
		                "-d body.bin --h2-engine %s -o run%zu",
		      harness_tmpdir(), p.port, engines[i], i);
		if (o.code != 0)
			fail_msg("%d\n%s%s", o.code, o.out, o.err);
		h2_server_stop(&p, stats, sizeof(stats));
		expect_in(stats, "\"body_bytes_received\":36,");
		expect_in(stats, "\"body_bytes_sent\":36,");
		h2_output_deinit(&o);
	}
}

CASE("h2 load: a duration with a warm-up leaves the warm-up out of the figures")
{
	struct h2_process p;
	struct h2_output o;
	char stats[16384];
	h2_server(&p, "");
	h2_sh(&o, STRESSGEN "http://127.0.0.1:%u/ -D 300ms --warm-up 300ms -o run", harness_tmpdir(), p.port);
	if (o.code != 0)
		fail_msg("%d\n%s%s", o.code, o.out, o.err);
	h2_server_stop(&p, stats, sizeof(stats));
	json_t *r = report();
	assert_true(gauge(r, "warm_up_requests") > 0);
	assert_true(gauge(r, "requests") > gauge(r, "warm_up_requests"));
	json_decref(r);
	h2_output_deinit(&o);
}

CASE("h2 load: a wrong status fails the run, and says which")
{
	struct h2_process p;
	struct h2_output o;
	char stats[16384];
	h2_server(&p, "");
	h2_sh(&o, STRESSGEN "http://127.0.0.1:%u/status/503 -n 5 -o run", harness_tmpdir(), p.port);
	assert_int_equal(o.code, 1);
	expect_in(o.out, "status 503, expected 200 to 399");
	h2_output_deinit(&o);
	h2_sh(&o, STRESSGEN "http://127.0.0.1:%u/status/503 -n 5 -o run2 --expect-status 503", harness_tmpdir(),
	      p.port);
	assert_int_equal(o.code, 0);
	h2_output_deinit(&o);
	h2_server_stop(&p, stats, sizeof(stats));
}

CASE("h2 load: bad input is one line and exit 2, and leaves nothing behind")
{
	static const struct {
		const char *args, *words;
	} rows[] = {
		{ "", "h2 loads which server? Write: stressgen h2 http://127.0.0.1:8080/" },
		{ "127.0.0.1:80", "'127.0.0.1:80' is no URL; write http://HOST:PORT/PATH" },
		{ "http:///x", "names no host" },
		{ "http://127.0.0.1:1/ -H nothing", "--header: 'nothing' is not 'name: value'" },
		{ "http://127.0.0.1:1/ -H 'te: x'", "header 'te' cannot be set" },
		{ "http://127.0.0.1:1/ -d not-there", "not-there: cannot be read: No such file" },
		{ "http://127.0.0.1:1/ -n 0", "-n: 0 is out of range" },
		{ "http://127.0.0.1:1/ -n many", "-n: 'many' is not a number such as 500, 10k or 1M" },
		{ "http://127.0.0.1:1/ --expect-status 42", "a response's status is from 200 to 599" },
		{ "http://127.0.0.1:1/ --warm-up 2s", "a warm-up goes before a (duration ...)" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct h2_output o;
		h2_sh(&o, STRESSGEN "%s", harness_tmpdir(), rows[i].args);
		if (o.code != 2 || !strstr(o.err, rows[i].words) || strchr(o.err, '\n') != strrchr(o.err, '\n'))
			fail_msg("%s: %d\n%s%s", rows[i].args, o.code, o.out, o.err);
		h2_output_deinit(&o);
		h2_sh(&o, "cd '%s' && ls -A stressgen-runs 2>/dev/null; true", harness_tmpdir());
		assert_string_equal(o.out, "");
		h2_output_deinit(&o);
	}
}

// stressgen cliff --http2: on our own server, whose limits are known.
#include "e2e.h"

#include "harness.h"

#include <stdio.h>
#include <string.h>

static json_int_t number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static const char *text(const json_t *o, const char *key)
{
	const char *value = json_string_value(json_object_get(o, key));

	return value != NULL ? value : "";
}

CASE("cliff: the header and the body that our own HTTP/2 server takes are found, each with its scenario")
{
	static const struct {
		const char *param;
		json_int_t least, most; // what the server says it takes, and what it is sent beyond that
		const char *answer;     // to what is more
	} wanted[] = { { "header", 60000, 65536, "status 431" }, { "body", 16777216, 17000000, "request 1: " } };

	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
		const char *dir = harness_tmpdir();
		struct outcome o = E2E(dir, "cliff", "--http2", "--param", wanted[i].param, "--tries", "1",
		                       "--limit", "time=8s", "--format", "json", "--quiet", "-o", wanted[i].param);
		json_t *all, *c = e2e_cliff(&o, &all);
		assert_string_equal(text(c, "kernel"), "http2");
		assert_string_equal(text(c, "param"), wanted[i].param);
		assert_string_equal(text(c, "state"), "found");
		assert_string_equal(text(c, "broke"), "result");
		assert_true(number(c, "passes") >= wanted[i].least && number(c, "passes") <= wanted[i].most);
		outcome_deinit(&o);
		o = e2e_shell(dir, text(c, "again"));
		assert_int_equal(o.exit_code, 1);
		assert_contains(buf_text(&o.out), wanted[i].answer);
		outcome_deinit(&o);
		json_decref(all);
	}
}

// More connections than the server keeps are closed at once.
CASE("cliff: the connections that a server keeps are found")
{
	const char *dir = harness_tmpdir();
	struct e2e_server s = e2e_server_start(dir, "--max-connections", "35");
	struct outcome o = E2E(dir, "cliff", "--http2", "--param", "connections", "--target", s.url, "--tries",
	                       "2", "--limit", "time=20s", "--format", "json", "--quiet", "-o", "found");
	json_t *all, *c = e2e_cliff(&o, &all);

	e2e_server_stop(&s);
	assert_string_equal(text(c, "state"), "found");
	assert_string_equal(text(c, "param"), "connections");
	assert_true(number(c, "passes") >= 10 && number(c, "passes") <= 35);
	assert_true(number(c, "fails") > number(c, "passes"));
	json_decref(all);
	outcome_deinit(&o);
}

// A thousand requests may be under way, each for 100 ms: no more than 10,000 a second, and 200 ms to catch up in.
CASE("cliff: the rate that a server keeps up with is found, and is no more than it can be")
{
	const char *dir = harness_tmpdir();
	struct e2e_server s = e2e_server_start(dir, NULL, NULL);
	struct outcome o;
	json_t *all, *c;
	char url[100];

	snprintf(url, sizeof url, "%s/delay/100ms", s.url);
	o = E2E(dir, "cliff", "--http2", "--param", "rate", "--target", url, "--tries", "1", "--limit", "time=20s",
	        "--format", "json", "--quiet", "-o", "found");
	e2e_server_stop(&s);
	c = e2e_cliff(&o, &all);
	assert_string_equal(text(c, "param"), "rate");
	assert_true(number(c, "fails") > 0 && number(c, "fails") <= 12500);
	assert_true(number(c, "passes") < number(c, "fails"));
	assert_string_equal(text(c, "broke"), "time");
	assert_contains(text(c, "evidence"), "deadline");
	json_decref(all);
	outcome_deinit(&o);
}

// Ten streams at a time, each for 200 ms: 150 in three seconds, and no more whatever the machine.
CASE("cliff: the streams that a server answers in time are found, where it admits few at once")
{
	const char *dir = harness_tmpdir();
	struct e2e_server s = e2e_server_start(dir, "--max-streams", "10");
	struct outcome o;
	json_t *all, *c;
	char url[100];

	snprintf(url, sizeof url, "%s/delay/200ms", s.url);
	o = E2E(dir, "cliff", "--http2", "--param", "streams", "--target", url, "--tries", "1", "--limit",
	        "time=3s", "--format", "json", "--quiet", "-o", "found");
	e2e_server_stop(&s);
	c = e2e_cliff(&o, &all);
	assert_string_equal(text(c, "param"), "streams");
	assert_string_equal(text(c, "state"), "found");
	assert_true(number(c, "passes") > 0 && number(c, "passes") <= 150);
	assert_string_equal(text(c, "broke"), "time");
	assert_contains(text(c, "evidence"), "the deadline of 3.00 s came first");
	json_decref(all);
	outcome_deinit(&o);
}

CASE("cliff: each size of HTTP/2 has a row of its own in table and map")
{
	const char *dir = harness_tmpdir();
	struct outcome o = E2E(dir, "cliff", "--http2", "--param", "header,body", "--tries", "1", "-o", "two");

	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), "http2 header");
	assert_contains(buf_text(&o.out), "http2 body");
	outcome_deinit(&o);
}

CASE("cliff: a server that is not there, or on another machine, is one line")
{
	const char *dir = harness_tmpdir();
	struct outcome gone = E2E(dir, "cliff", "--http2", "--param", "header", "--target", "http://127.0.0.1:1");
	struct outcome other = E2E(dir, "cliff", "--http2", "--param", "header", "--target", "http://192.0.2.1");

	assert_int_equal(gone.exit_code, 3);
	assert_contains(buf_text(&gone.err), "127.0.0.1:1 does not answer GET /: connection refused");
	assert_int_equal(other.exit_code, 2);
	assert_contains(buf_text(&other.err), "is not this machine");
	assert_null(strstr(buf_text(&other.err), "--allow-host")); // which it does not have
	outcome_deinit(&gone);
	outcome_deinit(&other);
}

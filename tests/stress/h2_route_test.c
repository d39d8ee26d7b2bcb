// The server's routes, without a connection.
#include "clock.h"
#include "harness.h"
#include "route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct h2_counters counters;

static struct h2_text text(const char *t)
{
	return (struct h2_text){ t, strlen(t) };
}

static struct h2_incoming request(const char *method, const char *path)
{
	return (struct h2_incoming){ .method = text(method), .path = text(path), .authority = text("host") };
}

static void answer(const struct h2_incoming *in, struct h2_answer *a)
{
	h2_counters_init(&counters, NULL);
	h2_route(in, &counters, a);
}

static void check(const char *method, const char *path, unsigned status, const char *body)
{
	struct h2_incoming in = request(method, path);
	struct h2_answer a;
	char got[300] = "";
	answer(&in, &a);
	size_t n = h2_body_read(&a.body, 0, got, sizeof(got) - 1);
	if (a.status != status || n != a.body.length || (body && strcmp(got, body) != 0))
		fail_msg("%s %s: %u \"%s\"", method, path, a.status, got);
	free(a.owned);
}

CASE("h2 route: fixed bodies, statuses and reflections")
{
	check("GET", "/", 200, "stressgen-h2\n");
	check("GET", "/?a=b", 200, "stressgen-h2\n");
	check("GET", "/bytes/0", 200, "");
	check("GET", "/bytes/5", 200, "01234");
	check("GET", "/bytes/5?q", 200, "01234");
	check("GET", "/status/404", 404, "");
	check("GET", "/status/599", 599, "");
	check("GET", "/reflect/a?b", 200, "GET /reflect/a?b host\n");
	check("DELETE", "/anything", 204, "");
}

CASE("h2 route: what is not there or not right has a status of its own")
{
	check("GET", "/bytes", 404, NULL);
	check("GET", "/other", 404, NULL);
	check("GET", "", 404, NULL);
	check("GET", "/statsx", 404, NULL);
	check("GET", "/bytes/", 400, NULL);
	check("GET", "/bytes/-1", 400, NULL);
	check("GET", "/bytes/1x", 400, NULL);
	check("GET", "/bytes/99999999999999999999", 400, NULL);
	check("GET", "/bytes/67108865", 400, NULL);
	check("GET", "/status/100", 400, NULL);
	check("GET", "/status/600", 400, NULL);
	check("OPTIONS", "*", 405, NULL);
	check("get", "/", 405, NULL);
}

CASE("h2 route: statuses that have no body have neither type nor length")
{
	struct h2_incoming in = request("GET", "/status/204");
	struct h2_answer a;
	answer(&in, &a);
	assert_null(a.type);
	assert_false(a.has_length);
	in = request("DELETE", "/x");
	answer(&in, &a);
	assert_false(a.has_length);
}

CASE("h2 route: HEAD is what GET would be, without the body")
{
	struct h2_incoming in = request("HEAD", "/bytes/777");
	struct h2_answer a;
	answer(&in, &a);
	assert_true(a.head);
	assert_true(a.has_length);
	assert_int_equal(a.body.length, 777);
}

CASE("h2 route: POST and PUT bring back the body")
{
	struct h2_incoming in = request("POST", "/x");
	struct h2_answer a;
	in.body = text("abc");
	answer(&in, &a);
	assert_int_equal(a.status, 200);
	assert_int_equal(a.body.length, 3);
	assert_memory_equal(a.body.text, "abc", 3);
	in = request("PUT", "/x");
	answer(&in, &a);
	assert_int_equal(a.body.length, 0);
	assert_true(h2_route_keeps_body(text("POST")) && h2_route_keeps_body(text("PUT")));
	assert_false(h2_route_keeps_body(text("GET")) || h2_route_keeps_body(text("")));
}

CASE("h2 route: limits come before everything else")
{
	struct h2_incoming in = request("GET", "/");
	struct h2_answer a;
	in.no_memory = true;
	answer(&in, &a);
	assert_int_equal(a.status, 503);
	in.body_too_large = true;
	answer(&in, &a);
	assert_int_equal(a.status, 413);
	in.headers_too_large = true;
	answer(&in, &a);
	assert_int_equal(a.status, 431);
}

CASE("h2 route: /stats is JSON with every counter")
{
	struct h2_incoming in = request("GET", "/stats");
	struct h2_answer a;
	h2_counters_init(&counters, NULL);
	h2_count(&counters, H2_STREAMS, 42);
	h2_count_frame(&counters, H2_FRAMES_IN, 1);
	h2_count_frame(&counters, H2_FRAMES_IN, 200);
	h2_route(&in, &counters, &a);
	assert_string_equal(a.type, "application/json");
	assert_non_null(strstr(a.owned, "\"streams\":42,"));
	assert_non_null(strstr(a.owned, "\"frames_received_HEADERS\":1,"));
	assert_non_null(strstr(a.owned, "\"frames_received_OTHER\":1,"));
	assert_non_null(strstr(a.owned, "\"frames_sent_DATA\":0"));
	free(a.owned);
}

CASE("h2 route: what takes its time says how")
{
	struct h2_incoming in = request("GET", "/delay/1.5s");
	struct h2_answer a;
	answer(&in, &a);
	assert_int_equal(a.delay_ns, 1500000000);
	in = request("GET", "/bytes/5?x=1&delay=20ms");
	answer(&in, &a);
	assert_int_equal(a.delay_ns, 20000000);
	assert_int_equal(a.body.length, 5);
	in = request("GET", "/stream/5000?piece=1000&every=50ms");
	answer(&in, &a);
	assert_false(a.has_length);
	const uint64_t start = 7000000000, every = 50000000;
	assert_int_equal(h2_answer_ready(&a, start, start), 1000);
	assert_int_equal(h2_answer_ready(&a, start, start + every - 1), 1000);
	assert_int_equal(h2_answer_next_ns(&a, start, 1000), start + every);
	assert_int_equal(h2_answer_ready(&a, start, start + every), 2000);
	assert_int_equal(h2_answer_ready(&a, start, start + 100 * every), 5000);
	in = request("GET", "/events");
	answer(&in, &a);
	assert_true(a.endless);
	assert_int_equal(a.piece, H2_EVENT_BYTES);
	assert_int_equal(h2_answer_ready(&a, 1, UINT64_MAX), H2_EVENT_BYTES * (1 + (UINT64_MAX - 1) / 1000000000));
	in = request("GET", "/events?count=2");
	answer(&in, &a);
	assert_false(a.endless);
	assert_int_equal(a.body.length, 2 * H2_EVENT_BYTES);
	check("GET", "/events?count=1", 200, "id: 0000000000\ndata: event 0000000000\n\n");
}

CASE("h2 route: a time or a number that cannot be is 400")
{
	check("GET", "/delay/", 400, NULL);
	check("GET", "/delay/2h", 400, NULL);
	check("GET", "/delay/soon", 400, NULL);
	check("GET", "/bytes/5?delay=-1s", 400, NULL);
	check("GET", "/bytes/5?delay=", 400, NULL);
	check("GET", "/stream/x", 400, NULL);
	check("GET", "/stream/5?piece=0", 400, NULL);
	check("GET", "/stream/5?every=1us", 400, NULL);
	check("GET", "/events?count=0", 400, NULL);
	check("GET", "/events?every=2h", 400, NULL);
	check("GET", "/random/67108865", 400, NULL);
	check("GET", "/file", 404, NULL);
}

// An engine divides by the piece of what has a pace, and waits for what has a delay.
CASE("h2 route: what is refused is answered at once and whole, whatever pace was asked for")
{
	static const char *const wrong[] = { "/stream/5?piece=0", "/stream/5?piece=x", "/stream/5?every=2h",
		                             "/events?count=0",   "/events?every=1us", "/delay/2h",
		                             "/bytes/5?delay=2h", "/events?delay=2h",  "/stream/5?piece=2&delay=",
		                             "/reflect/a?delay=x" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct h2_incoming in = request("GET", wrong[i]);
		struct h2_answer a;
		answer(&in, &a);
		if (a.status != 400 || a.every_ns || a.delay_ns || a.endless || !a.has_length || a.owned)
			fail_msg("%s: %u", wrong[i], a.status);
		assert_int_equal(h2_answer_ready(&a, 1, 2), a.body.length);
	}
}

CASE("h2 route: whatever times and numbers are asked of any route, what has a pace has a piece")
{
	static const char *const routes[] = { "/",         "/bytes/9", "/random/9", "/stream/9",
		                              "/stream/x", "/events",  "/delay/1s", "/file",
		                              "/stats",    "/metrics", "/status/9", "/trailers" };
	static const char *const names[] = { "piece", "every", "count", "delay" };
	static const char *const values[] = { "0", "1", "x", "", "1ms", "2h", "18446744073709551616" };
	char path[100];

	for (unsigned i = 0; i < 12 * 28 * 28; i++) {
		const unsigned a = i / 12 % 28, b = i / 12 / 28;
		snprintf(path, sizeof(path), "%s?%s=%s&%s=%s", routes[i % 12], names[a / 7], values[a % 7],
		         names[b / 7], values[b % 7]);
		struct h2_incoming in = request("GET", path);
		struct h2_answer answered;
		answer(&in, &answered);
		if (answered.status < 200 || (answered.every_ns > 0 && answered.piece == 0) ||
		    (answered.status >= 400 && (answered.every_ns > 0 || answered.delay_ns > 3600 * SG_NS_PER_S)))
			fail_msg("%s: %u", path, answered.status);
		h2_answer_ready(&answered, 1, UINT64_MAX);
		free(answered.owned);
	}
}

CASE("h2 route: an upload is planned before it has come")
{
	assert_true(h2_route_plan(text("POST"), text("/echo")).echoes);
	assert_true(h2_route_plan(text("PUT"), text("/echo?x")).echoes);
	assert_false(h2_route_plan(text("GET"), text("/echo")).echoes);
	assert_false(h2_route_plan(text("POST"), text("/echoes")).echoes);
	assert_int_equal(h2_route_plan(text("POST"), text("/slow-read/1000")).rate, 1000);
	assert_int_equal(h2_route_plan(text("POST"), text("/slow-read/")).rate, 0);
	assert_int_equal(h2_route_plan(text("POST"), text("/slow-read/1e9")).rate, 0);
}

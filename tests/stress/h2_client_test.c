// The client as a process: the suite's scenarios, servers that are wrong in every way, bad input.
#include "h2_support.h"
#include "harness.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SCENARIO(load, request) "(scenario t (load " load " (deadline 20s)) (request r " request "))"

static void run(struct h2_output *o, const char *scenario, unsigned port)
{
	const char *file = h2_file("t.h2", scenario);
	if (port)
		h2_sh(o, "%s run --h2-target http://127.0.0.1:%u %s", H2_PROGRAM, port, file);
	else
		h2_sh(o, "%s run %s", H2_PROGRAM, file);
}

// Runs the scenario against the fake; it must fail, with these words on stdout.
static void expect_wrong(void (*serve)(int, unsigned), const char *scenario, const char *words)
{
	struct h2_process p;
	struct h2_output o;
	h2_fake(&p, serve);
	run(&o, scenario, p.port);
	h2_fake_stop(&p);
	h2_expect_in(o.out, words);
	h2_expect_in(o.out, "@@ gauge requests 0 requests\n"); // none was counted as right
	assert_int_equal(o.code, 1);
	h2_output_deinit(&o);
}

// It could not get to the requests: one line on stderr, and exit 1.
static void expect_trouble(void (*serve)(int, unsigned), const char *words)
{
	struct h2_process p;
	struct h2_output o;
	h2_fake(&p, serve);
	run(&o, "(scenario t (load (deadline 700ms)) (request r))", p.port);
	h2_fake_stop(&p);
	h2_expect_in(o.err, words);
	h2_expect_one_line(o.err);
	h2_expect_in(o.out, "@@ check connections bad ");
	// Where SETTINGS came first the request may have been on its way.
	if (!strstr(o.out, "@@ check complete bad 0 of 1 requests ended"))
		h2_expect_in(o.out, "@@ check r bad 1 of 1 wrong (1 ");
	h2_expect_in(o.out, "@@ gauge requests 0 requests\n");
	assert_int_equal(o.code, 1);
	h2_output_deinit(&o);
}

// ---- the suite ----------------------------------------------------------------------------------------------

CASE("h2 client: every scenario of the suite passes against our server")
{
	static const char *const names[] = { "single-request",       "several-requests", "five-headers",
		                             "several-with-headers", "methods",          "hosts-and-paths",
		                             "multiplexed-load" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct h2_output o;
		h2_sh(&o, "%s run %s/gen/scenarios/%s.h2", H2_PROGRAM, SG_SOURCE_DIR, names[i]);
		if (o.code != 0 || strstr(o.out, " bad ") || !strstr(o.out, "\n@@ done\n"))
			fail_msg("%s: %d\n%s%s", names[i], o.code, o.out, o.err);
		h2_expect_in(o.out, "@@ hist total HISTFAAAA");
		h2_expect_in(o.out, "@@ hist connect HISTFAAAA");
		h2_expect_in(o.out, "@@ check server ok ");
		assert_string_equal(o.err, "");
		h2_output_deinit(&o);
	}
}

CASE("h2 client: the load is what the scenario says, by the server's own count")
{
	struct h2_output o;
	run(&o,
	    SCENARIO("(connections 7) (streams 13) (requests 1001)",
	             "(path \"/bytes/300\") (expect (body (pattern 300)))"),
	    0);
	assert_int_equal(o.code, 0);
	h2_expect_in(o.out, "@@ check r ok 1001 right: GET /bytes/300, status 200\n");
	h2_expect_in(o.out, "@@ gauge server_connections 7 count\n");
	h2_expect_in(o.out, "@@ gauge server_streams 1001 count\n");
	h2_expect_in(o.out, "@@ gauge server_frames_received_HEADERS 1001 frames\n");
	h2_expect_in(o.out, "@@ gauge server_body_bytes_sent 300300 count\n");
	h2_expect_in(o.out, "@@ gauge server_cpu ");
	h2_expect_in(o.out, "@@ gauge server_max_rss ");
	h2_output_deinit(&o);
}

CASE("h2 client: weights deal the requests out")
{
	struct h2_output o;
	run(&o,
	    "(scenario t (load (requests 100) (streams 5)) (request a (weight 3)) (request b (path \"/bytes/1\")))",
	    0);
	assert_int_equal(o.code, 0);
	h2_expect_in(o.out, "@@ check a ok 75 right");
	h2_expect_in(o.out, "@@ check b ok 25 right");
	h2_expect_in(o.out, "@@ hist a HISTF");
	h2_expect_in(o.out, "@@ hist b HISTF");
	h2_output_deinit(&o);
}

CASE("h2 client: a load by time ends in time")
{
	struct h2_output o;
	run(&o, "(scenario t (load (connections 2) (streams 4) (duration 300ms)) (request r))", 0);
	assert_int_equal(o.code, 0);
	h2_expect_in(o.out, "@@ check complete ok ");
	h2_expect_in(o.out, "requests ended in time");
	h2_output_deinit(&o);
}

CASE("h2 client: more streams than the server allows wait for their turn")
{
	struct h2_output o;
	run(&o,
	    "(scenario t (load (streams 100) (requests 500)) (server (max-streams 3)) (request r (path \"/bytes/9\")"
	    " (expect (body (pattern 9)))))",
	    0);
	assert_int_equal(o.code, 0);
	h2_expect_in(o.out, "@@ check r ok 500 right");
	h2_expect_in(o.out, "@@ gauge retried 0 requests"); // it knew the limit before it asked
	h2_output_deinit(&o);
}

CASE("h2 client: large bodies go up and come down whole")
{
	struct h2_output o;
	run(&o,
	    "(scenario t (load (connections 2) (streams 4) (requests 16)) (request r (method POST)"
	    " (body (pattern 3000000)) (expect (body echo))))",
	    0);
	if (o.code != 0)
		fail_msg("%s%s", o.out, o.err);
	h2_expect_in(o.out, "@@ check r ok 16 right");
	h2_expect_in(o.out, "@@ gauge server_body_bytes_received 48000000 count");
	h2_output_deinit(&o);
}

CASE("h2 client: nghttpd serves its scenarios too")
{
	struct h2_output o;
	h2_need("nghttpd");
	h2_need("ss");
	char index[60001];
	memset(index, 'n', 60000);
	index[60000] = '\0';
	h2_file("big", index);
	char *file = strdup(h2_file("t.h2", "(scenario t (load (connections 4) (streams 50) (requests 2000))"
	                                    " (request big (path \"/big\") (expect (length 60000)))"
	                                    " (request none (path \"/none\") (expect (status 404)))"
	                                    " (request head (method HEAD) (path \"/big\")))"));
	// nghttpd cannot say which port it took: it is given one that was free a moment ago.
	h2_sh(&o,
	      "PATH=$PATH:/usr/sbin; for try in 1 2 3 4 5; do port=$((20000 + ($$ * 7 + try * 1009) %% 12000));"
	      " nghttpd --no-tls -a 127.0.0.1 -d %s $port >/dev/null 2>&1 & pid=$!;"
	      " for wait in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1; kill -0 $pid 2>/dev/null || break;"
	      "  ss -Hltn \"sport = :$port\" | grep -q . && { %s run --h2-target http://127.0.0.1:$port %s; code=$?;"
	      "   kill $pid; exit $code; }; done;"
	      " kill $pid 2>/dev/null; done; echo no port was free >&2; exit 99",
	      harness_tmpdir(), H2_PROGRAM, file);
	free(file);
	if (o.code != 0)
		fail_msg("%d %s%s", o.code, o.out, o.err);
	h2_expect_in(o.out, "@@ check big ok 667 right");
	h2_expect_in(o.out, "@@ check none ok 667 right");
	h2_expect_in(o.out, "@@ check head ok 666 right");
	assert_null(strstr(o.out, "@@ check server")); // it is not ours: nothing is known of it
	h2_output_deinit(&o);
}

// ---- servers that are wrong ---------------------------------------------------------------------------------

static void close_at_once(__attribute__((unused)) int fd, __attribute__((unused)) unsigned count)
{
}

static void say_nothing(int fd, __attribute__((unused)) unsigned count)
{
	struct h2_raw f;
	if (raw_read_preface(fd))
		while (raw_read(fd, &f))
			;
}

static void speak_http1(int fd, __attribute__((unused)) unsigned count)
{
	raw_read_preface(fd);
	dprintf(fd, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
}

static void speak_garbage(int fd, __attribute__((unused)) unsigned count)
{
	raw_read_preface(fd);
	for (int i = 0; i < 100; i++)
		dprintf(fd, "%c%c\xff\x80\"", i, 255 - i);
}

static void refuse_by_goaway(int fd, __attribute__((unused)) unsigned count)
{
	raw_read_preface(fd);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	RAW_SEND(fd, RAW_GOAWAY, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11, 't', 'o', 'o', ' ', 'f', 'a', 's', 't');
	while (raw_next_request(fd))
		;
}

// An answer, a GOAWAY behind it, and one that takes back what that one refused.
static void take_back(int fd, __attribute__((unused)) unsigned count)
{
	raw_read_preface(fd);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	const uint32_t id = raw_next_request(fd);
	raw_next_request(fd);
	RAW_SEND(fd, RAW_HEADERS, RAW_END_HEADERS | RAW_END_STREAM, id, 0x88);
	RAW_SEND(fd, RAW_GOAWAY, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0);
	RAW_SEND(fd, RAW_GOAWAY, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0);
	while (raw_next_request(fd))
		;
}

static void send_too_long(int fd, __attribute__((unused)) unsigned count)
{
	static const uint8_t payload[16385];
	raw_read_preface(fd);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	raw_send(fd, RAW_DATA, 0, raw_next_request(fd), payload, sizeof(payload));
	while (raw_next_request(fd))
		;
}

CASE("h2 client: what broke the rules is named, whatever came before it")
{
	struct h2_process p;
	struct h2_output o;
	expect_trouble(send_too_long, "(FRAME_SIZE_ERROR)");
	h2_fake(&p, take_back);
	run(&o, "(scenario t (load (requests 4) (streams 2) (deadline 5s)) (request r))", p.port);
	h2_fake_stop(&p);
	h2_expect_in(o.err, "protocol error: ");
	assert_int_equal(o.code, 1);
	h2_output_deinit(&o);
}

CASE("h2 client: a server that closes at once is said to")
{
	expect_trouble(close_at_once, "the server closed the connection at once; does it speak HTTP/2");
}

CASE("h2 client: a server that never answers ends at the deadline")
{
	expect_trouble(say_nothing,
	               "the deadline of 700 ms came first: on 1 of 1 connections the server did not answer");
}

CASE("h2 client: a server of HTTP/1 is recognised by its own words")
{
	expect_trouble(
	        speak_http1,
	        "the server answered \"HTTP/1.1 400 Bad Request\": it does not speak HTTP/2 with prior knowledge");
}

CASE("h2 client: garbage is shown escaped, on one line")
{
	expect_trouble(speak_garbage, "the server answered \"\\x00\\xff\\xff\\x80\\x22\\x01");
}

CASE("h2 client: a GOAWAY with an error is named, with its text")
{
	expect_trouble(refuse_by_goaway, "GOAWAY ENHANCE_YOUR_CALM, too fast");
}

CASE("h2 client: a port without a server is said to be so")
{
	struct h2_process p;
	struct h2_output o;
	h2_fake(&p, close_at_once);
	h2_fake_stop(&p); // nobody listens there now
	run(&o, "(scenario t (request r))", p.port);
	assert_int_equal(o.code, 1);
	h2_expect_in(o.err, "connection refused; is the server running?");
	h2_expect_one_line(o.err);
	h2_output_deinit(&o);
}

static void greet_late(int fd, __attribute__((unused)) unsigned count)
{
	raw_read_preface(fd);
	poll(NULL, 0, 500);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	for (uint32_t id; (id = raw_next_request(fd));)
		RAW_SEND(fd, RAW_HEADERS, RAW_END_HEADERS | RAW_END_STREAM, id, 0x88);
}

CASE("h2 client: a load by time whose connection stands only behind that time makes a request all the same")
{
	struct h2_process p;
	struct h2_output o;
	h2_fake(&p, greet_late);
	run(&o, "(scenario t (load (duration 50ms) (deadline 20s)) (request r))", p.port);
	h2_fake_stop(&p);
	assert_int_equal(o.code, 0);
	h2_expect_in(o.out, "@@ check complete ok ");
	h2_output_deinit(&o);
}

CASE("h2 client: a unix socket without a server, and https where no TLS is spoken, are said to be so")
{
	struct h2_process p;
	struct h2_output o;
	h2_fake(&p, speak_http1);
	h2_sh(&o, "%s run %s", H2_PROGRAM,
	      h2_file("u.h2", "(scenario t (target \"http://127.0.0.1:1\") (connect-to \"unix:/nowhere/s\")"
	                      " (request r))"));
	assert_int_equal(o.code, 1);
	h2_expect_in(o.err, "unix:/nowhere/s: no such file or directory; is the server running?");
	h2_expect_one_line(o.err);
	h2_output_deinit(&o);
	h2_sh(&o, "%s run --h2-insecure --h2-target https://127.0.0.1:%u %s", H2_PROGRAM, p.port,
	      h2_file("t.h2", "(scenario t (request r))"));
	h2_fake_stop(&p);
	assert_int_equal(o.code, 1);
	h2_expect_in(o.err, "TLS: wrong version number; does it speak TLS there? http:// is without");
	h2_expect_one_line(o.err);
	h2_output_deinit(&o);
}

// Answers each request with what `reply` sends.
static void answer_all(int fd, void (*reply)(int fd, uint32_t id))
{
	raw_read_preface(fd);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	for (uint32_t id; (id = raw_next_request(fd));)
		reply(fd, id);
}

#define FAKE(name, reply)                                                                                         \
	static void name(int fd, __attribute__((unused)) unsigned count)                                          \
	{                                                                                                         \
		answer_all(fd, reply);                                                                            \
	}

#define HEAD_200(fd, id) RAW_SEND(fd, RAW_HEADERS, RAW_END_HEADERS, id, 0x88)

static void reply_404(int fd, uint32_t id)
{
	RAW_SEND(fd, RAW_HEADERS, RAW_END_HEADERS, id, 0x8d);
	RAW_SEND(fd, RAW_DATA, RAW_END_STREAM, id, 'a', 'b', 'c');
}

static void reply_other_body(int fd, uint32_t id)
{
	HEAD_200(fd, id);
	RAW_SEND(fd, RAW_DATA, RAW_END_STREAM, id, 'a', 'b', 'x');
}

static void reply_short(int fd, uint32_t id)
{
	HEAD_200(fd, id);
	RAW_SEND(fd, RAW_DATA, RAW_END_STREAM, id, 'a', 'b');
}

static void reply_other_length(int fd, uint32_t id) // content-length: 9, then 3 bytes
{
	RAW_SEND(fd, RAW_HEADERS, RAW_END_HEADERS, id, 0x88, 0x0f, 0x0d, 1, '9');
	RAW_SEND(fd, RAW_DATA, RAW_END_STREAM, id, 'a', 'b', 'c');
}

static void reply_uppercase(int fd, uint32_t id) // a field name that HTTP/2 forbids
{
	RAW_SEND(fd, RAW_HEADERS, RAW_END_HEADERS, id, 0x88, 0x00, 1, 'X', 1, '1');
	RAW_SEND(fd, RAW_DATA, RAW_END_STREAM, id, 'a', 'b', 'c');
}

static void reply_reset(int fd, uint32_t id)
{
	HEAD_200(fd, id);
	RAW_SEND(fd, RAW_DATA, 0, id, 'a', 'b', 'c');
	RAW_SEND(fd, RAW_RST, 0, id, 0, 0, 0, 2);
}

static void reply_refused(int fd, uint32_t id)
{
	RAW_SEND(fd, RAW_RST, 0, id, 0, 0, 0, 7);
}

static void reply_never_ends(int fd, uint32_t id)
{
	HEAD_200(fd, id);
	RAW_SEND(fd, RAW_DATA, 0, id, 'a', 'b', 'c');
}

static void reply_and_leave(int fd, uint32_t id)
{
	HEAD_200(fd, id);
	RAW_SEND(fd, RAW_DATA, 0, id, 'a', 'b', 'c');
	shutdown(fd, SHUT_WR);
}

static void reply_bad_hpack(int fd, uint32_t id)
{
	RAW_SEND(fd, RAW_HEADERS, RAW_END_HEADERS | RAW_END_STREAM, id, 0xff, 0xff, 0xff, 0x0f);
}

FAKE(serve_404, reply_404)
FAKE(serve_other_body, reply_other_body)
FAKE(serve_short, reply_short)
FAKE(serve_other_length, reply_other_length)
FAKE(serve_uppercase, reply_uppercase)
FAKE(serve_reset, reply_reset)
FAKE(serve_refused, reply_refused)
FAKE(serve_never_ends, reply_never_ends)
FAKE(serve_and_leave, reply_and_leave)
FAKE(serve_bad_hpack, reply_bad_hpack)

#define WANTS_ABC SCENARIO("(requests 4) (streams 2)", "(expect (status 200) (body \"abc\"))")

CASE("h2 client: a response that is wrong is never counted as right")
{
	expect_wrong(serve_404, WANTS_ABC,
	             "@@ check r bad 4 of 4 wrong (4 status); first: request 1: status 404, expected 200");
	expect_wrong(serve_other_body, WANTS_ABC,
	             "4 of 4 wrong (4 body); first: request 1: the body differs from byte 2 on");
	expect_wrong(serve_short, WANTS_ABC,
	             "4 of 4 wrong (4 length); first: request 1: 2 bytes of body, expected 3");
	expect_wrong(serve_other_length, WANTS_ABC, "4 of 4 wrong (4 malformed)");
	expect_wrong(serve_uppercase, WANTS_ABC, "4 of 4 wrong (4 malformed)");
	expect_wrong(serve_reset, WANTS_ABC,
	             "(4 reset); first: request 1: the server reset the stream with INTERNAL_ERROR");
}

CASE("h2 client: a header that is missing or other than expected is wrong")
{
	expect_wrong(serve_404, SCENARIO("(requests 1)", "(expect (status 404) (header \"x-a\" \"1\"))"),
	             "header x-a is missing");
	expect_wrong(serve_other_length, SCENARIO("(requests 1)", "(expect (header \"content-length\" \"3\"))"),
	             "header content-length: \"9\", expected \"3\"");
}

CASE("h2 client: a request that is always refused is given up and named")
{
	expect_wrong(serve_refused, WANTS_ABC, "4 of 4 wrong (4 refused)");
}

CASE("h2 client: a connection that ends in the middle loses its requests, by name")
{
	expect_wrong(serve_and_leave, WANTS_ABC,
	             "(2 lost); first: request 1: lost with its connection: end of file");
	expect_wrong(serve_and_leave, WANTS_ABC, "@@ check connections bad ");
	expect_wrong(serve_bad_hpack, WANTS_ABC, "2 lost");
}

CASE("h2 client: a response that never ends is unanswered at the deadline")
{
	struct h2_process p;
	struct h2_output o;
	h2_fake(&p, serve_never_ends);
	run(&o,
	    "(scenario t (load (requests 4) (streams 2) (deadline 500ms)) (request r (expect (body \"abc\"))))",
	    p.port);
	h2_fake_stop(&p);
	assert_int_equal(o.code, 1);
	h2_expect_in(o.out, "@@ check r bad 2 of 2 wrong (2 unanswered)");
	h2_expect_in(o.err, "the deadline of 500 ms came first: 2 requests were under way unanswered");
	assert_null(strstr(o.out, "@@ done"));
	h2_output_deinit(&o);
}

// ---- servers that end connections in good order -------------------------------------------------------------

static void reply_abc(int fd, uint32_t id)
{
	HEAD_200(fd, id);
	RAW_SEND(fd, RAW_DATA, RAW_END_STREAM, id, 'a', 'b', 'c');
}

// Answers two requests on each connection and ends it with GOAWAY; what came behind them is not taken.
static void two_a_connection(int fd, __attribute__((unused)) unsigned count)
{
	raw_read_preface(fd);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	for (unsigned i = 0; i < 2; i++) {
		uint32_t id = raw_next_request(fd);
		if (id == 0)
			return;
		reply_abc(fd, id);
	}
	RAW_SEND(fd, RAW_GOAWAY, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0);
	while (raw_next_request(fd))
		;
}

// Refuses every other request once.
static void refuse_some(int fd, __attribute__((unused)) unsigned count)
{
	unsigned n = 0;
	raw_read_preface(fd);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	for (uint32_t id; (id = raw_next_request(fd));)
		(n++ % 2 ? reply_abc : reply_refused)(fd, id);
}

static void expect_all_right(void (*serve)(int, unsigned), const char *scenario, const char *words)
{
	struct h2_process p;
	struct h2_output o;
	h2_fake(&p, serve);
	run(&o, scenario, p.port);
	h2_fake_stop(&p);
	if (o.code != 0)
		fail_msg("%d %s%s", o.code, o.out, o.err);
	h2_expect_in(o.out, "@@ check r ok 10 right");
	h2_expect_in(o.out, words);
	h2_output_deinit(&o);
}

#define TEN(streams) SCENARIO("(requests 10) " streams, "(expect (status 200) (body \"abc\"))")

CASE("h2 client: requests that GOAWAY left out are made on a new connection, each once")
{
	expect_all_right(two_a_connection, TEN("(streams 1)"), "@@ gauge reconnects 4 connections");
	expect_all_right(two_a_connection, TEN("(streams 4)"), "@@ gauge goaways ");
}

CASE("h2 client: a refused request is made again and counted as refused")
{
	expect_all_right(refuse_some, TEN("(streams 1)"), "@@ gauge retried 10 requests");
}

static void goaway_at_once(int fd, __attribute__((unused)) unsigned count)
{
	raw_read_preface(fd);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	RAW_SEND(fd, RAW_GOAWAY, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	while (raw_next_request(fd))
		;
}

CASE("h2 client: it does not reconnect for ever to a server that never answers a request")
{
	expect_trouble(goaway_at_once,
	               "the server ended the connection 3 times in a row without answering a request");
}

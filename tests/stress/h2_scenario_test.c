// Scenario files: what is read, and what is said about those that are wrong.
#include "clock.h"
#include "harness.h"
#include "header.h"
#include "scenario.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static int parse(const char *text, struct scenario *s, struct err *e)
{
	*s = (struct scenario){ 0 };
	*e = (struct err){ "" };
	return scenario_parse("x.h2", text, strlen(text), s, e);
}

#define BEFORE "(scenario s (request r "
#define AFTER "))"

CASE("h2 scenario: defaults are one GET of / on one connection")
{
	struct scenario s;
	struct err e;
	assert_int_equal(parse("(scenario s (request r))", &s, &e), 0);
	assert_string_equal(s.name, "s");
	assert_int_equal(s.connections, 1);
	assert_int_equal(s.streams, 1);
	assert_int_equal(s.requests, 1);
	assert_int_equal(s.duration_ns, 0);
	assert_int_equal(s.deadline_ns, 30 * SG_NS_PER_S);
	assert_int_equal(s.count, 1);
	assert_string_equal(s.items[0].method, "GET");
	assert_string_equal(s.items[0].path, "/");
	assert_null(s.items[0].authority);
	assert_int_equal(s.items[0].expect.status, 200);
	assert_int_equal(s.items[0].expect.kind, EXPECT_ANY);
	scenario_deinit(&s);
}

CASE("h2 scenario: every field is read")
{
	static const char text[] =
	        "; @Test x\n"
	        "(scenario a/b (summary \"all\")\n"
	        " (load (connections 10) (streams 100) (requests 12345) (duration 1500ms) (deadline 40))\n"
	        " (server (max-streams 7) (max-body 2M) (max-header-list 8k))\n"
	        " (request one (method POST) (path \"/p?q=1\") (authority \"h:1\") (scheme \"https\") (weight 3)\n"
	        "  (header \"a\" \"1\") (header \"b\" \"\") (body \"xyz\")\n"
	        "  (expect (status 201) (body echo) (header \"c\" \"d\")))\n"
	        " (request two (method HEAD) (expect (status 200)))\n"
	        " (request three (expect (body (pattern 77))))\n"
	        " (request four (expect (length 0))))\n";
	struct scenario s;
	struct err e;
	assert_int_equal(parse(text, &s, &e), 0);
	assert_string_equal(s.summary, "all");
	assert_int_equal(s.connections, 10);
	assert_int_equal(s.streams, 100);
	assert_int_equal(s.requests, 12345);
	assert_int_equal(s.duration_ns, 1500 * SG_NS_PER_MS);
	assert_int_equal(s.deadline_ns, 40 * SG_NS_PER_S);
	assert_int_equal(s.server.max_streams, 7);
	assert_int_equal(s.server.max_body_bytes, 2 << 20);
	assert_int_equal(s.server.max_header_bytes, 8 << 10);
	assert_int_equal(s.count, 4);
	assert_int_equal(s.round, 6);
	const struct h2_request *q = &s.items[0];
	assert_string_equal(q->method, "POST");
	assert_string_equal(q->path, "/p?q=1");
	assert_string_equal(q->authority, "h:1");
	assert_string_equal(q->scheme, "https");
	assert_int_equal(q->header_count, 2);
	assert_string_equal(q->headers[1].name, "b");
	assert_int_equal(q->headers[1].value_len, 0);
	assert_true(q->has_body);
	assert_int_equal(q->expect.status, 201);
	assert_int_equal(q->expect.kind, EXPECT_BODY);
	assert_string_equal(q->expect.body.text, "xyz");
	assert_string_equal(q->expect.headers[0].value, "d");
	assert_int_equal(s.items[1].expect.kind, EXPECT_BODY); // a HEAD response has none
	assert_int_equal(s.items[1].expect.body.length, 0);
	assert_null(s.items[2].expect.body.text);
	assert_int_equal(s.items[2].expect.body.length, 77);
	assert_int_equal(s.items[3].expect.kind, EXPECT_LENGTH);
	scenario_deinit(&s);
}

CASE("h2 scenario: without (requests N) there is one round by weights, or as many as the duration allows")
{
	struct scenario s;
	struct err e;
	assert_int_equal(parse("(scenario s (request a (weight 2)) (request b (weight 5)))", &s, &e), 0);
	assert_int_equal(s.requests, 7);
	scenario_deinit(&s);
	assert_int_equal(parse("(scenario s (load (duration 2s)) (request a))", &s, &e), 0);
	assert_int_equal(s.requests, 0);
	assert_int_equal(s.deadline_ns, 32 * SG_NS_PER_S);
	scenario_deinit(&s);
}

CASE("h2 scenario: what is wrong is said with its line and column")
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{ "", "x.h2:1:1: a scenario file is one (scenario NAME ...)" },
		{ "(scenario", "x.h2:1:1: " },
		{ "(kernel k)", "x.h2:1:1: a scenario file is one" },
		{ "(scenario s (request r))\n(scenario t (request r))", "x.h2:2:1: one scenario a file" },
		{ "(scenario 7 (request r))", "x.h2:1:11: " },
		{ "(scenario s)", "x.h2:1:1: the scenario has no (request NAME ...)" },
		{ "(scenario s\n  (reqests r))", "x.h2:2:4: unknown field 'reqests'; known are" },
		{ "(scenario s\n  (requests r))", "x.h2:2:13: a string in" },
		{ "(scenario s (request r) (request r))", "x.h2:1:34: request 'r' is there twice" },
		{ "(scenario s (request total))", "x.h2:1:22: 'total' is a name that reports use" },
		{ "(scenario s (request))", "x.h2:1:13: " },
		{ "(scenario s (load (connections 0)) (request r))", "x.h2:1:32: 0 is out of range" },
		{ "(scenario s (load (connections 10001)) (request r))", "x.h2:1:32: 10001 is out of range" },
		{ "(scenario s (load (connections ten)) (request r))", "x.h2:1:32: a whole number was expected" },
		{ "(scenario s (load (connections 10000) (streams 100000)) (request r))", "more than 4194304" },
		{ "(scenario s (load (requests -1)) (request r))", "x.h2:1:29: -1 is out of range" },
		{ "(scenario s (load (duration 1e99)) (request r))", "x.h2:1:29: '1e99' is not a time" },
		{ "(scenario s (load (duration 0)) (request r))", "x.h2:1:29: '0' is not a time" },
		{ "(scenario s (load (duration 5s) (deadline 5s)) (request r))", "the deadline must be later" },
		{ "(scenario s (server (max-body 0)) (request r))", "'0' is not a size" },
		{ "(scenario s (server (max-streams 0)) (request r))", "0 is out of range" },
		{ BEFORE "(method get)" AFTER, "x.h2:1:24: a method is one word in capitals" },
		{ BEFORE "(method CONNECT)" AFTER, "CONNECT is a tunnel" },
		{ BEFORE "(path \"a\")" AFTER, "a path begins with /" },
		{ BEFORE "(path \"/a b\")" AFTER, "a path begins with /" },
		{ BEFORE "(path \"/a\") (path \"/b\")" AFTER, "field 'path' stands here twice" },
		{ BEFORE "(authority \"http://x\")" AFTER, "an authority is HOST or HOST:PORT" },
		{ BEFORE "(scheme \"ftp\")" AFTER, "a scheme is" },
		{ BEFORE "(header \"X\" \"1\")" AFTER,
		  "x.h2:1:32: 'X' is no header name; HTTP/2 wants lower case" },
		{ BEFORE "(header \":path\" \"1\")" AFTER, "':path' is no header name" },
		{ BEFORE "(header \"a\")" AFTER, "a name and a value were expected" },
		{ BEFORE "(header \"a\" \"b\\n\")" AFTER, "no control characters" },
		{ BEFORE "(header \"a\" \" b\")" AFTER, "nor blanks at its ends" },
		{ BEFORE "(header \"connection\" \"close\")" AFTER, "HTTP/2 has no connection headers" },
		{ BEFORE "(header \"host\" \"x\")" AFTER, "use (authority" },
		{ BEFORE "(header \"content-length\" \"1\")" AFTER, "it is set from the body" },
		{ BEFORE "(body 5)" AFTER, "a body is" },
		{ BEFORE "(body (pattern -1))" AFTER, "-1 is out of range" },
		{ BEFORE "(weight 0)" AFTER, "0 is out of range" },
		{ BEFORE "(expect (status 99))" AFTER, "a response's status is from 200 to 599" },
		{ BEFORE "(expect (status 100))" AFTER, "a response's status is from 200 to 599" },
		{ BEFORE "(expect (body echo))" AFTER, "nothing to echo: request 'r' has no (body ...)" },
		{ BEFORE "(expect (body all))" AFTER, "unknown body 'all'; known are" },
		{ BEFORE "(expect (body \"a\") (length 1))" AFTER, "(body ...) says the length already" },
		{ BEFORE "(expect (length 1 2))" AFTER, "one number was expected" },
		{ BEFORE "(expect (reason \"x\"))" AFTER, "unknown field 'reason'" },
		{ BEFORE "(method HEAD) (expect (body \"a\"))" AFTER,
		  "a response to HEAD with status 200 has no body" },
		{ BEFORE "(expect (status 204) (length 3))" AFTER, "has no body" },
		{ BEFORE "(header \"te\" \"gzip\")" AFTER, "HTTP/2 knows only (header \"te\" \"trailers\")" },
		{ BEFORE "(path \"/%{m}\")" AFTER, "'%{m}' is no place; known are n, random:LOW-HIGH" },
		{ BEFORE "(path \"/\") (header \"a\" \"%{n\")" AFTER, "'%{' has no '}' behind it" },
		{ BEFORE "(body \"%{hex:0}\")" AFTER, "write %{hex:N}, N from 1 to 4096" },
		{ BEFORE "(trailer \"A\" \"1\")" AFTER, "'A' is no header name" },
		{ BEFORE "(trailer \"a\")" AFTER, "(trailer \"name\" \"value\")" },
		{ BEFORE "(expect (sha256 \"12\"))" AFTER, "a SHA-256 is 64 hexadecimal digits" },
		{ BEFORE "(expect (messages 1))" AFTER, "the request is not gRPC's" },
		{ BEFORE "(message \"a\")" AFTER, "(grpc \"/PACKAGE.SERVICE/METHOD\") is missing" },
		{ BEFORE "(grpc \"/one\")" AFTER, "gRPC calls are (grpc \"/PACKAGE.SERVICE/METHOD\")" },
		{ BEFORE "(grpc \"/a/b\") (path \"/\")" AFTER, "(grpc ...) says the path; leave this out" },
		{ BEFORE "(grpc \"/a/b\") (message 5)" AFTER, "a message is of" },
		{ BEFORE "(grpc \"/a/b\") (message (field 0 \"a\"))" AFTER, "0 is out of range" },
		{ BEFORE "(grpc \"/a/b\") (message (field 1))" AFTER, "a field is (field NUMBER" },
		{ BEFORE "(grpc \"/a/b\") (message (hex \"0\"))" AFTER, "pairs of hexadecimal digits" },
		{ BEFORE "(grpc \"/a/b\") (message (field 1 \"%{q}\"))" AFTER, "'%{q}' is no place" },
		{ BEFORE "(grpc \"/a/b\") (expect (grpc-status 17))" AFTER, "17 is out of range" },
		{ BEFORE "(grpc \"/a/b\") (expect (messages many))" AFTER, "a whole number was expected" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scenario s;
		struct err e;
		int rc = parse(rows[i].text, &s, &e);
		if (rc != -EINVAL || !strstr(e.text, rows[i].message) || strncmp(e.text, "x.h2:", 5) != 0)
			fail_msg("%s: %d \"%s\", expected \"%s\"", rows[i].text, rc, e.text, rows[i].message);
		scenario_deinit(&s);
	}
}

CASE("h2 scenario: a file that is not there is named")
{
	struct scenario s = { 0 };
	struct err e = { "" };
	assert_int_equal(scenario_load("/nonexistent.h2", &s, &e), -ENOENT);
	assert_non_null(strstr(e.text, "/nonexistent.h2"));
	scenario_deinit(&s);
}

// The name in the header and the name in the scenario agree, and the runner will find what it needs.
static void check_file(const char *path)
{
	struct scenario s = { 0 };
	struct test_meta m = { 0 };
	struct err e = { "" };
	struct buf text = { 0 };
	char run[] = "{stressgen:h2} run {file}";
	if (scenario_load(path, &s, &e) < 0)
		fail_msg("%s", e.text);
	FILE *f = fopen(path, "r");
	char head[4096];
	assert_non_null(f);
	size_t n = fread(head, 1, sizeof(head), f);
	fclose(f);
	if (test_header_parse(path, head, n, &m, &e) != 1)
		fail_msg("%s: no header: %s", path, e.text);
	assert_string_equal(m.id, s.name);
	assert_int_equal(m.kind, KIND_HTTP2);
	assert_string_equal(m.run, run);
	assert_true(m.sentinel);
	assert_true(m.timeout_ns > s.deadline_ns); // its own deadline tells more than the runner's
	assert_non_null(s.summary);
	test_meta_deinit(&m);
	scenario_deinit(&s);
	buf_deinit(&text);
}

CASE("h2 scenario: those of the suite are right, and so are their headers")
{
	static const char dir[] = SG_SOURCE_DIR "/gen/scenarios";
	unsigned count = 0;
	struct dirent *entry;
	DIR *d = opendir(dir);
	assert_non_null(d);
	while ((entry = readdir(d))) {
		char path[1024];
		const char *dot = strrchr(entry->d_name, '.');
		if (!dot || strcmp(dot, ".h2") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		check_file(path);
		count++;
	}
	closedir(d);
	assert_true(count >= 7);
}

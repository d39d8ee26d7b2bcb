// Requests made from templates, trailers, hashes and gRPC: both client engines against both of our servers',
// node's http2 and gRPC's own library.
#include "h2_support.h"
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const engines[] = { "wire", "session" };

// Against our server, by each pair of engines: all must be right.
static void expect_right(const char *scenario, const char *words)
{
	const char *path = h2_file("t.h2", scenario);
	for (unsigned i = 0; i < 4; i++) {
		struct h2_output o;
		h2_sh(&o, "'%s' run --h2-engine %s --h2-server-engine %s '%s'", H2_PROGRAM, engines[i / 2],
		      engines[i % 2], path);
		if (o.code != 0 || strstr(o.out, " bad "))
			fail_msg("%s against %s: %d\n%s%s", engines[i / 2], engines[i % 2], o.code, o.out, o.err);
		h2_expect_in(o.out, words);
		h2_expect_in(o.out, "@@ check once ok ");
		h2_output_deinit(&o);
	}
}

// Against a server of another's, by both engines: exit 1 with these words if `right` is false.
static void expect_of(const char *command, const char *request, bool right, const char *words)
{
	char scenario[1024];
	snprintf(scenario, sizeof(scenario),
	         "(scenario t (load (connections 2) (streams 3) (requests 40)) (request r %s))", request);
	const char *path = h2_file("t.h2", scenario);
	for (unsigned i = 0; i < 2; i++) {
		struct h2_output o;
		h2_sh(&o, "'%s' run --h2-engine %s --server-command \"%s\" '%s'", H2_PROGRAM, engines[i], command,
		      path);
		if (o.code != !right)
			fail_msg("%s, %s: %d\n%s%s", engines[i], request, o.code, o.out, o.err);
		h2_expect_in(o.out, words);
		h2_expect_in(o.out, right ? "@@ gauge requests 40 requests" : "@@ gauge requests 0 requests");
		h2_output_deinit(&o);
	}
}

// ---- templates ----------------------------------------------------------------------------------------------

CASE("h2 templates: the server sees what was made, for every request, with threads too")
{
	expect_right("(scenario t (load (connections 2) (streams 7) (requests 700) (threads 2) (seed 5))"
	             " (request a (weight 4) (path \"/reflect/%{n}?x=%{random:1-9}&u=%{uuid}\")"
	             "  (header \"x-id\" \"%{hex:8}-%{pick:a,bb,}\") (authority \"h%{n}.example:1\"))"
	             " (request b (method POST) (path \"/p/%{n}\") (body \"hello %{n} %{alnum:10} %%{n}\")"
	             "  (header \"x\" \"1\") (weight 2) (expect (body echo)))"
	             " (request c (path \"/bytes/10\") (expect (body (pattern 10)))))",
	             "@@ check a ok 400 right: GET /reflect/%{n}?x=%{random:1-9}&u=%{uuid}, status 200");
}

CASE("h2 templates: counters have no gaps and no doubles over threads, and a seed draws the same")
{
	struct h2_output o, again;
	const char *path =
	        h2_file("t.h2", "(scenario t (load (connections 4) (streams 5) (requests 400) (threads 4)"
	                        " (seed 9)) (request a (path \"/reflect/%{n}-%{random:1-1000000}\")))");
	struct h2_process p;
	char text[4096];
	h2_server(&p, "--frames frames.txt");
	h2_sh(&o, "'%s' run --h2-target http://127.0.0.1:%u '%s'", H2_PROGRAM, p.port, path);
	assert_int_equal(o.code, 0);
	h2_output_deinit(&o);
	h2_server_stop(&p, text, sizeof(text));
	h2_sh(&o, "grep -o ':path=\"/reflect/[0-9]*-' frames.txt | sort -u | wc -l; "
	          "grep -o ':path=\"/reflect/[0-9]*-' frames.txt | grep -o '[0-9]*' | sort -n | tail -1; "
	          "grep -o ':path=\"[^\"]*' frames.txt | sort | sha256sum");
	h2_expect_in(o.out, "400\n399\n");
	h2_server(&p, "--frames frames.txt");
	h2_sh(&again, "sed -i 's/(threads 4)//' '%s'; '%s' run --h2-target http://127.0.0.1:%u '%s'", path,
	      H2_PROGRAM, p.port, path);
	assert_int_equal(again.code, 0);
	h2_output_deinit(&again);
	h2_server_stop(&p, text, sizeof(text));
	h2_sh(&again, "echo 400; echo 399; grep -o ':path=\"[^\"]*' frames.txt | sort | sha256sum");
	assert_string_equal(again.out, o.out);
	h2_output_deinit(&again);
	h2_output_deinit(&o);
}

CASE("h2 templates: a request that is refused is made again as it was")
{
	expect_right("(scenario t (load (connections 2) (streams 20) (requests 500)) (server (goaway-after 30))"
	             " (request a (method POST) (path \"/p/%{n}\") (body \"%{uuid}%{n}\") (expect (body echo))))",
	             "@@ check a ok 500 right");
}

// ---- hashes -------------------------------------------------------------------------------------------------

// printf '%s' 0123456789 | sha256sum
#define TEN "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

CASE("h2 checks: the SHA-256 of a body, in one piece or many, and of none")
{
	expect_right("(scenario t (load (streams 5) (requests 100))"
	             " (request a (path \"/bytes/10\") (expect (sha256 \"" TEN "\")))"
	             " (request b (path \"/stream/10?piece=3&every=1ms\") (expect (sha256 \"" TEN
	             "\") (length 10)))"
	             " (request c (path \"/bytes/0\") (expect (sha256 \"" EMPTY "\"))))",
	             "@@ check b ok 33 right");
}

CASE("h2 checks: another hash, trailer or number of messages is wrong, and told with an example")
{
	static const struct {
		const char *request, *words;
	} rows[] = {
		{ "(path \"/bytes/11\") (expect (sha256 \"" TEN "\"))",
		  "7 of 7 wrong (7 hash); first: request 1: the SHA-256 of its 11 bytes begins with " },
		{ "(path \"/trailers\") (expect (trailer \"x-trailer-count\" \"1\"))",
		  "(7 trailer); first: request 1: trailer x-trailer-count: \"0\", expected \"1\"" },
		{ "(path \"/\") (expect (trailer \"x-a\" \"1\"))", "first: request 1: trailer x-a is missing" },
		{ "(grpc \"/stressgen.Echo/Fail\") (message \"a\")",
		  "(7 grpc); first: request 1: trailer grpc-status: \"9\" (FAILED_PRECONDITION), expected \"0\"" },
		{ "(grpc \"/stressgen.Echo/Repeat\") (message \"a\")",
		  "(7 grpc); first: request 1: 10 messages, expected 1" },
		{ "(grpc \"/no/grpc\") (message \"a\")",
		  "first: request 1: header content-type: \"application/octet-stream\", expected \"application/grpc\"" },
	};
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		struct h2_output o;
		char scenario[1024];
		snprintf(scenario, sizeof(scenario), "(scenario t (load (requests 7)) (request r %s))",
		         rows[i / 2].request);
		h2_sh(&o, "'%s' run --h2-engine %s '%s'", H2_PROGRAM, engines[i % 2], h2_file("t.h2", scenario));
		assert_int_equal(o.code, 1);
		h2_expect_in(o.out, rows[i / 2].words);
		h2_expect_in(o.out, "@@ gauge requests 0 requests");
		h2_output_deinit(&o);
	}
}

// ---- trailers and gRPC against ourselves --------------------------------------------------------------------

CASE("h2 trailers: they are sent behind a body, an empty one and none, and come back told")
{
	expect_right(
	        "(scenario t (load (connections 2) (streams 9) (requests 300))"
	        " (request body (method POST) (path \"/trailers\") (body \"abc %{n}\") (trailer \"x-a\" \"1\")"
	        "  (trailer \"x-b\" \"%{n}\") (expect (body echo) (trailer \"x-trailer-count\" \"2\")))"
	        " (request large (method PUT) (path \"/trailers\") (body (pattern 200000)) (trailer \"x-a\" \"1\")"
	        "  (expect (body echo)))"
	        " (request empty (method POST) (path \"/trailers\") (body \"\") (trailer \"x-a\" \"1\"))"
	        " (request none (path \"/trailers\") (trailer \"x-a\" \"1\")"
	        "  (expect (trailer \"x-trailer-count\" \"1\")))"
	        " (request plain (path \"/trailers\") (expect (trailer \"x-trailer-count\" \"0\"))))",
	        "@@ check none ok 60 right");
}

CASE("h2 grpc: unary calls and streams, by template, against our service")
{
	expect_right(
	        "(scenario t (load (connections 2) (streams 5) (requests 700))"
	        " (request say (grpc \"/stressgen.Echo/Say\") (message \"hello\") (expect (body echo)))"
	        " (request made (grpc \"/stressgen.Echo/Say\") (message (field 1 \"user %{n}\") (field 2 -7))"
	        "  (message \"x%{uuid}\" (hex \"00 fF\")) (expect (messages 2) (body echo)))"
	        " (request chat (grpc \"/stressgen.Echo/Chat\") (message \"one\") (message (field 15 \"%{n}\"))"
	        "  (message) (expect (messages 3) (body echo)))"
	        " (request repeat (grpc \"/stressgen.Echo/Repeat\") (message \"one\") (expect (messages 10)))"
	        " (request count (grpc \"/stressgen.Echo/Count\") (message \"one\") (message \"two\")"
	        "  (expect (sha256 \"bdd2aba23de2eb2551042e12525f1fe0bb2c7b74fbc0686482d3bdb3d60cfa03\")))"
	        " (request fail (grpc \"/stressgen.Echo/Fail\") (message \"one\")"
	        "  (expect (grpc-status 9) (messages 0)))"
	        " (request none (grpc \"/stressgen.Echo/No\") (expect (grpc-status 12))))",
	        "@@ check made ok 100 right: POST /stressgen.Echo/Say, status 200");
}

// ---- others' servers ----------------------------------------------------------------------------------------

CASE("h2 grpc: node's http2 takes our messages and trailers, and each of its faults is told")
{
	static const char command[] = "node " SG_SOURCE_DIR "/tests/stress/trailer_peer.js";
	static const struct {
		const char *method, *words;
	} rows[] = {
		{ "Status", "trailer grpc-status: \"13\" (INTERNAL), expected \"0\"" },
		{ "Cut", "its message 1 is cut off" },
		{ "Compressed", "message 1 is compressed, which was not asked for" },
		{ "Twice", "2 messages, expected 1" },
		{ "Type", "content-type: \"application/grpc-web\", expected \"application/grpc\"" },
		{ "None", "trailer grpc-status is missing" },
	};
	char request[128];
	h2_need("node");
	expect_of(command, "(grpc \"/a.B/Right\") (message \"m %{n}\") (expect (body echo))", true,
	          "@@ check r ok 40");
	expect_of(command,
	          "(method POST) (path \"/trailers\") (body \"b\") (trailer \"x-sum\" \"7\")"
	          " (expect (trailer \"x-seen\" \"7\"))",
	          true, "@@ check r ok 40");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(request, sizeof(request), "(grpc \"/a.B/%s\") (message \"message\")", rows[i].method);
		expect_of(command, request, false, rows[i].words);
	}
}

CASE("h2 grpc: gRPC's own library takes our calls, unary and streams")
{
	static const char command[] = "/usr/bin/python3 " SG_SOURCE_DIR "/tests/stress/grpc_peer.py";
	struct h2_output o;

	h2_sh(&o, "/usr/bin/python3 -c 'import grpc'");
	const bool there = o.code == 0;
	h2_output_deinit(&o);
	if (!there)
		harness_skip("python3-grpcio is not installed");
	expect_of(command, "(grpc \"/stressgen.Echo/Say\") (message \"m %{n}\") (expect (body echo))", true,
	          "@@ check r ok 40");
	expect_of(command,
	          "(grpc \"/stressgen.Echo/Chat\") (message \"a\") (message \"%{uuid}\") (message)"
	          " (expect (messages 3) (body echo))",
	          true, "@@ check r ok 40");
	expect_of(command, "(grpc \"/stressgen.Echo/Repeat\") (message \"a\") (expect (messages 10))", true,
	          "@@ check r ok 40");
	expect_of(command, "(grpc \"/stressgen.Echo/Count\") (message \"a\") (message \"b\")", true,
	          "@@ check r ok 40");
	expect_of(command, "(grpc \"/stressgen.Echo/Fail\") (message \"a\") (expect (grpc-status 9) (messages 0))",
	          true, "@@ check r ok 40");
	expect_of(command, "(grpc \"/stressgen.Echo/Fail\") (message \"a\")", false,
	          ": trailer grpc-status: \"9\" (FAILED_PRECONDITION), expected \"0\"; grpc-message: \"");
	expect_of(command, "(grpc \"/stressgen.Echo/Missing\") (message \"a\") (expect (grpc-status 12))", true,
	          "@@ check r ok 40");
}

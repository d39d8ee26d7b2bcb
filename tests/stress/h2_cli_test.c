// stressgen h2 for users of h2load: their options, files of requests, checks from the command line, what is seen
// while it runs and afterwards.
#include "h2_support.h"
#include "harness.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// "stressgen h2 ARGS -o run", in the case's directory; %u in `args` is the port. An earlier run is removed.
__attribute__((format(printf, 3, 0))) static void load(struct h2_output *o, unsigned port, const char *args)
{
	char line[2048];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(line, sizeof(line), args, port, port);
#pragma GCC diagnostic pop
	h2_sh(o, "cd '%s' && rm -rf run && " SG_BUILD_DIR "/bin/stressgen h2 --color never %s -o run",
	      harness_tmpdir(), line);
}

static void expect_code(const struct h2_output *o, int code, const char *args)
{
	if (o->code != code)
		fail_msg("%s: exit %d\n%s%s", args, o->code, o->out, o->err);
}

// ---- h2load's options ---------------------------------------------------------------------------------------

// Each "--name" that begins an option's row in h2load's help, and its letter.
static void each_option(const char *help, void (*see)(const char *name, char letter, void *arg), void *arg)
{
	for (const char *line = help; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		const char letter = strncmp(line, "  -", 3) == 0 && line[3] != '-' ? line[3] : '\0';
		const char *at = letter ? line + 6 : line + 2;
		char name[64];
		if (strncmp(line, "  -", 3) != 0 || strncmp(at, "--", 2) != 0)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(at + 2, "=\n "), at + 2);
		see(name, letter, arg);
	}
}

static void see_option(const char *name, char letter, void *arg)
{
	struct h2_output o;
	++*(unsigned *)arg;
	if (strcmp(name, "help") == 0 || strcmp(name, "version") == 0)
		return;
	h2_sh(&o, "'" SG_BUILD_DIR "/bin/stressgen' h2 --%s 2>&1 </dev/null", name);
	if (strstr(o.out, "unknown option") || strstr(o.out, "not an option"))
		fail_msg("--%s: %s", name, o.out);
	h2_output_deinit(&o);
	if (letter) {
		h2_sh(&o, "'" SG_BUILD_DIR "/bin/stressgen' h2 -%c 2>&1 </dev/null", letter);
		if (strstr(o.out, "unknown option") || strstr(o.out, "not an option"))
			fail_msg("-%c: %s", letter, o.out);
		h2_output_deinit(&o);
	}
	h2_sh(&o, "grep -qe '^| .*`--%s`' '" SG_SOURCE_DIR "/docs/http2.md'", name);
	if (o.code != 0)
		fail_msg("docs/http2.md does not have h2load's --%s in a table", name);
	h2_output_deinit(&o);
}

CASE("h2 cli: each option of h2load is taken or refused with a reason, and is in the table")
{
	struct h2_output o;
	unsigned count = 0;
	h2_need("h2load");
	h2_sh(&o, "h2load --help");
	each_option(o.out, see_option, &count);
	assert_in_range(count, 20, 100);
	h2_output_deinit(&o);
}

CASE("h2 cli: h2load's names and letters mean the same here")
{
	static const struct {
		const char *args, *stats;
	} rows[] = {
		{ "http://127.0.0.1:%u/ -c2 -m4 -n20 -t2", "\"streams\":20," },
		{ "http://127.0.0.1:%u/ --clients=3 --max-concurrent-streams=4 --requests=21 --threads=1",
		  "\"connections\":3," },
		{ "-B http://127.0.0.1:%u http://elsewhere/bytes/7 http://elsewhere/bytes/3 -n 10",
		  "\"body_bytes_sent\":50," },
		{ "http://127.0.0.1:%u/ -p h2c -n 5 -r 100 -c 5 --rate-period=100ms", "\"connections\":5," },
		{ "http://127.0.0.1:%u/ -n 30 --rps 100 -c 3", "\"streams\":30," },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct h2_process p;
		struct h2_output o;
		char stats[16384];
		h2_server(&p, "");
		load(&o, p.port, rows[i].args);
		h2_server_stop(&p, stats, sizeof(stats));
		expect_code(&o, 0, rows[i].args);
		h2_expect_in(stats, rows[i].stats);
		h2_output_deinit(&o);
	}
}

CASE("h2 cli: connections are replaced when they are as old as -T says, and nothing is lost")
{
	struct h2_process p;
	struct h2_output o;
	char stats[16384];
	h2_server(&p, "");
	load(&o, p.port, "http://127.0.0.1:%u/ -c 2 -m 3 -D 1s -T 100ms");
	h2_server_stop(&p, stats, sizeof(stats));
	expect_code(&o, 0, "-T");
	assert_true(run_gauge("reconnects") >= 2);
	assert_int_equal((int)run_gauge("errors"), 0);
	h2_output_deinit(&o);
}

CASE("h2 cli: connections are opened at the rate of -r")
{
	struct h2_process p;
	struct h2_output o;
	char stats[16384];
	h2_server(&p, "");
	load(&o, p.port, "http://127.0.0.1:%u/ -c 4 -n 4 -r 1 --rate-period 100ms");
	h2_server_stop(&p, stats, sizeof(stats));
	expect_code(&o, 0, "-r");
	h2_expect_in(stats, "\"connections\":4,");
	const char *finished = strstr(o.out, "  finished in ");
	assert_non_null(finished);
	double took = 0;
	char unit[4] = "";
	assert_int_equal(sscanf(finished, "  finished in %lf %3s", &took, unit), 2);
	assert_true(strncmp(unit, "s", 1) == 0 || (strcmp(unit, "ms,") == 0 && took >= 290)); // three periods
	h2_output_deinit(&o);
	load(&o, 1,
	     "http://127.0.0.1:%u/ -c 4 -r 1 -D 2s --find-max-rate 'p99<1s' --dry-run"); // begins when all stand
	expect_code(&o, 0, "--find-max-rate -r");
	h2_output_deinit(&o);
}

// ---- files of requests --------------------------------------------------------------------------------------

CASE("h2 cli: a file of URLs and paths, of stdin too; those of the command line name the server alone")
{
	struct h2_process p;
	struct h2_output o;
	char stats[16384], text[256];
	for (unsigned i = 0; i < 2; i++) {
		h2_server(&p, "");
		snprintf(text, sizeof(text), "# two\nhttp://127.0.0.1:%u/bytes/10\r\n\n  /bytes/20  \n", p.port);
		h2_file("urls", text);
		load(&o, p.port,
		     i == 0 ? "http://127.0.0.1:%u/status/500 -i urls -n 10"
		            : "http://127.0.0.1:%u/ -i - -n 10 < urls");
		h2_server_stop(&p, stats, sizeof(stats));
		expect_code(&o, 0, "-i");
		h2_expect_in(stats, "\"body_bytes_sent\":150,");
		h2_output_deinit(&o);
	}
}

CASE("h2 cli: a file of (request ...) forms with weights and checks, of which the run has a copy")
{
	struct h2_process p;
	struct h2_output o;
	char stats[16384];
	h2_file("forms", "; a comment\n"
	                 "(request look (weight 3) (path \"/bytes/10\"))\n"
	                 "(request order (method POST) (path \"/echo\") (body \"{\\\"id\\\": %{n}}\")\n"
	                 "  (expect (body echo)))\n");
	h2_server(&p, "");
	load(&o, p.port, "http://127.0.0.1:%u/ -i forms -n 100 -m 5");
	h2_server_stop(&p, stats, sizeof(stats));
	expect_code(&o, 0, "-i");
	h2_expect_in(stats, "\"streams\":100,");
	h2_output_deinit(&o);
	h2_sh(&o,
	      "cd '%s' && cmp forms run/suite/requests && grep -o '(requests \"[^\"]*\")' run/suite/load.h2; ls -A run/suite",
	      harness_tmpdir());
	assert_string_equal(o.out, "(requests \"requests\")\nload.h2\nrequests\n");
	h2_output_deinit(&o);
}

CASE("h2 cli: weights deal URLs out, and places make each request another")
{
	struct h2_process p;
	struct h2_output o;
	char stats[16384];
	h2_server(&p, "--frames frames.txt");
	load(&o, p.port,
	     "'http://127.0.0.1:%u/bytes/1?%%{n}' http://127.0.0.1:%u/echo --weights 4,1 -X POST --body 'x%%{uuid}' -n 50");
	h2_server_stop(&p, stats, sizeof(stats));
	expect_code(&o, 0, "--weights");
	h2_output_deinit(&o);
	h2_sh(&o, "grep -o ':path=\"/bytes/1?[0-9]*\"' frames.txt | sort -u | wc -l");
	assert_string_equal(o.out, "40\n");
	h2_output_deinit(&o);
}

// ---- checks -------------------------------------------------------------------------------------------------

#define TEN "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882"

CASE("h2 cli: what is drawn is another each time, by a seed that is told, and the same by the same seed")
{
	static const char *const seeds[] = { "", "", "--seed 0", "--seed 0", "--seed 7" };
	char drawn[5][200], args[200];
	struct h2_process p;
	struct h2_output o;
	h2_server(&p, "");
	for (size_t i = 0; i < 5; i++) {
		snprintf(args, sizeof(args), "'http://127.0.0.1:%%u/reflect/%%%%{hex:20}' -n 2 --frames f.txt %s",
		         seeds[i]);
		load(&o, p.port, args);
		expect_code(&o, 0, args);
		h2_expect_in(o.err, i < 2 ? "seed " : i < 4 ? "seed 0\n" : "seed 7\n");
		h2_output_deinit(&o);
		h2_sh(&o, "cd '%s' && grep -o ':path=[^ ]*' f.txt && grep -c '(seed ' run/suite/load.h2",
		      harness_tmpdir());
		snprintf(drawn[i], sizeof(drawn[i]), "%s", o.out);
		assert_int_equal(o.code, 0);
		h2_output_deinit(&o);
	}
	assert_string_not_equal(drawn[0], drawn[1]);
	assert_string_equal(drawn[2], drawn[3]);
	assert_string_not_equal(drawn[3], drawn[4]);
	load(&o, p.port, "http://127.0.0.1:%u/ -n 1"); // which draws nothing
	assert_null(strstr(o.err, "seed"));
	h2_output_deinit(&o);
	h2_server_stop(&p, (char[16384]){ 0 }, 16384);
}

CASE("h2 cli: headers, trailers, length and hash of responses are checked, and a wrong one told with an example")
{
	static const struct {
		const char *args, *words; // words NULL: right
	} rows[] = {
		{ "http://127.0.0.1:%u/bytes/10 --expect-length 10 --expect-sha256 " TEN
		  " --expect-header 'Content-Type: text/plain'",
		  NULL },
		{ "http://127.0.0.1:%u/trailers --trailer 'x-a: 1' --expect-trailer 'x-trailer-count: 1'", NULL },
		{ "http://127.0.0.1:%u/stressgen.Echo/Say --grpc-message hello --grpc-message hex:0a0161 --expect-messages 2",
		  NULL },
		{ "http://127.0.0.1:%u/stressgen.Echo/Fail --grpc-message a --expect-grpc-status 9", NULL },
		{ "http://127.0.0.1:%u/bytes/10 --expect-length 11",
		  "(3 length); first: request 1: 10 bytes of body, expected 11" },
		{ "http://127.0.0.1:%u/bytes/11 --expect-sha256 " TEN,
		  "(3 hash); first: request 1: the SHA-256 of its 11 bytes" },
		{ "http://127.0.0.1:%u/bytes/10 --expect-header 'x-b: 1'",
		  "(3 header); first: request 1: header x-b is missing" },
		{ "http://127.0.0.1:%u/trailers --expect-trailer 'x-trailer-count: 1'",
		  "(3 trailer); first: request 1: trailer x-trailer-count: \"0\", expected \"1\"" },
		{ "http://127.0.0.1:%u/stressgen.Echo/Fail --grpc-message a",
		  "(3 grpc); first: request 1: trailer grpc-status: \"9\" (FAILED_PRECONDITION), expected \"0\"; "
		  "grpc-message: \"" },
	};
	struct h2_process p;
	char stats[16384];
	h2_server(&p, "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct h2_output o;
		char args[512];
		snprintf(args, sizeof(args), "%s -n 3", rows[i].args);
		load(&o, p.port, args);
		expect_code(&o, rows[i].words ? 1 : 0, rows[i].args);
		if (rows[i].words)
			h2_expect_in(o.err, rows[i].words);
		h2_output_deinit(&o);
	}
	h2_server_stop(&p, stats, sizeof(stats));
}

// ---- what is seen -------------------------------------------------------------------------------------------

CASE("h2 cli: a live line tells requests, rate, percentiles, errors and the time that is left")
{
	struct h2_process p;
	struct h2_output o;
	char stats[16384];
	h2_server(&p, "");
	load(&o, p.port, "http://127.0.0.1:%u/ -c 2 -t 2 -D 2s --progress bar");
	h2_server_stop(&p, stats, sizeof(stats));
	expect_code(&o, 0, "--progress");
	const char *line = strstr(o.err, " done, ");
	assert_non_null(line);
	h2_expect_in(line, "/s, p50 ");
	h2_expect_in(line, ", p99 ");
	h2_expect_in(line, ", 0 wrong");
	h2_expect_in(line, " s left");
	h2_output_deinit(&o);
	h2_sh(&o, "ls -A '%s/run/suite'", harness_tmpdir());
	assert_string_equal(o.out, "load.h2\n");
	h2_output_deinit(&o);
}

CASE("h2 cli: the key figures are those that h2load tells")
{
	struct h2_process p;
	struct h2_output o;
	char stats[16384];
	h2_server(&p, "");
	load(&o, p.port, "http://127.0.0.1:%u/ http://127.0.0.1:%u/status/404 -n 10");
	h2_server_stop(&p, stats, sizeof(stats));
	expect_code(&o, 1, "figures");
	h2_expect_in(o.out, "  finished in ");
	h2_expect_in(o.out, " req/s, ");
	h2_expect_in(o.out,
	             "  requests: 10 total, 10 started, 10 done, 5 succeeded, 5 failed, 0 errored, 0 timeout\n");
	h2_expect_in(o.out, "  status codes: 5 2xx, 0 3xx, 5 4xx, 0 5xx\n");
	h2_expect_in(o.out, "  time for request ");
	h2_expect_in(o.out, "  time for connect ");
	h2_expect_in(o.out, "  time to 1st byte ");
	h2_output_deinit(&o);
	h2_server(&p, "");
	load(&o, p.port, "http://127.0.0.1:%u/delay/5s -n 2 -m 2 --request-timeout 200ms --quiet");
	expect_code(&o, 1, "timeout");
	assert_null(strstr(o.out, "  finished in "));
	h2_output_deinit(&o);
	load(&o, p.port, "http://127.0.0.1:%u/delay/5s -n 2 -m 2 --request-timeout 200ms");
	h2_expect_in(o.out, "2 done, 0 succeeded, 2 failed, 0 errored, 2 timeout\n");
	h2_output_deinit(&o);
	h2_server_stop(&p, stats, sizeof(stats));
}

// ---- IPv6 ---------------------------------------------------------------------------------------------------

CASE("h2 cli: IPv6 is loaded, by both engines")
{
	static const char *const engines[] = { "wire", "session" };
	struct h2_process p;
	struct h2_output o;
	char stats[16384], args[256];
	h2_sh(&o, "grep -q '^00000000000000000000000000000001 ' /proc/net/if_inet6");
	const bool there = o.code == 0;
	h2_output_deinit(&o);
	if (!there)
		harness_skip("there is no ::1 on this machine");
	h2_server(&p, "--bind ::1");
	for (size_t i = 0; i < 2; i++) {
		snprintf(args, sizeof(args), "'http://[::1]:%%u/bytes/10' -c 3 -m 5 -n 100 --h2-engine %s",
		         engines[i]);
		load(&o, p.port, args);
		expect_code(&o, 0, args);
		assert_int_equal((int)run_gauge("requests"), 100);
		h2_output_deinit(&o);
	}
	load(&o, p.port, "http://localhost:%u/bytes/10 --connect-to '[::1]:%u' -n 10");
	expect_code(&o, 0, "--connect-to");
	h2_output_deinit(&o);
	h2_server_stop(&p, stats, sizeof(stats));
}

// ---- what goes wrong ----------------------------------------------------------------------------------------

static void serve_http1(int fd, unsigned count)
{
	static const char answer[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
	(void)count;
	raw_read_preface(fd);
	if (send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL) < 0)
		return;
}

static void serve_nothing(int fd, unsigned count)
{
	char byte;
	(void)count;
	while (recv(fd, &byte, 1, 0) > 0)
		;
}

static void serve_end(int fd, unsigned count)
{
	(void)fd;
	(void)count;
}

static void serve_garbage(int fd, unsigned count)
{
	(void)count;
	raw_read_preface(fd);
	if (send(fd, "\x01\x02\xff garbage", 11, MSG_NOSIGNAL) < 0)
		return;
}

CASE("h2 cli: a peer that is not HTTP/2, closes at once, never answers or answers garbage is told in one line")
{
	static const struct {
		void (*serve)(int fd, unsigned count);
		const char *words;
	} rows[] = {
		{ serve_http1, "the server answered \"HTTP/1.1 400 Bad Request\": it does not speak HTTP/2" },
		{ serve_end, "the server closed the connection at once; does it speak HTTP/2" },
		{ serve_nothing,
		  "the deadline of 500 ms came first: on 1 of 1 connections the server did not answer" },
		{ serve_garbage, "the server answered \"\\x01\\x02\\xff garbage\": it does not speak HTTP/2" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct h2_process p;
		struct h2_output o;
		h2_fake(&p, rows[i].serve);
		load(&o, p.port, "http://127.0.0.1:%u/ -n 1 --timeout 500ms");
		h2_fake_stop(&p);
		expect_code(&o, 1, rows[i].words);
		h2_expect_in(o.err, rows[i].words);
		h2_output_deinit(&o);
	}
}

// ---- loads that go wrong -------------------------------------------------------------------------------------

CASE("h2 cli: of a load without one right answer no latency is told")
{
	struct h2_process p;
	struct h2_output o;
	char stats[16384];
	h2_server(&p, "");
	load(&o, p.port, "http://127.0.0.1:%u/ -n 10 --expect-status 201");
	h2_server_stop(&p, stats, sizeof(stats));
	expect_code(&o, 1, "--expect-status 201");
	h2_expect_in(o.out, "0 right, 10 wrong, 1 connection x 1 stream, 0/s\n");
	assert_null(strstr(o.out, "p50 0 ns"));
	assert_null(strstr(o.out, "    p50      p99"));  // of the table, where connections' would stand
	assert_null(strstr(o.out, "first bad check: ")); // which the evidence has
	h2_output_deinit(&o);
	load(&o, 1, "http://127.0.0.1:%u/ -n 10");
	expect_code(&o, 1, "refused");
	assert_null(strstr(o.out, "finished in"));
	h2_output_deinit(&o);
}

CASE("h2 cli: of a load of which each request runs out of its time the whole time is told")
{
	struct h2_process p;
	struct h2_output o;
	char stats[16384];
	double seconds = 0;
	h2_server(&p, "");
	load(&o, p.port, "http://127.0.0.1:%u/delay/30s -n 3 --request-timeout 400ms");
	h2_server_stop(&p, stats, sizeof(stats));
	expect_code(&o, 1, "--request-timeout");
	h2_expect_in(o.out, "requests: 3 total, 3 started, 3 done, 0 succeeded, 3 failed, 0 errored, 3 timeout\n");
	const char *at = strstr(o.out, "finished in ");
	if (at == NULL || sscanf(at, "finished in %lf s, 0.0 req/s", &seconds) != 1 || seconds < 1.2)
		fail_msg("%s", at != NULL ? at : o.out);
	h2_output_deinit(&o);
}

CASE("h2 cli: several requests have a row each below the key figures")
{
	struct h2_process p;
	struct h2_output o;
	char stats[16384];
	h2_server(&p, "");
	h2_file("requests",
	        "(request look (path \"/bytes/1\"))\n(request order (method POST) (path \"/x\") (body \"y\"))\n");
	load(&o, p.port, "http://127.0.0.1:%u/ -i requests -n 100");
	h2_server_stop(&p, stats, sizeof(stats));
	expect_code(&o, 0, "-i requests");
	h2_expect_in(o.out, "\n  time for request ");
	h2_expect_in(o.out, "\n    look  ");
	h2_expect_in(o.out, "\n    order  ");
	h2_expect_in(o.out, "  GET /bytes/1\n");
	h2_expect_in(o.out, "  POST /x\n");
	assert_null(strstr(o.out, "connections: ")); // each of which was there from its beginning to the end
	h2_output_deinit(&o);
}

CASE("h2 cli: a run says what was loaded, which of several requests was wrong, and what became of connections")
{
	struct h2_process p;
	struct h2_output o;
	h2_server(&p, "");
	load(&o, p.port, "http://127.0.0.1:%u/ http://127.0.0.1:%u/status/503 -n 20 --requests-per-connection 5");
	h2_server_stop(&p, (char[16384]){ 0 }, 16384);
	expect_code(&o, 1, "/status/503");
	h2_expect_in(o.err,
	             "r2: 10 of 10 wrong (10 status); first: request 2: status 503, expected 200 to 399 (GET "
	             "/status/503)");
	h2_expect_in(o.out, "\n  connections: 4 made, 3 of them in another's place, 0 GOAWAY received\n");
	h2_output_deinit(&o);
	h2_sh(&o,
	      "grep -q '\"url\": *\"http://127.0.0.1:%u/ http://127.0.0.1:%u/status/503\"' '%s/run/report.json'",
	      p.port, p.port, harness_tmpdir());
	assert_int_equal(o.code, 0);
	h2_output_deinit(&o);
}

// stressgen h2 as its users call it: the real command against real servers, and what its run holds.
#include "h2_support.h"
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const both_engines[] = { "wire", "session" };

#define STRESSGEN "cd '%s' && " SG_BUILD_DIR "/bin/stressgen h2 --color never "

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
	h2_expect_in(stats, "\"connections\":4,");
	h2_expect_in(stats, "\"streams\":2000,");
	h2_expect_in(stats, "\"body_bytes_sent\":40000,");
	assert_int_equal((int)run_gauge("requests"), 2000);
	assert_int_equal((int)run_gauge("status_2xx"), 2000);
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
		h2_expect_in(stats, "\"body_bytes_received\":36,");
		h2_expect_in(stats, "\"body_bytes_sent\":36,");
		h2_output_deinit(&o);
	}
}

CASE("h2 load: of a number and a duration the first to come ends the load, in good order")
{
	static const char *const limits[] = { "-n 100M -D 300ms", "-n 50 -D 60s" };
	struct h2_process p;
	struct h2_output o;
	h2_server(&p, "");
	for (size_t i = 0; i < 2; i++) {
		h2_sh(&o,
		      "cd '%s' && rm -rf run && " SG_BUILD_DIR "/bin/stressgen h2 http://127.0.0.1:%u/ %s -o run",
		      harness_tmpdir(), p.port, limits[i]);
		if (o.code != 0)
			fail_msg("%s: %d %s%s", limits[i], o.code, o.out, o.err);
		h2_output_deinit(&o);
		assert_true(i == 0 ? run_gauge("requests") > 50 : run_gauge("requests") == 50);
	}
	h2_server_stop(&p, (char[16384]){ 0 }, 16384);
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
	assert_true(run_gauge("warm_up_requests") > 0);
	assert_true(run_gauge("requests") > run_gauge("warm_up_requests"));
	h2_output_deinit(&o);
	// What came in it is not in the rate of bytes: of 50 KB in all and as much again to warm up, in half a
	// second.
	h2_server(&p, "");
	h2_sh(&o,
	      "rm -r '%s/run'; " STRESSGEN
	      "http://127.0.0.1:%u/bytes/1000 --rate 100 -c 1 -m 100 -D 500ms --warm-up 500ms -o run",
	      harness_tmpdir(), harness_tmpdir(), p.port);
	h2_server_stop(&p, stats, sizeof(stats));
	if (o.code != 0)
		fail_msg("%d\n%s%s", o.code, o.out, o.err);
	assert_int_equal((int)run_gauge("warm_up_requests"), 50);
	double requests = 0, rate = 0;
	char unit[16] = "";
	const char *at = strstr(o.out, "finished in ");
	assert_non_null(at);
	assert_int_equal(sscanf(at, "finished in %*f %*[^,], %lf req/s, %lf %15[^/]", &requests, &rate, unit), 3);
	// 1000 bytes, frames' heads and a header each: about as many KiB a second as requests.
	if (strcmp(unit, "KiB") != 0 || rate < requests * 0.3 || rate > requests * 1.5)
		fail_msg("%s", at);
	h2_output_deinit(&o);
}

CASE("h2 load: requests that are all over in the warm-up measure nothing, and the load has failed")
{
	struct h2_process p;
	struct h2_output o;
	h2_server(&p, "");
	h2_sh(&o, STRESSGEN "http://127.0.0.1:%u/ -n 7 -D 2s --warm-up 1m -o run", harness_tmpdir(), p.port);
	h2_server_stop(&p, (char[16384]){ 0 }, 16384);
	if (o.code != 1 || !strstr(o.out, "complete: all requests (7) were the warm-up's: make more"))
		fail_msg("%d\n%s%s", o.code, o.out, o.err);
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
	h2_expect_in(o.out, "503, expected 200 to 399");
	h2_output_deinit(&o);
	h2_sh(&o, STRESSGEN "http://127.0.0.1:%u/status/503 -n 5 -o run2 --expect-status 503", harness_tmpdir(),
	      p.port);
	assert_int_equal(o.code, 0);
	h2_output_deinit(&o);
	h2_server_stop(&p, stats, sizeof(stats));
}

CASE("h2 load: threads share connections and requests")
{
	struct h2_process p;
	struct h2_output o;
	char stats[16384];
	h2_server(&p, "");
	h2_sh(&o, STRESSGEN "http://127.0.0.1:%u/ -c 5 -m 3 -t 3 -n 1001 -o run", harness_tmpdir(), p.port);
	if (o.code != 0)
		fail_msg("%d\n%s%s", o.code, o.out, o.err);
	h2_server_stop(&p, stats, sizeof(stats));
	h2_expect_in(stats, "\"connections\":5,");
	h2_expect_in(stats, "\"streams\":1001,");
	assert_int_equal((int)run_gauge("requests"), 1001);
	h2_output_deinit(&o);
}

CASE("h2 load: an open loop makes each request that is due, one thread or three, evenly or not")
{
	static const char *const rows[] = { "--rate 500 -n 100", "--rate 500 -t 3 -n 100",
		                            "--rate 500 --arrivals poisson --seed 3 -t 2 -n 100",
		                            "--rate 100/500ms,200/250ms", "--rate 1-399/500ms" };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct h2_process p;
		struct h2_output o;
		char stats[16384];
		h2_server(&p, "");
		h2_sh(&o, "cd '%s' && rm -rf run; " STRESSGEN "http://127.0.0.1:%u/ -c 3 -m 10 %s -o run",
		      harness_tmpdir(), harness_tmpdir(), p.port, rows[i]);
		if (o.code != 0)
			fail_msg("%s: %d\n%s%s", rows[i], o.code, o.out, o.err);
		h2_server_stop(&p, stats, sizeof(stats));
		h2_expect_in(stats, "\"streams\":100,");
		h2_output_deinit(&o);
	}
}

CASE("h2 load: connections are replaced after their requests, and nothing is lost")
{
	struct h2_process p;
	struct h2_output o;
	char stats[16384];
	h2_server(&p, "");
	h2_sh(&o,
	      STRESSGEN "http://127.0.0.1:%u/ -c 2 -m 3 -n 100 --requests-per-connection 10 --idle 20ms -o run",
	      harness_tmpdir(), p.port);
	if (o.code != 0)
		fail_msg("%d\n%s%s", o.code, o.out, o.err);
	h2_server_stop(&p, stats, sizeof(stats));
	h2_expect_in(stats, "\"connections\":10,");
	h2_expect_in(stats, "\"streams\":100,");
	h2_output_deinit(&o);
}

CASE("h2 load: churn replaces connections under load, and nothing is lost")
{
	struct h2_process p;
	struct h2_output o;
	char stats[16384];
	h2_server(&p, "");
	h2_sh(&o, STRESSGEN "http://127.0.0.1:%u/ -c 4 -m 3 -D 500ms --churn 50 -o run", harness_tmpdir(), p.port);
	if (o.code != 0)
		fail_msg("%d\n%s%s", o.code, o.out, o.err);
	assert_true(run_gauge("reconnects") >= 10);
	assert_true(run_gauge("errors") == 0);
	h2_server_stop(&p, stats, sizeof(stats));
	h2_output_deinit(&o);
}

CASE("h2 load: a connection on which nothing was to be asked may be replaced, or ended by the server, any number of times")
{
	static const char *const ends[][2] = { { "", "-T 50ms" },
		                               { "", "--churn 100" },
		                               { "--idle-timeout 150ms", "" } };
	for (size_t i = 0; i < 6; i++) {
		struct h2_process p;
		struct h2_output o;
		h2_server(&p, ends[i % 3][0]);
		h2_sh(&o, STRESSGEN "http://127.0.0.1:%u/ --rate 3 -D 1500ms %s --h2-engine %s -o run%zu",
		      harness_tmpdir(), p.port, ends[i % 3][1], both_engines[i / 3], i);
		h2_server_stop(&p, (char[16384]){ 0 }, 16384);
		if (o.code != 0)
			fail_msg("%s%s: %d\n%s%s", ends[i % 3][0], ends[i % 3][1], o.code, o.out, o.err);
		h2_output_deinit(&o);
	}
}

CASE("h2 load: a server that ends each connection after a few requests answers all of them, the oldest first")
{
	for (size_t i = 0; i < 2; i++) {
		struct h2_process p;
		struct h2_output o;
		h2_server(&p, "--goaway-after 3");
		h2_sh(&o,
		      "cd '%s' && rm -rf run; " SG_BUILD_DIR
		      "/bin/stressgen h2 http://127.0.0.1:%u/ -m 100 -n 1000 --h2-engine %s -o run",
		      harness_tmpdir(), p.port, both_engines[i]);
		h2_server_stop(&p, (char[16384]){ 0 }, 16384);
		if (o.code != 0)
			fail_msg("%s: %d\n%s%s", both_engines[i], o.code, o.out, o.err);
		assert_int_equal((int)run_gauge("requests"), 1000);
		assert_int_equal((int)run_gauge("reconnects"), 333);
		// Each has about a tenth of the load's time; those that others overtake would have all of it.
		const double all_ns = 1000 / run_gauge("throughput") * 1e9;
		if ((double)run_percentile(99.5) > all_ns / 2)
			fail_msg("%s: %g of %g", both_engines[i], (double)run_percentile(99.5), all_ns);
		h2_output_deinit(&o);
	}
}

CASE("h2 load: a request beyond its time is reset, and wrong; the others are right")
{
	static const char *const engines[] = { "wire", "session" };
	for (size_t i = 0; i < 2; i++) {
		struct h2_process p;
		struct h2_output o;
		char stats[16384];
		h2_server(&p, "");
		h2_sh(&o,
		      "cd '%s' && rm -rf run; " STRESSGEN "http://127.0.0.1:%u/delay/20s http://127.0.0.1:%u/ "
		      "-m 2 -n 4 --request-timeout 1500ms --h2-engine %s -o run",
		      harness_tmpdir(), harness_tmpdir(), p.port, p.port, engines[i]);
		assert_int_equal(o.code, 1);
		h2_output_deinit(&o);
		h2_sh(&o, "cat '%s'/run/report.json", harness_tmpdir());
		h2_expect_in(o.out, "2 of 2 wrong (2 timeout); first: request 1: unanswered after its time");
		assert_int_equal((int)run_gauge("requests"), 2);
		h2_output_deinit(&o);
		h2_server_stop(&p, stats, sizeof(stats));
		h2_expect_in(stats, "\"resets_received\":2,");
	}
}

CASE("h2 load: requests that a stalled server delays are counted from when they were due, whatever -m is")
{
	static const unsigned streams[] = { 1, 100 };
	for (size_t i = 0; i < 2; i++) {
		struct h2_process p;
		struct h2_output o;
		char stats[16384];
		h2_server(&p, "");
		// The server stops for one of three seconds: of 300 requests a second, those of 700 ms take over
		// 300 ms.
		h2_sh(&o,
		      "cd '%s' && rm -rf run; (sleep 1; kill -STOP %d; sleep 1; kill -CONT %d) & " STRESSGEN
		      "http://127.0.0.1:%u/ -m %u --rate 300 -D 3s -o run",
		      harness_tmpdir(), (int)p.pid, (int)p.pid, harness_tmpdir(), p.port, streams[i]);
		if (o.code != 0)
			fail_msg("%d\n%s%s", o.code, o.out, o.err);
		h2_server_stop(&p, stats, sizeof(stats));
		h2_expect_in(stats, "\"streams\":900,");
		// 210 of 900 waited for over 300 ms, whatever -m is; a loaded machine only adds to them.
		if (run_percentile(80) < 300000000)
			fail_msg("-m %u: p80 %u us", streams[i], (unsigned)(run_percentile(80) / 1000));
		h2_output_deinit(&o);
	}
}

CASE("h2 load: the rate of a load by time is that of its time, however few requests there are")
{
	static const struct {
		const char *args;
		double rate;
	} rows[] = { { "--rate 2 -D 500ms", 2 },
		     { "--rate 40 -D 500ms -c 4 -t 2", 40 },
		     { "-D 500ms -c 2 --requests-per-connection 5 --idle 30s", 20 } };
	struct h2_process p;
	struct h2_output o;
	h2_server(&p, "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		h2_sh(&o,
		      "cd '%s' && rm -rf run && " SG_BUILD_DIR "/bin/stressgen h2 http://127.0.0.1:%u/ %s -o run",
		      harness_tmpdir(), p.port, rows[i].args);
		if (o.code != 0)
			fail_msg("%s: %d\n%s%s", rows[i].args, o.code, o.out, o.err);
		const double rate = run_gauge("throughput");
		// A busy machine answers late; a closed loop's time begins before its first request.
		if (rate > rows[i].rate * 1.2 || rate < rows[i].rate * 0.5)
			fail_msg("%s: %f\n%s", rows[i].args, rate, o.out);
		h2_output_deinit(&o);
	}
	h2_server_stop(&p, (char[16384]){ 0 }, 16384);
}

CASE("h2 load: no connection is closed before the last answer has come, so that none waits for thousands of them")
{
	static const char *const loads[] = {
		"'http://127.0.0.1:%1$u/?delay=300ms' -c 5 -m 10 --rate 10 -D 1s",
		"'http://127.0.0.1:%1$u/?delay=10ms' 'http://127.0.0.1:%1$u/?delay=400ms' -c 2 -D 300ms",
	};
	struct h2_process p;
	struct h2_output o;
	h2_server(&p, "");
	for (size_t i = 0; i < 4; i++) {
		char args[256];
		snprintf(args, sizeof(args), loads[i % 2], p.port);
		h2_sh(&o, STRESSGEN "%s --h2-engine %s --frames frames%zu -o run%zu", harness_tmpdir(), args,
		      both_engines[i / 2], i, i);
		if (o.code != 0)
			fail_msg("%s: %d\n%s%s", args, o.code, o.out, o.err);
		h2_output_deinit(&o);
		// what came of streams behind the first GOAWAY
		h2_sh(&o, "cd '%s' && awk '/-> GOAWAY/ { over = 1 } over && /<- (HEADERS|DATA)/' frames%zu",
		      harness_tmpdir(), i);
		if (o.out[0] != '\0')
			fail_msg("%s: %s", args, o.out);
		h2_output_deinit(&o);
	}
	h2_server_stop(&p, (char[16384]){ 0 }, 16384);
}

CASE("h2 load: an open loop that is not kept up with says how late its requests began")
{
	struct h2_process p;
	struct h2_output o;
	h2_server(&p, "");
	h2_sh(&o,
	      "cd '%s' && " SG_BUILD_DIR "/bin/stressgen h2 'http://127.0.0.1:%u/?delay=5ms' --rate 1000 -n 200",
	      harness_tmpdir(), p.port);
	assert_int_equal(o.code, 0);
	h2_expect_in(o.out, "  behind schedule: requests began up to ");
	h2_expect_in(o.out, " late: none of 1 x 1 streams was free, or no CPU for us\n");
	h2_output_deinit(&o);
	h2_sh(&o,
	      "cd '%s' && " SG_BUILD_DIR
	      "/bin/stressgen h2 'http://127.0.0.1:%u/?delay=300ms' --rate 50 -n 10 -m 100",
	      harness_tmpdir(), p.port);
	assert_int_equal(o.code, 0);
	assert_null(strstr(o.out, "behind schedule")); // late answers alone are not
	h2_output_deinit(&o);
	h2_server_stop(&p, (char[16384]){ 0 }, 16384);
}

CASE("h2 load: the highest rate that keeps a goal is searched")
{
	struct h2_process p;
	struct h2_output o;
	char stats[16384];
	h2_server(&p, "");
	// With one stream and 20 ms an answer it cannot be above 50 a second; a loaded machine has less.
	h2_sh(&o,
	      STRESSGEN "http://127.0.0.1:%u/delay/20ms -c 1 -m 1 --rate 5 -D 500ms --find-max-rate "
	                "'p50<200ms,errors<1%%' -o run",
	      harness_tmpdir(), p.port);
	if (o.code != 0)
		fail_msg("%d\n%s%s", o.code, o.out, o.err);
	const double rate = run_gauge("max_rate");
	if (rate < 1 || rate > 100)
		fail_msg("%f\n%s", rate, o.out);
	char found[64];
	snprintf(found, sizeof(found), "\n  highest rate that holds: %.0f/s; its last trial:\n", rate);
	h2_expect_in(o.out, found);
	h2_output_deinit(&o);
	h2_sh(&o,
	      STRESSGEN
	      "http://127.0.0.1:%u/delay/20ms -c 1 -m 1 --rate 2 -D 500ms --find-max-rate 'p50<1us' -o run3",
	      harness_tmpdir(), p.port);
	assert_int_equal(o.code, 1);
	h2_expect_in(o.out, "\n  the goal does not hold at any rate\n");
	h2_output_deinit(&o);
	h2_sh(&o, STRESSGEN "http://127.0.0.1:%u/delay/20ms --find-max-rate 'p99=3' -o run2", harness_tmpdir(),
	      p.port);
	assert_int_equal(o.code, 2);
	h2_expect_in(o.err, "is no goal");
	h2_output_deinit(&o);
	h2_server_stop(&p, stats, sizeof(stats));
}

CASE("h2 load: errors that a goal allows are no fault, and a goal that says nothing of them allows none")
{
	static const struct {
		const char *goal, *words;
		int code;
	} rows[] = {
		{ "p50<300ms,errors<30%", "\n  highest rate that holds: ", 0 },
		{ "p50<300ms", "the goal does not hold at any rate", 1 },
		{ "p50<300ms,errors<10%", "the goal does not hold at any rate", 1 },
	};
	struct h2_process p;
	struct h2_output o;
	h2_server(&p, "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		h2_sh(&o,
		      STRESSGEN "'http://127.0.0.1:%u/status/503?delay=60ms' 'http://127.0.0.1:%u/delay/60ms' "
		                "--weights 1,4 --rate 5 -D 1s --find-max-rate '%s' -o run%zu",
		      harness_tmpdir(), p.port, p.port, rows[i].goal, i);
		if (o.code != rows[i].code)
			fail_msg("%s: %d\n%s%s", rows[i].goal, o.code, o.out, o.err);
		h2_expect_in(o.out, rows[i].words);
		h2_output_deinit(&o);
	}
	h2_server_stop(&p, (char[16384]){ 0 }, 16384);
}

CASE("h2 load: another machine is not loaded without --yes, and not without bounds")
{
	struct h2_output o;
	h2_sh(&o, STRESSGEN "http://192.0.2.1/ -n 1 </dev/null", harness_tmpdir());
	assert_int_equal(o.code, 2);
	h2_expect_in(o.err, "192.0.2.1 is another machine");
	h2_expect_in(o.err, "--yes says that you may");
	h2_output_deinit(&o);
	h2_sh(&o, STRESSGEN "http://127.0.0.1/ -n 1 --connect-to 192.0.2.1:80 </dev/null", harness_tmpdir());
	assert_int_equal(o.code, 2);
	h2_output_deinit(&o);
	h2_sh(&o, STRESSGEN "http://192.0.2.1/ -c 5000 --yes --dry-run </dev/null", harness_tmpdir());
	assert_int_equal(o.code, 2);
	h2_expect_in(o.err, "on another machine --connections may be at most 1000");
	h2_output_deinit(&o);
	h2_sh(&o, STRESSGEN "http://192.0.2.1/ --rate 10-200k/1s --yes --dry-run </dev/null", harness_tmpdir());
	assert_int_equal(o.code, 2);
	h2_expect_in(o.err, "on another machine --rate may be at most 100k");
	h2_output_deinit(&o);
	static const char *const beyond[][2] = {
		{ "-D 50m --warm-up 20m", "a load lasts at most 1 h" },
		{ "--rate 100/2h", "a load lasts at most 1 h" },
		{ "--find-max-rate 'p99<1ms' -D 3m", "a search's trial lasts at most 2 m" },
		{ "-D 10s --churn 2000", "at most 1000 connections a second are replaced" },
	};
	for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
		h2_sh(&o, STRESSGEN "http://192.0.2.1/ %s --yes --dry-run </dev/null", harness_tmpdir(),
		      beyond[i][0]);
		if (o.code != 2 || !strstr(o.err, beyond[i][1]))
			fail_msg("%s: %d %s", beyond[i][0], o.code, o.err);
		h2_output_deinit(&o);
	}
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
		{ "http://127.0.0.1:1/ -H 'te: x'", "HTTP/2 knows only (header" },
		{ "http://127.0.0.1:1/ -d not-there", "not-there: cannot be read: No such file" },
		{ "http://127.0.0.1:1/ -n 0", "-n: 0 is out of range" },
		{ "http://127.0.0.1:1/ -n many", "-n: 'many' is not a number such as 500, 10k or 1M" },
		{ "http://127.0.0.1:1/ --expect-status 42", "a response's status is from 200 to 599" },
		{ "http://127.0.0.1:1/ -c 100 -r 1 -D 2s",
		  "100 connections are open after 1 m 39 s at that rate, and the load lasts 2.00 s" },
		{ "http://127.0.0.1:1/ -c 100 -r 1 --rate 9 -D 2s --timeout 60s",
		  "ends by its deadline of 1 m 0 s" },
		{ "http://127.0.0.1:1/ --warm-up 2s", "a warm-up goes before a duration, and none is given" },
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

// The program's command line: what it takes, what it refuses, and how it goes away.
#include "h2_support.h"
#include "harness.h"

#include <stdio.h>
#include <string.h>

static void expect_usage(const char *args, const char *words)
{
	struct h2_output o;
	h2_sh(&o, "%s %s", H2_PROGRAM, args);
	if (o.code != 2 || !strstr(o.err, words))
		fail_msg("%s: %d %s, expected %s", args, o.code, o.err, words);
	assert_string_equal(o.out, "");
	h2_output_deinit(&o);
}

CASE("h2 usage: bad input is one clear line and exit 2")
{
	struct h2_output o;
	const char *bad = h2_file("bad.h2", "; a comment\n(scenario t\n  (request r (path \"x\")))\n");
	h2_sh(&o, "%s run %s", H2_PROGRAM, bad);
	assert_int_equal(o.code, 2);
	h2_expect_in(o.err, "bad.h2:3:14: a path begins with /");
	h2_expect_one_line(o.err);
	h2_output_deinit(&o);
	h2_sh(&o, "%s check %s %s/gen/scenarios/methods.h2", H2_PROGRAM, bad, SG_SOURCE_DIR);
	assert_int_equal(o.code, 2);
	h2_expect_one_line(o.err);
	h2_output_deinit(&o);

	char args[600];
	const char *good = h2_file("good.h2", "(scenario t (request r))");
	snprintf(args, sizeof(args), "run --h2-target http://192.0.2.1:80 %s", good);
	expect_usage(args, "'http://192.0.2.1:80' is not this machine");
	snprintf(args, sizeof(args), "run --h2-target localhost:80 %s", good);
	expect_usage(args, "is no target; write http://HOST:PORT");
	snprintf(args, sizeof(args), "run --h2-targt http://127.0.0.1 %s", good);
	expect_usage(args, "--h2-target");
	expect_usage("run", "run takes one scenario file");
	expect_usage("run /nonexistent.h2", "/nonexistent.h2");
	expect_usage("run /", "/");
	expect_usage("server --port 65536", "65536");
	expect_usage("server extra", "server takes options only");
	expect_usage("serve", "unknown command 'serve'");
	expect_usage("", "Usage: stressgen-h2 COMMAND");
}

CASE("h2 usage: the target can come from the environment, and the command line goes first")
{
	struct h2_output o;
	const char *file = h2_file("t.h2", "(scenario t (request r))");
	h2_sh(&o, "STRESSGEN_H2_TARGET=http://192.0.2.1 %s run %s", H2_PROGRAM, file);
	assert_int_equal(o.code, 2);
	h2_expect_in(o.err, "'http://192.0.2.1' is not this machine");
	h2_output_deinit(&o);
	h2_sh(&o, "STRESSGEN_H2_TARGET=http://192.0.2.1 %s run --h2-target http://192.0.2.2 %s", H2_PROGRAM, file);
	assert_int_equal(o.code, 2);
	h2_expect_in(o.err, "'http://192.0.2.2' is not this machine");
	h2_output_deinit(&o);
}

CASE("h2 usage: help is on stdout and names every option")
{
	struct h2_output o;
	h2_sh(&o, "%s --help && %s run --help && %s server --help", H2_PROGRAM, H2_PROGRAM, H2_PROGRAM);
	assert_int_equal(o.code, 0);
	h2_expect_in(o.out, "run");
	h2_expect_in(o.out, "--h2-target URL");
	h2_expect_in(o.out, "--idle-timeout TIME");
	h2_output_deinit(&o);
}

CASE("h2 usage: its server does not outlive it, however it goes")
{
	struct h2_output o;
	const char *file = h2_file("t.h2", "(scenario t (load (duration 60s)) (request r))");
	h2_sh(&o,
	      "%s run %s & client=$!; for wait in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do"
	      " server=$(cat /proc/$client/task/$client/children); [ -n \"$server\" ] && break; sleep 0.1; done;"
	      " [ -n \"$server\" ] || exit 90; kill -KILL $client; wait $client;"
	      " for wait in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do"
	      " grep -q \"^State:.[RSD]\" /proc/$server/status 2>/dev/null || exit 91; sleep 0.1; done; exit 92",
	      H2_PROGRAM, file);
	assert_int_equal(o.code, 91);
	h2_output_deinit(&o);
}

CASE("h2 usage: a report that cannot be written is an error, not a success")
{
	struct h2_output o;
	h2_sh(&o, "%s run %s >/dev/full", H2_PROGRAM, h2_file("t.h2", "(scenario t (request r))"));
	assert_int_equal(o.code, 5);
	h2_expect_in(o.err, "the report cannot be written");
	h2_output_deinit(&o);
}

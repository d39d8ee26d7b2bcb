// Runtimes that serve under our load: node's, with the pauses of its collector, and those that gen writes.
// tests/servers has those of Debian.
#include "h2_support.h"
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODE SG_SOURCE_DIR "/tests/servers/node.js"

CASE("h2 runtime: node serves handlers, timers and event streams, and tells its collector's pauses")
{
	struct h2_output o;
	unsigned long long ns;
	h2_need("node");
	h2_file("gc.h2", "(scenario node/gc (load (connections 4) (streams 10) (requests 1000))"
	                 " (request bytes (path \"/bytes/1000\") (expect (body (pattern 1000))))"
	                 " (request alloc (path \"/alloc/2000\") (expect (body \"2000 objects\\n\")))"
	                 " (request timer (path \"/timer/2\") (expect (body \"late\\n\")))"
	                 " (request events (path \"/events/2\") (expect (body \"data: 0\\n\\ndata: 1\\n\\n\")))"
	                 " (request echo (method POST) (body \"x\") (expect (body echo))))");
	h2_sh(&o, "cd '%s' && '%s' run --server-command 'node %s' gc.h2", harness_tmpdir(), H2_PROGRAM, NODE);
	if (o.code != 0)
		fail_msg("exit %d\n%s%s", o.code, o.out, o.err);
	const char *pause = strstr(o.out, "\n@@ gc ");
	assert_non_null(pause);
	assert_int_equal(sscanf(pause, "\n@@ gc %llu", &ns), 1);
	assert_in_range(ns, 1, 60000000000);
	assert_non_null(strstr(o.out, "@@ check server ok ended in order\n"));
	assert_non_null(strstr(o.out, "\nits collector paused "));
	assert_non_null(strstr(o.out, "\n@@ gauge server_cpu "));
	assert_non_null(strstr(o.out, "\n@@ done\n"));
	h2_output_deinit(&o);
}

CASE("h2 runtime: the collector's pauses stand beside the latencies in a run's report and on its page")
{
	struct h2_output o;
	unsigned count = 0;
	h2_need("node");
	h2_file("gc.h2",
	        "; @Test http2/node-gc\n; @Kind http2\n; @Timeout 55s\n; @Sentinel on\n"
	        "; @Run {stressgen:h2} run --server-command 'node " NODE "' {file}\n"
	        "(scenario node/gc (load (streams 10) (requests 500)) (request alloc (path \"/alloc/2000\")))");
	h2_sh(&o,
	      "cd '%s' && '%s/bin/stressgen' run gc.h2 -o r >/dev/null && grep -o '\"gc_[a-z_]*\": *[0-9]*' r/report.json",
	      harness_tmpdir(), SG_BUILD_DIR);
	if (o.code != 0)
		fail_msg("exit %d\n%s%s", o.code, o.out, o.err);
	const char *at = strstr(o.out, "\"gc_count\":");
	assert_non_null(at);
	assert_int_equal(sscanf(at, "\"gc_count\": %u", &count), 1);
	assert_in_range(count, 1, 1000000);
	h2_output_deinit(&o);
	h2_sh(&o, "grep -c 'Longest pause' '%s/r/report.html'", harness_tmpdir());
	assert_int_equal(o.code, 0);
	h2_output_deinit(&o);
}

CASE("h2 runtime: a server command that does not serve is one line and exit 5")
{
	struct h2_output o;
	const char *path = h2_file("r.h2", "(scenario r (request r))");
	h2_sh(&o, "'%s' run --server-command 'true' '%s'", H2_PROGRAM, path);
	assert_int_equal(o.code, 5);
	assert_non_null(strstr(o.err, "did not start: it ended at once"));
	assert_ptr_equal(strchr(o.err, '\n'), o.err + strlen(o.err) - 1);
	h2_output_deinit(&o);
	h2_sh(&o, "'%s' run --server-command 'printf \"hello\\nError[no such word]\"' '%s'", H2_PROGRAM, path);
	assert_int_equal(o.code, 5);
	assert_non_null(strstr(o.err, "it ended at once; its last words: Error[no such word]\n"));
	h2_output_deinit(&o);
}

CASE("h2 runtime: a server that says something before its port, speaks TLS and ends by SIGTERM is loaded")
{
	struct h2_output o;
	h2_need("node");
	h2_need("openssl");
	h2_file("s.js", "console.log('hello');\nconst fs = require('fs');\n"
	                "const s = require('http2').createSecureServer({ key: fs.readFileSync('key.pem'),"
	                " cert: fs.readFileSync('cert.pem') });\n"
	                "s.on('stream', (t) => { t.respond({ ':status': 200 }); t.end('hi'); });\n"
	                "s.listen(0, '127.0.0.1', () => console.log('port ' + s.address().port));\n");
	h2_file("s.h2", "(scenario s (load (requests 20)) (request r (expect (body \"hi\"))))");
	h2_sh(&o,
	      "cd '%s' && openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=x "
	      "2>/dev/null && '%s' run --server-command 'node s.js' --server-tls s.h2",
	      harness_tmpdir(), H2_PROGRAM);
	if (o.code != 0 || !strstr(o.out, "@@ check server ok ended in order\n") ||
	    !strstr(o.out, "@@ hist connect-tls "))
		fail_msg("exit %d\n%s%s", o.code, o.out, o.err);
	h2_output_deinit(&o);
}

CASE("h2 runtime: a scenario whose server performs a kernel is refused without one")
{
	struct h2_output o;
	const char *path = h2_file("r.h2", "(scenario r (serve gc/fifo) (request r (path \"/work\")))");
	h2_sh(&o, "'%s' run '%s'", H2_PROGRAM, path);
	assert_int_equal(o.code, 2);
	assert_non_null(
	        strstr(o.err, "the scenario's server performs gc/fifo: stressgen gen --http2-serve writes"));
	h2_output_deinit(&o);
}

CASE("h2 runtime: a server whose program is not on this machine is one line and exit 3")
{
	struct h2_output o;
	const char *path = h2_file("r.h2", "(scenario r (request r))");
	h2_sh(&o, "'%s' run --server-command 'no-such-runtime --serve' '%s' 2>&1 >/dev/null | tail -n 1",
	      H2_PROGRAM, path);
	assert_string_equal(
	        o.out, "stressgen-h2: the server's program is not on this machine: no-such-runtime --serve\n");
	h2_output_deinit(&o);
	h2_sh(&o, "'%s' run --server-command 'no-such-runtime' '%s'", H2_PROGRAM, path);
	assert_int_equal(o.code, 3);
	h2_output_deinit(&o);
}

CASE("h2 runtime: a test whose server's program or library is missing fails, and says what is missing")
{
	struct h2_output o;
	const char *path = h2_file("r.h2", "(scenario r (request r))");
	h2_sh(&o, "STRESSGEN_FD=1 '%s' run --server-command 'no-such-runtime' '%s' 2>/dev/null", H2_PROGRAM, path);
	assert_int_equal(o.code, 3);
	assert_string_equal(o.out,
	                    "@@ check server bad the server's program is not on this machine: no-such-runtime\n");
	h2_output_deinit(&o);
	h2_sh(&o,
	      "STRESSGEN_FD=1 '%s' run --server-command 'sh -c \"echo hello; echo @@ missing a library\"' '%s'",
	      H2_PROGRAM, path);
	assert_int_equal(o.code, 3);
	assert_string_equal(o.out, "@@ check server bad a library\n");
	h2_output_deinit(&o);
	h2_sh(&o, "'%s' run --server-command 'echo @@ missing no library' '%s'", H2_PROGRAM, path);
	assert_int_equal(o.code, 3);
	assert_string_equal(o.err, "stressgen-h2: no library\n");
	h2_output_deinit(&o);
}

CASE("h2 runtime: in a run a test whose server's program is missing has failed, with its one reason")
{
	struct h2_output o;
	h2_file("gone.h2", "; @Test http2-serve/gone\n; @Kind http2\n; @Sentinel on\n"
	                   "; @Run {stressgen:h2} run --server-command 'no-such-runtime s.js' {file}\n"
	                   "(scenario http2-serve/gone (request r))");
	h2_sh(&o, "cd '%s' && COLUMNS=200 '%s/bin/stressgen' run gone.h2 -o r", harness_tmpdir(), SG_BUILD_DIR);
	if (o.code != 1 || !strstr(o.out, "0 passed, 1 failed, 0 skipped"))
		fail_msg("exit %d\n%s%s", o.code, o.out, o.err);
	assert_non_null(strstr(o.out, "the server's program is not on this machine: no-such-runtime s.js"));
	h2_output_deinit(&o);
}

// Each scenario of a runtime that serves, written by gen for `target`, is answered rightly.
static void served_by(const char *target, const char *check)
{
	struct h2_output o;
	h2_need(target);
	h2_sh(&o, "%s", check);
	if (o.code != 0)
		harness_skip("the library of its HTTP/2 servers is not installed");
	h2_output_deinit(&o);
	h2_sh(&o,
	      "cd '%s' && '%s/bin/stressgen' gen --target %s --seed 7 --http2-param duration=300ms,ballast=1000 -q -o s && "
	      "'%s/bin/stressgen' run s --only 'http2-serve/*' -q -o r",
	      harness_tmpdir(), SG_BUILD_DIR, target, SG_BUILD_DIR);
	if (o.code != 0 || !strstr(o.out, "7 passed, 0 failed, 0 skipped"))
		fail_msg("exit %d\n%s%s", o.code, o.out, o.err);
	h2_output_deinit(&o);
}

CASE("h2 runtime: a server in node performs its kernels under each load, and ends in order")
{
	served_by("node", "true");
}

CASE("h2 runtime: a server in Python performs its kernels under each load, and ends in order")
{
	char path[4096];

	// The system's own comes first: the library is its package.
	snprintf(path, sizeof path, "/usr/bin:%s", getenv("PATH"));
	setenv("PATH", path, 1);
	served_by("python3", "python3 -c 'import h2'");
}

// One piece: a request that is cancelled at once, one with a byte that is no UTF-8, routes without their numbers.
CASE("h2 runtime: a server in Python goes on with a connection whose requests are cancelled, or none of its own")
{
	struct h2_output o;
	const char *file = h2_file(
	        "t.h2",
	        "(scenario t (load (deadline 20s)) (frames (answers 3) (time 10s) (send"
	        " (frame HEADERS (flags END_STREAM END_HEADERS) (stream next) (hex \"82 86 01 01 68 04\") (string \"/work\"))"
	        " (frame RST_STREAM (stream same) (hex \"00 00 00 08\"))"
	        " (frame HEADERS (flags END_STREAM END_HEADERS) (stream next) (hex \"82 86 01 01 68 04\") (string \"/timer\"))"
	        " (frame HEADERS (flags END_STREAM END_HEADERS) (stream next)"
	        "  (hex \"82 86 01 01 68 04\") (string \"/events/0/5\") (hex \"00 01 61 01 e4\"))"
	        " (frame HEADERS (flags END_STREAM END_HEADERS) (stream next) (hex \"82 86 01 01 68 04\") (string \"/work\"))))"
	        " (request r (path \"/work\")))");
	h2_sh(&o, "/usr/bin/python3 -c 'import h2'");
	if (o.code != 0)
		harness_skip("the library of its HTTP/2 servers is not installed");
	h2_output_deinit(&o);
	h2_sh(&o,
	      "cd '%s' && PATH=/usr/bin:$PATH '%s/bin/stressgen' gen --target python3 --seed 7 -q -o s && "
	      "'%s' run --server-command \"/usr/bin/python3 $(ls s/http2-serve/mixed.*.py)\" '%s'",
	      harness_tmpdir(), SG_BUILD_DIR, H2_PROGRAM, file);
	if (o.code != 0)
		fail_msg("exit %d\n%s%s", o.code, o.out, o.err);
	h2_output_deinit(&o);
}

CASE("h2 runtime: a server in node answers CONNECT, which has no path, and goes on")
{
	struct h2_output o;
	const char *file = h2_file("t.h2", "(scenario t (load (deadline 20s)) (frames (answers 1) (time 10s) (send"
	                                   " (frame HEADERS (flags END_STREAM END_HEADERS) (stream next)"
	                                   "  (hex \"02\") (string \"CONNECT\") (hex \"01 01 68\"))))"
	                                   " (request r (path \"/work\")))");
	h2_need("node");
	h2_sh(&o,
	      "cd '%s' && '%s/bin/stressgen' gen --target node --seed 7 -q -o s && "
	      "'%s' run --server-command 'node --expose-gc s/http2-serve/mixed.node.js' '%s'",
	      harness_tmpdir(), SG_BUILD_DIR, H2_PROGRAM, file);
	if (o.code != 0)
		fail_msg("exit %d\n%s%s", o.code, o.out, o.err);
	h2_output_deinit(&o);
}

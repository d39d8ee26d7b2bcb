// A load on a machine that lacks what it needs: one line says what, and what to try; nothing is half done.
#include "h2_support.h"
#include "harness.h"

#include <string.h>

#define LOAD "cd '%s' && %s && " SG_BUILD_DIR "/bin/stressgen h2 http://127.0.0.1:%u/ --color never -o run "

static void expect_lacking(const char *limit, const char *args, const char *words)
{
	struct h2_process p;
	struct h2_output o;
	char stats[16384];
	h2_server(&p, "");
	h2_sh(&o, LOAD "%s", harness_tmpdir(), limit, p.port, args);
	h2_server_stop(&p, stats, sizeof(stats));
	if (o.code != 1)
		fail_msg("%s: %d\n%s%s", limit, o.code, o.out, o.err);
	h2_expect_in(o.out, words);
	h2_output_deinit(&o);
}

CASE("h2 scarce: more connections than there may be open files say what to try, and not that the server is gone")
{
	expect_lacking("ulimit -n 64", "-c 200 -n 1000",
	               "too many open files; give fewer --connections, or allow more files (ulimit -n)");
}

CASE("h2 scarce: a load whose threads cannot all be started is told at once, and makes no request")
{
	struct h2_process p;
	struct h2_output o;
	char stats[16384];
	if (strstr(SG_BUILD_DIR, "san")) // a sanitizer's own memory is beyond any such limit
		skip();
	h2_server(&p, "");
	h2_sh(&o, LOAD "-c 64 -t 64 -D 30s", harness_tmpdir(), "ulimit -v 300000", p.port);
	h2_server_stop(&p, stats, sizeof(stats));
	if (o.code != 1)
		fail_msg("%d\n%s%s", o.code, o.out, o.err);
	h2_expect_in(o.out,
	             "64 threads cannot be started: Resource temporarily unavailable; give fewer --threads");
	h2_expect_in(stats, "\"connections\":0,");
	h2_output_deinit(&o);
}

CASE("h2 scarce: stdout that is closed or full is one line and exit 5")
{
	static const char *const outs[] = { "&-", "/dev/full" };
	const char *file = h2_file("one.h2", "(scenario t (load (connections 2) (requests 9)) (request r))");
	struct h2_process p;
	struct h2_output o;
	char stats[16384];
	h2_server(&p, "");
	for (size_t i = 0; i < 2; i++) {
		h2_sh(&o, H2_PROGRAM " run --h2-target http://127.0.0.1:%u '%s' >%s", p.port, file, outs[i]);
		if (o.code != 5)
			fail_msg("%s: %d %s", outs[i], o.code, o.err);
		h2_expect_in(o.err, "stressgen-h2: the report cannot be written");
		h2_expect_one_line(o.err);
		h2_output_deinit(&o);
	}
	h2_server_stop(&p, stats, sizeof(stats));
}

// A load that is ended before its time: by a signal, or by its server.
#include "h2_support.h"
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// "stressgen h2 URL ARGS -o run" against that port, which gets `signal` (a name) after `seconds`.
static void stopped(struct h2_output *o, unsigned port, const char *signal, const char *seconds, const char *args)
{
	h2_sh(o,
	      "cd '%s' && rm -rf run && timeout --foreground --preserve-status -s %s %s " SG_BUILD_DIR
	      "/bin/stressgen h2 --color never 'http://127.0.0.1:%u/?delay=1ms' %s -o run",
	      harness_tmpdir(), signal, seconds, port, args);
}

CASE("h2 stop: Ctrl-C and SIGTERM end a load with the figures that it has so far, open and closed, in threads too")
{
	static const struct {
		const char *signal, *args;
		int code;
	} rows[] = { { "INT", "--rate 200 -D 60 -c 2", 130 },
		     { "TERM", "-D 60 -c 4 -m 2 -t 2", 143 },
		     { "INT", "-n 100M -c 2 --h2-engine session", 130 } };
	struct h2_process p;
	struct h2_output o;

	h2_server(&p, "");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		stopped(&o, p.port, rows[i].signal, "2", rows[i].args);
		if (o.code != rows[i].code || !strstr(o.out, " succeeded, 0 failed") ||
		    !strstr(o.out, "time for request") || !strstr(o.out, "1 interrupted") ||
		    !strstr(o.out, "    p50      p99"))
			fail_msg("%s: %d %s%s", rows[i].args, o.code, o.out, o.err);
		h2_output_deinit(&o);
		assert_true(run_gauge("requests") > 20);
		assert_true(run_gauge("errors") == 0);
		assert_in_range(run_percentile(50), 1000000, 1000000000);
	}
	h2_server_stop(&p, (char[4096]){ 0 }, 4096);
}

CASE("h2 stop: a load that goes on with --resume has its figures at the end, of the whole load")
{
	struct h2_process p;
	struct h2_output o;

	h2_server(&p, "");
	stopped(&o, p.port, "INT", "1", "--rate 100 -n 200");
	if (o.code != 130 || !strstr(o.err, "stressgen h2 --resume -o 'run'\n"))
		fail_msg("%d %s%s", o.code, o.out, o.err);
	h2_output_deinit(&o);
	h2_sh(&o, "cd '%s' && " SG_BUILD_DIR "/bin/stressgen h2 --resume -o run", harness_tmpdir());
	if (o.code != 0 || !strstr(o.out, "requests: 200 total, 200 started, 200 done, 200 succeeded"))
		fail_msg("%d %s%s", o.code, o.out, o.err);
	h2_output_deinit(&o);
	h2_server_stop(&p, (char[4096]){ 0 }, 4096);
}

CASE("h2 stop: what a silent server owes at a signal is no error, and does not hold the end up")
{
	struct h2_process p;
	struct h2_output o;

	h2_server(&p, "");
	h2_sh(&o,
	      "cd '%s' && timeout --foreground --preserve-status -s TERM 1 " SG_BUILD_DIR
	      "/bin/stressgen h2 'http://127.0.0.1:%u/?delay=60s' -n 10 -m 4 -o run",
	      harness_tmpdir(), p.port);
	h2_server_stop(&p, (char[4096]){ 0 }, 4096);
	if (o.code != 143 || !strstr(o.out, "10 total, 4 started, 0 done, 0 succeeded, 0 failed"))
		fail_msg("%d %s%s", o.code, o.out, o.err);
	h2_output_deinit(&o);
	assert_true(run_gauge("unfinished") == 4);
}

CASE("h2 stop: a search whose load is stopped, or whose server is gone, tells the rate that had held")
{
	struct h2_process p;
	struct h2_output o;

	h2_server(&p, "");
	stopped(&o, p.port, "INT", "3", "--find-max-rate 'p99<10s' -D 500ms");
	if (o.code != 130 || !strstr(o.out, "the search was broken off; "))
		fail_msg("%d %s%s", o.code, o.out, o.err);
	h2_output_deinit(&o);
	assert_true(run_gauge("max_rate") >= 100);
	h2_sh(&o,
	      "cd '%s' && rm -rf run && (sleep 2; kill -9 %d) & cd '%s'; " SG_BUILD_DIR
	      "/bin/stressgen h2 'http://127.0.0.1:%u/' --find-max-rate 'p99<10s' -D 500ms -o gone; mv gone run",
	      harness_tmpdir(), (int)p.pid, harness_tmpdir(), p.port);
	h2_server_wait(&p, (char[4096]){ 0 }, 4096);
	if (!strstr(o.out, "the search was broken off; ") || strstr(o.out, "at any rate"))
		fail_msg("%d %s%s", o.code, o.out, o.err);
	h2_output_deinit(&o);
	assert_true(run_gauge("max_rate") >= 100);
}

CASE("h2 stop: a signal that comes before a search's trial stops that trial, and the rest is told")
{
	struct h2_process p;
	struct h2_output o;

	h2_server(&p, "");
	h2_sh(&o,
	      "cd '%s' && echo '(scenario s (load (connections 1) (duration 300ms) (find-max-rate \"p99<10s\")) (request r))'"
	      " >s.h2 && exec env --block-signal=INT sh -c 'kill -INT $$; exec " SG_BUILD_DIR
	      "/libexec/stressgen/stressgen-h2 run --h2-target http://127.0.0.1:%u s.h2'",
	      harness_tmpdir(), p.port);
	h2_server_stop(&p, (char[4096]){ 0 }, 4096);
	if (o.code != 130 || !strstr(o.out, "broken off; 0/s held until then"))
		fail_msg("%d %s%s", o.code, o.out, o.err);
	h2_output_deinit(&o);
}

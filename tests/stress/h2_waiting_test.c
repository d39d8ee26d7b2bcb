// How a load waits for answers: coalesced, or spinning.
#include "h2_support.h"
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#define STRESSGEN "cd '%s' && rm -rf run && " SG_BUILD_DIR "/bin/stressgen h2 --color never "

CASE("h2 waiting: coalesced answers are looked at once in their time, and all are right, with both engines")
{
	static const char *const engines[] = { "wire", "session" };

	for (size_t i = 0; i < 2; i++) {
		struct h2_process p;
		struct h2_output o;
		char stats[16384];

		h2_server(&p, "");
		h2_sh(&o, STRESSGEN "http://127.0.0.1:%u/ -c 1 -m 1 -n 20 --coalesce 10ms --h2-engine %s -o run",
		      harness_tmpdir(), p.port, engines[i]);
		if (o.code != 0)
			fail_msg("%d\n%s%s", o.code, o.out, o.err);
		assert_int_equal((int)run_gauge("status_2xx"), 20);
		// One after the other: each begins right behind a look, and ends with the next. However busy the
		// machine is, 19 of them cannot take less than 190 ms.
		assert_true(run_gauge("throughput") <= 20 / 0.19);
		h2_server_stop(&p, stats, sizeof stats);
		h2_output_deinit(&o);
	}
}

CASE("h2 waiting: a load that spins burns its core until the answer comes, and ends")
{
	struct h2_process p;
	struct h2_output o;
	char stats[16384];

	h2_server(&p, "");
	h2_sh(&o, STRESSGEN "http://127.0.0.1:%u/delay/1s -n 1 --spin -o run", harness_tmpdir(), p.port);
	if (o.code != 0)
		fail_msg("%d\n%s%s", o.code, o.out, o.err);
	assert_int_equal((int)run_gauge("status_2xx"), 1);
	assert_true(run_gauge("client_cpu") >= 15); // ms of the second; one that sleeps takes 2
	h2_server_stop(&p, stats, sizeof stats);
	h2_output_deinit(&o);
}

CASE("h2 waiting: a client that has no CPU while its warm-up ends measures its whole time all the same")
{
	struct h2_process p;
	struct h2_output o;
	char stats[16384], *rate = NULL;

	h2_server(&p, "");
	h2_sh(&o,
	      "cd '%s' && echo '(scenario s (load (warm-up 300ms) (duration 300ms)) (request r (path \"/delay/5ms\")))'"
	      " >s.h2; " SG_BUILD_DIR "/libexec/stressgen/stressgen-h2 run --h2-target http://127.0.0.1:%u s.h2 & "
	      "p=$!; sleep 0.2; kill -STOP $p; sleep 1; kill -CONT $p; wait $p",
	      harness_tmpdir(), p.port);
	if (o.code != 0 || !strstr(o.out, "@@ hist total ") || (rate = strstr(o.out, "throughput ")) == NULL)
		fail_msg("%d\n%s%s", o.code, o.out, o.err);
	assert_true(strtod(rate + strlen("throughput "), NULL) <= 200); // one after the other
	h2_server_stop(&p, stats, sizeof stats);
	h2_output_deinit(&o);
}

CASE("h2 waiting: what does not go together is one line and exit 2")
{
	static const char *const rows[][2] = {
		{ "--coalesce 1ms --rate 100 -D 1s", "requests begin when they are due: without (coalesce ...)" },
		{ "--coalesce 1ms --find-max-rate 'p99<1s'",
		  "requests begin when they are due: without (coalesce ...)" },
		{ "--coalesce 1ms --spin", "coalesce and spin are two ways to wait; give one of them" },
		{ "--coalesce 1s", "--coalesce: 1s is out of range" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct h2_output o;

		h2_sh(&o, STRESSGEN "http://127.0.0.1:1/ %s", harness_tmpdir(), rows[i][0]);
		if (o.code != 2 || strstr(o.err, rows[i][1]) == NULL ||
		    strchr(o.err, '\n') != strrchr(o.err, '\n'))
			fail_msg("%s: %d\n%s%s", rows[i][0], o.code, o.out, o.err);
		h2_output_deinit(&o);
	}
}

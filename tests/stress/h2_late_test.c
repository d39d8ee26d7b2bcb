// Servers that never answer: each request ends by its own time, whatever the deadline is, and so does the load.
#include "h2_support.h"
#include "harness.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static const char *const engines[] = { "wire", "session" };

static void read_on(int fd)
{
	char bytes[4096];
	while (recv(fd, bytes, sizeof(bytes), 0) > 0)
		;
}

static void serve_mute(int fd, unsigned count)
{
	(void)count;
	read_on(fd);
}

static void serve_greeting(int fd, unsigned count)
{
	(void)count;
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	raw_send(fd, RAW_SETTINGS, RAW_ACK, 0, NULL, 0);
	read_on(fd);
}

static void serve_no_streams(int fd, unsigned count)
{
	(void)count;
	RAW_SEND(fd, RAW_SETTINGS, 0, 0, 0, 3, 0, 0, 0, 0); // MAX_CONCURRENT_STREAMS 0
	read_on(fd);
}

// Each connection ends in good order before its request is taken, so that it is made again: the time runs on.
static void serve_refusals(int fd, unsigned count)
{
	static const uint8_t none_taken[8];
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	raw_read_preface(fd);
	raw_next_request(fd);
	if (count % 2 == 0) // the one that follows hears nothing
		raw_send(fd, RAW_GOAWAY, 0, 0, none_taken, sizeof(none_taken));
	read_on(fd);
}

// Windows for everything, and not one byte read: what is written waits for the peer.
static void serve_unread(int fd, unsigned count)
{
	struct pollfd gone = { .fd = fd, .events = POLLRDHUP };
	(void)count;
	RAW_SEND(fd, RAW_SETTINGS, 0, 0, 0, 4, 0x7f, 0xff, 0xff, 0xff); // INITIAL_WINDOW_SIZE
	RAW_SEND(fd, RAW_WINDOW, 0, 0, 0x3f, 0xff, 0, 0);
	while (poll(&gone, 1, -1) < 0)
		;
}

// A load of `args` on such a server, with a deadline that it must not need; exit code 1, whichever engine.
static void expect_settled(void (*serve)(int fd, unsigned count), const char *args, unsigned requests,
                           const char *words)
{
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		struct h2_process p;
		struct h2_output o;
		char figures[160];
		h2_fake(&p, serve);
		h2_sh(&o,
		      "cd '%s' && rm -rf run && " SG_BUILD_DIR
		      "/bin/stressgen h2 http://127.0.0.1:%u/ --color never"
		      " --timeout 10m --request-timeout 200ms --h2-engine %s -o run %s",
		      harness_tmpdir(), p.port, engines[i], args);
		h2_fake_stop(&p);
		if (o.code != 1)
			fail_msg("%s %s: exit %d\n%s%s", engines[i], args, o.code, o.out, o.err);
		snprintf(figures, sizeof(figures),
		         "requests: %u total, %u started, %u done, 0 succeeded, %u failed, 0 errored, %u timeout",
		         requests, requests, requests, requests, requests);
		h2_expect_in(o.out, figures);
		h2_expect_in(o.out, words);
		assert_int_equal((int)run_gauge("errors"), (int)requests);
		assert_int_equal((int)run_gauge("unfinished"), -1); // the deadline did not come
		h2_output_deinit(&o);
	}
}

CASE("h2 late: a server that accepts and says nothing costs each request its time, and no more")
{
	expect_settled(serve_mute, "-n 6 -m 2", 6,
	               "the server did not answer with its SETTINGS in the 200 ms that a request has");
	expect_settled(serve_mute, "-n 7 -c 2 -m 3 --requests-per-connection 2", 7,
	               "did not answer with its SETTINGS");
}

CASE("h2 late: a server that greets and answers no request costs each its time, and no more")
{
	expect_settled(serve_greeting, "-n 10", 10, "10 of 10 wrong (10 timeout)");
	expect_settled(serve_no_streams, "-n 3", 3, "the server allows no stream at all");
}

CASE("h2 late: requests that are refused have one time for all their attempts")
{
	expect_settled(serve_refusals, "-n 2 -m 1", 2, "(2 timeout)");
}

CASE("h2 late: a server that reads nothing costs each request its time, and no more")
{
	h2_file("body", "x");
	struct h2_output o;
	h2_sh(&o, "truncate -s 8M '%s/body'", harness_tmpdir());
	assert_int_equal(o.code, 0);
	h2_output_deinit(&o);
	expect_settled(serve_unread, "-n 6 -m 2 -d body", 6, "the server read nothing for the 200 ms");
}

CASE("h2 late: what an open loop owes a server that does not answer ends by its time")
{
	expect_settled(serve_mute, "--rate 20 -D 500ms", 10, "did not answer with its SETTINGS");
	expect_settled(serve_greeting, "--rate 20 -D 500ms -m 2", 10, "10 of 10 wrong (10 timeout)");
}

CASE("h2 late: a load by time on a server that does not answer ends in its time")
{
	struct h2_process p;
	struct h2_output o;
	h2_fake(&p, serve_mute);
	h2_sh(&o,
	      "cd '%s' && " SG_BUILD_DIR "/bin/stressgen h2 http://127.0.0.1:%u/ --color never -D 300ms"
	      " --timeout 10m --request-timeout 200ms -o run",
	      harness_tmpdir(), p.port);
	h2_fake_stop(&p);
	assert_int_equal(o.code, 1);
	assert_true(run_gauge("errors") >= 1);
	assert_int_equal((int)run_gauge("unfinished"), -1);
	h2_output_deinit(&o);
}

// All but the fourth request.
static void serve_three(int fd, unsigned count)
{
	(void)count;
	raw_read_preface(fd);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	for (uint32_t id; (id = raw_next_request(fd));)
		if (id != 7)
			RAW_SEND(fd, RAW_HEADERS, RAW_END_HEADERS | RAW_END_STREAM, id, 0x88);
}

CASE("h2 late: a load that its deadline ends with a request under way took until then")
{
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		struct h2_process p;
		struct h2_output o;
		double seconds = 0;
		char unit[4] = "";
		h2_fake(&p, serve_three);
		h2_sh(&o,
		      "cd '%s' && " SG_BUILD_DIR "/bin/stressgen h2 http://127.0.0.1:%u/ --color never -n 5"
		      " --timeout 1200ms --h2-engine %s -o run%zu",
		      harness_tmpdir(), p.port, engines[i], i);
		h2_fake_stop(&p);
		assert_int_equal(o.code, 1);
		const char *at = strstr(o.out, "finished in ");
		if (!at || sscanf(at, "finished in %lf %3[a-z]", &seconds, unit) != 2 || seconds < 1 ||
		    strcmp(unit, "s") != 0)
			fail_msg("%s: %s", engines[i], o.out);
		h2_output_deinit(&o);
	}
}

// The first connection ends without a word when nothing has come for a while, the second answers late.
static void serve_unlike(int fd, unsigned count)
{
	const struct timeval patience = { .tv_usec = count == 0 ? 300000 : 0 };
	if (fork() > 0) // the next one comes meanwhile
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	raw_read_preface(fd);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	for (uint32_t id; (id = raw_next_request(fd));) {
		poll(NULL, 0, count == 0 ? 1 : 900);
		RAW_SEND(fd, RAW_HEADERS, RAW_END_HEADERS | RAW_END_STREAM, id, 0x88);
	}
	_exit(0);
}

CASE("h2 late: a connection that the server closes while it waits for the others' last answers is no fault")
{
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		struct h2_process p;
		struct h2_output o;
		h2_fake(&p, serve_unlike);
		h2_sh(&o,
		      "cd '%s' && " SG_BUILD_DIR
		      "/bin/stressgen h2 http://127.0.0.1:%u/ --color never -c 2 -D 200ms"
		      " --h2-engine %s -o run%zu",
		      harness_tmpdir(), p.port, engines[i], i);
		h2_fake_stop(&p);
		if (o.code != 0)
			fail_msg("%s: %d\n%s%s", engines[i], o.code, o.out, o.err);
		h2_output_deinit(&o);
	}
}

// The server's time: answers that take it, and clients that take too much of it.
#include "h2_support.h"
#include "harness.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static unsigned long counter(const char *stats, const char *name)
{
	char key[64];
	snprintf(key, sizeof(key), "\"%s\":", name);
	const char *at = strstr(stats, key);
	if (!at)
		fail_msg("no %s in %s", name, stats);
	return strtoul(at + strlen(key), NULL, 10);
}

static void stop(struct h2_process *p, char *stats, size_t size)
{
	assert_int_equal(h2_server_stop(p, stats, size), 0);
	assert_int_equal(counter(stats, "connections_open"), 0);
}

static int greet(unsigned port)
{
	int fd = raw_connect(port);
	assert_int_equal(write(fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24), 24);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	raw_send(fd, RAW_SETTINGS, RAW_ACK, 0, NULL, 0);
	return fd;
}

// HEADERS of a request for http, host h, and this path.
static void ask(int fd, uint32_t id, uint8_t method, const char *path, uint8_t flags)
{
	uint8_t block[200] = { method, 0x86, 0x01, 1, 'h', 0x04, (uint8_t)strlen(path) };
	memcpy(block + 7, path, strlen(path));
	raw_send(fd, RAW_HEADERS, (uint8_t)(RAW_END_HEADERS | flags), id, block, 7 + strlen(path));
}

#define GET 0x82
#define POST 0x83

// Reads frames until the end of the stream; how many bytes of DATA came.
static size_t read_stream(int fd, uint32_t id)
{
	struct h2_raw f;
	size_t n = 0;
	for (;;) {
		if (!raw_read(fd, &f))
			fail_msg("the connection ended after %zu bytes", n);
		if (f.id != id)
			continue;
		assert_int_not_equal(f.type, RAW_RST);
		n += f.type == RAW_DATA ? f.len : 0;
		if (f.type <= RAW_HEADERS && (f.flags & RAW_END_STREAM))
			return n;
	}
}

static void expect_goaway(int fd, uint8_t code)
{
	struct h2_raw f;
	assert_true(raw_await(fd, RAW_GOAWAY, &f));
	assert_int_equal(f.payload[7], code);
	while (raw_read(fd, &f)) // then it ends
		;
	close(fd);
}

// ---- answers ------------------------------------------------------------------------------------------------

CASE("h2 server time: an answer that waits does not hold up the others")
{
	struct h2_process p;
	struct h2_raw f;
	char stats[4096];
	h2_server(&p, "");
	int fd = greet(p.port);
	const double start = now_s();
	ask(fd, 1, GET, "/delay/400ms", RAW_END_STREAM);
	ask(fd, 3, GET, "/bytes/7", RAW_END_STREAM);
	ask(fd, 5, GET, "/bytes/9?delay=200ms", RAW_END_STREAM);
	const uint32_t order[] = { 3, 5, 1 };
	for (size_t i = 0; i < 3; i++) {
		assert_true(raw_await(fd, RAW_HEADERS, &f));
		assert_int_equal(f.id, order[i]);
	}
	assert_true(now_s() - start >= 0.4);
	close(fd);
	stop(&p, stats, sizeof(stats));
}

CASE("h2 server time: a stream that is reset while it waits leaves nothing behind")
{
	struct h2_process p;
	struct h2_raw f;
	char stats[4096];
	h2_server(&p, "");
	int fd = greet(p.port);
	for (uint32_t id = 1; id < 200; id += 2) {
		ask(fd, id, GET, id % 4 == 1 ? "/delay/1h" : "/events?every=1h", RAW_END_STREAM);
		RAW_SEND(fd, RAW_RST, 0, id, 0, 0, 0, 8);
	}
	RAW_SEND(fd, RAW_PING, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8);
	assert_true(raw_await(fd, RAW_PING, &f));
	ask(fd, 201, GET, "/delay/1h", RAW_END_STREAM); // and one that its connection takes along
	RAW_SEND(fd, RAW_PING, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8);
	assert_true(raw_await(fd, RAW_PING, &f));
	close(fd);
	stop(&p, stats, sizeof(stats));
	assert_int_equal(counter(stats, "streams"), 101);
}

CASE("h2 server time: a body in pieces comes piece by piece, whole, and not too early")
{
	struct h2_process p;
	char stats[4096];
	h2_server(&p, "");
	int fd = greet(p.port);
	const double start = now_s();
	ask(fd, 1, GET, "/stream/5000?piece=1000&every=50ms", RAW_END_STREAM);
	assert_int_equal(read_stream(fd, 1), 5000);
	assert_true(now_s() - start >= 0.2);
	close(fd);
	stop(&p, stats, sizeof(stats));
	assert_true(counter(stats, "frames_sent_DATA") >= 5);
}

CASE("h2 server time: events come one by one until the server ends, which ends the stream in order")
{
	struct h2_process p;
	struct h2_raw f;
	char stats[4096];
	size_t bytes = 0;
	h2_server(&p, "");
	int fd = greet(p.port);
	ask(fd, 1, GET, "/events?every=20ms", RAW_END_STREAM);
	ask(fd, 3, GET, "/events?every=1h", RAW_END_STREAM); // its next one is far away
	while (bytes < 39 * 5) {
		assert_true(raw_await(fd, RAW_DATA, &f));
		if (f.id != 1)
			continue;
		assert_int_equal(f.len % 39, 0); // two where the timer was late
		assert_memory_equal(f.payload, "id: 00000000", 12);
		bytes += f.len;
	}
	kill(p.pid, SIGTERM);
	unsigned ended = 0;
	while (raw_read(fd, &f))
		ended += f.type == RAW_DATA && (f.flags & RAW_END_STREAM);
	assert_int_equal(ended, 2);
	close(fd);
	assert_int_equal(h2_server_wait(&p, stats, sizeof(stats)), 0);
	assert_int_equal(counter(stats, "responses"), 2);
}

CASE("h2 server time: SIGTERM waits for answers that were accepted, however long they take")
{
	struct h2_process p;
	struct h2_raw f;
	char stats[4096];
	h2_server(&p, "");
	int fd = greet(p.port);
	ask(fd, 1, GET, "/bytes/70?delay=1s", RAW_END_STREAM);
	ask(fd, 3, GET, "/stream/3000?every=300ms", RAW_END_STREAM);
	RAW_SEND(fd, RAW_PING, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8);
	size_t bytes = 0;
	unsigned ended = 0;
	while (raw_read(fd, &f)) {
		if (f.type == RAW_PING) // so they have arrived
			kill(p.pid, SIGTERM);
		bytes += f.type == RAW_DATA ? f.len : 0;
		ended += f.type == RAW_DATA && (f.flags & RAW_END_STREAM);
	}
	assert_int_equal(ended, 2);
	assert_int_equal(bytes, 3070);
	close(fd);
	assert_int_equal(h2_server_wait(&p, stats, sizeof(stats)), 0);
	assert_int_equal(counter(stats, "responses"), 2);
}

CASE("h2 server time: an echo begins before the upload has ended")
{
	struct h2_process p;
	struct h2_raw f;
	char stats[4096];
	h2_server(&p, "");
	int fd = greet(p.port);
	ask(fd, 1, POST, "/echo", 0);
	assert_true(raw_await(fd, RAW_HEADERS, &f));
	for (uint8_t i = 0; i < 5; i++) {
		RAW_SEND(fd, RAW_DATA, 0, 1, 'a', 'b', i);
		assert_true(raw_await(fd, RAW_DATA, &f));
		assert_int_equal(f.len, 3);
		assert_int_equal(f.payload[2], i);
	}
	raw_send(fd, RAW_DATA, RAW_END_STREAM, 1, NULL, 0);
	assert_true(raw_await(fd, RAW_DATA, &f));
	assert_int_equal(f.len, 0);
	assert_true(f.flags & RAW_END_STREAM);
	close(fd);
	stop(&p, stats, sizeof(stats));
	assert_int_equal(counter(stats, "responses"), 1);
	assert_int_equal(counter(stats, "body_bytes_sent"), 15);
}

CASE("h2 server time: a slow read opens its window at its rate, and others are not held up")
{
	struct h2_process p;
	struct h2_raw f;
	char stats[4096];
	static const uint8_t piece[8192];
	h2_server(&p, "--window 8k");
	int fd = greet(p.port);
	const double start = now_s();
	ask(fd, 1, POST, "/slow-read/40000", 0);
	int64_t window = 8192, sent = 0;
	while (sent < 24576) { // three windows: the other two take 0.4 s
		while (window <= 0) {
			assert_true(raw_await(fd, 8, &f)); // WINDOW_UPDATE
			if (f.id == 1)
				window += (int64_t)f.payload[1] << 16 | f.payload[2] << 8 | f.payload[3];
		}
		const size_t n = (size_t)(window < 8192 ? window : 8192);
		const size_t now = sent + (int64_t)n > 24576 ? (size_t)(24576 - sent) : n;
		raw_send(fd, RAW_DATA, 0, 1, piece, now);
		window -= (int64_t)now;
		sent += (int64_t)now;
	}
	assert_true(now_s() - start >= 0.2);
	ask(fd, 3, GET, "/bytes/11", RAW_END_STREAM);
	assert_int_equal(read_stream(fd, 3), 11);
	raw_send(fd, RAW_DATA, RAW_END_STREAM, 1, NULL, 0);
	assert_int_equal(read_stream(fd, 1), 24576);
	close(fd);
	stop(&p, stats, sizeof(stats));
}

// ---- clients that take too long -----------------------------------------------------------------------------

CASE("h2 server time: who does not greet, or not acknowledge, is sent away")
{
	struct h2_process p;
	struct h2_raw f;
	char stats[4096], bytes[256];
	h2_server(&p, "--handshake-timeout 300ms");
	int silent = raw_connect(p.port), partial = raw_connect(p.port), unacked = raw_connect(p.port);
	assert_int_equal(write(partial, "PRI * ", 6), 6);
	assert_int_equal(write(unacked, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24), 24);
	raw_send(unacked, RAW_SETTINGS, 0, 0, NULL, 0);
	int good = greet(p.port);
	while (read(silent, bytes, sizeof(bytes)) > 0)
		;
	close(silent);
	while (read(partial, bytes, sizeof(bytes)) > 0)
		;
	close(partial);
	expect_goaway(unacked, 4); // SETTINGS_TIMEOUT
	RAW_SEND(good, RAW_PING, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8);
	assert_true(raw_await(good, RAW_PING, &f));
	close(good);
	stop(&p, stats, sizeof(stats));
	assert_int_equal(counter(stats, "handshakes_timed_out"), 3);
}

CASE("h2 server time: who does not end its TLS handshake is cut off, and counted once")
{
	struct h2_process p;
	char stats[4096], byte;
	h2_server(&p, "--https --handshake-timeout 300ms");
	int silent = raw_connect(p.port), partial = raw_connect(p.port);
	assert_int_equal(write(partial, "\x16\x03\x01\x02\x00\x01", 6), 6); // of a ClientHello
	assert_true(read(silent, &byte, 1) <= 0);
	assert_true(read(partial, &byte, 1) <= 0);
	close(silent);
	close(partial);
	stop(&p, stats, sizeof(stats));
	assert_int_equal(counter(stats, "handshakes_timed_out"), 2);
}

CASE("h2 server time: SIGTERM does not wait for all of its drain time for who never ends a TLS handshake")
{
	struct h2_process p;
	char stats[4096];
	h2_server(&p, "--https --drain 30s --handshake-timeout 30s");
	int silent = raw_connect(p.port);
	const double start = now_s();
	stop(&p, stats, sizeof(stats));
	assert_true(now_s() - start < 15);
	close(silent);
}

CASE("h2 server time: TLS clients that speak something else are refused, and the others go on")
{
	struct h2_process p;
	struct h2_output o;
	char stats[4096];
	h2_need("curl");
	h2_server(&p, "--https");
	h2_sh(&o, "curl -sS -m 20 -k --http1.1 https://localhost:%u/",
	      p.port); // asan sees who reads beyond its list
	assert_int_equal(o.code, 35);
	h2_output_deinit(&o);
	h2_sh(&o, "curl -sS -m 20 -k --http2 https://localhost:%u/", p.port);
	if (strcmp(o.out, "stressgen-h2\n") != 0)
		fail_msg("%s%s", o.out, o.err);
	h2_output_deinit(&o);
	stop(&p, stats, sizeof(stats));
}

// Sends PINGs until the server has enough of it.
static void ping_on(int fd, uint8_t code)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	struct h2_raw f;
	const double start = now_s();
	while (now_s() - start < 20) {
		RAW_SEND(fd, RAW_PING, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8);
		nanosleep(&pause, NULL);
		while (raw_read(fd, &f) && f.type != RAW_PING)
			if (f.type == RAW_GOAWAY) {
				assert_int_equal(f.payload[7], code);
				return;
			}
	}
	fail_msg("it was not sent away");
}

CASE("h2 server time: PINGs do not help who keeps a header, an upload or its own answers back")
{
	struct h2_process p;
	char stats[4096];
	h2_server(&p, "--request-timeout 300ms --stall-timeout 300ms");
	int header = greet(p.port), upload = greet(p.port), answers = greet(p.port);
	ask(upload, 1, POST, "/any", 0);
	ping_on(upload, 11);                                     // ENHANCE_YOUR_CALM
	RAW_SEND(answers, RAW_SETTINGS, 0, 0, 0, 4, 0, 0, 0, 0); // windows of nothing
	ask(answers, 1, GET, "/bytes/100000", RAW_END_STREAM);
	ping_on(answers, 11);
	const uint8_t some[] = { GET, 0x86 };
	raw_send(header, RAW_HEADERS, 0, 1, some, sizeof(some)); // and no CONTINUATION: PINGs may not come here
	expect_goaway(header, 11);
	close(upload);
	close(answers);
	stop(&p, stats, sizeof(stats));
	assert_int_equal(counter(stats, "requests_timed_out"), 2);
	assert_int_equal(counter(stats, "stalls_timed_out"), 1);
}

CASE("h2 server time: who reads nothing at all is cut off, with all that waits for it")
{
	struct h2_process p;
	char stats[4096];
	const int small = 4096;
	h2_server(&p, "--stall-timeout 300ms");
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	struct sockaddr_in a = { .sin_family = AF_INET,
		                 .sin_port = htons((uint16_t)p.port),
		                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(write(fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24), 24);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	raw_send(fd, RAW_SETTINGS, RAW_ACK, 0, NULL, 0);
	RAW_SEND(fd, RAW_SETTINGS, 0, 0, 0, 4, 0x7f, 0xff, 0xff, 0xff); // windows as large as can be
	RAW_SEND(fd, 8, 0, 0, 0x7f, 0, 0, 0);
	for (uint32_t id = 1; id < 40; id += 2)
		ask(fd, id, GET, "/bytes/67108864", RAW_END_STREAM);
	for (unsigned long cut = 0; cut == 0;) { // until another client hears of it
		const struct timespec pause = { .tv_nsec = 50000000 };
		nanosleep(&pause, NULL);
		struct h2_raw f;
		int other = greet(p.port);
		ask(other, 1, GET, "/stats", RAW_END_STREAM);
		assert_true(raw_await(other, RAW_DATA, &f));
		f.payload[f.len < sizeof(f.payload) ? f.len : sizeof(f.payload) - 1] = '\0';
		cut = counter((const char *)f.payload, "stalls_timed_out");
		close(other);
	}
	close(fd);
	stop(&p, stats, sizeof(stats));
	assert_int_equal(counter(stats, "stalls_timed_out"), 1);
}

CASE("h2 server time: a request that waits for us is not idle, one that waits for nobody is")
{
	struct h2_process p;
	char stats[4096];
	h2_server(&p, "--idle-timeout 300ms");
	int waits = greet(p.port), idle = greet(p.port);
	ask(waits, 1, GET, "/bytes/5?delay=1s", RAW_END_STREAM);
	expect_goaway(idle, 0);
	assert_int_equal(read_stream(waits, 1), 5);
	close(waits);
	stop(&p, stats, sizeof(stats));
	assert_int_equal(counter(stats, "connections_idled_out"), 1);
}

// ---- last words ---------------------------------------------------------------------------------------------

CASE("h2 server time: GOAWAY arrives although more comes in than anybody reads")
{
	struct h2_process p;
	struct h2_raw f;
	char stats[4096];
	static const uint8_t junk[16384];
	h2_server(&p, "");
	for (unsigned round = 0; round < 5; round++) {
		int fd = greet(p.port);
		RAW_SEND(fd, RAW_DATA, 0, 7, 'x'); // on a stream that was never opened
		for (unsigned i = 0; i < 200; i++)
			raw_send(fd, RAW_DATA, 0, 7, junk, sizeof(junk));
		assert_true(raw_await(fd, RAW_GOAWAY, &f));
		assert_int_equal(f.payload[7], 1);
		close(fd);
	}
	stop(&p, stats, sizeof(stats));
	assert_int_equal(counter(stats, "goaways_sent"), 5);
}

CASE("h2 server time: --goaway-after ends each connection in order, and refuses nothing that it answers")
{
	struct h2_process p;
	struct h2_raw f;
	char stats[4096];
	h2_server(&p, "--goaway-after 3");
	int fd = greet(p.port);
	for (uint32_t id = 1; id < 12; id += 2)
		ask(fd, id, POST, "/any", 0);
	assert_true(raw_await(fd, RAW_GOAWAY, &f));
	assert_int_equal(f.payload[3], 5); // the last that it takes
	assert_int_equal(f.payload[7], 0);
	for (uint32_t id = 1; id < 12; id += 2) // of those left out too: it must not mind
		RAW_SEND(fd, RAW_DATA, RAW_END_STREAM, id, 'a', 'b');
	unsigned answers = 0;
	while (raw_read(fd, &f)) {
		assert_true(f.id <= 5);
		answers += f.type == RAW_DATA && (f.flags & RAW_END_STREAM);
	}
	assert_int_equal(answers, 3);
	close(fd);
	stop(&p, stats, sizeof(stats));
	assert_int_equal(counter(stats, "responses"), 3);
	assert_int_equal(counter(stats, "protocol_errors"), 0);
}

// ---- where, and what it tells -------------------------------------------------------------------------------

CASE("h2 server time: it listens at IPv4 and IPv6 with the same port, and tells its figures in two formats")
{
	struct h2_process p;
	struct h2_output o;
	char stats[4096];
	h2_need("curl");
	h2_server(&p, "--bind 127.0.0.1,::1");
	h2_sh(&o,
	      "curl -sS -m 20 --http2-prior-knowledge 'http://[::1]:%u/' && "
	      "curl -sS -m 20 --http2-prior-knowledge http://127.0.0.1:%u/metrics",
	      p.port, p.port);
	if (o.code != 0)
		fail_msg("%s", o.err);
	assert_int_equal(strncmp(o.out, "stressgen-h2\n", 13), 0);
	assert_non_null(
	        strstr(o.out, "\n# TYPE stressgen_h2_connections counter\nstressgen_h2_connections_total 2\n"));
	assert_non_null(strstr(o.out, "\nstressgen_h2_frames_received_total{type=\"HEADERS\"} 2\n"));
	assert_null(strstr(o.out, "\nstressgen_h2_rss_bytes 0\n"));
	assert_string_equal(o.out + strlen(o.out) - 6, "# EOF\n");
	h2_output_deinit(&o);
	stop(&p, stats, sizeof(stats));
	assert_true(counter(stats, "cpu_ns") > 0);
	assert_true(counter(stats, "rss_peak_bytes") >= 1000000);
}

CASE("h2 server time: /file is a file's bytes; a file or an address that cannot be is one clear line")
{
	struct h2_process p;
	struct h2_output o;
	char stats[4096], args[600];
	h2_need("curl");
	snprintf(args, sizeof(args), "--serve %s", h2_file("served", "what stands in it\n"));
	h2_server(&p, args);
	h2_sh(&o, "curl -sS -m 20 --http2-prior-knowledge http://127.0.0.1:%u/file", p.port);
	assert_string_equal(o.out, "what stands in it\n");
	h2_output_deinit(&o);
	stop(&p, stats, sizeof(stats));
	static const char *const bad[][2] = {
		{ "--serve /nowhere", "/nowhere: cannot be read: No such file or directory" },
		{ "--bind 1.2.3", "'1.2.3' is no address; write e.g. 127.0.0.1 or ::1" },
		{ "--bind 127.0.0.1,,::1", "'' is no address" },
	};
	for (size_t i = 0; i < 3; i++) {
		h2_sh(&o, "%s server %s", H2_PROGRAM, bad[i][0]);
		if (o.code != 2 || !strstr(o.err, bad[i][1]) || strchr(o.err, '\n') != strrchr(o.err, '\n'))
			fail_msg("%d %s", o.code, o.err);
		h2_output_deinit(&o);
	}
}

CASE("h2 server time: stressgen h2-server is the same server")
{
	struct h2_output o;
	h2_need("curl");
	h2_sh(&o,
	      "%s/bin/stressgen h2-server --max-body 10 >'%s/said' & "
	      "while ! grep -q '^port ' '%s/said'; do sleep 0.05; done; "
	      "url=http://127.0.0.1:$(sed -n 's/^port //p' '%s/said'); server=$!; "
	      "curl -sS -m 20 --http2-prior-knowledge $url/bytes/7; "
	      "(printf slow; sleep 1; printf ly) | curl -sS -m 20 --http2-prior-knowledge -T - $url/upload; "
	      "kill $server; wait $server; echo \" $?\"; grep -c '^stats {' '%s/said'",
	      SG_BUILD_DIR, harness_tmpdir(), harness_tmpdir(), harness_tmpdir(), harness_tmpdir());
	if (strcmp(o.out, "0123456slowly 0\n1\n") != 0)
		fail_msg("%d %s%s", o.code, o.out, o.err);
	h2_output_deinit(&o);
	h2_sh(&o, // another command's --request-timeout is 0 without it
	      "%s/bin/stressgen h2-server >'%s/second' & "
	      "while ! grep -q '^port ' '%s/second'; do sleep 0.05; done; "
	      "(printf a; sleep 1; printf b) | curl -sS -m 20 -T - --http2-prior-knowledge "
	      "\"http://127.0.0.1:$(sed -n 's/^port //p' '%s/second')/slowly\"; kill $!; wait $!",
	      SG_BUILD_DIR, harness_tmpdir(), harness_tmpdir(), harness_tmpdir());
	if (strcmp(o.out, "ab") != 0)
		fail_msg("%d %s%s", o.code, o.out, o.err);
	h2_output_deinit(&o);
	h2_sh(&o, "%s/bin/stressgen h2-server here", SG_BUILD_DIR);
	assert_int_equal(o.code, 2);
	assert_non_null(strstr(o.err, "h2-server takes no 'here'"));
	h2_output_deinit(&o);
}

CASE("h2 server time: TLS with a certificate of its own, and a unix socket beside the port")
{
	struct h2_process p;
	struct h2_output o;
	char stats[4096], args[700];
	h2_need("curl");
	snprintf(args, sizeof(args), "--https --write-cert %s/cert.pem --unix %s/socket", harness_tmpdir(),
	         harness_tmpdir());
	h2_server(&p, args);
	h2_sh(&o,
	      "curl -sS -m 20 --http2 --cacert %s/cert.pem -w '%%{http_version}' https://localhost:%u/bytes/100000 | tail -c 1; "
	      "curl -sS -m 20 --http2 -k --unix-socket %s/socket https://localhost/",
	      harness_tmpdir(), p.port, harness_tmpdir());
	if (strcmp(o.out, "2stressgen-h2\n") != 0)
		fail_msg("%s%s", o.out, o.err);
	h2_output_deinit(&o);
	stop(&p, stats, sizeof(stats));
	assert_int_equal(counter(stats, "responses"), 2);
	h2_sh(&o, "test -e %s/socket", harness_tmpdir());
	assert_int_equal(o.code, 1);
	h2_output_deinit(&o);
	h2_sh(&o, "%s server --https --cert /nowhere --key /nowhere", H2_PROGRAM);
	assert_int_equal(o.code, 2);
	assert_ptr_equal(strchr(o.err, '\n'), strrchr(o.err, '\n'));
	h2_output_deinit(&o);
}

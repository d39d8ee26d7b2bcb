// The server as a process: what curl and nghttp get from it, its limits, its ends.
#include "counters.h"
#include "h2_support.h"
#include "harness.h"
#include "telemetry.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// What a server without a fault says at its end is JSON that holds this counter at this value.
static void expect_counter(const char *stats, const char *name, unsigned long value)
{
	char key[64];
	snprintf(key, sizeof(key), "\"%s\":", name);
	const char *at = strstr(stats, key);
	if (!at || strtoul(at + strlen(key), NULL, 10) != value)
		fail_msg("%s is not %lu in %s", name, value, stats);
}

static void stop(struct h2_process *p, char *stats, size_t size)
{
	assert_int_equal(h2_server_stop(p, stats, size), 0);
	assert_int_equal(strncmp(stats, "stats {", 7), 0);
}

#define CURL "curl -sS --http2-prior-knowledge -m 20 "

// ---- other people's clients ---------------------------------------------------------------------------------

static void curl(unsigned port, const char *args, const char *path, const char *expected)
{
	struct h2_output o;
	h2_sh(&o, CURL "%s 'http://127.0.0.1:%u%s'", args, port, path);
	if (o.code != 0 || strcmp(o.out, expected) != 0)
		fail_msg("curl %s %s: %d \"%s\" %s", args, path, o.code, o.out, o.err);
	h2_output_deinit(&o);
}

CASE("h2 server: curl gets what each route promises")
{
	struct h2_process p;
	char stats[4096];
	h2_need("curl");
	h2_server(&p, "");
	curl(p.port, "", "/", "stressgen-h2\n");
	curl(p.port, "", "/bytes/61", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxy");
	curl(p.port, "-o /dev/null -w '%{http_code} %{http_version} %{size_download}'", "/bytes/1000000",
	     "200 2 1000000");
	curl(p.port, "-o /dev/null -w '%{http_code}'", "/status/503", "503");
	curl(p.port, "-o /dev/null -w '%{http_code}'", "/nowhere", "404");
	curl(p.port, "-X POST --data-binary 'hello there'", "/any", "hello there");
	curl(p.port, "-X PUT --data-binary ''", "/any", "");
	curl(p.port, "-X DELETE -w '%{http_code}'", "/any", "204");
	curl(p.port, "-X PATCH -o /dev/null -w '%{http_code}'", "/any", "405");
	curl(p.port, "-I -o /dev/null -w '%{http_code} %header{content-length}'", "/bytes/12345", "200 12345");
	curl(p.port, "-H 'Host: a.example'", "/reflect/x?y", "GET /reflect/x?y a.example\n");
	stop(&p, stats, sizeof(stats));
	expect_counter(stats, "streams", 11);
	expect_counter(stats, "responses", 11);
	expect_counter(stats, "connections", 11);
	expect_counter(stats, "connections_open", 0);
	expect_counter(stats, "protocol_errors", 0);
}

CASE("h2 server: the reflected headers are those that curl sent")
{
	struct h2_process p;
	struct h2_output o;
	char stats[4096];
	h2_need("curl");
	h2_server(&p, "");
	h2_sh(&o, CURL "-D - -o /dev/null -A agent -H 'accept: x/y' -H 'x-three: 3' http://127.0.0.1:%u/", p.port);
	assert_int_equal(o.code, 0);
	assert_non_null(strstr(o.out, "HTTP/2 200"));
	assert_non_null(strstr(o.out, "server: stressgen-h2\r\n"));
	assert_non_null(strstr(o.out, "x-method: GET\r\n"));
	assert_non_null(strstr(o.out, "x-path: /\r\n"));
	assert_non_null(strstr(o.out, "x-header-count: 3\r\n"));
	char authority[64];
	snprintf(authority, sizeof(authority), "x-authority: 127.0.0.1:%u\r\n", p.port);
	assert_non_null(strstr(o.out, authority));
	h2_output_deinit(&o);
	stop(&p, stats, sizeof(stats));
}

static void expect_mute(const char *engine)
{
	struct h2_process p;
	struct h2_output o;
	char stats[4096], args[64];
	snprintf(args, sizeof(args), "--no-reflect --h2-engine %s", engine);
	h2_server(&p, args);
	h2_sh(&o, CURL "-D - -H 'x-three: 3' http://127.0.0.1:%u/bytes/5", p.port);
	assert_int_equal(o.code, 0);
	assert_non_null(strstr(o.out, "content-length: 5\r\n"));
	assert_non_null(strstr(o.out, "01234"));
	assert_null(strstr(o.out, "x-"));
	h2_output_deinit(&o);
	curl(p.port, "-H 'Host: a.example'", "/reflect/x?y", "GET /reflect/x?y a.example\n");
	stop(&p, stats, sizeof(stats));
}

CASE("h2 server: with --no-reflect headers say nothing of the request, in both engines")
{
	h2_need("curl");
	expect_mute("session");
	expect_mute("wire");
}

CASE("h2 server: requests that change and come again are each answered with what they were")
{
	struct h2_output o;
	h2_sh(&o, "%s run %s", H2_PROGRAM,
	      h2_file("mixed.h2", "(scenario mixed (load (connections 3) (streams 7) (requests 6000))"
	                          " (request a (weight 5) (path \"/\") (expect (status 200)))"
	                          " (request b (weight 3) (path \"/bytes/10\") (expect (body (pattern 10))))"
	                          " (request c (weight 2) (path \"/\") (header \"x-a\" \"1\"))"
	                          " (request d (path \"/\") (header \"x-a\" \"2\") (header \"x-b\" \"1\"))"
	                          " (request e (method HEAD) (path \"/bytes/10\"))"
	                          " (request f (method POST) (path \"/\") (body \"x\") (expect (body echo)))"
	                          " (request g (path \"/%{n}\") (expect (status 404))))"));
	if (o.code != 0)
		fail_msg("%d %s %s", o.code, o.out, o.err);
	h2_output_deinit(&o);
}

CASE("h2 server: a large upload comes back byte for byte")
{
	struct h2_process p;
	struct h2_output o;
	char stats[4096];
	h2_need("curl");
	h2_server(&p, "");
	h2_sh(&o,
	      "head -c 5000000 /dev/urandom >%s/up && " CURL
	      "-X POST -T %s/up http://127.0.0.1:%u/x -o %s/down && cmp %s/up %s/down",
	      harness_tmpdir(), harness_tmpdir(), p.port, harness_tmpdir(), harness_tmpdir(), harness_tmpdir());
	if (o.code != 0)
		fail_msg("%d %s %s", o.code, o.out, o.err);
	h2_output_deinit(&o);
	stop(&p, stats, sizeof(stats));
	expect_counter(stats, "body_bytes_received", 5000000);
	expect_counter(stats, "body_bytes_sent", 5000000);
}

CASE("h2 server: nghttp finds nothing to complain about")
{
	struct h2_process p;
	struct h2_output o;
	char stats[4096];
	h2_need("nghttp");
	h2_server(&p, "");
	h2_sh(&o, "nghttp -v -m 20 -t 20 http://127.0.0.1:%u/bytes/5000", p.port);
	assert_int_equal(o.code, 0);
	assert_non_null(strstr(o.out, ":status: 200"));
	assert_non_null(strstr(o.out, "SETTINGS_MAX_CONCURRENT_STREAMS(0x03):256"));
	assert_null(strstr(o.out, "RST_STREAM"));
	h2_output_deinit(&o);
	h2_sh(&o, "nghttp -nv -t 20 -H ':method: HEAD' http://127.0.0.1:%u/bytes/5000", p.port);
	assert_int_equal(o.code, 0);
	assert_non_null(strstr(o.out, "content-length: 5000"));
	assert_null(strstr(o.out, "recv DATA"));
	h2_output_deinit(&o);
	stop(&p, stats, sizeof(stats));
	expect_counter(stats, "streams", 21);
	expect_counter(stats, "resets_sent", 0);
}

// ---- limits -------------------------------------------------------------------------------------------------

CASE("h2 server: headers and bodies beyond the limits are answered with 431 and 413")
{
	struct h2_process p;
	char stats[4096];
	h2_need("curl");
	h2_server(&p, "--max-header-list 2k --max-body 1000");
	curl(p.port, "-o /dev/null -w '%{http_code}' -H \"x: $(head -c 1000 /dev/zero | tr '\\0' a)\"", "/",
	     "200");
	curl(p.port, "-o /dev/null -w '%{http_code}' -H \"x: $(head -c 3000 /dev/zero | tr '\\0' a)\"", "/",
	     "431");
	curl(p.port, "-o /dev/null -w '%{http_code}' --data-binary \"$(head -c 1000 /dev/zero | tr '\\0' a)\"",
	     "/", "200");
	curl(p.port, "-o /dev/null -w '%{http_code}' --data-binary \"$(head -c 1001 /dev/zero | tr '\\0' a)\"",
	     "/", "413");
	stop(&p, stats, sizeof(stats));
	expect_counter(stats, "protocol_errors", 0);
}

CASE("h2 server: an upload that is too large is cut off as soon as that is clear")
{
	struct h2_process p;
	struct h2_raw f;
	char stats[4096];
	static const uint8_t piece[16384];
	h2_server(&p, "--max-body 20000");
	int fd = raw_connect(p.port);
	assert_int_equal(write(fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24), 24);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	RAW_SEND(fd, RAW_HEADERS, RAW_END_HEADERS, 1, 0x83, 0x86, 0x84, 0x01, 1, 'h'); // POST http / :authority h
	raw_send(fd, RAW_DATA, 0, 1, piece, sizeof(piece));
	raw_send(fd, RAW_DATA, 0, 1, piece, sizeof(piece));
	assert_true(raw_await(fd, RAW_HEADERS, &f));
	assert_true(raw_await(fd, RAW_RST, &f)); // NO_ERROR: the answer is there, the rest is not wanted
	assert_int_equal(f.payload[3], 0);
	close(fd);
	stop(&p, stats, sizeof(stats));
	expect_counter(stats, "streams", 1);
}

CASE("h2 server: a connection too many is closed at once, and the others go on")
{
	struct h2_process p;
	struct h2_raw f;
	char stats[4096], byte;
	h2_server(&p, "--max-connections 2");
	int a = raw_connect(p.port), b = raw_connect(p.port);
	assert_true(raw_await(a, RAW_SETTINGS, &f));
	assert_true(raw_await(b, RAW_SETTINGS, &f));
	int c = raw_connect(p.port);
	assert_true(read(c, &byte, 1) <= 0);
	close(c);
	close(a);
	close(b);
	stop(&p, stats, sizeof(stats));
	expect_counter(stats, "connections", 2);
	expect_counter(stats, "connections_refused", 1);
	expect_counter(stats, "connections_open", 0);
}

CASE("h2 server: a stream too many is refused, before and after the client knows the limit")
{
	struct h2_process p;
	struct h2_raw f;
	char stats[4096];
	h2_server(&p, "--max-streams 1");
	int fd = raw_connect(p.port);
	assert_int_equal(write(fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24), 24);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	assert_true(raw_await(fd, RAW_SETTINGS, &f));
	assert_int_equal(f.payload[1], 3); // SETTINGS_MAX_CONCURRENT_STREAMS
	assert_int_equal(f.payload[5], 1);
	for (uint32_t id = 1; id <= 3; id += 2) // POST http / without an end: both stay open
		RAW_SEND(fd, RAW_HEADERS, RAW_END_HEADERS, id, 0x83, 0x86, 0x84, 0x01, 1, 'h');
	assert_true(raw_await(fd, RAW_RST, &f));
	assert_int_equal(f.id, 3);
	assert_int_equal(f.payload[3], 7); // REFUSED_STREAM
	raw_send(fd, RAW_SETTINGS, RAW_ACK, 0, NULL, 0);
	RAW_SEND(fd, RAW_HEADERS, RAW_END_HEADERS, 5, 0x83, 0x86, 0x84, 0x01, 1, 'h');
	// RFC 9113, 5.1.2 leaves the choice: nghttp2 ends the connection, the wire engine refuses on.
	const char *engine = getenv("STRESSGEN_H2_ENGINE");
	const bool refuses_on = engine && strcmp(engine, "wire") == 0;
	assert_true(raw_await(fd, refuses_on ? RAW_RST : RAW_GOAWAY, &f));
	assert_int_equal(refuses_on ? f.id : f.payload[7], refuses_on ? 5 : 1); // PROTOCOL_ERROR
	close(fd);
	stop(&p, stats, sizeof(stats));
	expect_counter(stats, "streams_refused", refuses_on ? 2 : 1);
}

CASE("h2 server: an idle connection is closed after its time")
{
	struct h2_process p;
	char stats[4096], bytes[256];
	struct timespec a, b;
	h2_server(&p, "--idle-timeout 300ms");
	clock_gettime(CLOCK_MONOTONIC, &a);
	int fd = raw_connect(p.port);
	assert_int_equal(write(fd, "PRI *", 5), 5); // a preface that never ends
	while (read(fd, bytes, sizeof(bytes)) > 0)
		;
	clock_gettime(CLOCK_MONOTONIC, &b);
	double seconds = (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec);
	assert_true(seconds >= 0.25 && seconds < 8);
	close(fd);
	stop(&p, stats, sizeof(stats));
	expect_counter(stats, "connections_idled_out", 1);
}

CASE("h2 server: bytes that are not HTTP/2 end their connection only")
{
	struct h2_process p;
	char stats[4096], bytes[256];
	h2_need("curl");
	h2_server(&p, "");
	int fd = raw_connect(p.port);
	assert_int_equal(write(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27), 27);
	while (read(fd, bytes, sizeof(bytes)) > 0)
		;
	close(fd);
	curl(p.port, "", "/", "stressgen-h2\n");
	stop(&p, stats, sizeof(stats));
	expect_counter(stats, "protocol_errors", 1);
}

CASE("h2 server: streams that are reset before their answer leave nothing behind")
{
	struct h2_process p;
	struct h2_raw f;
	char stats[4096];
	h2_server(&p, "");
	int fd = raw_connect(p.port);
	assert_int_equal(write(fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24), 24);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	for (uint32_t id = 1; id < 400; id += 2) { // GET http / and its reset, in the same read
		RAW_SEND(fd, RAW_HEADERS, RAW_END_HEADERS | RAW_END_STREAM, id, 0x82, 0x86, 0x84, 0x01, 1, 'h');
		RAW_SEND(fd, RAW_RST, 0, id, 0, 0, 0, 8);
	}
	RAW_SEND(fd, RAW_PING, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8);
	assert_true(raw_await(fd, RAW_PING, &f)); // it is still there
	close(fd);
	stop(&p, stats, sizeof(stats));
	expect_counter(stats, "resets_received", 200);
	expect_counter(stats, "streams", 200);
}

// ---- ends ---------------------------------------------------------------------------------------------------

CASE("h2 server: SIGTERM says GOAWAY, answers what was begun, and ends with 0")
{
	struct h2_process p;
	struct h2_raw f;
	char stats[4096];
	h2_server(&p, "");
	int fd = raw_connect(p.port);
	assert_int_equal(write(fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24), 24);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	RAW_SEND(fd, RAW_HEADERS, RAW_END_HEADERS, 1, 0x83, 0x86, 0x84, 0x01, 1, 'h');
	RAW_SEND(fd, RAW_PING, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8);
	assert_true(raw_await(fd, RAW_PING, &f)); // so that the request has arrived
	kill(p.pid, SIGTERM);
	assert_true(raw_await(fd, RAW_GOAWAY, &f)); // the notice: no last stream yet
	assert_int_equal(f.payload[0], 0x7f);
	assert_true(raw_await(fd, RAW_GOAWAY, &f));
	assert_int_equal(f.payload[3], 1);
	RAW_SEND(fd, RAW_DATA, RAW_END_STREAM, 1, 'a', 'b', 'c');
	assert_true(raw_await(fd, RAW_HEADERS, &f));
	assert_true(raw_await(fd, RAW_DATA, &f));
	assert_int_equal(f.len, 3);
	assert_false(raw_read(fd, &f)); // then it closes
	close(fd);
	assert_int_equal(h2_server_wait(&p, stats, sizeof(stats)), 0);
	expect_counter(stats, "responses", 1);
}

CASE("h2 server: a client that does not let go is cut off after the drain time")
{
	struct h2_process p;
	struct h2_raw f;
	char stats[4096];
	h2_server(&p, "--drain 300ms");
	int fd = raw_connect(p.port);
	assert_int_equal(write(fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24), 24);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	RAW_SEND(fd, RAW_HEADERS, RAW_END_HEADERS, 1, 0x83, 0x86, 0x84, 0x01, 1, 'h'); // and never the body
	assert_true(raw_await(fd, RAW_SETTINGS, &f));
	stop(&p, stats, sizeof(stats)); // comes back: the client is still connected
	close(fd);
}

CASE("h2 server: it ends when the descriptor of its parent closes")
{
	struct h2_process p;
	char stats[4096];
	int life[2];
	assert_int_equal(pipe(life), 0);
	char args[64];
	snprintf(args, sizeof(args), "--life-fd %d", life[0]);
	fcntl(life[1], F_SETFD, FD_CLOEXEC);
	h2_server(&p, args);
	close(life[0]);
	struct pollfd quiet = { .fd = p.out, .events = POLLIN };
	assert_int_equal(poll(&quiet, 1, 300), 0); // alive while the pipe is
	close(life[1]);
	assert_int_equal(h2_server_wait(&p, stats, sizeof(stats)), 0);
	assert_non_null(strstr(stats, "stats {"));
}

CASE("h2 server: a port that is taken is one clear line")
{
	struct h2_process p;
	struct h2_output o;
	char stats[4096];
	h2_server(&p, "");
	h2_sh(&o, "%s server --port %u", H2_PROGRAM, p.port);
	assert_int_equal(o.code, 3);
	assert_non_null(strstr(o.err, "cannot listen on 127.0.0.1:"));
	assert_non_null(strstr(o.err, "address already in use; try another --port"));
	assert_ptr_equal(strchr(o.err, '\n'), strrchr(o.err, '\n'));
	h2_output_deinit(&o);
	stop(&p, stats, sizeof(stats));
}

static void expect_refused(const char *args, int code, const char *words)
{
	struct h2_output o;
	h2_sh(&o, "timeout 50 %s server %s </dev/null", H2_PROGRAM, args);
	if (o.code != code || !strstr(o.err, words) || strchr(o.err, '\n') != strrchr(o.err, '\n'))
		fail_msg("%s: exit %d, expected %d and \"%s\"\n%s", args, o.code, code, words, o.err);
	h2_output_deinit(&o);
}

CASE("h2 server: what cannot be served is one clear line")
{
	expect_refused("--unix /no-such-directory/x", 3,
	               "--unix /no-such-directory/x: its directory is not there");
	expect_refused("--cert x.pem", 2, "--cert is for a server with TLS; give --https too");
	expect_refused("--write-cert x.pem", 2, "--write-cert is for a server with TLS");
	expect_refused("--https --cert x.pem", 2, "--cert and --key go together");
	expect_refused("--https --cert /none.pem --key /none.pem", 2, "TLS: /none.pem: No such file or directory");
	expect_refused("--bind 192.0.2.1", 3, "cannot listen on 192.0.2.1:");
	expect_refused("--misbehave nonsense", 2, "no hostile server 'nonsense'; see /");
	expect_refused("--misbehave dripp", 2, "no hostile server 'dripp'; did you mean 'drip'?");
	expect_refused("--bind=", 2, "--bind names no address");
	expect_refused("--life-fd 777", 2, "--life-fd 777: no such descriptor is open");
	expect_refused("--serve /tmp", 2, "/tmp: cannot be read: Is a directory");
}

CASE("h2 server: its counters are in the telemetry directory")
{
	struct h2_process p;
	char stats[4096], path[512] = "";
	h2_need("curl");
	assert_int_equal(setenv("STRESSGEN_TELEMETRY_DIR", harness_tmpdir(), 1), 0);
	h2_server(&p, "");
	curl(p.port, "", "/", "stressgen-h2\n");
	stop(&p, stats, sizeof(stats));
	DIR *d = opendir(harness_tmpdir());
	for (struct dirent *entry; (entry = readdir(d));)
		if (strncmp(entry->d_name, "server-", 7) == 0)
			snprintf(path, sizeof(path), "%s/%s", harness_tmpdir(), entry->d_name);
	closedir(d);
	assert_string_not_equal(path, "");
	struct tele_file *t = malloc(sizeof(*t));
	struct err e = { "" };
	if (telemetry_read(path, t, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(t->role, TELE_SERVER);
	assert_int_equal(*telemetry_counter(t, "streams"), 1);
	assert_int_equal(*telemetry_counter(t, "frames_received_HEADERS"), 1);
	assert_int_equal(*telemetry_counter(t, "body_bytes_sent"), 13);
	for (enum h2_counter i = 0; i < H2_COUNTER_COUNT; i++)
		assert_string_equal(t->counters[i].name, h2_counter_name(i));
	free(t);
}

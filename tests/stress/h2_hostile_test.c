// Hostile servers: their files, what they send, and how clients that meet them are judged.
#include "h2_support.h"
#include "harness.h"
#include "hostile.h"
#include "wire_frame.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOSTILE SG_SOURCE_DIR "/gen/scenarios/hostile/"

// ---- files --------------------------------------------------------------------------------------------------

static void expect_wrong(const char *text, const char *words)
{
	struct h2_hostile h = { 0 };
	struct err e = { "" };
	if (h2_hostile_parse("t.hostile", text, strlen(text), &h, &e) == 0 || !strstr(e.text, words))
		fail_msg("%s: \"%s\", expected \"%s\"", text, e.text, words);
	h2_hostile_deinit(&h);
}

CASE("h2 hostile: what is wrong in a file is said where it stands")
{
	expect_wrong("", "a hostile server's file is one (hostile NAME ...)");
	expect_wrong("(scenario x)", "t.hostile:1:1: a hostile server's file is one");
	expect_wrong("(hostile x)", "(right error), (right success) or both");
	expect_wrong("(hostile x (right well))", "known are error and success");
	expect_wrong("(hostile x (right error) (memory much))", "'much' is not a size from 1 to 4G");
	expect_wrong("(hostile x (right error) (time 0s))", "a time up to 10m");
	expect_wrong("(hostile x (right error) (output \"y\"))", "(right success)?");
	expect_wrong("(hostile x (right error) (answer))", "one (send ...) at least");
	expect_wrong("(hostile x (right error) (answer (close)) (answer (close)))", "give it (requests N)");
	expect_wrong("(hostile x (right error) (greeting (send (frame PONG))))", "a name such as DATA");
	expect_wrong("(hostile x (right error) (anwser (close)))", "unknown field 'anwser'");
}

CASE("h2 hostile: each file of the catalogue can be read, is named as its file, and says what is right")
{
	glob_t found;
	assert_int_equal(glob(HOSTILE "*.hostile", 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= 50);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct h2_hostile h = { 0 };
		struct err e = { "" };
		char name[128];
		if (h2_hostile_load(found.gl_pathv[i], &h, &e) < 0)
			fail_msg("%s", e.text);
		snprintf(name, sizeof(name), "/%s.hostile", h.name);
		assert_string_equal(strrchr(found.gl_pathv[i], '/'), name);
		assert_non_null(h.summary);
		h2_hostile_deinit(&h);
	}
	globfree(&found);
}

CASE("h2 hostile: a script is played with its streams' ids, its rounds and its pauses")
{
	static const char text[] = "(hostile x (right error) (answer (requests 2) (close))"
	                           " (answer (send (times 2) (every 5ms) (frame GOAWAY (id) (hex \"01020304\")))"
	                           " (wait 7ms) (send (frame DATA (stream same) (text \"a\\n\"))) (close)))";
	struct h2_hostile h = { 0 };
	struct err e = { "" };
	struct wire_out out = { 0 };
	if (h2_hostile_parse("t", text, strlen(text), &h, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(h2_hostile_answer(&h, 1)->step_count, 1);
	struct h2_player p = { .script = h2_hostile_answer(&h, 2), .id = 0x12345 };
	const enum h2_played played[] = { H2_WAITS, H2_WAITS, H2_WAITS, H2_PLAYED, H2_CLOSES, H2_PLAYED_OUT };
	const uint64_t waits[] = { 5000000, 5000000, 7000000 };
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(h2_player_next(&p, &out), played[i]);
		if (i < 3)
			assert_int_equal(p.wait_ns, waits[i]);
	}
	static const uint8_t bytes[] = { 0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 1, 0x23, 0x45, 1, 2, 3, 4 };
	static const uint8_t last[] = { 0, 0, 2, 0, 0, 0, 1, 0x23, 0x45, 'a', '\n' };
	assert_int_equal(out.bytes.len, 2 * sizeof(bytes) + sizeof(last));
	assert_memory_equal(out.bytes.data + sizeof(bytes), bytes, sizeof(bytes));
	assert_memory_equal(out.bytes.data + 2 * sizeof(bytes), last, sizeof(last));
	assert_int_equal(p.frames, 3);
	wire_out_deinit(&out);
	h2_hostile_deinit(&h);
}

CASE("h2 hostile: frames that wait take no more memory the more have gone out")
{
	struct wire_out out = { 0 };
	static uint8_t piece[50000], got[49000];
	uint64_t in = 0, seen = 0;
	for (unsigned round = 0; round < 20; round++) { // more comes in than goes out: it never runs dry
		for (size_t i = 0; i < sizeof(piece); i++)
			piece[i] = (uint8_t)((in + i) * 31 >> 3);
		buf_add(&out.bytes, piece, sizeof(piece));
		in += sizeof(piece);
		const size_t n = wire_out_pull(&out, got, sizeof(got));
		for (size_t i = 0; i < n; i++)
			assert_int_equal(got[i], (uint8_t)((seen + i) * 31 >> 3));
		seen += n;
		assert_true(out.bytes.len < 300000);
	}
	assert_int_equal(wire_out_left(&out), in - seen);
	wire_out_deinit(&out);
}

// ---- clients judged -----------------------------------------------------------------------------------------

static void expect_client(const char *hostile, const char *client, int code, const char *words)
{
	struct h2_output o;
	h2_sh(&o, "%s client %s -- %s", H2_PROGRAM, hostile, client);
	if (o.code != code || !strstr(o.out, words) || !strstr(o.out, "@@ done\n"))
		fail_msg("%s: exit %d, expected %d and \"%s\"\n%s%s", client, o.code, code, words, o.out, o.err);
	h2_output_deinit(&o);
}

#define CURL "curl -sS --http2-prior-knowledge "
#define NO_TIME "(hostile t (right error) (time 1s))"
#define RIGHT                                                                                                     \
	"(answer (send (frame HEADERS (flags END_HEADERS) (stream same) (hex \"88\"))"                            \
	" (frame DATA (flags END_STREAM) (stream same) (text \"hello\\n\"))))"

CASE("h2 hostile: a client that hangs, crashes, lies, swells or never comes is told from one that is right")
{
	h2_need("curl");
	expect_client(HOSTILE "control.hostile", CURL "-m 20", 0, "@@ check client ok it ended well, as is right");
	expect_client(HOSTILE "control.hostile", CURL "-m 20 http://{authority}/ -H x-port:{port}", 0,
	              "@@ check client ok");
	expect_client(HOSTILE "cut-body.hostile", CURL "-m 20", 0,
	              "@@ check client ok it failed, as is right, exit 18");
	expect_client(HOSTILE "control.hostile", "sh -c '" CURL "$1 && exit 3' x", 1,
	              "@@ check client bad it failed, where it had no reason to, exit 3");
	expect_client(HOSTILE "cut-body.hostile", "sh -c '" CURL "$1; exit 0' x", 1,
	              "@@ check client bad it calls a success what is none");
	expect_client(HOSTILE "control.hostile", CURL "-m 20 -o /dev/null", 1,
	              "@@ check client bad it ended well, and printed 0 bytes that are not the answer");
	expect_client(HOSTILE "reset.hostile", "sh -c '" CURL "$1; kill -SEGV $$' x", 1,
	              "@@ check client bad it crashed of signal 11 (Segmentation fault)");
	expect_client(HOSTILE "cut-body.hostile", "false", 1,
	              "@@ check effort bad 0 connections, 0 requests: it never");
	expect_client(h2_file("slow.hostile", NO_TIME), CURL, 1, "@@ check client bad it hangs: no end within 1.");
	expect_client(h2_file("small.hostile", "(hostile t (right success) (memory 1M) " RIGHT ")"), CURL "-m 20",
	              1, "@@ check memory bad ");
	expect_client(h2_file("once.hostile", "(hostile t (right success) (connections 1) " RIGHT ")"),
	              "sh -c '" CURL "$1 && " CURL "$1' x", 1,
	              "@@ check effort bad 2 connections, 2 requests: it tries");
}

CASE("h2 hostile: what is no command, no file or no program is one clear line")
{
	static const struct {
		const char *args, *words;
		int code;
	} rows[] = {
		{ "client " HOSTILE "control.hostile", "write: stressgen-h2 client FILE.hostile -- PROGRAM", 2 },
		{ "client -- true", "write: stressgen-h2 client FILE.hostile -- PROGRAM", 2 },
		{ "client /nowhere.hostile -- true", "/nowhere.hostile: cannot be read", 3 },
		{ "client " HOSTILE "control.hostile -- /nowhere/client", "/nowhere/client: No such file", 3 },
		{ "server --misbehave badly", "no hostile server 'badly'", 2 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct h2_output o;
		h2_sh(&o, "%s %s", H2_PROGRAM, rows[i].args);
		if (o.code != rows[i].code || !strstr(o.err, rows[i].words) ||
		    strchr(o.err, '\n') != strrchr(o.err, '\n'))
			fail_msg("%s: %d %s", rows[i].args, o.code, o.err);
		h2_output_deinit(&o);
	}
}

CASE("h2 hostile: curl does what is right with each of them")
{
	glob_t found;
	h2_need("curl");
	assert_int_equal(glob(HOSTILE "*.hostile", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++)
		expect_client(found.gl_pathv[i], CURL "-m 2", 0, "@@ check client ok ");
	globfree(&found);
}

// What it says of them is its own matter, as long as it ends.
static void expect_survivor(const char *client)
{
	static const char *const some[] = { "cut-body", "field-crlf", "bad-hpack", "goaway-forever", "no-answer" };
	expect_client(HOSTILE "control.hostile", client, 0, "@@ check client ok ");
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		struct h2_output o;
		h2_sh(&o, "%s client " HOSTILE "%s.hostile -- %s", H2_PROGRAM, some[i], client);
		if (o.code > 1 || strstr(o.out, "hangs") || strstr(o.out, "crashed") ||
		    strstr(o.out, "memory bad"))
			fail_msg("%s: %d %s%s", some[i], o.code, o.out, o.err);
		h2_output_deinit(&o);
	}
}

// As docs/findings.md has it: nghttp 1.52 shows an error on its output, and ends with 0.
CASE("h2 hostile: nghttp neither hangs nor crashes, and calls a success what is none")
{
	h2_need("nghttp");
	expect_survivor("nghttp -t 2");
}

// Likewise: httpx 0.23 takes fields that are none, and ends rightly otherwise.
CASE("h2 hostile: Python's httpx neither hangs nor crashes")
{
	struct h2_output o;
	h2_sh(&o, "/usr/bin/python3 -c 'import httpx, h2'");
	if (o.code != 0)
		harness_skip("python3-httpx and python3-h2 are not installed");
	h2_output_deinit(&o);
	expect_survivor("/usr/bin/python3 " SG_SOURCE_DIR "/tests/servers/client.py");
}

CASE("h2 hostile: --misbehave takes a name of the catalogue or a file")
{
	struct h2_process p;
	struct h2_raw f;
	char stats[4096];
	h2_server(&p, "--misbehave refused-forever");
	int fd = raw_connect(p.port);
	assert_int_equal(write(fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24), 24);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	RAW_SEND(fd, RAW_HEADERS, RAW_END_HEADERS | RAW_END_STREAM, 1, 0x82, 0x86, 0x84, 0x01, 1, 'h');
	assert_true(raw_await(fd, RAW_RST, &f));
	assert_int_equal(f.payload[3], 7);
	close(fd);
	assert_int_equal(h2_server_stop(&p, stats, sizeof(stats)), 0);
	assert_non_null(strstr(stats, "\"streams\":1,"));
}

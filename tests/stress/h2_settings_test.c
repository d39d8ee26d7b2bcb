// What a load's connections say of themselves: windows, tables and frames, and that they keep to it.
#include "h2_support.h"
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const engines[] = { "wire", "session" };

// ---- told and kept --------------------------------------------------------------------------------------------

CASE("h2 settings: windows, tables and frames are told to the server, and every answer is right")
{
	static const char told[] = " -> SETTINGS stream 0 length 30 ENABLE_PUSH=0 INITIAL_WINDOW_SIZE=1023 "
	                           "MAX_HEADER_LIST_SIZE=65536 HEADER_TABLE_SIZE=0 MAX_FRAME_SIZE=32768\n";
	for (size_t i = 0; i < 4; i++) {
		struct h2_process p;
		struct h2_output o;
		char stats[16384];

		h2_server(&p, i < 2 ? "" : "--h2-engine session");
		h2_sh(&o,
		      "cd '%s' && rm -rf run && " SG_BUILD_DIR
		      "/bin/stressgen h2 http://127.0.0.1:%u/bytes/9000 -n 20 -m 2"
		      " -w 10 -W 16 -f 32k --header-table-size 0 --encoder-header-table-size 0 -H 'x-a: b'"
		      " --expect-length 9000 --h2-engine %s --frames frames -o run && cat frames",
		      harness_tmpdir(), p.port, engines[i % 2]);
		h2_server_stop(&p, stats, sizeof stats);
		// 1023 bytes at a time, opened again at the half at the latest; a field that would be in the table
		// is there whole each time, so that the last request's header is as long as the first one's.
		const char *last = strstr(o.out, " -> HEADERS stream 39 length ");
		if (o.code != 0 || !strstr(o.out, " 20 succeeded") || !strstr(o.out, told) ||
		    !strstr(o.out, " -> WINDOW_UPDATE stream 1 ") || !strstr(o.out, "length 1023") ||
		    strstr(o.out, " <- DATA stream 1 length 1024") || !last || strtoul(last + 29, NULL, 10) < 20)
			fail_msg("%s: %d\n%s%s", engines[i % 2], o.code, o.out, o.err);
		h2_output_deinit(&o);
	}
}

CASE("h2 settings: a window of one byte, and none of HPACK's tables, still bring a whole answer")
{
	for (size_t i = 0; i < 2; i++) {
		struct h2_process p;
		struct h2_output o;
		char stats[16384];

		h2_server(&p, "");
		h2_sh(&o,
		      "cd '%s' && rm -rf run && " SG_BUILD_DIR
		      "/bin/stressgen h2 http://127.0.0.1:%u/bytes/300 -n 3 -m 3"
		      " -w 1 --header-table-size 64 --expect-length 300 --h2-engine %s -o run",
		      harness_tmpdir(), p.port, engines[i]);
		h2_server_stop(&p, stats, sizeof stats);
		if (o.code != 0)
			fail_msg("%s: %d\n%s%s", engines[i], o.code, o.out, o.err);
		h2_output_deinit(&o);
	}
}

// ---- against servers of any kind ------------------------------------------------------------------------------

static const uint8_t zeros[65535];

// 200 by HPACK's static table, and so many bytes of content in one frame.
static void answer(int fd, uint32_t id, size_t len, bool last)
{
	static const uint8_t ok[] = { 0x88 };
	raw_send(fd, RAW_HEADERS, RAW_END_HEADERS, id, ok, sizeof ok);
	raw_send(fd, RAW_DATA, last ? RAW_END_STREAM : 0, id, zeros, len);
}

static void serve_long_frame(int fd, __attribute__((unused)) unsigned count)
{
	struct h2_raw f;
	raw_read_preface(fd);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	const uint32_t id = raw_next_request(fd);
	answer(fd, id, 20000, true);
	while (raw_read(fd, &f))
		;
}

// All that the window is before SETTINGS are acknowledged; then it is far below, and must be opened again.
static void serve_late_ack(int fd, __attribute__((unused)) unsigned count)
{
	struct h2_raw f;
	raw_read_preface(fd);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	raw_await(fd, RAW_HEADERS, &f);
	const uint32_t id = f.id;
	static const uint8_t ok[] = { 0x88 };
	raw_send(fd, RAW_HEADERS, RAW_END_HEADERS, id, ok, sizeof ok);
	for (unsigned i = 0; i < 4; i++)
		raw_send(fd, RAW_DATA, 0, id, zeros, i < 3 ? 16384 : 16383);
	raw_send(fd, RAW_SETTINGS, RAW_ACK, 0, NULL, 0);
	while (raw_await(fd, RAW_WINDOW, &f) && f.id != id)
		;
	raw_send(fd, RAW_DATA, RAW_END_STREAM, id, zeros, 1);
	while (raw_read(fd, &f))
		;
}

// A table that got smaller: the next section begins by saying so, or it is an error (RFC 7541, 4.2).
static bool says_size;

static void serve_small_table(int fd, __attribute__((unused)) unsigned count)
{
	static const uint8_t sized[] = { 0x20, 0x88 }, plain[] = { 0x88 };
	struct h2_raw f;
	raw_read_preface(fd);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	const uint32_t id = raw_next_request(fd);
	raw_send(fd, RAW_HEADERS, RAW_END_HEADERS | RAW_END_STREAM, id, says_size ? sized : plain,
	         says_size ? sizeof sized : sizeof plain);
	while (raw_read(fd, &f))
		;
}

// One request by each engine with those settings: whether it was right, and else a word of the reason.
static void expect(void (*serve)(int, unsigned), const char *settings, const char *wrong)
{
	char file[512], text[256];
	snprintf(text, sizeof text, "(scenario t (load (deadline 20s) %s) (request r))", settings);
	snprintf(file, sizeof file, "%s", h2_file("settings.h2", text));
	for (size_t i = 0; i < 2; i++) {
		struct h2_process p;
		struct h2_output o;
		h2_fake(&p, serve);
		h2_sh(&o, "%s run --h2-engine %s --h2-target http://127.0.0.1:%u %s", H2_PROGRAM, engines[i],
		      p.port, file);
		h2_fake_stop(&p);
		if (o.code != (wrong ? 1 : 0) || (wrong && !strstr(o.out, wrong) && !strstr(o.err, wrong)))
			fail_msg("%s, %s: exit %d\n%s%s", settings, engines[i], o.code, o.out, o.err);
		h2_output_deinit(&o);
	}
}

CASE("h2 settings: a frame is as long as it was told that it may be, and no longer")
{
	expect(serve_long_frame, "(frame-size 20000)", NULL);
	expect(serve_long_frame, "(frame-size 19999)", "protocol error");
	expect(serve_long_frame, "", "protocol error");
}

CASE("h2 settings: a window that was used up before it became small is opened again")
{
	expect(serve_late_ack, "(window 1k)", NULL);
}

CASE("h2 settings: a table that became smaller is announced by the server, or its section is an error")
{
	says_size = true;
	expect(serve_small_table, "(header-table 0)", NULL);
	says_size = false;
	expect(serve_small_table, "", NULL);
	expect(serve_small_table, "(header-table 0)", "protocol error");
}

CASE("h2 settings: what cannot be is refused where it stands")
{
	static const char *const rows[][2] = {
		{ "(window 0)", "'0' is not a size from 1 to 2147483647 bytes" },
		{ "(window 2g)", "'2g' is not a size from 1 to 2147483647 bytes" },
		{ "(connection-window 65534)", "'65534' is not a size from 65535 to 2147483647 bytes" },
		{ "(frame-size 16383)", "'16383' is not a size from 16384 to 16777215 bytes" },
		{ "(header-table 2m)", "'2m' is not a size from 0 to 1048576 bytes" },
		{ "(encoder-table x)", "'x' is not a size from 0 to 1048576 bytes" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct h2_output o;
		char text[256];
		snprintf(text, sizeof text, "(scenario t (load %s) (request r))", rows[i][0]);
		h2_sh(&o, "%s check %s", H2_PROGRAM, h2_file("wrong.h2", text));
		if (o.code != 2 || !strstr(o.err, rows[i][1]))
			fail_msg("%s: %d %s", rows[i][0], o.code, o.err);
		h2_output_deinit(&o);
	}
}

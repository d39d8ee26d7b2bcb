// Attacks: as scenarios say them, and our own server under each of the suite.
#include "attack.h"
#include "h2_support.h"
#include "harness.h"
#include "scenario.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

// ---- reading ------------------------------------------------------------------------------------------------

#define ATTACK(text) "(scenario t (attack " text ") (request r))"

static void expect_wrong(const char *text, const char *words)
{
	struct scenario s = { 0 };
	struct err e = { "" };
	if (scenario_parse("t.h2", text, strlen(text), &s, &e) == 0 || !strstr(e.text, words))
		fail_msg("%s: \"%s\", expected \"%s\"", text, e.text, words);
	scenario_deinit(&s);
}

CASE("h2 attack: frames are the bytes that the file says")
{
	struct scenario s = { 0 };
	struct err e = { "" };
	static const char text[] =
	        ATTACK("(right goaway (reset REFUSED_STREAM)) (time 2s)"
	               " (send (frame PING (hex \"00 01 0203\")))"
	               " (send (times 3) (frame HEADERS (flags END_STREAM END_HEADERS) (stream next)"
	               " (hex \"82\") (repeat \"be bf\" 2)) (frame 119 (stream 5) (length 9)))"
	               " (send (bytes \"ff\"))");
	static const uint8_t bytes[] = { 0, 0, 4, 6, 0, 0, 0, 0, 0, 0, 1, 2, 3,    0,    0,    5,    1,
		                         5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x82, 0xbe, 0xbf, 0xbe, 0xbf };
	if (scenario_parse("t.h2", text, strlen(text), &s, &e) < 0)
		fail_msg("%s", e.text);
	const struct h2_attack *a = s.attack;
	assert_int_equal(a->script.step_count, 3);
	assert_int_equal(a->script.steps[1].times, 3);
	assert_int_equal(h2_attack_frames(a), 8);
	assert_int_equal(a->script.pieces[1].rule, STREAM_NEXT);
	assert_int_equal(a->right_count, 2);
	assert_int_equal(a->right[1].code, 7);
	assert_int_equal(a->time_ns, 2000000000);
	const struct buf *b = &a->script.bytes;
	assert_int_equal(b->len, 13 + 14 + 9 + 1);
	assert_memory_equal(b->data, bytes, 22);
	assert_memory_equal(b->data + 22, bytes + 29, 5);
	assert_int_equal(b->data[29], 9); // the length that is said, with no payload
	assert_int_equal(b->data[30], 119);
	scenario_deinit(&s);
}

CASE("h2 attack: a string of HPACK's has its length in front, however long it is")
{
	static const struct {
		unsigned len;
		uint8_t head[3], bytes;
	} rows[] = { { 0, { 0 }, 1 },        { 2, { 2 }, 1 },          { 126, { 126 }, 1 },
		     { 127, { 127, 0 }, 2 }, { 254, { 127, 127 }, 2 }, { 300, { 127, 173, 1 }, 3 } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scenario s = { 0 };
		struct err e = { "" };
		char text[600], word[301] = "";
		memset(word, 'a', rows[i].len);
		snprintf(text, sizeof(text), ATTACK("(right close) (send (frame HEADERS (string \"%s\")))"), word);
		if (scenario_parse("t.h2", text, strlen(text), &s, &e) < 0)
			fail_msg("%s", e.text);
		const struct buf *b = &s.attack->script.bytes;
		assert_int_equal(b->len, 9U + rows[i].bytes + rows[i].len);
		assert_memory_equal(b->data + 9, rows[i].head, rows[i].bytes);
		scenario_deinit(&s);
	}
}

CASE("h2 attack: what a server does not have is told with the parameter that names what it has")
{
	struct h2_process p;
	struct h2_output o;
	char stats[4096];
	const char *file =
	        h2_file("t.h2", "(scenario t (param path \"/nothing\") (attack (lonely) (right alive) (send "
	                        "(frame HEADERS (flags END_STREAM END_HEADERS) (stream next) "
	                        "(hex \"82 86 01 01 68 04\") (string \"$path\")))) (request r))");
	h2_server(&p, "");
	for (int has = 0; has < 2; has++) {
		h2_sh(&o, "%s run --h2-target http://127.0.0.1:%u %s %s", H2_PROGRAM, p.port, file,
		      has ? "path=/bytes/10" : "");
		if ((strstr(o.out, "--http2-param path=/PATH") != NULL) == has ||
		    !strstr(o.out, has ? "check attack ok taken" : "check attack ok answered 404, taken"))
			fail_msg("%s%s", o.out, o.err);
		h2_output_deinit(&o);
	}
	assert_int_equal(h2_server_stop(&p, stats, sizeof(stats)), 0);
}

CASE("h2 attack: what is wrong is said where it stands")
{
	expect_wrong(ATTACK("(send (frame PING))"), "(right goaway close ...) says what the server may do");
	expect_wrong(ATTACK("(right goaway)"), "one (send ...) at least");
	expect_wrong(ATTACK("(right gone) (send (frame PING))"), "known are goaway, close, reset, alive");
	expect_wrong(ATTACK("(right (close 1)) (send (frame PING))"), "known are goaway, close, reset, alive");
	expect_wrong(ATTACK("(right (answer 99)) (send (frame PING))"), "a status from 200 to 599");
	expect_wrong(ATTACK("(right (answer)) (send (frame PING))"), "a status from 200 to 599");
	expect_wrong(ATTACK("(right (goaway CALM)) (send (frame PING))"), "a name such as NO_ERROR");
	expect_wrong(ATTACK("(right close) (send (frame PONG))"),
	             "a name such as DATA, or a number from 0 to 255");
	expect_wrong(ATTACK("(right close) (send (frame 256))"), "a number from 0 to 255");
	expect_wrong(ATTACK("(right close) (send (frame DATA (flags END)))"), "a name such as END_STREAM");
	expect_wrong(ATTACK("(right close) (send (frame DATA (stream new)))"), "a name such as next");
	expect_wrong(ATTACK("(right close) (send (frame DATA (hex \"8\")))"), "pairs of 0-9 a-f");
	expect_wrong(ATTACK("(right close) (send (frame DATA (hex \"8G\")))"), "pairs of 0-9 a-f");
	expect_wrong(ATTACK("(right close) (send (frame DATA (repeat \"00\" 16777216)))"), "16777215");
	expect_wrong(ATTACK("(right close) (send (times 1000001) (frame PING))"), "1000000");
	expect_wrong(ATTACK("(right close) (send (times 1000000) (frame DATA (repeat \"00\" 1000)))"), "256 MiB");
	expect_wrong(ATTACK("(right close) (send (hex \"00\"))"), "(frame TYPE ...), (bytes");
	expect_wrong(ATTACK("(right close) (send (frame))"), "a frame has a type, e.g. (frame PING)");
	expect_wrong(ATTACK("(right close) (time 0s) (send (frame PING))"), "(time 10s)");
	expect_wrong(ATTACK("(right close) (send (every 0s) (frame PING))"), "(every 10s)");
	expect_wrong(ATTACK("(right close) (wait 11m) (send (frame PING))"),
	             "up to 10m was expected, e.g. (wait 10s)");
	expect_wrong(ATTACK("(right close) (send (frame DATA (id) (id)))"), "field 'id' stands here twice");
	expect_wrong(ATTACK("(right close) (unread) (wait 1s) (send (frame PING))"), "sends without a pause");
	expect_wrong(ATTACK("(right close) (send (frame DATA (text 5)))"), "string");
	expect_wrong(ATTACK("(right close) (sent (frame PING))"), "unknown field 'sent'");
}

// ---- our own server -----------------------------------------------------------------------------------------

static void attack_all(const char *engine)
{
	glob_t found;
	assert_int_equal(glob(SG_SOURCE_DIR "/gen/scenarios/attack-*.h2", 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= 30);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct h2_output o;
		h2_sh(&o, "%s run --h2-server-engine %s %s", H2_PROGRAM, engine, found.gl_pathv[i]);
		if (o.code != 0 || !strstr(o.out, "@@ check attack ok ") || !strstr(o.out, "@@ check beside ok "))
			fail_msg("%s, %s: exit %d\n%s%s", found.gl_pathv[i], engine, o.code, o.out, o.err);
		h2_output_deinit(&o);
	}
	globfree(&found);
}

CASE("h2 attack: our server reacts rightly to each attack of the suite, and serves others meanwhile [wire]")
{
	attack_all("wire");
}

CASE("h2 attack: our server reacts rightly to each attack of the suite, and serves others meanwhile [session]")
{
	attack_all("session");
}

// ---- servers that react wrongly -----------------------------------------------------------------------------

// Answers requests with status 200 and nothing, and takes all else.
static void absorb(int fd, __attribute__((unused)) unsigned count)
{
	raw_read_preface(fd);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	for (uint32_t id; (id = raw_next_request(fd));)
		RAW_SEND(fd, RAW_HEADERS, RAW_END_HEADERS | RAW_END_STREAM, id, 0x88);
}

// The attack is on a connection of its own; the fake serves one after the other, so the load's comes first.
static void reset_all(int fd, __attribute__((unused)) unsigned count)
{
	raw_read_preface(fd);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	for (uint32_t id; (id = raw_next_request(fd));) {
		if (count == 0)
			RAW_SEND(fd, RAW_HEADERS, RAW_END_HEADERS | RAW_END_STREAM, id, 0x88);
		else
			RAW_SEND(fd, RAW_RST, 0, id, 0, 0, 0, 2);
	}
}

static void expect_attack(void (*serve)(int, unsigned), const char *attack, int code, const char *words)
{
	struct h2_process p;
	struct h2_output o;
	char text[1024];
	h2_fake(&p, serve);
	snprintf(text, sizeof(text), "(scenario t (load (deadline 20s)) (attack (lonely) %s) (request r))",
	         attack);
	h2_sh(&o, "%s run --h2-target http://127.0.0.1:%u %s", H2_PROGRAM, p.port, h2_file("t.h2", text));
	h2_fake_stop(&p);
	if (o.code != code || !strstr(o.out, words))
		fail_msg("exit %d, expected %d and \"%s\"\n%s%s", o.code, code, words, o.out, o.err);
	h2_output_deinit(&o);
}

#define GET_NEXT "(frame HEADERS (flags END_STREAM END_HEADERS) (stream next) (hex \"82 86 84\"))"

CASE("h2 attack: a server that lets it pass has failed, and one that reacts otherwise too")
{
	expect_attack(absorb, "(right goaway) (time 300ms) (send (times 20) " GET_NEXT ")", 1,
	              "@@ check attack bad no reaction in 300 ms after 20 of 20 frames");
	expect_attack(reset_all,
	              "(right (goaway ENHANCE_YOUR_CALM) (reset REFUSED_STREAM)) (time 300ms) (send " GET_NEXT ")",
	              1, "@@ check attack bad RST_STREAM INTERNAL_ERROR (1 in all), ");
	expect_attack(reset_all, "(right reset) (time 300ms) (send " GET_NEXT ")", 0,
	              "@@ check attack ok RST_STREAM INTERNAL_ERROR (1 in all), ");
}

CASE("h2 attack: an attack has its time, whatever the load's is, unless the load's is said; then less is told")
{
	static const struct {
		const char *load;
		bool all;
	} rows[] = { { "", true }, { "(load (deadline 200ms))", false } };
	struct scenario s = { 0 };
	struct err e = { 0 };
	static const char long_one[] =
	        "(scenario t (attack (right goaway) (time 70s) (send (frame PING))) (request r))";

	assert_int_equal(scenario_parse("t", long_one, sizeof(long_one) - 1, &s, &e), 0);
	assert_true(s.deadline_ns > s.attack->time_ns);
	scenario_deinit(&s);
	for (unsigned i = 0; i < 2; i++) {
		struct h2_process p;
		struct h2_output o;
		char text[300];
		h2_fake(&p, absorb);
		snprintf(text, sizeof(text),
		         "(scenario t %s (attack (lonely) (right goaway) (time 600ms) (send " GET_NEXT
		         ")) (request r))",
		         rows[i].load);
		h2_sh(&o, "%s run --h2-target http://127.0.0.1:%u %s", H2_PROGRAM, p.port, h2_file("t.h2", text));
		h2_fake_stop(&p);
		if (o.code != 1 || !strstr(o.out, "attack bad no reaction in ") ||
		    (strstr(o.out, "attack bad no reaction in 600 ms") != NULL) != rows[i].all)
			fail_msg("exit %d\n%s%s", o.code, o.out, o.err);
		h2_output_deinit(&o);
	}
}

// 400, its header in three pieces with padding, behind an interim response.
static void refuse_all(int fd, unsigned count)
{
	if (count == 0) {
		absorb(fd, count);
		return;
	}
	raw_read_preface(fd);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	for (uint32_t id; (id = raw_next_request(fd));) {
		RAW_SEND(fd, RAW_HEADERS, RAW_END_HEADERS, id, 0x08, 0x03, '1', '0', '3');
		RAW_SEND(fd, RAW_HEADERS, 8, id, 2, 0x48, 0x03, '4', 0, 0);
		RAW_SEND(fd, 9, 0, id, '0');
		RAW_SEND(fd, 9, RAW_END_HEADERS, id, '0');
		RAW_SEND(fd, RAW_DATA, RAW_END_STREAM, id, 'n', 'o');
	}
}

CASE("h2 attack: a refusal by its status is a reaction, and which one came is told")
{
	expect_attack(refuse_all, "(right (answer 400) goaway) (time 300ms) (send " GET_NEXT ")", 0,
	              "@@ check attack ok answered 400, no reaction in 300 ms after 1 of 1 frames");
	expect_attack(
	        refuse_all, "(right (answer 431)) (time 300ms) (send " GET_NEXT ")", 1,
	        "@@ check attack bad answered 400, no reaction in 300 ms after 1 of 1 frames; right: an answer 431");
	expect_attack(refuse_all, "(right reset) (time 300ms) (send " GET_NEXT ")", 1,
	              "@@ check attack bad answered 400, ");
	expect_attack(absorb, "(right (answer 400)) (time 300ms) (send " GET_NEXT ")", 1,
	              "@@ check attack bad answered 200, ");
	expect_attack(absorb, "(right reset) (time 300ms) (send " GET_NEXT ")", 1,
	              "@@ check attack bad no reaction in 300 ms");
}

CASE("h2 attack: on another machine it is refused, whatever else is allowed, unless its owner says so")
{
	static const char *const options[] = { "", "--allow-host 192.0.2.1", "--i-own-this-target 192.0.2.2" };
	const char *path = h2_file("t.h2", ATTACK("(right alive) (send (frame PING))"));
	for (size_t i = 0; i < 3; i++) {
		struct h2_output o;
		h2_sh(&o, "%s run %s --h2-target http://192.0.2.1:9/ %s", H2_PROGRAM, options[i], path);
		if (o.code != 2 || !strstr(o.err, "only with --i-own-this-target HOST") ||
		    strchr(o.err, '\n') != strrchr(o.err, '\n'))
			fail_msg("%s: %d %s", options[i], o.code, o.err);
		h2_output_deinit(&o);
	}
}

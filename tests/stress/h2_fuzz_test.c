// The mutating mode: the same seed gives the same frames; what breaks a server is found, made small, and breaks it
// again; our own server is not broken.
#include "buf.h"
#include "fuzz_case.h"
#include "h2_support.h"
#include "harness.h"
#include "io.h"
#include "scenario.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRAGILE SG_BUILD_DIR "/tests/stress/h2_fragile"

static const struct fuzz_text text_of = {
	.path = "/", .words = "w", .wait_ns = 1000000, .deadline_ns = 5000000000, .duration_ns = 0
};

static void make(struct fuzz_case *c, uint64_t seed, uint64_t number, struct buf *text)
{
	assert_int_equal(fuzz_case_make(c, seed, number), 0);
	fuzz_case_text(c, &text_of, text);
	assert_false(text->failed);
}

CASE("h2 fuzz: a seed and a number give the same frames again, another gives others")
{
	static struct fuzz_case a, b, c;
	struct buf one = { 0 }, two = { 0 }, other = { 0 };
	make(&a, 7, 12, &one);
	make(&b, 7, 12, &two);
	make(&c, 7, 13, &other);
	assert_string_equal(one.data, two.data);
	assert_string_not_equal(one.data, other.data);
	fuzz_case_deinit(&a);
	fuzz_case_deinit(&b);
	fuzz_case_deinit(&c);
	buf_deinit(&one);
	buf_deinit(&two);
	buf_deinit(&other);
}

CASE("h2 fuzz: every case is a scenario that says its bytes, when 3000 are read back")
{
	static struct fuzz_case c;
	unsigned changed = 0, types = 0;
	for (uint64_t i = 0; i < 3000; i++) {
		struct buf text = { 0 }, bytes = { 0 };
		struct scenario s = { 0 };
		struct err e = { "" };
		make(&c, 1, i, &text);
		if (scenario_parse("case", text.data, text.len, &s, &e) < 0)
			fail_msg("%s\n%s", e.text, text.data);
		for (size_t k = 0; k < c.count; k++) {
			buf_add(&bytes, c.frames[k].bytes.data, c.frames[k].bytes.len);
			if (c.frames[k].bytes.len >= 9)
				types |= 1U << (c.frames[k].bytes.data[3] & 15);
		}
		assert_non_null(s.attack);
		assert_int_equal(s.attack->script.bytes.len, bytes.len);
		assert_memory_equal(s.attack->script.bytes.data, bytes.data, bytes.len);
		changed += c.changes > 0;
		fuzz_case_deinit(&c);
		scenario_deinit(&s);
		buf_deinit(&text);
		buf_deinit(&bytes);
	}
	assert_in_range(changed, 2000, 2999);   // right conversations are among them
	assert_int_equal(types & 0x3df, 0x3df); // all that a client may send
}

// What servers keep a tree of, and what ends an upload in another way.
CASE("h2 fuzz: right conversations have streams that depend on others, exclusively too, and trailers")
{
	static struct fuzz_case c;
	unsigned exclusive = 0, in_headers = 0, trailers = 0;
	for (uint64_t i = 0; i < 1000; i++) {
		struct buf text = { 0 };
		make(&c, 1, i, &text);
		for (size_t k = 0; k < c.count && c.changes == 0; k++) {
			const uint8_t *b = (const uint8_t *)c.frames[k].bytes.data;
			if (c.frames[k].bytes.len < 9)
				continue;
			const bool depends = b[3] == 1 && (b[4] & 32);
			const uint8_t *on = b + 9 + (depends && (b[4] & 8));
			exclusive += b[3] == 2 && (on[0] & 0x80) && (on[3] & 1);
			in_headers += depends && (on[0] & 0x80) && (on[3] & 1);
			trailers += b[3] == 1 && k > 0 && c.frames[k - 1].bytes.data[3] == 0 &&
			            memcmp(b + 5, c.frames[k - 1].bytes.data + 5, 4) == 0;
		}
		fuzz_case_deinit(&c);
		buf_deinit(&text);
	}
	if (exclusive < 5 || in_headers < 5 || trailers < 5)
		fail_msg("%u exclusive, %u of them in HEADERS, %u trailers", exclusive, in_headers, trailers);
}

// ---- a server that breaks -----------------------------------------------------------------------------------

// Frames in the first (and only) scenario of that seed; its path comes into `path`.
static unsigned frames_of(unsigned seed, char path[600])
{
	char pattern[600];
	glob_t found;
	struct err e = { "" };
	struct scenario s = { 0 };
	unsigned frames = 0;
	snprintf(pattern, sizeof(pattern), "%s/h2-fuzz-%u-*.h2", harness_tmpdir(), seed);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 1);
	snprintf(path, 600, "%s", found.gl_pathv[0]);
	globfree(&found);
	if (scenario_load(path, &s, &e) < 0)
		fail_msg("%s", e.text);
	frames = (unsigned)h2_attack_frames(s.attack);
	scenario_deinit(&s);
	return frames;
}

static unsigned free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_return_code(bind(fd, (struct sockaddr *)&a, len), errno);
	assert_return_code(getsockname(fd, (struct sockaddr *)&a, &len), errno);
	close(fd);
	return ntohs(a.sin_port);
}

// The scenario fails on that server, and passes on a good one.
static void replay(const char *mode, const char *path)
{
	const char *const modes[] = { mode, "never" };
	// What hangs is given time for each of many clients: it would take minutes to say so.
	for (unsigned i = strcmp(mode, "hang") == 0; i < 2; i++) {
		struct h2_output o;
		const unsigned port = free_port();
		h2_sh(&o,
		      "'%s' %s %u & server=$!; n=0; "
		      "until '%s' run --h2-target http://127.0.0.1:%u '%s' >/dev/null 2>&1 || [ $n -gt 500 ]; "
		      "do n=$((n + 1)); sleep 0.02; done; '%s' run --h2-target http://127.0.0.1:%u '%s'; code=$?; "
		      "kill -9 $server; exit $code",
		      FRAGILE, modes[i], port, H2_PROGRAM, port,
		      h2_file("ping.h2", "(scenario p (request r (expect (status ok))))"), H2_PROGRAM, port, path);
		if (o.code != (i == 0))
			fail_msg("%s: exit %d\n%s%s", modes[i], o.code, o.out, o.err);
		h2_output_deinit(&o);
	}
}

static void find(const char *mode, unsigned seed, const char *options, const char *words)
{
	struct h2_output o;
	char path[600];
	h2_sh(&o, "'%s' fuzz --seed %u --cases 400 --most-breaks 1 -o '%s' %s -- '%s' %s {port}", H2_PROGRAM, seed,
	      harness_tmpdir(), options, FRAGILE, mode);
	if (o.code != 1 || !strstr(o.out, words) ||
	    !strstr(o.out, "; 1 broke the server, and it ended there (--most-breaks)\n"))
		fail_msg("exit %d\n%s%s", o.code, o.out, o.err);
	assert_non_null(strstr(o.out, "@@ done\n"));
	h2_output_deinit(&o);
	assert_in_range(frames_of(seed, path), 1, 3);
	replay(mode, path);
}

CASE("h2 fuzz: a crash is found, and shrunk to the request and the reset that make it")
{
	char path[600];
	find("crash", 3, "", "was killed by signal 6 (Aborted)");
	assert_int_equal(frames_of(3, path), 2);
}

CASE("h2 fuzz: the command that is told for what was found runs it on a server that is there")
{
	struct h2_output o;
	struct h2_process p;
	char stats[8192], path[600];
	h2_sh(&o, "'%s' fuzz --seed 3 --cases 400 --most-breaks 1 -o '%s' -- '%s' crash {port}", H2_PROGRAM,
	      harness_tmpdir(), FRAGILE);
	frames_of(3, path);
	h2_expect_in(o.out, "  again: start the server, then stressgen run ");
	h2_expect_in(o.out, ".h2 --h2-target http://127.0.0.1:PORT/\n");
	h2_output_deinit(&o);
	h2_server(&p, "");
	h2_sh(&o, "cd '%s' && '%s/bin/stressgen' run '%s' --h2-target http://127.0.0.1:%u/", harness_tmpdir(),
	      SG_BUILD_DIR, path, p.port);
	if (o.code != 0)
		fail_msg("exit %d\n%s%s", o.code, o.out, o.err);
	h2_output_deinit(&o);
	assert_int_equal(h2_server_stop(&p, stats, sizeof(stats)), 0);
}

CASE("h2 fuzz: what is found is shown as a scenario with -o -, and --h2-target goes before the server that was named")
{
	struct h2_output o;
	struct h2_process p;
	char stats[8192];
	h2_sh(&o, "TMPDIR='%s' '%s' fuzz --seed 3 --cases 400 --most-breaks 1 -o - -- '%s' crash {port}",
	      harness_tmpdir(), H2_PROGRAM, FRAGILE);
	const char *shown = strstr(o.out, "\n    (scenario ");
	if (o.code != 1 || !shown || !strstr(shown, "(frame RST_STREAM") || !strstr(o.out, "  2 frames of "))
		fail_msg("exit %d\n%s%s", o.code, o.out, o.err);
	h2_output_deinit(&o);
	h2_server(&p, "");
	h2_sh(&o, "TMPDIR='%s' '%s' fuzz --seed 3 --cases 5 --h2-target http://127.0.0.1:%u -o - -- false {port}",
	      harness_tmpdir(), H2_PROGRAM, p.port);
	if (o.code != 0 || !strstr(o.out, "; 0 broke the server\n"))
		fail_msg("exit %d\n%s%s", o.code, o.out, o.err);
	h2_output_deinit(&o);
	assert_int_equal(h2_server_stop(&p, stats, sizeof(stats)), 0);
}

CASE("h2 fuzz: a hang is found when a healthy client is no longer served")
{
	find("hang", 5, "--healthy-time 1s", "no longer served a healthy client");
}

CASE("h2 fuzz: memory that is kept is found")
{
	find("grow", 2, "--growth 60M", "keeps memory: it grew from ");
}

CASE("h2 fuzz: what several cases did together is told with the cases that do it again")
{
	struct h2_output o;
	char again[80] = "--cases 60";
	for (unsigned i = 0; i < 2; i++) {
		h2_sh(&o, "'%s' fuzz --seed 7 %s --most-breaks 1 --growth 150M -o '%s' -- '%s' grow {port}",
		      H2_PROGRAM, again, harness_tmpdir(), FRAGILE);
		const char *told =
		        strstr(o.out, "  again: the same command with --seed 7 --first-case 0 --cases ");
		if (o.code != 1 || !told || sscanf(told, "  again: the same command with %79[^\n]", again) != 1)
			fail_msg("exit %d\n%s%s", o.code, o.out, o.err);
		h2_output_deinit(&o);
	}
}

CASE("h2 fuzz: a server that holds is not blamed")
{
	struct h2_output o;
	h2_sh(&o, "'%s' fuzz --seed 9 --cases 60 --reaction-time 20ms -o '%s' -- '%s' never {port}", H2_PROGRAM,
	      harness_tmpdir(), FRAGILE);
	if (o.code != 0)
		fail_msg("exit %d\n%s%s", o.code, o.out, o.err);
	assert_non_null(strstr(o.out, "60 cases of seed 9, "));
	h2_output_deinit(&o);
}

CASE("h2 fuzz: our own server holds")
{
	struct h2_output o;
	const char *engine = getenv("STRESSGEN_H2_ENGINE");
	h2_sh(&o, "'%s' fuzz --embedded --h2-engine %s --seed 11 --cases 200 --reaction-time 20ms -o '%s'",
	      H2_PROGRAM, engine ? engine : "session", harness_tmpdir());
	if (o.code != 0)
		fail_msg("exit %d\n%s%s", o.code, o.out, o.err);
	h2_output_deinit(&o);
}

CASE("h2 fuzz: bad input is one line and exit 2")
{
	static const struct {
		const char *args, *words;
	} rows[] = {
		{ "", "mutate against which server?" },
		{ "--embedded http://127.0.0.1:1", "mutate against which server?" },
		{ "http://example.com", "is not this machine" },
		{ "--embedded --healthy-path x", "--healthy-path x: a path begins with /" },
		{ "-- false {port}", "ended with exit code 1 before it listened" },
		{ "--embedded --healthy-path /status/500", "does not serve a healthy client GET /status/500" },
		{ "--embedded --cases 0", "cases" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct h2_output o;
		h2_sh(&o, "cd '%s' && '%s' fuzz --seed 1 %s", harness_tmpdir(), H2_PROGRAM, rows[i].args);
		if (o.code != 2 || !strstr(o.err, rows[i].words))
			fail_msg("%s: exit %d, \"%s\"", rows[i].args, o.code, o.err);
		h2_output_deinit(&o);
	}
}

CASE("h2 fuzz: a server that is not running is told as that, without another path that it might answer")
{
	struct h2_output o;
	h2_sh(&o, "cd '%s' && '%s' fuzz --seed 1 http://127.0.0.1:1", harness_tmpdir(), H2_PROGRAM);
	assert_int_equal(o.code, 3);
	h2_expect_in(o.err, "connection refused; is the server running?\n");
	h2_output_deinit(&o);
}

CASE("h2 fuzz: a server that is not on this machine, or says that it cannot serve here, is exit 3, in a test too")
{
	static const struct {
		const char *server, *words;
	} rows[] = { { "/nowhere/server", "program not found: /nowhere/server\n" },
		     { "echo '@@ missing no library'", "no library\n" } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct h2_output o;
		h2_sh(&o, "cd '%s' && rm -f *.log && '%s' fuzz --seed 1 -- %s", harness_tmpdir(), H2_PROGRAM,
		      rows[i].server);
		if (o.code != 3 || !strstr(o.err, rows[i].words))
			fail_msg("%s: exit %d, \"%s\"", rows[i].server, o.code, o.err);
		h2_output_deinit(&o);
		h2_sh(&o, "cd '%s' && rm -f *.log && STRESSGEN_FD=1 '%s' fuzz --seed 1 -- %s", harness_tmpdir(),
		      H2_PROGRAM, rows[i].server);
		if (o.code != 3 || strncmp(o.out, "@@ check server bad ", 20) != 0 ||
		    !strstr(o.out, rows[i].words))
			fail_msg("%s: exit %d, \"%s\"", rows[i].server, o.code, o.out);
		h2_output_deinit(&o);
	}
}

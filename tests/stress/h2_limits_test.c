// What scenarios allow, "(limits ...)": read, and held against what comes of them; over TLS and unix sockets too.
#include "clock.h"
#include "cost.h"
#include "h2_support.h"
#include "harness.h"
#include "io.h"
#include "probe.h"
#include "scenario.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- reading ------------------------------------------------------------------------------------------------

static int parse(const char *text, struct scenario *s, struct err *e)
{
	*s = (struct scenario){ 0 };
	*e = (struct err){ "" };
	return scenario_parse("x.h2", text, strlen(text), s, e);
}

#define PING "(send (times 100) (frame PING (hex \"0000000000000000\")))"
#define ATTACK "(attack (right alive goaway) (time 5s) " PING ")"

CASE("h2 limits: every field is read, and has its meaning without the clause")
{
	struct scenario s;
	struct err e;
	assert_int_equal(parse("(scenario s (request r))", &s, &e), 0);
	assert_int_equal(s.limits.fresh_times, 5);
	assert_int_equal(s.limits.fresh_ns, SG_NS_PER_S / 2);
	assert_int_equal(s.limits.kept_bytes, 16U << 20);
	assert_int_equal(s.limits.memory_bytes + s.limits.cpu_ns + s.limits.rate + s.limits.p99_ns, 0);
	assert_false(scenario_measures_harm(&s));
	scenario_deinit(&s);
	if (parse("(scenario s " ATTACK " (limits (rate 1000) (frames 100) (bytes 1700) (time 3s) (memory 64M)"
	          " (memory-kept 1M) (cpu 2s) (cpu-per-frame 20us) (fresh 100ms) (fresh-times 3) (p99 1s)) (request r))",
	          &s, &e) < 0)
		fail_msg("%s", e.text);
	const struct h2_limits *l = &s.limits;
	assert_int_equal(l->rate, 1000);
	assert_int_equal(s.attack->rate, 1000);
	assert_int_equal(l->frames, 100);
	assert_int_equal(l->bytes, 1700);
	assert_int_equal(l->time_ns, 3 * SG_NS_PER_S);
	assert_int_equal(l->memory_bytes, 64U << 20);
	assert_int_equal(l->kept_bytes, 1U << 20);
	assert_int_equal(l->cpu_ns, 2 * SG_NS_PER_S);
	assert_int_equal(l->cpu_frame_ns, 20 * SG_NS_PER_US);
	assert_int_equal(l->fresh_ns, SG_NS_PER_S / 10);
	assert_int_equal(l->fresh_times, 3);
	assert_int_equal(l->p99_ns, SG_NS_PER_S);
	assert_true(l->wants_harm);
	scenario_deinit(&s);
	assert_int_equal(parse("(scenario s (limits (p99 1s)) (request r))", &s, &e), 0);
	assert_false(scenario_measures_harm(&s));
	scenario_deinit(&s);
	assert_int_equal(parse("(scenario s (limits (memory-kept 16M)) (request r))", &s, &e), 0);
	assert_true(scenario_measures_harm(&s));
	scenario_deinit(&s);
}

CASE("h2 limits: what is wrong is said with its line and column")
{
	static const struct {
		const char *text, *at, *words;
	} rows[] = {
		{ "(scenario s\n (limits (memry 3M)) (request r))", "x.h2:2:11:", "unknown field 'memry'" },
		{ "(scenario s\n (limits (memory 3X)) (request r))", "x.h2:2:18:", "'3X' is not a size" },
		{ "(scenario s\n (limits (cpu 0)) (request r))", "x.h2:2:15:", "'0' is not a time" },
		{ "(scenario s\n (limits (p99 1s 2s)) (request r))", "x.h2:2:10:", "one value was expected" },
		{ "(scenario s\n (limits (fresh-times 0)) (request r))", "x.h2:2:23:", "from 1 to" },
		{ "(scenario s\n (limits (rate 5)) (request r))", "x.h2:2:10:", "there is no (attack ...)" },
		{ "(scenario s\n (limits (time 5s)) (request r))", "x.h2:2:10:", "there is no (attack ...)" },
		{ "(scenario s\n (limits (frames 99))\n" ATTACK " (request r))",
		  "x.h2:2:10:", "sends 100 frames" },
		{ "(scenario s\n (limits (bytes 1699))\n" ATTACK " (request r))",
		  "x.h2:2:10:", "sends 1700 bytes" },
		{ "(scenario s\n (limits (rate 20))\n" ATTACK " (request r))",
		  "x.h2:2:10:", "take longer at that rate" },
		{ "(scenario s\n (limits (time 6s))\n" ATTACK " (request r))", "x.h2:2:10:", "waits so long" },
		{ "(scenario s\n (limits (rate 900))\n (attack (right goaway) (unread) " PING ") (request r))",
		  "x.h2:2:10:", "without a pause" },
		{ "(scenario s\n (limits (cpu 1s))\n (attack (right goaway) (lonely) " PING ") (request r))",
		  "x.h2:2:2:", "(lonely) leaves out" },
		{ "(scenario s (request limits))", "x.h2:1:22:", "a name that reports use" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scenario s;
		struct err e;
		const int rc = parse(rows[i].text, &s, &e);
		if (rc != -EINVAL || !strstr(e.text, rows[i].words) ||
		    strncmp(e.text, rows[i].at, strlen(rows[i].at)) != 0)
			fail_msg("%s: %d \"%s\", expected \"%s %s\"", rows[i].text, rc, e.text, rows[i].at,
			         rows[i].words);
		scenario_deinit(&s);
	}
}

// ---- judged -------------------------------------------------------------------------------------------------

static void judge(const char *limits, const struct h2_spent *spent, bool right, const char *line)
{
	struct scenario s;
	struct err e;
	struct buf out = { 0 };
	char text[600];
	snprintf(text, sizeof(text), "(scenario s " ATTACK " (limits %s) (request r))", limits);
	if (parse(text, &s, &e) < 0)
		fail_msg("%s", e.text);
	const bool ok = h2_limits_judge(&s.limits, spent, &out);
	if (ok != right || strcmp(buf_text(&out), line) != 0)
		fail_msg("%s: %d\n%s, expected\n%s", limits, ok, buf_text(&out), line);
	buf_deinit(&out);
	scenario_deinit(&s);
}

CASE("h2 limits: what is beyond one is told with both figures, what is within them all together")
{
	const struct h2_spent spent = { .attacked = true,
		                        .reaction_ns = 30 * SG_NS_PER_MS,
		                        .has_server = true,
		                        .memory_bytes = 3U << 20,
		                        .cpu_ns = 4 * SG_NS_PER_MS,
		                        .frames = 1000,
		                        .p99_ns = 5 * SG_NS_PER_MS };
	struct h2_spent other = spent;
	judge("(fresh 1s)", &spent, true, "");
	judge("(time 30ms) (memory 3M) (cpu 4ms) (cpu-per-frame 4us) (p99 5ms)", &spent, true,
	      "@@ check limits ok reaction in 30.0 ms of at most 30.0 ms, memory 3.00 MiB of at most 3.00 MiB, CPU "
	      "4.00 ms of at most 4.00 ms, CPU a frame 4.00 us of at most 4.00 us, p99 5.00 ms of at most 5.00 ms\n");
	judge("(time 29ms) (p99 1s)", &spent, false,
	      "@@ check limits bad reaction in 30.0 ms of at most 29.0 ms\n");
	judge("(memory 2M) (cpu 1s)", &spent, false, "@@ check limits bad memory 3.00 MiB of at most 2.00 MiB\n");
	judge("(cpu 3ms)", &spent, false, "@@ check limits bad CPU 4.00 ms of at most 3.00 ms\n");
	judge("(cpu-per-frame 3us)", &spent, false,
	      "@@ check limits bad CPU a frame 4.00 us of at most 3.00 us\n");
	judge("(p99 4ms)", &spent, false, "@@ check limits bad p99 5.00 ms of at most 4.00 ms\n");
	other.reaction_ns = 0;
	judge("(time 30ms)", &other, false, "@@ check limits bad no reaction in 30.0 ms\n");
	other.with_load = true;
	judge("(cpu 3ms)", &other, false, "@@ check limits bad CPU (the load's too) 4.00 ms of at most 3.00 ms\n");
	other.has_server = false;
	judge("(cpu 3ms)", &other, true,
	      "@@ check limits ok memory and CPU not known: the server's process was not found (--h2-pid)\n");
}

// A frame of type 119 costs 64 MiB for ever; each PING is answered.
static void leaks(int fd, __attribute__((unused)) unsigned count)
{
	struct h2_raw f;
	raw_read_preface(fd);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	while (raw_read(fd, &f)) {
		if (f.type == RAW_HEADERS)
			RAW_SEND(fd, RAW_HEADERS, RAW_END_HEADERS | RAW_END_STREAM, f.id, 0x88);
		if (f.type == RAW_PING && !(f.flags & RAW_ACK))
			raw_send(fd, RAW_PING, RAW_ACK, 0, f.payload, f.len);
		if (f.type == 119) {
			char *volatile leak = malloc(64U << 20);
			if (leak)
				memset(leak, 1, 64U << 20);
		}
	}
}

static void expect_end(void (*serve)(int, unsigned), const char *text, int code, const char *words)
{
	struct h2_process p;
	struct h2_output o;
	h2_fake(&p, serve);
	h2_sh(&o, "%s run --h2-target http://127.0.0.1:%u %s", H2_PROGRAM, p.port, h2_file("t.h2", text));
	h2_fake_stop(&p);
	if (o.code != code || !strstr(o.out, words))
		fail_msg("exit %d, expected %d and \"%s\"\n%s%s", o.code, code, words, o.out, o.err);
	h2_output_deinit(&o);
}

CASE("h2 limits: memory that an attack costs is bounded while it lasts and afterwards, as the file says")
{
	static const char leak[] =
	        "(scenario t (attack (right alive) (send (frame 119))) (limits %s) (request r))";
	char text[400];
	snprintf(text, sizeof(text), leak, "(memory-kept 2G) (memory 32M)");
	expect_end(leaks, text, 1, "@@ check limits bad memory ");
	snprintf(text, sizeof(text), leak, "(memory-kept 2G) (memory 2G)");
	expect_end(leaks, text, 0, "@@ check limits ok memory ");
	snprintf(text, sizeof(text), leak, "(memory-kept 1M) (memory 2G)");
	expect_end(leaks, text, 1, "@@ check memory bad ");
}

CASE("h2 limits: a rate is kept, and the frames take as long")
{
	const char *path =
	        h2_file("t.h2", "(scenario t (frames (time 30s) (send (times 200)"
	                        " (frame PING (hex \"0000000000000000\")))) (limits (rate 400)) (request r))");
	struct h2_output o;
	const uint64_t start = clock_now_ns();
	h2_sh(&o, "%s run %s", H2_PROGRAM, path);
	if (o.code != 0 || !strstr(o.out, "after 200 of 200 frames"))
		fail_msg("exit %d\n%s%s", o.code, o.out, o.err);
	assert_true(clock_now_ns() - start >= 490 * SG_NS_PER_MS); // 199 of them behind the first
	h2_output_deinit(&o);
}

CASE("h2 limits: a load without an attack has a healthy client beside it where its limits ask for one")
{
	struct h2_output o;
	const char *path =
	        h2_file("t.h2", "(scenario t (load (requests 100)) (limits (memory 1G) (cpu 1h) (p99 1h)"
	                        " (fresh 30s)) (request r (expect (body \"stressgen-h2\\n\"))))");
	h2_sh(&o, "%s run %s", H2_PROGRAM, path);
	if (o.code != 0 || !strstr(o.out, "@@ check fresh ok ") || !strstr(o.out, "@@ check memory ok ") ||
	    !strstr(o.out, "@@ check limits ok memory ") || !strstr(o.out, ", CPU (the load's too) ") ||
	    !strstr(o.out, ", p99 "))
		fail_msg("exit %d\n%s%s", o.code, o.out, o.err);
	h2_output_deinit(&o);
	path = h2_file("t.h2", "(scenario t (load (requests 100)) (limits (cpu 1ns)) (request r))");
	h2_sh(&o, "%s run %s", H2_PROGRAM, path);
	assert_int_equal(o.code, 1);
	assert_non_null(strstr(o.out, "@@ check limits bad CPU "));
	h2_output_deinit(&o);
}

// ---- the catalogue ------------------------------------------------------------------------------------------

// A file that the catalogue names: it is there, with what each of them has.
static void check_named(const char *name)
{
	char path[600];
	struct err e = { "" };
	struct buf text = { 0 };
	snprintf(path, sizeof(path), SG_SOURCE_DIR "/gen/scenarios/%s", name);
	if (io_read_file(path, 1U << 20, &text, &e) < 0)
		fail_msg("%s", e.text);
	if (strstr(name, ".hostile")) {
		assert_non_null(strstr(buf_text(&text), "(right "));
		buf_deinit(&text);
		return;
	}
	struct scenario s = { 0 };
	if (scenario_load(path, &s, &e) < 0)
		fail_msg("%s", e.text);
	if (!strstr(buf_text(&text), "(load ") || !strstr(buf_text(&text), "(limits "))
		fail_msg("%s has no load or no limits", name);
	const bool bounded = s.limits.memory_bytes && s.limits.cpu_ns && s.limits.time_ns && s.limits.frames;
	if (s.attack && (!bounded || s.attack->right_count == 0 || s.attack->lonely))
		fail_msg("%s: an attack of the catalogue bounds frames, time, memory and CPU", name);
	scenario_deinit(&s);
	buf_deinit(&text);
}

CASE("h2 limits: each of the catalogue's 26 has its files with load, reaction and limits, and no attack is left out")
{
	struct buf page = { 0 };
	struct err e = { "" };
	glob_t found;
	unsigned rows = 0;
	assert_true(io_read_file(SG_SOURCE_DIR "/docs/http2.md", 1U << 20, &page, &e) >= 0);
	for (unsigned number = 1; number <= 26; number++) {
		char head[32], line[1024];
		snprintf(head, sizeof(head), "\n| %u | ", number);
		const char *row = strstr(buf_text(&page), head), *end = row ? strchr(row + 1, '\n') : NULL;
		if (!row || !end)
			fail_msg("the page has no row %u", number);
		snprintf(line, sizeof(line), "%.*s", (int)(end - row), row);
		char *rest = strrchr(line, '|'), *at = strchr(line, '`');
		assert_true(rest && at);
		for (char *name = strtok_r(at, "` |", &rest); name; name = strtok_r(NULL, "` |", &rest), rows++)
			check_named(name);
	}
	assert_true(rows >= 26);
	assert_int_equal(glob(SG_SOURCE_DIR "/gen/scenarios/attack-*.h2", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		char name[200];
		snprintf(name, sizeof(name), "`%s`", strrchr(found.gl_pathv[i], '/') + 1);
		if (!strstr(buf_text(&page), name))
			fail_msg("%s is in no row of docs/http2.md", name);
		check_named(strrchr(found.gl_pathv[i], '/') + 1);
	}
	globfree(&found);
	buf_deinit(&page);
}

// ---- over TLS and unix sockets ------------------------------------------------------------------------------

// An attack on `target`, with a healthy client beside it, and the server found by where it listens.
static void expect_measured(const char *target, const char *clauses)
{
	struct h2_output o;
	char text[1200];
	snprintf(
	        text, sizeof(text),
	        "(scenario t (target \"%s\") %s (load (requests 20))"
	        " (attack (right alive) (send (times 500) (frame PING (hex \"0000000000000000\"))))"
	        " (limits (memory 1G) (cpu 1h) (fresh 30s)) (request r (path \"/bytes/100\") (expect (length 100))))",
	        target, clauses);
	h2_sh(&o, "%s run %s", H2_PROGRAM, h2_file("t.h2", text));
	if (o.code != 0 || !strstr(o.out, "@@ check fresh ok ") || !strstr(o.out, "@@ check memory ok ") ||
	    !strstr(o.out, "@@ hist fresh ") || !strstr(o.out, "@@ gauge fresh_lost 0 ") ||
	    !strstr(o.out, "@@ gauge attack_cpu_per_frame ") || !strstr(o.out, "@@ check limits ok memory "))
		fail_msg("exit %d\n%s%s", o.code, o.out, o.err);
	h2_output_deinit(&o);
}

CASE("h2 limits: over TLS fresh connections, memory and CPU are looked at as without it")
{
	struct h2_process p;
	char cert[600], args[700], target[64], tls[700], stats[8192];
	snprintf(cert, sizeof(cert), "%s/cert.pem", harness_tmpdir());
	snprintf(args, sizeof(args), "--https --write-cert %s", cert);
	snprintf(tls, sizeof(tls), "(tls (ca \"%s\"))", cert);
	h2_server(&p, args);
	snprintf(target, sizeof(target), "https://127.0.0.1:%u", p.port);
	expect_measured(target, tls);
	assert_int_equal(h2_server_stop(&p, stats, sizeof(stats)), 0);
}

CASE("h2 limits: a server at a unix socket is found by its path, and looked at")
{
	struct h2_process p;
	struct h2_server_processes s;
	char path[108], args[200], connect[200], stats[8192];
	struct h2_target t = { .authority = "localhost" };
	snprintf(path, sizeof(path), "%s/s", harness_tmpdir());
	snprintf(args, sizeof(args), "--unix %s", path);
	snprintf(connect, sizeof(connect), "(connect-to \"unix:%s\")", path);
	h2_server(&p, args);
	t.address.local.sun_family = AF_UNIX;
	memcpy(t.address.local.sun_path, path, strlen(path) + 1);
	h2_server_find(&s, &t.address.any, 0);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.pids[0], p.pid);
	expect_measured("http://localhost", connect);
	t.address.local.sun_path[strlen(path) - 1] = 't';
	h2_server_find(&s, &t.address.any, 0);
	assert_int_equal(s.count, 0);
	assert_int_equal(h2_server_stop(&p, stats, sizeof(stats)), 0);
}

CASE("h2 limits: a fresh TLS connection is not answered by a server whose certificate is refused")
{
	struct h2_process p;
	struct h2_tls_context *c = NULL;
	struct err e = { "" };
	char stats[8192];
	const struct h2_request q = { .path = "/" };
	h2_server(&p, "--https");
	struct h2_target t;
	h2_target_local(&t, (uint16_t)p.port);
	t.tls = true;
	snprintf(t.host, sizeof(t.host), "127.0.0.1");
	assert_int_equal(h2_tls_client_context(&(struct h2_tls_client_config){ 0 }, &c, &e), 0);
	assert_int_equal(h2_probe(&t, c, &q), 0);
	h2_tls_context_free(c);
	assert_int_equal(h2_tls_client_context(&(struct h2_tls_client_config){ .insecure = true }, &c, &e), 0);
	assert_true(h2_probe(&t, c, &q) > 0);
	h2_tls_context_free(c);
	assert_int_equal(h2_server_stop(&p, stats, sizeof(stats)), 0);
}

// What an attack does to others: found, measured and judged.
#include "clock.h"
#include "cost.h"
#include "h2_support.h"
#include "harness.h"
#include "probe.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct h2_target target_at(unsigned port)
{
	struct h2_target t;
	h2_target_local(&t, (uint16_t)port);
	return t;
}

// ---- the server's processes ---------------------------------------------------------------------------------

CASE("h2 harm: a server is found by its port, or by a process with its descendants")
{
	struct h2_process p;
	struct h2_server_processes s;
	char stats[4096];
	h2_server(&p, "");
	const struct h2_target t = target_at(p.port);
	h2_server_find(&s, &t.address.any, 0);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.pids[0], p.pid);
	const uint64_t cpu = h2_server_cpu_ns(&s);
	assert_true(h2_server_rss_bytes(&s) > 1000000);
	const struct h2_request q = { .path = "/bytes/1000000" };
	for (unsigned i = 0; i < 5; i++)
		assert_true(h2_probe(&t, NULL, &q) > 0);
	assert_true(h2_server_cpu_ns(&s) > cpu);
	h2_server_find(&s, &t.address.any, getpid());
	assert_true(s.count >= 2);
	assert_int_equal(s.pids[0], getpid());
	bool has = false;
	for (size_t i = 1; i < s.count; i++)
		has |= s.pids[i] == p.pid;
	assert_true(has);
	assert_int_equal(h2_server_stop(&p, stats, sizeof(stats)), 0);
	h2_server_find(&s, &t.address.any, 0);
	assert_int_equal(s.count, 0);
	assert_int_equal(h2_probe(&t, NULL, &q), 0); // nobody is there
}

// ---- servers that are harmed --------------------------------------------------------------------------------

static void answer(int fd, uint32_t id)
{
	RAW_SEND(fd, RAW_HEADERS, RAW_END_HEADERS | RAW_END_STREAM, id, 0x88);
}

// One connection after the other: who holds one holds up all.
static void one_by_one(int fd, __attribute__((unused)) unsigned count)
{
	raw_read_preface(fd);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	for (uint32_t id; (id = raw_next_request(fd));)
		answer(fd, id);
}

// A frame of type 119 costs 64 MiB, for ever.
static void leaks(int fd, __attribute__((unused)) unsigned count)
{
	struct h2_raw f;
	raw_read_preface(fd);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	while (raw_read(fd, &f)) {
		if (f.type == RAW_HEADERS)
			answer(fd, f.id);
		if (f.type == RAW_PING && !(f.flags & RAW_ACK))
			raw_send(fd, RAW_PING, RAW_ACK, 0, f.payload, f.len);
		if (f.type == 119) {
			char *volatile leak = malloc(64U << 20);
			if (leak)
				memset(leak, 1, 64U << 20);
		}
	}
}

static void expect_harm(void (*serve)(int, unsigned), const char *attack, int code, const char *words)
{
	struct h2_process p;
	struct h2_output o;
	char text[1024];
	h2_fake(&p, serve);
	snprintf(text, sizeof(text), "(scenario t (load (deadline 30s)) (attack %s) (request r))", attack);
	h2_sh(&o, "%s run --h2-target http://127.0.0.1:%u %s", H2_PROGRAM, p.port, h2_file("t.h2", text));
	h2_fake_stop(&p);
	if (o.code != code || !strstr(o.out, words))
		fail_msg("exit %d, expected %d and \"%s\"\n%s%s", o.code, code, words, o.out, o.err);
	h2_output_deinit(&o);
}

#define PING "(send (frame PING (hex \"0000000000000000\")))"

CASE("h2 harm: an attack that holds up fresh connections is told, whatever the server answers it")
{
	// it is alive on the attack's connection only: the PING is answered by nobody, the others wait for 5 s
	expect_harm(one_by_one, "(right close goaway) (time 5s) " PING, 1, "@@ check fresh bad ");
}

CASE("h2 harm: memory that does not come back is told, with what there was before and afterwards")
{
	expect_harm(leaks, "(right alive) (send (frame 119))", 1, "@@ check memory bad ");
	expect_harm(leaks, "(right alive) " PING, 0, "@@ check memory ok ");
	expect_harm(leaks, "(right alive) " PING, 0, "@@ gauge attack_cpu_per_frame ");
}

CASE("h2 harm: --h2-pid names the server, and one that is not there costs nothing")
{
	struct h2_process p;
	struct h2_output o;
	char stats[4096];
	h2_server(&p, "");
	const char *file = h2_file("t.h2", "(scenario t (attack (right alive) " PING ") (request r))");
	h2_sh(&o, "%s run --h2-pid %d --h2-target http://127.0.0.1:%u %s", H2_PROGRAM, (int)p.pid, p.port, file);
	assert_int_equal(o.code, 0);
	assert_non_null(strstr(o.out, "@@ check fresh ok "));
	assert_non_null(strstr(o.out, "@@ check memory ok "));
	assert_non_null(strstr(o.out, "@@ hist fresh "));
	h2_output_deinit(&o);
	assert_int_equal(h2_server_stop(&p, stats, sizeof(stats)), 0);
}

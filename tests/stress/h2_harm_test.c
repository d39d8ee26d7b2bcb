// What an attack does to others: found, measured and judged.
#include "clock.h"
#include "control.h"
#include "cost.h"
#include "h2_support.h"
#include "harm.h"
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

CASE("h2 harm: the CPU time of a server that has ended is what was last seen of it, and it has no memory")
{
	struct h2_process p;
	struct h2_server_processes s;
	char stats[4096];
	h2_server(&p, "");
	const struct h2_target t = target_at(p.port);
	h2_server_find(&s, &t.address.any, 0);
	const uint64_t cpu = h2_server_cpu_ns(&s);
	assert_true(cpu > 0);
	assert_int_equal(h2_server_stop(&p, stats, sizeof(stats)), 0);
	assert_true(h2_server_cpu_ns(&s) >= cpu);
	assert_int_equal(h2_server_rss_bytes(&s), 0);
}

// ---- the control --------------------------------------------------------------------------------------------

CASE("h2 harm: the control answers as a server does, until it is stopped")
{
	struct h2_control c;
	const struct h2_request q = { .path = "/bytes/1000" };
	assert_int_equal(h2_control_start(&c), 0);
	for (unsigned i = 0; i < 20; i++)
		assert_true(h2_probe(&c.target, NULL, &q) > 0);
	h2_control_stop(&c);
	assert_int_equal(h2_probe(&c.target, NULL, &q), 0);
	h2_control_stop(&c); // no more than once
}

// Times in ms: of fresh connections in calm, during the attack, and of the control during it.
static void expect_fresh(uint64_t calm, uint64_t during, uint64_t control, uint64_t lost, uint64_t excused,
                         const char *words)
{
	struct scenario s = { 0 };
	struct buf out = { 0 };
	struct h2_harm h = { .scenario = &s,
		             .calm = hist_new(3),
		             .during = hist_new(3),
		             .control_during = hist_new(3),
		             .during_lost = lost,
		             .excused = excused };
	h2_limits_default(&s.limits);
	for (unsigned i = 0; i < 20; i++) {
		hist_record(h.calm, calm * SG_NS_PER_MS);
		if (during > 0)
			hist_record(h.during, during * SG_NS_PER_MS);
		hist_record(h.control_during, control * SG_NS_PER_MS);
	}
	h2_harm_report(&h, &out);
	if (!strstr(buf_text(&out), words))
		fail_msg("expected \"%s\" in\n%s", words, buf_text(&out));
	buf_deinit(&out);
	hist_free(h.calm);
	hist_free(h.during);
	hist_free(h.control_during);
}

CASE("h2 harm: what a control nearby is late by as well is the machine's doing, and else the attack's")
{
	expect_fresh(10, 600, 10, 0, 0,
	             "@@ check fresh bad a fresh connection's p99 was 600 ms during it, 60.0 times");
	expect_fresh(10, 450, 10, 0, 0, "@@ check fresh ok "); // which a machine does by itself
	expect_fresh(10, 600, 130, 0, 0, "@@ check fresh ok ");
	expect_fresh(10, 600, 110, 0, 0, "@@ check fresh bad ");
	expect_fresh(130, 600, 1, 0, 0, "@@ check fresh ok ");
	expect_fresh(10, 20, 10, 1, 0, "@@ check fresh bad 1 of 21 fresh connections were not answered");
	expect_fresh(10, 20, 900, 1, 1, "@@ check fresh ok ");
	expect_fresh(10, 20, 900, 2, 1, "@@ check fresh bad 1 of 22 ");
	expect_fresh(10, 0, 1900, 20, 20, "@@ check fresh bad the machine is too busy to tell");
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

// A frame of type 119 ends it.
static void dies(int fd, __attribute__((unused)) unsigned count)
{
	struct h2_raw f;
	raw_read_preface(fd);
	raw_send(fd, RAW_SETTINGS, 0, 0, NULL, 0);
	while (raw_read(fd, &f)) {
		if (f.type == RAW_HEADERS)
			answer(fd, f.id);
		if (f.type == 119)
			_exit(0);
	}
}

CASE("h2 harm: a server that ends by an attack is told, and its CPU time is no more than it had")
{
	expect_harm(dies, "(right close) (send (frame 119))", 1, "; then the server's process had ended");
	expect_harm(dies, "(right close) (send (frame 119))) (limits (cpu 10s)", 1, "@@ check limits ok ");
}

CASE("h2 harm: what healthy connections cost in calm is not a slow attack's")
{
	struct h2_harm h = { .during = hist_new(3), .cpu_ns = 1000, .probe_cpu_ns = 10, .during_lost = 5 };
	struct h2_spent spent = { 0 };
	for (unsigned i = 0; i < 45; i++)
		hist_record(h.during, 1);
	h2_harm_spent(&h, &spent);
	assert_int_equal(spent.cpu_ns, 500);
	assert_true(spent.with_load);
	h.probe_cpu_ns = 100; // by more than all: a calm that was dearer
	h2_harm_spent(&h, &spent);
	assert_int_equal(spent.cpu_ns, 0);
	hist_free(h.during);
}

CASE("h2 harm: --h2-pid names the server, and one that is not there is exit 3")
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
	h2_sh(&o, "%s run --h2-pid 4194304 --h2-target http://127.0.0.1:%u %s", H2_PROGRAM, p.port, file);
	assert_int_equal(o.code, 3);
	h2_expect_in(o.err, "--h2-pid 4194304: there is no such process");
	h2_output_deinit(&o);
	assert_int_equal(h2_server_stop(&p, stats, sizeof(stats)), 0);
}

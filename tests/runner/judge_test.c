// Verdicts: what counts before what.
#include "judged.h"
#include "lab.h"

#include <signal.h>

static void add_pool(struct ended *s, const char *name, uint64_t capacity, uint64_t high, uint64_t exhausted)
{
	struct result *r = &s->result;

	r->pools = realloc(r->pools, (r->pool_count + 1) * sizeof *r->pools);
	r->pools[r->pool_count++] = (struct result_pool){ .name = strdup(name),
		                                          .unit_bytes = 1,
		                                          .capacity = capacity,
		                                          .high_water = high,
		                                          .exhausted = exhausted,
		                                          .exhausted_ms = 10 - r->pool_count,
		                                          .request_bytes = 65536,
		                                          .depth = 4711 };
}

CASE("judge: exit status 0 is passed")
{
	judged_expect(judged_new(), VERDICT_PASSED, false, "exit status 0");
}

CASE("judge: a timeout counts before all else")
{
	struct ended *s = judged_new();

	s->facts.timed_out = s->facts.killed = true;
	s->facts.timeout_ns = UINT64_C(2000000000);
	s->facts.oom_kills = 1;
	s->result.exit_code = -1;
	s->result.signal = SIGKILL;
	add_pool(s, "p", 10, 10, 1);
	judged_expect(
	        s, VERDICT_TIMEOUT, false,
	        "ran longer than its 2.00 s; it took SIGKILL to end it; before, the kernel killed 1 process of it for "
	        "memory");
}

CASE("judge: an exit after SIGTERM is a timeout too, and names the case that was running")
{
	struct ended *s = judged_new();

	s->facts.timed_out = true;
	s->facts.timeout_ns = UINT64_C(500000000);
	strcpy(s->measure.running_case, "deep");
	judged_expect(s, VERDICT_TIMEOUT, false,
	              "ran longer than its 500 ms; it ended after SIGTERM; case 'deep' was running");
}

CASE("judge: a timeout at the memory limit says so, where the limit was met often")
{
	struct ended *s = judged_new();

	s->facts.timed_out = true;
	s->facts.timeout_ns = UINT64_C(500000000);
	s->facts.memory_limit = 64 << 20;
	s->facts.memory_by = "cgroup v2";
	s->facts.memory_hits = 23667;
	judged_expect(
	        s, VERDICT_TIMEOUT, false,
	        "ran longer than its 500 ms; it ended after SIGTERM; it met its memory limit of 64.0 MiB 23667 "
	        "times, which may be what kept it (cgroup v2)");
	s = judged_new();
	s->facts.timed_out = true;
	s->facts.timeout_ns = UINT64_C(500000000);
	s->facts.memory_hits = 3; // pages of files come and go
	judged_expect(s, VERDICT_TIMEOUT, false, "ran longer than its 500 ms; it ended after SIGTERM");
}

CASE("judge: the kernel's out-of-memory kill counts before the signal")
{
	struct ended *s = judged_new();

	s->facts.oom_kills = 1;
	s->facts.memory_limit = 64 << 20;
	s->facts.memory_by = "cgroup v1";
	s->result.exit_code = -1;
	s->result.signal = SIGKILL;
	judged_expect(s, VERDICT_OUT_OF_MEMORY, false,
	              "exceeded its memory limit of 64.0 MiB: the kernel killed 1 process of it (cgroup v1)");
}

CASE("judge: a test that survives an out-of-memory kill of its child has passed")
{
	struct ended *s = judged_new();

	s->facts.oom_kills = 1;
	judged_expect(s, VERDICT_PASSED, false, "exit status 0");
}

CASE("judge: our own kill for memory is out-of-memory, even if it looks like exit 0")
{
	struct ended *s = judged_new();

	s->facts.memory_seen = 70 << 20;
	s->facts.memory_limit = 64 << 20;
	judged_expect(
	        s, VERDICT_OUT_OF_MEMORY, false,
	        "used 70.0 MiB of memory, more than its limit of 64.0 MiB (seen by sampling), and was killed");
}

CASE("judge: the CPU limit is told from other kills")
{
	struct ended *s = judged_new();

	s->facts.cpu_limit_s = 1;
	s->result.exit_code = -1;
	s->result.signal = SIGXCPU;
	judged_expect(s, VERDICT_TIMEOUT, false, "used its 1 s of CPU time (RLIMIT_CPU)");

	s = judged_new();
	s->facts.cpu_limit_s = 1;
	s->result.exit_code = -1;
	s->result.signal = SIGKILL;
	s->result.user_ns = UINT64_C(500000000);
	judged_expect(s, VERDICT_CRASHED, false, "killed by SIGKILL (Killed)");
}

CASE("judge: an exhausted slab counts before messages, the one that came first before others")
{
	struct ended *s = judged_new();
	struct pattern heap = { (char[]){ "heap" }, (char[]){ "*" }, (char[]){ "err" },
		                (char[]){ "not enough memory" } };

	s->test.patterns = &heap;
	s->test.pattern_count = 1;
	judged_say(&s->err, "not enough memory\n");
	s->result.exit_code = 1;
	add_pool(s, "later", 100, 100, 1);
	add_pool(s, "lua-slab", 1 << 20, 1 << 20, 2);
	judged_expect(
	        s, VERDICT_SLAB_EXHAUSTED, true,
	        "slab 'lua-slab' full: 1.00 MiB of 1.00 MiB used at the high-water mark, request of 64.0 KiB denied at "
	        "depth 4711 (telemetry)");
}

CASE("judge: who dies of an exhausted slab is not clean")
{
	struct ended *s = judged_new();

	s->result.exit_code = -1;
	s->result.signal = SIGABRT;
	add_pool(s, "cells", 8, 8, 1);
	s->result.pools[0].unit_bytes = 48;
	s->result.pools[0].request_bytes = s->result.pools[0].depth = 0;
	judged_expect(s, VERDICT_SLAB_EXHAUSTED, false,
	              "slab 'cells' full: 8 of 8 objects of 48 B used at the high-water mark (telemetry)");
}

CASE("judge: who recovers from an exhausted slab has passed, and it is told")
{
	struct ended *s = judged_new();

	add_pool(s, "cells", 8, 8, 1);
	s->result.pools[0].request_bytes = s->result.pools[0].depth = 0;
	judged_expect(
	        s, VERDICT_PASSED, false,
	        "exit status 0; on the way slab 'cells' full: 8 B of 8 B used at the high-water mark (telemetry), from which "
	        "it recovered");
}

CASE("judge: a fault by the stack pointer is a stack overflow, another one a crash")
{
	struct ended *s = judged_new();

	s->result.exit_code = -1;
	s->result.signal = SIGSEGV;
	s->facts.has_fault = true;
	s->facts.fault = (struct kernel_fault){ 1, 0x7ffc00000ff8, 1, 0x7ffc00001000 };
	judged_expect(
	        s, VERDICT_STACK_OVERFLOW, false,
	        "segmentation fault at 0x7ffc00000ff8, next to the stack pointer 0x7ffc00001000 (kernel log)");

	s = judged_new();
	s->result.exit_code = -1;
	s->result.signal = SIGSEGV;
	s->facts.has_fault = true;
	s->facts.fault = (struct kernel_fault){ 1, 0, 1, 0x7ffc00001000 };
	judged_expect(s, VERDICT_CRASHED, false,
	              "killed by SIGSEGV (Segmentation fault) at address 0x0 (kernel log)");
}

CASE("judge: the target's own words are told by its patterns, the first that fits")
{
	struct pattern patterns[] = {
		{ (char[]){ "heap" }, (char[]){ "70" }, (char[]){ "err" }, (char[]){ "out of memory" } },
		{ (char[]){ "stack" }, (char[]){ "*" }, (char[]){ "out" }, (char[]){ "depth \\d+ exceeded" } },
		{ (char[]){ "assert" }, (char[]){ "SIGABRT" }, (char[]){ "both" }, (char[]){ "Assertion" } }
	};
	struct ended *s = judged_new();

	s->test.patterns = patterns;
	s->test.pattern_count = 3;
	s->result.exit_code = 1;
	judged_say(&s->err, "out of memory\n"); // another exit status
	judged_say(&s->out, "line\nmaximum depth 100 exceeded!\n");
	judged_expect(s, VERDICT_STACK_OVERFLOW, true, "it said: maximum depth 100 exceeded!");

	s = judged_new();
	s->test.patterns = patterns;
	s->test.pattern_count = 3;
	s->result.exit_code = -1;
	s->result.signal = SIGABRT;
	judged_say(&s->err, "x.c:1: Assertion `n > 0' failed.\n");
	judged_expect(s, VERDICT_CRASHED, false, "it said: x.c:1: Assertion `n > 0' failed.");

	s = judged_new();
	s->test.patterns = patterns;
	s->test.pattern_count = 3;
	s->result.exit_code = 70;
	judged_say(&s->out, "out of memory\n"); // the other stream
	judged_expect(s, VERDICT_FAILED, false, "exit status 70");
}

CASE("judge: the words of a test that exits 0 count when its sentinel is missing")
{
	struct pattern stack = { (char[]){ "stack" }, (char[]){ "0" }, (char[]){ "err" },
		                 (char[]){ "^OVERFLOW$" } };
	struct ended *s = judged_new();

	s->test.patterns = &stack;
	s->test.pattern_count = 1;
	s->test.meta.sentinel = true;
	judged_say(&s->err, "OVERFLOW\n");
	judged_expect(s, VERDICT_STACK_OVERFLOW, true, "it said: OVERFLOW");
}

CASE("judge: what a test reports decides when it exits 0, and is added when it does not")
{
	struct ended *s = judged_new();

	s->test.meta.sentinel = true;
	s->result.checks_bad = 2;
	s->result.first_bad_check = strdup("sum: 3, not 4");
	judged_expect(s, VERDICT_FAILED, false,
	              "no '@@ done': it did not get to its end; 2 bad checks, the first: sum: 3, not 4");

	s = judged_new();
	s->result.exit_code = 3;
	s->measure.cases_failed = 1;
	strcpy(s->measure.first_failed_case, "tree");
	judged_expect(s, VERDICT_FAILED, false, "exit status 3; 1 failed case, the first: tree");
}

CASE("judge: a shell's status for a signal is explained")
{
	struct ended *s = judged_new();

	s->result.exit_code = 139;
	judged_expect(s, VERDICT_FAILED, false,
	              "exit status 139, which a shell uses for SIGSEGV (Segmentation fault)");
}

CASE("judge: allocations that failed are told of a test that ended badly, and of no other")
{
	for (int code = 0; code < 2; code++) {
		struct ended *s = judged_new();
		struct result *r = &s->result;

		r->exit_code = code;
		r->counters = calloc(1, sizeof *r->counters);
		r->counters_count = 1;
		r->counters[0].role = strdup("interposer");
		r->counters[0].program = strdup("x");
		r->counters[0].items = calloc(1, sizeof *r->counters[0].items);
		r->counters[0].count = 1;
		r->counters[0].items[0] = (struct param){ strdup("failures"), strdup("3") };
		judged_expect(s, code == 0 ? VERDICT_PASSED : VERDICT_FAILED, false,
		              code == 0 ? "exit status 0"
		                        : "exit status 1; 3 allocations had failed (interposer)");
	}
}

CASE("judge: whether fault injection reached the program stands in the evidence, whatever became of it")
{
	for (int injected = 0; injected < 3; injected++) {
		struct ended *s = judged_new();
		struct result *r = &s->result;
		char text[4] = { (char)('0' + injected), '\0' };

		r->counters = calloc(1, sizeof *r->counters);
		r->counters_count = 1;
		r->counters[0].role = strdup("interposer");
		r->counters[0].items = calloc(2, sizeof *r->counters[0].items);
		r->counters[0].count = 2;
		r->counters[0].items[0] = (struct param){ strdup("failures"), strdup("2") };
		r->counters[0].items[1] = (struct param){ strdup("injected_failures"), strdup(text) };
		r->exit_code = injected == 1;
		judged_expect(
		        s, injected == 1 ? VERDICT_FAILED : VERDICT_PASSED, false,
		        injected == 0 ? "exit status 0; no request was made to fail"
		        : injected == 1
		                ? "exit status 1; 1 request was made to fail; 1 allocation had failed (interposer)"
		                : "exit status 0; 2 requests were made to fail");
	}
}

CASE("judge: headroom is asked of every slab with a capacity")
{
	struct ended *s = judged_new();

	s->test.meta.headroom_percent = 20;
	add_pool(s, "growing", 0, 1000, 0);
	add_pool(s, "fine", 100, 80, 0);
	add_pool(s, "tight", 100, 81, 0);
	judged_expect(s, VERDICT_FAILED, false,
	              "slab 'tight' had 19.0 % free at its high-water mark; @Headroom wants 20 %");
}

CASE("judge: headroom that nothing can be measured by is a failure")
{
	struct ended *s = judged_new();

	s->test.meta.headroom_percent = 20;
	add_pool(s, "growing", 0, 1000, 0);
	judged_expect(
	        s, VERDICT_FAILED, false,
	        "@Headroom wants 20 %, and no slab or heap of a known capacity has reported: nothing to measure it by");
}

static void add_live(struct ended *s, uint64_t first, uint64_t more, unsigned cycles)
{
	struct sample_sink sink = measure_sink(&s->measure);

	for (uint64_t i = 0; i < cycles; i++)
		sink.live(sink.arg, first + i * more + i * 7919 % 100);
}

CASE("judge: live bytes that grow from cycle to cycle have leaked, with slope and interval")
{
	struct ended *s = judged_new();

	add_live(s, 100000, 1024, 20);
	judged_expect(
	        s, VERDICT_LEAKED, false,
	        "exit status 0, but live bytes after full collections grow by 1023 B a cycle (95 % interval 1018 B to "
	        "1.00 KiB), from 103 KiB to 117 KiB over the last 15 of 20 cycles");
}

CASE("judge: live bytes that stay, or grow while a program warms up, or by a trifle, are no leak")
{
	struct ended *s = judged_new();
	struct sample_sink sink = measure_sink(&s->measure);

	add_live(s, 100000, 0, 40);
	judged_expect(s, VERDICT_PASSED, false, "exit status 0");
	s = judged_new();
	sink = measure_sink(&s->measure);
	for (uint64_t i = 0; i < 40; i++)
		sink.live(sink.arg, i < 10 ? 1000 * i : 10000);
	judged_expect(s, VERDICT_PASSED, false, "exit status 0");
	s = judged_new();
	add_live(s, 100000000, 100, 40);
	judged_expect(s, VERDICT_PASSED, false, "exit status 0");
	s = judged_new();
	add_live(s, 1000, 1000, 7);
	judged_expect(s, VERDICT_PASSED, false, "exit status 0");
}

CASE("judge: leftovers make a passed test leaked, and a failed one no different")
{
	struct ended *s = judged_new();

	strings_add(&s->result.leftovers, "pid 7 sleep 60", 14);
	judged_expect(s, VERDICT_LEAKED, false, "exit status 0, but left 1 process behind: pid 7 sleep 60");

	s = judged_new();
	strings_add(&s->result.leftovers, "pid 7 sleep 60", 14);
	s->result.exit_code = 2;
	judged_expect(s, VERDICT_FAILED, false, "exit status 2");
}

CASE("judge: a run that was stopped says so")
{
	struct ended *s = judged_new();

	s->facts.stopped_by = "SIGINT";
	judged_expect(s, VERDICT_INTERRUPTED, false, "the run was stopped by SIGINT while it ran");
}

CASE("judge: flaky, skipped and planned are as expected, and so is what the header expects")
{
	assert_true(judge_as_expected(VERDICT_FLAKY, VERDICT_PASSED));
	assert_true(judge_as_expected(VERDICT_SKIPPED, VERDICT_PASSED));
	assert_true(judge_as_expected(VERDICT_PLANNED, VERDICT_CRASHED));
	assert_true(judge_as_expected(VERDICT_CRASHED, VERDICT_CRASHED));
	assert_false(judge_as_expected(VERDICT_PASSED, VERDICT_CRASHED));
	assert_false(judge_as_expected(VERDICT_INTERRUPTED, VERDICT_PASSED));
}

CASE("judge: a refusal or a clean end is survived where that is expected")
{
	struct ended *s = judged_new();

	s->test.meta.survive = true;
	s->result.exit_code = 65;
	judged_expect(s, VERDICT_PASSED, false, "exit status 65; that is failed, and survived, as @Expect allows");
	s = judged_new();
	s->test.meta.survive = true;
	s->result.checks_bad = 1;
	judged_expect(s, VERDICT_PASSED, false,
	              "1 bad check, the first: ?; that is failed, and survived, as @Expect allows");
	s = judged_new();
	s->test.meta.survive = true;
	s->result.exit_code = 1;
	add_pool(s, "p", 10, 10, 1);
	s->result.pools[0].depth = 0;
	s->result.pools[0].request_bytes = 0;
	judged_expect(
	        s, VERDICT_PASSED, true,
	        "slab 'p' full: 10 B of 10 B used at the high-water mark (telemetry); that is slab-exhausted, and survived, "
	        "as @Expect allows");
}

CASE("judge: a crash, a hang, a kill or a missing program is not survived")
{
	struct ended *s = judged_new();

	s->test.meta.survive = true;
	s->result.exit_code = -1;
	s->result.signal = SIGABRT;
	judged_expect(s, VERDICT_CRASHED, false, "killed by SIGABRT (Aborted)");
	s = judged_new();
	s->test.meta.survive = true;
	s->result.exit_code = 139;
	judged_expect(s, VERDICT_FAILED, false,
	              "exit status 139, which a shell uses for SIGSEGV (Segmentation fault)");
	s = judged_new();
	s->test.meta.survive = true;
	s->facts.timed_out = true;
	s->facts.timeout_ns = UINT64_C(2000000000);
	judged_expect(s, VERDICT_TIMEOUT, false, "ran longer than its 2.00 s; it ended after SIGTERM");
	s = judged_new();
	s->test.meta.survive = true;
	s->facts.not_started = "program not found: x";
	judged_expect(s, VERDICT_FAILED, false, "program not found: x");
}

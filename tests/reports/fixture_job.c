// The default job as a run that is made up, with trouble in it when that is asked for, and one of many tests.
#include "fixture.h"

#include "harness.h"
#include "leak.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	uint64_t median_ns, bytes;
} kernels[] = {
	{ "recursion/countdown-1000", 17000, 131072 },
	{ "recursion/countdown-5000", 84000, 655360 },
	{ "recursion/countdown-10000", 169000, 1310720 },
	{ "recursion/sum-1000", 31000, 190000 },
	{ "recursion/sum-5000", 155000, 900000 },
	{ "recursion/factorial-100", 3100, 70000 },
	{ "recursion/mutual-1000", 26000, 131072 },
	{ "recursion/reverse-1000", 210000, 240000 },
	{ "recursion/nested-maps", 95000, 180000 },
	{ "recursion/fibonacci-20", 2100000, 72000 },
	{ "recursion/tree-10", 640000, 420000 },
	{ "recursion/ackermann-2", 48000, 90000 },
	{ "gc/lists-100", 120000, 300000 },
	{ "gc/lists-1000", 1300000, 640000 },
	{ "gc/nested-50", 41000, 95000 },
	{ "gc/nested-100", 83000, 130000 },
	{ "gc/preserve-large", 4900000, 3120000 },
	{ "gc/interleaved", 1900000, 510000 },
	{ "gc/cycles", 3300000, 610000 },
};

static const struct {
	const char *name;
	double factor;
} targets[] = { { "lua@slab-fixed", 1.0 }, { "lua@jemalloc", 1.22 }, { "lua@malloc", 1.31 }, { "python3", 6.4 } };

#define SLAB 6501171U

static void add_kernel(struct fixture *f, size_t k, size_t t)
{
	char id[128];
	struct result r;
	uint64_t median = (uint64_t)((double)kernels[k].median_ns * targets[t].factor);

	snprintf(id, sizeof id, "%s.%s", kernels[k].name, targets[t].name);
	r = fixture_result(id, VERDICT_PASSED);
	fixture_latencies(&r, "total", median, 0.12, 20, 1 + 100 * k + t);
	r.wall_ns = 20 * median + (t == 3 ? 21000000 : 2600000);
	r.peak_rss_bytes = (t == 3 ? 9500000 : 2600000) + kernels[k].bytes;
	if (t == 0)
		fixture_pool(&r, "lua slab-fixed", 1, SLAB, kernels[k].bytes)->used = 22000;
	else if (t < 3)
		fixture_pool(&r, t == 1 ? "lua jemalloc" : "lua malloc", 1, 0, kernels[k].bytes);
	fixture_end(f, &r);
}

static const struct {
	const char *name;
	unsigned requests;
} scenarios[] = { { "single-request", 1 },       { "several-requests", 5 }, { "five-headers", 1 },
	          { "several-with-headers", 5 }, { "methods", 5 },          { "hosts-and-paths", 6 },
	          { "multiplexed-load", 10000 } };

static void add_scenario(struct fixture *f, size_t s)
{
	char id[128];
	struct result r;

	snprintf(id, sizeof id, "http2/%s", scenarios[s].name);
	r = fixture_result(id, VERDICT_PASSED);
	fixture_latencies(&r, "total", scenarios[s].requests > 10 ? 3100000 : 190000, 0.3, scenarios[s].requests,
	                  77 + s);
	fixture_latencies(&r, "connect", 240000, 0.2, scenarios[s].requests > 10 ? 10 : 1, 99 + s);
	fixture_gauge(&r, "throughput", scenarios[s].requests > 10 ? 128431.7 : 3120.5, "req/s");
	fixture_gauge(&r, "requests", scenarios[s].requests, "requests");
	r.wall_ns = scenarios[s].requests > 10 ? 640000000 : 24000000;
	for (unsigned i = 0; scenarios[s].requests > 10 && i < 7; i++) {
		r.points = fixture_grow(r.points, &r.point_count, sizeof *r.points);
		r.points[i] = (struct result_point){ 100 * i, 190, (5U + i) << 20, 25 + i, 2, 2 };
	}
	fixture_end(f, &r);
}

// What the preloaded library counted in a process; or, with a note, that it could not.
static void add_counters(struct result *r, const char *program, const char *note, uint64_t peak)
{
	static const char *const names[] = { "malloc_calls", "calloc_calls",    "free_calls",
		                             "live_bytes",   "requested_bytes", "peak_bytes" };
	const uint64_t values[] = { 9000, 1000, 9990, 128, 10 * peak, peak };
	struct result_counters *c;

	r->counters = fixture_grow(r->counters, &r->counters_count, sizeof *r->counters);
	c = &r->counters[r->counters_count - 1];
	*c = (struct result_counters){ .role = strdup("interposer"), .program = strdup(program), .pid = 4712 };
	c->note = note != NULL ? strdup(note) : NULL;
	for (size_t i = 0; note == NULL && i < sizeof names / sizeof names[0]; i++) {
		char *value;

		c->items = fixture_grow(c->items, &c->count, sizeof *c->items);
		if (asprintf(&value, "%llu", (unsigned long long)values[i]) < 0)
			fail();
		c->items[i] = (struct param){ strdup(names[i]), value };
	}
}

static void add_heap(struct result_counters *c)
{
	struct result_heap *h = c->heap = calloc(1, sizeof *h);
	struct result_site *site = result_heap_site(h);
	struct result_refusal *refusal = result_heap_refusal(h);

	h->timed_every = 64;
	h->sample_bytes = 524288;
	h->lifetimes_taken = 9;
	h->lifetimes_freed = 7;
	result_heap_latency(h, "malloc");
	for (unsigned i = 1; i <= 2000; i++)
		hist_record(h->latencies[0].hist, 20 + i);
	*result_heap_size(h) = (struct result_size){ 64, 9500 };
	*result_heap_size(h) = (struct result_size){ 40960, 500 };
	*site = (struct result_site){ .peak_bytes = 30000, .peak_blocks = 60, .taken_bytes = 90000, .samples = 2 };
	fixture_string(&site->frames, "grow_buffer (curl.c:12)");
	*refusal = (struct result_refusal){ .count = 3, .bytes = 4096, .at_ms = 7, .nth = 17, .injected = true };
	refusal->function = strdup("calloc");
	fixture_string(&refusal->frames, "open_stream (curl.c:99)");
	*result_heap_thread(h) = (struct result_heap_thread){ .tid = 4712, .takes = 10000, .kept_bytes = 256 };
	*result_heap_thread(h) = (struct result_heap_thread){ .tid = 4713, .kept_bytes = -128 };
	h->threads[0].name = strdup("curl");
	h->threads[1].name = strdup("resolver");
}

// A process whose jemalloc has let go of almost all that it held.
static void add_jemalloc(struct result *r)
{
	static const uint64_t looks[][LOOK_COLUMNS] = {
		{ 100, 9000000, 9500000, 12000000, 14000000, 0, 8000000, 7600000, 2600000, 20000, 0, 0, 0, 0 },
		{ 200, 33000000, 34000000, 42000000, 48000000, 0, 30000000, 29000000, 2700000, 90000, 4096000, 0,
		  3, 40000 },
		{ 300, 1160160, 1990656, 42618880, 48074752, 3305472, 800000, 300000, 2700000, 30000, 20000000,
		  12000000, 7, 90000 }
	};
	struct result_jemalloc *j = result_add_jemalloc(r);
	struct result_mutex *m;
	struct result_bin *b;

	assert_non_null(j);
	j->program = strdup("python3");
	j->allocator = strdup("5.3.0");
	j->pid = 4713;
	j->allocated = looks[2][LOOK_ALLOCATED];
	j->active = looks[2][LOOK_ACTIVE];
	j->resident = looks[2][LOOK_RESIDENT];
	j->retained = looks[2][LOOK_RETAINED];
	j->mapped = looks[2][LOOK_MAPPED];
	j->peak_allocated = looks[1][LOOK_ALLOCATED];
	j->peak_resident = looks[2][LOOK_RESIDENT];
	j->denied_growths = 3;
	for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++)
		memcpy(number_rows_add(&j->looks, LOOK_COLUMNS), looks[i], sizeof looks[i]);
	b = result_jemalloc_bin(j);
	*b = (struct result_bin){ .region_bytes = 64,
		                  .slab_regions = 64,
		                  .slab_bytes = 4096,
		                  .slabs = 100,
		                  .nonfull_slabs = 90,
		                  .regions = 1200,
		                  .slabs_made = 150,
		                  .slabs_reused = 50,
		                  .requests = 90000,
		                  .fills = 900,
		                  .flushes = 800,
		                  .mutex_waits = 7,
		                  .most_slabs = 140,
		                  .most_regions = 8000 };
	b = result_jemalloc_bin(j);
	*b = (struct result_bin){ .region_bytes = 512,
		                  .slab_regions = 8,
		                  .slab_bytes = 4096,
		                  .slabs = 40,
		                  .regions = 320,
		                  .slabs_made = 40,
		                  .requests = 5000,
		                  .fills = 600,
		                  .flushes = 20,
		                  .most_slabs = 40,
		                  .most_regions = 320 };
	j->metadata = looks[2][LOOK_METADATA];
	j->cached_bytes = looks[2][LOOK_CACHED];
	j->dirty_bytes = looks[2][LOOK_DIRTY];
	j->dirty_purges = 4;
	j->dirty_madvises = 60;
	j->dirty_purged_bytes = looks[2][LOOK_PURGED];
	j->dirty_decay_ms = 10000;
	j->absent = strdup("stats.arenas.4096.tcache_stashed_bytes");
	m = result_jemalloc_mutex(j);
	*m = (struct result_mutex){ strdup("bins"), 2400, 7, 30, 400, 90000, 50000, 2 };
	m = result_jemalloc_mutex(j);
	*m = (struct result_mutex){ strdup("base"), 12, 0, 0, 1, 0, 0, 0 };
}

static void add_troubles(struct fixture *f)
{
	struct result r = fixture_result("recursion/deep-40000.lua@slab-fixed", VERDICT_SLAB_EXHAUSTED);
	struct result_pool *p = fixture_pool(&r, "lua slab-fixed", 1, SLAB, SLAB - 100);

	p->exhausted = 2;
	p->exhausted_ms = 12;
	for (uint64_t i = 0; i < 6; i++)
		memcpy(number_rows_add(&p->fill, POOL_COLUMNS), (uint64_t[]){ 2 * i, SLAB * i / 6, SLAB }, 24);
	for (uint64_t i = 0; i < 20; i++)
		memcpy(number_rows_add(&r.live, LIVE_COLUMNS), (uint64_t[]){ i, 100000 + 5000 * i }, 16);
	r.live_cycles = 20;
	p->request_bytes = 655392;
	p->depth = 20482;
	fixture_string(&p->frames, "countdown (countdown-40000.lua:7)");
	fixture_string(&p->frames, "countdown (countdown-40000.lua:7)");
	fixture_string(&p->frames, "(20,480 more levels)");
	fixture_string(&p->frames, "main chunk (countdown-40000.lua:19)");
	r.evidence = strdup(
	        "telemetry: slab 'lua slab-fixed' could not give 640 KiB at depth 20,482; the program said so");
	r.clean = true;
	r.tail = strdup("lua5.4: not enough memory\nstack traceback:\n\t[C]: in ?\n");
	fixture_end(f, &r);

	r = fixture_result("gc/segv.python3", VERDICT_CRASHED);
	r.exit_code = -1;
	r.signal = 11;
	r.evidence = strdup("killed by SIGSEGV (segmentation fault)");
	r.tail = strdup("Fatal Python error: Segmentation fault\n");
	fixture_end(f, &r);

	r = fixture_result("http2/slow", VERDICT_TIMEOUT);
	add_counters(&r, "curl", NULL, 40210);
	add_heap(&r.counters[0]);
	add_jemalloc(&r);
	add_counters(&r, "a-helper-with-a-name-of-its-own", NULL, 30000);
	add_counters(&r, "busybox", "a static program: its allocations cannot be seen", 0);
	r.exit_code = -1;
	r.signal = 15;
	r.wall_ns = 30000000000;
	r.evidence = strdup("still running after 30 s; ended by SIGTERM");
	for (unsigned i = 0; i < 240; i++) {
		r.points = fixture_grow(r.points, &r.point_count, sizeof *r.points);
		r.points[i] = (struct result_point){ 125 * i, i % 7 * 30, (4U << 20) + 90000U * i, 12, 2, 2 };
	}
	fixture_end(f, &r);

	r = fixture_result("alloc/bad-sum", VERDICT_FAILED);
	r.checks_bad = 1;
	r.first_bad_check = strdup("sum: 41 instead of <42> & \"more\"");
	r.evidence = strdup("1 of 2 checks was bad: sum: 41 instead of <42> & \"more\"");
	fixture_case(&r, "first case", VERDICT_PASSED, 1200000, "");
	fixture_case(&r, "second case", VERDICT_FAILED, 800000, "41 <> 42");
	fixture_end(f, &r);

	r = fixture_result("alloc/expected-oom", VERDICT_OUT_OF_MEMORY);
	r.expected = VERDICT_OUT_OF_MEMORY;
	r.as_expected = true;
	fixture_end(f, &r);
	r = fixture_result("alloc/leftover", VERDICT_LEAKED);
	r.evidence = strdup("1 process was left behind");
	fixture_string(&r.leftovers, "pid 123 sleep 60");
	fixture_end(f, &r);
	r = fixture_result("alloc/needs-root", VERDICT_SKIPPED);
	r.evidence = strdup("needs root");
	fixture_end(f, &r);
	r = fixture_result("alloc/sometimes", VERDICT_FLAKY);
	fixture_end(f, &r);
}

void fixture_job(const char *dir, const char *name, int trouble, struct run *r)
{
	size_t kernel_count = sizeof kernels / sizeof kernels[0],
	       scenario_count = sizeof scenarios / sizeof scenarios[0];
	struct fixture *f = fixture_new(dir, name, 4 * kernel_count + scenario_count + (trouble ? 8 : 0));

	for (size_t k = 0; k < kernel_count; k++)
		for (size_t t = 0; t < 4; t++)
			add_kernel(f, k, t);
	for (size_t s = 0; s < scenario_count; s++)
		add_scenario(f, s);
	if (trouble)
		add_troubles(f);
	fixture_stop(f, "finished");
	fixture_load(f, r);
}

void fixture_many(const char *dir, const char *name, size_t count, struct run *r)
{
	struct fixture *f = fixture_new(dir, name, count);

	for (size_t i = 0; i < count; i++) {
		char id[96];
		struct result one;
		bool bad = i % 40 == 7;

		snprintf(id, sizeof id, "recursion/generated-program-%zu.%s", 10 * (i / 4), targets[i % 4].name);
		one = fixture_result(id, bad ? VERDICT_CRASHED : VERDICT_PASSED);
		fixture_latencies(&one, "total", 1000 + 37 * i, 0.2, 20, i);
		fixture_pool(&one, "lua slab-fixed", 16, 100000, (i * 7919) % 100000);
		if (bad)
			one.evidence = strdup("killed by SIGSEGV");
		fixture_end(f, &one);
	}
	fixture_stop(f, "finished");
	fixture_load(f, r);
}

// result: the record survives JSON; rubbish is refused.
#include "harness.h"

#include "result.h"
#include "result_jemalloc_parts.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// A result with something in every field.
static void fill_heap(struct result_heap *h)
{
	struct result_refusal *refusal = result_heap_refusal(h);
	struct result_site *site = result_heap_site(h);

	h->timed_every = 64;
	h->lost = 3;
	hist_record_n(result_heap_latency(h, "malloc")->hist, 40, 1000);
	hist_record(result_heap_latency(h, "lifetime")->hist, 5000000);
	*result_heap_size(h) = (struct result_size){ 64, 12 };
	site->peak_bytes = UINT64_C(1) << 40;
	strings_add(&site->frames, "/bin/x+0x10", 11);
	refusal->function = strdup("calloc");
	refusal->injected = true;
	refusal->nth = 17;
	strings_add(&refusal->frames, "/bin/x+0x20", 11);
	*result_heap_thread(h) =
	        (struct result_heap_thread){ .name = strdup("worker"), .tid = 77, .kept_bytes = -4096 };
}

static void fill(struct result *r)
{
	*r = (struct result){
		.id = strdup("gc/one.lua"),
		.attempt = 2,
		.verdict = VERDICT_SLAB_EXHAUSTED,
		.expected = VERDICT_PASSED,
		.clean = true,
		.evidence = strdup("slab \"values\" was full: 1000 of 1000"),
		.exit_code = -1,
		.signal = 6,
		.wall_ns = UINT64_C(9007199254740993), // not a double
		.user_ns = 2,
		.sys_ns = 3,
		.peak_rss_bytes = UINT64_C(1) << 40,
		.peak_fds = 5,
		.peak_threads = 6,
		.peak_procs = 7,
		.done_seen = true,
		.checks_ok = 8,
		.checks_bad = 9,
		.first_bad_check = strdup("sum: 3"),
		.gc_count = 10,
		.gc_total_ns = 11,
		.gc_max_ns = 12,
		.stdout_bytes = 13,
		.stderr_bytes = 14,
		.tail = strdup("last\nlines"),
		.limits = strdup("memory 1 GiB by cgroup v1"),
		.containment = strdup("cgroup v2"),
	};
	strings_add(&r->leftovers, "pid 1 sleep", 11);
	strings_add(&r->notes, "attack: closed", 14);
	hist_record(result_hist(r, "first"), 100);
	hist_record_n(result_hist(r, "total"), 123457, 10);
	hist_record(result_hist(r, "total"), 999999999);
	r->gauges = calloc(1, sizeof *r->gauges);
	r->gauges[r->gauge_count++] = (struct result_gauge){ strdup("used"), strdup("MiB"), 0.1 };
	r->cases = calloc(1, sizeof *r->cases);
	r->cases[r->case_count++] = (struct result_case){ strdup("c"), strdup("why"), VERDICT_FAILED, 77 };
	r->pools = calloc(1, sizeof *r->pools);
	r->pools[r->pool_count++] = (struct result_pool){ .name = strdup("values"),
		                                          .role = strdup("pool"),
		                                          .program = strdup("lua"),
		                                          .pid = 12,
		                                          .capacity = 1000,
		                                          .high_water = 1000,
		                                          .exhausted = 2,
		                                          .depth = 998 };
	memcpy(number_rows_add(&r->pools[0].fill, POOL_COLUMNS), (uint64_t[]){ 100, 5, 10 }, 3 * sizeof(uint64_t));
	strings_add(&r->pools[0].frames, "grow", 4);
	*result_add_jemalloc(r) = (struct result_jemalloc){ .program = strdup("server"),
		                                            .allocator = strdup("5.3.0"),
		                                            .pid = 7,
		                                            .resident = 4096,
		                                            .denied_growths = 3 };
	*result_jemalloc_bin(&r->jemallocs[0]) =
	        (struct result_bin){ .region_bytes = 64, .slab_bytes = 4096, .slabs = 2, .regions = 70 };
	for (uint64_t i = 0; i < 5; i++)
		number_rows_add(&r->jemallocs[0].looks, LOOK_COLUMNS)[LOOK_AT_MS] = 100 * i;
	r->jemallocs[0].dirty_purges = 12;
	r->jemallocs[0].dirty_decay_ms = -1;
	r->jemallocs[0].absent = strdup("stats.arenas.4096.tcache_stashed_bytes, stats.retained");
	*result_jemalloc_mutex(&r->jemallocs[0]) =
	        (struct result_mutex){ .name = strdup("base"), .operations = 9, .waits = 2, .wait_ns = 100 };
	*result_jemalloc_mutex(&r->jemallocs[0]) = (struct result_mutex){
		.name = strdup("bins"), .operations = 90, .waits = 1, .wait_ns = 300, .longest_wait_ns = 300
	};
	strings_add(&r->pools[0].frames, "lua+0x1234", 10);
	r->counters = calloc(1, sizeof *r->counters);
	r->counters_count = 1;
	r->counters[0] =
	        (struct result_counters){ .role = strdup("interposer"), .program = strdup("lua"), .pid = 12 };
	r->counters[0].items = calloc(2, sizeof *r->counters[0].items);
	r->counters[0].items[r->counters[0].count++] =
	        (struct param){ strdup("malloc_calls"), strdup("18446744073709551615") };
	r->counters[0].items[r->counters[0].count++] = (struct param){ strdup("frees"), strdup("0") };
	fill_heap(r->counters[0].heap = calloc(1, sizeof *r->counters[0].heap));
	r->points = calloc(2, sizeof *r->points);
	r->points[r->point_count++] = (struct result_point){ 0, 100, 4096, 3, 1, 1 };
	r->points[r->point_count++] = (struct result_point){ UINT32_MAX, 250, UINT64_C(1) << 40, 30, 10, 2 };
}

static char *dump(const struct result *r)
{
	json_t *j = result_to_json(r);
	char *text;

	assert_non_null(j);
	text = json_dumps(j, 0);
	assert_non_null(text);
	json_decref(j);
	return text;
}

// Reads the result of `text`, a JSON object.
static int read_text(const char *text, struct result *r, struct err *e)
{
	json_t *j = json_loads(text, 0, NULL);
	int rc;

	assert_non_null(j);
	*r = (struct result){ 0 };
	*e = (struct err){ "" };
	rc = result_from_json(j, r, e);
	json_decref(j);
	return rc;
}

CASE("result: every field survives JSON")
{
	struct result r, back;
	struct err e;
	char *one, *two;

	fill(&r);
	one = dump(&r);
	if (read_text(one, &back, &e) < 0)
		fail_msg("%s", e.text);
	two = dump(&back);
	assert_string_equal(one, two);
	assert_string_equal(back.id, "gc/one.lua");
	assert_int_equal(back.attempt, 2);
	assert_int_equal(back.verdict, VERDICT_SLAB_EXHAUSTED);
	assert_true(back.clean && back.done_seen && !back.as_expected);
	assert_int_equal(back.exit_code, -1);
	assert_int_equal(back.wall_ns, UINT64_C(9007199254740993));
	assert_int_equal(back.leftovers.count, 1);
	assert_string_equal(back.notes.items[0], "attack: closed");
	assert_true(back.gauges[0].value == 0.1);
	assert_int_equal(back.cases[0].verdict, VERDICT_FAILED);
	assert_int_equal(back.pools[0].depth, 998);
	assert_string_equal(back.pools[0].frames.items[1], "lua+0x1234");
	assert_int_equal(back.pools[0].fill.count, 1);
	assert_int_equal(back.pools[0].fill.values[POOL_CAPACITY], 10);
	assert_int_equal(back.jemalloc_count, 1);
	assert_string_equal(back.jemallocs[0].allocator, "5.3.0");
	assert_int_equal(back.jemallocs[0].denied_growths, 3);
	assert_int_equal(back.jemallocs[0].bins[0].regions, 70);
	assert_int_equal(back.jemallocs[0].looks.count, 5);
	assert_int_equal(back.jemallocs[0].dirty_purges, 12);
	assert_int_equal(back.jemallocs[0].dirty_decay_ms, -1);
	assert_int_equal(back.jemallocs[0].mutex_count, 2);
	assert_string_equal(back.jemallocs[0].mutexes[1].name, "bins");
	assert_int_equal(back.jemallocs[0].looks.values[4 * LOOK_COLUMNS + LOOK_AT_MS], 400);
	assert_string_equal(back.counters[0].items[0].value, "18446744073709551615");
	assert_int_equal(back.counters[0].heap->latencies[0].hist->total, 1000);
	assert_int_equal(back.counters[0].heap->sites[0].peak_bytes, UINT64_C(1) << 40);
	assert_string_equal(back.counters[0].heap->refusals[0].frames.items[0], "/bin/x+0x20");
	assert_true(back.counters[0].heap->refusals[0].injected);
	assert_true(back.counters[0].heap->threads[0].kept_bytes == -4096);
	assert_int_equal(back.points[1].at_ms, UINT32_MAX);
	assert_int_equal(back.points[1].rss_bytes, UINT64_C(1) << 40);
	free(one);
	free(two);
	result_deinit(&r);
	result_deinit(&back);
}

static void expect_same_text(const struct result *r)
{
	json_t *j = result_to_json(r);
	char *as_json = json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(17));
	struct buf text = { 0 };

	assert_non_null(as_json);
	assert_int_equal(result_to_text(r, &text), 0);
	as_json[strlen(as_json) - 1] = '\0'; // the braces
	assert_string_equal(buf_text(&text), as_json + 1);
	buf_deinit(&text);
	free(as_json);
	json_decref(j);
}

CASE("result: the text of one is that of its JSON, byte for byte")
{
	static const char *const texts[] = { "",
		                             "plain",
		                             "a \"quote\" and a \\",
		                             "line\nand\ttab",
		                             "bell\a \x7f",
		                             "\xff no UTF-8",
		                             "caf\xc3\xa9 \xe2\x82\xac",
		                             "/slash" };
	struct result r = { .id = strdup("x") };

	expect_same_text(&r);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		free(r.evidence);
		r.evidence = strdup(texts[i]);
		r.exit_code = (int)i - 3;
		r.wall_ns = i == 0 ? UINT64_MAX : UINT64_C(1) << (9 * i);
		expect_same_text(&r);
	}
	r.exit_code = INT_MIN;
	expect_same_text(&r);
	result_deinit(&r);
	fill(&r);
	expect_same_text(&r);
	result_deinit(&r);
}

CASE("result: exact extremes and the sum of a series survive, though the histogram keeps slots")
{
	struct result r, back;
	struct err e;
	char *text;

	fill(&r);
	text = dump(&r);
	assert_int_equal(read_text(text, &back, &e), 0);
	assert_int_equal(back.series_count, 2);
	assert_int_equal(back.series[1].hist->total, 11);
	assert_int_equal(back.series[1].hist->min, 123457);
	assert_int_equal(back.series[1].hist->max, 999999999);
	assert_true(back.series[1].hist->sum == 123457.0 * 10 + 999999999.0);
	free(text);
	result_deinit(&r);
	result_deinit(&back);
}

CASE("result: extremes that the histogram does not bear out are not believed")
{
	struct result r = { .id = strdup("x") };
	struct result back;
	struct err e;
	json_t *j, *series;

	hist_record(result_hist(&r, "total"), 123457);
	j = result_to_json(&r);
	series = json_array_get(json_object_get(j, "series"), 0);
	json_object_set_new(series, "max_ns", json_integer(5));
	json_object_set_new(series, "min_ns", json_integer(-5));
	json_object_set_new(series, "sum_ns", json_real(1e300));
	back = (struct result){ 0 };
	assert_int_equal(result_from_json(j, &back, &e), 0);
	assert_true(back.series[0].hist->max >= 123457);
	assert_true(back.series[0].hist->min > 100000);
	assert_true(hist_mean(back.series[0].hist) < 130000);
	json_decref(j);
	result_deinit(&r);
	result_deinit(&back);
}

CASE("result: an empty one survives, and NULL texts and empty lists are left out")
{
	struct result r = { .id = strdup("x") };
	struct result back;
	struct err e;
	char *text = dump(&r);

	assert_null(strstr(text, "null"));
	assert_null(strstr(text, "evidence"));
	assert_null(strstr(text, "pools"));
	assert_int_equal(read_text(text, &back, &e), 0);
	assert_null(back.evidence);
	assert_null(result_main_series(&back));
	free(text);
	result_deinit(&r);
	result_deinit(&back);
}

CASE("result: text that is not UTF-8 is escaped on its way out")
{
	struct result r = { .id = strdup("x"), .tail = strdup("a\xff\x1b[31m\xc3\xa9") };
	char *text = dump(&r);

	assert_non_null(strstr(text, "a\\\\xff\\\\x1b[31m\xc3\xa9"));
	free(text);
	result_deinit(&r);
}

CASE("result: a wrong type, a number out of range or a broken part is refused, and nothing leaks")
{
	static const char *const bad[] = {
		"[]",
		"{}",
		"{\"id\":7}",
		"{\"id\":\"x\",\"attempt\":-1}",
		"{\"id\":\"x\",\"attempt\":4294967296}",
		"{\"id\":\"x\",\"attempt\":1.5}",
		"{\"id\":\"x\",\"wall_ns\":-1}",
		"{\"id\":\"x\",\"exit_code\":2147483648}",
		"{\"id\":\"x\",\"verdict\":\"great\"}",
		"{\"id\":\"x\",\"verdict\":0}",
		"{\"id\":\"x\",\"clean\":1}",
		"{\"id\":\"x\",\"leftovers\":\"one\"}",
		"{\"id\":\"x\",\"leftovers\":[\"one\",2]}",
		"{\"id\":\"x\",\"gauges\":{}}",
		"{\"id\":\"x\",\"gauges\":[{\"name\":\"g\"},3]}",
		"{\"id\":\"x\",\"gauges\":[{\"name\":\"g\",\"value\":\"1\"}]}",
		"{\"id\":\"x\",\"series\":[{\"name\":\"s\"}]}",
		"{\"id\":\"x\",\"series\":[{\"name\":\"s\",\"hist\":\"rubbish\"}]}",
		"{\"id\":\"x\",\"counters\":[{\"values\":[]}]}",
		"{\"id\":\"x\",\"counters\":[{\"values\":{},\"heap\":[]}]}",
		"{\"id\":\"x\",\"counters\":[{\"values\":{},\"heap\":{\"latencies\":[{\"name\":\"malloc\"}]}}]}",
		"{\"id\":\"x\",\"counters\":[{\"values\":{},\"heap\":{\"sizes\":[{\"bytes\":-1}]}}]}",
		"{\"id\":\"x\",\"counters\":[{\"values\":{\"a\":\"1\",\"b\":2}}]}",
		"{\"id\":\"x\",\"points\":{}}",
		"{\"id\":\"x\",\"points\":[[1,2,3,4,5]]}",
		"{\"id\":\"x\",\"points\":[[1,2,3,4,5,6],[1,2,3,4,5,-6]]}",
		"{\"id\":\"x\",\"points\":[[4294967296,2,3,4,5,6]]}",
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct result r;
		struct err e;

		if (read_text(bad[i], &r, &e) != -EINVAL)
			fail_msg("not refused: %s", bad[i]);
		assert_string_not_equal(e.text, "");
		result_deinit(&r);
	}
}

CASE("result: unknown keys are ignored")
{
	struct result r;
	struct err e;

	assert_int_equal(
	        read_text("{\"id\":\"x\",\"from_the_future\":[1,{}],\"crc\":\"1\",\"type\":\"end\"}", &r, &e), 0);
	result_deinit(&r);
}

CASE("result: a number that is not finite is written so that it can be read")
{
	struct result r = { .id = strdup("x") };
	struct result back;
	struct err e;
	char *text;

	r.gauges = calloc(1, sizeof *r.gauges);
	r.gauges[r.gauge_count++] = (struct result_gauge){ strdup("g"), strdup("s"), (double)INFINITY };
	text = dump(&r);
	assert_int_equal(read_text(text, &back, &e), 0);
	assert_true(back.gauges[0].value == 0);
	free(text);
	result_deinit(&r);
	result_deinit(&back);
}

CASE("result: a series is made once and found again; the main one is total, else the first")
{
	struct result r = { 0 };

	hist_record(result_hist(&r, "a"), 1);
	assert_ptr_equal(result_main_series(&r), &r.series[0]);
	hist_record(result_hist(&r, "b"), 2);
	hist_record(result_hist(&r, "a"), 3);
	assert_int_equal(r.series_count, 2);
	assert_int_equal(r.series[0].hist->total, 2);
	assert_string_equal(result_main_series(&r)->name, "a");
	hist_record(result_hist(&r, "total"), 4);
	assert_string_equal(result_main_series(&r)->name, "total");
	result_deinit(&r);
	assert_int_equal(r.series_count, 0);
}

CASE("result: text becomes UTF-8 by the Unicode table and nothing else")
{
	static const char *const rows[][2] = {
		{ "plain\n\ttext", "plain\n\ttext" },
		{ "\xc3\xa9\xe2\x82\xac\xf0\x9d\x84\x9e", "\xc3\xa9\xe2\x82\xac\xf0\x9d\x84\x9e" },
		{ "\xc0\x80", "\\xc0\\x80" },                   // overlong
		{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf" },          // overlong
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },          // a surrogate
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" }, // above U+10FFFF
		{ "\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80" }, // no first byte
		{ "\xe2\x82", "\\xe2\\x82" },                   // cut off
		{ "\x80", "\\x80" },                            // no beginning
		{ "\x1b[0m\r\x7f", "\\x1b[0m\\x0d\\x7f" },      // controls
		{ "\xc2\x9b"
		  "31m",
		  "\\u{9b}31m" },                   // CSI in one character
		{ "\xef\xbf\xbe", "\\u{fffe}" },    // no character; XML forbids it
		{ "\xef\xb7\x90", "\\u{fdd0}" },    // nor is this
		{ "\xe2\x80\x8d", "\xe2\x80\x8d" }, // a joiner is one
		{ "\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbd",
		  "\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbd" }, // the edges
		{ "", "" },
	};
	char *text;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		text = result_utf8(rows[i][0], strlen(rows[i][0]));
		assert_string_equal(text, rows[i][1]);
		free(text);
		text = result_utf8(rows[i][1], strlen(rows[i][1]));
		assert_string_equal(text, rows[i][1]); // twice is once
		free(text);
	}
	text = result_utf8("a\0b", 3);
	assert_string_equal(text, "a\\x00b");
	free(text);
}

CASE("result: what a jemalloc's version does not tell is no number, and no part of another name")
{
	struct result_jemalloc j = { .absent =
		                             (char[]){ "stats.arenas.4096.tcache_stashed_bytes, stats.retained" },
		                     .retained = 7,
		                     .metadata = 8 };
	json_t *o = json_pack("{s:i, s:i, s:i}", "retained", 7, "metadata", 8, "stashed_bytes", 0);

	assert_false(result_jemalloc_has(&j, "stashed_bytes"));
	assert_false(result_jemalloc_has(&j, "retained"));
	assert_true(result_jemalloc_has(&j, "cached_bytes"));
	assert_true(result_jemalloc_has(&j, "metadata"));
	assert_int_equal(result_jemalloc_write(o, &j), 0);
	assert_null(json_object_get(o, "retained"));
	assert_null(json_object_get(o, "stashed_bytes"));
	assert_int_equal(json_integer_value(json_object_get(o, "metadata")), 8);
	json_decref(o);
}

CASE("result: a jemalloc's mutexes together, and the one that was waited for longest")
{
	struct result_mutex mutexes[] = {
		{ .name = (char[]){ "base" }, .waits = 2, .wait_ns = 100, .longest_wait_ns = 90 },
		{ .name = (char[]){ "bins" }, .waits = 1, .wait_ns = 300, .longest_wait_ns = 300 },
		{ .name = (char[]){ "large" }, .operations = 9 }
	};
	struct result_jemalloc j = { .mutexes = mutexes, .mutex_count = 3 };
	const struct result_mutex *worst;
	struct result_mutex all = result_jemalloc_waits(&j, &worst);

	assert_int_equal(all.waits, 3);
	assert_int_equal(all.wait_ns, 400);
	assert_int_equal(all.longest_wait_ns, 300);
	assert_string_equal(worst->name, "bins");
	j.mutexes += 2;
	j.mutex_count = 1;
	result_jemalloc_waits(&j, &worst);
	assert_null(worst);
}

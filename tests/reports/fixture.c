// Runs that are made up in code.
#include "fixture.h"

#include "compare_formats.h"
#include "harness.h"
#include "io.h"
#include "reports.h"
#include "rng.h"

#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture {
	char *dir, *journal_path;
	struct journal *journal;
};

// ---- the directory ------------------------------------------------------------------------------------------

static json_t *run_info(void)
{
	return json_pack(
	        "{s:s, s:s, s:i, s:{s:s}, s:{s:s}, s:[{s:s,s:s,s:s}], s:s, s:{s:s,s:i,s:I,s:s,s:s,s:s,s:s}}",
	        "stressgen", "0.1.0", "suite", "/home/user/stressgen-runs/suite", "seed", 42, "options", "depth",
	        "10000", "params", "slab-capacity", "6501171", "left_out", "kernel", "gc/weak", "dialect",
	        "python", "reason", "the dialect has no weak references", "again",
	        "stressgen run /home/user/stressgen-runs/suite --slab-capacity 6501171 --only ", "machine", "cpu",
	        "Example CPU @ 3.00GHz", "cores", 2, "memory_bytes", (json_int_t)8335126528, "kernel",
	        "6.1.0-28-amd64", "distro", "Debian GNU/Linux 12 (bookworm)", "libc", "glibc 2.36", "jemalloc",
	        "5.3.0-1");
}

static void append(struct fixture *f, const char *type, json_t *record)
{
	assert_non_null(record);
	assert_int_equal(journal_append(f->journal, type, record, false), 0);
	json_decref(record);
}

struct fixture *fixture_new_at(const char *dir, const char *name, size_t planned, const char *wall)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct err e = { 0 };
	json_t *info = run_info();
	char *path;

	assert_non_null(f);
	f->dir = io_join(dir, name);
	assert_int_equal(io_remove_tree(f->dir), 0);
	assert_int_equal(io_make_dirs(f->dir, &e), 0);
	path = io_join(f->dir, "run.json");
	assert_int_equal(json_dump_file(info, path, 0), 0);
	json_decref(info);
	free(path);
	f->journal_path = io_join(f->dir, "journal.jsonl");
	if (journal_create(f->journal_path, &f->journal, &e) < 0)
		fail_msg("%s", e.text);
	append(f, "header",
	       json_pack("{s:i, s:s, s:s, s:I}", "format", SG_RUN_VERSION, "run", name, "wall", wall, "tests",
	                 (json_int_t)planned));
	return f;
}

struct fixture *fixture_new(const char *dir, const char *name, size_t planned)
{
	return fixture_new_at(dir, name, planned, "2026-11-21T02:10:00Z");
}

void fixture_start(struct fixture *f, const char *id)
{
	char *text = result_utf8(id, strlen(id));

	append(f, "start", json_pack("{s:s, s:i}", "id", text, "attempt", 1));
	free(text);
}

void fixture_end(struct fixture *f, struct result *r)
{
	fixture_start(f, r->id);
	append(f, "end", result_to_json(r));
	result_deinit(r);
}

void fixture_stop(struct fixture *f, const char *reason)
{
	char *text = result_utf8(reason, strlen(reason));

	append(f, "stop", json_pack("{s:s}", "reason", text));
	free(text);
}

void fixture_append_bytes(struct fixture *f, const char *bytes, size_t len)
{
	int fd = open(f->journal_path, O_WRONLY | O_APPEND | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(io_write_all(fd, bytes, len), 0);
	close(fd);
}

void fixture_load(struct fixture *f, struct run *r)
{
	struct err e = { 0 };

	assert_int_equal(journal_close(f->journal), 0);
	*r = (struct run){ 0 };
	if (run_load(f->dir, r, &e) < 0)
		fail_msg("%s", e.text);
	free(f->dir);
	free(f->journal_path);
	free(f);
}

// ---- results ------------------------------------------------------------------------------------------------

struct result fixture_result(const char *id, enum verdict v)
{
	struct result r = { .id = strdup(id), .attempt = 1, .verdict = v, .expected = VERDICT_PASSED };

	r.as_expected = !verdict_is_bad(v);
	r.exit_code = v == VERDICT_FAILED;
	r.wall_ns = 40000000;
	r.user_ns = 30000000;
	r.sys_ns = 4000000;
	r.peak_rss_bytes = 4 << 20;
	r.done_seen = v == VERDICT_PASSED;
	r.checks_ok = 1;
	r.limits = strdup("wall time 60 s, memory 5.80 GiB by sampling");
	r.containment = strdup("cgroup v2");
	return r;
}

// Two sums of uniform numbers make a bell that is good enough.
static double bell(struct rng *rng)
{
	double sum = 0;

	for (unsigned i = 0; i < 12; i++)
		sum += (double)(rng_next(rng) >> 11) / (double)(UINT64_C(1) << 53);
	return sum - 6;
}

void fixture_latencies(struct result *r, const char *series, uint64_t median_ns, double spread, unsigned count,
                       uint64_t seed)
{
	struct hist *h = result_hist(r, series);
	struct rng rng;

	assert_non_null(h);
	rng_init(&rng, seed);
	for (unsigned i = 0; i < count; i++)
		hist_record(h, (uint64_t)((double)median_ns * exp(spread * fabs(bell(&rng))) *
		                          (rng_below(&rng, 200) == 0 ? 4 : 1)));
}

void *fixture_grow(void *items, size_t *count, size_t size)
{
	char *more = reallocarray(items, *count + 1, size);

	assert_non_null(more);
	memset(more + *count * size, 0, size);
	++*count;
	return more;
}

struct result_pool *fixture_pool(struct result *r, const char *name, uint64_t unit, uint64_t capacity,
                                 uint64_t high_water)
{
	struct result_pool *p;

	r->pools = fixture_grow(r->pools, &r->pool_count, sizeof *r->pools);
	p = &r->pools[r->pool_count - 1];
	p->name = strdup(name);
	p->role = strdup("pool");
	p->program = strdup("stressgen-lua");
	p->pid = 4711;
	p->unit_bytes = unit;
	p->capacity = capacity;
	p->high_water = high_water;
	p->acquires = 1000000;
	p->releases = 1000000;
	return p;
}

void fixture_gauge(struct result *r, const char *name, double value, const char *unit)
{
	r->gauges = fixture_grow(r->gauges, &r->gauge_count, sizeof *r->gauges);
	r->gauges[r->gauge_count - 1] = (struct result_gauge){ strdup(name), strdup(unit), value };
}

void fixture_case(struct result *r, const char *name, enum verdict v, uint64_t ns, const char *text)
{
	r->cases = fixture_grow(r->cases, &r->case_count, sizeof *r->cases);
	r->cases[r->case_count - 1] = (struct result_case){ strdup(name), strdup(text), v, ns };
}

void fixture_string(struct strings *s, const char *text)
{
	assert_int_equal(strings_add(s, text, strlen(text)), 0);
}

// ---- hostile texts ------------------------------------------------------------------------------------------

#define HOSTILE                                                                                                   \
	"<script>alert(1)</script> ]]> --> \"onload='x' & &lt; \\ {} %s \x1b[2J \x9b 31m \xe2\x80\xae \xef\xbf\xbe \r\n@@ x\t"

const char *const fixture_hostile_marks[] = { "<script>alert", "<script>\\", "\x1b",     "\xe2\x80\xae",
	                                      "\xef\xbf\xbe",  "\r",         "onload='", NULL };

// What a journal written by another hand may hold: texts that were not escaped beforehand.
static void set_raw(json_t *record, const char *key)
{
	json_object_set_new(record, key, json_string("raw \x1b[2J <script>\xe2\x80\xae \xef\xbf\xbe \r"));
}

static void add_hostile(struct fixture *f, const char *id, enum verdict v)
{
	struct result r = fixture_result(id, v);
	struct result_pool *p;
	json_t *record;

	fixture_latencies(&r, HOSTILE, 1000, 0.1, 200, 1);
	fixture_gauge(&r, HOSTILE, (double)NAN, HOSTILE);
	fixture_gauge(&r, "throughput", 1e300, HOSTILE);
	fixture_case(&r, HOSTILE, VERDICT_FAILED, 1, HOSTILE);
	fixture_case(&r, HOSTILE, VERDICT_SKIPPED, 1, HOSTILE);
	p = fixture_pool(&r, HOSTILE, UINT64_MAX, UINT64_MAX, UINT64_MAX);
	p->exhausted = UINT64_MAX;
	p->exhausted_ms = UINT64_MAX;
	fixture_string(&p->frames, HOSTILE);
	fixture_string(&r.leftovers, HOSTILE);
	r.first_bad_check = strdup(HOSTILE);
	r.tail = strdup(HOSTILE "\n" HOSTILE);
	fixture_start(f, id);
	record = result_to_json(&r);
	set_raw(record, "evidence");
	set_raw(record, "limits");
	append(f, "end", record);
	result_deinit(&r);
}

void fixture_hostile(const char *dir, const char *name, struct run *r)
{
	struct fixture *f = fixture_new(dir, name, UINT32_MAX);

	add_hostile(f, "http2/" HOSTILE, VERDICT_FAILED);
	add_hostile(f, HOSTILE "/x-1.<b>@1", VERDICT_CRASHED);
	add_hostile(f, HOSTILE "/x-1.y@2", VERDICT_SKIPPED);
	add_hostile(f, "gc/x-1.y@2", VERDICT_PASSED);
	add_hostile(f, "gc/x-1.y@3", VERDICT_SLAB_EXHAUSTED);
	fixture_start(f, HOSTILE);
	fixture_stop(f, HOSTILE);
	fixture_load(f, r);
	json_object_set_new(r->info, "again", json_string("run \x1b[2J <script> "));
}

// ---- reading --------------------------------------------------------------------------------------------------

char *fixture_read(const char *path)
{
	struct buf b = { 0 };
	struct err e = { 0 };

	if (io_read_file(path, 256U << 20, &b, &e) < 0)
		fail_msg("%s", e.text);
	return buf_take(&b);
}

char *fixture_terminal(const struct run *r, unsigned columns, int colour)
{
	struct term_style style = { .colour = colour, .columns = columns };
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(report_terminal(r, &style, "stressgen run suite --only ", out), 0);
	fclose(out);
	return text;
}

void fixture_samples(const struct run *a, const struct run *b, struct samples *s)
{
	*s = (struct samples){ 0 };
	assert_int_equal(samples_init(s), 0);
	assert_int_equal(samples_add_run(s, SAMPLE_BASE, a), 0);
	assert_int_equal(samples_add_run(s, SAMPLE_HEAD, b), 0);
	samples_sort(s);
}

char *fixture_compare(const struct run *a, const struct run *b, unsigned columns)
{
	struct term_style style = { .columns = columns };
	struct comparison c = { 0 };
	struct samples s;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	fixture_samples(a, b, &s);
	assert_int_equal(compare_make(&c, &s, NULL), 0);
	compare_text(&c, &style, out);
	fclose(out);
	compare_deinit(&c);
	samples_deinit(&s);
	return text;
}

// The native workloads: each runs, its figures are right, its checks find faults, bad words are refused.
#include "harness.h"
#include "program.h"

#include "bench.h"
#include "block.h"
#include "io.h"
#include "sample.h"
#include "verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- what it printed ------------------------------------------------------------------------------------------

struct seen {
	const char *wanted;
	double value;
	bool found;
	unsigned checks_ok, checks_bad, hists, bad_lines;
	bool done;
};

static void on_gauge(void *arg, const char *name, double value, const char *unit)
{
	struct seen *s = arg;

	(void)unit;
	if (s->wanted == NULL || strcmp(name, s->wanted) != 0)
		return;
	s->value = value;
	s->found = true;
}

static void on_check(void *arg, const char *name, bool ok, const char *text)
{
	struct seen *s = arg;

	(void)name;
	(void)text;
	s->checks_ok += ok;
	s->checks_bad += !ok;
}

static void on_hist(void *arg, const char *series, const char *base64, size_t len)
{
	struct hist *h = NULL;

	(void)series;
	assert_int_equal(hist_decode(base64, len, &h, NULL), 0);
	assert_true(h->total > 0);
	hist_free(h);
	((struct seen *)arg)->hists++;
}

static void on_done(void *arg)
{
	((struct seen *)arg)->done = true;
}

static void on_bad(void *arg, uint64_t line, const char *reason)
{
	print_message("line %llu: %s\n", (unsigned long long)line, reason);
	((struct seen *)arg)->bad_lines++;
}

static struct seen look(const char *gauge)
{
	struct seen s = { .wanted = gauge };
	const struct sample_sink sink = {
		.gauge = on_gauge, .check = on_check, .hist = on_hist, .done = on_done, .bad = on_bad, .arg = &s
	};
	struct sample_stream stream;

	assert_int_equal(sample_stream_init(&stream, &sink, NULL, NULL), 0);
	sample_stream_feed(&stream, buf_text(&program_out), program_out.len);
	sample_stream_end(&stream);
	sample_stream_deinit(&stream);
	return s;
}

static double gauge(const char *name)
{
	struct seen s = look(name);

	if (!s.found)
		fail_msg("no gauge '%s' in %s", name, buf_text(&program_out));
	return s.value;
}

static void run_well(const char *words)
{
	int code = program_run("stressgen-native", words);
	struct seen s;

	if (code != 0)
		fail_msg("'%s' ended with %d: %s%s", words, code, buf_text(&program_out), buf_text(&program_err));
	s = look(NULL);
	assert_true(s.done);
	assert_int_equal(s.bad_lines, 0);
	assert_int_equal(s.checks_bad, 0);
	assert_true(s.checks_ok > 0);
	assert_true(s.hists > 0);
}

// ---- each workload --------------------------------------------------------------------------------------------

CASE("native: every workload passes its checks and prints its figures, every call timed and every word compared")
{
	const struct workload *w;
	char words[256];

	for (size_t i = 0; (w = workload_at(i)) != NULL; i++) {
		if (w->needs_file)
			continue;
		snprintf(words, sizeof words, "%s sample=1 full-check=1", w->name);
		run_well(words);
		assert_true(gauge("throughput") > 0);
		assert_true(gauge("calls") > 0);
	}
}

CASE("native: every generated test of every workload can be configured, and its name fits into an id")
{
	const struct workload *w;

	for (size_t i = 0; (w = workload_at(i)) != NULL; i++) {
		assert_string_equal(workload_find(w->name)->summary, w->summary);
		assert_int_equal(strspn(w->name, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(w->name));
		for (const struct workload_case *c = w->cases; c != NULL && c->suffix != NULL; c++) {
			char *copy = strdup(c->values), *rest = copy, *words[BENCH_PARAMS];
			struct bench b = { 0 };
			struct err e = { 0 };
			int count = 0;

			for (char *word; (word = strsep(&rest, " ")) != NULL && *word != '\0';)
				words[count++] = word;
			if (bench_configure(&b, w, words, count, &e) < 0)
				fail_msg("%s: %s", w->name, e.text);
			free(copy);
		}
	}
}

CASE("native: calls and live bytes are what the parameters say")
{
	run_well("glibc-simple rounds=10 blocks=7 size=100 threads=3");
	assert_int_equal((int)gauge("calls"), 3 * 10 * 7 * 2);
	run_well("larson slots=10 rounds=100 generations=5 threads=2");
	assert_int_equal((int)gauge("calls"), 2 * (2 * 10 + 5 * 100 * 2));
	run_well("xmalloc batches=10 batch=16 threads=4");
	assert_int_equal((int)gauge("calls"), 2 * 10 * 16 * 2);
}

CASE("native: the same seed makes the same calls, another one others")
{
	double first, second;

	run_well("mstress threads=1 phases=2 scale=5000 seed=3");
	first = gauge("calls");
	run_well("mstress threads=1 phases=2 scale=5000 seed=3");
	second = gauge("calls");
	assert_true(first == second);
	run_well("mstress threads=1 phases=2 scale=5000 seed=4");
	assert_true(first != gauge("calls"));
}

// ---- the checks -----------------------------------------------------------------------------------------------

static struct lane *test_lane(bool full)
{
	static struct lane l;
	static struct bench b;

	b.common[WORKLOAD_SAMPLE] = 1U << 20;
	l = (struct lane){ .bench = &b, .until_sample = 1U << 20, .full_check = full };
	return &l;
}

CASE("native: any byte that changed is found in a full check, and one at either end or a page's in any")
{
	static const size_t sizes[] = { 1, 7, 8, 9, 15, 16, 100, 4096, 4103, 4104, 5000, 20000 };

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		for (size_t at = 0; at < sizes[i]; at++) {
			struct lane *l = test_lane(true);
			struct block b;

			assert_true(block_take(l, &b, sizes[i]));
			block_verify(l, &b);
			assert_int_equal(l->bad, 0);
			((char *)b.p)[at] ^= 1;
			block_verify(l, &b);
			if (l->bad != 1)
				fail_msg("byte %zu of %zu", at, sizes[i]);
			free(b.p);
			if (sizes[i] > 200)
				at += 37;
		}
	for (size_t i = 0; i < 3; i++) {
		const size_t at = (const size_t[]){ 0, 4096, 9999 }[i];
		struct lane *l = test_lane(false);
		struct block b;

		assert_true(block_take(l, &b, 10000));
		((char *)b.p)[at] ^= 1;
		block_verify(l, &b);
		assert_int_equal(l->bad, 1);
		free(b.p);
	}
}

CASE("native: a block that two were given, one that lost its content and calloc's that is not zero are found")
{
	struct lane *l = test_lane(false);
	struct block a, b, shorter;

	assert_true(block_take(l, &a, 64));
	assert_true(block_taken(l, &b, a.p, 64));
	block_verify(l, &a);
	assert_int_equal(l->bad, 1);
	assert_true(strstr(l->first_bad, "64 bytes") != NULL);
	block_verify(l, &b);
	assert_int_equal(l->bad, 1);
	free(a.p);

	assert_true(block_take(l, &a, 100000));
	shorter = a;
	assert_true(block_matches(a.p, 50, &a, false));
	assert_true(block_matches(a.p, 90000, &a, false));
	((char *)a.p)[8192] ^= 1;
	assert_false(block_matches(a.p, 90000, &shorter, false));
	assert_true(block_matches(a.p, 8000, &shorter, false));
	free(a.p);
}

CASE("native: a resized block is compared up to the smaller of its sizes, whatever they are")
{
	static const size_t sizes[] = { 1, 3, 8, 12, 16, 100, 4096, 4100, 4110, 9000, 100000 };
	const size_t count = sizeof sizes / sizeof sizes[0];

	for (unsigned full = 0; full < 2; full++)
		for (size_t from = 0; from < count; from++)
			for (size_t to = 0; to < count; to++) {
				struct lane *l = test_lane(full != 0);
				struct block b;

				assert_true(block_take(l, &b, sizes[from]));
				assert_true(block_resize(l, &b, sizes[to]));
				block_give(l, &b);
				if (l->bad != 0)
					fail_msg("%zu to %zu: %s", sizes[from], sizes[to], l->first_bad);
				assert_int_equal(l->live_bytes, 0);
			}
}

// ---- words ----------------------------------------------------------------------------------------------------

CASE("native: an unknown workload or parameter and a value out of range are refused with exit 2")
{
	assert_int_equal(program_run("stressgen-native", "larsn"), SG_EXIT_USAGE);
	program_assert(&program_err, "no workload 'larsn'");
	assert_int_equal(program_run("stressgen-native", "larson slot=3"), SG_EXIT_USAGE);
	program_assert(&program_err, "no parameter 'slot=3'");
	assert_int_equal(program_run("stressgen-native", "larson slots=0"), SG_EXIT_USAGE);
	program_assert(&program_err, "from 1 to 10000000");
	assert_int_equal(program_run("stressgen-native", "larson low=100 high=10"), SG_EXIT_USAGE);
	program_assert(&program_err, "low is above high");
	assert_int_equal(program_run("stressgen-native", "xmalloc threads=3"), SG_EXIT_USAGE);
	program_assert(&program_err, "must be even");
	assert_int_equal(program_run("stressgen-native", ""), SG_EXIT_USAGE);
}

// ---- CONTRIBUTING's recipe ------------------------------------------------------------------------------------

static const struct workload_param own_params[] = { { "times", 3, 1, 100, false, "how often" }, { 0 } };

static void own_work(struct lane *l)
{
	for (uint64_t i = 0; i < bench_value(l->bench, 0); i++) {
		struct block b;

		block_take(l, &b, 32);
		block_give(l, &b);
	}
}

static int own_run(struct bench *b, struct err *e)
{
	return bench_run(b, own_work, e);
}

CASE("native: a descriptor, its parameters and a work are all that a new workload needs")
{
	const struct workload own = { .name = "own",
		                      .summary = "as CONTRIBUTING.md says",
		                      .params = own_params,
		                      .threads = 2,
		                      .ops = OP_BIT(OP_MALLOC) | OP_BIT(OP_FREE),
		                      .run = own_run };
	char word[] = "times=5", every[] = "sample=1";
	char *words[] = { word, every };
	struct bench b = { 0 };
	struct buf readme = { 0 };
	struct err e = { 0 };

	if (bench_configure(&b, &own, words, 2, &e) < 0 || bench_perform(&b, &e) < 0)
		fail_msg("%s", e.text);
	buf_clear(&program_out);
	assert_true(bench_report(&b, &program_out));
	assert_int_equal((int)gauge("calls"), 2 * 5 * 2);
	assert_int_equal(look(NULL).hists, 2);
	bench_deinit(&b);
	assert_true(io_read_file(SG_SOURCE_DIR "/CONTRIBUTING.md", 1 << 20, &readme, NULL) >= 0);
	program_assert(&readme, "stress/native/workload.c");
	assert_non_null(workload_find("nop"));
	buf_deinit(&readme);
}

// What libstressalloc.so times, samples and keeps beyond its counters.
#include "harness.h"
#include "under.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t sizes_of(const struct heap_file *h)
{
	uint64_t sum = 0;

	for (unsigned c = 0; c < SG_HEAP_CLASSES; c++) {
		sum += h->shared_sizes[c];
		for (unsigned slot = 0; slot < SG_TELE_THREADS; slot++)
			sum += h->sizes[slot][c];
	}
	return sum;
}

static uint64_t timed(const struct heap_file *h, enum heap_function f)
{
	uint64_t sum = 0;

	const struct heap_lane *lane;
	unsigned at = 0;

	while ((lane = heap_next_lane(h, &at)) != NULL)
		for (unsigned i = 0; i < SG_HEAP_TIMES; i++)
			sum += lane->times[i][f];
	return sum;
}

static int64_t requests(const struct tele_file *t)
{
	return value(t, "malloc_calls") + value(t, "calloc_calls") + value(t, "realloc_calls") +
	       value(t, "memalign_calls");
}

CASE("interposer: sizes of all threads together are as many as requests")
{
	struct tele_file *t;
	struct heap_file *h;

	assert_int_equal(run(INTERPOSED " threads"), 0); // more threads than slots: some without one
	t = nth_file(0, 1);
	h = nth_heap(0, 1);
	// What came before there was a file is in the counters alone: the program's own start.
	assert_in_range(requests(t) - (int64_t)sizes_of(h), 0, 20);
	free(t);
	free(h);
}

CASE("interposer: a size is counted in its class")
{
	struct heap_file *h;
	uint64_t count = 0;

	assert_int_equal(run(INTERPOSED " handlers"), 0); // 2000 blocks of 24 bytes
	h = nth_heap(0, 1);
	for (unsigned slot = 0; slot < SG_TELE_THREADS; slot++)
		count += h->sizes[slot][heap_class(24)];
	assert_in_range(count, 2000, 2020);
	free(h);
}

CASE("interposer: with mode=every each call is timed, without one in 64")
{
	struct tele_file *t;
	struct heap_file *h;

	setenv("STRESSGEN_INTERPOSER", "mode=every", 1);
	assert_int_equal(run(INTERPOSED " handlers"), 0);
	t = nth_file(0, 1);
	h = nth_heap(0, 1);
	assert_int_equal(h->timed_every, 1);
	assert_in_range(value(t, "malloc_calls") - (int64_t)timed(h, HEAP_MALLOC), 0, 20);
	assert_in_range(value(t, "free_calls") - (int64_t)timed(h, HEAP_FREE), 0, 20);
	free(t);
	free(h);
	setenv("STRESSGEN_INTERPOSER", "time=64", 1);
	assert_int_equal(run(INTERPOSED " threads"), 0); // 1.6 million; a slotless thread's are not timed
	t = nth_file(0, 1);
	h = nth_heap(0, 1);
	assert_true(timed(h, HEAP_MALLOC) * 64 <= (uint64_t)value(t, "malloc_calls") * 11 / 10);
	assert_true(timed(h, HEAP_MALLOC) * 64 >= (uint64_t)value(t, "malloc_calls") / 2);
	free(t);
	free(h);
}

CASE("interposer: in the smaller modes nothing that is not counted stands there as 0")
{
	struct tele_file *t;
	struct heap_file *h;

	setenv("STRESSGEN_INTERPOSER", "mode=counters", 1);
	assert_int_equal(run(INTERPOSED " functions"), 0);
	t = nth_file(0, 1);
	h = nth_heap(0, 1);
	assert_true(value(t, "malloc_calls") > 100);
	for (unsigned i = 0; i < SG_TELE_COUNTERS; i++)
		assert_null(strstr(t->counters[i].name, "peak"));
	assert_int_equal(h->timed_every, 0);
	assert_int_equal(h->sample_bytes, 0);
	assert_int_equal(timed(h, HEAP_MALLOC), 0);
	free(t);
	free(h);
	setenv("STRESSGEN_INTERPOSER", "mode=live", 1);
	assert_int_equal(run(INTERPOSED " functions"), 0);
	t = nth_file(0, 1);
	h = nth_heap(0, 1);
	assert_true(value(t, "peak_bytes") > 0);
	assert_int_equal(timed(h, HEAP_MALLOC), 0);
	free(t);
	free(h);
}

CASE("interposer: what it cannot read in its options is said, and nothing is counted")
{
	struct tele_file *t;

	setenv("STRESSGEN_INTERPOSER", "mode=live fail=nht:3", 1);
	assert_int_equal(run(INTERPOSED " functions"), 0);
	t = nth_file(0, 1);
	assert_string_equal(t->note,
	                    "not instrumented: STRESSGEN_INTERPOSER cannot be read from here on: fail=nht:3");
	free(t);
}

// -- call stacks --------------------------------------------------------------------------------------------

// The site with most bytes at the peak.
static const struct heap_site *largest(const struct heap_file *h, const struct heap_site *but, uint64_t *bytes)
{
	const struct heap_site *found = NULL;
	uint64_t blocks, here;

	*bytes = 0;
	for (unsigned i = 0; i < SG_HEAP_SITES; i++) {
		heap_site_at_peak(h, &h->sites[i], &here, &blocks);
		if (here > *bytes && &h->sites[i] != but) {
			found = &h->sites[i];
			*bytes = here;
		}
	}
	assert_non_null(found);
	return found;
}

CASE("interposer: what was live at the peak is told by call stack, though it is freed at the end")
{
	const struct heap_site *first, *second;
	uint64_t bytes, small = 0;
	struct heap_file *h;

	// 64 MiB in small blocks, of which one in 64 is seen and stands for 64 KiB; 32 blocks of a MiB, which are
	// all seen.
	setenv("STRESSGEN_INTERPOSER", "sample=16K", 1);
	assert_int_equal(run(INTERPOSED " holds"), 0);
	h = nth_heap(0, 1);
	first = largest(h, NULL, &small);
	second = largest(h, first, &bytes);
	assert_in_range(small, (uint64_t)52 << 20, (uint64_t)76 << 20); // 1024 samples: six times their deviation
	assert_int_equal(bytes, (uint64_t)32 << 20);
	assert_true(first->live_bytes < (uint64_t)1 << 20);
	assert_int_equal(second->live_bytes, 1 << 20);
	assert_true(second->frame_count >= 3);
	assert_true(second->frames[1] != first->frames[0]);
	assert_int_equal(h->lost, 0);
	assert_in_range(h->lifetimes_taken, 20, 200); // one in 1024 of 65536
	free(h);
}

// A thousand samples each, from two stacks that differ in the addresses of two frames.
static void check_two_stacks(const char *command, unsigned one, unsigned other)
{
	const struct heap_site *sites[2];
	unsigned found = 0;
	struct heap_file *h;

	setenv("STRESSGEN_INTERPOSER", "sample=1K", 1); // blocks of 4 KiB are all sampled
	assert_int_equal(run(command), 0);
	h = nth_heap(0, 1);
	for (unsigned i = 0; i < SG_HEAP_SITES; i++)
		if (h->sites[i].samples >= 500) {
			assert_true(found < 2);
			sites[found++] = &h->sites[i];
		}
	assert_int_equal(found, 2);
	assert_int_equal(sites[0]->samples, 1000);
	assert_int_equal(sites[1]->samples, 1000);
	assert_true(sites[0]->frame_count >= 4);
	assert_int_equal(sites[0]->frame_count, sites[1]->frame_count);
	for (unsigned i = 0; i < sites[0]->frame_count; i++)
		assert_int_equal(sites[0]->frames[i] != sites[1]->frames[i], i == one || i == other);
	free(h);
}

CASE("interposer: a stack that comes again is told from one that differs in a single return address")
{
	check_two_stacks(INTERPOSED " turns", 1, 2); // where left and right call, and where they were called
}

CASE("interposer: a stack that comes again is told from one whose frames lie elsewhere, above what is left of it")
{
	check_two_stacks(INTERPOSED " slides", 1, 1);
}

CASE("interposer: the end of every sampled block is seen, however many are out")
{
	const struct heap_site *most = NULL;
	struct heap_file *h;

	setenv("STRESSGEN_INTERPOSER", "sample=1K time=1", 1); // those of a KiB and more, of which 3000 are out
	assert_int_equal(run(INTERPOSED " spans"), 0);
	h = nth_heap(0, 1);
	for (unsigned i = 0; i < SG_HEAP_SITES; i++)
		if (most == NULL || h->sites[i].samples > most->samples)
			most = &h->sites[i];
	assert_true(most->samples >= 3 * 3000);
	assert_int_equal(most->live_blocks, 0);
	assert_int_equal(most->live_bytes, 0);
	assert_int_equal(h->lost, 0);
	free(h);
}

CASE("interposer: fewer and fewer blocks have their end waited for, and count for more")
{
	struct heap_file *h;
	uint64_t sum = 0;

	assert_int_equal(run(INTERPOSED " lives"), 0);
	h = nth_heap(0, 1);
	for (unsigned i = 0; i < SG_HEAP_TIMES; i++)
		sum += h->lifetimes[i];
	assert_in_range(h->lifetimes_taken, 4096 - 700,
	                4096 + 700); // one in 1024 of 2^22, six times the deviation
	assert_in_range(h->lifetimes_freed, h->lifetimes_taken - 16, h->lifetimes_taken);
	assert_int_equal(sum, h->lifetimes_freed);
	free(h);
}

CASE("interposer: sampled blocks of threads that free each other's and of children are not lost")
{
	struct heap_file *h;

	setenv("STRESSGEN_INTERPOSER", "sample=1K time=1", 1);
	assert_int_equal(run(INTERPOSED " storm"), 0);
	assert_true(count_files() >= 21);
	for (size_t i = 0, files = count_files(); i < files; i++) {
		h = nth_heap(i, files);
		for (unsigned k = 0; k < SG_HEAP_SITES; k++)
			assert_true(h->sites[k].live_bytes < (uint64_t)1 << 30); // never below zero
		free(h);
	}
}

// -- refused requests and threads ---------------------------------------------------------------------------

CASE("interposer: a refused request keeps its stack, with the map to name it")
{
	const struct heap_failure *f;
	struct tele_file *t;
	struct heap_file *h;

	assert_int_equal(run(INTERPOSED " functions"), 0);
	t = nth_file(0, 1);
	h = nth_heap(0, 1);
	for (f = h->failures; f->count > 0; f++) {
		assert_false(f->injected);
		assert_true(f->frame_count >= 3);
	}
	assert_int_equal(f - h->failures, 4); // calloc, reallocarray, malloc, realloc
	assert_non_null(strstr(t->maps, "tests/alloc/interposed\n"));
	assert_non_null(strstr(t->maps, "libc.so"));
	assert_null(strstr(t->maps, "[stack]"));
	free(t);
	free(h);
}

CASE("interposer: each thread has its own counts, under its own name")
{
	struct heap_file *h;
	unsigned whole = 0;

	assert_int_equal(run(INTERPOSED " threads"), 0);
	h = nth_heap(0, 1);
	assert_int_equal(h->thread_count, SG_HEAP_THREADS);
	assert_true(h->threads_left_out > 0);
	assert_string_equal(h->threads[0].name, "interposed");
	assert_int_equal(h->threads[0].to_ns, 0); // the first one ends with the process
	for (unsigned i = 1; i < SG_HEAP_THREADS; i++) {
		assert_true(h->threads[i].to_ns >= h->threads[i].from_ns);
		assert_true(h->threads[i].values[0] <= 10001); // less where it had to wait for a slot
		whole += h->threads[i].values[0] == 10001;
	}
	assert_true(whole >= 60);
	free(h);
}

CASE("interposer: each thread has latencies of its own, which together are the process's")
{
	struct heap_file *h;
	uint64_t own = 0, shared = 0;

	setenv("STRESSGEN_INTERPOSER", "mode=every", 1);
	assert_int_equal(run(INTERPOSED " threads"), 0);
	h = nth_heap(0, 1);
	assert_int_equal(h->thread_count, SG_HEAP_THREADS);
	for (unsigned lane = 0; lane < SG_HEAP_LANES; lane++) {
		uint64_t sum = 0;

		for (unsigned i = 0; i < SG_HEAP_TIMES; i++)
			sum += h->lanes[lane].times[i][HEAP_MALLOC];
		if (lane < SG_HEAP_THREADS) {
			assert_int_equal(sum, h->threads[lane].values[0]);
			own += sum;
		} else {
			shared += sum;
		}
	}
	assert_int_equal(own + shared, timed(h, HEAP_MALLOC));
	assert_true(shared > 0); // of those that the list has no room for
	free(h);
}

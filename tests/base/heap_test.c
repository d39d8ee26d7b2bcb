// The second part of an interposer's telemetry file: its slots, and reading it without trust.
#include "heap.h"

#include "clock.h"
#include "harness.h"
#include "io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct whole {
	struct tele_file t;
	struct heap_file h;
};

static struct whole *make_whole(void)
{
	struct whole *w = calloc(1, sizeof *w);

	assert_non_null(w);
	memcpy(w->t.magic, SG_TELE_MAGIC, sizeof w->t.magic);
	w->t.version = SG_TELE_VERSION;
	w->t.bytes = sizeof *w;
	w->t.role = TELE_INTERPOSER;
	memcpy(w->h.magic, SG_HEAP_MAGIC, sizeof w->h.magic);
	w->h.version = SG_HEAP_VERSION;
	w->h.bytes = sizeof w->h;
	return w;
}

static int read_back(const struct whole *w, size_t len, struct heap_file *out)
{
	char *path = io_join(harness_tmpdir(), "interposer-1-1");
	int rc;

	assert_int_equal(io_replace_file(path, w, len, NULL), 0);
	rc = heap_read(path, out, NULL);
	free(path);
	return rc;
}

CASE("heap: a time's slot rises with it, and its middle is within a sixteenth")
{
	struct hist *h = hist_new(3);
	unsigned last = 0;

	for (uint64_t ticks = 1; ticks < UINT64_C(1) << 40; ticks += ticks / 7 + 1) {
		uint64_t times[SG_HEAP_TIMES] = { 0 };
		unsigned slot = heap_time_slot(ticks);
		double middle;

		assert_true(slot >= last && slot < SG_HEAP_TIMES);
		last = slot;
		times[slot] = 1;
		hist_reset(h);
		heap_times_to_hist(times, 1.0, h);
		middle = (double)h->max;
		assert_true(middle >= (double)ticks * (1 - 1 / 15.0) - 1);
		assert_true(middle <= (double)ticks * (1 + 1 / 15.0) + 1);
	}
	assert_int_equal(heap_time_slot(UINT64_MAX), SG_HEAP_TIMES - 1);
	hist_free(h);
}

CASE("heap: ticks are turned into ns by what both clocks say now")
{
	struct heap_file *h = calloc(1, sizeof *h);
	const uint64_t before = clock_now_ns() > 10 * SG_NS_PER_S ? 10 * SG_NS_PER_S : 1;
	double found;

	// As if in that time the clock had ticked twice a ns.
	h->clock_ns = clock_now_ns() - before;
	h->clock_ticks = heap_ticks() - 2 * before;
	found = heap_ns_per_tick(h);
	assert_true(found > 0.3 && found < 0.8);
	h->clock_ns = 0;
	assert_true(heap_ns_per_tick(h) == 0);
	free(h);
}

CASE("heap: a file that lies about its lengths is read within bounds, one without that part is told")
{
	struct whole *w = make_whole();
	struct heap_file *out = malloc(sizeof *out);

	w->h.sites[5].frame_count = UINT64_MAX;
	w->h.failures[1].frame_count = UINT32_MAX;
	w->h.thread_count = UINT64_MAX;
	w->h.threads[3].tid = 9;
	w->h.threads[3].slot = 4711;
	memset(w->h.threads[2].name, 'x', sizeof w->h.threads[2].name);
	w->h.lifetimes_freed = 7;
	assert_int_equal(read_back(w, sizeof *w, out), 0);
	assert_int_equal(out->sites[5].frame_count, SG_HEAP_FRAMES);
	assert_int_equal(out->failures[1].frame_count, SG_HEAP_FRAMES);
	assert_int_equal(out->thread_count, SG_HEAP_THREADS);
	assert_int_equal(out->threads[3].tid, 0);
	assert_int_equal(out->threads[2].name[15], '\0');
	assert_int_equal(out->lifetimes_freed, 0);
	assert_int_equal(read_back(w, sizeof *w - 1, out), -ENODATA);
	assert_int_equal(read_back(w, sizeof w->t, out), -ENODATA);
	assert_int_equal(read_back(w, 10, out), -ENODATA);
	w->h.version++;
	assert_int_equal(read_back(w, sizeof *w, out), -ENODATA);
	w->h.version--;
	w->t.role = TELE_PROBE;
	assert_int_equal(read_back(w, sizeof *w, out), -ENODATA);
	assert_int_equal(heap_read("/no/such/file", out, NULL), -ENOENT);
	free(w);
	free(out);
}

CASE("heap: a thread that still ran has what its slot counted since it came")
{
	struct whole *w = make_whole();
	struct heap_file *out = malloc(sizeof *out);

	w->h.thread_count = 2;
	w->h.threads[0] = (struct heap_thread){ .tid = 1, .slot = 0, .to_ns = 5, .values = { 40 } };
	w->h.threads[1] = (struct heap_thread){ .tid = 2, .slot = 0, .values = { 100 } };
	w->t.threads[0].values[0] = 130;
	assert_int_equal(read_back(w, sizeof *w, out), 0);
	assert_int_equal(out->threads[0].values[0], 40);
	assert_int_equal(out->threads[1].values[0], 30);
	free(w);
	free(out);
}

CASE("heap: small requests are among the sizes, the calls and the bytes of their slots, and of running threads")
{
	struct whole *w = make_whole();
	struct heap_file *out = malloc(sizeof *out);
	struct tele_file *t = malloc(sizeof *t);
	char *path = io_join(harness_tmpdir(), "interposer-1-1");

	strcpy(w->t.counters[SG_HEAP_CALLS].name, "malloc_calls");
	strcpy(w->t.counters[SG_HEAP_REQUESTED].name, "requested_bytes");
	strcpy(w->t.counters[9].name, "live_blocks");
	w->t.counters[SG_HEAP_CALLS].value = 1000;
	w->t.threads[2].values[SG_HEAP_CALLS] = 100;
	w->h.thread_count = 1;
	w->h.threads[0] = (struct heap_thread){ .tid = 1, .slot = 2, .values = { 101, 0, 20 } };
	w->h.sizes[2][heap_class(100)] = 7;
	w->h.small[2][0] = 2;
	w->h.small[2][100] = 3;
	w->h.small[2][97] = 4;
	w->h.small[5][SG_HEAP_SMALL - 1] = 5;
	assert_int_equal(read_back(w, sizeof *w, out), 0);
	assert_int_equal(out->sizes[2][heap_class(0)], 2);
	assert_int_equal(out->sizes[2][heap_class(100)], 14);
	assert_int_equal(out->sizes[5][heap_class(SG_HEAP_SMALL - 1)], 5);
	assert_int_equal(out->threads[0].values[SG_HEAP_CALLS], 100 + 9 - 101);
	assert_int_equal(out->threads[0].values[SG_HEAP_REQUESTED], 300 + 388 - 20);
	assert_int_equal(telemetry_read(path, t, NULL), 0);
	assert_int_equal(t->counters[SG_HEAP_CALLS].value, 1000 + 100 + 9 + 5);
	assert_int_equal(t->counters[SG_HEAP_REQUESTED].value, 300 + 388 + 5 * (SG_HEAP_SMALL - 1));
	assert_int_equal(t->counters[9].value, 1000 + 100 + 9 + 5);

	// As it was written before there were any.
	w->h.version = 3;
	w->h.bytes = offsetof(struct heap_file, small);
	w->t.bytes -= (uint32_t)sizeof w->h.small;
	assert_int_equal(read_back(w, sizeof *w - sizeof w->h.small, out), 0);
	assert_int_equal(out->sizes[2][heap_class(100)], 7);
	assert_int_equal(out->small[2][100], 0);
	assert_int_equal(telemetry_read(path, t, NULL), 0);
	assert_int_equal(t->counters[SG_HEAP_CALLS].value, 1000 + 100);
	w->h.version = 2;
	assert_int_equal(read_back(w, sizeof *w - sizeof w->h.small, out), -ENODATA);
	free(path);
	free(t);
	free(w);
	free(out);
}

CASE("heap: a stack that changed after the peak still tells what it had out then")
{
	struct heap_file *h = calloc(1, sizeof *h);
	struct heap_site *s = &h->sites[1];
	uint64_t bytes, blocks;

	*s = (struct heap_site){
		.live_bytes = 10, .live_blocks = 1, .peak_bytes = 900, .peak_blocks = 9, .peak_seen = 4
	};
	h->peak_number = 4;
	heap_site_at_peak(h, s, &bytes, &blocks);
	assert_int_equal(bytes, 900);
	assert_int_equal(blocks, 9);
	h->peak_number = 5; // a later peak, and nothing has changed since
	heap_site_at_peak(h, s, &bytes, &blocks);
	assert_int_equal(bytes, 10);
	assert_int_equal(blocks, 1);
	free(h);
}

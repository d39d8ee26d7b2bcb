// Telemetry files into results.
#include "harvest.h"
#include "harvest_heap.h"
#include "heap.h"
#include "lab.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct field {
	char *in, *copy;
	struct tele_file *t, *scratch;
	struct result result;
};

static struct field make_field(void)
{
	static unsigned count;
	struct field f = { 0 };
	char name[32];

	snprintf(name, sizeof name, "in%u", count);
	f.in = io_join(harness_tmpdir(), name);
	snprintf(name, sizeof name, "a/copy%u", count++);
	f.copy = io_join(harness_tmpdir(), name);
	assert_int_equal(mkdir(f.in, 0777), 0);
	f.t = calloc(1, sizeof *f.t);
	f.scratch = malloc(sizeof *f.scratch);
	assert_true(f.t != NULL && f.scratch != NULL);
	memcpy(f.t->magic, SG_TELE_MAGIC, sizeof f.t->magic);
	f.t->version = SG_TELE_VERSION;
	f.t->bytes = sizeof *f.t;
	f.t->role = TELE_POOL;
	f.t->pid = 42;
	strcpy(f.t->program, "lua-host");
	return f;
}

static void write_file(const struct field *f, const char *name, size_t len)
{
	char *path = io_join(f->in, name);

	assert_int_equal(io_replace_file(path, f->t, len, NULL), 0);
	free(path);
}

static void end_field(struct field *f)
{
	result_deinit(&f->result);
	free(f->in);
	free(f->copy);
	free(f->t);
	free(f->scratch);
}

CASE("harvest: pools with figures, frames and the time of exhaustion, and counters, are in the result")
{
	struct field f = make_field();
	struct tele_pool *p = &f.t->pools[0];
	struct stat st;
	char *copied;

	strcpy(p->name, "lua-slab");
	*p = (struct tele_pool){ .name = "lua-slab",
		                 .unit_bytes = 1,
		                 .capacity = 1000,
		                 .used = 900,
		                 .high_water = 1000,
		                 .acquires = 7,
		                 .releases = 3,
		                 .exhausted = 1,
		                 .exhausted_ns = UINT64_C(5000000000),
		                 .request_bytes = 64,
		                 .depth = 12,
		                 .frame_count = 3,
		                 .frames = { 0x1100, 0x2050, 0x9999 },
		                 .text = "sum at a.lua:3\nmain chunk\n" };
	strcpy(f.t->maps, "1000-2000 r-xp 00003000 08:01 77                         /usr/lib/libx.so\n"
	                  "2000-3000 r-xp 00000000 00:00 0 \n"
	                  "7000-8000 r-xp 00000000 08:01 78                         /bin/y z\n");
	f.t->maps_len = strlen(f.t->maps);
	strcpy(f.t->counters[0].name, "malloc_calls");
	f.t->counters[0].value = 99;
	write_file(&f, "pool-42-7", sizeof *f.t);
	assert_int_equal(harvest(f.in, f.copy, UINT64_C(4000000000), f.scratch, &f.result), 1);
	assert_int_equal(f.result.pool_count, 1);
	assert_string_equal(f.result.pools[0].name, "lua-slab");
	assert_string_equal(f.result.pools[0].role, "pool");
	assert_string_equal(f.result.pools[0].program, "lua-host");
	assert_int_equal(f.result.pools[0].pid, 42);
	assert_int_equal(f.result.pools[0].high_water, 1000);
	assert_int_equal(f.result.pools[0].exhausted_ms, 1000);
	assert_int_equal(f.result.pools[0].frames.count, 5);
	assert_string_equal(f.result.pools[0].frames.items[0], "sum at a.lua:3");
	assert_string_equal(f.result.pools[0].frames.items[1], "main chunk");
	assert_string_equal(f.result.pools[0].frames.items[2], "/usr/lib/libx.so+0x3100");
	assert_string_equal(f.result.pools[0].frames.items[3], "0x2050"); // no file there
	assert_string_equal(f.result.pools[0].frames.items[4], "0x9999");
	assert_int_equal(f.result.counters_count, 1);
	assert_string_equal(f.result.counters[0].items[0].name, "malloc_calls");
	assert_string_equal(f.result.counters[0].items[0].value, "99");
	assert_ptr_equal(harvest_first_exhausted(&f.result), &f.result.pools[0]);
	copied = io_join(f.copy, "pool-42-7");
	assert_int_equal(stat(copied, &st), 0);
	assert_int_equal(st.st_size, sizeof *f.t);
	assert_int_equal(telemetry_read(copied, f.scratch, NULL), 0);
	assert_memory_equal(f.scratch, f.t, sizeof *f.t);
	free(copied);
	end_field(&f);
}

CASE("harvest: without files nothing is made")
{
	struct field f = make_field();

	assert_int_equal(harvest(f.in, f.copy, 0, f.scratch, &f.result), 0);
	assert_int_equal(access(f.copy, F_OK), -1);
	assert_null(harvest_first_exhausted(&f.result));
	assert_int_equal(harvest("/no/such/dir", f.copy, 0, f.scratch, &f.result), -ENOENT);
	end_field(&f);
}

CASE("harvest: a file that is cut or of another version is noted, and the others are read")
{
	struct field f = make_field();

	strcpy(f.t->counters[0].name, "n");
	f.t->counters[0].value = 1;
	write_file(&f, "a-good", sizeof *f.t);
	write_file(&f, "b-cut", 100);
	f.t->version = 99;
	write_file(&f, "c-later", sizeof *f.t);
	assert_int_equal(harvest(f.in, f.copy, 0, f.scratch, &f.result), 3);
	assert_int_equal(f.result.counters_count, 3);
	for (size_t i = 0, good = 0; i < 3; i++) {
		good += f.result.counters[i].count;
		if (f.result.counters[i].count == 0)
			assert_non_null(f.result.counters[i].note);
		assert_true(i < 2 || good == 1);
	}
	end_field(&f);
}

CASE("harvest: very many processes are added up, sums by adding and peaks by the highest")
{
	struct field f = make_field();
	uint64_t calls = 0;
	uint64_t peak = 0;

	strcpy(f.t->counters[0].name, "malloc_calls");
	strcpy(f.t->counters[1].name, "peak_bytes");
	for (unsigned i = 0; i < 3 * HARVEST_PROCESSES; i++) {
		char name[32];

		f.t->counters[0].value = 10;
		f.t->counters[1].value = i;
		snprintf(name, sizeof name, "interposer-%u-1", i);
		write_file(&f, name, sizeof *f.t);
	}
	assert_int_equal(harvest(f.in, f.copy, 0, f.scratch, &f.result), 3 * HARVEST_PROCESSES);
	assert_int_equal(f.result.counters_count, HARVEST_PROCESSES + 1);
	for (size_t i = 0; i < f.result.counters_count; i++) {
		const uint64_t p = strtoull(f.result.counters[i].items[1].value, NULL, 10);

		calls += strtoull(f.result.counters[i].items[0].value, NULL, 10);
		peak = p > peak ? p : peak;
	}
	assert_int_equal(calls, 30 * HARVEST_PROCESSES);
	assert_int_equal(peak, 3 * HARVEST_PROCESSES - 1);
	end_field(&f);
}

// An interposer's file with a second part, as the last one written; its head is `f`'s.
static struct heap_file *begin_heap(struct field *f)
{
	struct heap_file *h = calloc(1, sizeof *h);

	assert_non_null(h);
	memcpy(h->magic, SG_HEAP_MAGIC, sizeof h->magic);
	h->version = SG_HEAP_VERSION;
	h->bytes = sizeof *h;
	f->t->role = TELE_INTERPOSER;
	f->t->bytes = sizeof *f->t + sizeof *h;
	strcpy(f->t->counters[0].name, "malloc_calls");
	strcpy(f->t->counters[2].name, "peak_bytes"); // the one between is not counted
	f->t->counters[2].value = UINT64_C(10) << 20;
	return h;
}

static void write_both(const struct field *f, const struct heap_file *h)
{
	char *path = io_join(f->in, "interposer-42-7");
	struct buf whole = { 0 };

	buf_add(&whole, f->t, sizeof *f->t);
	buf_add(&whole, h, sizeof *h);
	assert_int_equal(io_replace_file(path, whole.data, whole.len, NULL), 0);
	buf_deinit(&whole);
	free(path);
}

CASE("harvest: an interposer's sizes, stacks, refusals and threads are in the result")
{
	struct field f = make_field();
	struct heap_file *h = begin_heap(&f);
	const struct result_heap *got;

	strcpy(f.t->maps, "1000-2000 r-xp 00000000 08:01 77                         /bin/x\n");
	f.t->maps_len = strlen(f.t->maps);
	h->sizes[0][4] = 5;
	h->sizes[63][4] = 6;
	h->shared_sizes[4] = 7;
	h->peak_number = 3;
	for (unsigned i = 0; i < 30; i++) // the later, the more
		h->sites[i] = (struct heap_site){
			.hash = 1, .live_bytes = i, .peak_seen = 2, .frame_count = 1, .frames = { 0x1000 + i }
		};
	h->failures[0] = (struct heap_failure){
		.count = 2, .at_ns = 9000000, .bytes = 77, .nth = 5, .function = HEAP_REALLOC, .injected = 1
	};
	h->thread_count = 2;
	h->threads[1] = (struct heap_thread){ .tid = 8, .to_ns = 1, .name = "worker", .values = { 12 } };
	write_both(&f, h);
	assert_int_equal(harvest(f.in, f.copy, 1000000, f.scratch, &f.result), 1);
	assert_int_equal(f.result.counters_count, 1);
	assert_int_equal(f.result.counters[0].count, 2);
	got = f.result.counters[0].heap;
	assert_non_null(got);
	assert_int_equal(got->size_count, 1);
	assert_int_equal(got->sizes[0].bytes, 64);
	assert_int_equal(got->sizes[0].count, 18);
	assert_int_equal(got->site_count, HARVEST_SITES);
	assert_int_equal(got->sites_left_out, 30 - HARVEST_SITES);
	assert_int_equal(got->sites[0].peak_bytes, 29);
	assert_string_equal(got->sites[0].frames.items[0], "/bin/x+0x1d");
	assert_string_equal(got->refusals[0].function, "realloc");
	assert_int_equal(got->refusals[0].at_ms, 8);
	assert_true(got->refusals[0].injected);
	assert_int_equal(got->thread_count, 1);
	assert_string_equal(got->threads[0].name, "worker");
	assert_int_equal(got->threads[0].takes, 12);
	free(h);
	end_field(&f);
}

CASE("harvest: where most of the memory was not malloc's, it is said")
{
	struct field f = make_field();
	struct heap_file *h = begin_heap(&f);

	write_both(&f, h);
	assert_int_equal(harvest(f.in, f.copy, 0, f.scratch, &f.result), 1);
	f.result.peak_rss_bytes = UINT64_C(39) << 20; // a small program is mostly code
	assert_int_equal(harvest_note_unseen(&f.result, "/usr/bin/prog", NULL), 0);
	assert_null(f.result.counters[0].note);
	f.result.peak_rss_bytes = UINT64_C(200) << 20;
	assert_int_equal(harvest_note_unseen(&f.result, "/usr/bin/prog", NULL), 0);
	assert_non_null(strstr(f.result.counters[0].note, "mostly not instrumented: of 200 MiB"));
	assert_non_null(strstr(f.result.counters[0].note, "malloc had 10.0 MiB"));
	assert_non_null(strstr(f.result.counters[0].note, "(a heap of its own, files, code)"));
	free(f.result.counters[0].note);
	f.result.counters[0].note = NULL;
	assert_int_equal(harvest_note_unseen(&f.result, f.result.counters[0].program, "jemalloc"), 0);
	assert_non_null(strstr(f.result.counters[0].note, "(jemalloc is linked into it under names of its own)"));
	free(h);
	end_field(&f);
}

// Slabs over time, from files that another process writes.
#include "fill.h"
#include "harness.h"
#include "io.h"
#include "telemetry.h"

#include <stdlib.h>
#include <string.h>

static void write_pool(const char *path, uint64_t used)
{
	struct tele_file *t = calloc(1, sizeof *t);

	memcpy(t->magic, SG_TELE_MAGIC, sizeof t->magic);
	t->version = SG_TELE_VERSION;
	t->bytes = sizeof *t;
	t->pid = 42;
	strcpy(t->pools[3].name, "values");
	t->pools[3].used = used;
	t->pools[3].capacity = 1000;
	assert_int_equal(io_replace_file(path, t, sizeof *t, NULL), 0);
	free(t);
}

CASE("fill: each look is a row of the pool that it was of, and the end is behind them")
{
	static struct fill f;
	struct scratch_dir dir;
	struct result r = { .wall_ns = 900000000 };
	char *path, *torn;

	assert_int_equal(scratch_dir_init(&dir, harness_tmpdir(), 0), 0);
	path = io_join(dir.path, "probe-42-1");
	torn = io_join(dir.path, "probe-43-1");
	fill_look(&f, &dir, 50000000); // nothing is there yet
	assert_int_equal(io_replace_file(torn, "SGTELE1", 8, NULL), 0);
	for (uint64_t i = 1; i <= 3; i++) {
		write_pool(path, 100 * i);
		fill_look(&f, &dir, i * 100000000);
	}
	r.pools = calloc(1, sizeof *r.pools);
	r.pool_count = 1;
	r.pools[0] = (struct result_pool){ .name = strdup("values"), .pid = 42, .used = 7, .capacity = 1000 };
	fill_end(&f, &r);
	assert_int_equal(r.pools[0].fill.count, 4);
	assert_int_equal(r.pools[0].fill.values[POOL_AT_MS], 100);
	assert_int_equal(r.pools[0].fill.values[2 * POOL_COLUMNS + POOL_USED], 300);
	assert_int_equal(r.pools[0].fill.values[3 * POOL_COLUMNS + POOL_AT_MS], 900);
	assert_int_equal(r.pools[0].fill.values[3 * POOL_COLUMNS + POOL_USED], 7);
	assert_int_equal(f.count, 0);
	result_deinit(&r);
	scratch_dir_deinit(&dir);
	free(path);
	free(torn);
}

// Its live bytes are what threads took and did not give back.
static void write_heap(const char *path, uint64_t taken, uint64_t freed)
{
	static const char *const names[] = { "usable_bytes", "freed_bytes", "live_bytes", "requested_bytes" };
	struct tele_file *t = calloc(1, sizeof *t);

	memcpy(t->magic, SG_TELE_MAGIC, sizeof t->magic);
	t->version = SG_TELE_VERSION;
	t->bytes = sizeof *t;
	t->role = TELE_INTERPOSER;
	t->pid = 42;
	strcpy(t->program, "maker");
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		strcpy(t->counters[i].name, names[i]);
	t->threads[5].values[0] = taken;
	t->threads[6].values[1] = freed;
	t->threads[6].values[3] = taken - 1;
	assert_int_equal(io_replace_file(path, t, sizeof *t, NULL), 0);
	free(t);
}

CASE("fill: a process's live bytes over time are those of all its threads, and go to its heap")
{
	static struct fill f;
	struct scratch_dir dir;
	struct result r = { .wall_ns = 900000000 };
	const uint64_t *row;
	char *path;

	assert_int_equal(scratch_dir_init(&dir, harness_tmpdir(), 0), 0);
	path = io_join(dir.path, "interposer-42-1");
	for (uint64_t i = 1; i <= 3; i++) {
		write_heap(path, 1000 * i, 100);
		fill_look(&f, &dir, i * 100000000);
	}
	r.counters = calloc(1, sizeof *r.counters);
	r.counters_count = 1;
	r.counters[0] = (struct result_counters){ .role = strdup("interposer"),
		                                  .program = strdup("maker"),
		                                  .pid = 42,
		                                  .heap = calloc(1, sizeof(struct result_heap)) };
	fill_end(&f, &r);
	assert_int_equal(r.counters[0].heap->course.count, 4);
	row = r.counters[0].heap->course.values;
	assert_int_equal(row[HEAP_AT_MS], 100);
	assert_int_equal(row[HEAP_LIVE], 900);
	assert_int_equal(row[HEAP_REQUESTED], 999);
	assert_int_equal(row[HEAP_RSS], 0); // no process of ours has made that file
	assert_int_equal(row[2 * HEAP_COLUMNS + HEAP_LIVE], 2900);
	assert_int_equal(row[3 * HEAP_COLUMNS + HEAP_AT_MS], 900);
	result_deinit(&r);
	scratch_dir_deinit(&dir);
	free(path);
}

// Telemetry files into results.
#include "harvest.h"
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

// libstressjemalloc.so in a program that is linked to jemalloc: what it says of the slabs, and what a cap does.
#include "harness.h"
#include "io.h"
#include "jemalloc_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef SG_NO_JEMALLOC_USER
#define USER ""
#else
#define USER SG_BUILD_DIR "/tests/alloc/jemalloc_user"
#endif
#define LIBRARY SG_BUILD_DIR "/lib/stressgen/libstressalloc.so"
#define LUA SG_BUILD_DIR "/libexec/stressgen/stressgen-lua"
#define OLD SG_BUILD_DIR "/tests/alloc/libold_jemalloc.so"
#define MIB (UINT64_C(1) << 20)

static char said[256]; // by the program

static int run(const char *environment, const char *words)
{
	char command[2048];
	FILE *out;

	if (USER[0] == '\0')
		harness_skip("libjemalloc was not there at build time");
	snprintf(command, sizeof command,
	         "export STRESSGEN_TELEMETRY_DIR=%s %s; LD_PRELOAD=" LIBRARY
	         "${SG_OLD_JEMALLOC:+:$SG_OLD_JEMALLOC} " USER " %s 2>/dev/null",
	         harness_tmpdir(), environment, words);
	out = popen(command, "r");
	assert_non_null(out);
	said[fread(said, 1, sizeof said - 1, out)] = '\0';
	return pclose(out);
}

static struct tele_file head;
static struct jemalloc_file body;

// Reads the n-th (from 0) of the files that begin with "jemalloc-"; how many there are.
static int read_files(int n)
{
	const char *dir = harness_tmpdir();
	DIR *d = opendir(dir);
	const struct dirent *entry;
	struct err e = { 0 };
	int count = 0;

	assert_non_null(d);
	while ((entry = readdir(d)) != NULL) {
		char *path;

		if (strncmp(entry->d_name, "jemalloc-", 9) != 0)
			continue;
		path = io_join(dir, entry->d_name);
		if (count++ == n &&
		    (telemetry_read(path, &head, &e) < 0 || jemalloc_file_read(path, &body, &e) < 0))
			fail_msg("%s", e.text);
		free(path);
	}
	closedir(d);
	return count;
}

static const struct jemalloc_bin *find_bin(uint64_t bytes)
{
	for (uint64_t i = 0; i < body.bin_count; i++)
		if (body.bins[i].region_bytes == bytes)
			return &body.bins[i];
	fail_msg("no size class of %d bytes", (int)bytes);
	return NULL;
}

CASE("jemalloc watch: at the end the slabs of each size class are those of what is out")
{
	const struct jemalloc_bin *b;

	assert_int_equal(run("", "100000"), 0);
	assert_string_equal(said, "100000");
	assert_int_equal(read_files(0), 1);
	assert_string_equal(head.program, "jemalloc_user");
	assert_int_equal(head.role, TELE_JEMALLOC);
	b = find_bin(64);
	assert_int_equal(b->slab_regions * 64, b->slab_bytes);
	assert_in_range(b->regions, 100000, 101000);
	assert_in_range(b->slabs, 100000 / b->slab_regions, 100000 / b->slab_regions + 10);
	assert_true(b->requests >= 50000);
	assert_true(body.now.allocated >= 6400000);
	assert_true(body.now.active >= body.now.allocated);
	assert_true(body.now.mapped >= body.now.active);
	assert_true(body.now.region_bytes >= 6400000);
	assert_true(body.now.slab_bytes >= body.now.region_bytes);
	assert_int_equal(head.pools[0].name[0], 0); // no cap
}

static const struct jemalloc_mutex *find_mutex(const char *name)
{
	for (uint64_t i = 0; i < body.mutex_count; i++)
		if (strcmp(body.mutexes[i].name, name) == 0)
			return &body.mutexes[i];
	fail_msg("no mutex %s", name);
	return NULL;
}

CASE("jemalloc watch: thread caches, purging, decay and mutexes are those of a program that gives back")
{
	uint64_t operations = 0;

	assert_int_equal(run("MALLOC_CONF=dirty_decay_ms:0,muzzy_decay_ms:-1", "100000 half"), 0);
	assert_int_equal(read_files(0), 1);
	assert_string_equal(body.absent, ""); // of 5.3 all is known
	assert_int_equal(body.dirty_decay_ms, 0);
	assert_int_equal(body.muzzy_decay_ms, -1);
	assert_true(find_bin(64)->fills >= 10);
	assert_true(find_bin(64)->flushes >= 10);
	assert_in_range(body.now.cached_bytes, 64, 1 << 20);
	assert_true(body.now.small_bytes >= 50000 * 64);
	assert_true(body.now.dirty_purges + body.now.muzzy_purges > 0);
	assert_true(body.now.metadata > 0);
	for (uint64_t i = 0; i < body.bin_count; i++)
		operations += body.bins[i].mutex_operations;
	assert_int_equal(find_mutex("bins")->operations, operations);
	assert_true(find_mutex("base")->operations > 0);
	assert_int_equal(find_mutex("extents_dirty")->waits, 0); // one thread, and ours looks at the end
}

CASE("jemalloc watch: what was given back is counted in bytes")
{
	assert_int_equal(run("MALLOC_CONF=dirty_decay_ms:0,muzzy_decay_ms:0", "100000 none"), 0);
	assert_int_equal(read_files(0), 1);
	assert_true(body.now.dirty_purged_bytes >= 100000 * 64 * 9 / 10); // each slab, at once
	assert_true(body.now.dirty_madvises > 0);
	assert_int_equal(body.now.dirty_bytes, 0);
}

CASE("jemalloc watch: what an older version has no names for is said, and is 0 in the file")
{
	assert_int_equal(run("SG_OLD_JEMALLOC=" OLD, "1000"), 0);
	assert_int_equal(read_files(0), 1);
	assert_string_equal(head.note, "");
	assert_non_null(strstr(body.absent, "stats.arenas.4096.tcache_stashed_bytes"));
	assert_non_null(strstr(body.absent, "stats.arenas.4096.mutexes.hpa_sec"));
	assert_null(strstr(body.absent, "stats.arenas.4096.mutexes.hpa_sec.")); // the mutex, not each count of it
	assert_null(strstr(body.absent, "tcache_bytes,"));
	assert_true(find_bin(64)->regions >= 1000);
	for (uint64_t i = 0; i < body.mutex_count; i++)
		assert_string_not_equal(body.mutexes[i].name, "hpa_sec");
}

CASE("jemalloc watch: a version without the names of slabs is told as one")
{
	assert_int_equal(run("SG_OLD_JEMALLOC=" OLD " SG_OLD_JEMALLOC_LACKS=curslabs", "1000"), 0);
	assert_int_equal(read_files(0), 1);
	assert_string_equal(head.note, "this jemalloc's statistics have other names (it is older than 5.0)");
}

CASE("jemalloc watch: the pool 'jemalloc' of our own programs tells the same of itself")
{
	char command[1024];

	if (access(LUA, X_OK) < 0)
		harness_skip("stressgen-lua was not built");
	snprintf(command, sizeof command,
	         "STRESSGEN_TELEMETRY_DIR=%s STRESSGEN_JEMALLOC_EVERY_MS=5 " LUA
	         " --pool jemalloc -e 'local t = {} for i = 1, 100000 do t[i] = {i} end' 2>&1",
	         harness_tmpdir());
	if (system(command) != 0)
		harness_skip("libjemalloc_pic.a was not there at build time");
	assert_int_equal(read_files(0), 1);
	assert_string_equal(head.program, "stressgen-lua");
	assert_true(body.look_count >= 1);
	assert_true(body.now.allocated > 4000000); // as it was before all was given back
	assert_in_range(find_bin(64)->regions + find_bin(48)->regions, 100000, 400000);
	assert_true(find_mutex("bins")->operations > 0);
}

CASE("jemalloc watch: nobody asked: our own programs' pool has no file")
{
	char command[1024];

	snprintf(command, sizeof command, "STRESSGEN_TELEMETRY_DIR=%s " LUA " --pool jemalloc -e 'return 1' 2>&1",
	         harness_tmpdir());
	if (access(LUA, X_OK) < 0 || system(command) != 0)
		harness_skip("stressgen-lua has no pool 'jemalloc'");
	assert_int_equal(read_files(0), 0);
}

CASE("jemalloc watch: with a period there are looks before the end, which outlive an abort")
{
	assert_true(run("STRESSGEN_JEMALLOC_EVERY_MS=5", "3000000 die") != 0);
	assert_int_equal(read_files(0), 1);
	assert_true(body.look_count >= 1);
	assert_true(body.looks[0].at_ns > head.start_time);
	assert_true(body.now.allocated > 0);
}

CASE("jemalloc watch: under a cap small objects take all of it, which is exhaustion with figures and backtrace")
{
	const struct tele_pool *p = &head.pools[0];
	unsigned long count;

	assert_int_equal(run("MALLOC_CONF=oversize_threshold:0 STRESSGEN_JEMALLOC_CAP=8388608", "1000000"), 0);
	count = strtoul(said, NULL, 10);
	assert_in_range(count, 8 * MIB / 64 * 7 / 10, 8 * MIB / 64);
	assert_int_equal(read_files(0), 1);
	assert_string_equal(p->name, "jemalloc");
	assert_int_equal(p->capacity, 8 * MIB);
	assert_in_range(p->high_water, 8 * MIB - 64 * 1024, 8 * MIB);
	assert_in_range(p->exhausted, 1, 3);
	assert_true(p->exhausted_ns > head.created_ns);
	assert_in_range(p->request_bytes, 4096, 65536); // the slab that there was no room for
	assert_true(p->frame_count > 2);
	assert_non_null(strstr(head.maps, "libjemalloc"));
	assert_string_equal(head.counters[0].name, "denied_growths");
	assert_true(head.counters[0].value > 0); // which are told from exhaustion
}

CASE("jemalloc watch: with every second object gone a small one is granted, and 64 KiB is not")
{
	assert_int_equal(run("MALLOC_CONF=oversize_threshold:0 STRESSGEN_JEMALLOC_CAP=8388608", "1000000 half"),
	                 0);
	assert_non_null(strstr(said, " small none"));
	assert_int_equal(read_files(0), 1);
	assert_in_range(find_bin(64)->regions * 100 / (find_bin(64)->slabs * find_bin(64)->slab_regions), 45, 60);
}

CASE("jemalloc watch: a large request passes no cap")
{
	assert_int_equal(run("MALLOC_CONF=oversize_threshold:0 STRESSGEN_JEMALLOC_CAP=8388608", "1000 large"), 0);
	assert_string_equal(said, "1000 none");
	assert_int_equal(run("", "1000 large"), 0);
	assert_string_equal(said, "1000 large");
}

CASE("jemalloc watch: a child made by fork has a file of its own")
{
	uint64_t most = 0, least = UINT64_MAX;

	assert_int_equal(run("STRESSGEN_JEMALLOC_EVERY_MS=1000", "50000 fork"), 0);
	assert_int_equal(read_files(0), 2);
	for (int i = 0; i < 2; i++) {
		uint64_t regions;

		read_files(i);
		regions = find_bin(64)->regions;
		most = regions > most ? regions : most;
		least = regions < least ? regions : least;
	}
	assert_in_range(least, 50000, 51000);
	assert_in_range(most, 100000, 101000);
}

CASE("jemalloc watch: without a jemalloc in the process there is no file")
{
	char command[1024];

	snprintf(command, sizeof command, "STRESSGEN_TELEMETRY_DIR=%s LD_PRELOAD=" LIBRARY " /bin/true",
	         harness_tmpdir());
	assert_int_equal(system(command), 0);
	assert_int_equal(read_files(0), 0);
}

CASE("jemalloc file: what is none of this version is refused in words")
{
	char *path = io_join(harness_tmpdir(), "none");
	struct jemalloc_file f;
	struct err e = { 0 };

	assert_int_equal(io_replace_file(path, "text", 4, NULL), 0);
	assert_true(jemalloc_file_read(path, &f, &e) < 0);
	assert_non_null(strstr(e.text, "holds no jemalloc's figures of version 2"));
	free(path);
}

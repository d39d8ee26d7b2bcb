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

#ifdef SG_NO_JEMALLOC_USER
#define USER ""
#else
#define USER SG_BUILD_DIR "/tests/alloc/jemalloc_user"
#endif
#define LIBRARY SG_BUILD_DIR "/lib/stressgen/libstressalloc.so"
#define MIB (UINT64_C(1) << 20)

static char said[256]; // by the program

static int run(const char *environment, const char *words)
{
	char command[2048];
	FILE *out;

	if (USER[0] == '\0')
		harness_skip("libjemalloc was not there at build time");
	snprintf(command, sizeof command,
	         "STRESSGEN_TELEMETRY_DIR=%s %s LD_PRELOAD=" LIBRARY " " USER " %s 2>/dev/null", harness_tmpdir(),
	         environment, words);
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
	assert_non_null(strstr(e.text, "holds no jemalloc's figures of version 1"));
	free(path);
}

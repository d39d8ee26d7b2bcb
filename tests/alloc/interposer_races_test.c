// The interposer's sources within a program (races.c), which the presets asan and tsan look into: no data race, no
// undefined behaviour, and every call counted once while threads come and go and others fork.
#include "harness.h"
#include "under.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define RACES SG_BUILD_DIR "/tests/alloc/races"

// The file of the process that forked the others, of the last run.
static struct tele_file *parents_file(bool refused)
{
	const size_t files = count_files();

	assert_int_equal(files, 1 + 2 * 6);
	for (size_t i = 0; i < files; i++) {
		struct tele_file *t = nth_file(i, files);

		if (value(t, "threads") > 10)
			return t;
		assert_int_equal(value(t, "malloc_calls"), 20);
		assert_in_range(value(t, "free_calls"), refused ? 0 : 20, 20);
		free(t);
	}
	fail_msg("no file of a process with threads");
	return NULL;
}

// Errors of a sanitizer are an exit code.
static void run_races(const char *like, const char *options)
{
	setenv("CLASSED_MALLOC", like, 1);
	setenv("STRESSGEN_INTERPOSER", options, 1);
	assert_int_equal(run_with("", RACES), 0);
}

static struct tele_file *check_calls(void)
{
	static const char *const names[] = { "malloc_calls", "free_calls", "calloc_calls", "realloc_calls",
		                             "memalign_calls" };
	struct tele_file *t = parents_file(false);
	const char *at = buf_text(&under_out);

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char *end;

		assert_int_equal(value(t, names[i]), strtoll(at, &end, 10));
		assert_ptr_not_equal(end, at);
		at = end;
	}
	assert_int_equal(value(t, "live_blocks"), 0);
	return t;
}

static void check(const char *like, const char *options)
{
	struct tele_file *t;

	run_races(like, options);
	t = check_calls();
	assert_int_equal(value(t, "failures"), 4 * 8);
	if (strcmp(options, "mode=counters") != 0) {
		assert_int_equal(value(t, "live_bytes"), 0);
		assert_true(value(t, "peak_bytes") > 0);
		assert_true(value(t, "peak_bytes") < value(t, "usable_bytes"));
	}
	free(t);
}

static void check_modes(const char *like)
{
	check(like, "mode=counters");
	check(like, "mode=live");
	check(like, "mode=sampled");
	check(like, "mode=sampled time=2 sample=4K"); // the table of samples is always busy
	check(like, "mode=every");
}

CASE("interposer: threads that come, go and fork make no race where sizes come from the chunk, as glibc's")
{
	check_modes("chunk");
}

CASE("interposer: threads that come, go and fork make no race where sizes come from the page, as tcmalloc's")
{
	check_modes("page");
}

CASE("interposer: threads that come, go and fork make no race where sizes come from counts, as jemalloc's")
{
	check_modes("counts");
}

CASE("interposer: threads that come, go and fork make no race where each size is asked for")
{
	check_modes("call");
}

CASE("interposer: threads that come, go and fork make no race where requests are made to fail")
{
	static const char *const faults[] = { "mode=live fail=prob:0.01,7", "mode=sampled fail=cap:100K",
		                              "mode=counters fail=stacks", "mode=sampled fail=nth:1000" };

	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		struct tele_file *t;

		run_races("chunk", faults[i]);
		t = parents_file(true);
		assert_true(value(t, "injected_failures") > 0);
		assert_int_equal(value(t, "live_blocks"), 0);
		free(t);
	}
}

CASE("interposer: threads that come, go and fork make no race where calls are recorded")
{
	char dir[600];

	snprintf(dir, sizeof dir, "%s/trace", harness_tmpdir());
	assert_int_equal(mkdir(dir, 0777), 0);
	setenv("STRESSGEN_TRACE_DIR", dir, 1);
	check("chunk", "mode=live");
}

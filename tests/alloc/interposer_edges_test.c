// libstressalloc.so in front of what programs do seldom, and of programs of another libc.
#include "harness.h"
#include "under.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EDGES SG_BUILD_DIR "/tests/alloc/interposed_edges"

static int64_t more_than(const struct tele_file *t, const struct tele_file *none, const char *name)
{
	return value(t, name) - value(none, name);
}

// The files of a run of `program WHAT`, whose first is the parent's, as process numbers go up; to be freed.
static struct tele_file *first_of(const char *program, const char *what, size_t files)
{
	char command[900];

	snprintf(command, sizeof command, "'%s' %s", program, what);
	assert_int_equal(run(command), 0);
	for (size_t i = 0; i < files; i++) {
		struct tele_file *t = nth_file(i, files);

		if (value(t, "inherited_bytes") == 0 || files == 1)
			return t;
		free(t);
	}
	fail_msg("each of the files is a child's");
	return NULL;
}

// Of the children, how many have that count.
static size_t children_with(const char *name, int64_t count, size_t files)
{
	size_t found = 0;

	for (size_t i = 0; i < files; i++) {
		struct tele_file *t = nth_file(i, files);

		found += value(t, name) == count;
		free(t);
	}
	return found;
}

CASE("interposer: C23's free_sized and free_aligned_sized count as free")
{
	struct tele_file *none = first_of(EDGES, "", 1), *t = first_of(EDGES, "sized", 1);

	assert_int_equal(more_than(t, none, "free_calls"), 100);
	assert_int_equal(more_than(t, none, "live_blocks"), 0);
	assert_int_equal(more_than(t, none, "live_bytes"), 0);
	free(none);
	free(t);
}

CASE("interposer: handlers on a small stack of their own are counted, their call stacks sampled")
{
	struct tele_file *none, *t;
	struct heap_file *h;
	uint64_t samples = 0;

	setenv("STRESSGEN_INTERPOSER", "mode=sampled time=1 sample=4K", 1);
	none = first_of(EDGES, "", 1);
	t = first_of(EDGES, "altstack", 1);
	assert_int_equal(more_than(t, none, "malloc_calls"), 500);
	assert_int_equal(more_than(t, none, "free_calls"), 500);
	h = nth_heap(0, 1);
	for (unsigned i = 0; i < SG_HEAP_SITES; i++)
		samples += h->sites[i].frame_count > 0 ? h->sites[i].samples : 0;
	assert_true(samples >= 400); // a block of 5000 bytes every 4096 bytes
	free(h);
	free(none);
	free(t);
}

CASE("interposer: handlers of a fork that allocate are counted on the side where they run")
{
	struct tele_file *none = first_of(EDGES, "", 1), *t;

	t = first_of(EDGES, "atfork", 2);
	assert_int_equal(more_than(t, none, "malloc_calls"), 2);
	assert_int_equal(children_with("malloc_calls", 1 + 7, 2), 1);
	free(none);
	free(t);
}

CASE("interposer: children made by the bare system call have files of their own")
{
	struct tele_file *none = first_of(EDGES, "", 1), *t;

	t = first_of(EDGES, "clones", 4);
	assert_int_equal(more_than(t, none, "malloc_calls"), 0);
	assert_int_equal(children_with("malloc_calls", 7, 4), 3);
	assert_int_equal(children_with("free_calls", 7, 4), 3);
	free(none);
	free(t);
}

// Compiled with musl, whose programs have no symbol of glibc's.
static const char *edges_of_musl(void)
{
	static char program[600];
	char command[2000];

	need_program("musl-gcc");
	snprintf(program, sizeof program, "%s/edges", harness_tmpdir());
	snprintf(command, sizeof command, "musl-gcc -O0 -fno-builtin -o '%s' '%s/tests/alloc/interposed_edges.c'",
	         program, SG_SOURCE_DIR);
	assert_int_equal(system(command), 0);
	return program;
}

static void check_musl(const char *program)
{
	struct tele_file *none = first_of(program, "", 1), *t = first_of(program, "plain", 1);

	assert_int_equal(more_than(t, none, "malloc_calls"), 100 + 1);
	assert_int_equal(more_than(t, none, "calloc_calls"), 1 + 1);
	assert_int_equal(more_than(t, none, "realloc_calls"), 2);
	assert_int_equal(more_than(t, none, "memalign_calls"), 2);
	assert_int_equal(more_than(t, none, "free_calls"), 100 + 1 + 2 + 1);
	assert_int_equal(more_than(t, none, "failures"), 2);
	assert_int_equal(more_than(t, none, "live_blocks"), 0);
	assert_int_equal(more_than(t, none, "live_bytes"), 0);
	free(t);
	t = first_of(program, "threads", 1);
	assert_int_equal(more_than(t, none, "malloc_calls"), 70 * 1000);
	free(t);
	t = first_of(program, "clones", 4);
	assert_int_equal(children_with("malloc_calls", 7, 4), 3);
	free(t);
	free(none);
}

CASE("interposer: a program of musl is counted as one of glibc, without call stacks")
{
	const char *program = edges_of_musl();

	check_musl(program);
	setenv("STRESSGEN_INTERPOSER", "mode=live", 1);
	check_musl(program);
	setenv("STRESSGEN_INTERPOSER", "mode=sampled time=1 sample=4K", 1);
	check_musl(program);
}

// Which goes by a path of its own.
CASE("interposer: counting alone counts every function once, and no free of NULL")
{
	struct difference d;

	setenv("STRESSGEN_INTERPOSER", "mode=counters", 1);
	difference_init(&d, PRELOAD, "functions");
	assert_int_equal(more(&d, "malloc_calls"), 100 + 5 + 1 + 1);
	assert_int_equal(more(&d, "free_calls"), 60);
	assert_int_equal(more(&d, "calloc_calls"), 10 + 1);
	assert_int_equal(more(&d, "realloc_calls"), 5 + 15 + 1 + 2);
	assert_int_equal(more(&d, "memalign_calls"), 5);
	assert_int_equal(more(&d, "failures"), 4);
	assert_int_equal(more(&d, "live_blocks"), 40 + 10 + 5 + 1 + 5 + 1);
	difference_deinit(&d);
}

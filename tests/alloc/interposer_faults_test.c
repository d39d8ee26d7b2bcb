// Fault injection by libstressalloc.so.
#include "harness.h"
#include "under.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define REFUSED SG_BUILD_DIR "/tests/alloc/refused"
#define OPERATORS SG_BUILD_DIR "/tests/alloc/operators"

static int run_failing(const char *fault, const char *command)
{
	char options[100];

	snprintf(options, sizeof options, "fail=%s", fault);
	setenv("STRESSGEN_INTERPOSER", options, 1);
	return run(command);
}

static int exit_code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static uint64_t printed(void)
{
	return strtoull(buf_text(&under_out), NULL, 10);
}

CASE("interposer: the n-th request fails, and no other; beyond the last none does")
{
	static const int codes[] = { 3, 5, 3, 3, 3, 3, 0, 0 };

	for (size_t n = 1; n <= sizeof codes / sizeof codes[0]; n++) {
		struct tele_file *t;
		struct heap_file *h;
		char fault[32];

		snprintf(fault, sizeof fault, "nth:%zu", n);
		assert_int_equal(exit_code(run_failing(fault, REFUSED " all")), codes[n - 1]);
		t = nth_file(0, 1);
		h = nth_heap(0, 1);
		assert_int_equal(value(t, "injected_failures"), n <= 6);
		assert_int_equal(value(t, "failures"), n <= 6);
		assert_int_equal(h->failures[0].count, n <= 6);
		assert_int_equal(h->failures[0].injected, n <= 6);
		assert_int_equal(h->failures[0].nth, n <= 6 ? n : 0);
		free(t);
		free(h);
	}
}

CASE("interposer: every way to ask can be made to fail, as the standard says it fails")
{
	struct tele_file *t;

	assert_int_equal(run_failing("prob:1", INTERPOSED " asks"), 0);
	assert_int_equal(printed(), 5000);
	t = nth_file(0, 1);
	assert_int_equal(value(t, "injected_failures"), 5000);
	assert_int_equal(value(t, "live_blocks"), 0);
	assert_int_equal(value(t, "live_bytes"), 0);
	free(t);
	assert_int_equal(run_failing("prob:0", INTERPOSED " asks"), 0);
	assert_int_equal(printed(), 0);
}

CASE("interposer: with a probability the same seed fails the same requests, and about that many")
{
	uint64_t first;

	assert_int_equal(run_failing("prob:0.1,42", INTERPOSED " asks"), 0);
	first = printed();
	assert_in_range(first, 350, 650); // 500, with a deviation of 21
	assert_int_equal(run_failing("prob:0.1,42", INTERPOSED " asks"), 0);
	assert_int_equal(printed(), first);
	assert_int_equal(run_failing("prob:0.1,43", INTERPOSED " asks"), 0);
	assert_int_not_equal(printed(), first);
}

CASE("interposer: a cap lets live bytes come up to it, not beyond, and up again after they went down")
{
	struct tele_file *t;

	assert_int_equal(run_failing("cap:1M", INTERPOSED " fills"), 0);
	assert_in_range(printed(), (1 << 20) / 10016 - 2, (1 << 20) / 10000);
	t = nth_file(0, 1);
	assert_int_equal(value(t, "injected_failures"), 1);
	assert_true(value(t, "peak_bytes") <= 1 << 20);
	free(t);
	assert_int_equal(run_failing("cap:1G", INTERPOSED " fills"), 0);
	assert_int_equal(printed(), 6711);
}

CASE("interposer: each call stack fails once")
{
	struct tele_file *t;

	assert_int_equal(run_failing("stacks", INTERPOSED " asks"), 0);
	assert_int_equal(printed(), 5);
	t = nth_file(0, 1);
	assert_int_equal(value(t, "call_stacks"), 5);
	assert_int_equal(value(t, "injected_failures"), 5);
	free(t);
	assert_int_equal(exit_code(run_failing("stacks:2", REFUSED " all")), 5);
	assert_int_equal(exit_code(run_failing("stacks:3", REFUSED " all")), 3);
	assert_int_equal(exit_code(run_failing("stacks:99", REFUSED " all")), 0);
}

CASE("interposer: operator new throws when it is made to fail, or gives NULL where it may not throw")
{
	static const char *const allocators[] = { "", " libjemalloc.so.2", " libmimalloc.so.2",
		                                  " libtcmalloc_minimal.so.4" };

	if (access(OPERATORS, X_OK) != 0)
		harness_skip("there was no C++ compiler");
	for (size_t i = 0; i < sizeof allocators / sizeof allocators[0]; i++) {
		char libraries[700], probe[200];

		snprintf(probe, sizeof probe, "ldconfig -p | grep -q '%s '", allocators[i]);
		if (i > 0 && system(probe) != 0)
			continue;
		setenv("STRESSGEN_INTERPOSER", "fail=cap:0", 1);
		snprintf(libraries, sizeof libraries, "%s%s", PRELOAD, allocators[i]);
		assert_int_equal(exit_code(run_with(libraries, OPERATORS " throws")), 0);
	}
}

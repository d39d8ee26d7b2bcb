// stressgen-eval as its users meet it: a program of its own.
#include "buf.h"
#include "harness.h"
#include "io.h"
#include "program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KERNELS SG_SOURCE_DIR "/gen/kernels/"

static int run(const char *words)
{
	return program_run("stressgen-eval", words);
}

CASE("eval program: a kernel is measured with sample lines on every pool alike")
{
	static const char *const pools[] = {
		"", "--pool slab-fixed --capacity 4M", "--pool slab-chain --capacity 64K",
		"--pool=slab-fixed --capacity=4M --arena-per-level --escape-analysis on",
		"--pool slab-fixed --capacity 1M --collect-on-pressure --gc-threshold 64K"
	};

	for (size_t i = 0; i < sizeof pools / sizeof pools[0]; i++) {
		char words[512];

		snprintf(words, sizeof words, "%s " KERNELS "gc/list-churn.kernel lists=50", pools[i]);
		assert_int_equal(run(words), 0);
		assert_string_equal(buf_text(&program_err), "");
		program_assert(&program_out, "@@ lat total ");
		program_assert(&program_out, "@@ check result ok ");
		program_assert(&program_out, "@@ gauge collections ");
		program_assert(&program_out, "\n@@ done\n");
	}
	program_assert(&program_out, "@@ gc ");
}

CASE("eval program: a wrong result is told and exit 1")
{
	program_write("a.kernel",
	              "(kernel gc/a (summary \"s\") (param n 5 (range 0 9)) (measure t (repeat 3) n) (expect 5))");
	assert_int_equal(run("a.kernel"), 0);
	assert_int_equal(run("a.kernel n=6"), 1);
	program_assert(&program_out, "@@ check result bad got 6 instead of 5 in repetition 1\n");
	assert_null(strstr(buf_text(&program_out), "@@ done"));
}

CASE("eval program: an error of the kernel is told with its place and exit 1")
{
	program_write("a.kernel", "(kernel gc/a (summary \"s\")\n (measure t (repeat 3) (quotient 1 0)))");
	assert_int_equal(run("a.kernel"), 1);
	assert_string_equal(buf_text(&program_err), "eval: a.kernel:2:24: division by zero\n");
	program_write("a.kernel", "(kernel gc/a (summary \"s\") (global g (raise 7)) (measure t (repeat 3) g))");
	assert_int_equal(run("a.kernel"), 1);
	assert_string_equal(buf_text(&program_err),
	                    "eval: a.kernel:1:38: raised 7, which no 'try' around it catches\n");
}

CASE("eval program: a full slab is named with its figures, the calls and their depth")
{
	const struct tele_file *t;

	assert_int_equal(run("--pool slab-fixed --capacity 512K " KERNELS "recursion/sum.kernel depth=100000"), 1);
	program_assert(&program_err,
	               "eval: out of memory: slab 'eval slab-fixed' is full (high-water mark 512 KiB: ");
	program_assert(&program_err, " of 512 KiB in use, a request of ");
	program_assert(&program_err, " was denied at depth ");
	program_assert(&program_err, "calls, the innermost first:\n\tsum.kernel:12: in sum\n");
	program_assert(&program_err, "\tsum.kernel:13: in what is measured\n");
	assert_null(strstr(buf_text(&program_out), "@@ done"));
	t = program_telemetry();
	assert_string_equal(t->pools[0].name, "eval slab-fixed");
	assert_int_equal(t->pools[0].exhausted, 1);
	assert_true(t->pools[0].depth > 10000);
	assert_true(t->pools[0].request_bytes > 0);
	assert_non_null(strstr(t->pools[0].text, "sum.kernel:12: in sum\n"));
}

CASE("eval program: each remedy runs what exhausts a fixed slab")
{
	static const char *const remedies[] = { "--pool slab-fixed --capacity 8M",
		                                "--pool slab-fixed --capacity 512K --collect-on-pressure",
		                                "--pool slab-gc --mark 60% --capacity 512K",
		                                "--pool slab-chain --capacity 512K",
		                                "--pool arena --collect-on-pressure --capacity 512K",
		                                "--pool slab-fixed --capacity 512K --arena-per-level",
		                                "--pool slab-fixed --capacity 512K --escape-analysis on" };

	assert_int_equal(run("--pool slab-fixed --capacity 512K " KERNELS "gc/no-escape.kernel"), 1);
	program_assert(&program_err, "is full");
	for (size_t i = 0; i < sizeof remedies / sizeof remedies[0]; i++) {
		char words[512];

		snprintf(words, sizeof words, "%s " KERNELS "gc/no-escape.kernel", remedies[i]);
		assert_int_equal(run(words), 0);
		assert_int_equal(program_telemetry()->pools[0].exhausted, 0);
	}
	program_assert(&program_out, "@@ gauge objects_made 0 bytes\n");
}

CASE("eval program: where leaks are looked for, each repetition tells what is live after a collection")
{
	const char *at;
	int told = 0;

	setenv("STRESSGEN_LEAK_CHECK", "1", 1);
	assert_int_equal(run(KERNELS "gc/no-escape.kernel"), 0);
	unsetenv("STRESSGEN_LEAK_CHECK");
	for (at = buf_text(&program_out); (at = strstr(at, "@@ live ")) != NULL; at++)
		told++;
	assert_in_range(told, 2, 1000);
}

CASE("eval program: --measure prints what each file needs, and a slab of twice that suffices")
{
	char words[512];

	assert_int_equal(run("--measure " KERNELS "recursion/sum.kernel " KERNELS "gc/preserve-list.kernel"), 0);
	program_assert(&program_out, "recursion/sum.kernel\n");
	program_assert(&program_out, " maximum\n");
	snprintf(words, sizeof words, "--pool slab-fixed --capacity %llu " KERNELS "gc/preserve-list.kernel",
	         2 * strtoull(strchr(buf_text(&program_out), '\n') + 1, NULL, 10));
	assert_int_equal(run(words), 0);
}

CASE("eval program: wrong usage and what is no kernel are told in one line, and exit 2")
{
	static const char *const wrong[][2] = {
		{ "", "which kernel?" },
		{ "--poool x", "unknown option '--poool'" },
		{ "--pool", "'--pool' needs a value" },
		{ "--pool nope x", "there is no pool 'nope'; there are: slab-fixed" },
		{ "--pool slab-fixed " KERNELS "recursion/sum.kernel", "needs a capacity" },
		{ "--pool slab-fixed --capacity auto x", "'stressgen run'" },
		{ "--gc-threshold 0 x", "--gc-threshold: '0' is no size" },
		{ "--escape-analysis maybe x", "'on' or 'off', not 'maybe'" },
		{ "--measure", "which files?" },
		{ "missing.kernel", "missing.kernel" },
		{ KERNELS "recursion/sum.kernel depth=x", "depth is an integer from 1 to 10000000" },
		{ KERNELS "recursion/sum.kernel other=1", "has none of that name" },
		{ "/dev/null", "a kernel file holds one (kernel kind/name ...)" },
	};

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		assert_int_equal(run(wrong[i][0]), 2);
		program_assert(&program_err, wrong[i][1]);
		assert_ptr_equal(strchr(buf_text(&program_err), '\n'), program_err.data + program_err.len - 1);
		assert_string_equal(buf_text(&program_out), "");
	}
}

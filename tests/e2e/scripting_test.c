// What the scripting languages say when their stack or heap is full, and what becomes of that.
#include "e2e.h"

#include "harness.h"
#include "io.h"

#include <stdlib.h>
#include <string.h>

#define TARGET_MISSING 3

static void said_so(struct outcome *o, const char *verdict)
{
	if (o->exit_code == TARGET_MISSING)
		harness_skip("the runtime is not installed");
	assert_contains(buf_text(&o->out), verdict);
	assert_contains(buf_text(&o->out), "    clean: the program noticed and said so");
	assert_int_equal(o->exit_code, 1);
	outcome_deinit(o);
}

// A recursion of a million levels.
static void fills_stack(const char *target)
{
	struct outcome o = E2E(harness_tmpdir(), "--target", target, "--kernel", "recursion/countdown", "--only",
	                       "*-1000000.*", "--depth", "1000000", "--no-http2", "-o", "out");

	said_so(&o, "✗ stack-overflow  recursion/countdown-1000000.");
}

CASE("e2e: a full stack is clean when the runtime is Node.js")
{
	fills_stack("node");
}

CASE("e2e: a full stack is clean when the runtime is Duktape")
{
	fills_stack("duk");
}

CASE("e2e: a full stack is clean when the runtime is Ruby")
{
	fills_stack("ruby");
}

CASE("e2e: a full stack is clean when the runtime is mruby")
{
	fills_stack("mruby");
}

CASE("e2e: a full stack is clean when the runtime is LuaJIT")
{
	fills_stack("luajit");
}

CASE("e2e: a full stack is clean when the runtime is the plain Lua 5.4")
{
	fills_stack("lua54");
}

// Its frames are on the heap.
CASE("e2e: a full heap is clean when the runtime is PHP")
{
	struct outcome o =
	        E2E(harness_tmpdir(), "--target", "php", "--kernel", "recursion/countdown", "--only",
	            "*-1000000.*", "--depth", "1000000", "--heap-limit", "64M", "--no-http2", "-o", "out");

	said_so(&o, "✗ out-of-memory  recursion/countdown-1000000.php");
}

// Its kernel keeps what it makes; that of the catalogue makes the same again and again.
static void tells_leaks(const char *target)
{
	static const struct {
		const char *kernel;
		int code;
	} runs[] = { { SG_KEEP_KERNEL, 1 }, { "gc/cycles", 0 } };

	for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
		struct outcome o = E2E(harness_tmpdir(), "--target", target, "--kernel", runs[i].kernel,
		                       "--leak-check", "--depth", "1000", "--no-http2", "--no-workloads",
		                       "--no-preload", "-o", i == 0 ? "keeps" : "cycles");

		if (o.exit_code == TARGET_MISSING)
			harness_skip("the runtime is not installed");
		if (o.exit_code != runs[i].code)
			fail_msg("%s: exit %d: %s", runs[i].kernel, o.exit_code, buf_text(&o.out));
		if (runs[i].code == 1)
			assert_contains(buf_text(&o.out), "live bytes after full collections grow by ");
		outcome_deinit(&o);
	}
}

CASE("e2e: a program that keeps more in each cycle has leaked, and none that does not, when the runtime is Python")
{
	tells_leaks("python3");
}

CASE("e2e: a program that keeps more in each cycle has leaked, and none that does not, when the runtime is Node.js")
{
	tells_leaks("node");
}

CASE("e2e: a program that keeps more in each cycle has leaked, and none that does not, when the runtime is Ruby")
{
	tells_leaks("ruby");
}

CASE("e2e: a program that keeps more in each cycle has leaked, and none that does not, when the runtime is Guile")
{
	tells_leaks("guile");
}

CASE("e2e: a program that keeps more in each cycle has leaked, and none that does not, when the runtime is SBCL")
{
	tells_leaks("sbcl");
}

CASE("e2e: a program that keeps more in each cycle has leaked, and none that does not, when the runtime is Racket")
{
	tells_leaks("racket");
}

CASE("e2e: a program that keeps more in each cycle has leaked, and none that does not, when the runtime is OCaml")
{
	tells_leaks("ocamlopt");
}

CASE("e2e: a program that keeps more in each cycle has leaked, and none that does not, when the runtime is PHP")
{
	tells_leaks("php");
}

CASE("e2e: a program that keeps more in each cycle has leaked, and none that does not, when the runtime is the plain Lua 5.4")
{
	tells_leaks("lua54");
}

CASE("e2e: a program that keeps more in each cycle has leaked, and none that does not, when the runtime is PyPy")
{
	tells_leaks("pypy3");
}

CASE("e2e: a program that keeps more in each cycle has leaked, and none that does not, when the runtime is LuaJIT")
{
	tells_leaks("luajit");
}

CASE("e2e: a program that keeps more in each cycle has leaked, and none that does not, when the runtime is Chez Scheme")
{
	tells_leaks("chez");
}

CASE("e2e: a program that keeps more in each cycle has leaked, and none that does not, when the runtime is CHICKEN, interpreted")
{
	tells_leaks("csi");
}

CASE("e2e: a program that keeps more in each cycle has leaked, and none that does not, when the runtime is CHICKEN, compiled")
{
	tells_leaks("csc");
}

CASE("e2e: a program that keeps more in each cycle has leaked, and none that does not, when the runtime is MIT Scheme")
{
	tells_leaks("mit-scheme");
}

CASE("e2e: a program that keeps more in each cycle has leaked, and none that does not, when the runtime is CLISP")
{
	tells_leaks("clisp");
}

CASE("e2e: a program that keeps more in each cycle has leaked, and none that does not, when the runtime is ECL")
{
	tells_leaks("ecl");
}

CASE("e2e: a program that keeps more in each cycle has leaked, and none that does not, when the runtime is C with libgc")
{
	tells_leaks("c-gc-O2");
}

// Its data never change, so no program of ours can keep more from one repetition to the next; but what it says is
// read.
CASE("e2e: Erlang tells what is live after each cycle, and has not leaked")
{
	const char *dir = harness_tmpdir();
	struct outcome o = E2E(dir, "--target", "erlang", "--kernel", "gc/cycles", "--leak-check", "--depth",
	                       "1000", "--no-http2", "--no-workloads", "--no-preload", "-o", "out");
	json_t *report, *test;
	char *path;

	if (o.exit_code == TARGET_MISSING)
		harness_skip("the runtime is not installed");
	assert_int_equal(o.exit_code, 0);
	path = io_join(dir, "out");
	report = e2e_report(path);
	test = e2e_test(report, "gc/cycles.erlang");
	assert_int_equal(json_integer_value(json_object_get(test, "live_cycles")), 20);
	assert_int_equal(json_array_size(json_object_get(test, "live")), 20);
	assert_true(json_integer_value(json_array_get(json_array_get(json_object_get(test, "live"), 19), 1)) >
	            10000);
	json_decref(report);
	free(path);
	outcome_deinit(&o);
}

// What OCaml, C, Erlang and PicoLisp say when their stack or heap is full, and what becomes of that. Two of them
// compile themselves and run without a file: their signals must arrive all the same.
#include "e2e.h"

#include "harness.h"

#include <string.h>

#define TARGET_MISSING 3

static void ends_so(struct outcome *o, const char *verdict, const char *how)
{
	if (o->exit_code == TARGET_MISSING)
		harness_skip("the runtime is not installed");
	assert_contains(buf_text(&o->out), verdict);
	assert_contains(buf_text(&o->out), how);
	assert_int_equal(o->exit_code, 1);
	outcome_deinit(o);
}

// A recursion of a million levels.
static void fills_stack(const char *target, const char *how)
{
	struct outcome o = E2E(harness_tmpdir(), "--target", target, "--kernel", "recursion/countdown", "--only",
	                       "*-1000000.*", "--depth", "1000000", "--no-http2", "-o", "out");

	ends_so(&o, "✗ stack-overflow  recursion/countdown-1000000.", how);
}

CASE("e2e: a full stack is clean when the runtime is OCaml")
{
	fills_stack("ocamlopt", "    clean: the program noticed and said so");
}

CASE("e2e: a full stack is clean when the runtime is OCaml's bytecode")
{
	fills_stack("ocamlc", "    clean: the program noticed and said so");
}

CASE("e2e: a full stack is clean when the runtime is PicoLisp")
{
	fills_stack("picolisp", "    clean: the program noticed and said so");
}

CASE("e2e: a full stack is a segmentation fault when the runtime is C")
{
	fills_stack("c-gc-O2", "    not clean: the program died of it");
}

CASE("e2e: a larger stack is enough when OCaml's bytecode is given one")
{
	struct outcome o =
	        E2E(harness_tmpdir(), "--target", "ocamlc", "--kernel", "recursion/countdown", "--only",
	            "*-1000000.*", "--depth", "1000000", "--stack-limit", "256M", "--no-http2", "-o", "out");

	if (o.exit_code == TARGET_MISSING)
		harness_skip("the runtime is not installed");
	assert_contains(buf_text(&o.out), "1 passed");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
}

// Lists of 100,000 elements, which stay.
static void fills_heap(const char *target, const char *limit)
{
	struct outcome o = E2E(harness_tmpdir(), "--target", target, "--kernel", "gc/preserve-list",
	                       "--heap-limit", limit, "--no-http2", "-o", "out");

	ends_so(&o, "✗ out-of-memory  gc/preserve-list.", "    clean: the program noticed and said so");
}

CASE("e2e: a full heap is clean when the runtime is Erlang")
{
	fills_heap("erlang", "3M");
}

CASE("e2e: a full heap is clean when the runtime is C with libgc")
{
	fills_heap("c-gc-O2", "1M");
}

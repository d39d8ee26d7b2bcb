// What the scripting languages say when their stack or heap is full, and what becomes of that.
#include "e2e.h"

#include "harness.h"

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

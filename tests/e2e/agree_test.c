// Random programs give what the evaluator computes, in each language: a few of them here; as many as
// SG_RANDOM_PROGRAMS says where that is set (with the CMake option SG_ALL_RUNTIMES: 500).
#include "e2e.h"

#include "harness.h"
#include "io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void agree(const char *target)
{
	const char *asked = getenv("SG_RANDOM_PROGRAMS"), *dir = harness_tmpdir();
	const size_t wanted = asked != NULL ? strtoul(asked, NULL, 10) : 20;
	char kernels[32], *run_dir = io_join(dir, "run");
	struct outcome o;
	json_t *report;

	// No language has everything: Lua can express four in five.
	snprintf(kernels, sizeof kernels, "%zu", wanted + wanted / 3 + 10);
	o = E2E(dir, "gen", "--random", kernels, "--seed", "42", "--target", target, "-o", "suite");
	if (o.exit_code == 3)
		harness_skip("that runtime is not on this machine");
	if (o.exit_code != 0)
		fail_msg("%s", buf_text(&o.err));
	outcome_deinit(&o);
	o = E2E(dir, "run", "suite", "-q", "--no-preload", "-o", "run");
	if (o.exit_code != 0)
		fail_msg("%s%s", buf_text(&o.out), buf_text(&o.err));
	assert_contains(buf_text(&o.out), " passed, 0 failed");
	report = e2e_report(run_dir);
	assert_true(json_array_size(json_object_get(report, "tests")) >= wanted);
	json_decref(report);
	free(run_dir);
	outcome_deinit(&o);
}

CASE("agree: random programs give what the evaluator computes in Lua")
{
	agree("lua@malloc");
}

CASE("agree: random programs give what the evaluator computes in Python")
{
	agree("python3");
}

CASE("agree: random programs give what the evaluator computes in Guile")
{
	agree("guile");
}

CASE("agree: random programs give what the evaluator computes in JavaScript")
{
	agree("node");
}

CASE("agree: random programs give what the evaluator computes in Ruby")
{
	agree("ruby");
}

CASE("agree: random programs give what the evaluator computes in Common Lisp")
{
	agree("sbcl");
}

CASE("agree: random programs give what the evaluator computes in OCaml")
{
	agree("ocamlopt");
}

CASE("agree: random programs give what the evaluator computes in C")
{
	agree("c-gc-O2");
}

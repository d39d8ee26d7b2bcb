// The cliffs of other people's runtimes, as they were found by hand on Debian 12 with a stack of 8 MiB.
#include "e2e.h"

#include "harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Whether `command` prints something that begins with `version`.
static void need_version(const char *command, const char *version)
{
	char line[64] = "";
	FILE *f = popen(command, "r");

	if (f != NULL && fgets(line, sizeof line, f) == NULL)
		line[0] = '\0';
	if (f != NULL)
		pclose(f);
	if (strncmp(line, version, strlen(version)) != 0)
		harness_skip("the figure is that of another version");
}

// The non-tail sum breaks on its stack at `depth`, or passes everything (0).
static void breaks_at(const char *target, double depth)
{
	struct outcome o = E2E(harness_tmpdir(), "cliff", "recursion/sum", "--target", target, "--format", "json",
	                       "--quiet", "--limit", "time=60s");
	json_t *all, *c;

	if (o.exit_code == 3)
		harness_skip("that runtime is not on this machine");
	if (o.exit_code != 0)
		fail_msg("%s", buf_text(&o.err));
	all = json_loads(buf_text(&o.out), 0, NULL);
	c = json_array_get(json_object_get(all, "cliffs"), 0);
	assert_non_null(c);
	if (depth > 0) {
		double passes = (double)json_integer_value(json_object_get(c, "passes"));
		assert_string_equal(json_string_value(json_object_get(c, "verdict")), "stack-overflow");
		assert_true(json_is_true(json_object_get(c, "clean")));
		if (fabs(passes - depth) > 0.05 * depth)
			fail_msg("%s breaks above %.0f instead of %.0f", target, passes, depth);
	} else {
		assert_string_equal(json_string_value(json_object_get(c, "state")), "none");
	}
	json_decref(all);
	outcome_deinit(&o);
}

CASE("cliff: Lua's is where it is known to be")
{
	breaks_at("lua54", 497000);
}

CASE("cliff: Python's is where it is known to be")
{
	breaks_at("python3", 990);
}

CASE("cliff: node's is where it is known to be")
{
	need_version("node --version 2>/dev/null", "v20.");
	breaks_at("node", 10400);
}

CASE("cliff: Ruby's is where it is known to be")
{
	need_version("ruby -e 'print RUBY_VERSION' 2>/dev/null", "3.1.");
	breaks_at("ruby", 9300);
}

CASE("cliff: SBCL's is where it is known to be")
{
	breaks_at("sbcl", 63000);
}

CASE("cliff: Guile has none up to ten million")
{
	breaks_at("guile", 0);
}

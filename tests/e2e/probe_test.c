// slab_probe.h as somebody uses it who has nothing but the header and a compiler.
#include "e2e.h"
#include "harness.h"
#include "io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Recursion that takes an object a level, from a slab of 1000; "odd" makes every mistake that one can make.
static const char runtime[] = "#include \"slab_probe.h\"\n"
                              "#include <string.h>\n"
                              "#define OBJECTS 1000\n"
                              "static struct slab_probe *probe;\n"
                              "static unsigned used;\n"
                              "static void take(unsigned depth)\n"
                              "{\n"
                              "        if (used == OBJECTS) {\n"
                              "                slab_probe_exhausted(probe, 16, depth);\n"
                              "                abort();\n"
                              "        }\n"
                              "        used++;\n"
                              "        slab_probe_acquire(probe);\n"
                              "}\n"
                              "static unsigned eval(unsigned n, unsigned depth)\n"
                              "{\n"
                              "        unsigned below;\n"
                              "        if (n == 0)\n"
                              "                return 0;\n"
                              "        take(depth);\n"
                              "        below = eval(n - 1, depth + 1);\n"
                              "        slab_probe_release(probe);\n"
                              "        return below + 1;\n"
                              "}\n"
                              "int main(int argc, char **argv)\n"
                              "{\n"
                              "        probe = slab_probe_register(\"objects\", 16, OBJECTS);\n"
                              "        if (argc > 2) {\n"
                              "                for (int i = 0; i < 19; i++)\n"
                              "                        slab_probe_register(\"more\", 1, 1);\n"
                              "                slab_probe_release(probe);\n"
                              "                slab_probe_release(probe);\n"
                              "                slab_probe_exhausted(probe, 16, 0);\n"
                              "                return 0;\n"
                              "        }\n"
                              "        return argc > 1 ? eval((unsigned)strtoul(argv[1], NULL, 10), 1) == 0 : 2;\n"
                              "}\n";

static const char *compile(const char *compiler, const char *flags)
{
	const char *dir = harness_tmpdir();
	char command[1024];

	snprintf(command, sizeof command, "command -v %s >/dev/null", compiler);
	if (system(command) != 0)
		harness_skip("that compiler is not on this machine");
	e2e_write(dir, "mine.c", runtime, false);
	snprintf(command, sizeof command,
	         "cd '%s' && %s %s -g -O1 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -I '%s/alloc' "
	         "mine.c -o mine 2>cc.txt",
	         dir, compiler, flags, SG_SOURCE_DIR);
	assert_int_equal(system(command), 0);
	return dir;
}

// Dies at the 1001st level, and is told as that; where there is room it passes.
static void dies_and_is_told(const char *dir)
{
	struct outcome o = E2E(dir, "run", "-o", "out", "--", "./mine", "1001");

	assert_int_equal(o.exit_code, 1);
	assert_contains(buf_text(&o.out), "slab-exhausted");
	assert_contains(buf_text(&o.out), "slab 'objects' full: 1000 of 1000 objects of 16 B");
	assert_contains(buf_text(&o.out), "denied at depth 1001");
	assert_null(strstr(buf_text(&o.out), "slab_probe_keep_frames_")); // the first frame is the runtime's
	outcome_deinit(&o);
	o = E2E(dir, "run", "-o", "fits", "--", "./mine", "1000");
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.out), "high-water mark 15.6 KiB of 15.6 KiB, 100 % full");
	outcome_deinit(&o);
}

CASE("e2e: a runtime in C99 with the probe dies of its slab and is told, with depth and frames")
{
	dies_and_is_told(compile("gcc", "-std=c99"));
}

CASE("e2e: the same in C++17, by clang")
{
	dies_and_is_told(compile("clang++", "-x c++ -std=c++17"));
}

CASE("e2e: mistakes with the probe are told: slabs without a place, and more given back than taken")
{
	const char *dir = compile("cc", "-std=c99");
	struct outcome o = E2E(dir, "run", "-o", "out", "--", "./mine", "1", "odd");
	char *path = io_join(dir, "out");
	json_t *report = e2e_report(path), *pool;

	assert_int_equal(o.exit_code, 0); // it went on after exhaustion: an event, no verdict
	assert_contains(buf_text(&o.out), "! mine registered 4 slabs more than a process has places for (16)");
	assert_contains(buf_text(&o.out), "2 more given back than taken");
	pool = json_array_get(json_object_get(e2e_test(report, "mine"), "pools"), 0);
	assert_int_equal(json_integer_value(json_object_get(pool, "over_released")), 2);
	assert_int_equal(json_integer_value(json_object_get(pool, "used")), 0);
	assert_int_equal(json_integer_value(json_object_get(pool, "exhausted")), 1);
	json_decref(report);
	free(path);
	outcome_deinit(&o);
}

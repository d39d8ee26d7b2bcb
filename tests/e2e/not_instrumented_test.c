// Programs whose allocations the preloaded library cannot see: that is said, with the reason, and never told as 0.
#include "e2e.h"
#include "harness.h"
#include "io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char small[] = "#include <stdlib.h>\n"
                            "int main(void)\n"
                            "{\n"
                            "        char *volatile p = malloc(100);\n"
                            "        free(p);\n"
                            "        return p == NULL;\n"
                            "}\n";

// A heap of its own, from mmap alone: not one call of malloc. It waits until it was looked at: forever is too
// long.
static const char mapping[] = "#include <string.h>\n"
                              "#include <sys/mman.h>\n"
                              "#include <unistd.h>\n"
                              "int main(void)\n"
                              "{\n"
                              "        char *p = mmap(0, 200 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);\n"
                              "        if (p == MAP_FAILED)\n"
                              "                return 1;\n"
                              "        for (int i = 0; i < 20; i++) {\n"
                              "                memset(p, i, 200 << 20);\n"
                              "                usleep(50000);\n"
                              "        }\n"
                              "        return 0;\n"
                              "}\n";

// Compiles `source` as DIR/prog; skips the case where that is not possible here.
static const char *compile(const char *source, const char *flags, const char *libraries)
{
	const char *dir = harness_tmpdir();
	char command[1000];

	e2e_write(dir, "prog.c", source, false);
	snprintf(command, sizeof command, "cd '%s' && cc %s prog.c -o prog %s 2>cc.txt", dir, flags, libraries);
	if (system(command) != 0)
		harness_skip("this machine's compiler does not make such a program");
	return dir;
}

// Its only process says `why`, has no counter, and the terminal has the same words.
static void is_unseen(const char *dir, const char *why)
{
	struct outcome o = E2E(dir, "run", "-o", "out", "--", "./prog");
	char *path = io_join(dir, "out");
	json_t *report = e2e_report(path), *counters = json_object_get(e2e_test(report, "prog"), "counters");
	const json_t *one = json_array_get(counters, 0);

	assert_int_equal(o.exit_code, 0);
	if (strcmp(json_string_value(json_object_get(one, "role")), "jemalloc") == 0)
		one = json_array_get(counters, 1); // one that is linked in tells of itself, too
	assert_string_equal(json_string_value(json_object_get(one, "role")), "interposer");
	assert_contains(json_string_value(json_object_get(one, "note")), "not instrumented: ");
	assert_contains(json_string_value(json_object_get(one, "note")), why);
	assert_int_equal(json_object_size(json_object_get(one, "values")), 0);
	assert_contains(buf_text(&o.out), "not instrumented: ");
	json_decref(report);
	free(path);
	outcome_deinit(&o);
}

// What works by the library alone is refused in one line that has the reason.
static void is_refused(const char *dir, const char *why)
{
	struct outcome walk = E2E(dir, "run", "-o", "walk", "--fail-alloc", "every:3", "--", "./prog");
	struct outcome record = E2E(dir, "record", "-o", "a.sgtrace", "--", "./prog");

	assert_int_equal(walk.exit_code, 2);
	assert_contains(buf_text(&walk.err), "no request of prog can be made to fail: not instrumented: ");
	assert_contains(buf_text(&walk.err), why);
	assert_int_equal(record.exit_code, 2);
	assert_contains(buf_text(&record.err), why);
	outcome_deinit(&walk);
	outcome_deinit(&record);
}

CASE("not instrumented: a static program is told as one, and what works by the library is refused")
{
	const char *dir = compile(small, "-static", "");

	is_unseen(dir, "static program");
	is_refused(dir, "static program");
}

CASE("not instrumented: a program with AddressSanitizer's own interposer runs untouched, and is refused clearly")
{
	const char *dir = compile(small, "-fsanitize=address", "");

	is_unseen(dir, "built with AddressSanitizer (it needs libasan.so), which brings its own malloc");
	is_refused(dir, "built with AddressSanitizer (it needs libasan.so)");
}

CASE("not instrumented: a program with jemalloc linked in has that one, which is said")
{
	const char *dir = compile(small, "",
	                          "-Wl,--whole-archive -l:libjemalloc.a -Wl,--no-whole-archive -lstdc++ -lm "
	                          "-ldl -lpthread");

	is_unseen(dir, "the program defines malloc itself: jemalloc is linked into it");
	is_refused(dir, "the program defines malloc itself: jemalloc is linked into it");
}

CASE("not instrumented: a jemalloc that is linked in, and exports nothing, tells its own figures all the same")
{
	const char *dir = compile(small, "",
	                          "-Wl,--whole-archive -l:libjemalloc.a -Wl,--no-whole-archive -lstdc++ -lm "
	                          "-ldl -lpthread");
	struct outcome o = E2E(dir, "run", "-o", "out", "--jemalloc-cap", "64M", "--", "./prog");
	char *path = io_join(dir, "out");
	json_t *report = e2e_report(path), *test = e2e_test(report, "prog");
	json_t *heap = json_array_get(json_object_get(test, "jemallocs"), 0);

	if (heap == NULL)
		harness_skip("this build has no libstressjemalloc.so");
	assert_int_equal(o.exit_code, 0);
	assert_string_equal(json_string_value(json_object_get(heap, "program")), "prog");
	assert_true(json_integer_value(json_object_get(heap, "peak_resident")) > 0);
	assert_string_equal(
	        json_string_value(json_object_get(json_array_get(json_object_get(test, "pools"), 0), "name")),
	        "jemalloc"); // it is capped, too
	json_decref(report);
	free(path);
	outcome_deinit(&o);
}

CASE("not instrumented: a program that maps its own heap has figures of malloc that are told as next to nothing")
{
	const char *dir = compile(mapping, "", "");
	struct outcome o = E2E(dir, "run", "-o", "out", "--", "./prog");
	char *path = io_join(dir, "out");
	json_t *report = e2e_report(path);
	const json_t *counters = json_object_get(e2e_test(report, "prog"), "counters");
	const char *note = json_string_value(json_object_get(json_array_get(counters, 0), "note"));

	assert_int_equal(o.exit_code, 0);
	assert_non_null(note);
	assert_contains(note, "mostly not instrumented: of 2");
	assert_contains(note, "the rest was mapped by the program itself");
	json_decref(report);
	free(path);
	outcome_deinit(&o);
}

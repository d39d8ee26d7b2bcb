#include "harness.h"
#include "support.h"

#include "buf.h"
#include "io.h"
#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int generate(const char *dir, uint64_t seed, struct err *e)
{
	struct dialect *dialects[] = { support_dialect("lua"), support_dialect("mylisp") };
	size_t count;
	char **kernels = support_kernels(&count);
	int rc = support_suite(dir, kernels, count, dialects, 2, seed, e);

	support_free_paths(kernels, count);
	dialect_free(dialects[0]);
	dialect_free(dialects[1]);
	return rc;
}

static int same_bytes(const char *a, const char *b)
{
	char command[1024];

	snprintf(command, sizeof command, "diff -r '%s' '%s' > /dev/null", a, b);
	return system(command) == 0;
}

static void write_file(const char *dir, const char *name, const char *text)
{
	char *path = io_join(dir, name);
	struct err e = { 0 };

	assert_int_equal(io_replace_file(path, text, strlen(text), &e), 0);
	free(path);
}

static int exists(const char *dir, const char *name)
{
	char *path = io_join(dir, name);
	int there = access(path, F_OK) == 0;

	free(path);
	return there;
}

CASE("gen_suite: the bytes are the same when the seed is")
{
	char *a = io_join(harness_tmpdir(), "a"), *b = io_join(harness_tmpdir(), "b"),
	     *c = io_join(harness_tmpdir(), "c");
	struct err e = { 0 };

	assert_int_equal(generate(a, 42, &e), 0);
	assert_int_equal(generate(b, 42, &e), 0);
	assert_int_equal(generate(c, 43, &e), 0);
	assert_true(same_bytes(a, b));
	assert_false(same_bytes(a, c));
	free(a);
	free(b);
	free(c);
}

CASE("gen_suite: it can be loaded with all that its tests say when it was written")
{
	char *dir = io_join(harness_tmpdir(), "s");
	struct suite s = { 0 };
	struct err e = { 0 };

	assert_int_equal(generate(dir, 42, &e), 0);
	assert_int_equal(suite_load(dir, &s, &e), 0);
	assert_string_equal(s.generator, "stressgen test");
	assert_int_equal(s.seed, 42);
	assert_int_equal(json_integer_value(json_object_get(s.options, "depth")), 10000);
	const struct suite_test *t = suite_find(&s, "recursion/countdown-10000.lua@slab-fixed");
	assert_non_null(t);
	assert_string_equal(t->path, "recursion/countdown-10000.lua@slab-fixed.lua");
	assert_string_equal(t->kernel, "recursion/countdown");
	assert_string_equal(t->dialect, "lua");
	assert_string_equal(t->target, "lua@slab-fixed");
	assert_string_equal(t->growth, "n");
	assert_string_equal(t->param_text, "depth=10000");
	assert_string_equal(t->meta.run,
	                    "{stressgen:lua} --pool slab-fixed --capacity {param:slab-capacity} {file}");
	assert_string_equal(test_meta_param(&t->meta, "slab-capacity"), "auto");
	assert_string_equal(test_meta_param(&t->meta, "depth"), "10000");
	assert_int_equal(t->pattern_count, 3);
	assert_string_equal(t->patterns[0].class_name, "cstack");
	assert_false(exists(dir, ".incomplete"));
	suite_deinit(&s);
	free(dir);
}

CASE("gen_suite: it replaces one of ours, and leaves nothing of it behind")
{
	char *dir = io_join(harness_tmpdir(), "s"), *fresh = io_join(harness_tmpdir(), "f");
	char *kernel[] = { strdup(SG_SOURCE_DIR "/gen/kernels/gc/cycles.kernel") };
	struct dialect *d = support_dialect("lua");
	struct err e = { 0 };

	assert_int_equal(generate(dir, 42, &e), 0);
	assert_int_equal(support_suite(dir, kernel, 1, &d, 1, 7, &e), 0);
	assert_int_equal(support_suite(fresh, kernel, 1, &d, 1, 7, &e), 0);
	assert_true(same_bytes(dir, fresh));
	dialect_free(d);
	free(kernel[0]);
	free(dir);
	free(fresh);
}

CASE("gen_suite: the directory is left alone when it holds what we did not write")
{
	char *dir = io_join(harness_tmpdir(), "s"), expected[512];
	struct err e = { 0 };

	assert_int_equal(mkdir(dir, 0777), 0);
	write_file(dir, "thesis.txt", "years of work");
	assert_int_equal(generate(dir, 42, &e), -ENOTEMPTY);
	snprintf(expected, sizeof expected,
	         "%s: the directory is not empty and holds no suite of stressgen's; name another", dir);
	assert_string_equal(e.text, expected);
	assert_true(exists(dir, "thesis.txt"));
	assert_false(exists(dir, ".incomplete"));
	free(dir);
}

CASE("gen_suite: nothing is removed when a file of the person's lies beside a suite of ours")
{
	char *dir = io_join(harness_tmpdir(), "s");
	struct err e = { 0 };

	assert_int_equal(generate(dir, 42, &e), 0);
	write_file(dir, "gc/mine.lua", "x");
	assert_int_equal(generate(dir, 42, &e), -ENOTEMPTY);
	assert_non_null(strstr(e.text, "/gc/mine.lua: stressgen did not write this file"));
	assert_true(exists(dir, "suite.json") && exists(dir, "gc/cycles.mylisp.mylisp") &&
	            exists(dir, "gc/mine.lua"));
	free(dir);
}

CASE("gen_suite: a suite.json of somebody else's is no licence to remove")
{
	char *dir = io_join(harness_tmpdir(), "s");
	struct err e = { 0 };

	assert_int_equal(mkdir(dir, 0777), 0);
	write_file(dir, "suite.json", "{\"generator\": \"other 1.0\", \"tests\": []}");
	assert_int_equal(generate(dir, 42, &e), -ENOTEMPTY);
	assert_true(exists(dir, "suite.json"));
	free(dir);
}

CASE("gen_suite: it is incomplete and said so when writing stops, and can be written again")
{
	char *dir = io_join(harness_tmpdir(), "s");
	struct suite s = { 0 };
	struct err e = { 0 };

	assert_int_equal(mkdir(dir, 0777), 0);
	write_file(dir, ".incomplete", "stressgen was writing these files\ngc/half.lua\n");
	char *sub = io_join(dir, "gc");
	assert_int_equal(mkdir(sub, 0777), 0);
	write_file(dir, "gc/half.lua", "loc");
	assert_true(suite_load(dir, &s, &e) < 0);
	suite_deinit(&s);
	e.text[0] = 0;
	assert_int_equal(generate(dir, 42, &e), 0);
	assert_false(exists(dir, "gc/half.lua"));
	assert_false(exists(dir, ".incomplete"));
	free(sub);
	free(dir);
}

CASE("gen_suite: the reason is given when a dialect cannot write a kernel")
{
	char *kernels[] = { strdup(SG_SOURCE_DIR "/tests/gen/kernels/maps.kernel") };
	struct dialect *dialects[] = { support_dialect("chicken"), support_dialect("lua") };
	char *dir = io_join(harness_tmpdir(), "s");
	struct suite s = { 0 };
	struct err e = { 0 };

	assert_int_equal(support_suite(dir, kernels, 1, dialects, 2, 42, &e), 0);
	assert_int_equal(suite_load(dir, &s, &e), 0);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.left_out_count, 1);
	assert_string_equal(s.left_out[0].kernel, "other/maps");
	assert_string_equal(s.left_out[0].dialect, "chicken");
	assert_string_equal(s.left_out[0].reason,
	                    "chicken has no 'make-map': CHICKEN's hash tables are in the egg "
	                    "srfi-69, not in CHICKEN itself");
	suite_deinit(&s);
	dialect_free(dialects[0]);
	dialect_free(dialects[1]);
	free(kernels[0]);
	free(dir);
}

// One kernel on targets of the person's own choosing.
static int generate_target(const char *dir, const char *kernel, uint64_t depth, const char *name,
                           const char *command, struct err *e)
{
	struct dialect *d = support_dialect("mylisp");
	struct gen_target target = { .dialect = d, .name = name, .command = command };
	struct gen_config c = { .kernels = &kernel,
		                .kernel_count = 1,
		                .targets = &target,
		                .target_count = 1,
		                .out_dir = dir,
		                .seed = 1,
		                .depth = depth,
		                .generator = "stressgen test" };
	int rc = gen_suite(&c, e);

	dialect_free(d);
	return rc;
}

#define COUNTDOWN SG_SOURCE_DIR "/gen/kernels/recursion/countdown.kernel"

CASE("gen_suite: the person's command is in the header when a target brings one")
{
	char *dir = io_join(harness_tmpdir(), "s");
	struct suite s = { 0 };
	struct err e = { 0 };

	assert_int_equal(generate_target(dir, COUNTDOWN, 7, "my-lisp", "./mylisp {file}", &e), 0);
	assert_int_equal(suite_load(dir, &s, &e), 0);
	assert_string_equal(s.tests[2].id, "recursion/countdown-7.my-lisp");
	assert_string_equal(s.tests[2].meta.run, "./mylisp {file}");
	suite_deinit(&s);
	free(dir);
}

CASE("gen_suite: a depth that is there anyway gives no second test")
{
	char *dir = io_join(harness_tmpdir(), "s");
	struct suite s = { 0 };
	struct err e = { 0 };

	assert_int_equal(generate_target(dir, COUNTDOWN, 1000, "mylisp", NULL, &e), 0);
	assert_int_equal(suite_load(dir, &s, &e), 0);
	assert_int_equal(s.count, 2);
	suite_deinit(&s);
	free(dir);
}

CASE("gen_suite: targets, depths and kernels are refused when they are wrong")
{
	char *dir = io_join(harness_tmpdir(), "s");
	struct err e = { 0 };

	assert_int_equal(generate_target(dir, COUNTDOWN, 7, "a/b", "x", &e), -EINVAL);
	assert_string_equal(e.text, "target 'a/b': a name has letters, digits and _ + @ . - only");
	e.text[0] = 0;
	assert_int_equal(generate_target(dir, COUNTDOWN, 7, "..", "x", &e), -EINVAL);
	e.text[0] = 0;
	assert_int_equal(generate_target(dir, COUNTDOWN, 7, "own", NULL, &e), -EINVAL);
	assert_string_equal(e.text, "target 'own': dialect mylisp has no command for it");
	e.text[0] = 0;
	assert_int_equal(generate_target(dir, COUNTDOWN, 7, "own", "a\nb", &e), -EINVAL);
	e.text[0] = 0;
	assert_int_equal(generate_target(dir, "/nowhere.kernel", 7, "mylisp", NULL, &e), -ENOENT);
	assert_false(exists(dir, "."));
	e.text[0] = 0;
	assert_int_equal(generate_target(dir, COUNTDOWN, 10000001, "mylisp", NULL, &e), -ERANGE);
	assert_non_null(strstr(e.text, "countdown.kernel:6:10: depth 10000001 is out of this kernel's range, 1 to "
	                               "10000000"));
	free(dir);
}

CASE("gen_suite: an output directory is refused when it cannot be made")
{
	struct err e = { 0 };

	write_file(harness_tmpdir(), "file", "x");
	char *dir = io_join(harness_tmpdir(), "file/suite");
	assert_int_equal(generate_target(dir, COUNTDOWN, 7, "mylisp", NULL, &e), -ENOTDIR);
	assert_non_null(strstr(e.text, "/file"));
	free(dir);
}

static int generate_scenario(const char *dir, const char *const *paths, size_t count, struct err *e)
{
	struct gen_config c = { .scenarios = paths,
		                .scenario_count = count,
		                .out_dir = dir,
		                .seed = 1,
		                .depth = 1,
		                .generator = "stressgen test" };

	return gen_suite(&c, e);
}

CASE("gen_suite: a scenario is copied with its own header when it has one")
{
	char *dir = io_join(harness_tmpdir(), "s"), *from = io_join(harness_tmpdir(), "one.h2");
	const char *paths[] = { from, from };
	struct suite s = { 0 };
	struct err e = { 0 };

	write_file(harness_tmpdir(), "one.h2",
	           "; @Test http2/one\n; @Kind http2\n; @Run {stressgen:h2} run {file}\n(x)\n");
	assert_int_equal(generate_scenario(dir, paths, 1, &e), 0);
	assert_int_equal(suite_load(dir, &s, &e), 0);
	assert_string_equal(s.tests[0].id, "http2/one");
	assert_string_equal(s.tests[0].path, "http2/one.h2");
	assert_string_equal(s.tests[0].dialect, "h2");
	suite_deinit(&s);
	assert_int_equal(generate_scenario(dir, paths, 2, &e), -EEXIST);
	assert_string_equal(e.text, "two tests have the id http2/one; rename one");
	e.text[0] = 0;
	write_file(harness_tmpdir(), "one.h2", "; @Test http2/../../evil\n(x)\n");
	assert_int_equal(generate_scenario(dir, paths, 1, &e), -EINVAL);
	e.text[0] = 0;
	write_file(harness_tmpdir(), "one.h2", "(x)\n");
	assert_int_equal(generate_scenario(dir, paths, 1, &e), -EINVAL);
	assert_non_null(strstr(e.text, "one.h2: a scenario begins with a header whose @Test is like http2/name"));
	free(from);
	free(dir);
}

CASE("gen_suite: a workload's test holds its parameters, the seed and its command")
{
	const struct gen_workload w = { "larson", "a server", "large", "slots=10 high=1K", true };
	char *dir = io_join(harness_tmpdir(), "s");
	struct gen_config c = { .workloads = &w,
		                .workload_count = 1,
		                .out_dir = dir,
		                .seed = 9,
		                .depth = 1,
		                .generator = "stressgen test" };
	struct suite s = { 0 };
	struct err e = { 0 };

	assert_int_equal(gen_suite(&c, &e), 0);
	assert_int_equal(suite_load(dir, &s, &e), 0);
	assert_int_equal(s.count, 1);
	assert_string_equal(s.tests[0].id, "alloc/larson-large");
	assert_string_equal(s.tests[0].path, "alloc/larson-large.alloc");
	assert_string_equal(s.tests[0].kernel, "alloc/larson");
	assert_string_equal(s.tests[0].target, "native");
	assert_int_equal(s.tests[0].meta.kind, KIND_ALLOC);
	assert_true(s.tests[0].meta.slow);
	assert_string_equal(test_meta_param(&s.tests[0].meta, "seed"), "9");
	assert_string_equal(s.tests[0].meta.run,
	                    "{stressgen:native} larson seed={param:seed} slots={param:slots} high={param:high}");
	suite_deinit(&s);
	free(dir);
}

CASE("gen_suite: a kernel's formula is tried when it is checked alone")
{
	char *path = io_join(harness_tmpdir(), "a.kernel");
	struct err e = { 0 };

	write_file(
	        harness_tmpdir(), "a.kernel",
	        "(kernel gc/a (summary \"s\") (param n 1 (range 0 9)) (measure t (repeat 1) n) (expect (quotient 1 n)))");
	assert_int_equal(gen_check_kernel(path, &e), 0);
	write_file(
	        harness_tmpdir(), "a.kernel",
	        "(kernel gc/a (summary \"s\") (param n 0 (range 0 9)) (measure t (repeat 1) n) (expect (quotient 1 n)))");
	assert_int_equal(gen_check_kernel(path, &e), -ERANGE);
	assert_non_null(strstr(e.text, "a.kernel:1:85: division by zero in a formula"));
	free(path);
}

// The recursion limit that the Python program of this kernel sets.
static long python_limit(const char *name, const char *text)
{
	struct dialect *python = support_dialect("python");
	char *kernel = io_join(harness_tmpdir(), name), *dir = io_join(harness_tmpdir(), "s");
	char *path = io_join(dir, "recursion/deep-k.python3.py");
	struct err e = { 0 };
	struct buf program = { 0 };
	const char *at;

	write_file(harness_tmpdir(), name, text);
	assert_int_equal(support_suite(dir, &kernel, 1, &python, 1, 1, &e), 0);
	assert_int_equal(io_read_file(path, 1 << 20, &program, &e), 0);
	at = strstr(buf_text(&program), "setrecursionlimit(");
	assert_non_null(at);
	long limit = 0, part = 0;
	for (char *p = strchr(at, '(') + 1; *p != ')'; p += strspn(p, " +"), limit += part)
		part = strtol(p, &p, 10);
	buf_deinit(&program);
	dialect_free(python);
	free(kernel);
	free(dir);
	free(path);
	return limit;
}

CASE("gen_suite: a kernel that recurses and does not say how deep gets the room that the evaluator needed")
{
	assert_true(python_limit("deep-k.kernel",
	                         "(kernel recursion/deep-k (summary \"s\")\n"
	                         "(define (down n) (if (<= n 0) 0 (+ 1 (up n))))\n"
	                         "(define (up n) (down (- n 1)))\n"
	                         "(measure m (repeat 1) (down 20000)) (expect 20000))\n") >= 41000);
	assert_true(python_limit("deep-k.kernel", "(kernel recursion/deep-k (summary \"s\")\n"
	                                          "(define (down n) (+ n 1))\n"
	                                          "(measure m (repeat 1) (down 20000)) (expect 20001))\n") < 2000);
}

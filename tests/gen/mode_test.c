// GC modes: the same results under another strain.
#include "harness.h"
#include "support.h"

#include "buf.h"
#include "eval.h"
#include "io.h"
#include "mode.h"
#include "suite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct mode one_mode(const char *name)
{
	struct mode modes[MODES_MAX];
	struct err e = { 0 };
	size_t count;

	assert_int_equal(mode_parse_list(name, modes, &count, &e), 0);
	assert_int_equal(count, 1);
	return modes[0];
}

static struct kernel *changed(const char *path, const struct mode *m)
{
	struct buf text = { 0 };
	struct err e = { 0 };
	struct kernel *k = NULL;

	mode_write(path, m, &text, &e);
	assert_string_equal(e.text, "");
	kernel_parse("mode.kernel", text.data, text.len, &k, &e);
	if (e.text[0] != 0)
		print_message("%s\n", buf_text(&text));
	assert_string_equal(e.text, "");
	buf_deinit(&text);
	return k;
}

static struct eval_result evaluated(const struct kernel *k, const struct kernel_instance *i)
{
	struct eval_result out = { 0 };
	struct err e = { 0 };

	eval_kernel(k, i->values, NULL, &out, &e);
	assert_string_equal(e.text, "");
	return out;
}

static void assert_same(const struct kernel *plain, const struct kernel *k)
{
	for (size_t i = 0; i < plain->instance_count; i++) {
		if (plain->instances[i].slow)
			continue;
		assert_memory_equal(k->instances[i].values, plain->instances[i].values,
		                    plain->param_count * sizeof(int64_t));
		struct eval_result before = evaluated(plain, &plain->instances[i]);
		struct eval_result after = evaluated(k, &k->instances[i]);
		assert_int_equal(after.value, before.value);
		assert_true(after.steps > before.steps);
	}
}

static void check_mode(const char *name)
{
	struct mode m = one_mode(name);
	size_t count, changed_count = 0;
	char **paths = support_kernels(&count);

	for (size_t i = 0; i < count; i++) {
		struct err e = { 0 };
		struct kernel *plain, *k;
		assert_int_equal(kernel_load(paths[i], &plain, &e), 0);
		if (plain->kind == KIND_GC) {
			k = changed(paths[i], &m);
			assert_string_equal(mode_of(k), name);
			assert_null(mode_of(plain));
			assert_same(plain, k);
			kernel_free(k);
			changed_count++;
		}
		kernel_free(plain);
	}
	assert_true(changed_count >= 16);
	support_free_paths(paths, count);
}

CASE("mode: every GC kernel gives the same result when its heap is near full")
{
	check_mode("near-full");
}

CASE("mode: every GC kernel gives the same result when it runs in bursts")
{
	check_mode("bursts");
}

CASE("mode: every GC kernel gives the same result when it is collected every 1000 allocations")
{
	check_mode("gc-every-1000");
}

// --- what a mode does ------------------------------------------------------------------------------------------

#define LIST_CHURN SG_SOURCE_DIR "/gen/kernels/gc/list-churn.kernel"

static struct eval_result list_churn(const char *mode)
{
	struct mode m = one_mode(mode);
	struct kernel *k = changed(LIST_CHURN, &m);
	struct eval_result out = evaluated(k, &k->instances[0]); // 100 lists of 100 pairs

	kernel_free(k);
	return out;
}

CASE("mode: gc-every-K collects once every K allocations")
{
	assert_int_equal(list_churn("gc-every-100").collections, 100);
	assert_int_equal(list_churn("gc-every-10000").collections, 1);
	assert_int_equal(list_churn("gc-every-10001").collections, 0);
}

CASE("mode: bursts collects after each burst, and the heap is large in each")
{
	struct eval_result out = list_churn("bursts");

	assert_int_equal(out.collections, 3);
	assert_true(out.peak_bytes > UINT64_C(20000) * 16);
}

CASE("mode: near-full keeps its ballast through a collection")
{
	struct mode m = one_mode("near-full");
	struct kernel *k = changed(SG_SOURCE_DIR "/gen/kernels/gc/nested.kernel", &m), *plain = NULL;
	struct err e = { 0 };

	assert_int_equal(kernel_load(SG_SOURCE_DIR "/gen/kernels/gc/nested.kernel", &plain, &e), 0);
	assert_true(evaluated(k, &k->instances[0]).peak_bytes >
	            evaluated(plain, &plain->instances[0]).peak_bytes + UINT64_C(10000) * 16);
	kernel_free(plain);
	kernel_free(k);
}

CASE("mode: the time of a kernel that is collected at every turn has no declared growth, and fewer repetitions")
{
	struct mode every = one_mode("gc-every-7"), bursts = one_mode("bursts");
	struct kernel *k = changed(LIST_CHURN, &every), *b = changed(LIST_CHURN, &bursts);

	assert_string_equal(k->name, "gc/list-churn+gc-every-7");
	assert_null(k->growth);
	assert_int_equal(k->repeat, 5);
	assert_string_equal(b->growth, "n");
	assert_int_equal(b->repeat, 10);
	kernel_free(k);
	kernel_free(b);
}

CASE("mode: slow instances are left out when each collection would look at all of them")
{
	const char *path = SG_SOURCE_DIR "/gen/kernels/gc/wide-vector.kernel";
	struct mode every = one_mode("gc-every-1000"), bursts = one_mode("bursts");
	struct kernel *k = changed(path, &every), *f = changed(path, &bursts);

	assert_int_equal(k->instance_count, 1);
	assert_int_equal(f->instance_count, 2);
	kernel_free(k);
	kernel_free(f);
}

// --- the names of modes ----------------------------------------------------------------------------------------

CASE("mode: a list names each mode once")
{
	struct mode modes[MODES_MAX];
	struct err e = { 0 };
	size_t count;

	assert_int_equal(mode_parse_list("all,bursts\ngc-every-5,gc-every", modes, &count, &e), 0);
	assert_int_equal(count, 4);
	assert_string_equal(modes[0].name, "near-full");
	assert_string_equal(modes[1].name, "bursts");
	assert_string_equal(modes[2].name, "gc-every-1000");
	assert_string_equal(modes[3].name, "gc-every-5");
	assert_int_equal(modes[3].every, 5);
}

CASE("mode: a mode that is none is refused with the names of all")
{
	static const char *const wrong[] = { "",
		                             "burst",
		                             "near-full-2",
		                             "gc-every-",
		                             "gc-every-0",
		                             "gc-every--5",
		                             "gc-every-5x",
		                             "gc-every-1000000001",
		                             "gc-everything",
		                             "bursts," };

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct mode modes[MODES_MAX];
		struct err e = { 0 };
		size_t count;
		assert_int_equal(mode_parse_list(wrong[i], modes, &count, &e), -EINVAL);
		assert_non_null(strstr(e.text, "the modes are near-full, bursts, gc-every-N"));
	}
}

// --- in a suite ------------------------------------------------------------------------------------------------

// The suite of one kernel in these modes, for one dialect's first target.
static char *write_suite(const char *kernel, const char *dialect, const char *modes, struct suite *s)
{
	struct dialect *d = support_dialect(dialect);
	struct gen_target target = { .dialect = d, .name = dialect_target_name(d, 0) };
	const char *kernels[] = { kernel };
	char *dir = io_join(harness_tmpdir(), "suite");
	struct gen_config c = { .kernels = kernels,
		                .kernel_count = 1,
		                .targets = &target,
		                .target_count = 1,
		                .out_dir = dir,
		                .depth = 10,
		                .gc_modes = modes,
		                .generator = "stressgen test" };
	struct err e = { 0 };

	gen_suite(&c, &e);
	assert_string_equal(e.text, "");
	assert_int_equal(suite_load(dir, s, &e), 0);
	dialect_free(d);
	return dir;
}

CASE("mode: a suite has the kernel's tests and those in each mode, and the kernels that they are from")
{
	struct suite s = { 0 };
	char *dir = write_suite(LIST_CHURN, "python", "near-full,gc-every-50", &s);
	const struct suite_test *t = suite_find(&s, "gc/list-churn-100+gc-every-50.python3");

	assert_int_equal(s.count, 6);
	assert_non_null(suite_find(&s, "gc/list-churn-1000.python3"));
	assert_non_null(suite_find(&s, "gc/list-churn-1000+near-full.python3"));
	assert_non_null(t);
	assert_string_equal(t->path, "gc/list-churn-100+gc-every-50.python3.py");
	assert_string_equal(t->kernel, "gc/list-churn+gc-every-50");
	assert_string_equal(t->source, "kernels/list-churn+gc-every-50.kernel");
	assert_string_equal(test_meta_param(&t->meta, "gc-every"), "50");
	assert_int_equal(t->meta.tags.count, 2);
	assert_string_equal(t->meta.tags.items[1], "gc-every-50");
	suite_deinit(&s);
	free(dir);
}

CASE("mode: each near-full test has a slab of its own where the target's is found out before the run")
{
	struct suite s = { 0 };
	char *dir = write_suite(LIST_CHURN, "lua", "near-full", &s);
	const struct suite_test *plain = suite_find(&s, "gc/list-churn-100.lua@slab-fixed");
	const struct suite_test *full = suite_find(&s, "gc/list-churn-100+near-full.lua@slab-fixed");

	assert_non_null(plain);
	assert_non_null(full);
	assert_string_equal(plain->meta.run,
	                    "{stressgen:lua} --pool slab-fixed --capacity {param:slab-capacity} {file}");
	assert_string_equal(full->meta.run,
	                    "{stressgen:lua} --pool slab-fixed --capacity {param:near-full-slab-capacity} {file}");
	assert_null(test_meta_param(&full->meta, "slab-capacity"));
	assert_string_equal(test_meta_param(&full->meta, "near-full-slab-capacity"), "auto");
	suite_deinit(&s);
	free(dir);
}

CASE("mode: a recursion kernel has none")
{
	struct suite s = { 0 };
	char *dir = write_suite(SG_SOURCE_DIR "/gen/kernels/recursion/sum.kernel", "lua", "all", &s);

	assert_int_equal(s.count, 2);
	suite_deinit(&s);
	free(dir);
}

// --alloc: a whole run on one malloc, and what is said where that is not possible.
#include "e2e.h"

#include "harness.h"
#include "io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// The row of `targets --json` of that malloc; null where it is not there. To be released.
static json_t *find_allocator(const char *name)
{
	struct outcome o = E2E(harness_tmpdir(), "targets", "--json");
	json_t *list = json_loads(buf_text(&o.out), 0, NULL), *found = NULL;
	size_t i;
	json_t *t;

	assert_non_null(list);
	json_array_foreach(list, i, t)
	{
		const char *kind = json_string_value(json_object_get(t, "kind"));

		if (kind != NULL && strcmp(kind, "allocator") == 0 &&
		    json_is_true(json_object_get(t, "present")) &&
		    strcmp(json_string_value(json_object_get(t, "name")), name) == 0)
			found = json_incref(t);
	}
	json_decref(list);
	outcome_deinit(&o);
	return found != NULL ? found : json_null();
}

static bool has_allocator(const char *name)
{
	json_t *found = find_allocator(name);
	const bool there = json_is_object(found);

	json_decref(found);
	return there;
}

static void need_jemalloc(void)
{
	if (!has_allocator("jemalloc"))
		harness_skip("there is no shared jemalloc on this machine");
}

static json_t *report_of(const char *dir)
{
	char *path = io_join(dir, "out");
	json_t *report = e2e_report(path);

	free(path);
	return report;
}

static json_t *run_info(const char *dir)
{
	char *path = io_join(dir, "out/run.json");
	json_t *info = json_load_file(path, 0, NULL);

	assert_non_null(info);
	free(path);
	return info;
}

CASE("alloc: targets lists glibc's malloc with its version, and the packages of missing ones")
{
	struct outcome o = E2E(harness_tmpdir(), "targets");

	assert_true(has_allocator("glibc"));
	assert_contains(buf_text(&o.out), "Mallocs (--alloc NAME)");
	assert_contains(buf_text(&o.out), "the C library's own");
	outcome_deinit(&o);
}

CASE("alloc: every program of a run has the chosen malloc behind our library, and reports say so")
{
	const char *dir = harness_tmpdir();
	struct outcome o;
	json_t *report, *info, *test;

	need_jemalloc();
	o = E2E(dir, "run", "--alloc", "jemalloc:dirty_decay_ms:7", "-o", "out", "--verbose", "--", "/bin/sh",
	        "-c", "echo \"$LD_PRELOAD|$MALLOC_CONF\"");
	if (o.exit_code != 0)
		fail_msg("%s", buf_text(&o.err));
	report = report_of(dir);
	test = e2e_test(report, "sh");
	assert_contains(json_string_value(json_object_get(test, "allocator")), "jemalloc ");
	assert_contains(json_string_value(json_object_get(test, "allocator")), ", dirty_decay_ms:7");
	assert_contains(json_string_value(json_object_get(test, "tail")), "libstressalloc.so:");
	assert_contains(json_string_value(json_object_get(test, "tail")), "libjemalloc.so");
	assert_contains(json_string_value(json_object_get(test, "tail")), "|dirty_decay_ms:7");
	info = run_info(dir);
	assert_string_equal(json_string_value(json_object_get(json_object_get(info, "allocator"), "name")),
	                    "jemalloc:dirty_decay_ms:7");
	assert_contains(json_string_value(json_object_get(info, "again")), "--alloc 'jemalloc:dirty_decay_ms:7'");
	json_decref(info);
	json_decref(report);
	outcome_deinit(&o);
}

CASE("alloc: a program with a malloc of its own is said not to be on the chosen one")
{
	const char *dir = harness_tmpdir();
	struct outcome o;
	json_t *report;

	need_jemalloc();
	o = E2E(dir, "run", "--alloc", "jemalloc", "-o", "out", "--", SG_OWN_MALLOC);
	report = report_of(dir);
	assert_contains(json_string_value(json_object_get(e2e_test(report, "own_malloc"), "allocator")),
	                "its own, not jemalloc");
	assert_contains(json_string_value(json_object_get(e2e_test(report, "own_malloc"), "allocator")),
	                "the program defines malloc itself");
	json_decref(report);
	outcome_deinit(&o);
}

CASE("alloc: glibc's tunables reach the programs")
{
	const char *dir = harness_tmpdir();
	struct outcome o = E2E(dir, "run", "--alloc", "glibc:arena_max=1,mmap_threshold=65536", "-o", "out", "--",
	                       "/bin/sh", "-c", "echo \"$GLIBC_TUNABLES\"");
	json_t *report = report_of(dir);

	assert_int_equal(o.exit_code, 0);
	assert_string_equal(json_string_value(json_object_get(e2e_test(report, "sh"), "tail")),
	                    "glibc.malloc.arena_max=1:glibc.malloc.mmap_threshold=65536\n");
	json_decref(report);
	outcome_deinit(&o);
}

CASE("alloc: a missing malloc is exit 3, an unknown name and options that it does not have are exit 2")
{
	static const struct {
		const char *spec, *words;
		int code;
	} cases[] = {
		{ "nosuch", "no allocator 'nosuch'", 2 },
		{ "/no/such.so", "No such file", 3 },
		{ "glibc@1.0", "glibc@1.0", 3 },
		{ "glibc@", "--alloc glibc@: there is no version behind the '@'; write 'glibc', or", 2 },
		{ "glibc@:arena_max=1", "--alloc glibc@: there is no version behind the '@'", 2 },
		{ "glibc:no_such_thing=1", "no tunable glibc.malloc.no_such_thing", 2 },
		{ "glibc:arena_max", "is no NAME=VALUE", 2 },
		{ "glibc:arena_max=", "arena_max is a number from 1 to ", 2 },
		{ "glibc:arena_max=0", "arena_max is a number from 1 to ", 2 },
		{ "glibc:arena_max=2x", "arena_max is a number from 1 to ", 2 },
		{ "glibc:check=-1", "check is a number from 0 to 3, not '-1'", 2 },
		{ "glibc:check=4", "check is a number from 0 to 3, not '4'", 2 },
		{ "./empty.so", "no library that can be preloaded (file too short): malloc is still glibc's", 2 },
		{ "./loop.so", "Too many levels of symbolic links", 3 },
	};
	const char *dir = harness_tmpdir();
	char *loop = io_join(dir, "loop.so");

	// ld.so says that it is no library, and goes on without it
	e2e_write(dir, "empty.so", "", false);
	assert_int_equal(symlink("loop.so", loop), 0);
	free(loop);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct outcome o = E2E(dir, "run", "--alloc", cases[i].spec, "-o", "out", "--", "/bin/true");

		if (o.exit_code != cases[i].code)
			fail_msg("%s: exit %d: %s", cases[i].spec, o.exit_code, buf_text(&o.err));
		assert_contains(buf_text(&o.err), cases[i].words);
		outcome_deinit(&o);
	}
}

static void make_small_of_musl(const char *dir)
{
	char command[1024];

	if (system("command -v musl-gcc >/dev/null") != 0)
		harness_skip("musl-gcc is not on this machine");
	snprintf(
	        command, sizeof command,
	        "printf '#include <stdlib.h>\nint main(int n, char **v) { void *volatile p = malloc(9); free(p); return n > 1 ? 7 : 0; }\n' | "
	        "musl-gcc -x c -o '%s/small' -",
	        dir);
	assert_int_equal(system(command), 0);
}

// What a script starts cannot be looked into beforehand: glibc's libraries must not be what kills it.
CASE("alloc: a program of musl that a script starts lives, and is said to be on its own malloc")
{
	static const char *const ways[][2] = { { "--alloc", "jemalloc" }, { "--jemalloc-cap", "64M" } };
	const char *dir = harness_tmpdir();

	need_jemalloc();
	make_small_of_musl(dir);
	e2e_write(dir, "chain.sh", "#!/bin/sh\n./small x\n[ $? -eq 7 ] && [ -z \"$(./small 2>&1)\" ]\n", true);
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		struct outcome o =
		        E2E(dir, "run", ways[i][0], ways[i][1], "-o", ways[i][0] + 2, "--", "./chain.sh");
		char run_dir[512], *counters;
		json_t *report, *test;

		if (o.exit_code != 0)
			fail_msg("%s: %s%s", ways[i][0], buf_text(&o.out), buf_text(&o.err));
		snprintf(run_dir, sizeof run_dir, "%s/%s", dir, ways[i][0] + 2);
		report = e2e_report(run_dir);
		test = e2e_test(report, "chain.sh");
		if (i == 0)
			assert_contains(json_string_value(json_object_get(test, "allocator")),
			                "; small stayed on its own: it is a program of another libc (musl)");
		counters = json_dumps(json_object_get(test, "counters"), 0);
		assert_contains(counters, "a program of another libc than glibc (musl): no call stacks");
		assert_contains(counters, "\"program\": \"small\"");
		free(counters);
		json_decref(report);
		outcome_deinit(&o);
	}
}

CASE("alloc: a program of musl that is capped starts all the same")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	make_small_of_musl(dir);
	o = E2E(dir, "run", "--jemalloc-cap", "64M", "-o", "out", "--", "sh", "-c", "exec ./small x");
	assert_int_equal(o.exit_code, 1);
	assert_contains(buf_text(&o.out), "exit status 7");
	outcome_deinit(&o);
}

CASE("alloc: a program of musl stays on its own malloc, and is said to")
{
	const char *dir = harness_tmpdir();
	struct outcome o;
	json_t *report;

	need_jemalloc();
	make_small_of_musl(dir);
	o = E2E(dir, "run", "--alloc", "jemalloc", "-o", "out", "--", "./small");
	if (o.exit_code != 0)
		fail_msg("%s%s", buf_text(&o.out), buf_text(&o.err));
	report = report_of(dir);
	assert_contains(json_string_value(json_object_get(e2e_test(report, "small"), "allocator")),
	                ": the program is musl's, for which that library is not made");
	json_decref(report);
	outcome_deinit(&o);
}

CASE("alloc: a library that has no memory, or that no program survives, is refused with the reason")
{
	static const char *const ways[][2] = {
		{ "none", "its malloc, calloc or realloc gives no memory" },
		{ "abort", "it dies of signal 6 (Aborted)" },
	};

	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		struct outcome o;

		setenv("BROKEN_MALLOC", ways[i][0], 1);
		o = E2E(harness_tmpdir(), "run", "--alloc", SG_BROKEN_MALLOC, "-o", "out", "--", "/bin/true");
		if (o.exit_code != 2)
			fail_msg("%s: exit %d: %s", ways[i][0], o.exit_code, buf_text(&o.err));
		assert_contains(buf_text(&o.err), "no program starts with it preloaded: ");
		assert_contains(buf_text(&o.err), ways[i][1]);
		outcome_deinit(&o);
	}
	unsetenv("BROKEN_MALLOC");
}

CASE("alloc: a library without a name is called by its file")
{
	struct outcome o =
	        E2E(harness_tmpdir(), "run", "--alloc", SG_BROKEN_MALLOC, "-o", "out", "--", "/bin/true");

	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.err), "malloc is libbroken_malloc.so (/");
	outcome_deinit(&o);
}

CASE("alloc: jemalloc's own complaint about an option ends the run before it begins")
{
	struct outcome o;

	need_jemalloc();
	o = E2E(harness_tmpdir(), "run", "--alloc", "jemalloc:nonsense:1", "-o", "out", "--", "/bin/true");
	assert_int_equal(o.exit_code, 2);
	assert_contains(buf_text(&o.err), "Invalid conf pair: nonsense:1");
	outcome_deinit(&o);
}

CASE("alloc: a resumed run stays on its malloc, and another one is refused")
{
	const char *dir = harness_tmpdir();
	struct outcome first = E2E(dir, "run", "--alloc", "glibc:arena_max=1", "-o", "out", "--", "/bin/true");
	struct outcome same = E2E(dir, "run", "--resume", "-o", "out");
	struct outcome other = E2E(dir, "run", "--resume", "-o", "out", "--alloc", "glibc");

	assert_int_equal(first.exit_code, 0);
	if (same.exit_code != 0)
		fail_msg("%s", buf_text(&same.err));
	assert_contains(buf_text(&same.err), "arena_max=1");
	assert_int_equal(other.exit_code, 2);
	assert_contains(buf_text(&other.err), "was begun with --alloc glibc:arena_max=1");
	outcome_deinit(&first);
	outcome_deinit(&same);
	outcome_deinit(&other);
}

// Text of an allocator's row; fails the case where there is no such row. To be freed.
static char *allocator_text(const char *name, const char *key)
{
	json_t *found = find_allocator(name);
	char *text = json_is_object(found) ? strdup(json_string_value(json_object_get(found, key))) : NULL;

	if (text == NULL)
		fail_msg("targets has no %s", name);
	json_decref(found);
	return text;
}

// Puts the library there as DIR/libjemalloc.so.2, with another version in it where one is given.
static char *copy_library(const char *library, const char *dir, const char *from, const char *to)
{
	struct buf bytes = { 0 };
	struct err e = { 0 };
	char *folder = io_join(harness_tmpdir(), dir), *path = io_join(folder, "libjemalloc.so.2"), *at;
	size_t changed = 0;

	assert_int_equal(strlen(from), strlen(to));
	assert_int_equal(io_make_dirs(folder, &e), 0);
	assert_true(io_read_file(library, 64U << 20, &bytes, &e) >= 0);
	for (size_t i = 0; i < bytes.len; i++) {
		at = memmem(bytes.data + i, bytes.len - i, from, strlen(from));
		if (at == NULL)
			break;
		memcpy(at, to, strlen(to));
		i = (size_t)(at - bytes.data);
		changed++;
	}
	assert_true(changed > 0);
	assert_int_equal(io_replace_file(path, bytes.data, bytes.len, &e), 0);
	free(folder);
	buf_deinit(&bytes);
	return path;
}

static void assert_chosen(const char *spec, const char *title)
{
	struct outcome o = E2E(harness_tmpdir(), "run", "--alloc", spec, "-o", title, "--", "/bin/true");
	char *path = io_join(harness_tmpdir(), title);
	json_t *report = e2e_report(path);

	if (o.exit_code != 0)
		fail_msg("%s: %s", spec, buf_text(&o.err));
	assert_string_equal(json_string_value(json_object_get(e2e_test(report, "true"), "allocator")), title);
	json_decref(report);
	free(path);
	outcome_deinit(&o);
}

static void assert_listed(const char *name, const char *key, const char *text)
{
	char *found = allocator_text(name, key);

	assert_string_equal(found, text);
	free(found);
}

CASE("alloc: two versions of one malloc, and two builds of one version, are told apart and can be chosen")
{
	char *library, *version, *other, *patched, *same, *spec, *title, *path;

	need_jemalloc();
	library = allocator_text("jemalloc", "path");
	version = allocator_text("jemalloc", "version");
	// as many digits, and "-" behind them keeps other numbers out
	assert_true(asprintf(&spec, "%s-", version) > 0);
	assert_true(asprintf(&other, "%.*s9-", (int)strlen(version) - 1, version) > 0);
	patched = copy_library(library, "patched", spec, other);
	same = copy_library(library, "same", spec, spec);
	other[strlen(other) - 1] = '\0';
	free(spec);
	assert_true(asprintf(&path, "%s/patched:%s/same", harness_tmpdir(), harness_tmpdir()) > 0);
	setenv("LD_LIBRARY_PATH", path, 1);

	assert_true(asprintf(&spec, "jemalloc@%s", version) > 0);
	assert_listed("jemalloc", "version", other);
	assert_listed(spec, "path", same);
	assert_listed(library, "version", version); // the same once more: by its path
	assert_true(asprintf(&title, "jemalloc %s", version) > 0);
	assert_chosen(spec, title);
	free(title);
	assert_true(asprintf(&title, "jemalloc %s", other) > 0);
	assert_chosen(patched, title);
	for (size_t i = 0; i < 8; i++)
		free((char *[]){ library, version, other, patched, same, spec, title, path }[i]);
}

CASE("alloc: the option and the preloaded library's words have variables of their own")
{
	const char *dir = harness_tmpdir();
	struct outcome o;
	json_t *report, *counters;

	setenv("STRESSGEN_ALLOC", "glibc:arena_max=1", 1);
	setenv("STRESSGEN_INTERPOSER", "mode=counters", 1);
	o = E2E(dir, "run", "-o", "out", "--", "/bin/true");
	assert_int_equal(o.exit_code, 0);
	assert_contains(buf_text(&o.err), "malloc is glibc");
	report = report_of(dir);
	counters = json_object_get(json_array_get(json_object_get(e2e_test(report, "true"), "counters"), 0),
	                           "values");
	assert_non_null(json_object_get(counters, "malloc_calls"));
	assert_null(json_object_get(counters, "peak_bytes")); // which "counters" does without
	json_decref(report);
	outcome_deinit(&o);
}

// The scripting languages: every kernel of the catalogue, and what is special in their strings, keys and numbers,
// in each runtime that this machine has.
#include "harness.h"
#include "support.h"

#include "emit.h"
#include "io.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct runtime {
	const char *dialect, *command;
	const char *overflow;        // what it says when its stack is full
	const char *overflowing[16]; // the programs that its stack is too small for
};

static const struct runtime node = { "node", "node --expose-gc", "Maximum call stack size exceeded", { NULL } };
static const struct runtime duktape = { "duktape", "duk", "RangeError: callstack limit", { "countdown-10000" } };
static const struct runtime ruby = { "ruby", "ruby", "SystemStackError", { "countdown-10000" } };
static const struct runtime mruby = { "mruby",
	                              "mruby",
	                              "SystemStackError",
	                              { "build-list-1000", "countdown-1000", "countdown-5000", "countdown-10000",
	                                "even-odd-1000", "reverse-list-1000", "sum-1000", "sum-5000",
	                                "tail-sum-1000", "through-builtin-100" } };
static const struct runtime php = { "php", "php", "", { NULL } };
static const struct runtime perl = { "perl", "perl", "", { NULL } };
static const struct runtime luajit = { "luajit", "luajit", "stack overflow", { NULL } };
static const struct runtime lua54 = { "lua54", "lua5.4", "stack overflow", { NULL } };

static struct dialect *need(const struct runtime *r)
{
	char command[100];

	snprintf(command, sizeof command, "command -v %.*s >/dev/null", (int)strcspn(r->command, " "), r->command);
	if (system(command) != 0)
		harness_skip("the runtime is not installed");
	return support_dialect(r->dialect);
}

static bool overflows(const struct runtime *r, const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	for (const char *const *o = r->overflowing; *o != NULL; o++)
		if (strncmp(name, *o, strlen(*o)) == 0 && name[strlen(*o)] == '.')
			return true;
	return false;
}

static void check_program(const struct runtime *r, const char *path)
{
	int status;
	char *out = support_run(r->command, path, &status);
	bool full = overflows(r, path);
	const char *last = full ? r->overflow : "\n@@ done\n";

	if (strstr(out, last) == NULL || status != full || strstr(out, "@@ check result bad") != NULL)
		print_message("%s: exit status %d\n%s\n", path, status, out);
	assert_non_null(strstr(out, last));
	assert_int_equal(status, full);
	if (!full) {
		assert_non_null(strstr(out, "@@ check result ok "));
		assert_int_equal(strncmp(out, "@@ lat ", 7), 0);
	}
	free(out);
}

static bool is_slow(const char *path)
{
	char *text = support_read(path);
	bool slow = strstr(text, "@Slow") != NULL;

	free(text);
	return slow;
}

static void check_programs(const struct runtime *r, const char *dir)
{
	char pattern[500];
	glob_t g;

	snprintf(pattern, sizeof pattern, "%s/*/*.*.*", dir);
	assert_int_equal(glob(pattern, 0, NULL, &g), 0);
	for (size_t i = 0; i < g.gl_pathc; i++)
		if (!is_slow(g.gl_pathv[i]))
			check_program(r, g.gl_pathv[i]);
	globfree(&g);
}

// Whether the dialect has what the kernel uses; what it has not, it must say why.
static bool can_write(const struct dialect *d, const char *path)
{
	struct err e = { 0 };
	struct kernel *k;
	char reason[300];
	bool can;

	assert_int_equal(kernel_load(path, &k, &e), 0);
	can = emit_lacks(d, k, reason, sizeof reason) == NULL;
	if (!can)
		assert_non_null(strstr(reason, "': "));
	kernel_free(k);
	return can;
}

static void check_kernels(const struct runtime *r, char *const *paths, size_t count)
{
	struct dialect *d = need(r);
	char **used = calloc(count, sizeof(char *)), *dir = io_join(harness_tmpdir(), "suite");
	struct err e = { 0 };
	size_t n = 0;

	assert_non_null(used);
	for (size_t i = 0; i < count; i++)
		if (can_write(d, paths[i]))
			used[n++] = paths[i];
	assert_true(n > 0);
	support_suite(dir, used, n, &d, 1, 42, &e);
	assert_string_equal(e.text, "");
	check_programs(r, dir);
	free(dir);
	free(used);
	dialect_free(d);
}

static void check_catalogue(const struct runtime *r)
{
	size_t count;
	char **paths = support_kernels(&count);

	check_kernels(r, paths, count);
	support_free_paths(paths, count);
}

// Signs of quotients, escapes, maps with odd keys, closures of loops, exceptions in all places, numbers to 2^53.
static void check_language(const struct runtime *r)
{
	char *paths[] = { SG_SOURCE_DIR "/tests/gen/kernels/everything.kernel",
		          SG_SOURCE_DIR "/tests/gen/kernels/exceptions.kernel",
		          SG_SOURCE_DIR "/tests/gen/kernels/maps.kernel",
		          SG_SOURCE_DIR "/tests/gen/kernels/pitfalls.kernel" };

	check_kernels(r, paths, sizeof paths / sizeof paths[0]);
}

CASE("dialects: each kernel gives its result when the runtime is Node.js")
{
	check_catalogue(&node);
}

CASE("dialects: each kernel gives its result when the runtime is Duktape")
{
	check_catalogue(&duktape);
}

CASE("dialects: each kernel gives its result when the runtime is Ruby")
{
	check_catalogue(&ruby);
}

CASE("dialects: each kernel gives its result, or says that the stack is full, when the runtime is mruby")
{
	check_catalogue(&mruby);
}

CASE("dialects: each kernel gives its result when the runtime is PHP")
{
	check_catalogue(&php);
}

CASE("dialects: each kernel gives its result when the runtime is Perl")
{
	check_catalogue(&perl);
}

CASE("dialects: each kernel gives its result when the runtime is LuaJIT")
{
	check_catalogue(&luajit);
}

CASE("dialects: each kernel gives its result when the runtime is the plain Lua 5.4")
{
	check_catalogue(&lua54);
}

CASE("dialects: signs, escapes, keys, closures and exceptions are right when the runtime is Node.js")
{
	check_language(&node);
}

CASE("dialects: signs, escapes, keys, closures and exceptions are right when the runtime is Duktape")
{
	check_language(&duktape);
}

CASE("dialects: signs, escapes, keys, closures and exceptions are right when the runtime is Ruby")
{
	check_language(&ruby);
}

CASE("dialects: signs, escapes, keys, closures and exceptions are right when the runtime is mruby")
{
	check_language(&mruby);
}

CASE("dialects: signs, escapes, keys, closures and exceptions are right when the runtime is PHP")
{
	check_language(&php);
}

CASE("dialects: signs, escapes, keys, closures and exceptions are right when the runtime is Perl")
{
	check_language(&perl);
}

CASE("dialects: signs, escapes, keys, closures and exceptions are right when the runtime is LuaJIT")
{
	check_language(&luajit);
}

CASE("dialects: signs, escapes, keys, closures and exceptions are right when the runtime is the plain Lua 5.4")
{
	check_language(&lua54);
}

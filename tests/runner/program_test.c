// What LD_PRELOAD reaches.
#include "lab.h"
#include "program.h"

#include "io.h"

#include <sys/stat.h>

static const char *reason_for(const char *path)
{
	struct program_cache cache = { 0 };
	const char *first = program_no_preload(&cache, path);

	assert_ptr_equal(program_no_preload(&cache, path), first); // the same from the cache
	return first;
}

static char *script(const char *name, const char *first_line)
{
	char *path = io_join(harness_tmpdir(), name);

	assert_int_equal(io_replace_file(path, first_line, strlen(first_line), NULL), 0);
	chmod(path, 0755);
	return path;
}

CASE("program: a dynamic program can be preloaded into, a static one cannot")
{
	assert_null(reason_for("/bin/true"));
	assert_null(reason_for(RUNNER_MISBEHAVE));
	assert_string_equal(reason_for(RUNNER_STATIC), "static program");
}

CASE("program: a program with AddressSanitizer brings its own malloc")
{
	char command[1000];
	char *path = io_join(harness_tmpdir(), "asan");

	snprintf(command, sizeof command,
	         "echo 'int main(void) { return 0; }' > %s.c && cc -fsanitize=address -o %s %s.c 2>/dev/null",
	         path, path, path);
	if (system(command) != 0)
		harness_skip("no compiler with AddressSanitizer here");
	assert_non_null(strstr(reason_for(path), "sanitizer"));
	free(path);
}

CASE("program: a script is as its interpreter is, by env too")
{
	char text[600];
	char *plain = script("plain", "#!/bin/sh\n");
	char *env = script("env", "#!/usr/bin/env sh\n");
	char *still;

	assert_null(reason_for(plain));
	assert_null(reason_for(env));
	snprintf(text, sizeof text, "#! %s hog\n", RUNNER_STATIC);
	still = script("static", text);
	assert_string_equal(reason_for(still), "static program");
	free(plain);
	free(env);
	free(still);
}

CASE("program: what is no program is said to be none, and a missing file is left to exec")
{
	char *text = script("text", "hello\n");
	char *cut = script("cut", "\177ELF");

	assert_string_equal(reason_for(text), "not an ELF program");
	assert_string_equal(reason_for(cut), "not an ELF program");
	assert_null(reason_for("/no/such/file"));
	free(text);
	free(cut);
}

CASE("program: every cut of a real program is survived")
{
	struct buf whole = { 0 };
	struct program_cache cache = { 0 };
	char *path = io_join(harness_tmpdir(), "part");

	assert_int_equal(io_read_file("/bin/true", 1 << 24, &whole, NULL), 0);
	for (size_t len = 1; len < whole.len; len += len < 1200 ? 7 : 997) {
		assert_int_equal(io_replace_file(path, whole.data, len, NULL), 0);
		program_no_preload(&cache, path);
	}
	buf_deinit(&whole);
	free(path);
}

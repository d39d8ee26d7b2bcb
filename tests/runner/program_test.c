// What LD_PRELOAD reaches.
#include "lab.h"
#include "program.h"

#include "io.h"

#include <elf.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

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
	assert_string_equal(reason_for(RUNNER_STATIC), "static program: nothing can be preloaded into it");
}

static const char *reason_of_built(const char *flags)
{
	char command[1000];
	char *path = io_join(harness_tmpdir(), "built");
	const char *reason;

	snprintf(command, sizeof command,
	         "echo 'int main(void) { return 0; }' > %s.c && %s -o %s %s.c 2>/dev/null", path, flags, path,
	         path);
	if (system(command) != 0)
		harness_skip("no compiler here that builds so");
	reason = reason_for(path);
	free(path);
	return reason;
}

CASE("program: a program with a sanitizer brings its own malloc, and it is said which")
{
	assert_string_equal(reason_of_built("gcc -fsanitize=address"),
	                    "built with AddressSanitizer (it needs libasan.so), which brings its own malloc");
	assert_string_equal(reason_of_built("gcc -fsanitize=thread"),
	                    "built with ThreadSanitizer (it needs libtsan.so), which brings its own malloc");
}

CASE("program: clang's sanitizer, which is linked in, is seen by its symbols")
{
	assert_string_equal(reason_of_built("clang -fsanitize=address"),
	                    "built with AddressSanitizer (linked in), which brings its own malloc");
}

// A copy of /bin/true, or of `from`, with `change` at the first place where `find` is; both `len` bytes long. With
// `find` NULL it goes behind the end.
static char *changed(const char *from, const char *name, const char *find, const char *change, size_t len)
{
	char *path = io_join(harness_tmpdir(), name), *at;
	struct buf whole = { 0 };

	assert_int_equal(io_read_file(from, 1 << 26, &whole, NULL), 0);
	if (find == NULL) {
		buf_add(&whole, change, len);
	} else {
		at = memmem(whole.data, whole.len, find, len);
		assert_non_null(at);
		memcpy(at, change, len);
	}
	assert_int_equal(io_replace_file(path, whole.data, whole.len, NULL), 0);
	assert_int_equal(chmod(path, 0755), 0);
	buf_deinit(&whole);
	return path;
}

CASE("program: what another machine executes is told as that")
{
	ElfW(Ehdr) head, other;
	struct buf whole = { 0 };
	char *path;

	assert_int_equal(io_read_file("/bin/true", 1 << 26, &whole, NULL), 0);
	memcpy(&head, whole.data, sizeof head);
	other = head;
	other.e_machine = EM_S390;
	path = changed("/bin/true", "machine", (char *)&head, (char *)&other, sizeof head);
	assert_string_equal(reason_for(path), "built for another machine");
	free(path);
	other = head;
	other.e_ident[EI_CLASS] = ELFCLASS32;
	path = changed("/bin/true", "bits", (char *)&head, (char *)&other, sizeof head);
	assert_string_equal(reason_for(path), "a program of 32 bits: our library has 64");
	free(path);
	buf_deinit(&whole);
}

CASE("program: one with more rights than its caller has a loader that ignores what is preloaded")
{
	char *path = strdup("/usr/bin/su");

	assert_non_null(path);

	if (geteuid() == 0) {
		free(path);
		path = changed("/bin/true", "rights", NULL, "", 0);
		if (chown(path, 1, (gid_t)-1) < 0)
			harness_skip("a file cannot be given away here");
		assert_null(reason_for(path));
		assert_int_equal(chmod(path, 04755), 0);
	}
	if (reason_for(path) == NULL)
		harness_skip("set-user-ID has no effect on this file system");
	assert_string_equal(reason_for(path), "it is set-user-ID, and so its loader ignores LD_PRELOAD");
	free(path);
}

CASE("program: whose malloc is part of a program is told by what it says when it complains")
{
	struct program_cache cache = { 0 };
	char *linked = changed(OWN_MALLOC, "linked", NULL, "<jemalloc>: ", 13);
	char *beside = changed("/bin/true", "beside", NULL, "<jemalloc>: ", 13);

	assert_null(program_own_malloc(&cache, "/bin/true"));
	assert_null(program_linked_malloc(&cache, "/bin/true"));
	assert_string_equal(program_own_malloc(&cache, OWN_MALLOC), "the program defines malloc itself");
	assert_string_equal(program_own_malloc(&cache, linked),
	                    "the program defines malloc itself: jemalloc is linked into it");
	assert_null(program_own_malloc(&cache, beside));
	assert_string_equal(program_linked_malloc(&cache, beside), "jemalloc");
	free(linked);
	free(beside);
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
	assert_string_equal(reason_for(still), "static program: nothing can be preloaded into it");
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

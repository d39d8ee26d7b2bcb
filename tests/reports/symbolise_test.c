// Backtraces: this very program's functions by their offset in its file.
#include "harness.h"

#include "demangle.h"
#include "symbolise.h"
#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

__attribute__((noinline)) int symbolise_me(int n);

__attribute__((noinline)) int symbolise_me(int n)
{
	return n * 3 + getpid();
}

// The mapping that holds `address`: its file, and the address's offset in that file.
static uint64_t offset_in_file(uintptr_t address, char path[512])
{
	FILE *maps = fopen("/proc/self/maps", "r");
	uint64_t begin, end, offset;
	char line[1024];

	assert_non_null(maps);
	while (fgets(line, sizeof line, maps) != NULL)
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %*s %*s %511s", &begin, &end, &offset,
		           path) == 4 &&
		    address >= begin && address < end) {
			fclose(maps);
			return address - begin + offset;
		}
	fclose(maps);
	fail_msg("not mapped");
	return 0;
}

CASE("symbolise: an offset in a program becomes its function and line")
{
	struct symboliser *s = symboliser_new();
	struct arena a = { 0 };
	char path[512];
	uint64_t offset = offset_in_file((uintptr_t)&symbolise_me, path);
	const char *frame = text_make(&a, "%s+0x%" PRIx64, path, offset);
	const char *words = symbolise(s, &a, frame, false);

	assert_non_null(strstr(words, "symbolise_me ("));
	assert_non_null(strstr(words, "symbolise_test.c:"));
	// A return address stands behind the call: one byte on is still in the function, its first byte is not.
	assert_non_null(
	        strstr(symbolise(s, &a, text_make(&a, "%s+0x%" PRIx64, path, offset + 1), true), "symbolise_me"));
	assert_null(strstr(symbolise(s, &a, frame, true), "symbolise_me"));
	symboliser_free(s);
	arena_deinit(&a);
}

static uintptr_t came_from;

__attribute__((noinline)) static void note_caller(void)
{
	came_from = (uintptr_t)__builtin_return_address(0);
}

__attribute__((always_inline)) static inline void put_into_its_caller(void)
{
	note_caller();
	__asm__ volatile("");
}

__attribute__((noinline)) static int call_inlined(void)
{
	put_into_its_caller(); // the line that is wanted
	return __LINE__ - 1;
}

CASE("symbolise: where a function was put into its caller, function and line are the caller's")
{
	struct symboliser *s = symboliser_new();
	struct arena a = { 0 };
	int line = call_inlined();
	char path[512];
	uint64_t offset = offset_in_file(came_from, path);

	assert_string_equal(symbolise(s, &a, text_make(&a, "%s+0x%" PRIx64, path, offset), true),
	                    text_make(&a, "call_inlined (symbolise_test.c:%d)", line));
	symboliser_free(s);
	arena_deinit(&a);
}

int parse_like_cpp(int n) __asm__("_ZN4demo5parseEi");

__attribute__((noinline)) int parse_like_cpp(int n)
{
	return n * 5 + getpid();
}

CASE("symbolise: a C++ name is told as it was written, and what only begins like one stays")
{
	struct symboliser *s = symboliser_new();
	struct arena a = { 0 };
	char path[512];
	uint64_t offset = offset_in_file((uintptr_t)&parse_like_cpp, path);
	const char *words = symbolise(s, &a, text_make(&a, "%s+0x%" PRIx64, path, offset), false);

	assert_string_equal(demangle(&a, "_Zebra"), "_Zebra");
	assert_string_equal(demangle(&a, "main"), "main");
	if (strstr(words, "_ZN4demo5parseEi") != NULL)
		harness_skip("no C++ library on this machine");
	assert_non_null(strstr(words, "demo::parse(int) (symbolise_test.c:"));
	symboliser_free(s);
	arena_deinit(&a);
}

CASE("symbolise: a function of a stripped library is told with the library")
{
	struct symboliser *s = symboliser_new();
	struct arena a = { 0 };
	char path[512];
	uint64_t offset = offset_in_file((uintptr_t)&qsort, path);

	assert_non_null(strstr(symbolise(s, &a, text_make(&a, "%s+0x%" PRIx64, path, offset), false), "qsort"));
	symboliser_free(s);
	arena_deinit(&a);
}

CASE("symbolise: what cannot be resolved stays as it is when it names no module, or a strange one")
{
	struct symboliser *s = symboliser_new();
	struct arena a = { 0 };
	const char *fifo = text_make(&a, "%s/fifo", harness_tmpdir()),
	           *junk = text_make(&a, "%s/junk", harness_tmpdir());
	FILE *f = fopen(junk, "w");
	const char *const frames[] = { "main chunk (x.lua:3)",
		                       "",
		                       "+0x10",
		                       "/",
		                       "/+0x1",
		                       "/nowhere/libx.so+0x10",
		                       "relative/path+0x10",
		                       "/etc/passwd+0x10",
		                       "/proc/self/exe+0xzz",
		                       "/proc/self/exe+0xffffffffffffffffffff",
		                       "/proc/self/exe+0x",
		                       text_make(&a, "%s+0x1000", fifo), // would block whoever opened it
		                       text_make(&a, "%s+0x1000", junk),
		                       "/dev/zero+0x10" };

	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_non_null(f);
	fputs("\177ELF\2\1\1 and nothing that belongs there", f);
	fclose(f);
	for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++)
		assert_string_equal(symbolise(s, &a, frames[i], true), frames[i]);
	assert_string_equal(symbolise(NULL, &a, "/bin/sh+0x10", true), "/bin/sh+0x10");
	assert_string_equal(symbolise(s, &a, "a\033[31m\nb", true), "a\\x1b[31m b");
	symboliser_free(s);
	arena_deinit(&a);
}

CASE("symbolise: frames of more modules than are kept open stay as they are")
{
	struct symboliser *s = symboliser_new();
	struct arena a = { 0 };

	for (unsigned i = 0; i < 200; i++) {
		const char *frame = text_make(&a, "/nowhere/lib%u.so+0x10", i);
		assert_string_equal(symbolise(s, &a, frame, true), frame);
	}
	symboliser_free(s);
	arena_deinit(&a);
}

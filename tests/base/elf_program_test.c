// Symbols and words of executables.
#include "elf_program.h"
#include "harness.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

__attribute__((noinline, used)) static int known_function(int n)
{
	return n + 1;
}

CASE("elf program: a function that is not exported is found where it is")
{
	struct elf_image self;
	void *found;
	int (*function)(int);

	assert_true(elf_map_self(&self));
	found = elf_find_in_self(&self, "known_function");
	memcpy(&function, &found, sizeof function);
	assert_ptr_equal(function, known_function);
	assert_int_equal(function(1), 2);
	assert_null(elf_find_in_self(&self, "known_functio")); // a whole name
	assert_null(elf_find_in_self(&self, "puts_that_is_nowhere"));
	munmap((void *)(uintptr_t)self.bytes, self.size);
}

CASE("elf program: what is cut, torn or no ELF has no symbols")
{
	struct elf_image self, part;
	char *copy;

	assert_true(elf_map_self(&self));
	copy = malloc(self.size);
	assert_non_null(copy);
	for (size_t len = 0; len < self.size; len += len < 4096 ? 61 : 40009) {
		memcpy(copy, self.bytes, len);
		part = (struct elf_image){ copy, len };
		elf_symbol(&part, SHT_SYMTAB, "known_function");
		elf_linked_malloc(&part);
	}
	for (size_t at = sizeof(ElfW(Ehdr)); at + 64 < self.size; at += self.size / 300) { // headers that lie
		memcpy(copy, self.bytes, self.size);
		memset(copy + at, 0xff, 64);
		part = (struct elf_image){ copy, self.size };
		elf_symbol(&part, SHT_SYMTAB, "known_function");
	}
	memset(copy, 'x', 64);
	part = (struct elf_image){ copy, self.size };
	assert_int_equal(elf_symbol(&part, SHT_SYMTAB, "known_function"), 0);
	free(copy);
	munmap((void *)(uintptr_t)self.bytes, self.size);
}

CASE("elf program: an allocator is known by its words")
{
	char text[] = "... <jemalloc>: Error ...";
	const struct elf_image with = { text, sizeof text }, without = { text, 8 };

	assert_string_equal(elf_linked_malloc(&with), "jemalloc");
	assert_null(elf_linked_malloc(&without));
}

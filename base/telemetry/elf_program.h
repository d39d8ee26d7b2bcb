// What an executable's file says of its malloc: System V ABI's sections and symbols, and the words that an
// allocator prints when it complains. Neither allocates; what is read is checked against the file's size.
#ifndef SG_ELF_PROGRAM_H
#define SG_ELF_PROGRAM_H

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A whole file in memory, borrowed.
struct elf_image {
	const char *bytes;
	size_t size;
};

bool elf_within(const struct elf_image *im, uint64_t offset, uint64_t len);
// The i-th section header and, for a table of symbols, that of its names. False where there is no such section.
bool elf_section(const struct elf_image *im, size_t i, ElfW(Shdr) * out);
// The value of a symbol that this file defines, in the section table of that type (SHT_DYNSYM, SHT_SYMTAB); 0:
// none.
uint64_t elf_symbol(const struct elf_image *im, uint32_t table, const char *name);
// The allocator that is part of the file, by what it says when it complains, whether stripped or not: "jemalloc",
// "mimalloc", "tcmalloc", a string that lives for ever. NULL: none of these.
const char *elf_linked_malloc(const struct elf_image *im);

// This process's own program: its file mapped, for the caller to unmap; false where it cannot be read.
bool elf_map_self(struct elf_image *out);
// Where a symbol of its symbol table is in memory, which dlsym finds only where it is exported. NULL: nowhere, or
// the program was stripped.
void *elf_find_in_self(const struct elf_image *self, const char *name);

#endif

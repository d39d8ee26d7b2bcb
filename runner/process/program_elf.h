// What an ELF file says of itself before it is started: ELF's interpreter, dynamic section and string table
// (System V ABI, "Dynamic Linking").
#ifndef SG_PROGRAM_ELF_H
#define SG_PROGRAM_ELF_H

#include "elf_program.h"

// NULL when a library of ours can be preloaded into it, else why not; a string that lives for ever.
const char *program_elf_no_preload(const struct elf_image *im);
// For one of those: `own` why a preloaded malloc does not take the place of its own (NULL: it does), `linked`
// which allocator is part of it (NULL: none that is known). Both live for ever.
void program_elf_malloc(const struct elf_image *im, const char **own, const char **linked);

#endif

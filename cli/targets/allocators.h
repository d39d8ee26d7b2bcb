// Mallocs that a run can be put on: those on this machine, and one with its options as --alloc names it.
#ifndef SG_ALLOCATORS_H
#define SG_ALLOCATORS_H

#include "cli.h"
#include "header.h"

#include <stdbool.h>
#include <stddef.h>

struct allocator {
	char *name; // "jemalloc"; of several all but the first "jemalloc@5.2.1", or where that version is there,
	            // the path
	const char *family;  // "glibc", "jemalloc", "mimalloc", "tcmalloc", "tbb"; "other"
	char *path;          // of its library; NULL: glibc's, which is there anyway
	char version[32];    // as it says itself; "" when missing
	const char *package; // Debian's, that brings it; NULL
	bool present;
};

struct allocators {
	struct allocator *items;
	size_t count;
};

// Asks each library that is found what it is, by running a program with it. Deinit in every case. 0 or -ENOMEM.
int allocators_find(const struct app *app, struct allocators *a);
void allocators_deinit(struct allocators *a);

// What --alloc chose.
struct allocator_choice {
	char *spec;          // as given: "jemalloc:dirty_decay_ms:0"; NULL: nothing was
	char *family, *path; // path NULL: glibc's
	char *options;       // "dirty_decay_ms:0"; NULL
	char *title;         // for reports: "jemalloc 5.3.0, dirty_decay_ms:0"
	char version[32];
	struct strings variables; // its options as "NAME=VALUE" of the environment
};

// Reads NAME[@VERSION][:OPTIONS] or PATH.so[:OPTIONS], finds it and tries it. -ENODEV when it is missing (exit
// 3), -EINVAL for what does not work as a malloc and for options that it does not have.
int allocator_choose(const struct app *app, const char *spec, struct allocator_choice *out, struct err *e);
// Its options become variables of this process, for all tests to come.
int allocator_set_environment(const struct allocator_choice *c);
// Says on stderr which it is, in a line.
void allocator_tell(const struct app *app, const struct allocator_choice *c);
void allocator_choice_deinit(struct allocator_choice *c);

#endif

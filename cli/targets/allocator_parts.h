// Between the two files of allocators.
#ifndef SG_ALLOCATOR_PARTS_H
#define SG_ALLOCATOR_PARTS_H

#include "allocators.h"

struct allocator_answer {
	char family[16], version[32];
	// The first line that is none of the answer: what the library or the linker says, or how the program
	// ended; ""
	char complaint[200];
};

// Runs a program on that library (NULL: on none) with those variables, and takes what it says. 0, or -errno when
// it did not run.
int allocator_try(const struct app *app, const char *path, const struct strings *variables,
                  struct allocator_answer *out);

#endif

// Looks into an executable before it starts: can a library be preloaded into it?
#ifndef SG_PROGRAM_H
#define SG_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

// Answers for the programs seen last, by file identity: most suites use few.
#define PROGRAM_CACHE 8U

struct program_answer {
	dev_t dev;
	ino_t ino;
	int64_t mtime_ns;
	off_t size;
	const char *reason;     // as program_no_preload returns it
	const char *own_malloc; // as program_own_malloc does where `reason` is NULL
	const char *linked_malloc;
};

struct program_cache {
	struct program_answer answers[PROGRAM_CACHE];
	unsigned count, next;
};

// NULL when LD_PRELOAD will reach `path` (for a script: its interpreter); else the one reason why not ("static
// program:
// ...", "built with AddressSanitizer ..."), a string that lives for ever. An
// unreadable file counts as one that can be preloaded into.
const char *program_no_preload(struct program_cache *cache, const char *path);
// NULL when a malloc that is preloaded takes the place of the program's; else why not: as above, or because the
// program (for a script: its interpreter) defines malloc itself.
const char *program_own_malloc(struct program_cache *cache, const char *path);
// The allocator that is part of the program, under whatever names: "jemalloc", "mimalloc", "tcmalloc", or NULL
// where it is none of these.
const char *program_linked_malloc(struct program_cache *cache, const char *path);

#endif

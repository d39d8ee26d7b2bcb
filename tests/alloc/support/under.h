// Programs run under libstressalloc.so, and what their telemetry files say.
#ifndef SG_UNDER_H
#define SG_UNDER_H

#include "buf.h"
#include "heap.h"
#include "telemetry.h"

#include <stdint.h>

#define PRELOAD SG_BUILD_DIR "/lib/stressgen/libstressalloc.so"
#define INTERPOSED SG_BUILD_DIR "/tests/alloc/interposed"

extern char under_dir[512];  // of the current run: out, err, tele/
extern struct buf under_out; // what it printed

// Runs `command` (for sh, which is not preloaded itself: it has to begin with the program) behind `libraries`.
// Its status as of wait.
int run_with(const char *libraries, const char *command);
int run(const char *command); // behind PRELOAD
// The n-th telemetry file of the last run by name, of `expected`. To be freed.
struct tele_file *nth_file(size_t n, size_t expected);
// Its second part. To be freed.
struct heap_file *nth_heap(size_t n, size_t expected);
size_t count_files(void);
int64_t value(const struct tele_file *t, const char *name); // of a counter; fails the case when there is none

// What `interposed WHAT` does beyond what `interposed` does anyhow.
struct difference {
	struct tele_file *none, *some;
};

void difference_init(struct difference *d, const char *libraries, const char *what);
int64_t more(const struct difference *d, const char *name);
void difference_deinit(struct difference *d);

// Skip the case where that is not on this machine.
void need_library(const char *name);
void need_program(const char *name);
// Compiles a program in the temporary directory; skips the case where that compiler or library is missing.
const char *compile(const char *compiler, const char *source);

#endif

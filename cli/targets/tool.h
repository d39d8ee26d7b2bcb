// A program that is run for what it prints, beside or before the tests.
#ifndef SG_TOOL_H
#define SG_TOOL_H

#include "buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum tool_use {
	TOOL_TALKS, // its stderr is ours
	TOOL_QUIET, // its stderr is dropped
	TOOL_APART, // its stderr joins what it prints, its stdin is empty, its process group is its own
};

// Starts argv[0] (a path); *fd reads what it prints. 0 or -errno. The caller closes *fd and waits for *pid.
int tool_start(char *const *argv, enum tool_use use, int *fd, pid_t *pid);
// Runs argv[0] (a path) and adds what it prints to `out`; `quiet`: its stderr is dropped. 0 with *status as
// waitpid gives it; -ETIMEDOUT when it was killed after limit_ns; -errno.
int tool_run(char *const *argv, uint64_t limit_ns, bool quiet, struct buf *out, int *status);
// The same with its stderr joined to what it prints, an empty stdin and a process group of its own.
int tool_run_apart(char *const *argv, uint64_t limit_ns, struct buf *out, int *status);

#endif

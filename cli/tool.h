// One of our own programs, run to its end before the tests begin.
#ifndef SG_TOOL_H
#define SG_TOOL_H

#include "buf.h"

#include <stdbool.h>
#include <stdint.h>

// Runs argv[0] (a path) and adds what it prints to `out`; `quiet`: its stderr is dropped. 0 with *status as
// waitpid gives it; -ETIMEDOUT when it was killed after limit_ns; -errno.
int tool_run(char *const *argv, uint64_t limit_ns, bool quiet, struct buf *out, int *status);

#endif

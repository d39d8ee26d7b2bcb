// Hostile programs: what a language's reader must survive, by a clean error or without one (docs/random.md).
#ifndef SG_MALFORMED_H
#define SG_MALFORMED_H

#include "buf.h"
#include "dialect.h"

#include <stdint.h>

// No program is larger.
#define MALFORMED_BYTES (2U * 1024U * 1024U)

// Adds the hostile program INDEX of SEED in that language: the same bytes for the same numbers. *what says in a
// few words what is hostile about it (static text). 0 or -ENOMEM.
int malformed_program(const struct dialect *d, uint64_t seed, uint64_t index, struct buf *out, const char **what);

#endif

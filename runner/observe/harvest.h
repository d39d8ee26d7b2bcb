// Telemetry after a test: every file that its processes left is read into the result and copied to the run.
#ifndef SG_HARVEST_H
#define SG_HARVEST_H

#include "result.h"
#include "telemetry.h"

#include <stdint.h>

#define HARVEST_PROCESSES 64U // read and copied one by one; the counters of further ones are added up in one
#define HARVEST_POOLS 128U

// `scratch` is room for one file, allocated beforehand. `copy_dir` is made when there is anything to copy.
// How many files there were, or -errno; a file that cannot be read is left out and noted in the counters.
int harvest(const char *dir, const char *copy_dir, uint64_t test_start_ns, struct tele_file *scratch,
            struct result *r);

// The pool that ran out first; NULL when none did.
const struct result_pool *harvest_first_exhausted(const struct result *r);

#endif

// What a jemalloc's telemetry file holds behind its first part, into the result.
#ifndef SG_HARVEST_JEMALLOC_H
#define SG_HARVEST_JEMALLOC_H

#include "result.h"
#include "telemetry.h"

#include <stdint.h>

#define HARVEST_JEMALLOCS 16U // processes; of further ones there are the counters only

// The file at `path`, of which `t` is the first part. 0 or -ENOMEM; where it cannot be read nothing is added.
int harvest_jemalloc(const char *path, const struct tele_file *t, uint64_t test_start_ns, struct result *r);

#endif

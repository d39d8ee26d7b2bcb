// What the programs that run on a slab pool of the caller's choice share: options, and how much room a file needs.
#ifndef SG_POOLED_H
#define SG_POOLED_H

#include "err.h"
#include "pool.h"
#include "telemetry.h"

#include <stdbool.h>
#include <stdint.h>

// 1 when argv[*i] was "--NAME VALUE" or "--NAME=VALUE" (then *i is at its last word), 0 when it was not, -EINVAL
// with `e` filled when the value is missing. `program` is for messages.
int pooled_take_value(const char *program, char **argv, int *i, const char *name, const char **value,
                      struct err *e);
// A size above 0 as --capacity and the like take it; NULL leaves *bytes alone.
int pooled_read_bytes(const char *program, const char *option, const char *text, uint64_t *bytes, struct err *e);
// A mark as --mark takes it, "75" or "75%"; NULL leaves *percent alone.
int pooled_read_mark(const char *program, const char *text, unsigned *percent, struct err *e);
// Prints the pools of this build.
void pooled_list(void);

// Whether the run checks for leaks: then live bytes after a full collection are told at the end of each cycle.
bool pooled_tells_live(void);

// Brings what a pool's figures do not hold into the telemetry (NULL: none): the counters "memory_pressed",
// "mark_collections", "denied_extents", and the process's peak of physical memory: it may end before anybody
// looks.
void pooled_tell_counters(struct tele_file *telemetry, const struct pool *p);
// Keeps where the process's code lies, for the return addresses at the first exhaustion to be named by. Neither
// allocates nor does it twice.
void pooled_keep_maps(struct tele_file *telemetry);

// Runs one file on the pool "slab-fixed" of that capacity. Its exit status, or -errno (-ENOMEM: the system does
// not set that much aside).
typedef int pooled_run(const char *file, uint64_t capacity_bytes, struct tele_file *telemetry);

// Runs each file on the pool "slab-fixed" with far more room than it needs, in a process of its own, without
// output, and prints "BYTES FILE" for each: its high-water mark. The last line is the highest: "BYTES
// maximum". A file that ends with an error is measured up to there (said on stderr); one that cannot be read
// or dies of a signal makes it -EIO. Ends with the process that started us. 0 or -errno with `e` filled.
int pooled_measure(const char *program, pooled_run *run, char *const *files, int count, struct err *e);

// Says on stderr that the pool is full, with the figures, then the calls that were alive as `trace_title` and
// lines. `used_bytes` is what was in use then.
void pooled_print_exhausted(const char *what, const struct tele_pool *figures, uint64_t used_bytes,
                            const char *trace_title);

#endif

// An interposer's histograms, stacks and threads, and the frames of any telemetry file, into the result.
#ifndef SG_HARVEST_HEAP_H
#define SG_HARVEST_HEAP_H

#include "result.h"
#include "telemetry.h"

#include <stdint.h>

#define HARVEST_SITES 20U // with most bytes at the peak; how many more there were is said

// Return addresses as text, by the map in `t`. 0 or -ENOMEM.
int harvest_frames(const struct tele_file *t, const uint64_t *frames, uint64_t count, struct strings *to);
// What the file at `path` holds behind `t`, which is its first part; *out stays NULL where there is nothing. 0 or
// -ENOMEM.
int harvest_heap(const char *path, const struct tele_file *t, uint64_t test_start_ns, struct result_heap **out);

// Notes where most of what was resident at the peak was not malloc's, so that nobody takes the counters for the
// whole: the runtime maps its heap itself, or has an allocator of its own under other names. To be called when
// peak_rss_bytes is known. 0 or -ENOMEM.
int harvest_note_unseen(struct result *r, const char *program, const char *linked_malloc);

#endif

// A thread that syncs what was written to a file, so that the writer need not wait for the disk.
#ifndef SG_SYNCER_H
#define SG_SYNCER_H

#include <stdint.h>

struct syncer;

// Starts the thread, in which all signals are blocked; borrows the descriptor. 0 or -errno.
int syncer_start(int fd, struct syncer **out);
// Has everything synced that was written before this call; `mark` is the caller's name for it, above all before.
// Returns at once; what is ordered while a sync is under way is one more sync.
void syncer_order(struct syncer *s, uint64_t mark);
// The highest mark that was synced; 0: none.
uint64_t syncer_done(const struct syncer *s);
// 0, or the -errno of the first sync that failed: what was written before it may be lost.
int syncer_error(const struct syncer *s);
// Waits for what was ordered, ends the thread and frees it. As syncer_error; accepts NULL.
int syncer_stop(struct syncer *s);

#endif

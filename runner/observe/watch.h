// The machine while a run lasts: its CPU, memory and disk, and what of that is not the tests' own doing.
#ifndef SG_WATCH_H
#define SG_WATCH_H

#include "proc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Shares are percent of the whole machine.
struct watch_look {
	double cpu_percent;    // since the look before; 0 at the first
	double memory_percent; // not available for new programs
	double disk_percent;   // of the file system that the run is written to
	uint64_t memory_bytes; // all there is
	unsigned cores;
};

struct watch {
	const char *proc; // "/proc"
	const char *run_dir;
	struct proc_file stat, meminfo;
	uint64_t busy, total; // ticks at the last look
	struct watch_look now;
};

void watch_init(struct watch *w, const char *proc, const char *run_dir);
// Looks again, into w->now. What cannot be read is 0.
void watch_look(struct watch *w);
void watch_deinit(struct watch *w);

// Self-protection: how much of the machine may be taken by others than the running tests, and for how long more.
struct protection {
	double cpu_percent, memory_percent, disk_percent; // thresholds
	uint64_t patience_ns;
	uint64_t over_since_ns; // 0: all is well
};

// Whether the run is to stop now; `own_cpu_percent` (of one core) and `own_bytes` are the running tests' share.
// The reason, as soon as there is one, into `why` of `size` bytes.
bool protection_is_due(struct protection *p, const struct watch_look *now, double own_cpu_percent,
                       uint64_t own_bytes, uint64_t now_ns, char *why, size_t size);

#endif

// What the machine lost: CPU time that a hypervisor took (proc_stat(5)), and time in which something waited for
// CPU, memory or I/O (the kernel's Documentation/accounting/psi.rst, "some").
#ifndef SG_PRESSURE_H
#define SG_PRESSURE_H

#include "proc.h"

#include <stdint.h>

struct pressure {          // since boot, in ns; what the kernel does not say is 0
	uint64_t steal_ns; // summed over all CPUs
	uint64_t cpu_ns, memory_ns, io_ns;
	uint64_t at_ns; // when it was read; 0: never
};

struct pressure_files { // {0} at first
	struct proc_file stat, cpu, memory, io;
};

// `proc` is "/proc".
void pressure_look(struct pressure_files *f, const char *proc, struct pressure *out);
void pressure_close(struct pressure_files *f);
// From `before` to `now`; what went backwards (a CPU that was taken away) is 0.
struct pressure pressure_since(const struct pressure *before, const struct pressure *now);

// Readings some time apart, since they cost more than a short test's own bookkeeping; {0} at first.
#define PRESSURE_EVERY_NS UINT64_C(100000000)
#define PRESSURE_SHORT_NS (5 * PRESSURE_EVERY_NS) // for tests that are shorter than that: they share
struct pressure_log {
	struct pressure_files files;
	struct pressure before, last;
};
// At the end of a test of `wall_ns`: reads again if the last reading is too old for it.
void pressure_log_look(struct pressure_log *log, const char *proc, uint64_t now_ns, uint64_t wall_ns);
// What was lost in the `wall_ns` of a test that began when `at_start` was the last reading: its share, by time, of
// what was lost from then to the last reading; or, if there was none since, at the rate between the last two.
struct pressure pressure_share(const struct pressure_log *log, const struct pressure *at_start, uint64_t wall_ns);

#endif

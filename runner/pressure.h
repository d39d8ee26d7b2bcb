// What the machine lost: CPU time that a hypervisor took (proc_stat(5)), and time in which something waited for
// CPU, memory or I/O (the kernel's Documentation/accounting/psi.rst, "some").
#ifndef SG_PRESSURE_H
#define SG_PRESSURE_H

#include <stdint.h>

struct pressure {          // since boot, in ns; what the kernel does not say is 0
	uint64_t steal_ns; // summed over all CPUs
	uint64_t cpu_ns, memory_ns, io_ns;
};

// `proc` is "/proc".
void pressure_look(const char *proc, struct pressure *out);
// From `before` to `now`; what went backwards (a CPU that was taken away) is 0.
struct pressure pressure_since(const struct pressure *before, const struct pressure *now);

#endif

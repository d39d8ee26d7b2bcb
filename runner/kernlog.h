// The kernel's log: where a process that died of SIGSEGV had its stack pointer, without tracing it.
#ifndef SG_KERNLOG_H
#define SG_KERNLOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct kernel_fault {
	uint64_t address, ip, sp;
};

// /dev/kmsg from its end on; -1 when it cannot be read (then nothing is known, and patterns must do).
int kernlog_open(void);
// Reads what has come since the last call and looks for the fault of `pid`.
bool kernlog_find_fault(int fd, pid_t pid, struct kernel_fault *out);
// One record of /dev/kmsg.
bool kernlog_parse_fault(const char *record, pid_t pid, struct kernel_fault *out);
// Is the fault's address where a stack grows into?
bool kernel_fault_is_stack(const struct kernel_fault *f);

#endif

// The kernel's log: where a process that died of SIGSEGV had its stack pointer, without tracing it; and in which
// group a process was killed because that group's memory ran out.
#ifndef SG_KERNLOG_H
#define SG_KERNLOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct kernel_fault {
	pid_t pid;
	uint64_t address, ip, sp;
};

// What is kept of it: several tests at a time ask, each for its own.
#define KERNLOG_KEPT 64U
#define KERNLOG_GROUP 256U
struct kernlog {
	int fd; // -1: it cannot be read (then nothing is known, and patterns must do)
	struct kernel_fault faults[KERNLOG_KEPT];
	char groups[KERNLOG_KEPT][KERNLOG_GROUP]; // whose memory ran out
	unsigned fault_count, group_count;        // so far; the last KERNLOG_KEPT of them are there
};

// /dev/kmsg from its end on.
void kernlog_open(struct kernlog *log);
void kernlog_close(struct kernlog *log);
// Reads what has come since the last call and looks for the latest fault of `pid`.
bool kernlog_find_fault(struct kernlog *log, pid_t pid, struct kernel_fault *out);
// Likewise, whether memory ran out in a group whose path holds `name`.
bool kernlog_find_oom(struct kernlog *log, const char *name);
// Takes in one record of /dev/kmsg.
void kernlog_take(struct kernlog *log, const char *record);
// Is the fault's address where a stack grows into?
bool kernel_fault_is_stack(const struct kernel_fault *f);

#endif

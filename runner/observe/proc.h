// /proc, as the runner and the guardian read it. (proc(5), and "The /proc Filesystem" in the kernel's sources.)
#ifndef SG_PROC_H
#define SG_PROC_H

#include "buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct proc_stat {
	pid_t pid, ppid, pgrp, session;
	char state; // 'Z': a zombie
	char comm[17];
	uint64_t cpu_ticks;      // user and system, of its own and of the children it has waited for
	uint64_t children_ticks; // of those alone
	uint64_t start_time;     // ticks since boot; with the pid the process's identity
	uint64_t rss_bytes;
	uint32_t threads;
};

struct pid_list {
	pid_t *pids; // owned
	size_t count, cap;
};

int pid_list_add(struct pid_list *l, pid_t pid); // 0 or -ENOMEM
void pid_list_remove(struct pid_list *l, pid_t pid);
bool pid_list_has(const struct pid_list *l, pid_t pid);
void pid_list_deinit(struct pid_list *l);

// One small file into `text`, NUL-terminated: its length, or -errno.
ssize_t proc_read_small(const char *path, char *text, size_t size);

// A file that is read over and over; {0} at first. On procfs it stays open, which saves most of what reading it
// costs; a file elsewhere may have been replaced, and is opened each time.
struct proc_file {
	int kept; // its descriptor and 1
};
// DIR/NAME as above.
ssize_t proc_file_read(struct proc_file *f, const char *dir, const char *name, char *text, size_t size);
void proc_file_close(struct proc_file *f);

// What a look at a running process needs.
struct proc_size {
	char state;
	uint64_t rss_bytes, high_water_bytes; // the highest RSS that it ever had; 0 when unknown
	uint32_t threads;
};
// 0, or -errno (it is gone).
int proc_size(pid_t pid, struct proc_size *out);
// 0, or -errno (-ESRCH, -ENOENT: it is gone).
int proc_stat(pid_t pid, struct proc_stat *out);
// CPU time of a process, and in clock ticks of the children that it has waited for; 0: it is gone.
uint64_t proc_cpu_us(pid_t pid);
// Its proportional share of memory, in bytes; 0 when unknown. Costs milliseconds for a large process.
uint64_t proc_pss(pid_t pid);
// Its anonymous memory in huge pages, in bytes; 0 when unknown. Costs as much as the last.
uint64_t proc_huge(pid_t pid);
uint32_t proc_fds(pid_t pid);
// Is it in our PID namespace, and not in one of a container's? False when it is gone.
bool proc_is_outside(pid_t pid);
// "sleep 60": the command line, or "[comm]", printable and at most 120 bytes.
void proc_name(pid_t pid, struct buf *out);
// Is `prefix` the beginning of a string in its environment (as it was at exec)?
bool proc_has_env(pid_t pid, const char *prefix);
// Adds the children of all its threads, zombies included.
void proc_children(pid_t pid, struct pid_list *out);
// Adds the numbers in a file of them, from its beginning; blanks or newlines part them.
void proc_read_pids(int fd, struct pid_list *out);
// Adds every process of the machine that we can see.
void proc_all(struct pid_list *out);
// Sends `sig` to that very process and never to one that took its pid since.
void proc_kill(pid_t pid, uint64_t start_time, int sig);
// Bytes available for new programs (MemAvailable); 0 when unknown.
uint64_t proc_memory_available(void);

#endif

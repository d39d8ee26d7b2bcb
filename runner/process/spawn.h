// Starts a test's process: a vfork-like clone whose child only makes raw system calls on data that was prepared
// before, so that starting costs the same however large the runner is, and nothing of the runner leaks in.
#ifndef SG_SPAWN_H
#define SG_SPAWN_H

#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SPAWN_RLIMITS 4U
#define SPAWN_JOINS 4U

struct spawn_rlimit {
	int resource; // RLIMIT_...
	uint64_t soft, hard;
};

// Everything that the child needs, borrowed for the call.
struct spawn_plan {
	const char *program; // absolute path
	char *const *argv, *const *envp;
	int fds[4];             // become 0, 1, 2 and 3; all others are closed
	int cgroup_fd;          // a v2 group's directory, to be born in; -1: our own group
	int joins[SPAWN_JOINS]; // "tasks" or "cgroup.procs" of further groups, open for writing: the child enters
	                        // them
	unsigned join_count;
	struct spawn_rlimit rlimits[SPAWN_RLIMITS];
	unsigned rlimit_count;
};

struct spawner {
	char *stack; // the child's, with a guard page below
	size_t stack_bytes;
	int reset[NSIG]; // signals that we ignore or handle, and a test must not
	unsigned reset_count;
	cpu_set_t cpus; // what a child may run on, where the thread that starts it keeps to one of them
	bool keeps_to_one;
};

// Makes sure that descriptors 0 to 3 are in use, so that no pipe of ours is one that the child overwrites.
// 0 or -errno.
int spawner_init(struct spawner *s);
void spawner_deinit(struct spawner *s);
// From now on the calling thread, which alone may use the spawner, keeps to the CPU of its number, where there are
// as many such threads as CPUs that we may run on. What it starts begins there, and may run on all of them.
void spawner_keep_to_a_cpu(struct spawner *s, unsigned number, unsigned threads);

// Starts the program in a session of its own; it dies with the runner (PR_SET_PDEATHSIG). 0 with *pid and *pidfd
// (owned by the caller), or -errno with *step naming what failed ("execve", "setsid", ...).
int spawn(const struct spawner *s, const struct spawn_plan *plan, pid_t *pid, int *pidfd, const char **step);

#endif

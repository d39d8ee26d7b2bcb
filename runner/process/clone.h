// A child in our own memory, on a stack of its own, that may be born in a control group: clone3(2), for which
// glibc has no wrapper.
#ifndef SG_CLONE_H
#define SG_CLONE_H

#include <stddef.h>
#include <sys/types.h>

struct clone_order {
	int (*entry)(void *arg); // must not return to what it does not own; its value is the exit status
	void *arg;
	char *stack;
	size_t stack_bytes;
	int cgroup_fd; // of a v2 group's directory; -1: ours
};

// The child's pid, and *pidfd, once it has exec'd or ended; or -errno. -ENOSYS: this kernel or machine cannot bear
// children into groups.
pid_t clone_vfork(const struct clone_order *o, int *pidfd);

#endif

// All processes of one test, and only they: found, counted, killed and reaped.
#ifndef SG_CONTAIN_H
#define SG_CONTAIN_H

#include "cgroup.h"
#include "proc.h"
#include "result.h"

#include <stdbool.h>
#include <sys/types.h>

// What is ours is found in the test's cgroup, where there is one; below its first process; and, since we are a
// child subreaper, among our own children: whatever loses its parent, by a double fork or otherwise, becomes one.
// While several tests run, such an orphan belongs to the test whose cgroup it is in, or whose mark it has; one
// that has neither is left until a test is alone.
struct contain {
	struct cgroup *group;
	const struct pid_list *strangers; // our children that are no test's: the guardian, and those we had before
	const struct pid_list *leaders;   // the first processes of all tests that run now
	bool by_mark;                     // some may be no descendants of ours: what has the mark is the test's
	bool spare_leader;                // only SIGKILL reaches it: bubblewrap, which would take the test with it
	const char *mark;                 // what the test's processes have in their environment
	pid_t leader;                     // the test's first process; 0: none, or it was reaped
	int children_fd;                  // /proc/self/task/PID/children; -1: the kernel has no such file
	struct pid_list members, children, in_group; // room for the lists, kept from test to test
};

void contain_init(struct contain *c, struct cgroup *group, const struct pid_list *strangers,
                  const struct pid_list *leaders, const char *mark);
// The living processes of the test, in c->members.
void contain_look(struct contain *c);
// Reaps the orphans that have ended; true when no process but the leader's zombie is left.
bool contain_over(struct contain *c);
// Whether we have no child at all that waitid(2) speaks of, which the guardian is not: for whoever has reaped the
// leader, and knows that the group is empty. It is cheaper than contain_over() by far.
bool contain_childless(void);
// `sig` to all of it.
void contain_signal(struct contain *c, int sig);
// Adds "pid 123 sleep 60" for what still lives, at most 32 of them.
void contain_name_leftovers(struct contain *c, struct strings *out);
void contain_deinit(struct contain *c);

#endif

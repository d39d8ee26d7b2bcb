// A thread that starts processes for one worker. Starting one blocks until its exec, which is more than half of a
// short test's time; with several workers the loop has other tests to look after meanwhile.
#ifndef SG_LAUNCHER_H
#define SG_LAUNCHER_H

#include "spawn.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

struct launcher {
	struct spawner spawner;
	pthread_t thread;
	sem_t orders;
	const struct spawn_plan *plan; // NULL: the thread is to end
	_Atomic bool ready;            // what is below is there
	int rc, pidfd, event_fd;
	pid_t pid;
	const char *step;
};

// Starts the thread; all signals are blocked in it. What it starts dies with it, as with the runner, since
// PR_SET_PDEATHSIG follows the thread. 0 or -errno.
int launcher_init(struct launcher *l);
// Ends the thread; l may be zeroed and never inited.
void launcher_deinit(struct launcher *l);
// An eventfd(2) that is written to when a process was started or could not be, to be watched for edges; -1: there
// is no thread.
int launcher_fd(const struct launcher *l);
// Has the plan's process started; the plan and what it borrows must stay as they are until launcher_take says
// true.
void launcher_start(struct launcher *l, const struct spawn_plan *plan);
// What came of it, as from spawn(): once for each start. False: not yet.
bool launcher_take(struct launcher *l, int *rc, pid_t *pid, int *pidfd, const char **step);

#endif

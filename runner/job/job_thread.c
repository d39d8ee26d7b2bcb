// A worker's own thread, where there are several workers. It starts the worker's tests, which blocks until their
// exec and is more than half of a short test's time, waits for what comes of them, and takes its turn at the loop
// with that: from one test's end to the start of the next no other thread has to be woken.
#include "job.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

// It has the turn, but for the time in which the process starts. Nobody touches the plan, or what it borrows, of a
// job that is spawning.
static void start_ordered(struct job *j)
{
	struct turns *t = &j->session->turns;
	const char *step = "";
	int rc, pidfd = -1;
	pid_t pid = 0;

	j->thread.ordered = false;
	turns_give(t);
	rc = spawn(&j->thread.spawner, &j->plan, &pid, &pidfd, &step);
	if (rc == 0) // before it waits for its turn: we may be killed at any time
		guardian_watch(&j->session->guardian, j->worker, pid);
	turns_take(t);
	j->pid = pid;
	j->pidfd = pidfd;
	job_started(j, rc, step);
	turns_settle(t);
}

static void *serve(void *arg)
{
	struct job *j = arg;
	struct turns *t = &j->session->turns;

	spawner_keep_to_a_cpu(&j->thread.spawner, j->worker, j->session->config->workers);
	for (;;) {
		struct epoll_event ready[JOB_EVENTS];
		int count = epoll_wait(j->events_fd, ready, JOB_EVENTS, -1);

		turns_take(t);
		if (!t->over) {
			job_handle(j, ready, count);
			turns_settle(t);
		}
		while (!t->over && j->thread.ordered)
			start_ordered(j);
		if (t->over)
			break;
		turns_give(t);
	}
	turns_give(t);
	return NULL;
}

// Signals are for the first thread, so they are blocked in it; but not SIGCHLD, which nobody handles: where the
// parent blocks it the kernel does not drop it, but wakes a thread that does not, at every end of a test. What the
// thread starts dies with it, as with the runner, since PR_SET_PDEATHSIG follows the thread.
static int start_thread(struct job *j)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	sigdelset(&all, SIGCHLD);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&j->thread.id, NULL, serve, j);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -rc;
}

int job_thread_init(struct job *j)
{
	struct job_thread *thread = &j->thread;
	struct epoll_event e = { .events = EPOLLIN | EPOLLET, .data.u32 = JOB_EVENT_ORDERED };
	int rc = spawner_init(&thread->spawner);

	if (rc < 0)
		return rc;
	thread->wake_fd = eventfd(0, EFD_CLOEXEC);
	if (thread->wake_fd < 0) {
		rc = -errno;
		goto out;
	}
	rc = epoll_ctl(j->events_fd, EPOLL_CTL_ADD, thread->wake_fd, &e) < 0 ? -errno : start_thread(j);
	if (rc == 0)
		return 0;
	close(thread->wake_fd);
out:
	spawner_deinit(&thread->spawner);
	return rc;
}

bool job_has_thread(const struct job *j)
{
	return j->thread.spawner.stack != NULL;
}

void job_thread_order(struct job *j)
{
	j->thread.ordered = true;
	if (!pthread_equal(pthread_self(), j->thread.id))
		eventfd_write(j->thread.wake_fd, 1); // 2^64 of them until it blocks
}

void job_thread_deinit(struct job *j)
{
	if (!job_has_thread(j))
		return;
	eventfd_write(j->thread.wake_fd, 1);
	pthread_join(j->thread.id, NULL);
	close(j->thread.wake_fd);
	spawner_deinit(&j->thread.spawner);
}

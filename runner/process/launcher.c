// One thread, one order at a time.
#include "launcher.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void *launch(void *arg)
{
	struct launcher *l = arg;

	for (;;) {
		while (sem_wait(&l->orders) < 0 && errno == EINTR)
			;
		if (l->plan == NULL)
			return NULL;
		l->pid = 0;
		l->pidfd = -1;
		l->rc = spawn(&l->spawner, l->plan, &l->pid, &l->pidfd, &l->step);
		atomic_store_explicit(&l->ready, true, memory_order_release);
		eventfd_write(l->event_fd, 1); // 2^64 of them until it blocks
	}
}

static int start_thread(struct launcher *l)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&l->thread, NULL, launch, l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -rc;
}

int launcher_init(struct launcher *l)
{
	int rc;

	memset(l, 0, sizeof *l);
	rc = spawner_init(&l->spawner);
	if (rc < 0)
		return rc;
	l->event_fd = eventfd(0, EFD_CLOEXEC);
	if (l->event_fd < 0) {
		rc = -errno;
		goto out;
	}
	sem_init(&l->orders, 0, 0);
	rc = start_thread(l);
	if (rc == 0)
		return 0;
	sem_destroy(&l->orders);
	close(l->event_fd);
out:
	spawner_deinit(&l->spawner);
	return rc;
}

int launcher_fd(const struct launcher *l)
{
	return l->spawner.stack != NULL ? l->event_fd : -1;
}

void launcher_start(struct launcher *l, const struct spawn_plan *plan)
{
	l->plan = plan;
	sem_post(&l->orders);
}

bool launcher_take(struct launcher *l, int *rc, pid_t *pid, int *pidfd, const char **step)
{
	if (!atomic_exchange_explicit(&l->ready, false, memory_order_acquire))
		return false;
	*rc = l->rc;
	*pid = l->pid;
	*pidfd = l->pidfd;
	*step = l->step;
	return true;
}

void launcher_deinit(struct launcher *l)
{
	if (launcher_fd(l) < 0)
		return;
	launcher_start(l, NULL);
	pthread_join(l->thread, NULL);
	sem_destroy(&l->orders);
	close(l->event_fd);
	spawner_deinit(&l->spawner);
	memset(l, 0, sizeof *l);
}

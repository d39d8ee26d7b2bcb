// One thread for one file.
#include "syncer.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

struct syncer {
	pthread_t thread;
	sem_t orders;
	int fd;
	_Atomic uint64_t ordered, done; // marks
	_Atomic int error;
	_Atomic bool over;
};

static void *sync_on(void *arg)
{
	struct syncer *s = arg;

	for (;;) {
		bool over;
		uint64_t mark;

		while (sem_wait(&s->orders) < 0 && errno == EINTR)
			;
		over = atomic_load(&s->over); // before the mark: the last order comes before it
		mark = atomic_load(&s->ordered);
		if (mark > atomic_load(&s->done)) {
			if (fdatasync(s->fd) < 0 && atomic_load(&s->error) == 0)
				atomic_store(&s->error, -errno);
			atomic_store(&s->done, mark);
		}
		if (over)
			return NULL;
	}
}

int syncer_start(int fd, struct syncer **out)
{
	struct syncer *s = calloc(1, sizeof *s);
	sigset_t all, before;
	int rc;

	if (s == NULL)
		return -ENOMEM;
	s->fd = fd;
	sem_init(&s->orders, 0, 0);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&s->thread, NULL, sync_on, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0) {
		sem_destroy(&s->orders);
		free(s);
		return -rc;
	}
	*out = s;
	return 0;
}

void syncer_order(struct syncer *s, uint64_t mark)
{
	atomic_store(&s->ordered, mark);
	sem_post(&s->orders);
}

uint64_t syncer_done(const struct syncer *s)
{
	return atomic_load(&s->done);
}

int syncer_error(const struct syncer *s)
{
	return atomic_load(&s->error);
}

int syncer_stop(struct syncer *s)
{
	int rc;

	if (s == NULL)
		return 0;
	atomic_store(&s->over, true);
	sem_post(&s->orders);
	pthread_join(s->thread, NULL);
	rc = atomic_load(&s->error);
	sem_destroy(&s->orders);
	free(s);
	return rc;
}

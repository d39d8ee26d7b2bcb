// What the process has in physical memory (/proc/self/statm; its peak VmHWM, which clear_refs sets back), and what
// the lanes have asked for.
#include "memory.h"

#include "rss.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK_NS (10 * SG_NS_PER_MS)
#define LOOKS_A_LINE 10U

uint64_t bench_rss(const struct bench *b)
{
	char text[128];
	ssize_t n = b->statm_fd >= 0 ? pread(b->statm_fd, text, sizeof text - 1, 0) : 0;
	unsigned long pages = 0;

	text[n > 0 ? n : 0] = '\0';
	return sscanf(text, "%*u %lu", &pages) == 1 ? pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

void memory_begin(struct bench *b)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

	b->statm_fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	b->base_rss = bench_rss(b);
	// "5": the peak begins anew
	if (fd >= 0) {
		if (write(fd, "5", 1) != 1)
			b->base_rss = 0;
		close(fd);
	}
}

void memory_end(struct bench *b)
{
	uint64_t peak = rss_own_peak();

	b->end_rss = bench_rss(b);
	b->peak_rss = peak > b->peak_rss ? peak : b->peak_rss;
}

void memory_deinit(struct bench *b)
{
	if (b->statm_fd >= 0)
		close(b->statm_fd);
	b->statm_fd = -1;
}

// ---- over time ------------------------------------------------------------------------------------------------

static uint64_t live_now(const struct bench *b)
{
	int64_t live = 0;

	for (unsigned i = 0; i < b->lane_count; i++)
		live += __atomic_load_n(&b->lanes[i].live_bytes, __ATOMIC_RELAXED);
	return live > 0 ? (uint64_t)live : 0;
}

static void look(struct watch *w, unsigned count)
{
	struct bench *b = w->bench;
	uint64_t live = live_now(b);
	char text[128];
	int n;

	b->peak_live = live > b->peak_live ? live : b->peak_live;
	if (count % LOOKS_A_LINE != 0)
		return;
	n = snprintf(text, sizeof text, "@@ gauge live %llu bytes\n@@ gauge rss %llu bytes\n",
	             (unsigned long long)live, (unsigned long long)bench_rss(b));
	if (write(STDOUT_FILENO, text, (size_t)n) != n)
		w->stop = true; // nobody listens; what follows says so
}

static void add_ns(struct timespec *t, uint64_t ns)
{
	ns += (uint64_t)t->tv_nsec;
	t->tv_sec += (time_t)(ns / SG_NS_PER_S);
	t->tv_nsec = (long)(ns % SG_NS_PER_S);
}

static void *watching(void *arg)
{
	struct watch *w = arg;
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	pthread_mutex_lock(&w->lock);
	for (unsigned count = 0; !w->stop; count++) {
		look(w, count);
		add_ns(&next, LOOK_NS);
		while (!w->stop && pthread_cond_timedwait(&w->wake, &w->lock, &next) != ETIMEDOUT)
			;
	}
	look(w, 0);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

int watch_start(struct watch *w, struct bench *b, struct err *e)
{
	pthread_condattr_t monotonic;
	int rc;

	*w = (struct watch){ .bench = b };
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	rc = pthread_create(&w->thread, NULL, watching, w);
	return rc == 0 ? 0 : err_set(e, rc, "a thread could not be made: %s", strerror(rc));
}

void watch_stop(struct watch *w)
{
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
}

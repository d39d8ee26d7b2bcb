// Figures of a running load, put together from its threads.
#include "live.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LINE_BYTES 160U

struct share {
	struct hist *latency; // a copy of the thread's
	uint64_t done, wrong;
};

struct h2_live {
	int fd;
	pthread_mutex_t lock;
	struct hist *all; // the first thread's, for adding up
	uint64_t told_ns, told_done;
	unsigned count;
	struct share shares[];
};

struct h2_live *h2_live_open(unsigned threads)
{
	const char *path = getenv(H2_LIVE_ENV);
	struct h2_live *l = path ? calloc(1, sizeof(*l) + threads * sizeof(l->shares[0])) : NULL;
	if (!l)
		return NULL;
	pthread_mutex_init(&l->lock, NULL);
	l->count = threads;
	l->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	l->all = hist_new(3);
	bool there = l->fd >= 0 && l->all;
	for (unsigned i = 0; i < threads && there; i++)
		there = (l->shares[i].latency = hist_new(3)) != NULL;
	if (there)
		return l;
	h2_live_close(l);
	return NULL;
}

void h2_live_close(struct h2_live *l)
{
	if (!l)
		return;
	for (unsigned i = 0; i < l->count; i++)
		hist_free(l->shares[i].latency);
	hist_free(l->all);
	if (l->fd >= 0)
		close(l->fd);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

static uint64_t left_ns(const struct scenario *s, uint64_t done, uint64_t elapsed_ns)
{
	const uint64_t time = s->duration_ns ? s->warm_up_ns + s->duration_ns : 0;
	uint64_t left = time > elapsed_ns ? time - elapsed_ns : 0;
	if (s->requests && done > 0 && done < s->requests) {
		const double by_count = (double)elapsed_ns * (double)(s->requests - done) / (double)done;
		if (!time || by_count < (double)left)
			left = (uint64_t)by_count;
	}
	return left;
}

// All threads' figures; the lock is held.
static struct h2_live_figures add_up(struct h2_live *l, uint64_t now_ns, uint64_t since_ns)
{
	struct h2_live_figures f = { 0 };
	hist_reset(l->all);
	for (unsigned i = 0; i < l->count; i++) {
		f.done += l->shares[i].done;
		f.wrong += l->shares[i].wrong;
		hist_merge(l->all, l->shares[i].latency);
	}
	if (l->told_done > f.done || l->told_ns < since_ns) { // another load
		l->told_done = 0;
		l->told_ns = since_ns;
	}
	if (now_ns > l->told_ns)
		f.rate = (uint64_t)((double)(f.done - l->told_done) * (double)SG_NS_PER_S /
		                    (double)(now_ns - l->told_ns));
	f.p50_ns = hist_percentile(l->all, 50);
	f.p99_ns = hist_percentile(l->all, 99);
	l->told_done = f.done;
	l->told_ns = now_ns;
	return f;
}

static void write_line(const struct h2_live *l, const struct h2_live_figures *f)
{
	char line[LINE_BYTES];
	const int n = snprintf(line, sizeof(line),
	                       "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, f->done,
	                       f->wrong, f->rate, f->p50_ns, f->p99_ns, f->left_ns);
	snprintf(line + n, sizeof(line) - (size_t)n, "%*s", (int)(sizeof(line) - (size_t)n - 1), "");
	line[sizeof(line) - 1] = '\n'; // of one length, so that no reader finds the end of an older one
	if (pwrite(l->fd, line, sizeof(line), 0) < 0)
		return; // nobody can be told
}

void h2_live_tell(struct h2_live *l, const struct scenario *s, unsigned thread, const struct h2_load_result *r,
                  uint64_t since_ns)
{
	struct share *own = &l->shares[thread];
	const uint64_t now_ns = clock_now_ns();
	struct h2_live_figures f = { 0 };
	pthread_mutex_lock(&l->lock);
	hist_reset(own->latency);
	for (size_t i = 0; i < r->count; i++)
		hist_merge(own->latency, r->tallies[i].latency);
	own->done = r->right + r->wrong;
	own->wrong = r->wrong;
	if (thread == 0)
		f = add_up(l, now_ns, since_ns);
	pthread_mutex_unlock(&l->lock);
	if (thread > 0)
		return;
	f.left_ns = left_ns(s, f.done, now_ns - since_ns);
	write_line(l, &f);
}

void h2_live_end(struct h2_live *l, const struct buf *text)
{
	if (ftruncate(l->fd, 0) < 0 || pwrite(l->fd, buf_text(text), text->len, 0) < 0)
		return; // nobody can be told
}

int h2_live_read(const char *path, struct h2_live_figures *f)
{
	FILE *file = fopen(path, "re");
	if (!file)
		return -ENODATA;
	const int n = fscanf(file, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
	                     &f->done, &f->wrong, &f->rate, &f->p50_ns, &f->p99_ns, &f->left_ns);
	fclose(file);
	return n == 6 ? 0 : -ENODATA;
}

// A line for each request.
#include "request_log.h"

#include "buf.h"
#include "clock.h"
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ENTRIES 4096U // of a thread at a time

struct entry {
	uint64_t start_ns, end_ns;
	uint32_t request;
	int16_t status;
	uint8_t fault;
};

struct h2_log {
	int fd, error;
	char *path;
	const struct scenario *scenario;
	uint64_t epoch_ns; // of the monotonic clock's zero, since 1970
	pthread_mutex_t lock;
};

struct h2_log_part {
	struct h2_log *log;
	size_t count;
	struct entry entries[ENTRIES];
};

int h2_log_open(const char *path, const struct scenario *s, struct h2_log **out, struct err *e)
{
	struct timespec wall;
	struct h2_log *l = calloc(1, sizeof(*l));
	if (!l || !(l->path = strdup(path))) {
		free(l);
		return err_set(e, ENOMEM, "out of memory");
	}
	l->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (l->fd < 0) {
		const int rc = err_set(e, errno, "--log-file %s: %s", path, strerror(errno));
		free(l->path);
		free(l);
		return rc;
	}
	clock_gettime(CLOCK_REALTIME, &wall);
	l->epoch_ns = (uint64_t)wall.tv_sec * SG_NS_PER_S + (uint64_t)wall.tv_nsec - clock_now_ns();
	l->scenario = s;
	pthread_mutex_init(&l->lock, NULL);
	*out = l;
	return 0;
}

int h2_log_close(struct h2_log *l, struct err *e)
{
	int rc = 0;
	if (!l)
		return 0;
	if (close(l->fd) < 0 && l->error == 0)
		l->error = errno;
	if (l->error != 0)
		rc = err_set(e, l->error, "not all requests could be written to %s: %s", l->path,
		             strerror(l->error));
	pthread_mutex_destroy(&l->lock);
	free(l->path);
	free(l);
	return rc;
}

static void note_error(struct h2_log *l, int error)
{
	pthread_mutex_lock(&l->lock);
	if (l->error == 0)
		l->error = error;
	pthread_mutex_unlock(&l->lock);
}

struct h2_log_part *h2_log_part_new(struct h2_log *l)
{
	struct h2_log_part *p = l ? malloc(sizeof(*p)) : NULL;
	if (p)
		*p = (struct h2_log_part){ .log = l };
	else if (l)
		note_error(l, ENOMEM);
	return p;
}

static void put_line(const struct h2_log *l, const struct entry *n, struct buf *out)
{
	buf_addf(out, "%" PRIu64 "\t%d\t%" PRIu64 "\t%s\t%s\n", (l->epoch_ns + n->start_ns) / SG_NS_PER_US,
	         n->status, (n->end_ns - n->start_ns) / SG_NS_PER_US, l->scenario->items[n->request].name,
	         n->fault == H2_FAULT_NONE ? "-" : h2_fault_name((enum h2_fault)n->fault));
}

static void spill(struct h2_log_part *p)
{
	struct buf text = { 0 };
	for (size_t i = 0; i < p->count; i++)
		put_line(p->log, &p->entries[i], &text);
	p->count = 0;
	pthread_mutex_lock(&p->log->lock);
	const int rc = text.failed ? -ENOMEM : io_write_all(p->log->fd, buf_text(&text), text.len);
	pthread_mutex_unlock(&p->log->lock);
	if (rc < 0)
		note_error(p->log, -rc);
	buf_deinit(&text);
}

void h2_log_part_free(struct h2_log_part *p)
{
	if (p)
		spill(p);
	free(p);
}

void h2_log_add(struct h2_log_part *p, const struct exchange *x, size_t request, uint64_t end_ns)
{
	if (p->count == ENTRIES)
		spill(p);
	p->entries[p->count++] = (struct entry){ .start_ns = x->start_ns,
		                                 .end_ns = end_ns > x->start_ns ? end_ns : x->start_ns,
		                                 .request = (uint32_t)request,
		                                 .status = x->ended && x->status ? (int16_t)x->status : -1,
		                                 .fault = (uint8_t)x->fault };
}

// A server that nobody attacks.
#include "control.h"

#include "io.h"
#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

// SETTINGS without entries; HEADERS of stream 1 that end it: ":status 200" by the static table.
static const uint8_t answer[] = { 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 1, 5, 0, 0, 0, 1, 0x88 };

// The probe says all that it has at once, and hangs up when it has been answered.
static void serve(int fd)
{
	const struct timeval patience = { .tv_sec = (time_t)(H2_PROBE_PATIENCE_NS / SG_NS_PER_S) };
	char bytes[4096];
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (recv(fd, bytes, sizeof(bytes), 0) > 0 && io_write_all(fd, answer, sizeof(answer)) == 0)
		while (recv(fd, bytes, sizeof(bytes), 0) > 0)
			continue;
	close(fd);
}

static void *serve_on(void *arg)
{
	const struct h2_control *c = arg;
	for (;;) {
		const int fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			serve(fd);
		else if (errno != EINTR && errno != ECONNABORTED)
			return NULL; // it is stopped
	}
}

static int listen_at(struct h2_target *t, int *listener)
{
	socklen_t len = sizeof(t->address.v4);
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	h2_target_local(t, 0);
	if (fd < 0 || bind(fd, &t->address.any, len) < 0 || listen(fd, 16) < 0 ||
	    getsockname(fd, &t->address.any, &len) < 0) {
		const int rc = -errno;
		if (fd >= 0)
			close(fd);
		return rc;
	}
	h2_target_local(t, ntohs(t->address.v4.sin_port));
	*listener = fd;
	return 0;
}

int h2_control_start(struct h2_control *c)
{
	*c = (struct h2_control){ 0 };
	int rc = listen_at(&c->target, &c->listener);
	if (rc < 0)
		return rc;
	rc = -pthread_create(&c->thread, NULL, serve_on, c);
	c->running = rc == 0;
	if (rc < 0)
		close(c->listener);
	return rc;
}

void h2_control_stop(struct h2_control *c)
{
	if (!c->running)
		return;
	shutdown(c->listener, SHUT_RDWR);
	pthread_join(c->thread, NULL);
	close(c->listener);
	c->running = false;
}

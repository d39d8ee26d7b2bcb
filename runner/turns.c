// One lock around one loop.
#include "turns.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

int turns_init(struct turns *t, uv_loop_t *loop)
{
	memset(t, 0, sizeof *t);
	t->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->wake_fd < 0)
		return -errno;
	pthread_mutex_init(&t->lock, NULL);
	t->loop = loop;
	return 0;
}

void turns_deinit(struct turns *t)
{
	if (t->loop == NULL)
		return;
	pthread_mutex_destroy(&t->lock);
	close(t->wake_fd);
	memset(t, 0, sizeof *t);
}

void turns_take(struct turns *t)
{
	pthread_mutex_lock(&t->lock);
	if (!t->over)
		uv_update_time(t->loop);
}

// Milliseconds until something is due; -1: nothing will be. (uv_backend_timeout says 0 of a loop with nothing in
// it.)
static int due_in_ms(const struct turns *t)
{
	return uv_loop_alive(t->loop) ? uv_backend_timeout(t->loop) : -1;
}

void turns_settle(struct turns *t)
{
	while (!t->over && due_in_ms(t) == 0)
		uv_run(t->loop, UV_RUN_NOWAIT);
}

// Until when nothing is due.
static uint64_t next_due_ms(const struct turns *t)
{
	const int timeout_ms = due_in_ms(t);

	return timeout_ms < 0 ? UINT64_MAX : uv_now(t->loop) + (uint64_t)timeout_ms;
}

void turns_give(struct turns *t)
{
	if (t->over || next_due_ms(t) < t->until_ms) {
		t->until_ms = 0; // once is enough
		eventfd_write(t->wake_fd, 1);
	}
	pthread_mutex_unlock(&t->lock);
}

// Without the turn, until something is due or a descriptor of the loop's is ready.
static void wait_for_work(struct turns *t)
{
	struct pollfd fds[] = { { .fd = uv_backend_fd(t->loop), .events = POLLIN },
		                { .fd = t->wake_fd, .events = POLLIN } };
	const int timeout_ms = due_in_ms(t);
	eventfd_t count;

	t->until_ms = next_due_ms(t);
	pthread_mutex_unlock(&t->lock);
	poll(fds, sizeof fds / sizeof fds[0], timeout_ms); // a signal may end it: then the loop has an event, too
	turns_take(t);
	if (fds[1].revents != 0)
		eventfd_read(t->wake_fd, &count);
}

void turns_serve(struct turns *t)
{
	turns_take(t);
	while (!t->over) {
		uv_run(t->loop, UV_RUN_NOWAIT);
		turns_settle(t);
		if (!t->over)
			wait_for_work(t);
	}
	pthread_mutex_unlock(&t->lock);
}

void turns_end(struct turns *t)
{
	t->over = true;
}

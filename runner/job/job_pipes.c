// The pipes from a test to us. Making three of them, watching and closing them is a fifth of what a short test
// costs, so they serve one test after another: as long as none but we can have an end of them.
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define READ_BYTES 65536U
#define READ_ROUNDS 16 // pieces read at once, so that a talkative test cannot keep timers waiting

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd); // and so it leaves the set
	*fd = -1;
}

// Nothing more can come from it.
static void end(struct job_channel *ch)
{
	if (ch->ended)
		return;
	ch->ended = true;
	if (ch->raw == NULL)
		sample_stream_end(&ch->stream);
}

void job_close_channel(struct job_channel *ch)
{
	close_fd(&ch->theirs);
	close_fd(&ch->fd);
	end(ch);
}

bool job_pipes_ended(const struct job *j)
{
	for (int i = 0; i < JOB_CHANNELS; i++)
		if (!j->channels[i].ended)
			return false;
	return true;
}

void job_close_ended(struct job *j)
{
	for (int i = 0; i < JOB_CHANNELS; i++)
		if (j->channels[i].ended)
			close_fd(&j->channels[i].fd);
}

void job_close_theirs(struct job *j)
{
	for (int i = 0; i < JOB_CHANNELS; i++)
		close_fd(&j->channels[i].theirs);
}

void job_close_pipes(struct job *j)
{
	job_close_theirs(j);
	for (int i = 0; i < JOB_CHANNELS; i++)
		close_fd(&j->channels[i].fd);
}

void job_read(struct job_channel *ch)
{
	char bytes[READ_BYTES];

	for (int i = 0; i < READ_ROUNDS && !ch->ended; i++) {
		ssize_t n = read(ch->fd, bytes, sizeof bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n == 0)
			end(ch);
		else if (n < 0)
			job_close_channel(ch); // an error that will not pass
		else if (ch->raw != NULL)
			capture_feed(ch->raw, bytes, (size_t)n);
		else
			sample_stream_feed(&ch->stream, bytes, (size_t)n);
		if (n > 0 && (size_t)n < sizeof bytes && ch->job->state == JOB_RUNNING)
			return; // there may be more, but most often there is not
	}
}

// ---- from test to test ----

// Its end was read, so nobody has an end to write to; a new one is opened by way of /proc. What a test can do to a
// pipe beyond that is to change its size and its rights: where the first is not as it was, or the second do not
// let us, it is not used again.
static bool reopen(struct job_channel *ch, int fd_dir)
{
	char name[16];

	if (!ch->ended || ch->fd < 0 || fd_dir < 0 || fcntl(ch->fd, F_GETPIPE_SZ) != ch->bytes)
		return false;
	snprintf(name, sizeof name, "%d", ch->fd);
	ch->theirs = openat(fd_dir, name, O_WRONLY | O_CLOEXEC);
	return ch->theirs >= 0;
}

void job_keep_pipes(struct job *j)
{
	const bool clean = j->result.leftovers.count == 0 && !j->left_to_its_fate && !j->contain.by_mark;

	for (int i = 0; i < JOB_CHANNELS; i++)
		if (!clean || !reopen(&j->channels[i], j->session->fd_dir))
			job_close_channel(&j->channels[i]);
}

static int make_pipe(struct job_channel *ch)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	fcntl(fds[0], F_SETFL, O_NONBLOCK); // ours alone: a test expects to be waited for
	ch->fd = fds[0];
	ch->theirs = fds[1];
	ch->bytes = fcntl(fds[0], F_GETPIPE_SZ);
	ch->watched = false;
	return 0;
}

int job_open_pipes(struct job *j)
{
	j->plan.fds[0] = j->session->null_fd;
	for (int i = 0; i < JOB_CHANNELS; i++) {
		struct job_channel *ch = &j->channels[i];
		int rc = ch->fd < 0 ? make_pipe(ch) : 0;

		if (rc < 0)
			return rc;
		j->plan.fds[i + 1] = ch->theirs;
		ch->ended = false;
		ch->stream.line = 0;
		ch->stream.pending_len = 0;
		ch->stream.overlong = ch->stream.swallow = false;
	}
	return 0;
}

int job_watch_pipes(struct job *j)
{
	for (uint32_t i = 0; i < JOB_CHANNELS; i++) {
		struct job_channel *ch = &j->channels[i];
		struct epoll_event e = { .events = EPOLLIN, .data.u32 = i };

		if (!ch->watched && epoll_ctl(j->events_fd, EPOLL_CTL_ADD, ch->fd, &e) < 0)
			return -errno;
		ch->watched = true;
	}
	return 0;
}

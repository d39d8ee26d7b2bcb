// Spawning a program and reading its output until it ends or its time is over.
#include "tool.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void redirect(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, enum tool_use use)
{
	if (use == TOOL_QUIET)
		posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (use != TOOL_APART)
		return;
	posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(actions, STDOUT_FILENO, STDERR_FILENO);
	posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP);
}

int tool_start(char *const *argv, enum tool_use use, int *fd, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int pipe_fds[2];
	int r;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -errno;
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], STDOUT_FILENO);
	redirect(&actions, &attributes, use);
	r = posix_spawn(pid, argv[0], &actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	close(pipe_fds[1]);
	*fd = pipe_fds[0];
	if (r != 0)
		close(pipe_fds[0]);
	return -r;
}

// Reads until the end of file or the deadline: 0, -ETIMEDOUT or -errno.
static int read_all(int fd, uint64_t deadline_ns, struct buf *out)
{
	char piece[4096];

	for (;;) {
		uint64_t now = clock_now_ns();
		struct pollfd p = { fd, POLLIN, 0 };
		ssize_t n;

		if (now >= deadline_ns)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)((deadline_ns - now) / SG_NS_PER_MS) + 1) <= 0)
			continue;
		n = read(fd, piece, sizeof piece);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : out->failed ? -ENOMEM : 0;
		buf_add(out, piece, (size_t)n);
	}
}

static int run(char *const *argv, uint64_t limit_ns, enum tool_use use, struct buf *out, int *status)
{
	pid_t pid;
	int fd = -1;
	int r = tool_start(argv, use, &fd, &pid);

	if (r < 0)
		return r;
	r = read_all(fd, clock_now_ns() + limit_ns, out);
	close(fd);
	if (r < 0)
		kill(use == TOOL_APART ? -pid : pid, SIGKILL);
	while (waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
	return r;
}

int tool_run(char *const *argv, uint64_t limit_ns, bool quiet, struct buf *out, int *status)
{
	return run(argv, limit_ns, quiet ? TOOL_QUIET : TOOL_TALKS, out, status);
}

int tool_run_apart(char *const *argv, uint64_t limit_ns, struct buf *out, int *status)
{
	return run(argv, limit_ns, TOOL_APART, out, status);
}

// The thread that starts processes for a worker.
#include "lab.h"
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

static char *const no_environment[] = { NULL };

struct outcome {
	int rc, pidfd;
	pid_t pid;
	const char *step;
};

// Starts `program`, waits until that is said, and takes it.
static struct outcome start(struct launcher *l, const char *program, char *const *argv)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct spawn_plan plan = { .program = program,
		                   .argv = argv,
		                   .envp = no_environment,
		                   .fds = { null_fd, null_fd, null_fd, null_fd },
		                   .cgroup_fd = -1 };
	struct pollfd said = { .fd = launcher_fd(l), .events = POLLIN };
	struct outcome o = { .pidfd = -1 };
	uint64_t count;

	assert_true(null_fd > 3);
	assert_false(launcher_take(l, &o.rc, &o.pid, &o.pidfd, &o.step));
	launcher_start(l, &plan);
	assert_int_equal(poll(&said, 1, 60000), 1);
	assert_int_equal(read(launcher_fd(l), &count, sizeof count), sizeof count);
	assert_int_equal(count, 1);
	assert_true(launcher_take(l, &o.rc, &o.pid, &o.pidfd, &o.step));
	close(null_fd);
	return o;
}

CASE("launcher: what the thread starts is this process's child, one after another")
{
	char *const argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char[]){ "exit $PPID" }, NULL };
	struct launcher l;
	int status;

	assert_int_equal(launcher_init(&l), 0);
	for (int i = 0; i < 20; i++) {
		struct outcome o = start(&l, "/bin/sh", argv);

		assert_int_equal(o.rc, 0);
		assert_int_equal(waitpid(o.pid, &status, 0), o.pid);
		assert_int_equal(WEXITSTATUS(status), getpid() & 0xff);
		close(o.pidfd);
	}
	launcher_deinit(&l);
}

CASE("launcher: what cannot be started names the step, and leaves neither process nor descriptor")
{
	char *const argv[] = { (char[]){ "x" }, NULL };
	struct launcher l;
	struct outcome o;

	assert_int_equal(launcher_init(&l), 0);
	o = start(&l, "/no/such/program", argv);
	assert_int_equal(o.rc, -ENOENT);
	assert_string_equal(o.step, "execve");
	assert_true(o.pidfd < 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	launcher_deinit(&l);
	launcher_deinit(&l);
	assert_int_equal(launcher_fd(&l), -1);
}

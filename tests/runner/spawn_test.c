// Starting a process.
#include "lab.h"
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct started {
	int rc;
	const char *step;
	int status; // as waitpid gives it
	char out[256];
};

static char *const no_environment[] = { NULL };

// Starts `program` with the plan's further fields, and reads what it prints on stdout.
static struct started start_by(const struct spawner *spawner, const char *program, char *const *argv,
                               struct spawn_plan plan)
{
	struct started s = { .step = "" };
	int pipe_fds[2];
	int pidfd = -1;
	pid_t pid = -1;
	size_t len = 0;
	ssize_t n;

	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	plan.program = program;
	plan.argv = argv;
	plan.envp = no_environment;
	plan.fds[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	plan.fds[1] = plan.fds[2] = plan.fds[3] = pipe_fds[1];
	plan.cgroup_fd = -1;
	s.rc = spawn(spawner, &plan, &pid, &pidfd, &s.step);
	close(pipe_fds[1]);
	while ((n = read(pipe_fds[0], s.out + len, sizeof s.out - 1 - len)) > 0)
		len += (size_t)n;
	if (s.rc == 0) {
		assert_int_equal(waitpid(pid, &s.status, 0), pid);
		close(pidfd);
	}
	close(pipe_fds[0]);
	close(plan.fds[0]);
	return s;
}

static struct started start(const char *program, char *const *argv, struct spawn_plan plan)
{
	struct spawner spawner;
	struct started s;

	assert_int_equal(spawner_init(&spawner), 0);
	s = start_by(&spawner, program, argv, plan);
	spawner_deinit(&spawner);
	return s;
}

CASE("spawn: a program runs with its arguments, and its status is its own")
{
	char *const argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char[]){ "echo $0 $1; exit 7" },
		               (char[]){ "a" },  (char[]){ "b" },  NULL };
	struct started s = start("/bin/sh", argv, (struct spawn_plan){ 0 });

	assert_int_equal(s.rc, 0);
	assert_string_equal(s.out, "a b\n");
	assert_int_equal(WEXITSTATUS(s.status), 7);
}

CASE("spawn: what the child cannot do comes back as an error that names the step")
{
	char *const argv[] = { (char[]){ "x" }, NULL };
	struct started s = start("/no/such/program", argv, (struct spawn_plan){ 0 });

	assert_int_equal(s.rc, -ENOENT);
	assert_string_equal(s.step, "execve");
	s = start("/etc/passwd", argv, (struct spawn_plan){ 0 });
	assert_int_equal(s.rc, -EACCES);
	s = start("/bin/true", argv, (struct spawn_plan){ .join_count = 1, .joins = { -1 } });
	assert_int_equal(s.rc, -EBADF);
	assert_string_equal(s.step, "joining the cgroup");
	s = start("/bin/true", argv,
	          (struct spawn_plan){ .rlimit_count = 1, .rlimits = { { RLIMIT_NOFILE, 20, 10 } } });
	assert_int_equal(s.rc, -EINVAL);
	assert_string_equal(s.step, "prlimit");
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); // no zombie is left
	assert_int_equal(errno, ECHILD);
}

CASE("spawn: limits are set between fork and exec")
{
	char *const argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char[]){ "ulimit -n; ulimit -t" }, NULL };
	struct started s =
	        start("/bin/sh", argv,
	              (struct spawn_plan){ .rlimit_count = 2,
	                                   .rlimits = { { RLIMIT_NOFILE, 33, 44 }, { RLIMIT_CPU, 55, 66 } } });

	assert_string_equal(s.out, "33\n55\n");
}

CASE("spawn: the descriptors 0 to 3 are kept in use, so that ours are none of them")
{
	struct spawner spawner;
	int fd;

	close(3);
	close(0);
	assert_int_equal(spawner_init(&spawner), 0);
	fd = open("/dev/null", O_RDONLY);
	assert_true(fd > 3);
	close(fd);
	spawner_deinit(&spawner);
}

CASE("spawn: a thread that keeps to its CPU starts programs that may run on all, and else keeps to none")
{
	char *const argv[] = { (char[]){ "grep" }, (char[]){ "^Cpus_allowed:" }, (char[]){ "/proc/self/status" },
		               NULL };
	struct started before = start("/bin/grep", argv, (struct spawn_plan){ 0 }), s;
	struct spawner spawner;
	cpu_set_t all, now;
	unsigned cpus;

	assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
	cpus = (unsigned)CPU_COUNT(&all);
	assert_int_equal(spawner_init(&spawner), 0);
	spawner_keep_to_a_cpu(&spawner, 0, cpus + 1);
	assert_int_equal(sched_getaffinity(0, sizeof now, &now), 0);
	assert_true(CPU_EQUAL(&now, &all));
	spawner_keep_to_a_cpu(&spawner, cpus - 1, cpus);
	assert_int_equal(sched_getaffinity(0, sizeof now, &now), 0);
	assert_int_equal(CPU_COUNT(&now), 1);
	CPU_AND(&now, &now, &all);
	assert_int_equal(CPU_COUNT(&now), 1);
	s = start_by(&spawner, "/bin/grep", argv, (struct spawn_plan){ 0 });
	assert_int_equal(s.rc, 0);
	assert_non_null(strchr(s.out, '\n'));
	assert_string_equal(s.out, before.out);
	spawner_deinit(&spawner);
}

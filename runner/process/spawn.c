// The spawner. glibc's posix_spawn is built in the same way, but has no place for limits, groups and PDEATHSIG.
#include "spawn.h"

#include "clone.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_BYTES (64U * 1024U)
#define GUARD_BYTES 4096U
#define KERNEL_SIGMASK 8U // bytes of the kernel's own sigset

// The child runs in our memory on a stack that the sanitizers do not know.
#define IN_CHILD __attribute__((no_sanitize("address", "undefined", "thread"), noinline))

// The kernel's struct sigaction, all zero: the default action.
struct default_action {
	unsigned long words[4];
};

struct child_order {
	const struct spawner *spawner;
	const struct spawn_plan *plan;
	pid_t parent;
	// Written by the child, read by us once it has exec'd or ended.
	const char *volatile step;
	volatile int error;
};

int spawner_init(struct spawner *s)
{
	memset(s, 0, sizeof *s);
	for (;;) {
		int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

		if (fd < 0)
			return -errno;
		if (fd > 3) {
			close(fd);
			break;
		}
	}
	for (int sig = 1; sig < NSIG; sig++) {
		const bool handled = sig == SIGINT || sig == SIGTERM || sig == SIGHUP; // once the loop runs
		struct sigaction now;

		if (handled || (sigaction(sig, NULL, &now) == 0 && now.sa_handler == SIG_IGN))
			s->reset[s->reset_count++] = sig;
	}
	s->stack_bytes = STACK_BYTES;
	s->stack =
	        mmap(NULL, s->stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (s->stack == MAP_FAILED) {
		s->stack = NULL;
		return -errno;
	}
	if (mprotect(s->stack, GUARD_BYTES, PROT_NONE) < 0)
		return -errno;
	return 0;
}

void spawner_deinit(struct spawner *s)
{
	if (s->stack != NULL)
		munmap(s->stack, s->stack_bytes);
	memset(s, 0, sizeof *s);
}

static size_t nth_cpu(const cpu_set_t *cpus, unsigned n)
{
	size_t cpu = 0;

	while (!CPU_ISSET(cpu, cpus) || n-- > 0)
		cpu++;
	return cpu;
}

void spawner_keep_to_a_cpu(struct spawner *s, unsigned number, unsigned threads)
{
	cpu_set_t one;

	if (sched_getaffinity(0, sizeof s->cpus, &s->cpus) < 0 || (unsigned)CPU_COUNT(&s->cpus) != threads)
		return;
	CPU_ZERO(&one);
	CPU_SET(nth_cpu(&s->cpus, number), &one);
	s->keeps_to_one = sched_setaffinity(0, sizeof one, &one) == 0;
}

IN_CHILD static bool child_failed(struct child_order *order, long rc, const char *step)
{
	if (rc >= 0)
		return false;
	order->step = step;
	order->error = errno;
	return true;
}

// Default actions for what we ignore, which exec would keep, and for what we handle: between the opening of the
// mask and exec a handler of ours would run here, in our memory. And an end that comes with ours.
IN_CHILD static bool child_signals(struct child_order *order)
{
	const struct default_action def = { { 0 } };

	for (unsigned i = 0; i < order->spawner->reset_count; i++)
		syscall(SYS_rt_sigaction, order->spawner->reset[i], &def, NULL, KERNEL_SIGMASK);
	if (child_failed(order, syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "prctl"))
		return false;
	if (syscall(SYS_getppid) != order->parent) { // the runner died before the line above
		errno = ESRCH;
		return !child_failed(order, -1, "getppid");
	}
	return !child_failed(order, syscall(SYS_setsid), "setsid");
}

// It fails where all of these CPUs were taken from us meanwhile: then the kernel has chosen others, for us too.
IN_CHILD static void child_cpus(const struct spawner *s)
{
	if (s->keeps_to_one)
		syscall(SYS_sched_setaffinity, 0, sizeof s->cpus, &s->cpus);
}

IN_CHILD static bool child_limits(struct child_order *order)
{
	const struct spawn_plan *plan = order->plan;

	for (unsigned i = 0; i < plan->join_count; i++)
		if (child_failed(order, syscall(SYS_write, plan->joins[i], "0", 1), "joining the cgroup"))
			return false;
	for (unsigned i = 0; i < plan->rlimit_count; i++) {
		const struct rlimit limit = { plan->rlimits[i].soft, plan->rlimits[i].hard };

		if (child_failed(order, syscall(SYS_prlimit64, 0, plan->rlimits[i].resource, &limit, NULL),
		                 "prlimit"))
			return false;
	}
	return true;
}

// Until here the descriptors are the runner's own. Their copy, and with it other tests' pipes, lives for these few
// calls only.
IN_CHILD static bool child_fds(struct child_order *order)
{
	if (child_failed(order, syscall(SYS_unshare, CLONE_FILES), "unshare"))
		return false;
	for (int to = 0; to < 4; to++)
		if (child_failed(order, syscall(SYS_dup3, order->plan->fds[to], to, 0), "dup3"))
			return false;
	// Ours are close-on-exec; this is for what our own parent left open. Old kernels lack it.
	syscall(SYS_close_range, 4U, ~0U, 0U);
	return true;
}

IN_CHILD static int child_main(void *arg)
{
	struct child_order *order = arg;
	const unsigned long none[KERNEL_SIGMASK / sizeof(unsigned long)] = { 0 };

	child_cpus(order->spawner);
	if (child_signals(order) && child_limits(order) && child_fds(order)) {
		syscall(SYS_rt_sigprocmask, SIG_SETMASK, none, NULL, KERNEL_SIGMASK);
		syscall(SYS_execve, order->plan->program, order->plan->argv, order->plan->envp);
		child_failed(order, -1, "execve");
	}
	syscall(SYS_exit_group, 127);
	return 127;
}

int spawn(const struct spawner *s, const struct spawn_plan *plan, pid_t *pid, int *pidfd, const char **step)
{
	struct child_order order = { .spawner = s, .plan = plan, .parent = getpid() };
	const struct clone_order clone_order = { .entry = child_main,
		                                 .arg = &order,
		                                 .stack = s->stack,
		                                 .stack_bytes = s->stack_bytes,
		                                 .cgroup_fd = plan->cgroup_fd };
	sigset_t all, before;
	int fd = -1;
	int rc;
	pid_t child;

	sigfillset(&all);
	// No handler of ours may run in the child, which shares our memory.
	rc = pthread_sigmask(SIG_SETMASK, &all, &before);
	if (rc != 0)
		return -rc;
	child = clone_vfork(&clone_order, &fd);
	rc = child < 0 ? child : 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc < 0) {
		*step = "clone";
		return rc;
	}
	if (order.error != 0) {
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
		close(fd);
		*step = order.step;
		return -order.error;
	}
	*pid = child;
	*pidfd = fd;
	return 0;
}

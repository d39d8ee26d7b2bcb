// The guardian process.
#include "guardian.h"

#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 500        // at most five seconds of killing
#define ROUND_NS 10000000 // between two looks
#define SWEEP_S 60        // for the engine of containers
#define QUIET 3           // looks in a row that find nothing: a process may be between fork and exec
#define GO_HOME 'q'
#define READY 'r'

static bool is_session_of_ours(const struct guardian *g, pid_t session)
{
	for (unsigned i = 0; i < GUARDIAN_SLOTS; i++) {
		pid_t ours = atomic_load_explicit(&g->page->sessions[i], memory_order_relaxed);

		if (ours != 0 && ours == session)
			return true;
	}
	return false;
}

// One look at all processes; how many were killed.
static unsigned kill_round(const struct guardian *g, struct pid_list *all)
{
	unsigned killed = 0;

	cgroup_kill_path(g->cgroups->v2_root);
	all->count = 0;
	proc_all(all);
	for (size_t i = 0; i < all->count; i++) {
		struct proc_stat st;

		if (all->pids[i] == getpid() || proc_stat(all->pids[i], &st) < 0 || st.state == 'Z')
			continue;
		if (!is_session_of_ours(g, st.session) && !is_session_of_ours(g, st.pgrp) &&
		    !proc_has_env(st.pid, g->mark))
			continue;
		proc_kill(st.pid, st.start_time, SIGKILL);
		killed++;
	}
	return killed;
}

static void clean_up(const struct guardian *g)
{
	const struct timespec pause = { 0, ROUND_NS };
	struct pid_list all = { 0 };

	for (int round = 0, quiet = 0; round < ROUNDS && quiet < QUIET; round++) {
		quiet = kill_round(g, &all) == 0 ? quiet + 1 : 0;
		nanosleep(&pause, NULL);
	}
	if (engine_is_set(g->engine))
		engine_sweep(g->engine, g->scratch->name, SWEEP_S);
	scratch_remove(g->scratch);
	cgroups_remove(g->cgroups);
	cgroups_leave(g->cgroups);
	pid_list_deinit(&all);
}

// Nothing of the runner's may be held: not its journal's lock, not the pipe that its own caller reads. Moves `fd`
// to 3, the only one that stays.
static void let_go(int fd)
{
	int null = open("/dev/null", O_RDWR);

	for (int to = 0; to < 3 && null >= 0; to++)
		dup2(null, to);
	if (fd != 3)
		dup2(fd, 3);
	syscall(SYS_close_range, 4U, ~0U, 0U);
	if (chdir("/") < 0) {
		// then we hold a directory busy: nothing worse
	}
}

__attribute__((noreturn)) static void guardian_main(const struct guardian *g, int fd)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2, SIGTSTP };
	sigset_t none;
	char message = 0;
	ssize_t n;

	setsid();
	prctl(PR_SET_NAME, "stressgen-guard");
	for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	let_go(fd);
	do
		n = write(3, &(char){ READY }, 1);
	while (n < 0 && errno == EINTR);
	do
		n = read(3, &message, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1 || message != GO_HOME)
		clean_up(g);
	_exit(0);
}

// A child without a signal at its end, of which waitid(2) says nothing unless asked (__WALL): so it says at once
// whether there is any other. It takes over no locks as fork(3) does, so it is for a process of one thread.
static pid_t fork_unseen(void)
{
	return (pid_t)syscall(SYS_clone, 0UL, 0UL, 0UL, 0UL, 0UL);
}

int guardian_start(struct guardian *g, const struct cgroups *cgroups, const struct scratch *scratch)
{
	int fds[2];
	const bool first = g->page == NULL; // no thread was started before
	char message = 0;
	ssize_t n;

	g->cgroups = cgroups;
	g->scratch = scratch;
	g->pidfd = g->socket = -1;
	snprintf(g->mark, sizeof g->mark, "STRESSGEN_MARK=%s-", scratch->name);
	if (first) {
		void *page =
		        mmap(NULL, sizeof *g->page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		if (page == MAP_FAILED)
			return -errno;
		g->page = page;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	g->pid = first ? fork_unseen() : fork();
	if (g->pid == 0) {
		close(fds[0]);
		guardian_main(g, fds[1]);
	}
	close(fds[1]);
	if (g->pid < 0) {
		n = -errno;
		close(fds[0]);
		return (int)n;
	}
	g->socket = fds[0];
	g->pidfd = (int)syscall(SYS_pidfd_open, g->pid, 0);
	if (g->pidfd < 0)
		return -errno;
	// Only when it has left our session is it safe from what kills our group.
	do
		n = read(g->socket, &message, 1);
	while (n < 0 && errno == EINTR);
	return n == 1 && message == READY ? 0 : -ESRCH;
}

void guardian_watch(struct guardian *g, unsigned worker, pid_t session)
{
	atomic_store_explicit(&g->page->sessions[worker], session, memory_order_relaxed);
}

void guardian_stop(struct guardian *g)
{
	const char message = GO_HOME;

	if (g->pid > 0) {
		if (send(g->socket, &message, 1, MSG_NOSIGNAL) != 1)
			kill(g->pid, SIGKILL);
		while (waitpid(g->pid, NULL, __WALL) < 0 && errno == EINTR)
			;
	}
	if (g->page != NULL) {
		if (g->pid > 0)
			close(g->socket);
		if (g->pidfd > 0)
			close(g->pidfd);
		munmap(g->page, sizeof *g->page);
	}
	memset(g, 0, sizeof *g);
	g->pidfd = g->socket = -1;
}

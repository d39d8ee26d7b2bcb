// The processes of one test.
#include "contain.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMED_MAX 32U

void contain_init(struct contain *c, struct cgroup *group, const struct pid_list *strangers,
                  const struct pid_list *leaders, const char *mark)
{
	char path[64];

	memset(c, 0, sizeof *c);
	c->group = group;
	c->strangers = strangers;
	c->leaders = leaders;
	c->mark = mark;
	snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
	c->children_fd = open(path, O_RDONLY | O_CLOEXEC);
}

static bool is_dead(pid_t pid)
{
	struct proc_stat st;

	return proc_stat(pid, &st) < 0 || st.state == 'Z' || st.state == 'X';
}

// Whether an orphan is this test's. The dead are everybody's: nobody needs their status.
static bool is_ours(struct contain *c, pid_t pid)
{
	if (c->leaders->count < 2 || is_dead(pid))
		return true;
	if (!cgroup_holds(c->group))
		return proc_has_env(pid, c->mark);
	c->in_group.count = 0;
	cgroup_pids(c->group, &c->in_group);
	return pid_list_has(&c->in_group, pid);
}

// Our children that are neither strangers nor the first process of any test: the test's orphans.
static void look_at_orphans(struct contain *c)
{
	size_t kept = 0;

	c->children.count = 0;
	// Orphans come to a subreaper's first thread.
	if (c->children_fd >= 0)
		proc_read_pids(c->children_fd, &c->children);
	else
		proc_children(getpid(), &c->children);
	for (size_t i = 0; i < c->children.count; i++) {
		pid_t pid = c->children.pids[i];

		if (!pid_list_has(c->leaders, pid) && !pid_list_has(c->strangers, pid) && is_ours(c, pid))
			c->children.pids[kept++] = pid;
	}
	c->children.count = kept;
}

static void add_if_alive(struct pid_list *l, pid_t pid)
{
	struct proc_stat st;

	if (proc_stat(pid, &st) == 0 && st.state != 'Z' && st.state != 'X')
		pid_list_add(l, pid);
}

// Everything below members[from..]: the list grows while it is walked.
static void add_descendants(struct pid_list *members, size_t from)
{
	struct pid_list found = { 0 };

	for (size_t i = from; i < members->count; i++) {
		found.count = 0;
		proc_children(members->pids[i], &found);
		for (size_t k = 0; k < found.count; k++)
			if (!pid_list_has(members, found.pids[k]))
				add_if_alive(members, found.pids[k]);
	}
	pid_list_deinit(&found);
}

// In a container of an engine: its processes were started by a service.
static void add_marked(struct contain *c)
{
	struct pid_list all = { 0 };

	proc_all(&all);
	for (size_t i = 0; i < all.count; i++)
		if (!pid_list_has(&c->members, all.pids[i]) && !pid_list_has(c->strangers, all.pids[i]) &&
		    proc_has_env(all.pids[i], c->mark))
			add_if_alive(&c->members, all.pids[i]);
	pid_list_deinit(&all);
}

void contain_look(struct contain *c)
{
	size_t in_group;

	c->members.count = 0;
	cgroup_pids(c->group, &c->members);
	in_group = c->members.count;
	if (!cgroup_holds(c->group) && c->leader > 0)
		add_if_alive(&c->members, c->leader);
	look_at_orphans(c);
	for (size_t i = 0; i < c->children.count; i++)
		if (!pid_list_has(&c->members, c->children.pids[i]))
			add_if_alive(&c->members, c->children.pids[i]);
	add_descendants(&c->members, in_group);
	if (c->by_mark)
		add_marked(c);
}

bool contain_over(struct contain *c)
{
	size_t alive = 0;

	look_at_orphans(c);
	for (size_t i = 0; i < c->children.count; i++) {
		siginfo_t info = { 0 };

		// One by one: a waitpid(-1) could take the status of a process that somebody else waits for.
		if (waitid(P_PID, (id_t)c->children.pids[i], &info, WEXITED | WNOHANG) < 0 || info.si_pid == 0)
			alive++;
	}
	if (alive > 0)
		return false;
	if (cgroup_holds(c->group))
		return cgroup_empty(c->group);
	// Without orphans all that is left is below the leader, and below a zombie there is nothing.
	return true;
}

bool contain_childless(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}

void contain_signal(struct contain *c, int sig)
{
	const bool spare = c->spare_leader && sig != SIGKILL;

	if (c->leader > 0 && !spare)
		kill(-c->leader, sig);
	if (sig == SIGKILL)
		cgroup_kill(c->group);
	contain_look(c);
	for (size_t i = 0; i < c->members.count; i++) {
		struct proc_stat st;

		if (proc_stat(c->members.pids[i], &st) == 0 &&
		    (spare ? st.pid != c->leader : st.pgrp != c->leader || sig == SIGKILL))
			proc_kill(st.pid, st.start_time, sig);
	}
}

void contain_name_leftovers(struct contain *c, struct strings *out)
{
	contain_look(c);
	for (size_t i = 0; i < c->members.count; i++) {
		struct buf name = { 0 };

		if (out->count == NAMED_MAX) {
			buf_addf(&name, "and %zu more", c->members.count - i);
		} else {
			buf_addf(&name, "pid %d ", c->members.pids[i]);
			proc_name(c->members.pids[i], &name);
		}
		strings_add(out, buf_text(&name), name.len);
		buf_deinit(&name);
		if (out->count > NAMED_MAX)
			break;
	}
}

void contain_deinit(struct contain *c)
{
	if (c->group != NULL && c->children_fd >= 0)
		close(c->children_fd);
	pid_list_deinit(&c->members);
	pid_list_deinit(&c->children);
	pid_list_deinit(&c->in_group);
}

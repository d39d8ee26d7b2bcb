// Getting v2's controllers. A group gives its controllers to groups below it only when it is told to, and then it
// may hold no process itself, but for the machine's root ("No Internal Process Constraint" in the kernel's
// documentation). Where we are started alone in a group that was delegated to us (systemd-run --scope -p
// Delegate=yes), we therefore move into a group below it. A group that others are in too is left alone.
#include "cgroup_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const controllers[] = { "memory", "pids", "io" };

#define CONTROLLERS (sizeof controllers / sizeof controllers[0])

// A small file's text; "" when it cannot be read.
static const char *read_text(const char *dir, const char *file, char *text, size_t size)
{
	int fd = cgroup_open(dir, file, O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, text, size - 1) : 0;

	cgroup_close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static bool set(const char *group, char sign, const char *controller)
{
	char word[16];

	snprintf(word, sizeof word, "%c%s", sign, controller);
	return cgroup_write(group, "cgroup.subtree_control", word);
}

enum company { NOBODY, ONLY_US, OTHERS };

static enum company who_is_in(const char *group)
{
	struct pid_list pids = { 0 };
	int fd = cgroup_open(group, "cgroup.procs", O_RDONLY);
	enum company who = NOBODY;

	if (fd >= 0)
		proc_read_pids(fd, &pids);
	cgroup_close(fd);
	for (size_t i = 0; i < pids.count; i++)
		who = pids.pids[i] == getpid() && who != OTHERS ? ONLY_US : OTHERS;
	pid_list_deinit(&pids);
	return who;
}

// Into a group below. False: we are where we were, and it is said why.
static bool step_down(struct cgroups *all, const char *own, const char *name)
{
	if (who_is_in(own) == OTHERS) {
		snprintf(all->why_not_v2, sizeof all->why_not_v2,
		         "our group holds other processes too; start in one of its own: systemd-run %s--scope "
		         "-p Delegate=yes stressgen ...",
		         geteuid() == 0 ? "" : "--user ");
		return false;
	}
	if (!cgroup_path(all->v2_leaf, "%s/%s-runner", own, name) || mkdir(all->v2_leaf, 0755) < 0) {
		snprintf(all->why_not_v2, sizeof all->why_not_v2, "no group can be made for the runner: %s",
		         strerror(errno));
	} else if (!cgroup_write(all->v2_leaf, "cgroup.procs", "0")) {
		snprintf(all->why_not_v2, sizeof all->why_not_v2, "the runner cannot move into a group: %s",
		         strerror(errno));
		rmdir(all->v2_leaf);
	} else {
		return true;
	}
	all->v2_leaf[0] = '\0';
	return false;
}

// Which controllers are there, but not given to those below.
static unsigned missing(const char *own, bool *any)
{
	char there[256], given[256];
	unsigned bits = 0;

	read_text(own, "cgroup.controllers", there, sizeof there);
	read_text(own, "cgroup.subtree_control", given, sizeof given);
	*any = false;
	for (size_t i = 0; i < CONTROLLERS; i++) {
		const bool is_there = cgroup_word_in_list(there, controllers[i]);

		*any = *any || is_there;
		bits |= (unsigned)(is_there && !cgroup_word_in_list(given, controllers[i])) << i;
	}
	return bits;
}

// The root may hold processes. Else nothing is given while there is one: the kernel refuses it for most
// controllers, and for pids makes groups below that nobody can enter.
void cgroup_delegate(struct cgroups *all, const char *own, const char *name)
{
	bool any;
	const unsigned wanted = missing(own, &any);
	const bool is_root = !cgroup_has(own, "cgroup.type");

	if (!any)
		snprintf(all->why_not_v2, sizeof all->why_not_v2, "our group has no controllers of cgroup v2");
	if (wanted == 0)
		return;
	cgroup_path(all->v2_own, "%s", own);
	if (!is_root && who_is_in(own) != NOBODY && !step_down(all, own, name))
		return;
	for (size_t i = 0; i < CONTROLLERS; i++) {
		if ((wanted >> i & 1U) == 0)
			continue;
		if (set(own, '+', controllers[i]))
			all->v2_given |= 1U << i;
		else if (all->why_not_v2[0] == '\0')
			snprintf(all->why_not_v2, sizeof all->why_not_v2, "our group may not give %s: %s",
			         controllers[i], strerror(errno));
	}
	if (all->v2_given == 0)
		cgroups_leave(all); // for nothing
}

void cgroups_leave(const struct cgroups *all)
{
	if (all->v2_own[0] == '\0')
		return;
	for (size_t i = 0; i < CONTROLLERS; i++)
		if ((all->v2_given >> i & 1U) != 0)
			set(all->v2_own, '-', controllers[i]); // refused where another run needs it: it stays
	if (all->v2_leaf[0] == '\0')
		return;
	cgroup_write(all->v2_own, "cgroup.procs", "0");
	rmdir(all->v2_leaf);
}

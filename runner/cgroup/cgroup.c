// Control groups, v2 ("Control Group v2" in the kernel's documentation) and the v1 controllers beside it: making,
// killing and removing them.
#include "cgroup_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 8 // how deep groups that tests made inside theirs are followed

static void remove_below(const char *path, int depth)
{
	DIR *dir = depth < DEPTH_MAX ? opendir(path) : NULL;
	const struct dirent *entry;

	if (dir != NULL) {
		while ((entry = readdir(dir)) != NULL) {
			char below[CGROUP_PATH];

			if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
			    cgroup_path(below, "%s/%s", path, entry->d_name))
				remove_below(below, depth + 1);
		}
		closedir(dir);
	}
	rmdir(path);
}

void cgroup_remove_tree(const char *path)
{
	if (path[0] != '\0')
		remove_below(path, 0);
}

void cgroups_remove(const struct cgroups *all)
{
	cgroup_remove_tree(all->v2_root);
	cgroup_remove_tree(all->v1_memory);
	cgroup_remove_tree(all->v1_pids);
	cgroup_remove_tree(all->v1_blkio);
}

void cgroup_kill_path(const char *path)
{
	int fd = path[0] != '\0' ? cgroup_open(path, "cgroup.kill", O_WRONLY) : -1;

	if (fd < 0)
		return;
	if (write(fd, "1", 1) != 1) {
		// nothing else to be done here; the callers look at what is left
	}
	close(fd);
}

static void kill_sibling(const char *ours, const char *name)
{
	const char *slash = strrchr(ours, '/');
	char path[CGROUP_PATH];

	if (slash == NULL || !cgroup_path(path, "%.*s/%s", (int)(slash - ours), ours, name))
		return;
	cgroup_kill_path(path);
	cgroup_remove_tree(path);
}

void cgroups_kill_sibling(const struct cgroups *all, const char *name)
{
	char leaf[CGROUP_PATH];

	kill_sibling(all->v2_root, name);
	if (all->v2_own[0] != '\0' && cgroup_path(leaf, "%s/%s-runner", all->v2_own, name))
		cgroup_remove_tree(leaf); // its guardian may still be at work there
	kill_sibling(all->v1_memory, name);
	kill_sibling(all->v1_pids, name);
	kill_sibling(all->v1_blkio, name);
}

static void no_descriptors(struct cgroup *g)
{
	g->v2_dir = g->v2_join = g->v2_list = g->v2_kill = g->v2_events = g->v2_cpu = -1;
	g->memory_join = g->memory_events = g->pids_join = g->pids_events = g->io_join = -1;
}

// The v2 group of the present generation.
static void open_v2(struct cgroup *g)
{
	g->v2_spent = false;
	if (g->all->v2_root[0] == '\0' ||
	    !cgroup_path(g->v2, "%s/w%u.%u", g->all->v2_root, g->worker, g->generation++) ||
	    mkdir(g->v2, 0755) < 0) {
		g->v2[0] = '\0';
		return;
	}
	g->v2_dir = open(g->v2, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	g->v2_by_clone = g->v2_dir >= 0 && g->all->v2_by_clone;
	g->v2_join = cgroup_open(g->v2, "cgroup.procs", O_WRONLY);
	g->v2_list = cgroup_open(g->v2, "cgroup.procs", O_RDONLY);
	g->v2_kill = cgroup_open(g->v2, "cgroup.kill", O_WRONLY);
	g->v2_events = cgroup_open(g->v2, "cgroup.events", O_RDONLY);
	g->v2_cpu = cgroup_open(g->v2, "cpu.stat", O_RDONLY);
}

static void close_v2(struct cgroup *g)
{
	int *const fds[] = { &g->v2_dir, &g->v2_join, &g->v2_list, &g->v2_kill, &g->v2_events, &g->v2_cpu };

	for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
		cgroup_close(*fds[i]);
		*fds[i] = -1;
	}
	cgroup_remove_tree(g->v2);
	g->v2[0] = '\0';
}

void cgroup_init(struct cgroup *g, const struct cgroups *all, unsigned worker)
{
	memset(g, 0, sizeof *g);
	g->all = all;
	g->worker = worker;
	no_descriptors(g);
	if (all->v1_memory[0] != '\0')
		cgroup_path(g->v1_memory, "%s/w%u", all->v1_memory, worker);
	if (all->v1_pids[0] != '\0')
		cgroup_path(g->v1_pids, "%s/w%u", all->v1_pids, worker);
	if (all->v1_blkio[0] != '\0')
		cgroup_path(g->v1_blkio, "%s/w%u", all->v1_blkio, worker);
	cgroup_forget_v2_limits(g);
	open_v2(g);
}

// Linux since 6.12 compares the number of times that our own group was killed with that of the child's, and kills
// the child at birth when they differ; so a group that was killed once is of no use to clone3.
void cgroup_renew(struct cgroup *g)
{
	if (g->v2[0] == '\0' || !g->v2_spent)
		return;
	close_v2(g);
	cgroup_forget_v2_limits(g);
	open_v2(g);
}

void cgroup_deinit(struct cgroup *g)
{
	if (g->all == NULL)
		return;
	close_v2(g);
	cgroup_close(g->memory_join);
	cgroup_close(g->memory_events);
	cgroup_close(g->pids_join);
	cgroup_close(g->pids_events);
	cgroup_close(g->io_join);
	cgroup_remove_tree(g->v1_memory);
	cgroup_remove_tree(g->v1_pids);
	cgroup_remove_tree(g->v1_blkio);
	memset(g, 0, sizeof *g);
	no_descriptors(g);
}

bool cgroup_holds(const struct cgroup *g)
{
	return g->v2_join >= 0;
}

void cgroup_kill(struct cgroup *g)
{
	g->v2_spent = true;
	if (g->v2_kill >= 0 && pwrite(g->v2_kill, "1", 1, 0) != 1)
		cgroup_kill_path(g->v2);
}

bool cgroup_empty(const struct cgroup *g)
{
	return cgroup_keyed(g->v2_events, "populated") == 0;
}

// Two links more than it has groups below: the usual one has none.
static bool has_below(int dir_fd)
{
	struct stat st;

	return dir_fd < 0 || fstat(dir_fd, &st) < 0 || st.st_nlink > 2;
}

static void pids_below(const char *path, int depth, struct pid_list *out)
{
	const struct dirent *entry;
	DIR *dir;

	if (depth >= DEPTH_MAX)
		return;
	dir = opendir(path);
	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		char below[CGROUP_PATH];
		int fd;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
		    !cgroup_path(below, "%s/%s", path, entry->d_name))
			continue;
		fd = cgroup_open(below, "cgroup.procs", O_RDONLY);
		if (fd >= 0)
			proc_read_pids(fd, out);
		cgroup_close(fd);
		pids_below(below, depth + 1, out);
	}
	closedir(dir);
}

void cgroup_pids(const struct cgroup *g, struct pid_list *out)
{
	if (g->v2_list < 0)
		return;
	proc_read_pids(g->v2_list, out);
	if (has_below(g->v2_dir))
		pids_below(g->v2, 0, out);
}

// Which control groups the machine grants to a run.
#include "cgroup_files.h"

#include "clone.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

// Where hierarchies are mounted, and our own group in each.
struct own_groups {
	char v2[CGROUP_PATH], memory[CGROUP_PATH], pids[CGROUP_PATH], blkio[CGROUP_PATH];
};

// A line of mountinfo: "... ROOT MOUNTPOINT ... - TYPE SOURCE OPTIONS".
static void read_mount(char *line, struct own_groups *own)
{
	char root[CGROUP_PATH], point[CGROUP_PATH], type[32], options[256];
	const char *tail = strstr(line, " - ");

	if (tail == NULL || sscanf(line, "%*s %*s %*s %511s %511s", root, point) != 2 ||
	    sscanf(tail, " - %31s %*s %255s", type, options) != 2)
		return;
	if (strcmp(type, "cgroup2") == 0)
		cgroup_path(own->v2, "%s", point);
	else if (strcmp(type, "cgroup") == 0 && cgroup_word_in_list(options, "memory"))
		cgroup_path(own->memory, "%s", point);
	else if (strcmp(type, "cgroup") == 0 && cgroup_word_in_list(options, "pids"))
		cgroup_path(own->pids, "%s", point);
	else if (strcmp(type, "cgroup") == 0 && cgroup_word_in_list(options, "blkio"))
		cgroup_path(own->blkio, "%s", point);
}

static void append_own(char *mount, const char *path)
{
	char full[CGROUP_PATH];
	struct stat st;

	if (mount[0] == '\0' || strcmp(path, "/") == 0)
		return;
	// In a container the mount may show our group as its root: then the path below it does not exist.
	if (cgroup_path(full, "%s%s", mount, path) && stat(full, &st) == 0)
		memcpy(mount, full, sizeof full);
}

// A line of /proc/self/cgroup: "ID:CONTROLLERS:PATH".
static void read_membership(char *line, struct own_groups *own)
{
	char *controllers = strchr(line, ':');
	char *path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;

	if (path == NULL)
		return;
	*path++ = '\0';
	path[strcspn(path, "\n")] = '\0';
	controllers++;
	if (controllers[0] == '\0')
		append_own(own->v2, path);
	else if (cgroup_word_in_list(controllers, "memory"))
		append_own(own->memory, path);
	else if (cgroup_word_in_list(controllers, "pids"))
		append_own(own->pids, path);
	else if (cgroup_word_in_list(controllers, "blkio"))
		append_own(own->blkio, path);
}

static void each_line(const char *proc, const char *file, void (*take)(char *line, struct own_groups *own),
                      struct own_groups *own)
{
	char path[CGROUP_PATH];
	FILE *f = cgroup_path(path, "%s/%s", proc, file) ? fopen(path, "re") : NULL;
	char *line = NULL;
	size_t cap = 0;

	if (f == NULL)
		return;
	while (getline(&line, &cap, f) > 0)
		take(line, own);
	free(line);
	fclose(f);
}

// Entering a child of our own group needs rights on more than the directory: only a try tells.
static bool can_enter(const char *group)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		int fd = cgroup_open(group, "cgroup.procs", O_WRONLY);

		_exit(fd >= 0 && write(fd, "0", 1) == 1 ? 0 : 1);
	}
	if (child < 0)
		return false;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int born(__attribute__((unused)) void *arg)
{
	return 0;
}

// Whether clone3 can put a child into the group, and it lives.
static bool can_be_born(const char *group)
{
	char stack[8192] __attribute__((aligned(16)));
	struct clone_order order = { .entry = born, .stack = stack, .stack_bytes = sizeof stack };
	int pidfd = -1;
	int status = 0;
	pid_t child;

	order.cgroup_fd = open(group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (order.cgroup_fd < 0)
		return false;
	child = clone_vfork(&order, &pidfd);
	close(order.cgroup_fd);
	if (child < 0)
		return false;
	close(pidfd);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// Each worker's group below is to have it too.
static bool gives(const char *group, const char *controller, const char *file)
{
	char word[16];

	snprintf(word, sizeof word, "+%s", controller);
	return cgroup_has(group, file) && cgroup_write(group, "cgroup.subtree_control", word);
}

static void probe_v2(struct cgroups *all, const char *own, const char *name)
{
	char group[CGROUP_PATH];

	if (own[0] == '\0') {
		snprintf(all->why_not, sizeof all->why_not, "no cgroup v2 file system is mounted");
		return;
	}
	cgroup_delegate(all, own, name);
	if (!cgroup_path(group, "%s/%s", own, name) || mkdir(group, 0755) < 0) {
		snprintf(all->why_not, sizeof all->why_not, "no cgroup v2 group can be made: %s", strerror(errno));
		return;
	}
	if (!cgroup_has(group, "cgroup.kill")) {
		snprintf(all->why_not, sizeof all->why_not, "this kernel's cgroup v2 has no cgroup.kill");
		rmdir(group);
		return;
	}
	if (!can_enter(group)) {
		snprintf(all->why_not, sizeof all->why_not,
		         "no process can be moved into a cgroup v2 group of ours");
		rmdir(group);
		return;
	}
	memcpy(all->v2_root, group, sizeof group);
	all->v2_by_clone = can_be_born(group);
	all->v2_memory = gives(group, "memory", "memory.max");
	all->v2_pids = gives(group, "pids", "pids.max");
	all->v2_io = gives(group, "io", "io.max");
}

static void probe_v1(char *out, const char *own, const char *name)
{
	if (own[0] != '\0' && access(own, W_OK) == 0)
		cgroup_path(out, "%s/%s", own, name);
}

static bool has_swap(const char *proc)
{
	char path[CGROUP_PATH], text[4096];
	const char *at;

	if (!cgroup_path(path, "%s/meminfo", proc) || proc_read_small(path, text, sizeof text) <= 0)
		return false;
	at = strstr(text, "SwapTotal:");
	return at != NULL && strtoull(at + strlen("SwapTotal:"), NULL, 10) > 0;
}

void cgroups_probe(struct cgroups *all, const char *name, const char *proc)
{
	struct own_groups own;

	memset(all, 0, sizeof *all);
	memset(&own, 0, sizeof own);
	each_line(proc, "self/mountinfo", read_mount, &own);
	each_line(proc, "self/cgroup", read_membership, &own);
	all->swap = has_swap(proc);
	probe_v2(all, own.v2, name);
	if (!all->v2_memory)
		probe_v1(all->v1_memory, own.memory, name);
	if (!all->v2_pids)
		probe_v1(all->v1_pids, own.pids, name);
	if (!all->v2_io)
		probe_v1(all->v1_blkio, own.blkio, name);
}

// The file systems that tell a group's writes from others' when they reach the disk ("Writeback" in the kernel's
// documentation of cgroup v2).
static bool knows_writers(const char *path)
{
	struct statfs fs;

	if (statfs(path, &fs) < 0)
		return false;
	switch (fs.f_type) {
	case EXT4_SUPER_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case F2FS_SUPER_MAGIC:
		return true;
	default:
		return false;
	}
}

void cgroups_find_device(struct cgroups *all, const char *path)
{
	char link[64], target[PATH_MAX];
	struct stat st;
	ssize_t n;

	all->device[0] = '\0';
	all->v2_writeback = all->v2_memory && knows_writers(path); // pages are counted by the memory controller
	if (stat(path, &st) < 0 || major(st.st_dev) == 0)
		return; // in memory, or put together from several
	snprintf(all->device, sizeof all->device, "%u:%u", major(st.st_dev), minor(st.st_dev));
	snprintf(link, sizeof link, "/sys/dev/block/%s/partition", all->device);
	if (access(link, F_OK) < 0)
		return;
	// Limits are those of the whole disk: its name is the last but one of the partition's place.
	snprintf(link, sizeof link, "/sys/dev/block/%s", all->device);
	n = readlink(link, target, sizeof target - 1);
	all->device[0] = '\0';
	if (n <= 0)
		return;
	target[n] = '\0';
	if (strrchr(target, '/') != NULL)
		*strrchr(target, '/') = '\0';
	if (strrchr(target, '/') != NULL) {
		char name[PATH_MAX + 32], text[32];

		snprintf(name, sizeof name, "/sys/class/block%s/dev", strrchr(target, '/'));
		if (proc_read_small(name, text, sizeof text) > 0)
			snprintf(all->device, sizeof all->device, "%.*s", (int)strcspn(text, "\n"), text);
	}
}

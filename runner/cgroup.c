// Control groups, v2 ("Control Group v2" in the kernel's documentation) and the v1 controllers beside it.
#include "cgroup.h"

#include "clone.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEPTH_MAX 8 // how deep groups that tests made inside theirs are followed

// Where hierarchies are mounted, and our own group in each.
struct own_groups {
	char v2[CGROUP_PATH], memory[CGROUP_PATH], pids[CGROUP_PATH], blkio[CGROUP_PATH];
};

__attribute__((format(printf, 2, 3))) static bool make_path(char *out, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(out, CGROUP_PATH, format, args);
	va_end(args);
	if (n >= 0 && (size_t)n < CGROUP_PATH)
		return true;
	out[0] = '\0';
	return false;
}

static bool word_in_list(const char *list, const char *word)
{
	const size_t len = strlen(word);

	for (const char *at = list; (at = strstr(at, word)) != NULL; at += len) {
		bool starts = at == list || strchr(", \n", at[-1]) != NULL;

		if (starts && strchr(", \n", at[len]) != NULL) // its NUL counts as an end
			return true;
	}
	return false;
}

// A line of mountinfo: "... ROOT MOUNTPOINT ... - TYPE SOURCE OPTIONS".
static void read_mount(char *line, struct own_groups *own)
{
	char root[CGROUP_PATH], point[CGROUP_PATH], type[32], options[256];
	const char *tail = strstr(line, " - ");

	if (tail == NULL || sscanf(line, "%*s %*s %*s %511s %511s", root, point) != 2 ||
	    sscanf(tail, " - %31s %*s %255s", type, options) != 2)
		return;
	if (strcmp(type, "cgroup2") == 0)
		make_path(own->v2, "%s", point);
	else if (strcmp(type, "cgroup") == 0 && word_in_list(options, "memory"))
		make_path(own->memory, "%s", point);
	else if (strcmp(type, "cgroup") == 0 && word_in_list(options, "pids"))
		make_path(own->pids, "%s", point);
	else if (strcmp(type, "cgroup") == 0 && word_in_list(options, "blkio"))
		make_path(own->blkio, "%s", point);
}

static void append_own(char *mount, const char *path)
{
	char full[CGROUP_PATH];
	struct stat st;

	if (mount[0] == '\0' || strcmp(path, "/") == 0)
		return;
	// In a container the mount may show our group as its root: then the path below it does not exist.
	if (make_path(full, "%s%s", mount, path) && stat(full, &st) == 0)
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
	else if (word_in_list(controllers, "memory"))
		append_own(own->memory, path);
	else if (word_in_list(controllers, "pids"))
		append_own(own->pids, path);
	else if (word_in_list(controllers, "blkio"))
		append_own(own->blkio, path);
}

static void each_line(const char *path, void (*take)(char *line, struct own_groups *own), struct own_groups *own)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;

	if (f == NULL)
		return;
	while (getline(&line, &cap, f) > 0)
		take(line, own);
	free(line);
	fclose(f);
}

static int open_in(const char *dir, const char *file, int flags)
{
	char path[CGROUP_PATH];

	return make_path(path, "%s/%s", dir, file) ? open(path, flags | O_CLOEXEC) : -1;
}

static bool exists_in(const char *dir, const char *file)
{
	char path[CGROUP_PATH];

	return make_path(path, "%s/%s", dir, file) && access(path, F_OK) == 0;
}

static bool write_text(const char *dir, const char *file, const char *text)
{
	int fd = open_in(dir, file, O_WRONLY);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) > 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

static bool write_in(const char *dir, const char *file, uint64_t value, const char *none)
{
	char text[32];

	snprintf(text, sizeof text, "%" PRIu64, value);
	return write_text(dir, file, value > 0 ? text : none);
}

// Entering a child of our own group needs rights on more than the directory: only a try tells.
static bool can_enter(const char *group)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		int fd = open_in(group, "cgroup.procs", O_WRONLY);

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

static void probe_v2(struct cgroups *all, const char *own, const char *name)
{
	char group[CGROUP_PATH];

	if (own[0] == '\0') {
		snprintf(all->why_not, sizeof all->why_not, "no cgroup v2 file system is mounted");
		return;
	}
	if (!make_path(group, "%s/%s", own, name) || mkdir(group, 0755) < 0) {
		snprintf(all->why_not, sizeof all->why_not, "no cgroup v2 group can be made: %s", strerror(errno));
		return;
	}
	if (!exists_in(group, "cgroup.kill")) {
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
	// Controllers are there when whoever runs us has delegated them; then our groups below may have them too.
	if (exists_in(group, "memory.max") || exists_in(group, "pids.max") || exists_in(group, "io.max")) {
		int fd = open_in(group, "cgroup.subtree_control", O_WRONLY);

		if (fd >= 0) {
			all->v2_memory = exists_in(group, "memory.max") && write(fd, "+memory", 7) == 7;
			all->v2_pids = exists_in(group, "pids.max") && write(fd, "+pids", 5) == 5;
			all->v2_io = exists_in(group, "io.max") && write(fd, "+io", 3) == 3;
			close(fd);
		}
	}
}

static void probe_v1(char *out, const char *own, const char *name)
{
	if (own[0] != '\0' && access(own, W_OK) == 0)
		make_path(out, "%s/%s", own, name);
}

void cgroups_probe(struct cgroups *all, const char *name)
{
	struct own_groups own;

	memset(all, 0, sizeof *all);
	memset(&own, 0, sizeof own);
	each_line("/proc/self/mountinfo", read_mount, &own);
	each_line("/proc/self/cgroup", read_membership, &own);
	probe_v2(all, own.v2, name);
	if (!all->v2_memory)
		probe_v1(all->v1_memory, own.memory, name);
	if (!all->v2_pids)
		probe_v1(all->v1_pids, own.pids, name);
	if (!all->v2_io)
		probe_v1(all->v1_blkio, own.blkio, name);
}

static void remove_below(const char *path, int depth)
{
	DIR *dir = depth < DEPTH_MAX ? opendir(path) : NULL;
	const struct dirent *entry;

	if (dir != NULL) {
		while ((entry = readdir(dir)) != NULL) {
			char below[CGROUP_PATH];

			if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
			    make_path(below, "%s/%s", path, entry->d_name))
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
	int fd = path[0] != '\0' ? open_in(path, "cgroup.kill", O_WRONLY) : -1;

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

	if (slash == NULL || !make_path(path, "%.*s/%s", (int)(slash - ours), ours, name))
		return;
	cgroup_kill_path(path);
	cgroup_remove_tree(path);
}

void cgroups_kill_sibling(const struct cgroups *all, const char *name)
{
	kill_sibling(all->v2_root, name);
	kill_sibling(all->v1_memory, name);
	kill_sibling(all->v1_pids, name);
	kill_sibling(all->v1_blkio, name);
}

static void no_descriptors(struct cgroup *g)
{
	g->v2_dir = g->v2_join = g->v2_list = g->v2_kill = g->v2_events = g->v2_cpu = -1;
	g->memory_join = g->memory_events = g->pids_join = g->pids_events = g->io_join = -1;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

// The v2 group of the present generation.
static void open_v2(struct cgroup *g)
{
	g->v2_spent = false;
	if (g->all->v2_root[0] == '\0' ||
	    !make_path(g->v2, "%s/w%u.%u", g->all->v2_root, g->worker, g->generation++) ||
	    mkdir(g->v2, 0755) < 0) {
		g->v2[0] = '\0';
		return;
	}
	g->v2_dir = open(g->v2, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	g->v2_by_clone = g->v2_dir >= 0 && g->all->v2_by_clone;
	g->v2_join = open_in(g->v2, "cgroup.procs", O_WRONLY);
	g->v2_list = open_in(g->v2, "cgroup.procs", O_RDONLY);
	g->v2_kill = open_in(g->v2, "cgroup.kill", O_WRONLY);
	g->v2_events = open_in(g->v2, "cgroup.events", O_RDONLY);
	g->v2_cpu = open_in(g->v2, "cpu.stat", O_RDONLY);
}

static void close_v2(struct cgroup *g)
{
	int *const fds[] = { &g->v2_dir, &g->v2_join, &g->v2_list, &g->v2_kill, &g->v2_events, &g->v2_cpu };

	for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
		close_fd(*fds[i]);
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
		make_path(g->v1_memory, "%s/w%u", all->v1_memory, worker);
	if (all->v1_pids[0] != '\0')
		make_path(g->v1_pids, "%s/w%u", all->v1_pids, worker);
	if (all->v1_blkio[0] != '\0')
		make_path(g->v1_blkio, "%s/w%u", all->v1_blkio, worker);
	open_v2(g);
}

// Linux since 6.12 compares the number of times that our own group was killed with that of the child's, and kills
// the child at birth when they differ; so a group that was killed once is of no use to clone3.
void cgroup_renew(struct cgroup *g)
{
	if (g->v2[0] == '\0' || !g->v2_spent)
		return;
	close_v2(g);
	close_fd(g->all->v2_memory ? g->memory_events : -1);
	close_fd(g->all->v2_pids ? g->pids_events : -1);
	g->memory_events = g->all->v2_memory ? -1 : g->memory_events;
	g->pids_events = g->all->v2_pids ? -1 : g->pids_events;
	g->io_limited = !g->all->v2_io && g->io_limited;
	g->memory_bytes = g->all->v2_memory ? 0 : g->memory_bytes;
	open_v2(g);
}

void cgroup_deinit(struct cgroup *g)
{
	if (g->all == NULL)
		return;
	close_v2(g);
	close_fd(g->memory_join);
	close_fd(g->memory_events);
	close_fd(g->pids_join);
	close_fd(g->pids_events);
	close_fd(g->io_join);
	cgroup_remove_tree(g->v1_memory);
	cgroup_remove_tree(g->v1_pids);
	cgroup_remove_tree(g->v1_blkio);
	memset(g, 0, sizeof *g);
	no_descriptors(g);
}

// The number behind "KEY " in a flat keyed file; 0 when it is not there.
static uint64_t keyed(int fd, const char *key)
{
	char text[2048];
	const size_t len = strlen(key);
	ssize_t n = fd >= 0 ? pread(fd, text, sizeof text - 1, 0) : -1;

	if (n <= 0)
		return 0;
	text[n] = '\0';
	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len) == 0 && line[len] == ' ')
			return strtoull(line + len, NULL, 10);
	}
	return 0;
}

// Makes a v1 group at its first use.
static bool open_v1(const char *root, const char *group, const char *events, int *join_fd, int *events_fd)
{
	if (group[0] == '\0')
		return false;
	if (*join_fd >= 0)
		return true;
	if ((mkdir(root, 0755) < 0 && errno != EEXIST) || (mkdir(group, 0755) < 0 && errno != EEXIST))
		return false;
	// "tasks", not "cgroup.procs": a thread that moves itself is not held up by a lock over all of the
	// machine's threads, which takes milliseconds on a busy one.
	*join_fd = open_in(group, "tasks", O_WRONLY);
	*events_fd = open_in(group, events, O_RDONLY);
	return *join_fd >= 0;
}

static void arm_memory(struct cgroup *g, uint64_t bytes)
{
	g->memory = CGROUP_NONE;
	if (g->all->v2_memory && g->v2[0] != '\0') {
		if (bytes == g->memory_bytes || write_in(g->v2, "memory.max", bytes, "max"))
			g->memory = bytes > 0 ? CGROUP_V2 : CGROUP_NONE;
		if (g->memory_events < 0)
			g->memory_events = open_in(g->v2, "memory.events", O_RDONLY);
	} else if (bytes > 0 && open_v1(g->all->v1_memory, g->v1_memory, "memory.oom_control", &g->memory_join,
	                                &g->memory_events)) {
		if (bytes == g->memory_bytes || write_in(g->v1_memory, "memory.limit_in_bytes", bytes, "-1"))
			g->memory = CGROUP_V1;
	}
	if (g->memory != CGROUP_NONE || bytes == 0)
		g->memory_bytes = bytes;
}

static void arm_processes(struct cgroup *g, uint64_t count)
{
	g->processes = CGROUP_NONE;
	if (g->all->v2_pids && g->v2[0] != '\0') {
		if (write_in(g->v2, "pids.max", count, "max"))
			g->processes = count > 0 ? CGROUP_V2 : CGROUP_NONE;
		if (g->pids_events < 0)
			g->pids_events = open_in(g->v2, "pids.events", O_RDONLY);
	} else if (count > 0 &&
	           open_v1(g->all->v1_pids, g->v1_pids, "pids.events", &g->pids_join, &g->pids_events)) {
		if (write_in(g->v1_pids, "pids.max", count, "max"))
			g->processes = CGROUP_V1;
	}
}

unsigned cgroup_arm(struct cgroup *g, uint64_t memory_bytes, uint64_t processes, int *joins)
{
	unsigned count = 0;

	arm_memory(g, memory_bytes);
	arm_processes(g, processes);
	if (g->v2_join >= 0 && !g->v2_by_clone)
		joins[count++] = g->v2_join;
	if (g->memory == CGROUP_V1)
		joins[count++] = g->memory_join;
	if (g->processes == CGROUP_V1)
		joins[count++] = g->pids_join;
	return count;
}

void cgroups_find_device(struct cgroups *all, const char *path)
{
	char link[64], target[PATH_MAX];
	struct stat st;
	ssize_t n;

	all->device[0] = '\0';
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

static bool limit_io_v2(const struct cgroup *g, uint64_t bytes, uint64_t ops)
{
	char text[160], amount[2][24] = { "max", "max" };

	if (bytes > 0)
		snprintf(amount[0], sizeof amount[0], "%" PRIu64, bytes);
	if (ops > 0)
		snprintf(amount[1], sizeof amount[1], "%" PRIu64, ops);
	snprintf(text, sizeof text, "%s rbps=%s wbps=%s riops=%s wiops=%s", g->all->device, amount[0], amount[0],
	         amount[1], amount[1]);
	return write_text(g->v2, "io.max", text);
}

// A limit of 0 is none.
static bool limit_io_v1(const struct cgroup *g, uint64_t bytes, uint64_t ops)
{
	static const char *const files[] = { "blkio.throttle.read_bps_device", "blkio.throttle.write_bps_device",
		                             "blkio.throttle.read_iops_device",
		                             "blkio.throttle.write_iops_device" };
	bool ok = true;

	for (size_t i = 0; i < 4; i++) {
		char text[64];

		snprintf(text, sizeof text, "%s %" PRIu64, g->all->device, i < 2 ? bytes : ops);
		ok = write_text(g->v1_blkio, files[i], text) && ok;
	}
	return ok;
}

unsigned cgroup_arm_io(struct cgroup *g, uint64_t bytes_per_s, uint64_t ops_per_s, int *joins)
{
	const bool wanted = bytes_per_s > 0 || ops_per_s > 0;
	int events = -1;

	g->io = CGROUP_NONE;
	if (g->all->device[0] == '\0' || (!wanted && !g->io_limited))
		return 0;
	if (g->all->v2_io && g->v2[0] != '\0') {
		if (limit_io_v2(g, bytes_per_s, ops_per_s))
			g->io = wanted ? CGROUP_V2 : CGROUP_NONE;
	} else if (open_v1(g->all->v1_blkio, g->v1_blkio, "blkio.throttle.io_serviced", &g->io_join, &events)) {
		if (limit_io_v1(g, bytes_per_s, ops_per_s))
			g->io = wanted ? CGROUP_V1 : CGROUP_NONE;
	}
	close_fd(events);
	g->io_limited = g->io != CGROUP_NONE;
	if (g->io != CGROUP_V1)
		return 0;
	*joins = g->io_join;
	return 1;
}

void cgroup_mark(struct cgroup *g)
{
	g->oom_before = g->memory != CGROUP_NONE ? keyed(g->memory_events, "oom_kill") : 0;
	g->denied_before = g->processes != CGROUP_NONE ? keyed(g->pids_events, "max") : 0;
	g->cpu_before_us = keyed(g->v2_cpu, "usage_usec");
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
	return keyed(g->v2_events, "populated") == 0;
}

static void pids_below(const char *path, int depth, struct pid_list *out)
{
	struct stat st;
	const struct dirent *entry;
	DIR *dir;

	// Two links more than it has groups below: the usual one has none.
	if (depth >= DEPTH_MAX || stat(path, &st) < 0 || st.st_nlink <= 2)
		return;
	dir = opendir(path);
	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		char below[CGROUP_PATH];
		int fd;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
		    !make_path(below, "%s/%s", path, entry->d_name))
			continue;
		fd = open_in(below, "cgroup.procs", O_RDONLY);
		if (fd >= 0)
			proc_read_pids(fd, out);
		close_fd(fd);
		pids_below(below, depth + 1, out);
	}
	closedir(dir);
}

void cgroup_pids(const struct cgroup *g, struct pid_list *out)
{
	if (g->v2_list < 0)
		return;
	proc_read_pids(g->v2_list, out);
	pids_below(g->v2, 0, out);
}

uint64_t cgroup_cpu_us(const struct cgroup *g)
{
	uint64_t now = keyed(g->v2_cpu, "usage_usec");

	return now > g->cpu_before_us ? now - g->cpu_before_us : 0;
}

uint64_t cgroup_oom_kills(const struct cgroup *g)
{
	return g->memory == CGROUP_NONE ? 0 : keyed(g->memory_events, "oom_kill") - g->oom_before;
}

uint64_t cgroup_forks_denied(const struct cgroup *g)
{
	return g->processes == CGROUP_NONE ? 0 : keyed(g->pids_events, "max") - g->denied_before;
}

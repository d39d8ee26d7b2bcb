// See fake_kernel.h. The linker puts these in the place of mkdir, rmdir and write (--wrap).
#include "fake_kernel.h"

#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int __real_mkdir(const char *path, mode_t mode);
int __real_rmdir(const char *path);
ssize_t __real_write(int fd, const void *bytes, size_t len);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_rmdir(const char *path);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);

#define REFUSALS 4U

static char root[300]; // "": there is no fake
static char log_path[320];
static struct {
	const char *what;
	int error;
} refusals[REFUSALS];

static void put(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void get(const char *path, char *text, size_t size)
{
	FILE *f = fopen(path, "re");
	size_t n = f != NULL ? fread(text, 1, size - 1, f) : 0;

	text[n] = '\0';
	if (f != NULL)
		fclose(f);
}

// The files of a new group: those of v2 by what its parent gives, those of v1 by its hierarchy.
static void populate(const char *path)
{
	char given[256], control[PATH_MAX];

	snprintf(control, sizeof control, "%.*s/cgroup.subtree_control", (int)(strrchr(path, '/') - path), path);
	get(control, given, sizeof given);
	if (strstr(path, "/unified/") != NULL) {
		put(path, "cgroup.procs", "");
		put(path, "cgroup.kill", "");
		put(path, "cgroup.type", "domain\n");
		put(path, "cgroup.events", "populated 0\nfrozen 0\n");
		put(path, "cpu.stat", "usage_usec 0\n");
		put(path, "cgroup.controllers", given);
		put(path, "cgroup.subtree_control", "");
		if (strstr(given, "memory") != NULL) {
			put(path, "memory.max", "max\n");
			put(path, "memory.swap.max", "max\n");
			put(path, "memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n");
		}
		if (strstr(given, "pids") != NULL) {
			put(path, "pids.max", "max\n");
			put(path, "pids.events", "max 0\n");
		}
		if (strstr(given, "io") != NULL)
			put(path, "io.max", "");
		return;
	}
	put(path, "tasks", "");
	put(path, "cgroup.procs", "");
	if (strstr(path, "/memory/") != NULL) {
		put(path, "memory.limit_in_bytes", "-1\n");
		put(path, "memory.memsw.limit_in_bytes", "-1\n");
		put(path, "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n");
		put(path, "memory.failcnt", "0\n");
	} else if (strstr(path, "/pids/") != NULL) {
		put(path, "pids.max", "max\n");
		put(path, "pids.events", "max 0\n");
	} else {
		put(path, "blkio.throttle.read_bps_device", "");
		put(path, "blkio.throttle.write_bps_device", "");
		put(path, "blkio.throttle.read_iops_device", "");
		put(path, "blkio.throttle.write_iops_device", "");
		put(path, "blkio.throttle.io_serviced", "");
	}
}

static bool is_fake(const char *path)
{
	return root[0] != '\0' && strncmp(path, root, strlen(root)) == 0 && path[strlen(root)] == '/' &&
	       strstr(path, "/proc/") == NULL;
}

int __wrap_mkdir(const char *path, mode_t mode)
{
	int rc = __real_mkdir(path, mode);

	if (rc == 0 && is_fake(path))
		populate(path);
	return rc;
}

// A group's files are no obstacle.
int __wrap_rmdir(const char *path)
{
	DIR *dir = is_fake(path) ? opendir(path) : NULL;
	const struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_type == DT_REG)
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir != NULL)
		closedir(dir);
	return __real_rmdir(path);
}

static void note(const char *path, const char *value)
{
	FILE *f = fopen(log_path, "ae");

	assert_non_null(f);
	fprintf(f, "%s=%s\n", path + strlen(root) + 1, value);
	fclose(f);
}

// "+memory" and "-memory" change a list, anything else a value; who enters a group is not kept.
static void change(const char *path, const char *value)
{
	char list[256], word[300], changed[600];
	char *at;

	if (strstr(path, "/cgroup.procs") != NULL || strstr(path, "/tasks") != NULL)
		return;
	snprintf(changed, sizeof changed, "%s\n", value);
	if (strstr(path, "/cgroup.subtree_control") != NULL) {
		get(path, list, sizeof list);
		snprintf(word, sizeof word, "%s ", value + 1);
		at = strstr(list, word);
		if (value[0] == '+')
			snprintf(changed, sizeof changed, "%s%s", list, at == NULL ? word : "");
		else if (at != NULL)
			snprintf(changed, sizeof changed, "%.*s%s", (int)(at - list), list, at + strlen(word));
	}
	at = strrchr(path, '/');
	snprintf(list, sizeof list, "%s", at + 1);
	*at = '\0';
	put(path, list, changed);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
	char link[64], path[PATH_MAX], value[256], said[PATH_MAX + 300];
	ssize_t n;

	if (root[0] == '\0')
		return __real_write(fd, bytes, len);
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof path - 1);
	path[n > 0 ? n : 0] = '\0';
	if (n <= 0 || !is_fake(path) || len >= sizeof value)
		return __real_write(fd, bytes, len);
	snprintf(value, sizeof value, "%.*s", (int)len, (const char *)bytes);
	note(path, value);
	snprintf(said, sizeof said, "%s=%s", path, value);
	for (size_t i = 0; i < REFUSALS; i++)
		if (refusals[i].what != NULL && strstr(said, refusals[i].what) != NULL) {
			errno = refusals[i].error;
			return -1;
		}
	change(path, value);
	return (ssize_t)len;
}

// ---- what tests ask for ----

void fake_kernel_begin(void)
{
	snprintf(root, sizeof root, "%s/cg", harness_tmpdir());
	snprintf(log_path, sizeof log_path, "%s/writes", harness_tmpdir());
	memset(refusals, 0, sizeof refusals);
	assert_int_equal(__real_mkdir(root, 0777), 0);
	fake_kernel_writes(); // none so far
}

void fake_kernel_refuse(const char *what, int error)
{
	size_t i = 0;

	while (refusals[i].what != NULL)
		i++;
	assert_true(i < REFUSALS);
	refusals[i].what = what;
	refusals[i].error = error;
}

void fake_kernel_group(const char *path, const char *controllers, pid_t member)
{
	char full[PATH_MAX], pid[24];

	snprintf(full, sizeof full, "%s/%s", root, path);
	assert_int_equal(__wrap_mkdir(full, 0777), 0);
	if (controllers != NULL)
		put(full, "cgroup.controllers", controllers);
	snprintf(pid, sizeof pid, "%d\n", (int)member);
	if (member > 0)
		put(full, "cgroup.procs", pid);
}

void fake_kernel_hierarchy(const char *name)
{
	char full[PATH_MAX];

	snprintf(full, sizeof full, "%s/%s", root, name);
	assert_int_equal(__real_mkdir(full, 0777), 0);
}

void fake_kernel_set(const char *path, const char *text)
{
	put(root, path, text);
}

const char *fake_kernel_proc(const char *mounts, const char *groups, const char *meminfo)
{
	static char dir[320];
	char self[340], text[2048] = "";

	snprintf(dir, sizeof dir, "%s/proc", harness_tmpdir());
	snprintf(self, sizeof self, "%s/self", dir);
	assert_int_equal(__real_mkdir(dir, 0777), 0);
	assert_int_equal(__real_mkdir(self, 0777), 0);
	for (const char *p = mounts; *p != '\0'; p += strcspn(p, " "), p += *p == ' ') {
		const int len = (int)strcspn(p, " ");
		const bool v2 = strncmp(p, "unified", 7) == 0;
		const size_t at = strlen(text);

		snprintf(text + at, sizeof text - at, "30 1 0:30 / %s/%.*s rw,relatime - %s none rw%s%.*s\n", root,
		         len, p, v2 ? "cgroup2" : "cgroup", v2 ? "" : ",", v2 ? 0 : len, p);
	}
	put(self, "mountinfo", text);
	put(self, "cgroup", groups);
	put(dir, "meminfo", meminfo);
	return dir;
}

const char *fake_kernel_writes(void)
{
	static char text[16384];

	get(log_path, text, sizeof text);
	put(harness_tmpdir(), "writes", "");
	return text;
}

bool fake_kernel_has(const char *path)
{
	char full[PATH_MAX];

	snprintf(full, sizeof full, "%s/%s", root, path);
	return access(full, F_OK) == 0;
}

// Reading /proc.
#include "proc.h"

#include "io.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NAME_BYTES 120U
#define ENVIRON_BYTES (256U * 1024U)
#define NUMBER_BYTES 32 // more than the kernel prints for one process; what does not fit whole is left for later

void pid_list_remove(struct pid_list *l, pid_t pid)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->count; i++)
		if (l->pids[i] != pid)
			l->pids[kept++] = l->pids[i];
	l->count = kept;
}

bool pid_list_has(const struct pid_list *l, pid_t pid)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->pids[i] == pid)
			return true;
	return false;
}

int pid_list_add(struct pid_list *l, pid_t pid)
{
	if (l->count == l->cap) {
		size_t cap = l->cap == 0 ? 64 : 2 * l->cap;
		pid_t *grown = realloc(l->pids, cap * sizeof *grown);

		if (grown == NULL)
			return -ENOMEM;
		l->pids = grown;
		l->cap = cap;
	}
	l->pids[l->count++] = pid;
	return 0;
}

void pid_list_deinit(struct pid_list *l)
{
	free(l->pids);
	*l = (struct pid_list){ 0 };
}

ssize_t proc_read_small(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, size - 1);
	if (n < 0)
		n = -errno;
	text[n > 0 ? n : 0] = '\0';
	close(fd);
	return n;
}

ssize_t proc_file_read(struct proc_file *f, const char *dir, const char *name, char *text, size_t size)
{
	char path[PATH_MAX];
	struct statfs fs;
	ssize_t n;
	int fd = f->kept - 1;

	if (fd < 0) {
		snprintf(path, sizeof path, "%s/%s", dir, name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		if (fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC)
			f->kept = fd + 1;
	}
	n = pread(fd, text, size - 1, 0);
	if (n < 0)
		n = -errno;
	text[n > 0 ? n : 0] = '\0';
	if (f->kept == 0)
		close(fd);
	return n;
}

void proc_file_close(struct proc_file *f)
{
	if (f->kept > 0)
		close(f->kept - 1);
	f->kept = 0;
}

int proc_stat(pid_t pid, struct proc_stat *out)
{
	char path[64];
	char text[1024];
	uint64_t utime, stime, cutime, cstime, rss;
	const char *open_paren, *close_paren;
	size_t comm_len;
	ssize_t n;

	memset(out, 0, sizeof *out);
	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	n = proc_read_small(path, text, sizeof text);
	if (n < 0)
		return (int)n;
	open_paren = strchr(text, '(');
	close_paren = strrchr(text, ')'); // the name may hold anything
	if (open_paren == NULL || close_paren == NULL || close_paren < open_paren)
		return -ESRCH;
	comm_len = (size_t)(close_paren - open_paren) - 1;
	if (comm_len >= sizeof out->comm)
		comm_len = sizeof out->comm - 1;
	memcpy(out->comm, open_paren + 1, comm_len);
	out->pid = pid;
	if (sscanf(close_paren + 1,
	           " %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
	           " %*d %*d %" SCNu32 " %*d %" SCNu64 " %*u %" SCNu64,
	           &out->state, &out->ppid, &out->pgrp, &out->session, &utime, &stime, &cutime, &cstime,
	           &out->threads, &out->start_time, &rss) != 11)
		return -ESRCH;
	out->cpu_ticks = utime + stime + cutime + cstime;
	out->children_ticks = cutime + cstime;
	out->rss_bytes = rss * (uint64_t)sysconf(_SC_PAGESIZE);
	return 0;
}

uint64_t proc_cpu_us(pid_t pid)
{
	const uint64_t tick_us = 1000000U / (uint64_t)sysconf(_SC_CLK_TCK);
	struct timespec used = { 0 };
	struct proc_stat st;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) < 0 || proc_stat(pid, &st) < 0)
		return 0;
	return (uint64_t)used.tv_sec * 1000000U + (uint64_t)used.tv_nsec / 1000U + st.children_ticks * tick_us;
}

// What stands behind `key` in the lines from `*from` on, which moves there; NULL when it is not there.
static const char *value_of(const char **from, const char *key)
{
	const char *at = strstr(*from, key);

	if (at == NULL)
		return NULL;
	*from = at + strlen(key);
	return *from + strspn(*from, " \t");
}

static uint64_t number_of(const char **from, const char *key)
{
	const char *value = value_of(from, key);

	return value != NULL ? strtoull(value, NULL, 10) : 0;
}

// The number behind `key` in a "Key:   123 kB" file, in bytes; 0 when it is not there.
static uint64_t kilobytes_of(const char *path, const char *key)
{
	char text[4096];
	const char *from = text;

	return proc_read_small(path, text, sizeof text) <= 0 ? 0 : number_of(&from, key) * 1024;
}

int proc_size(pid_t pid, struct proc_size *out)
{
	char path[64], text[4096];
	const char *from = text, *state;
	ssize_t n;

	*out = (struct proc_size){ 0 };
	snprintf(path, sizeof path, "/proc/%d/status", pid);
	n = proc_read_small(path, text, sizeof text);
	if (n <= 0)
		return n < 0 ? (int)n : -ESRCH;
	// In the order in which the kernel writes them; the name in front of them holds no newline.
	state = value_of(&from, "\nState:");
	if (state == NULL)
		return -ESRCH;
	out->state = *state;
	out->high_water_bytes = number_of(&from, "\nVmHWM:") * 1024;
	out->rss_bytes = number_of(&from, "\nVmRSS:") * 1024;
	out->threads = (uint32_t)number_of(&from, "\nThreads:");
	return 0;
}

uint64_t proc_pss(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
	return kilobytes_of(path, "\nPss:");
}

uint64_t proc_huge(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
	return kilobytes_of(path, "\nAnonHugePages:");
}

uint64_t proc_memory_available(void)
{
	return kilobytes_of("/proc/meminfo", "MemAvailable:");
}

uint32_t proc_fds(pid_t pid)
{
	char path[64];
	struct stat st;
	uint32_t count = 0;
	DIR *dir;

	snprintf(path, sizeof path, "/proc/%d/fd", pid);
	if (stat(path, &st) == 0 && st.st_size > 0) // since Linux 6.2 the size is the count
		return (uint32_t)st.st_size;
	dir = opendir(path);
	if (dir == NULL)
		return 0;
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count > 2 ? count - 2 : 0;
}

bool proc_is_outside(pid_t pid)
{
	char path[64];
	struct stat its, ours;

	snprintf(path, sizeof path, "/proc/%d/ns/pid", pid);
	return stat(path, &its) == 0 && stat("/proc/self/ns/pid", &ours) == 0 && its.st_ino == ours.st_ino;
}

void proc_name(pid_t pid, struct buf *out)
{
	char path[64];
	char text[NAME_BYTES + 1];
	struct proc_stat st;
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
	n = proc_read_small(path, text, sizeof text);
	if (n > 0) {
		for (ssize_t i = 0; i < n; i++)
			if (!isprint((unsigned char)text[i]))
				text[i] = ' ';
		while (n > 0 && text[n - 1] == ' ')
			text[--n] = '\0';
		buf_adds(out, text);
	} else if (proc_stat(pid, &st) == 0) {
		buf_addf(out, "[%s]", st.comm);
	} else {
		buf_adds(out, "(gone)");
	}
}

bool proc_has_env(pid_t pid, const char *prefix)
{
	const size_t len = strlen(prefix);
	struct buf text = { 0 };
	char path[64];
	bool found = false;

	snprintf(path, sizeof path, "/proc/%d/environ", pid);
	if (io_read_file(path, ENVIRON_BYTES, &text, NULL) == 0)
		for (size_t at = 0; at + len <= text.len && !found; at += strlen(text.data + at) + 1)
			found = strncmp(text.data + at, prefix, len) == 0;
	buf_deinit(&text);
	return found;
}

void proc_read_pids(int fd, struct pid_list *out)
{
	char text[4096];
	off_t at = 0;
	ssize_t n;
	long pid = 0;

	do {
		n = pread(fd, text, sizeof text, at);
		at += n > 0 ? n : 0;
		for (ssize_t i = 0; i < n; i++) {
			if (text[i] >= '0' && text[i] <= '9') {
				pid = pid * 10 + (text[i] - '0');
				continue;
			}
			if (pid > 0)
				pid_list_add(out, (pid_t)pid);
			pid = 0;
		}
	} while (n > (ssize_t)sizeof text - NUMBER_BYTES); // a shorter piece is the last
	if (pid > 0)
		pid_list_add(out, (pid_t)pid);
}

static void add_children_of(pid_t pid, pid_t thread, struct pid_list *out)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, thread);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		proc_read_pids(fd, out);
		close(fd);
	}
}

static void add_numbers(const char *dir_path, struct pid_list *out)
{
	DIR *dir = opendir(dir_path);
	const struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		long n = strtol(entry->d_name, NULL, 10);

		if (n > 0)
			pid_list_add(out, (pid_t)n);
	}
	closedir(dir);
}

void proc_children(pid_t pid, struct pid_list *out)
{
	struct pid_list threads = { 0 };
	struct stat st;
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/task", pid);
	// "." ".." and one entry for each thread are links; most programs have one thread
	if (stat(path, &st) == 0 && st.st_nlink == 3) {
		add_children_of(pid, pid, out);
		return;
	}
	add_numbers(path, &threads);
	for (size_t i = 0; i < threads.count; i++)
		add_children_of(pid, threads.pids[i], out);
	pid_list_deinit(&threads);
}

void proc_all(struct pid_list *out)
{
	add_numbers("/proc", out);
}

void proc_kill(pid_t pid, uint64_t start_time, int sig)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct proc_stat now;

	if (fd < 0)
		return;
	// The descriptor holds whatever has the pid now; only then the identity is looked at.
	if (proc_stat(pid, &now) == 0 && now.start_time == start_time)
		syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0);
	close(fd);
}

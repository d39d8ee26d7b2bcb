// Servers' processes.
#include "cost.h"

#include "clock.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTENING 0x0a  // of /proc/net/tcp
#define ACCEPTS 0x10000 // of /proc/net/unix: it listens
#define SOCKETS 64U

static void add(struct h2_server_processes *s, pid_t pid)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->pids[i] == pid)
			return;
	if (s->count < H2_SERVER_PROCESSES)
		s->pids[s->count++] = pid;
}

// ---- by the port --------------------------------------------------------------------------------------------

// The inodes of the sockets that listen at that port, in one of /proc/net's tables.
static size_t find_sockets(const char *table, unsigned port, unsigned long *inodes, size_t count)
{
	FILE *f = fopen(table, "re");
	char line[512];
	while (f && count < SOCKETS && fgets(line, sizeof(line), f)) {
		unsigned at, state;
		unsigned long inode;
		if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*s %x %*s %*s %*s %*s %*s %lu", &at, &state, &inode) ==
		            3 &&
		    at == port && state == LISTENING)
			inodes[count++] = inode;
	}
	if (f)
		fclose(f);
	return count;
}

// The inodes of the unix sockets that listen at `path`; one that was bound by a relative path, at its end.
static size_t find_local_sockets(const char *path, unsigned long *inodes)
{
	FILE *f = fopen("/proc/net/unix", "re");
	char line[512];
	size_t count = 0;
	while (f && count < SOCKETS && fgets(line, sizeof(line), f)) {
		unsigned flags;
		unsigned long inode;
		int at = 0;
		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%*x: %*x %*x %x %*x %*x %lu %n", &flags, &inode, &at) != 2 ||
		    !(flags & ACCEPTS) || line[at] == '\0')
			continue;
		const size_t bound = strlen(line + at), len = strlen(path);
		const bool ends = bound < len && line[at] != '/' && path[len - bound - 1] == '/' &&
		                  strcmp(path + len - bound, line + at) == 0;
		if (ends || strcmp(path, line + at) == 0)
			inodes[count++] = inode;
	}
	if (f)
		fclose(f);
	return count;
}

static bool has_socket(const char *dir, const unsigned long *inodes, size_t count)
{
	char path[600], target[64];
	DIR *d = opendir(dir);
	bool found = false;
	for (struct dirent *entry; d && !found && (entry = readdir(d));) {
		unsigned long inode;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		const ssize_t n = readlink(path, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		if (sscanf(target, "socket:[%lu]", &inode) != 1)
			continue;
		for (size_t i = 0; i < count; i++)
			found |= inodes[i] == inode;
	}
	if (d)
		closedir(d);
	return found;
}

static void find_owners(struct h2_server_processes *s, const unsigned long *inodes, size_t count)
{
	DIR *proc = opendir("/proc");
	for (struct dirent *entry; proc && (entry = readdir(proc));) {
		char dir[300];
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(dir, sizeof(dir), "/proc/%s/fd", entry->d_name);
		if (has_socket(dir, inodes, count))
			add(s, (pid_t)strtol(entry->d_name, NULL, 10));
	}
	if (proc)
		closedir(proc);
}

// ---- by a process -------------------------------------------------------------------------------------------

static pid_t parent_of(const char *pid)
{
	char path[300], text[512];
	int parent = 0;
	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	FILE *f = fopen(path, "re");
	const char *line = f ? fgets(text, sizeof(text), f) : NULL, *end = line ? strrchr(line, ')') : NULL;
	if (f)
		fclose(f);
	return end && sscanf(end + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

// Until no child is left that is not in yet.
static void add_descendants(struct h2_server_processes *s)
{
	for (size_t had = 0; had != s->count;) {
		DIR *proc = opendir("/proc");
		had = s->count;
		for (struct dirent *entry; proc && (entry = readdir(proc));) {
			const pid_t parent =
			        isdigit((unsigned char)entry->d_name[0]) ? parent_of(entry->d_name) : 0;
			for (size_t i = 0; parent > 0 && i < had; i++)
				if (s->pids[i] == parent)
					add(s, (pid_t)strtol(entry->d_name, NULL, 10));
		}
		if (proc)
			closedir(proc);
	}
}

void h2_server_find(struct h2_server_processes *s, const struct sockaddr *address, pid_t pid)
{
	unsigned long inodes[SOCKETS];
	*s = (struct h2_server_processes){ 0 };
	if (pid > 0) {
		add(s, pid);
		add_descendants(s);
		return;
	}
	size_t count = 0;
	if (address->sa_family == AF_UNIX) {
		count = find_local_sockets(((const struct sockaddr_un *)(const void *)address)->sun_path, inodes);
	} else if (address->sa_family == AF_INET || address->sa_family == AF_INET6) {
		// The port stands at the same place in both kinds of address.
		const unsigned port = ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
		count = find_sockets("/proc/net/tcp", port, inodes, 0);
		count = find_sockets("/proc/net/tcp6", port, inodes, count);
	}
	if (count > 0)
		find_owners(s, inodes, count);
}

// ---- figures ------------------------------------------------------------------------------------------------

static uint64_t cpu_of(pid_t pid)
{
	clockid_t clock;
	struct timespec t;
	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
		return 0;
	return (uint64_t)t.tv_sec * SG_NS_PER_S + (uint64_t)t.tv_nsec;
}

uint64_t h2_server_cpu_ns(struct h2_server_processes *s)
{
	uint64_t ns = 0;
	for (size_t i = 0; i < s->count; i++) {
		const uint64_t now = cpu_of(s->pids[i]);
		if (now > s->cpu_ns[i])
			s->cpu_ns[i] = now;
		ns += s->cpu_ns[i];
	}
	return ns;
}

uint64_t h2_server_rss_bytes(const struct h2_server_processes *s)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < s->count; i++) {
		char path[64];
		unsigned long long all, resident;
		snprintf(path, sizeof(path), "/proc/%d/statm", (int)s->pids[i]);
		FILE *f = fopen(path, "re");
		if (f && fscanf(f, "%llu %llu", &all, &resident) == 2)
			bytes += resident * (uint64_t)sysconf(_SC_PAGESIZE);
		if (f)
			fclose(f);
	}
	return bytes;
}

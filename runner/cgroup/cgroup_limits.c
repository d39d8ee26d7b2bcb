// What a worker's groups limit and count: memory, processes, I/O, CPU.
#include "cgroup_files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// Of a group that nobody has been in.
static const struct cgroup_count new_count = { .known = true };

// Makes a v1 group at its first use. `count` (NULL: none) is what its events are counted by.
static bool open_v1(const char *root, const char *group, const char *events, int *join_fd, int *events_fd,
                    struct cgroup_count *count)
{
	if (group[0] == '\0')
		return false;
	if (*join_fd >= 0)
		return true;
	if ((mkdir(root, 0755) < 0 && errno != EEXIST) || (mkdir(group, 0755) < 0 && errno != EEXIST))
		return false;
	// "tasks", not "cgroup.procs": a thread that moves itself is not held up by a lock over all of the
	// machine's threads, which takes milliseconds on a busy one.
	*join_fd = cgroup_open(group, "tasks", O_WRONLY);
	*events_fd = cgroup_open(group, events, O_RDONLY);
	if (count != NULL)
		*count = new_count;
	return *join_fd >= 0;
}

static bool limit_memory_v2(struct cgroup *g, uint64_t bytes)
{
	if (!cgroup_write_number(g->v2, "memory.max", bytes, "max"))
		return false;
	// With swap beside it a limit on memory would only make the machine slow.
	g->swap_held = cgroup_write(g->v2, "memory.swap.max", bytes > 0 ? "0" : "max") || !g->all->swap;
	return true;
}

// v1 has a limit on memory and one on memory and swap, which may never be below the first.
static bool limit_memory_v1(struct cgroup *g, uint64_t bytes)
{
	static const char with_swap[] = "memory.memsw.limit_in_bytes";

	if (g->all->swap)
		cgroup_write(g->v1_memory, with_swap, "-1");
	if (!cgroup_write_number(g->v1_memory, "memory.limit_in_bytes", bytes, "-1"))
		return false;
	g->swap_held = !g->all->swap || cgroup_write_number(g->v1_memory, with_swap, bytes, "-1");
	return true;
}

static void arm_memory(struct cgroup *g, uint64_t bytes)
{
	g->memory = CGROUP_NONE;
	if (g->all->v2_memory && g->v2[0] != '\0') {
		if (bytes == g->memory_bytes || limit_memory_v2(g, bytes))
			g->memory = bytes > 0 ? CGROUP_V2 : CGROUP_NONE;
		if (g->memory_events < 0)
			g->memory_events = cgroup_open(g->v2, "memory.events", O_RDONLY);
	} else if (bytes > 0 && open_v1(g->all->v1_memory, g->v1_memory, "memory.oom_control", &g->memory_join,
	                                &g->memory_events, &g->oom_kills)) {
		if (bytes == g->memory_bytes || limit_memory_v1(g, bytes))
			g->memory = CGROUP_V1;
	}
	if (g->memory != CGROUP_NONE || bytes == 0)
		g->memory_bytes = bytes;
}

static void arm_processes(struct cgroup *g, uint64_t count)
{
	g->processes = CGROUP_NONE;
	if (g->all->v2_pids && g->v2[0] != '\0') {
		if (count == g->process_count || cgroup_write_number(g->v2, "pids.max", count, "max"))
			g->processes = count > 0 ? CGROUP_V2 : CGROUP_NONE;
		if (g->pids_events < 0)
			g->pids_events = cgroup_open(g->v2, "pids.events", O_RDONLY);
	} else if (count > 0 && open_v1(g->all->v1_pids, g->v1_pids, "pids.events", &g->pids_join, &g->pids_events,
	                                &g->denials)) {
		if (count == g->process_count || cgroup_write_number(g->v1_pids, "pids.max", count, "max"))
			g->processes = CGROUP_V1;
	}
	if (g->processes != CGROUP_NONE || count == 0)
		g->process_count = count;
}

bool cgroup_can_limit_processes(const struct cgroups *all)
{
	return (all->v2_pids && all->v2_root[0] != '\0') || all->v1_pids[0] != '\0';
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

static bool limit_io_v2(const struct cgroup *g, uint64_t bytes, uint64_t ops)
{
	char text[160], amount[2][24] = { "max", "max" };

	if (bytes > 0)
		snprintf(amount[0], sizeof amount[0], "%" PRIu64, bytes);
	if (ops > 0)
		snprintf(amount[1], sizeof amount[1], "%" PRIu64, ops);
	snprintf(text, sizeof text, "%s rbps=%s wbps=%s riops=%s wiops=%s", g->all->device, amount[0], amount[0],
	         amount[1], amount[1]);
	return cgroup_write(g->v2, "io.max", text);
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
		ok = cgroup_write(g->v1_blkio, files[i], text) && ok;
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
	} else if (open_v1(g->all->v1_blkio, g->v1_blkio, "blkio.throttle.io_serviced", &g->io_join, &events,
	                   NULL)) {
		if (limit_io_v1(g, bytes_per_s, ops_per_s))
			g->io = wanted ? CGROUP_V1 : CGROUP_NONE;
	}
	cgroup_close(events);
	g->io_limited = g->io != CGROUP_NONE;
	if (g->io != CGROUP_V1)
		return 0;
	*joins = g->io_join;
	return 1;
}

// Nobody else is in the group: where the last test's figure was read at its end, the next one begins with it.
static void mark(struct cgroup_count *c, enum cgroup_kind kind, int fd, const char *key)
{
	if (kind != CGROUP_NONE && !c->known)
		c->before = cgroup_keyed(fd, key);
}

static uint64_t count_since(struct cgroup_count *c, enum cgroup_kind kind, int fd, const char *key)
{
	const uint64_t now = kind != CGROUP_NONE ? cgroup_keyed(fd, key) : 0;
	const uint64_t since = now > c->before ? now - c->before : 0;

	c->known = kind != CGROUP_NONE;
	c->before = now;
	return kind != CGROUP_NONE ? since : 0;
}

void cgroup_mark(struct cgroup *g, bool cpu)
{
	mark(&g->oom_kills, g->memory, g->memory_events, "oom_kill");
	mark(&g->denials, g->processes, g->pids_events, "max");
	g->cpu_known = cpu;
	if (cpu)
		g->cpu_before_us = cgroup_keyed(g->v2_cpu, "usage_usec");
}

void cgroup_cpu_count(struct cgroup *g, uint64_t used_us)
{
	const uint64_t now = cgroup_keyed(g->v2_cpu, "usage_usec");

	g->cpu_before_us = now > used_us ? now - used_us : 0;
	g->cpu_known = true;
}

uint64_t cgroup_cpu_us(const struct cgroup *g)
{
	const uint64_t now = g->cpu_known ? cgroup_keyed(g->v2_cpu, "usage_usec") : 0;

	return now > g->cpu_before_us ? now - g->cpu_before_us : 0;
}

uint64_t cgroup_memory_hits(const struct cgroup *g)
{
	char path[CGROUP_PATH], text[32];

	if (g->memory == CGROUP_V2)
		return cgroup_keyed(g->memory_events, "max");
	if (g->memory == CGROUP_NONE || !cgroup_path(path, "%s/memory.failcnt", g->v1_memory) ||
	    proc_read_small(path, text, sizeof text) <= 0)
		return 0;
	return strtoull(text, NULL, 10);
}

uint64_t cgroup_oom_kills(struct cgroup *g)
{
	return count_since(&g->oom_kills, g->memory, g->memory_events, "oom_kill");
}

uint64_t cgroup_forks_denied(struct cgroup *g)
{
	return count_since(&g->denials, g->processes, g->pids_events, "max");
}

void cgroup_forget_v2_limits(struct cgroup *g)
{
	cgroup_close(g->all->v2_memory ? g->memory_events : -1);
	cgroup_close(g->all->v2_pids ? g->pids_events : -1);
	g->memory_events = g->all->v2_memory ? -1 : g->memory_events;
	g->pids_events = g->all->v2_pids ? -1 : g->pids_events;
	if (g->all->v2_memory)
		g->oom_kills = new_count;
	if (g->all->v2_pids)
		g->denials = new_count;
	g->io_limited = !g->all->v2_io && g->io_limited;
	g->memory_bytes = g->all->v2_memory ? 0 : g->memory_bytes;
	g->process_count = g->all->v2_pids ? 0 : g->process_count;
}

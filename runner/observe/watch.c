// proc_stat(5), proc_meminfo(5).
#include "watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FIELDS 8 // user nice system idle iowait irq softirq steal

void watch_init(struct watch *w, const char *proc, const char *run_dir)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	*w = (struct watch){ .proc = proc, .run_dir = run_dir };
	w->now.cores = cores > 0 ? (unsigned)cores : 1;
	watch_look(w);
}

void watch_deinit(struct watch *w)
{
	proc_file_close(&w->stat);
	proc_file_close(&w->meminfo);
}

static void look_at_cpu(struct watch *w)
{
	uint64_t f[FIELDS] = { 0 }, total = 0, busy;
	char text[512];

	w->now.cpu_percent = 0;
	if (proc_file_read(&w->stat, w->proc, "stat", text, sizeof text) <= 0 ||
	    sscanf(text, "cpu %lu %lu %lu %lu %lu %lu %lu %lu", &f[0], &f[1], &f[2], &f[3], &f[4], &f[5], &f[6],
	           &f[7]) < 4)
		return;
	for (int i = 0; i < FIELDS; i++)
		total += f[i];
	busy = total - f[3] - f[4];
	if (w->total > 0 && total > w->total && busy >= w->busy)
		w->now.cpu_percent = 100.0 * (double)(busy - w->busy) / (double)(total - w->total);
	w->total = total;
	w->busy = busy;
}

static uint64_t kib_of(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at != NULL ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static void look_at_memory(struct watch *w)
{
	char text[4096];
	uint64_t total, available;

	w->now.memory_percent = 0;
	if (proc_file_read(&w->meminfo, w->proc, "meminfo", text, sizeof text) <= 0)
		return;
	total = kib_of(text, "MemTotal:");
	available = kib_of(text, "MemAvailable:");
	w->now.memory_bytes = total * 1024;
	if (total > 0 && available <= total)
		w->now.memory_percent = 100.0 * (double)(total - available) / (double)total;
}

static void look_at_disk(struct watch *w)
{
	struct statvfs fs;

	w->now.disk_percent = 0;
	if (statvfs(w->run_dir, &fs) == 0 && fs.f_blocks > 0)
		w->now.disk_percent = 100.0 * (double)(fs.f_blocks - fs.f_bavail) / (double)fs.f_blocks;
}

void watch_look(struct watch *w)
{
	look_at_cpu(w);
	look_at_memory(w);
	look_at_disk(w);
}

bool protection_is_due(struct protection *p, const struct watch_look *now, double own_cpu_percent,
                       uint64_t own_bytes, uint64_t now_ns, char *why, size_t size)
{
	double cpu = now->cpu_percent - own_cpu_percent / now->cores;
	double memory = now->memory_percent;

	if (now->memory_bytes > 0)
		memory -= 100.0 * (double)own_bytes / (double)now->memory_bytes;
	if (memory > p->memory_percent)
		snprintf(why, size, "others than the tests take %.0f %% of the memory, more than %.0f %%", memory,
		         p->memory_percent);
	else if (cpu > p->cpu_percent)
		snprintf(why, size, "others than the tests take %.0f %% of the CPU, more than %.0f %%", cpu,
		         p->cpu_percent);
	else if (now->disk_percent > p->disk_percent)
		snprintf(why, size, "the disk that the run is written to is %.0f %% full, more than %.0f %%",
		         now->disk_percent, p->disk_percent);
	else
		p->over_since_ns = 0;
	if (memory <= p->memory_percent && cpu <= p->cpu_percent && now->disk_percent <= p->disk_percent)
		return false;
	if (p->over_since_ns == 0)
		p->over_since_ns = now_ns;
	return now_ns - p->over_since_ns >= p->patience_ns;
}

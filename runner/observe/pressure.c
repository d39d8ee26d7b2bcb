// proc_stat(5), /proc/pressure.
#include "pressure.h"

#include "clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t read_steal(struct proc_file *f, const char *proc)
{
	const long ticks = sysconf(_SC_CLK_TCK);
	char text[512];
	uint64_t steal = 0;

	if (ticks <= 0 || proc_file_read(f, proc, "stat", text, sizeof text) <= 0 ||
	    sscanf(text, "cpu %*u %*u %*u %*u %*u %*u %*u %" SCNu64, &steal) != 1)
		return 0;
	return steal * (SG_NS_PER_S / (uint64_t)ticks);
}

// "some avg10=0.00 avg60=0.00 avg300=0.00 total=12345" in microseconds.
static uint64_t read_some(struct proc_file *f, const char *proc, const char *name)
{
	char text[256];
	const char *total;

	if (proc_file_read(f, proc, name, text, sizeof text) <= 0 || strncmp(text, "some ", 5) != 0)
		return 0;
	total = strstr(text, "total=");
	return total != NULL ? strtoull(total + 6, NULL, 10) * 1000 : 0;
}

void pressure_look(struct pressure_files *f, const char *proc, struct pressure *out)
{
	out->steal_ns = read_steal(&f->stat, proc);
	out->cpu_ns = read_some(&f->cpu, proc, "pressure/cpu");
	out->memory_ns = read_some(&f->memory, proc, "pressure/memory");
	out->io_ns = read_some(&f->io, proc, "pressure/io");
	out->at_ns = clock_now_ns();
}

void pressure_close(struct pressure_files *f)
{
	proc_file_close(&f->stat);
	proc_file_close(&f->cpu);
	proc_file_close(&f->memory);
	proc_file_close(&f->io);
}

static uint64_t since(uint64_t before, uint64_t now)
{
	return now > before ? now - before : 0;
}

struct pressure pressure_since(const struct pressure *before, const struct pressure *now)
{
	return (struct pressure){ since(before->steal_ns, now->steal_ns), since(before->cpu_ns, now->cpu_ns),
		                  since(before->memory_ns, now->memory_ns), since(before->io_ns, now->io_ns),
		                  now->at_ns };
}

void pressure_log_look(struct pressure_log *log, const char *proc, uint64_t now_ns, uint64_t wall_ns)
{
	const uint64_t every_ns = wall_ns >= PRESSURE_EVERY_NS ? PRESSURE_EVERY_NS : PRESSURE_SHORT_NS;

	if (log->last.at_ns > 0 && now_ns < log->last.at_ns + every_ns)
		return;
	log->before = log->last;
	pressure_look(&log->files, proc, &log->last);
}

struct pressure pressure_share(const struct pressure_log *log, const struct pressure *at_start, uint64_t wall_ns)
{
	const struct pressure *from = at_start->at_ns < log->last.at_ns ? at_start : &log->before;
	struct pressure lost = pressure_since(from, &log->last);
	double share;

	if (from->at_ns == 0 || from->at_ns >= log->last.at_ns)
		return (struct pressure){ 0 };
	share = (double)wall_ns / (double)(log->last.at_ns - from->at_ns);
	lost.steal_ns = (uint64_t)((double)lost.steal_ns * share);
	lost.cpu_ns = (uint64_t)((double)lost.cpu_ns * share);
	lost.memory_ns = (uint64_t)((double)lost.memory_ns * share);
	lost.io_ns = (uint64_t)((double)lost.io_ns * share);
	return lost;
}

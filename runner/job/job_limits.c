// A test's limits: what its header, else the run asks for, and what holds it here.
#include "job.h"

#include "units.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

// A soft and a hard limit; the hard one is never above ours, which we might not be allowed to raise.
static void add_rlimit(struct job *j, __rlimit_resource_t resource, uint64_t soft, uint64_t hard)
{
	const uint64_t ours = j->session->hard_limits[resource];

	hard = hard < ours ? hard : ours;
	j->plan.rlimits[j->plan.rlimit_count++] =
	        (struct spawn_rlimit){ (int)resource, soft < hard ? soft : hard, hard };
}

static const char *cgroup_words(enum cgroup_kind k)
{
	return k == CGROUP_V2 ? "cgroup v2" : "cgroup v1";
}

// Bytes and operations a second, by a cgroup alone.
static void limit_io(struct job *j, uint64_t bytes, uint64_t ops, struct buf *words)
{
	char text[32];

	j->plan.join_count += cgroup_arm_io(&j->group, bytes, ops, j->plan.joins + j->plan.join_count);
	if (bytes == 0 && ops == 0)
		return;
	buf_adds(words, ", I/O");
	if (bytes > 0)
		buf_addf(words, " %s/s", units_bytes(text, sizeof text, bytes));
	if (ops > 0)
		buf_addf(words, " %" PRIu64 "/s", ops);
	if (j->group.io == CGROUP_V2)
		buf_adds(words,
		         j->session->cgroups.v2_writeback
		                 ? " (cgroup v2)"
		                 : " (cgroup v2: reads and direct writes; buffered writes are not held here)");
	else if (j->group.io == CGROUP_V1)
		buf_adds(words, " (cgroup v1: reads and direct writes; buffered writes are not held)");
	else
		buf_adds(words, j->session->cgroups.device[0] != '\0'
		                        ? " not limited (no cgroup for it)"
		                        : " not limited (the run is on no block device)");
}

static void limit_processes(struct job *j, uint64_t procs, struct buf *words)
{
	if (j->group.processes != CGROUP_NONE) {
		buf_addf(words, ", processes %" PRIu64 " (%s)", procs, cgroup_words(j->group.processes));
	} else if (geteuid() == 0) {
		buf_adds(words, ", processes not limited (root, and no pids cgroup)");
	} else {
		add_rlimit(j, RLIMIT_NPROC, procs, procs);
		buf_addf(words, ", processes %" PRIu64 " of this user's in all (rlimit)", procs);
	}
}

// What holds where nobody said anything must not bind by accident: only a cgroup counts the test's own alone.
static uint64_t default_processes(const struct session *s)
{
	return engine_is_set(&s->engine) || cgroup_can_limit_processes(&s->cgroups) ? s->config->procs_default : 0;
}

// What is wanted of each; 0: no limit.
struct wanted {
	uint64_t timeout_ns, memory_bytes, cpu_s, files, procs, io_bytes_per_s, io_ops_per_s;
};

static uint64_t first_given(uint64_t header, uint64_t run)
{
	return header > 0 ? header : run;
}

static struct wanted choose(const struct job *j)
{
	const struct test_meta *m = &j->test->meta;
	const struct session *s = j->session;
	const struct runner_limits *run = &s->config->limits;
	const bool own_io = m->io_bytes_per_s > 0 || m->io_ops_per_s > 0;
	struct wanted w = { 0 };

	if (s->config->no_limits)
		return w;
	w.timeout_ns = test_meta_has(m, HKEY_TIMEOUT) ? m->timeout_ns : s->timeout_ns;
	w.memory_bytes = first_given(m->memory_bytes, s->memory_bytes);
	w.cpu_s = first_given(m->cpu_s, run->cpu_s);
	w.files = first_given(m->files, run->files);
	w.procs = first_given(first_given(m->procs, run->procs), default_processes(s));
	w.io_bytes_per_s = own_io ? m->io_bytes_per_s : run->io_bytes_per_s;
	w.io_ops_per_s = own_io ? m->io_ops_per_s : run->io_ops_per_s;
	return w;
}

// By the engine of its container.
static void limit_by_engine(struct job *j, const struct wanted *w, struct buf *words)
{
	const char *engine = j->session->engine.name;
	char text[32];

	j->container.limits = (struct engine_limits){
		.memory_bytes = w->memory_bytes, .processes = w->procs, .files = w->files, .cpu_s = w->cpu_s
	};
	if (w->memory_bytes > 0)
		buf_addf(words, ", memory %s (%s)", units_bytes(text, sizeof text, w->memory_bytes), engine);
	if (w->cpu_s > 0)
		buf_addf(words, ", CPU %" PRIu64 " s a process (rlimit by %s)", w->cpu_s, engine);
	if (w->files > 0)
		buf_addf(words, ", files %" PRIu64 " a process (rlimit by %s)", w->files, engine);
	if (w->procs > 0)
		buf_addf(words, ", processes %" PRIu64 " (%s)", w->procs, engine);
	if (w->io_bytes_per_s > 0 || w->io_ops_per_s > 0)
		buf_addf(words, ", I/O not limited (in a container of %s)", engine);
}

static void limit_by_us(struct job *j, const struct wanted *w, struct buf *words)
{
	const bool by_cgroup = j->group.memory != CGROUP_NONE;
	char text[32];

	if (w->memory_bytes > 0)
		buf_addf(words, ", memory %s (%s%s)", units_bytes(text, sizeof text, w->memory_bytes),
		         by_cgroup ? cgroup_words(j->group.memory) : "sampled",
		         by_cgroup && !j->group.swap_held ? ": swap is not held" : "");
	if (w->cpu_s > 0) {
		add_rlimit(j, RLIMIT_CPU, w->cpu_s, w->cpu_s + 1);
		buf_addf(words, ", CPU %" PRIu64 " s a process (rlimit)", w->cpu_s);
	}
	if (w->files > 0) {
		add_rlimit(j, RLIMIT_NOFILE, w->files, w->files);
		buf_addf(words, ", files %" PRIu64 " a process (rlimit)", w->files);
	}
	if (w->procs > 0)
		limit_processes(j, w->procs, words);
	limit_io(j, w->io_bytes_per_s, w->io_ops_per_s, words);
}

void job_prepare_limits(struct job *j)
{
	const bool engine = j->container.state == CONTAINER_THERE;
	const struct wanted w = choose(j);
	struct buf words = { 0 };
	char text[32];

	j->plan.rlimit_count = 0;
	j->plan.join_count = engine ? cgroup_arm(&j->group, 0, 0, j->plan.joins)
	                            : cgroup_arm(&j->group, w.memory_bytes, w.procs, j->plan.joins);
	j->plan.cgroup_fd = j->group.v2_by_clone ? j->group.v2_dir : -1;
	buf_addf(&words, "time %s",
	         w.timeout_ns > 0 ? units_duration(text, sizeof text, w.timeout_ns) : "not limited");
	if (engine)
		limit_by_engine(j, &w, &words);
	else
		limit_by_us(j, &w, &words);
	if (j->session->config->no_limits)
		buf_adds(&words, " (--no-limits)");
	j->memory_limit = w.memory_bytes;
	j->facts.timeout_ns = w.timeout_ns;
	j->facts.memory_limit = j->result.memory_limit = w.memory_bytes;
	j->facts.memory_by = cgroup_words(j->group.memory);
	j->facts.cpu_limit_s = w.cpu_s;
	j->facts.processes_limit = w.procs;
	free(j->result.limits);
	j->result.limits = buf_take(&words);
}

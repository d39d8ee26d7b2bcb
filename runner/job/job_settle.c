// From a test's exit to its verdict: nothing of it may be left when the next one starts.
#include "job.h"

#include "clock.h"
#include "harvest.h"
#include "harvest_heap.h"
#include "io.h"
#include "telemetry.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DRAIN_NS (200 * SG_NS_PER_MS) // for what is about to end by itself
#define DRAIN_AGAIN_MS 5
#define CONTAINER_AGAIN_MS 1000   // to see whether its removal takes too long
#define REAP_NS (5 * SG_NS_PER_S) // after SIGKILL; then it is said and left
#define TAIL_BYTES 2048U
#define FLUSH_BYTES 4096U

// Our own peak in KiB never falls: as long as `kib` is not above what it was, it need not be asked for.
static bool is_above_ours(struct session *s, long kib)
{
	struct rusage own;

	if (kib > s->own_peak_kib && getrusage(RUSAGE_SELF, &own) == 0)
		s->own_peak_kib = own.ru_maxrss;
	return kib > s->own_peak_kib;
}

// Its number may be another's from now on.
static void reap(struct job *j)
{
	struct rusage ru = { 0 };
	int status;

	if (j->reaped)
		return;
	guardian_watch(&j->session->guardian, j->worker, 0);
	if (wait4(j->pid, &status, WNOHANG, &ru) != j->pid)
		return;
	j->reaped = true;
	pid_list_remove(&j->session->leaders, j->pid);
	j->contain.leader = 0;
	j->result.user_ns = (uint64_t)ru.ru_utime.tv_sec * SG_NS_PER_S + (uint64_t)ru.ru_utime.tv_usec * 1000U;
	j->result.sys_ns = (uint64_t)ru.ru_stime.tv_sec * SG_NS_PER_S + (uint64_t)ru.ru_stime.tv_usec * 1000U;
	j->result.minor_faults = (uint64_t)ru.ru_minflt;
	j->result.major_faults = (uint64_t)ru.ru_majflt;
	j->result.switches_waiting = (uint64_t)ru.ru_nvcsw;
	j->result.switches_forced = (uint64_t)ru.ru_nivcsw;
	hardware_read(&j->hardware, &j->result);
	// The kernel counts our own pages into ru_maxrss, since until its exec the child lived in our memory. Only
	// what is above our own peak is known to be the test's.
	if (engine_is_set(&j->session->engine))
		return; // that was its client
	if ((uint64_t)ru.ru_maxrss * 1024 > j->result.peak_rss_bytes && is_above_ours(j->session, ru.ru_maxrss))
		j->result.peak_rss_bytes = (uint64_t)ru.ru_maxrss * 1024;
}

// Nothing of it is left: closes what was open for it, has it judged, and is free for the next.
static void settle(struct job *j)
{
	j->state = JOB_CLOSING;
	uv_timer_stop(&j->limit);
	uv_timer_stop(&j->sampler);
	uv_timer_stop(&j->drain);
	j->facts.oom_kills = cgroup_oom_kills(&j->group);
	j->facts.forks_denied = cgroup_forks_denied(&j->group);
	if (j->facts.timed_out && j->looks > HITS_LOOK)
		j->facts.memory_hits = cgroup_memory_hits(&j->group) - j->memory_hits;
	job_container_conclude(j);
	reap(j);
	close(j->pidfd);
	j->pidfd = -1;
	job_keep_pipes(j);
	job_conclude(j);
	j->state = JOB_IDLE;
	j->serial++;
	j->done(j);
}

// ---- draining ----

static void on_drain(uv_timer_t *handle)
{
	job_drain(handle->data);
}

// What is still there after the drain time was left behind: it is named, killed, and cut off.
static void end_leftovers(struct job *j)
{
	const bool ended_by_us = j->facts.timed_out || j->facts.stopped_by != NULL || j->facts.memory_seen > 0;

	// An engine's helper may take longer than its container.
	if (!j->contain.by_mark && !contain_over(&j->contain))
		contain_name_leftovers(&j->contain, &j->result.leftovers);
	j->facts.pipes_held = !ended_by_us && !j->contain.by_mark && !job_pipes_ended(j);
	contain_signal(&j->contain, SIGKILL);
	for (int i = 0; i < JOB_CHANNELS; i++) {
		job_read(&j->channels[i]);
		job_close_channel(&j->channels[i]);
	}
	j->state = JOB_REAPING;
}

// Most tests leave nothing: their group is empty, and once they are reaped we have no child any more, where no
// other test runs. To ask for that is cheaper than a list of our children.
static bool has_left_nothing(struct job *j)
{
	if (j->contain.by_mark || j->session->leaders.count > 1 || !cgroup_holds(&j->group) ||
	    !cgroup_empty(&j->group))
		return false;
	reap(j);
	return j->reaped && contain_childless();
}

void job_drain(struct job *j)
{
	const bool gone = job_container_is_gone(j);
	const bool over = has_left_nothing(j) || contain_over(&j->contain);
	const uint64_t passed_ns = clock_now_ns() - j->drain_from_ns;

	if (!gone) {
		job_close_ended(j);
		uv_timer_start(&j->drain, on_drain, CONTAINER_AGAIN_MS, 0);
		return;
	}
	if (over && job_pipes_ended(j)) {
		settle(j);
		return;
	}
	if (j->state == JOB_DRAINING && passed_ns >= DRAIN_NS && session_spawns_since(j->session, j->exit_ns))
		j->drain_from_ns = clock_now_ns(); // whose pipes are held is not known before that is over
	else if (j->state == JOB_DRAINING && passed_ns >= DRAIN_NS)
		end_leftovers(j);
	else if (j->state == JOB_REAPING && passed_ns >= DRAIN_NS + REAP_NS) {
		j->left_to_its_fate = true;
		settle(j);
		return;
	} else if (j->state == JOB_REAPING) {
		contain_signal(&j->contain, SIGKILL);
	}
	job_close_ended(j);
	uv_timer_start(&j->drain, on_drain, DRAIN_AGAIN_MS, 0);
}

// ---- the result ----

void job_flush_timeline(struct job *j)
{
	struct buf *lines = &j->measure.timeline;
	int fd;

	// What never grew so large is in the result's points: a short test is not worth a directory and a file.
	if (lines->len == 0 || (lines->len < FLUSH_BYTES && (j->state != JOB_CLOSING || !j->timeline_begun)))
		return;
	fd = open(j->timeline_path, O_WRONLY | O_CREAT | O_CLOEXEC | (j->timeline_begun ? O_APPEND : O_TRUNC),
	          0666);
	if (fd < 0 && errno == ENOENT && io_make_dirs(j->attempt_dir, NULL) == 0)
		fd = open(j->timeline_path, O_WRONLY | O_CREAT | O_CLOEXEC | O_TRUNC, 0666);
	if (fd < 0) {
		j->output_error = -errno;
	} else {
		int rc = io_write_all(fd, lines->data, lines->len);

		j->output_error = j->output_error == 0 ? rc : j->output_error;
		close(fd);
	}
	j->timeline_begun = true;
	buf_clear(lines);
}

static void take_tail(struct job *j)
{
	char text[TAIL_BYTES];
	size_t len = capture_tail(&j->err, text, sizeof text);

	if (len == 0)
		len = capture_tail(&j->out, text, sizeof text);
	if (len > 0)
		j->result.tail = result_utf8(text, len);
}

// Says in the counters why there are none of that role.
static int say_there_is_not(struct job *j, const char *role, const char *what, const char *why)
{
	struct result *r = &j->result;
	struct result_counters *grown;
	struct buf note = { 0 };

	grown = reallocarray(r->counters, r->counters_count + 1, sizeof *grown);
	if (grown == NULL)
		return -ENOMEM;
	r->counters = grown;
	buf_addf(&note, "%s: %s", what, why);
	grown[r->counters_count++] = (struct result_counters){ .role = strdup(role),
		                                               .program = strdup(j->command.argv[0]),
		                                               .note = buf_take(&note),
		                                               .pid = (uint64_t)j->pid };
	return 0;
}

// The first of its processes' programs; NULL: there was none.
static const char *process_of_other_libc(const struct result *r)
{
	for (size_t i = 0; i < r->counters_count; i++)
		if (strcmp(r->counters[i].role, "interposer") == 0 && r->counters[i].note != NULL &&
		    strcmp(r->counters[i].note, SG_TELE_OTHER_LIBC) == 0)
			return r->counters[i].program;
	return NULL;
}

// Which malloc it ran on, where one was chosen.
static int say_allocator(struct job *j)
{
	const struct suite_invocation *i = j->test->invocation;
	const char *title =
	        i != NULL && i->allocator != NULL ? i->allocator_title : j->session->config->allocator_title;
	struct buf words = { 0 };
	const char *musl;

	if (title == NULL)
		return 0;
	if (j->not_on_allocator != NULL)
		buf_addf(&words, "its own, not %s: %s", title, j->not_on_allocator);
	else
		buf_adds(&words, title);
	if (j->not_on_allocator == NULL && (musl = process_of_other_libc(&j->result)) != NULL)
		buf_addf(&words,
		         "; %s stayed on its own: it is a program of another libc (musl), for which that "
		         "library is not made",
		         musl);
	j->result.allocator = buf_take(&words);
	return j->result.allocator == NULL ? -ENOMEM : 0;
}

static void take_pressure(struct job *j)
{
	struct session *s = j->session;
	struct pressure lost;

	pressure_log_look(&s->pressure, session_proc(s), j->exit_ns, j->result.wall_ns);
	lost = pressure_share(&s->pressure, &j->before, j->result.wall_ns);
	j->result.steal_ns = lost.steal_ns;
	j->result.cpu_stall_ns = lost.cpu_ns;
	j->result.memory_stall_ns = lost.memory_ns;
	j->result.io_stall_ns = lost.io_ns;
}

// A jemalloc that was there and not capped has said why itself; the embedded one says nothing.
static bool has_capped(const struct result *r)
{
	for (size_t i = 0; i < r->pool_count; i++)
		if (strcmp(r->pools[i].role, "jemalloc") == 0)
			return true;
	for (size_t i = 0; i < r->counters_count; i++)
		if (strcmp(r->counters[i].role, "jemalloc") == 0 && r->counters[i].note != NULL)
			return true;
	return false;
}

// Programs of ours that end before the first look tell what they had at their peak themselves.
static void take_told_peaks(struct result *r)
{
	for (size_t i = 0; i < r->counters_count; i++)
		for (size_t k = 0; k < r->counters[i].count; k++) {
			const struct param *n = &r->counters[i].items[k];
			const uint64_t value =
			        strcmp(n->name, SG_TELE_PEAK_RSS) == 0 ? strtoull(n->value, NULL, 10) : 0;

			if (value > r->peak_rss_bytes && strcmp(r->counters[i].role, "pool") == 0)
				r->peak_rss_bytes = value;
		}
}

static int collect(struct job *j)
{
	struct result *r = &j->result;
	int rc;

	r->wall_ns = j->exit_ns - j->start_ns;
	take_pressure(j);
	capture_end(&j->out);
	capture_end(&j->err);
	r->stdout_bytes = j->out.bytes;
	r->stderr_bytes = j->err.bytes;
	take_tail(j);
	job_flush_timeline(j);
	rc = measure_end(&j->measure);
	j->has_telemetry = !scratch_dir_is_empty(&j->tele_dir);
	if (rc == 0 && j->has_telemetry)
		rc = harvest(j->tele_dir.path, j->copy_dir, j->start_ns, j->tele_file, r);
	take_told_peaks(r);
	fill_end(&j->fill, r);
	if (rc >= 0 && r->counters_count > 0) // else there is nothing to note, and to look at the program costs
		rc = harvest_note_unseen(r, j->command.program,
		                         program_linked_malloc(&j->session->programs, j->command.program));
	if (rc >= 0 && j->not_instrumented != NULL)
		rc = say_there_is_not(j, "interposer", "not instrumented", j->not_instrumented);
	if (rc >= 0)
		rc = say_allocator(j);
	if (rc >= 0 && j->session->config->jemalloc_cap > 0 && !has_capped(r))
		rc = say_there_is_not(j, "jemalloc", "not capped",
		                      r->jemalloc_count == 0
		                              ? "no process of it had a jemalloc that can be seen"
		                              : "the jemalloc in it is a slab pool, which --slab-capacity caps");
	if (r->signal == SIGSEGV || r->signal == SIGBUS)
		j->facts.has_fault = kernlog_find_fault(&j->session->kernlog, j->pid, &j->facts.fault);
	return rc < 0 ? rc : 0;
}

static void note_output_error(struct job *j, int error)
{
	if (j->output_error == 0)
		j->output_error = error;
}

// Something in it does not end even by SIGKILL (it hangs in the kernel): the next test gets a group of its own,
// and these processes are no longer looked at.
static void abandon(struct job *j)
{
	contain_look(&j->contain);
	if (!j->reaped)
		pid_list_add(&j->session->strangers, j->pid);
	for (size_t i = 0; i < j->contain.members.count; i++)
		pid_list_add(&j->session->strangers, j->contain.members.pids[i]);
	if (j->result.leftovers.count == 0)
		contain_name_leftovers(&j->contain, &j->result.leftovers);
	j->group.v2_spent = true;
}

void job_conclude(struct job *j)
{
	if (j->facts.not_started == NULL) {
		note_output_error(j, collect(j));
		note_output_error(j, j->out.error);
		note_output_error(j, j->err.error);
		if (j->left_to_its_fate)
			abandon(j);
		// telemetry files, and whatever it made for itself
		if (j->has_telemetry || j->left_to_its_fate)
			note_output_error(j, scratch_dir_empty(&j->tele_dir));
		note_output_error(j, scratch_dir_empty(&j->temp_dir));
		cgroup_renew(&j->group);
	}
	if (!j->reaped)
		pid_list_remove(&j->session->leaders, j->pid);
	j->contain.leader = 0;
	judge(&j->facts, &j->result);
}

void job_give_up(struct job *j)
{
	if (j->facts.not_started == NULL)
		j->facts.not_started = "the run broke off before it was started";
	job_close_pipes(j);
	job_conclude(j);
}

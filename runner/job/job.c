// Starting and watching a test.
#include "job.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILL_AGAIN_MS 50   // between two rounds of SIGKILL
#define KILL_ROUNDS 200    // ten seconds; then it cannot be killed
#define STRESSGEN_SLOTS 13 // entries of its own in a test's environment, and the NULL

static void on_output(void *arg, const char *bytes, size_t len)
{
	capture_feed(arg, bytes, len);
}

static void on_events(uv_poll_t *handle, int status, int events);

// One worker alone has nothing else to do while a process starts, and a thread would only cost.
static int init_events(struct job *j)
{
	int rc;

	j->events_fd = epoll_create1(EPOLL_CLOEXEC);
	if (j->events_fd < 0)
		return -errno;
	if (j->session->config->workers > 1)
		return job_thread_init(j);
	rc = uv_poll_init(j->session->loop, &j->events, j->events_fd);
	return rc < 0 ? rc : uv_poll_start(&j->events, UV_READABLE, on_events);
}

// How many variables of its own any one invocation has.
static size_t most_variables(const struct session *s)
{
	const struct suite *suite = s->config->suite;
	size_t most = 0;

	for (size_t i = 0; suite != NULL && i < suite->count; i++) {
		const struct suite_invocation *v = suite->tests[i].invocation;

		if (v != NULL && v->variables != NULL && v->variables->count > most)
			most = v->variables->count;
	}
	return most;
}

int job_init(struct job *j, struct session *s, unsigned worker)
{
	const struct sample_sink sink = measure_sink(&j->measure);
	int rc;

	memset(j, 0, sizeof *j);
	j->session = s;
	j->worker = worker;
	j->pidfd = j->events_fd = -1;
	for (int i = 0; i < JOB_CHANNELS; i++)
		j->channels[i].fd = j->channels[i].theirs = -1;
	hardware_init(&j->hardware);
	cgroup_init(&j->group, &s->cgroups, worker);
	contain_init(&j->contain, &j->group, &s->strangers, &s->leaders, j->environment.mark);
	j->contain.by_mark = engine_is_set(&s->engine);
	uv_timer_init(s->loop, &j->limit);
	uv_timer_init(s->loop, &j->sampler);
	uv_timer_init(s->loop, &j->drain);
	j->limit.data = j->sampler.data = j->drain.data = j->events.data = j;
	rc = init_events(j);
	if (rc < 0)
		return rc;
	j->tele_file = malloc(sizeof *j->tele_file);
	j->environment.entries =
	        calloc(s->environment_count + STRESSGEN_SLOTS + most_variables(s), sizeof *j->environment.entries);
	if (j->tele_file == NULL || j->environment.entries == NULL)
		return -ENOMEM;
	// The mark stands first, where it is found however long the rest is.
	j->environment.entries[0] = j->environment.mark;
	rc = scratch_dir_init(&j->temp_dir, s->scratch.temp_root, worker);
	if (rc == 0)
		rc = scratch_dir_init(&j->tele_dir, s->scratch.tele_root, worker);
	if (rc == 0)
		rc = capture_init(&j->out, s->output_limit);
	if (rc == 0)
		rc = capture_init(&j->err, s->output_limit);
	for (int i = 0; i < JOB_CHANNELS && rc == 0; i++) {
		j->channels[i].job = j;
		if (i != JOB_ERR)
			rc = sample_stream_init(&j->channels[i].stream, &sink, i == JOB_OUT ? on_output : NULL,
			                        &j->out);
	}
	j->channels[JOB_ERR].raw = &j->err;
	return rc;
}

void job_deinit(struct job *j)
{
	if (j->session == NULL)
		return;
	job_clear(j);
	job_thread_deinit(j);
	job_close_pipes(j);
	for (int i = 0; i < JOB_CHANNELS; i++)
		sample_stream_deinit(&j->channels[i].stream);
	capture_deinit(&j->out);
	capture_deinit(&j->err);
	measure_deinit(&j->measure);
	fill_end(&j->fill, &j->result);
	contain_deinit(&j->contain);
	hardware_close(&j->hardware);
	cgroup_deinit(&j->group);
	scratch_dir_deinit(&j->temp_dir);
	scratch_dir_deinit(&j->tele_dir);
	if (j->events_fd >= 0)
		close(j->events_fd);
	free(j->tele_file);
	free(j->environment.entries);
	memset(j, 0, sizeof *j);
}

bool job_is_idle(const struct job *j)
{
	return j->state == JOB_IDLE;
}

void job_clear(struct job *j)
{
	result_deinit(&j->result);
	command_deinit(&j->command);
}

// ---- its output ----

// A test that says it is done is about to end: the last moment to see what it holds, for a short one the only.
static void look_at_end(struct job *j)
{
	struct tree_sample sample;

	if (!j->result.done_seen || j->looked_at_end || j->state != JOB_RUNNING)
		return;
	j->looked_at_end = true;
	measure_look(&j->contain, &sample);
	if (sample.rss_bytes > 0) // else it was faster than we
		measure_add(&j->measure, clock_now_ns() - j->start_ns, &sample);
	fill_look(&j->fill, &j->tele_dir, clock_now_ns() - j->start_ns);
}

static void on_readable(struct job_channel *ch)
{
	job_read(ch);
	look_at_end(ch->job);
	if (ch->ended && ch->job->state == JOB_DRAINING)
		job_drain(ch->job);
}

// ---- its end ----

static void send_kill(struct job *j)
{
	contain_signal(&j->contain, SIGKILL);
	j->kills++;
	uv_timer_start(&j->limit, j->limit.timer_cb, KILL_AGAIN_MS, 0);
}

static void on_limit(uv_timer_t *handle);

// Never early: the loop's clock stands still while a callback runs, and counts whole milliseconds.
static void start_limit(struct job *j, uint64_t ns)
{
	uv_update_time(j->session->loop);
	uv_timer_start(&j->limit, on_limit, (ns + SG_NS_PER_MS - 1) / SG_NS_PER_MS + 1, 0);
}

static void on_limit(uv_timer_t *handle)
{
	struct job *j = handle->data;

	switch (j->state) {
	case JOB_RUNNING:
		j->facts.timed_out = true;
		j->state = JOB_TERM_SENT;
		contain_signal(&j->contain, SIGTERM);
		contain_signal(&j->contain, SIGCONT); // one that has stopped itself would never see it
		start_limit(j, j->session->grace_ns);
		break;
	case JOB_TERM_SENT:
		j->facts.killed = true;
		j->killing(j);
		j->state = JOB_KILL_SENT;
		send_kill(j);
		break;
	case JOB_KILL_SENT:
		if (j->kills < KILL_ROUNDS) {
			send_kill(j);
			break;
		}
		j->left_to_its_fate = true;
		j->state = JOB_DRAINING;
		j->exit_ns = j->drain_from_ns = clock_now_ns();
		job_drain(j);
		break;
	default:
		break;
	}
}

void job_stop(struct job *j, const char *by, bool now)
{
	if (j->state == JOB_SPAWNING) {
		j->stop_by = by;
		j->stop_now = now;
	}
	if (j->state != JOB_RUNNING && j->state != JOB_TERM_SENT)
		return;
	if (!j->facts.timed_out)
		j->facts.stopped_by = by;
	if (now) {
		j->state = JOB_KILL_SENT;
		send_kill(j);
	} else if (j->state == JOB_RUNNING) {
		j->state = JOB_TERM_SENT;
		contain_signal(&j->contain, SIGTERM);
		contain_signal(&j->contain, SIGCONT);
		start_limit(j, j->session->grace_ns);
	}
}

static void on_exit_seen(struct job *j)
{
	siginfo_t info = { 0 };

	// It stays a zombie, so that its group's number cannot become another's before we are done with it.
	if (waitid(P_PIDFD, (id_t)j->pidfd, &info, WEXITED | WNOWAIT | WNOHANG) < 0 || info.si_pid == 0)
		return;
	j->exit_ns = j->drain_from_ns = clock_now_ns();
	if (info.si_code == CLD_EXITED && j->session->config->container && !j->plain && info.si_status > 128)
		j->result.signal = info.si_status - 128; // as a container's end is reported
	else if (info.si_code == CLD_EXITED)
		j->result.exit_code = info.si_status;
	else
		j->result.signal = info.si_status;
	uv_timer_stop(&j->limit);
	uv_timer_stop(&j->sampler);
	j->state = JOB_DRAINING;
	job_close_theirs(j);
	for (int i = 0; i < JOB_CHANNELS; i++)
		job_read(&j->channels[i]);
	job_drain(j);
}

// ---- looking at it ----

// The next look is after 25, 50 and 100 ms, then every period. A look costs 0.1 ms of ours, and of a test of 20 ms
// we may use a hundredth for everything: one that is shorter has a peak if it says that it is done.
static void schedule_look(struct job *j)
{
	static const uint64_t first_ms[] = { 25, 25, 50 };
	uint64_t ms = j->session->sample_ns / SG_NS_PER_MS;

	if (j->looks < sizeof first_ms / sizeof first_ms[0] && first_ms[j->looks] < ms)
		ms = first_ms[j->looks];
	j->looks++;
	uv_timer_start(&j->sampler, j->sampler.timer_cb, ms > 0 ? ms : 1, 0);
}

// Shared pages count once for each process in RSS: only PSS tells whether it is too much. 0 when it is not.
static uint64_t over_memory(struct job *j, const struct tree_sample *s)
{
	uint64_t sum = 0;

	if (j->memory_limit == 0 || j->group.memory != CGROUP_NONE || s->rss_bytes <= j->memory_limit ||
	    engine_is_set(&j->session->engine)) // which holds it
		return 0;
	for (size_t i = 0; i < j->contain.members.count && s->procs > 1; i++)
		sum += proc_pss(j->contain.members.pids[i]);
	if (sum == 0)
		sum = s->rss_bytes;
	return sum > j->memory_limit ? sum : 0;
}

// The kernel walks the process's pages for it, so it is asked for at the 4th, 8th, 16th, ... look alone.
static void look_at_huge_pages(struct job *j)
{
	uint64_t bytes = 0;

	if (j->looks < 4 || (j->looks & (j->looks - 1)) != 0)
		return;
	for (size_t i = 0; i < j->contain.members.count; i++)
		bytes += proc_huge(j->contain.members.pids[i]);
	if (bytes > j->result.huge_bytes)
		j->result.huge_bytes = bytes;
}

static void on_look(uv_timer_t *handle)
{
	struct job *j = handle->data;
	const uint64_t age_ns = clock_now_ns() - j->start_ns;
	struct tree_sample sample;
	uint64_t over;

	measure_look(&j->contain, &sample);
	measure_add(&j->measure, age_ns, &sample);
	look_at_huge_pages(j);
	if (j->looks == HITS_LOOK)
		j->memory_hits = cgroup_memory_hits(&j->group);
	fill_look(&j->fill, &j->tele_dir, age_ns);
	if (j->contain.children.count > 0)
		contain_over(&j->contain); // reaps what has been orphaned and has ended
	job_flush_timeline(j);
	over = over_memory(j, &sample);
	if (over > 0) {
		j->facts.memory_seen = over;
		j->state = JOB_KILL_SENT;
		j->limit.timer_cb = on_limit;
		send_kill(j);
		return;
	}
	j->sampled(j, age_ns, sample.rss_bytes);
	schedule_look(j);
}

// ---- its start ----

// One event may close what a later one speaks of.
void job_handle(struct job *j, const struct epoll_event *ready, int count)
{
	const uint64_t serial = j->serial;

	for (int i = 0; i < count && j->serial == serial && !job_is_idle(j); i++) {
		uint32_t which = ready[i].data.u32;

		if (which == JOB_EVENT_EXIT && j->pidfd >= 0 && j->state < JOB_DRAINING)
			on_exit_seen(j);
		else if (which == JOB_EVENT_CONTAINER)
			job_container_event(j);
		else if (which < JOB_CHANNELS && !j->channels[which].ended)
			on_readable(&j->channels[which]);
	}
}

static void on_events(uv_poll_t *handle, __attribute__((unused)) int status, __attribute__((unused)) int events)
{
	struct job *j = handle->data;
	struct epoll_event ready[JOB_EVENTS];

	job_handle(j, ready, epoll_wait(j->events_fd, ready, JOB_EVENTS, 0));
}

static int watch_fd(struct job *j, int fd, uint32_t which, uint32_t how)
{
	struct epoll_event e = { .events = EPOLLIN | how, .data.u32 = which };

	return epoll_ctl(j->events_fd, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

static void watch(struct job *j)
{
	int rc = watch_fd(j, j->pidfd, JOB_EVENT_EXIT, EPOLLET); // it stays readable

	if (rc == 0)
		rc = job_watch_pipes(j);
	j->limit.timer_cb = on_limit;
	j->sampler.timer_cb = on_look;
	uv_update_time(j->session->loop);
	if (rc < 0) { // without memory for that the test cannot be followed
		j->output_error = rc;
		j->state = JOB_KILL_SENT;
		send_kill(j);
	} else if (j->facts.timeout_ns > 0) {
		start_limit(j, j->facts.timeout_ns);
	}
	schedule_look(j);
}

// execve says ENOENT of a script that is there when its interpreter is not.
static void why_not_started(struct job *j, const char *step, int rc)
{
	const char *program = j->command.program;
	char line[256] = "";
	int fd = rc == -ENOENT && access(program, F_OK) == 0 ? open(program, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t n = fd >= 0 ? read(fd, line, sizeof line - 1) : 0;

	if (fd >= 0)
		close(fd);
	line[n > 0 ? n : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, "#!", 2) == 0)
		err_set(&j->why, -rc, "%s: the interpreter that its first line names is not there: %s", program,
		        line);
	else
		err_set(&j->why, -rc, "%s could not be started (%s): %s", j->command.argv[0], step, strerror(-rc));
	j->facts.not_started = j->why.text;
}

// The test before may have made groups inside the worker's, or given controllers to them: then it can hold no
// process any more. Another one is made.
static bool another_group(struct job *j, int rc)
{
	if (rc != -EBUSY || j->respawned || !cgroup_holds(&j->group))
		return false;
	j->respawned = true;
	j->group.v2_spent = true;
	cgroup_renew(&j->group);
	job_prepare_limits(j);
	return true;
}

// 0; 1: it could not be started.
static int launched(struct job *j, int rc, const char *step)
{
	j->session->spawning_since[j->worker] = 0;
	session_score_for_us(j->session);
	if (another_group(j, rc))
		return job_spawn(j);
	if (rc < 0 && j->command.unseen && strcmp(step, "execve") == 0 && job_prepare_seen(j) == 0)
		return job_spawn(j);
	cgroup_mark(&j->group, j->was_looked_at);
	if (rc < 0) {
		job_close_pipes(j);
		if (j->facts.not_started == NULL)
			why_not_started(j, step, rc);
		j->state = JOB_IDLE;
		return 1;
	}
	guardian_watch(&j->session->guardian, j->worker, j->pid);
	j->contain.leader = j->pid;
	pid_list_add(&j->session->leaders, j->pid);
	j->state = JOB_RUNNING;
	watch(j);
	return 0;
}

// Among the leaders, until its process has one: more than one test may have orphans from now on.
static pid_t number_to_come(const struct job *j)
{
	return -(pid_t)j->worker - 1;
}

void job_started(struct job *j, int rc, const char *step)
{
	pid_list_remove(&j->session->leaders, number_to_come(j));
	if (launched(j, rc, step) == 1) {
		job_conclude(j);
		j->serial++;
		j->done(j);
	} else if (j->stop_by != NULL) {
		job_stop(j, j->stop_by, j->stop_now);
	}
}

int job_spawn(struct job *j)
{
	const char *step = "";
	int rc;

	j->before = j->session->pressure.last;
	j->start_ns = clock_now_ns();
	session_score_for_test(j->session);
	if (job_has_thread(j)) {
		j->state = JOB_SPAWNING;
		j->session->spawning_since[j->worker] = j->start_ns;
		pid_list_add(&j->session->leaders, number_to_come(j));
		job_thread_order(j);
		return 0;
	}
	hardware_open(&j->hardware, j->session->config->workers <= 1);
	rc = spawn(&j->session->spawner, &j->plan, &j->pid, &j->pidfd, &step);
	return launched(j, rc, step);
}

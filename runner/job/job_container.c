// A test's container: the words in front of its command, and its end, which is the engine's work where it has one.
#include "job.h"

#include "clock.h"
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#define RECORD_BYTES 4096U
#define ID_LEAST 32U                 // characters of a container's id
#define REMOVE_NS (30 * SG_NS_PER_S) // then the engine is held to hang, and the container is named

int job_container_prefix(void *arg, struct command *out, struct err *e)
{
	struct job *j = arg;
	const struct session *s = j->session;
	const struct container_places places = { .root = s->config->container_root,
		                                 .suite_dir = s->suite_dir,
		                                 .working_dir = s->working_dir,
		                                 .temp_dir = j->temp_path,
		                                 .telemetry_dir = j->tele_dir.path,
		                                 .init = s->config->container_init };
	const struct engine_container in_engine = { .name = j->container.name,
		                                    .label = s->scratch.name,
		                                    .home = s->config->clean_home ? j->temp_path : NULL,
		                                    .places = &places,
		                                    .limits = j->container.limits };

	return engine_is_set(&s->engine) ? engine_prefix(&s->engine, &in_engine, out, e)
	                                 : container_prefix(&places, out);
}

void job_container_prepare(struct job *j)
{
	j->container.state = engine_is_set(&j->session->engine) && !j->plain ? CONTAINER_THERE : CONTAINER_GONE;
	j->contain.spare_leader =
	        j->session->config->container && !j->plain && !engine_is_set(&j->session->engine);
	j->container.memory_ran_out = j->container.stayed = false;
	snprintf(j->container.name, sizeof j->container.name, "%s-%" PRIu64, j->session->scratch.name,
	         j->session->serial);
}

// Starts what removes it. False: that cannot be started.
static bool start_remover(struct job *j)
{
	struct job_container *c = &j->container;
	struct session *s = j->session;
	struct spawn_plan plan = { .cgroup_fd = -1, .envp = s->environment };
	struct command command = { 0 };
	// This thread may be another worker's, but it has the turn, and the test's own has nothing to start now.
	const struct spawner *spawner = job_has_thread(j) ? &j->thread.spawner : &s->spawner;
	struct epoll_event e = { .events = EPOLLIN, .data.u32 = JOB_EVENT_CONTAINER };
	const char *step = "";
	int out[2];
	bool ok = false;

	if (pipe2(out, O_CLOEXEC | O_NONBLOCK) < 0)
		return false;
	if (engine_remover(&s->engine, c->name, &command) == 0) {
		plan.program = command.program;
		plan.argv = command.argv;
		plan.fds[0] = plan.fds[3] = s->null_fd;
		plan.fds[1] = plan.fds[2] = out[1];
		ok = spawn(spawner, &plan, &c->pid, &c->pidfd, &step) == 0;
	}
	command_deinit(&command);
	close(out[1]);
	if (!ok) {
		close(out[0]);
		return false;
	}
	c->out = out[0];
	c->begun_ns = clock_now_ns();
	pid_list_add(&s->strangers, c->pid); // ours, and no orphan of a test
	epoll_ctl(j->events_fd, EPOLL_CTL_ADD, c->pidfd, &e);
	return true;
}

// It has ended: what it said.
static void take_answer(struct job *j)
{
	struct job_container *c = &j->container;
	char text[128] = "", id[80] = "";
	int status = 0;

	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	pid_list_remove(&j->session->strangers, c->pid);
	if (read(c->out, text, sizeof text - 1) < 0)
		text[0] = '\0';
	close(c->out);
	close(c->pidfd);
	// podman 4.3 says false in any case, but the group's path holds the container's id.
	c->memory_ran_out =
	        strncmp(text, "true", 4) == 0 || (sscanf(text, "%*s %79s", id) == 1 && strlen(id) >= ID_LEAST &&
	                                          kernlog_find_oom(&j->session->kernlog, id));
	c->stayed = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
	c->state = CONTAINER_GONE;
}

bool job_container_is_gone(struct job *j)
{
	struct job_container *c = &j->container;

	if (c->state == CONTAINER_THERE) {
		c->state = start_remover(j) ? CONTAINER_GOING : CONTAINER_GONE;
		c->stayed = c->state == CONTAINER_GONE;
	} else if (c->state == CONTAINER_GOING && clock_now_ns() - c->begun_ns > REMOVE_NS) {
		kill(-c->pid, SIGKILL); // it leads a group: the engine's command goes with it
		take_answer(j);
	}
	if (c->state != CONTAINER_GONE)
		return false;
	if (j->drain_from_ns < c->begun_ns)
		j->drain_from_ns = clock_now_ns();
	return true;
}

void job_container_event(struct job *j)
{
	siginfo_t info = { 0 };

	if (j->container.state != CONTAINER_GOING ||
	    waitid(P_PIDFD, (id_t)j->container.pidfd, &info, WEXITED | WNOWAIT | WNOHANG) < 0 || info.si_pid == 0)
		return;
	take_answer(j);
	job_drain(j);
}

// "left sleep 60", "forks 2": what stands below the first line of the record.
static void take_rest(struct job *j, char *text)
{
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		char words[256];

		if (sscanf(line, "forks %" SCNu64, &j->facts.forks_denied) == 1 || strncmp(line, "left ", 5) != 0)
			continue;
		snprintf(words, sizeof words, "%.200s (in its container)", line + 5);
		strings_add(&j->result.leftovers, words, strlen(words));
	}
}

// How the test ended, as the container's first process wrote it down: engines may lose it (podman says 127, or
// even 0, when another one beside it is reset: both keep it in /run/libpod), and what was left ends with it.
static void take_record(struct job *j)
{
	char path[SCRATCH_PATH + 32], text[RECORD_BYTES], word[16];
	int number, head;

	snprintf(path, sizeof path, "%s/" SG_CONTAINER_RECORD, j->tele_dir.path);
	if (proc_read_small(path, text, sizeof text) <= 0 || sscanf(text, "%15s %d%n", word, &number, &head) != 2)
		return; // it was killed with its container, or never began
	unlink(path);
	j->result.signal = strcmp(word, "signal") == 0 ? number : 0;
	j->result.exit_code = j->result.signal != 0 ? -1 : number;
	take_rest(j, text + head);
}

void job_container_conclude(struct job *j)
{
	struct job_container *c = &j->container;
	char name[128];

	if (!j->session->config->container || j->plain)
		return;
	take_record(j);
	if (!engine_is_set(&j->session->engine))
		return;
	j->facts.engine = j->session->engine.name;
	if (c->memory_ran_out) {
		j->facts.oom_kills++;
		j->facts.memory_by = j->session->engine.name;
	}
	if (c->stayed) {
		snprintf(name, sizeof name, "container %s", c->name);
		strings_add(&j->result.leftovers, name, strlen(name));
	}
}

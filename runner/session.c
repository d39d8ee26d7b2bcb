// Setting a run up and taking it down.
#include "session.h"

#include "clock.h"
#include "container.h"
#include "glibc_only.h"
#include "header.h"
#include "io.h"
#include "jemalloc_file.h"
#include "leak.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_GRACE_NS (2 * SG_NS_PER_S)
#define DEFAULT_SAMPLE_NS (100 * SG_NS_PER_MS)
#define DEFAULT_OUTPUT_BYTES (UINT64_C(1) << 20)
#define DEFAULT_MEMORY_SHARE 75U // percent of what is available
#define SESSION_SWEEP_S 60       // for an engine to remove what is left
#define OOM_SCORE_RUNNER "-500"
#define OOM_SCORE_TEST "500"

extern char **environ;

// Set anew for each test.
static const char *const own_variables[] = { "STRESSGEN_MARK=",
	                                     "STRESSGEN_FD=",
	                                     "STRESSGEN_TELEMETRY_DIR=",
	                                     "TMPDIR=",
	                                     "LD_PRELOAD=",
	                                     SG_JEMALLOC_ENV_EVERY_MS "=",
	                                     SG_JEMALLOC_ENV_CAP "=",
	                                     SG_ENV_LEAK_CHECK "=" };

static void set_defaults(struct session *s, const struct runner_config *c)
{
	s->timeout_ns = c->timeout_ns > 0 ? c->timeout_ns : SG_DEFAULT_TIMEOUT_NS;
	s->grace_ns = c->grace_ns > 0 ? c->grace_ns : DEFAULT_GRACE_NS;
	s->sample_ns = c->sample_ns > 0 ? c->sample_ns : DEFAULT_SAMPLE_NS;
	s->output_limit = c->output_limit > 0 ? c->output_limit : DEFAULT_OUTPUT_BYTES;
	s->memory_bytes = c->memory_bytes == UINT64_MAX ? 0
	                  : c->memory_bytes > 0         ? c->memory_bytes
	                                                : proc_memory_available() / 100 * DEFAULT_MEMORY_SHARE /
	                                                  (c->workers > 0 ? c->workers : 1);
}

// An engine of containers needs its own HOME; the container's is said apart.
static bool is_own_variable(const char *entry, const struct runner_config *c)
{
	if (c->jemalloc_cap > 0 && strncmp(entry, "MALLOC_CONF=", 12) == 0)
		return true;
	if (c->clean_home && c->container_engine == NULL && strncmp(entry, "HOME=", 5) == 0)
		return true;
	if (c->preload_options != NULL &&
	    strncmp(entry, SG_PRELOAD_OPTIONS "=", strlen(SG_PRELOAD_OPTIONS "=")) == 0)
		return true;
	for (size_t i = 0; i < sizeof own_variables / sizeof own_variables[0]; i++)
		if (strncmp(entry, own_variables[i], strlen(own_variables[i])) == 0)
			return true;
	return false;
}

static int copy_environment(struct session *s)
{
	size_t count = 0;

	while (environ[count] != NULL)
		count++;
	s->environment = calloc(count + 1, sizeof *s->environment);
	if (s->environment == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (!is_own_variable(environ[i], s->config))
			s->environment[s->environment_count++] = environ[i];
	s->preload_before = getenv("LD_PRELOAD");
	s->glibc_only = glibc_only_prefix();
	s->malloc_conf = getenv("MALLOC_CONF") != NULL ? getenv("MALLOC_CONF") : "";
	if (s->config->preload != NULL && strpbrk(s->config->preload, ": ") != NULL)
		s->preload_refused =
		        "the preload library's path holds a colon or a blank, which LD_PRELOAD cannot express";
	return 0;
}

static bool write_score(const struct session *s, const char *score)
{
	return s->oom_fd >= 0 && pwrite(s->oom_fd, score, strlen(score), 0) > 0;
}

// Whatever a test leaves behind becomes our child; and if memory runs out, a test is to go and not we.
static void protect_self(struct session *s)
{
	int before = 0;

	s->subreaper_before = -1;
	if (prctl(PR_GET_CHILD_SUBREAPER, &before) == 0 && prctl(PR_SET_CHILD_SUBREAPER, 1) == 0)
		s->subreaper_before = before;
	if (proc_read_small("/proc/self/oom_score_adj", s->oom_before, sizeof s->oom_before) <= 0)
		return;
	s->oom_before[strcspn(s->oom_before, "\n")] = '\0';
	s->oom_fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	snprintf(s->oom_ours, sizeof s->oom_ours, "%s", OOM_SCORE_RUNNER);
	if (!write_score(s, s->oom_ours)) // not allowed: then the tests' higher score must do
		snprintf(s->oom_ours, sizeof s->oom_ours, "%s", s->oom_before);
}

void session_score_for_test(struct session *s)
{
	if (s->starting++ == 0 && atoi(s->oom_before) < atoi(OOM_SCORE_TEST))
		write_score(s, OOM_SCORE_TEST);
}

void session_score_for_us(struct session *s)
{
	if (--s->starting == 0)
		write_score(s, s->oom_ours);
}

static void unprotect_self(const struct session *s)
{
	if (s->subreaper_before >= 0)
		prctl(PR_SET_CHILD_SUBREAPER, s->subreaper_before);
	write_score(s, s->oom_before);
	if (s->oom_fd >= 0)
		close(s->oom_fd);
}

static void read_hard_limits(struct session *s)
{
	for (unsigned i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit now;

		s->hard_limits[i] = getrlimit((__rlimit_resource_t)i, &now) == 0 ? now.rlim_max : RLIM_INFINITY;
	}
}

static int find_directories(struct session *s, struct err *e)
{
	s->run_dir = realpath(s->config->run_dir, NULL);
	if (s->run_dir == NULL)
		return err_set(e, errno, "%s: %s", s->config->run_dir, strerror(errno));
	s->working_dir = realpath(".", NULL);
	if (s->working_dir == NULL)
		return err_set(e, errno, "the working directory: %s", strerror(errno));
	s->suite_dir = realpath(s->config->suite->dir, NULL);
	if (s->suite_dir == NULL)
		return err_set(e, errno, "%s: %s", s->config->suite->dir, strerror(errno));
	return 0;
}

// -EINVAL when what was said of them makes no sense; whatever else is amiss, they are not to be had here.
static int prepare_containers(struct session *s, struct err *e)
{
	const struct runner_config *c = s->config;
	int rc;

	if (c->container_engine == NULL) {
		rc = container_check(c->container_root, e);
	} else {
		rc = engine_init(&s->engine, c->container_engine, c->container_image, c->container_root, e);
		s->engine.init = c->container_init;
		rc = rc == 0 ? engine_check(&s->engine, e) : rc;
	}
	s->no_containers = rc < 0 && rc != -EINVAL && rc != -ENOMEM;
	return rc;
}

static void say_containment(struct session *s)
{
	const char *container = !s->config->container       ? ""
	                        : engine_is_set(&s->engine) ? s->engine.name
	                                                    : "bubblewrap";

	snprintf(s->containment, sizeof s->containment, "%s%.40s%s%s", *container != '\0' ? "container (" : "",
	         container, *container != '\0' ? "), " : "",
	         s->cgroups.v2_root[0] != '\0'
	                 ? "cgroup v2, session, subreaper and guardian"
	                 : "session, subreaper and environment mark (weak: no cgroup v2 group can be made)");
}

int session_init(struct session *s, const struct runner_config *c, uv_loop_t *loop, struct err *e)
{
	int rc;

	memset(s, 0, sizeof *s);
	s->config = c;
	s->loop = loop;
	s->null_fd = s->fd_dir = s->kernlog.fd = s->oom_fd = -1;
	s->subreaper_before = -1;
	s->guardian.pidfd = s->guardian.socket = -1;
	s->guardian.engine = &s->engine;
	set_defaults(s, c);
	read_hard_limits(s);
	rc = find_directories(s, e);
	if (rc < 0)
		return rc;
	if (c->container && (rc = prepare_containers(s, e)) < 0)
		return rc;
	rc = spawner_init(&s->spawner);
	if (rc == 0)
		rc = turns_init(&s->turns, loop);
	if (rc == 0)
		rc = copy_environment(s);
	if (rc < 0)
		return err_set(e, -rc, "the runner cannot be set up: %s", strerror(-rc));
	rc = scratch_init(&s->scratch, s->run_dir, e);
	if (rc < 0)
		return rc;
	protect_self(s);
	proc_children(getpid(), &s->strangers);
	cgroups_probe(&s->cgroups, s->scratch.name, session_proc(s));
	cgroups_find_device(&s->cgroups, s->run_dir);
	say_containment(s);
	rc = guardian_start(&s->guardian, &s->cgroups, &s->scratch);
	if (rc == 0)
		rc = pid_list_add(&s->strangers, s->guardian.pid);
	if (rc < 0)
		return err_set(e, -rc, "the guardian process cannot be started: %s", strerror(-rc));
	s->null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (s->null_fd < 0)
		return err_set(e, errno, "/dev/null: %s", strerror(errno));
	s->fd_dir = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	kernlog_open(&s->kernlog);
	pressure_log_look(&s->pressure, session_proc(s), clock_now_ns(), 0);
	return 0;
}

int session_restart_guardian(struct session *s)
{
	int rc;

	close(s->guardian.socket);
	close(s->guardian.pidfd);
	while (waitpid(s->guardian.pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	pid_list_remove(&s->strangers, s->guardian.pid); // a test's orphan may get that number
	rc = guardian_start(&s->guardian, &s->cgroups, &s->scratch);
	return rc < 0 ? rc : pid_list_add(&s->strangers, s->guardian.pid);
}

void session_deinit(struct session *s)
{
	if (s->config == NULL)
		return;
	if (engine_is_set(&s->engine) && s->guardian.pid > 0)
		engine_sweep(&s->engine, s->scratch.name, SESSION_SWEEP_S);
	cgroups_remove(&s->cgroups);
	scratch_deinit(&s->scratch);
	guardian_stop(&s->guardian);
	cgroups_leave(&s->cgroups);
	unprotect_self(s);
	turns_deinit(&s->turns);
	spawner_deinit(&s->spawner);
	pressure_close(&s->pressure.files);
	pid_list_deinit(&s->strangers);
	pid_list_deinit(&s->leaders);
	engine_deinit(&s->engine);
	free(s->environment);
	free(s->run_dir);
	free(s->suite_dir);
	free(s->working_dir);
	if (s->null_fd >= 0)
		close(s->null_fd);
	if (s->fd_dir >= 0)
		close(s->fd_dir);
	kernlog_close(&s->kernlog);
	memset(s, 0, sizeof *s);
}

unsigned session_kill_remains(const struct session *s, const char *mark)
{
	struct pid_list all = { 0 };
	char prefix[80];
	unsigned killed = 0;

	if (!scratch_is_name(mark))
		return 0; // it comes from a file: what does not look like ours is nothing to kill by
	cgroups_kill_sibling(&s->cgroups, mark);
	if (engine_is_set(&s->engine))
		engine_sweep(&s->engine, mark, SESSION_SWEEP_S);
	snprintf(prefix, sizeof prefix, "STRESSGEN_MARK=%s-", mark);
	proc_all(&all);
	for (size_t i = 0; i < all.count; i++) {
		struct proc_stat st;

		if (proc_stat(all.pids[i], &st) < 0 || st.state == 'Z' || !proc_has_env(st.pid, prefix))
			continue;
		proc_kill(st.pid, st.start_time, SIGKILL);
		killed++;
	}
	pid_list_deinit(&all);
	return killed;
}

bool session_spawns_since(const struct session *s, uint64_t ns)
{
	for (unsigned i = 0; i < GUARDIAN_SLOTS; i++)
		if (s->spawning_since[i] > 0 && s->spawning_since[i] <= ns)
			return true;
	return false;
}

const char *session_containment(const struct session *s)
{
	return s->containment;
}

// See podman-run(1) and docker-run(1): only what both have is used.
#include "engine.h"

#include "container.h"
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define INIT_PATH "/.stressgen-init" // in the container
#define LABEL "org.stressgen.run="
#define CHECK_S 30U
#define WORD_MAX 4352U
#define FILES_MOST (UINT64_C(1) << 20)
#define PROCESSES_MOST 32768U // where the kernel does not say

// The engine's words are "$@", the container's name or the run's label $0. One that has ended is looked at before
// it goes; one that never began is not there, and that is as good. podman whose conmon was killed as well waits
// five seconds for a file, fails, and can do it the second time.
static const char remove_one[] = "\"$@\" inspect --format '{{.State.OOMKilled}} {{.Id}}' \"$0\" 2>/dev/null\n"
                                 "\"$@\" kill \"$0\" >/dev/null 2>&1\n"
                                 "\"$@\" rm -f \"$0\" >/dev/null 2>&1\n"
                                 "\"$@\" inspect \"$0\" >/dev/null 2>&1 && \"$@\" rm -f \"$0\" >/dev/null 2>&1\n"
                                 "! \"$@\" inspect \"$0\" >/dev/null 2>&1\n";
static const char remove_all[] =
        "ids=$(\"$@\" ps -aq --filter \"label=$0\" 2>/dev/null) || exit 0\n"
        "for id in $ids; do \"$@\" kill \"$id\"; \"$@\" rm -f \"$id\" || \"$@\" rm -f \"$id\"; done "
        ">/dev/null 2>&1\n";

// ---- commands of the engine
// -------------------------------------------------------------------------------------

__attribute__((format(printf, 2, 3))) static int add(struct command *c, const char *format, ...)
{
	char **grown = reallocarray(c->argv, c->argc + 2, sizeof *grown);
	va_list args;
	int n;

	if (grown == NULL)
		return -ENOMEM;
	c->argv = grown;
	va_start(args, format);
	n = vasprintf(&c->argv[c->argc], format, args);
	va_end(args);
	if (n < 0) {
		c->argv[c->argc] = NULL;
		return -ENOMEM;
	}
	c->argv[++c->argc] = NULL;
	return 0;
}

static int add_engine(const struct engine *g, struct command *out)
{
	int rc = 0;

	for (size_t i = 0; i < g->command.argc && rc == 0; i++)
		rc = add(out, "%s", g->command.argv[i]);
	return rc;
}

// sh -c SCRIPT ARGUMENT ENGINE...
static int script(const struct engine *g, const char *text, const char *argument, struct command *out)
{
	int rc = add(out, "sh");

	if (rc == 0)
		rc = add(out, "-c");
	if (rc == 0)
		rc = add(out, "%s", text);
	if (rc == 0)
		rc = add(out, "%s", argument);
	if (rc == 0)
		rc = add_engine(g, out);
	if (rc == 0 && (out->program = strdup("/bin/sh")) == NULL)
		rc = -ENOMEM;
	return rc;
}

__attribute__((noreturn)) static void become(const struct command *c)
{
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; fd < 3 && null >= 0; fd++)
		dup2(null, fd);
	execv(c->program, c->argv);
	_exit(127);
}

// Runs it in silence for at most so many seconds: its exit status, or -1.
static int run_quietly(const struct command *c, unsigned seconds)
{
	pid_t child = fork();
	struct pollfd end;
	int status = 0;

	if (child == 0)
		become(c);
	if (child < 0)
		return -1;
	end = (struct pollfd){ .fd = (int)syscall(SYS_pidfd_open, child, 0), .events = POLLIN };
	if (poll(&end, 1, (int)seconds * 1000) <= 0)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (end.fd >= 0)
		close(end.fd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run_command(const struct engine *g, const char *const *words)
{
	struct command c = { 0 };
	int rc = add_engine(g, &c);

	for (; rc == 0 && *words != NULL; words++)
		rc = add(&c, "%s", *words);
	if (rc == 0 && (c.program = strdup(g->command.program)) != NULL)
		rc = run_quietly(&c, CHECK_S);
	command_deinit(&c);
	return rc;
}

// ---- which engine
// -----------------------------------------------------------------------------------------------

static int split(const char *text, struct command *out)
{
	int rc = 0;

	while (rc == 0 && *(text += strspn(text, " ")) != '\0') {
		size_t len = strcspn(text, " ");

		rc = add(out, "%.*s", (int)len, text);
		text += len;
	}
	return rc;
}

int engine_init(struct engine *g, const char *command, const char *image, const char *root, struct err *e)
{
	const char *slash;
	int rc = split(command, &g->command);

	g->image = image;
	g->root = root;
	if (rc < 0)
		return err_set(e, ENOMEM, "out of memory");
	if (g->command.argc == 0)
		return err_set(e, EINVAL, "--container-engine: a program was expected, as podman");
	g->command.program = command_find(g->command.argv[0]);
	if (g->command.program == NULL)
		return err_set(e, ENOENT,
		               "--container-engine %s: there is no such program; try: apt-get install podman",
		               g->command.argv[0]);
	slash = strrchr(g->command.argv[0], '/');
	g->name = slash != NULL ? slash + 1 : g->command.argv[0];
	if (image == NULL && root == NULL)
		return err_set(e, EINVAL,
		               "%s needs an image: --container-image NAME (or --container-root DIR, for podman)",
		               g->name);
	return 0;
}

void engine_deinit(struct engine *g)
{
	command_deinit(&g->command);
	*g = (struct engine){ 0 };
}

bool engine_is_set(const struct engine *g)
{
	return g->command.argc > 0;
}

int engine_check(const struct engine *g, struct err *e)
{
	const char *const version[] = { "version", NULL };
	const char *const image[] = { "image", "inspect", g->image, NULL };

	if (run_command(g, version) != 0)
		return err_set(e, EPERM, "'%s version' fails: is its service at work, and may this user use it?",
		               g->name);
	if (g->image != NULL && run_command(g, image) != 0)
		return err_set(e, ENOENT, "%s has no image '%s' here; try: %s pull %s", g->name, g->image, g->name,
		               g->image);
	return 0;
}

bool engine_describe(const char *command, char *words, size_t size)
{
	struct engine g = { 0 };
	struct err e = { 0 };
	const char *const version[] = { "version", NULL };
	bool usable = false;

	if (engine_init(&g, command, "any", NULL, &e) < 0) {
		snprintf(words, size, "%s is not installed", command);
	} else {
		usable = run_command(&g, version) == 0;
		snprintf(words, size, usable ? "%s answers" : "%s is installed, but does not answer", command);
	}
	engine_deinit(&g);
	return usable;
}

// ---- a container
// ------------------------------------------------------------------------------------------------

static int add_mount(struct command *c, const char *dir, bool writable, struct err *e)
{
	if (strpbrk(dir, ",\"") != NULL)
		return err_set(e, EINVAL, "%s: a directory with a comma or a quote cannot be mounted", dir);
	return add(c, "--mount=type=bind,source=%s,target=%s%s", dir, dir, writable ? "" : ",readonly");
}

static int add_mounts(struct command *c, const struct container_places *p, struct err *e)
{
	int rc = add_mount(c, p->suite_dir, false, e);

	if (rc == 0 && strcmp(p->suite_dir, p->working_dir) != 0)
		rc = add_mount(c, p->working_dir, false, e);
	if (rc == 0)
		rc = add_mount(c, p->temp_dir, true, e);
	if (rc == 0)
		rc = add_mount(c, p->telemetry_dir, true, e);
	return rc == 0 ? add(c, "--workdir=%s", p->working_dir) : rc;
}

// An engine that is not allowed to raise limits fails with its own defaults: ours are allowed, but for `most`, to
// which podman lowers its own limits before it does anything.
static int add_ulimit(struct command *c, const char *name, __rlimit_resource_t resource, uint64_t wanted,
                      uint64_t most)
{
	struct rlimit now;
	uint64_t soft, hard;

	if (wanted > 0)
		return add(c, "--ulimit=%s=%" PRIu64 ":%" PRIu64, name, wanted, wanted);
	if (getrlimit(resource, &now) < 0)
		return 0;
	hard = now.rlim_max < most ? now.rlim_max : most;
	soft = now.rlim_cur < hard ? now.rlim_cur : hard;
	return add(c, "--ulimit=%s=%" PRIu64 ":%" PRIu64, name, soft, hard);
}

// The first process of a PID namespace is killed by no signal that it does not handle, so abort() and kill would
// not be what they are elsewhere: an init stands in front of it. docker has one; podman needs catatonit.
static bool has_init(const struct engine *g)
{
	static const char *const places[] = { "catatonit", "/usr/libexec/podman/catatonit",
		                              "/usr/local/libexec/podman/catatonit" };

	if (g->init != NULL)
		return false; // ours takes its place
	if (strstr(g->name, "podman") == NULL)
		return true;
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		char *found = command_find(places[i]);

		free(found);
		if (found != NULL)
			return true;
	}
	return false;
}

static uint64_t highest_pid(void)
{
	char text[32];

	if (proc_read_small("/proc/sys/kernel/pid_max", text, sizeof text) <= 0)
		return PROCESSES_MOST;
	return strtoull(text, NULL, 10);
}

static int add_limits(struct command *c, const struct engine_limits *l)
{
	int rc = add_ulimit(c, "nofile", RLIMIT_NOFILE, l->files, FILES_MOST);

	if (rc == 0)
		rc = add_ulimit(c, "nproc", RLIMIT_NPROC, 0, highest_pid());
	if (rc == 0 && l->memory_bytes > 0)
		rc = add(c, "--memory=%" PRIu64 "b", l->memory_bytes);
	if (rc == 0 && l->memory_bytes > 0)
		rc = add(c, "--memory-swap=%" PRIu64 "b", l->memory_bytes); // no swap above it
	if (rc == 0 && l->processes > 0)
		rc = add(c, "--pids-limit=%" PRIu64, l->processes);
	if (rc == 0 && l->cpu_s > 0)
		rc = add(c, "--ulimit=cpu=%" PRIu64 ":%" PRIu64, l->cpu_s, l->cpu_s + 1);
	return rc;
}

// docker's container would write as root into our directories; rootless podman's root is this user.
static int add_user(const struct engine *g, struct command *c)
{
	if (geteuid() == 0 || strncmp(g->name, "docker", 6) != 0)
		return 0;
	return add(c, "--user=%u:%u", geteuid(), getegid());
}

int engine_prefix(const struct engine *g, const struct engine_container *c, struct command *out, struct err *e)
{
	static const char *const always[] = { "--network=none",       "--read-only",
		                              "--tmpfs=/tmp",         "--pull=never",
		                              "--entrypoint=",        "--env=STRESSGEN_FD=1",
		                              "--env=STRESSGEN_MARK", "--env=STRESSGEN_TELEMETRY_DIR",
		                              "--env=TMPDIR" };
	int rc = add_engine(g, out);

	if (rc == 0)
		rc = add(out, "run");
	if (rc == 0)
		rc = add(out, "--name=%s", c->name);
	if (rc == 0)
		rc = add(out, "--label=" LABEL "%s", c->label);
	for (size_t i = 0; i < sizeof always / sizeof always[0] && rc == 0; i++)
		rc = add(out, "%s", always[i]);
	if (rc == 0 && has_init(g))
		rc = add(out, "--init");
	if (rc == 0 && c->home != NULL)
		rc = add(out, "--env=HOME=%s", c->home);
	if (rc == 0)
		rc = add_user(g, out);
	if (rc == 0)
		rc = add_limits(out, &c->limits);
	if (rc == 0)
		rc = add_mounts(out, c->places, e);
	if (rc == 0 && g->init != NULL)
		rc = add(out, "--mount=type=bind,source=%s,target=" INIT_PATH ",readonly", g->init);
	if (rc == 0 && g->image == NULL)
		rc = add(out, "--rootfs");
	if (rc == 0)
		rc = add(out, "%s", g->image != NULL ? g->image : g->root);
	if (rc == 0 && g->init != NULL)
		rc = add(out, INIT_PATH);
	if (rc == 0 && g->init != NULL)
		rc = add(out, "%s/" SG_CONTAINER_RECORD, c->places->telemetry_dir);
	return rc;
}

int engine_remover(const struct engine *g, const char *name, struct command *out)
{
	return script(g, remove_one, name, out);
}

void engine_sweep(const struct engine *g, const char *label, unsigned seconds)
{
	struct command c = { 0 };
	char text[WORD_MAX];

	snprintf(text, sizeof text, LABEL "%s", label);
	if (script(g, remove_all, text, &c) == 0)
		run_quietly(&c, seconds);
	command_deinit(&c);
}

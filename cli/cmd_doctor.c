// stressgen doctor: which limits and isolation hold on this machine, why not, and what would help.
#include "cgroup.h"
#include "cli.h"
#include "container.h"
#include "engine.h"
#include "units.h"
#include "verdict.h"
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TELEMETRY_ROOM (16U << 20)
#define TRIED_MEMORY (UINT64_C(64) << 20)
#define TRIED_PROCESSES 64U
#define TRIED_IO (UINT64_C(1) << 30)

enum state { GOOD, WEAK, MISSING };

struct finding {
	enum state state;
	char words[480];
};

static void print_finding(const struct app *app, const char *what, const struct finding *f)
{
	static const char *const names[] = { "ok", "weak", "missing" };
	static const char *const colours[] = { "\033[32m", "\033[33m", "\033[31m" };
	bool colour = app->out_style.colour;

	printf("%s%-8s%s %-22s %s\n", colour ? colours[f->state] : "", names[f->state], colour ? "\033[0m" : "",
	       what, f->words);
}

__attribute__((format(printf, 2, 3))) static struct finding find(enum state state, const char *format, ...)
{
	struct finding f = { .state = state };
	va_list args;

	va_start(args, format);
	vsnprintf(f.words, sizeof f.words, format, args);
	va_end(args);
	return f;
}

static struct finding containment(const struct cgroups *g)
{
	if (g->v2_root[0] != '\0')
		return find(
		        GOOD,
		        "cgroup v2: whatever a test starts is killed with it, setsid and double forks included");
	return find(
	        WEAK,
	        "no cgroup v2 group (%s): escapees are found as orphans and by a mark in their environment; run "
	        "as root, or as a user with a delegated cgroup (systemd-run --user --scope -p Delegate=yes)",
	        g->why_not);
}

static const char *cgroup_version(enum cgroup_kind kind)
{
	return kind == CGROUP_V2 ? "v2" : "v1";
}

// What would bring a controller: nothing is said where v2 was not to be had at all, which is said above.
static const char *controllers_wanted(const struct cgroups *g, char *words, size_t size)
{
	if (g->why_not_v2[0] != '\0')
		snprintf(words, size, " (%s)", g->why_not_v2);
	else
		words[0] = '\0';
	return words;
}

// A group of one worker with a limit of each kind: what is granted is known only when it was tried.
struct tried {
	enum cgroup_kind memory, processes, io;
	bool swap_held;
};

static struct tried try_limits(struct cgroups *all)
{
	int joins[4];
	struct cgroup g;
	struct tried t;

	cgroups_find_device(all, ".");
	cgroup_init(&g, all, 0);
	cgroup_arm(&g, TRIED_MEMORY, TRIED_PROCESSES, joins);
	cgroup_arm_io(&g, TRIED_IO, 0, joins);
	t = (struct tried){ g.memory, g.processes, g.io, g.swap_held };
	cgroup_deinit(&g);
	return t;
}

static struct finding memory(const struct cgroups *g, const struct tried *t)
{
	char why[220];

	if (t->memory != CGROUP_NONE)
		return find(t->swap_held ? GOOD : WEAK,
		            "cgroup %s: the kernel holds the limit and tells when it killed%s",
		            cgroup_version(t->memory),
		            t->swap_held ? "" : "; but not that on swap, of which the machine has some");
	return find(WEAK,
	            "sampled: the tree's RSS is read every 100 ms and the test killed past its limit; a fast "
	            "allocation can overshoot. A memory cgroup would help%s",
	            controllers_wanted(g, why, sizeof why));
}

static struct finding processes(const struct cgroups *g, const struct tried *t)
{
	char why[220];

	if (t->processes != CGROUP_NONE)
		return find(GOOD, "cgroup %s", cgroup_version(t->processes));
	return find(WEAK, "%s; a pids cgroup would help%s",
	            geteuid() == 0 ? "none: RLIMIT_NPROC does not bind root"
	                           : "RLIMIT_NPROC: counts all processes of this user, not only the test's",
	            controllers_wanted(g, why, sizeof why));
}

// Whether a limit of a process can be set: tried in a child, since it cannot be taken back.
static struct finding rlimit(int resource, const char *what)
{
	const struct rlimit some = { 64, 64 };
	pid_t child = fork();
	int status = 0;

	if (child == 0)
		_exit(setrlimit((__rlimit_resource_t)resource, &some) == 0 ? 0 : 1);
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return find(MISSING, "setrlimit is not allowed here (a seccomp filter?)");
	return find(GOOD, "%s", what);
}

static struct finding io(const struct cgroups *g, const struct tried *t)
{
	char why[220];

	if (g->device[0] == '\0')
		return find(
		        WEAK,
		        "none: the working directory is on no block device; a run written to a disk can be limited");
	if (t->io == CGROUP_V2 && g->v2_writeback)
		return find(GOOD, "cgroup v2: reading and writing of disk %s", g->device);
	if (t->io != CGROUP_NONE)
		return find(WEAK, "cgroup %s: reading and direct writing of disk %s; buffered writes are not held",
		            cgroup_version(t->io), g->device);
	return find(WEAK, "none: no io or blkio cgroup is granted; run as root, or delegate the io controller%s",
	            controllers_wanted(g, why, sizeof why));
}

static struct finding subreaper(void)
{
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return find(MISSING, "PR_SET_CHILD_SUBREAPER: %s", strerror(errno));
	return find(GOOD, "orphans of a test come to the runner, whatever session they are in");
}

static struct finding containers(void)
{
	struct err e = { 0 };

	if (container_check(NULL, &e) < 0)
		return find(WEAK, "%s", e.text);
	return find(GOOD, "bubblewrap: --container-sequential and --container-parallel work here");
}

static struct finding engines(void)
{
	char podman[80], docker[80];
	const bool by_podman = engine_describe("podman", podman, sizeof podman);
	const bool by_docker = engine_describe("docker", docker, sizeof docker);

	return find(by_podman || by_docker ? GOOD : WEAK, "%s, %s%s", podman, docker,
	            by_podman || by_docker ? ": --container-engine, --container-image"
	                                   : "; bubblewrap does without. With one of them tests run in an image");
}

static struct finding self_protection(void)
{
	struct watch w;

	watch_init(&w, "/proc", ".");
	watch_deinit(&w);
	if (w.now.memory_percent <= 0)
		return find(MISSING, "/proc/meminfo cannot be read");
	return find(GOOD, "memory %.0f %% used, disk %.0f %% full", w.now.memory_percent, w.now.disk_percent);
}

static struct finding pidfd(void)
{
	int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	if (fd < 0)
		return find(MISSING, "pidfd_open: %s; the runner needs Linux 5.3 or newer", strerror(errno));
	close(fd);
	return find(GOOD, "ends of processes are watched without races");
}

static struct finding kernel_log(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return find(
		        WEAK,
		        "/dev/kmsg: %s; a silent stack overflow shows as a plain SIGSEGV (run as root, or sysctl "
		        "kernel.dmesg_restrict=0)",
		        strerror(errno));
	close(fd);
	return find(GOOD, "the fault address tells a stack overflow from another SIGSEGV");
}

static struct finding telemetry(void)
{
	struct statvfs fs;
	char room[32];

	if (access("/dev/shm", W_OK) != 0 || statvfs("/dev/shm", &fs) != 0)
		return find(WEAK, "/dev/shm cannot be written: telemetry goes to the run directory, on disk");
	units_bytes(room, sizeof room, (uint64_t)fs.f_bavail * fs.f_frsize);
	if ((uint64_t)fs.f_bavail * fs.f_frsize < TELEMETRY_ROOM)
		return find(WEAK, "/dev/shm has only %s free: what does not fit is not counted", room);
	return find(GOOD, "/dev/shm, %s free", room);
}

static struct finding program(const char *path, const char *what)
{
	if (access(path, R_OK) != 0)
		return find(MISSING, "%s: %s; this installation is not whole, install it again", path,
		            strerror(errno));
	return find(GOOD, "%s", what);
}

static struct finding cores(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (n < 2)
		return find(WEAK, "one core: the runner and the test share it, timings are noisier");
	return find(GOOD, "%ld cores: the runner does not stand in the test's way", n);
}

static int by_state(struct app *app, struct cgroups *g)
{
	const struct tried t = try_limits(g);
	const struct {
		const char *what;
		struct finding finding;
	} findings[] = {
		{ "containment", containment(g) },
		{ "memory limit", memory(g, &t) },
		{ "time limit", find(GOOD, "SIGTERM, a grace period, SIGKILL to all of the test") },
		{ "CPU limit",
		  rlimit(RLIMIT_CPU, "RLIMIT_CPU: of each process; the kernel sends SIGXCPU, then SIGKILL") },
		{ "open files limit", rlimit(RLIMIT_NOFILE, "RLIMIT_NOFILE: of each process") },
		{ "process limit", processes(g, &t) },
		{ "I/O limit", io(g, &t) },
		{ "orphans", subreaper() },
		{ "containers", containers() },
		{ "container engines", engines() },
		{ "self-protection", self_protection() },
		{ "pidfd", pidfd() },
		{ "stack overflows", kernel_log() },
		{ "telemetry", telemetry() },
		{ "cores", cores() },
		{ "embedded Lua", program(app->paths.lua, "runs on a slab, jemalloc or malloc") },
		{ "evaluator", program(app->paths.eval, "runs kernels on slabs, jemalloc or malloc") },
		{ "HTTP/2", program(app->paths.h2, "client and server are there") },
		{ "native workloads", program(app->paths.native, "on whichever malloc is preloaded") },
		{ "allocator counters",
		  program(app->paths.preload, "preloaded into dynamically linked programs") },
	};
	bool missing = false;

	for (size_t i = 0; i < sizeof findings / sizeof findings[0]; i++) {
		print_finding(app, findings[i].what, &findings[i].finding);
		missing |= findings[i].finding.state == MISSING;
	}
	return missing ? SG_EXIT_MISSING : SG_EXIT_OK;
}

int cmd_doctor(struct app *app)
{
	struct cgroups groups = { 0 };
	char name[64];
	int code;

	snprintf(name, sizeof name, "stressgen-doctor-%d", (int)getpid());
	cgroups_probe(&groups, name, "/proc");
	code = by_state(app, &groups);
	cgroups_remove(&groups);
	cgroups_leave(&groups);
	return code;
}

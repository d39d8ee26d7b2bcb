// What all tests of a run share: the spawner, the machine's groups, scratch directories, the guardian, defaults.
#ifndef SG_SESSION_H
#define SG_SESSION_H

#include "cgroup.h"
#include "engine.h"
#include "guardian.h"
#include "kernlog.h"
#include "pressure.h"
#include "program.h"
#include "runner.h"
#include "scratch.h"
#include "spawn.h"
#include "turns.h"

#include <sys/resource.h>
#include <uv.h>

#define SG_PRELOAD_OPTIONS "STRESSGEN_INTERPOSER"

struct session {
	const struct runner_config *config;
	uv_loop_t *loop;
	struct turns turns;                      // at the loop, where there are several workers; else never taken
	char *run_dir, *suite_dir, *working_dir; // absolute, owned
	uint64_t timeout_ns, grace_ns, memory_bytes, output_limit, sample_ns; // with the defaults put in
	struct spawner spawner;
	struct cgroups cgroups;
	struct scratch scratch;
	struct engine engine; // where tests run in its containers
	bool no_containers;   // they were asked for, and are not to be had
	struct guardian guardian;
	struct pid_list strangers; // children of ours that are no test's
	struct pid_list leaders;   // the first processes of the tests that run now
	struct program_cache programs;
	char **environment; // ours, but for what every test gets anew; borrows environ's strings
	size_t environment_count;
	const char *preload_before;  // LD_PRELOAD as we were given it; NULL
	const char *malloc_conf;     // MALLOC_CONF likewise; "": none
	const char *glibc_only;      // in front of what is preloaded and was made for glibc; ""
	const char *preload_refused; // why config->preload cannot be used; NULL
	struct pressure_log pressure;
	uint64_t hard_limits[RLIM_NLIMITS]; // ours
	char containment[128];              // how tests are held together, in words
	long own_peak_kib;                  // our own highest RSS, when it was last asked for
	int null_fd;
	int fd_dir; // /proc/self/fd; -1: there is no /proc
	struct kernlog kernlog;
	uint64_t spawning_since[GUARDIAN_SLOTS]; // by worker: when a thread of its own began to; 0: none does
	unsigned starting;                       // tests that are being started
	uint64_t serial;                         // of the last test started, for its mark
	int subreaper_before;                    // what to restore at the end; -1: nothing
	int oom_fd;                              // our own oom_score_adj, open for writing; -1: none
	char oom_before[16], oom_ours[16];       // our score as it was and as it is during the run
};

// Sets everything up; the run directory is there. 0 or -errno with `e` filled; deinit in every case.
int session_init(struct session *s, const struct runner_config *c, uv_loop_t *loop, struct err *e);
// Starts the guardian again if it has died.
int session_restart_guardian(struct session *s);
void session_deinit(struct session *s);
// Kills what an earlier part of the run, known by its mark, has left: only where its guardian was killed too.
// How many processes were killed.
unsigned session_kill_remains(const struct session *s, const char *mark);
// What is started between the two is killed before us when the machine's memory runs out: it inherits a score that
// is ours only for that moment. (The child could write it itself, but opening a file in /proc costs far more.)
// Several may be on their way; the score is ours again when the last of them has been started.
void session_score_for_test(struct session *s);
void session_score_for_us(struct session *s);
// Whether a process is still being started since `ns` or before: until its exec it may hold whatever was open
// then, the pipes of other tests among it.
bool session_spawns_since(const struct session *s, uint64_t ns);
// How tests are held together, in words.
const char *session_containment(const struct session *s);

// Where the machine's state is read.
static inline const char *session_proc(const struct session *s)
{
	return s->config->proc_dir != NULL ? s->config->proc_dir : "/proc";
}

#endif

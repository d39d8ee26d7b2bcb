// The guardian: a small process in a session of its own that outlives a killed runner just long enough to kill
// everything that its tests had started and to remove its directories.
#ifndef SG_GUARDIAN_H
#define SG_GUARDIAN_H

#include "cgroup.h"
#include "engine.h"
#include "scratch.h"

#include <stdatomic.h>
#include <sys/types.h>

#define GUARDIAN_SLOTS 256U

// Shared by both processes, so that the runner can tell the guardian about a test without a system call.
struct guardian_page {
	_Atomic pid_t sessions[GUARDIAN_SLOTS]; // of the tests that run now; 0: none
};

struct guardian {
	struct guardian_page *page;
	const struct cgroups *cgroups; // borrowed, as is the next
	const struct scratch *scratch;
	const struct engine *engine; // likewise; to be set by the caller
	char mark[80];               // "STRESSGEN_MARK=NAME-": how what the run started can be known
	pid_t pid;
	int pidfd;  // readable when it has died; -1: not running
	int socket; // our end: its closing means that we are gone
};

// Returns when it is at work: 0 or -errno. To be called before the first test, and once more if it has died.
int guardian_start(struct guardian *g, const struct cgroups *cgroups, const struct scratch *scratch);
void guardian_watch(struct guardian *g, unsigned worker, pid_t session); // 0: no test
// Sends it home; nothing is killed.
void guardian_stop(struct guardian *g);

#endif

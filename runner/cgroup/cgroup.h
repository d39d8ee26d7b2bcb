// Control groups: one v2 group a worker that holds whatever its test starts, so that all of it can be killed; and
// the controllers that limit memory and processes, from v2 or v1, whichever the machine grants.
#ifndef SG_CGROUP_H
#define SG_CGROUP_H

#include "proc.h"

#include <stdbool.h>
#include <stdint.h>

#define CGROUP_PATH 512U

// What was found at the start of a run. An empty path: not granted.
struct cgroups {
	char v2_root[CGROUP_PATH];   // "OWN/NAME" in the v2 hierarchy, made; the guardian kills it whole
	char v1_memory[CGROUP_PATH]; // the same in v1's memory and pids hierarchies, made when first needed
	char v1_pids[CGROUP_PATH];
	char v1_blkio[CGROUP_PATH];
	char device[32]; // "MAJOR:MINOR" of the disk whose I/O is limited; "" when there is none
	bool v2_io;
	bool v2_by_clone;          // children can be born in groups of ours
	bool v2_memory, v2_pids;   // v2 carries these controllers here
	bool v2_writeback;         // v2 holds buffered writes to that disk's file system too
	bool swap;                 // the machine has swap, which a limit on memory must name as well
	char why_not[160];         // why there is no v2 group, in words
	char why_not_v2[200];      // why v2's controllers are not to be had; "" where they are
	char v2_own[CGROUP_PATH];  // where we were started, if we changed what it gives to those below
	char v2_leaf[CGROUP_PATH]; // below it: where we went, since a group that gives may hold no process
	unsigned v2_given;         // what we changed: bits of cgroup_delegate.c
};

enum cgroup_kind { CGROUP_NONE, CGROUP_V1, CGROUP_V2 };

// A counter of the group's, since its test began.
struct cgroup_count {
	uint64_t before;
	bool known; // from the end of the test before, or since the group is new
};

// One worker's groups, used for its tests one after another.
struct cgroup {
	const struct cgroups *all;
	char v2[CGROUP_PATH], v1_memory[CGROUP_PATH], v1_pids[CGROUP_PATH], v1_blkio[CGROUP_PATH];
	int v2_dir, v2_join, v2_list, v2_kill, v2_events, v2_cpu; // descriptors; -1: none
	bool v2_spent; // it was killed: no child can be born in it any more
	unsigned worker, generation;
	int memory_join, memory_events, pids_join, pids_events, io_join;
	bool v2_by_clone;                       // a child can be born in it; else it must write itself into it
	enum cgroup_kind memory, processes, io; // what limits the present test
	bool swap_held;                         // the limit on memory is one on swap as well, or there is none
	bool io_limited;                        // the group has a limit from some test before
	uint64_t memory_bytes, process_count;   // limits written last; 0: none
	struct cgroup_count oom_kills, denials;
	uint64_t cpu_before_us;
	bool cpu_known; // that is what it was at the mark
};

// `name` is new to the machine; `proc` is "/proc", but in tests. Never fails: what is not granted is left empty.
// Where that is needed for v2's controllers, this process moves into a group below its own (see
// cgroup_delegate.c).
void cgroups_probe(struct cgroups *all, const char *name, const char *proc);
// Removes what is left, deepest first.
void cgroups_remove(const struct cgroups *all);
// After that, and when the guardian has ended: back to where we were started, which is left as it was found.
void cgroups_leave(const struct cgroups *all);
// Kills and removes the groups of another run that was named so and was started where we were.
void cgroups_kill_sibling(const struct cgroups *all, const char *name);
// Removes a group and those below it; what still holds a process stays.
void cgroup_remove_tree(const char *path);
// Kills everything in the group at `path` and below.
void cgroup_kill_path(const char *path);

void cgroup_init(struct cgroup *g, const struct cgroups *all, unsigned worker);
void cgroup_deinit(struct cgroup *g);
// To be called between two tests: replaces a group that was killed or that could not be emptied.
void cgroup_renew(struct cgroup *g);
// Finds the disk that `path` is on, for cgroup_arm_io.
void cgroups_find_device(struct cgroups *all, const char *path);
// Like cgroup_arm, for bytes and operations a second of that disk, reading and writing each; adds at most one
// descriptor. g->io says what is in force; under v1 buffered writes are not held.
unsigned cgroup_arm_io(struct cgroup *g, uint64_t bytes_per_s, uint64_t ops_per_s, int *joins);
// Sets the limits for the next test (0: none) and adds the descriptors that its process must write itself into
// to `joins` (room for three); returns how many. g->memory and g->processes say what is in force. Its process is
// to be born in g->v2_dir if g->v2_by_clone.
unsigned cgroup_arm(struct cgroup *g, uint64_t memory_bytes, uint64_t processes, int *joins);

// Whether processes can be limited at all.
bool cgroup_can_limit_processes(const struct cgroups *all);
// To be called when the test has been started: the figures below count from here. (Reading them takes the kernel
// longer than writing, and by then the test is at work beside us.) `cpu`: CPU time too, which takes as long as all
// other figures together; else cgroup_cpu_count must tell it where it is wanted.
void cgroup_mark(struct cgroup *g, bool cpu);
// All that the group has used since the mark is `used_us`.
void cgroup_cpu_count(struct cgroup *g, uint64_t used_us);

bool cgroup_holds(const struct cgroup *g); // does a v2 group hold the test's processes?
void cgroup_kill(struct cgroup *g);
bool cgroup_empty(const struct cgroup *g); // no living process in it or below
void cgroup_pids(const struct cgroup *g, struct pid_list *out);
uint64_t cgroup_cpu_us(const struct cgroup *g); // CPU time since the mark, the dead included; 0: not known
// How often the group met its memory limit, since it was made; 0 without one.
uint64_t cgroup_memory_hits(const struct cgroup *g);
// Since the mark; to be asked once for each test.
uint64_t cgroup_oom_kills(struct cgroup *g);
uint64_t cgroup_forks_denied(struct cgroup *g);

#endif

// Control groups: what is written into them, in which order, and what becomes of each refusal; of v2 and v1.
#include "cgroup.h"
#include "fake_kernel.h"
#include "lab.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define MIB64 (UINT64_C(64) << 20)
#define NO_SWAP "SwapTotal: 0 kB\n"
#define SWAP "SwapTotal: 1000 kB\n"

// A delegated group of v2 with all controllers, in which `member` is.
static const char *delegated(pid_t member, const char *meminfo)
{
	fake_kernel_begin();
	fake_kernel_hierarchy("unified");
	fake_kernel_group("unified/scope", "cpu io memory pids\n", member);
	return fake_kernel_proc("unified", "0::/scope\n", meminfo);
}

// v1's hierarchies, and a v2 without controllers.
static const char *hybrid(const char *meminfo)
{
	fake_kernel_begin();
	fake_kernel_hierarchy("unified");
	fake_kernel_hierarchy("memory");
	fake_kernel_hierarchy("pids");
	fake_kernel_hierarchy("blkio");
	fake_kernel_group("unified/own", "", getpid());
	fake_kernel_group("memory/own", NULL, 0);
	return fake_kernel_proc("unified memory pids blkio", "4:memory:/own\n3:pids:/\n2:blkio:/\n0::/own\n",
	                        meminfo);
}

static void end(struct cgroups *all)
{
	cgroups_remove(all);
	cgroups_leave(all);
}

CASE("cgroup: in a delegated group of v2 we step down, give its controllers, and put all back at the end")
{
	const char *proc = delegated(getpid(), NO_SWAP);
	struct cgroups all;

	cgroups_probe(&all, "t1", proc);
	assert_string_equal(fake_kernel_writes(), "unified/scope/t1-runner/cgroup.procs=0\n"
	                                          "unified/scope/cgroup.subtree_control=+memory\n"
	                                          "unified/scope/cgroup.subtree_control=+pids\n"
	                                          "unified/scope/cgroup.subtree_control=+io\n"
	                                          "unified/scope/t1/cgroup.procs=0\n"
	                                          "unified/scope/t1/cgroup.subtree_control=+memory\n"
	                                          "unified/scope/t1/cgroup.subtree_control=+pids\n"
	                                          "unified/scope/t1/cgroup.subtree_control=+io\n");
	assert_true(all.v2_memory && all.v2_pids && all.v2_io);
	assert_string_equal(all.why_not_v2, "");
	end(&all);
	assert_string_equal(fake_kernel_writes(), "unified/scope/cgroup.subtree_control=-memory\n"
	                                          "unified/scope/cgroup.subtree_control=-pids\n"
	                                          "unified/scope/cgroup.subtree_control=-io\n"
	                                          "unified/scope/cgroup.procs=0\n");
	assert_false(fake_kernel_has("unified/scope/t1"));
	assert_false(fake_kernel_has("unified/scope/t1-runner"));
}

CASE("cgroup: v2's limits are written when they change, and swap with memory")
{
	const char *proc = delegated(getpid(), SWAP);
	struct cgroups all;
	struct cgroup g;
	int joins[4];

	cgroups_probe(&all, "t1", proc);
	snprintf(all.device, sizeof all.device, "8:0");
	cgroup_init(&g, &all, 0);
	fake_kernel_writes();
	assert_int_equal(cgroup_arm(&g, MIB64, 8, joins), 1); // the v2 group, since nobody is born in a fake
	assert_int_equal(joins[0], g.v2_join);
	assert_int_equal(cgroup_arm_io(&g, 1000, 0, joins), 0);
	assert_string_equal(fake_kernel_writes(),
	                    "unified/scope/t1/w0.0/memory.max=67108864\n"
	                    "unified/scope/t1/w0.0/memory.swap.max=0\n"
	                    "unified/scope/t1/w0.0/pids.max=8\n"
	                    "unified/scope/t1/w0.0/io.max=8:0 rbps=1000 wbps=1000 riops=max wiops=max\n");
	assert_int_equal(g.memory, CGROUP_V2);
	assert_int_equal(g.processes, CGROUP_V2);
	assert_int_equal(g.io, CGROUP_V2);
	assert_true(g.swap_held);
	cgroup_arm(&g, MIB64, 8, joins);
	assert_string_equal(fake_kernel_writes(), "");
	cgroup_arm(&g, 0, 0, joins);
	cgroup_arm_io(&g, 0, 0, joins);
	assert_string_equal(fake_kernel_writes(),
	                    "unified/scope/t1/w0.0/memory.max=max\n"
	                    "unified/scope/t1/w0.0/memory.swap.max=max\n"
	                    "unified/scope/t1/w0.0/pids.max=max\n"
	                    "unified/scope/t1/w0.0/io.max=8:0 rbps=max wbps=max riops=max wiops=max\n");
	assert_int_equal(g.memory, CGROUP_NONE);
	assert_int_equal(g.processes, CGROUP_NONE);
	assert_int_equal(g.io, CGROUP_NONE);
	cgroup_deinit(&g);
	end(&all);
}

CASE("cgroup: each refusal of v2 is that limit's alone, and is known")
{
	const char *proc = delegated(getpid(), SWAP);
	struct cgroups all;
	struct cgroup g;
	int joins[4];

	fake_kernel_refuse("t1/w0.0/memory.swap.max", EACCES);
	fake_kernel_refuse("t1/w0.0/pids.max", EINVAL);
	fake_kernel_refuse("t1/w0.0/io.max", ENODEV);
	cgroups_probe(&all, "t1", proc);
	snprintf(all.device, sizeof all.device, "8:0");
	cgroup_init(&g, &all, 0);
	cgroup_arm(&g, MIB64, 8, joins);
	cgroup_arm_io(&g, 1000, 0, joins);
	assert_int_equal(g.memory, CGROUP_V2);
	assert_false(g.swap_held);
	assert_int_equal(g.processes, CGROUP_NONE);
	assert_int_equal(g.io, CGROUP_NONE);
	fake_kernel_refuse("t1/w0.0/memory.max=1048576", EBUSY);
	cgroup_arm(&g, 1 << 20, 0, joins);
	assert_int_equal(g.memory, CGROUP_NONE);
	cgroup_deinit(&g);
	end(&all);
}

CASE("cgroup: a controller that may not be given leaves the others, and it is said why")
{
	const char *proc = delegated(getpid(), NO_SWAP);
	struct cgroups all;

	fake_kernel_refuse("scope/cgroup.subtree_control=+memory", EPERM);
	cgroups_probe(&all, "t1", proc);
	assert_false(all.v2_memory);
	assert_true(all.v2_pids && all.v2_io);
	assert_string_equal(all.why_not_v2, "our group may not give memory: Operation not permitted");
	end(&all);
}

CASE("cgroup: who cannot step down leaves all as it was")
{
	const char *proc = delegated(getpid(), NO_SWAP);
	struct cgroups all;

	fake_kernel_refuse("t1-runner/cgroup.procs", EACCES);
	cgroups_probe(&all, "t1", proc);
	assert_false(all.v2_memory || all.v2_pids || all.v2_io);
	assert_string_equal(all.why_not_v2, "the runner cannot move into a group: Permission denied");
	assert_false(fake_kernel_has("unified/scope/t1-runner"));
	assert_non_null(strstr(all.v2_root, "unified/scope/t1")); // killing needs no controller
	assert_string_equal(fake_kernel_writes(), "unified/scope/t1-runner/cgroup.procs=0\n"
	                                          "unified/scope/t1/cgroup.procs=0\n");
	end(&all);
}

CASE("cgroup: nothing is changed in a group that holds others too")
{
	const char *proc = delegated(1, NO_SWAP);
	struct cgroups all;

	cgroups_probe(&all, "t1", proc);
	assert_string_equal(fake_kernel_writes(), "unified/scope/t1/cgroup.procs=0\n");
	assert_false(all.v2_memory || all.v2_pids || all.v2_io);
	assert_non_null(strstr(all.why_not_v2, "our group holds other processes too"));
	end(&all);
}

CASE("cgroup: where no process can be moved there is no v2 group, and it is said")
{
	const char *proc = delegated(1, NO_SWAP);
	struct cgroups all;

	fake_kernel_refuse("t1/cgroup.procs", EACCES);
	cgroups_probe(&all, "t1", proc);
	assert_string_equal(all.v2_root, "");
	assert_non_null(strstr(all.why_not, "no process can be moved"));
	assert_false(fake_kernel_has("unified/scope/t1"));
	end(&all);
}

CASE("cgroup: v1's limit on memory and swap is never below that on memory")
{
	const char *proc = hybrid(SWAP);
	struct cgroups all;
	struct cgroup g;
	int joins[4];

	cgroups_probe(&all, "t1", proc);
	assert_false(all.v2_memory || all.v2_pids || all.v2_io);
	snprintf(all.device, sizeof all.device, "8:0");
	cgroup_init(&g, &all, 0);
	fake_kernel_writes();
	assert_int_equal(cgroup_arm(&g, MIB64, 8, joins), 3); // the v2 group, memory, pids
	assert_string_equal(fake_kernel_writes(), "memory/own/t1/w0/memory.memsw.limit_in_bytes=-1\n"
	                                          "memory/own/t1/w0/memory.limit_in_bytes=67108864\n"
	                                          "memory/own/t1/w0/memory.memsw.limit_in_bytes=67108864\n"
	                                          "pids/t1/w0/pids.max=8\n");
	assert_int_equal(g.memory, CGROUP_V1);
	assert_int_equal(g.processes, CGROUP_V1);
	assert_true(g.swap_held);
	assert_int_equal(cgroup_arm_io(&g, 0, 500, joins), 1);
	assert_string_equal(fake_kernel_writes(), "blkio/t1/w0/blkio.throttle.read_bps_device=8:0 0\n"
	                                          "blkio/t1/w0/blkio.throttle.write_bps_device=8:0 0\n"
	                                          "blkio/t1/w0/blkio.throttle.read_iops_device=8:0 500\n"
	                                          "blkio/t1/w0/blkio.throttle.write_iops_device=8:0 500\n");
	assert_int_equal(g.io, CGROUP_V1);
	assert_int_equal(cgroup_arm(&g, 0, 0, joins), 1); // without a limit a test is in no v1 group
	cgroup_deinit(&g);
	end(&all);
	assert_false(fake_kernel_has("memory/own/t1"));
	assert_false(fake_kernel_has("pids/t1"));
}

CASE("cgroup: what v1 refuses is not in force, and the next test's limit is tried again")
{
	const char *proc = hybrid(SWAP);
	struct cgroups all;
	struct cgroup g;
	int joins[4];

	fake_kernel_refuse("memory.limit_in_bytes=67108864", EBUSY);
	fake_kernel_refuse("memory.memsw.limit_in_bytes=1048576", EINVAL);
	fake_kernel_refuse("pids.max=8", EINVAL);
	cgroups_probe(&all, "t1", proc);
	cgroup_init(&g, &all, 0);
	assert_int_equal(cgroup_arm(&g, MIB64, 8, joins), 1);
	assert_int_equal(g.memory, CGROUP_NONE);
	assert_int_equal(g.processes, CGROUP_NONE);
	assert_int_equal(cgroup_arm(&g, 1 << 20, 9, joins), 3);
	assert_int_equal(g.memory, CGROUP_V1);
	assert_false(g.swap_held);
	assert_int_equal(g.processes, CGROUP_V1);
	cgroup_deinit(&g);
	end(&all);
}

// What the counters say of one test is what they have grown by since it began.
static void expect_counts(struct cgroup *g, const char *oom_file, const char *pids_file)
{
	// In a new group all counts from its first moment, even what came before we had looked.
	fake_kernel_set(oom_file, "max 9\noom_kill 2\n");
	fake_kernel_set(pids_file, "max 5\n");
	cgroup_mark(g, true);
	assert_int_equal(cgroup_oom_kills(g), 2);
	assert_int_equal(cgroup_forks_denied(g), 5);
	cgroup_mark(g, true); // the next one
	fake_kernel_set(oom_file, "max 9\noom_kill 3\n");
	fake_kernel_set(pids_file, "max 12\n");
	assert_int_equal(cgroup_oom_kills(g), 1);
	assert_int_equal(cgroup_forks_denied(g), 7);
	cgroup_mark(g, true);
	assert_int_equal(cgroup_oom_kills(g), 0);
	assert_int_equal(cgroup_forks_denied(g), 0);
}

CASE("cgroup: kills for memory and forks that were denied are counted by test under v2")
{
	const char *proc = delegated(getpid(), NO_SWAP);
	struct cgroups all;
	struct cgroup g;
	int joins[4];

	cgroups_probe(&all, "t1", proc);
	cgroup_init(&g, &all, 0);
	cgroup_arm(&g, MIB64, 8, joins);
	expect_counts(&g, "unified/scope/t1/w0.0/memory.events", "unified/scope/t1/w0.0/pids.events");
	assert_int_equal(cgroup_memory_hits(&g), 9);
	cgroup_deinit(&g);
	end(&all);
}

CASE("cgroup: kills for memory and forks that were denied are counted by test under v1")
{
	const char *proc = hybrid(NO_SWAP);
	struct cgroups all;
	struct cgroup g;
	int joins[4];

	cgroups_probe(&all, "t1", proc);
	cgroup_init(&g, &all, 0);
	cgroup_arm(&g, MIB64, 8, joins);
	expect_counts(&g, "memory/own/t1/w0/memory.oom_control", "pids/t1/w0/pids.events");
	fake_kernel_set("memory/own/t1/w0/memory.failcnt", "77\n");
	assert_int_equal(cgroup_memory_hits(&g), 77);
	cgroup_deinit(&g);
	end(&all);
}

// A whole run with the fake in the place of the kernel's groups; the first test stands for one that the kernel
// killed.
static void run_in(struct lab *l, const char *proc, const char *counter)
{
	char script[600];

	lab_init(l);
	l->config.proc_dir = proc;
	snprintf(script, sizeof script,
	         "# @Memory 64\n# @Procs 8\nfor f in %s/cg/%s; do echo 'oom_kill 1' >\"$f\"; done\nkill -9 $$",
	         harness_tmpdir(), counter);
	lab_script(l, "a.sh", script);
	lab_script(l, "b.sh", "# @Memory 64\nkill -9 $$");
	lab_run(l);
	assert_int_equal(l->rc, 0);
	lab_expect(l, "b.sh", VERDICT_CRASHED, "killed by SIGKILL");
}

CASE("cgroup: a run under v2 tells memory that ran out from a crash, and says what held the limits")
{
	const char *proc = delegated(getpid(), SWAP);
	struct lab l;

	fake_kernel_refuse("memory.swap.max", EACCES);
	run_in(&l, proc, "unified/scope/stressgen-*/w0*/memory.events");
	lab_expect(&l, "a.sh", VERDICT_OUT_OF_MEMORY, "the kernel killed 1 process of it (cgroup v2)");
	assert_non_null(strstr(lab_result(&l, "a.sh")->limits, "memory 64.0 MiB (cgroup v2: swap is not held)"));
	assert_non_null(strstr(lab_result(&l, "a.sh")->limits, "processes 8 (cgroup v2)"));
	lab_deinit(&l);
}

CASE("cgroup: a run under v1 tells memory that ran out from a crash, and says what held the limits")
{
	const char *proc = hybrid(NO_SWAP);
	struct lab l;

	run_in(&l, proc, "memory/own/stressgen-*/w0/memory.oom_control");
	lab_expect(&l, "a.sh", VERDICT_OUT_OF_MEMORY, "the kernel killed 1 process of it (cgroup v1)");
	assert_non_null(strstr(lab_result(&l, "a.sh")->limits, "memory 64.0 MiB (cgroup v1)"));
	assert_non_null(strstr(lab_result(&l, "a.sh")->limits, "processes 8 (cgroup v1)"));
	lab_deinit(&l);
}

// The machine's state, from files of our own making where it must be in a bad one.
#include "watch.h"

#include "io.h"
#include "lab.h"

#include <string.h>
#include <sys/stat.h>

static void write_proc(const char *dir, const char *stat_line, const char *meminfo)
{
	char path[400];
	struct err e = { 0 };

	mkdir(dir, 0777);
	snprintf(path, sizeof path, "%s/stat", dir);
	assert_int_equal(io_replace_file(path, stat_line, strlen(stat_line), &e), 0);
	snprintf(path, sizeof path, "%s/meminfo", dir);
	assert_int_equal(io_replace_file(path, meminfo, strlen(meminfo), &e), 0);
}

static const char *proc_dir(void)
{
	static char dir[300];

	snprintf(dir, sizeof dir, "%s/proc", harness_tmpdir());
	return dir;
}

CASE("watch: CPU is the share between two looks, memory what is not available")
{
	struct watch w;

	write_proc(proc_dir(), "cpu  100 0 100 800 0 0 0 0\n", "MemTotal: 1000 kB\nMemAvailable: 250 kB\n");
	watch_init(&w, proc_dir(), "/");
	assert_true(w.now.cpu_percent == 0);
	assert_true(w.now.memory_percent == 75);
	assert_int_equal(w.now.memory_bytes, 1024000);
	assert_true(w.now.disk_percent >= 0 && w.now.disk_percent <= 100);
	write_proc(proc_dir(), "cpu  130 0 130 840 0 0 0 0\n", "MemTotal: 1000 kB\nMemAvailable: 100 kB\n");
	watch_look(&w);
	assert_true(w.now.cpu_percent == 60);
	assert_true(w.now.memory_percent == 90);
}

CASE("watch: the real machine has plausible figures")
{
	struct watch w;

	watch_init(&w, "/proc", harness_tmpdir());
	watch_deinit(&w);
	assert_true(w.now.memory_percent > 0 && w.now.memory_percent < 100);
	assert_true(w.now.disk_percent > 0);
	assert_true(w.now.memory_bytes > 1 << 20);
}

CASE("watch: what cannot be read is no reason to stop")
{
	struct watch w;

	watch_init(&w, "/nonexistent", "/nonexistent");
	watch_look(&w);
	assert_true(w.now.cpu_percent == 0 && w.now.memory_percent == 0 && w.now.disk_percent == 0);
}

CASE("protection: it is due when a threshold was exceeded for the whole time, the tests' own share left out")
{
	struct protection p = { 80, 90, 95, 1000, 0 };
	struct watch_look busy = { .cpu_percent = 95, .memory_percent = 50, .cores = 2, .memory_bytes = 1000 };
	struct watch_look full = { .memory_percent = 99, .cores = 2, .memory_bytes = 1000 };
	struct watch_look disk = { .disk_percent = 96, .cores = 2 };
	char why[160] = "";

	assert_false(protection_is_due(&p, &busy, 0, 0, 5000, why, sizeof why)); // just begun
	assert_non_null(strstr(why, "95 % of the CPU"));
	assert_false(protection_is_due(&p, &busy, 0, 0, 5900, why, sizeof why));
	assert_true(protection_is_due(&p, &busy, 0, 0, 6000, why, sizeof why));
	assert_false(protection_is_due(&p, &busy, 40, 0, 6100, why, sizeof why)); // 20 % of two cores are ours
	assert_int_equal(p.over_since_ns, 0);
	assert_false(protection_is_due(&p, &full, 0, 0, 7000, why, sizeof why));
	assert_non_null(strstr(why, "99 % of the memory"));
	assert_false(protection_is_due(&p, &full, 0, 100, 9000, why, sizeof why));
	p.patience_ns = 0;
	assert_true(protection_is_due(&p, &disk, 0, 0, 9000, why, sizeof why));
	assert_non_null(strstr(why, "disk"));
}

CASE("protection: the run stops with its checkpoint when the machine is full, and is resumed")
{
	struct lab l;
	char *beat;

	lab_init(&l);
	setenv("D", l.suite_dir, 1);
	write_proc(proc_dir(), "cpu  100 0 100 800 0 0 0 0\n",
	           "MemTotal: 100000000 kB\nMemAvailable: 1000000 kB\n");
	lab_script(&l, "a.sh", "true");
	lab_script(&l, "b.sh", "[ -e \"$D/again\" ] || { touch \"$D/again\"; sleep 71.007; }");
	l.config.proc_dir = proc_dir();
	l.config.self_protect = true;
	l.config.sample_ns = 50000000;
	l.config.cpu_threshold = 80;
	l.config.memory_threshold = 90;
	l.config.disk_threshold = 100;
	l.config.protect_after_ns = 300000000;
	lab_run(&l);
	assert_int_equal(l.rc, 0);
	assert_true(l.summary.protected);
	assert_non_null(strstr(l.summary.why_protected, "99 % of the memory"));
	assert_string_equal(l.run.stop_reason, "self-protection");
	lab_expect(&l, "b.sh", VERDICT_INTERRUPTED, "self-protection");
	assert_int_equal(lab_processes_after_wait("sleep 71.007"), 0);
	beat = lab_read(&l, "heartbeat");
	assert_non_null(strstr(beat, "\"state\":\"self-protection\""));
	free(beat);
	l.config.self_protect = false;
	lab_resume(&l);
	lab_expect(&l, "b.sh", VERDICT_PASSED, "interrupted before");
	beat = lab_read(&l, "heartbeat");
	assert_non_null(strstr(beat, "\"state\":\"finished\""));
	free(beat);
	lab_deinit(&l);
}

CASE("watch: a test that runs for a while has the machine's highest memory in its result, after short ones too")
{
	struct lab l;

	lab_init(&l);
	for (char name[] = "a0.sh"; name[1] <= '9'; name[1]++)
		lab_script(&l, name, "true");
	lab_script(&l, "long.sh", "sleep 1");
	lab_run(&l);
	assert_true(lab_result(&l, "long.sh")->peak_system_memory > 0);
	assert_true(lab_result(&l, "long.sh")->peak_system_memory <= 100);
	assert_true(lab_result(&l, "long.sh")->peak_system_cpu <= 100);
	lab_deinit(&l);
}

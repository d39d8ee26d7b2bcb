// What serves one test after another (its pipes, what was seen of its file, its group's counters) must be to each
// as if it were new.
#include "lab.h"

#include "clock.h"
#include "proc.h"

#include <sys/wait.h>
#include <unistd.h>

// What the pipes look like from inside, a line each for 1, 2 and 3: "INODE FLAGS BYTES".
static void lab_pipes(struct lab *l, const char *name)
{
	lab_program(l, name, "", RUNNER_MISBEHAVE, "pipes");
}

struct pipe_look {
	unsigned long inode, flags, bytes;
};

static void look(const struct lab *l, const char *id, struct pipe_look out[3])
{
	char path[64], *text, *at;

	snprintf(path, sizeof path, "tests/%s/1/stdout", id);
	text = lab_read(l, path);
	at = text;
	for (int i = 0; i < 3; i++) {
		out[i].inode = strtoul(at, &at, 10);
		out[i].flags = strtoul(at, &at, 8);
		out[i].bytes = strtoul(at, &at, 10);
	}
	assert_true(out[2].bytes > 0);
	free(text);
}

CASE("reuse: a test gets the pipes of the one before, as good as new")
{
	struct pipe_look a[3], b[3];
	struct lab l;

	lab_init(&l);
	lab_pipes(&l, "a.sh");
	lab_program(&l, "b.sh", "echo of b; echo of b >&2; echo '@@ note b of b' >&3", RUNNER_MISBEHAVE,
	            "nonblocking");
	lab_pipes(&l, "c.sh");
	lab_run(&l);
	lab_expect(&l, "b.sh", VERDICT_PASSED, "exit status 0");
	assert_string_equal(lab_result(&l, "b.sh")->tail, "of b\n");
	assert_int_equal(lab_result(&l, "b.sh")->notes.count, 1);
	look(&l, "a.sh", a);
	look(&l, "c.sh", b);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(a[i].inode, b[i].inode);
		assert_int_equal(a[i].flags, b[i].flags); // b.sh had made them non-blocking
		assert_int_equal(a[i].bytes, b[i].bytes);
	}
	assert_int_equal(lab_result(&l, "c.sh")->stderr_bytes, 0);
	assert_int_equal(lab_result(&l, "c.sh")->notes.count, 0);
	lab_deinit(&l);
}

CASE("reuse: a pipe whose size a test has changed serves no other")
{
	struct pipe_look a[3], b[3];
	struct lab l;

	lab_init(&l);
	lab_pipes(&l, "a.sh");
	lab_program(&l, "b.sh", "", RUNNER_MISBEHAVE, "resize 2");
	lab_pipes(&l, "c.sh");
	lab_run(&l);
	lab_expect(&l, "b.sh", VERDICT_PASSED, "exit status 0");
	look(&l, "a.sh", a);
	look(&l, "c.sh", b);
	assert_int_equal(a[0].inode, b[0].inode);
	assert_int_not_equal(a[1].inode, b[1].inode);
	assert_int_equal(a[1].bytes, b[1].bytes);
	assert_int_equal(a[2].inode, b[2].inode);
	lab_deinit(&l);
}

CASE("reuse: what something that was left behind had open serves no other test")
{
	struct pipe_look a[3], b[3];
	struct lab l;

	lab_init(&l);
	lab_pipes(&l, "a.sh");
	lab_program(&l, "b.sh", "", RUNNER_MISBEHAVE, "hold");
	lab_pipes(&l, "c.sh");
	lab_run(&l);
	lab_expect(&l, "b.sh", VERDICT_LEAKED, "behind");
	look(&l, "a.sh", a);
	look(&l, "c.sh", b);
	for (int i = 0; i < 3; i++) {
		assert_int_not_equal(a[i].inode, b[i].inode);
		assert_int_equal(a[i].flags, b[i].flags);
	}
	lab_deinit(&l);
}

CASE("reuse: a file that was changed after the run had begun is run as what it is now")
{
	struct lab l;

	lab_init(&l);
	lab_script(&l, "a.sh",
	           "printf 'exit 5\\n' >b; rm c; chmod -x d.sh; printf '#!/nowhere/sh\\n' >e; rm f; mkdir f");
	lab_script(&l, "b", "true");
	lab_script(&l, "c", "true");
	lab_script(&l, "d.sh", "exit 6");
	lab_script(&l, "e", "true");
	lab_script(&l, "f", "true");
	lab_script(&l, "g", "true");
	assert_int_equal(chdir(l.suite_dir), 0);
	lab_run(&l);
	lab_expect(&l, "a.sh", VERDICT_PASSED, "exit status 0");
	lab_expect(&l, "b", VERDICT_FAILED, "exit status 5");
	lab_expect(&l, "c", VERDICT_FAILED, "c: the test's file is not there");
	lab_expect(&l, "d.sh", VERDICT_FAILED, "exit status 6");
	lab_expect(&l, "e", VERDICT_FAILED,
	           "the interpreter that its first line names is not there: #!/nowhere/sh");
	lab_expect(&l, "f", VERDICT_FAILED, "program not found");
	lab_expect(&l, "g", VERDICT_PASSED, "exit status 0");
	lab_deinit(&l);
}

// The same with a thread that starts them.
CASE("reuse: a changed file is run as what it is now with several workers")
{
	struct lab l;

	lab_init(&l);
	l.config.workers = 2;
	lab_script(&l, "a.sh", "printf 'exit 5\\n' >b; rm c");
	lab_script(&l, "b", "# @DependsOn a.sh\ntrue");
	lab_script(&l, "c", "# @DependsOn a.sh\ntrue");
	lab_script(&l, "d", "# @DependsOn a.sh\ntrue");
	assert_int_equal(chdir(l.suite_dir), 0);
	lab_run(&l);
	lab_expect(&l, "b", VERDICT_FAILED, "exit status 5");
	lab_expect(&l, "c", VERDICT_FAILED, "c: the test's file is not there");
	lab_expect(&l, "d", VERDICT_PASSED, "exit status 0");
	lab_deinit(&l);
}

CASE("reuse: the CPU time of short tests is not counted as the next long one's")
{
	const struct result *r;
	uint64_t used_us;
	struct lab l;

	lab_init(&l);
	for (int i = 0; i < 10; i++) {
		char name[16];

		snprintf(name, sizeof name, "%d.sh", i);
		lab_script(&l, name, "i=0; while [ $i -lt 10000 ]; do i=$((i + 1)); done");
	}
	lab_program(&l, "long.sh", "", RUNNER_MISBEHAVE, "sleep 300");
	lab_run(&l);
	r = lab_result(&l, "long.sh");
	assert_true(r->point_count > 0);
	used_us = (uint64_t)r->points[0].cpu_percent * r->points[0].at_ms * 10;
	assert_true(used_us <= (r->user_ns + r->sys_ns) / 1000 + 2000);
	lab_deinit(&l);
}

CASE("reuse: the CPU time of a process, and of the children that it has waited for")
{
	const uint64_t before_us = proc_cpu_us(getpid());
	uint64_t after_us;
	pid_t child = fork();

	while (child == 0 && proc_cpu_us(getpid()) < 100000)
		;
	if (child == 0)
		_exit(0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	after_us = proc_cpu_us(getpid());
	assert_true(before_us > 0);
	assert_true(after_us >= before_us + 80000); // to two ticks
	assert_int_equal(proc_cpu_us(child), 0);    // it is gone
}

CASE("reuse: what has left its test's group, and holds nothing of it, is found and killed before the next test")
{
	struct lab l;

	lab_init(&l);
	lab_script(
	        &l, "a.sh",
	        "root=$(sed -n 's/^[^ ]* \\([^ ]*\\) cgroup2 .*/\\1/p' /proc/mounts | head -n 1)\n"
	        "setsid sh -c 'if echo $$ >\"$0/cgroup.procs\"; then : >\"$TMPDIR/moved\"; exec sleep 71.011; fi; "
	        ": >\"$TMPDIR/refused\"' \"$root\" >/dev/null 2>&1 3>&- &\n"
	        "until [ -e \"$TMPDIR/moved\" ]; do [ ! -e \"$TMPDIR/refused\" ] || exit 77; sleep 0.01; done");
	lab_script(&l, "b.sh", "! grep -qs '71[.]01[1]' /proc/[0-9]*/cmdline");
	lab_run(&l);
	lab_expect(&l, "b.sh", VERDICT_PASSED, "exit status 0");
	if (lab_result(&l, "a.sh")->verdict == VERDICT_SKIPPED) {
		lab_deinit(&l);
		harness_skip("the root of cgroup v2 takes no process of ours");
		return;
	}
	lab_expect(&l, "a.sh", VERDICT_LEAKED, "sleep 71.011");
	lab_deinit(&l);
}

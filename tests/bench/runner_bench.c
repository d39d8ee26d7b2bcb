// What one test costs beyond its process: N times /bin/true by the runner, beside a bare loop of posix_spawn and
// waitpid, in turns in one run: runner_bench [--quick | --long N | --flat N]. The ratio of the medians is the
// figure that counts. "lean" has capture, timers, sampling, rlimits, a v2 group and the journal; "usual" limits of
// memory and processes as well, which here may be v1 controllers; "two workers" are two lean ones at a time,
// beside two bare loops at a time, since two cores need not be twice as fast as one. "of 20 ms" are tests that
// sleep so long: our own share is the CPU time of the runner itself in theirs, beyond what a bare loop takes that
// starts them. runner_bench
// --long N is that alone; runner_bench --flat N runs N tests once and prints the runner's highest RSS.
#include "clock.h"
#include "io.h"
#include "runner.h"

#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUND_TESTS 100
#define ROUNDS 10
#define VARIANTS 3
#define LONG_TESTS 200
#define FLAT_GOAL_KIB (64 * 1024)

extern char **environ;

static const struct variant {
	const char *name;
	uint64_t memory_bytes, files;
	uint64_t procs;
	unsigned workers;
	double goal; // at most so many times the bare loop
} variants[VARIANTS] = {
	{ "lean", UINT64_MAX, 1000, 0, 1, 1.25 },
	{ "usual", 0, 0, 4096, 1, 1.5 },
	{ "two workers", UINT64_MAX, 1000, 0, 2, 1.25 / 1.7 },
};

struct bench {
	char dir[64];
	struct suite suite;
	uint64_t first_ns, last_ns; // of one run: from the first test's start to the last one's end
	double cpu_us, last_cpu_us; // ours then
	long first_kib;
};

static double own_cpu_us(void)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	return (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1e6 +
	       (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec);
}

static long highest_rss_kib(void)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	return ru.ru_maxrss;
}

static void on_started(void *arg, size_t position, size_t total, const struct suite_test *t)
{
	struct bench *b = arg;

	(void)total;
	(void)t;
	if (position == 0 && b->first_ns == 0) {
		b->first_ns = clock_now_ns();
		b->cpu_us = own_cpu_us();
		b->first_kib = highest_rss_kib();
	}
}

static void on_ended(void *arg, size_t position, size_t total, const struct suite_test *t, const struct result *r)
{
	struct bench *b = arg;

	(void)position;
	(void)total;
	if (r->verdict != VERDICT_PASSED)
		fprintf(stderr, "%s: %s\n", t->id, r->evidence);
	b->last_ns = clock_now_ns();
	b->last_cpu_us = own_cpu_us();
}

static void spawn_loop(char *program, int count)
{
	char *const argv[] = { program, NULL };

	for (int i = 0; i < count; i++) {
		pid_t pid;

		if (posix_spawn(&pid, program, NULL, NULL, argv, environ) == 0)
			while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
				;
	}
}

static double spawn_loop_us(void)
{
	const uint64_t before = clock_now_ns();

	spawn_loop((char[]){ "/bin/true" }, ROUND_TESTS);
	return (double)(clock_now_ns() - before) / 1e3 / ROUND_TESTS;
}

// A negative number when the run failed.
static double runner_us(struct bench *b, const struct variant *v, int round)
{
	struct runner_config c = { .suite = &b->suite,
		                   .memory_bytes = v->memory_bytes,
		                   .limits = { .files = v->files, .procs = v->procs },
		                   .workers = v->workers,
		                   .hooks = { .started = on_started, .ended = on_ended, .arg = b } };
	struct runner_summary summary;
	struct err e = { "" };
	char run_dir[128];
	int rc;

	snprintf(run_dir, sizeof run_dir, "%s/run-%s-%d", b->dir, v->name, round);
	c.run_dir = run_dir;
	b->first_ns = 0;
	rc = runner_run(&c, &summary, &e);
	if (rc < 0)
		fprintf(stderr, "%s\n", e.text);
	return rc < 0 ? -1 : (double)(b->last_ns - b->first_ns) / 1e3 / (double)b->suite.count;
}

// Two bare loops at a time.
static double two_loops_us(void)
{
	const uint64_t before = clock_now_ns();
	pid_t child = fork();

	spawn_loop_us();
	if (child == 0)
		_exit(0);
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return (double)(clock_now_ns() - before) / 1e3 / (2.0 * ROUND_TESTS);
}

// `count` tests, each a link to /bin/true, or a script.
static int make_suite(struct bench *b, const char *name, int count, const char *script)
{
	char path[128];
	struct err e = { "" };

	snprintf(path, sizeof path, "%s/%s", b->dir, name);
	if (mkdir(path, 0777) < 0)
		return -errno;
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof path, "%s/%s/%06d", b->dir, name, i);
		if (script == NULL && symlink("/bin/true", path) < 0)
			return -errno;
		if (script != NULL &&
		    (io_replace_file(path, script, strlen(script), &e) < 0 || chmod(path, 0755) < 0))
			return -EIO;
	}
	snprintf(path, sizeof path, "%s/%s", b->dir, name);
	suite_deinit(&b->suite);
	if (suite_load(path, &b->suite, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		return -EINVAL;
	}
	return 0;
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a;
	const double y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, int count)
{
	qsort(values, (size_t)count, sizeof *values, by_value);
	return values[count / 2];
}

// The runner's own CPU time for tests that last 20 ms.
static int bench_long(struct bench *b, int count)
{
	int rc = make_suite(b, "long", count, "#!/bin/sh\nexec sleep 0.02\n");
	double us, own_us, bare_us;
	char path[128];

	if (rc < 0)
		return rc;
	us = runner_us(b, &variants[0], ROUNDS);
	if (us < 0)
		return -EIO;
	own_us = (b->last_cpu_us - b->cpu_us) / count;
	snprintf(path, sizeof path, "%s/long/000000", b->dir);
	bare_us = own_cpu_us();
	spawn_loop(path, count);
	bare_us = (own_cpu_us() - bare_us) / count;
	printf("%-24s%8.1f us a test, of which the runner computes %.1f, a bare loop %.1f; the difference is %.2f %% "
	       "(goal: below 1)\n",
	       "of 20 ms", us, own_us, bare_us, (own_us - bare_us) * 100 / us);
	return 0;
}

static int bench_flat(struct bench *b, int count)
{
	int rc = make_suite(b, "flat", count, NULL);
	double us;

	if (rc < 0)
		return rc;
	us = runner_us(b, &variants[0], 0);
	printf("%d tests, %.1f us each; the runner held %ld KiB at most (goal: below %d), %ld before the first test\n",
	       count, us, highest_rss_kib(), FLAT_GOAL_KIB, b->first_kib);
	return us < 0 ? -EIO : 0;
}

static void print_rounds(double *bare, double *two, double ours[VARIANTS][ROUNDS], int rounds)
{
	const double x = median(bare, rounds), x2 = median(two, rounds);
	double y[VARIANTS];

	printf("%d x /bin/true, medians of %d rounds in turns\n", rounds * ROUND_TESTS, rounds);
	printf("%-24s%8.1f us a test\n", "posix_spawn + waitpid", x);
	printf("%-24s%8.1f us a test, %.2f times as fast\n", "two of these", x2, x / x2);
	for (int v = 0; v < VARIANTS; v++) {
		y[v] = median(ours[v], rounds);
		printf("%-24s%8.1f us a test, %.2f times (goal: at most %.2f)\n", variants[v].name, y[v], y[v] / x,
		       variants[v].goal);
	}
	printf("two workers are %.2f times as fast as one (goal: 1.7), two bare loops %.2f times\n", y[0] / y[2],
	       x / x2);
}

int main(int argc, char **argv)
{
	const int rounds = argc > 1 && strcmp(argv[1], "--quick") == 0 ? 1 : ROUNDS;
	const int flat = argc > 2 && strcmp(argv[1], "--flat") == 0 ? atoi(argv[2]) : 0;
	const int tests_of_20_ms = argc > 2 && strcmp(argv[1], "--long") == 0 ? atoi(argv[2]) : 0;
	double bare[ROUNDS], two[ROUNDS], ours[VARIANTS][ROUNDS];
	const char *temp = getenv("TMPDIR"); // on a tmpfs the disk's share is left out
	struct bench b = { 0 };
	int rc;

	snprintf(b.dir, sizeof b.dir, "%.40s/runner_bench-XXXXXX", temp != NULL ? temp : "/tmp");
	rc = mkdtemp(b.dir) == NULL ? -errno : 0;
	if (rc == 0 && flat > 0) {
		rc = bench_flat(&b, flat);
		goto out;
	}
	if (rc == 0 && tests_of_20_ms > 0) {
		rc = bench_long(&b, tests_of_20_ms);
		goto out;
	}
	if (rc == 0)
		rc = make_suite(&b, "suite", ROUND_TESTS, NULL);
	for (int i = 0; i < rounds && rc == 0; i++) {
		bare[i] = spawn_loop_us();
		two[i] = two_loops_us();
		for (int v = 0; v < VARIANTS && rc == 0; v++) {
			ours[v][i] = runner_us(&b, &variants[v], i);
			rc = ours[v][i] < 0 ? -EIO : 0;
		}
	}
	if (rc == 0)
		print_rounds(bare, two, ours, rounds);
	if (rc == 0)
		rc = bench_long(&b, rounds > 1 ? LONG_TESTS : LONG_TESTS / 10);
out:
	suite_deinit(&b.suite);
	io_remove_tree(b.dir);
	return rc == 0 ? 0 : 1;
}

// What one test costs beyond its process: N times /bin/true by the runner, beside a bare loop of posix_spawn and
// waitpid, in turns in one run: runner_bench [--quick | --short | --long N | --flat N]. The ratio of the medians
// is the figure that counts. "lean" has capture, timers, sampling, rlimits, a v2 group and the journal; "usual"
// limits of memory and processes as well, which here may be v1 controllers; "two workers" are two lean ones at a
// time, beside two bare loops at a time, since two cores need not be twice as fast as one. Beside the time stand
// the CPU time of the runner's own process (all its threads; a child's begins with its clone), that of its tests,
// and how often the runner's threads were switched. "of 20 ms" are tests that sleep so long, one after another, in
// turns with the bare loop. Whoever starts them at all pays what the loop pays, so our own share is the difference
// between the runner's figure and the loop's, divided by the time of a test under the runner: once of the CPU time
// of the two processes, once of the time on the clock, which also has what we wait for (the disk). runner_bench
// --long N is N of them alone, --short none; runner_bench --flat N runs N tests once and prints the runner's
// highest RSS.
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
#define LONG_TESTS 400
#define LONG_VARIANTS 2 // lean and usual
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

// What has been used until now, or of it what was used since; in the end for each test.
struct cost {
	double wall_us, own_us, theirs_us, switches;
};

struct bench {
	char dir[64];
	struct suite suite;
	bool begun;
	struct cost first, last; // of one run: at the first test's start and the last one's end
	long first_kib;
};

static double cpu_us(const struct rusage *ru)
{
	return (double)(ru->ru_utime.tv_sec + ru->ru_stime.tv_sec) * 1e6 +
	       (double)(ru->ru_utime.tv_usec + ru->ru_stime.tv_usec);
}

static struct cost cost_now(void)
{
	struct rusage own, theirs;

	getrusage(RUSAGE_SELF, &own);
	getrusage(RUSAGE_CHILDREN, &theirs);
	return (struct cost){ (double)clock_now_ns() / 1e3, cpu_us(&own), cpu_us(&theirs),
		              (double)(own.ru_nvcsw + own.ru_nivcsw) };
}

static struct cost cost_since(const struct cost *from, const struct cost *to, size_t tests)
{
	const double n = (double)tests;

	return (struct cost){ (to->wall_us - from->wall_us) / n, (to->own_us - from->own_us) / n,
		              (to->theirs_us - from->theirs_us) / n, (to->switches - from->switches) / n };
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
	if (position == 0 && !b->begun) {
		b->begun = true;
		b->first_kib = highest_rss_kib();
		b->first = cost_now();
	}
}

static void on_ended(void *arg, size_t position, size_t total, const struct suite_test *t, const struct result *r)
{
	struct bench *b = arg;

	if (r->verdict != VERDICT_PASSED)
		fprintf(stderr, "%s: %s\n", t->id, r->evidence);
	if (position + 1 == total) // else this would be measured as well
		b->last = cost_now();
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

static struct cost bare_cost(char *program, int count)
{
	const struct cost before = cost_now();
	struct cost after;

	spawn_loop(program, count);
	after = cost_now();
	return cost_since(&before, &after, (size_t)count);
}

// Two bare loops at a time; the second one's own time counts as a child's.
static struct cost two_bare_cost(char *program, int count)
{
	const struct cost before = cost_now();
	struct cost after;
	pid_t child = fork();

	spawn_loop(program, count);
	if (child == 0)
		_exit(0);
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	after = cost_now();
	return cost_since(&before, &after, 2 * (size_t)count);
}

// 0, or -errno when the run failed.
static int runner_cost(struct bench *b, const struct variant *v, int round, struct cost *out)
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
	b->begun = false;
	rc = runner_run(&c, &summary, &e);
	if (rc < 0)
		fprintf(stderr, "%s\n", e.text);
	*out = cost_since(&b->first, &b->last, b->suite.count);
	return rc;
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

static double median(const double *first, int count)
{
	const size_t stride = sizeof(struct cost) / sizeof *first;
	double values[ROUNDS];

	for (int i = 0; i < count; i++)
		values[i] = first[(size_t)i * stride];
	qsort(values, (size_t)count, sizeof *values, by_value);
	return values[count / 2];
}

// Of each column by itself.
static struct cost median_cost(const struct cost *rounds, int count)
{
	return (struct cost){ median(&rounds->wall_us, count), median(&rounds->own_us, count),
		              median(&rounds->theirs_us, count), median(&rounds->switches, count) };
}

static void print_cost(const char *name, const struct cost *c, const char *end)
{
	printf("%-24s%9.1f%11.1f%12.1f%10.2f%s", name, c->wall_us, c->own_us, c->theirs_us, c->switches, end);
}

static void print_heading(const char *what, int rounds)
{
	printf("%s, medians of %d rounds in turns\n", what, rounds);
	printf("%-24s%9s%11s%12s%10s\n", "us a test", "time", "own CPU", "tests' CPU", "switches");
}

static void print_share(const char *name, struct cost y, const struct cost *bare)
{
	char end[96];

	snprintf(end, sizeof end, "  our own share: %.2f %% by CPU time (goal: below 1), %.2f %% by the clock\n",
	         (y.own_us - bare->own_us) * 100 / y.wall_us, (y.wall_us - bare->wall_us) * 100 / y.wall_us);
	print_cost(name, &y, end);
}

// Our own share of tests that last 20 ms.
static int bench_long(struct bench *b, int count, int rounds)
{
	int rc = make_suite(b, "long", count / rounds, "#!/bin/sh\nexec sleep 0.02\n");
	struct cost bare[ROUNDS], ours[LONG_VARIANTS][ROUNDS], x;
	char path[128], what[64];

	snprintf(path, sizeof path, "%s/long/000000", b->dir);
	for (int i = 0; i < rounds && rc == 0; i++) {
		bare[i] = bare_cost(path, count / rounds);
		for (int v = 0; v < LONG_VARIANTS && rc == 0; v++)
			rc = runner_cost(b, &variants[v], ROUNDS + i, &ours[v][i]);
	}
	if (rc < 0)
		return rc;
	x = median_cost(bare, rounds);
	snprintf(what, sizeof what, "%d tests of 20 ms", count / rounds * rounds);
	print_heading(what, rounds);
	print_cost("posix_spawn + waitpid", &x, "\n");
	for (int v = 0; v < LONG_VARIANTS; v++)
		print_share(variants[v].name, median_cost(ours[v], rounds), &x);
	return 0;
}

static int bench_flat(struct bench *b, int count)
{
	int rc = make_suite(b, "flat", count, NULL);
	struct cost c = { 0 };

	if (rc == 0)
		rc = runner_cost(b, &variants[0], 0, &c);
	if (rc == 0)
		printf("%d tests, %.1f us each; the runner held %ld KiB at most (goal: below %d), %ld before the "
		       "first test\n",
		       count, c.wall_us, highest_rss_kib(), FLAT_GOAL_KIB, b->first_kib);
	return rc;
}

static void print_rounds(const struct cost *bare, const struct cost *two, struct cost ours[VARIANTS][ROUNDS],
                         int rounds)
{
	const struct cost x = median_cost(bare, rounds), x2 = median_cost(two, rounds);
	struct cost y[VARIANTS];
	char end[64], what[64];

	snprintf(what, sizeof what, "%d x /bin/true", rounds * ROUND_TESTS);
	print_heading(what, rounds);
	print_cost("posix_spawn + waitpid", &x, "\n");
	print_cost("two of these", &x2, "\n");
	for (int v = 0; v < VARIANTS; v++) {
		y[v] = median_cost(ours[v], rounds);
		snprintf(end, sizeof end, "  %.2f times (goal: at most %.2f)\n", y[v].wall_us / x.wall_us,
		         variants[v].goal);
		print_cost(variants[v].name, &y[v], end);
	}
	printf("two workers are %.2f times as fast as one (goal: 1.7), two bare loops %.2f times\n",
	       y[0].wall_us / y[2].wall_us, x.wall_us / x2.wall_us);
}

static int bench_short(struct bench *b, int rounds)
{
	int rc = make_suite(b, "suite", ROUND_TESTS, NULL);
	struct cost bare[ROUNDS], two[ROUNDS], ours[VARIANTS][ROUNDS];
	char program[] = "/bin/true";

	for (int i = 0; i < rounds && rc == 0; i++) {
		bare[i] = bare_cost(program, ROUND_TESTS);
		two[i] = two_bare_cost(program, ROUND_TESTS);
		for (int v = 0; v < VARIANTS && rc == 0; v++)
			rc = runner_cost(b, &variants[v], i, &ours[v][i]);
	}
	if (rc == 0)
		print_rounds(bare, two, ours, rounds);
	return rc;
}

int main(int argc, char **argv)
{
	const int rounds = argc > 1 && strcmp(argv[1], "--quick") == 0 ? 1 : ROUNDS;
	const int flat = argc > 2 && strcmp(argv[1], "--flat") == 0 ? atoi(argv[2]) : 0;
	const bool only_short = argc > 1 && strcmp(argv[1], "--short") == 0;
	const int tests_of_20_ms = argc > 2 && strcmp(argv[1], "--long") == 0 ? atoi(argv[2]) : 0;
	const char *temp = getenv("TMPDIR"); // on a tmpfs the disk's share is left out
	struct bench b = { 0 };
	int rc;

	snprintf(b.dir, sizeof b.dir, "%.40s/runner_bench-XXXXXX", temp != NULL ? temp : "/tmp");
	rc = mkdtemp(b.dir) == NULL ? -errno : 0;
	if (rc == 0 && flat > 0)
		rc = bench_flat(&b, flat);
	if (rc == 0 && flat == 0 && tests_of_20_ms == 0)
		rc = bench_short(&b, rounds);
	if (rc == 0 && flat == 0 && !only_short)
		rc = bench_long(&b, tests_of_20_ms > ROUNDS ? tests_of_20_ms : LONG_TESTS / ROUNDS * rounds,
		                rounds);
	suite_deinit(&b.suite);
	io_remove_tree(b.dir);
	return rc == 0 ? 0 : 1;
}

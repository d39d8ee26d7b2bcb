// What one test costs beyond its process: N times /bin/true by the runner, beside a bare loop of posix_spawn and
// waitpid, in turns in one run: runner_bench [--quick]. The ratio of the medians is the figure that counts. "lean"
// has capture, timers, sampling, rlimits, a v2 group and the journal; "usual" a memory limit as well, which here
// may be a v1 controller; "two workers" are two usual ones at a time.
#include "clock.h"
#include "io.h"
#include "runner.h"

#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUND_TESTS 100
#define ROUNDS 10
#define VARIANTS 3

extern char **environ;

static const struct variant {
	const char *name;
	uint64_t memory_bytes, files;
	unsigned workers;
	double goal; // at most so many times the bare loop
} variants[VARIANTS] = {
	{ "lean", UINT64_MAX, 1000, 1, 1.25 },
	{ "usual", 0, 0, 1, 1.5 },
	{ "two workers", 0, 0, 2, 1.5 / 1.7 },
};

struct bench {
	char dir[64];
	struct suite suite;
	uint64_t first_ns, last_ns; // of one run: from the first test's start to the last one's end
};

static void on_started(void *arg, size_t position, size_t total, const struct suite_test *t)
{
	struct bench *b = arg;

	(void)total;
	(void)t;
	if (position == 0 && b->first_ns == 0)
		b->first_ns = clock_now_ns();
}

static void on_ended(void *arg, size_t position, size_t total, const struct suite_test *t, const struct result *r)
{
	struct bench *b = arg;

	(void)position;
	(void)total;
	if (r->verdict != VERDICT_PASSED)
		fprintf(stderr, "%s: %s\n", t->id, r->evidence);
	b->last_ns = clock_now_ns();
}

static double spawn_loop_us(void)
{
	char *const argv[] = { (char[]){ "/bin/true" }, NULL };
	const uint64_t before = clock_now_ns();

	for (int i = 0; i < ROUND_TESTS; i++) {
		pid_t pid;

		if (posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ) == 0)
			while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
				;
	}
	return (double)(clock_now_ns() - before) / 1e3 / ROUND_TESTS;
}

// A negative number when the run failed.
static double runner_us(struct bench *b, const struct variant *v, int round)
{
	struct runner_config c = { .suite = &b->suite,
		                   .memory_bytes = v->memory_bytes,
		                   .limits = { .files = v->files },
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
	return rc < 0 ? -1 : (double)(b->last_ns - b->first_ns) / 1e3 / ROUND_TESTS;
}

static int make_suite(struct bench *b)
{
	char path[128];
	struct err e = { "" };

	snprintf(b->dir, sizeof b->dir, "/tmp/runner_bench-XXXXXX");
	if (mkdtemp(b->dir) == NULL)
		return -errno;
	snprintf(path, sizeof path, "%s/suite", b->dir);
	if (mkdir(path, 0777) < 0)
		return -errno;
	for (int i = 0; i < ROUND_TESTS; i++) {
		snprintf(path, sizeof path, "%s/suite/%03d", b->dir, i);
		if (symlink("/bin/true", path) < 0)
			return -errno;
	}
	snprintf(path, sizeof path, "%s/suite", b->dir);
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

int main(int argc, char **argv)
{
	const int rounds = argc > 1 && strcmp(argv[1], "--quick") == 0 ? 1 : ROUNDS;
	double bare[ROUNDS], ours[VARIANTS][ROUNDS];
	struct bench b = { .first_ns = 0 };
	int rc = make_suite(&b);

	for (int i = 0; i < rounds && rc == 0; i++) {
		bare[i] = spawn_loop_us();
		for (int v = 0; v < VARIANTS && rc == 0; v++) {
			ours[v][i] = runner_us(&b, &variants[v], i);
			rc = ours[v][i] < 0 ? -EIO : 0;
		}
	}
	if (rc == 0) {
		const double x = median(bare, rounds);

		printf("%d x /bin/true, medians of %d rounds in turns\n", rounds * ROUND_TESTS, rounds);
		printf("%-24s%8.1f us a test\n", "posix_spawn + waitpid", x);
		for (int v = 0; v < VARIANTS; v++) {
			const double y = median(ours[v], rounds);

			printf("%-24s%8.1f us a test, %.2f times (goal: at most %.2f)\n", variants[v].name, y,
			       y / x, variants[v].goal);
		}
	}
	suite_deinit(&b.suite);
	io_remove_tree(b.dir);
	return rc == 0 ? 0 : 1;
}

// How fast the generator is: random programs in one language, and the whole catalogue in all languages:
// gen_bench [--quick]. Files are written to a directory below $TMPDIR, which is removed.
#include "clock.h"
#include "gen.h"
#include "io.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define PROGRAMS 10000U
// issue: "10,000 random programs in one dialect in under 10 s and under 200 MB; the whole catalogue in all
// dialects in under 1 s"
#define GOAL_RANDOM_S 10.0
#define GOAL_RANDOM_MB 200.0
#define GOAL_CATALOGUE_S 1.0

static double generate(struct gen_config *c)
{
	struct err e = { 0 };
	uint64_t before = clock_now_ns();

	if (gen_suite(c, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		exit(1);
	}
	return (double)(clock_now_ns() - before) / 1e9;
}

static double peak_mb(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_maxrss / 1024.0;
}

// All targets of the dialects that are files of their own (an abstract one is none).
static size_t load_targets(const char *pattern, struct gen_target **targets, struct dialect ***dialects)
{
	size_t count = 0, loaded = 0;
	glob_t files = { 0 };

	glob(pattern, 0, NULL, &files);
	*targets = calloc(files.gl_pathc * 8 + 1, sizeof **targets);
	*dialects = calloc(files.gl_pathc + 1, sizeof **dialects);
	for (size_t i = 0; *targets != NULL && *dialects != NULL && i < files.gl_pathc; i++) {
		struct dialect *d;
		if (dialect_load(files.gl_pathv[i], &d, NULL) < 0)
			continue;
		(*dialects)[loaded++] = d;
		for (size_t t = 0; t < dialect_target_count(d) && t < 8; t++)
			(*targets)[count++] =
			        (struct gen_target){ .dialect = d, .name = dialect_target_name(d, t) };
	}
	globfree(&files);
	return count;
}

static void random_programs(const char *dir, const struct gen_target *lua, uint64_t programs)
{
	struct gen_config c = { .targets = lua,
		                .target_count = 1,
		                .random_count = programs,
		                .out_dir = dir,
		                .seed = 42,
		                .depth = 10000,
		                .generator = "stressgen bench" };
	double s = generate(&c), mb = peak_mb();

	printf("random programs   %7.0f /s  %6.2f s for %llu, peak %.0f MB  (goal: %u in %.0f s and %.0f MB)\n",
	       (double)programs / s, s, (unsigned long long)programs, mb, PROGRAMS, GOAL_RANDOM_S, GOAL_RANDOM_MB);
}

static void catalogue(const char *dir, struct gen_target *targets, size_t count)
{
	glob_t kernels = { 0 };
	struct gen_config c = { .targets = targets,
		                .target_count = count,
		                .out_dir = dir,
		                .seed = 42,
		                .depth = 10000,
		                .generator = "stressgen bench" };

	glob(SG_SOURCE_DIR "/gen/kernels/*/*.kernel", 0, NULL, &kernels);
	c.kernels = (const char *const *)kernels.gl_pathv;
	c.kernel_count = kernels.gl_pathc;
	double s = generate(&c);
	printf("whole catalogue   %zu kernels for %zu targets in %.2f s  (goal: %.0f s)\n", kernels.gl_pathc,
	       count, s, GOAL_CATALOGUE_S);
	globfree(&kernels);
}

int main(int argc, char **argv)
{
	bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
	const char *temp = getenv("TMPDIR");
	struct dialect **dialects;
	struct gen_target *targets;
	char dir[256], *sub;
	size_t count = load_targets(SG_SOURCE_DIR "/gen/dialects/*.dialect", &targets, &dialects), lua = 0;

	snprintf(dir, sizeof dir, "%s/stressgen-bench-XXXXXX", temp != NULL ? temp : "/tmp");
	if (mkdtemp(dir) == NULL || count == 0) {
		perror(dir);
		return 1;
	}
	while (lua + 1 < count && strcmp(targets[lua].name, "lua@malloc") != 0)
		lua++;
	sub = io_join(dir, "random");
	random_programs(sub, &targets[lua], quick ? 100 : PROGRAMS);
	free(sub);
	sub = io_join(dir, "catalogue");
	catalogue(sub, targets, count);
	free(sub);
	io_remove_tree(dir);
	for (size_t i = 0; dialects[i] != NULL; i++)
		dialect_free(dialects[i]);
	free(dialects);
	free(targets);
	return 0;
}

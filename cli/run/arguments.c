// What the arguments of `run` and `ab` name: a suite, an earlier run's suite, single files, or one command.
#include "command.h"
#include "pipeline.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_directory(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

// Its program is one of ours, but by its path: so that the instrumentation and the malloc get to the service, too.
static int service(struct pipeline *j, struct err *e)
{
	const struct opt_set *o = &j->app->opts;
	const char *given[] = { opt_text(o, "serve"), opt_text(o, "ready"), opt_text(o, "load") };
	char numbers[3][24];
	char *words[] = { j->app->paths.serve,
		          (char *)(uintptr_t)given[0],
		          (char *)(uintptr_t)given[1],
		          (char *)(uintptr_t)given[2],
		          numbers[0],
		          numbers[1],
		          numbers[2],
		          j->app->paths.bin };

	if (given[1] == NULL || given[2] == NULL)
		return err_set(
		        e, EINVAL,
		        "--serve needs --ready PORT or REGEX and --load COMMAND: when is it ready, and what loads it?");
	if (o->rest != NULL || o->arg_count > 0)
		return err_set(e, EINVAL, "give a service, or tests, not both");
	snprintf(numbers[0], sizeof numbers[0], "%llu", (unsigned long long)opt_number(o, "warmup"));
	snprintf(numbers[1], sizeof numbers[1], "%llu", (unsigned long long)opt_number(o, "settle"));
	snprintf(numbers[2], sizeof numbers[2], "%llu", (unsigned long long)opt_number(o, "grace"));
	return pipeline_command(j, words, sizeof words / sizeof words[0], e);
}

// Without arguments: the suite that `gen` writes here; else, for what failed or was skipped in a run, that run's.
static const char *nothing_named(const struct opt_set *o)
{
	const bool of_a_run = opt_flag(o, "last-failed") || opt_flag(o, "only-skipped");

	if (!of_a_run || is_directory(SG_SUITE_DIR))
		return SG_SUITE_DIR;
	if (opt_text(o, "last") != NULL)
		return opt_text(o, "last");
	return is_directory(SG_LATEST) ? SG_LATEST : SG_SUITE_DIR;
}

// A program that was typed and is not there is no test that has failed. In a container it is the image's affair.
static int check_program(const struct pipeline *j, const char *name, struct err *e)
{
	char *found;
	struct stat st;

	if (strchr(name, '{') != NULL || pipeline_contained(&j->app->opts))
		return 0;
	found = command_find(name);
	if (found != NULL) {
		free(found);
		return 0;
	}
	if (strchr(name, '/') == NULL || stat(name, &st) < 0)
		return err_set(e, ENODEV, "program not found: %s", name);
	if (S_ISDIR(st.st_mode))
		return err_set(e, EINVAL, "%s is a directory, no program; a suite is run by: stressgen run %s",
		               name, name);
	return err_set(e, EINVAL, "%s cannot be executed; chmod +x, or write its interpreter in front of it",
	               name);
}

static int one_command(struct pipeline *j, struct err *e)
{
	const struct opt_set *o = &j->app->opts;
	int r = pipeline_command(j, o->rest, o->rest_count, e);

	return r == 0 ? check_program(j, o->rest[0], e) : r;
}

int pipeline_arguments(struct pipeline *j, struct err *e)
{
	const struct opt_set *o = &j->app->opts;
	const char *first = o->arg_count > 0 ? o->args[0] : nothing_named(o);

	if (opt_text(o, "serve") != NULL)
		return service(j, e);
	if (o->rest != NULL && o->arg_count > 0)
		return err_set(e, EINVAL, "give a suite, or a command behind '--', not both");
	if (o->rest != NULL)
		return one_command(j, e);
	if (o->arg_count == 0 && !is_directory(first))
		return err_set(e, EINVAL,
		               "which suite? There is no %s here; try: stressgen run DIR (a suite, or an earlier "
		               "run), or stressgen gen first",
		               first);
	if (o->arg_count > 1 || !is_directory(first))
		return pipeline_files(j, ".", o->args, o->arg_count, e);
	return pipeline_load(j, first, e);
}

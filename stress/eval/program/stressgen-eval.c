// stressgen-eval: runs kernels on a slab pool of the caller's choice.
#include "eval_host.h"
#include "layout.h"
#include "pooled.h"
#include "verdict.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PROGRAM "stressgen-eval"

static const char usage_text[] =
        "usage: stressgen-eval [--pool NAME] [--capacity BYTES] [options] FILE [NAME=VALUE ...]\n"
        "       stressgen-eval --measure FILE...\n"
        "\n"
        "Runs a kernel (docs/kernels.md) with heap and calls on a slab pool. NAME=VALUE sets a parameter.\n"
        "\n"
        "  --pool NAME            the pool's policy (default: malloc); '--pool list' prints them\n"
        "  --capacity BYTES       the size of each slab, e.g. 512K or 16M, for policies with a fixed one\n"
        "  --mark PERCENT         slab-gc: how full is full enough for a collection (default: 75)\n"
        "  --gc-threshold BYTES   new objects between two collections, at least (default: 1M); after a\n"
        "                         collection that left more than this, as much as that\n"
        "  --collect-on-pressure  a full slab is answered by a collection, and only then is the end\n"
        "  --arena-per-level      what a call has made goes when it returns, where nothing can refer to it\n"
        "  --escape-analysis on|off\n"
        "                         pairs and boxes that do not escape live among the variables of their call\n"
        "                         (default: off)\n"
        "  --measure              prints the most memory that each file had in use on the pool slab-fixed,\n"
        "                         as \"BYTES FILE\", then \"BYTES maximum\"\n"
        "  -h, --help             this text\n"
        "\n"
        "Exit status: 0; 1 when the kernel failed or ran out of memory; 2 for wrong usage, or a file that is no "
        "kernel.\n";

struct options {
	struct eval_job job;
	const char *pool, *capacity, *mark, *threshold, *escape;
	bool measure, help;
	int first; // argv index of the first word that is no option
};

// Whether the word is an option without a value.
static bool take_flag(struct options *o, const char *word)
{
	struct {
		const char *name;
		bool *flag;
	} flags[] = {
		{ "--collect-on-pressure", &o->job.collect_on_pressure },
		{ "--arena-per-level", &o->job.arena_per_level },
		{ "--measure", &o->measure },
		{ "--help", &o->help },
		{ "-h", &o->help },
	};

	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
		if (strcmp(flags[i].name, word) == 0) {
			*flags[i].flag = true;
			return true;
		}
	return false;
}

static int parse(int argc, char **argv, struct options *o, struct err *e)
{
	struct {
		const char *name;
		const char **value;
	} values[] = {
		{ "--pool", &o->pool },
		{ "--capacity", &o->capacity },
		{ "--mark", &o->mark },
		{ "--gc-threshold", &o->threshold },
		{ "--escape-analysis", &o->escape },
	};
	int i = 1, rc;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (take_flag(o, argv[i]))
			continue;
		rc = 0;
		for (size_t v = 0; rc == 0 && v < sizeof values / sizeof values[0]; v++)
			rc = pooled_take_value(PROGRAM, argv, &i, values[v].name, values[v].value, e);
		if (rc < 0)
			return rc;
		if (rc == 0)
			return err_set(e, EINVAL, "unknown option '%s'; see " PROGRAM " --help", argv[i]);
	}
	o->first = i;
	return 0;
}

static int fill_job(int argc, char **argv, struct options *o, struct err *e)
{
	int rc = pooled_read_bytes(PROGRAM, "--capacity", o->capacity, &o->job.capacity_bytes, e);

	if (rc == 0)
		rc = pooled_read_mark(PROGRAM, o->mark, &o->job.mark_percent, e);
	if (rc == 0)
		rc = pooled_read_bytes(PROGRAM, "--gc-threshold", o->threshold, &o->job.gc_threshold, e);
	if (rc < 0)
		return rc;
	o->job.policy = pool_policy_find(o->pool != NULL ? o->pool : "malloc", e);
	if (o->job.policy == NULL)
		return -EINVAL;
	if (o->escape != NULL && strcmp(o->escape, "on") != 0 && strcmp(o->escape, "off") != 0)
		return err_set(e, EINVAL, "--escape-analysis is 'on' or 'off', not '%s'", o->escape);
	o->job.escape_analysis = o->escape != NULL && strcmp(o->escape, "on") == 0;
	if (o->first >= argc)
		return err_set(e, EINVAL, "which kernel? " PROGRAM " FILE; see " PROGRAM " --help");
	o->job.file = argv[o->first];
	o->job.params = argv + o->first + 1;
	o->job.param_count = argc - o->first - 1;
	return 0;
}

static int complain(const struct err *e, int code)
{
	fprintf(stderr, PROGRAM ": %s\n", e->text);
	return code;
}

// Far from the end of its slab, so nothing is to be told.
static int run_plenty(const char *file, uint64_t capacity_bytes, struct tele_file *telemetry)
{
	const struct eval_job job = { .policy = pool_policy_find("slab-fixed", NULL),
		                      .capacity_bytes = capacity_bytes,
		                      .file = file };

	return eval_host_run(&job, telemetry, NULL);
}

static int measure(int argc, char **argv, const struct options *o)
{
	struct err e = { 0 };

	if (o->pool != NULL || o->capacity != NULL)
		err_set(&e, EINVAL, "--measure goes with files alone: it has a pool of its own");
	else if (o->first >= argc)
		err_set(&e, EINVAL, "--measure: which files?");
	if (e.text[0] != '\0')
		return complain(&e, SG_EXIT_USAGE);
	if (pooled_measure(PROGRAM, run_plenty, argv + o->first, argc - o->first, &e) < 0)
		return complain(&e, SG_EXIT_TESTS);
	return SG_EXIT_OK;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	struct err e = { 0 };
	int rc;

	layout_move_heap();
	rc = parse(argc, argv, &o, &e);
	if (rc < 0)
		return complain(&e, SG_EXIT_USAGE);
	if (o.help) {
		fputs(usage_text, stdout);
		return SG_EXIT_OK;
	}
	if (o.measure)
		return measure(argc, argv, &o);
	if (o.pool != NULL && strcmp(o.pool, "list") == 0) {
		pooled_list();
		return SG_EXIT_OK;
	}
	if (fill_job(argc, argv, &o, &e) < 0)
		return complain(&e, SG_EXIT_USAGE);
	// What was printed before a crash must not be lost.
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	rc = eval_host_run(&o.job, telemetry_open(TELE_POOL, "eval", NULL), &e);
	return rc < 0 ? complain(&e, SG_EXIT_USAGE) : rc;
}

// stressgen-lua: the Lua interpreter of the tests, on a slab pool of the caller's choice.
#include "layout.h"
#include "lua_host.h"
#include "pooled.h"
#include "verdict.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PROGRAM "stressgen-lua"

static const char usage_text[] =
        "usage: stressgen-lua [--pool NAME] [--capacity BYTES] [--mark PERCENT] [--count-gc] [-e CODE] [FILE [ARGS...]]\n"
        "       stressgen-lua --measure FILE...\n"
        "\n"
        "Runs a Lua 5.4 program (FILE '-': from standard input) whose memory comes from a slab pool.\n"
        "\n"
        "  --pool NAME       the pool's policy (default: malloc); '--pool list' prints them\n"
        "  --capacity BYTES  the pool's size, e.g. 512K or 16M, for policies with a fixed one\n"
        "  --mark PERCENT    slab-gc: how full is full enough for a collection (default: 75)\n"
        "  -e CODE           runs CODE first\n"
        "  --count-gc        counts collections, for stressgen.gc_count(); the default for files whose\n"
        "                    header says '@Kind gc'\n"
        "  --measure         prints the most memory that each file had in use on the pool slab-fixed,\n"
        "                    as \"BYTES FILE\", then \"BYTES maximum\"\n"
        "  -h, --help        this text\n"
        "\n"
        "Exit status: 0; 1 when the program failed or ran out of memory; 2 for wrong usage.\n";

struct options {
	struct lua_job job;
	const char *pool, *capacity, *mark;
	bool measure, help;
	int first; // argv index of the first word that is no option
};

static int parse(int argc, char **argv, struct options *o, struct err *e)
{
	int i = 1;

	for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
		int rc;

		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if (strcmp(argv[i], "--measure") == 0) {
			o->measure = true;
			continue;
		}
		if (strcmp(argv[i], "--count-gc") == 0) {
			o->job.count_gc = true;
			continue;
		}
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
			o->help = true;
			continue;
		}
		if ((rc = pooled_take_value(PROGRAM, argv, &i, "--pool", &o->pool, e)) != 0 ||
		    (rc = pooled_take_value(PROGRAM, argv, &i, "--capacity", &o->capacity, e)) != 0 ||
		    (rc = pooled_take_value(PROGRAM, argv, &i, "--mark", &o->mark, e)) != 0 ||
		    (rc = pooled_take_value(PROGRAM, argv, &i, "-e", &o->job.code, e)) != 0) {
			if (rc < 0)
				return rc;
			continue;
		}
		return err_set(e, EINVAL, "unknown option '%s'; see stressgen-lua --help", argv[i]);
	}
	o->first = i;
	return 0;
}

static int fill_job(int argc, char **argv, struct options *o, struct err *e)
{
	int rc = pooled_read_bytes(PROGRAM, "--capacity", o->capacity, &o->job.capacity_bytes, e);

	if (rc == 0)
		rc = pooled_read_mark(PROGRAM, o->mark, &o->job.mark_percent, e);
	if (rc < 0)
		return rc;
	o->job.policy = pool_policy_find(o->pool != NULL ? o->pool : "malloc", e);
	if (o->job.policy == NULL)
		return -EINVAL;
	if (o->first < argc) {
		o->job.file = argv[o->first];
		o->job.args = argv + o->first + 1;
		o->job.arg_count = argc - o->first - 1;
	}
	if (o->job.file == NULL && o->job.code == NULL)
		return err_set(e, EINVAL,
		               "which program? stressgen-lua FILE, or -e CODE; see stressgen-lua --help");
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
	const struct lua_job job = { .policy = pool_policy_find("slab-fixed", NULL),
		                     .capacity_bytes = capacity_bytes,
		                     .file = file };

	return lua_host_run(&job, telemetry, NULL);
}

static int measure(int argc, char **argv, const struct options *o)
{
	struct err e = { 0 };

	if (o->pool != NULL || o->capacity != NULL || o->job.code != NULL)
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
	rc = lua_host_run(&o.job, telemetry_open(TELE_POOL, "lua", NULL), &e);
	return rc < 0 ? complain(&e, SG_EXIT_USAGE) : rc;
}

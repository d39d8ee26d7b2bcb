// stressgen-native: the allocator workloads, on whichever malloc the process has.
#include "bench.h"
#include "layout.h"
#include "verdict.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PROGRAM "stressgen-native"

static int complain(const struct err *e, int code)
{
	fprintf(stderr, PROGRAM ": %s\n", e->text);
	return code;
}

static void show_param(const struct workload_param *p, uint64_t def)
{
	printf("  %-12s %-10llu %s\n", p->name, (unsigned long long)def, p->help);
}

static int show_workload(const struct workload *w)
{
	printf("usage: " PROGRAM " %s%s [NAME=VALUE ...]\n\n%s.\n\n  name         default\n", w->name,
	       w->needs_file ? " TRACE" : "", w->summary);
	for (const struct workload_param *p = w->params; p != NULL && p->name != NULL; p++)
		show_param(p, p->def);
	for (unsigned i = 0; i < WORKLOAD_COMMON; i++)
		show_param(&workload_common[i], i == WORKLOAD_THREADS ? w->threads : workload_common[i].def);
	return SG_EXIT_OK;
}

static int show_all(FILE *to)
{
	const struct workload *w;

	fputs("usage: " PROGRAM " WORKLOAD [NAME=VALUE ...]\n"
	      "       " PROGRAM " WORKLOAD --help\n\n"
	      "Performs an allocator workload on this process's malloc and reports it in sample lines.\n\n",
	      to);
	for (size_t i = 0; (w = workload_at(i)) != NULL; i++)
		fprintf(to, "  %-14s %s\n", w->name, w->summary);
	fputs("\nExit status: 0; 1 when memory did not hold what was written to it, or a call was denied some;\n"
	      "2 for wrong usage.\n",
	      to);
	return to == stderr ? SG_EXIT_USAGE : SG_EXIT_OK;
}

// What is printed must not cost a block of the malloc that is measured.
static bool print(struct buf *out)
{
	static char buffer[BUFSIZ];

	setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
	fwrite(buf_text(out), 1, out->len, stdout);
	return !out->failed && fflush(stdout) == 0;
}

static int perform(const struct workload *w, const char *file, char *const *words, int count)
{
	struct bench b = { .file = file };
	struct buf out = { 0 };
	struct err e = { 0 };
	int code = SG_EXIT_USAGE;

	if (bench_configure(&b, w, words, count, &e) == 0 && bench_perform(&b, &e) == 0) {
		code = bench_report(&b, &out) ? SG_EXIT_OK : SG_EXIT_TESTS;
		buf_adds(&out, "@@ done\n");
		if (!print(&out))
			err_set(&e, EIO, "the figures cannot be written");
	}
	if (e.text[0] != '\0')
		code = complain(&e, code == SG_EXIT_USAGE ? code : SG_EXIT_TESTS);
	bench_deinit(&b);
	buf_deinit(&out);
	return code;
}

int main(int argc, char **argv)
{
	const struct workload *w = argc > 1 ? workload_find(argv[1]) : NULL;
	int first = w != NULL && w->needs_file ? 3 : 2;
	struct err e = { 0 };

	layout_move_heap();
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return show_all(stdout);
	if (argc < 2)
		return show_all(stderr);
	if (w == NULL) {
		err_set(&e, EINVAL, "no workload '%s'; " PROGRAM " --help lists them", argv[1]);
		return complain(&e, SG_EXIT_USAGE);
	}
	if (argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0))
		return show_workload(w);
	if (argc < first) {
		err_set(&e, EINVAL, "%s: which trace? " PROGRAM " %s TRACE", w->name, w->name);
		return complain(&e, SG_EXIT_USAGE);
	}
	return perform(w, first == 3 ? argv[2] : NULL, argv + first, argc - first);
}

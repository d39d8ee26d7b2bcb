// OCaml, Erlang, C, PicoLisp and valk: that the whole catalogue gives its results in each runtime that is here.
#include "harness.h"
#include "support.h"

#include "buf.h"
#include "io.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

// The suite of these kernels for one target of a dialect; its directory, to be freed.
static char *write_suite(const char *dialect, const char *target, char *const *kernels, size_t count)
{
	struct dialect *d = support_dialect(dialect);
	struct gen_target t = { .dialect = d, .name = target };
	char *dir = io_join(harness_tmpdir(), target);
	struct gen_config c = { .kernels = (const char *const *)kernels,
		                .kernel_count = count,
		                .targets = &t,
		                .target_count = 1,
		                .out_dir = dir,
		                .seed = 42,
		                .depth = 2000,
		                .generator = "stressgen test" };
	struct err e = { 0 };

	gen_suite(&c, &e);
	assert_string_equal(e.text, "");
	dialect_free(d);
	return dir;
}

// What a test's @Run says, as a shell runs it; all that it prints.
static char *run_program(const struct suite *s, const struct suite_test *t, int *status)
{
	char *path = suite_test_path(s, t);
	const char *run = t->meta.run, *file;
	struct buf command = { 0 };
	FILE *pipe;
	char piece[4096];
	size_t n;

	while ((file = strstr(run, "{file}")) != NULL) {
		buf_add(&command, run, (size_t)(file - run));
		buf_addf(&command, "'%s'", path);
		run = file + strlen("{file}");
	}
	buf_addf(&command, "%s 2>&1", run);
	pipe = popen(buf_text(&command), "r");
	assert_non_null(pipe);
	buf_clear(&command);
	while ((n = fread(piece, 1, sizeof piece, pipe)) > 0)
		buf_add(&command, piece, n);
	n = (size_t)pclose(pipe);
	*status = WIFEXITED((int)n) ? WEXITSTATUS((int)n) : -1;
	buf_addc(&command, 0);
	free(path);
	return buf_take(&command);
}

static void check_test(const struct suite *s, const struct suite_test *t)
{
	int status;
	char *out = run_program(s, t, &status);

	if (status != 0 || strstr(out, "\n@@ check result ok ") == NULL || strstr(out, "@@ done\n") == NULL ||
	    strstr(out, "arning") != NULL)
		fail_msg("%s: exit status %d\n%s", t->id, status, out);
	assert_true(strncmp(out, "@@ lat ", 7) == 0);
	free(out);
}

static bool is_here(const char *program)
{
	char command[128];

	snprintf(command, sizeof command, "command -v %s > /dev/null", program);
	return system(command) == 0;
}

static void check_kernels(const char *dialect, const char *target, char **kernels, size_t count, size_t least)
{
	char *dir = write_suite(dialect, target, kernels, count);
	struct suite s = { 0 };
	struct err e = { 0 };
	size_t ran = 0;

	assert_int_equal(suite_load(dir, &s, &e), 0);
	for (size_t i = 0; i < s.count; i++)
		if (!s.tests[i].meta.slow) {
			check_test(&s, &s.tests[i]);
			ran++;
		}
	assert_true(ran >= least);
	suite_deinit(&s);
	free(dir);
}

// Every kernel of the catalogue, in all instances that are not slow; at least so many.
static void check_catalogue(const char *dialect, const char *target, const char *program, size_t least)
{
	size_t count;
	char **kernels;

	if (!is_here(program))
		harness_skip("the runtime is not on this machine");
	kernels = support_kernels(&count);
	check_kernels(dialect, target, kernels, count, least);
	support_free_paths(kernels, count);
}

// Division of negative numbers, escapes in strings, closures over loop variables, boxes, maps, exceptions: the
// kernels beside these tests.
static void check_constructs(const char *dialect, const char *target, const char *program, size_t least)
{
	static char *kernels[] = { SG_SOURCE_DIR "/tests/gen/kernels/everything.kernel",
		                   SG_SOURCE_DIR "/tests/gen/kernels/maps.kernel",
		                   SG_SOURCE_DIR "/tests/gen/kernels/exceptions.kernel",
		                   SG_SOURCE_DIR "/tests/gen/kernels/pure.kernel" };

	if (!is_here(program))
		harness_skip("the runtime is not on this machine");
	check_kernels(dialect, target, kernels, sizeof kernels / sizeof kernels[0], least);
}

CASE("dialects: ocamlopt gives the results of the catalogue")
{
	check_catalogue("ocaml", "ocamlopt", "ocamlopt", 46);
}

CASE("dialects: ocamlopt and ocamlc give the results of every construct")
{
	check_constructs("ocaml", "ocamlopt", "ocamlopt", 4);
	check_constructs("ocaml", "ocamlc", "ocamlc", 4);
}

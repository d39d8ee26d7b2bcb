// Running programs under libstressalloc.so.
#include "under.h"

#include "harness.h"
#include "io.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

char under_dir[512];
struct buf under_out;

static void new_dir(void)
{
	static unsigned n;
	char tele[600];

	snprintf(under_dir, sizeof under_dir, "%s/run%u", harness_tmpdir(), n++);
	snprintf(tele, sizeof tele, "%s/tele", under_dir);
	assert_int_equal(mkdir(under_dir, 0777), 0);
	assert_int_equal(mkdir(tele, 0777), 0);
}

int run_with(const char *libraries, const char *command)
{
	char line[4096], path[600];
	int status;

	new_dir();
	snprintf(line, sizeof line,
	         "cd '%s' && exec env STRESSGEN_TELEMETRY_DIR='%s/tele' LD_PRELOAD='%s' %s >out 2>err", under_dir,
	         under_dir, libraries, command);
	status = system(line);
	buf_clear(&under_out);
	snprintf(path, sizeof path, "%s/out", under_dir);
	assert_int_equal(io_read_file(path, 1 << 24, &under_out, NULL), 0);
	return status;
}

int run(const char *command)
{
	return run_with(PRELOAD, command);
}

static void find_files(glob_t *found)
{
	char pattern[600];

	snprintf(pattern, sizeof pattern, "%s/tele/interposer-*", under_dir);
	if (glob(pattern, 0, NULL, found) != 0)
		found->gl_pathc = 0;
}

size_t count_files(void)
{
	glob_t found = { 0 };

	find_files(&found);
	globfree(&found);
	return found.gl_pathc;
}

struct tele_file *nth_file(size_t n, size_t expected)
{
	struct tele_file *t = malloc(sizeof *t);
	struct err e = { 0 };
	glob_t found = { 0 };

	find_files(&found);
	assert_int_equal(found.gl_pathc, expected);
	if (t == NULL || telemetry_read(found.gl_pathv[n], t, &e) < 0)
		fail_msg("%s", e.text);
	globfree(&found);
	return t;
}

struct heap_file *nth_heap(size_t n, size_t expected)
{
	struct heap_file *h = malloc(sizeof *h);
	struct err e = { 0 };
	glob_t found = { 0 };

	find_files(&found);
	assert_int_equal(found.gl_pathc, expected);
	if (h == NULL || heap_read(found.gl_pathv[n], h, &e) < 0)
		fail_msg("%s", e.text);
	globfree(&found);
	return h;
}

int64_t value(const struct tele_file *t, const char *name)
{
	for (unsigned i = 0; i < SG_TELE_COUNTERS; i++)
		if (strcmp(t->counters[i].name, name) == 0)
			return (int64_t)t->counters[i].value;
	fail_msg("no counter '%s'", name);
	return 0;
}

void difference_init(struct difference *d, const char *libraries, const char *what)
{
	char command[600];

	assert_int_equal(run_with(libraries, INTERPOSED), 0);
	d->none = nth_file(0, 1);
	snprintf(command, sizeof command, "%s %s", INTERPOSED, what);
	assert_int_equal(run_with(libraries, command), 0);
	d->some = nth_file(0, 1);
}

int64_t more(const struct difference *d, const char *name)
{
	return value(d->some, name) - value(d->none, name);
}

void difference_deinit(struct difference *d)
{
	free(d->none);
	free(d->some);
}

void need_library(const char *name)
{
	char command[300];

	snprintf(command, sizeof command, "ldconfig -p | grep -q '%s '", name);
	if (system(command) != 0)
		harness_skip("that allocator is not on this machine");
}

void need_program(const char *name)
{
	char command[300];

	snprintf(command, sizeof command, "command -v %s >/dev/null", name);
	if (system(command) != 0)
		harness_skip("that program is not on this machine");
}

const char *compile(const char *compiler, const char *source)
{
	static char program[600];
	char command[4096];

	snprintf(program, sizeof program, "%s/compiled", harness_tmpdir());
	snprintf(command, sizeof command, "cat >'%s.src' <<'EOF'\n%s\nEOF\n%s -o '%s' '%s.src' 2>/dev/null",
	         program, source, compiler, program, program);
	if (system(command) != 0)
		harness_skip("that cannot be compiled on this machine");
	return program;
}

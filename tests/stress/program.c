#include "program.h"

#include "harness.h"
#include "io.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

struct buf program_out, program_err;

const char *program_path(const char *name)
{
	static char paths[4][512];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof paths[0], "%s/%s", harness_tmpdir(), name);
	return path;
}

void program_write(const char *name, const char *text)
{
	assert_int_equal(io_replace_file(program_path(name), text, strlen(text), NULL), 0);
}

int program_run(const char *program, const char *words)
{
	char command[2048];
	int status;

	snprintf(command, sizeof command,
	         "cd '%s' && mkdir -p tele && rm -f tele/* && STRESSGEN_TELEMETRY_DIR=tele " SG_BUILD_DIR
	         "/libexec/stressgen/%s %s >out 2>err </dev/null",
	         harness_tmpdir(), program, words);
	status = system(command);
	buf_clear(&program_out);
	buf_clear(&program_err);
	assert_int_equal(io_read_file(program_path("out"), 1 << 20, &program_out, NULL), 0);
	assert_int_equal(io_read_file(program_path("err"), 1 << 20, &program_err, NULL), 0);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status) > 128 ? 128 - WEXITSTATUS(status) : WEXITSTATUS(status);
}

void program_assert(const struct buf *b, const char *part)
{
	if (strstr(buf_text(b), part) == NULL)
		fail_msg("'%s' is not in '%s'", part, buf_text(b));
}

const struct tele_file *program_telemetry(void)
{
	static struct tele_file t;
	struct err e = { 0 };
	glob_t found;

	assert_int_equal(glob(program_path("tele/pool-*"), 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 1);
	if (telemetry_read(found.gl_pathv[0], &t, &e) < 0)
		fail_msg("%s", e.text);
	globfree(&found);
	return &t;
}

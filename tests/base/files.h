// Files for tests, below harness_tmpdir().
#ifndef SG_TEST_FILES_H
#define SG_TEST_FILES_H

#include "harness.h"

#include "buf.h"
#include "io.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// The path of `name` below the test's directory; from malloc.
static inline char *file_path(const char *name)
{
	char *path = io_join(harness_tmpdir(), name);

	assert_non_null(path);
	return path;
}

// Makes the file, and the directories above it. Returns its path, from malloc.
static inline char *file_put(const char *name, const char *text, mode_t mode)
{
	char *path = file_path(name);
	char *slash = strrchr(path, '/');
	struct err e = { "" };

	*slash = '\0';
	assert_int_equal(io_make_dirs(path, &e), 0);
	*slash = '/';
	assert_int_equal(io_replace_file(path, text, strlen(text), &e), 0);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

// The same where the path is not needed.
static inline void file_make(const char *name, const char *text, mode_t mode)
{
	free(file_put(name, text, mode));
}

#endif

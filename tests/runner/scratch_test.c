// scratch: what a test leaves in its directories is seen and removed, by a clock of our own that the linker puts
// in.
#include "harness.h"

#include "clock.h"
#include "io.h"
#include "scratch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int __real_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t);

static time_t later_s;

int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	const int rc = __real_clock_gettime(id, t);

	t->tv_sec += later_s;
	return rc;
}

static void make_file(const struct scratch_dir *d, const char *name)
{
	char *path = io_join(d->path, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
	free(path);
}

static void remove_file(const struct scratch_dir *d, const char *name)
{
	char *path = io_join(d->path, name);

	assert_int_equal(unlink(path), 0);
	free(path);
}

// The file system's clock goes in steps: waits for the next one.
static void wait_for_file_clock(const struct scratch_dir *d)
{
	char *path = io_join(harness_tmpdir(), "clock");
	struct stat dir, file;

	assert_int_equal(stat(d->path, &dir), 0);
	do {
		int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

		assert_true(fd >= 0);
		assert_int_equal(fstat(fd, &file), 0);
		close(fd);
		unlink(path);
	} while (file.st_ctim.tv_sec == dir.st_ctim.tv_sec && file.st_ctim.tv_nsec == dir.st_ctim.tv_nsec);
	free(path);
}

// One that was found empty, and again long after.
static void make_long_empty(struct scratch_dir *d)
{
	assert_int_equal(scratch_dir_init(d, harness_tmpdir(), 0), 0);
	assert_true(scratch_dir_is_empty(d));
	later_s += 5;
	assert_true(scratch_dir_is_empty(d));
	wait_for_file_clock(d);
	assert_true(scratch_dir_is_empty(d));
}

CASE("scratch: a file is seen in a directory that was empty for long, and removed")
{
	struct scratch_dir d;

	make_long_empty(&d);
	for (int i = 0; i < 3; i++) {
		make_file(&d, "left");
		assert_false(scratch_dir_is_empty(&d));
		assert_int_equal(scratch_dir_empty(&d), 0);
		assert_true(scratch_dir_is_empty(&d));
	}
	scratch_dir_deinit(&d);
}

CASE("scratch: a file is seen though the directory's times were set back")
{
	struct scratch_dir d;
	struct stat before;

	make_long_empty(&d);
	assert_int_equal(stat(d.path, &before), 0);
	make_file(&d, "left");
	assert_int_equal(utimensat(AT_FDCWD, d.path, (struct timespec[]){ before.st_atim, before.st_mtim }, 0), 0);
	assert_false(scratch_dir_is_empty(&d));
	scratch_dir_deinit(&d);
}

CASE("scratch: a file that came and went leaves it empty, and the next one is seen")
{
	struct scratch_dir d;

	make_long_empty(&d);
	make_file(&d, "passing");
	remove_file(&d, "passing");
	assert_true(scratch_dir_is_empty(&d));
	make_file(&d, "left");
	assert_false(scratch_dir_is_empty(&d));
	scratch_dir_deinit(&d);
}

CASE("scratch: a directory that was removed or whose rights were taken away is made anew")
{
	struct scratch_dir d;
	struct stat st;

	make_long_empty(&d);
	assert_int_equal(rmdir(d.path), 0);
	assert_int_equal(scratch_dir_empty(&d), 0);
	assert_true(scratch_dir_is_empty(&d));
	assert_int_equal(chmod(d.path, 0), 0);
	assert_int_equal(scratch_dir_empty(&d), 0);
	assert_int_equal(stat(d.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	scratch_dir_deinit(&d);
}

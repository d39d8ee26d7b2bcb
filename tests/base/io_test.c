// io: files and directories.
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

CASE("io: a file is read whole, and refused when it is over the limit")
{
	char *path = file_put("f", "0123456789", 0600);
	struct buf b = { 0 };
	struct err e = { "" };

	assert_int_equal(io_read_file(path, 10, &b, &e), 0);
	assert_string_equal(buf_text(&b), "0123456789");
	assert_int_equal(io_read_file(path, 10, &b, &e), 0); // adds
	assert_int_equal(b.len, 20);
	assert_int_equal(io_read_file(path, 9, &b, &e), -EFBIG);
	assert_non_null(strstr(e.text, path));
	buf_deinit(&b);
	free(path);
}

CASE("io: the message names the path when a file is missing")
{
	struct buf b = { 0 };
	struct err e = { "" };
	char *path = file_path("none");

	assert_int_equal(io_read_file(path, 10, &b, &e), -ENOENT);
	assert_non_null(strstr(e.text, path));
	assert_int_equal(io_read_file(harness_tmpdir(), 10, &b, NULL), -EISDIR);
	buf_deinit(&b);
	free(path);
}

CASE("io: a FIFO without a writer does not hold the reader")
{
	char *path = file_path("fifo");
	struct buf b = { 0 };

	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(io_read_file(path, 10, &b, NULL), 0);
	assert_int_equal(b.len, 0);
	buf_deinit(&b);
	free(path);
}

CASE("io: the old file stays whole when its replacement cannot be written")
{
	char *path = file_put("d/f", "old", 0600);
	char *dir = file_path("d");
	struct err e = { "" };
	struct buf b = { 0 };
	char *blocker;
	char name[64];

	// A directory where the temporary file would be: nothing can be written beside the old one.
	snprintf(name, sizeof name, "d/f.tmp-%ld", (long)getpid());
	blocker = file_path(name);
	assert_int_equal(mkdir(blocker, 0700), 0);
	assert_int_equal(io_replace_file(path, "new", 3, &e), -EISDIR);
	assert_non_null(strstr(e.text, path));
	assert_int_equal(io_read_file(path, 10, &b, NULL), 0);
	assert_string_equal(buf_text(&b), "old");
	assert_int_equal(rmdir(blocker), 0);
	buf_clear(&b);
	assert_int_equal(io_replace_file(path, "new", 3, &e), 0);
	assert_int_equal(io_read_file(path, 10, &b, NULL), 0);
	assert_string_equal(buf_text(&b), "new");
	buf_deinit(&b);
	free(blocker);
	free(dir);
	free(path);
}

CASE("io: a link, a pipe or a device is written to, and stays what it is")
{
	char *target = file_put("target", "old and longer", 0600);
	char *link = file_path("link"), *other = file_path("full"), *pipe = file_path("pipe");
	char text[8] = "";
	struct buf b = { 0 };
	struct stat st;
	int reader;

	assert_int_equal(symlink("target", link), 0);
	assert_int_equal(io_replace_begin(link, NULL), 0);
	assert_int_equal(io_replace_file(link, "new", 3, NULL), 0);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(io_read_file(target, 20, &b, NULL), 0);
	assert_string_equal(buf_text(&b), "new");
	assert_int_equal(mkfifo(pipe, 0600), 0);
	reader = open(pipe, O_RDONLY | O_NONBLOCK);
	assert_int_equal(io_replace_begin(pipe, NULL), 0);
	assert_int_equal(io_replace_file(pipe, "new", 3, NULL), 0);
	assert_int_equal(read(reader, text, sizeof text), 3);
	assert_int_equal(lstat(pipe, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	close(reader);
	// as root a rename would take its place
	if (stat("/dev/full", &st) == 0 && S_ISCHR(st.st_mode)) {
		assert_int_equal(symlink("/dev/full", other), 0);
		assert_int_equal(io_replace_file(other, "new", 3, NULL), -ENOSPC);
	}
	buf_deinit(&b);
	free(target);
	free(link);
	free(other);
	free(pipe);
}

CASE("io: directories are made with all that lead to them, and once more without harm")
{
	char *path = file_path("a/b//c/");
	struct stat st;

	assert_int_equal(io_make_dirs(path, NULL), 0);
	assert_int_equal(io_make_dirs(path, NULL), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	free(path);
}

CASE("io: the message names the file that is in a directory's way")
{
	char *file = file_put("file", "", 0600);
	char *path = file_path("file/sub");
	struct err e = { "" };

	assert_int_equal(io_make_dirs(path, &e), -ENOTDIR);
	assert_non_null(strstr(e.text, file));
	free(path);
	free(file);
}

CASE("io: a tree is removed, and what its links point to is not")
{
	char *top = file_path("tree");
	char *outside = file_put("outside/precious", "x", 0600);
	char *link_dir = file_path("tree/a/link-dir");
	char *link_file = file_path("tree/a/link-file");
	char *outside_dir = file_path("outside");

	file_make("tree/a/b/c/one", "1", 0400);
	file_make("tree/two", "2", 0600);
	assert_int_equal(symlink(outside_dir, link_dir), 0);
	assert_int_equal(symlink(outside, link_file), 0);
	assert_int_equal(io_remove_tree(top), 0);
	assert_int_equal(access(top, F_OK), -1);
	assert_int_equal(access(outside, F_OK), 0);
	assert_int_equal(io_remove_tree(top), 0); // not there: nothing to do
	free(outside_dir);
	free(link_file);
	free(link_dir);
	free(outside);
	free(top);
}

CASE("io: a tree of five hundred levels is removed")
{
	char *top = file_path("deep");
	int fd;

	assert_int_equal(io_make_dirs(top, NULL), 0);
	fd = open(top, O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 500; i++) {
		int next;

		assert_int_equal(mkdirat(fd, "d", 0700), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY);
		assert_true(next >= 0);
		close(fd);
		fd = next;
	}
	close(fd);
	assert_int_equal(io_remove_tree(top), 0);
	assert_int_equal(access(top, F_OK), -1);
	free(top);
}

// In a process of its own, which is nobody: root needs no rights.
static int remove_without_rights(void)
{
	char top[] = "/tmp/stressgen-io-XXXXXX";
	char *sealed, *inner;

	if (geteuid() == 0 && setuid(65534) < 0)
		return 1;
	if (mkdtemp(top) == NULL)
		return 2;
	sealed = io_join(top, "sealed");
	inner = io_join(sealed, "inner");
	if (io_make_dirs(inner, NULL) < 0 || chmod(inner, 0500) < 0 || chmod(sealed, 0) < 0 ||
	    chmod(top, 0300) < 0)
		return 3;
	free(inner);
	free(sealed);
	if (io_remove_tree(top) != 0)
		return 4;
	return access(top, F_OK) == 0 ? 5 : 0;
}

CASE("io: a tree is removed when its directories have lost every right")
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(remove_without_rights());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

CASE("io: joined paths have one slash between them")
{
	static const char *const rows[][3] = {
		{ "a", "b", "a/b" }, { "a/", "b", "a/b" }, { "", "b", "b" }, { "/", "b", "/b" }
	};

	for (size_t i = 0; i < 4; i++) {
		char *path = io_join(rows[i][0], rows[i][1]);

		assert_string_equal(path, rows[i][2]);
		free(path);
	}
}

CASE("io: a name is encoded so that it is one file name and nothing else")
{
	static const char *const rows[][2] = { { "recursion/sum-5000.lua@slab-fixed",
		                                 "recursion%2Fsum-5000.lua@slab-fixed" },
		                               { "..", "%2E." },
		                               { ".hidden", "%2Ehidden" },
		                               { "a b%c", "a%20b%25c" },
		                               { "\xc3\xa9", "%C3%A9" },
		                               { "", "" } };

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *name = io_encode_name(rows[i][0]);

		assert_string_equal(name, rows[i][1]);
		free(name);
	}
}

CASE("io: long names are cut to 200 bytes and still differ when they differ behind the cut")
{
	char a[400], b[400];
	char *encoded_a, *encoded_b;

	memset(a, '/', sizeof a);
	a[sizeof a - 1] = '\0';
	memcpy(b, a, sizeof b);
	b[sizeof b - 2] = 'x';
	encoded_a = io_encode_name(a);
	encoded_b = io_encode_name(b);
	assert_true(strlen(encoded_a) <= 200 && strlen(encoded_b) <= 200);
	assert_string_not_equal(encoded_a, encoded_b);
	for (const char *p = encoded_a; (p = strchr(p, '%')) != NULL; p++)
		assert_memory_equal(p, "%2F", 3); // never cut inside
	free(encoded_a);
	free(encoded_b);
}

CASE("io: a short write is told as a full disk or the like when the file may not grow")
{
	char *path = file_put("full", "", 0600);
	int fd = open("/dev/full", O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(io_write_all(fd, "x", 1), -ENOSPC);
	close(fd);
	assert_int_equal(io_write_all(-1, "x", 1), -EBADF);
	free(path);
}

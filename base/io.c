// Files: whole reads, whole writes, atomic replacement, directories.
#include "io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MAX_BYTES 200U // leaves room below NAME_MAX for what is added to a name
#define NAME_HASH_BYTES 17U // '-' and 16 hex digits

int io_open_standard_streams(void)
{
	static const int flags[] = { O_RDONLY, O_RDONLY, O_WRONLY };

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags[fd]) != fd)
			return -EBADF;
	return 0;
}

int io_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENOSPC;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int read_fd(int fd, size_t limit, struct buf *out)
{
	char chunk[65536];
	size_t start = out->len;

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof chunk);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return out->failed ? -ENOMEM : 0;
		if ((size_t)n > limit - (out->len - start))
			return -EFBIG;
		buf_add(out, chunk, (size_t)n);
		if (out->failed)
			return -ENOMEM;
	}
}

int io_read_file(const char *path, size_t limit, struct buf *out, struct err *e)
{
	// O_NONBLOCK: a FIFO that lies in a suite must not hold us; it has no effect on regular files.
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int rc;

	if (fd < 0)
		return err_set(e, errno, "%s: cannot be read: %s", path, strerror(errno));
	rc = read_fd(fd, limit, out);
	close(fd);
	if (rc == -EFBIG)
		return err_set(e, EFBIG, "%s: is larger than %zu bytes, the most that is read", path, limit);
	if (rc < 0)
		return err_set(e, -rc, "%s: cannot be read: %s", path, strerror(-rc));
	return 0;
}

// Writes and syncs `temp` and renames it to `path`. The sync comes first so that after a power cut the name
// never stands for a file without its contents.
static int write_and_rename(int fd, const char *temp, const char *path, const void *data, size_t len)
{
	int rc = io_write_all(fd, data, len);

	if (rc == 0 && fdatasync(fd) < 0)
		rc = -errno;
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	if (rc == 0 && rename(temp, path) < 0)
		rc = -errno;
	return rc;
}

// Opens the file beside `path`, whose name it leaves in `temp`.
static int open_temp(const char *path, struct buf *temp)
{
	int fd;

	buf_addf(temp, "%s.tmp-%ld", path, (long)getpid());
	if (temp->failed)
		return -ENOMEM;
	fd = open(buf_text(temp), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	return fd < 0 ? -errno : fd;
}

static int cannot_write(const char *path, int rc, struct err *e)
{
	return rc < 0 ? err_set(e, -rc, "%s: cannot be written: %s", path, strerror(-rc)) : 0;
}

// A device, a pipe or a link (/dev/null, /dev/stdout): what others use under that name must stay, so it is written
// to where it is.
static bool stays(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static int write_in_place(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int rc = fd < 0 ? -errno : io_write_all(fd, data, len);

	if (fd >= 0 && close(fd) < 0 && rc == 0)
		rc = -errno;
	return rc;
}

int io_replace_file(const char *path, const void *data, size_t len, struct err *e)
{
	struct buf temp = { 0 };
	int rc;

	if (stays(path))
		return cannot_write(path, write_in_place(path, data, len), e);
	rc = open_temp(path, &temp);
	if (rc >= 0) {
		rc = write_and_rename(rc, buf_text(&temp), path, data, len);
		if (rc < 0)
			unlink(buf_text(&temp));
	}
	buf_deinit(&temp);
	return cannot_write(path, rc, e);
}

int io_replace_begin(const char *path, struct err *e)
{
	struct buf temp = { 0 };
	struct stat st;
	int rc;

	if (stays(path)) {
		rc = stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? -EISDIR : 0;
		if (rc == 0 && access(path, W_OK) < 0 && errno != ENOENT)
			rc = -errno;
		return cannot_write(path, rc, e);
	}
	rc = open_temp(path, &temp);
	if (rc >= 0) {
		close(rc);
		rc = stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? -EISDIR : 0;
		if (rc < 0)
			unlink(buf_text(&temp));
	}
	buf_deinit(&temp);
	return cannot_write(path, rc, e);
}

void io_replace_abandon(const char *path)
{
	struct buf temp = { 0 };

	buf_addf(&temp, "%s.tmp-%ld", path, (long)getpid());
	unlink(buf_text(&temp));
	buf_deinit(&temp);
}

static int make_dir(const char *path)
{
	struct stat st;

	if (mkdir(path, 0777) == 0)
		return 0;
	if (errno == EEXIST || errno == EROFS || errno == EACCES) {
		int failed = errno;

		if (stat(path, &st) == 0)
			return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
		return -failed;
	}
	return -errno;
}

int io_make_dirs(const char *path, struct err *e)
{
	char *copy = strdup(path);
	int rc = copy == NULL ? -ENOMEM : 0;

	for (char *p = copy; rc == 0 && p != NULL; p++) {
		if (p == copy && *p == '/')
			continue;
		if (*p != '/' && *p != '\0')
			continue;
		bool last = *p == '\0';

		*p = '\0';
		rc = make_dir(copy);
		if (rc < 0)
			err_set(e, -rc, "%s: cannot be made a directory: %s", copy, strerror(-rc));
		if (last)
			break;
		*p = '/';
	}
	free(copy);
	return rc;
}

// One level of a tree that is being removed; a chain of them instead of recursion, so that a tree as deep as a
// test likes to make it cannot overflow our stack.
struct level {
	DIR *dir;
	char *name; // in the parent; NULL for the top
	struct level *parent;
};

// A directory whose owner took all rights to it away, ourselves included, is given them again.
static void grant_rights(int at, const char *name)
{
	int fd = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char self[64];
	struct stat st;

	if (fd < 0)
		return;
	// By way of /proc, since chmod alone would follow a link and fchmod takes no O_PATH.
	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	if (fstat(fd, &st) == 0 && (st.st_mode & S_IRWXU) != S_IRWXU)
		(void)chmod(self, S_IRWXU);
	close(fd);
}

static struct level *level_open(struct level *parent, int at, const char *name)
{
	struct level *l;
	int fd;

	grant_rights(at, name);
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	l = fd < 0 ? NULL : calloc(1, sizeof *l);

	if (l == NULL) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	l->dir = fdopendir(fd);
	l->name = strdup(name);
	l->parent = parent;
	if (l->dir == NULL || l->name == NULL) {
		if (l->dir != NULL)
			closedir(l->dir);
		else
			close(fd);
		free(l->name);
		free(l);
		errno = ENOMEM;
		return NULL;
	}
	return l;
}

static struct level *level_close(struct level *l)
{
	struct level *parent = l->parent;

	closedir(l->dir);
	free(l->name);
	free(l);
	return parent;
}

// Removes one entry, or goes down into it: the level to go on with. *rc keeps the first failure.
static struct level *remove_entry(struct level *l, const char *name, int *rc)
{
	struct level *down;

	if (unlinkat(dirfd(l->dir), name, 0) == 0 || errno == ENOENT)
		return l;
	if (errno == EISDIR || errno == EPERM) {
		down = level_open(l, dirfd(l->dir), name);
		if (down != NULL)
			return down;
	}
	if (*rc == 0)
		*rc = -errno;
	return l;
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

int io_remove_tree(const char *path)
{
	struct level *l;
	int rc = 0;

	if (unlink(path) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	l = level_open(NULL, AT_FDCWD, path);
	if (l == NULL)
		return -errno;
	while (l != NULL) {
		struct dirent *entry = readdir(l->dir);

		if (entry == NULL) {
			int at = l->parent != NULL ? dirfd(l->parent->dir) : AT_FDCWD;

			if (unlinkat(at, l->name, AT_REMOVEDIR) < 0 && errno != ENOENT && rc == 0)
				rc = -errno;
			l = level_close(l);
		} else if (!is_dots(entry->d_name)) {
			l = remove_entry(l, entry->d_name, &rc);
		}
	}
	return rc;
}

char *io_join(const char *dir, const char *name)
{
	size_t dir_len = strlen(dir);
	struct buf b = { 0 };

	buf_add(&b, dir, dir_len);
	if (dir_len > 0 && dir[dir_len - 1] != '/')
		buf_addc(&b, '/');
	buf_adds(&b, name);
	return buf_take(&b);
}

static bool is_plain(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("._@+-", c) != NULL);
}

uint64_t io_name_hash(const char *text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return hash;
}

char *io_encode_name(const char *id)
{
	struct buf b = { 0 };

	for (const char *p = id; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		if (is_plain(c) && !(p == id && c == '.'))
			buf_addc(&b, (char)c);
		else
			buf_addf(&b, "%%%02X", c);
	}
	if (!b.failed && b.len > NAME_MAX_BYTES) {
		size_t keep = NAME_MAX_BYTES - NAME_HASH_BYTES;

		while (keep > 0 && (b.data[keep - 1] == '%' || b.data[keep - 2] == '%'))
			keep--; // never cut inside %XX
		b.len = keep;
		buf_addf(&b, "-%016llx", (unsigned long long)io_name_hash(id));
	}
	return buf_take(&b);
}

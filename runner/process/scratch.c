// Directories of a run outside its run directory.
#include "scratch.h"

#include "clock.h"
#include "io.h"
#include "rng.h"
#include "telemetry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define PREFIX "stressgen-"
#define LOCK_NAME ".lock"
#define UNLOCKED_S 60 // a directory without lock file that is younger may be just being made
#define SHM_DIR "/dev/shm"
// The longest steps of file systems' clocks: of those that count whole seconds, or two, and of others.
#define COARSE_STEP_NS (2 * SG_NS_PER_S)
#define FINE_STEP_NS (100 * SG_NS_PER_MS)
#define TELE_ROOM (64U * sizeof(struct tele_file)) // processes of one test that can report at the least

__attribute__((format(printf, 2, 3))) static bool make_path(char *out, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(out, SCRATCH_PATH, format, args);
	va_end(args);
	return n >= 0 && (size_t)n < SCRATCH_PATH;
}

// Is this directory one of a run that is dead? Only flock tells, whichever PID namespace the run lived in.
static bool is_stale(const char *path)
{
	char lock[SCRATCH_PATH];
	struct stat st;
	bool stale;
	int fd;

	if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return false;
	if (!make_path(lock, "%s/" LOCK_NAME, path))
		return false;
	fd = open(lock, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT && time(NULL) - st.st_mtime > UNLOCKED_S;
	stale = flock(fd, LOCK_EX | LOCK_NB) == 0;
	close(fd);
	return stale;
}

bool scratch_is_name(const char *name)
{
	unsigned pid, random;
	int used = 0;

	// the whole name: nothing else that begins so is ours
	return sscanf(name, PREFIX "%u-%8x%n", &pid, &random, &used) == 2 && used > 0 && name[used] == '\0';
}

static void sweep(const char *base)
{
	DIR *dir = opendir(base);
	const struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		char path[SCRATCH_PATH];

		if (scratch_is_name(entry->d_name) && make_path(path, "%s/%s", base, entry->d_name) &&
		    is_stale(path))
			io_remove_tree(path);
	}
	closedir(dir);
}

// The lock is held before it has its name: one that others see without a holder is stale to them.
static int make_root(const char *base, const char *name, char *root, int *lock_fd)
{
	char lock[SCRATCH_PATH], unnamed[SCRATCH_PATH];

	if (!make_path(root, "%s/%s", base, name) || !make_path(lock, "%s/" LOCK_NAME, root) ||
	    !make_path(unnamed, "%s.new", lock)) {
		root[0] = '\0';
		return -ENAMETOOLONG;
	}
	if (mkdir(root, 0700) < 0) {
		root[0] = '\0';
		return -errno;
	}
	*lock_fd = open(unnamed, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (*lock_fd < 0 || flock(*lock_fd, LOCK_EX | LOCK_NB) < 0 || rename(unnamed, lock) < 0)
		return -errno;
	return 0;
}

// Each process that reports takes a file of its own, and a full file system would lose it without a word.
static bool has_room(const char *base)
{
	struct statvfs fs;

	return statvfs(base, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize >= TELE_ROOM;
}

int scratch_init(struct scratch *s, const char *run_dir, struct err *e)
{
	const char *temp = getenv("TMPDIR");
	int rc;

	memset(s, 0, sizeof *s);
	s->temp_lock = s->tele_lock = -1;
	if (temp == NULL || temp[0] != '/')
		temp = "/tmp";
	snprintf(s->name, sizeof s->name, PREFIX "%d-%08x", getpid(), (unsigned)(rng_fresh_seed() & 0xffffffffU));
	sweep(temp);
	sweep(SHM_DIR);
	rc = make_root(temp, s->name, s->temp_root, &s->temp_lock);
	if (rc < 0)
		return err_set(e, -rc, "%s: no temporary directory can be made there: %s; set TMPDIR", temp,
		               strerror(-rc));
	if (has_room(SHM_DIR) && make_root(SHM_DIR, s->name, s->tele_root, &s->tele_lock) == 0)
		return 0;
	rc = make_root(run_dir, s->name, s->tele_root, &s->tele_lock);
	if (rc < 0)
		return err_set(e, -rc, "%s: no telemetry directory can be made there: %s", run_dir, strerror(-rc));
	return 0;
}

void scratch_remove(const struct scratch *s)
{
	if (s->temp_root[0] != '\0')
		io_remove_tree(s->temp_root);
	if (s->tele_root[0] != '\0')
		io_remove_tree(s->tele_root);
}

void scratch_deinit(struct scratch *s)
{
	scratch_remove(s);
	if (s->temp_root[0] != '\0' && s->temp_lock >= 0)
		close(s->temp_lock);
	if (s->tele_root[0] != '\0' && s->tele_lock >= 0)
		close(s->tele_lock);
	memset(s, 0, sizeof *s);
	s->temp_lock = s->tele_lock = -1;
}

static int open_dir(struct scratch_dir *d)
{
	struct statfs fs;
	struct stat st;

	d->settled = false;
	d->seen_ns = 0;
	if (mkdir(d->path, 0700) < 0 && errno != EEXIST)
		return -errno;
	d->handle = opendir(d->path);
	if (d->handle == NULL)
		return -errno;
	if (fstatfs(dirfd(d->handle), &fs) == 0 && fs.f_type == TMPFS_MAGIC && fstat(dirfd(d->handle), &st) == 0)
		d->empty_size = st.st_size;
	return 0;
}

int scratch_dir_init(struct scratch_dir *d, const char *root, unsigned worker)
{
	memset(d, 0, sizeof *d);
	return make_path(d->path, "%s/w%u", root, worker) ? open_dir(d) : -ENAMETOOLONG;
}

void scratch_dir_deinit(struct scratch_dir *d)
{
	if (d->handle != NULL)
		closedir(d->handle);
	d->handle = NULL;
}

static bool has_entries(DIR *dir)
{
	const struct dirent *entry;

	rewinddir(dir);
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			return true;
	return false;
}

static bool is_changed(const struct scratch_dir *d, const struct stat *st)
{
	return st->st_ctim.tv_sec != d->changed.tv_sec || st->st_ctim.tv_nsec != d->changed.tv_nsec;
}

// It was read and is empty. A file system's clock goes in steps, so two changes may bear one time: not when the
// first was seen long before.
static void note_empty(struct scratch_dir *d, const struct stat *st, uint64_t now_ns)
{
	const uint64_t step_ns = st->st_ctim.tv_nsec == 0 ? COARSE_STEP_NS : FINE_STEP_NS;

	if (is_changed(d, st) || d->seen_ns == 0) {
		d->changed = st->st_ctim;
		d->seen_ns = now_ns;
		d->settled = false;
	}
	d->settled = now_ns - d->seen_ns >= step_ns;
}

// Reading a directory takes ten times as long as asking when it was changed, which no test can set.
bool scratch_dir_is_empty(struct scratch_dir *d)
{
	uint64_t now_ns;
	struct stat st;

	// A test may have removed it, or taken away its own rights.
	if (fstat(dirfd(d->handle), &st) < 0 || st.st_nlink == 0 || (st.st_mode & 0777) != 0700)
		return false;
	if (d->empty_size > 0)
		return st.st_size == d->empty_size;
	if (d->settled && !is_changed(d, &st))
		return true;
	now_ns = clock_now_ns(); // before the reading: what comes after that is a change
	if (has_entries(d->handle))
		return false;
	note_empty(d, &st, now_ns);
	return true;
}

int scratch_dir_empty(struct scratch_dir *d)
{
	if (scratch_dir_is_empty(d))
		return 0;
	scratch_dir_deinit(d);
	chmod(d->path, 0700); // else what is in it might not be reached
	io_remove_tree(d->path);
	return open_dir(d);
}

// Files of ours are known by suite.json, or by the marker that lists them while a suite is being written.
#include "outdir.h"

#include "buf.h"
#include "header.h"
#include "io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARKER ".incomplete"
#define SUITE_FILE "suite.json"
#define OURS "stressgen" // what our marker, and the generator in suite.json, begin with
#define MARKER_MAX (64U * 1024U * 1024U)
#define DIR_DEPTH 8U // suites of ours are not deeper

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

// All files under `relative` (directories into `dirs`, parents first), as paths relative to the root.
static int list_files(const char *root, const char *relative, unsigned depth, struct strings *files,
                      struct strings *dirs, struct err *e)
{
	char *path = relative[0] == 0 ? strdup(root) : io_join(root, relative);
	DIR *dir = path != NULL ? opendir(path) : NULL;
	struct dirent *entry;
	int rc = 0;

	if (dir == NULL)
		rc = err_set(e, path != NULL ? errno : ENOMEM, "%s: cannot be read: %s",
		             path != NULL ? path : root, strerror(path != NULL ? errno : ENOMEM));
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		struct stat st;
		char *name;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		name = relative[0] == 0 ? strdup(entry->d_name) : io_join(relative, entry->d_name);
		if (name == NULL)
			rc = -ENOMEM;
		else if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		         !S_ISDIR(st.st_mode) || depth == DIR_DEPTH)
			rc = strings_add(files, name, strlen(name));
		else if ((rc = strings_add(dirs, name, strlen(name))) == 0)
			rc = list_files(root, name, depth + 1, files, dirs, e);
		free(name);
	}
	if (dir != NULL)
		closedir(dir);
	free(path);
	return rc;
}

// The paths in a suite.json that we wrote. 1 if it is one.
static int read_suite(const char *path, struct strings *ours)
{
	json_t *suite = json_load_file(path, 0, NULL), *test;
	const char *generator = json_string_value(json_object_get(suite, "generator"));
	bool known = generator != NULL && strncmp(generator, OURS, strlen(OURS)) == 0;
	size_t i;
	int rc = known;

	json_array_foreach(json_object_get(suite, "tests"), i, test)
	{
		static const char *const keys[] = { "path", "source" };
		for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
			const char *name = json_string_value(json_object_get(test, keys[k]));
			if (rc == 1 && name != NULL && strings_add(ours, name, strlen(name)) < 0)
				rc = -ENOMEM;
		}
	}
	json_decref(suite);
	return rc;
}

// The paths listed in a marker that we wrote. 1 if it is one.
static int read_marker(const char *path, struct strings *ours)
{
	struct buf b = { 0 };
	int rc = io_read_file(path, MARKER_MAX, &b, NULL);
	const char *p = buf_text(&b);

	rc = rc >= 0 && strncmp(p, OURS, strlen(OURS)) == 0;
	while (rc == 1 && *p != 0) {
		size_t len = strcspn(p, "\n");
		if (strings_add(ours, p, len) < 0)
			rc = -ENOMEM;
		p += len + (p[len] == '\n');
	}
	buf_deinit(&b);
	return rc;
}

static int read_ours(const char *root, struct strings *ours, struct err *e)
{
	char *suite = io_join(root, SUITE_FILE), *marker = io_join(root, MARKER);
	int a = suite != NULL ? read_suite(suite, ours) : -ENOMEM;
	int b = marker != NULL ? read_marker(marker, ours) : -ENOMEM;

	free(suite);
	free(marker);
	if (a < 0 || b < 0)
		return err_set(e, ENOMEM, "%s: out of memory", root);
	if (a == 0 && b == 0)
		return err_set(e, ENOTEMPTY,
		               "%s: the directory is not empty and holds no suite of stressgen's; name another",
		               root);
	if (strings_add(ours, SUITE_FILE, strlen(SUITE_FILE)) < 0 || strings_add(ours, MARKER, strlen(MARKER)) < 0)
		return err_set(e, ENOMEM, "%s: out of memory", root);
	qsort(ours->items, ours->count, sizeof ours->items[0], by_name);
	return 0;
}

static int refuse_foreign(const char *root, const struct strings *files, const struct strings *ours, struct err *e)
{
	for (size_t i = 0; i < files->count; i++)
		if (bsearch(&files->items[i], ours->items, ours->count, sizeof ours->items[0], by_name) == NULL)
			return err_set(
			        e, ENOTEMPTY,
			        "%s/%s: stressgen did not write this file, so the directory is left alone; move "
			        "it, or name another directory",
			        root, files->items[i]);
	return 0;
}

static int open_marker(struct outdir *o, struct err *e)
{
	static const char head[] = OURS " was writing these files\n";
	char *path = io_join(o->path, MARKER);
	int rc = 0;

	o->marker = path == NULL ? -1 : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (o->marker < 0)
		rc = err_set(e, path != NULL ? errno : ENOMEM, "%s: cannot be written: %s", o->path,
		             strerror(path != NULL ? errno : ENOMEM));
	else if ((rc = io_write_all(o->marker, head, sizeof head - 1)) < 0)
		err_set(e, -rc, "%s: %s", path, strerror(-rc));
	free(path);
	return rc;
}

static int note_file(struct outdir *o, const char *name, struct err *e)
{
	struct buf line = { 0 };
	int rc;

	buf_addf(&line, "%s\n", name);
	rc = line.failed ? -ENOMEM : io_write_all(o->marker, line.data, line.len);
	if (rc < 0)
		err_set(e, -rc, "%s/%s: %s", o->path, name, strerror(-rc));
	buf_deinit(&line);
	return rc;
}

// Removes what is listed, all but the marker, and then the directories that are empty, children first.
static int remove_all(struct outdir *o, const struct strings *files, const struct strings *dirs, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < files->count; i++)
		rc = note_file(o, files->items[i], e);
	for (size_t i = 0; rc == 0 && i < files->count; i++) {
		char *path = io_join(o->path, files->items[i]);
		if (path == NULL)
			rc = err_set(e, ENOMEM, "%s: out of memory", o->path);
		else if (strcmp(files->items[i], MARKER) != 0 && unlink(path) < 0 && errno != ENOENT)
			rc = err_set(e, errno, "%s: cannot be removed: %s", path, strerror(errno));
		free(path);
	}
	for (size_t i = dirs->count; rc == 0 && i-- > 0;) {
		char *path = io_join(o->path, dirs->items[i]);
		if (path != NULL)
			rmdir(path);
		free(path);
	}
	return rc;
}

int outdir_begin(struct outdir *o, const char *path, struct err *e)
{
	struct strings files = { 0 }, dirs = { 0 }, ours = { 0 };
	int rc;

	*o = (struct outdir){ path, -1 };
	rc = io_make_dirs(path, e);
	if (rc == 0)
		rc = list_files(path, "", 0, &files, &dirs, e);
	if (rc == 0 && files.count > 0) {
		rc = read_ours(path, &ours, e);
		if (rc == 0)
			rc = refuse_foreign(path, &files, &ours, e);
	}
	if (rc == 0)
		rc = open_marker(o, e);
	if (rc == 0)
		rc = remove_all(o, &files, &dirs, e);
	if (rc < 0)
		err_set(e, -rc, "%s: %s", path, strerror(-rc));
	strings_deinit(&files);
	strings_deinit(&dirs);
	strings_deinit(&ours);
	return rc;
}

// Opens a new file; its directories are made only where they are missing, which the first file of each finds out.
static int open_new(char *path, int *fd, struct err *e)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
	int rc = 0;

	*fd = open(path, flags, 0666);
	if (*fd < 0 && errno == ENOENT) {
		char *slash = strrchr(path, '/');
		*slash = 0;
		rc = io_make_dirs(path, e);
		*slash = '/';
		if (rc == 0)
			*fd = open(path, flags, 0666);
	}
	if (rc == 0 && *fd < 0)
		rc = err_set(e, errno, "%s: cannot be written: %s", path, strerror(errno));
	return rc;
}

int outdir_write(struct outdir *o, const char *name, const char *text, size_t len, struct err *e)
{
	char *path = io_join(o->path, name);
	int rc = 0, fd = -1;

	if (path == NULL)
		return err_set(e, ENOMEM, "%s: out of memory", o->path);
	rc = note_file(o, name, e);
	if (rc == 0)
		rc = open_new(path, &fd, e);
	if (rc == 0 && (rc = io_write_all(fd, text, len)) < 0)
		err_set(e, -rc, "%s: %s", path, strerror(-rc));
	if (fd >= 0 && close(fd) < 0 && rc == 0)
		rc = err_set(e, errno, "%s: %s", path, strerror(errno));
	free(path);
	return rc;
}

int outdir_finish(struct outdir *o, struct err *e)
{
	char *path = io_join(o->path, MARKER);
	int rc = 0;

	if (path == NULL || unlink(path) < 0)
		rc = err_set(e, path != NULL ? errno : ENOMEM, "%s/" MARKER ": cannot be removed", o->path);
	free(path);
	return rc;
}

void outdir_deinit(struct outdir *o)
{
	if (o->marker >= 0)
		close(o->marker);
	o->marker = -1;
}

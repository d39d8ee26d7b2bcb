// A directory without suite.json: whatever can be executed, or has a header, is a test.
#include "suite_parts.h"

#include "io.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define RUNS_DIR "stressgen-runs" // earlier runs hold suites of their own

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

// 1, 0 or -errno.
static int has_header(const char *path, struct err *e)
{
	struct test_meta meta = { 0 };
	struct buf head = { 0 };
	char hash[9];
	int rc = suite_read_file(path, hash, &head, e);

	if (rc == 0)
		rc = test_header_parse(path, buf_text(&head), head.len, &meta, e);
	test_meta_deinit(&meta);
	buf_deinit(&head);
	return rc;
}

// Sorts one entry into the directories still to be read or the tests found. Links to directories are not
// followed: they could run in a circle.
static int take_entry(const char *root, const char *relative, struct strings *dirs, struct strings *tests,
                      struct err *e)
{
	char *path = io_join(root, relative);
	struct stat st;
	int rc = 0;

	if (path == NULL)
		return err_set(e, ENOMEM, "%s: %s", root, strerror(ENOMEM));
	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
		rc = strings_add(dirs, relative, strlen(relative));
	else if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
		rc = (st.st_mode & 0111) != 0 ? 1 : has_header(path, e);
		if (rc > 0)
			rc = strings_add(tests, relative, strlen(relative));
	}
	if (rc < 0)
		err_set(e, -rc, "%s: %s", path, strerror(-rc));
	free(path);
	return rc;
}

// `relative` is "" for the root itself.
static int scan_dir(const char *root, const char *relative, struct strings *dirs, struct strings *tests,
                    struct err *e)
{
	char *path = relative[0] == '\0' ? strdup(root) : io_join(root, relative);
	DIR *dir = path == NULL ? NULL : opendir(path);
	struct dirent *entry;
	int rc = 0;

	if (dir == NULL) {
		rc = err_set(e, errno, "%s: cannot be read: %s", path != NULL ? path : root, strerror(errno));
		goto out;
	}
	while (rc == 0 && (errno = 0, entry = readdir(dir)) != NULL) {
		char *name;

		if (entry->d_name[0] == '.' || strcmp(entry->d_name, RUNS_DIR) == 0)
			continue;
		name = relative[0] == '\0' ? strdup(entry->d_name) : io_join(relative, entry->d_name);
		if (name == NULL)
			rc = err_set(e, ENOMEM, "%s: %s", root, strerror(ENOMEM));
		else
			rc = take_entry(root, name, dirs, tests, e);
		free(name);
	}
	if (rc == 0 && errno != 0) // not the end: tests would be missing
		rc = err_set(e, errno, "%s: cannot be read to its end: %s", path, strerror(errno));
	closedir(dir);
out:
	free(path);
	return rc;
}

int suite_scan(struct suite *s, struct err *e)
{
	struct strings dirs = { 0 };
	struct strings tests = { 0 };
	int rc = strings_add(&dirs, "", 0);

	for (size_t i = 0; rc == 0 && i < dirs.count; i++) { // grows while it is read
		char *dir = strdup(dirs.items[i]);

		rc = dir == NULL ? -ENOMEM : scan_dir(s->dir, dir, &dirs, &tests, e);
		free(dir);
	}
	if (tests.count > 0)
		qsort(tests.items, tests.count, sizeof *tests.items, by_text);
	for (size_t i = 0; rc == 0 && i < tests.count; i++) {
		struct suite_test *t = suite_add(s);

		if (t != NULL) {
			t->path = tests.items[i];
			tests.items[i] = NULL;
		} else {
			rc = -ENOMEM;
		}
	}
	if (rc == 0) {
		s->note = strdup("no suite.json: every file that can be executed or has a header is a test");
		rc = s->note == NULL ? -ENOMEM : 0;
	}
	strings_deinit(&dirs);
	strings_deinit(&tests);
	return rc < 0 ? err_set(e, -rc, "%s: %s", s->dir, strerror(-rc)) : 0;
}

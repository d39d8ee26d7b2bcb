// The house rules that the compiler cannot hold: no folder reaches into another by path.
#include "files.h"

#include <dirent.h>
#include <stdio.h>

static const char *const rooms[] = { "base", "gen", "runner", "alloc", "stress", "reports", "cli", "tests" };

static bool is_source(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL && (strcmp(dot, ".c") == 0 || strcmp(dot, ".h") == 0);
}

// Adds "FILE:LINE: what" for every include that goes up, or names one of the rooms.
static void check_file(const char *path, struct buf *found)
{
	FILE *f = fopen(path, "r");
	char line[4096];

	assert_non_null(f);
	for (unsigned number = 1; fgets(line, sizeof line, f) != NULL; number++) {
		const char *p = line + strspn(line, " \t");

		if (*p++ != '#')
			continue;
		p += strspn(p, " \t");
		if (strncmp(p, "include", 7) != 0 || (p = strpbrk(p, "\"<")) == NULL)
			continue;
		for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
			size_t len = strlen(rooms[i]);

			if (strncmp(p + 1, rooms[i], len) == 0 && p[1 + len] == '/')
				buf_addf(found, "%s:%u: %s", path, number, line);
		}
		if (strstr(p, "../") != NULL || strstr(p, ".c\"") != NULL)
			buf_addf(found, "%s:%u: %s", path, number, line);
	}
	fclose(f);
}

// Goes through all sources below `dir`; returns how many there were. The tree is a few levels deep.
static unsigned check_tree(const char *dir, struct buf *found)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	unsigned files = 0;

	assert_non_null(d);
	while ((entry = readdir(d)) != NULL) {
		char *path = io_join(dir, entry->d_name);
		struct stat st;

		if (entry->d_name[0] != '.' && lstat(path, &st) == 0) {
			if (S_ISDIR(st.st_mode)) {
				files += check_tree(path, found);
			} else if (S_ISREG(st.st_mode) && is_source(path)) {
				check_file(path, found);
				files++;
			}
		}
		free(path);
	}
	closedir(d);
	return files;
}

CASE("layers: no source includes a file of another folder by its path")
{
	struct buf found = { 0 };

	for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
		char *dir = io_join(SG_SOURCE_DIR, rooms[i]);
		unsigned files = check_tree(dir, &found);

		if (files == 0)
			fail_msg("%s: no sources: nothing was tested", dir);
		free(dir);
	}
	if (found.len > 0)
		fail_msg("forbidden includes:\n%s", buf_text(&found));
	buf_deinit(&found);
}

CASE("layers: a forbidden include is found when there is one")
{
	static const char *const lines[] = { "#include \"../gen/gen.h\"\n", "  # include  \"runner/runner.h\"\n",
		                             "#include \"other.c\"\n", "#include <base/err.h>\n" };
	static const char *const fine[] = { "#include \"err.h\"\n", "#include <sys/stat.h>\n",
		                            "// #include \"../x.h\"\n" };
	char *path = NULL;

	for (size_t i = 0; i < 4; i++) {
		struct buf found = { 0 };

		free(path);
		path = file_put("a.c", lines[i], 0600);
		check_file(path, &found);
		if (found.len == 0)
			fail_msg("not found: %s", lines[i]);
		buf_deinit(&found);
	}
	for (size_t i = 0; i < 3; i++) {
		struct buf found = { 0 };

		free(path);
		path = file_put("a.c", fine[i], 0600);
		check_file(path, &found);
		assert_int_equal(found.len, 0);
		buf_deinit(&found);
	}
	free(path);
}

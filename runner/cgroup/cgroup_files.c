// Small files of control groups.
#include "cgroup_files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool cgroup_path(char out[CGROUP_PATH], const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(out, CGROUP_PATH, format, args);
	va_end(args);
	if (n >= 0 && (size_t)n < CGROUP_PATH)
		return true;
	out[0] = '\0';
	return false;
}

int cgroup_open(const char *dir, const char *file, int flags)
{
	char path[CGROUP_PATH];

	return cgroup_path(path, "%s/%s", dir, file) ? open(path, flags | O_CLOEXEC) : -1;
}

bool cgroup_has(const char *dir, const char *file)
{
	char path[CGROUP_PATH];

	return cgroup_path(path, "%s/%s", dir, file) && access(path, F_OK) == 0;
}

bool cgroup_write(const char *dir, const char *file, const char *text)
{
	int fd = cgroup_open(dir, file, O_WRONLY);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) > 0;
	int error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
	return ok;
}

bool cgroup_word_in_list(const char *list, const char *word)
{
	const size_t len = strlen(word);

	for (const char *at = list; (at = strstr(at, word)) != NULL; at += len) {
		bool starts = at == list || strchr(", \n", at[-1]) != NULL;

		if (starts && strchr(", \n", at[len]) != NULL) // its NUL counts as an end
			return true;
	}
	return false;
}

bool cgroup_write_number(const char *dir, const char *file, uint64_t value, const char *none)
{
	char text[32];

	snprintf(text, sizeof text, "%" PRIu64, value);
	return cgroup_write(dir, file, value > 0 ? text : none);
}

uint64_t cgroup_keyed(int fd, const char *key)
{
	char text[2048];
	const size_t len = strlen(key);
	ssize_t n = fd >= 0 ? pread(fd, text, sizeof text - 1, 0) : -1;

	if (n <= 0)
		return 0;
	text[n] = '\0';
	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len) == 0 && line[len] == ' ')
			return strtoull(line + len, NULL, 10);
	}
	return 0;
}

void cgroup_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

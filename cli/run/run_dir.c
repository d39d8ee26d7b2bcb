// A run's directory, and which was the latest.
#include "run_dir.h"

#include "pipeline.h"

#include "io.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RUNS_A_SECOND 1000U

// Makes the n-th directory of that second; 0, or -1 with errno set.
static int new_dir(const char *stamp, const char *label, unsigned n, char **out)
{
	char path[160];

	if (n == 1)
		snprintf(path, sizeof path, SG_RUNS_DIR "/%s-%s", stamp, label);
	else
		snprintf(path, sizeof path, SG_RUNS_DIR "/%s-%s-%u", stamp, label, n);
	if (mkdir(path, 0777) < 0)
		return -1;
	*out = strdup(path);
	return *out == NULL ? -1 : 0;
}

int pipeline_choose_dir(struct pipeline *j, const char *label, struct err *e)
{
	const char *given = opt_text(&j->app->opts, "output");
	char stamp[32];
	struct tm tm;
	time_t now = time(NULL);
	int r;

	if (given != NULL) {
		j->run_dir = strdup(given);
		return j->run_dir == NULL ? err_set(e, ENOMEM, "out of memory") : io_make_dirs(given, e);
	}
	j->first_run = access(SG_RUNS_DIR, F_OK) < 0;
	r = io_make_dirs(SG_RUNS_DIR, e);
	if (r < 0)
		return err_set(e, -r, SG_RUNS_DIR " cannot be made here: %s; choose another place with -o DIR",
		               strerror(-r));
	gmtime_r(&now, &tm);
	strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &tm);
	for (unsigned n = 1; n < RUNS_A_SECOND; n++) {
		if (new_dir(stamp, label, n, &j->run_dir) == 0)
			return 0;
		if (errno != EEXIST)
			return err_set(e, errno, SG_RUNS_DIR ": %s; choose another place with -o DIR",
			               strerror(errno));
	}
	return err_set(e, EEXIST, SG_RUNS_DIR ": too many runs in one second");
}

// 0 where the directory is there or can be made, as far as that can be told beforehand; else -errno.
static int look_at(const char *dir)
{
	char at[PATH_MAX];
	struct stat st;

	if (snprintf(at, sizeof at, "%s", dir) >= (int)sizeof at)
		return -ENAMETOOLONG;
	while (stat(at, &st) < 0) { // up to the first that is there
		char *slash = strrchr(at, '/');

		if (errno != ENOENT || strcmp(at, ".") == 0)
			return -errno;
		if (slash == NULL)
			strcpy(at, ".");
		else
			slash[slash == at] = '\0';
	}
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	return access(at, W_OK | X_OK) < 0 ? -errno : 0;
}

int pipeline_check_dir(struct pipeline *j, const char *label, struct err *e)
{
	const char *given = opt_text(&j->app->opts, "output");
	const int r = look_at(given != NULL ? given : SG_RUNS_DIR);

	j->label = label;
	if (r == 0)
		return 0;
	return given != NULL
	               ? err_set(e, -r, "%s: cannot be made a directory: %s", given, strerror(-r))
	               : err_set(e, -r, SG_RUNS_DIR " cannot be made here: %s; choose another place with -o DIR",
	                         strerror(-r));
}

void pipeline_abandon(const struct pipeline *j)
{
	if (j->run_dir != NULL)
		rmdir(j->run_dir);
	if (j->first_run)
		rmdir(SG_RUNS_DIR);
}

bool run_dir_latest(char name[RUN_DIR_LINK])
{
	ssize_t n = readlink(SG_LATEST, name, RUN_DIR_LINK - 1);

	name[n > 0 ? n : 0] = '\0';
	return n > 0;
}

void run_dir_link_latest(const char *name)
{
	unlink(SG_LATEST);
	if (name[0] != '\0' && symlink(name, SG_LATEST) < 0)
		fprintf(stderr, "stressgen: " SG_LATEST ": %s (the run itself is whole)\n", strerror(errno));
}

const char *run_dir_name(const char *run_dir)
{
	static const char runs[] = SG_RUNS_DIR "/";

	return strncmp(run_dir, runs, strlen(runs)) == 0 ? run_dir + strlen(runs) : NULL;
}

char *run_dir_resumed(const char *given, struct err *e)
{
	char name[RUN_DIR_LINK];

	if (given != NULL)
		return strdup(given);
	if (!run_dir_latest(name)) {
		err_set(e, errno, "there is no " SG_LATEST " here to resume; name the run with -o DIR");
		return NULL;
	}
	return io_join(SG_RUNS_DIR, name);
}

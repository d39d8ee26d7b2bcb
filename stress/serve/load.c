// The load's processes.
#include "serve.h"

#include "io.h"
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define H2 "h2 "

// The malloc under test is the service's alone.
static void leave_environment(void)
{
	unsetenv("LD_PRELOAD");
	unsetenv("MALLOC_CONF");
	unsetenv("GLIBC_TUNABLES");
	unsetenv("STRESSGEN_TELEMETRY_DIR");
}

static char *command_line(struct load *l, const char *command, const char *self)
{
	char *line;
	int n;

	if (l->is_h2)
		n = asprintf(&line, "exec '%s' h2 %s -o %s/run --progress none --quiet --no-preload >/dev/null",
		             self, command + strlen(H2), l->dir);
	else
		n = asprintf(&line, "exec %s", command);
	return n < 0 ? NULL : line;
}

int load_start(struct load *l, const char *command, const char *self, bool heard)
{
	const char *temp = getenv("TMPDIR");
	char *line;

	l->is_h2 = strncmp(command, H2, strlen(H2)) == 0;
	l->dir[0] = '\0';
	if (l->is_h2) {
		if (snprintf(l->dir, sizeof l->dir, "%s/load-XXXXXX", temp != NULL ? temp : "/tmp") >=
		            (int)sizeof l->dir ||
		    mkdtemp(l->dir) == NULL)
			return -ENAMETOOLONG;
	}
	line = command_line(l, command, self);
	if (line == NULL)
		return -ENOMEM;
	fflush(stdout);
	l->pid = fork();
	if (l->pid == 0) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		leave_environment();
		if (!heard && null >= 0)
			dup2(null, STDOUT_FILENO);
		execl("/bin/sh", "sh", "-c", line, (char *)NULL);
		_exit(127);
	}
	free(line);
	if (l->pid < 0)
		return -errno;
	setpgid(l->pid, l->pid);
	return 0;
}

bool load_is_over(struct load *l, bool *ok)
{
	int status;

	if (waitpid(l->pid, &status, WNOHANG) != l->pid)
		return false;
	*ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	kill(-l->pid, SIGKILL);
	return true;
}

void load_kill(struct load *l)
{
	kill(-l->pid, SIGKILL);
	while (waitpid(l->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static int pass_on(const struct result *r)
{
	struct buf code = { 0 };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < r->series_count; i++) {
		buf_clear(&code);
		rc = hist_encode(r->series[i].hist, &code);
		if (rc == 0)
			printf("@@ hist %s %s\n", r->series[i].name, buf_text(&code));
	}
	for (size_t i = 0; i < r->gauge_count; i++)
		printf("@@ gauge %s %.17g %s\n", r->gauges[i].name, r->gauges[i].value, r->gauges[i].unit);
	buf_deinit(&code);
	return rc;
}

int load_finish(struct load *l, bool heard)
{
	char *dir = l->is_h2 ? io_join(l->dir, "run") : NULL;
	struct run run = { 0 };
	struct err e = { 0 };
	int rc = 0;

	if (!l->is_h2)
		return 0;
	if (heard)
		rc = dir != NULL ? run_load(dir, &run, &e) : -ENOMEM;
	for (size_t i = 0; rc == 0 && i < run.count; i++)
		rc = pass_on(&run.results[i]);
	run_deinit(&run);
	io_remove_tree(l->dir);
	free(dir);
	return rc;
}

// stressgen record: a program's calls of malloc, as a trace for stressgen replay.
#include "cli.h"
#include "header.h"
#include "io.h"
#include "program.h"
#include "trace_pack.h"
#include "trace_raw.h"
#include "units.h"
#include "verdict.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct recording {
	struct app *app;
	char dir[64];     // where the processes write
	char *program;    // what is run, owned
	int status;       // as waitpid gives it
	char *largest;    // the file of the process with the most calls, owned
	size_t processes; // that have called at all
};

static int set_environment(const struct recording *r, struct err *e)
{
	const char *before = getenv("LD_PRELOAD"), *preload = r->app->paths.preload;
	char limit[32], *libraries = NULL;
	int rc;

	snprintf(limit, sizeof limit, "%llu", (unsigned long long)opt_number(&r->app->opts, "trace-limit"));
	rc = asprintf(&libraries, "%s%s%s", preload, before != NULL ? ":" : "", before != NULL ? before : "");
	if (rc < 0 || setenv("LD_PRELOAD", libraries, 1) < 0 || setenv(TRACE_ENV_DIR, r->dir, 1) < 0 ||
	    setenv(TRACE_ENV_LIMIT, limit, 1) < 0)
		rc = err_set(e, ENOMEM, "out of memory");
	free(rc < 0 ? NULL : libraries);
	return rc < 0 ? rc : 0;
}

static void clear_environment(const char *before)
{
	if (before != NULL)
		setenv("LD_PRELOAD", before, 1);
	else
		unsetenv("LD_PRELOAD");
	unsetenv(TRACE_ENV_DIR);
	unsetenv(TRACE_ENV_LIMIT);
}

// Ctrl-C is for the program: what it did until then is the trace.
static int run_program(struct recording *r, struct err *e)
{
	char *before = getenv("LD_PRELOAD") != NULL ? strdup(getenv("LD_PRELOAD")) : NULL;
	void (*interrupt)(int) = signal(SIGINT, SIG_IGN);
	posix_spawnattr_t attributes;
	sigset_t defaults;
	pid_t pid;
	int rc = set_environment(r, e);

	if (rc == 0) {
		sigemptyset(&defaults);
		sigaddset(&defaults, SIGINT);
		posix_spawnattr_init(&attributes);
		posix_spawnattr_setsigdefault(&attributes, &defaults);
		posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
		rc = -posix_spawn(&pid, r->program, NULL, &attributes, r->app->opts.rest, environ);
		posix_spawnattr_destroy(&attributes);
		if (rc < 0)
			err_set(e, -rc, "%s: %s", r->program, strerror(-rc));
	}
	clear_environment(before);
	while (rc == 0 && waitpid(pid, &r->status, 0) < 0)
		rc = errno == EINTR ? 0 : -errno;
	signal(SIGINT, interrupt);
	free(before);
	return rc;
}

static int find_largest(struct recording *r, struct err *e)
{
	struct program_cache cache = { 0 };
	DIR *d = opendir(r->dir);
	uint64_t most = 0;
	const char *why;
	struct dirent *entry;

	while (d != NULL && (entry = readdir(d)) != NULL) {
		char *path = entry->d_name[0] != '.' ? io_join(r->dir, entry->d_name) : NULL;
		uint64_t calls = path != NULL ? trace_raw_calls(path) : 0;

		r->processes += calls > 0;
		if (calls > most) {
			most = calls;
			free(r->largest);
			r->largest = path;
		} else {
			free(path);
		}
	}
	if (d != NULL)
		closedir(d);
	if (r->largest != NULL)
		return 0;
	why = program_own_malloc(&cache, r->program);
	return err_set(
	        e, EINVAL, "%s: none of its calls was seen: %s", r->app->opts.rest[0],
	        why != NULL ? why
	                    : "neither it nor what it executed called malloc through the C library (what is "
	                      "static or brings its own malloc does not, and sudo and the like drop LD_PRELOAD)");
}

static void say_trace(const struct recording *r, const struct trace_writer *w, const char *path)
{
	char calls[32], lost[32];

	say(r->app, "%s: %s calls of %s by %u thread%s", path, units_count(calls, sizeof calls, w->facts.events),
	    w->facts.program, w->facts.lane_count, w->facts.lane_count == 1 ? "" : "s");
	if (r->processes > 1)
		say(r->app, "%zu processes called malloc; the trace is of the one with the most calls",
		    r->processes);
	if (w->facts.stopped)
		say(r->app, "it stops where --trace-limit was reached; the program went on");
	if (w->facts.lost > 0)
		say(r->app, "%s calls are not in it (in signal handlers, or of more than %u threads at a time)",
		    units_count(lost, sizeof lost, w->facts.lost), TRACE_RAW_LANES);
	if (WIFSIGNALED(r->status))
		say(r->app, "the program died of signal %d (%s); the trace goes up to there", WTERMSIG(r->status),
		    strsignal(WTERMSIG(r->status)));
	else if (WEXITSTATUS(r->status) != 0)
		say(r->app, "the program ended with exit status %d", WEXITSTATUS(r->status));
}

static int write_trace(struct recording *r, const char *path, struct err *e)
{
	struct trace_writer *w = calloc(1, sizeof *w);
	int rc = w == NULL ? err_set(e, ENOMEM, "out of memory") : trace_pack(r->largest, w, e);

	if (rc == 0)
		rc = trace_writer_end(w, path, e);
	if (rc == 0)
		say_trace(r, w, path);
	if (w != NULL)
		trace_writer_deinit(w);
	free(w);
	return rc;
}

static int begin(struct recording *r, struct err *e)
{
	const struct opt_set *o = &r->app->opts;
	const char *tmp = getenv("TMPDIR"), *why;
	struct program_cache cache = { 0 };

	if (o->rest == NULL || o->rest_count == 0 || o->arg_count > 0)
		return err_set(e, EINVAL, "record what? Write: stressgen record -o TRACE -- ./prog args");
	r->program = paths_which(o->rest[0]);
	if (r->program == NULL)
		return err_set(e, ENODEV, "program not found: %s", o->rest[0]);
	why = program_no_preload(&cache, r->program);
	if (why != NULL)
		return err_set(e, EINVAL, "%s: its calls cannot be recorded: %s", o->rest[0], why);
	snprintf(r->dir, sizeof r->dir, "%.40s/stressgen-XXXXXX", tmp != NULL && strlen(tmp) <= 40 ? tmp : "/tmp");
	if (mkdtemp(r->dir) == NULL)
		return err_set(e, errno, "%s: %s", r->dir, strerror(errno));
	return 0;
}

int cmd_record(struct app *app)
{
	const char *path = opt_text(&app->opts, "output");
	struct recording r = { .app = app };
	struct err e = { 0 };
	int code = SG_EXIT_OK;
	int rc = begin(&r, &e);

	path = path != NULL ? path : "program.sgtrace";
	if (rc == 0)
		rc = run_program(&r, &e);
	if (rc == 0)
		rc = find_largest(&r, &e);
	if (rc == 0)
		rc = write_trace(&r, path, &e);
	if (rc == 0 && (!WIFEXITED(r.status) || WEXITSTATUS(r.status) != 0))
		code = SG_EXIT_TESTS;
	if (rc < 0)
		code = rc == -ENODEV ? (complain(&e, rc), SG_EXIT_MISSING) : complain(&e, rc);
	if (r.dir[0] != '\0')
		io_remove_tree(r.dir);
	free(r.program);
	free(r.largest);
	return code;
}

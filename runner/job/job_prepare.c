// Preparing a test: everything that its process needs is ready before it is started.
#include "job.h"

#include "clock.h"
#include "io.h"
#include "jemalloc_file.h"
#include "layout.h"
#include "leak.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXTRA_FD 3 // what STRESSGEN_FD says

__attribute__((format(printf, 3, 4))) static int put(char *out, size_t size, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(out, size, format, args);
	va_end(args);
	return n >= 0 && (size_t)n < size ? 0 : -ENAMETOOLONG;
}

static int prepare_paths(struct job *j, unsigned attempt)
{
	char *name = io_encode_name(j->test->id);
	int rc;

	if (name == NULL)
		return -ENOMEM;
	rc = put(j->attempt_dir, sizeof j->attempt_dir, "%s/tests/%s/%u", j->session->run_dir, name, attempt);
	free(name);
	if (rc == 0)
		rc = put(j->out_path, sizeof j->out_path, "%s/stdout", j->attempt_dir);
	if (rc == 0)
		rc = put(j->err_path, sizeof j->err_path, "%s/stderr", j->attempt_dir);
	if (rc == 0)
		rc = put(j->timeline_path, sizeof j->timeline_path, "%s/timeline", j->attempt_dir);
	if (rc == 0 && j->session->config->keep)
		rc = put(j->temp_path, sizeof j->temp_path, "%s/tmp", j->attempt_dir);
	else if (rc == 0)
		rc = put(j->temp_path, sizeof j->temp_path, "%s", j->temp_dir.path);
	if (rc == 0)
		rc = put(j->copy_dir, sizeof j->copy_dir, "%s/telemetry", j->attempt_dir);
	return rc;
}

static int prepare_command(struct job *j)
{
	const struct runner_config *c = j->session->config;
	const struct command_context ctx = { .suite_dir = j->session->suite_dir,
		                             .resolve = c->resolve,
		                             .resolve_arg = c->resolve_arg,
		                             .package = c->package,
		                             .package_arg = c->package_arg,
		                             .params = c->params,
		                             .param_count = c->param_count,
		                             .wrap = j->plain ? NULL : c->wrap,
		                             .prefix = c->container && !j->plain ? job_container_prefix : NULL,
		                             .prefix_arg = j,
		                             .direct = j->direct };
	int rc;

	rc = command_resolve(&ctx, j->test, &j->command, &j->why);
	if (rc == -ENOMEM)
		return rc;
	if (rc < 0) {
		j->facts.not_started = j->why.text;
		return 1;
	}
	j->plan.program = j->command.program;
	j->plan.argv = j->command.argv;
	return 0;
}

// Programs of ours report by themselves; the one that measures a malloc does not know what the library knows.
static bool is_preloaded(const struct job *j)
{
	const struct runner_config *c = j->session->config;

	if (!j->command.own_program)
		return true;
	if (c->measurer == NULL || strcmp(j->command.own_name, c->measurer) != 0)
		return false;
	return c->preload_measurer || j->test->invocation != NULL; // those that are bare never get here
}

// LD_PRELOAD for this program: with our library in front where it works, else as it was.
static const char *preload_for(struct job *j)
{
	const struct session *s = j->session;

	j->not_instrumented = NULL;
	if (j->test->invocation != NULL && j->test->invocation->bare)
		return NULL;
	if (s->config->preload != NULL && engine_is_set(&s->engine)) {
		j->not_instrumented = "in a container of an engine, whose image has its own libraries";
	} else if (s->config->preload != NULL && is_preloaded(j)) {
		j->not_instrumented = s->preload_refused;
		if (j->not_instrumented == NULL)
			j->not_instrumented = program_no_preload(&j->session->programs, j->command.program);
		if (j->not_instrumented == NULL)
			return s->config->preload;
	}
	return NULL;
}

// Whether this process's jemalloc is to be looked at: by what is preloaded, or, embedded in a program of ours, by
// itself. Not where a comparison times it.
static bool looks_at_jemalloc(const struct job *j, bool preloads)
{
	const struct suite_invocation *i = j->test->invocation;

	return preloads || (j->command.own_program && (i == NULL || !i->bare));
}

// What libstressjemalloc.so reads; and jemalloc itself: its arena for large requests takes no hooks, so there is
// none.
static int prepare_jemalloc(struct job *j, bool preloads, size_t *n)
{
	struct job_environment *env = &j->environment;
	const struct session *s = j->session;
	const char *before = s->malloc_conf;
	const uint64_t cap = s->config->jemalloc_cap;

	if (looks_at_jemalloc(j, preloads)) {
		env->entries[(*n)++] = env->looks;
		if (put(env->looks, sizeof env->looks, SG_JEMALLOC_ENV_EVERY_MS "=%" PRIu64,
		        s->sample_ns / SG_NS_PER_MS) < 0)
			return -ENAMETOOLONG;
	}
	if (cap == 0)
		return 0;
	env->entries[(*n)++] = env->cap;
	env->entries[(*n)++] = env->malloc_conf;
	return put(env->cap, sizeof env->cap, SG_JEMALLOC_ENV_CAP "=%" PRIu64, cap) < 0 ||
	                       put(env->malloc_conf, sizeof env->malloc_conf,
	                           "MALLOC_CONF=%s%soversize_threshold:0", before,
	                           before[0] != '\0' ? "," : "") < 0
	               ? -ENAMETOOLONG
	               : 0;
}

// What the preloaded library is told: the test's own, else the run's.
static int prepare_preload_options(struct job *j, size_t *n)
{
	const char *run = j->session->config->preload_options;
	const char *options = j->test->preload_options != NULL ? j->test->preload_options : run;
	struct job_environment *env = &j->environment;

	if (options == NULL || *options == '\0')
		return 0;
	env->entries[(*n)++] = env->preload_options;
	return put(env->preload_options, sizeof env->preload_options, SG_PRELOAD_OPTIONS "=%s", options);
}

static char leak_check[] = SG_ENV_LEAK_CHECK "=1"; // never written to

static const char *job_allocator(const struct job *j)
{
	const struct suite_invocation *i = j->test->invocation;

	if (i == NULL || i->allocator == NULL)
		return j->session->config->allocator;
	return i->allocator[0] != '\0' ? i->allocator : NULL;
}

// The library of the malloc that the run is put on; NULL where there is none, or not in this program.
static const char *allocator_for(struct job *j)
{
	const char *library = job_allocator(j);

	j->not_on_allocator =
	        library != NULL ? program_own_malloc(&j->session->programs, j->command.program) : NULL;
	return j->not_on_allocator == NULL ? library : NULL;
}

// The library that caps a jemalloc lies beside ours; in front of all, it sees the program make arenas. "": no cap
// is asked for, or there is no such library. Else it is loaded by ours, where there is a jemalloc.
static int cap_library(const struct job *j, const char *ours, char *path, size_t size)
{
	const char *slash = ours != NULL ? strrchr(ours, '/') : NULL;

	path[0] = '\0';
	if (j->session->config->jemalloc_cap == 0 || slash == NULL)
		return 0;
	if (put(path, size, "%.*s/" SG_JEMALLOC_LIBRARY, (int)(slash - ours), ours) < 0)
		return -ENAMETOOLONG;
	if (access(path, R_OK) < 0)
		path[0] = '\0';
	return 0;
}

static int add_library(struct job *j, size_t *len, const char *prefix, const char *library)
{
	struct job_environment *env = &j->environment;

	if (library == NULL || library[0] == '\0')
		return 0;
	if (put(env->preload + *len, sizeof env->preload - *len, "%s%s%s",
	        env->preload[*len - 1] == '=' ? "" : ":", prefix, library) < 0)
		return -ENAMETOOLONG;
	*len += strlen(env->preload + *len);
	return 0;
}

// Ours in front of the malloc's, then what was preloaded before. Nothing of it: no variable. Ours runs under any
// libc; a program of musl that the test starts could not start with the others.
static int prepare_preload(struct job *j, const char *ours, size_t *n)
{
	char cap[PATH_MAX];
	const char *const glibc_only = j->session->glibc_only;
	struct job_environment *env = &j->environment;
	size_t len = (size_t)snprintf(env->preload, sizeof env->preload, "LD_PRELOAD=");
	const size_t empty = len;

	if (cap_library(j, ours, cap, sizeof cap) < 0 || add_library(j, &len, glibc_only, cap) < 0 ||
	    add_library(j, &len, "", ours) < 0 || add_library(j, &len, glibc_only, allocator_for(j)) < 0 ||
	    add_library(j, &len, "", j->session->preload_before) < 0)
		return -ENAMETOOLONG;
	if (len > empty)
		env->entries[(*n)++] = env->preload;
	return 0;
}

// Everything above it on the stack, and so all of a program's frames, moves by its length.
static void pad_environment(struct job *j, size_t *n)
{
	const struct suite_invocation *i = j->test->invocation;
	struct job_environment *env = &j->environment;
	size_t len, bytes;

	if (i == NULL || i->layout_bytes == 0)
		return;
	bytes = i->layout_bytes < LAYOUT_MOST ? (size_t)i->layout_bytes : LAYOUT_MOST;
	len = (size_t)snprintf(env->layout, sizeof env->layout, SG_LAYOUT_ENV "=");
	memset(env->layout + len, 'x', bytes);
	env->layout[len + bytes] = '\0';
	env->entries[(*n)++] = env->layout;
}

// The invocation's own variables, each in the place of the session's of that name, since the first one counts.
// The entries were the session's again before.
static void set_variables(struct job *j, size_t *n)
{
	const struct suite_invocation *i = j->test->invocation;
	char **entries = j->environment.entries;

	for (size_t k = 0; i != NULL && i->variables != NULL && k < i->variables->count; k++) {
		char *text = i->variables->items[k];
		const size_t name = strcspn(text, "=") + 1;
		size_t at = 1;

		while (at < *n && strncmp(entries[at], text, name) != 0)
			at++;
		entries[at] = text;
		*n += at == *n;
	}
}

static int prepare_environment(struct job *j)
{
	struct job_environment *env = &j->environment;
	const struct session *s = j->session;
	const char *library = preload_for(j);
	size_t n = s->environment_count + 1; // the mark is there already
	int rc = 0;

	memcpy(env->entries + 1, s->environment, s->environment_count * sizeof *env->entries);
	set_variables(j, &n);
	env->entries[n++] = env->temp;
	env->entries[n++] = env->telemetry;
	env->entries[n++] = env->fd;
	if (s->config->leak_check)
		env->entries[n++] = leak_check;
	if (put(env->fd, sizeof env->fd, "STRESSGEN_FD=%d", EXTRA_FD) < 0 ||
	    put(env->mark, sizeof env->mark, "%s%" PRIu64 ".", s->guardian.mark, s->serial) < 0 ||
	    put(env->temp, sizeof env->temp, "TMPDIR=%s", j->temp_path) < 0 ||
	    put(env->telemetry, sizeof env->telemetry, SG_TELE_ENV_DIR "=%s", j->tele_dir.path) < 0)
		return -ENAMETOOLONG;
	if (s->config->clean_home && !engine_is_set(&s->engine)) { // an engine has use for its own
		env->entries[n++] = env->home;
		rc = put(env->home, sizeof env->home, "HOME=%s", j->temp_path);
	}
	if (rc == 0)
		rc = prepare_preload_options(j, &n);
	if (rc == 0 && s->config->keep)
		rc = io_make_dirs(j->temp_path, &j->why);
	if (rc < 0)
		return rc;
	pad_environment(j, &n);
	if (rc == 0)
		rc = prepare_jemalloc(j, library != NULL, &n);
	if (rc == 0)
		rc = prepare_preload(j, library, &n);
	env->entries[n] = NULL;
	j->plan.envp = env->entries;
	return rc;
}

static void reset(struct job *j, const struct suite_test *t, unsigned attempt)
{
	j->test = t;
	j->was_looked_at = j->looks != 1 || j->looked_at_end; // 0: there was none
	j->looks = j->kills = 0;
	j->looked_at_end = false;
	j->left_to_its_fate = j->timeline_begun = j->respawned = false;
	j->output_error = 0;
	j->pid = 0;
	j->reaped = false;
	j->stop_by = NULL;
	memset(&j->facts, 0, sizeof j->facts);
	memset(&j->why, 0, sizeof j->why);
	j->facts.test = j->test;
	j->facts.out = &j->out;
	j->facts.err = &j->err;
	j->facts.measure = &j->measure;
	j->result.attempt = attempt;
	j->result.expected = j->test->meta.expect;
	j->result.exit_code = -1;
	measure_begin(&j->measure, &j->result);
}

// Which invocation it is goes into the result.
static int name_invocation(const struct suite_test *t, struct result *r)
{
	const struct suite_invocation *i = t->invocation;

	if (i == NULL)
		return 0;
	r->of = strdup(i->of);
	r->side = strdup(i->side);
	r->phase = strdup(i->phase);
	r->pair = i->pair;
	r->layout_bytes = i->layout_bytes;
	return r->of != NULL && r->side != NULL && r->phase != NULL ? 0 : -ENOMEM;
}

int job_prepare_seen(struct job *j)
{
	struct command unseen = j->command;
	int rc;

	memset(&j->command, 0, sizeof j->command);
	j->direct = false;
	rc = prepare_command(j);
	if (rc < 0) {
		command_deinit(&j->command);
		j->command = unseen;
		j->plan.program = unseen.program;
		j->plan.argv = unseen.argv;
		return rc;
	}
	command_deinit(&unseen);
	return rc == 0 && !j->command.direct ? prepare_environment(j) : 1;
}

int job_prepare(struct job *j, const struct suite_test *t, unsigned attempt)
{
	struct result *r = &j->result;
	int rc;

	reset(j, t, attempt);
	r->id = strdup(j->test->id);
	r->containment = strdup(session_containment(j->session));
	r->growth = t->growth != NULL ? strdup(t->growth) : NULL;
	if (r->id == NULL || r->containment == NULL || (t->growth != NULL && r->growth == NULL) ||
	    name_invocation(t, r) < 0)
		return -ENOMEM;
	j->session->serial++;
	rc = prepare_paths(j, attempt);
	capture_begin(&j->out, j->out_path);
	capture_begin(&j->err, j->err_path);
	job_container_prepare(j);
	job_prepare_limits(j);
	if (rc == 0)
		rc = prepare_command(j); // the limits may be words of it
	if (rc == 0)
		rc = prepare_environment(j);
	if (rc == 0)
		rc = job_open_pipes(j);
	if (rc < 0)
		job_close_pipes(j);
	return rc;
}

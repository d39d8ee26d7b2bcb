// Running the real binary and looking at what it did.
#include "e2e.h"

#include "harness.h"
#include "io.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BINARY SG_BUILD_DIR "/bin/stressgen"
#define MAX_ARGS 250
#define TEXT_MAX (64U << 20)

// The text with each line's end and the indentation behind it as one space; from malloc.
static char *unwrap(const char *text)
{
	char *all = malloc(strlen(text) + 1), *to = all;

	assert_non_null(all);
	while (*text != '\0') {
		*to++ = *text == '\n' ? ' ' : *text;
		text += *text == '\n' ? 1 + strspn(text + 1, " ") : 1;
	}
	*to = '\0';
	return all;
}

void assert_contains(const char *text, const char *part)
{
	char *unwrapped = unwrap(text);

	if (strstr(text, part) == NULL && strstr(unwrapped, part) == NULL)
		fail_msg("'%s' is not in:\n%s", part, text);
	free(unwrapped);
}

// Appending: two descriptors of one file do not write over each other.
static void redirect(const char *dir, const char *name, int to)
{
	char *path = io_join(dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666);

	if (fd < 0 || dup2(fd, to) < 0)
		_exit(126);
	free(path);
}

static pid_t start(const char *dir, const char *program, const char *const *args, const char *out, const char *err)
{
	char *argv[MAX_ARGS + 2] = { strdup(program) };
	pid_t pid;
	int n = 1;

	for (; args[n - 1] != NULL && n <= MAX_ARGS; n++)
		argv[n] = strdup(args[n - 1]);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		redirect(harness_tmpdir(), out, STDOUT_FILENO);
		redirect(harness_tmpdir(), err, STDERR_FILENO);
		if (chdir(dir) < 0)
			_exit(126);
		unsetenv("NO_COLOR");
		execv(program, argv);
		_exit(127);
	}
	for (int i = 0; i < n; i++)
		free(argv[i]);
	return pid;
}

static void slurp(const char *name, struct buf *out)
{
	char *path = io_join(harness_tmpdir(), name);

	assert_true(io_read_file(path, TEXT_MAX, out, NULL) >= 0);
	free(path);
}

static struct outcome finish(const char *dir, const char *program, const char *const *args)
{
	struct outcome o = { 0 };
	int status;
	pid_t pid;

	harness_tmpdir(); // made by this process, not by the child
	pid = start(dir, program, args, "stdout.txt", "stderr.txt");
	assert_int_equal(waitpid(pid, &status, 0), pid);
	o.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	slurp("stdout.txt", &o.out);
	slurp("stderr.txt", &o.err);
	return o;
}

struct outcome e2e_run(const char *dir, const char *const *args)
{
	return finish(dir, BINARY, args);
}

struct outcome e2e_shell(const char *dir, const char *line)
{
	char command[4096];

	snprintf(command, sizeof command, "PATH='%s/bin':$PATH; %s", SG_BUILD_DIR, line);
	return finish(dir, "/bin/sh", (const char *const[]){ "-c", command, NULL });
}

void outcome_deinit(struct outcome *o)
{
	buf_deinit(&o->out);
	buf_deinit(&o->err);
}

pid_t e2e_start(const char *dir, const char *const *args)
{
	harness_tmpdir();
	return start(dir, BINARY, args, "background.log", "background.log");
}

struct e2e_server e2e_server_start(const char *dir, const char *option, const char *value)
{
	struct e2e_server s = { .pid = E2E_START(dir, "h2-server", "--port", "0", option, value) };
	char *log = io_join(harness_tmpdir(), "background.log");
	unsigned port = 0;

	for (unsigned i = 0; port == 0 && i < 300; i++) {
		FILE *f = fopen(log, "r");
		char line[256];

		while (f != NULL && port == 0 && fgets(line, sizeof line, f) != NULL) {
			const char *at = strstr(line, "port ");
			if (at != NULL)
				port = (unsigned)strtoul(at + 5, NULL, 10);
		}
		if (f != NULL)
			fclose(f);
		if (port == 0)
			usleep(100000);
	}
	free(log);
	assert_int_not_equal(port, 0);
	snprintf(s.url, sizeof s.url, "http://127.0.0.1:%u", port);
	return s;
}

void e2e_server_stop(struct e2e_server *s)
{
	kill(s->pid, SIGTERM);
	waitpid(s->pid, NULL, 0);
}

json_t *e2e_cliff(const struct outcome *o, json_t **all)
{
	if (o->exit_code != 0)
		fail_msg("exit %d: %s", o->exit_code, buf_text(&o->err));
	*all = json_loads(buf_text(&o->out), 0, NULL);
	assert_non_null(*all);
	assert_int_equal(json_array_size(json_object_get(*all, "cliffs")), 1);
	return json_array_get(json_object_get(*all, "cliffs"), 0);
}

const char *e2e_suite(void)
{
	char command[1024];

	snprintf(command, sizeof command, "cp -r '%s/suite' '%s/suite'", SG_TEST_DATA, harness_tmpdir());
	assert_int_equal(system(command), 0);
	return harness_tmpdir();
}

void e2e_write(const char *dir, const char *name, const char *text, bool executable)
{
	char *path = io_join(dir, name);
	char *slash = strrchr(path, '/');
	struct err e = { 0 };

	*slash = '\0'; // NAME may stand in a directory that is not there yet
	if (io_make_dirs(path, &e) < 0)
		fail_msg("%s", e.text);
	*slash = '/';
	if (io_replace_file(path, text, strlen(text), &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(chmod(path, executable ? 0755 : 0644), 0);
	free(path);
}

json_t *e2e_report(const char *run_dir)
{
	char *path = io_join(run_dir, "report.json");
	json_error_t error;
	json_t *report = json_load_file(path, 0, &error);

	if (report == NULL)
		fail_msg("%s:%d: %s", path, error.line, error.text);
	free(path);
	return report;
}

json_t *e2e_test(json_t *report, const char *id)
{
	json_t *tests = json_object_get(report, "tests");
	size_t i;
	json_t *t;

	json_array_foreach(tests, i, t)
	{
		const char *name = json_string_value(json_object_get(t, "id"));
		if (name != NULL && strcmp(name, id) == 0)
			return t;
	}
	fail_msg("no test '%s' in the report", id);
	return NULL;
}

json_t *e2e_comparison(const char *dir, const char *run)
{
	struct outcome o = E2E(dir, "compare", run, "--format", "json");
	json_t *json = json_loads(buf_text(&o.out), 0, NULL);

	assert_int_equal(o.exit_code, 0);
	assert_non_null(json);
	outcome_deinit(&o);
	return json;
}

const json_t *e2e_row(const json_t *comparison, const char *test, const char *metric)
{
	const json_t *rows = json_object_get(comparison, "rows"), *one;
	size_t i;

	json_array_foreach(rows, i, one)
	{
		if (strcmp(json_string_value(json_object_get(one, "test")), test) == 0 &&
		    strcmp(json_string_value(json_object_get(one, "metric")), metric) == 0)
			return one;
	}
	fail_msg("no row %s %s", test, metric);
	return NULL;
}

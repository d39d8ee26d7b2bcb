// How large the fixed slab under Lua and the evaluator should be: twice the highest peak of the kernels that will
// run in it. (At the minimum the collector thrashes: docs/decisions.md.)
#include "clock.h"
#include "io.h"
#include "pipeline.h"
#include "tool.h"
#include "units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define PARAM "slab-capacity"
#define MARK "slab-mark"
#define ROUND_TO (64U * 1024U)
#define MEASURE_NS (120 * SG_NS_PER_S)
#define MEASURE_SLOW_NS (60 * SG_NS_PER_S) // more, for each slow one

// A program of our own that can tell how much room a file needs.
struct host {
	const char *mark; // in a test's command
	const char *path;
};

static bool wants_measuring(const struct suite_test *t, const struct host *h)
{
	const char *value = test_meta_param(&t->meta, PARAM);
	return value != NULL && strcmp(value, "auto") == 0 && t->meta.run != NULL &&
	       strstr(t->meta.run, h->mark) != NULL;
}

// In the place of the one that an earlier run had, if there is one.
static int set_param(struct pipeline *j, const char *of, uint64_t number, struct err *e)
{
	struct param *p = NULL;
	char *value;

	if (asprintf(&value, "%llu", (unsigned long long)number) < 0)
		return err_set(e, ENOMEM, "out of memory");
	for (size_t i = 0; i < j->param_count; i++)
		if (strcmp(j->params[i].name, of) == 0)
			p = &j->params[i];
	if (p == NULL) {
		struct param *grown = realloc(j->params, (j->param_count + 1) * sizeof *grown);
		char *name = strdup(of);
		if (grown != NULL)
			j->params = grown;
		if (grown == NULL || name == NULL) {
			free(name);
			free(value);
			return err_set(e, ENOMEM, "out of memory");
		}
		p = &grown[j->param_count++];
		*p = (struct param){ name, NULL };
	}
	free(p->value);
	p->value = value;
	return 0;
}

static void free_words(char **words)
{
	for (size_t i = 0; words != NULL && words[i] != NULL; i++)
		free(words[i]);
	free(words);
}

static uint64_t measure_limit(const struct pipeline *j)
{
	uint64_t limit_ns = MEASURE_NS;

	for (size_t i = 0; i < j->selected; i++)
		if (j->suite.tests[j->selection[i]].meta.slow)
			limit_ns += MEASURE_SLOW_NS;
	return limit_ns;
}

// PROGRAM --measure FILE...; NULL-terminated, to be freed with its strings.
static char **measure_command(const struct pipeline *j, const struct host *h, size_t *files)
{
	char **argv = calloc(j->selected + 3, sizeof *argv);
	size_t n = 0;

	if (argv == NULL)
		return NULL;
	argv[n++] = strdup(h->path);
	argv[n++] = strdup("--measure");
	for (size_t i = 0; i < j->selected && argv[n - 1] != NULL; i++) {
		const struct suite_test *t = &j->suite.tests[j->selection[i]];
		if (wants_measuring(t, h))
			argv[n++] = suite_test_path(&j->suite, t);
	}
	if (argv[0] == NULL || argv[n - 1] == NULL) { // out of memory
		free_words(argv);
		return NULL;
	}
	*files = n - 2;
	return argv;
}

// "BYTES FILE" lines; the highest, and whose it was.
static uint64_t highest(const char *text, char *file, size_t size)
{
	uint64_t best = 0;

	for (const char *line = text; line != NULL && *line != '\0';) {
		char *end;
		uint64_t bytes = strtoull(line, &end, 10);
		const char *next = strchr(line, '\n');
		if (*end == ' ' && bytes > best) {
			best = bytes;
			snprintf(file, size, "%.*s", (int)strcspn(end + 1, "\n"), end + 1);
		}
		line = next != NULL ? next + 1 : NULL;
	}
	return best;
}

static int measure(char **argv, uint64_t limit_ns, struct buf *out, struct err *e)
{
	int status = 0;
	int r = tool_run(argv, limit_ns, false, out, &status);

	if (r == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_set(e, EINVAL,
	               "could not measure how much memory the kernels need (%s); choose a slab yourself with "
	               "--slab-capacity, e.g. 16M",
	               r == -ETIMEDOUT ? "it took too long"
	               : r < 0         ? strerror(-r)
	                               : "the program failed, see above");
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash != NULL ? slash + 1 : path;
}

// Adds what one host's files need to `out`, and their number to *files.
static int measure_host(const struct pipeline *j, const struct host *h, size_t *files, struct buf *out,
                        struct err *e)
{
	size_t count = 0;
	char **argv = measure_command(j, h, &count);
	int r = argv == NULL ? err_set(e, ENOMEM, "out of memory") : 0;

	if (r == 0 && count > 0) {
		say(j->app, "measuring how much memory %zu programs need on %s, to size their slab", count,
		    base_name(h->path));
		r = measure(argv, measure_limit(j), out, e);
	}
	*files += count;
	free_words(argv);
	return r;
}

int pipeline_calibrate(struct pipeline *j, struct err *e)
{
	const struct host hosts[] = { { "{stressgen:lua}", j->app->paths.lua },
		                      { "{stressgen:eval}", j->app->paths.eval } };
	struct buf out = { 0 };
	char file[512] = "";
	char peak_text[32], slab_text[32];
	size_t files = 0;
	uint64_t peak, capacity;
	int r = 0;

	if (opt_given(&j->app->opts, MARK))
		r = set_param(j, MARK, opt_number(&j->app->opts, MARK), e);
	if (r == 0 && opt_given(&j->app->opts, PARAM))
		return set_param(j, PARAM, opt_number(&j->app->opts, PARAM), e);
	for (size_t i = 0; r == 0 && i < sizeof hosts / sizeof hosts[0]; i++)
		r = measure_host(j, &hosts[i], &files, &out, e);
	if (r == 0 && files > 0) {
		peak = highest(buf_text(&out), file, sizeof file);
		capacity = (2 * peak + ROUND_TO - 1) / ROUND_TO * ROUND_TO;
		say(j->app, "highest peak: %s in %s; the slab gets twice that, %s",
		    units_bytes(peak_text, sizeof peak_text, peak), base_name(file),
		    units_bytes(slab_text, sizeof slab_text, capacity));
		r = set_param(j, PARAM, capacity, e);
	}
	buf_deinit(&out);
	return r;
}

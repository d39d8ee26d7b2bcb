// What a run's suite is made of: a directory, single files, a command, or what an earlier run had.
#include "io.h"
#include "pipeline.h"
#include "run.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static json_t *string_list(char *const *words, size_t count)
{
	json_t *list = json_array();

	// Words that are not UTF-8 are null in it; reading them back fails with a clear line.
	for (size_t i = 0; i < count; i++) {
		json_t *word = json_string(words[i]);
		json_array_append_new(list, word != NULL ? word : json_null());
	}
	return list;
}

void pipeline_quote(const char *word, struct buf *out)
{
	buf_adds(out, out->len > 0 ? " '" : "'");
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			buf_adds(out, "'\\''");
		else
			buf_addc(out, *word);
	}
	buf_addc(out, '\'');
}

int pipeline_command(struct pipeline *j, char *const *words, size_t count, struct err *e)
{
	struct suite *s = &j->suite;
	struct buf command = { 0 };
	struct suite_test *t;
	const char *slash;

	if (count == 0)
		return err_set(e, EINVAL, "'--' has no command behind it; write: stressgen run -- ./prog args");
	if (words[0][0] == '\0')
		return err_set(e, EINVAL,
		               "the command behind '--' is an empty word; write: stressgen run -- ./prog args");
	s->dir = strdup(".");
	t = suite_add(s);
	for (size_t i = 0; i < count; i++)
		pipeline_quote(words[i], &command);
	slash = strrchr(words[0], '/');
	if (s->dir == NULL || t == NULL || command.failed)
		return err_set(e, ENOMEM, "out of memory");
	if (count > 1 && strcmp(words[0], "{stressgen:native}") == 0) { // one of the workloads
		t->meta.kind = KIND_ALLOC;
		t->meta.sentinel = true;
		if (asprintf(&t->id, "alloc/%s", words[1]) < 0)
			t->id = NULL;
	} else if (j->app->paths.serve != NULL && strcmp(words[0], j->app->paths.serve) == 0) {
		t->meta.sentinel = true;
		t->id = strdup("service");
	} else {
		t->id = strdup(slash != NULL && slash[1] != '\0' ? slash + 1 : words[0]);
	}
	t->path = strdup(words[0]);
	t->meta.run = buf_take(&command);
	t->meta.timeout_ns = SG_DEFAULT_TIMEOUT_NS;
	t->meta.priority = 2;
	snprintf(s->hash, sizeof s->hash, "command");
	j->source = json_pack("{s:o}", "command", string_list(words, count));
	return 0;
}

int pipeline_files(struct pipeline *j, const char *dir, char *const *paths, size_t count, struct err *e)
{
	j->source = json_pack("{s:o}", "files", string_list(paths, count));
	return suite_from_files(dir, paths, count, &j->suite, e);
}

// ---- an earlier run's ---------------------------------------------------------------------------------------

static int recall_params(struct pipeline *j, const json_t *info)
{
	json_t *params = json_object_get(info, "params");
	const char *name;
	json_t *value;

	j->params = calloc(json_object_size(params) + 1, sizeof *j->params);
	if (j->params == NULL)
		return -ENOMEM;
	json_object_foreach(params, name, value)
	{
		struct param p = { strdup(name), NULL };

		if (json_is_string(value))
			p.value = strdup(json_string_value(value));
		if (p.name == NULL || p.value == NULL) {
			free(p.name);
			free(p.value);
			return json_is_string(value) ? -ENOMEM : -EINVAL;
		}
		j->params[j->param_count++] = p;
	}
	return 0;
}

// Cases are recalled for whoever runs the suite again; what was selected, only to go on with the run.
static void recall_selection(struct pipeline *j, const json_t *info)
{
	j->cases = json_incref(json_object_get(info, "cases"));
	j->repeat = (unsigned)json_integer_value(json_object_get(info, "repeat"));
	if (opt_flag(&j->app->opts, "resume"))
		origin_recall(j, info);
	if (opt_flag(&j->app->opts, "resume"))
		j->soak_ns = (uint64_t)json_integer_value(json_object_get(info, "soak_ns"));
	if (opt_flag(&j->app->opts, "resume"))
		j->chosen = json_incref(json_object_get(info, "selection"));
	j->recalled_alloc = json_incref(json_object_get(info, "allocator"));
	if (opt_flag(&j->app->opts, "resume") && json_object_get(info, "pairs") != NULL) {
		j->pairs = json_incref(json_object_get(info, "pairs"));
		json_decref(j->chosen);
		j->chosen = json_incref(json_object_get(j->pairs, "tests"));
	}
}

// A command and its relative paths mean something only where they were given.
static int same_place(const char *dir, const char *was, struct err *e)
{
	char here[PATH_MAX];

	if (realpath(".", here) != NULL && strcmp(here, was) == 0)
		return 0;
	return err_set(e, EINVAL, "%s: its command was started in %s; go there first", dir, was);
}

static int recall_words(struct pipeline *j, const char *dir, const char *suite_dir, const json_t *source,
                        struct err *e)
{
	const json_t *command = json_object_get(source, "command");
	const json_t *list = command != NULL ? command : json_object_get(source, "files");
	char **words = calloc(json_array_size(list) + 1, sizeof *words);
	size_t n = 0;
	int r = words == NULL ? err_set(e, ENOMEM, "out of memory") : 0;

	for (; r == 0 && n < json_array_size(list); n++) {
		words[n] = (char *)(uintptr_t)json_string_value(json_array_get(list, n)); // only read
		if (words[n] == NULL)
			r = err_set(e, EINVAL, "%s/run.json does not hold the words of its command", dir);
	}
	if (r == 0 && command != NULL)
		r = same_place(dir, suite_dir, e);
	if (r == 0)
		r = command != NULL ? pipeline_command(j, words, n, e) : pipeline_files(j, suite_dir, words, n, e);
	free(words);
	return r;
}

// How its requests were made to fail, and how many there were.
static void recall_faults(struct pipeline *j, const json_t *source)
{
	static const char *const keys[] = { "fail_alloc", "requests" };

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		json_t *value = json_object_get(source, keys[i]);

		if (value != NULL && j->source != NULL)
			json_object_set(j->source, keys[i], value);
	}
}

int pipeline_recall(struct pipeline *j, const char *dir, struct err *e)
{
	struct run run = { 0 };
	const json_t *source;
	const char *suite_dir;
	int r = run_load(dir, &run, e);

	if (r < 0)
		goto out;
	suite_dir = json_string_value(json_object_get(run.info, "suite"));
	source = json_object_get(run.info, "source");
	if (json_object_size(run.info) == 0 && run.count == 0)
		r = err_set(
		        e, EINVAL,
		        "%s: its runner was killed before the first test (there is no run.json); remove it, and "
		        "start the run again",
		        dir);
	else if (suite_dir == NULL)
		r = err_set(e, EINVAL,
		            "%s/run.json does not name its suite (is it cut off?); it cannot be run again", dir);
	else if (source != NULL)
		r = recall_words(j, dir, suite_dir, source, e);
	else
		r = suite_load(suite_dir, &j->suite, e);
	if (r == 0) {
		recall_faults(j, source);
		recall_selection(j, run.info);
	}
	if (r == 0 && opt_flag(&j->app->opts, "resume"))
		r = pipeline_recall_options(&j->app->opts, run.info, e);
	if (r == 0 && recall_params(j, run.info) < 0)
		r = err_set(e, EINVAL, "%s/run.json: its parameters cannot be read", dir);
out:
	run_deinit(&run);
	return r;
}

bool pipeline_is_run(const char *path)
{
	char *info = io_join(path, "run.json");
	bool is = info != NULL && access(info, F_OK) == 0;

	free(info);
	return is;
}

int pipeline_load(struct pipeline *j, const char *dir, struct err *e)
{
	if (!pipeline_is_run(dir))
		return suite_load(dir, &j->suite, e);
	j->earlier = strdup(dir);
	return j->earlier != NULL ? pipeline_recall(j, dir, e) : err_set(e, ENOMEM, "out of memory");
}

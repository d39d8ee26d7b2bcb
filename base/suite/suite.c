// A suite in memory, and the order in which it is loaded.
#include "suite.h"

#include "io.h"
#include "pattern.h"
#include "result.h"
#include "suite_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct suite_test *suite_add(struct suite *s)
{
	// There is room for as many as the next power of two says.
	if ((s->count & (s->count - 1)) == 0) {
		struct suite_test *tests = reallocarray(s->tests, s->count > 0 ? 2 * s->count : 1, sizeof *tests);

		if (tests == NULL)
			return NULL;
		s->tests = tests;
	}
	s->tests[s->count] = (struct suite_test){ 0 };
	return &s->tests[s->count++];
}

int suite_leave_out(struct suite *s, const char *kernel, const char *dialect, const char *reason)
{
	struct suite_left_out *all = reallocarray(s->left_out, s->left_out_count + 1, sizeof *all);
	struct suite_left_out *one;

	if (all == NULL)
		return -ENOMEM;
	s->left_out = all;
	one = &all[s->left_out_count++];
	one->kernel = strdup(kernel);
	one->dialect = strdup(dialect);
	one->reason = strdup(reason);
	return one->kernel == NULL || one->dialect == NULL || one->reason == NULL ? -ENOMEM : 0;
}

static void test_deinit(struct suite_test *t)
{
	free(t->path);
	free(t->id);
	free(t->kernel);
	free(t->dialect);
	free(t->target);
	free(t->growth);
	free(t->source);
	if (t->invocation != NULL)
		free(t->invocation->of);
	free(t->invocation);
	free(t->param_text);
	free(t->hash);
	free(t->preload_options);
	free(t->case_name);
	patterns_free(t->patterns, t->pattern_count);
	test_meta_deinit(&t->meta);
}

void suite_deinit(struct suite *s)
{
	for (size_t i = 0; i < s->count; i++)
		test_deinit(&s->tests[i]);
	free(s->tests);
	for (size_t i = 0; i < s->left_out_count; i++) {
		free(s->left_out[i].kernel);
		free(s->left_out[i].dialect);
		free(s->left_out[i].reason);
	}
	free(s->left_out);
	free(s->dir);
	free(s->generator);
	free(s->note);
	json_decref(s->options);
	name_index_deinit(&s->index);
	*s = (struct suite){ 0 };
}

const char *suite_id_at(const void *tests, size_t position)
{
	return ((const struct suite_test *)tests)[position].id;
}

const struct suite_test *suite_find(const struct suite *s, const char *id)
{
	size_t position;

	if (s->index.count > 0) {
		position = name_index_find(&s->index, suite_id_at, s->tests, id);
		return position == NAME_INDEX_NONE ? NULL : &s->tests[position];
	}
	for (size_t i = 0; i < s->count; i++)
		if (s->tests[i].id != NULL && strcmp(s->tests[i].id, id) == 0)
			return &s->tests[i];
	return NULL;
}

static int suite_begin(struct suite *s, const char *dir, struct err *e)
{
	s->dir = strdup(dir);
	s->options = json_object();
	if (s->dir == NULL || s->options == NULL)
		return err_set(e, ENOMEM, "%s: %s", dir, strerror(ENOMEM));
	return 0;
}

static int load_dir(const char *json_path, const char *incomplete_path, struct suite *s, struct err *e)
{
	int rc;

	if (access(incomplete_path, F_OK) == 0)
		return err_set(e, EINVAL, "%s: the suite was begun and never finished; generate it again", s->dir);
	if (access(json_path, F_OK) == 0)
		rc = suite_read_json(json_path, s, e);
	else if (errno == ENOENT)
		rc = suite_scan(s, e);
	else
		rc = err_set(e, errno, "%s: cannot be read: %s", json_path, strerror(errno));
	return rc < 0 ? rc : suite_check(s, e);
}

int suite_load(const char *dir, struct suite *s, struct err *e)
{
	char *json_path = io_join(dir, "suite.json");
	char *incomplete_path = io_join(dir, ".incomplete");
	struct stat st;
	int rc = suite_begin(s, dir, e);

	if (rc < 0)
		goto out;
	if (json_path == NULL || incomplete_path == NULL)
		rc = err_set(e, ENOMEM, "%s: %s", dir, strerror(ENOMEM));
	else if (stat(dir, &st) < 0)
		rc = err_set(e, errno, "%s: there is no suite here: %s", dir, strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		rc = err_set(e, ENOTDIR, "%s: is not a directory; a suite is a directory of tests", dir);
	else
		rc = load_dir(json_path, incomplete_path, s, e);
out:
	free(json_path);
	free(incomplete_path);
	return rc;
}

int suite_from_files(const char *dir, char *const *paths, size_t count, struct suite *s, struct err *e)
{
	int rc = suite_begin(s, dir, e);

	for (size_t i = 0; i < count && rc == 0; i++) {
		struct suite_test *t = suite_add(s);

		if (t != NULL)
			t->path = strdup(paths[i]);
		if (t == NULL || t->path == NULL)
			rc = err_set(e, ENOMEM, "%s: %s", paths[i], strerror(ENOMEM));
	}
	return rc < 0 ? rc : suite_check(s, e);
}

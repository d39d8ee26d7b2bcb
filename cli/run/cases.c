// Files with several cases: their @List commands are run as tests are, isolated and with a time limit, in a run of
// their own that nobody sees; then each case is a test.
#include "pipeline.h"

#include "io.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIST_BYTES (1024U * 1024U)
#define CASE_BYTES 200U
#define LIST_TIMEOUT_NS (UINT64_C(30) * 1000 * 1000 * 1000)
#define FAILED_LIST "@List" // the case that stands for a list that could not be made

static bool has_lists(const struct suite *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->tests[i].meta.list != NULL)
			return true;
	return false;
}

// ---- running the commands
// -----------------------------------------------------------------------------------------

// A suite of the commands, under the ids of their tests.
static int make_lists(const struct suite *from, struct suite *to)
{
	to->dir = strdup(from->dir);
	to->seed = from->seed;
	for (size_t i = 0; i < from->count; i++) {
		struct suite_test *t;

		if (from->tests[i].meta.list == NULL)
			continue;
		t = suite_add(to);
		if (t == NULL || test_meta_copy(&t->meta, &from->tests[i].meta) < 0)
			return -ENOMEM;
		free(t->meta.run);
		strings_deinit(&t->meta.depends_on);
		t->meta.run = strdup(t->meta.list);
		t->meta.expect = VERDICT_PASSED;
		t->meta.sentinel = false;
		t->id = strdup(from->tests[i].id);
		t->path = strdup(from->tests[i].path);
		t->hash = strdup(from->tests[i].hash);
		if (t->meta.run == NULL || t->id == NULL || t->path == NULL || t->hash == NULL)
			return -ENOMEM;
	}
	return to->dir != NULL ? suite_seal(to, NULL) : -ENOMEM;
}

// One name a line; what is no name makes the list a failed one.
static int read_names(const char *text, struct strings *out, bool *good)
{
	int rc = 0;

	*good = true;
	while (rc == 0 && *text != '\0') {
		size_t len = strcspn(text, "\r\n");

		if (len > CASE_BYTES)
			*good = false;
		else if (len > 0)
			rc = strings_add(out, text, len);
		text += len;
		text += strspn(text, "\r\n");
	}
	*good = *good && out->count > 0;
	return rc;
}

static int read_list(const char *run_dir, const struct result *r, struct strings *out)
{
	char *name = io_encode_name(r->id);
	struct buf path = { 0 }, text = { 0 };
	bool good = false;
	int rc = 0;

	buf_addf(&path, "%s/tests/%s/1/stdout", run_dir, name != NULL ? name : "");
	if (name == NULL || path.failed)
		rc = -ENOMEM;
	else if (r->verdict == VERDICT_PASSED && io_read_file(buf_text(&path), LIST_BYTES, &text, NULL) == 0)
		rc = read_names(buf_text(&text), out, &good);
	if (rc == 0 && !good) {
		strings_deinit(out);
		rc = strings_add(out, FAILED_LIST, strlen(FAILED_LIST));
	}
	free(name);
	buf_deinit(&path);
	buf_deinit(&text);
	return rc;
}

// The names of each test's cases, into cases[].
static int list_cases(struct pipeline *j, struct strings *cases, struct err *e)
{
	struct suite lists = { 0 };
	struct aside aside = { 0 };
	struct runner_config config = { .suite = &lists,
		                        .resolve = paths_resolve,
		                        .resolve_arg = &j->app->paths,
		                        .timeout_ns = LIST_TIMEOUT_NS,
		                        .output_limit = LIST_BYTES };
	int rc = make_lists(&j->suite, &lists);

	if (rc == 0)
		rc = aside_run(&aside, &config, e);
	for (size_t i = 0; rc == 0 && i < j->suite.count; i++) {
		const struct result *r = run_find(&aside.run, j->suite.tests[i].id);

		if (r != NULL)
			rc = read_list(aside.dir, r, &cases[i]);
	}
	if (rc == -ENOMEM)
		err_set(e, ENOMEM, "out of memory");
	aside_deinit(&aside);
	suite_deinit(&lists);
	return rc;
}

// ---- remembering them
// -----------------------------------------------------------------------------------------------

static int recall_cases(const struct pipeline *j, struct strings *cases)
{
	for (size_t i = 0; i < j->suite.count; i++) {
		json_t *names = json_object_get(j->cases, j->suite.tests[i].id);
		json_t *name;
		size_t k;

		json_array_foreach(names, k, name) if (!json_is_string(name) ||
		                                       strings_add(&cases[i], json_string_value(name),
		                                                   json_string_length(name)) < 0) return -ENOMEM;
	}
	return 0;
}

static int remember_cases(struct pipeline *j, const struct strings *cases)
{
	j->cases = json_object();
	for (size_t i = 0; i < j->suite.count; i++) {
		json_t *names;

		if (cases[i].count == 0)
			continue;
		names = json_array();
		for (size_t k = 0; k < cases[i].count; k++) {
			char *safe = result_utf8(cases[i].items[k], strlen(cases[i].items[k]));

			json_array_append_new(names, json_string(safe));
			free(safe);
		}
		json_object_set_new_nocheck(j->cases, j->suite.tests[i].id, names);
	}
	return j->cases != NULL ? 0 : -ENOMEM;
}

// ---- in the place of the files
// --------------------------------------------------------------------------------------

// A list that could not be made is a test that fails, or skips itself, as its command did.
static int stand_in(struct suite *s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct suite_test *t = &s->tests[i];

		if (t->case_name == NULL || strcmp(t->case_name, FAILED_LIST) != 0)
			continue;
		free(t->meta.run);
		t->meta.run = strdup(t->meta.list);
		if (t->meta.run == NULL)
			return -ENOMEM;
		t->meta.sentinel = true; // a command that prints no case has not done its work either
		t->meta.set &= ~(1U << HKEY_SENTINEL);
	}
	return 0;
}

// Which cases each test has: those of the earlier run, else what the commands print now.
static int find_cases(struct pipeline *j, struct strings *cases, struct err *e)
{
	int rc = 0;

	if (j->cases != NULL)
		return recall_cases(j, cases);
	if (has_lists(&j->suite))
		rc = list_cases(j, cases, e);
	return rc < 0 ? rc : remember_cases(j, cases);
}

static int check_commands(const struct suite *s, struct err *e)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct suite_test *t = &s->tests[i];

		if (t->meta.list != NULL && (t->meta.run == NULL || strstr(t->meta.run, "{case}") == NULL))
			return err_set(e, EINVAL, "%s: @List needs a @Run with {case} in it", t->path);
	}
	return 0;
}

int pipeline_expand(struct pipeline *j, struct err *e)
{
	const size_t count = j->suite.count;
	struct strings *cases;
	int rc = check_commands(&j->suite, e);

	if (j->repeat == 0)
		j->repeat = (unsigned)opt_number(&j->app->opts, "repeat");
	if (rc < 0 || (!has_lists(&j->suite) && j->repeat == 1))
		return rc;
	cases = calloc(count + 1, sizeof *cases);
	if (cases == NULL)
		return err_set(e, ENOMEM, "out of memory");
	rc = find_cases(j, cases, e);
	if (rc == 0)
		rc = suite_expand(&j->suite, cases, j->repeat, e);
	if (rc == 0)
		rc = stand_in(&j->suite);
	if (rc == -ENOMEM)
		err_set(e, ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++)
		strings_deinit(&cases[i]);
	free(cases);
	return rc;
}

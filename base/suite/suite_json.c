// suite.json, read and written by the same tables.
#include "suite_parts.h"

#include "fields.h"
#include "io.h"
#include "pattern.h"
#include "result.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON_LIMIT (UINT32_C(256) << 20)

static const struct field suite_fields[] = {
	SG_FIELD(struct suite, generator),
	SG_FIELD(struct suite, seed),
	{ 0 },
};

#define ROW(member) SG_FIELD(struct suite_test, member)
static const struct field test_fields[] = {
	ROW(path),    ROW(id),     ROW(kernel),
	ROW(dialect), ROW(target), { "params", FIELD_TEXT, offsetof(struct suite_test, param_text) },
	ROW(growth),  ROW(source), ROW(hash),
	{ 0 },
};
#undef ROW

static const struct field left_out_fields[] = {
	SG_FIELD(struct suite_left_out, kernel),
	SG_FIELD(struct suite_left_out, dialect),
	SG_FIELD(struct suite_left_out, reason),
	{ 0 },
};

static const struct field pattern_fields[] = {
	{ "class", FIELD_TEXT, offsetof(struct pattern, class_name) },
	SG_FIELD(struct pattern, exit),
	SG_FIELD(struct pattern, stream),
	SG_FIELD(struct pattern, regex),
	{ 0 },
};

static const struct field_list left_out_lists[] = {
	{ "left_out", left_out_fields, sizeof(struct suite_left_out), offsetof(struct suite, left_out),
	  offsetof(struct suite, left_out_count), NULL, NULL, NULL },
	{ 0 },
};

static const struct field_list pattern_lists[] = {
	{ "patterns", pattern_fields, sizeof(struct pattern), offsetof(struct suite_test, patterns),
	  offsetof(struct suite_test, pattern_count), NULL, NULL, NULL },
	{ 0 },
};

// ---- writing ----

// A dialect's patterns are the same in all of its tests: they stand once, in "pattern_sets", and a test has the
// position of its own. Adds the set if it is new.
static int write_patterns(json_t *test, const struct suite_test *t, json_t *sets)
{
	json_t *holder = json_object();
	json_t *set;
	size_t i = 0;
	int rc = -ENOMEM;

	if (t->pattern_count == 0) {
		rc = 0;
		goto out;
	}
	if (holder == NULL || lists_write(holder, t, pattern_lists) < 0)
		goto out;
	set = json_object_get(holder, "patterns");
	while (i < json_array_size(sets) && !json_equal(set, json_array_get(sets, i)))
		i++;
	if (i == json_array_size(sets) && json_array_append(sets, set) < 0)
		goto out;
	rc = json_object_set_new(test, "patterns", json_integer((json_int_t)i)) < 0 ? -ENOMEM : 0;
out:
	json_decref(holder);
	return rc;
}

static int write_tests(const struct suite *s, json_t *tests, json_t *sets)
{
	for (size_t i = 0; i < s->count; i++) {
		json_t *test = json_object();

		if (json_array_append_new(tests, test) < 0 || fields_write(test, &s->tests[i], test_fields) < 0 ||
		    write_patterns(test, &s->tests[i], sets) < 0)
			return -ENOMEM;
	}
	return 0;
}

static json_t *suite_to_json(const struct suite *s)
{
	json_t *root = json_object();
	json_t *tests = json_array();
	json_t *sets = json_array();
	json_t *options = s->options != NULL ? json_incref(s->options) : json_object();
	int bad = 0;

	bad |= json_object_set_new(root, "version", json_integer(SG_SUITE_VERSION));
	bad |= root == NULL || fields_write(root, s, suite_fields) < 0;
	bad |= json_object_set_new(root, "hash", json_string(s->hash));
	bad |= json_object_set(root, "options", options);
	bad |= root == NULL || lists_write(root, s, left_out_lists) < 0;
	bad |= tests == NULL || sets == NULL || write_tests(s, tests, sets) < 0;
	bad |= json_object_set(root, "pattern_sets", sets);
	bad |= json_object_set(root, "tests", tests);
	json_decref(options);
	json_decref(sets);
	json_decref(tests);
	if (bad != 0) {
		json_decref(root);
		return NULL;
	}
	return root;
}

// Ids and hashes of the files as they are.
static int prepare(struct suite *s, struct err *e)
{
	if (s->seed > INT64_MAX)
		return err_set(e, ERANGE, "seed %llu: the largest is 9223372036854775807",
		               (unsigned long long)s->seed);
	for (size_t i = 0; i < s->count; i++) {
		struct suite_test *t = &s->tests[i];
		char *path = suite_test_path(s, t);
		char hash[9];
		int rc = path == NULL ? err_set(e, ENOMEM, "%s: %s", t->path, strerror(ENOMEM))
		                      : suite_read_file(path, hash, NULL, e);

		free(path);
		if (rc < 0)
			return rc;
		free(t->hash);
		t->hash = strdup(hash);
		if (t->id == NULL)
			t->id = strdup(t->path);
		if (t->hash == NULL || t->id == NULL)
			return err_set(e, ENOMEM, "%s: %s", t->path, strerror(ENOMEM));
	}
	suite_hash(s);
	return 0;
}

int suite_save(struct suite *s, struct err *e)
{
	char *path = NULL;
	char *text = NULL;
	json_t *root = NULL;
	struct buf file = { 0 };
	int rc = prepare(s, e);

	if (rc < 0)
		return rc;
	root = suite_to_json(s);
	path = io_join(s->dir, "suite.json");
	text = root == NULL ? NULL : json_dumps(root, JSON_INDENT(1));
	if (path == NULL || text == NULL) {
		rc = err_set(e, ENOMEM, "%s/suite.json: %s", s->dir, strerror(ENOMEM));
		goto out;
	}
	buf_addf(&file, "%s\n", text);
	rc = file.failed ? err_set(e, ENOMEM, "%s: %s", path, strerror(ENOMEM))
	                 : io_replace_file(path, file.data, file.len, e);
out:
	buf_deinit(&file);
	free(text);
	free(path);
	json_decref(root);
	return rc;
}

// ---- reading ----

// A path that stays inside the suite.
static bool is_inside(const char *path)
{
	size_t len = strlen(path);

	return len > 0 && path[0] != '/' && strcmp(path, "..") != 0 && strncmp(path, "../", 3) != 0 &&
	       strstr(path, "/../") == NULL && (len < 3 || strcmp(path + len - 3, "/..") != 0);
}

// Ids stand in journals and reports made safe: one that this changes would not be found again.
static bool is_id(const char *id)
{
	char *safe = result_utf8(id, strlen(id));
	bool same = safe != NULL && strcmp(safe, id) == 0;

	free(safe);
	return same && id[0] != '\0' && strpbrk(id, "\n\t") == NULL;
}

static int read_patterns(const json_t *test, const json_t *sets, struct suite_test *t, struct err *e)
{
	const json_t *position = json_object_get(test, "patterns");
	json_t *set = json_array_get(sets, (size_t)json_integer_value(position));
	json_t *holder;
	int rc;

	if (position == NULL)
		return 0;
	if (!json_is_integer(position) || set == NULL)
		return err_set(e, EINVAL, "\"patterns\" is not a position in \"pattern_sets\"");
	holder = json_pack("{s:O}", "patterns", set);
	rc = holder == NULL ? -ENOMEM : lists_read(holder, t, pattern_lists, e);
	json_decref(holder);
	return rc;
}

static int read_tests(json_t *root, struct suite *s, struct err *e)
{
	const json_t *tests = json_object_get(root, "tests");
	const json_t *sets = json_object_get(root, "pattern_sets");

	if (!json_is_array(tests))
		return err_set(e, EINVAL, "there is no array \"tests\"");
	for (size_t i = 0; i < json_array_size(tests); i++) {
		struct suite_test *t = suite_add(s);
		json_t *test = json_array_get(tests, i);
		char what[32];
		int rc;

		if (t == NULL)
			return -ENOMEM;
		snprintf(what, sizeof what, "test %zu", i + 1);
		rc = fields_read(test, t, test_fields, what, e);
		if (rc == 0 && (t->path == NULL || !is_inside(t->path)))
			rc = err_set(e, EINVAL, "%s: its path is missing or leads out of the suite", what);
		if (rc == 0 && t->id != NULL && !is_id(t->id))
			rc = err_set(e, EINVAL, "%s: its id is empty, or not fit to be shown", what);
		if (rc == 0)
			rc = read_patterns(test, sets, t, e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

// Every set once, whether a test uses it or not, rather than once a test.
static int check_pattern_sets(const json_t *sets, struct err *e)
{
	struct suite_test holder = { 0 };
	json_t *set;
	size_t i;
	int rc = 0;

	json_array_foreach(sets, i, set)
	{
		json_t *object = json_pack("{s:O}", "patterns", set);

		rc = object == NULL ? -ENOMEM : lists_read(object, &holder, pattern_lists, e);
		for (size_t k = 0; rc == 0 && k < holder.pattern_count; k++)
			rc = pattern_check(&holder.patterns[k], e);
		json_decref(object);
		lists_free(&holder, pattern_lists);
		if (rc < 0)
			break;
	}
	return rc;
}

static int read_root(json_t *root, struct suite *s, struct err *e)
{
	const json_t *version = json_object_get(root, "version");
	json_t *options = json_object_get(root, "options");
	int rc;

	if (!json_is_integer(version) || json_integer_value(version) != SG_SUITE_VERSION)
		return err_set(e, EINVAL, "is no suite of version %d; generate it again", SG_SUITE_VERSION);
	rc = fields_read(root, s, suite_fields, "suite", e);
	if (rc < 0)
		return rc;
	if (json_is_object(options)) {
		json_decref(s->options);
		s->options = json_incref(options);
	}
	rc = lists_read(root, s, left_out_lists, e);
	if (rc == 0)
		rc = check_pattern_sets(json_object_get(root, "pattern_sets"), e);
	return rc < 0 ? rc : read_tests(root, s, e);
}

int suite_read_json(const char *path, struct suite *s, struct err *e)
{
	struct buf text = { 0 };
	struct err inner = { "" };
	json_error_t where;
	json_t *root = NULL;
	int rc = io_read_file(path, JSON_LIMIT, &text, e);

	if (rc < 0)
		goto out;
	root = json_loadb(buf_text(&text), text.len, JSON_REJECT_DUPLICATES, &where);
	if (root == NULL) {
		rc = err_at(e, EINVAL, path, where.line > 0 ? (unsigned)where.line : 1, 0,
		            "%s; generate the suite again", where.text);
		goto out;
	}
	rc = read_root(root, s, &inner);
	if (rc < 0)
		err_set(e, -rc, "%s: %s", path, inner.text[0] != '\0' ? inner.text : strerror(-rc));
out:
	json_decref(root);
	buf_deinit(&text);
	return rc;
}

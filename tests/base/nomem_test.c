// Every module that reads or writes records, with its n-th allocation failing, for every n: it must say so or do
// without, and leave nothing behind (the sanitised build sees leaks). The linker puts our malloc and its kin in
// the place of the real ones; jansson is given them by its own hook.
#include "files.h"

#include "run.h"
#include "suite.h"

#include <errno.h>
#include <unistd.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_reallocarray(void *p, size_t count, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t len);
json_t *__real_json_loadb(const char *text, size_t len, size_t flags, json_error_t *e);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_reallocarray(void *p, size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);
json_t *__wrap_json_loadb(const char *text, size_t len, size_t flags, json_error_t *e);

static struct {
	bool armed;
	bool for_ever;  // all that follow fail as well
	uint64_t until; // allocations that still succeed
	uint64_t denied;
} failing;

static bool deny(void)
{
	if (!failing.armed || (failing.denied > 0 && !failing.for_ever))
		return false;
	if (failing.until > 0) {
		failing.until--;
		return false;
	}
	failing.denied++;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return deny() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return deny() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return deny() ? NULL : __real_realloc(p, size);
}

void *__wrap_reallocarray(void *p, size_t count, size_t size)
{
	return deny() ? NULL : __real_reallocarray(p, count, size);
}

char *__wrap_strdup(const char *text)
{
	return deny() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t len)
{
	return deny() ? NULL : __real_strndup(text, len);
}

// jansson's parser itself is spared: in 2.14 its lexer fails an assertion when its buffer cannot grow.
json_t *__wrap_json_loadb(const char *text, size_t len, size_t flags, json_error_t *e)
{
	bool armed = failing.armed;
	json_t *value;

	failing.armed = false;
	value = __real_json_loadb(text, len, flags, e);
	failing.armed = armed;
	return value;
}

// Does the thing once: 0 when it came out right, or -errno.
typedef int (*scenario_fn)(const char *dir);

static void fail_each(scenario_fn scenario, const char *dir, bool for_ever)
{
	for (uint64_t n = 0;; n++) {
		int rc;

		failing.for_ever = for_ever;
		failing.until = n;
		failing.denied = 0;
		failing.armed = true;
		rc = scenario(dir);
		failing.armed = false;
		if (failing.denied == 0) {
			assert_int_equal(rc, 0);
			assert_true(n > 10); // the hooks are at work
			return;
		}
		if (rc != 0 && rc != -ENOMEM && rc != -EILSEQ && rc != -EINVAL)
			fail_msg("allocation %llu fails: %d", (unsigned long long)n, rc);
	}
}

static void fail_every(scenario_fn scenario, const char *dir)
{
	json_set_alloc_funcs(__wrap_malloc, free);
	assert_int_equal(scenario(dir), 0);
	fail_each(scenario, dir, false);
	fail_each(scenario, dir, true);
}

static int load_suite(const char *dir)
{
	struct suite s = { 0 };
	struct err e = { "" };
	int rc = suite_load(dir, &s, &e);

	if (rc == 0 && (s.count != 3 || strlen(s.hash) != 8 || suite_find(&s, "c") == NULL))
		rc = -EPROTO;
	if (rc < 0 && e.text[0] == '\0')
		rc = -EPROTO; // nothing for the person to read
	suite_deinit(&s);
	return rc;
}

static char *suite_files(void)
{
	file_make("s/a", "# @Test first\n# @Tag x, y\n# @Param n=1\n# @Run {file}\n", 0755);
	file_make("s/b", "# @DependsOn a\n# @Resource port\n# @Skip no reason\n", 0644);
	file_make("s/c", "# @Kind gc\n# @DependsOn first, b\n", 0644);
	return file_path("s");
}

CASE("nomem: loading a directory of tests says so or does without")
{
	char *dir = suite_files();

	fail_every(load_suite, dir);
	free(dir);
}

static int save_and_load_suite(const char *dir)
{
	struct suite s = { 0 };
	struct suite_test *t;
	char *json = io_join(dir, "suite.json");
	int rc = json == NULL ? -ENOMEM : 0;

	if (json != NULL)
		(void)unlink(json);
	free(json);
	if (rc == 0)
		rc = suite_load(dir, &s, NULL);
	if (rc == 0) {
		t = &s.tests[0];
		t->patterns = calloc(1, sizeof *t->patterns);
		if (t->patterns != NULL) {
			t->pattern_count = 1;
			t->patterns[0] = (struct pattern){ strdup("heap"), strdup("*"), strdup("err"),
				                           strdup("out of memory") };
		}
		rc = suite_leave_out(&s, "k", "d", "why");
	}
	if (rc == 0 && (t->patterns == NULL || t->patterns[0].class_name == NULL || t->patterns[0].exit == NULL ||
	                t->patterns[0].stream == NULL || t->patterns[0].regex == NULL))
		rc = -ENOMEM;
	if (rc == 0)
		rc = suite_save(&s, NULL);
	suite_deinit(&s);
	if (rc == 0)
		rc = load_suite(dir);
	return rc;
}

CASE("nomem: saving a suite and loading it says so or does without")
{
	char *dir = suite_files();

	fail_every(save_and_load_suite, dir);
	free(dir);
}

static int make_result(struct result *r)
{
	struct hist *h = result_hist(r, "total");

	if (h == NULL)
		return -ENOMEM;
	hist_record(h, 1000);
	r->id = strdup("gc/one");
	r->evidence = strdup("exit 0");
	r->counters = calloc(1, sizeof *r->counters);
	r->points = calloc(1, sizeof *r->points);
	if (r->counters != NULL)
		r->counters_count = 1;
	if (r->points != NULL)
		r->point_count = 1;
	if (r->counters != NULL) {
		r->counters[0].items = calloc(1, sizeof *r->counters[0].items);
		if (r->counters[0].items != NULL) {
			r->counters[0].count = 1;
			r->counters[0].items[0] = (struct param){ strdup("calls"), strdup("1") };
			if (r->counters[0].items[0].name == NULL || r->counters[0].items[0].value == NULL)
				return -ENOMEM;
		}
	}
	if (r->id == NULL || r->evidence == NULL || r->points == NULL || r->counters == NULL)
		return -ENOMEM;
	return strings_add(&r->leftovers, "pid 1", 5);
}

// A journal with a result, and the run read back from it.
static int write_and_read_run(const char *dir)
{
	struct result result = { 0 };
	struct journal *j = NULL;
	struct run run = { 0 };
	char *path = io_join(dir, "journal.jsonl");
	json_t *header = json_pack("{s:i,s:i}", "format", SG_RUN_VERSION, "tests", 1);
	json_t *record = NULL;
	struct buf text = { 0 };
	int rc = make_result(&result);

	if (path == NULL || header == NULL)
		rc = -ENOMEM;
	if (path != NULL)
		(void)unlink(path);
	if (rc == 0)
		rc = journal_create(path, &j, NULL);
	if (rc == 0)
		rc = journal_append(j, "header", header, false);
	if (rc == 0) {
		record = result_to_json(&result);
		rc = record == NULL ? -ENOMEM : journal_append(j, "end", record, false);
	}
	if (rc == 0)
		rc = result_to_text(&result, &text);
	if (rc == 0) // another attempt, which takes the first one's place
		rc = journal_append_text(j, "end", &text, false);
	journal_close(j);
	if (rc == 0)
		rc = run_load(dir, &run, NULL);
	// Without memory a record cannot be told from a bad line: it is counted as one, and the run is not
	// trusted.
	if (rc == 0 && run.journal.bad_lines == 0 && run_find(&run, "gc/one") == NULL)
		rc = -EPROTO;
	if (rc == 0 && run.journal.bad_lines > 0)
		rc = -ENOMEM;
	run_deinit(&run);
	json_decref(header);
	buf_deinit(&text);
	json_decref(record);
	result_deinit(&result);
	free(path);
	return rc;
}

CASE("nomem: writing a run's journal and reading it back says so or does without")
{
	char *dir = file_path("run");

	assert_int_equal(io_make_dirs(dir, NULL), 0);
	fail_every(write_and_read_run, dir);
	free(dir);
}

static int files_come_and_go(const char *dir)
{
	char *deep = io_join(dir, "x/y/z");
	char *file = deep == NULL ? NULL : io_join(dir, "x/y/file");
	char *name = io_encode_name("a/b c");
	struct buf b = { 0 };
	int rc = deep == NULL || file == NULL || name == NULL ? -ENOMEM : io_make_dirs(deep, NULL);

	if (rc == 0)
		rc = io_replace_file(file, name, strlen(name), NULL);
	if (rc == 0)
		rc = io_read_file(file, 100, &b, NULL);
	if (rc == 0 && strcmp(buf_text(&b), "a%2Fb%20c") != 0)
		rc = -EPROTO;
	if (rc == 0)
		rc = io_remove_tree(dir);
	buf_deinit(&b);
	free(name);
	free(file);
	free(deep);
	return rc;
}

CASE("nomem: files that are made, written, read and removed say so or do without")
{
	char *dir = file_path("files");

	fail_every(files_come_and_go, dir);
	free(dir);
}

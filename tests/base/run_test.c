// run: a run directory read back, whole or cut off at any place.
#include "files.h"

#include "run.h"

#include <errno.h>

static struct journal *begin(void)
{
	char *dir = file_path("run");
	char *path = file_path("run/journal.jsonl");
	struct journal *j;
	struct err e = { "" };

	assert_int_equal(io_make_dirs(dir, NULL), 0);
	if (journal_create(path, &j, &e) < 0)
		fail_msg("%s", e.text);
	free(path);
	free(dir);
	return j;
}

static void put(struct journal *j, const char *type, json_t *record)
{
	assert_non_null(record);
	assert_int_equal(journal_append(j, type, record, false), 0);
	json_decref(record);
}

static void put_header(struct journal *j, int tests)
{
	put(j, "header",
	    json_pack("{s:i,s:s,s:s,s:s,s:i,s:i,s:s}", "format", SG_RUN_VERSION, "run", "r", "suite_dir", "s",
	              "suite_hash", "0badcafe", "seed", 7, "tests", tests, "boot_id", "b"));
}

static void put_start(struct journal *j, const char *id, int attempt)
{
	put(j, "start", json_pack("{s:s,s:i}", "id", id, "attempt", attempt));
}

static void put_end(struct journal *j, const char *id, unsigned attempt, enum verdict v)
{
	struct result r = {
		.id = strdup(id), .attempt = attempt, .verdict = v, .as_expected = v == VERDICT_PASSED
	};

	put(j, "end", result_to_json(&r));
	result_deinit(&r);
}

static void put_stop(struct journal *j, const char *reason)
{
	put(j, "stop", json_pack("{s:s}", "reason", reason));
}

static void loads(struct run *r)
{
	char *dir = file_path("run");
	struct err e = { "" };

	*r = (struct run){ 0 };
	if (run_load(dir, r, &e) < 0)
		fail_msg("%s", e.text);
	free(dir);
}

CASE("run: a finished one has its results in the order of their ends")
{
	struct journal *j = begin();
	struct run r;

	put_header(j, 2);
	put_start(j, "b", 1);
	put_end(j, "b", 1, VERDICT_PASSED);
	put_start(j, "a", 1);
	put_end(j, "a", 1, VERDICT_CRASHED);
	put_stop(j, "finished");
	journal_close(j);
	file_make("run/run.json", "{\"machine\":\"m\"}", 0644);
	loads(&r);
	assert_int_equal(r.count, 2);
	assert_int_equal(r.planned, 2);
	assert_string_equal(r.results[0].id, "b");
	assert_string_equal(r.results[1].id, "a");
	assert_null(r.under_way);
	assert_string_equal(r.stop_reason, "finished");
	assert_int_equal(r.parts, 1);
	assert_string_equal(json_string_value(json_object_get(r.info, "machine")), "m");
	assert_string_equal(json_string_value(json_object_get(r.header, "suite_hash")), "0badcafe");
	assert_int_equal(run_count(&r, VERDICT_CRASHED), 1);
	assert_int_equal(run_count(&r, VERDICT_TIMEOUT), 0);
	assert_int_equal(run_unexpected(&r), 1);
	assert_ptr_equal(run_find(&r, "a"), &r.results[1]);
	assert_null(run_find(&r, "c"));
	run_deinit(&r);
}

CASE("run: a killed one says which test was under way and has no reason")
{
	struct journal *j = begin();
	struct run r;

	put_header(j, 3);
	put_start(j, "a", 1);
	put_end(j, "a", 1, VERDICT_PASSED);
	put_start(j, "b", 1);
	journal_close(j);
	loads(&r);
	assert_string_equal(r.under_way, "b");
	assert_null(r.stop_reason);
	assert_int_equal(r.count, 1);
	assert_int_equal(r.planned, 3);
	run_deinit(&r);
}

CASE("run: parts are joined when it was resumed")
{
	struct journal *j = begin();
	struct run r;

	put_header(j, 3);
	put_start(j, "a", 1);
	put_end(j, "a", 1, VERDICT_PASSED);
	put_stop(j, "SIGINT");
	put_header(j, 3);
	put_start(j, "b", 1);
	put_end(j, "b", 1, VERDICT_PASSED);
	journal_close(j);
	loads(&r);
	assert_int_equal(r.parts, 2);
	assert_int_equal(r.count, 2);
	assert_null(r.stop_reason); // the second part was killed
	run_deinit(&r);
}

CASE("run: the last attempt of a test is the one that counts")
{
	struct journal *j = begin();
	struct run r;

	put_header(j, 2);
	put_start(j, "a", 1);
	put_end(j, "a", 1, VERDICT_FAILED);
	put_start(j, "b", 1);
	put_end(j, "b", 1, VERDICT_PASSED);
	put_start(j, "a", 2);
	put_end(j, "a", 2, VERDICT_PASSED);
	put_stop(j, "finished");
	journal_close(j);
	loads(&r);
	assert_int_equal(r.count, 2);
	assert_string_equal(r.results[0].id, "b");
	assert_string_equal(r.results[1].id, "a");
	assert_int_equal(run_find(&r, "a")->attempt, 2);
	assert_int_equal(run_unexpected(&r), 0);
	run_deinit(&r);
}

CASE("run: it is read wherever its journal is cut off behind the header")
{
	struct journal *j = begin();
	char *path = file_path("run/journal.jsonl");
	struct buf whole = { 0 };
	size_t header;
	struct run r;

	put_header(j, 2);
	put_start(j, "a", 1);
	put_end(j, "a", 1, VERDICT_PASSED);
	put_start(j, "b", 1);
	put_end(j, "b", 1, VERDICT_PASSED);
	put_stop(j, "finished");
	journal_close(j);
	assert_int_equal(io_read_file(path, 1 << 20, &whole, NULL), 0);
	header = strcspn(buf_text(&whole), "\n") + 1;
	for (size_t len = header; len <= whole.len; len += 7) {
		assert_int_equal(io_replace_file(path, whole.data, len, NULL), 0);
		loads(&r);
		assert_true(r.count <= 2);
		assert_int_equal(r.journal.bad_lines, 0);
		run_deinit(&r);
	}
	assert_int_equal(io_replace_file(path, whole.data, header - 1, NULL), 0);
	assert_int_equal(run_load(harness_tmpdir(), &r, NULL), -ENOENT);
	run_deinit(&r);
	buf_deinit(&whole);
	free(path);
}

CASE("run: a record that is whole but no result counts as a bad line")
{
	struct journal *j = begin();
	struct run r;

	put_header(j, 2);
	put(j, "end", json_pack("{s:s,s:i}", "id", "a", "verdict", 3));
	put_end(j, "b", 1, VERDICT_PASSED);
	put(j, "from-a-later-version", json_object());
	journal_close(j);
	loads(&r);
	assert_int_equal(r.count, 1);
	assert_int_equal(r.journal.bad_lines, 1);
	assert_int_equal(r.journal.first_bad_line, 2);
	assert_int_equal(r.journal.records, 3);
	run_deinit(&r);
}

CASE("run: run.json may be missing or broken, the journal alone will do")
{
	struct journal *j = begin();
	struct run r;

	put_header(j, 0);
	journal_close(j);
	loads(&r);
	assert_true(json_is_object(r.info));
	run_deinit(&r);
	file_make("run/run.json", "{\"machine\":", 0644);
	loads(&r);
	assert_int_equal(json_object_size(r.info), 0);
	run_deinit(&r);
	file_make("run/run.json", "[1]", 0644);
	loads(&r);
	assert_true(json_is_object(r.info));
	run_deinit(&r);
}

CASE("run: it is refused, and why is said, when there is none, no header, or another format")
{
	char *dir = file_path("run"), *half = file_path("half");
	struct run r = { 0 };
	struct err e = { "" };
	struct journal *j;

	file_make("half/suite/suite.json", "{}", 0644);
	assert_int_equal(run_load(half, &r, &e), -ENOENT);
	assert_non_null(
	        strstr(e.text, "but a suite: it was stopped before the first test; run that by: stressgen run"));
	run_deinit(&r);
	free(half);
	e.text[0] = '\0';
	assert_int_equal(run_load(dir, &r, &e), -ENOENT);
	assert_non_null(strstr(e.text, dir));
	assert_non_null(strstr(e.text, "there is no run here"));
	assert_null(strstr(e.text, "but a suite"));
	run_deinit(&r);
	j = begin();
	e.text[0] = '\0';
	assert_int_equal(run_load(dir, &r, &e), -EINVAL);
	assert_non_null(strstr(e.text, "no header"));
	run_deinit(&r);
	put(j, "header", json_pack("{s:i}", "format", 99));
	journal_close(j);
	e.text[0] = '\0';
	assert_int_equal(run_load(dir, &r, &e), -EINVAL);
	assert_non_null(strstr(e.text, "a run of format 99"));
	run_deinit(&r);
	free(dir);
}

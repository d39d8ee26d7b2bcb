// Databases that are none, are newer, locked or damaged.
#include "harness.h"

#include "fixture.h"
#include "histories.h"
#include "io.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void refuse(const char *path, enum history_mode mode, const char *words)
{
	struct history *h;
	struct err e = { 0 };

	assert_true(history_open(path, mode, 0, &h, &e) < 0);
	assert_null(h);
	if (strstr(e.text, words) == NULL || strchr(e.text, '\n') != NULL)
		fail_msg("\"%s\" does not say \"%s\"", e.text, words);
}

static void write_file(const char *text, size_t len)
{
	struct err e = { 0 };

	assert_int_equal(io_replace_file(history_path(), text, len, &e), 0);
}

static void run_sql(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(history_path(), &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

CASE("history: what is no history is refused with a reason, and not changed")
{
	char dir[300];

	refuse(history_path(), HISTORY_READ, "there is no history here");
	write_file("", 0);
	refuse(history_path(), HISTORY_READ, "an empty file");
	write_file("this is a text file, and long enough to have been one all along, or so one would think....",
	           90);
	refuse(history_path(), HISTORY_READ, "no SQLite database");
	refuse(history_path(), HISTORY_WRITE, "no SQLite database");
	unlink(history_path());
	run_sql("CREATE TABLE shopping(list)");
	refuse(history_path(), HISTORY_WRITE, "no history of stressgen");
	snprintf(dir, sizeof dir, "%s/nowhere/x.db", harness_tmpdir());
	refuse(dir, HISTORY_WRITE, "cannot be opened");
	refuse(harness_tmpdir(), HISTORY_WRITE, "cannot be opened");
}

CASE("history: one made by a newer stressgen is refused, and left as it is")
{
	history_close(history_opened(HISTORY_WRITE));
	run_sql("PRAGMA user_version = 99");
	refuse(history_path(), HISTORY_WRITE, "made by a newer stressgen (schema 99");
	refuse(history_path(), HISTORY_READ, "made by a newer stressgen");
}

CASE("history: one that another process holds is said to be locked")
{
	struct history *h = history_opened(HISTORY_WRITE), *second;
	struct err e = { 0 };
	struct run run;
	enum history_added how;
	int64_t id;
	sqlite3 *db;

	history_run("run", 0, 10, &run);
	assert_int_equal(sqlite3_open(history_path(), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(history_open(history_path(), HISTORY_WRITE, 0, &second, &e), 0);
	assert_int_equal(history_add(second, &(struct history_new){ &run, NULL, "", NULL }, &id, &how, &e),
	                 -EBUSY);
	assert_non_null(strstr(e.text, "another process has had it locked"));
	assert_int_equal(history_count(second), 0); // reading goes on
	sqlite3_close(db);
	history_added_as(second, &(struct history_new){ &run, NULL, "", NULL }, HISTORY_ADDED);
	history_close(second);
	history_close(h);
	run_deinit(&run);
}

// Whether reading all of it goes well or says why; crashes are what is looked for.
static void read_all(void)
{
	struct history *h;
	struct history_query q = { .all_labels = true, .all_machines = true };
	struct err e = { 0 };
	FILE *out = fopen("/dev/null", "w");

	if (history_open(history_path(), HISTORY_READ, 0, &h, &e) == 0) {
		if (history_export(h, &q, false, out, &e) < 0)
			assert_true(e.text[0] != '\0');
		history_close(h);
	} else {
		assert_true(e.text[0] != '\0');
	}
	fclose(out);
}

CASE("history: a damaged file is told as damaged, wherever it was hit")
{
	struct history *h = history_opened(HISTORY_WRITE);
	struct buf whole = { 0 };
	struct err e = { 0 };
	size_t told = 0;

	history_nights(h, 3, 99, 10, 10, false);
	history_close(h);
	assert_int_equal(io_read_file(history_path(), 1U << 24, &whole, &e), 0);
	for (size_t at = 0; at + 512 <= whole.len; at += 1024) {
		char *bytes = malloc(whole.len);

		assert_non_null(bytes);
		memcpy(bytes, whole.data, whole.len);
		memset(bytes + at, 0xa5, 512);
		write_file(bytes, whole.len);
		read_all();
		free(bytes);
		told++;
	}
	for (size_t len = 0; len < whole.len; len += 4096) { // cut off
		write_file(whole.data, len);
		read_all();
	}
	assert_true(told > 20);
	buf_deinit(&whole);
}

CASE("history: values that are no rows, and shapes that are none, are told as damage")
{
	static const char *const hits[] = { "UPDATE sample SET data = x'0102'", "UPDATE sample SET shape = 77",
		                            "UPDATE shape SET metrics = x'FFFFFFFF' WHERE id = 1",
		                            "UPDATE sample SET data = NULL",
		                            "UPDATE OR IGNORE shape SET metrics = x'' WHERE id = 1" };

	for (size_t i = 0; i < sizeof hits / sizeof hits[0]; i++) {
		struct history *h = history_opened(HISTORY_WRITE);
		struct history_query q = { 0 };
		struct err e = { 0 };
		FILE *out = fopen("/dev/null", "w");

		history_nights(h, 1, 99, 10, 10, false);
		history_close(h);
		if (strstr(hits[i], "NULL") == NULL)
			run_sql(hits[i]);
		else
			run_sql("UPDATE sample SET data = zeroblob(0)");
		h = history_opened(HISTORY_READ);
		assert_int_equal(history_export(h, &q, false, out, &e), -EINVAL);
		assert_non_null(strstr(e.text, "damaged"));
		history_close(h);
		fclose(out);
		unlink(history_path());
	}
}

CASE("history: a database of schema 1 is brought to this one with all that is in it")
{
	struct buf sql = { 0 };
	struct history *h;
	struct err e = { 0 };

	assert_int_equal(io_read_file(SG_TEST_DATA "/data/history_v1.sql", 1U << 20, &sql, &e), 0);
	run_sql(buf_text(&sql));
	h = history_opened(HISTORY_READ); // reading is enough
	assert_int_equal(history_count(h), 2);
	assert_true(history_find(h, 1, "gc/a.lua", "time").head == 41e6);
	assert_int_equal(history_annotate(h, &(struct history_note){ .entry = 1, .text = "x" }, &e), 0);
	history_close(h);
	buf_deinit(&sql);
}

CASE("history: it can be read where nothing can be written")
{
	struct history *h = history_opened(HISTORY_WRITE);

	if (geteuid() == 0)
		harness_skip("root may write everywhere");
	history_nights(h, 2, 9, 10, 10, false);
	history_close(h);
	assert_int_equal(chmod(history_path(), 0444), 0);
	assert_int_equal(chmod(harness_tmpdir(), 0555), 0);
	h = history_opened(HISTORY_READ);
	assert_int_equal(history_count(h), 2);
	history_close(h);
	refuse(history_path(), HISTORY_WRITE, "cannot be written");
	assert_int_equal(chmod(harness_tmpdir(), 0755), 0);
}

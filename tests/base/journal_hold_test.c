// journal: a record that is held is written with the next one, and lost by nothing that the next one suffers.
#include "files.h"

#include "journal.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char *path;

static struct journal *create(void)
{
	struct journal *j;

	path = file_path("journal.jsonl");
	assert_int_equal(journal_create(path, &j, NULL), 0);
	return j;
}

static struct buf fields_of(const char *id)
{
	struct buf fields = { 0 };

	buf_addf(&fields, "\"id\":\"%s\"", id);
	return fields;
}

static int hold(struct journal *j, const char *id)
{
	struct buf fields = fields_of(id);
	int rc = journal_hold_text(j, "end", &fields);

	buf_deinit(&fields);
	return rc;
}

static int append(struct journal *j, const char *id)
{
	struct buf fields = fields_of(id);
	int rc = journal_append_text(j, "start", &fields, false);

	buf_deinit(&fields);
	return rc;
}

static off_t size_now(void)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static int collect(void *arg, const char *type, json_t *record)
{
	buf_addf(arg, "%s %s\n", type, json_string_value(json_object_get(record, "id")));
	return 0;
}

static void reads(const char *records)
{
	struct journal_stats stats;
	struct buf seen = { 0 };

	assert_int_equal(journal_read(path, collect, &seen, &stats, NULL), 0);
	assert_string_equal(buf_text(&seen), records);
	assert_int_equal(stats.bad_lines, 0);
	assert_false(stats.torn_tail);
	buf_deinit(&seen);
}

// The file may grow to so many bytes, as on a disk that fills up.
static void limit_size(off_t bytes)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes < 0 ? limit.rlim_max : (rlim_t)bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void end(struct journal *j)
{
	assert_int_equal(journal_close(j), 0);
	free(path);
}

CASE("journal: what is held is written with the next record, in front of it")
{
	struct journal *j = create();
	json_t *record = json_pack("{s:s}", "id", "c");

	assert_int_equal(append(j, "a"), 0);
	assert_int_equal(hold(j, "a"), 0);
	reads("start a\n");
	assert_int_equal(append(j, "b"), 0);
	reads("start a\nend a\nstart b\n");
	assert_int_equal(hold(j, "b"), 0);
	assert_int_equal(journal_append(j, "stop", record, true), 0);
	reads("start a\nend a\nstart b\nend b\nstop c\n");
	json_decref(record);
	end(j);
}

CASE("journal: what is held is written when that is asked for, when another is held, and at the end")
{
	struct journal *j = create();

	assert_int_equal(journal_flush(j), 0);
	assert_int_equal(size_now(), 0);
	assert_int_equal(hold(j, "a"), 0);
	assert_int_equal(journal_flush(j), 0);
	reads("end a\n");
	assert_int_equal(journal_flush(j), 0);
	assert_int_equal(hold(j, "b"), 0);
	assert_int_equal(hold(j, "c"), 0);
	reads("end a\nend b\n");
	assert_int_equal(journal_close(j), 0);
	reads("end a\nend b\nend c\n");
	free(path);
}

CASE("journal: a disk that has room for what is held alone takes that, and not the next record")
{
	struct journal *j = create();
	off_t line;

	assert_int_equal(hold(j, "a"), 0);
	assert_int_equal(journal_flush(j), 0);
	line = size_now();
	assert_int_equal(hold(j, "b"), 0);
	limit_size(2 * line + 10);
	assert_int_equal(append(j, "c"), -ENOSPC);
	assert_int_equal(journal_flush(j), 0);
	assert_int_equal(size_now(), 2 * line);
	limit_size(-1);
	assert_int_equal(append(j, "d"), 0);
	reads("end a\nend b\nstart d\n");
	end(j);
}

CASE("journal: what found no room is held still, whatever stood behind it")
{
	struct journal *j = create();

	assert_int_equal(append(j, "a"), 0);
	assert_int_equal(hold(j, "a"), 0);
	limit_size(size_now() + 10);
	assert_int_equal(append(j, "b"), -ENOSPC);
	assert_int_equal(journal_flush(j), -ENOSPC);
	limit_size(size_now());
	assert_int_equal(journal_flush(j), -EFBIG);
	limit_size(-1);
	reads("start a\n");
	assert_int_equal(append(j, "c"), 0);
	reads("start a\nend a\nstart c\n");
	end(j);
}

CASE("journal: a record that is refused takes nothing of what is held along")
{
	struct journal *j = create();
	json_t *record = json_object();

	json_object_set_new(record, "id", json_string_nocheck("\xff"));
	assert_int_equal(hold(j, "a"), 0);
	assert_int_equal(journal_append(j, "b", record, false), -EILSEQ);
	assert_int_equal(append(j, "c"), 0);
	reads("end a\nstart c\n");
	json_decref(record);
	end(j);
}

// journal: what is written is read back, whatever happened to the file.
#include "files.h"

#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int collect(void *arg, const char *type, json_t *record)
{
	buf_addf(arg, "%s %s\n", type, json_string_value(json_object_get(record, "id")));
	return 0;
}

static void append(struct journal *j, const char *type, const char *id)
{
	json_t *record = json_pack("{s:s}", "id", id);

	assert_non_null(record);
	assert_int_equal(journal_append(j, type, record, false), 0);
	json_decref(record);
}

static struct journal *create(const char *path)
{
	struct journal *j;
	struct err e = { "" };

	if (journal_create(path, &j, &e) < 0)
		fail_msg("%s", e.text);
	return j;
}

// The records must be these, and the statistics too.
static void reads(const char *path, const char *records, uint64_t bad_lines, bool torn)
{
	struct journal_stats stats;
	struct buf seen = { 0 };

	assert_int_equal(journal_read(path, collect, &seen, &stats, NULL), 0);
	assert_string_equal(buf_text(&seen), records);
	assert_int_equal(stats.bad_lines, bad_lines);
	assert_int_equal(stats.torn_tail, torn);
	buf_deinit(&seen);
}

static char *slurp(const char *path, size_t *len)
{
	struct buf b = { 0 };

	assert_int_equal(io_read_file(path, 1 << 20, &b, NULL), 0);
	*len = b.len;
	return buf_take(&b);
}

static off_t size_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

CASE("journal: records are read back in order when it was closed")
{
	char *path = file_path("journal.jsonl");
	struct journal *j = create(path);

	append(j, "header", "h");
	append(j, "start", "a\n\"\\ \xc3\xa9");
	append(j, "stop", "s");
	assert_int_equal(journal_close(j), 0);
	reads(path, "header h\nstart a\n\"\\ \xc3\xa9\nstop s\n", 0, false);
	free(path);
}

CASE("journal: members that come as text make the line that their JSON makes")
{
	char *path = file_path("journal.jsonl");
	struct journal *j = create(path);
	struct buf fields = { 0 };
	size_t len, first;
	char *text;

	append(j, "start", "a");
	buf_adds(&fields, "\"id\":\"a\"");
	assert_int_equal(journal_append_text(j, "start", &fields, false), 0);
	buf_clear(&fields);
	assert_int_equal(journal_append_text(j, "empty", &fields, false), 0);
	buf_deinit(&fields);
	assert_int_equal(journal_close(j), 0);
	text = slurp(path, &len);
	first = strcspn(text, "\n") + 1;
	assert_memory_equal(text, text + first, first);
	reads(path, "start a\nstart a\nempty (null)\n", 0, false);
	free(text);
	free(path);
}

CASE("journal: a line is the documented one, checksum included")
{
	// The checksum was computed with Python's zlib.crc32.
	static const char expected[] = "{\"crc\":\"b1f7b9f5\",\"type\":\"start\",\"id\":\"a\",\"n\":7}\n";
	char *path = file_path("journal.jsonl");
	struct journal *j = create(path);
	json_t *record = json_pack("{s:s,s:i,s:s}", "id", "a", "n", 7, "crc", "not ours");
	size_t len;
	char *text;

	assert_int_equal(journal_append(j, "start", record, true), 0);
	assert_int_equal(json_object_size(record), 3); // borrowed, not changed
	json_decref(record);
	journal_close(j);
	text = slurp(path, &len);
	assert_string_equal(text, expected);
	free(text);
	free(path);
}

CASE("journal: every record but a torn last one is read, wherever it is cut")
{
	char *path = file_path("journal.jsonl");
	char *cut = file_path("cut.jsonl");
	struct journal *j = create(path);
	size_t len, first;
	char *text;

	append(j, "a", "1");
	append(j, "b", "2");
	journal_close(j);
	text = slurp(path, &len);
	first = strcspn(text, "\n") + 1;
	for (size_t at = 0; at <= len; at++) {
		const char *expected = at == len ? "a 1\nb 2\n" : at >= first ? "a 1\n" : "";

		assert_int_equal(io_replace_file(cut, text, at, NULL), 0);
		reads(cut, expected, 0, at != len && at != first && at != 0);
	}
	free(text);
	free(cut);
	free(path);
}

CASE("journal: a line is bad when any one of its bits is turned over")
{
	char *path = file_path("journal.jsonl");
	struct journal *j = create(path);
	size_t len;
	char *text;

	append(j, "a", "1");
	journal_close(j);
	text = slurp(path, &len);
	for (size_t bit = 0; bit < (len - 1) * 8; bit++) {
		struct journal_stats stats;
		struct buf seen = { 0 };

		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
		assert_int_equal(journal_read_text(text, len, collect, &seen, &stats), 0);
		assert_int_equal(stats.records, 0);
		assert_true(stats.bad_lines > 0);
		assert_int_equal(stats.first_bad_line, 1);
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
		buf_deinit(&seen);
	}
	free(text);
	free(path);
}

CASE("journal: a bad line in the middle is skipped and counted")
{
	char *path = file_path("journal.jsonl");
	struct journal *j = create(path);
	struct journal_stats stats;
	struct buf seen = { 0 };
	size_t len;
	char *text;

	append(j, "a", "1");
	append(j, "b", "2");
	append(j, "c", "3");
	journal_close(j);
	text = slurp(path, &len);
	strchr(text, '\n')[3] ^= 1;
	assert_int_equal(journal_read_text(text, len, collect, &seen, &stats), 0);
	assert_string_equal(buf_text(&seen), "a 1\nc 3\n");
	assert_int_equal(stats.records, 2);
	assert_int_equal(stats.bad_lines, 1);
	assert_int_equal(stats.first_bad_line, 2);
	assert_int_equal(stats.good_bytes, len);
	buf_deinit(&seen);
	free(text);
	free(path);
}

CASE("journal: NUL bytes and a line of a hundred megabytes do no harm")
{
	const size_t huge = 100U << 20;
	struct journal_stats stats;
	struct buf seen = { 0 };
	char *path = file_path("journal.jsonl");
	struct journal *j = create(path);
	size_t len;
	char *text, *big;

	append(j, "a", "1");
	journal_close(j);
	text = slurp(path, &len);
	big = calloc(1, huge + 2 * len);
	assert_non_null(big);
	memcpy(big, text, len);
	memset(big + len, '{', huge / 2); // the rest are NULs
	big[len + huge - 1] = '\n';
	memcpy(big + len + huge, text, len);
	assert_int_equal(journal_read_text(big, huge + 2 * len, collect, &seen, &stats), 0);
	assert_string_equal(buf_text(&seen), "a 1\na 1\n");
	assert_int_equal(stats.bad_lines, 1);
	buf_deinit(&seen);
	free(big);
	free(text);
	free(path);
}

static int stop_at_b(void *arg, const char *type, json_t *record)
{
	(void)record;
	++*(int *)arg;
	return strcmp(type, "b") == 0 ? 42 : 0;
}

CASE("journal: reading ends with the callback's value when that is not zero")
{
	char *path = file_path("journal.jsonl");
	struct journal *j = create(path);
	struct journal_stats stats;
	int calls = 0;

	append(j, "a", "1");
	append(j, "b", "2");
	append(j, "c", "3");
	journal_close(j);
	assert_int_equal(journal_read(path, stop_at_b, &calls, &stats, NULL), 42);
	assert_int_equal(calls, 2);
	free(path);
}

CASE("journal: a second one is refused where there is one")
{
	char *path = file_path("journal.jsonl");
	struct journal *j = create(path);
	struct journal *second;
	struct err e = { "" };

	append(j, "a", "1");
	journal_close(j);
	assert_int_equal(journal_create(path, &second, &e), -EEXIST);
	assert_null(second);
	assert_non_null(strstr(e.text, path));
	assert_non_null(strstr(e.text, "--resume"));
	reads(path, "a 1\n", 0, false);
	free(path);
}

CASE("journal: it is refused while another runner has it, and free when that one is gone")
{
	char *path = file_path("journal.jsonl");
	struct journal *j = create(path);
	struct journal *second;
	struct err e = { "" };

	append(j, "a", "1");
	assert_int_equal(journal_reopen(path, &second, &e), -EBUSY);
	assert_non_null(strstr(e.text, "another runner"));
	journal_close(j);
	assert_int_equal(journal_reopen(path, &second, NULL), 0);
	journal_close(second);
	free(path);
}

CASE("journal: a torn last line is cut off when it is opened again")
{
	char *path = file_path("journal.jsonl");
	struct journal *j = create(path);
	FILE *f;

	append(j, "a", "1");
	journal_close(j);
	f = fopen(path, "a");
	assert_non_null(f);
	fputs("{\"crc\":\"0123", f);
	fclose(f);
	reads(path, "a 1\n", 0, true);
	assert_int_equal(journal_reopen(path, &j, NULL), 0);
	append(j, "b", "2");
	journal_close(j);
	reads(path, "a 1\nb 2\n", 0, false);
	free(path);
}

CASE("journal: a short write is cut back, and the next record is whole when there is room again")
{
	char *path = file_path("journal.jsonl");
	struct journal *j = create(path);
	json_t *record = json_pack("{s:s}", "id", "does not fit");
	struct rlimit limit, old;
	off_t before;

	append(j, "a", "1");
	before = size_of(path);
	// The file may grow by 10 bytes: the kernel writes those and no more, as on a disk that fills up.
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = (rlim_t)before + 10;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(journal_append(j, "b", record, true), -ENOSPC);
	assert_int_equal(size_of(path), before);
	limit.rlim_cur = (rlim_t)before;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(journal_append(j, "b", record, true), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	append(j, "c", "3");
	assert_int_equal(journal_close(j), 0);
	reads(path, "a 1\nc 3\n", 0, false);
	json_decref(record);
	free(path);
}

CASE("journal: text that is not UTF-8 is refused whole, and the journal stays good")
{
	char *path = file_path("journal.jsonl");
	struct journal *j = create(path);
	json_t *record = json_object();

	json_object_set_new(record, "id", json_string_nocheck("\xff"));
	append(j, "a", "1");
	assert_int_equal(journal_append(j, "b", record, false), -EILSEQ);
	append(j, "c", "3");
	journal_close(j);
	reads(path, "a 1\nc 3\n", 0, false);
	json_decref(record);
	free(path);
}

CASE("journal: what was appended is there when the writer is killed at once")
{
	char *path = file_path("journal.jsonl");
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct journal *j = create(path);

		for (int i = 0; i < 25; i++)
			append(j, "r", "x");
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	{
		struct journal_stats stats;
		struct buf seen = { 0 };

		assert_int_equal(journal_read(path, collect, &seen, &stats, NULL), 0);
		assert_int_equal(stats.records, 25);
		buf_deinit(&seen);
	}
	free(path);
}

CASE("journal: the message names the file when it is missing or no file")
{
	char *path = file_path("none");
	struct journal_stats stats;
	struct journal *j;
	struct err e = { "" };
	struct err e2 = { "" };

	assert_int_equal(journal_read(path, collect, NULL, &stats, &e), -ENOENT);
	assert_non_null(strstr(e.text, path));
	assert_int_equal(journal_read(harness_tmpdir(), collect, NULL, &stats, &e2), -EINVAL);
	assert_int_equal(journal_reopen(path, &j, NULL), -ENOENT);
	assert_null(j);
	assert_int_equal(journal_close(NULL), 0);
	free(path);
}

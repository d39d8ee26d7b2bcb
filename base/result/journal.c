// The journal: appended with one write() a record, or two where the first was held; read back without trust.
#include "journal.h"

#include "buf.h"
#include "clock.h"
#include "syncer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define CRC_PREFIX "{\"crc\":\""
#define CRC_PREFIX_LEN (sizeof CRC_PREFIX - 1)
#define CRC_DIGITS 8U
#define BODY_AT (CRC_PREFIX_LEN + CRC_DIGITS + 2U) // behind the digits, '"' and ','

#define SYNC_RECORDS 20U     // ten tests: each has a start and an end
#define LINE_KEPT (1U << 16) // a longer line's memory is given back
#define SYNC_NS SG_NS_PER_S
#define SYNC_APART_NS (SG_NS_PER_S / 2) // at least: a sync costs as much CPU time as a short test's bookkeeping
#define SYNC_LATE_NS (2 * SG_NS_PER_S)  // a disk that is as slow as that is waited for

struct journal {
	int fd;
	off_t end;                 // length up to the end of the last whole record
	unsigned unsynced;         // records since the last sync
	uint64_t synced_ns;        // when that was, or was ordered
	int failed;                // -errno of a cut that failed: the tail is not ours to write behind any more
	uint64_t written, ordered; // records; the second by the thread
	struct buf line;           // the record that is being written, behind the one that is held
	size_t held;               // bytes of `line` that are a record waiting for the next one; 0: none
	struct syncer *beside;     // NULL: syncs happen in journal_append
};

// ---- lines ----

static uint32_t crc_of(const char *bytes, size_t len)
{
	return (uint32_t)crc32_z(crc32_z(0, NULL, 0), (const unsigned char *)bytes, len);
}

static bool read_hex8(const char *text, uint32_t *value)
{
	*value = 0;
	for (unsigned i = 0; i < CRC_DIGITS; i++) {
		char c = text[i];
		unsigned digit;

		if (c >= '0' && c <= '9')
			digit = (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'f')
			digit = (unsigned)(c - 'a') + 10;
		else
			return false;
		*value = *value << 4 | digit;
	}
	return true;
}

// The record of one line without its newline (owned by the caller), or NULL if the line is not a good one.
// The checksum is compared first: what does not bear it never reaches the JSON parser.
static json_t *parse_line(const char *line, size_t len)
{
	uint32_t crc;
	json_t *record;

	if (len <= BODY_AT || memcmp(line, CRC_PREFIX, CRC_PREFIX_LEN) != 0)
		return NULL;
	if (line[BODY_AT - 2] != '"' || line[BODY_AT - 1] != ',')
		return NULL;
	if (!read_hex8(line + CRC_PREFIX_LEN, &crc) || crc != crc_of(line + BODY_AT, len - BODY_AT))
		return NULL;
	record = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	if (record != NULL && !json_is_string(json_object_get(record, "type"))) {
		json_decref(record);
		return NULL;
	}
	return record;
}

int journal_read_text(const char *text, size_t len, journal_fn each, void *arg, struct journal_stats *stats)
{
	uint64_t number = 0;
	size_t at = 0;
	int rc = 0;

	*stats = (struct journal_stats){ 0 };
	while (at < len && rc == 0) {
		const char *line = text + at;
		const char *newline = memchr(line, '\n', len - at);
		json_t *record;

		if (newline == NULL) {
			stats->torn_tail = true;
			break;
		}
		at = (size_t)(newline - text) + 1;
		number++;
		record = parse_line(line, (size_t)(newline - line));
		if (record == NULL) {
			if (stats->bad_lines++ == 0)
				stats->first_bad_line = number;
		} else {
			stats->records++;
			rc = each(arg, json_string_value(json_object_get(record, "type")), record);
			json_decref(record);
		}
		stats->good_bytes = at;
	}
	return rc;
}

static int no_record(void *arg, const char *type, json_t *record)
{
	(void)arg;
	(void)type;
	(void)record;
	return 0;
}

// Reads what is in `fd` now. Read rather than mapped: a journal that is cut meanwhile must not be a SIGBUS.
static int read_open_file(int fd, journal_fn each, void *arg, struct journal_stats *stats)
{
	struct stat st;
	char *text;
	size_t got = 0;
	int rc = 0;

	*stats = (struct journal_stats){ 0 };
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	text = malloc((size_t)st.st_size + 1);
	if (text == NULL)
		return -ENOMEM;
	while (got < (size_t)st.st_size) {
		ssize_t n = pread(fd, text + got, (size_t)st.st_size - got, (off_t)got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc = -errno;
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	if (rc == 0)
		rc = journal_read_text(text, got, each, arg, stats);
	free(text);
	return rc;
}

int journal_read(const char *path, journal_fn each, void *arg, struct journal_stats *stats, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int rc;

	*stats = (struct journal_stats){ 0 };
	if (fd < 0)
		return err_set(e, errno, "%s: cannot be read: %s", path, strerror(errno));
	rc = read_open_file(fd, each, arg, stats);
	close(fd);
	if (rc < 0)
		err_set(e, -rc, "%s: cannot be read: %s", path, strerror(-rc));
	return rc;
}

// ---- writing ----

static int journal_start(int fd, off_t end, struct journal **out)
{
	struct journal *j = calloc(1, sizeof *j);

	if (j == NULL)
		return -ENOMEM;
	j->fd = fd;
	j->end = end;
	j->synced_ns = clock_now_ns();
	*out = j;
	return 0;
}

// Makes the name itself durable: a new file's directory has to be synced as well.
static void sync_directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
	int fd = dir == NULL ? -1 : open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		(void)fsync(fd); // some file systems cannot; the data's own sync is the one that is reported
		close(fd);
	}
	free(dir);
}

int journal_create(const char *path, struct journal **out, struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
	int rc;

	*out = NULL;
	if (fd < 0 && errno == EEXIST)
		return err_set(e, EEXIST, "%s: there is a run here already; --resume goes on with it", path);
	if (fd < 0)
		return err_set(e, errno, "%s: cannot be made: %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		rc = err_set(e, errno == EWOULDBLOCK ? EBUSY : errno, "%s: another runner has it", path);
		goto out;
	}
	rc = journal_start(fd, 0, out);
	if (rc < 0)
		err_set(e, -rc, "%s: %s", path, strerror(-rc));
	else
		sync_directory_of(path);
out:
	if (rc < 0)
		close(fd);
	return rc;
}

static int reopen_locked(int fd, const char *path, struct journal **out, struct err *e)
{
	struct journal_stats stats;
	int rc = read_open_file(fd, no_record, NULL, &stats);

	if (rc < 0)
		return err_set(e, -rc, "%s: cannot be read: %s", path, strerror(-rc));
	if (stats.torn_tail && ftruncate(fd, (off_t)stats.good_bytes) < 0)
		return err_set(e, errno, "%s: its torn last line cannot be cut off: %s", path, strerror(errno));
	rc = journal_start(fd, (off_t)stats.good_bytes, out);
	if (rc < 0)
		return err_set(e, -rc, "%s: %s", path, strerror(-rc));
	return 0;
}

int journal_reopen(const char *path, struct journal **out, struct err *e)
{
	int fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC);
	int rc;

	*out = NULL;
	if (fd < 0)
		return err_set(e, errno, "%s: cannot be opened: %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		rc = reopen_locked(fd, path, out, e);
	else if (errno == EWOULDBLOCK)
		rc = err_set(e, EBUSY, "%s: another runner is at work here; wait for it or stop it", path);
	else
		rc = err_set(e, errno, "%s: cannot be locked: %s", path, strerror(errno));
	if (rc < 0)
		close(fd);
	return rc;
}

// The record without what the line begins with; a new reference, mostly to itself. NULL without memory.
static json_t *without_head(const json_t *record)
{
	union { // json_incref wants a mutable object, but changes no more than the count
		const json_t *borrowed;
		json_t *object;
	} whole = { .borrowed = record };
	json_t *copy;

	if (json_object_get(record, "type") == NULL && json_object_get(record, "crc") == NULL)
		return json_incref(whole.object);
	copy = json_copy(whole.object);
	json_object_del(copy, "type");
	json_object_del(copy, "crc");
	return copy;
}

// Adds a whole line, newline included, with the members in `fields`, which are not in braces. After an error
// `line` is as it was, unless it has failed itself.
static int format_line(const char *type, const char *fields, size_t len, struct buf *line)
{
	const size_t at = line->len;
	char crc[CRC_DIGITS + 1];

	buf_adds(line, CRC_PREFIX "00000000\",\"type\":\"");
	buf_adds(line, type);
	buf_adds(line, len > 0 ? "\"," : "\"");
	buf_add(line, fields, len);
	buf_adds(line, "}\n");
	if (line->failed)
		return -ENOMEM;
	snprintf(crc, sizeof crc, "%08x", crc_of(line->data + at + BODY_AT, line->len - 1 - at - BODY_AT));
	memcpy(line->data + at + CRC_PREFIX_LEN, crc, CRC_DIGITS);
	return 0;
}

static int format_record(const char *type, const json_t *record, struct buf *line)
{
	json_t *rest = without_head(record);
	char *text = rest != NULL ? json_dumps(rest, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
	int rc;

	json_decref(rest);
	if (rest == NULL)
		return -ENOMEM;
	if (text == NULL)
		return -EILSEQ; // or no memory: json_dumps does not say which
	rc = format_line(type, text + 1, strlen(text) - 2, line);
	free(text);
	return rc;
}

// One write; what a full disk cut short is taken back, so that the next record begins a line.
static int write_bytes(struct journal *j, const char *bytes, size_t len)
{
	ssize_t n;
	int rc;

	do
		n = write(j->fd, bytes, len);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)len) {
		j->end += n;
		return 0;
	}
	rc = n < 0 ? -errno : -ENOSPC;
	if (n > 0 && ftruncate(j->fd, j->end) < 0)
		j->failed = -errno;
	return rc;
}

static void note_written(struct journal *j)
{
	j->unsynced++;
	j->written++;
}

// The record that was held, and by the same write the one behind it, if there is one. Where there is no room for
// both there may be for the first.
static int write_lines(struct journal *j)
{
	const size_t held = j->held, behind = j->line.len - held;
	int rc = write_bytes(j, j->line.data, j->line.len);

	if (rc < 0 && held > 0 && behind > 0 && j->failed == 0 && write_bytes(j, j->line.data, held) == 0) {
		j->held = 0;
		note_written(j);
		return rc;
	}
	if (rc < 0)
		return rc;
	for (int lines = (held > 0) + (behind > 0); lines > 0; lines--)
		note_written(j);
	j->held = 0;
	return 0;
}

static int sync_now(struct journal *j)
{
	if (fdatasync(j->fd) < 0)
		return -errno;
	j->unsynced = 0;
	j->synced_ns = clock_now_ns();
	return 0;
}

int journal_sync_beside(struct journal *j)
{
	return j->beside == NULL ? syncer_start(j->fd, &j->beside) : 0;
}

// What is due but asked for by nobody: by the thread, unless that is still at work at the last one.
static int sync_if_due(struct journal *j)
{
	const uint64_t now_ns = clock_now_ns(), passed_ns = now_ns - j->synced_ns;

	if (passed_ns < (j->unsynced >= SYNC_RECORDS ? SYNC_APART_NS : SYNC_NS))
		return 0;
	if (j->beside == NULL)
		return sync_now(j);
	if (syncer_done(j->beside) < j->ordered)
		return passed_ns < SYNC_LATE_NS ? 0 : sync_now(j);
	syncer_order(j->beside, j->written);
	j->ordered = j->written;
	j->unsynced = 0;
	j->synced_ns = now_ns;
	return 0;
}

// 0, or why nothing can be written any more.
static int what_failed(const struct journal *j)
{
	if (j->failed != 0)
		return j->failed;
	return j->beside != NULL ? syncer_error(j->beside) : 0;
}

// Leaves what is held.
static void cut_line(struct journal *j)
{
	if (j->line.data == NULL)
		return;
	j->line.len = j->held;
	j->line.data[j->held] = '\0';
	j->line.failed = false;
}

// The line that has been formatted, and the one that was held. After an error only the latter may be left.
static int append_line(struct journal *j, int formatted, bool sync)
{
	int rc = formatted == 0 ? write_lines(j) : formatted;

	if (rc == 0)
		rc = sync ? sync_now(j) : sync_if_due(j);
	if (j->line.cap > LINE_KEPT && j->held == 0)
		buf_deinit(&j->line);
	else
		cut_line(j);
	return rc;
}

int journal_append(struct journal *j, const char *type, const json_t *record, bool sync)
{
	int rc = what_failed(j);

	return append_line(j, rc == 0 ? format_record(type, record, &j->line) : rc, sync);
}

int journal_append_text(struct journal *j, const char *type, const struct buf *fields, bool sync)
{
	int rc = fields->failed ? -ENOMEM : what_failed(j);

	return append_line(j, rc == 0 ? format_line(type, fields->data, fields->len, &j->line) : rc, sync);
}

int journal_hold_text(struct journal *j, const char *type, const struct buf *fields)
{
	int rc = fields->failed ? -ENOMEM : journal_flush(j);

	if (rc == 0)
		rc = what_failed(j);
	if (rc == 0)
		rc = format_line(type, fields->data, fields->len, &j->line);
	if (rc == 0)
		j->held = j->line.len;
	else
		cut_line(j);
	return rc;
}

int journal_flush(struct journal *j)
{
	return j->held > 0 ? append_line(j, what_failed(j), false) : 0;
}

int journal_close(struct journal *j)
{
	int rc = 0;

	if (j == NULL)
		return 0;
	rc = journal_flush(j);
	if (rc == 0)
		rc = syncer_stop(j->beside);
	else
		syncer_stop(j->beside);
	if (j->unsynced > 0 && rc == 0)
		rc = sync_now(j);
	if (close(j->fd) < 0 && rc == 0)
		rc = -errno;
	buf_deinit(&j->line);
	free(j);
	return rc;
}

// The database: opening, statements, errors.
#include "history_db.h"

#include "text.h"
#include "units.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// ---- errors -------------------------------------------------------------------------------------------------

static int locked(const struct history *h, struct err *e)
{
	char text[32];

	return err_set(e, EBUSY,
	               "%s: another process has had it locked for %s; try again, or wait longer with --wait",
	               h->path, units_duration(text, sizeof text, (uint64_t)h->wait_ms * 1000000));
}

int db_fail(const struct history *h, int rc, struct err *e)
{
	const char *words = h->db != NULL ? sqlite3_errmsg(h->db) : sqlite3_errstr(rc);

	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return locked(h, e);
	case SQLITE_NOTADB:
		return err_set(e, EINVAL, "%s: this is no SQLite database; name the history with --db FILE",
		               h->path);
	case SQLITE_CORRUPT:
		return err_set(e, EINVAL,
		               "%s: the database is damaged; restore a copy of it, or save what can be read: "
		               "sqlite3 '%s' .recover",
		               h->path, h->path);
	case SQLITE_FULL:
		return err_set(e, ENOSPC, "%s: the disk is full; nothing of this was recorded", h->path);
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return err_set(e, EACCES, "%s: it cannot be written here: %s", h->path, words);
	case SQLITE_CANTOPEN:
		return err_set(e, EACCES, "%s: it cannot be opened: %s", h->path, words);
	case SQLITE_NOMEM:
		return err_set(e, ENOMEM, "%s: out of memory", h->path);
	default:
		return err_set(e, EIO, "%s: %s", h->path, words);
	}
}

// ---- statements ---------------------------------------------------------------------------------------------

int db_exec(struct history *h, const char *sql, struct err *e)
{
	int rc = sqlite3_exec(h->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : db_fail(h, rc, e);
}

static int bind_one(sqlite3_stmt *s, int at, char type, va_list *args)
{
	const struct buf *blob;

	switch (type) {
	case 't':
		return sqlite3_bind_text(s, at, va_arg(*args, const char *), -1, SQLITE_STATIC);
	case 'i':
		return sqlite3_bind_int64(s, at, va_arg(*args, int64_t));
	default:
		blob = va_arg(*args, const struct buf *);
		return sqlite3_bind_blob64(s, at, buf_text(blob), blob->len, SQLITE_STATIC);
	}
}

sqlite3_stmt *db_prepare(struct history *h, struct err *e, const char *sql, const char *types, ...)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(h->db, sql, -1, &s, NULL);
	va_list args;

	va_start(args, types);
	for (int i = 0; rc == SQLITE_OK && types[i] != '\0' && i < sqlite3_bind_parameter_count(s); i++)
		rc = bind_one(s, i + 1, types[i], &args);
	va_end(args);
	if (rc == SQLITE_OK)
		return s;
	db_fail(h, rc, e);
	sqlite3_finalize(s);
	return NULL;
}

int db_step(struct history *h, sqlite3_stmt *s, struct err *e)
{
	int rc = sqlite3_step(s);

	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : db_fail(h, rc, e);
}

int db_finish(struct history *h, sqlite3_stmt *s, struct err *e)
{
	int rc = s != NULL ? db_step(h, s, e) : -EIO;

	sqlite3_finalize(s);
	return rc < 0 ? rc : 0;
}

int db_number(struct history *h, sqlite3_stmt *s, int64_t missing, int64_t *out, struct err *e)
{
	int rc = s != NULL ? db_step(h, s, e) : -EIO;

	if (rc >= 0)
		*out = rc > 0 ? sqlite3_column_int64(s, 0) : missing;
	sqlite3_finalize(s);
	return rc < 0 ? rc : 0;
}

const char *db_text(sqlite3_stmt *s, int column, struct arena *a)
{
	return text_line(a, (const char *)sqlite3_column_text(s, column));
}

int db_begin(struct history *h, struct err *e)
{
	return db_exec(h, "BEGIN IMMEDIATE", e);
}

int db_end(struct history *h, int rc, struct err *e)
{
	if (rc == 0)
		rc = db_exec(h, "COMMIT", e);
	if (rc != 0 && sqlite3_get_autocommit(h->db) == 0)
		sqlite3_exec(h->db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

void history_close(struct history *h)
{
	if (h == NULL)
		return;
	for (size_t i = 0; i < h->accepted_count; i++) {
		free(h->accepted[i].test);
		free(h->accepted[i].metric);
	}
	free(h->accepted);
	sqlite3_close(h->db);
	free(h->path);
	free(h);
}

// ---- opening ------------------------------------------------------------------------------------------------

// Where the directory cannot be written, SQLite cannot make the files beside it that WAL needs; if nobody left
// any, the file alone is the whole database and can be read as it stands.
static bool stands_still(const char *path)
{
	char *wal = NULL, *slash, *dir = strdup(path);
	bool still = false;

	if (dir != NULL && asprintf(&wal, "%s-wal", path) >= 0) {
		slash = strrchr(dir, '/');
		if (slash != NULL)
			*slash = '\0';
		still = access(slash == NULL ? "." : slash == dir ? "/" : dir, W_OK) < 0 && access(wal, F_OK) < 0;
	}
	free(wal);
	free(dir);
	return still;
}

// The path as an SQLite URI: what is special there as %XX.
static char *uri_of(const char *path, bool still)
{
	struct buf b = { 0 };

	buf_adds(&b, "file:");
	for (; *path != '\0'; path++)
		if (strchr("?#% ", *path) != NULL)
			buf_addf(&b, "%%%02X", (unsigned char)*path);
		else
			buf_addc(&b, *path);
	buf_adds(&b, still ? "?immutable=1" : "");
	return buf_take(&b);
}

static int open_file(struct history *h, enum history_mode mode, struct err *e)
{
	const bool readable_only = mode == HISTORY_READ && access(h->path, W_OK) < 0;
	int flags = readable_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
	char *uri = uri_of(h->path, readable_only && stands_still(h->path));
	int rc;

	if (uri == NULL)
		return err_set(e, ENOMEM, "out of memory");
	if (mode == HISTORY_WRITE)
		flags |= SQLITE_OPEN_CREATE;
	rc = sqlite3_open_v2(uri, &h->db, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
	free(uri);
	if (rc != SQLITE_OK)
		return db_fail(h, rc, e);
	sqlite3_busy_timeout(h->db, (int)h->wait_ms);
	return db_exec(h, "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384", e);
}

int history_open(const char *path, enum history_mode mode, unsigned wait_ms, struct history **out, struct err *e)
{
	struct history *h = calloc(1, sizeof *h);
	int rc = 0;

	*out = NULL;
	if (h == NULL || (h->path = strdup(path)) == NULL) {
		free(h);
		return err_set(e, ENOMEM, "out of memory");
	}
	h->wait_ms = wait_ms;
	if (mode == HISTORY_READ && access(path, F_OK) < 0)
		rc = err_set(e, ENOENT, "%s: there is no history here; 'stressgen history add RUN' begins one",
		             path);
	if (rc == 0)
		rc = open_file(h, mode, e);
	if (rc == 0)
		rc = db_migrate(h, mode, e);
	if (rc < 0) {
		history_close(h);
		return rc;
	}
	*out = h;
	return 0;
}

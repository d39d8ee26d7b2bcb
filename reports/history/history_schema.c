// The tables of stressgen.db, and the steps from each version to the next. A step that was ever released is never
// changed: databases made by it exist. `sample` has no foreign keys: there is no index by entry alone (it would be
// as large as the rest), so each entry that goes would be looked for in all of it.
#include "history_db.h"

#include <errno.h>
#include <stdio.h>

static const char *const steps[HISTORY_SCHEMA] = {
	// 1: runs and their values
	"CREATE TABLE machine(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, facts TEXT NOT NULL);"
	"CREATE TABLE entry(id INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL UNIQUE, digest TEXT NOT NULL,"
	" anchor TEXT, label TEXT NOT NULL, began TEXT NOT NULL, added TEXT NOT NULL, dir TEXT NOT NULL,"
	" machine INTEGER NOT NULL REFERENCES machine(id), revision TEXT NOT NULL, stop_reason TEXT NOT NULL,"
	" tests INTEGER NOT NULL, unexpected INTEGER NOT NULL, info TEXT NOT NULL);"
	"CREATE INDEX entry_began ON entry(began, id);"
	"CREATE TABLE test(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
	"CREATE TABLE metric(id INTEGER PRIMARY KEY, name TEXT NOT NULL, unit TEXT NOT NULL, better TEXT NOT NULL,"
	" UNIQUE(name, unit));"
	"CREATE TABLE shape(id INTEGER PRIMARY KEY, metrics BLOB NOT NULL UNIQUE);"
	"CREATE TABLE sample(test INTEGER NOT NULL, entry INTEGER NOT NULL,"
	" side INTEGER NOT NULL, invocation INTEGER NOT NULL, verdict TEXT NOT NULL, expected INTEGER NOT NULL,"
	" shape INTEGER NOT NULL, data BLOB NOT NULL,"
	" PRIMARY KEY(test, entry, side, invocation)) WITHOUT ROWID",
	// 2: notes and acceptances
	"CREATE TABLE note(id INTEGER PRIMARY KEY, entry INTEGER NOT NULL REFERENCES entry(id) ON DELETE CASCADE,"
	" accepts INTEGER NOT NULL, test TEXT, metric TEXT, text TEXT NOT NULL, added TEXT NOT NULL);"
	"CREATE INDEX note_entry ON note(entry)",
};

static int pragma(struct history *h, const char *sql, int64_t *out, struct err *e)
{
	return db_number(h, db_prepare(h, e, sql, ""), 0, out, e);
}

// What the file says it is, looked at again inside the transaction that changes it.
static int version_of(struct history *h, int64_t *version, struct err *e)
{
	int64_t application = 0, tables = 0;
	int rc = pragma(h, "PRAGMA user_version", version, e);

	if (rc == 0)
		rc = pragma(h, "PRAGMA application_id", &application, e);
	if (rc == 0)
		rc = pragma(h, "SELECT count(*) FROM sqlite_master", &tables, e);
	if (rc < 0)
		return rc;
	if (application != HISTORY_APPLICATION && (application != 0 || *version != 0 || tables != 0))
		return err_set(e, EINVAL,
		               "%s: an SQLite database, but no history of stressgen; name another with --db FILE",
		               h->path);
	if (*version < 0 || *version > HISTORY_SCHEMA)
		return err_set(e, EINVAL,
		               "%s: made by a newer stressgen (schema %lld; this one knows %d); upgrade stressgen",
		               h->path, (long long)*version, HISTORY_SCHEMA);
	return 0;
}

static int take_steps(struct history *h, struct err *e)
{
	int64_t version;
	int rc = version_of(h, &version, e);
	char done[96];

	for (; rc == 0 && version < HISTORY_SCHEMA; version++)
		rc = db_exec(h, steps[version], e);
	snprintf(done, sizeof done, "PRAGMA application_id = %d; PRAGMA user_version = %d", HISTORY_APPLICATION,
	         HISTORY_SCHEMA);
	return rc == 0 ? db_exec(h, done, e) : rc;
}

int db_migrate(struct history *h, enum history_mode mode, struct err *e)
{
	int64_t version;
	int rc = version_of(h, &version, e);

	if (rc < 0)
		return rc;
	if (version < HISTORY_SCHEMA) {
		if (version == 0 && mode == HISTORY_READ)
			return err_set(e, ENOENT,
			               "%s: an empty file; 'stressgen history add RUN' begins a history", h->path);
		if (version == 0)
			rc = db_exec(h, "PRAGMA page_size = 8192", e);
		if (rc == 0)
			rc = db_begin(h, e);
		if (rc == 0)
			rc = db_end(h, take_steps(h, e), e);
	}
	// Another one may be at it: then that one makes it so, or the next.
	if (rc == 0 && mode == HISTORY_WRITE)
		sqlite3_exec(h->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
	return rc;
}

// The open database: what the files of the history share. Nobody else sees SQLite.
#ifndef SG_HISTORY_DB_H
#define SG_HISTORY_DB_H

#include "history.h"

#include <sqlite3.h>

#define HISTORY_APPLICATION 0x73746764 // "stgd", SQLite's application_id
#define HISTORY_SCHEMA 2               // SQLite's user_version

// What was accepted, for judging.
struct accepted {
	int64_t entry;
	char *test, *metric; // patterns, owned; NULL: all
};

struct history {
	sqlite3 *db;
	char *path;
	unsigned wait_ms;
	struct accepted *accepted; // read once, when it is first asked for; owned
	size_t accepted_count;
	bool accepted_read;
	const struct threshold *thresholds; // borrowed
	size_t threshold_count;
};

// SQLite's result as words and a negative errno.
int db_fail(const struct history *h, int rc, struct err *e);
// Runs statements that give no rows and take no values.
int db_exec(struct history *h, const char *sql, struct err *e);
// Prepares `sql` and binds what follows, one for each letter of `types`: t const char * (NULL is NULL), i int64_t,
// b const struct buf * (as a blob). What is more than
// the statement takes is left. All is borrowed until the statement is finalised. NULL with `e` filled.
sqlite3_stmt *db_prepare(struct history *h, struct err *e, const char *sql, const char *types, ...);
// The next row: 1, 0 at the end, or an error.
int db_step(struct history *h, sqlite3_stmt *s, struct err *e);
// The same for a statement that gives no rows; finalises it. NULL (of db_prepare) is -EIO.
int db_finish(struct history *h, sqlite3_stmt *s, struct err *e);
// The first column of the first row; `missing` where there is none. Finalises.
int db_number(struct history *h, sqlite3_stmt *s, int64_t missing, int64_t *out, struct err *e);
// A text column as safe text on one line, from the arena; "" for NULL.
const char *db_text(sqlite3_stmt *s, int column, struct arena *a);

int db_begin(struct history *h, struct err *e); // for writing
// Commits when `rc` is 0, else takes all back; returns rc, or the commit's error.
int db_end(struct history *h, int rc, struct err *e);

// history_schema.c: brings the database to HISTORY_SCHEMA, from nothing where it is empty.
int db_migrate(struct history *h, enum history_mode mode, struct err *e);

#endif

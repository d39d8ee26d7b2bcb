// The append-only journal of a run: one JSON record a line, {"crc":"8 hex digits",...}; the CRC-32 (zlib's) is
// taken over what follows the comma behind it, without the newline. One write() a record, or two where the first
// was held.
#ifndef SG_JOURNAL_H
#define SG_JOURNAL_H

#include "buf.h"
#include "err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct journal;

struct journal_stats {
	uint64_t records;   // good ones
	uint64_t bad_lines; // in the middle, skipped: results cannot be trusted (exit 6)
	uint64_t first_bad_line;
	bool torn_tail;      // the last line was cut off and is dropped
	uint64_t good_bytes; // length up to the end of the last whole line
};

// Makes a new journal and locks it (flock) against a second runner. -EEXIST when there is one.
int journal_create(const char *path, struct journal **out, struct err *e);
// Opens an existing one for further records: locks it (-EBUSY when another runner has it), cuts off a torn
// last line.
int journal_reopen(const char *path, struct journal **out, struct err *e);
// Writes {"crc":...,"type":type, ...fields of `record`}. Borrows `record` (an object). A short write is cut
// back. Synced to disk when `sync`, else at the 20th record (ten tests) but at most twice a second, or after a
// second. 0 or -errno; -EILSEQ for text that is not UTF-8 (result_utf8 makes any text so).
int journal_append(struct journal *j, const char *type, const json_t *record, bool sync);
// The same for members as text, as fields_write_text writes them: the caller answers for them.
int journal_append_text(struct journal *j, const char *type, const struct buf *fields, bool sync);
// The same, not synced, but the record stays in memory until the next one, with which it is written at once, or
// until journal_flush: for a writer who is about to write another one, and lets nobody know of this one before. 0
// or -errno, then nothing is held of it.
int journal_hold_text(struct journal *j, const char *type, const struct buf *fields);
// Writes what is held: 0, also where nothing is, or -errno; then it is held still. When an append has failed, this
// tells whether the record held before it was written all the same (a full disk may have had room for that).
int journal_flush(struct journal *j);
// From now on a thread does the syncs that no record asks for, and journal_append returns when it has written:
// only for a disk that has not done it within two seconds does it wait too. A sync that failed is told by the next
// append. For writers whose time counts. 0 or -errno; then everything stays as it was.
int journal_sync_beside(struct journal *j);
int journal_close(struct journal *j); // writes what is held, syncs; accepts NULL

// Calls `each` for every good record (borrowed; "type" and "crc" are in it); it may return non-zero to end the
// reading with that value. 0, its value, or -errno with `e` filled.
typedef int (*journal_fn)(void *arg, const char *type, json_t *record);
int journal_read(const char *path, journal_fn each, void *arg, struct journal_stats *stats, struct err *e);
// The same on bytes in memory (what the fuzz target feeds).
int journal_read_text(const char *text, size_t len, journal_fn each, void *arg, struct journal_stats *stats);

#endif

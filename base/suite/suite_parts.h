// The parts of suite_load; only suite*.c know them.
#ifndef SG_SUITE_PARTS_H
#define SG_SUITE_PARTS_H

#include "suite.h"

// suite_scan.c: adds every file below s->dir that can be executed or has a header, sorted by path.
int suite_scan(struct suite *s, struct err *e);

// suite_json.c: fills everything but `meta` and `index` from the file at `path`.
int suite_read_json(const char *path, struct suite *s, struct err *e);

// suite_check.c: reads every test's file (header and hash), settles ids, resolves dependencies, makes the index
// and the suite's hash.
int suite_check(struct suite *s, struct err *e);
// The file's CRC-32 as 8 hex digits into hash[9]; its first bytes, as far as a header can reach, into `head`
// (may be NULL).
int suite_read_file(const char *path, char hash[9], struct buf *head, struct err *e);
// For s->index: the id of tests[position].
const char *suite_id_at(const void *tests, size_t position);
// Makes s->index; -EINVAL when two tests have one id.
int suite_index(struct suite *s, struct err *e);
// Fills s->hash from the tests' ids and hashes.
void suite_hash(struct suite *s);

#endif

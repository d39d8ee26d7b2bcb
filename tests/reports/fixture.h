// Runs that are made up in code: written as run directories through the journal, and read back like real ones.
#ifndef SG_FIXTURE_H
#define SG_FIXTURE_H

#include "run.h"
#include "samples.h"

#include <stddef.h>
#include <stdint.h>

struct fixture;

// A new run directory DIR/NAME, with run.json and a journal whose header plans `planned` tests. Fails the test
// when it cannot be made.
struct fixture *fixture_new(const char *dir, const char *name, size_t planned);
// The same, begun at that time ("2026-11-21T02:10:00Z").
struct fixture *fixture_new_at(const char *dir, const char *name, size_t planned, const char *wall);
// A result that passed as expected, to be filled further; deinited by fixture_end.
struct result fixture_result(const char *id, enum verdict v);
// Adds `count` log-normal latencies around `median_ns` to a series.
void fixture_latencies(struct result *r, const char *series, uint64_t median_ns, double spread, unsigned count,
                       uint64_t seed);
// One more zeroed item of `size` bytes at the end of a list of the result, which may move.
void *fixture_grow(void *items, size_t *count, size_t size);
// Adds a pool; pointers into r->pools change.
struct result_pool *fixture_pool(struct result *r, const char *name, uint64_t unit, uint64_t capacity,
                                 uint64_t high_water);
void fixture_gauge(struct result *r, const char *name, double value, const char *unit);
void fixture_case(struct result *r, const char *name, enum verdict v, uint64_t ns, const char *text);
void fixture_string(struct strings *s, const char *text);
// Writes the result's records, and deinits it.
void fixture_end(struct fixture *f, struct result *r);
void fixture_start(struct fixture *f, const char *id); // a test that never ended
void fixture_stop(struct fixture *f, const char *reason);
void fixture_append_bytes(struct fixture *f, const char *bytes, size_t len); // whatever it is, to the journal
// Closes it and reads it back. The fixture is freed.
void fixture_load(struct fixture *f, struct run *r);

// The default job as users see it: 7 + 12 kernels on 4 targets and 7 HTTP/2 scenarios; with `trouble`, one of each
// way to fail among them.
void fixture_job(const char *dir, const char *name, int trouble, struct run *r);
// `count` tests with a series and a pool each.
void fixture_many(const char *dir, const char *name, size_t count, struct run *r);

// Tests whose every text tries to break out of what it is written into: markup, quotes, escape sequences,
// newlines, directions of writing, what is not UTF-8.
void fixture_hostile(const char *dir, const char *name, struct run *r);
// What must not be found in a report as it is.
extern const char *const fixture_hostile_marks[]; // ends with NULL

// The whole file; fails the test when it cannot be read. To be freed.
char *fixture_read(const char *path);
// Two runs as base and head, sorted; to be deinited.
void fixture_samples(const struct run *a, const struct run *b, struct samples *s);
// report_terminal and a comparison as text into memory. To be freed.
char *fixture_terminal(const struct run *r, unsigned columns, int colour);
char *fixture_compare(const struct run *a, const struct run *b, unsigned columns);

#endif
